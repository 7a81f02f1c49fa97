"""What a live layer shows, where it comes from and what becomes of it."""

from __future__ import annotations

import time

import pytest
from qgis.core import NULL, QgsLayerDefinition, QgsProject, QgsVectorFileWriter, QgsVectorLayer

from plugin.map import connections
from plugin.map.connections import Connection
from plugin.map.live import fields
from plugin.map.live.source import LiveSource, mark, source_of
from tests.mosquitto import free_port
from tests.qgis.live.conftest import threads
from tests.qgis.live.publisher import Publisher
from tests.qgis.map.meanwhile import spin
from tests.twin_server import start_twin


def filled(desk, layer, number):
    desk.wait(lambda: layer.featureCount() == number)


def test_a_layer_has_a_feature_for_each_datastream_with_its_latest_value(desk, service):
    stub = service(streams=6)
    now = time.time()
    Publisher(stub).observe(0, now - 5, 21.5)
    layer = desk.show(stub.url)
    filled(desk, layer, 3)
    rows = desk.rows(layer)
    assert set(rows) == {"0", "2", "4"}  # of six, those of its observed property
    row = rows["0"]
    assert [layer.fields().at(n).name() for n in range(len(layer.fields()))] == [*fields.NAMES, "age"]
    assert (row["name"], row["thing"], row["observed_property"]) == ("Stream 0", "Pole 0", "NO2")
    assert (row["result"], row["result_text"], row["unit"], row["kind"]) == (21.5, "21.5 µg/m³", "µg/m³", "number")
    assert row["phenomenon_time"].toMSecsSinceEpoch() == pytest.approx((now - 5) * 1000, abs=2)
    assert (row["freshness"], row["class"], row["exceeded"]) == ("live", 2, 0)
    assert rows["2"]["freshness"] == "silent"  # its value is of last summer
    place = next(layer.getFeatures("datastream = '4'")).geometry().asPoint()
    assert (place.x(), place.y()) == (4.004, 51.9)
    assert layer.crs().authid() == "EPSG:4326"
    fid = desk.layers.feature_id(layer, "4")
    assert desk.layers.datastream_of(layer, fid).name == "Stream 4"
    assert layer.getFeature(fid)["datastream"] == "4"
    assert desk.layers.feed_of(layer) is desk.feed
    assert desk.layers.all() == [layer]


@pytest.mark.parametrize(
    ("result", "kind", "text", "number"),
    [
        (-9999, "sentinel", "nothing measured", NULL),
        (None, "null", "nothing measured", NULL),
        ("12.5", "number", "12.5", 12.5),
        ("on", "text", "on", NULL),
        (True, "boolean", "yes", NULL),
        ({"a": [1]}, "object", '{"a":[1]}', NULL),
    ],
)
def test_a_result_is_shown_as_what_it_is(desk, service, result, kind, text, number):
    stub = service(streams=1)
    Publisher(stub).observe(0, time.time(), result)
    layer = desk.show(stub.url)
    filled(desk, layer, 1)
    row = desk.rows(layer)["0"]
    assert (row["kind"], row["result"]) == (kind, number)
    assert row["result_text"].startswith(text)
    assert row["class"] == (NULL if number is NULL else 1)


def test_what_cannot_be_drawn_is_counted_and_said(desk, service):
    def lost(entity):
        if entity.get("@iot.id") in (0, 2):
            entity["Thing"]["Locations"] = [{"location": {"type": "Point", "coordinates": [0, 0]}}]
        if entity.get("@iot.id") == 4:
            entity["unitOfMeasurement"] = {"name": None}
        return entity

    stub = service(streams=6, change=lost)
    layer = desk.show(stub.url)
    filled(desk, layer, 1)
    assert desk.rows(layer)["4"]["unit"] == ""
    assert len(desk.feed.datastreams(source_of(layer))) == 3
    desk.wait(lambda: any("2 sensors have no usable location" in one for one in desk.feed.status.faults))
    assert any("Stream 0" in one for one in desk.feed.status.faults)


def test_two_layers_of_one_service_share_a_feed(desk, service):
    stub = service(streams=6)
    one, other, same = desk.show(stub.url, "0"), desk.show(stub.url, "1"), desk.show(stub.url, "0")
    for layer in (one, other, same):
        filled(desk, layer, 3)
    assert desk.layers.feed_of(one) is desk.layers.feed_of(other) is desk.feed
    assert set(desk.rows(other)) == {"1", "3", "5"}
    QgsProject.instance().removeMapLayer(other.id())
    desk.wait(lambda: len(desk.feed.live) == 3)
    QgsProject.instance().removeMapLayer(same.id())
    assert len(desk.feed.live) == 3
    QgsProject.instance().removeMapLayer(one.id())
    assert desk.feeds.all() == []


