"""Small marks that the list and the details of pilots share: stage, fading, how grave a problem is."""

from __future__ import annotations

from qgis.PyQt.QtCore import QPointF, QRect, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QFont, QIcon, QPainter, QPalette, QPen, QPixmap, QPolygonF
from qgis.PyQt.QtWidgets import QWidget

from ...map.pilots.style import WARNING, WARNING_INK
from ...pilots.problems import Severity
from .stage_look import colour_of, ink_on

# as in the box that must not be overlooked: right on light and dark themes
SEVERITY_COLOURS: dict[Severity, QColor] = {
    "error": QColor(200, 69, 59),
    "warning": QColor(224, 138, 0),
    "notice": QColor(120, 130, 140),
}


def paint_stage(painter: QPainter, place: QRectF, stage: str, text: QColor) -> None:
    """A patch in the stage's colour on the map; ``text``: a rim that keeps dark ones seen on dark themes."""
    rim = QColor(text)
    rim.setAlpha(90)
    painter.setPen(QPen(rim, 1))
    painter.setBrush(colour_of(stage))
    painter.drawRoundedRect(place, 2.5, 2.5)


def paint_fading(painter: QPainter, place: QRectF) -> None:
    """The map's mark of what fades: a triangle with an exclamation mark."""
    ink, middle = QColor(WARNING_INK), place.center().x()
    painter.setPen(QPen(ink, 1.1, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    painter.setBrush(QColor(WARNING))
    painter.drawPolygon(QPolygonF([QPointF(middle, place.top()), place.bottomRight(), place.bottomLeft()]))
    height = place.height()
    painter.setPen(QPen(ink, height / 8, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.drawLine(QPointF(middle, place.top() + 0.38 * height), QPointF(middle, place.top() + 0.66 * height))
    painter.drawPoint(QPointF(middle, place.top() + 0.86 * height))


def badge_width(painter: QPainter, count: int, height: int) -> int:
    """How wide a badge is."""
    return max(height, int(painter.fontMetrics().horizontalAdvance(str(count))) + 10)


def paint_badge(painter: QPainter, place: QRect, severity: Severity, count: int) -> None:
    """A number on the colour of the gravest problem."""
    ground = SEVERITY_COLOURS[severity]
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(QRectF(place), place.height() / 2, place.height() / 2)
    font = QFont(painter.font())
    font.setBold(True)
    font.setPointSizeF(font.pointSizeF() * 0.85)
    painter.setFont(font)
    painter.setPen(ink_on(ground))
    painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), str(count))


def fading_icon(size: int = 16) -> QIcon:
    """The mark of what fades, as an icon."""
    pixmap = QPixmap(QSize(2 * size, 2 * size))  # sharp on fine screens, too
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(2, 2)
    paint_fading(painter, QRectF(1.5, 2, size - 3, size - 4))
    painter.end()
    return QIcon(pixmap)


def stage_icon(stage: str, widget: QWidget, size: int = 16) -> QIcon:
    """A stage's patch, as an icon for menus and lists of ``widget``'s theme."""
    pixmap = QPixmap(QSize(2 * size, 2 * size))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(2, 2)
    paint_stage(painter, QRectF(2, 2, size - 4, size - 4), stage, widget.palette().color(QPalette.ColorRole.Text))
    painter.end()
    return QIcon(pixmap)
