"""One layer of a package that comes back: its edits, feature by feature, into the working copy's rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..text import tr
from ..twin.progress import Progress, check
from . import books, journal, settle
from . import changes as ch
from .columns import GEOMETRY, Stored
from .handback_read import Coming, Damaged, LayerRead, renumbered
from .handback_rows import OfficeRows
from .handback_words import LeftBehind, columns_of_the_file
from .merge import Merge, Values, merge
from .package import Package
from .settle import Row
from .source import Source
from .trail import Branch


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


@dataclass
class _Tally:
    created: int = 0
    updated: int = 0
    deleted: int = 0
    merged: int = 0
    conflicts: int = 0
    known: int = 0
    inside: list[str] = field(default_factory=list)


class LayerMerge:
    """One layer of a package, inside the caller's transaction, tracking on: what is written becomes an edit.

    ``own``: the package was made of this working copy; ``whole``: its file is not damaged.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        outside: sqlite3.Connection,
        here: Source,
        there: Source,
        who: Package,
        branch: Branch,
        own: bool,
        whole: bool,
        progress: Progress,
    ) -> None:
        self._connection = connection
        self._outside = outside
        self._here = here
        self._there = there
        self._package = who
        self._branch = branch
        self._own = own
        self._whole_file = whole
        self._progress = progress
        self._tally = _Tally()
        self._left = LeftBehind()
        known = set(there.tracked)
        self._shared = [name for name in here.tracked if name in known]
        self._rows = OfficeRows(connection, here)
        self._fixed = {field.name for field in self._rows.fields if field.read_only}
        self._read = LayerRead(outside, there, self._shared, whole)
        found = connection.execute(books.RECEIVED_KEYS, (branch.id, here.table)).fetchall()
        self._received = {str(key) for (key,) in found}

    def run(self) -> LayerBack:
        number = -1
        for number, coming in enumerate(self._coming()):
            if number % 200 == 0:
                check(self._progress)
                self._progress.report(number, None, tr("{title}: merging", title=self._here.title))
            self._one(coming)
        self._left.spoilt = self._read.spoilt
        more = columns_of_the_file(self._outside, self._there) if number >= 0 else []
        notes = self._left.words(self._here, self._there, more, self._whole_file)
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
            tuple(notes),
            tuple(tally.inside),
        )

    def _coming(self) -> Iterator[Coming]:
        """What was edited outside, and what came before and was taken back there since."""
        seen = set()
        new = self._read.new()
        if any(key.startswith("new-") for key in self._received):
            new = self._found_again(list(self._readable(new)))
        for part in (new, self._read.edited()):
            for coming in self._readable(part):
                seen.add(coming.key)
                yield coming
        yield from self._readable(self._undone(sorted(self._received - seen)))

    def _undone(self, keys: list[str]) -> Iterator[Coming]:
        for key in keys:
            coming = self._read.undone(key, lambda key=key: self._state(key)[1])  # type: ignore[misc]
            if coming is not None:
                yield coming

    def _readable(self, part: Iterator[Coming]) -> Iterator[Coming]:
        """As far as the file can be read."""
        try:
            yield from part
        except Damaged:
            self._left.damaged = True

    def _found_again(self, new: list[Coming]) -> Iterator[Coming]:
        """New rows; those that came before and have another number by now are known by what they hold."""
        keys = {coming.key for coming in new}
        lost = {key for key in self._received if key.startswith("new-") and key not in keys}
        fresh = [coming for coming in new if coming.key not in self._received]
        if lost and fresh:
            states = {key: state for key in lost if (state := self._state(key)[1]) is not None}
            for old, now in renumbered(fresh, states).items():
                for statement in (books.RENAME_RECEIVED, books.RENAME_HANDBACK):
                    self._connection.execute(statement, (now, self._branch.id, self._here.table, old))
                self._received = (self._received - {old}) | {now}
        return iter(new)

    # -- merging -----------------------------------------------------------------------------------------------------

    def _one(self, coming: Coming) -> None:
        try:
            self._take(coming)
        except sqlite3.IntegrityError:  # somebody gave this file rules of its own
            values = coming.theirs or coming.base or {}
            shown = [values.get(name) for name in self._here.tracked]
            self._left.refused.append(ch.label_of(self._here, shown, coming.twin_id or coming.fid))

    def _take(self, coming: Coming) -> None:
        connection, here = self._connection, self._here
        came = coming.key in self._received
        fid, packed = self._state(coming.key) if came else (None, None)
        if not came and coming.twin_id is None:
            came, fid, packed = self._of_another_copy(coming)
        state = journal.unpack(packed) if packed is not None else None
        if came and self._rows.same(state, coming.theirs):
            self._tally.known += 1
            self._remember(coming, fid)
            return
        mine = self._mine(coming, fid)
        before = coming.base if state is None else state
        waiting = connection.execute(books.HANDBACK_OF, (self._branch.id, here.table, coming.key)).fetchone()
        if waiting is not None:  # the decision is still about where both parted
            before = journal.unpack(waiting[6]) if waiting[6] is not None else None
        if mine is None and not came and not self._was_here(coming):
            if coming.twin_id is not None and coming.office_fid is None:
                self._left.elsewhere += 1  # the twin has it, this working copy has not
                return
            before = None
        restored = came and state is None and waiting is None
        if mine is None and coming.theirs is not None and (before is None or restored):
            fid = self._add(coming, fid)
        else:
            if mine is not None and before is None:
                before = dict.fromkeys(self._shared)  # nobody knows where they parted: whatever differs is asked
            fid = self._merge(coming, before, mine, fid)
        self._remember(coming, fid)

    def _remember(self, coming: Coming, fid: int | None) -> None:
        packed = journal.pack(coming.theirs) if coming.theirs is not None else None
        self._connection.execute(books.PUT_RECEIVED, (self._branch.id, self._here.table, coming.key, fid, packed))

    def _state(self, key: str, branch: str = "") -> tuple[int | None, str | None]:
        """The row that it became here, and in what state it came."""
        of = (branch or self._branch.id, self._here.table, key)
        found = self._connection.execute(books.RECEIVED_ONE, of).fetchone()
        return (found[0], found[1]) if found else (None, None)

    def _of_another_copy(self, coming: Coming) -> tuple[bool, int | None, str | None]:
        """A new row that was made before the package was copied comes with each copy, and is one feature."""
        for other in self._branch.others:
            fid, packed = self._state(coming.key, other)
            if packed is not None and self._rows.same(journal.unpack(packed), coming.theirs):
                return True, fid, packed
        return False, None, None

    def _mine(self, coming: Coming, fid: int | None) -> Row | None:
        """The row of ours that a feature of the package is."""
        row = self._rows.by_id(coming.twin_id) if coming.twin_id is not None else None
        number = self._number(coming, fid)
        if row is not None or number is None:
            return row
        row = self._rows.by_fid(number)
        if row is None:  # published meanwhile, and put back under another number
            base = self._rows.base_at(number)
            row = self._rows.by_id(base.twin_id) if base is not None and base.twin_id is not None else None
        return row

    def _number(self, coming: Coming, fid: int | None) -> int | None:
        """The number of our row, of a feature that is not found by an id of the twin's."""
        if coming.twin_id is not None and coming.office_fid is None:
            return None
        return fid if fid is not None else coming.office_fid if self._own else None

    def _was_here(self, coming: Coming) -> bool:
        """Whether a feature that has no row was deleted here, and not just never checked out."""
        if coming.twin_id is None or self._own:
            return coming.twin_id is not None
        return coming.office_fid is None and self._published(coming) is not None

    def _published(self, coming: Coming, fid: int | None = None) -> Row | None:
        """The twin's state of a feature that was deleted here and not published yet."""
        found = self._rows.base_of(coming.twin_id) if coming.twin_id is not None else None
        number = self._number(coming, fid)
        return self._rows.base_at(number) if found is None and number is not None else found

    def _add(self, coming: Coming, fid: int | None) -> int:
        """A new feature; one that was deleted here and restored outside is itself again."""
        published = self._published(coming, fid)
        values = self._whole(coming.theirs, published.values if published else None) or {}
        identity = (published.twin_id, published.version) if published else (None, None)
        fid = self._rows.put(None, values, *identity)
        self._rows.widen(values)
        self._tally.created += 1
        return fid

    def _merge(self, coming: Coming, before: Values | None, mine: Row | None, fid: int | None) -> int | None:
        # what the package has not is as it is here, or as it was before it was deleted here
        published = self._published(coming, fid) if mine is None else None
        row = mine or published
        rest = row.values if row else None
        known, theirs = self._whole(before, rest), self._whole(coming.theirs, rest)
        merged = merge(known, mine.values if mine else None, theirs, self._rows.fields, exact=True)
        at = mine.fid if mine else fid if fid is not None else coming.office_fid
        if merged.kind:
            twin_id = row.twin_id if row else None if coming.office_fid is not None else coming.twin_id
            self._ask(coming, known, theirs, twin_id, at)
            return at
        if mine is not None and merged.result is None and theirs is None:
            self._rows.delete(mine.fid)
            self._tally.deleted += 1
        elif mine is not None and merged.result is not None and merged.takes_theirs:
            self._write(mine, merged)
            ours = any(cell.verdict in ("mine", "merged") for cell in merged.cells)
            self._tally.merged += ours
            self._tally.updated += not ours
        self._connection.execute(books.DROP_HANDBACK, (self._branch.id, self._here.table, coming.key))
        return at

    def _write(self, mine: Row, merged: Merge) -> None:
        values = merged.result or {}
        self._rows.put(mine.fid, values, mine.twin_id, mine.version)
        if values.get(GEOMETRY) != mine.values.get(GEOMETRY):
            self._rows.widen(values)
        told = settle.merged_inside(self._here, merged, mine.twin_id or str(mine.fid))
        if told:
            self._tally.inside.append(told)

    def _whole(self, values: Values | None, mine: Values | None) -> dict[str, Stored] | None:
        """A row of the package as one of ours: columns that it has not, and those that only the twin writes, are as
        they are here."""
        if values is None:
            return None
        row = mine or {}
        return {
            name: values[name] if name in values and name not in self._fixed else row.get(name)
            for name in self._rows.tracked
        }

    def _ask(
        self, coming: Coming, base: Values | None, theirs: Values | None, twin_id: str | None, fid: int | None
    ) -> None:
        connection, here = self._connection, self._here
        self._tally.conflicts += 1
        connection.execute(
            books.PUT_HANDBACK,
            (
                self._branch.id,
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
