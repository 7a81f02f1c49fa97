"""The same sensors read from real SensorThings services: the embedded twin, and django-ogc-sensorthings."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from plugin.twin.mqtt import Broker
from plugin.twin.sensorthings import (
    Memory,
    datastream_of_topic,
    datastreams,
    latest,
    observation_of_payload,
    observations,
    observed_properties,
    read_service,
)
from plugin.twin.session import Session
from tests.contract.conftest import started
from tests.mosquitto import MOSQUITTO
from tests.servers.django_sta_server import BEGIN, STATIONS, STEP, VALUES, start_django_sta
from tests.twin_server import start_twin


@pytest.fixture(scope="module")
def django_sta() -> Iterator[Session]:
    url, running = started(start_django_sta)
    with Session(url, timeout=30) as session:
        yield session
    running.stop()


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    store = tmp_path_factory.mktemp("sensors") / "twin.sqlite"
    running = start_twin(store=store, options=["--sensors", "40", "--sensor-interval", "1"])
    with Session(f"{running.url}sta/v1.1", timeout=30) as session:
        yield session
    running.stop()


def test_django_gives_every_sensor_its_own(django_sta: Session) -> None:
    said: list[str] = []
    service = read_service(django_sta)
    assert (service.version, service.brokers) == ("1.1", ())
    found = [one for page in datastreams(django_sta, service, problems=said.append) for one in page]
    assert len(found) == STATIONS
    for one in found:
        n = int(one.name.split()[-1])
        assert one.thing.name == f"Station {n}"
        assert one.observed_property.name == ("NO2", "PM10")[n % 2]
        assert one.position == (pytest.approx(4.4 + n / 100), 51.9, None)
        assert one.latest is not None
        assert one.latest.result == n * 10 + VALUES - 1
        assert one.key == f"'{one.id}'"
    # It answers 422 to pages of 1,000 and 500 to sorting by phenomenon time, and gives all the first one's thing.
    assert said


def test_django_by_property_and_by_area(django_sta: Session) -> None:
    service = read_service(django_sta)
    assert {one.name for one in observed_properties(django_sta, service)} == {"NO2", "PM10"}
    dust = [one.name for page in datastreams(django_sta, service, observed_property="PM10") for one in page]
    assert sorted(dust) == sorted(f"Stream {n}" for n in range(1, STATIONS, 2))
    west = [one.name for page in datastreams(django_sta, service, extent=(4.395, 51, 4.425, 52)) for one in page]
    assert sorted(west) == [f"Stream {n}" for n in range(3)]


def test_django_state_and_history(django_sta: Session) -> None:
    service = read_service(django_sta)
    memory = Memory()
    for _ in range(2):
        state = {name: one.result for page in latest(django_sta, service, memory=memory) for name, one in page}
        assert sorted(state.values()) == [n * 10 + VALUES - 1 for n in range(STATIONS)]
    stream = next(datastreams(django_sta, service))[0]
    start, end = (BEGIN + STEP).timestamp(), (BEGIN + 3 * STEP).timestamp()
    past = [one for page in observations(django_sta, service, stream, start=start, end=end) for one in page]
    assert [one.time for one in past] == [start, start + STEP.total_seconds(), end]


def test_the_embedded_twin_needs_no_second_way(embedded: Session) -> None:
    said: list[str] = []
    service = read_service(embedded)
    found = [one for page in datastreams(embedded, service, problems=said.append) for one in page]
    assert len(found) >= 40
    assert all(one.position and one.thing.name and one.observed_property.name for one in found)
    area = (*(min(one.position[k] for one in found[:5]) for k in (0, 1)),
            *(max(one.position[k] for one in found[:5]) for k in (0, 1)))  # fmt: skip
    near = {one.id for page in datastreams(embedded, service, extent=area, problems=said.append) for one in page}
    assert {one.id for one in found[:5]} <= near < {one.id for one in found}
    state = dict(state for page in latest(embedded, service, problems=said.append) for state in page)
    assert set(state) == {one.id for one in found if one.latest is not None}
    past = [o.time for page in observations(embedded, service, found[0], problems=said.append) for o in page]
    assert past == sorted(past) and past
    assert said == []


@pytest.mark.skipif(MOSQUITTO is None, reason="Mosquitto is not installed (make setup installs it on Debian)")
@pytest.mark.parametrize("scheme", ["mqtt:", "ws:"])
def test_what_the_embedded_twin_pushes_is_what_it_then_has(embedded: Session, scheme: str) -> None:
    service = read_service(embedded)
    streams = {one.id: one for page in datastreams(embedded, service) for one in page}
    url = next(url for url in service.brokers if url.startswith(scheme))
    pushed: dict[str, list[tuple[str, bytes]]] = {}
    enough = threading.Event()

    def message(topic: str, payload: bytes, _time: float, _retained: bool) -> None:
        pushed.setdefault(topic, []).append((topic, payload))
        if sum(map(len, pushed.values())) >= 60:
            enough.set()

    broker = Broker(url, topics=[s.topic for s in streams.values()], on_message=message, on_state=lambda _s: None)
    broker.start()
    try:
        assert enough.wait(30), broker.state
    finally:
        broker.stop()
    topic = next(iter(pushed))
    stream = streams[str(datastream_of_topic(topic))]
    had = {one.id: one for page in observations(embedded, service, stream) for one in page}
    for _topic, payload in pushed[topic]:
        one = observation_of_payload(payload)
        assert one is not None
        assert had[one.id] == one


def test_catching_up_has_all_that_came_since(embedded: Session) -> None:
    service = read_service(embedded)
    before = dict(state for page in latest(embedded, service) for state in page)
    since = max(one.time for one in before.values())
    threading.Event().wait(2.5)
    news = [state for page in latest(embedded, service, since=since) for state in page]
    assert news
    assert [one.time for _, one in news] == sorted(one.time for _, one in news)
    assert all(one.time > since for _, one in news)
