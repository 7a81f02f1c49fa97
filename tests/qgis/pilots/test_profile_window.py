"""The profile of a pilot in its window, on the embedded twin's city and its sensors; and over 216,000 roof prints."""

from __future__ import annotations

import csv
import json
import shutil
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from qgis.core import QgsApplication, QgsCoordinateReferenceSystem, QgsProject
from qgis.gui import QgsMapCanvas
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QCoreApplication, QEvent, QEventLoop, QObject, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QApplication

from plugin.gui.pilots import profile_rows, profile_words
from plugin.gui.pilots.profile_presenter import ProfilePresenter
from plugin.gui.pilots.profile_table import ProfileTable
from plugin.gui.pilots.profile_window import ProfileWindow
from plugin.map import layers
from plugin.map.connections import Connection
from plugin.map.live.feeds import Feeds
from plugin.map.live.layers import LiveLayers
from plugin.map.live.source import LiveSource
from plugin.map.pilots.book import Record
from plugin.map.pilots.profiling import Profiling
from plugin.pilots.checks import Surroundings
from plugin.pilots.figures import as_json
from plugin.pilots.mapping import OURS
from plugin.pilots.profile import profile
from plugin.pilots.record import Pilot
from plugin.pilots.rows import features_inside
from plugin.twin.client import Twin
from plugin.twin.model import Property, Schema
from plugin.workcopy.checkout import checkout
from plugin.workcopy.copy import WorkingCopy
from tests.copies import make_source
from tests.identity_scenarios import sql_elsewhere
from tests.qgis.map.meanwhile import Heartbeat
from tests.qgis.pilots.pilot_copies import TODAY, Desk
from tests.unit.pilots.hand_made import block, wkb

LAYERS = ["pilots", "buildings", "districts", "trees", "streets"]


def spin(until: Callable[[], bool], seconds: float = 20) -> bool:
    """Let the window live until ``until()``; the processor is left to those who work."""
    loop, timer, end = QEventLoop(), QTimer(), time.monotonic() + seconds
    timer.timeout.connect(lambda: loop.quit() if until() or time.monotonic() > end else None)
    timer.start(5)
    if not until():
        loop.exec()
    timer.stop()
    return until()


class Iface:
    """What the window needs of QGIS's: the map."""

    def __init__(self) -> None:
        self.canvas = QgsMapCanvas()
        self.canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:28992"))

    def mapCanvas(self) -> QgsMapCanvas:
        return self.canvas


