"""The tree of review items: a heading for what became of them, and below it the items."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple

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


class Rows(NamedTuple):
    """Rows below the heading at a place, from the first to the last."""

    heading: int
    first: int
    last: int


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
        """Other items, or as they are now. The same tuple says that nothing is other."""
        if notes is not self._notes:
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

    def find(self, keys: Sequence[str]) -> list[Rows]:
        """Where the items with these keys are shown."""
        wanted = set(keys)
        out: list[Rows] = []
        for heading, group in enumerate(self._groups if wanted else ()):
            first = -1
            for row, note in enumerate(group.rows):
                if (note.key in wanted) == (first >= 0):
                    continue
                if first < 0:
                    first = row
                else:
                    out.append(Rows(heading, first, row - 1))
                    first = -1
            if first >= 0:
                out.append(Rows(heading, first, len(group.rows) - 1))
        return out

    def notes_in(self, found: Iterable[Rows]) -> tuple[Note, ...]:
        """The items in these rows, in the order of the rows given."""
        return tuple(note for one in found for note in self._groups[one.heading].rows[one.first : one.last + 1])
