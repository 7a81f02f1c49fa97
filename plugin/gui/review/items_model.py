"""The tree of review items: a heading for what became of them, and below it the items."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from qgis.PyQt.QtCore import QAbstractItemModel, QLocale, QModelIndex, QObject, Qt

from ...map.review.book_reading import Note
from ..moments import moment
from ..tool_tip import tool_tip
from . import items_rows as rows
from .items_rows import Filter, Group

_TOP = 0  # internal id of a heading; that of an item is 1 + the place of its heading


class Role(IntEnum):
    """What the delegate asks for."""

    NOTE = int(Qt.ItemDataRole.UserRole) + 1
    GROUP = int(Qt.ItemDataRole.UserRole) + 2


class ItemModel(QAbstractItemModel):
    """All is laid out anew where anything changed. Which are chosen is known by their keys."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._notes: tuple[Note, ...] = ()
        self._filter = Filter()
        self._groups: tuple[Group, ...] = ()

    # -- what is shown

    @property
    def notes(self) -> tuple[Note, ...]:
        """All items, whatever is shown of them."""
        return self._notes

    @property
    def filter(self) -> Filter:
        return self._filter

    @property
    def groups(self) -> tuple[Group, ...]:
        return self._groups

    @property
    def shown(self) -> int:
        """How many items the filter lets through."""
        return sum(len(group.rows) for group in self._groups)

    def set_notes(self, notes: Sequence[Note]) -> None:
        """Other items, or the same as they are now."""
        if tuple(notes) != self._notes:
            self._notes = tuple(notes)
            self._lay_out()

    def set_filter(self, sifter: Filter) -> None:
        """Show others of them."""
        if sifter != self._filter:
            self._filter = sifter
            self._lay_out()

    def _lay_out(self) -> None:
        self.beginResetModel()
        self._groups = rows.grouped(self._notes, self._filter)
        self.endResetModel()

    def note(self, index: QModelIndex) -> Note | None:
        """The item in a row; None for a heading."""
        found = index.data(Role.NOTE) if index.isValid() else None
        return found if isinstance(found, Note) else None

    def indexes(self, keys: Sequence[str]) -> list[QModelIndex]:
        """The rows of the items with these keys that are shown."""
        wanted = set(keys)
        out = []
        for place, group in enumerate(self._groups):
            heading = self.index(place, 0)
            out += [self.index(row, 0, heading) for row, note in enumerate(group.rows) if note.key in wanted]
        return out

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
        return _of_note(self._groups[heading - 1].rows[index.row()], role)


def _of_group(group: Group, role: int) -> Any:
    if role == Qt.ItemDataRole.DisplayRole:
        return group.title
    if role == Qt.ItemDataRole.AccessibleTextRole:
        return f"{group.title}, {QLocale().toString(len(group.rows))}"
    return group if role == Role.GROUP else None


def _of_note(note: Note, role: int) -> Any:
    if role == Qt.ItemDataRole.DisplayRole:
        return rows.title(note)
    if role == Qt.ItemDataRole.ToolTipRole:
        return tool_tip(rows.tip(note, moment))
    if role == Qt.ItemDataRole.AccessibleTextRole:
        return rows.tip(note, moment)
    return note if role == Role.NOTE else None
