"""Review items and tasks in plain tables: GDAL sees layers, rows come and go unharmed."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from osgeo import gdal, ogr

from plugin.review import plain, schema, tasks
from plugin.review import table as tables
from plugin.review.item import Item
from plugin.workcopy import trail
from plugin.workcopy.connection import opened, transaction
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.geometry import encode
from tests.copies import add_layer, make_copy, make_source

from .conftest import Outside, point

WORDS = "'); DROP TABLE reviews; -- <script>alert(1)</script> “é” \U0001f6b2"


def read_one(path: Path, key: str) -> Item:
    return next(item for item in plain.read(path).items if item.key == key)


def test_they_are_layers(tmp_path: Path) -> None:
    path = tmp_path / "work.gpkg"
    make_copy(path)
    plain.create(path, 28992)
    plain.write(path, [Item(text="x", geometry=point(92000))])
    plain.create(path, 28992)  # what is there stays
    tasks.create(path, 28992, [tasks.Task("A", geometry=point(92001)), tasks.Task("B")])
    data = gdal.OpenEx(str(path), gdal.OF_VECTOR)
    found = {(layer := data.GetLayer(n)).GetName(): layer for n in range(data.GetLayerCount())}
    assert {name: layer.GetFeatureCount() for name, layer in found.items()} == {
        "buildings": 10, "reviews": 1, "review_lines": 0, "review_areas": 0, "review_tasks": 2,
    }  # fmt: skip
    kinds = {name: ogr.GeometryTypeToName(layer.GetGeomType()) for name, layer in found.items()}
    assert kinds["review_lines"] == "Multi Line String" and kinds["review_tasks"] == "Point"
    assert [field.GetName() for field in found["reviews"].schema] == list(schema.COLUMNS)
    assert found["reviews"].GetExtent()[:2] == (92000, 92000)
    done = found["review_tasks"].GetLayerDefn().GetFieldDefn(4)
    assert done.GetSubType() == ogr.OFSTBoolean
    del found, data
    with opened(path) as connection:
        for name in (*schema.COLLECTIONS, tasks.TABLE):
            assert connection.execute("SELECT rtreecheck(?)", (f"rtree_{name}_geom",)).fetchone() == ("ok",)


def test_an_item_comes_back_as_it_was(outside: Outside) -> None:
    area = encode({"type": "MultiPolygon", "coordinates": [[[[0, 0], [9, 0], [9, 9], [0, 0]]]]}, 28992)[0]
    item = Item(
        "wrong", WORDS, "rejected", "no", "buildings", "b1", WORDS, "Jan", "2026-11-24T10:00:00Z", "Els",
        "2026-11-25T10:00:00Z", ("photos/1.jpg", "photos/2.jpg"), WORDS, schema.AREAS, None, None, area,
    )  # fmt: skip
    plain.write(outside.geopackage, [item, Item(key="other")])
    found = read_one(outside.geopackage, WORDS)
    assert found.fid is not None and found == Item(**{**item.__dict__, "fid": found.fid})
    # by its key it is written over, wherever it lies
    plain.write(outside.geopackage, [Item(text="second", key=WORDS, table=schema.AREAS)])
    assert read_one(outside.geopackage, WORDS).text == "second"
    assert len(plain.read(outside.geopackage).items) == 3
    # one without a key is its row
    (bare,) = [item for item in plain.read(outside.geopackage).items if item.key == "other"]
    plain.write(outside.geopackage, [Item(text="third", fid=bare.fid)])
    assert [item.text for item in plain.read(outside.geopackage).items if item.fid == bare.fid] == ["third"]


def test_an_item_without_a_key_always_gets_the_same(outside: Outside) -> None:
    plain.write(outside.geopackage, [Item(text="a"), Item(text="b")])
    keys = [item.key for item in plain.read(outside.geopackage, package="p-1").items]
    assert len(set(keys)) == 3 and all(keys)
    assert keys == [item.key for item in plain.read(outside.geopackage, package="p-1").items]
    assert keys[1:] != [item.key for item in plain.read(outside.geopackage, package="p-2").items][1:]


def test_in_another_reference_system(outside: Outside) -> None:
    there = encode({"type": "Point", "coordinates": [4.47, 51.92]}, 4326)[0]
    plain.write(outside.geopackage, [Item(key="d", geometry=there)], srid=4326)
    geometry = read_one(outside.geopackage, "d").geometry
    assert geometry is not None
    assert abs(ogr.CreateGeometryFromWkb(geometry[40:]).GetX() - 92000) < 3000
    for junk in (b"", b"GP", b"GP\0\3" + bytes(20), b"x" * 100):
        assert tables.in_system(junk, 4326, 28992) is None and tables.in_system(None, 4326, 28992) is None


def test_tasks_are_ticked_off(outside: Outside) -> None:
    (task,) = tasks.read(outside.geopackage)
    assert (task.collection, task.feature, task.done, task.fid) == ("buildings", "b1", False, 1)
    tasks.mark(outside.geopackage, 1, by="Jan", at=datetime(2026, 11, 24, 9, tzinfo=timezone.utc))
    (task,) = tasks.read(outside.geopackage)
    assert (task.done, task.done_at, task.done_by) == (True, "2026-11-24T09:00:00Z", "Jan")
    tasks.mark(outside.geopackage, 1, done=False)
    assert (read := tasks.read(outside.geopackage)[0]).done is False and read.done_by == read.done_at == ""
    # as QField and others may write it
    for value, done in (("true", True), (1.0, True), ("0", False), (None, False), (b"x", False)):
        outside.run("UPDATE review_tasks SET done = ?", value)
        assert tasks.read(outside.geopackage)[0].done is done
    assert tasks.read(outside.copy.path) == ()


def test_columns_that_somebody_took_away_or_added(outside: Outside) -> None:
    outside.run("ALTER TABLE reviews DROP COLUMN author")
    outside.run('ALTER TABLE reviews DROP COLUMN "key"')
    outside.run('ALTER TABLE reviews ADD COLUMN "it\'s ""mine""" TEXT')
    (item,) = plain.read(outside.geopackage, package="p").items
    assert item.text == "The roof is gone" and item.author == "" and item.key
    plain.write(outside.geopackage, [Item(text="new", key="k-9", author="Jan")])
    assert [item.text for item in plain.read(outside.geopackage).items] == ["The roof is gone", "new"]


