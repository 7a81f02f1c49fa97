"""The geometries of FlatGeobuf features: where their coordinates lie, whatever their kind.

Source: https://github.com/flatgeobuf/flatgeobuf/blob/master/src/fbs/feature.fbs: rings and lines lie one after another
in ``xy``, ``ends`` says where each ends; multipolygons and collections have ``parts``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .snapshot_flatbuffers import BadSnapshot, Bytes, Ints
from .snapshot_wkb import Shapes


def shapes_of(read: Bytes, tables: Ints, declared: int) -> list[Shapes]:
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


def _kinds(read: Bytes, geometries: Ints) -> Ints:
    place = read.field(geometries, 6)
    if (place == 0).any():
        raise BadSnapshot("a geometry without a type")
    return read.read("<u1", place).astype(np.int64)


def _coordinates(read: Bytes, geometries: Ints) -> tuple[Ints, Ints, Ints]:
    """Where the positions of each begin, how many there are, and where the heights begin (0: there are none)."""
    xy, numbers = read.vector(geometries, 1, 8)
    z, heights = read.vector(geometries, 2, 8)
    count = numbers // 2
    if (numbers % 2).any() or ((heights > 0) & (heights != count)).any():
        raise BadSnapshot("coordinates that are no pairs")
    return xy, count, np.where(heights > 0, z, 0)


def _whole(read: Bytes, rows: Ints, geometries: Ints, kind: int) -> Shapes:
    """Points and lines: one list of positions."""
    xy, count, z = _coordinates(read, geometries)
    if kind == 1 and (count > 1).any():
        raise BadSnapshot("a point with several positions")
    some = np.flatnonzero(count > 0)
    return Shapes(kind, rows, some, np.arange(len(some)), xy[some], z[some], count[some])


def _points(read: Bytes, rows: Ints, geometries: Ints, kind: int) -> Shapes:
    """Multipoints: every position is a part."""
    xy, count, z = _coordinates(read, geometries)
    owner = np.repeat(np.arange(len(rows)), count)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    heights = np.where(z[owner] > 0, z[owner] + 8 * nth, 0)
    return Shapes(kind, rows, owner, np.arange(len(owner)), xy[owner] + 16 * nth, heights, np.ones_like(owner))


def _spans(read: Bytes, geometries: Ints) -> tuple[Ints, Ints, Ints, Ints]:
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


def _polygons(read: Bytes, rows: Ints, geometries: Ints, kind: int) -> Shapes:
    owner, xy, z, count = _spans(read, geometries)
    part_owner, part = np.unique(owner, return_inverse=True)
    return Shapes(kind, rows, part_owner, part, xy, z, count)


def _lines(read: Bytes, rows: Ints, geometries: Ints, kind: int) -> Shapes:
    owner, xy, z, count = _spans(read, geometries)
    return Shapes(kind, rows, owner, np.arange(len(owner)), xy, z, count)


def _parts(read: Bytes, geometries: Ints) -> tuple[Ints, Ints]:
    """The tables of all parts, and whose they are."""
    data, count = read.vector(geometries, 7, 4)
    owner = np.repeat(np.arange(len(geometries)), count)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    place = data[owner] + 4 * nth
    return owner, place + read.u32(place)


def _multipolygons(read: Bytes, rows: Ints, geometries: Ints, kind: int) -> Shapes:
    part_owner, tables = _parts(read, geometries)
    owner, xy, z, count = _spans(read, tables)
    if len(np.unique(owner)) != len(tables):
        raise BadSnapshot("a part without coordinates")
    return Shapes(kind, rows, part_owner, owner, xy, z, count)


def _collections(read: Bytes, rows: Ints, geometries: Ints, kind: int) -> Shapes:
    """Collections have no rows of their own: their members are shapes, put together afterwards."""
    found = [_member(read, int(table), 0) for table in geometries]
    none = np.empty(0, dtype=np.int64)
    return Shapes(kind, rows, none, none, none, none, none, found)


def _member(read: Bytes, table: int, depth: int) -> dict[str, Any]:
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


_MAKE: dict[int, Callable[[Bytes, Ints, Ints, int], Shapes]] = {
    1: _whole,
    2: _whole,
    3: _polygons,
    4: _points,
    5: _lines,
    6: _multipolygons,
    7: _collections,
}
