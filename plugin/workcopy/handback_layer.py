"""One layer of a package that comes back: its edits, feature by feature, into the working copy's rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..text import tr, trn
from ..twin.progress import Progress, check
from . import books, journal, settle, sql
from . import changes as ch
from .columns import GEOMETRY, Stored
from .excerpt import OFFICE
from .merge import Merge, Values, merge
from .package import Package
from .settle import Row
from .source import Source


@dataclass(frozen=True)
class LayerBack:
    """What came back of one layer, in features. ``known``: came back before, and is as it was then."""

    table: str
    title: str
    created: int = 0
    updated: int = 0
    deleted: int = 0
    merged: int = 0  # both sides changed something, without clashing
    conflicts: int = 0
    known: int = 0
    notes: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()  # of which features a column was merged inside

    @property
    def touched(self) -> bool:
        return bool(self.created + self.updated + self.deleted + self.merged)

    @property
    def edits(self) -> int:
        return self.created + self.updated + self.deleted + self.merged


@dataclass(frozen=True)
class _Coming:
    """One feature that the package gives back. ``key``: its id in the package; ``base`` None: it was made outside."""

    key: str
    fid: int
    base: Values | None
    theirs: Values | None


@dataclass
class _Tally:
    created: int = 0
    updated: int = 0
    deleted: int = 0
    merged: int = 0
    conflicts: int = 0
    known: int = 0
    notes: list[str] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)


class LayerMerge:
    """One layer of a package, inside the caller's transaction, tracking on: what is written becomes an edit."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        outside: sqlite3.Connection,
        here: Source,
        there: Source,
        who: Package,
        own: bool,
        progress: Progress,
    ) -> None:
        self._connection = connection
        self._outside = outside
        self._here = here
        self._there = there
        self._package = who
        self._own = own
        self._progress = progress
        self._tally = _Tally()
        self._elsewhere = 0
        self._shared = [name for name in here.tracked if name in set(there.tracked)]
        self._received = {
            key: (fid, state)
            for key, fid, state in connection.execute(books.RECEIVED_OF, (who.id, here.table)).fetchall()
        }

    def run(self) -> LayerBack:
        lost = [settle.title_of(self._there, name) for name in self._there.tracked if name not in self._shared]
        if lost:
            self._tally.notes.append(
                tr(
                    "{title} has no column {columns} here any more; what was written there stays in the package.",
                    title=self._here.title,
                    columns=", ".join(lost),
                )
            )
        for number, coming in enumerate(self._coming()):
            if number % 100 == 0:
                check(self._progress)
            self._one(coming)
        if self._elsewhere:
            self._tally.notes.append(
                trn(
                    "{title}: {n} feature that was edited is not in this working copy; its edits stay in the package.",
                    "{title}: {n} features that were edited are not in this working copy; their edits stay in the "
                    "package.",
                    self._elsewhere,
                    title=self._here.title,
                )
            )
        tally = self._tally
        return LayerBack(
            self._here.table,
            self._here.title,
            tally.created,
            tally.updated,
            tally.deleted,
            tally.merged,
            tally.conflicts,
            tally.known,
            tuple(tally.notes),
            tuple(tally.inside),
        )

    def _coming(self) -> Iterator[_Coming]:
        """What was edited outside, and what came before and was taken back there since."""
        seen = set()
        for change in ch.read(self._outside, self._there):
            coming = self._read(change)
            seen.add(coming.key)
            yield coming
        for key, (_fid, state) in self._received.items():
            if key not in seen:
                yield from self._undone(key, state)

    def _read(self, change: ch.Change) -> _Coming:
        outside, there = self._outside, self._there
        if change.twin_id is None:
            row = settle.row_by_fid(outside, there, change.fid)
            return _Coming(f"new-{change.fid}", change.fid, None, self._values(row))
        row = settle.row_by_id(outside, there, change.twin_id)
        base = settle.base_of(outside, there, change.twin_id)
        return _Coming(change.twin_id, change.fid, self._values(base), self._values(row))

    def _undone(self, key: str, state: str | None) -> Iterator[_Coming]:
        """It came back edited, and outside it is as it was again by now."""
        outside, there = self._outside, self._there
        before = journal.unpack(state) if state is not None else None
        if key.startswith("new-"):
            if before is not None and key[4:].isdigit():
                yield _Coming(key, int(key[4:]), before, None)
            return
        row = settle.row_by_id(outside, there, key)
        if row is not None:
            yield _Coming(key, row.fid, before, self._values(row))

    def _values(self, row: Row | None) -> dict[str, Stored] | None:
        return {name: row.values[name] for name in self._shared} if row is not None else None

    # -- merging -----------------------------------------------------------------------------------------------------

    def _one(self, coming: _Coming) -> None:
        connection, here = self._connection, self._here
        fid, state = self._received.get(coming.key, (None, None))
        came_before = coming.key in self._received
        before = (journal.unpack(state) if state is not None else None) if came_before else coming.base
        if came_before and _same(here, before, coming.theirs):
            self._tally.known += 1
            return
        mine = self._mine(coming.key, fid)
        waiting = connection.execute(books.HANDBACK_OF, (self._package.id, here.table, coming.key)).fetchone()
        if waiting is not None:  # the decision is still about where both parted
            before = journal.unpack(waiting[6]) if waiting[6] is not None else None
        if mine is None and not came_before and not self._was_here(coming.key):
            if not coming.key.startswith(("new-", OFFICE)):
                self._elsewhere += 1  # the twin has it, this working copy has not
                return
            before = None
        if mine is None and before is None and coming.theirs is not None:
            fid = self._add(coming)
        else:
            fid = self._merge(coming, before, mine, fid)
        packed = journal.pack(coming.theirs) if coming.theirs is not None else None
        connection.execute(books.PUT_RECEIVED, (self._package.id, here.table, coming.key, fid, packed))

    def _mine(self, key: str, fid: int | None) -> Row | None:
        """The row of ours that a feature of the package is."""
        connection, here = self._connection, self._here
        if key.startswith("new-"):
            return settle.row_by_fid(connection, here, fid) if fid is not None else None
        if key.startswith(OFFICE):
            number = key[len(OFFICE) :]
            return settle.row_by_fid(connection, here, int(number)) if self._own and number.isdigit() else None
        return settle.row_by_id(connection, here, key)

    def _was_here(self, key: str) -> bool:
        """Whether a feature that has no row was deleted here, and not just never checked out."""
        if key.startswith("new-"):
            return False
        if key.startswith(OFFICE):
            return self._own
        return self._own or settle.base_of(self._connection, self._here, key) is not None

    def _add(self, coming: _Coming) -> int:
        """A new feature; one that was deleted here and restored outside is itself again."""
        connection, here = self._connection, self._here
        self._tally.created += 1
        values = self._whole(coming.theirs, None) or {}
        settle.widen(connection, here, values)
        published = settle.base_of(connection, here, coming.key)
        identity = (published.twin_id, published.version) if published else (None, None)
        return settle.put_row(connection, here, None, values, *identity)

    def _merge(self, coming: _Coming, before: Values | None, mine: Row | None, fid: int | None) -> int | None:
        connection, here = self._connection, self._here
        row = mine.values if mine else None
        known, theirs = self._whole(before, row), self._whole(coming.theirs, row)
        merged = merge(known, row, theirs, here.fields, exact=True)
        at = mine.fid if mine else fid
        if merged.kind:
            self._ask(coming, known, theirs, mine, at)
            return at
        connection.execute(books.DROP_HANDBACK, (self._package.id, here.table, coming.key))
        if mine is None:
            return at
        if merged.result is None:
            if theirs is None:
                connection.execute(sql.delete_row(here.table), (mine.fid,))
                self._tally.deleted += 1
            return at
        if merged.takes_theirs:
            ours = any(cell.verdict in ("mine", "merged") for cell in merged.cells)
            self._tally.merged += ours
            self._tally.updated += not ours
            self._write(mine, merged)
        return mine.fid

    def _write(self, mine: Row, merged: Merge) -> None:
        values = merged.result or {}
        settle.put_row(self._connection, self._here, mine.fid, values, mine.twin_id, mine.version)
        if values.get(GEOMETRY) != mine.values.get(GEOMETRY):
            settle.widen(self._connection, self._here, values)
        told = settle.merged_inside(self._here, merged, mine.twin_id or str(mine.fid))
        if told:
            self._tally.inside.append(told)

    def _whole(self, values: Values | None, mine: Values | None) -> dict[str, Stored] | None:
        """A row of the package as one of ours: columns that it has not, and those that only the twin writes, are as
        they are here."""
        if values is None:
            return None
        fixed = {each.name for each in self._here.fields if each.read_only}
        row = mine or {}
        return {
            name: values[name] if name in values and name not in fixed else row.get(name) for name in self._here.tracked
        }

    def _ask(
        self, coming: _Coming, base: Values | None, theirs: Values | None, mine: Row | None, fid: int | None
    ) -> None:
        connection, here = self._connection, self._here
        self._tally.conflicts += 1
        twin_id = mine.twin_id if mine else None if coming.key.startswith(("new-", OFFICE)) else coming.key
        connection.execute(
            books.PUT_HANDBACK,
            (
                self._package.id,
                here.table,
                coming.key,
                twin_id,
                fid,
                journal.pack(base) if base is not None else None,
                journal.pack(theirs) if theirs is not None else None,
                self._package.for_whom or self._package.made_by or None,
                None,
                journal.now(),
            ),
        )


def _same(source: Source, one: Mapping[str, Stored] | None, other: Mapping[str, Stored] | None) -> bool:
    if one is None or other is None:
        return one is other
    return all(ch.same(one.get(name), other.get(name), source.kind(name)) for name in source.tracked)
