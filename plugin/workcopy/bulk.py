"""Many features at once: values column by column, the coordinates of a handful in one array.

What `columns.to_stored` and `geometry.encode` do for one value and one geometry, at a fraction of the price: most
columns hold one type and most geometries are plain, and that is looked at once for all. Whatever is not plain goes the
slow way, one by one; tests hold the two against each other.
"""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from ..twin.items import is_text
from ..twin.model import GeometryText
from .columns import BadValue, Column, Stored, converter
from .geometry import CODES, BadGeometry, encode

_NONE = type(None)
_INT64 = 2**63
_HEADER = np.dtype(
    [("magic", "S2"), ("version", "u1"), ("flags", "u1"), ("srid", "<i4"), ("x", "<f8", (2,)), ("y", "<f8", (2,))]
)

# -- values ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Misfit:
    """A value that its column cannot hold."""

    column: Column
    words: str


Values = list[Any]


def columnar(columns: Iterable[Column]) -> Callable[[Sequence[Mapping[str, Any]]], tuple[list[Values], list[Misfit]]]:
    """A function that reads the properties of many features: the stored values of each column, and what did not fit
    (stored as null)."""
    plan = [(column, column.property) for column in columns]

    def read(properties: Sequence[Mapping[str, Any]]) -> tuple[list[Values], list[Misfit]]:
        misfits: list[Misfit] = []
        table = [stored([one.get(name) for one in properties], column, misfits) for column, name in plan]
        return table, misfits

    return read


def stored(values: Values, column: Column, misfits: list[Misfit]) -> Values:
    """One column's JSON values as it stores them; what does not fit is null, and one more of ``misfits``."""
    plain = _PLAIN.get(column.type)
    if plain is not None and plain(values):
        return values
    convert = converter(column.type)
    return [_converted(value, column, convert, misfits) for value in values]


def _converted(value: Any, column: Column, convert: Callable[[Any], Stored], misfits: list[Misfit]) -> Stored:
    if value is None:
        return None
    try:
        return convert(value)
    except BadValue as error:
        misfits.append(Misfit(column, str(error)))
        return None


def _plain_text(values: Values) -> bool:
    return set(map(type, values)) <= {str, _NONE} and is_text("".join(filter(None, values)))


def _plain_integer(values: Values) -> bool:
    kinds = set(map(type, values))
    if not kinds <= {int, _NONE}:
        return False
    whole = values if _NONE not in kinds else [value for value in values if value is not None]
    return not whole or (min(whole) >= -_INT64 and max(whole) < _INT64)


def _plain_number(values: Values) -> bool:
    kinds = set(map(type, values))
    if not kinds <= {float, _NONE}:
        return False
    known = values if _NONE not in kinds else [value for value in values if value is not None]
    return math.isfinite(sum(known))  # one that is not makes the sum so (huge ones may: the slow way knows better)


def _plain_boolean(values: Values) -> bool:
    return set(map(type, values)) <= {bool, _NONE}


_PLAIN: dict[str, Callable[[Values], bool]] = {
    "string": _plain_text,
    "integer": _plain_integer,
    "number": _plain_number,
    "boolean": _plain_boolean,
}

# -- geometries ------------------------------------------------------------------------------------------------------


@dataclass
class Encoded:
    """GeoPackage blobs of many geometries, in their order, and where they lie."""

    blobs: list[bytes | None]
    placed: list[int] = field(default_factory=list)  # the positions of those that have a box
    boxes: array[float] = field(default_factory=lambda: array("d"))  # min x, min y, max x, max y of each of these
    bad: dict[int, str] = field(default_factory=dict)  # position → why it cannot be stored
    heights: bool = False  # whether one has heights


