"""What there is to say about a layer that came back: what was left in the package, and why."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from ..text import tr, trn
from . import settle, sql
from .columns import ID, KEY, VERSION
from .source import Source


@dataclass
class LeftBehind:
    """Counts of one layer. ``elsewhere``: features that this working copy has not; ``refused``: what people call those
    whose edits the file does not take; ``damaged``: something could not be read; ``spoilt``: geometries that are none.
    """

    elsewhere: int = 0
    refused: list[str] = field(default_factory=list)
    damaged: bool = False
    spoilt: int = 0

    def words(self, here: Source, there: Source, more: Collection[str], whole: bool) -> Iterator[str]:
        """Each in a sentence. ``more``: columns that only the package's file has; ``whole``: it is not damaged."""
        known = set(here.tracked)
        lost = [settle.title_of(there, name) for name in there.tracked if name not in known]
        if self.damaged:
            yield tr("{title}: the file is damaged; some of its edits cannot be read.", title=here.title)
        if lost:
            yield tr(
                "{title} has no column {columns} here any more; what was written there stays in the package.",
                title=here.title,
                columns=", ".join(lost),
            )
        if more:
            yield tr(
                "{title}: {columns} is only in the file, not in the twin, and was not merged. Copy what you need from "
                "the package.",
                title=here.title,
                columns=", ".join(more),
            )
        if self.elsewhere:
            yield trn(
                "{title}: {n} feature that was edited is not in this working copy; its edits stay in the package.",
                "{title}: {n} features that were edited are not in this working copy; their edits stay in the package.",
                self.elsewhere,
                title=here.title,
            )
        if self.spoilt:
            yield trn(
                "{title}: {n} geometry could not be read and stays as it was.",
                "{title}: {n} geometries could not be read and stay as they were.",
                self.spoilt,
                title=here.title,
            )
        if self.refused:
            yield trn(
                "{title}: {n} edit does not fit this file, and stays in the package: {labels}.",
                "{title}: {n} edits do not fit this file, and stay in the package: {labels}.",
                len(self.refused),
                title=here.title,
                labels=", ".join(self.refused[:5]),
            )
        if not whole:
            yield tr(
                "{title}: the file is damaged, so features that are missing in it were not taken for deleted.",
                title=here.title,
            )


def columns_of_the_file(outside: sqlite3.Connection, there: Source) -> list[str]:
    """The columns of a package's table that no twin knows."""
    known = {KEY, ID, VERSION, *there.tracked}
    try:
        return [name for (name,) in outside.execute(sql.COLUMNS, (there.table,)) if name not in known]
    except sqlite3.DatabaseError:
        return []
