"""Review items that come home where no twin tracks them on both sides: each once, known by its key.

What a package gave last is kept in the working copy's books (``twin_received``), so an item that did not change outside
since stays as the office made it, and one that did is merged column by column. Where both changed the same column the
office's stays, which is told; of texts both stay.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..text import tr
from ..twin.progress import SILENT, Progress, check
from ..workcopy import books, columns, geometry, journal
from ..workcopy.columns import GEOMETRY, KEY, BadValue, Stored
from ..workcopy.connection import opened, transaction
from ..workcopy.copy import WorkingCopy
from . import plain, schema
from . import table as rows
from .item import Item, columns_of
from .vocabulary import OPEN

_SPACE = uuid.UUID("c5f6a6b2-8a55-4f0c-9a4e-0a4c5f4c2d10")  # for items of a package that does not say which it is
_BOTH_STAY = (schema.TEXT, schema.ANSWER)
_TOLD = (*schema.COLUMNS, GEOMETRY)

Row = Mapping[str, Stored]


@dataclass
class ItemsBack:
    """What came of plain items. ``clashes``: items of which both sides had something of their own. ``tables``: those
    that were written; ``made``: those that had to be made first."""

    created: int = 0
    changed: int = 0
    known: int = 0
    clashes: int = 0
    tables: set[str] = field(default_factory=set)
    made: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)


def bring(
    copy: WorkingCopy,
    package: str,
    items: Iterable[Item],
    srids: Mapping[str, int],
    *,
    only_new: bool = False,
    theirs_win: bool = False,
    progress: Progress = SILENT,
) -> ItemsBack:
    """Write what is new in ``items`` into the review tables of ``copy``, which are made where there are none.

    ``package``: the id under which the books keep what came, "" where it is no package; ``srids``: the EPSG code of
    each table's geometries; ``only_new``: leave those alone that are here; ``theirs_win``: where both sides differ,
    what comes stays. One transaction. Raises `WorkingCopyError`, `Cancelled`.
    """
    wanted = [_with_key(item) for item in items]
    back = ItemsBack()
    if not wanted:
        return back
    back.made = _make_tables(copy, {item.table for item in wanted}, srids)
    with opened(copy.path, write=True) as connection, transaction(connection):
        tables: dict[str, _Table] = {}
        for number, item in enumerate(wanted):
            if number % 100 == 0:
                check(progress)
                progress.report(number, len(wanted), tr("Collecting review items…"))
            if item.table not in tables:
                srid = srids.get(item.table)
                tables[item.table] = _Table(connection, copy, package, item.table, srid, back, theirs_win)
            tables[item.table].take(item, only_new)
    return back


def call_photos(copy: WorkingCopy, before: Sequence[Item], after: Sequence[Item]) -> frozenset[str]:
    """Let items that came as edits of a checked-out layer name their photos as they are called here; the tables that
    were written. ``before`` are the items as they came, ``after`` the same as they are. Raises `WorkingCopyError`."""
    wanted = [(was, now) for was, now in zip(before, after) if was.key and was.photos != now.photos]
    written = set()
    if wanted:
        with opened(copy.path, write=True) as connection, transaction(connection):
            for table in {now.table for _, now in wanted}:
                mine = _rows(connection, table)
                for was, now in ((was, now) for was, now in wanted if now.table == table and now.key in mine):
                    fid, row = mine[now.key]
                    columns_then, columns_now = columns_of(was), columns_of(now)
                    if all(row.get(name) == columns_then[name] for name in schema.PHOTOS):
                        rows.put(connection, table, fid, {name: columns_now[name] for name in schema.PHOTOS})
                        written.add(table)
    return frozenset(written)


def _with_key(item: Item) -> Item:
    """``item`` with a key: where it has none and nothing tells which package it is of, made of what it says."""
    if item.key:
        return item
    said = repr((item.table, sorted(columns_of(item).items()), item.geometry))
    return replace(item, key=str(uuid.uuid5(_SPACE, said)))


def _make_tables(copy: WorkingCopy, wanted: Iterable[str], srids: Mapping[str, int]) -> tuple[str, ...]:
    with opened(copy.path) as connection:
        have = set(plain.tables(connection))
    missing = tuple(name for name in schema.COLLECTIONS if name in wanted and name not in have)
    for name in missing:
        plain.create(copy.path, srids.get(name, 4326), (name,))
    return missing


def _rows(connection: sqlite3.Connection, table: str) -> dict[str, tuple[int, Row]]:
    """The table's rows by the key of their item; of several with one key the first."""
    out: dict[str, tuple[int, Row]] = {}
    for row in rows.rows(connection, table, [KEY, *_TOLD]):
        if row.get(schema.KEY):
            out.setdefault(str(row[schema.KEY]), (int(row[KEY]), {name: row.get(name) for name in _TOLD}))
    return out


