"""A GeoPackage as a snapshot: SQLite copies the rows from file to file, and a second thread looks where they lie.

A row that is not as our own would be (another header, a value of another type) takes the slow way, by JSON. The file is
opened read-only and only its one table of features is read: nothing in it is run.

Source: OGC 12-128r18 (GeoPackage 1.3), clauses 2.1.2 to 2.1.6.
"""

from __future__ import annotations

import sqlite3
import struct
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from ..twin.items import is_text
from . import sql
from .columns import GEOMETRY, KEY
from .geometry import NAMES, BadGeometry, decode, encode
from .snapshot_fgb import FileColumn
from .snapshot_flatbuffers import BadSnapshot
from .snapshot_wkb import Blobs
from .snapshot_writer import SnapshotWriter, json_value
from .source import Source

_HEAD = 45  # bytes of a blob's header with its envelope, and of its geometry's own head
_RECORD = np.dtype(
    [("magic", "S2"), ("flags", "<u2"), ("srid", "<i4"), ("box", "<f8", (4,)), ("order", "u1"), ("code", "<u4")]
)  # flags: version 0, then little endian with an envelope of x and y
_SLICE = 10_000  # rows between two looks at the cancel button
_SLICES = 10_000
_ENDS = ("SELECT min({key}) FROM snapshot.{table}", "SELECT max({key}) FROM snapshot.{table}")
_BATCH = 2_000
Tell = Callable[[int], None]  # rows so far; raises `Cancelled`


@dataclass(frozen=True)
class _Layout:
    table: str
    key: str
    geometry: str | None
    names: tuple[str, ...]
    crs: tuple[str, int] | None


