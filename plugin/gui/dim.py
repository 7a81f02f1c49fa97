"""Secondary text: the theme's own text colour, fainter, on light and dark themes alike."""

from __future__ import annotations

from qgis.PyQt.QtCore import QModelIndex, Qt
from qgis.PyQt.QtGui import QPalette
from qgis.PyQt.QtWidgets import QGraphicsOpacityEffect, QLabel, QStyledItemDelegate, QStyleOptionViewItem

_FAINT = 0.65


def dimmed(label: QLabel) -> QLabel:
    """``label``, fainter."""
    effect = QGraphicsOpacityEffect(label)
    effect.setOpacity(_FAINT)
    label.setGraphicsEffect(effect)
    return label


class Dim(QStyledItemDelegate):
    """A column of secondary text."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        super().initStyleOption(option, index)
        colour = option.palette.color(QPalette.ColorRole.Text)
        colour.setAlphaF(_FAINT)
        option.palette.setColor(QPalette.ColorRole.Text, colour)


class MiddleElided(QStyledItemDelegate):
    """A column of names and ids, which differ at their ends."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideMiddle
