"""The triggers: what SQLite records whoever writes, and with whatever statement."""

from __future__ import annotations

import sqlite3
import subprocess
from pathlib import Path

import pytest
from osgeo import ogr

from plugin.workcopy.connection import connect
from plugin.workcopy.copy import WorkingCopy
from tests.copies import building, make_copy


@pytest.fixture
def copy(tmp_path: Path) -> WorkingCopy:
    return make_copy(tmp_path / "copy.gpkg")


def kinds(copy: WorkingCopy) -> list[tuple[str, str | None]]:
    return [(change.kind, change.twin_id) for change in copy.changes()]


def run(copy: WorkingCopy, statement: str, *values: object, recursive: bool = False) -> None:
    connection = connect(copy.path, write=True)
    connection.execute(f"PRAGMA recursive_triggers = {'ON' if recursive else 'OFF'}")
    connection.execute(statement, values)
    connection.close()


both = pytest.mark.parametrize("recursive", [False, True])


def test_nothing_changed_at_first(copy: WorkingCopy) -> None:
    assert copy.problems == {}
    assert kinds(copy) == [] and not copy.has_changes()


@both
def test_update_keeps_the_first_state(copy: WorkingCopy, recursive: bool) -> None:
    run(copy, "UPDATE buildings SET height = 50 WHERE twin_id = 'b1'", recursive=recursive)
    run(copy, "UPDATE buildings SET height = 60, name = 'Toren' WHERE twin_id = 'b1'", recursive=recursive)
    (change,) = copy.changes()
    assert (change.kind, change.twin_id, change.version) == ("update", "b1", '"b1-1"')
    assert {(c.column, c.old, c.new) for c in change.cells} == {("height", 11.0, 60.0), ("name", "Building 1", "Toren")}


@both
def test_change_and_back_is_no_change(copy: WorkingCopy, recursive: bool) -> None:
    run(copy, "UPDATE buildings SET height = 50 WHERE twin_id = 'b1'", recursive=recursive)
    run(copy, "UPDATE buildings SET height = 11 WHERE twin_id = 'b1'", recursive=recursive)
    assert kinds(copy) == []


@both
def test_insert_and_delete(copy: WorkingCopy, recursive: bool) -> None:
    run(copy, "INSERT INTO buildings (name) VALUES ('Nieuw')", recursive=recursive)
    run(copy, "DELETE FROM buildings WHERE twin_id = 'b3'", recursive=recursive)
    assert kinds(copy) == [("insert", None), ("delete", "b3")]
    run(copy, "DELETE FROM buildings WHERE name = 'Nieuw'", recursive=recursive)
    assert kinds(copy) == [("delete", "b3")]


@both
@pytest.mark.parametrize("column", ["twin_id", "twin_version"])
def test_identity_is_put_back(copy: WorkingCopy, recursive: bool, column: str) -> None:
    run(copy, f"UPDATE buildings SET {column} = 'x' WHERE fid = 2", recursive=recursive)
    run(copy, f"UPDATE buildings SET {column} = NULL, name = 'Anders' WHERE fid = 3", recursive=recursive)
    assert kinds(copy) == [("update", "b3")]
    run(copy, "INSERT INTO buildings (name) VALUES ('Nieuw')")
    run(copy, "UPDATE buildings SET twin_id = 'b9' WHERE name = 'Nieuw'", recursive=recursive)
    assert kinds(copy) == [("insert", None), ("update", "b3")]


@both
def test_pasted_identity_is_cleared(copy: WorkingCopy, recursive: bool) -> None:
    run(copy, "UPDATE buildings SET height = 1 WHERE twin_id = 'b1'")
    for stolen in ("b1", "b2", "from elsewhere"):
        run(
            copy,
            "INSERT INTO buildings (name, twin_id, twin_version) VALUES ('Kopie', ?, 'v')",
            stolen,
            recursive=recursive,
        )
    assert kinds(copy) == [("insert", None)] * 3 + [("update", "b1")]


@both
def test_restored_delete_is_the_same_feature(copy: WorkingCopy, recursive: bool) -> None:
    run(copy, "DELETE FROM buildings WHERE twin_id = 'b4'", recursive=recursive)
    run(
        copy,
        "INSERT INTO buildings (name, height, twin_id, twin_version) VALUES ('Building 4', 14, 'b4', 'old')",
        recursive=recursive,
    )
    (change,) = copy.changes()
    assert (change.kind, change.twin_id, change.version) == ("update", "b4", '"b4-1"')


@both
@pytest.mark.parametrize("twin_id", ["'b5'", "NULL", "'nonsense'"])
def test_replace_is_an_update(copy: WorkingCopy, recursive: bool, twin_id: str) -> None:
    run(
        copy,
        f"INSERT OR REPLACE INTO buildings (fid, name, height, twin_id) VALUES (5, 'Vervangen', 15, {twin_id})",
        recursive=recursive,
    )
    (change,) = copy.changes()
    assert (change.kind, change.twin_id) == ("update", "b5")
    run(copy, "INSERT OR REPLACE INTO buildings (fid, name) VALUES (5, 'Nog eens')", recursive=recursive)
    (change,) = copy.changes()
    name = change.cell("name")
    assert name is not None and (name.old, name.new) == ("Building 5", "Nog eens")


