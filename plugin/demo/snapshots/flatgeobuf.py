"""FlatGeobuf, written feature by feature as they come: no spatial index, so nothing has to be known beforehand.

Source: https://github.com/flatgeobuf/flatgeobuf/tree/master/src/fbs, version 3. A flatbuffer's references lead
forwards, so everything that a table refers to is laid out behind it.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Callable

from ..geometry import Geometry, is_empty
from .rows import Column, Row

_MAGIC = b"fgb\x03fgb\x00"
_KINDS = {
    "Point": 1, "LineString": 2, "Polygon": 3, "MultiPoint": 4, "MultiLineString": 5, "MultiPolygon": 6,
    "GeometryCollection": 7,
}  # fmt: skip
_BOOL, _LONG, _DOUBLE, _STRING, _JSON, _MOMENT = 2, 7, 10, 11, 12, 13
_TYPES = {
    "boolean": _BOOL, "integer": _LONG, "number": _DOUBLE, "date": _MOMENT, "date-time": _MOMENT, "object": _JSON,
    "array": _JSON,
}  # fmt: skip
_CHUNK = 1 << 18  # bytes handed on at a time

# makes what a reference points to, to be put at a place, and says how far behind that place it begins
_Part = Callable[[int], tuple[bytes, int]]


def write(
    name: str, columns: tuple[Column, ...], geometry_type: str, epsg: int, count: int, rows: Iterable[Row], deep: bool
) -> Iterator[bytes]:
    """The file in pieces. ``geometry_type`` as in a schema: "" for any. ``deep``: every geometry has heights, 0 where
    there is none; readers expect all or nothing, so that without it they see no heights of the odd one that has some.
    """
    yield _MAGIC + _header(name, columns, _KINDS.get(geometry_type, 0), epsg, count, deep)
    pending: list[bytes] = []
    size = 0
    put = _properties(columns)
    for row in rows:
        feature = _feature(row.geometry, put(row.values), deep)
        pending.append(feature)
        size += len(feature)
        if size >= _CHUNK:
            yield b"".join(pending)
            pending, size = [], 0
    yield b"".join(pending)


def _header(name: str, columns: tuple[Column, ...], kind: int, epsg: int, count: int, deep: bool) -> bytes:
    def column(one: Column) -> _Part:
        fields: dict[int, Any] = {0: _string(one.name), 1: ("<B", _TYPES.get(one.type, _STRING))}
        if one.title:
            fields[2] = _string(one.title)
        return _table(fields)

    fields = {
        0: _string(name),
        2: ("<B", kind),
        3: ("<B", int(deep)),
        7: _list([column(one) for one in columns]),
        8: ("<Q", count),
        9: ("<H", 0),  # no index
        10: _table({0: _string("EPSG"), 1: ("<i", epsg)}),
    }
    body, root = _table(fields)(8)
    body = struct.pack("<II", 8 + root, 0) + body
    body += bytes(-len(body) % 8)
    return struct.pack("<I", len(body)) + body


# -- flatbuffers -----------------------------------------------------------------------------------------------------


def _table(fields: dict[int, Any]) -> _Part:
    """A table: numbers as (format, value), references as parts."""

    def make(at: int) -> tuple[bytes, int]:
        last = max(fields) + 1
        layout_size = 4 + 2 * last
        start = layout_size + (-(at + layout_size)) % 8  # numbers of eight bytes are aligned
        offsets = [0] * last
        place = 4
        for number in sorted(fields, key=lambda n: -_width(fields[n])):
            width = _width(fields[number])
            place += -place % width
            offsets[number] = place
            place += width
        place += -place % 4
        content = bytearray(start + place)
        struct.pack_into("<HH", content, 0, layout_size, place)
        struct.pack_into(f"<{last}H", content, 4, *offsets)
        struct.pack_into("<i", content, start, start)
        for number, value in fields.items():
            if isinstance(value, tuple):
                struct.pack_into(value[0], content, start + offsets[number], value[1])
        for number, value in fields.items():
            if not isinstance(value, tuple):
                part, behind = value(at + len(content))
                here = start + offsets[number]
                struct.pack_into("<I", content, here, len(content) + behind - here)
                content += part
        return bytes(content), start

    return make


def _width(value: Any) -> int:
    return struct.calcsize(value[0]) if isinstance(value, tuple) else 4


def _string(text: str) -> _Part:
    content = text.encode("utf-8")
    return lambda at: (struct.pack("<I", len(content)) + content + bytes(4 - len(content) % 4), 0)


def _list(parts: list[_Part]) -> _Part:
    """A list of tables."""

    def make(at: int) -> tuple[bytes, int]:
        content = bytearray(4 + 4 * len(parts))
        struct.pack_into("<I", content, 0, len(parts))
        for i, part in enumerate(parts):
            made, behind = part(at + len(content))
            struct.pack_into("<I", content, 4 + 4 * i, len(content) + behind - (4 + 4 * i))
            content += made
        return bytes(content), 0

    return make


# -- features --------------------------------------------------------------------------------------------------------

# a feature: where its table begins, the table's layout (geometry, properties), the table
_WITH = struct.pack("<I4H", 12, 8, 12, 4, 8)
_WITHOUT = struct.pack("<I4H", 12, 8, 12, 0, 8)
_FRONT = 24
_LAYOUT, _TABLE = 20, 24  # bytes of a geometry's layout and table
_NUMBERS = struct.Struct("<iIIIIB3x")


def _feature(geometry: Geometry | None, properties: bytes, deep: bool) -> bytes:
    if is_empty(geometry):
        geometry = None  # GDAL cannot read an empty one
    content = bytearray(_WITH if geometry else _WITHOUT)
    content += struct.pack("<iII", 8, 0, 0)
    if geometry:
        struct.pack_into("<I", content, 16, _FRONT + _LAYOUT - 16)
        _geometry(content, geometry, deep)
    content += bytes(-len(content) % 4)
    struct.pack_into("<I", content, 20, len(content) - 20)
    content += struct.pack("<I", len(properties)) + properties
    content += bytes(-len(content) % 8)
    return struct.pack("<I", len(content)) + bytes(content)


def _geometry(content: bytearray, geometry: Geometry, deep: bool) -> int:
    """Append a geometry; where its table begins."""
    kind = geometry["type"]
    content += bytes(-len(content) % 4)
    at = len(content)
    table = at + _LAYOUT
    content += bytes(_LAYOUT + _TABLE)
    ends = xy = z = parts = 0
    if kind in ("MultiPolygon", "GeometryCollection"):
        nested = geometry.get("geometries")
        if nested is None:
            nested = [{"type": "Polygon", "coordinates": part} for part in geometry["coordinates"]]
        parts = len(content)
        content += struct.pack("<I", len(nested)) + bytes(4 * len(nested))
        for i, part in enumerate(nested):
            place = parts + 4 + 4 * i
            struct.pack_into("<I", content, place, _geometry(content, part, deep) - place)
    else:
        coordinates = geometry["coordinates"]
        runs = _runs(kind, coordinates)
        if kind in ("Polygon", "MultiLineString") and len(runs) > 1:
            ends = len(content)
            content += struct.pack("<I", len(runs))
            total = 0
            for run in runs:
                total += len(run)
                content += struct.pack("<I", total)
        xy, z = _coordinates(content, runs, deep)
    struct.pack_into(
        "<10H", content, at, _LAYOUT, _TABLE, ends and 4, xy and 8, z and 12, 0, 0, 0, 20, parts and 16
    )  # fmt: skip
    places = (place and place - table - 4 * i for i, place in enumerate((ends, xy, z, parts), 1))
    _NUMBERS.pack_into(content, table, _LAYOUT, *places, _KINDS[kind])
    return table


def _runs(kind: str, coordinates: Any) -> list[Any]:
    if kind == "Point":
        return [[coordinates]] if coordinates else []
    return [coordinates] if kind in ("LineString", "MultiPoint") else list(coordinates)


def _coordinates(content: bytearray, runs: list[Any], deep: bool) -> tuple[int, int]:
    """Append the positions of all runs, and their heights if ``deep`` or where there are any; where the lists begin."""
    points = [position for run in runs for position in run]
    if not points:
        return 0, 0
    sizes = set(map(len, points))
    deep = deep or max(sizes) > 2
    if sizes == {2}:
        flat = array("d", chain.from_iterable(points))
    else:
        flat = array("d", (number for position in points for number in position[:2]))
    xy = _doubles(content, flat)
    if not deep:
        return xy, 0
    return xy, _doubles(content, array("d", (position[2] if len(position) > 2 else 0.0 for position in points)))


def _doubles(content: bytearray, numbers: array[float]) -> int:
    if struct.pack("=H", 1) != b"\x01\x00":
        numbers.byteswap()
    content += bytes((4 - len(content)) % 8)
    content += struct.pack("<I", len(numbers))
    place = len(content) - 4
    content += numbers.tobytes()
    return place


def _properties(columns: tuple[Column, ...]) -> Callable[[tuple[Any, ...]], bytes]:
    plan = [(struct.pack("<H", number), _PUT.get(column.type, _put_text)) for number, column in enumerate(columns)]

    def put(values: tuple[Any, ...]) -> bytes:
        return b"".join([mark + pack(value) for (mark, pack), value in zip(plan, values) if value is not None])

    return put


def _put_text(text: str) -> bytes:
    content = text.encode("utf-8", "surrogatepass")
    return struct.pack("<I", len(content)) + content


_PUT: dict[str, Callable[[Any], bytes]] = {
    "boolean": struct.Struct("<?").pack,
    "integer": struct.Struct("<q").pack,
    "number": struct.Struct("<d").pack,
}
