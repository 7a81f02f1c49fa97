"""Snapshots: what was shown at a moment, in a GeoPackage that others use, whole or not at all."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from osgeo import gdal, ogr
from qgis.core import QgsFeatureRenderer, QgsProject

from plugin.gui.snapshot_dialog import SnapshotDialog
from plugin.map import layers as map_layers
from plugin.map.live import snapshot, snapshot_file, style_ours
from plugin.map.live.snapshot import Written
from plugin.map.project import ProjectCopies
from plugin.twin.errors import CityTwinError
from plugin.twin.progress import SILENT, Silent
from plugin.workcopy import connection
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.errors import FileBusy, NotAWorkingCopy
from tests.copies import make_copy
from tests.qgis.watch.conftest import Desk, turn
from tests.twin_server import ROOT

TABLE = snapshot_file.Table(
    "no2_x", "NO2", "Of NO2", (("name", "text"), ("value", "number"), ("at", "time")), {"A": "b"}
)


def rows(count: int):
    return [
        ((4.4 + n / 1000, 51.9) if n % 10 else None, (f"s{n}", n / 2, "2026-11-22T14:05:00.250Z")) for n in range(count)
    ]


def keep(desk: Desk, layer, path: Path, title: str = ""):
    """The layer that was added, and what was written."""
    out: list = []
    snapshot.keep(layer, desk.feed(layer), path, title=title, done=lambda *found: out.extend(found), failed=out.append)
    turn(lambda: out)
    assert isinstance(out[-1], Written), out
    return out


def features(path: Path, table: str) -> list[dict]:
    """As GDAL reads them, time zones told."""
    dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR)
    found = []
    for feature in dataset.GetLayerByName(table):
        point = feature.GetGeometryRef()
        row = {feature.GetFieldDefnRef(at).GetName(): feature.GetField(at) for at in range(feature.GetFieldCount())}
        found.append({**row, "": (point.GetX(), point.GetY()) if point is not None else None})
    return found


def test_right_after_the_layer_was_made_it_has_its_looks_already(desk, tmp_path: Path):
    layer = desk.show("NO2")
    colours = legend(layer)
    # as it is between the first features and the first style
    layer.setRenderer(QgsFeatureRenderer.defaultRenderer(layer.geometryType()))
    for name in layer.customPropertyKeys():
        if name.startswith(style_ours.PROPERTY):
            layer.removeCustomProperty(name)
    made, _written = keep(desk, layer, tmp_path / "early.gpkg")
    assert made.renderer().type() == "categorizedSymbol" and legend(made) == colours
    assert "<img" not in made.mapTipTemplate() and "phenomenon_time" in made.mapTipTemplate()


def legend(layer) -> list[str]:
    return [category.label() for category in layer.renderer().categories()]


def test_it_is_what_the_layer_shows_and_no_change_of_the_working_copy(desk, tmp_path: Path):
    copy = make_copy(tmp_path / "city.gpkg")
    added: list = []
    map_layers.add_copy(copy, done=added.append)
    turn(lambda: added)
    layer = desk.show()
    shown = {row["datastream"]: (row.attributeMap(), row.geometry().asPoint()) for row in layer.getFeatures()}
    made, written = keep(desk, layer, copy.path)
    turn(lambda: sqlite3.connect(copy.path).execute("SELECT count(*) FROM layer_styles").fetchone()[0] > 1)

    assert written.rows == len(shown) > 5
    read = {row["datastream"]: row for row in features(copy.path, written.table)}
    assert set(read) == set(shown)
    for id, (cells, point) in shown.items():
        row = read[id]
        assert row[""] == (point.x(), point.y())
        assert row["result"] == cells["result"], "to the last digit"
        time = cells["phenomenon_time"].toUTC()
        assert row["phenomenon_time"][:19] == time.toString("yyyy/MM/dd HH:mm:ss")
        assert row["phenomenon_time"].endswith("+00")
        for name in (
            "name",
            "thing",
            "observed_property",
            "result_text",
            "unit",
            "kind",
            "freshness",
            "trend",
            "class",
        ):
            assert row[name] == cells[name], name
        assert row["service"] == desk.base
        assert row["datastream_url"].endswith(f"Datastreams({id})")
        assert row["age_s"] >= 0

    copy = WorkingCopy.open(copy.path)
    assert not copy.problems
    assert not copy.has_changes()
    assert [source.table for source in copy.sources] == ["buildings"]
    assert made.featureCount() == len(shown)
    assert made.readOnly()
    assert "snapshot of" in made.name()
    assert made.renderer().type() == layer.renderer().type()
    (group,) = [one for one in QgsProject.instance().layerTreeRoot().children() if one.name() == "Snapshots"]
    assert [node.layer() for node in group.children()] == [made]


def test_every_reader_sees_whose_it_is_and_from_when(desk, tmp_path: Path):
    path = tmp_path / "field.gpkg"
    _made, written = keep(desk, desk.show(), path, "Drukte: «ring»")
    assert written.table.startswith("Drukte_ring_20")
    if shutil.which("ogrinfo"):
        said = subprocess.run(["ogrinfo", "-so", str(path), written.table], capture_output=True, text=True, check=True)
        assert f"SENSORTHINGS_SERVICE={desk.base}" in said.stdout
        assert f"Feature Count: {written.rows}" in said.stdout
    base = sqlite3.connect(path)
    (description,) = base.execute(
        "SELECT description FROM gpkg_contents WHERE table_name = ?", (written.table,)
    ).fetchone()
    assert desk.base in description
    assert "at 20" in description
    again = keep(desk, desk.layers.all()[0], path, "Drukte: «ring»")[1]
    assert again.table != written.table
    assert len(features(path, written.table)) == len(features(path, again.table)) == written.rows


def test_it_is_of_the_moment_whatever_comes_while_it_is_written(desk, tmp_path: Path):
    layer = desk.show()
    before = {row["datastream"]: row["result"] for row in layer.getFeatures()}
    taken = snapshot.take(layer, desk.feed(layer))
    provider, result = layer.dataProvider(), layer.fields().lookupField("result")
    provider.changeAttributeValues({row.id(): {result: -12.5} for row in layer.getFeatures()})
    written = snapshot.write(taken, tmp_path / "then.gpkg", SILENT)
    assert {row["datastream"]: row["result"] for row in features(written.path, written.table)} == before


def test_a_layer_that_is_not_live_or_empty_has_a_sentence(desk, tmp_path: Path):
    layer = desk.show()
    feed = desk.feed(layer)
    layer.dataProvider().truncate()
    with pytest.raises(CityTwinError, match="no sensors yet"):
        snapshot.take(layer, feed)
    layer.removeCustomProperty("citytwin/live")
    with pytest.raises(CityTwinError, match="is no live layer"):
        snapshot.take(layer, feed)


@pytest.mark.parametrize(
    ("title", "table"),
    [
        ("NO₂", "NO2_20260115T120000Z"),
        ("Geluid: dB(A), 's nachts", "Geluid_dB_A_s_nachts_20260115T120000Z"),
        ("twin_source", "snapshot_twin_source_20260115T120000Z"),
        ("15 minuten", "snapshot_15_minuten_20260115T120000Z"),
        ("温度", "snapshot_20260115T120000Z"),
    ],
)
def test_names_of_tables_are_for_every_program(title: str, table: str):
    assert snapshot.table_name(title, 1768478400.9) == table


def test_times_before_1970_and_of_the_first_years_are_written_as_others():
    first, last = snapshot.moment_text(-62135596800.0), snapshot.moment_text(-0.25)
    assert (first, last) == ("0001-01-01T00:00:00.000Z", "1969-12-31T23:59:59.750Z")
    assert snapshot.utc(-62135596800.0) == "0001-01-01T00:00:00Z"
    assert snapshot.table_name("NO2", -62135596800.0) == "NO2_00010101T000000Z"


# -- the file


def test_it_can_be_edited_and_searched_as_any_other_table(tmp_path: Path):
    path = tmp_path / "a.gpkg"
    assert snapshot_file.write(path, TABLE, rows(100), SILENT) == "no2_x"
    assert snapshot_file.write(path, TABLE, rows(300), SILENT) == "no2_x_2"
    for table, count in (("no2_x", 100), ("no2_x_2", 300)):
        dataset = ogr.Open(str(path), 1)
        layer = dataset.GetLayerByName(table)
        assert layer.GetFeatureCount() == count
        layer.SetSpatialFilterRect(4.4, 51, 4.4105, 53)
        assert layer.GetFeatureCount() == 9
        layer.SetSpatialFilter(None)
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetGeometry(ogr.CreateGeometryFromWkt("POINT (9 9)"))
        layer.CreateFeature(feature)
        layer.SetSpatialFilterRect(8, 8, 10, 10)
        assert layer.GetFeatureCount() == 1
        layer.SetSpatialFilter(None)
        assert layer.GetFeatureCount() == count + 1
        del feature, layer, dataset
    base = sqlite3.connect(path)
    assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert base.execute("PRAGMA foreign_key_check").fetchall() == []
    assert not list(tmp_path.glob("*.part*"))


class Impatient(Silent):
    """Cancels once it has been asked a few times."""

    def __init__(self) -> None:
        self.asked = 0

    def cancelled(self) -> bool:
        self.asked += 1
        return self.asked > 2


@pytest.mark.parametrize("there", [True, False])
def test_cancelled_it_leaves_nothing(tmp_path: Path, there: bool):
    path = tmp_path / "a.gpkg"
    if there:
        make_copy(path)
    before = sorted(sqlite3.connect(path).execute("SELECT name FROM sqlite_master")) if there else []
    with pytest.raises(CityTwinError, match="Cancelled"):
        snapshot_file.write(path, TABLE, rows(10_000), Impatient())
    assert (sorted(sqlite3.connect(path).execute("SELECT name FROM sqlite_master")) if there else []) == before
    assert sorted(one.name for one in tmp_path.iterdir()) == (["a.gpkg"] if there else [])


_KILLED = """
import sys, time
from pathlib import Path
from plugin.map.live.snapshot_file import Table, write
from plugin.twin.progress import SILENT

