"""One collection's features into one new table, in bulk: rows and geometry blobs in one pass, one transaction."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from ..text import tr, trn
from ..twin.model import Item
from . import books, rtree, sql, tables
from .bulk import GeometryEncoder, columnar
from .columns import GEOMETRY
from .source import Source, save

_ROWS = 100  # in one statement: 1,000 are no faster
_VALUES = 32_766 if sqlite3.sqlite_version_info >= (3, 32) else 999  # that SQLite takes in one statement
NO_ID = "urn:x-citytwin:no-id:"  # stands for the id that the twin did not give; such a row is never published


class LayerWriter:
    """Fills the empty table of ``source``; `finish` puts index, tracking and books in place.

    The connection is on a file that nobody else sees yet: durability comes from the rename at the end.
    """

    def __init__(self, connection: sqlite3.Connection, source: Source) -> None:
        self.source = source
        self.count = 0
        self._connection = connection
        self._triggers = tables.foreign_triggers(connection, source.table)
        for name in self._triggers:
            connection.execute(sql.drop_trigger(name))
        self._columns = [*([GEOMETRY] if source.has_geometry else []), *(column.name for column in source.columns)]
        self._rows = max(1, min(_ROWS, _VALUES // (len(self._columns) + 3)))
        self._inserts: dict[int, str] = {}
        self._read = columnar(source.columns)
        self._known = {column.property for column in source.columns}
        self._unknown: set[str] = set()
        self._misfits: Counter[str] = Counter()
        self._examples: dict[str, str] = {}
        self._kinds: Counter[str] = Counter()
        self._heights = False
        self._no_id = 0
        self._placed = 0  # in a table that has no place for geometries
        self._cells = rtree.Cells()
        self._multi = source.geometry_type.startswith("Multi")
        self._encoder = GeometryEncoder(
            source.srid, swap=source.swap, multi=self._multi, z=True if source.has_z else None
        )
        connection.execute("BEGIN")

    def write(self, items: Sequence[Item]) -> None:
        """Append items, in the order in which they come."""
        for start in range(0, len(items), self._rows):
            self._write(items[start : start + self._rows])

    def _write(self, items: Sequence[Item]) -> None:
        first = self.count + 1
        properties = [item.properties for item in items]
        columns, misfits = self._read(properties)
        for misfit in misfits:
            self._misfit(misfit.column.property, misfit.words)
        self._unknown |= set().union(*properties) - self._known
        ids = [item.id if item.id is not None else self._nameless() for item in items]
        tokens = [item.token for item in items]
        if self.source.has_geometry:
            blobs = [self._blobs(first, items)]
        else:
            blobs = []
            self._placed += sum(item.shape is not None for item in items)
        rows = zip(range(first, first + len(items)), *blobs, *columns, ids, tokens)
        self._connection.execute(self._statement(len(items)), list(chain.from_iterable(rows)))
        self.count += len(items)

    def _statement(self, rows: int) -> str:
        """One statement for many rows: SQLite then works on all of them without Python's lock."""
        if rows not in self._inserts:
            self._inserts[rows] = sql.insert_rows(self.source.table, self._columns, rows)
        return self._inserts[rows]

    def _nameless(self) -> str:
        self._no_id += 1
        return f"{NO_ID}{self._no_id}"

    def _misfit(self, name: str, words: str) -> None:
        self._misfits[name] += 1
        self._examples.setdefault(name, words)

    def _blobs(self, first: int, items: Sequence[Item]) -> Sequence[bytes | None]:
        encoded = self._encoder.encode([item.shape for item in items])
        for words in encoded.bad.values():
            self._misfit(GEOMETRY, words)
        self._kinds.update([item.geometry_type for item, blob in zip(items, encoded.blobs) if blob is not None])
        self._heights = self._heights or (encoded.heights and not self.source.has_z)
        self._cells.add([first + position for position in encoded.placed], encoded.boxes)
        return encoded.blobs

    def finish(self) -> tuple[Source, list[str]]:
        """Indexes, tracking, metadata; commits. Returns the source as it became and what the user should know."""
        connection, source, table = self._connection, self.source, self.source.table
        problems = self._problems()
        tables.create_tracking(connection, table, source.tracked)
        repeated = [row[0] for row in connection.execute(sql.repeated_fids(table))]
        if repeated:
            connection.execute(books.TRACKING, (0,))
            connection.executemany(sql.delete_row(table), ((fid,) for fid in repeated))
            connection.execute(books.TRACKING, (1,))
            self._cells.drop(repeated)
            self.count -= len(repeated)
            problems.append(
                trn(
                    "{n} feature came with an id that was there already; only the first of each is kept.",
                    "{n} features came with an id that was there already; only the first of each is kept.",
                    len(repeated),
                )
            )
        if source.has_geometry:
            source = self._settle_geometry(source)
            self._cells.pack(connection, table, GEOMETRY)
        for statement in self._triggers.values():
            connection.execute(statement)
        connection.execute(sql.SET_CONTENTS, (*(self._cells.extent or (None,) * 4), table))
        connection.execute(sql.SET_COUNT, (self.count, table))
        source = replace(source, feature_count=self.count, served_types=tuple(sorted(self._kinds)))
        save(connection, source)
        connection.execute("COMMIT")
        return source, problems

    def _settle_geometry(self, source: Source) -> Source:
        """Tell the file the truth where other geometries came than the table was made for."""
        wanted = source.geometry_type
        fits = {wanted, wanted[5:]} if self._multi else {wanted}
        if wanted and not set(self._kinds) <= fits:
            source = replace(source, geometry_type="")
            tables.any_geometry(self._connection, source.table)
        if self._heights:
            self._connection.execute(sql.SET_OPTIONAL_Z, (source.table,))
        return source

    def _problems(self) -> list[str]:
        problems = []
        for name, count in sorted(self._misfits.items()):
            problems.append(
                tr(
                    "{name}: {n} values do not fit the twin's own schema and are shown as empty ({example}).",
                    name=tr("Geometry") if name == GEOMETRY else name,
                    n=count,
                    example=self._examples[name],
                )
            )
        if self._placed:
            problems.append(
                trn(
                    "{n} feature has a geometry, although neither the twin's schema nor its first features had any: it "
                    "was left out.",
                    "{n} features have geometries, although neither the twin's schema nor its first features had any: "
                    "they were left out.",
                    self._placed,
                )
            )
        if self._unknown:
            problems.append(
                tr(
                    "The twin sends properties that its schema does not name; they were left out: {names}.",
                    names=", ".join(sorted(self._unknown)[:10]),
                )
            )
        if self.source.geometry_type and len({kind.replace("Multi", "") for kind in self._kinds}) > 1:
            problems.append(
                tr(
                    "Geometry types are mixed: {types}. Each becomes a layer of its own.",
                    types=", ".join(sorted(self._kinds)),
                )
            )
        return problems