@pytest.fixture(scope="module")
def whole_city(demo_twin, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("profile") / "city.gpkg"
    checkout(Twin(demo_twin.url), LAYERS, path)
    return path


@pytest.fixture
def desk(whole_city, tmp_path, qtbot, qgis_app) -> Iterator[Desk]:
    shutil.copyfile(whole_city, tmp_path / "city.gpkg")
    one = Desk(tmp_path / "city.gpkg", qtbot)
    yield one
    one.stop()


def opened(desk: Desk, key: str = "P-06", live: LiveLayers | None = None) -> ProfileWindow:
    window = ProfileWindow(desk.book, desk.path, key, Iface(), None, live)
    window.show()
    return window


def settled(window: ProfileWindow) -> ProfileWindow:
    assert spin(lambda: not window.presenter.busy and not window.presenter.reading_days)
    return window


def cells(table: ProfileTable) -> list[list[str]]:
    """What stands in a table, as it is sorted."""
    model = table.model()
    return [
        [model.index(row, column).data() for column in range(model.columnCount())] for row in range(model.rowCount())
    ]


def tiles(window: ProfileWindow) -> dict[str, str]:
    return {fact.title: fact.text for fact in profile_words.counts(window.presenter.outcome)}


# -- what it shows


def test_it_opens_at_once_and_then_shows_what_the_profile_says(desk):
    window = opened(desk)
    assert window.presenter.busy and window.empty.title == "Looking at What Lies Inside…"
    assert window.cancel_button.isVisible() and window.heading.name.text() == "Digital Permits Kop van Zuid"
    settled(window)
    found = profile(desk.copy, desk.pilot("P-06"), today=TODAY)
    assert window.presenter.outcome.profile == found
    assert window.heading.extent.text() == "14.6 ha (146,289 m²), perimeter 1,429 m"
    assert window.heading.as_of.text().endswith("unpublished edits included.")
    assert not window.cancel_button.isVisible() and not window.notice.isVisible()
    assert tiles(window) == {
        "Buildings": str(found.buildings.count), "Trees": str(found.trees), "Addresses": "not known",
        "Sensors": "not known", "Districts touched": "2", "Pilots near by": str(len(found.neighbours)),
    }  # fmt: skip
    sections = window.sections
    assert [row[0] for row in cells(sections.layers.table)] == [layer.title for layer in found.layers]
    assert [row[0] for row in cells(sections.districts.table)] == ["Kop van Zuid", "Feijenoord"]
    assert cells(sections.districts.table)[0][2] == "98.4 %"
    overlapping = cells(sections.neighbours.table)[0]
    assert overlapping[2:] == ["0 m", "33,932 m²", "23.2 %"]
    assert dict(sections.buildings.chart.bars)["2000–2019"] == 53
    assert sum(count for _, count in sections.buildings.chart.bars) == found.buildings.count
    assert "not known" in sections.sensors.nothing.text() and not sections.sensors.table.isVisible()
    assert sections.notes.words.text() == "No layer of addresses is checked out, so none are counted."
    window.close()


def test_not_known_is_never_nothing(desk):
    """No column of years, nor of heights: said so, as is a building of which nothing is known."""
    copy = desk.copy
    outcome = settled(opened(desk)).presenter.outcome
    found = outcome.profile.buildings
    bare = replace(found, height=None, height_from="", years=None, periods=(), floor_area=None, floor_area_from="")
    shown = replace(outcome, profile=replace(outcome.profile, buildings=bare))
    without = [replace(source, columns=()) for source in copy.sources]
    words = {fact.title: fact.text for fact in profile_words.buildings(shown, without)}
    assert words["Built"] == "not known: no column of years" and words["Heights"] == "not known: no column of heights"
    assert words["Floor area"] == "not known: no column of floor areas or storeys"
    silent = replace(found, height=None, years=None, periods=(), floor_area=0.0, floor_area_known=0)
    shown = replace(outcome, profile=replace(outcome.profile, buildings=silent))
    words = {fact.title: fact.text for fact in profile_words.buildings(shown, copy.sources)}
    assert {words[name] for name in ("Built", "Heights", "Floor area")} == {"not known: none of the buildings says it"}
    some = replace(found, floor_area_known=7)
    shown = replace(outcome, profile=replace(outcome.profile, buildings=some))
    facts = {fact.title: fact.below for fact in profile_words.buildings(shown, copy.sources)}
    assert facts["Floor area"] == "estimated: footprint × storeys, of 7 of 79 buildings"


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0 %"), (0.00004, "< 0.1 %"), (0.5, "50.0 %"), (0.99999, "> 99.9 %"), (1, "100 %"), (1.2, "120 %")],
)
def test_shares(share, words):
    assert profile_words.percent(share) == words


def test_columns_are_sorted_by_what_they_mean(desk):
    window = settled(opened(desk))
    table = window.sections.layers.table
    table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    counts = [int(row[1].replace(",", "")) for row in cells(table)]
    assert counts == sorted(counts, reverse=True) and len({len(str(one)) for one in counts}) > 1
    near = window.sections.neighbours.table
    near.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert [row[1] for row in cells(near)] == ["Idea", "Proposed", "Running", "Evaluated"], "as stages follow"
    window.close()


# -- what is not as it should be


def test_without_geopandas_the_outline_and_the_neighbours_are_shown(desk, monkeypatch):
    monkeypatch.setitem(sys.modules, "geopandas", None)
    window = settled(opened(desk))
    assert "needs the Python package geopandas" in window.notice.text
    assert window.heading.extent.text() == "14.6 ha (146,289 m²), perimeter 1,429 m"
    assert len(cells(window.sections.neighbours.table)) == 4
    assert tiles(window)["Buildings"] == tiles(window)["Trees"] == "not known"
    sections = window.sections
    for section in (sections.buildings, sections.layers, sections.districts, sections.sensors):
        assert not section.isVisible()
    assert {fact.below for fact in profile_words.counts(window.presenter.outcome)} >= {"geopandas is missing"}
    monkeypatch.undo()
    window.refresh_button.click()
    settled(window)
    assert not window.notice.isVisible() and tiles(window)["Trees"] != "not known"
    assert window.sections.layers.isVisible()
    window.close()


