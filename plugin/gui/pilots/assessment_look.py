"""How a rating looks: a sign whose shape says it, in a colour that says it again, beside its word."""

from __future__ import annotations

from functools import lru_cache

from qgis.PyQt.QtCore import QPointF, QRectF, Qt
from qgis.PyQt.QtGui import QColor, QIcon, QPainter, QPen, QPixmap

from ...pilots import vocabulary as words

# told apart by every kind of colour vision, on light and dark grounds
COLOURS = {
    words.MET: "#14907e",
    words.PARTLY: "#c98a1b",
    words.NOT_MET: "#d64a3c",
    words.UNKNOWN: "#868686",
    words.NOT_APPLICABLE: "#868686",
}
_SIDE = 16


def rating_colour(rating: str) -> QColor:
    """The colour of a rating; grey for one that is none of ours."""
    return QColor(COLOURS.get(rating, "#868686"))


@lru_cache(maxsize=16)
def rating_icon(rating: str) -> QIcon:
    """A disc that is full, half full or crossed out; a ring that is dashed, or a stroke."""
    icon = QIcon()
    for scale in (1, 2):
        pixmap = QPixmap(_SIDE * scale, _SIDE * scale)
        pixmap.setDevicePixelRatio(scale)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _draw(painter, rating)
        painter.end()
        icon.addPixmap(pixmap)
    return icon


def _draw(painter: QPainter, rating: str) -> None:
    colour = rating_colour(rating)
    place = QRectF(2.5, 2.5, 11, 11)
    pen = QPen(colour, 2)
    painter.setPen(pen)
    if rating == words.NOT_APPLICABLE:
        painter.drawLine(QPointF(4, 8), QPointF(12, 8))
        return
    if rating == words.MET:
        painter.setBrush(colour)
        painter.drawEllipse(place)
        painter.setPen(QPen(QColor("white"), 1.8))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPointF(5, 8.2), QPointF(7.2, 10.4), QPointF(11, 5.8))
        return
    if rating == words.PARTLY:
        painter.drawEllipse(place)
        painter.setBrush(colour)
        painter.drawPie(place, -90 * 16, -180 * 16)
        return
    if rating == words.NOT_MET:
        painter.drawEllipse(place)
        painter.drawLine(QPointF(5.6, 5.6), QPointF(10.4, 10.4))
        painter.drawLine(QPointF(10.4, 5.6), QPointF(5.6, 10.4))
        return
    pen.setStyle(Qt.PenStyle.DotLine)
    painter.setPen(pen)
    painter.drawEllipse(place)
