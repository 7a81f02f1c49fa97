"""Coordinates that lie somewhere in a file, as GeoPackage blobs: what `geometry.encode` makes, for thousands at once.

The blobs of a handful are laid out in one array: first where everything goes, then the heads, then all coordinates in
one go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from .geometry import NAMES, BadGeometry, encode

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
_HEADER = 40  # bytes of a blob's header with its envelope
_NONE: Doubles = np.empty((0, 4), dtype=np.float64)


class BadShape(ValueError):
    """Coordinates that cannot be stored; the text says why."""


@dataclass
class Blobs:
    """GeoPackage blobs, and where they lie."""

    blobs: list[bytes | None] = field(default_factory=list)
    placed: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))  # positions of those that have a box
    boxes: Doubles = field(default_factory=lambda: _NONE)  # min x, min y, max x, max y of each of these
    kinds: Counter[str] = field(default_factory=Counter)  # GeoJSON's words
    heights: bool = False

    @staticmethod
    def nothing(count: int) -> Blobs:
        return Blobs([None] * count)


@dataclass
class Shapes:
    """Geometries of one kind: features, their parts, and the parts' runs of positions (a ring, a line, a point).

    ``rows``: the features' places in the handful. ``part_owner``: each part's feature, counted in ``rows``;
    ``run_part``: each run's part; both ascend. ``xy``, ``z``: where a run's numbers begin (z 0: no heights), ``count``
    how many positions it has.
    """

    kind: int  # WKB's number, 1 to 7
    rows: Ints
    part_owner: Ints
    run_part: Ints
    xy: Ints
    z: Ints
    count: Ints
    collections: Sequence[dict[str, Any]] = ()  # in their place for kind 7

    def geojson(self, content: bytes) -> dict[str, Any]:
        """The first of them as GeoJSON."""
        parts: list[list[Any]] = [[] for _ in self.part_owner]
        for part, xy, z, count in zip(self.run_part.tolist(), self.xy.tolist(), self.z.tolist(), self.count.tolist()):
            flat = np.frombuffer(content, dtype="<f8", count=2 * count, offset=xy).reshape(-1, 2)
            if z:
                flat = np.column_stack((flat, np.frombuffer(content, dtype="<f8", count=count, offset=z)))
            parts[part].append(flat.tolist())
        if self.kind in (1, 4):
            nested: list[Any] = [runs[0][0] for runs in parts]
        elif self.kind in (2, 5):
            nested = [runs[0] for runs in parts]
        else:
            nested = parts
        return {"type": NAMES[self.kind], "coordinates": nested if self.kind > 3 else (nested[0] if nested else [])}


def blobs_of(content: bytes, found: Sequence[Shapes], total: int, srid: int, *, multi: bool, z: bool | None) -> Blobs:
    """The blobs of ``total`` features, of which ``found`` have a geometry. ``multi`` and ``z`` as in `encode`.

    Raises `BadShape`.
    """
    out = Blobs.nothing(total)
    placed: list[Ints] = []
    boxes: list[Doubles] = []
    for shapes in found:
        out.kinds[NAMES[shapes.kind]] += len(shapes.rows)
        if shapes.kind == 7:
            _one_by_one(out, placed, boxes, shapes.rows, shapes.collections, srid, multi, z)
            continue
        points = np.bincount(shapes.part_owner[shapes.run_part], shapes.count, len(shapes.rows))
        empty = points == 0
        if empty.any():
            nothing = {"type": NAMES[shapes.kind], "coordinates": []}
            rows = shapes.rows[empty]
            _one_by_one(out, placed, boxes, rows, [nothing] * len(rows), srid, multi, z)
        if not empty.all():
            _Layout(content, shapes, srid, multi, z).write(out, placed, boxes)
    if placed:
        out.placed = np.concatenate(placed)
        out.boxes = np.concatenate(boxes)
    return out


def _one_by_one(
    out: Blobs,
    placed: list[Ints],
    boxes: list[Doubles],
    rows: Ints,
    geometries: Sequence[dict[str, Any]],
    srid: int,
    multi: bool,
    z: bool | None,
) -> None:
    for row, geometry in zip(rows.tolist(), geometries):
        try:
            blob, box = encode(geometry, srid, multi=multi, z=z)
        except BadGeometry as error:
            raise BadShape(str(error)) from error
        out.blobs[row] = blob
        if blob is not None and blob[(40 if box is not None else 8) + 2] >= 3:
            out.heights = True  # the second byte of a little-endian WKB code of 1000 or more
        if box is not None:
            placed.append(np.array([row], dtype=np.int64))
            boxes.append(np.array([box], dtype=np.float64))


class _Layout:
    """Where everything of some geometries of one kind goes."""

    def __init__(self, content: bytes, shapes: Shapes, srid: int, multi: bool, z: bool | None) -> None:
        self._content = content
        self._shapes = shapes
        self._srid = srid
        # features without a position have no part here; the others are counted anew, in the same order
        self._owners, self._part_owner = np.unique(shapes.part_owner, return_inverse=True)
        self._run_owner = self._part_owner[shapes.run_part]
        count = len(self._owners)
        if z is None:
            self._deep = np.bincount(self._run_owner, shapes.z > 0, count) > 0
        else:
            self._deep = np.full(count, z, dtype=bool)
        self._simple = shapes.kind if shapes.kind < 4 else shapes.kind - 3
        self._multi = shapes.kind > 3 or multi

    def write(self, out: Blobs, placed: list[Ints], boxes: list[Doubles]) -> None:
        shapes, simple = self._shapes, self._simple
        size = np.where(self._deep, 24, 16)  # bytes of a position of each feature
        part_head = 5 if simple == 1 else 9
        run_head = 4 if simple == 3 else 0
        runs = run_head + shapes.count * size[self._run_owner]
        parts_of_runs = np.bincount(shapes.run_part, minlength=len(shapes.part_owner))
        part = part_head + np.bincount(shapes.run_part, runs, len(shapes.part_owner)).astype(np.int64)
        front = _HEADER + (9 if self._multi else 0)
        whole = front + np.bincount(self._part_owner, part, len(self._owners)).astype(np.int64)
        start = np.cumsum(whole) - whole
        part_at = start[self._part_owner] + front + _within(part, self._part_owner)
        run_at = part_at[shapes.run_part] + part_head + run_head + _within(runs, shapes.run_part)
        content = np.zeros(int(whole.sum()), dtype=np.uint8)
        low, high = self._coordinates(content, run_at, size)
        self._headers(content, start, low, high)
        number_of_parts = np.bincount(self._part_owner, minlength=len(self._owners))
        more = np.where(self._deep, 1000, 0)
        if self._multi:
            _heads(content, start + _HEADER, simple + 3 + more, number_of_parts)
        if simple == 1:
            _heads(content, part_at, 1 + more[self._part_owner])
        elif simple == 2:
            _heads(content, part_at, 2 + more[self._part_owner], shapes.count)
        else:
            _heads(content, part_at, 3 + more[self._part_owner], parts_of_runs)
            _put(content, run_at - 4, shapes.count, "<u4")
        rows = shapes.rows[self._owners]
        data = content.tobytes()
        ends = (start + whole).tolist()
        for row, begin, end in zip(rows.tolist(), start.tolist(), ends):
            out.blobs[row] = data[begin:end]
        placed.append(rows)
        boxes.append(np.hstack((low, high)))
        out.heights = out.heights or bool(self._deep.any())

    def _coordinates(self, content: npt.NDArray[np.uint8], run_at: Ints, size: Ints) -> tuple[Doubles, Doubles]:
        """Copy all positions, and return the corners of each feature."""
        shapes = self._shapes
        run = np.repeat(np.arange(len(shapes.count)), shapes.count)
        nth = np.arange(len(run)) - (np.cumsum(shapes.count) - shapes.count)[run]
        pairs = _view(np.frombuffer(self._content, dtype=np.uint8), "V16")[shapes.xy[run] + 16 * nth]
        points = pairs.view("<f8").reshape(-1, 2)
        if not np.isfinite(points).all():
            raise BadShape("coordinates that are no finite numbers")
        at = run_at[run] + size[self._run_owner][run] * nth
        _put(content, at, pairs, "V16")
        if self._deep.any():
            rising = np.flatnonzero((shapes.z > 0)[run] & self._deep[self._run_owner][run])
            heights = _view(np.frombuffer(self._content, dtype=np.uint8), "<f8")[(shapes.z[run] + 8 * nth)[rising]]
            _put(content, at[rising] + 16, heights, "<f8")
        points_of = np.bincount(self._run_owner, shapes.count, len(self._owners)).astype(np.int64)
        first = np.cumsum(points_of) - points_of
        return np.minimum.reduceat(points, first, axis=0), np.maximum.reduceat(points, first, axis=0)

    def _headers(self, content: npt.NDArray[np.uint8], start: Ints, low: Doubles, high: Doubles) -> None:
        """GeoPackage headers, little endian, with an envelope of x and y (OGC 12-128, clause 2.1.3)."""
        header = np.empty(len(start), dtype=[("magic", "S4"), ("srid", "<i4"), ("box", "<f8", (4,))])
        header["magic"] = b"GP\x00\x03"
        header["srid"] = self._srid
        header["box"] = np.column_stack((low[:, 0], high[:, 0], low[:, 1], high[:, 1]))
        _put(content, start, header.view("V40"), "V40")


def _within(sizes: npt.NDArray[Any], owner: Ints) -> Ints:
    """Where each begins inside its owner, when they lie one after the other."""
    before = (np.cumsum(sizes) - sizes).astype(np.int64)
    within: Ints = before - before[np.searchsorted(owner, owner, side="left")]
    return within


def _heads(content: npt.NDArray[np.uint8], at: Ints, code: Ints, count: Ints | None = None) -> None:
    """The head of a WKB geometry: byte order, code and, but for points, the number of what follows."""
    content[at] = 1
    _put(content, at + 1, code, "<u4")
    if count is not None:
        _put(content, at + 5, count, "<u4")


def _view(content: npt.NDArray[np.uint8], kind: str) -> npt.NDArray[Any]:
    """The bytes as overlapping numbers, one beginning at every byte."""
    width = np.dtype(kind).itemsize
    return np.ndarray(max(len(content) - width + 1, 0), dtype=kind, buffer=content.data, strides=(1,))


def _put(content: npt.NDArray[np.uint8], at: Ints, values: npt.NDArray[Any], kind: str) -> None:
    _view(content, kind)[at] = values if kind.startswith("V") else values.astype(kind)
