"""Every vertex that a twin serves is in the file, as GDAL reads it from the same pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.equal import expect_equal
from tests.raw_pages import RawTwin, declared
from tests.shapes import COLLECTIONS, EMPTY, FLAT, HALF, HIGH, SINGLE_OF, nothing, shapes

from .checked import feature, take


@pytest.mark.parametrize("high", ["flat", "high", "half", "promised"])
@pytest.mark.parametrize("kind", [*FLAT, "GeometryCollection"])
def test_geometries_of_one_kind(raw: RawTwin, tmp_path: Path, kind: str, high: str) -> None:
    """In a table of that kind: flat, with heights, with some heights, and flat where heights were promised."""
    given = {"flat": (FLAT,), "high": (HIGH,), "half": (FLAT, HIGH, HALF), "promised": (FLAT, HIGH)}[high]
    found = [one for kinds in given for one in shapes(kinds, kind, SINGLE_OF.get(kind, kind))]
    if kind == "GeometryCollection":
        found = COLLECTIONS[:4] if high == "flat" else COLLECTIONS
    features = [feature(f"f{n}", one) for n, one in enumerate([*found, None, nothing(kind)])]
    take(raw, tmp_path / "a.gpkg", features, declared(kind, z=high in ("high", "promised")))


@pytest.mark.parametrize("schema", [None, declared(), declared("Polygon"), declared("MultiPoint", z=True)])
def test_geometries_of_all_kinds(raw: RawTwin, tmp_path: Path, schema: dict[str, Any] | None) -> None:
    """Together, whatever the schema promised."""
    every = [*shapes(FLAT), *shapes(HIGH), *shapes(HALF), *COLLECTIONS, *EMPTY, None]
    take(raw, tmp_path / "a.gpkg", [feature(n, one) for n, one in enumerate(every)], schema)


def test_the_first_features_are_nowhere(raw: RawTwin, tmp_path: Path) -> None:
    """Without a schema, hundreds without a geometry and a value do not hide those that come behind them."""
    bare = [feature(f"n{n}", None, floors=n, opened=None) for n in range(500)]
    late = [feature(f"p{n}", one, floors=n + 0.5, opened="2026-01-01", more="x") for n, one in enumerate(shapes(FLAT))]
    take(raw, tmp_path / "a.gpkg", [*bare, *late], None)


def test_a_geometry_that_comes_too_late_is_told(raw: RawTwin, tmp_path: Path) -> None:
    """In a table that was made without: the thousand first had none, or the schema names none."""
    bare = [feature(f"n{n}", None) for n in range(1100)]
    raw.give([*bare, feature("late", {"type": "Point", "coordinates": [1, 2]})], None, size=100)
    report = raw.checkout(tmp_path / "a.gpkg")
    assert any(text.startswith("1 feature has a geometry") for text in report.layers[0].problems)
    expect_equal(tmp_path / "a.gpkg", "things", [*bare, feature("late")])
