"""How the geometries of a conflict differ, of every kind."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.gui.conflict_shapes import MOST, compare, is_heavy
from plugin.workcopy.conflicts import ConflictCell
from plugin.workcopy.geometry import encode


def cell(base: Any, mine: Any, theirs: Any) -> ConflictCell:
    blobs = [encode(one, 28992)[0] for one in (base, mine, theirs)]
    return ConflictCell("geom", "", "geometry", *blobs, blobs[1], "clash")


def polygon(*rings: list[list[float]]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]] for ring in rings]}


SQUARE = [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]]
HOLE = [[4.0, 4.0], [6.0, 4.0], [6.0, 6.0], [4.0, 6.0]]


def test_a_corner_moved_and_a_hole_cut() -> None:
    moved = [[0.0, 0.0], [12.0, 0.0], [10.0, 10.0], [0.0, 10.0]]
    shapes = compare(cell(polygon(SQUARE), polygon(moved), polygon(SQUARE, HOLE)), True)
    assert (shapes.mine.changed, shapes.mine.gone) == (((12.0, 0.0),), ((10.0, 0.0),))
    assert sorted(shapes.theirs.changed) == sorted(tuple(point) for point in HOLE) and shapes.theirs.gone == ()
    assert shapes.differ and shapes.mine.words == "area 100.0 → 110.0 m²"
    assert shapes.theirs.words == "4 → 8 vertices, area 100.0 → 96.0 m²"
    assert shapes.base.words == "area of 100.0 m², 4 vertices"


def test_where_a_ring_begins_is_no_difference() -> None:
    turned = [*SQUARE[2:], *SQUARE[:2]]
    shapes = compare(cell(polygon(SQUARE), polygon(turned), polygon(SQUARE)), True)
    assert shapes.mine.changed == shapes.mine.gone == ()


@pytest.mark.parametrize(("kind", "base", "mine", "theirs", "changed"), [
    ("Point", [1.0, 2.0], [4.0, 6.0], [1.0, 2.0], [(4.0, 6.0)]),
    ("MultiPoint", [[1.0, 2.0], [3.0, 3.0]], [[1.0, 2.0]], [[1.0, 2.0], [3.0, 4.0]], []),
    ("LineString", [[0.0, 0.0], [5.0, 0.0]], [[0.0, 0.0], [5.0, 1.0]], [[0.0, 0.0], [5.0, 2.0]], [(5.0, 1.0)]),
    ("MultiLineString", [[[0.0, 0.0], [5.0, 0.0]]], [[[0.0, 0.0], [5.0, 0.0]], [[7.0, 7.0], [8.0, 8.0]]],
     [[[0.0, 0.0], [5.0, 0.0]]], [(7.0, 7.0), (8.0, 8.0)]),
])  # fmt: skip
def test_points_and_lines(kind: str, base: Any, mine: Any, theirs: Any, changed: list[Any]) -> None:
    sides = [{"type": kind, "coordinates": one} for one in (base, mine, theirs)]
    shapes = compare(cell(*sides), True)
    assert sorted(shapes.mine.changed) == changed and shapes.differ


def test_a_collection_is_taken_apart() -> None:
    one = {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [1.0, 1.0]}, polygon(SQUARE)]}
    other = {
        "type": "GeometryCollection",
        "geometries": [{"type": "Point", "coordinates": [2.0, 1.0]}, polygon(SQUARE)],
    }
    assert compare(cell(one, other, one), True).mine.changed == ((2.0, 1.0),)


def test_heights_alone() -> None:
    low = {"type": "LineString", "coordinates": [[0.0, 0.0, 1.0], [5.0, 0.0, 1.0]]}
    high = {"type": "LineString", "coordinates": [[0.0, 0.0, 1.0], [5.0, 0.0, 9.0]]}
    shapes = compare(cell(low, high, low), True)
    assert (shapes.mine.words, shapes.theirs.words) == ("height differs at 1 vertex", "unchanged")
    assert (shapes.mine.changed, shapes.mine.gone) == (((5.0, 0.0),), ())


def test_walls_have_several_heights_in_one_place() -> None:
    wall = {"type": "Polygon", "coordinates": [[[0.0, 0, 0], [5.0, 0, 0], [5.0, 0, 3], [0.0, 0, 3], [0.0, 0, 0]]]}
    raised = {"type": "Polygon", "coordinates": [[[0.0, 0, 0], [5.0, 0, 0], [5.0, 0, 4], [0.0, 0, 3], [0.0, 0, 0]]]}
    floats = [
        {**one, "coordinates": [[[float(v) for v in p] for p in one["coordinates"][0]]]} for one in (wall, raised)
    ]
    assert compare(cell(floats[0], floats[1], floats[0]), True).mine.changed == ((5.0, 0.0),)


def test_a_side_that_is_not_there() -> None:
    shapes = compare(cell(polygon(SQUARE), polygon(SQUARE), None), True)
    assert (shapes.mine.words, shapes.theirs.words, shapes.differ) == ("unchanged", "–", False)
    assert shapes.theirs.gone == () and shapes.theirs.blob is None
    both = compare(cell(None, polygon(SQUARE), polygon([*SQUARE[:3], [0.0, 11.0]])), True)
    assert both.differ and both.mine.changed == ((0.0, 10.0),) and both.theirs.changed == ((0.0, 11.0),)
    nothing = compare(cell(None, None, None), True)
    assert not nothing.differ and nothing.mine.words == "–"


def test_degrees_are_not_measured() -> None:
    moved = {"type": "Point", "coordinates": [4.5, 52.0]}
    assert compare(cell({"type": "Point", "coordinates": [4.4, 52.0]}, moved, moved), False).mine.words == "moved"


def test_thousands_of_vertices() -> None:
    ring = [[float(n), float(n * n % 977)] for n in range(6000)]
    other = [[x, y + 0.5] for x, y in ring]
    heavy = cell(polygon(ring), polygon(other), polygon(ring))
    assert is_heavy(heavy)
    assert len(compare(heavy, True).mine.changed) == MOST


def test_what_cannot_be_read_is_said() -> None:
    broken = ConflictCell("geom", "", "geometry", None, b"GP\x00\x01\x00\x00\x00\x00\x01\x07", None, None, "clash")
    assert compare(broken, True).mine.words == "unreadable geometry"


def test_a_twins_rounding_is_nobodys_edit() -> None:
    """A twin that keeps degrees moves every vertex a few millimetres."""
    rounded = [[x + 0.004, y - 0.003] for x, y in SQUARE]
    shapes = compare(cell(polygon(SQUARE), polygon(SQUARE), polygon([*rounded[:2], [14.0, 5.0], *rounded[2:]])), True)
    assert (shapes.theirs.changed, shapes.theirs.gone) == (((14.0, 5.0),), ())
    degrees = [[4.4 + x / 1e5, 52 + y / 1e5] for x, y in SQUARE]
    moved = [[x + 1e-7, y] for x, y in degrees[:3]] + [[4.5, 52.1]]
    assert compare(cell(polygon(degrees), polygon(moved), polygon(degrees)), False).mine.changed == ((4.5, 52.1),)


@pytest.mark.parametrize("x", [91735.42, 91720.04, 91964.58, 0.02, -0.04, 1e6])
def test_places_on_the_grid_are_found_both_ways(x: float) -> None:
    one = {"type": "Point", "coordinates": [x, 437712.82]}
    other = {"type": "Point", "coordinates": [x + 0.0001, 437712.8204]}
    shapes = compare(cell(one, {"type": "MultiPoint", "coordinates": [other["coordinates"], [x + 5, 0.0]]}, one), True)
    assert (shapes.mine.changed, shapes.mine.gone) == (((x + 5, 0.0),), ())


def test_where_all_is_fine_the_fine_is_shown() -> None:
    rounded = [[x + 0.004, y - 0.003] for x, y in SQUARE]
    shapes = compare(cell(polygon(SQUARE), polygon(rounded), polygon(SQUARE)), True)
    assert len(shapes.mine.changed) == 4 and shapes.differ
    assert shapes.theirs.changed == ()
