"""The tree of pilots: a heading for each stage, and below it the pilots in it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from qgis.PyQt.QtCore import QAbstractItemModel, QLocale, QModelIndex, QObject, Qt

from ...map.pilots.book import Record
from ..tool_tip import tool_tip
from . import page_rows as rows
from .page_days import day
from .page_rows import Filter, Group

_TOP = 0  # internal id of a heading; that of a pilot is 1 + the place of its heading


class Role(IntEnum):
    """What the delegate asks for."""

    RECORD = int(Qt.ItemDataRole.UserRole) + 1
    GROUP = int(Qt.ItemDataRole.UserRole) + 2


class PilotModel(QAbstractItemModel):
    """All is laid out anew where anything changed: pilots are few. Who is chosen is known by path and key."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._records: tuple[Record, ...] = ()
        self._filter = Filter()
        self._groups: tuple[Group, ...] = ()

    # -- what is shown

    @property
    def records(self) -> tuple[Record, ...]:
        """All pilots, whatever is shown of them."""
        return self._records

    @property
    def filter(self) -> Filter:
        return self._filter

    @property
    def groups(self) -> tuple[Group, ...]:
        return self._groups

    @property
    def shown(self) -> int:
        """How many pilots the filter lets through."""
        return sum(len(group.rows) for group in self._groups)

    def set_records(self, records: Sequence[Record]) -> None:
        """Other pilots, or the same as they are now."""
        if tuple(records) != self._records:
            self._records = tuple(records)
            self._lay_out()

    def set_filter(self, sifter: Filter) -> None:
        """Show others of them."""
        if sifter != self._filter:
            self._filter = sifter
            self._lay_out()

    def _lay_out(self) -> None:
        self.beginResetModel()
        self._groups = rows.grouped(self._records, self._filter)
        self.endResetModel()

    def record(self, index: QModelIndex) -> Record | None:
        """The pilot in a row; None for a heading."""
        found = index.data(Role.RECORD) if index.isValid() else None
        return found if isinstance(found, Record) else None

    def index_of(self, path: str, key: str) -> QModelIndex:
        """The row of a pilot; an invalid index where it is not shown."""
        for place, group in enumerate(self._groups):
            for row, record in enumerate(group.rows):
                if record.path == path and record.key == key:
                    return self.index(row, 0, self.index(place, 0))
        return QModelIndex()

    # -- Qt's questions

    def index(self, row: int, column: int, parent: QModelIndex = QModelIndex()) -> QModelIndex:  # noqa: B008
        if column != 0 or row < 0 or row >= self.rowCount(parent):
            return QModelIndex()
        return self.createIndex(row, column, parent.row() + 1 if parent.isValid() else _TOP)

    def parent(self, index: QModelIndex) -> QModelIndex:
        heading = index.internalId() if index.isValid() else _TOP
        return self.createIndex(int(heading) - 1, 0, _TOP) if heading != _TOP else QModelIndex()

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        if not parent.isValid():
            return len(self._groups)
        return len(self._groups[parent.row()].rows) if parent.internalId() == _TOP else 0

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 1

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        if index.internalId() == _TOP:
            return Qt.ItemFlag.ItemIsEnabled
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        heading = int(index.internalId())
        if heading == _TOP:
            return _of_group(self._groups[index.row()], role)
        return _of_record(self._groups[heading - 1].rows[index.row()], role)


def _of_group(group: Group, role: int) -> Any:
    if role == Qt.ItemDataRole.DisplayRole:
        return group.title
    if role == Qt.ItemDataRole.AccessibleTextRole:
        return f"{group.title}, {QLocale().toString(len(group.rows))}"
    return group if role == Role.GROUP else None


def _of_record(record: Record, role: int) -> Any:
    if role == Qt.ItemDataRole.DisplayRole:
        return rows.title(record)
    if role == Qt.ItemDataRole.ToolTipRole:
        return tool_tip(rows.tip(record, day))
    if role == Qt.ItemDataRole.AccessibleTextRole:
        return rows.tip(record, day)
    return record if role == Role.RECORD else None
