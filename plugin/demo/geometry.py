"""GeoJSON geometries: walking their positions, the box around them, area, length, and whether they meet a box.

Pure Python over parsed GeoJSON: a wall of a 3D building is no valid polygon in the plane, and GEOS would refuse it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from .model import Box

Geometry = dict[str, Any]
DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}


def positions(geometry: Geometry) -> Iterator[list[float]]:
    """Every position, as the list object inside ``geometry`` (so that it can be changed in place)."""
    if geometry["type"] == "GeometryCollection":
        for part in geometry["geometries"]:
            yield from positions(part)
        return
    yield from _positions(geometry["coordinates"], DEPTH[geometry["type"]])


def _positions(coordinates: Any, depth: int) -> Iterator[list[float]]:
    if depth == 0:
        if coordinates:
            yield coordinates
    elif depth == 1:
        yield from coordinates
    else:
        for part in coordinates:
            yield from _positions(part, depth - 1)


def box_of(geometry: Geometry | None) -> Box | None:
    """The box around ``geometry``; None where it is null or empty."""
    if geometry is None:
        return None
    xs: list[float] = []
    ys: list[float] = []
    for position in positions(geometry):
        xs.append(position[0])
        ys.append(position[1])
    return (min(xs), min(ys), max(xs), max(ys)) if xs else None


def is_empty(geometry: Geometry | None) -> bool:
    return geometry is None or next(positions(geometry), None) is None


def has_z(geometry: Geometry) -> bool:
    first = next(positions(geometry), None)
    return first is not None and len(first) > 2


def polygons(geometry: Geometry) -> list[list[list[list[float]]]]:
    """The polygons in ``geometry`` as lists of rings."""
    kind = geometry["type"]
    if kind == "Polygon":
        return [geometry["coordinates"]]
    if kind == "MultiPolygon":
        return list(geometry["coordinates"])
    if kind == "GeometryCollection":
        return [polygon for part in geometry["geometries"] for polygon in polygons(part)]
    return []


def lines(geometry: Geometry) -> list[list[list[float]]]:
    """The lines in ``geometry``, rings of polygons included."""
    kind = geometry["type"]
    if kind == "LineString":
        return [geometry["coordinates"]]
    if kind == "MultiLineString":
        return list(geometry["coordinates"])
    if kind == "GeometryCollection":
        return [line for part in geometry["geometries"] for line in lines(part)]
    return [ring for polygon in polygons(geometry) for ring in polygon]


def ring_area(ring: list[list[float]]) -> float:
    """Signed area in the plane, positive where the ring runs counter-clockwise."""
    if not ring:
        return 0.0
    x0, y0 = ring[0][0], ring[0][1]  # relative to the first position: RD coordinates are large
    total = 0.0
    for a, b in zip(ring, ring[1:]):
        total += (a[0] - x0) * (b[1] - y0) - (b[0] - x0) * (a[1] - y0)
    return total / 2


def area(geometry: Geometry) -> float:
    """Area in the plane in square CRS units; holes are left out."""
    total = 0.0
    for polygon in polygons(geometry):
        rings = [abs(ring_area(ring)) for ring in polygon]
        total += rings[0] - sum(rings[1:]) if rings else 0.0
    return total


def length(geometry: Geometry) -> float:
    """Length of the lines in the plane in CRS units."""
    return sum(math.hypot(b[0] - a[0], b[1] - a[1]) for line in lines(geometry) for a, b in zip(line, line[1:]))


def meets_box(geometry: Geometry, box: Box) -> bool:
    """Whether ``geometry`` and ``box`` share a point in the plane."""
    min_x, min_y, max_x, max_y = box
    for position in positions(geometry):
        if min_x <= position[0] <= max_x and min_y <= position[1] <= max_y:
            return True
    for line in lines(geometry):
        for a, b in zip(line, line[1:]):
            if _segment_meets(a, b, box):
                return True
    return any(_inside(min_x, min_y, polygon) for polygon in polygons(geometry))


def text_meets_box(text: str, min_x: float, min_y: float, max_x: float, max_y: float) -> bool:
    """`meets_box` for GeoJSON text; registered in SQLite."""
    return meets_box(json.loads(text), (min_x, min_y, max_x, max_y))


def _segment_meets(a: list[float], b: list[float], box: Box) -> bool:
    """Liang and Barsky's clipping."""
    start, end = 0.0, 1.0
    dx, dy = b[0] - a[0], b[1] - a[1]
    for p, q in ((-dx, a[0] - box[0]), (dx, box[2] - a[0]), (-dy, a[1] - box[1]), (dy, box[3] - a[1])):
        if p == 0:
            if q < 0:
                return False
            continue
        t = q / p
        if p < 0:
            start = max(start, t)
        else:
            end = min(end, t)
        if start > end:
            return False
    return True


def _inside(x: float, y: float, polygon: list[list[list[float]]]) -> bool:
    """Even-odd rule over all rings."""
    inside = False
    for ring in polygon:
        for a, b in zip(ring, ring[1:]):
            if (a[1] > y) != (b[1] > y) and x < (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0]:
                inside = not inside
    return inside