class GeometryEncoder:
    """`geometry.encode` for many, with the same arguments.

    The coordinates of a handful of `GeometryText` are read as one array of numbers, without their brackets. What the
    brackets say, the *skeleton* (``[[[p,p,p,p]]]`` where p is a position), tells the WKB around the numbers; features
    of a layer share few of them, so what was worked out is kept.
    """

    def __init__(self, srid: int, *, swap: bool, multi: bool, z: bool | None) -> None:
        self._srid, self._swap, self._multi, self._z = srid, swap, multi, z
        self._plans: dict[str, dict[bytes, _Plan | None]] = {}

    def encode(self, shapes: Sequence[Shape]) -> Encoded:
        out = Encoded([None] * len(shapes))
        where = [position for position, shape in enumerate(shapes) if type(shape) is GeometryText]
        slow = [position for position, shape in enumerate(shapes) if shape is not None]
        if where:
            done = self._texts(out, where, [shapes[position] for position in where])  # type: ignore[misc]
            slow = [position for position in slow if position not in done]
        for position in slow:
            self._slowly(out, position, shapes[position])
        return out

    def _slowly(self, out: Encoded, position: int, shape: Shape) -> None:
        geometry = shape.decoded() if isinstance(shape, GeometryText) else shape
        try:
            blob, box = encode(geometry, self._srid, swap=self._swap, multi=self._multi, z=self._z)
        except BadGeometry as error:
            out.bad[position] = str(error)
            return
        out.blobs[position] = blob
        if blob is not None and blob[(40 if box is not None else 8) + 2] >= 3:
            out.heights = True  # the second byte of a little-endian WKB code of 1000 or more
        if box is not None:
            out.placed.append(position)
            out.boxes.extend(box)

    def _texts(self, out: Encoded, where: Sequence[int], texts: Sequence[GeometryText]) -> set[int]:
        """Encode what is plain; the positions of what was."""
        marks = ";".join([text.coordinates for text in texts]).encode().translate(None, _NUMBERS)
        skeletons = marks.replace(b"[,]", b"p").replace(b"[,,]", b"q").split(b";")
        plans = [self._plan(text.kind, skeleton) for text, skeleton in zip(texts, skeletons)]
        size = 3 if any(plan is not None and plan.size == 3 for plan in plans) else 2
        if (size == 2 and self._z) or (size == 3 and self._z is False):
            return set()  # heights to be filled or cut
        chosen = [number for number, plan in enumerate(plans) if plan is not None and plan.size == size]
        if not chosen:
            return set()
        if len(chosen) < len(plans):
            where, texts, plans = ([many[number] for number in chosen] for many in (where, texts, plans))  # type: ignore[assignment]
        kept: list[_Plan] = plans  # type: ignore[assignment]
        counts = np.array([plan.positions for plan in kept])
        points = _numbers(",".join([text.coordinates for text in texts]).encode(), int(counts.sum()) * size)
        if points is None:
            return set()
        points = points.reshape(-1, size)
        if self._swap:
            points = points[:, [1, 0, 2][:size]]
        ends = np.cumsum(counts)
        starts = ends - counts
        low = np.minimum.reduceat(points[:, :2], starts, axis=0)
        high = np.maximum.reduceat(points[:, :2], starts, axis=0)
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            return set()
        data = points.astype("<f8", copy=False).tobytes()
        headers = _headers(self._srid, low, high)
        at = header = 0
        for position, plan in zip(where, kept):
            pieces = [headers[header : header + _HEADER.itemsize]]
            header += _HEADER.itemsize
            for prefix, length in plan.pieces:
                pieces.append(prefix)
                pieces.append(data[at : at + length])
                at += length
            out.blobs[position] = b"".join(pieces)
        out.placed.extend(where)
        out.boxes.frombytes(np.hstack((low, high)).tobytes())
        out.heights = size == 3
        return set(where)

    def _plan(self, kind: str, skeleton: bytes) -> _Plan | None:
        known = self._plans.setdefault(kind, {})
        try:
            return known[skeleton]
        except KeyError:
            if len(known) >= _PLANS:
                known.clear()
            plan = known[skeleton] = _planned(kind, skeleton, self._multi)
            return plan


Shape = Union[Mapping[str, Any], GeometryText, None]

