"""The colours of the three sides, on maps and in tables, told apart without seeing red and green too."""

from __future__ import annotations

from qgis.PyQt.QtCore import QRect, QRectF, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPalette, QPen

COLOURS = {"base": QColor(120, 130, 140), "mine": QColor(0, 133, 140), "theirs": QColor(168, 60, 160)}
OWN = QColor(190, 130, 0)
OPEN = QColor(200, 69, 59)
RESOLVED = QColor(46, 158, 91)
COLOURS["merged"] = RESOLVED  # both sides' changes, and nothing to decide
_TINT = 42


def tint(pick: str) -> QColor:
    """The ground of a value that was taken from that side; it works on light and dark themes."""
    colour = QColor(COLOURS.get(pick, OWN))
    colour.setAlpha(_TINT)
    return colour


def is_dark(palette: QPalette) -> bool:
    return bool(palette.color(QPalette.ColorRole.Base).lightness() < 128)


def ink(colour: QColor, palette: QPalette) -> QColor:
    """``colour`` as text: readable on this theme."""
    return QColor(colour.lighter(150) if is_dark(palette) else colour.darker(108))


def draw_mark(painter: QPainter, place: QRect, palette: QPalette, chosen: bool, colour: QColor | None = None) -> None:
    """A radio button's mark. A style's own is not to be seen on the ground of a dark table."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ring = QColor(palette.color(QPalette.ColorRole.Text))
    ring.setAlpha(220 if chosen else 120)
    if chosen and colour is not None:
        ring = ink(colour, palette)
    middle = QRectF(place).center()
    size = min(place.width(), place.height()) / 2 - 1
    painter.setPen(QPen(ring, 1.6 if chosen else 1.2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(middle, size, size)
    if chosen:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ring)
        painter.drawEllipse(middle, size * 0.5, size * 0.5)
    painter.restore()