def test_only_chosen_datastreams_and_those_in_an_area(desk, service):
    stub = service(streams=8)
    few = desk.show(stub.url, "0", datastreams=("2", "6"))
    near = desk.show(stub.url, "0", extent=(3.9, 51, 4.0035, 52))
    filled(desk, few, 2)
    filled(desk, near, 2)
    assert (set(desk.rows(few)), set(desk.rows(near))) == ({"2", "6"}, {"0", "2"})


def test_a_live_layer_is_not_the_users_to_edit_nor_to_save(desk, service):
    stub = service(streams=2)
    layer = desk.show(stub.url)
    filled(desk, layer, 1)
    assert layer.readOnly()
    assert not layer.startEditing()
    # what QGIS asks before it says that scratch layers will be lost
    assert int(layer.customProperty("skipMemoryLayersCheck")) == 1
    assert layer.attributeAlias(fields.index_of("result_text")) == "Result with unit"
    group = QgsProject.instance().layerTreeRoot().findGroup("Live Sensors")
    assert [one.layerId() for one in group.findLayers()] == [layer.id()]
    assert QgsProject.instance().layerTreeRoot().children()[0] is group


def test_what_comes_by_itself_leaves_nothing_to_save(desk, service):
    stub = service(streams=2)
    publisher = Publisher(stub)
    layer = desk.show(stub.url)
    filled(desk, layer, 1)
    QgsProject.instance().setDirty(False)
    publisher.observe(0, time.time(), 3)
    desk.feed.retry()
    desk.wait(lambda: desk.cell(layer, "0", "result") == 3)
    assert layer.undoStack().count() == 0
    assert not QgsProject.instance().isDirty()


def test_a_project_is_opened_again(desk, service, tmp_path):
    stub = service(streams=4)
    layer = desk.show(stub.url)
    filled(desk, layer, 2)
    layer.setName("My own name")
    project, path = QgsProject.instance(), str(tmp_path / "live.qgz")
    assert project.write(path)
    project.clear()
    assert desk.feeds.all() == []
    assert project.read(path)
    (again,) = desk.layers.all()
    assert again.name() == "My own name"
    filled(desk, again, 2)
    assert again.readOnly()
    assert set(desk.rows(again)) == {"0", "2"}
    assert not project.isDirty()


def test_a_project_is_opened_without_its_service_and_connection(desk, service, tmp_path):
    layer = desk.show(service(streams=4).url)
    filled(desk, layer, 2)
    project, path = QgsProject.instance(), str(tmp_path / "live.qgz")
    gone = f"http://127.0.0.1:{free_port()}/v1.1"
    layer.setCustomProperty("citytwin/live", LiveSource(gone, "Gone", "0", "A layer").as_text())
    assert project.write(path)
    project.clear()
    assert project.read(path)
    (again,) = desk.layers.all()
    desk.wait(lambda: desk.feed.status.kind == "bad")
    assert again.featureCount() == 0
    assert "Trying again" in desk.feed.status.sentence
    assert any("“Gone” is not known here" in one for one in desk.feed.status.faults)
    assert len(desk.told) == 1


def test_a_connection_that_is_added_later_opens_the_service(desk, tmp_path, authcfg):
    secret = {"CITYTWIN_DEMO_USER": "anna", "CITYTWIN_DEMO_PASSWORD": "pa:ss wörd"}
    options = ["--require-auth", "--sensors", "5", "--no-mqtt"]
    twin = start_twin(store=tmp_path / "t.sqlite", env=secret, options=options)
    try:
        layer = QgsVectorLayer("Point?crs=EPSG:4326", "x", "memory")
        mark(layer, LiveSource(f"{twin.url}sta/v1.1", "Locked", "", "All"))
        QgsProject.instance().addMapLayer(layer)
        desk.wait(lambda: desk.told)
        asked = desk.feed
        assert asked.status.kind == "bad"
        assert "Trying again" not in asked.status.sentence
        assert not spin(layer.featureCount, 2)  # nor is it tried again and again
        connections.save(Connection("Locked", twin.url, authcfg))
        desk.wait(lambda: layer.featureCount() > 4)
        assert desk.feed is not asked
        assert not desk.feed.status.faults
        assert "pa:ss" not in layer.customProperty("citytwin/live")
    finally:
        connections.remove("Locked")
        twin.stop()