_NUMBERS = b"0123456789.eE+- \t\r\n"
_BRACKETS = b"[] \t\r\n"
_DIGITS = bytes(mark in b"0123456789.eE+-" for mark in range(256))
_PLANS = 4096  # skeletons kept of each type
_DEPTHS = {"Point": 0, "LineString": 1, "MultiPoint": 1, "Polygon": 2, "MultiLineString": 2, "MultiPolygon": 3}
_UINT = struct.Struct("<I").pack


@dataclass(frozen=True)
class _Plan:
    """What to write for a skeleton: bytes, and how many bytes of coordinates follow each."""

    size: int  # numbers in a position
    positions: int
    pieces: tuple[tuple[bytes, int], ...]


def _planned(kind: str, skeleton: bytes, multi: bool) -> _Plan | None:
    """None for what is not plain: empty parts, positions of mixed sizes, brackets that do not fit the type."""
    depth = _DEPTHS.get(kind)
    if depth is None:
        return None
    size = 3 if b"q" in skeleton else 2
    parts = _counted(skeleton, depth, b"q," if size == 3 else b"p,")
    if parts is None:
        return None
    single, many = kind.replace("Multi", ""), multi or kind.startswith("Multi")
    if single == "Polygon":
        elements = parts
    elif kind == "MultiPoint":
        elements = [[1] for _ in range(parts[0][0])]
    else:
        elements = [[count] for count in parts[0]]
    more, step = (1000 if size == 3 else 0), 8 * size
    head = struct.pack("<BI", 1, CODES[single] + more)
    before = struct.pack("<BII", 1, CODES[f"Multi{single}"] + more, len(elements)) if many else b""
    pieces: list[tuple[bytes, int]] = []
    for runs in elements:
        before += head
        if single == "Polygon":
            before += _UINT(len(runs))
        for count in runs:
            pieces.append((before if single == "Point" else before + _UINT(count), count * step))
            before = b""
    return _Plan(size, sum(length for _, length in pieces) // step, tuple(pieces))


def _counted(skeleton: bytes, depth: int, mark: bytes) -> list[list[int]] | None:
    """How many positions each list has that holds some: one list of counts, of a MultiPolygon one for each polygon."""
    if not skeleton.startswith(b"[" * depth) or not skeleton.endswith(b"]" * depth):
        return None
    inner = skeleton[depth : len(skeleton) - depth]
    counted: list[list[int]] = []
    for part in inner.split(b"]],[[") if depth == 3 else (inner,):
        counts: list[int] = []
        for run in part.split(b"],[") if depth > 1 else (part,):
            count = (len(run) + 1) // 2
            if run != (mark * count)[:-1] or not count:
                return None
            counts.append(count)
        counted.append(counts)
    return None if depth == 0 and counted != [[1]] else counted


def _numbers(text: bytes, count: int) -> npt.NDArray[np.float64] | None:
    """The numbers of lists, or None where they are not ``count``."""
    digits = np.frombuffer(b"\0" + text.translate(_DIGITS), dtype=np.bool_)
    if np.count_nonzero(digits[1:] > digits[:-1]) != count:
        return None  # "1 2" and "1[2" would be read as 12
    text = text.translate(None, _BRACKETS)
    try:
        # NumPy ends quietly at what is no number: were that the last, only one more behind it would tell
        found: npt.NDArray[np.float64] = np.fromstring(text + b",0", dtype=np.float64, sep=",")
    except (ValueError, DeprecationWarning):  # or says so, as the version and the filters are
        return None
    return found[:-1] if len(found) == count + 1 else None


def _headers(srid: int, low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]) -> bytes:
    """GeoPackage blob headers with an xy envelope (OGC 12-128 clause 2.1.3), one after the other."""
    headers = np.empty(len(low), dtype=_HEADER)
    headers["magic"] = b"GP"
    headers["version"] = 0
    headers["flags"] = 0b00000011
    headers["srid"] = srid
    headers["x"][:, 0], headers["x"][:, 1] = low[:, 0], high[:, 0]
    headers["y"][:, 0], headers["y"][:, 1] = low[:, 1], high[:, 1]
    return headers.tobytes()
