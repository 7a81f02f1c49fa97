"""FlatGeobuf, many features at a time: each handful as columns of values and finished GeoPackage blobs.

A feature is a flatbuffer: a table whose fields are found by offsets. NumPy follows the same offset of thousands of
features in one go, and coordinates travel from file to blob without becoming Python numbers. Nothing is trusted: every
place is checked against the handful's bytes before it is read.

Source: https://github.com/flatgeobuf/flatgeobuf/tree/master/src/fbs (version 3), flatbuffers' internals.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from .snapshot_wkb import BadShape, Blobs, Shapes, blobs_of

MAGIC = b"fgb\x03fgb"
_BATCH_BYTES = 1 << 21  # of the file at a time: stays in the processor's cache, and memory flat
_LARGEST = 1 << 30  # bytes of one feature
_NODE = 40  # bytes of a node of its index

Ints = npt.NDArray[np.int64]
Raw = npt.NDArray[Any]

# type code → (word, NumPy's name; "" for what has a length)
_KINDS = {
    0: ("integer", "<i1"),
    1: ("integer", "<u1"),
    2: ("boolean", "<u1"),
    3: ("integer", "<i2"),
    4: ("integer", "<u2"),
    5: ("integer", "<i4"),
    6: ("integer", "<u4"),
    7: ("integer", "<i8"),
    8: ("integer", "<u8"),
    9: ("single", "<f4"),
    10: ("number", "<f8"),
    11: ("text", ""),
    12: ("json", ""),
    13: ("moment", ""),
    14: ("binary", ""),
}


class BadSnapshot(ValueError):
    """The file is not what it should be; the text says what, for the log."""


@dataclass(frozen=True)
class FileColumn:
    """A column of the file. ``kind``: integer, boolean, single, number, text, json, moment or binary."""

    name: str
    kind: str
    numpy: str = ""


@dataclass(frozen=True)
class Header:
    """What the file says of itself. ``count`` 0: it does not say; ``geometry`` is WKB's number, 0 for any."""

    columns: tuple[FileColumn, ...]
    geometry: int
    has_z: bool
    count: int
    crs: tuple[str, int] | None  # organisation, code
    index_bytes: int = 0


@dataclass
class Batch:
    """Some features, column by column; ``values`` in the order of the header's columns, None where there is none."""

    count: int
    values: list[list[Any]]
    geometry: Blobs = field(default_factory=Blobs)


class FlatGeobuf:
    """A FlatGeobuf file that is open. Raises `BadSnapshot` for whatever it cannot read, OSError."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("rb")
        try:
            self.header, self._at = _header(self._stream, path.stat().st_size)
        except (struct.error, IndexError, UnicodeDecodeError) as error:
            self.close()
            raise BadSnapshot(f"a header that cannot be read: {error}") from error
        except BadSnapshot:
            self.close()
            raise

    def __enter__(self) -> FlatGeobuf:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._stream.close()

    @property
    def columns(self) -> tuple[FileColumn, ...]:
        return self.header.columns

    @property
    def crs(self) -> tuple[str, int] | None:
        """Organisation and code."""
        return self.header.crs

    def batches(self, srid: int, *, multi: bool, z: bool | None, geometry: bool = True) -> Iterator[Batch]:
        """Every feature in the file's order, its geometry as `geometry.encode` would write it."""
        for content, starts in self._handfuls():
            bytes_ = _Bytes(content)
            tables = starts + bytes_.u32(starts)
            values = _properties(bytes_, tables, self.header.columns)
            batch = Batch(len(starts), values, Blobs.nothing(len(starts)))
            if geometry:
                shapes = _shapes(bytes_, tables, self.header.geometry)
                try:
                    batch.geometry = blobs_of(content, shapes, len(starts), srid, multi=multi, z=z)
                except BadShape as error:
                    raise BadSnapshot(str(error)) from error
            yield batch

    def _handfuls(self) -> Iterator[tuple[bytes, Ints]]:
        """Pieces of the file and where each of their features starts in them."""
        self._stream.seek(self._at)
        size_of = struct.Struct("<I").unpack_from
        content, least = b"", 0
        while more := self._stream.read(max(_BATCH_BYTES, least - len(content))):
            content += more
            starts: list[int] = []
            at, end = 0, len(content)
            while at + 4 <= end:
                (size,) = size_of(content, at)
                if size < 8 or size > _LARGEST:
                    raise BadSnapshot("a feature's size is wrong")
                least = 4 + size
                if at + least > end:
                    break
                starts.append(at + 4)
                at += least
            if starts:
                yield content[:at], np.array(starts, dtype=np.int64)
            content = content[at:]
        if content:
            raise BadSnapshot("the file is cut off")


