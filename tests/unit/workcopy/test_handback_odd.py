"""Packages as they really come back: sent twice, copied, damaged, edited by other programs, and made in bad faith."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from osgeo import gdal, ogr

from plugin.twin.errors import CityTwinError
from plugin.twin.model import Item, Property, Schema
from plugin.workcopy import sql, trail
from plugin.workcopy.conflicts import resolve_all
from plugin.workcopy.connection import connect, opened
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.excerpt import Area, excerpt
from plugin.workcopy.geometry import encode
from plugin.workcopy.handback import HandBack, hand_back
from plugin.workcopy.package import Package
from tests.copies import add_layer, building, make_copy, make_source, square

MADE = "2026-11-23T08:00:00Z"


@pytest.fixture
def copy(tmp_path: Path) -> WorkingCopy:
    return make_copy(tmp_path / "work.gpkg")


def package(copy: WorkingCopy, name: str = "one", area: Area | None = None) -> WorkingCopy:
    path = copy.path.parent / f"{name}.gpkg"
    excerpt(copy, path, [source.table for source in copy.sources], area, Package(f"id-{name}", MADE, for_whom=name))
    return WorkingCopy.open(path)


def another(outside: WorkingCopy, name: str) -> WorkingCopy:
    """The same package once more, as it is now."""
    path = outside.path.with_name(f"{name}.gpkg")
    shutil.copy(outside.path, path)
    return WorkingCopy.open(path)


def run(copy: WorkingCopy, statement: str, *values: Any) -> None:
    connection = connect(copy.path, write=True)
    connection.execute(statement, values)
    # the marks of a trail are a second apart: the next edit is of another second
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'twin_trail'").fetchone():
        connection.execute("UPDATE twin_trail SET at = '0'")
    connection.close()


def cells(copy: WorkingCopy, key: str, *names: str, table: str = "buildings", by: str = "twin_id") -> Any:
    with opened(copy.path) as connection:
        columns = ", ".join(f'"{name}"' for name in names)
        return connection.execute(f'SELECT {columns} FROM "{table}" WHERE "{by}" = ?', (key,)).fetchone()


def back(copy: WorkingCopy, outside: WorkingCopy) -> tuple[int, int, int, int, int]:
    (layer,) = hand_back(copy, outside.path).layers
    return layer.created, layer.updated, layer.deleted, layer.merged, layer.conflicts


def rows(copy: WorkingCopy) -> Any:
    with opened(copy.path) as connection:
        return connection.execute("SELECT * FROM buildings ORDER BY fid").fetchall()


# -- copies and older states -----------------------------------------------------------------------------------------


def test_an_older_state_after_the_newer_one_takes_nothing_back(copy: WorkingCopy) -> None:
    outside = package(copy)
    run(outside, "UPDATE buildings SET height = 7 WHERE twin_id = 'b1'")
    monday = another(outside, "monday")
    run(outside, "UPDATE buildings SET height = 8 WHERE twin_id = 'b1'")
    run(outside, "UPDATE buildings SET floors = 9 WHERE twin_id = 'b2'")
    run(outside, "INSERT INTO buildings (name) VALUES ('Shed')")
    assert back(copy, outside) == (1, 2, 0, 0, 0)
    after = rows(copy)
    found = hand_back(copy, monday.path)
    assert found.older and "older state" in found.notes[0] and rows(copy) == after
    assert back(copy, outside) == (0, 0, 0, 0, 0) and rows(copy) == after
    # in the order of time
    other = make_copy(copy.path.with_name("other.gpkg"))
    assert back(other, monday) == (0, 1, 0, 0, 0)
    assert back(other, outside) == (1, 2, 0, 0, 0) and cells(other, "b1", "height") == (8.0,)


def test_two_people_edit_a_copy_each(copy: WorkingCopy) -> None:
    ann = package(copy)
    run(ann, "INSERT INTO buildings (name, geom) VALUES ('Both', ?)", encode(square(93000, 437000), 28992)[0])
    run(ann, "UPDATE buildings SET floors = 1 WHERE twin_id = 'b5'")
    assert back(copy, ann) == (1, 1, 0, 0, 0)
    bob = another(ann, "bob")
    run(ann, "UPDATE buildings SET height = 7 WHERE twin_id IN ('b1', 'b2')")
    run(ann, "INSERT INTO buildings (name) VALUES ('Of Ann')")
    run(bob, "UPDATE buildings SET height = 9 WHERE twin_id = 'b1'")
    run(bob, "UPDATE buildings SET floors = 9 WHERE twin_id = 'b2'")
    run(bob, "INSERT INTO buildings (name) VALUES ('Of Bob')")
    assert back(copy, ann) == (1, 2, 0, 0, 0)
    found = hand_back(copy, bob.path)
    (layer,) = found.layers
    assert "work of two people" in found.notes[0]
    assert (layer.created, layer.merged, layer.conflicts) == (1, 1, 1), (
        "b1 is asked, b2 merged, both new ones are there"
    )
    assert cells(copy, "b2", "height", "floors") == (7.0, 9) and cells(copy, "b1", "height") == (7.0,)
    names = [cells(copy, name, "name", by="name") for name in ("Both", "Of Ann", "Of Bob")]
    assert names == [("Both",), ("Of Ann",), ("Of Bob",)]
    assert len(rows(copy)) == 13, "what was drawn before the file was copied is one feature"
    # each comes again with more
    run(bob, "UPDATE buildings SET name = 'By Bob' WHERE name = 'Of Bob'")
    run(ann, "UPDATE buildings SET name = 'By Ann' WHERE name = 'Of Ann'")
    assert back(copy, bob) == (0, 1, 0, 0, 0) and back(copy, ann) == (0, 1, 0, 0, 0)
    assert cells(copy, "By Ann", "name", by="name") and cells(copy, "By Bob", "name", by="name")
    after = rows(copy)
    for outside in (ann, bob, ann):
        assert back(copy, outside) == (0, 0, 0, 0, 0) and rows(copy) == after
    (clash,) = copy.conflicts()
    assert (clash.twin_id, clash.cell("height").mine, clash.cell("height").theirs) == ("b1", 7.0, 9.0)  # type: ignore[union-attr]


def test_a_copy_that_did_nothing_takes_nothing_back(copy: WorkingCopy) -> None:
    ann = package(copy)
    bob = another(ann, "bob")
    run(ann, "UPDATE buildings SET height = 7 WHERE twin_id = 'b1'")
    back(copy, ann)
    assert hand_back(copy, bob.path).older and cells(copy, "b1", "height") == (7.0,)
    run(bob, "UPDATE buildings SET height = 9 WHERE twin_id = 'b2'")
    assert back(copy, bob) == (0, 1, 0, 0, 0)
    assert cells(copy, "b1", "height") == (7.0,) and cells(copy, "b2", "height") == (9.0,)


def test_the_trail_is_short_and_nobody_sees_it(copy: WorkingCopy) -> None:
    outside = package(copy)
    connection = connect(outside.path, write=True)
    for number in range(200):
        connection.execute("UPDATE buildings SET floors = ?", (number,))
    assert 1 <= connection.execute("SELECT count(*) FROM twin_trail").fetchone()[0] <= 30, "one a second"
    connection.execute("VACUUM")
    marks = trail.marks(connection)
    connection.close()
    assert marks
    data = gdal.OpenEx(str(outside.path), gdal.OF_VECTOR)
    assert [data.GetLayer(n).GetName() for n in range(data.GetLayerCount())] == ["buildings"]
    del data
    with opened(copy.path) as connection:
        assert trail.marks(connection) is None


# -- other programs --------------------------------------------------------------------------------------------------


def ogr2ogr(*arguments: str) -> None:
    done = subprocess.run(["ogr2ogr", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_ogr2ogr_appends_and_upserts(copy: WorkingCopy, tmp_path: Path) -> None:
    outside = package(copy)
    more = tmp_path / "more.geojson"
    one = {"type": "Feature", "properties": {"name": "Appended"}, "geometry": {"type": "Point", "coordinates": [4, 51]}}
    more.write_text(json.dumps({"type": "FeatureCollection", "features": [one]}))
    ogr2ogr("-update", "-append", str(outside.path), str(more), "-nln", "buildings", "-nlt", "NONE")
    # one column of an existing row, by its number
    fid = cells(outside, "b3", "fid")[0]
    edits = tmp_path / "edits.csv"
    edits.write_text(f"fid,name,height\n{fid},Upserted,99\n")
    ogr2ogr("-update", "-upsert", str(outside.path), str(edits), "-nln", "buildings", "-oo", "AUTODETECT_TYPE=YES")
    found = hand_back(copy, outside.path).layers[0]
    assert found.created >= 1 and cells(copy, "Appended", "name", by="name")
    if cells(outside, "b3", "name") == ("Upserted",):
        assert cells(copy, "b3", "name") == ("Upserted",) and found.updated == 1
    assert len(rows(outside)) == len(rows(copy)), "nothing is doubled"


def test_gdal_edits(copy: WorkingCopy) -> None:
    outside = package(copy)
    data = gdal.OpenEx(str(outside.path), gdal.OF_VECTOR | gdal.OF_UPDATE)
    layer = data.GetLayerByName("buildings")
    feature = layer.GetFeature(1)
    feature.SetField("height", 1.5)
    layer.SetFeature(feature)
    layer.DeleteFeature(2)
    new = ogr.Feature(layer.GetLayerDefn())
    new.SetField("name", "By GDAL")
    new.SetField("twin_id", "b4")  # copied from another
    new.SetGeometry(ogr.CreateGeometryFromWkt("MULTIPOLYGON (((0 0, 9 0, 9 9, 0 0)))"))
    layer.CreateFeature(new)
    data.ExecuteSQL("UPDATE buildings SET floors = 8 WHERE twin_id = 'b5'")
    data.ExecuteSQL("VACUUM")
    del layer, data
    assert back(copy, outside) == (1, 2, 1, 0, 0)
    assert len(rows(copy)) == 10


def test_overwritten_by_ogr2ogr(copy: WorkingCopy, tmp_path: Path) -> None:
    outside = package(copy)
    run(outside, "UPDATE buildings SET height = 7 WHERE twin_id = 'b1'")
    spare = tmp_path / "spare.gpkg"
    ogr2ogr(str(spare), str(outside.path), "buildings")
    ogr2ogr("-update", "-overwrite", str(outside.path), str(spare), "buildings")
    before = rows(copy)
    report = hand_back(copy, outside.path)
    assert report.edits == 0 and "no longer recorded" in report.layers[0].notes[0] and rows(copy) == before


def test_in_wal_mode_with_its_log_beside_it(copy: WorkingCopy, tmp_path: Path) -> None:
    """As QGIS leaves it while it is open, or when the battery ends."""
    outside = package(copy)
    connection = connect(outside.path, write=True)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("UPDATE buildings SET height = 7 WHERE twin_id = 'b1'")
    torn = tmp_path / "torn"
    torn.mkdir()
    for end in ("", "-wal"):
        shutil.copy(f"{outside.path}{end}", torn / f"one.gpkg{end}")
    assert back(copy, outside) == (0, 1, 0, 0, 0), "while it is open"
    connection.close()
    other = make_copy(tmp_path / "other.gpkg")
    assert back(other, WorkingCopy.open(torn / "one.gpkg")) == (0, 1, 0, 0, 0)


def test_renumbered_rows(copy: WorkingCopy) -> None:
    run(copy, "INSERT INTO buildings (name) VALUES ('Office')")
    outside = package(copy)
    run(outside, "INSERT INTO buildings (name) VALUES ('A')")
    run(outside, "INSERT INTO buildings (name) VALUES ('B')")
    assert back(copy, outside) == (2, 0, 0, 0, 0)
    run(copy, "UPDATE buildings SET height = 3 WHERE name = 'A'")
    run(outside, "UPDATE buildings SET fid = fid + 1000")
    run(outside, "UPDATE buildings SET height = 5 WHERE twin_id = 'b1' OR name = 'Office'")
    assert back(copy, outside) == (0, 2, 0, 0, 0)
    assert len(rows(copy)) == 13 and cells(copy, "A", "height", by="name") == (3.0,)
    run(outside, "UPDATE buildings SET floors = 6 WHERE name = 'A'")
    assert back(copy, outside) == (0, 0, 0, 1, 0)
    assert cells(copy, "A", "height", "floors", by="name") == (3.0, 6)


# -- odd layers ------------------------------------------------------------------------------------------------------

ODD = Schema(
    properties=tuple(
        Property(name, "string")
        for name in ('se"lect', "new", "OLD", "it's", "a b", "тест", "twin_id", "fid", "{x}", "rowid", "Name", "name")
    ),
    geometry_type="Point",
    has_z=True,
)  # fmt: skip


def test_odd_names_and_heights(tmp_path: Path) -> None:
    path = tmp_path / "work.gpkg"
    items = [
        Item(f"new-{n}", {name.name: f"{n}" for name in ODD.properties},
             {"type": "Point", "coordinates": [92000 + n, 436000, n + 0.5]}, f"v{n}")
        for n in range(20)
    ]  # fmt: skip
    table = 'odd "table"; it\'s'
    add_layer(path, make_source(table, ODD), items, first=True)
    copy = WorkingCopy.open(path)
    outside = package(copy, area=_around(92000, 436000, 10))
    names = [column.name for column in copy.sources[0].columns]
    with opened(outside.path) as connection:
        assert connection.execute('SELECT count(*) FROM "odd ""table""; it\'s"').fetchone() == (11,)
    for name in names:
        quoted = '"' + name.replace('"', '""') + '"'
        run(outside, f'UPDATE "odd ""table""; it\'s" SET {quoted} = \'x\' WHERE twin_id = \'new-3\'')
    flat, high = ({"type": "Point", "coordinates": [92005, 436000, *z]} for z in ([], [7.25]))
    run(outside, 'UPDATE "odd ""table""; it\'s" SET geom = ? WHERE twin_id = \'new-4\'', encode(high, 28992)[0])
    run(outside, 'UPDATE "odd ""table""; it\'s" SET geom = ? WHERE twin_id = \'new-5\'', encode(flat, 28992)[0])
    run(outside, 'DELETE FROM "odd ""table""; it\'s" WHERE twin_id = \'new-6\'')
    assert back(copy, outside) == (0, 3, 1, 0, 0), "an id that begins with new- is an id"
    doubled = table.replace('"', '""')
    assert cells(copy, "new-3", *(name.replace('"', '""') for name in names), table=doubled) == ("x",) * len(names)
    assert cells(copy, "new-4", "geom", table=doubled) == (encode(high, 28992)[0],)
    run(outside, 'UPDATE "odd ""table""; it\'s" SET "new" = \'y\' WHERE twin_id = \'new-3\'')
    assert back(copy, outside) == (0, 1, 0, 0, 0) and back(copy, outside) == (0, 0, 0, 0, 0)


def _around(x: float, y: float, size: float) -> Area:
    return Area(bytes(ogr.CreateGeometryFromWkt(f"POINT ({x} {y})").Buffer(size + 0.01).ExportToWkb()), 28992)


def test_a_table_without_geometry_and_one_without_index(tmp_path: Path) -> None:
    path = tmp_path / "work.gpkg"
    owners = Schema((Property("name", "string"),), "none")
    add_layer(
        path, make_source("owners", owners), [Item(f"o{n}", {"name": f"{n}"}, None, None) for n in range(5)], first=True
    )
    add_layer(path, make_source("buildings"), [building(n) for n in range(1, 6)], first=False)
    data = gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_UPDATE)
    data.ExecuteSQL("SELECT DisableSpatialIndex('buildings', 'geom')")
    del data
    copy = WorkingCopy.open(path)
    outside = package(copy, area=_around(92050, 436005, 12))
    run(outside, "UPDATE owners SET name = 'x' WHERE twin_id = 'o1'")
    run(outside, "INSERT INTO owners (name) VALUES ('new')")
    run(outside, "UPDATE buildings SET height = 5, geom = ? WHERE twin_id = 'b2'", encode(square(1, 1), 28992)[0])
    found = {layer.table: layer for layer in hand_back(copy, outside.path).layers}
    assert (found["owners"].created, found["owners"].updated, found["buildings"].updated) == (1, 1, 1)


def test_broken_and_curved_geometries_go_along(copy: WorkingCopy) -> None:
    round_ = "92000 436000, 92005 436005, 92010 436000, 92005 435995, 92000 436000"
    curve = ogr.CreateGeometryFromWkt(f"CURVEPOLYGON (CIRCULARSTRING ({round_}))")
    far = ogr.CreateGeometryFromWkt("CIRCULARSTRING (192000 436000, 192005 436005, 192010 436000)")
    head = b"GP\x00\x01" + (28992).to_bytes(4, "little")
    for key, blob in (
        ("b1", head + bytes(curve.ExportToIsoWkb())), ("b2", head + bytes(far.ExportToIsoWkb())), ("b3", b"junk"),
        ("b4", None), ("b5", head + b"\x01\x06\x00\x00\x00\xff\xff\xff\xff"), ("b6", ""),
    ):  # fmt: skip
        connection = sqlite3.connect(copy.path)
        for name, _ in connection.execute("SELECT name, 1 FROM sqlite_master WHERE type = 'trigger'").fetchall():
            if name.startswith("rtree_"):
                connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute("UPDATE buildings SET geom = ? WHERE twin_id = ?", (blob, key))
        connection.commit()
        connection.close()
    outside = package(copy, area=_around(92005, 436000, 3))
    with opened(outside.path) as connection:
        there = {key for (key,) in connection.execute("SELECT twin_id FROM buildings")}
    assert there == {"b1", "b3", "b4", "b5", "b6"}


# -- what stays in the office ----------------------------------------------------------------------------------------


def test_what_is_nobodys_business_stays(copy: WorkingCopy) -> None:
    plain = sqlite3.connect(copy.path)
    plain.executescript(
        """
        CREATE TABLE qgis_projects (name TEXT PRIMARY KEY, metadata BLOB, content BLOB);
        INSERT INTO qgis_projects VALUES ('mine', NULL, 'password=geheim1');
        CREATE TABLE "twin_secret" (x); INSERT INTO twin_secret VALUES ('geheim2');
        CREATE TABLE log (x); INSERT INTO log VALUES ('geheim3');
        CREATE VIEW peek AS SELECT 'geheim4' AS x FROM log;
        CREATE TRIGGER mine AFTER UPDATE ON buildings BEGIN INSERT INTO log VALUES (NEW.name); END;
        CREATE TABLE kept (x); INSERT INTO kept VALUES ('along');
        CREATE TABLE layer_styles (id INTEGER PRIMARY KEY, f_table_name TEXT, styleQML TEXT);
        INSERT INTO layer_styles VALUES (1, 'buildings', 'ours'), (2, 'log', 'geheim5');
        """
    )
    plain.close()
    data = gdal.OpenEx(str(copy.path), gdal.OF_VECTOR | gdal.OF_UPDATE)
    data.SetMetadataItem("author", "geheim6")
    layer = data.CreateLayer("private", None, ogr.wkbPoint)
    layer.CreateField(ogr.FieldDefn("x"))
    feature = ogr.Feature(layer.GetLayerDefn())
    feature.SetField("x", "geheim7")
    layer.CreateFeature(feature)
    del layer, feature, data
    path = copy.path.with_name("one.gpkg")
    excerpt(copy, path, ["buildings"], None, Package("id", MADE), beside=["kept"])
    raw = path.read_bytes()
    assert b"geheim" not in raw and b"along" in raw and b"ours" in raw
    outside = WorkingCopy.open(path)
    run(outside, "UPDATE buildings SET height = 7 WHERE twin_id = 'b1'")
    assert outside.problems == {} and back(copy, outside) == (0, 1, 0, 0, 0)
    connection = sqlite3.connect(path)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
    told = {name for (name,) in connection.execute("SELECT table_name FROM gpkg_contents")}
    connection.close()
    assert told <= tables and not {"qgis_projects", "twin_secret", "log", "peek", "private"} & tables
    data = gdal.OpenEx(str(path), gdal.OF_VECTOR)
    assert {data.GetLayer(n).GetName() for n in range(data.GetLayerCount())} <= {"buildings", "kept", "layer_styles"}


# -- what was lost before --------------------------------------------------------------------------------------------


def test_a_new_row_that_the_office_discarded_can_be_decided(copy: WorkingCopy) -> None:
    run(copy, "INSERT INTO buildings (name) VALUES ('Office')")
    outside = package(copy)
    run(outside, "UPDATE buildings SET height = 3 WHERE name = 'Office'")
    run(copy, "DELETE FROM buildings WHERE name = 'Office'")
    assert back(copy, outside) == (0, 0, 0, 0, 1)
    (clash,) = copy.conflicts()
    assert clash.kind == "delete-update" and resolve_all(copy, "theirs") == 1 and not copy.conflicts()
    assert cells(copy, "Office", "height", by="name") == (3.0,)


@pytest.mark.parametrize("later", ["nothing", "edited"])
def test_a_deletion_that_is_taken_back_outside(copy: WorkingCopy, later: str) -> None:
    outside = package(copy)
    whole = cells(outside, "b1", "name", "height", "geom", "twin_id", "twin_version")
    run(outside, "DELETE FROM buildings WHERE twin_id = 'b1'")
    assert back(copy, outside) == (0, 0, 1, 0, 0)
    if later == "edited":  # the office took it back, too
        (change,) = copy.changes()
        copy.discard([change])
        run(copy, "UPDATE buildings SET floors = 8 WHERE twin_id = 'b1'")
    run(outside, "INSERT INTO buildings (name, height, geom, twin_id, twin_version) VALUES (?, ?, ?, ?, ?)", *whole)
    run(outside, "UPDATE buildings SET height = 77, floors = 3, monument = 0 WHERE twin_id = 'b1'")
    found = back(copy, outside)
    assert cells(copy, "b1", "height") == (77.0,) and not copy.conflicts()
    assert found == ((1, 0, 0, 0, 0) if later == "nothing" else (0, 0, 0, 1, 0))
    assert [change.kind for change in copy.changes()] == ["update"]


def test_columns_that_the_package_has_not_are_kept(tmp_path: Path) -> None:
    """The twin got a column after the package was made; the feature was deleted here, and comes back edited."""
    copy = make_copy(tmp_path / "work.gpkg", {"buildings": [building(1)]})
    outside = package(copy)
    connection = sqlite3.connect(outside.path)
    mapping = connection.execute("SELECT mapping FROM twin_source").fetchone()[0]
    connection.close()
    assert "floors" in mapping
    source = copy.sources[0]
    few = tuple(column for column in source.columns if column.name != "floors")
    connection = connect(outside.path, write=True)
    tracked = ["geom", *(column.name for column in few)]
    for name in sql.triggers("buildings", source.tracked):
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("UPDATE twin_source SET mapping = ?", (json.dumps([asdict(column) for column in few]),))
    connection.execute("ALTER TABLE buildings DROP COLUMN floors")
    connection.execute("ALTER TABLE twin_base_buildings DROP COLUMN floors")
    for statement in sql.triggers("buildings", tracked).values():
        connection.execute(statement)
    connection.close()
    outside = WorkingCopy.open(outside.path)
    run(outside, "UPDATE buildings SET height = 99 WHERE twin_id = 'b1'")
    run(copy, "DELETE FROM buildings WHERE twin_id = 'b1'")
    assert back(copy, outside) == (0, 0, 0, 0, 1)
    resolve_all(copy, "theirs")
    assert cells(copy, "b1", "height", "floors") == (99.0, 3)
    (change,) = copy.changes()
    assert [cell.column for cell in change.cells] == ["height"]


def test_columns_of_the_file_alone_are_told(copy: WorkingCopy) -> None:
    outside = package(copy)
    run(outside, "ALTER TABLE buildings ADD COLUMN remark TEXT")
    run(outside, "UPDATE buildings SET remark = 'roof', height = 5 WHERE twin_id = 'b1'")
    report = hand_back(copy, outside.path)
    assert report.edits == 1 and "remark is only in the file" in report.layers[0].notes[0]


def test_rules_of_the_offices_own_stop_one_edit_not_all(copy: WorkingCopy) -> None:
    outside = package(copy)
    run(copy, "CREATE UNIQUE INDEX one_name ON buildings (name)")
    run(outside, "UPDATE buildings SET name = 'Building 2' WHERE twin_id = 'b1'")
    run(outside, "UPDATE buildings SET height = 5 WHERE twin_id = 'b3'")
    report = hand_back(copy, outside.path)
    assert report.layers[0].updated == 1 and "1 edit does not fit this file" in report.layers[0].notes[0]
    run(outside, "UPDATE buildings SET name = 'Other' WHERE twin_id = 'b1'")
    assert back(copy, outside) == (0, 1, 0, 0, 0) and cells(copy, "b1", "name") == ("Other",)


def test_a_package_made_of_a_package(copy: WorkingCopy) -> None:
    run(copy, "INSERT INTO buildings (name) VALUES ('Office')")
    first = package(copy, "one")
    run(first, "INSERT INTO buildings (name) VALUES ('First')")
    path = copy.path.with_name("two.gpkg")
    excerpt(first, path, ["buildings"], None, Package("id-two", MADE))
    second = WorkingCopy.open(path)
    run(second, "UPDATE buildings SET height = 4 WHERE name IN ('Office', 'First', 'Building 1')")
    assert back(first, second) == (0, 3, 0, 0, 0)
    assert back(copy, first) == (1, 2, 0, 0, 0) and len(rows(copy)) == 12
    assert cells(copy, "Office", "height", by="name") == (4.0,)


# -- bad faith -------------------------------------------------------------------------------------------------------


def test_values_that_no_layer_has(copy: WorkingCopy) -> None:
    outside, whole = package(copy), cells(copy, "b1", "geom")
    deep = b"GP\x00\x01" + (28992).to_bytes(4, "little") + b"\x01\x07\x00\x00\x00\x01\x00\x00\x00" * 5000
    connection = sqlite3.connect(outside.path)
    for (name,) in connection.execute(
        "SELECT name FROM sqlite_master WHERE name LIKE 'rtree%' AND type = 'trigger'"
    ).fetchall():
        connection.execute(f'DROP TRIGGER "{name}"')
    for key, column, value in (
        ("b1", "geom", deep), ("b2", "geom", b"\xff" * 60), ("b3", "geom", "no geometry"), ("b4", "name", b"\xff\xfe"),
        ("b5", "height", "<script>"), ("b6", "floors", 2**63 - 1), ("b7", "height", float("inf")),
        ("b8", "tags", "[" * 90_000),
    ):  # fmt: skip
        connection.execute(f"UPDATE buildings SET {column} = ? WHERE twin_id = ?", (value, key))
    connection.execute("UPDATE buildings SET name = CAST(x'ff00fe' AS TEXT) WHERE twin_id = 'b9'")
    connection.commit()
    connection.close()
    report = hand_back(copy, outside.path)
    assert "3 geometries could not be read" in report.layers[0].notes[0] and report.layers[0].updated == 6
    assert cells(copy, "b1", "geom") == whole and cells(copy, "b5", "height") == ("<script>",)
    assert back(copy, outside) == (0, 0, 0, 0, 0)


def test_noise_in_the_file(copy: WorkingCopy, tmp_path: Path) -> None:
    """Bytes that change anywhere: an error with a sentence, or edits and notes; never a crash, nor half a merge."""
    outside = package(copy)
    run(outside, "UPDATE buildings SET height = 7")
    run(outside, "DELETE FROM buildings WHERE twin_id = 'b2'")
    raw, before = outside.path.read_bytes(), rows(copy)
    dice = random.Random(11)
    spare, noisy = tmp_path / "spare.gpkg", tmp_path / "noisy.gpkg"
    ended: dict[str, int] = {}
    for _ in range(60):
        changed = bytearray(raw)
        page = dice.choice([0, dice.randrange(0, len(raw), 4096)])
        for _ in range(dice.randint(1, 40)):
            changed[page + dice.randrange(100 if page == 0 else 4096)] = dice.randrange(256)
        noisy.write_bytes(changed)
        shutil.copy(copy.path, spare)
        mine = WorkingCopy.open(spare)
        try:
            report: HandBack | None = hand_back(mine, noisy)
        except CityTwinError:
            report = None
        name = "refused" if report is None else "merged" if report.edits == 10 else "in part"
        ended[name] = ended.get(name, 0) + 1
        if report is None:
            assert rows(mine) == before
        with opened(spare) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert len(ended) >= 2, ended


def test_books_in_bad_faith(copy: WorkingCopy) -> None:
    outside = package(copy)
    run(outside, "UPDATE buildings SET height = 7 WHERE twin_id = 'b1'")
    before = rows(copy)
    for column, value in (
        ("mapping", "{}"), ("mapping", '["x"]'), ("schema", "[]"), ("schema", '{"properties": 5}'),
        ("methods", "{"), ("extent", "[1]"), ("served_types", "5"), ("capabilities", "[" * 50_000), ("srid", "x"),
        ("table_name", 'buildings"; DROP TABLE buildings; --'), ("table_name", "sqlite_master"), ("items_url", "'"),
    ):  # fmt: skip
        bad = another(outside, "bad")
        connection = sqlite3.connect(bad.path)
        connection.execute(f"UPDATE twin_source SET {column} = ?", (value,))
        connection.commit()
        connection.close()
        try:
            report = hand_back(copy, bad.path)
        except CityTwinError:
            pass
        else:
            assert report.edits == 0
        assert rows(copy) == before, column
    bad = another(outside, "bad")
    run(bad, "UPDATE twin_package SET tables = '[', id = ''")
    with pytest.raises(CityTwinError):
        hand_back(copy, bad.path)
    assert rows(copy) == before