class GeoPackage:
    """A GeoPackage of one layer of features. Raises `BadSnapshot`, sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        self._uri = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
        self._db = sqlite3.connect(self._uri, uri=True, check_same_thread=False)
        try:
            self._layout = self._look()
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        self._db.close()

    @property
    def crs(self) -> tuple[str, int] | None:
        return self._layout.crs

    @property
    def columns(self) -> tuple[FileColumn, ...]:
        return tuple(FileColumn(name, "any") for name in self._layout.names)

    def is_sound(self) -> bool:
        """Whether SQLite can read all of the table; for telling whose fault an error was."""
        try:
            for _ in self._db.execute(sql.fill("SELECT * FROM {table}", table=self._layout.table)):
                continue
            return bool(self._db.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
        except sqlite3.Error:
            return False

    def _look(self) -> _Layout:
        layers = self._db.execute(_LAYERS).fetchall()
        if len(layers) != 1:
            raise BadSnapshot(f"{len(layers)} layers in place of one")
        table, geometry, organisation, code = layers[0]
        info = self._db.execute(_INFO, (table,)).fetchall()
        keys = [name for name, kind, place in info if place == 1 and str(kind).upper() == "INTEGER"]
        if len(keys) != 1 or self._db.execute(sql.HAS_TABLE, (table,)).fetchone() is None:
            raise BadSnapshot("a layer that is no table with a key")
        names = [name for name, _, _ in info if name not in (keys[0], geometry)]
        crs = (str(organisation), int(code)) if isinstance(code, int) else None
        return _Layout(table, keys[0], geometry, tuple(names), crs)

    def fill(
        self, connection: sqlite3.Connection, writer: Callable[[], SnapshotWriter], key: str, token: str | None,
        named: Sequence[str], tell: Tell,
    ) -> SnapshotWriter:  # fmt: skip
        """Copy everything. ``connection`` is in no transaction, ``writer`` begins one on it; ``key`` and ``token`` are
        the columns of an item's id and token, ``named`` those of the source's columns. Raises what ``tell`` raises."""
        connection.execute("ATTACH ? AS snapshot", (self._uri,))
        into = writer()
        stop = threading.Event()
        with ThreadPoolExecutor(1, thread_name_prefix="citytwin-boxes") as pool:
            texts = [name for name, column in zip(named, into.source.columns) if column.type not in _NUMBERS]
            looking = pool.submit(self._heads, into, [key, *([token] if token else []), *texts], stop)
            try:
                self._copy(connection, into, key, token, named, tell)
                if into.count < looking.result():
                    self._slowly(connection, into, key, token, named)
            finally:
                stop.set()
        return into

    def _copy(
        self, connection: sqlite3.Connection, into: SnapshotWriter, key: str, token: str | None, named: Sequence[str],
        tell: Tell,
    ) -> None:  # fmt: skip
        source, layout = into.source, self._layout
        ends = (sql.fill(end, key=layout.key, table=layout.table) for end in _ENDS)
        low, high = (connection.execute(end).fetchone()[0] for end in ends)
        if low is None:
            return
        if low < 1:
            raise BadSnapshot("keys below 1")
        statement = self._statement(source, key, token, named)
        step = max(_SLICE, (high - low + 1) // _SLICES)  # there may be large gaps between keys
        for start in range(low, high + 1, step):
            into.count += connection.execute(statement, (start, start + step - 1)).rowcount
            tell(into.count)

    def _statement(self, source: Source, key: str, token: str | None, named: Sequence[str]) -> str:
        layout = self._layout
        targets = [KEY, *([GEOMETRY] if source.has_geometry else []), *(c.name for c in source.columns)]
        origins = [layout.key, *([layout.geometry or ""] if source.has_geometry else []), *named]
        return sql.fill(
            "INSERT INTO main.{into} ({targets}, twin_id, twin_version) SELECT {origins}, CAST({key} AS TEXT), {token} "
            "FROM snapshot.{table} WHERE {row} BETWEEN ? AND ? AND {plain} ORDER BY {row}",
            into=source.table,
            table=layout.table,
            targets=targets,
            origins=origins,
            key=key,
            token=sql.fill("{name}", name=token) if token else sql.Fragment("NULL"),
            row=layout.key,
            plain=self._plain(source, key, token, named),
        )

    def _plain(self, source: Source, key: str, token: str | None, named: Sequence[str]) -> sql.Fragment:
        """Which rows can be copied as they are."""
        tests = [sql.fill("(typeof({c}) = 'integer' OR (typeof({c}) = 'text' AND {c} <> ''))", c=key)]
        if token:
            tests.append(sql.fill(_VERSION, c=token))
        if source.has_geometry:
            tests.append(_geometry_test(source, self._layout.geometry or ""))
        tests += [sql.fill(_PLAIN.get(c.type, _JSON), c=name) for c, name in zip(source.columns, named)]
        return sql.Fragment(" AND ".join(tests))

    def _slowly(
        self, connection: sqlite3.Connection, into: SnapshotWriter, key: str, token: str | None, named: Sequence[str]
    ) -> None:
        """Write the other rows one by one."""
        source, layout = into.source, self._layout
        plain = self._plain(source, key, token, named)
        names = [layout.key, *([layout.geometry or ""] if source.has_geometry else []), *named, key]
        select = sql.fill(
            "SELECT {names}, {token} FROM snapshot.{table} WHERE NOT ({plain}) ORDER BY {row}",
            names=names,
            token=sql.fill("{name}", name=token) if token else sql.Fragment("NULL"),
            table=layout.table,
            plain=plain,
            row=layout.key,
        )
        others = sql.fill(
            "SELECT {row} FROM snapshot.{table} WHERE NOT ({plain})", table=layout.table, plain=plain, row=layout.key
        )
        into.forget([row[0] for row in connection.execute(others)])
        cursor = connection.execute(select)
        first = 2 if source.has_geometry else 1
        while rows := cursor.fetchmany(_BATCH):
            fids = [row[0] for row in rows]
            values = [
                [json_value(row[first + i], "text", column.type) for row in rows]
                for i, column in enumerate(source.columns)
            ]
            blobs = _encoded([row[1] for row in rows], source) if source.has_geometry else None
            into.rows(fids, values, [row[-2] for row in rows], [row[-1] for row in rows], blobs)

    def _heads(self, into: SnapshotWriter, texts: Sequence[str], stop: threading.Event) -> int:
        """Tell the writer keys and boxes of the geometries that are as ours, and look at all texts, in a thread of its
        own: the writer is nobody else's while SQLite copies. How many rows there are."""
        layout, source, total = self._layout, into.source, 0
        head = sql.fill("substr({g}, 1, 45)", g=layout.geometry) if source.has_geometry and layout.geometry else "NULL"
        select = sql.fill(
            "SELECT {key}, {head}, {texts} FROM {table} ORDER BY {key}",
            key=layout.key,
            head=sql.Fragment(head),
            texts=texts,
            table=layout.table,
        )
        good = np.array(sorted(_codes_of(source)))
        cursor = self._db.execute(select)
        while rows := cursor.fetchmany(_BATCH):
            if stop.is_set():
                break
            total += len(rows)
            keys, heads, *columns = zip(*rows)
            for values in columns:
                if not is_text("".join(value for value in values if isinstance(value, str))):
                    raise BadSnapshot("a text that cannot be stored")
            if not source.has_geometry:
                continue
            here = [i for i, blob in enumerate(heads) if type(blob) is bytes and len(blob) == _HEAD]
            if here:
                record = np.frombuffer(b"".join([heads[i] for i in here]), dtype=_RECORD)
                _place(into, np.array([keys[i] for i in here]), record, good)
        return total


