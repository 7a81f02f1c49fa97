"""The lists of datastreams are read again: sensors come and go and change, and who wants them may leave meanwhile."""

from __future__ import annotations

import time

from qgis.core import QgsProject

from plugin.map.live.source import LiveSource
from tests.qgis.live.conftest import filled
from tests.qgis.live.publisher import Publisher
from tests.qgis.map.meanwhile import spin


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
