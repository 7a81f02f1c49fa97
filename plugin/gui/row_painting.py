"""What the lists that draw their rows themselves share: text in one line, in the colours of the row."""

from __future__ import annotations

from qgis.PyQt.QtCore import QRect, Qt
from qgis.PyQt.QtGui import QColor, QFont, QPainter, QPalette
from qgis.PyQt.QtWidgets import QStyle, QStyleOptionViewItem


def draw(painter: QPainter, place: QRect, text: str, font: QFont, colour: QColor) -> int:
    """Cut where there is no room; returns where it ends."""
    painter.setFont(font)
    painter.setPen(colour)
    metrics = painter.fontMetrics()
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, place.width()))
    painter.drawText(place, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown)
    return int(place.left() + metrics.horizontalAdvance(shown))


def text_colour(row: QStyleOptionViewItem) -> QColor:
    """As the style has it, chosen or not, in the window in front or not."""
    chosen = bool(row.state & QStyle.StateFlag.State_Selected)
    active = bool(row.state & QStyle.StateFlag.State_Active)
    group = QPalette.ColorGroup.Active if active else QPalette.ColorGroup.Inactive
    return row.palette.color(group, QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text)


def faint(colour: QColor) -> QColor:
    """For what is said by the way."""
    weaker = QColor(colour)
    weaker.setAlpha(180)
    return weaker