def test_update_or_replace_does_not_move_the_base(copy: WorkingCopy) -> None:
    run(copy, "UPDATE buildings SET height = 1 WHERE fid = 6")
    run(copy, "UPDATE OR REPLACE buildings SET height = 2 WHERE fid = 6")
    (change,) = copy.changes()
    (cell,) = change.cells
    assert (cell.old, cell.new) == (16.0, 2.0)


def test_gdal_edits_are_seen(copy: WorkingCopy) -> None:
    source = ogr.Open(str(copy.path), update=1)
    layer = source.GetLayerByName("buildings")
    feature = layer.GetFeature(1)
    feature["height"] = 99.5
    feature.SetGeometry(ogr.CreateGeometryFromWkt("POLYGON ((0 0,5 0,5 5,0 5,0 0))"))
    layer.SetFeature(feature)
    layer.DeleteFeature(2)
    fresh = ogr.Feature(layer.GetLayerDefn())
    fresh["name"] = "Van GDAL"
    layer.CreateFeature(fresh)
    del layer, source
    assert kinds(copy) == [("insert", None), ("update", "b1"), ("delete", "b2")]
    update = copy.changes()[1]
    assert [cell.column for cell in update.cells] == ["geom", "height"]


def test_gdal_rewriting_the_same_values_is_no_change(tmp_path: Path) -> None:
    values = {"built": "1931-05-01", "seen": "2026-01-01T12:00:00+01:00", "tags": ["a", {"b": 1}], "monument": True}
    copy = make_copy(tmp_path / "copy.gpkg", {"buildings": [building(1, **values)]})
    source = ogr.Open(str(copy.path), update=1)
    layer = source.GetLayerByName("buildings")
    feature = layer.GetFeature(1)
    feature["height"] = 1.0
    feature["seen"] = feature["seen"]
    feature.SetGeometry(feature.GetGeometryRef().Clone())
    layer.SetFeature(feature)
    del layer, source
    (change,) = copy.changes()
    assert [cell.column for cell in change.cells] == ["height"]


def test_vacuum_keeps_everything(copy: WorkingCopy) -> None:
    run(copy, "UPDATE buildings SET height = 50 WHERE twin_id = 'b1'")
    run(copy, "VACUUM")
    again = WorkingCopy.open(copy.path)
    assert again.problems == {} and kinds(again) == [("update", "b1")]


def test_overwritten_table_is_reported_not_read_as_unchanged(copy: WorkingCopy, tmp_path: Path) -> None:
    other = make_copy(tmp_path / "other.gpkg")
    subprocess.run(
        ["ogr2ogr", "-update", "-overwrite", str(copy.path), str(other.path), "buildings"],
        check=True,
        capture_output=True,
    )
    again = WorkingCopy.open(copy.path)
    assert "no longer recorded" in again.problems["buildings"][0]
    with pytest.raises(Exception, match="no longer recorded"):
        again.changes()


def test_twins_columns_cannot_be_dropped_behind_our_back(copy: WorkingCopy) -> None:
    with pytest.raises(sqlite3.OperationalError):
        run(copy, "ALTER TABLE buildings DROP COLUMN height")
    run(copy, "ALTER TABLE buildings RENAME COLUMN height TO hoogte")
    assert "height" in WorkingCopy.open(copy.path).problems["buildings"][0]


def test_local_column_is_no_change(copy: WorkingCopy) -> None:
    run(copy, "ALTER TABLE buildings ADD COLUMN mine TEXT")
    run(copy, "UPDATE buildings SET mine = 'note'")
    assert WorkingCopy.open(copy.path).problems == {} and kinds(copy) == []


def test_discard_takes_each_kind_back(copy: WorkingCopy) -> None:
    connection = connect(copy.path)
    before = connection.execute("SELECT * FROM buildings ORDER BY fid").fetchall()
    run(copy, "INSERT INTO buildings (name) VALUES ('Nieuw')")
    run(copy, "UPDATE buildings SET height = 50, geom = NULL WHERE twin_id = 'b1'")
    run(copy, "DELETE FROM buildings WHERE twin_id = 'b3'")
    assert copy.discard(copy.changes()) == 3
    assert connection.execute("SELECT * FROM buildings ORDER BY fid").fetchall() == before
    assert kinds(copy) == []
    assert connection.execute("SELECT count(*) FROM rtree_buildings_geom").fetchone() == (10,)
    assert connection.execute("SELECT feature_count FROM gpkg_ogr_contents").fetchone() == (10,)
    run(copy, "UPDATE buildings SET height = 51 WHERE twin_id = 'b1'")
    assert kinds(copy) == [("update", "b1")], "tracking is on again"


def test_own_tables_are_not_offered_as_layers(copy: WorkingCopy) -> None:
    source = ogr.Open(str(copy.path))
    assert [source.GetLayer(i).GetName() for i in range(source.GetLayerCount())] == ["buildings"]
