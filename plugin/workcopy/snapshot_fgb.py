"""FlatGeobuf, many features at a time: each handful as columns of values and finished GeoPackage blobs.

NumPy follows the same offset of thousands of features in one go, and coordinates travel from file to blob without
becoming Python numbers.

Source: https://github.com/flatgeobuf/flatgeobuf/tree/master/src/fbs (version 3).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from .snapshot_flatbuffers import BadSnapshot, Bytes, Ints, One, Raw
from .snapshot_shapes import shapes_of
from .snapshot_wkb import BadShape, Blobs, blobs_of

MAGIC = b"fgb\x03fgb"
_BATCH_BYTES = 1 << 21  # of the file at a time: stays in the processor's cache, and memory flat
_LARGEST = 1 << 30  # bytes of one feature
_NODE = 40  # bytes of a node of its index

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
            bytes_ = Bytes(content)
            tables = starts + bytes_.u32(starts)
            values = _properties(bytes_, tables, self.header.columns)
            batch = Batch(len(starts), values, Blobs.nothing(len(starts)))
            if geometry:
                shapes = shapes_of(bytes_, tables, self.header.geometry)
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


def _header(stream: BinaryIO, length: int) -> tuple[Header, int]:
    front = stream.read(12)
    if front[:7] != MAGIC:
        raise BadSnapshot("no FlatGeobuf of version 3")
    (size,) = struct.unpack_from("<I", front, 8)
    if size < 8 or 12 + size > length:
        raise BadSnapshot("a header that is cut off")
    read = One(stream.read(size))
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


# -- properties ------------------------------------------------------------------------------------------------------


def _properties(read: Bytes, tables: Ints, columns: Sequence[FileColumn]) -> list[list[Any]]:
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
