"""GeoJSON geometries to GeoPackage blobs and back, without a detour.

A blob is the header of OGC 12-128 clause 2.1.3 (little endian, envelope x y) and ISO WKB. Coordinates are east/north in
the table's CRS; ``swap`` turns a twin's north/east order around.
"""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

Box = tuple[float, float, float, float]  # min x, min y, max x, max y

CODES = {
    "Point": 1,
    "LineString": 2,
    "Polygon": 3,
    "MultiPoint": 4,
    "MultiLineString": 5,
    "MultiPolygon": 6,
    "GeometryCollection": 7,
}
NAMES = {code: name for name, code in CODES.items()}
_PART = {4: 1, 5: 2, 6: 3}
_MULTI = {"Point": "MultiPoint", "LineString": "MultiLineString", "Polygon": "MultiPolygon"}
_ENVELOPE_BYTES = (0, 32, 48, 48, 64)
_BIG_HOST = struct.pack("=H", 1) != b"\x01\x00"


class BadGeometry(ValueError):
    """A geometry that cannot be stored; the text says why, for the log and the report."""


class _HasHeights(Exception):
    """Most geometries are flat, so that is tried first; this one is not."""


class _Box:
    """The box so far. ``strict``: heights that come unexpected are told by `_HasHeights`, not cut."""

    __slots__ = ("max_x", "max_y", "min_x", "min_y", "strict")

    def __init__(self, strict: bool) -> None:
        self.strict = strict
        self.min_x = self.min_y = math.inf
        self.max_x = self.max_y = -math.inf


def encode(
    geometry: Mapping[str, Any] | None,
    srid: int,
    *,
    swap: bool = False,
    multi: bool = False,
    z: bool | None = None,
) -> tuple[bytes | None, Box | None]:
    """The blob and the box of a GeoJSON geometry (None, None for null; box None when empty).

    ``multi`` promotes a single part; ``z`` True fills missing heights with 0, False cuts them, None keeps what came.
    Raises `BadGeometry`.
    """
    if geometry is None:
        return None, None
    kind = geometry.get("type")
    coordinates = geometry.get("coordinates")
    if multi and kind in _MULTI and isinstance(coordinates, (list, tuple)):
        geometry = {"type": _MULTI[kind], "coordinates": [coordinates] if coordinates else []}
    box = _Box(strict=z is None)
    try:
        try:
            wkb = _wkb(geometry, 3 if z else 2, swap, box)
        except _HasHeights:
            box = _Box(strict=False)
            wkb = _wkb(geometry, 3, swap, box)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise BadGeometry(f"{kind}: {error}") from error
    if box.min_x > box.max_x:
        return struct.pack("<2sBBi", b"GP", 0, 0b00010001, srid) + wkb, None
    values = (box.min_x, box.min_y, box.max_x, box.max_y)
    if not all(map(math.isfinite, values)):
        raise BadGeometry(f"{kind}: coordinates that are no finite numbers")
    header = struct.pack("<2sBBi4d", b"GP", 0, 0b00000011, srid, box.min_x, box.max_x, box.min_y, box.max_y)
    return header + wkb, values


def _wkb(geometry: Mapping[str, Any], size: int, swap: bool, box: _Box) -> bytes:
    kind = geometry["type"]
    code = CODES.get(kind)
    if code is None:
        raise BadGeometry(f"no geometry type {kind!r}")
    head = struct.pack("<BI", 1, code + (1000 if size == 3 else 0))
    if code == 7:
        parts = [_wkb(part, size, swap, box) for part in geometry["geometries"]]
        return head + struct.pack("<I", len(parts)) + b"".join(parts)
    coordinates = geometry["coordinates"]
    if not isinstance(coordinates, (list, tuple)):
        raise BadGeometry("no coordinates")
    if code == 1:
        return head + (_points([coordinates], size, swap, box) if coordinates else struct.pack("<d", math.nan) * size)
    if code == 2:
        return head + struct.pack("<I", len(coordinates)) + _points(coordinates, size, swap, box)
    if code == 3:
        return head + _rings(coordinates, size, swap, box)
    part_code = _PART[code]
    part_head = struct.pack("<BI", 1, part_code + (1000 if size == 3 else 0))
    out = [head, struct.pack("<I", len(coordinates))]
    for part in coordinates:
        out.append(part_head)
        if part_code == 1:
            out.append(_points([part], size, swap, box))
        elif part_code == 2:
            out.append(struct.pack("<I", len(part)))
            out.append(_points(part, size, swap, box))
        else:
            out.append(_rings(part, size, swap, box))
    return b"".join(out)


