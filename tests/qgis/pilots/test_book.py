"""The book of pilots: what it reads from the file and from an open edit session, and when it tells."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from qgis.core import Qgis, QgsGeometry, QgsLineString, QgsPoint, QgsProject, QgsVectorLayerUtils

from plugin.map.pilots import writing
from plugin.pilots.checks import check_all
from plugin.pilots.fading import fading
from plugin.pilots.reading import read_municipality, read_pilots
from tests.identity_scenarios import sql_elsewhere
from tests.qgis.pilots.pilot_copies import TODAY


def names(city) -> dict[str, str]:
    return {record.key: record.pilot.name for record in city.book.records(city.path)}


def test_records_are_what_the_file_holds_checked(city):
    pilots = read_pilots(city.copy)
    problems = check_all(pilots, TODAY, read_municipality(city.copy))
    records = city.book.records(city.path)
    assert [record.pilot for record in records] == pilots and len(pilots) == 10
    assert [one for record in records for one in record.problems] == problems and problems
    assert {record.key: record.fading for record in records} == {one.key: fading(one, TODAY) for one in pilots}
    assert city.book.paths() == (city.path,) and city.book.records() == records
    assert city.book.layer(city.path) is city.layer
    around = city.book.surroundings(city.path, "P-01")
    assert {pilot.key for pilot in around.others} == {f"P-{n:02}" for n in range(2, 11)}
    assert around.municipality is not None


def test_edits_of_a_session_are_in_the_records_before_they_are_saved(city):
    layer = city.layer
    layer.startEditing()
    name = layer.fields().lookupField("name")
    end = layer.fields().lookupField("end_date")
    fid = city.pilot("P-01").fid
    layer.changeAttributeValues(fid, {name: "Another title", end: city.layer.getFeature(fid)["start_date"]})
    layer.deleteFeature(city.pilot("P-02").fid)
    moved = QgsGeometry(layer.getFeature(city.pilot("P-03").fid).geometry())
    moved.translate(10, 0)
    layer.changeGeometry(city.pilot("P-03").fid, moved)
    fresh = QgsVectorLayerUtils.createFeature(layer, moved, {name: "New one"})
    layer.addFeature(fresh)
    city.until(lambda: city.pilot("P-02") is None)
    assert city.pilot("P-01").name == "Another title" and city.pilot("P-01").end == city.pilot("P-01").start
    assert city.pilot("P-03").wkb == bytes(moved.asWkb())
    new = city.pilot(f"fid:{fresh.id()}")
    assert new.name == "New one" and new.fid == fresh.id() < 0
    assert any(problem.code == "missing" for problem in city.book.record(city.path, new.key).problems) or new.stage
    layer.undoStack().undo()
    city.until(lambda: city.pilot(new.key) is None)
    layer.rollBack()
    city.until(lambda: city.pilot("P-02") is not None and city.pilot("P-01").name != "Another title")
    assert len(city.book.records()) == 10


def test_text_that_cannot_be_read_survives_an_edit_of_something_else_in_a_session(city):
    sql_elsewhere(Path(city.path), "UPDATE pilots SET technical = 'no JSON' WHERE twin_id = 'P-01'")
    city.until(lambda: city.pilot("P-01").unreadable == ("technical",))
    city.layer.dataProvider().reloadData()
    city.layer.startEditing()
    city.save(replace(city.pilot("P-01"), lead="Somebody else"))
    city.until(lambda: city.pilot("P-01").lead == "Somebody else")
    assert city.pilot("P-01").unreadable == ("technical",)
    assert city.layer.commitChanges()
    with sqlite3.connect(city.path) as connection:
        row = connection.execute("SELECT lead, technical FROM pilots WHERE twin_id = 'P-01'").fetchone()
    connection.close()
    assert row == ("Somebody else", "no JSON")


def test_a_split_pilot_is_two_records_before_and_after_saving(city):
    city.layer.startEditing()
    box = city.layer.getFeature(city.pilot("P-06").fid).geometry().boundingBox()
    x = box.center().x()
    line = QgsLineString([QgsPoint(x, box.yMinimum() - 50), QgsPoint(x, box.yMaximum() + 50)])
    city.layer.selectByIds([city.pilot("P-06").fid])
    city.layer.splitFeatures(curve=line)
    city.until(lambda: len(city.book.records()) == 11)
    halves = [record for record in city.book.records() if record.pilot.name == city.pilot("P-06").name]
    assert len(halves) == 2 and {half.pilot.twin_id for half in halves} == {"P-06", None}
    assert city.layer.commitChanges()
    city.until(lambda: all(record.pilot.fid > 0 for record in city.book.records()) and not city.book.busy)
    assert len({record.key for record in city.book.records()}) == 11


def test_edits_in_a_transaction_group_are_followed_and_undone(city, in_groups):
    before = city.pilot("P-03")
    city.layer.startEditing()
    assert city.layer.dataProvider().transaction() is not None
    city.save(replace(before, name="Within a transaction"))
    city.save(replace(before, name="New one", fid=None, twin_id=None, row={}))
    city.until(lambda: len(city.book.records()) == 11 and city.pilot("P-03").name == "Within a transaction")
    city.layer.undoStack().undo()
    city.until(lambda: len(city.book.records()) == 10)
    city.layer.undoStack().undo()
    city.until(lambda: city.pilot("P-03").name == before.name)
    city.layer.undoStack().redo()
    assert city.layer.commitChanges()
    city.until(lambda: not city.book.busy and city.pilot("P-03").name == "Within a transaction")


@pytest.fixture
def in_groups(qgis_app) -> Iterator[None]:
    QgsProject.instance().setTransactionMode(Qgis.TransactionMode.AutomaticGroups)
    yield
    QgsProject.instance().setTransactionMode(Qgis.TransactionMode.Disabled)


def test_what_another_program_writes_is_read(city, qtbot):
    with qtbot.waitSignal(city.book.changed, timeout=5000):
        sql_elsewhere(Path(city.path), "UPDATE pilots SET name = 'From elsewhere' WHERE twin_id = 'P-05'")
    city.until(lambda: names(city)["P-05"] == "From elsewhere")


def test_without_its_layer_the_pilots_are_still_known_and_with_the_project_all_goes(city):
    QgsProject.instance().removeMapLayer(city.layer.id())
    city.until(lambda: city.book.layer(city.path) is None)
    assert city.book.paths() == (city.path,) and len(city.book.records()) == 10
    QgsProject.instance().clear()
    city.until(lambda: city.book.paths() == ())
    assert city.book.records() == () and city.book.record(city.path, "P-01") is None


def test_a_file_that_cannot_be_read_is_told_and_the_last_pilots_stay(city, qtbot):
    with qtbot.waitSignal(city.book.failed, timeout=5000) as told:
        sql_elsewhere(Path(city.path), "ALTER TABLE pilots RENAME TO something")
    path, error = told.args
    assert path == city.path and "gone from the file" in error.message
    assert city.book.trouble(city.path) is error and len(city.book.records()) == 10
    sql_elsewhere(Path(city.path), "ALTER TABLE something RENAME TO pilots")
    city.book.refresh(city.path)
    city.until(lambda: city.book.trouble(city.path) is None)


def test_stopping_leaves_the_layer_alone(city):
    city.book.stop()
    city.book.stop()
    city.layer.startEditing()
    writing.remove(city.layer, read_pilots(city.copy)[0])
    city.layer.rollBack()
    assert city.book.paths() == () and not city.book.busy


def test_a_file_that_goes_is_told_and_one_that_comes_back_is_read(city):
    away = Path(city.path + ".away")
    Path(city.path).rename(away)
    city.until(lambda: city.book.trouble(city.path) is not None)
    assert Path(city.path).name in city.book.trouble(city.path).message and len(city.book.records()) == 10
    away.rename(city.path)
    city.book.refresh(city.path)
    city.until(lambda: city.book.trouble(city.path) is None)


def test_districts_are_joined_once_and_again_when_they_change(city, monkeypatch):
    from plugin.pilots import reading

    joined: list[int] = []
    join = reading.read_municipality
    monkeypatch.setattr(reading, "read_municipality", lambda copy: (joined.append(1), join(copy))[1])
    city.until(lambda: city.copies.counts(city.path) is not None)
    for _ in range(3):
        city.book.refresh(city.path)
        city.until(lambda: not city.book.busy)
    assert len(joined) <= 1
    before = city.book.surroundings(city.path).municipality
    city.districts.startEditing()
    city.districts.deleteFeatures([one.id() for one in city.districts.getFeatures()][:8])
    assert city.districts.commitChanges()
    city.until(lambda: city.book.surroundings(city.path).municipality != before)
    assert any(problem.code.endswith("outside") for record in city.book.records() for problem in record.problems)