@pytest.mark.parametrize(
    ("wkt", "sentence"),
    [
        ("MULTIPOLYGON(((4.47 51.91,4.48 51.91,4.48 51.92,4.47 51.91)))", "degrees"),
        ("MULTIPOLYGON EMPTY", "has no area, so nothing lies inside it"),
    ],
)
def test_a_pilot_that_lies_nowhere_is_a_sentence(desk, wkt, sentence):
    book = BookOf(desk.copy, replace(desk.pilot("P-06"), wkb=wkb(wkt)))
    window = ProfileWindow(book, book.path, "P-06", Iface())
    settled(window)
    assert window.empty.title == "There Is No Profile" and sentence in window.empty.text
    assert not window.copy_button.isEnabled() and window.refresh_button.isEnabled()
    window.close()


def test_an_outline_that_crosses_itself_is_measured_and_told(desk):
    crossing = "MULTIPOLYGON(((93500 435700,93800 436000,93800 435700,93500 436000,93500 435700)))"
    book = BookOf(desk.copy, replace(desk.pilot("P-06"), wkb=wkb(crossing)))
    window = ProfileWindow(book, book.path, "P-06", Iface())
    settled(window)
    assert "4.50 ha" in window.heading.extent.text() and "it was mended" in window.sections.notes.words.text()
    window.close()


def test_a_pilot_that_is_not_there(desk):
    window = opened(desk, "P-99")
    assert spin(lambda: window.presenter.error is not None)
    assert "This pilot is not in city.gpkg any more" in window.empty.text and not window.report_button.isEnabled()
    window.close()


def test_a_change_is_told_and_refreshed(desk):
    window = settled(opened(desk))
    trees = window.presenter.outcome.profile.trees
    inside = features_inside(desk.copy, desk.copy.source("trees"), desk.pilot("P-06"))
    assert len(inside) == trees and not window.notice.isVisible()
    sql_elsewhere(Path(desk.path), f"DELETE FROM trees WHERE fid = {inside[0]}")
    assert spin(window.notice.isVisible), "told by itself"
    assert window.notice.text.startswith("The working copy has changed since.")
    assert window.presenter.outcome.profile.trees == trees, "what is shown stays"
    window.refresh_button.click()
    settled(window)
    assert window.presenter.outcome.profile.trees == trees - 1 and not window.notice.isVisible()
    sql_elsewhere(Path(desk.path), "DELETE FROM pilots WHERE twin_id = 'P-06'")
    assert spin(lambda: "not in the working copy any more" in window.notice.text)
    window.close()


def test_what_changes_nothing_of_it_is_not_told(desk):
    """An edit session that begins writes the file; a column that is not shown, elsewhere in the city, too."""
    (trees,) = layers.make_layers(desk.copy, ["trees"])
    QgsProject.instance().addMapLayer(trees)
    window = settled(opened(desk))
    looked: list[object] = []
    window.presenter._second.found.connect(looked.append)
    sql_elsewhere(Path(desk.path), "UPDATE pilots SET summary = 'Otherwise.' WHERE twin_id = 'P-08'")
    trees.startEditing()
    assert spin(lambda: bool(looked)), "it looked"
    trees.rollBack()
    assert not window.presenter.outdated and not window.notice.isVisible()
    sql_elsewhere(Path(desk.path), "UPDATE pilots SET name = 'Otherwise' WHERE twin_id = 'P-08'")
    assert spin(window.notice.isVisible)
    window.close()


def test_unsaved_edits_of_the_pilot_count_and_of_other_layers_are_told(desk):
    (trees,) = layers.make_layers(desk.copy, ["trees"])
    QgsProject.instance().addMapLayer(trees)
    for layer, fid in ((trees, 1), (desk.layer, desk.pilot("P-08").fid)):
        layer.startEditing()
        assert layer.deleteFeature(fid)
    desk.until(lambda: desk.pilot("P-08") is None)
    window = settled(opened(desk))
    assert "Edits that are not saved yet are not: Trees." in window.heading.as_of.text()
    names = [row[0] for row in cells(window.sections.neighbours.table)]
    assert names and "Building Sites in Augmented Reality Wilhelminaplein" not in names
    for layer in (trees, desk.layer):
        layer.rollBack()
    window.close()


# -- what the user does


