"""One collection's features into one new table, in bulk: rows and geometry blobs in one pass, one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any

from ..text import tr, trn
from ..twin.model import Item
from . import books, rtree, sql, tables
from .columns import GEOMETRY
from .rows import Layout, RowMaker, Rows
from .source import Source, save

_ROWS = 100  # in one statement: 1,000 are no faster
_VALUES = 32_766 if sqlite3.sqlite_version_info >= (3, 32) else 999  # that SQLite takes in one statement
NO_ID = "urn:x-citytwin:no-id:"  # stands for the id that the twin did not give; such a row is never published


def layout(source: Source) -> Layout:
    """What has to be known of a source to make rows of its items."""
    return Layout(source.columns, source.srid, source.swap, source.has_z, source.geometry_type)


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
        self._maker = RowMaker(layout(source))
        self._told = Rows()
        self._no_id = 0
        self._cells = rtree.Cells()
        connection.execute("BEGIN")

    def write(self, items: Sequence[Item]) -> None:
        """Append items, in the order in which they come."""
        if items:
            self.put(self._maker.make(items))

    def put(self, rows: Rows) -> None:
        """Append rows."""
        first = self.count + 1
        self._told.tell(rows)
        self._cells.add([first + position for position in rows.placed], rows.boxes)
        ids = [one if one is not None else self._nameless() for one in rows.ids] if None in rows.ids else rows.ids
        self._insert(zip(range(first, first + rows.count), *rows.tracked, ids, rows.tokens), rows.count)

    def _insert(self, rows: Iterable[tuple[Any, ...]], count: int) -> None:
        """One statement for many rows: SQLite then works on all of them without Python's lock."""
        values = chain.from_iterable(rows)
        width = len(self._columns) + 3
        for start in range(0, count, self._rows):
            some = min(self._rows, count - start)
            if some not in self._inserts:
                self._inserts[some] = sql.insert_rows(self.source.table, self._columns, some)
            self._connection.execute(self._inserts[some], list(islice(values, some * width)))
        self.count += count

    def _nameless(self) -> str:
        self._no_id += 1
        return f"{NO_ID}{self._no_id}"

    def _misfit(self, name: str, words: str) -> None:
        self._told.misfits[name] += 1
        self._told.examples.setdefault(name, words)

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
        source = replace(source, feature_count=self.count, served_types=tuple(sorted(self._told.kinds)))
        save(connection, source)
        connection.execute("COMMIT")
        return source, problems

    def _settle_geometry(self, source: Source) -> Source:
        """Tell the file the truth where other geometries came than the table was made for."""
        wanted = source.geometry_type
        fits = {wanted, wanted[5:]} if wanted.startswith("Multi") else {wanted}
        if wanted and not set(self._told.kinds) <= fits:
            source = replace(source, geometry_type="")
            tables.any_geometry(self._connection, source.table)
        if self._told.heights:
            self._connection.execute(sql.SET_OPTIONAL_Z, (source.table,))
        return source

    def _problems(self) -> list[str]:
        problems = []
        for name, count in sorted(self._told.misfits.items()):
            problems.append(
                tr(
                    "{name}: {n} values do not fit the twin's own schema and are shown as empty ({example}).",
                    name=tr("Geometry") if name == GEOMETRY else name,
                    n=count,
                    example=self._told.examples[name],
                )
            )
        if self._told.homeless:
            problems.append(
                trn(
                    "{n} feature has a geometry, although neither the twin's schema nor its first features had any: it "
                    "was left out.",
                    "{n} features have geometries, although neither the twin's schema nor its first features had any: "
                    "they were left out.",
                    self._told.homeless,
                )
            )
        if self._told.unknown:
            problems.append(
                tr(
                    "The twin sends properties that its schema does not name; they were left out: {names}.",
                    names=", ".join(sorted(self._told.unknown)[:10]),
                )
            )
        if self.source.geometry_type and len({kind.replace("Multi", "") for kind in self._told.kinds}) > 1:
            problems.append(
                tr(
                    "Geometry types are mixed: {types}. Each becomes a layer of its own.",
                    types=", ".join(sorted(self._told.kinds)),
                )
            )
        return problems
