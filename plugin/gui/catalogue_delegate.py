"""How the catalogue's list draws a collection: tick, geometry, title, what is known about it, padlock."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QAbstractItemModel, QEvent, QModelIndex, QObject, QRect, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QFont, QIcon, QPainter, QPalette
from qgis.PyQt.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from .catalogue_model import Role

_PAD = 6
_ICON = 20
_LOCK = 14
_DARK = 110  # lightness, of 255


class CollectionDelegate(QStyledItemDelegate):
    """Two lines a row. A click on the tick box toggles it; the space bar does everywhere in the row."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = QgsApplication.getThemeIcon("/locked.svg")

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        line = option.fontMetrics.height()
        return QSize(200, 2 * line + 2 * _PAD + 2)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        row = QStyleOptionViewItem(option)
        self.initStyleOption(row, index)
        style = row.widget.style() if row.widget else QgsApplication.style()
        title, row.text, row.icon = row.text, "", QIcon()
        # The style draws the background only; the tick has its own place.
        row.features &= ~QStyleOptionViewItem.ViewItemFeature.HasCheckIndicator
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, row, painter, row.widget)

        painter.save()
        if index.flags() & Qt.ItemFlag.ItemIsUserCheckable:
            paint_tick(painter, row, index, self.tick_rect(row))
        left = self.tick_rect(row).right() + _PAD + 4
        middle = row.rect.center().y()
        index.data(Qt.ItemDataRole.DecorationRole).paint(
            painter, QRect(left, middle - _ICON // 2 + 1, _ICON, _ICON), Qt.AlignmentFlag.AlignCenter
        )
        left += _ICON + _PAD + 2
        right = row.rect.right() - _PAD
        if not index.data(Role.EDITABLE):
            self._lock.paint(painter, QRect(right - _LOCK, middle - _LOCK // 2, _LOCK, _LOCK))
            right -= _LOCK + _PAD
        self._paint_text(
            painter, row, QRect(left, row.rect.top() + _PAD, right - left, 0), title, index.data(Role.SUMMARY)
        )
        painter.restore()

    def _paint_text(self, painter: QPainter, row: QStyleOptionViewItem, place: QRect, title: str, below: str) -> None:
        chosen = bool(row.state & QStyle.StateFlag.State_Selected)
        group = (
            QPalette.ColorGroup.Active if row.state & QStyle.StateFlag.State_Active else QPalette.ColorGroup.Inactive
        )
        colour = row.palette.color(group, QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text)
        line = row.fontMetrics.height()
        font = QFont(row.font)
        font.setWeight(QFont.Weight.DemiBold)
        flags = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for text, used, alpha, top in ((title, font, 255, 0), (below, row.font, 210 if chosen else 170, line + 2)):
            painter.setFont(used)
            shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, place.width())
            colour.setAlpha(alpha)
            painter.setPen(colour)
            painter.drawText(QRect(place.left(), place.top() + top, place.width(), line), flags, shown)

    def tick_rect(self, option: QStyleOptionViewItem) -> QRect:
        """Where the tick box is."""
        style = option.widget.style() if option.widget else QgsApplication.style()
        side = style.pixelMetric(QStyle.PixelMetric.PM_IndicatorWidth, option, option.widget)
        return QRect(option.rect.left() + _PAD, option.rect.center().y() - side // 2, side, side)

    def editorEvent(
        self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: QModelIndex
    ) -> bool:
        if not index.flags() & Qt.ItemFlag.ItemIsUserCheckable:
            return False
        return tick_event(event, model, index, self.tick_rect(option).adjusted(-_PAD, -_PAD, _PAD // 2, _PAD))


def tick_event(event: QEvent, model: QAbstractItemModel, index: QModelIndex, near: QRect) -> bool:
    """Toggle the tick of ``index`` by a click in ``near`` or the space bar; whether the event was for the tick."""
    kind = event.type()
    if kind in (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease, QEvent.Type.MouseButtonDblClick):
        at = event.position().toPoint() if hasattr(event, "position") else event.pos()
        if event.button() != Qt.MouseButton.LeftButton or not near.contains(at):
            return False
        if kind == QEvent.Type.MouseButtonRelease:
            toggle(model, index)
        return True
    if kind == QEvent.Type.KeyPress and event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Select):
        toggle(model, index)
        return True
    return False


def paint_tick(painter: QPainter, row: QStyleOptionViewItem, index: QModelIndex, place: QRect) -> None:
    """The tick box of ``index`` at ``place``, in the style of the row's view."""
    style = row.widget.style() if row.widget else QgsApplication.style()
    box = QStyleOptionViewItem(row)
    box.rect = place
    box.state &= ~(QStyle.StateFlag.State_HasFocus | QStyle.StateFlag.State_On | QStyle.StateFlag.State_Off)
    ticked = Qt.CheckState(index.data(Qt.ItemDataRole.CheckStateRole)) == Qt.CheckState.Checked
    box.state |= QStyle.StateFlag.State_On if ticked else QStyle.StateFlag.State_Off
    style.drawPrimitive(QStyle.PrimitiveElement.PE_IndicatorItemViewItemCheck, box, painter, row.widget)
    if row.palette.color(QPalette.ColorRole.Base).lightness() < _DARK:
        # Qt's own outline is darker than the ground, on dark grounds too: it is not seen there.
        colour = QColor(row.palette.color(QPalette.ColorRole.Text))
        colour.setAlpha(120)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(colour)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(place).adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)
        painter.restore()


def toggle(model: QAbstractItemModel, index: QModelIndex) -> None:
    """Turn the tick of ``index``."""
    ticked = Qt.CheckState(index.data(Qt.ItemDataRole.CheckStateRole)) == Qt.CheckState.Checked
    model.setData(index, Qt.CheckState.Unchecked if ticked else Qt.CheckState.Checked, Qt.ItemDataRole.CheckStateRole)