class _Table:
    """One review table of ours, inside the caller's transaction."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        copy: WorkingCopy,
        package: str,
        table: str,
        srid: int | None,
        back: ItemsBack,
        theirs_win: bool = False,
    ) -> None:
        self._connection, self._package, self._name, self._back = connection, package, table, back
        self._theirs_win = theirs_win
        self._own = rows.srid_of(connection, table) or 4326
        self._srid = srid or self._own
        source = next((one for one in copy.sources if one.table == table), None)
        self._kinds = {column.name: column.type for column in source.columns} if source is not None else {}
        self._mine = _rows(connection, table)
        self._before = {
            key: journal.unpack(state)
            for key, _fid, state in connection.execute(books.RECEIVED_OF, (package, table)).fetchall()
            if state is not None
        }

    def _keep(self, key: str, fid: int, values: Row) -> None:
        """Note what the package gave."""
        if not self._package:
            return
        state = journal.pack(values)
        self._connection.execute(books.PUT_RECEIVED, (self._package, self._name, key, fid, state))

    def take(self, item: Item, only_new: bool = False) -> None:
        """Bring one item in."""
        back, theirs, before = self._back, self._values(item), self._before.get(item.key)
        known = before is not None and not self._differing(before, theirs)
        if known or (only_new and (before is not None or item.key in self._mine)):
            back.known += 1
            return
        if item.key in self._mine:
            fid, mine = self._mine[item.key]
            values = self._merged(item, before, mine, theirs)
            if self._differing(mine, values):
                rows.put(self._connection, self._name, fid, values)
                back.changed += 1
                back.tables.add(self._name)
            else:
                back.known += 1
        else:
            values = theirs
            fid = rows.put(self._connection, self._name, None, values)
            back.created += 1
            back.tables.add(self._name)
            if before is not None:
                words = tr("{item}: it was deleted here and changed outside, so it is here again.", item=item.label)
                back.notes.append(words)
        self._mine[item.key] = (fid, values)
        self._before[item.key] = dict(theirs)
        self._keep(item.key, fid, theirs)

    def _values(self, item: Item) -> dict[str, Stored]:
        """An item as this table stores it; what does not fit is null."""
        values: dict[str, Stored] = {}
        for name, value in columns_of(item).items():
            try:
                values[name] = columns.to_stored(value, self._kinds.get(name, "string"))
            except BadValue:
                values[name] = None
        values[GEOMETRY] = rows.in_system(item.geometry, self._srid, self._own)
        return values

    def _same(self, name: str, one: Stored, other: Stored) -> bool:
        if name == GEOMETRY and isinstance(one, bytes) and isinstance(other, bytes):
            return geometry.same(one, other, max(geometry.precision(one), geometry.precision(other)))
        return columns.same(one or None, other or None, self._kinds.get(name, "string"))

    def _differing(self, one: Row, other: Row) -> bool:
        return not all(self._same(name, one.get(name), other.get(name)) for name in _TOLD)

    def _merged(self, item: Item, before: Row | None, mine: Row, theirs: Row) -> dict[str, Stored]:
        """Column by column. Where nobody knows what both began with, what is empty here is filled."""
        out = dict(mine)
        clashes = []
        for name in _TOLD:
            ours, came = mine.get(name), theirs.get(name)
            was = before.get(name) if before is not None else None
            # an item that is open was decided by nobody
            unchanged = self._same(name, was, came) if before is not None else came in (None, "", OPEN)
            if unchanged or self._same(name, ours, came):
                continue
            # what is open was decided by nobody, too, where nobody knows whether it was opened again
            undecided = before is None and (name, ours) == (schema.STATUS, OPEN)
            if self._same(name, was, ours) or undecided:
                out[name] = came
            elif name not in _BOTH_STAY or not came:
                clashes.append(name)
                if self._theirs_win:
                    out[name] = came
            elif not isinstance(ours, str) or not isinstance(came, str):
                out[name] = ours or came
            elif came not in ours:
                out[name] = f"{ours}\n{came}"
        if clashes:
            self._back.clashes += 1
        if clashes and not self._theirs_win:
            titles = ", ".join(tr("Geometry") if name == GEOMETRY else schema.title(name) for name in clashes)
            self._back.notes.append(
                tr(
                    "{item}: changed both here and outside: {columns}. What is here stays.",
                    item=item.label,
                    columns=titles,
                )
            )
        return out