class _Bytes:
    """Numbers at any places of some bytes, all of a kind at once. Raises `BadSnapshot` for places outside."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.length = len(content)
        self._views: dict[str, Raw] = {}

    def read(self, kind: str, places: Ints) -> Raw:
        width = int(kind[2:])
        if len(places) == 0:
            return np.empty(0, dtype=kind)
        if places.min() < 0 or places.max() + width > self.length:
            raise BadSnapshot("an offset leads out of a feature")
        view = self._views.get(kind)
        if view is None:
            # overlapping numbers, one at every byte: places need not be aligned
            view = np.ndarray(self.length - width + 1, dtype=kind, buffer=self.content, strides=(1,))
            self._views[kind] = view
        return view[places]

    def u32(self, places: Ints) -> Ints:
        return self.read("<u4", places).astype(np.int64)

    def field(self, tables: Ints, number: int) -> Ints:
        """Where a table's field lies; 0 for tables that do not have it."""
        layout = tables - self.read("<i4", tables)
        place = 4 + 2 * number
        has = self.read("<u2", layout) >= place + 2
        out = np.zeros(len(tables), dtype=np.int64)
        if has.any():
            offset = self.read("<u2", layout[has] + place).astype(np.int64)
            out[has] = np.where(offset > 0, tables[has] + offset, 0)
        return out

    def vector(self, tables: Ints, number: int, width: int) -> tuple[Ints, Ints]:
        """Where a table's list begins, and how many entries of ``width`` bytes it has (0 where there is none)."""
        place = self.field(tables, number)
        data, count = np.zeros_like(place), np.zeros_like(place)
        has = place > 0
        if has.any():
            list_ = place[has] + self.u32(place[has])
            count[has] = self.u32(list_)
            data[has] = list_ + 4
            if (data + count * width).max() > self.length:
                raise BadSnapshot("a list is longer than the file")
        return data, count


def _header(stream: BinaryIO, length: int) -> tuple[Header, int]:
    front = stream.read(12)
    if front[:7] != MAGIC:
        raise BadSnapshot("no FlatGeobuf of version 3")
    (size,) = struct.unpack_from("<I", front, 8)
    if size < 8 or 12 + size > length:
        raise BadSnapshot("a header that is cut off")
    read = _One(stream.read(size))
    table = read.root()
    columns = []
    for one in read.tables(table, 7):
        kind, numpy = _KINDS.get(read.number(one, 1, "<B", 0), ("", ""))
        if not kind:
            raise BadSnapshot("a column of an unknown type")
        columns.append(FileColumn(read.text(one, 0), kind, numpy))
    crs_table = read.table(table, 10)
    crs = None
    if crs_table:
        crs = (read.text(crs_table, 0) or "EPSG", read.number(crs_table, 1, "<i", 0))
    count = read.number(table, 8, "<Q", 0)
    node_size = read.number(table, 9, "<H", 16)
    index = _index_bytes(count, node_size)
    if 12 + size + index > length:
        raise BadSnapshot("an index that is cut off")
    header = Header(
        tuple(columns), read.number(table, 2, "<B", 0), bool(read.number(table, 3, "<B", 0)), count, crs, index
    )
    return header, 12 + size + index