def test_a_layer_is_selected_on_the_map_and_a_neighbour_opens(desk, qtbot):
    (trees,) = layers.make_layers(desk.copy, ["trees"])
    QgsProject.instance().addMapLayer(trees)
    window = settled(opened(desk))
    table = window.sections.layers.table
    rows = {row[0]: number for number, row in enumerate(cells(table))}
    table.clicked.emit(table.model().index(rows["Trees"], 0))
    assert spin(lambda: trees.selectedFeatureCount() > 0)
    expected = features_inside(desk.copy, desk.copy.source("trees"), desk.pilot("P-06"))
    assert set(trees.selectedFeatureIds()) == set(expected)
    assert window.status.text == f"{len(expected)} features of Trees are selected."
    box = window.on_map._canvas.extent()
    assert box.contains(trees.boundingBoxOfSelected()) and box.width() < 1500
    table.clicked.emit(table.model().index(rows["Buildings"], 0))
    assert window.status.text == "Buildings is not in the project, so nothing of it can be selected."
    near = window.sections.neighbours.table
    with qtbot.waitSignal(window.profile_wanted) as heard:
        near.setCurrentIndex(near.model().index(0, 0))
        qtbot.keyClick(near, Qt.Key.Key_Return)
    assert heard.args == [desk.path, "P-08"]
    with qtbot.waitSignal(window.report_wanted) as heard:
        window.report_button.click()
    assert heard.args == [desk.path, "P-06"]
    window.close()