def _rings(rings: Sequence[Any], size: int, swap: bool, box: _Box) -> bytes:
    out = [struct.pack("<I", len(rings))]
    for ring in rings:
        out.append(struct.pack("<I", len(ring)))
        out.append(_points(ring, size, swap, box))
    return b"".join(out)


def _points(points: Sequence[Sequence[float]], size: int, swap: bool, box: _Box) -> bytes:
    if not points:
        return b""
    sizes = set(map(len, points))
    if sizes != {size}:
        if min(sizes) < 2:
            raise BadGeometry("a position with fewer than two numbers")
        if box.strict and max(sizes) > size:
            raise _HasHeights
        points = [tuple(p[:size]) + (0.0,) * (size - len(p)) for p in points]
    flat = array("d", chain.from_iterable(points))
    if swap:
        flat[0::size], flat[1::size] = flat[1::size], flat[0::size]
    xs = flat[0::size]
    ys = flat[1::size]
    low, high = min(xs), max(xs)
    # written so that a NaN ends in the box and is found there
    if not low >= box.min_x:
        box.min_x = low
    if not high <= box.max_x:
        box.max_x = high
    low, high = min(ys), max(ys)
    if not low >= box.min_y:
        box.min_y = low
    if not high <= box.max_y:
        box.max_y = high
    if _BIG_HOST:
        flat.byteswap()
    return flat.tobytes()


def wkb_of(blob: bytes) -> bytes:
    """The WKB inside a GeoPackage blob. Raises `BadGeometry` for anything else."""
    if len(blob) < 8 or blob[:2] != b"GP":
        raise BadGeometry("no GeoPackage geometry")
    kind = (blob[3] >> 1) & 7
    if kind >= len(_ENVELOPE_BYTES):
        raise BadGeometry("an envelope of unknown kind")
    return blob[8 + _ENVELOPE_BYTES[kind] :]


def box_of(blob: bytes | None) -> Box | None:
    """The box of a blob, from its envelope where there is one; None for null and empty geometries."""
    if blob is None:
        return None
    if len(blob) >= 40 and blob[:2] == b"GP" and (blob[3] >> 1) & 7:
        order = "<" if blob[3] & 1 else ">"
        min_x, max_x, min_y, max_y = struct.unpack_from(order + "4d", blob, 8)
        return None if math.isnan(min_x) else (min_x, min_y, max_x, max_y)
    geometry = decode(blob)
    if geometry is None:
        return None
    return encode(geometry, 0)[1]


def has_heights(blob: bytes) -> bool:
    """Whether a blob's positions have a Z."""
    wkb = wkb_of(blob)
    (code,) = struct.unpack_from("<I" if wkb[0] else ">I", wkb, 1)
    return bool(code & 0x80000000) or (code & 0x1FFFFFFF) // 1000 in (1, 3)


def decode(blob: bytes | None) -> dict[str, Any] | None:
    """The GeoJSON geometry of a blob (coordinates as stored, lists of floats). Raises `BadGeometry`."""
    if blob is None:
        return None
    try:
        geometry, _ = _geometry(wkb_of(blob), 0)
    except (struct.error, IndexError) as error:
        raise BadGeometry("a truncated geometry") from error
    return geometry


