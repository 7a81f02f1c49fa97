"""The tree of pilots: a heading for each stage, and below it the pilots in it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from qgis.PyQt.QtCore import QModelIndex, QObject

from ...map.pilots.book import Record
from ..grouped_model import GROUP, ROW, GroupedModel
from . import page_rows as rows
from .page_days import day
from .page_rows import Filter, Group


class Role(IntEnum):
    """What the delegate asks for."""

    RECORD = ROW
    GROUP = GROUP


class PilotModel(GroupedModel[Group]):
    """All is laid out anew where anything changed: pilots are few. Who is chosen is known by path and key."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(rows.title, lambda row: rows.tip(row, day), parent)
        self._records: tuple[Record, ...] = ()
        self._filter = Filter()

    # -- what is shown

    @property
    def records(self) -> tuple[Record, ...]:
        """All pilots, whatever is shown of them."""
        return self._records

    @property
    def filter(self) -> Filter:
        return self._filter

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
        self._show(rows.grouped(self._records, self._filter))

    def record(self, index: QModelIndex) -> Record | None:
        """The pilot in a row; None for a heading."""
        found = self.value(index)
        return found if isinstance(found, Record) else None

    def index_of(self, path: str, key: str) -> QModelIndex:
        """The row of a pilot; an invalid index where it is not shown."""
        for place, group in enumerate(self._groups):
            for row, record in enumerate(group.rows):
                if record.path == path and record.key == key:
                    return self.index(row, 0, self.index(place, 0))
        return QModelIndex()