def _place(into: SnapshotWriter, keys: Any, record: npt.NDArray[np.void], good: npt.NDArray[np.int64]) -> None:
    """Hand over where the rows lie that stay as they are."""
    fits = (record["magic"] == b"GP") & (record["flags"] == 0x0300) & (record["srid"] == into.source.srid)
    fits &= (record["order"] == 1) & np.isin(record["code"], good)
    boxes = np.ascontiguousarray(record["box"][fits][:, [0, 2, 1, 3]])
    if not np.isfinite(boxes).all() or (boxes[:, :2] > boxes[:, 2:]).any():
        raise BadSnapshot("an envelope that is none")
    codes = record["code"][fits].astype(np.int64)
    found = Blobs(boxes=boxes, heights=bool((codes > 1000).any()))
    found.kinds.update(NAMES[code] for code in np.unique(codes % 1000).tolist())
    into.placed(keys[fits], found)


def _codes_of(source: Source) -> set[int]:
    """The WKB codes of geometries that can stay as they are."""
    plain = set(NAMES)
    if source.geometry_type.startswith("Multi"):
        plain -= {1, 2, 3}  # single parts become several
    deep = {code + 1000 for code in plain}
    return deep if source.has_z else plain | deep


def _geometry_test(source: Source, column: str) -> sql.Fragment:
    heads = ", ".join(f"x'01{struct.pack('<I', code).hex()}'" for code in sorted(_codes_of(source)))
    front = struct.pack("<2sBBi", b"GP", 0, 3, source.srid).hex()
    return sql.fill(_GEOMETRY, c=column, front=sql.Fragment(f"x'{front}'"), heads=sql.Fragment(heads))


def _encoded(blobs: Sequence[Any], source: Source) -> Blobs:
    """Geometries of any GeoPackage as our own blobs."""
    out = Blobs.nothing(len(blobs))
    placed, boxes = [], []
    for place, blob in enumerate(blobs):
        if blob is None:
            continue
        try:
            geometry = decode(blob)
            made, box = encode(
                geometry, source.srid, multi=source.geometry_type.startswith("Multi"), z=True if source.has_z else None
            )
        except (BadGeometry, TypeError) as error:
            raise BadSnapshot(f"a geometry that cannot be read: {error}") from error
        out.blobs[place] = made
        out.kinds[str(geometry["type"]) if geometry else ""] += 1
        if made is not None and made[(40 if box is not None else 8) + 2] >= 3:
            out.heights = True  # the second byte of a little-endian WKB code of 1000 or more
        if box is not None:
            placed.append(place)
            boxes.append(box)
    out.placed = np.array(placed, dtype=np.int64)
    out.boxes = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    return out


_NUMBERS = ("integer", "number", "boolean")
_LAYERS = (
    "SELECT c.table_name, g.column_name, s.organization, s.organization_coordsys_id FROM gpkg_contents c "
    "LEFT JOIN gpkg_geometry_columns g ON g.table_name = c.table_name "
    "LEFT JOIN gpkg_spatial_ref_sys s ON s.srs_id = g.srs_id WHERE c.data_type IN ('features', 'attributes')"
)
_INFO = "SELECT name, type, pk FROM pragma_table_info(?) ORDER BY cid"
_GEOMETRY = (
    "({c} IS NULL OR (typeof({c}) = 'blob' AND length({c}) > 45 AND substr({c}, 1, 8) = {front} "
    "AND substr({c}, 41, 5) IN ({heads})))"
)
_VERSION = (
    "({c} IS NULL OR (typeof({c}) = 'text' AND {c} GLOB '\"?*\"' AND NOT {c} GLOB '*[-;:]gzip\"' "
    "AND NOT {c} GLOB '*[-;:]br\"' AND NOT {c} GLOB '*[-;:]deflate\"' AND NOT {c} GLOB '*[-;:]df\"' "
    "AND NOT {c} GLOB '*[-;:]zstd\"'))"
)
_PLAIN = {
    "string": "typeof({c}) IN ('text', 'null')",
    "integer": "typeof({c}) IN ('integer', 'null')",
    "number": "({c} IS NULL OR (typeof({c}) IN ('integer', 'real') AND abs({c}) < 9e999))",
    "boolean": "({c} IS NULL OR (typeof({c}) = 'integer' AND {c} IN (0, 1)))",
    "date": "({c} IS NULL OR (typeof({c}) = 'text' AND date({c}) IS {c}))",
    "date-time": "({c} IS NULL OR (typeof({c}) = 'text' AND strftime('%Y-%m-%dT%H:%M:%fZ', {c}) IS {c}))",
}
_JSON = "{c} IS NULL"  # objects and lists are read and written anew
