"""The icon rail: one button for each page of the dock."""

from __future__ import annotations

from qgis.PyQt.QtCore import QRectF, QSize, Qt, pyqtSignal
from qgis.PyQt.QtGui import QFont, QIcon, QPainter, QPaintEvent
from qgis.PyQt.QtWidgets import QButtonGroup, QSizePolicy, QToolButton, QVBoxLayout, QWidget

_ICON = 24
_SIDE = 40
_BAR = 3


class RailButton(QToolButton):
    """A page's button: a bar at its edge while it is the current one, and a badge for what waits there."""

    def __init__(self, page: str, icon: QIcon, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.page = page
        self._title = title
        self._badge = ""
        self.setIcon(icon)
        self.setIconSize(QSize(_ICON, _ICON))
        self.setFixedSize(_SIDE, _SIDE)
        self.setCheckable(True)
        self.setAutoRaise(True)
        self.setToolTip(title)
        self.setAccessibleName(title)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    @property
    def badge(self) -> str:
        return self._badge

    def set_badge(self, text: str, meaning: str = "") -> None:
        """Show ``text`` (two or three characters) at the corner; ``meaning`` says it in words."""
        self._badge = text
        self.setToolTip(f"{self._title}: {meaning}" if meaning else self._title)
        self.setAccessibleDescription(meaning)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.isChecked():
            painter.fillRect(0, 4, _BAR, self.height() - 8, self.palette().highlight())
        if self._badge:
            font = QFont(self.font())
            font.setPixelSize(10)
            font.setBold(True)
            painter.setFont(font)
            width = max(15.0, painter.fontMetrics().horizontalAdvance(self._badge) + 7.0)
            spot = QRectF(self.width() - width - 1, 2, width, 15)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.palette().highlight())
            painter.drawRoundedRect(spot, 7.5, 7.5)
            painter.setPen(self.palette().highlightedText().color())
            painter.drawText(spot, int(Qt.AlignmentFlag.AlignCenter), self._badge)
        painter.end()


class Rail(QWidget):
    """Buttons below each other, of which one is pressed. Arrow keys go from one to the next."""

    selected = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._buttons: dict[str, RailButton] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(2, 6, 2, 6)
        self._layout.setSpacing(4)
        self._layout.addStretch(1)

    def add(self, page: str, icon: QIcon, title: str) -> None:
        button = RailButton(page, icon, title, self)
        button.clicked.connect(lambda _checked=False: self.selected.emit(page))
        self._group.addButton(button)
        self._buttons[page] = button
        self._layout.insertWidget(self._layout.count() - 1, button)

    def button(self, page: str) -> RailButton:
        return self._buttons[page]

    def select(self, page: str) -> None:
        """Press the button of ``page`` without telling anybody."""
        self._buttons[page].setChecked(True)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A hairline towards the page."""
        super().paintEvent(event)
        painter = QPainter(self)
        colour = self.palette().mid().color()
        colour.setAlpha(120)
        painter.setPen(colour)
        painter.drawLine(self.width() - 1, 0, self.width() - 1, self.height())
        painter.end()