def test_it_is_copied_and_saved(desk, tmp_path):
    window = settled(opened(desk))
    found = window.presenter.outcome.profile
    window.copy()
    text = QApplication.clipboard().text()
    assert text.startswith("Digital Permits Kop van Zuid\nRunning, ") and "Kop van Zuid\t143,958 m²\t98.4 %" in text
    window.save_to(tmp_path / "p.json")
    assert json.loads((tmp_path / "p.json").read_text(encoding="utf-8")) == json.loads(json.dumps(as_json(found)))
    window.save_to(tmp_path / "p.csv")
    with (tmp_path / "p.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = [tuple(row) for row in csv.reader(stream)]
    assert ("Pilot", found.name, "Area", f"{found.area:.2f}", "m²") in rows
    assert ("Pilot", found.name, "Addresses", "", "") in rows, "not known is empty"
    assert window.status.text == "The profile is in p.csv."
    window.save_to(tmp_path / "nowhere" / "p.csv")
    assert "could not be written" in window.status.text and window.status.kind == "bad"
    window.close()


def test_a_closed_window_leaves_nothing(desk):
    window = opened(desk)
    assert window.presenter.busy
    window.close()
    window.stop()  # once more
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert sip.isdeleted(window) and spin(lambda: QgsApplication.taskManager().countActiveTasks() == 0)
    desk.book.changed.emit()


# -- sensors


@pytest.fixture
def live(demo_twin, qgis_app) -> Iterator[LiveLayers]:
    """The demo twin's sensors in a live layer."""
    feeds = Feeds()
    found = LiveLayers(feeds, None)
    service = f"{demo_twin.url}sta/v1.1"
    layer = found.add(LiveSource(service, "", "", "All sensors"), Connection("demo", service))
    assert spin(lambda: found.settled and found.feed_of(layer).complete(found.source_of(layer)))
    yield found
    found.stop()
    feeds.stop()


def test_sensors_inside_with_their_last_day(desk, live):
    window = settled(opened(desk, "P-02", live))
    (layer,) = live.all()
    feed = live.feed_of(layer)
    streams = {one.id: one for one in feed.datastreams(live.source_of(layer))}
    assert tiles(window)["Sensors"] == "1"
    (sensor,) = window.presenter.outcome.profile.sensors
    mine = [one for one in streams.values() if one.thing.name == sensor.name]
    assert len(mine) == len(sensor.days) == 2
    told: list[dict] = []
    end = feed.live.now()
    feed.history([one.id for one in mine], end - 90_000, None, done=told.append, failed=told.append)
    assert spin(lambda: bool(told))
    for stream, day in zip(mine, sensor.days):
        series = told[0][stream.id]
        assert day.observed == stream.observed_property.name and day.count > 50
        assert day.least == pytest.approx(series.values.min()) and day.most == pytest.approx(series.values.max())
        assert day.least <= day.mean <= day.most
    rows = cells(window.sections.sensors.table)
    assert [row[0] for row in rows] == [sensor.name] * 2 and rows[0][1].endswith("(veh/h)") and rows[0][2] != "–"
    window.sections.sensors.table.clicked.emit(window.sections.sensors.table.model().index(0, 0))
    assert window.on_map._canvas.extent().width() < 200
    nothing = settled(opened(desk, "P-06", live))
    assert tiles(nothing)["Sensors"] == "0" and "None of the sensors" in nothing.sections.sensors.nothing.text()
    for one in (window, nothing):
        one.close()


# -- 216,000 roof prints


class BookOf(QObject):
    """A book of one pilot, which need not be in a file."""

    changed = pyqtSignal()

    def __init__(self, copy: WorkingCopy, pilot: Pilot) -> None:
        super().__init__()
        self.path = str(copy.path)
        self._copy, self._pilot = copy, pilot

    def record(self, path: str, key: str) -> Record:
        return Record(path, self._pilot)

    def copy(self, path: str) -> WorkingCopy:
        return self._copy

    def source(self, path: str) -> None:
        return None

    def mapping(self, path: str) -> object:
        return OURS

    def surroundings(self, path: str, without: str = "") -> Surroundings:
        return Surroundings()

    def today(self) -> object:
        return TODAY


@pytest.fixture(scope="module")
def roofs(shared_data, tmp_path_factory) -> WorkingCopy:
    folder = tmp_path_factory.mktemp("roofs")
    with zipfile.ZipFile(shared_data / "perf" / "rotterdam_roofprints_216k.gpkg.zip") as packed:
        (name,) = [one for one in packed.namelist() if one.endswith(".gpkg")]
        packed.extract(name, folder)
    schema = Schema((Property("h_eave_m", "number"), Property("h_ridge_m", "number")), "MultiPolygon")
    return WorkingCopy(folder / name, (make_source("roofprints", schema),), {})


def test_over_200_000_buildings_the_window_lives_and_cancels(roofs, qgis_app):
    book = BookOf(roofs, Pilot("All of it", wkb=wkb(block(82000, 428000, 21000)), twin_id="x"))
    presenter = ProfilePresenter(book, book.path, "x")
    clock, beat = time.monotonic(), Heartbeat()
    presenter.start()
    assert spin(lambda: presenter.outcome is not None)
    clock, away = time.monotonic() - clock, beat.stop()
    print(f"\n216k roof prints in a task: {clock:.2f} s; the main thread was away for {away:.0f} ms at most")
    assert presenter.outcome.profile.buildings.count == 215_765
    assert away < 200  # 50 on a machine that does nothing else: `make bench` tells
    said: list[str] = []
    presenter.progressed.connect(lambda _done, _total, text: said.append(text))
    presenter.start()
    assert spin(lambda: any("Measuring" in text for text in said))
    clock = time.monotonic()
    presenter.cancel()
    assert spin(lambda: presenter.cancelled and not presenter.busy)
    clock = time.monotonic() - clock
    print(f"cancelled within {clock:.2f} s")
    # half a second on a machine that does nothing else: `make bench` tells
    assert clock < 1.5 and presenter.outcome is not None, "what was shown stays"
    presenter.stop()


def test_a_second_start_drops_the_first(desk):
    work = Profiling(desk.book)
    found: list = []
    work.found.connect(found.append)
    work.start(desk.path, "P-01")
    work.start(desk.path, "P-02")
    assert spin(lambda: not work.busy)
    assert [one.profile.pilot for one in found] == ["P-02"] and not spin(lambda: len(found) > 1, 0.2)


def test_a_table_of_sensors_without_observations(qgis_app):
    from plugin.pilots.figures import Day, Sensor

    table = profile_rows.sensors([Sensor("1", "Pole", 4.5, 51.9), Sensor("2", "Post", 4.5, 51.9, 4326, (Day("NO2"),))])
    assert [[cell.text for cell in row.cells][:7] for row in table.rows] == [
        ["Pole", "–", "–", "–", "–", "–", "–"],
        ["Post", "NO2", "–", "–", "–", "–", "–"],
    ]


def test_the_last_day_of_a_series(qgis_app):
    import numpy as np

    from plugin.map.pilots.posts import last_day
    from plugin.pilots.figures import Day
    from plugin.sensors.series import Series

    before = Day("NO2", "µg/m³")
    end = 1_795_000_000.0
    times = np.array([end - 90_000, end - 86_000, end - 50, end - 10, end])
    day = last_day(before, Series(times, np.array([1000.0, 4.0, 8.0, np.nan, np.nan]), "µg/m³"))
    assert (day.count, day.least, day.mean, day.most, day.latest) == (2, 4.0, 6.0, 8.0, 8.0)
    assert day.at == "2026-11-18T11:06:40Z", "when it spoke last, though it said nothing"
    assert last_day(before, Series(times[:0], times[:0])) == before
    silent = last_day(before, Series(times[-1:], np.array([np.nan])))
    assert silent.latest is None and silent.count == 0 and silent.at == day.at
    assert last_day(before, Series(np.array([-5e8]), np.array([1.0]))).at == "1954-02-26T23:06:40Z", "before 1970"
