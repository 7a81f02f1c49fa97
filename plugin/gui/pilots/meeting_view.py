"""The pages of an agenda in the window: paper on a desk, as wide as there is room."""

from __future__ import annotations

from qgis.PyQt.QtCore import QEvent, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPaintEvent, QPalette, QResizeEvent
from qgis.PyQt.QtWidgets import QFrame, QScrollArea, QSizePolicy, QWidget

from ...text import tr
from .meeting_page import A4, MeetingPages

_GAP = 14
_LARGEST = 1.15


class _Paper(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.pages: MeetingPages | None = None
        self.scale = 1.0
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def fit(self, width: int) -> None:
        self.scale = min(max((width - 2 * _GAP) / A4.width(), 0.4), _LARGEST)
        count = self.pages.pages if self.pages else 1
        high = round(count * (A4.height() * self.scale + _GAP) + _GAP)
        self.setFixedSize(QSize(max(width, round(A4.width() * self.scale) + 2 * _GAP), high))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Window).darker(125))
        if self.pages is None:
            return
        wide, high = A4.width() * self.scale, A4.height() * self.scale
        left = (self.width() - wide) / 2
        for page in range(self.pages.pages):
            sheet = QRectF(left, _GAP + page * (high + _GAP), wide, high)
            if not sheet.intersects(QRectF(event.rect())):
                continue
            painter.fillRect(sheet.translated(2, 3), QColor(0, 0, 0, 60))
            painter.save()
            painter.translate(sheet.topLeft())
            painter.scale(self.scale, self.scale)
            self.pages.paint(painter, page)
            painter.restore()
        painter.end()


class MeetingView(QScrollArea):
    """Shows what will be printed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._paper = _Paper()
        self.setWidget(self._paper)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(tr("Agenda"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        # else the page would jump when the bar comes and goes
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)

    @property
    def pages(self) -> MeetingPages | None:
        return self._paper.pages

    def show_pages(self, pages: MeetingPages) -> None:
        """Other pages, at the same place."""
        self._paper.pages = pages
        self.setAccessibleDescription(pages.document.toPlainText())
        self._paper.fit(self.viewport().width())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._paper.fit(self.viewport().width())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        self._paper.update()
