"""Plain text on a chart, placed by its own size."""

from __future__ import annotations

from qgis.PyQt.QtCore import QPointF, Qt
from qgis.PyQt.QtGui import QFont, QFontMetricsF, QPainter


class Pen:
    """Writes with the painter's own font, or a variation of it."""

    def __init__(self, painter: QPainter, *, factor: float = 1.0, bold: bool = False) -> None:
        self.font = resized(painter.font(), factor)
        self.font.setBold(bold)
        self._painter = painter
        self.metrics = QFontMetricsF(self.font, painter.device())
        self.height = float(self.metrics.height())

    def width(self, text: str) -> float:
        return float(self.metrics.horizontalAdvance(text))

    def elided(self, text: str, width: float) -> str:
        """``text`` on one line, cut with an ellipsis where it is wider."""
        line = " ".join(text.split())
        return str(self.metrics.elidedText(line, Qt.TextElideMode.ElideRight, max(0.0, width)))

    def write(self, x: float, middle: float, text: str, along: float = 0.0) -> None:
        """Write ``text`` in the painter's pen; ``middle`` is its height's middle, and ``along`` the part of its width
        that is left of ``x``: 0 begins there, 1 ends there."""
        painter = self._painter
        before = painter.font()
        painter.setFont(self.font)
        baseline = middle + (self.metrics.ascent() - self.metrics.descent()) / 2
        painter.drawText(QPointF(x - along * self.width(text), baseline), text)
        painter.setFont(before)


def resized(font: QFont, factor: float) -> QFont:
    """``font``, larger or smaller, in whichever measure it is given."""
    found = QFont(font)
    if font.pointSizeF() > 0:
        found.setPointSizeF(font.pointSizeF() * factor)
    elif font.pixelSize() > 0:
        found.setPixelSize(max(1, round(font.pixelSize() * factor)))
    return found
