"""A table of a profile: sorted by what its cells mean, shares drawn as bars, as high as it has rows."""

from __future__ import annotations

from typing import Any

from qgis.PyQt.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    QSortFilterProxyModel,
    Qt,
    pyqtSignal,
)
from qgis.PyQt.QtGui import QColor, QKeyEvent, QPainter, QPalette, QResizeEvent
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from ..tool_tip import tool_tip
from .profile_rows import Row, Table

SHARE = Qt.ItemDataRole.UserRole
ORDER = Qt.ItemDataRole.UserRole + 1
ROW = Qt.ItemDataRole.UserRole + 2
_MOST = 12  # rows that are seen at once
_BAR, _GAP = 54, 6  # pixels
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class RowsModel(QAbstractTableModel):
    """A `Table`."""

    def __init__(self, table: Table, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._table = table

    def show(self, table: Table) -> bool:
        """Show this instead; whether it is anything else."""
        if table == self._table:
            return False
        self.beginResetModel()
        self._table = table
        self.endResetModel()
        return True

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._table.rows)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._table.heads)

    def row(self, number: int) -> Row:
        return self._table.rows[number]

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self._table.rows[index.row()]
        cell = row.cells[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return " ".join(cell.text.split())
        if role == Qt.ItemDataRole.ToolTipRole:
            return tool_tip(row.tip or cell.text)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(_RIGHT if cell.right else _LEFT)
        return {SHARE: cell.share, ORDER: cell.order, ROW: row}.get(role)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._table.heads[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and self._table.rows:
            return int(_RIGHT if self._table.rows[0].cells[section].right else _LEFT)
        return None


class ShareDelegate(QStyledItemDelegate):
    """A share as a bar, with its figure to the right of it."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        super().paint(painter, option, index)
        share = index.data(SHARE)
        if share is None:
            return
        place = QRect(option.rect.left() + _GAP, option.rect.center().y() - 3, _BAR, 7)
        if place.right() > option.rect.right() - option.fontMetrics.horizontalAdvance("100,0 %") - _GAP:
            return  # no room beside the figure
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        roles = QPalette.ColorRole
        colour = QColor(option.palette.color(roles.HighlightedText if chosen else roles.Text))
        painter.save()
        colour.setAlphaF(0.14)
        painter.fillRect(place, colour)
        full = QColor(option.palette.color(roles.HighlightedText if chosen else roles.Highlight))
        place.setWidth(max(1, round(_BAR * share)) if share > 0 else 0)
        painter.fillRect(place, full)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        found = super().sizeHint(option, index)
        return QSize(found.width() + _BAR + 2 * _GAP, found.height()) if index.data(SHARE) is not None else found


class ProfileTable(QTreeView):
    """``chosen(key)``: a row was clicked, or Enter pressed on it."""

    chosen = pyqtSignal(object)

    def __init__(self, table: Table, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = RowsModel(table, self)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self.rows)
        self._sorted.setSortRole(ORDER)
        self.setModel(self._sorted)
        self.setAccessibleName(name)
        self.setItemDelegate(ShareDelegate(self))
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAlternatingRowColors(True)
        self.setAllColumnsShowFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionsClickable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self._sorted.sort(-1)
        self.clicked.connect(self._choose)
        self._fit()

    def show_table(self, table: Table) -> None:
        """Show this instead; what is selected is let go of."""
        if self.rows.show(table):
            self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.currentIndex().isValid():
            self._choose(self.currentIndex())
            return
        super().keyPressEvent(event)

    def _choose(self, index: QModelIndex) -> None:
        row = index.data(ROW)
        if row is not None:
            self.chosen.emit(row.key)

    def _fit(self) -> None:
        """As wide as its words, the first column taking what is left; as high as its rows, up to a dozen."""
        header = self.header()
        for column in range(self.rows.columnCount()):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            self.resizeColumnToContents(column)
        if self.rows.columnCount():
            header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(40)
        self._fit_height()

    def _fit_height(self) -> None:
        header = self.header()
        row = self.sizeHintForRow(0) if self.rows.rowCount() else self.fontMetrics().height() + 6
        shown = min(_MOST, max(1, self.rows.rowCount()))
        height = header.sizeHint().height() + row * shown + 2 * self.frameWidth() + 2
        if header.length() > self.viewport().width() > 0:
            height += self.horizontalScrollBar().sizeHint().height()
        if height != self.height():
            self.setFixedHeight(height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_height()
