"""The marks of review items: the disc with a sign that the map shows, drawn the same way."""

from __future__ import annotations

from functools import lru_cache

from qgis.PyQt.QtCore import QPointF, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap

from ...map.review.looks import COLOURS
from ...review import vocabulary as words

_OTHER = QColor(92, 102, 112)
_MIDDLE = 12.0


def colour_of(kind: str) -> QColor:
    """A kind's colour on the map."""
    return QColor(COLOURS[kind]) if kind in COLOURS else _OTHER


def paint_kind(painter: QPainter, place: QRectF, kind: str) -> None:
    """A disc with the sign of ``kind``."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(place.topLeft())
    painter.scale(place.width() / 24, place.height() / 24)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour_of(kind))
    painter.drawEllipse(QPointF(_MIDDLE, _MIDDLE), 11.5, 11.5)
    pen = QPen(QColor(255, 255, 255), 2.8, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(_sign(kind))
    painter.restore()


def kind_icon(kind: str) -> QIcon:
    """The same as an icon."""
    out = QIcon()
    for side in (16, 32):
        pixmap = QPixmap(QSize(side, side))
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        paint_kind(painter, QRectF(0, 0, side, side), kind)
        painter.end()
        out.addPixmap(pixmap)
    return out


def paint_camera(painter: QPainter, place: QRectF, ink: QColor) -> None:
    """There are photos."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(ink, 1.2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    body = place.adjusted(0.6, place.height() * 0.26, -0.6, -place.height() * 0.1)
    painter.drawRoundedRect(body, 1.6, 1.6)
    painter.drawEllipse(body.center(), body.height() * 0.27, body.height() * 0.27)
    top, middle = body.top(), place.center().x()
    painter.drawLine(QPointF(middle - 2.2, top - 1.6), QPointF(middle + 2.2, top - 1.6))
    painter.restore()


@lru_cache(maxsize=16)
def _sign(kind: str) -> QPainterPath:
    path = QPainterPath()
    if kind == words.WRONG:
        path.moveTo(8, 8)
        path.lineTo(16, 16)
        path.moveTo(16, 8)
        path.lineTo(8, 16)
    elif kind in (words.MISSING, words.NEW):
        path.moveTo(7, 12)
        path.lineTo(17, 12)
        if kind == words.NEW:
            path.moveTo(12, 7)
            path.lineTo(12, 17)
    elif kind == words.QUESTION:
        path.moveTo(9, 9.6)
        path.cubicTo(9, 5.8, 15, 5.8, 15, 9.6)
        path.cubicTo(15, 12, 12, 11.8, 12, 14.2)
        path.moveTo(12, 17.3)
        path.lineTo(12, 17.6)
    elif kind == words.CONFIRMED:
        path.moveTo(7.4, 12.4)
        path.lineTo(10.8, 15.8)
        path.lineTo(16.8, 8.8)
    return path
