"""Many GeoPackage blobs at once as arrays of coordinates: what lets 200,000 outlines be measured in a second.

A blob's rings are cut out as bytes and put side by side; lengths, areas and boxes then come from NumPy. What has no
such form (curves, collections, big-endian or damaged blobs) is told, and measured one by one elsewhere.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

POINT, LINE, OUTER, HOLE = 0, 1, 2, 3
_UINT = struct.Struct("<I").unpack_from
# little-endian WKB: a multipolygon of one part; a polygon of one ring
_ONE_OF_MANY, _ONE_RING = struct.pack("<BII", 1, 6, 1), struct.pack("<BII", 1, 3, 1)
_ENVELOPE = (8, 40, 56, 56, 72)


@dataclass(frozen=True)
class Outlines:
    """``count`` features. ``xy``: shape (n, 2), east/north; ring ``r`` begins at ``starts[r]``, belongs to feature
    ``feature[r]`` (ascending) and is a POINT, LINE, OUTER or HOLE (``role``). ``odd``: features that have no rings here
    although they have a geometry. ``solid``: features with heights and several faces, which may lie over each other.
    """

    count: int
    xy: Floats
    starts: Ints
    feature: Ints
    role: Ints
    odd: tuple[int, ...]
    solid: tuple[int, ...]

    @property
    def sizes(self) -> Ints:
        return np.diff(np.append(self.starts, len(self.xy)))

    def boxes(self) -> Floats:
        """Shape (count, 4): min x, min y, max x, max y; NaN where a feature has no rings."""
        out = np.full((self.count, 4), np.nan)
        if not len(self.starts):
            return out
        first = np.flatnonzero(np.diff(self.feature, prepend=-1))
        low = np.minimum.reduceat(self.xy, self.starts[first], axis=0)
        high = np.maximum.reduceat(self.xy, self.starts[first], axis=0)
        out[self.feature[first]] = np.hstack([low, high])
        return out

    def areas(self) -> Floats:
        """Per feature, in square units: outer rings less holes; 0 for what is no area."""
        rings = self._areas_of_rings()
        sign = np.where(self.role == OUTER, 1.0, np.where(self.role == HOLE, -1.0, 0.0))
        return self._per_feature(rings * sign)

    def lengths(self) -> Floats:
        """Per feature, of its lines; 0 for what is no line."""
        if not (self.role == LINE).any():
            return np.zeros(self.count)
        steps = np.zeros(len(self.xy))
        steps[:-1] = np.hypot(*np.diff(self.xy, axis=0).T)
        steps[np.append(self.starts[1:], len(self.xy)) - 1] = 0.0  # from a ring's end to the next one's start
        rings = np.add.reduceat(steps, self.starts)
        return self._per_feature(rings * (self.role == LINE))

    def kinds(self) -> Ints:
        """Per feature its highest dimension: 0 points, 1 lines, 2 areas; -1 without rings."""
        out = np.full(self.count, -1, np.int64)
        np.maximum.at(out, self.feature, np.minimum(self.role, OUTER))
        return out

    def moved(self, xy: Floats) -> Outlines:
        """The same with other coordinates."""
        return Outlines(self.count, xy, self.starts, self.feature, self.role, self.odd, self.solid)

    def _per_feature(self, rings: Floats) -> Floats:
        return np.asarray(np.bincount(self.feature, rings, self.count), np.float64)

    def _areas_of_rings(self) -> Floats:
        if not len(self.starts):
            return np.zeros(0)
        # about the ring's first corner: products of whole RD coordinates would lose the square centimetres
        near = self.xy - np.repeat(self.xy[self.starts], self.sizes, axis=0)
        cross = np.zeros(len(near))
        cross[:-1] = near[:-1, 0] * near[1:, 1] - near[1:, 0] * near[:-1, 1]
        cross[np.append(self.starts[1:], len(near)) - 1] = 0.0
        found: Floats = np.abs(np.add.reduceat(cross, self.starts)) / 2
        return found


def read(blobs: Sequence[Any]) -> Outlines:
    """The rings of GeoPackage blobs (null and empty ones have none)."""
    cut = _Cutter()
    for index, blob in enumerate(blobs):
        if blob is None:
            continue
        cut.begin(index, blob)
    return cut.done(len(blobs))


class _Cutter:
    """Cuts rings out of blobs, one feature after the other."""

    def __init__(self) -> None:
        self._bytes: list[bytes] = []
        self._points: list[int] = []
        self._strides: list[int] = []
        self._feature: list[int] = []
        self._role: list[int] = []
        self._odd: list[int] = []
        self._solid: list[int] = []

    def begin(self, index: int, blob: bytes) -> None:
        mark = len(self._points)
        try:
            at = _ENVELOPE[(blob[3] >> 1) & 7]
            if self._single(index, blob, at):
                return
            parts = self._cut(index, blob, at, 0)
            if parts > 1 and self._strides[-1] > 16:
                self._solid.append(index)
        except (struct.error, IndexError, _Odd):
            for kept in (self._bytes, self._points, self._strides, self._feature, self._role):
                del kept[mark:]
            self._odd.append(index)

    def _single(self, index: int, blob: bytes, at: int) -> bool:
        """What most buildings are, in one step: a flat outline without holes, alone in its multipolygon or not."""
        head = blob[at : at + 9]
        if head == _ONE_OF_MANY:
            at += 9
            head = blob[at : at + 9]
        if head != _ONE_RING:
            return False
        points = _UINT(blob, at + 9)[0]
        piece = blob[at + 13 : at + 13 + 16 * points]
        if points < 4 or len(piece) != 16 * points or piece[:16] != piece[-16:]:
            return False
        self._bytes.append(piece)
        self._points.append(points)
        self._strides.append(16)
        self._feature.append(index)
        self._role.append(OUTER)
        return True

    def _cut(self, index: int, blob: bytes, at: int, depth: int) -> int:
        """The number of polygons."""
        self._next = at
        if blob[at] != 1:
            raise _Odd
        thousands, kind = divmod(_UINT(blob, at + 1)[0], 1000)
        if thousands > 3:
            raise _Odd
        stride = (16, 24, 24, 32)[thousands]
        at += 5
        if kind == 1:
            if blob[at : at + 8] not in _NAN:
                self._ring(index, blob, at, 1, stride, POINT)
            self._next = at + stride
            return 0
        many = _UINT(blob, at)[0]
        at += 4
        if kind == 2:
            self._ring(index, blob, at, many, stride, LINE)
            self._next = at + many * stride
            return 0
        if kind == 3:
            for ring in range(many):
                points = _UINT(blob, at)[0]
                self._ring(index, blob, at + 4, points, stride, HOLE if ring else OUTER)
                at += 4 + points * stride
            self._next = at
            return 1
        if kind not in (4, 5, 6) or depth:
            raise _Odd
        polygons = 0
        self._next = at
        for _ in range(many):
            polygons += self._cut(index, blob, self._next, 1)
        return polygons

    def _ring(self, index: int, blob: bytes, at: int, points: int, stride: int, role: int) -> None:
        if points == 0:
            return
        piece = blob[at : at + points * stride]
        if len(piece) != points * stride:
            raise _Odd
        if role in (OUTER, HOLE) and piece[:16] != piece[-stride : len(piece) - stride + 16]:
            raise _Odd  # not closed
        self._bytes.append(piece)
        self._points.append(points)
        self._strides.append(stride)
        self._feature.append(index)
        self._role.append(role)

    def done(self, count: int) -> Outlines:
        sizes = np.array(self._points, np.int64)
        starts = np.cumsum(sizes) - sizes
        xy = self._xy()
        return Outlines(
            count,
            xy,
            starts,
            np.array(self._feature, np.int64),
            np.array(self._role, np.int64),
            tuple(self._odd),
            tuple(self._solid),
        )

    def _xy(self) -> Floats:
        strides = set(self._strides)
        if not strides:
            return np.zeros((0, 2))
        if len(strides) == 1:
            return _flat(b"".join(self._bytes), strides.pop())
        return np.vstack([_flat(piece, stride) for piece, stride in zip(self._bytes, self._strides)])


class _Odd(Exception):
    """A geometry that has no rings of straight pieces."""


_NAN = (struct.pack("<d", float("nan")), struct.pack("<d", -float("nan")))


def _flat(packed: bytes, stride: int) -> Floats:
    return np.ascontiguousarray(np.frombuffer(packed, "<f8").reshape(-1, stride // 8)[:, :2], np.float64)
