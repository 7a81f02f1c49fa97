"""The SensorThings client against services that can do everything, and against those that can do little."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plugin.twin.errors import AccessDenied, BadResponse, Cancelled, NotATwin, NotFound, Unsupported
from plugin.twin.sensorthings import datastreams, observed_properties, read_service
from plugin.twin.session import Session
from plugin.twin.sta.times import written
from tests.unit.twin.faults_server import Watch, as_html, as_json
from tests.unit.twin.sta_stub import LESS, T0, Stub, connect

MQTT = "http://www.opengis.net/spec/iot_sensing/1.1/req/receive-updates-via-mqtt/receive-updates"


def listed(stub: Stub, **options: Any) -> tuple[list[Any], list[str]]:
    said: list[str] = []
    session = connect(stub)
    found = [s for page in datastreams(session, read_service(session), problems=said.append, **options) for s in page]
    session.close()
    return found, said


def boasting(*numbers: int) -> Any:
    """A change of datastreams: these say that they have an observation that they do not have."""
    return lambda entity: {
        **entity, **({"phenomenonTime": written(T0 + 9999)} if entity["@iot.id"] in numbers else {}),
    }  # fmt: skip


@pytest.mark.parametrize("most", [7, 1_000])
def test_one_sensor_that_is_wrong_about_itself_takes_no_others_along(stub, most):
    one = stub(streams=40, most=most, change=boasting(23))
    found, said = listed(one)
    assert {s.id: s.latest.result for s in found} == {str(n): n / 2 for n in range(40)}
    assert len(one.server.seen) <= 1 + 6 + 4 and said == []


def test_what_fails_half_way_down_a_page_is_read_another_way_whole(stub):
    one = stub(streams=9, most=3, change=boasting(1, 2, 4, 5, 7, 8))  # the first of each page is right
    found, said = listed(one)
    assert sorted(s.id for s in found) == [str(n) for n in range(9)]
    assert any("one by one" in sentence for sentence in said)


# -- the landing page ---------------------------------------------------------------------------------------------


def test_the_landing_page(stub):
    one = stub(settings={MQTT: {"endpoints": ["mqtt://mq.example.org:1883", "wss://mq.example.org/mqtt"]}})
    service = read_service(connect(one))
    assert service.url == one.url
    assert service.version == "1.1"
    assert service.brokers == ("mqtt://mq.example.org:1883", "wss://mq.example.org/mqtt")
    assert service.problems == ()


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("slash", [False, True])
@pytest.mark.parametrize("below", ["", "/v{}", "/v{}/", "/v{}/Datastreams", "/v{}/Datastreams(1)?$top=1"])
def test_any_address_of_the_service_will_do(stub, version, below, slash):
    one = stub(version=version, slash=slash)
    session = Session(one.server.url, sleep=lambda _s: None)
    service = read_service(session, one.server.url + below.format(version))
    assert (service.url, service.version) == (one.url, version)


@pytest.mark.parametrize(
    ("endpoint", "broker"),
    [
        ("tcp://mq.example.org:1883", "mqtt://mq.example.org:1883"),
        ("mq.example.org:1883", "mqtt://mq.example.org:1883"),
        ("ssl://mq.example.org", "mqtts://mq.example.org"),
        ("WS://mq.example.org/mqtt", "ws://mq.example.org/mqtt"),
        ("mqtt://user:word@mq.example.org", "mqtt://mq.example.org"),
    ],
)
def test_brokers_are_written_in_one_way(stub, endpoint, broker):
    assert read_service(connect(stub(settings={MQTT: {"endpoints": [endpoint]}}))).brokers == (broker,)


@pytest.mark.parametrize("endpoint", ["http://mq.example.org", "", None, 7, "mqtt://", "mqtt://mq:port"])
def test_a_broker_that_cannot_be_read_is_said(stub, endpoint):
    service = read_service(connect(stub(settings={MQTT: {"endpoints": [endpoint, "mqtt://mq.example.org"]}})))
    assert service.brokers == ("mqtt://mq.example.org",)
    assert len(service.problems) == 1


def test_a_broker_on_localhost_is_the_services_own():
    from plugin.twin.sta.service import _broker

    assert _broker("mqtt://localhost:1883", "sta.example.org") == ("mqtt://sta.example.org:1883", True)
    assert _broker("ws://0.0.0.0:9001/mqtt", "sta.example.org") == ("ws://sta.example.org:9001/mqtt", True)
    assert _broker("mqtt://localhost:1883", "127.0.0.1") == ("mqtt://localhost:1883", False)


def test_what_is_no_service(session, server):
    server.routes["/"] = as_html("<title>City</title>")
    with pytest.raises(NotATwin, match="no SensorThings service"):
        read_service(session)
    server.routes["/"] = as_json({"links": [], "title": "An OGC API"})
    with pytest.raises(NotATwin):
        read_service(session)


def test_nothing_at_all(session):
    with pytest.raises(NotFound):
        read_service(session)


def test_sensorthings_2_is_not_read_as_if_it_were_1(stub):
    with pytest.raises(Unsupported, match=r"2\.0"):
        read_service(connect(stub(version="2.0")))


# -- datastreams --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text_ids", [False, True])
def test_all_of_a_sensor_comes_by_one_request_for_a_page(stub, text_ids):
    one = stub(streams=1250, text_ids=text_ids)
    found, said = listed(one)
    assert len(found) == 1250
    assert said == []
    assert len(one.server.seen) == 1 + 2  # the landing page, two pages
    last = found[-1]
    assert last.id == str(one.id(1249))
    assert last.key == one.key(1249)
    assert last.topic == f"v1.1/Datastreams({one.key(1249)})/Observations"
    assert last.self_link == f"{one.url}/Datastreams({one.key(1249)})"
    assert (last.thing.name, last.observed_property.name, last.unit.symbol) == ("Pole 1249", "Traffic flow", "µg/m³")
    assert last.position == (pytest.approx(5.249), 51.9, None)
    assert (last.latest.result, last.latest.time) == (1249 / 2, T0 + 1249)


@pytest.mark.parametrize("status", [422, 500])
@pytest.mark.parametrize(("less", "sentence", "requests"), LESS)
def test_a_service_that_can_do_less_gives_the_same_sensors(stub, less, sentence, requests, status):
    whole, _ = listed(stub())
    one = stub(status=status, **less)
    found, said = listed(one)
    expected = [json.loads(json.dumps(s, default=vars)) for s in whole]
    assert [json.loads(json.dumps(s, default=vars)) | {"self_link": ""} for s in found] == [
        s | {"self_link": ""} for s in expected
    ]
    assert bool(said) == bool(sentence)
    assert sentence in " ".join(said)
    assert len(set(said)) == len(said)
    assert len(one.server.seen) <= requests


def test_a_service_that_fails_at_everything_is_an_error_not_an_empty_map(stub):
    one = stub()
    service = read_service(connect(one))
    one.server.routes = {}
    with pytest.raises(NotFound):
        list(datastreams(connect(one), service))


def test_a_failure_on_the_way_begins_again_with_less(stub):
    one = stub(streams=1250)
    answer, count = one.answer, [0]

    def failing(seen):
        if "$skip" in seen.query and "$select" in seen.query:
            return as_json({"message": "out of memory"}, 500)
        count[0] += 1
        return answer(seen)

    one.server.routes._route = failing
    found, _ = listed(one)
    assert sorted(int(s.id) for s in found) == list(range(1250))


def test_credentials_that_are_wrong_are_said_at_once(stub):
    one = stub()
    session = connect(one)
    service = read_service(session)
    one.server.routes = {"/v1.1/Datastreams": as_json({}, 401)}
    with pytest.raises(AccessDenied):
        list(datastreams(session, service))
    assert len(one.server.seen) == 2


def test_one_bad_sensor_stops_no_others(stub):
    bad: dict[int, Any] = {
        0: None, 1: "nonsense", 2: {"name": "without an id"}, 3: {"@iot.id": 3, "Observations": [{"result": 1}]},
        4: {"@iot.id": 4, "Thing": {"Locations": [{"location": {"type": "Point", "coordinates": [0, 0]}}]}},
    }  # fmt: skip
    one = stub(streams=10, change=lambda e: bad.get(e["@iot.id"], e))
    found, said = listed(one)
    assert [s.id for s in found] == [str(n) for n in range(3, 10)]
    assert "0, 0" in found[1].problems[0]
    assert any("3 sensors" in sentence for sentence in said)
    assert any("2 sensors have no usable location" in sentence for sentence in said)


def test_units_that_are_missing(stub):
    one = stub(change=lambda e: {**e, "unitOfMeasurement": {"name": None, "symbol": "", "definition": None}})
    assert [s.unit for s in listed(one)[0]] == [None] * 5


# -- by property and by area --------------------------------------------------------------------------------------


def test_observed_properties(stub):
    one = stub()
    session = connect(one)
    found = observed_properties(session, read_service(session))
    assert [(p.id, p.name, p.key) for p in found] == [("0", "NO2", "0"), ("1", "Traffic flow", "1")]


@pytest.mark.parametrize("name", ["1", "Traffic flow", "traffic FLOW", "http://example.org/1"])
@pytest.mark.parametrize("refuses", [set(), {"of-property"}])
def test_by_observed_property(stub, name, refuses):
    found, said = listed(stub(refuses=refuses), observed_property=name)
    assert [s.id for s in found] == ["1", "3"]
    assert bool(said) == bool(refuses)


def test_a_property_that_the_service_does_not_observe(stub):
    with pytest.raises(NotFound, match="NO2, Traffic flow"):
        listed(stub(), observed_property="noise")


@pytest.mark.parametrize("refuses", [set(), {"of-property"}])
def test_observed_properties_that_share_a_name_are_all_read(stub, refuses):
    found, _said = listed(stub(names=("NO2", "no2"), refuses=refuses), observed_property="NO2")
    assert sorted(s.id for s in found) == ["0", "1", "2", "3", "4"]
    one, _said = listed(stub(names=("NO2", "no2"), refuses=refuses), observed_property="1")
    assert sorted(s.id for s in one) == ["1", "3"]


def test_the_last_of_a_page_is_the_one_whose_thing_all_have(stub):
    """As django-ogc-sensorthings has it, which gives the newest first."""
    one = stub(lies=True)
    pages = one._page
    one._page = lambda numbers, query, seen, make: pages(numbers[::-1], query, seen, make)
    found, _said = listed(one)
    assert {s.id: s.thing.name for s in found} == {str(n): f"Pole {n}" for n in range(5)}


EXTENT = (4.0015, 51, 4.0035, 52)


@pytest.mark.parametrize(
    ("less", "said_so"),
    [
        ({}, False),
        ({"refuses": {"geo"}, "status": 500}, True),
        ({"ignores": {"geo"}}, False),
        ({"ignores": {"geo-empty"}}, True),
    ],
)
def test_by_area(stub, less, said_so):
    found, said = listed(stub(**less), extent=EXTENT)
    assert [s.id for s in found] == ["2", "3"]
    assert bool(said) == said_so


def test_by_area_and_property(stub):
    assert [s.id for s in listed(stub(), extent=EXTENT, observed_property="1")[0]] == ["3"]


def test_an_area_across_the_date_line(stub):
    def moved(entity):
        n = entity["@iot.id"]
        place = {"type": "Point", "coordinates": [179.9 if n < 2 else -179.9 if n < 4 else 0.5, 51]}
        return {**entity, "Thing": {"Locations": [{"location": place}]}}

    found, _ = listed(stub(ignores={"geo"}, change=moved), extent=(179, 50, -179, 52))
    assert [s.id for s in found] == ["0", "1", "2", "3"]


# -- next links ---------------------------------------------------------------------------------------------------


def test_links_to_an_address_that_only_the_service_knows(stub):
    one = stub(streams=250, most=100, next_host="http://127.0.0.1:9")
    found, said = listed(one)
    assert len(found) == 250
    assert any("127.0.0.1:9" in sentence for sentence in said)


def test_credentials_do_not_follow_a_link_to_another_origin(stub, other):
    one = stub(streams=250, most=100, next_host=other.url)
    other.routes["/v1.1/Datastreams"] = as_json({"value": []})
    session = Session(one.url.replace("//", "//user:word@"), sleep=lambda _s: None)
    list(datastreams(session, read_service(session)))
    assert other.seen
    assert not any("Authorization" in seen.headers for seen in other.seen)
    assert all("Authorization" in seen.headers for seen in one.server.seen)


@pytest.mark.parametrize("same", [True, False])
def test_links_that_lead_in_circles(stub, same):
    one = stub()
    session = connect(one)
    service = read_service(session)

    def circle(seen):
        n = 0 if same else int(seen.query.get("n", 0)) + 1
        return as_json({"value": [], "@iot.nextLink": f"{one.url}/Datastreams?n={n}"})

    one.server.routes._route = circle
    with pytest.raises(BadResponse, match="circle"):
        list(datastreams(session, service))


def test_cancel(stub):
    one = stub(streams=500, most=100)
    watch = Watch()
    session = connect(one, watch)
    pages = datastreams(session, read_service(session), progress=watch)
    next(pages)
    watch.stop = lambda: True
    with pytest.raises(Cancelled):
        list(pages)


@pytest.mark.parametrize(
    "body", [b'{"value": [{"@iot.id": 1}', b"<html><title>Login</title></html>", b'{"value": {}}', b"7"]
)
def test_pages_that_cannot_be_read(stub, body):
    one = stub()
    session = connect(one)
    service = read_service(session)
    answer = as_json({})
    answer.body = body
    one.server.routes._route = lambda _seen: answer
    with pytest.raises(BadResponse):
        list(datastreams(session, service))
