"""The packed R-tree: what SQLite's own check says, and what it finds, on any data and after any later edit."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from osgeo import ogr

from plugin.workcopy import rtree
from plugin.workcopy.tables import QuietGdal
from tests.raw_pages import RawTwin, declared
from tests.shapes import X, Y, ring
from tests.sound import Box, expect_index, expect_sound, expect_valid

from .checked import feature

NAME = "rtree_things_geom"
CELLS, FILL = 51, 45  # of a node: SQLite's most, and what packing puts into one
Boxes = dict[int, Box]


def packed(boxes: Boxes) -> sqlite3.Connection:
    """An R-tree of ``boxes`` in a file of memory, as a GeoPackage has it."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute(f"CREATE VIRTUAL TABLE {NAME} USING rtree(id, minx, maxx, miny, maxy)")
    array = np.array(list(boxes.values()), dtype=np.float64).reshape(-1, 4)[:, [0, 2, 1, 3]]
    connection.execute("BEGIN")
    rtree.pack(connection, "things", "geom", np.array(list(boxes), dtype=np.int64), array)
    connection.execute("COMMIT")
    return connection


def scattered(count: int, chance: random.Random) -> Boxes:
    """Boxes of a city: small ones, some large, of which some touch."""
    found = {}
    for fid in range(1, count + 1):
        x, y, size = chance.uniform(8e4, 1e5), chance.uniform(43e4, 45e4), 10 ** chance.uniform(-1, 3)
        found[fid] = (x, x + size, y, y + size * chance.random())
    return found


@pytest.mark.parametrize(
    "count",
    [0, 1, 2, FILL - 1, FILL, FILL + 1, CELLS - 1, CELLS, CELLS + 1, 2 * FILL, 2 * FILL + 1, FILL * FILL,
     FILL * FILL + 1, FILL * CELLS - 1, FILL * CELLS, FILL * CELLS + 1, FILL * (CELLS + 1)],
)  # fmt: skip
def test_full_and_overfull_nodes(count: int) -> None:
    boxes = scattered(count, random.Random(count))
    expect_index(packed(boxes), NAME, boxes)


@pytest.mark.slow
@pytest.mark.parametrize("count", [FILL * FILL * CELLS, FILL * FILL * CELLS + 1])
def test_another_storey(count: int) -> None:
    """At 103,275 boxes the tree grows by one."""
    boxes = scattered(count, random.Random(count))
    expect_index(packed(boxes), NAME, boxes)


ODD: dict[str, Callable[[int], Box]] = {
    "one point": lambda n: (92000.1, 92000.1, 437000.1, 437000.1),
    "points in a row": lambda n: (n / 7, n / 7, 0.1, 0.1),
    "one on another": lambda n: (-n / 3, n / 3, -n / 3, n / 3),
    "far apart": lambda n: (10.0**n, 10.0 ** (n + 1), -(10.0 ** (n + 1)), -(10.0**n)),
    "very small": lambda n: (n * 5e-324, n * 1e-310, -n * 1e-40, n * 1e-45),
    "beyond single precision": lambda n: (-1.7e308 / n, 1.7e308 / n, 3.5e38, 1e39 * n),
    "next to a power of two": lambda n: (2.0**24 + n / 8, 2.0**24 + n / 8, -(2.0**25) - n / 8, -(2.0**25) - n / 8),
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_places(kind: str) -> None:
    boxes = {fid: ODD[kind](fid) for fid in range(1, 301)}
    expect_index(packed(boxes), NAME, boxes)


NUMBER = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-3, 3).map(float)
BOX = st.tuples(NUMBER, NUMBER, NUMBER, NUMBER).map(lambda b: (min(b[:2]), max(b[:2]), min(b[2:]), max(b[2:])))


@settings(max_examples=40, deadline=None)
@given(st.lists(BOX, max_size=130), st.integers(-(2**62), 2**62), st.integers(1, 2**40))
def test_any_boxes(found: list[Box], first: int, step: int) -> None:
    boxes = {first + step * n: box for n, box in enumerate(found)}
    expect_index(packed(boxes), NAME, boxes)


@pytest.mark.parametrize("count", [1, FILL + 1, CELLS + 1, FILL * 30 + 3])
def test_edits_of_a_packed_tree(count: int) -> None:
    """Thousands of later inserts, moves and deletes, as a GeoPackage's triggers do them; emptied, and filled again."""
    chance = random.Random(count)
    boxes = scattered(count, chance)
    connection = packed(boxes)
    for round_ in range(4):
        connection.execute("BEGIN")
        for fid, box in scattered(400, chance).items():
            new = fid + 10_000 * (round_ + 1)
            if fid % 3 == 0 and boxes:
                new = chance.choice(list(boxes))  # moved
            boxes[new] = box
            connection.execute(f"INSERT OR REPLACE INTO {NAME} VALUES (?, ?, ?, ?, ?)", (new, *box))
        for fid in chance.sample(list(boxes), len(boxes) if round_ == 2 else len(boxes) // 3):
            del boxes[fid]
            connection.execute(f"DELETE FROM {NAME} WHERE id = ?", (fid,))
        connection.execute("COMMIT")
        expect_index(connection, NAME, boxes)


@pytest.mark.parametrize("count", [0, 1, CELLS + 1, 700])
def test_a_checkout_that_gdal_edits(raw: RawTwin, tmp_path: Path, count: int) -> None:
    """Boxes, null and empty geometries, in the file of a checkout; then GDAL adds, moves, empties and deletes."""
    path = tmp_path / "a.gpkg"
    chance = random.Random(count)
    shapes = [
        {"type": "Polygon", "coordinates": [ring(X + n * 3, Y + chance.random() * 900, 1 + n % 9)]}
        for n in range(count)
    ]
    for place in range(5, count, 9):
        shapes[place] = {"type": "Polygon", "coordinates": []} if place % 2 else None  # type: ignore[call-overload]
    raw.give([feature(n, shape) for n, shape in enumerate(shapes)], declared("Polygon"), size=1000)
    raw.checkout(path)
    expect_sound(path)
    with QuietGdal():
        dataset = ogr.Open(str(path), update=1)
        layer = dataset.GetLayerByName("things")
        layer.StartTransaction()
        for fid in range(1, count + 1):
            row = layer.GetFeature(fid)
            if fid % 4 == 0:
                layer.DeleteFeature(fid)
            elif fid % 4 == 1:
                row.SetGeometry(ogr.CreateGeometryFromWkt(f"POLYGON (({fid} 0,{fid} 1,{fid + 1} 1,{fid} 0))"))
                layer.SetFeature(row)
            elif fid % 4 == 2:
                row.SetGeometry(ogr.CreateGeometryFromWkt("POLYGON EMPTY") if fid % 8 == 2 else None)
                layer.SetFeature(row)
        for place in range(120):
            row = ogr.Feature(layer.GetLayerDefn())
            row.SetGeometry(ogr.CreateGeometryFromWkt(f"POLYGON (({place} 0,{place} 1,{place + 1} 1,{place} 0))"))
            layer.CreateFeature(row)
        layer.CommitTransaction()
        del row, layer, dataset
    expect_sound(path)
    expect_valid(path)
