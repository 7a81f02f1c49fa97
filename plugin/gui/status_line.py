"""The line at the foot of a page that says what is going on."""

from __future__ import annotations

from typing import Literal

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtGui import QColor, QMovie, QPainter, QPaintEvent, QPalette, QResizeEvent
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QStyle, QStyleOption, QWidget

from .tool_tip import tool_tip

Kind = Literal["idle", "busy", "good", "limit", "bad"]

# Also the icons of the capability report.
ICONS: dict[str, str] = {
    "idle": "",
    "good": "/mIconSuccess.svg",
    "limit": "/mIconInfo.svg",
    "bad": "/mIconWarning.svg",
}
_SIZE = 16


def dimmed(palette: QPalette) -> QColor:
    """The colour of what is said by the way: between text and background, readable in light and dark themes."""
    text, ground = palette.color(QPalette.ColorRole.WindowText), palette.color(QPalette.ColorRole.Window)
    return QColor(*(round(0.7 * a + 0.3 * b) for a, b in zip(text.getRgb()[:3], ground.getRgb()[:3])))


class ElidedLabel(QLabel):
    """One line of plain text that is cut with an ellipsis where it does not fit; the whole of it is the tool tip."""

    def __init__(self, text: str = "", parent: QWidget | None = None, *, dim: bool = False) -> None:
        super().__init__(parent)
        self._full = ""
        self._dim = dim
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.say(text)

    def say(self, text: str) -> None:
        """Show ``text``; its line breaks become spaces."""
        self._full = " ".join(text.split())
        self.setAccessibleName(self._full)
        self._fit()

    @property
    def full_text(self) -> str:
        return self._full

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        shown = self.fontMetrics().elidedText(self._full, Qt.TextElideMode.ElideRight, max(0, self.width() - 2))
        self.setText(shown)
        self.setToolTip(tool_tip(self._full) if shown != self._full else "")

    def paintEvent(self, event: QPaintEvent) -> None:
        """In the dimmed colour where asked, whatever the theme is just now."""
        if not self._dim:
            super().paintEvent(event)
            return
        painter = QPainter(self)
        painter.setPen(dimmed(self.palette()))
        flags = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(self.contentsRect(), flags, self.text())
        painter.end()


class StatusLine(QWidget):
    """An icon, or a turning wheel, and one sentence."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = QLabel(self)
        self._icon.setFixedSize(_SIZE, _SIZE)
        self._label = ElidedLabel(parent=self)
        self._movie = QMovie(QgsApplication.iconPath("/mIconLoading.gif"), b"", self)
        self._movie.setScaledSize(QSize(_SIZE, _SIZE))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.setSpacing(6)
        layout.addWidget(self._icon)
        layout.addWidget(self._label, 1)
        self.say("")

    def say(self, text: str, kind: Kind = "idle") -> None:
        """Show ``text``. ``busy`` turns the wheel until the next `say`."""
        self._label.say(text)
        self._kind = kind
        if kind == "busy":
            self._icon.setMovie(self._movie)
            self._movie.start()
        else:
            self._movie.stop()
            name = ICONS[kind]
            self._icon.clear()
            if name:
                self._icon.setPixmap(QgsApplication.getThemeIcon(name).pixmap(QSize(_SIZE, _SIZE)))
        self._icon.setVisible(kind != "idle")

    @property
    def text(self) -> str:
        return self._label.full_text

    @property
    def kind(self) -> Kind:
        return self._kind

    def paintEvent(self, event: QPaintEvent) -> None:
        """A hairline above, in the theme's own colour."""
        super().paintEvent(event)
        option = QStyleOption()
        option.initFrom(self)
        painter = QPainter(self)
        colour = self.palette().mid().color()
        colour.setAlpha(120)
        painter.setPen(colour)
        painter.drawLine(0, 0, self.width(), 0)
        self.style().drawPrimitive(QStyle.PrimitiveElement.PE_Widget, option, painter, self)
        painter.end()