def rows():
    for n in range(1_000_000):
        if n == 9_000:  # four blocks are in the file's journal
            print("half", flush=True)
            time.sleep(60)
        yield (4.4, 51.9), (f"s{n}" * 200, 1.0, None)

table = Table("no2_x", "NO2", "Of NO2", (("name", "text"), ("value", "number"), ("at", "time")), {})
write(Path(sys.argv[1]), table, rows(), SILENT)
"""


def test_killed_in_the_middle_the_working_copy_is_as_it_was(tmp_path: Path):
    path = make_copy(tmp_path / "city.gpkg").path
    before = list(sqlite3.connect(path).iterdump())
    command = [sys.executable, "-c", _KILLED, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half\n"
        process.kill()
    copy = WorkingCopy.open(path)
    assert not copy.problems
    assert not copy.has_changes()
    assert list(sqlite3.connect(path).iterdump()) == before
    assert snapshot_file.write(path, TABLE, rows(10), SILENT) == "no2_x"


def test_a_file_that_others_write_is_left_as_it_is(tmp_path: Path, monkeypatch):
    path = make_copy(tmp_path / "a.gpkg").path
    monkeypatch.setattr(connection, "WAIT", 0.1)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(FileBusy, match="being written by another program"):
        snapshot_file.write(path, TABLE, rows(10), SILENT)
    other.execute("ROLLBACK")
    assert snapshot_file.write(path, TABLE, rows(10), SILENT) == "no2_x"


def test_what_is_no_geopackage_or_has_no_folder_is_said(tmp_path: Path):
    sqlite3.connect(tmp_path / "a.gpkg").execute("CREATE TABLE x (y)")
    with pytest.raises(NotAWorkingCopy, match="is no GeoPackage"):
        snapshot_file.write(tmp_path / "a.gpkg", TABLE, rows(1), SILENT)
    (tmp_path / "b.gpkg").write_text("hello " * 200)
    with pytest.raises(NotAWorkingCopy, match="damaged or not a GeoPackage"):
        snapshot_file.write(tmp_path / "b.gpkg", TABLE, rows(1), SILENT)
    with pytest.raises(CityTwinError, match="no such folder"):
        snapshot_file.write(tmp_path / "none" / "c.gpkg", TABLE, rows(1), SILENT)


# -- the dialog


def test_the_dialog_offers_the_project_s_working_copies_first(desk, tmp_path: Path):
    copy = make_copy(tmp_path / "city.gpkg")
    added: list = []
    map_layers.add_copy(copy, done=added.append)
    layer = desk.show()
    copies = ProjectCopies()
    turn(copies.copies)
    dialog = SnapshotDialog(desk.window, copies, desk.layers, layer)
    assert dialog.path() == copy.path
    assert "is never published" in dialog.says.text()
    dialog.set_path(tmp_path / "other")
    assert dialog.path() == tmp_path / "other.gpkg"
    assert "is never published" not in dialog.says.text()
    dialog.name.setText("At the incident")
    dialog.accept()
    turn(desk.window.said)
    (text,) = desk.window.said()
    assert (
        text.startswith("Kept: 12 sensors in other.gpkg, table At_the_incident_20") or "sensors in other.gpkg" in text
    )
    copies.stop()


def test_without_a_working_copy_a_file_is_asked_for(desk):
    desk.show()
    copies = ProjectCopies()
    dialog = SnapshotDialog(desk.window, copies, desk.layers)
    assert dialog.path() is None
    assert "Choose the GeoPackage" in dialog.says.text()
    dialog.reject()
    copies.stop()
