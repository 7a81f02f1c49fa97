"""One collection's features into one new table, in bulk: rows and geometry blobs in one pass, one transaction."""

from __future__ import annotations

import sqlite3
from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from ..text import tr, trn
from ..twin.model import Item
from . import books, rtree, sql, tables
from .columns import GEOMETRY, reader_of
from .geometry import BadGeometry, encode
from .source import Source, save

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
        names = [*([GEOMETRY] if source.has_geometry else []), *(column.name for column in source.columns)]
        self._insert = sql.insert_row(source.table, names, with_fid=True)
        self._read = reader_of(source.columns)
        self._known = {column.property for column in source.columns}
        self._unknown: set[str] = set()
        self._misfits: Counter[str] = Counter()
        self._examples: dict[str, str] = {}
        self._kinds: Counter[str] = Counter()
        self._heights = False
        self._no_id = 0
        self._ids = array("q")
        self._boxes = array("d")
        self._multi = source.geometry_type.startswith("Multi")
        connection.execute("BEGIN")

    def write(self, items: Iterable[Item]) -> None:
        """Append items, in the order in which they come."""
        rows = []
        fid = self.count
        for item in items:
            fid += 1
            values, misfits = self._read(item.properties)
            for column, words in misfits:
                self._misfits[column.property] += 1
                self._examples.setdefault(column.property, words)
            if not item.properties.keys() <= self._known:
                self._unknown.update(item.properties.keys() - self._known)
            twin_id = item.id
            if twin_id is None:
                self._no_id += 1
                twin_id = f"{NO_ID}{self._no_id}"
            if self.source.has_geometry:
                rows.append((fid, self._blob(fid, item), *values, twin_id, item.token))
            else:
                rows.append((fid, *values, twin_id, item.token))
        self._connection.executemany(self._insert, rows)
        self.count = fid

    def _blob(self, fid: int, item: Item) -> bytes | None:
        geometry = item.geometry
        if geometry is None:
            return None
        try:
            blob, box = encode(
                geometry,
                self.source.srid,
                swap=self.source.swap,
                multi=self._multi,
                z=True if self.source.has_z else None,
            )
        except BadGeometry as error:
            self._misfits[GEOMETRY] += 1
            self._examples.setdefault(GEOMETRY, str(error))
            return None
        self._kinds[str(geometry["type"])] += 1
        if blob is not None and not self._heights and not self.source.has_z:
            at = 40 if box is not None else 8
            self._heights = blob[at + 2] >= 3  # the second byte of a little-endian WKB code of 1000 or more
        if box is not None:
            self._ids.append(fid)
            self._boxes.extend(box)
        return blob

    def finish(self) -> tuple[Source, list[str]]:
        """Indexes, tracking, metadata; commits. Returns the source as it became and what the user should know."""
        connection, source, table = self._connection, self.source, self.source.table
        problems = self._problems()
        ids = np.frombuffer(self._ids, dtype=np.int64)
        boxes = np.frombuffer(self._boxes, dtype=np.float64).reshape(-1, 4)
        tables.create_tracking(connection, table, source.tracked)
        repeated = [row[0] for row in connection.execute(sql.repeated_fids(table))]
        if repeated:
            connection.execute(books.TRACKING, (0,))
            connection.executemany(sql.delete_row(table), ((fid,) for fid in repeated))
            connection.execute(books.TRACKING, (1,))
            keep = ~np.isin(ids, np.array(repeated, dtype=np.int64))
            ids, boxes = ids[keep], boxes[keep]
            self.count -= len(repeated)
            problems.append(
                trn(
                    "{n} feature came twice with the same id: the first was kept.",
                    "{n} features came twice with the same id: the first of each was kept.",
                    len(repeated),
                )
            )
        if source.has_geometry:
            source = self._settle_geometry(source)
            rtree.pack(connection, table, GEOMETRY, ids, boxes)
        for statement in self._triggers.values():
            connection.execute(statement)
        whole = (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0)) if len(boxes) else (None,) * 4
        connection.execute(sql.SET_CONTENTS, (*(None if v is None else float(v) for v in whole), table))
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
