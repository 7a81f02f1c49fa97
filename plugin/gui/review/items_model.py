"""The tree of review items: a heading for what became of them, and below it the items."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from qgis.PyQt.QtCore import QModelIndex, QObject

from ...map.review.book_reading import Note
from ..grouped_model import GROUP, ROW, GroupedModel
from ..moments import moment
from . import items_rows as rows
from .items_rows import Filter, Group


class Role(IntEnum):
    """What the delegate asks for."""

    NOTE = ROW
    GROUP = GROUP


class ItemModel(GroupedModel[Group]):
    """All is laid out anew where anything changed. Which are chosen is known by their keys."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(rows.title, lambda row: rows.tip(row, moment), parent)
        self._notes: tuple[Note, ...] = ()
        self._filter = Filter()

    # -- what is shown

    @property
    def notes(self) -> tuple[Note, ...]:
        """All items, whatever is shown of them."""
        return self._notes

    @property
    def filter(self) -> Filter:
        return self._filter

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
        self._show(rows.grouped(self._notes, self._filter))

    def note(self, index: QModelIndex) -> Note | None:
        """The item in a row; None for a heading."""
        found = self.value(index)
        return found if isinstance(found, Note) else None

    def indexes(self, keys: Sequence[str]) -> list[QModelIndex]:
        """The rows of the items with these keys that are shown."""
        wanted = set(keys)
        out = []
        for place, group in enumerate(self._groups):
            heading = self.index(place, 0)
            out += [self.index(row, 0, heading) for row, note in enumerate(group.rows) if note.key in wanted]
        return out