def _geometry(wkb: bytes, at: int) -> tuple[dict[str, Any], int]:
    order = "<" if wkb[at] else ">"
    (code,) = struct.unpack_from(order + "I", wkb, at + 1)
    at += 5
    flags = code & 0xE0000000  # EWKB and the old 2.5D bit
    code &= 0x1FFFFFFF
    if flags & 0x20000000:
        at += 4
    dimension, code = divmod(code, 1000)
    has_z = dimension in (1, 3) or bool(flags & 0x80000000)
    has_m = dimension in (2, 3) or bool(flags & 0x40000000)
    name = NAMES.get(code)
    if name is None:
        raise BadGeometry(f"geometry type {code} has no GeoJSON form")
    stride = 2 + has_z + has_m
    keep = 2 + has_z
    if code == 1:
        values = struct.unpack_from(f"{order}{stride}d", wkb, at)
        empty = math.isnan(values[0])
        return {"type": name, "coordinates": [] if empty else list(values[:keep])}, at + 8 * stride
    if code == 2:
        points, at = _line(wkb, at, order, stride, keep)
        return {"type": name, "coordinates": points}, at
    (count,) = struct.unpack_from(order + "I", wkb, at)
    at += 4
    if code == 3:
        rings = []
        for _ in range(count):
            ring, at = _line(wkb, at, order, stride, keep)
            rings.append(ring)
        return {"type": name, "coordinates": rings}, at
    parts = []
    for _ in range(count):
        part, at = _geometry(wkb, at)
        parts.append(part)
    if code == 7:
        return {"type": name, "geometries": parts}, at
    return {"type": name, "coordinates": [part["coordinates"] for part in parts]}, at


def _line(wkb: bytes, at: int, order: str, stride: int, keep: int) -> tuple[list[list[float]], int]:
    (count,) = struct.unpack_from(order + "I", wkb, at)
    at += 4
    values = struct.unpack_from(f"{order}{count * stride}d", wkb, at)
    points = [list(values[i : i + keep]) for i in range(0, count * stride, stride)]
    return points, at + 8 * count * stride


def same(one: bytes | None, other: bytes | None, tolerance: float = 0.0) -> bool:
    """Whether two blobs are the same geometry, vertex by vertex, within ``tolerance`` in CRS units.

    A single part and a multi of one part are the same: QGIS and servers convert between them.
    """
    if one == other:
        return True
    if one is None or other is None:
        return False
    try:
        mine, theirs = decode(one), decode(other)
    except BadGeometry:
        return False
    if mine is None or theirs is None:
        return mine is theirs
    return _alike(_flat(mine), _flat(theirs), tolerance)


_DEGREES = 360.0
_MOST_DECIMALS = 12


def precision(blob: bytes | None) -> float:
    """What a geometry's coordinates can have moved without anybody editing them, in CRS units: half of the last digit
    that they are written with, where that is finer than anybody's edit (centimetres; in degrees 6 decimals), and a
    millimetre in any case: a client that writes a feature back in another CRS moves it by half of one."""
    try:
        geometry = decode(blob)
    except BadGeometry:
        return 0.0
    if geometry is None:
        return 0.0
    most, largest = 0, 0.0
    for value in _numbers(geometry):
        largest = max(largest, abs(value))
        if value.is_integer():
            continue
        text = repr(value)
        decimals = len(text.partition(".")[2]) if "e" not in text else _MOST_DECIMALS + 1
        most = max(most, decimals)
    degrees = largest <= _DEGREES
    least = 1e-8 if degrees else 1e-3
    if most > _MOST_DECIMALS or most < (6 if degrees else 2):
        return least
    return max(least, 0.5 * 10.0**-most * (1 + 1e-6)) + largest * 2**-52


def _numbers(geometry: Mapping[str, Any]) -> Iterator[float]:
    for part in geometry.get("geometries", ()):
        yield from _numbers(part)
    pending = [geometry.get("coordinates", [])]
    while pending:
        here = pending.pop()
        if isinstance(here, list):
            pending.extend(here)
        else:
            yield here


def _flat(geometry: Mapping[str, Any]) -> Any:
    kind = geometry["type"]
    if kind == "GeometryCollection":
        return [kind, [_flat(part) for part in geometry["geometries"]]]
    coordinates = geometry["coordinates"]
    if kind in _MULTI:
        return [_MULTI[kind], [coordinates] if coordinates else []]
    return [kind, coordinates]


def _alike(one: Any, other: Any, tolerance: float) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_alike(a, b, tolerance) for a, b in zip(one, other))
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= tolerance or one == other
    return bool(one == other)


def demoted(geometry: dict[str, Any]) -> dict[str, Any]:
    """A multi geometry of exactly one part as that part; anything else unchanged."""
    kind = geometry["type"]
    coordinates = geometry.get("coordinates")
    if kind.startswith("Multi") and isinstance(coordinates, list) and len(coordinates) == 1:
        return {"type": kind[5:], "coordinates": coordinates[0]}
    return geometry
