"""What a live layer shows, and where it comes from."""

from __future__ import annotations

import time

import pytest
from qgis.core import NULL, QgsProject

from plugin.map.live import fields
from plugin.map.live.source import source_of
from tests.qgis.live.conftest import filled, threads
from tests.qgis.live.publisher import Publisher
from tests.qgis.map.meanwhile import spin


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
