"""Every value and vertex that a twin serves is in the file: as GDAL reads the same pages, and as JSON means it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plugin.workcopy.copy import WorkingCopy
from tests.equal import expect_equal
from tests.raw_pages import RawTwin, declared, raw_twin
from tests.sound import expect_sound, expect_valid

X, Y = 92000.125, 437000.3


@pytest.fixture(scope="module")
def twin() -> Iterator[RawTwin]:
    with raw_twin() as running:
        yield running


def feature(identity: Any, geometry: Any = None, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "id": identity, "geometry": geometry, "properties": properties}


def ring(x: float, y: float, size: float = 8.7, *height: float) -> list[list[float]]:
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


def take(twin: RawTwin, path: Path, features: list[dict[str, Any]], schema: dict[str, Any] | None) -> frozenset[str]:
    """Served, checked out, compared, and the file looked at; what GDAL vouches for."""
    twin.give(features, schema)
    report = twin.checkout(path)
    assert report.feature_count == len(features)
    found = expect_equal(path, "things", features)
    expect_sound(path)
    expect_valid(path)
    assert WorkingCopy.open(path).changes() == []
    return found


@pytest.mark.parametrize("high", ["flat", "high", "half", "promised"])
@pytest.mark.parametrize("kind", [*FLAT, "GeometryCollection"])
def test_geometries_of_one_kind(twin: RawTwin, tmp_path: Path, kind: str, high: str) -> None:
    """In a table of that kind: flat, with heights, with some heights, and flat where heights were promised."""
    given = {"flat": (FLAT,), "high": (HIGH,), "half": (FLAT, HIGH, HALF), "promised": (FLAT, HIGH)}[high]
    found = [one for kinds in given for one in shapes(kinds, kind, SINGLE_OF.get(kind, kind))]
    if kind == "GeometryCollection":
        found = COLLECTIONS[:4] if high == "flat" else COLLECTIONS
    features = [feature(f"f{n}", one) for n, one in enumerate([*found, None, {"type": kind, **nothing(kind)}])]
    take(twin, tmp_path / "a.gpkg", features, declared(kind, z=high in ("high", "promised")))


def nothing(kind: str) -> dict[str, Any]:
    return {"geometries": []} if kind == "GeometryCollection" else {"coordinates": []}


@pytest.mark.parametrize("schema", [None, declared(), declared("Polygon"), declared("MultiPoint", z=True)])
def test_geometries_of_all_kinds(twin: RawTwin, tmp_path: Path, schema: dict[str, Any] | None) -> None:
    """Together, whatever the schema promised."""
    every = [*shapes(FLAT), *shapes(HIGH), *shapes(HALF), *COLLECTIONS, *EMPTY, None]
    take(twin, tmp_path / "a.gpkg", [feature(n, one) for n, one in enumerate(every)], schema)
