"""Without a broker the state is asked for again and again: with conditional requests, and however little is offered."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from plugin.map.live.source import source_of
from tests.contract.conftest import started
from tests.qgis.live.publisher import Publisher
from tests.qgis.map.meanwhile import spin
from tests.servers.django_sta_server import STATIONS, start_django_sta
from tests.unit.twin.faults_server import FaultyServer, as_json


@pytest.fixture(scope="module")
def django() -> Iterator[str]:
    url, running = started(start_django_sta)
    yield f"{url}/v1.1"
    running.stop()


def poll(desk):
    """Once more, now."""
    desk.feed._link.coverage.hurry()
    desk.wait(lambda: desk.feed._asking.busy)
    desk.wait(lambda: not desk.feed._asking.busy)


def test_polls_are_conditional(desk, service):
    stub = service(streams=4)
    layer = desk.show(stub.url)
    desk.wait(lambda: desk.feed.status.phase == "polling" and layer.featureCount() == 2)
    assert desk.feed.status.kind == "limit"
    assert "No push" in desk.feed.status.sentence
    desk.wait(lambda: "learn" not in desk.feed._asking._errands)
    poll(desk)
    seen = len(stub.server.seen)
    poll(desk)
    again = stub.server.seen[seen:]
    assert [one.headers.get("If-None-Match") is not None for one in again] == [True]
    Publisher(stub).observe(0, time.time(), 77)
    poll(desk)
    desk.wait(lambda: desk.cell(layer, "0", "result") == 77)


def test_the_start_reads_the_state_once(desk, service):
    stub = service(streams=4)
    layer = desk.show(stub.url)
    desk.wait(lambda: desk.feed.status.phase == "polling" and layer.featureCount() == 2)
    assert not spin(lambda: desk.feed._asking.busy, 1)


def test_a_service_that_fails_and_recovers(desk, service):
    stub = service(streams=4)
    layer = desk.show(stub.url)
    desk.wait(lambda: desk.feed.status.phase == "polling" and layer.featureCount() == 2)
    stub.refuses, stub.status = {"expand", "select", "top", "orderby", "of-property"}, 503
    answer, stub.server.routes._route = stub.server.routes._route, lambda _seen: as_json({"message": "ill"}, 503)
    desk.feed.retry()
    desk.wait(lambda: desk.feed.status.kind == "bad", 30)
    assert layer.featureCount() == 2
    assert len(desk.told) == 1
    stub.refuses = set()
    stub.server.routes._route = answer
    Publisher(stub).observe(2, time.time(), 5)
    poll(desk)
    desk.wait(lambda: desk.cell(layer, "2", "result") == 5)
    desk.wait(lambda: desk.feed.status.kind == "limit")


@pytest.mark.parametrize(("less", "status"), [({"orderby"}, 500), ({"top"}, 422), ({"nested", "slash", "things"}, 501)])
def test_a_service_that_can_do_less(desk, service, less, status):
    stub = service(streams=6, refuses=less, status=status, most=100)
    layer = desk.show(stub.url)
    desk.wait(lambda: layer.featureCount() == 3, 30)
    assert {row["result"] for row in desk.rows(layer).values()} == {0.0, 1.0, 2.0}
    desk.wait(lambda: desk.feed.status.faults)  # it is said


def test_a_property_that_is_not_there(desk, service):
    stub = service(streams=2)
    desk.show(stub.url, "99")
    desk.wait(lambda: desk.feed.status.kind == "bad")
    assert "does not observe “99”" in desk.feed.status.sentence
    assert len(desk.told) == 1


def test_django_sta(desk, django):
    layer = desk.show(django, "NO2")
    desk.wait(lambda: layer.featureCount() == STATIONS // 2, 30)
    rows = desk.rows(layer)
    assert {row["name"] for row in rows.values()} == {f"Stream {n}" for n in range(0, STATIONS, 2)}
    assert all(row["thing"] == row["name"].replace("Stream", "Station") for row in rows.values())
    desk.wait(lambda: desk.feed.status.phase == "polling")
    desk.wait(lambda: "learn" not in desk.feed._asking._errands, 30)
    desk.feed.retry()  # asks for the sensors again, and that is the state, too
    desk.wait(lambda: busy(desk.feed))
    desk.wait(lambda: not busy(desk.feed), 60)
    assert desk.feed.status.kind == "limit", desk.feed.status


def busy(feed):
    return feed._asking.busy or any(shown.handle is not None for shown in feed._lists.shown.values())


def test_recorded_answers_of_a_real_service(desk, shared_data):
    """The British Geological Survey's, behind a landing page of ours."""
    server = FaultyServer()
    folder, base = shared_data / "sensors/sta_bgs_uk", "/FROST-Server/v1.1"
    try:

        def recorded(name):
            return json.loads(
                (folder / f"{name}.json").read_text("utf-8").replace("https://sensors.bgs.ac.uk", server.url)
            )

        server.routes[base] = as_json({"value": [{"name": "Datastreams", "url": f"{server.url}{base}/Datastreams"}]})
        server.routes[f"{base}/Datastreams"] = as_json(recorded("datastreams_expand_foi"))
        first, second = recorded("observations_page_with_nextlink"), recorded("observations_list")
        server.routes[f"{base}/Datastreams(92)/Observations"] = lambda seen: as_json(
            second if "$skip" in seen.query else first
        )
        layer = desk.show(f"{server.url}{base}", "")
        desk.wait(lambda: layer.featureCount() == 102, 60)
        assert desk.feed.complete(source_of(layer))
        row = desk.rows(layer)["92"]
        assert row["kind"] == "number"
        assert row["freshness"] == "silent"
        assert {row["freshness"] for row in desk.rows(layer).values()} <= {"silent", "none"}
    finally:
        server.close()