def test_a_copy_is_live_too(desk, service, tmp_path):
    stub = service(streams=2)
    publisher = Publisher(stub)
    layer = desk.show(stub.url)
    filled(desk, layer, 1)
    copy = layer.clone()
    QgsProject.instance().addMapLayer(copy)
    filled(desk, copy, 1)
    tree = QgsProject.instance().layerTreeRoot()
    path = str(tmp_path / "copied.qlr")
    assert QgsLayerDefinition.exportLayerDefinition(path, [tree.findLayer(layer.id())])[0]
    assert QgsLayerDefinition.loadLayerDefinition(path, QgsProject.instance(), tree)[0]
    (pasted,) = [one for one in desk.layers.all() if one not in (layer, copy)]
    filled(desk, pasted, 1)
    publisher.observe(0, time.time(), 7)
    desk.feed.retry()
    for one in (layer, copy, pasted):
        desk.wait(lambda one=one: desk.cell(one, "0", "result") == 7)
    assert len(desk.layers.all()) == 3


def test_a_layer_that_is_made_permanent_is_the_users(desk, service, tmp_path):
    stub = service(streams=2)
    layer = desk.show(stub.url)
    filled(desk, layer, 1)
    path = str(tmp_path / "mine.gpkg")
    options = QgsVectorFileWriter.SaveVectorOptions()
    QgsVectorFileWriter.writeAsVectorFormatV3(layer, path, QgsProject.instance().transformContext(), options)
    layer.setDataSource(path, "Mine", "ogr")
    assert desk.layers.all() == []
    assert desk.feeds.all() == []
    assert source_of(layer) is None
    assert layer.attributeAlias(layer.fields().lookupField("age")) == "Age when it was kept (s)"
    assert layer.startEditing()
    layer.rollBack()
    assert layer.featureCount() == 1


def test_a_layer_whose_note_is_damaged_is_an_ordinary_layer(desk):
    layer = QgsVectorLayer("Point", "x", "memory")
    layer.setCustomProperty("citytwin/live", '{"service": 5}')
    QgsProject.instance().addMapLayer(layer)
    assert desk.layers.all() == []


def test_sensors_that_come_and_go_and_change(desk, service):
    names = {"unit": "µg/m³"}
    stub = service(streams=4, change=lambda one: {**one, "unitOfMeasurement": {"symbol": names["unit"]}})
    layer = desk.show(stub.url)
    filled(desk, layer, 2)
    renewed = []
    desk.layers.renewed.connect(renewed.append)
    stub.streams, names["unit"] = 8, "mg/m3"
    (shown,) = desk.feed._lists.shown.values()
    shown.due = 0
    filled(desk, layer, 4)
    desk.wait(lambda: desk.cell(layer, "0", "unit") == "mg/m3")
    desk.wait(lambda: renewed)
    assert set(renewed) == {layer}
    desk.wait(lambda: any("changed its unit" in one or "changed their unit" in one for one in desk.feed.status.faults))
    stub.streams = 2
    shown.due = 0
    filled(desk, layer, 1)
    desk.wait(lambda: len(desk.feed.live) == 1)


def test_freshness_changes_by_time_alone_and_never_stays_live_when_we_stop(desk, service):
    stub = service(streams=1)
    publisher = Publisher(stub)
    now = time.time()
    for n in range(6):
        publisher.observe(0, now - 60 * n, n)
    layer = desk.show(stub.url)
    filled(desk, layer, 1)
    assert desk.cell(layer, "0", "freshness") == "live"
    desk.later(3600)
    desk.wait(lambda: desk.cell(layer, "0", "freshness") == "late")
    publisher.observe(0, now + 3600, 1)
    desk.feed.retry()
    desk.wait(lambda: desk.cell(layer, "0", "freshness") == "live")
    desk.layers.stop()
    assert desk.cell(layer, "0", "freshness") == "silent"


def test_nothing_is_left_when_the_last_layer_goes(desk, service, broker):
    stub = service(streams=4, brokers=(broker.url,))
    layer = desk.show(stub.url)
    desk.wait(lambda: desk.feed.status.phase == "live")
    assert threads() == ["city-twin-broker"]
    feed = desk.feed
    QgsProject.instance().removeMapLayer(layer.id())
    assert spin(lambda: not threads(), 5)
    assert feed.status.kind == "idle"
    assert len(feed.live) == 0


def test_a_twins_landing_page_leads_to_its_sensors(desk, demo_twin):
    layer = desk.show(demo_twin.url, "")
    desk.wait(lambda: desk.layers.all() and layer.featureCount() > 10)
    assert desk.feed.service.url == f"{demo_twin.url}sta/v1.1"
    again = desk.show(f"{demo_twin.url}sta/v1.1", "")
    assert desk.layers.feed_of(again) is desk.layers.feed_of(layer)


@pytest.mark.parametrize("text", ["", "x", "[]", '{"service": "no address"}', '{"service": "http://x", "extent": [1]}'])
def test_text_that_is_no_source(text):
    assert LiveSource.from_text(text) is None


