"""The Sensors page against the embedded twin, with Mosquitto where it is installed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
import requests
from qgis.core import QgsProject
from qgis.PyQt.QtCore import QLocale, Qt
from qgis.PyQt.QtTest import QTest

from plugin.demo.sta.broker import find_mosquitto
from plugin.gui.sensors_model import Role
from plugin.map.live.source import LiveSource, source_of
from tests.qgis.gui.sensors_stage import Stage
from tests.qgis.gui.window import empty_twin, html_site
from tests.qgis.map.meanwhile import Heartbeat, spin
from tests.twin_server import RunningTwin, serve_app, start_twin

PAGE_PROPERTIES = ["NO2", "Noise", "PM2.5", "Traffic flow", "Traffic speed", "Water level"]


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningTwin]:
    """A generated city with some stations, which push where there is a broker."""
    options = ["--sensors", "300", "--sensor-interval", "2"]
    running = start_twin(store=tmp_path_factory.mktemp("sensors") / "twin.sqlite", options=options)
    yield running
    running.stop()


@pytest.fixture
def stage(qgis_app, qgis_new_project) -> Iterator[Stage]:
    QLocale.setDefault(QLocale("en"))
    stage = Stage()
    yield stage
    stage.close()


def service(twin: RunningTwin) -> str:
    return f"{twin.url}sta/v1.1"


def test_without_a_connection_it_says_what_to_do_first(stage):
    assert stage.page.message.title == "See Your City Live"
    assert stage.buttons() == ["New Connection…", "Start Demo Twin"]
    stage.press("Start Demo Twin")
    assert stage.process.starts == 1
    assert stage.page.status.kind == "busy"
    stage.process.failed.emit("It did not start.")
    assert stage.page.message.text == "It did not start."


@pytest.mark.parametrize("below", ["", "sta/v1.1"])
def test_a_twin_and_a_sensorthings_address_lead_to_the_same_sensors(stage, twin, below):
    stage.open(f"{twin.url}{below}")
    assert stage.page.status.kind == "busy"
    assert spin(stage.listed)
    page = stage.page
    assert [one.name for one in page.model.groups] == PAGE_PROPERTIES
    assert page.model.shown == len(page.model) > 40
    assert all(sum(one.by_freshness.values()) == len(one.shown) for one in page.model.groups)
    assert stage.group("NO2").units.most_common(1)[0][0] == "µg/m³"
    assert spin(lambda: page.status.text.endswith("datastreams · read every 10 s"))
    assert page._found.service.url == service(twin)


@pytest.mark.parametrize(
    ("app", "title", "word"),
    [
        (html_site, "Rotterdam Cannot Be Read", "is no SensorThings service"),
        (empty_twin, "No Sensors Here", "links no SensorThings service"),
    ],
)
def test_what_is_no_twin_and_a_twin_without_sensors(stage, app, title, word):
    url, stop = serve_app(app)
    try:
        stage.open(url)
        assert spin(lambda: stage.page.message.title == title), stage.page.message.title
        assert word in stage.page.message.text
    finally:
        stop()


def test_a_service_without_datastreams_and_one_that_fails(stage):
    wrong = []

    def bare(environ, start_response):
        found = {"value": [{"name": "Datastreams", "url": "x"}]} if environ["PATH_INFO"] == "/v1.1" else {"value": []}
        start_response("503 Busy" if wrong else "200 OK", [("Content-Type", "application/json"), ("Retry-After", "0")])
        return [json.dumps(found).encode()]

    url, stop = serve_app(bare)
    try:
        stage.open(f"{url}v1.1")
        assert spin(lambda: stage.page.message.title == "No Sensors Here")
        wrong.append(1)
        stage.page.read_again()
        assert spin(lambda: stage.page.message.title == "Rotterdam Cannot Be Read", 30)
        assert stage.buttons() == ["Try Again", "Edit Connection…"]
        wrong.clear()
        stage.press("Try Again")
        assert spin(lambda: stage.page.message.title == "No Sensors Here")
    finally:
        stop()


def test_what_is_ticked_becomes_a_layer_and_a_second_time_it_is_only_selected(stage, twin):
    stage.read(twin.url)
    page, layers = stage.page, stage.layers
    assert not page.foot.add_button.isEnabled()
    page.model.tick([stage.group("NO2").id, stage.group("Noise").id])
    assert page.foot.add_button.text().replace("&", "") == "Add 2 Live Layers"
    assert page.foot.chosen.full_text.startswith("2 properties (")
    page.foot.add_button.click()
    assert spin(lambda: len(layers.all()) == 2)
    first = next(one for one in layers.all() if one.name() == "NO2")
    assert source_of(first) == LiveSource(service(twin), "Rotterdam", stage.group("NO2").id, "NO2", None, None)
    page.model.tick([stage.group("NO2").id])
    stage.window.active = None
    page.foot.add_button.click()
    assert spin(lambda: stage.window.active is first)
    assert len(layers.all()) == 2
    assert stage.window.said() == ["NO2 is on the map already."]
    assert page.model.index_of_group(stage.group("NO2")).data(Role.ON_MAP)
    wanted = []
    page.snapshot_wanted.connect(wanted.append)
    page.playback_wanted.connect(wanted.append)
    page.foot.snapshot_button.click()
    page.foot.playback_button.click()
    assert wanted == [first, first]
    QgsProject.instance().removeMapLayer(first)
    assert spin(lambda: not page.foot.snapshot_button.isEnabled())


def test_a_layer_brings_push_and_its_values_are_those_of_the_page(stage, twin):
    if find_mosquitto() is None:
        pytest.skip("Mosquitto is not installed")
    stage.read(twin.url)
    page = stage.page
    group = stage.group("Traffic flow")
    page.tree.select(groups=(group,))
    page.tree.activated.emit()
    assert spin(lambda: page.status.text.startswith("Push since "), 30), page.status.text
    assert "messages/s" in page.status.text
    assert spin(lambda: page.watch.feed is not None and len(page.watch._fed) == len(group.shown))
    row = group.shown[0]
    before = row.latest.time
    assert spin(lambda: row.latest.time > before, 10)
    assert page.watch.feed.live.latest(row.stream.id).time == row.latest.time
    sections = dict(page.details())
    assert any("Live from mqtt://" in line for line in sections["Connection"])
    QgsProject.instance().clear()
    assert spin(lambda: page.watch.feed is None)
    assert spin(lambda: "read every" in page.status.text)


def test_single_datastreams_go_to_a_layer_of_their_own_and_to_the_chart(stage, twin):
    stage.read(twin.url)
    page = stage.page
    rows = tuple(stage.group("NO2").shown[:2])
    page.tree.select(rows=rows)
    wanted, limits = [], []
    page.chart_wanted.connect(wanted.append)
    page.thresholds_wanted.connect(limits.append)
    assert page.foot.chosen.full_text == "2 datastreams"
    page.foot.chart_button.click()
    assert spin(lambda: wanted)
    feed = stage.feeds.all()[0]
    assert {(one, stream.id) for one, stream in wanted[0]} == {(feed, row.stream.id) for row in rows}
    page.foot.thresholds_button.click()
    assert [one.name for one in limits] == ["NO2"]
    page.foot.add_button.click()
    assert spin(stage.layers.all)
    assert source_of(stage.layers.all()[0]).datastreams == tuple(sorted(row.stream.id for row in rows))


def test_filtering_and_what_is_chosen_goes_along(stage, twin):
    stage.read(twin.url)
    page = stage.page
    row = stage.group("Noise").shown[-1]
    page.tree.select(rows=(row,))
    page.tree.view.setFocus()
    name = row.stream.thing.name
    page.tree.filter.setText(name)
    assert spin(lambda: page.model.filter.words and not page.model.busy)
    assert 0 < page.model.shown < 40
    assert page.tree.selected_rows() == [row]
    assert page.tree.view.isExpanded(page.model.index(0, 0))  # few: they are unfolded
    page.tree.filter.setText("zebra")
    assert spin(page.tree.nothing.isVisible)
    assert "zebra" in page.tree.nothing.text
    page.tree.filter.setText("giraffe")
    assert spin(lambda: "giraffe" in page.tree.nothing.text)
    page.tree.nothing.buttons[0].click()
    assert spin(lambda: page.model.shown == len(page.model))
    page.tree.fresh["live"].setChecked(False)
    assert spin(lambda: not page.model.busy)
    assert all(one.latest.freshness != "live" for group in page.model.groups for one in group.shown)
    assert page.tree.fresh_button.isChecked()


def test_keyboard_from_the_filter_to_a_tick_and_to_a_layer(stage, twin):
    stage.read(twin.url)
    tree = stage.page.tree
    tree.filter.setFocus()
    QTest.keyClicks(tree.filter, "noise")
    QTest.keyClick(tree.filter, Qt.Key.Key_Return)
    assert spin(lambda: not stage.page.model.busy)
    assert tree.view.currentIndex().data() == "Noise"
    QTest.keyClick(tree.view, Qt.Key.Key_Space)
    assert [one.name for one in stage.page.model.ticked()] == ["Noise"]
    QTest.keyClick(tree.view, Qt.Key.Key_Return)
    assert spin(stage.layers.all)
    assert source_of(stage.layers.all()[0]).title == "Noise"


def test_a_click_on_the_box_ticks_and_a_double_click_there_adds_nothing(stage, twin):
    stage.read(twin.url)
    view = stage.page.tree.view
    place = view.visualRect(stage.page.model.index(0, 0))
    box = place.topLeft()
    box.setX(box.x() + 8)
    box.setY(box.y() + 12)
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=box)
    assert len(stage.page.model.ticked()) == 1
    QTest.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=box)
    spin(lambda: False, 0.1)
    assert stage.layers.all() == []
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place.center())
    QTest.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place.center())
    assert spin(lambda: len(stage.layers.all()) == 1)


def test_a_twin_that_goes_away_is_said_and_values_grow_old(stage, tmp_path):
    options = ["--sensors", "6", "--sensor-interval", "1", "--no-mqtt"]
    running = start_twin(store=tmp_path / "t.sqlite", options=options)
    try:
        stage.read(running.url)
        page = stage.page
        assert spin(lambda: page.watch._poll is None)
        running.kill()
        page.watch.retry()
        assert spin(lambda: page.status.kind == "bad", 30), page.status.text
        assert page.status.retry_button.isVisible()
        assert len(page.model) > 0  # what was read stays
        row = next(iter(page.model.rows()))
        # an hour later by the clock, nothing heard: no value may look fresh
        page.watch.live._clock = lambda: time.time() + 3600
        assert spin(lambda: all(one.latest.freshness != "live" for one in page.model.rows()))
        assert "1 hour ago" in page.model.index_of(row).data(Qt.ItemDataRole.AccessibleTextRole)
        assert not any(one.by_freshness["live"] for one in page.model.groups)
    finally:
        running.kill()


def test_problems_of_single_sensors_and_of_messages_are_in_the_details(stage, fresh_twin):
    base = service(fresh_twin)
    found = requests.get(f"{base}/Datastreams?$top=1&$expand=Thing($expand=Locations)", timeout=10).json()["value"][0]
    place = found["Thing"]["Locations"][0]
    wrong = {"location": {"type": "Point", "coordinates": [444.0, 51.9]}}
    answer = requests.patch(f"{base}/Locations({place['@iot.id']})", json=wrong, timeout=10)
    assert answer.ok, answer.text
    stage.read(fresh_twin.url)
    sections = dict(stage.page.details())
    assert any(line.startswith(found["name"]) for line in sections["Single Sensors"])
    assert any("no usable location" in line for line in sections["Remarks"])
    stage.page.status.show_details()
    assert found["name"] in stage.page.status.popup.text.toPlainText()
    stage.page.status.popup.hide()


def test_nothing_is_asked_while_the_page_is_not_seen(stage, twin):
    stage.read(twin.url)
    page = stage.page
    assert spin(lambda: page.watch._poll is None)
    page.hide()
    assert not page.watch._timer.isActive()
    page.watch._coverage.hurry()
    spin(lambda: False, 0.7)
    assert page.watch._poll is None
    page.show()
    assert spin(lambda: page.watch._poll is not None, 3)
    assert spin(lambda: page.watch._poll is None)


def test_a_demo_twin_that_woke_up_on_another_page_is_read_when_the_page_is_seen(stage, twin):
    page = stage.page
    stage.press("Start Demo Twin")
    stage.process.url = twin.url
    stage.process.ready.emit(twin.url)
    assert spin(stage.listed)
    stage.process.url = ""  # as after a restart of QGIS
    page.read_again()
    assert page.message.title == "The Demo Twin Is Asleep"
    page.hide()
    stage.process.url = twin.url
    stage.process.ready.emit(twin.url)
    assert not page.loader.busy
    page.show()
    assert spin(stage.listed)


def test_another_connection_leaves_nothing_of_the_former(stage, twin):
    stage.read(twin.url)
    stage.page.model.tick([stage.group("Noise").id])
    stage.page.tree.filter.setText("noise")
    url, stop = serve_app(html_site)
    try:
        stage.open(url, "Elsewhere")
        assert spin(lambda: stage.page.message.title == "Elsewhere Cannot Be Read")
    finally:
        stop()
    assert len(stage.page.model) == 0
    assert stage.page.model.ticked() == []
    assert stage.page.tree.filter.text() == ""
    assert not stage.page.foot.add_button.isEnabled()


def test_reading_many_holds_nobody_up(stage, twin):
    heart = Heartbeat()
    stage.read(twin.url)
    away = heart.stop()
    assert stage.page.model.shown > 500
    print(f"longest the main thread was away: {away:.0f} ms")
    assert away < 300  # 50 is the aim; the machine of the test may be busy
