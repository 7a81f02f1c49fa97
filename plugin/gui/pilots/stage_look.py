"""How a stage looks in the form: its colour on the map, and ink that is read on it."""

from __future__ import annotations

from qgis.PyQt.QtCore import QPointF, QRectF
from qgis.PyQt.QtGui import QColor, QPainterPath

from ...map.pilots.style import LOOKS

_OTHER = QColor(91, 91, 91)  # a stage that is none of ours


def colour_of(stage: str) -> QColor:
    """As on the map."""
    return QColor(LOOKS[stage].ink) if stage in LOOKS else QColor(_OTHER)


def ink_on(ground: QColor) -> QColor:
    """White or black, whichever is read better on ``ground`` (WCAG's contrast)."""
    light = _luminance(ground)
    return QColor("white") if 1.05 / (light + 0.05) >= 4 else QColor("black")


def arrow(place: QRectF, first: bool) -> QPainterPath:
    """One link of a chain that points to the right; ``first``: with a straight back."""
    tip = min(10.0, place.height() / 2)
    middle = place.center().y()
    path = QPainterPath(place.topLeft())
    path.lineTo(place.right() - tip, place.top())
    path.lineTo(QPointF(place.right(), middle))
    path.lineTo(place.right() - tip, place.bottom())
    path.lineTo(place.bottomLeft())
    if not first:
        path.lineTo(QPointF(place.left() + tip, middle))
    path.closeSubpath()
    return path


def _luminance(colour: QColor) -> float:
    parts = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in colour.getRgbF()[:3]]
    return float(0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2])