def test_a_source_is_kept_whole_and_without_secrets():
    one = LiveSource("http://ann:secret@x.org/v1.1", "Rotterdam", "5", "Flüsse", (1.0, 2.0, 3.0, 4.0), ("a", "b'c"))
    again = LiveSource.from_text(one.as_text())
    assert "secret" not in one.as_text()
    assert again == LiveSource("http://x.org/v1.1", "Rotterdam", "5", "Flüsse", (1.0, 2.0, 3.0, 4.0), ("a", "b'c"))


def test_a_source_keeps_no_key_of_its_address():
    one = LiveSource("http://x.org/v1.1?token=secret&x=1#part", "", "5", "Flüsse")
    assert "secret" not in one.as_text()
    assert LiveSource.from_text(one.as_text()).service == "http://x.org/v1.1"


def test_a_feed_that_is_stopped_while_it_tells_stays_stopped(desk, service, broker):
    stub = service(streams=6, brokers=(broker.url,))
    layer = desk.show(stub.url)
    desk.wait(lambda: desk.feed.status.phase == "live" and layer.featureCount() == 3)
    feed, id = desk.feed, layer.id()

    def leave(_changes):
        feed.changed.disconnect(leave)
        QgsProject.instance().removeMapLayer(id)

    feed.changed.connect(leave)
    feed.live.mark()
    Publisher(stub, broker).push(0, time.time(), 4)
    desk.wait(lambda: not desk.feeds.all())
    assert not spin(lambda: feed.service is not None, 1)
    assert feed.status.kind == "idle"


def test_a_source_that_went_while_it_was_read_is_not_listened_to(desk, service, broker, monkeypatch):
    stub = service(streams=6, brokers=(broker.url,))
    desk.show(stub.url, "1")
    desk.wait(lambda: desk.feed.status.phase == "live" and len(desk.feed.live) == 3)
    feed, source = desk.feed, LiveSource(stub.url, "", "0", "Gone")
    ended = feed._errands.run

    def run(name, text, work, done, failed):
        def release(value):
            feed._lists.shown.pop(source)  # as if it had been released while the answer was on its way
            done(value)

        return ended(name, text, work, release, failed)

    monkeypatch.setattr(feed._errands, "run", run)
    feed.want(source)
    desk.wait(lambda: source not in feed._lists.shown)
    assert not spin(lambda: len(feed._link._topics) != 3, 0.5)


def test_a_list_that_is_suddenly_empty_is_not_believed_at_once(desk, service):
    stub = service(streams=40)
    layer = desk.show(stub.url)
    filled(desk, layer, 20)
    (shown,) = desk.feed._lists.shown.values()
    stub.streams = 0
    desk.feed.retry()
    desk.wait(lambda: any("names 0 sensors only, of 20 before" in one for one in desk.feed.status.faults))
    assert layer.featureCount() == 20
    assert 20 < shown.due - time.monotonic() < 31
    stub.streams = 44
    desk.feed.retry()
    filled(desk, layer, 22)
    desk.wait(lambda: not any("only, of" in one for one in desk.feed.status.faults))
    # the second time it is
    stub.streams = 4
    desk.feed.retry()
    desk.wait(lambda: any("names 2 sensors only, of 22 before" in one for one in desk.feed.status.faults))
    assert layer.featureCount() == 22
    desk.feed.retry()
    filled(desk, layer, 2)
    assert shown.due - time.monotonic() < 61
    assert any("names 2 sensors only" in one for one in desk.feed.status.faults)


def test_a_unit_that_changed_is_seen_within_a_minute_and_with_retry_at_once(desk, service):
    unit = {"symbol": "µg/m³"}
    stub = service(streams=4, change=lambda one: {**one, "unitOfMeasurement": dict(unit)})
    layer = desk.show(stub.url)
    filled(desk, layer, 2)
    (shown,) = desk.feed._lists.shown.values()
    assert 50 < shown.due - time.monotonic() <= 60
    fid = desk.layers.feature_id(layer, "0")
    layer.select(fid)
    unit["symbol"] = "mg/m3"
    desk.feed.retry()
    desk.wait(lambda: desk.cell(layer, "0", "unit") == "mg/m3")
    assert layer.selectedFeatureIds() == [fid]


def test_history_is_read_in_a_task(desk, service):
    stub = service(streams=4)
    publisher = Publisher(stub)
    for n in range(50):
        publisher.observe(0, 1_800_000_000.0 + 60 * n, n)
    layer = desk.show(stub.url)
    filled(desk, layer, 2)
    got = []
    desk.feed.history(["0", "2", "none"], 1_800_000_000.0, 1_800_000_600.0, done=got.append, failed=got.append)
    desk.wait(lambda: got)
    assert list(got[0]) == ["0", "2"]
    assert list(got[0]["0"].values) == list(range(11))
    assert (got[0]["0"].unit, got[0]["0"].name, len(got[0]["2"])) == ("µg/m³", "Stream 0", 0)
