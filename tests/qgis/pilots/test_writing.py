"""Writing pilots: at once or into an edit session, whole or not at all."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from osgeo import ogr
from qgis.core import Qgis, QgsGeometry, QgsProject, QgsRectangle

from plugin.map import layers
from plugin.map.pilots import writing
from plugin.map.pilots.session import over, unsaved
from plugin.map.pilots.writing import NotWritten
from plugin.pilots import stages
from plugin.pilots.mapping import PilotMapping
from plugin.pilots.reading import find_pilot, read_pilots
from plugin.pilots.record import Pilot
from plugin.twin.model import Item, Property
from plugin.workcopy.changes import Counts
from tests.hand_made import Given, make, multi_square

SQUARE = QgsGeometry.fromRect(QgsRectangle(93000, 436000, 93200, 436100))


def stored(city, key: str) -> Pilot:
    return find_pilot(read_pilots(city.copy), key)


def counts(city) -> Counts:
    return city.copy.counts("pilots")["pilots"]


def test_an_edit_is_in_the_file_at_once_and_only_what_differs(city):
    before = stored(city, "P-01")
    moved = stages.noted(before, "Went on", at=date(2026, 11, 23))
    assert (
        city.save(replace(moved, name="Other", end=date(2027, 5, 1), budget=1234.5, partners=("A", "B"))) == before.fid
    )
    after = stored(city, "P-01")
    assert (after.name, after.end, after.budget, after.partners) == ("Other", date(2027, 5, 1), 1234.5, ("A", "B"))
    assert after.history == moved.history and len(after.history) == len(before.history) + 1
    assert not city.layer.isEditable()
    changed = {name for name in before.row if before.row[name] != after.row.get(name)}
    assert changed == {"name", "end_date", "budget_eur", "partners", "stage_history"}
    assert counts(city).updated == 1 and counts(city).inserted == 0


@pytest.mark.parametrize("mode", ["AutomaticGroups", "BufferedGroups"])
def test_an_edit_is_in_the_file_at_once_in_every_mode_of_editing(city, mode):
    project = QgsProject.instance()
    project.setTransactionMode(getattr(Qgis.TransactionMode, mode))
    try:
        city.save(replace(stored(city, "P-01"), name="Other"))
        assert city.save(Pilot(name="New", wkb=bytes(SQUARE.asWkb()))) > 0
        assert not city.layer.isEditable() and not city.districts.isEditable()
    finally:
        project.setTransactionMode(Qgis.TransactionMode.Disabled)
    assert stored(city, "P-01").name == "Other" and (counts(city).updated, counts(city).inserted) == (1, 1)


def test_nothing_to_write_writes_nothing(city):
    city.save(stored(city, "P-01"))
    assert counts(city).updated == 0


def test_a_new_pilot_gets_a_row(city):
    pilot = stages.begun(Pilot(name="New", theme="energy", wkb=bytes(SQUARE.asWkb())), at=date(2026, 11, 23))
    fid = city.save(pilot)
    found = stored(city, f"fid:{fid}")
    assert fid > 0 and found.name == "New" and found.stage == "idea" and found.theme == "energy"
    assert found.history == pilot.history and found.twin_id is None
    shape = ogr.CreateGeometryFromWkb(found.wkb)
    assert shape.GetGeometryName() == "MULTIPOLYGON" and shape.GetArea() == pytest.approx(20000)
    assert counts(city).inserted == 1


def test_what_was_drawn_in_degrees_comes_to_the_layers_crs(city):
    before = stored(city, "P-01")
    degrees = "POLYGON ((4.47 51.91, 4.472 51.91, 4.472 51.911, 4.47 51.911, 4.47 51.91))"
    city.save(replace(before, wkb=bytes(QgsGeometry.fromWkt(degrees).asWkb()), srid=4326))
    box = QgsGeometry()
    box.fromWkb(stored(city, "P-01").wkb)
    assert 90000 < box.boundingBox().xMinimum() < 93000 and 435000 < box.boundingBox().yMinimum() < 438000
    assert counts(city).updated == 1


def test_curves_become_straight_pieces(city):
    curve = QgsGeometry.fromWkt(
        "CurvePolygon (CircularString (93000 436000, 93100 436100, 93200 436000, 93100 435900, 93000 436000))"
    )
    city.save(replace(stored(city, "P-01"), wkb=bytes(curve.asWkb())))
    shape = ogr.CreateGeometryFromWkb(stored(city, "P-01").wkb)
    assert shape.GetGeometryName() == "MULTIPOLYGON" and shape.GetArea() == pytest.approx(31415.9, rel=1e-3)


def test_in_a_session_an_edit_is_one_step_that_can_be_undone(city):
    city.layer.startEditing()
    before = stored(city, "P-01")
    fid = city.save(replace(before, name="Other", lead="X", wkb=bytes(SQUARE.asWkb())))
    stack = city.layer.undoStack()
    assert city.layer.isEditable() and stack.count() == 1 and "Other" in stack.undoText()
    feature = city.layer.getFeature(fid)
    assert feature["name"] == "Other" and feature.geometry().area() == pytest.approx(20000)
    assert stored(city, "P-01").name == before.name and counts(city).updated == 0
    stack.undo()
    assert city.layer.getFeature(fid)["name"] == before.name
    stack.redo()
    assert city.layer.commitChanges() and stored(city, "P-01").lead == "X"


def test_new_and_deleted_in_a_session(city):
    city.layer.startEditing()
    fid = city.save(Pilot(name="New", wkb=bytes(SQUARE.asWkb())))
    writing.remove(city.layer, stored(city, "P-02"))
    assert fid < 0 and city.layer.undoStack().count() == 2
    city.layer.undoStack().undo()
    city.layer.undoStack().undo()
    assert city.layer.featureCount() == 10


def test_deleting_writes_at_once(city):
    writing.remove(city.layer, stored(city, "P-02"))
    assert counts(city).deleted == 1 and not city.layer.isEditable()
    with pytest.raises(NotWritten, match="no longer in the layer"):
        city.save(replace(city.pilot("P-02"), name="Too late"))
    assert not city.layer.isEditable() and counts(city).updated == 0


def test_a_file_that_another_program_writes_is_told_at_once_and_can_be_tried_again(city):
    other = sqlite3.connect(city.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    pilot = replace(city.pilot("P-01"), name="Other")
    begun = time.monotonic()
    with pytest.raises(NotWritten, match="Another program is writing"):
        city.save(pilot)
    assert time.monotonic() - begun < 0.5 and not city.layer.isEditable()
    other.execute("ROLLBACK")
    other.close()
    city.save(pilot)
    assert stored(city, "P-01").name == "Other"


def test_a_file_that_is_gone_and_a_layer_that_is_gone(city):
    Path(city.path).rename(city.path + ".away")
    with pytest.raises(NotWritten, match="Nothing was written"):
        city.save(replace(city.pilot("P-01"), name="Other"))
    assert not Path(city.path).exists()
    Path(city.path + ".away").rename(city.path)
    layer, pilot, source = city.layer, city.pilot("P-01"), city.copy.sources[0]
    QgsProject.instance().removeMapLayer(layer.id())
    with pytest.raises(NotWritten, match="no longer in the project"):
        writing.save(layer, city.book.mapping(city.path), replace(pilot, name="Other"), source)


def test_a_twin_that_takes_no_changes(city):
    city.layer.setReadOnly(True)
    with pytest.raises(NotWritten, match="cannot be edited"):
        city.save(replace(city.pilot("P-01"), name="Other"))


def test_a_point_is_no_pilot_and_leaves_nothing_behind(city):
    point = QgsGeometry.fromWkt("POINT (93000 436000)")
    with pytest.raises(NotWritten, match="no area"):
        city.save(Pilot(name="New", wkb=bytes(point.asWkb())))
    assert not city.layer.isEditable() and counts(city).inserted == 0


def test_a_twin_that_calls_its_pilots_otherwise_is_written_by_its_own_names(project_of_foreign):
    copy, layer, mapping = project_of_foreign
    (before,) = read_pilots(copy, mapping)
    assert (before.name, before.stage, before.history) == ("Deelfietsen", "running", ())
    noted = stages.noted(stages.moved(before, "evaluated", at=date(2026, 11, 1)), "Goes on", at=date(2026, 11, 23))
    writing.save(layer, mapping, replace(noted, lead="Nobody keeps this", end=date(2027, 1, 31)), copy.sources[0])
    (after,) = read_pilots(copy, mapping)
    assert (after.name, after.stage, after.end, after.lead) == ("Deelfietsen", "evaluated", date(2027, 1, 31), "")
    assert after.history == noted.history and len(after.history) == 2, "a list in a column of text"
    layer.startEditing()
    writing.save(layer, mapping, replace(after, name="Fietsen"), copy.sources[0])
    (seen,) = over(read_pilots(copy, mapping), unsaved(layer, copy.sources[0]), mapping, 28992)
    assert seen.name == "Fietsen" and seen.history == noted.history
    layer.rollBack()


@pytest.fixture
def project_of_foreign(qgis_app, tmp_path):
    properties = (
        Property("naam", "string", "Naam"),
        Property("fase", "string", "Fase"),
        Property("eind", "date-time", "Eind"),
        Property("verloop", "string", "Verloop"),
    )
    items = [Item("p1", {"naam": "Deelfietsen", "fase": "loopt"}, multi_square(92000, 437000, 200), '"1"')]
    copy = make(tmp_path / "foreign.gpkg", {"proeftuinen": Given(items, properties)})
    mapping = PilotMapping(
        "proeftuinen",
        {"name": "naam", "stage": "fase", "end_date": "eind", "stage_history": "verloop"},
        {"stage": {"loopt": "running", "klaar": "evaluated"}},
    )
    layer = layers.make_layers(copy, ["proeftuinen"])[0]
    QgsProject.instance().addMapLayer(layer)
    yield copy, layer, mapping
    QgsProject.instance().clear()