def _index_bytes(count: int, node_size: int) -> int:
    """The size of the packed Hilbert R-tree between header and features, which is skipped: it is not ours to trust."""
    if count == 0 or node_size < 2:
        return 0
    level, nodes = count, count
    while level > 1:
        level = -(-level // node_size)
        nodes += level
    return nodes * _NODE


class _One:
    """One flatbuffer, read field by field."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def root(self) -> int:
        return int(struct.unpack_from("<I", self._content, 0)[0])

    def _field(self, table: int, number: int) -> int:
        layout = table - struct.unpack_from("<i", self._content, table)[0]
        place = 4 + 2 * number
        if layout < 0 or struct.unpack_from("<H", self._content, layout)[0] < place + 2:
            return 0
        offset = struct.unpack_from("<H", self._content, layout + place)[0]
        return table + offset if offset else 0

    def number(self, table: int, number: int, kind: str, default: int) -> int:
        place = self._field(table, number)
        return int(struct.unpack_from(kind, self._content, place)[0]) if place else default

    def table(self, table: int, number: int) -> int:
        place = self._field(table, number)
        return place + struct.unpack_from("<I", self._content, place)[0] if place else 0

    def text(self, table: int, number: int) -> str:
        place = self.table(table, number)
        if not place:
            return ""
        (length,) = struct.unpack_from("<I", self._content, place)
        return self._content[place + 4 : place + 4 + length].decode("utf-8")

    def tables(self, table: int, number: int) -> list[int]:
        place = self.table(table, number)
        if not place:
            return []
        (count,) = struct.unpack_from("<I", self._content, place)
        places = struct.unpack_from(f"<{count}I", self._content, place + 4)
        return [place + 4 + 4 * i + offset for i, offset in enumerate(places)]


# -- properties ------------------------------------------------------------------------------------------------------


def _properties(read: _Bytes, tables: Ints, columns: Sequence[FileColumn]) -> list[list[Any]]:
    """Each column's values: they stand one after the other behind their column's number, nulls left out."""
    begin, length = read.vector(tables, 1, 1)
    end = begin + length
    numbers: dict[int, Raw] = {}
    spans: dict[int, tuple[Ints, Ints]] = {}
    has = [np.zeros(len(tables), dtype=bool) for _ in columns]
    at = begin.copy()
    rows = np.flatnonzero(at < end)
    while len(rows):
        which = read.read("<u2", at[rows])
        for number in np.unique(which).tolist():
            if number >= len(columns):
                raise BadSnapshot("a value of a column that is not there")
            here = rows[which == number] if len(rows) else rows
            place = at[here] + 2
            has[number][here] = True
            kind = columns[number].numpy
            if kind:
                values = numbers.setdefault(number, np.zeros(len(tables), dtype=kind))
                values[here] = read.read(kind, place)
                at[here] = place + int(kind[2:])
            else:
                starts, stops = spans.setdefault(number, (np.zeros_like(at), np.zeros_like(at)))
                starts[here] = place + 4
                stops[here] = place + 4 + read.u32(place)
                at[here] = stops[here]
        if (at[rows] > end[rows]).any():
            raise BadSnapshot("a value reaches beyond its feature")
        rows = rows[at[rows] < end[rows]]
    out: list[list[Any]] = []
    for number, column in enumerate(columns):
        if column.numpy:
            out.append(_numbers(column, numbers.get(number), has[number]))
        else:
            out.append(_texts(read.content, column, spans.get(number), has[number]))
    return out


def _numbers(column: FileColumn, values: Raw | None, has: npt.NDArray[np.bool_]) -> list[Any]:
    if values is None:
        return [None] * len(has)
    if column.kind == "boolean":
        values = values != 0
    found: list[Any] = values.tolist()
    if column.kind == "single":
        found = [float(str(value)) for value in values]  # 5.8 is 5.8, not 5.800000190734863
    if not has.all():
        for i in np.flatnonzero(~has).tolist():
            found[i] = None
    return found


def _texts(
    content: bytes, column: FileColumn, spans: tuple[Ints, Ints] | None, has: npt.NDArray[np.bool_]
) -> list[Any]:
    if spans is None:
        return [None] * len(has)
    starts, stops = (ends.tolist() for ends in spans)
    if column.kind == "binary":
        found: list[Any] = [content[start:stop] for start, stop in zip(starts, stops)]
    else:
        try:
            found = [content[start:stop].decode() for start, stop in zip(starts, stops)]
        except UnicodeDecodeError as error:
            raise BadSnapshot(f"a text that is no UTF-8: {error}") from error
    if not has.all():
        for i in np.flatnonzero(~has).tolist():
            found[i] = None
    return found


# -- geometries ------------------------------------------------------------------------------------------------------


def _shapes(read: _Bytes, tables: Ints, declared: int) -> list[Shapes]:
    """Where the coordinates of each feature lie, by kinds of geometry."""
    place = read.field(tables, 0)
    rows = np.flatnonzero(place > 0)
    if not len(rows):
        return []
    geometries = place[rows] + read.u32(place[rows])
    kinds = np.full(len(rows), declared, dtype=np.int64) if declared else _kinds(read, geometries)
    out = []
    for kind in np.unique(kinds).tolist():
        here = kinds == kind
        make = _MAKE.get(kind)
        if make is None:
            raise BadSnapshot(f"geometry type {kind} has no GeoJSON form")
        out.append(make(read, rows[here], geometries[here], kind))
    return out


def _kinds(read: _Bytes, geometries: Ints) -> Ints:
    place = read.field(geometries, 6)
    if (place == 0).any():
        raise BadSnapshot("a geometry without a type")
    return read.read("<u1", place).astype(np.int64)


def _coordinates(read: _Bytes, geometries: Ints) -> tuple[Ints, Ints, Ints]:
    """Where the positions of each begin, how many there are, and where the heights begin (0: there are none)."""
    xy, numbers = read.vector(geometries, 1, 8)
    z, heights = read.vector(geometries, 2, 8)
    count = numbers // 2
    if (numbers % 2).any() or ((heights > 0) & (heights != count)).any():
        raise BadSnapshot("coordinates that are no pairs")
    return xy, count, np.where(heights > 0, z, 0)


def _whole(read: _Bytes, rows: Ints, geometries: Ints, kind: int) -> Shapes:
    """Points and lines: one list of positions."""
    xy, count, z = _coordinates(read, geometries)
    if kind == 1 and (count > 1).any():
        raise BadSnapshot("a point with several positions")
    some = np.flatnonzero(count > 0)
    return Shapes(kind, rows, some, np.arange(len(some)), xy[some], z[some], count[some])


def _points(read: _Bytes, rows: Ints, geometries: Ints, kind: int) -> Shapes:
    """Multipoints: every position is a part."""
    xy, count, z = _coordinates(read, geometries)
    owner = np.repeat(np.arange(len(rows)), count)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    heights = np.where(z[owner] > 0, z[owner] + 8 * nth, 0)
    return Shapes(kind, rows, owner, np.arange(len(owner)), xy[owner] + 16 * nth, heights, np.ones_like(owner))


def _spans(read: _Bytes, geometries: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """The lists of positions of polygons and multilines: whose, where, heights, how many."""
    xy, count, z = _coordinates(read, geometries)
    ends, number = read.vector(geometries, 0, 4)
    number = np.where(count == 0, 0, np.maximum(number, 1))
    owner = np.repeat(np.arange(len(geometries)), number)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(number) - number, number)
    end = count[owner].copy()
    begin = np.zeros_like(end)
    several = ends[owner] > 0
    end[several] = read.u32((ends[owner] + 4 * nth)[several])
    later = several & (nth > 0)
    begin[later] = read.u32((ends[owner] + 4 * (nth - 1))[later])
    if (begin > end).any() or (end > count[owner]).any():
        raise BadSnapshot("rings that reach beyond their coordinates")
    return owner, xy[owner] + 16 * begin, np.where(z[owner] > 0, z[owner] + 8 * begin, 0), end - begin


def _polygons(read: _Bytes, rows: Ints, geometries: Ints, kind: int) -> Shapes:
    owner, xy, z, count = _spans(read, geometries)
    part_owner, part = np.unique(owner, return_inverse=True)
    return Shapes(kind, rows, part_owner, part, xy, z, count)


def _lines(read: _Bytes, rows: Ints, geometries: Ints, kind: int) -> Shapes:
    owner, xy, z, count = _spans(read, geometries)
    return Shapes(kind, rows, owner, np.arange(len(owner)), xy, z, count)


def _parts(read: _Bytes, geometries: Ints) -> tuple[Ints, Ints]:
    """The tables of all parts, and whose they are."""
    data, count = read.vector(geometries, 7, 4)
    owner = np.repeat(np.arange(len(geometries)), count)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    place = data[owner] + 4 * nth
    return owner, place + read.u32(place)


def _multipolygons(read: _Bytes, rows: Ints, geometries: Ints, kind: int) -> Shapes:
    part_owner, tables = _parts(read, geometries)
    owner, xy, z, count = _spans(read, tables)
    if len(np.unique(owner)) != len(tables):
        raise BadSnapshot("a part without coordinates")
    return Shapes(kind, rows, part_owner, owner, xy, z, count)


def _collections(read: _Bytes, rows: Ints, geometries: Ints, kind: int) -> Shapes:
    """Collections have no rows of their own: their members are shapes, put together afterwards."""
    found = [_member(read, int(table), 0) for table in geometries]
    none = np.empty(0, dtype=np.int64)
    return Shapes(kind, rows, none, none, none, none, none, found)


def _member(read: _Bytes, table: int, depth: int) -> dict[str, Any]:
    """One geometry as GeoJSON, the slow way."""
    if depth > 32:
        raise BadSnapshot("a collection that is nested too deeply")
    here = np.array([table], dtype=np.int64)
    kind = int(_kinds(read, here)[0]) if depth else 7
    if kind == 7:
        _, members = _parts(read, here)
        return {"type": "GeometryCollection", "geometries": [_member(read, int(m), depth + 1) for m in members]}
    make = _MAKE.get(kind)
    if make is None:
        raise BadSnapshot(f"geometry type {kind} has no GeoJSON form")
    return make(read, np.zeros(1, dtype=np.int64), here, kind).geojson(read.content)


_MAKE: dict[int, Callable[[_Bytes, Ints, Ints, int], Shapes]] = {
    1: _whole,
    2: _whole,
    3: _polygons,
    4: _points,
    5: _lines,
    6: _multipolygons,
    7: _collections,
}
