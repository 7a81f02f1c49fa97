"""GeoJSON geometries of every kind, in metres of EPSG:28992: plain, with holes, with heights, with some, and empty."""

from __future__ import annotations

from typing import Any

X, Y = 92000.125, 437000.3


def ring(x: float, y: float, size: float = 8.7, *height: float) -> list[list[float]]:
    """A square's positions, its south-west corner at x, y."""
    corners = [(0.0, 0.0), (size, 0.0), (size, size), (0.0, size), (0.0, 0.0)]
    return [[x + dx, y + dy, *height] for dx, dy in corners]


POINTS = [[X, Y], [X + 1 / 3, Y + 1e-9], [X + 2, Y - 0.1]]
IN_SPACE = [[X, Y, 1.25], [X + 1, Y + 1, -3.0], [X + 2, Y, 1e-7]]
FLAT: dict[str, list[Any]] = {
    "Point": [POINTS[0], [0, 0], [-1e7, 1e7], [5e-324, 1.7e308]],
    "LineString": [POINTS, POINTS[:2]],
    "Polygon": [[ring(X, Y)], [ring(X, Y, 90), ring(X + 9, Y + 9), ring(X + 30, Y + 30)]],
    "MultiPoint": [POINTS, POINTS[:1]],
    "MultiLineString": [[POINTS, POINTS[:2]], [POINTS]],
    "MultiPolygon": [[[ring(X, Y)], [ring(X + 20, Y), ring(X + 22, Y + 2, 2)]], [[ring(X, Y)]]],
}
HIGH: dict[str, list[Any]] = {
    "Point": [IN_SPACE[0], [X, Y, 0]],
    "LineString": [IN_SPACE],
    "Polygon": [[ring(X, Y, 8, 4.5)], [ring(X, Y, 90, 1), ring(X + 9, Y + 9, 8, 1)]],
    "MultiPoint": [IN_SPACE],
    "MultiLineString": [[IN_SPACE, IN_SPACE[:2]]],
    "MultiPolygon": [[[ring(X, Y, 8, 2)], [ring(X + 20, Y, 8, -2), ring(X + 22, Y + 2, 2, -2)]]],
}
HALF: dict[str, list[Any]] = {
    "LineString": [[POINTS[0], IN_SPACE[1]], [IN_SPACE[0], POINTS[1]]],
    "MultiPoint": [[POINTS[0], IN_SPACE[1]]],
    "MultiLineString": [[POINTS, IN_SPACE]],
    "MultiPolygon": [[[ring(X, Y)], [ring(X + 20, Y, 8, 3)]]],
}
SINGLE_OF = {"MultiPoint": "Point", "MultiLineString": "LineString", "MultiPolygon": "Polygon"}


def shapes(kinds: dict[str, list[Any]], *wanted: str) -> list[dict[str, Any]]:
    """The geometries of `FLAT`, `HIGH` or `HALF`, or those of the kinds that are ``wanted``."""
    return [{"type": kind, "coordinates": one} for kind in wanted or kinds for one in kinds.get(kind, ())]


COLLECTIONS = [
    {"type": "GeometryCollection", "geometries": parts}
    for parts in (
        [],
        shapes(FLAT),
        [{"type": "GeometryCollection", "geometries": shapes(FLAT, "Point", "Polygon")}, *shapes(FLAT, "LineString")],
        [{"type": "GeometryCollection", "geometries": []}],
        shapes(HIGH),
        [*shapes(FLAT, "Point"), *shapes(HIGH, "Point")],
    )
]
EMPTY = [{"type": kind, "coordinates": []} for kind in FLAT]


def nothing(kind: str) -> dict[str, Any]:
    """An empty geometry."""
    return {"type": kind, "geometries" if kind == "GeometryCollection" else "coordinates": []}