def test_values_of_other_types(outside: Outside) -> None:
    values: list[Any] = [b"\xff\xfe", 5, 1.5, "x" * 300_000, float("inf")]
    for value in values:
        outside.run("UPDATE reviews SET text = ?, geom = ?, status = ?", value, None, value)
        (item,) = plain.read(outside.geopackage).items
        assert isinstance(item.text, str) and len(item.text) <= 100_000
    outside.run("UPDATE reviews SET text = CAST(x'ff61' AS TEXT), author = CAST(x'00' AS TEXT)")
    assert plain.read(outside.geopackage).items[0].text == "\ufffda"


def test_a_checked_out_layer_is_read_and_tracked(tmp_path: Path) -> None:
    path = tmp_path / "work.gpkg"
    found = schema.schema(schema.POINTS)
    add_layer(path, make_source("reviews", found, srid=4326), [], first=True)
    with opened(path, write=True) as connection, transaction(connection):
        assert not plain.is_plain(connection, "reviews")
        plain.put(connection, Item(key="k", text="x", geometry=point(92000)), srid=28992)
    (item,) = plain.read(path).items
    assert item.twin_id is None and item.geometry is not None
    assert abs(ogr.CreateGeometryFromWkb(item.geometry[40:]).GetX() - 4.47) < 1
    (change,) = WorkingCopy.open(path).changes()
    assert change.kind == "insert"


def test_notes_leave_marks_in_the_trail_of_a_package(outside: Outside) -> None:
    def trail_now() -> trail.Marks | None:
        outside.run("UPDATE twin_trail SET at = '0'")
        with opened(outside.geopackage) as connection:
            return trail.marks(connection)

    before = trail_now()
    assert before is not None
    plain.write(outside.geopackage, [Item(key="k-9")])
    noted = trail_now()
    tasks.mark(outside.geopackage, 1)
    ticked = trail_now()
    assert noted is not None and ticked is not None
    assert noted[: len(before)] == before and len(noted) == len(before) + 1
    assert ticked[: len(noted)] == noted and len(ticked) == len(noted) + 1
    plain.create(outside.copy.path, 28992)
    plain.write(outside.copy.path, [Item(key="k-9")])
    with opened(outside.copy.path) as connection:
        assert trail.marks(connection) is None, "the office leaves none"
