"""The latest values and the history of sensors, from services that can do everything and from others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plugin.twin.errors import ServerFailed
from plugin.twin.sensorthings import Memory, datastreams, latest, observations, read_service
from plugin.twin.session import Session
from plugin.twin.sta.times import written
from tests.unit.twin.faults_server import FaultyServer, as_json
from tests.unit.twin.sta_stub import LESS, T0, Stub, connect

# -- the state ----------------------------------------------------------------------------------------------------


def state(stub: Stub, **options: Any) -> tuple[dict[str, Any], list[str]]:
    said: list[str] = []
    session = connect(stub)
    service = read_service(session)
    found = {
        name: one.result for page in latest(session, service, problems=said.append, **options) for name, one in page
    }
    session.close()
    return found, said


@pytest.mark.parametrize(("less", "sentence", "requests"), [one for one in LESS if "lies" not in one[0]])
def test_the_latest_value_of_each(stub, less, sentence, requests):
    one = stub(text_ids=True, **less)
    found, said = state(one)
    assert found == {str(one.id(n)): n / 2 for n in range(5)}
    assert bool(said) == bool(sentence)
    assert len(one.server.seen) <= requests


def test_what_is_newest_by_result_time_is_not_taken_for_the_newest(stub):
    one = stub(refuses={"orderby-time"}, stale=True)
    for n in range(5):
        one.history[n] = [one.observation(n, T0 + k, k, k) for k in range(4)]
    found, said = state(one)
    assert found == dict.fromkeys("01234", 3.0)
    assert any("one by one" in sentence for sentence in said)


def boasting(*numbers: int) -> Any:
    """A change of datastreams: these say that they have an observation that they do not have."""
    return lambda entity: {
        **entity, **({"phenomenonTime": written(T0 + 9999)} if entity["@iot.id"] in numbers else {}),
    }  # fmt: skip


def test_one_sensor_that_is_wrong_about_itself_costs_no_request_for_each_other(stub):
    one = stub(streams=60, change=boasting(7))
    session, memory = connect(one), Memory()
    service = read_service(session)
    asked = []
    for _ in range(3):
        before = len(one.server.seen)
        found = {name: o.result for page in latest(session, service, memory=memory) for name, o in page}
        assert found == {str(n): n / 2 for n in range(60)}
        asked.append(len(one.server.seen) - before)
    assert asked == [1 + 4, 1, 1]  # once it is asked by itself, by each way


def test_of_a_few_that_came_behind_the_newest_is_read(stub):
    one = stub(streams=60)
    for n in (7, 8):
        one.history[n] = [one.observation(n, T0 + k, k, k) for k in range(4)]
    one.change = lambda entity: {**entity, "Observations": one.of(entity["@iot.id"])[:1]}
    found, said = state(one)
    assert (found["7"], found["8"], found["9"]) == (3.0, 3.0, 4.5)
    assert (len(one.server.seen), said) == (1 + 1 + 2, [])


def test_few_that_are_wrong_and_fail_keep_what_came_along(stub):
    one = stub(streams=20)
    one.of(3)
    one.change = lambda entity: {
        **boasting(3)(entity), "Observations": one.of(entity["@iot.id"]),
    }  # fmt: skip
    one.broken = {3}
    found, _said = state(one)
    assert found["3"] == 1.5 and len(found) == 20


def test_one_by_one_no_sensor_that_is_wrong_about_itself_tells_how_the_others_are_asked(stub):
    one = stub(streams=30, refuses={"expand"}, change=boasting(0, 1, 2))
    for n in range(30):
        one.history[n] = [one.observation(n, T0 + k, k, k) for k in range(3)]
    found, _said = state(one)
    assert found == {str(n): 2.0 for n in range(30)}


@pytest.mark.parametrize("less", [{}, {"refuses": {"of-property"}}, {"refuses": {"top"}, "most": 100}])
def test_the_state_of_one_observed_property(stub, less):
    one = stub(**less)
    found, _said = state(one, observed_property="1")
    assert {name: found[name] for name in ("1", "3")} == {"1": 0.5, "3": 1.5}
    assert ("0" in found) == (less == {"refuses": {"of-property"}})


def test_the_newest_few_of_each_come_in_the_order_of_time(stub):
    one = stub(streams=2)
    for n in range(2):
        one.history[n] = [one.observation(n, T0 + k, k, k) for k in (4, 1, 3, 0, 2)]
    session = connect(one)
    pages = list(latest(session, read_service(session), number=3))
    assert [(name, found.result) for page in pages for name, found in page] == [
        ("0", 2), ("0", 3), ("0", 4), ("1", 2), ("1", 3), ("1", 4),
    ]  # fmt: skip
    session.close()


def test_news_until_a_time(stub):
    one = stub(streams=1)
    one.history[0] = [one.observation(0, T0 + k, k, k) for k in range(10)]
    session = connect(one)
    pages = list(latest(session, read_service(session), since=T0 + 2, until=T0 + 6))
    assert [found.result for page in pages for _, found in page] == [3, 4, 5, 6]
    session.close()


@pytest.mark.slow
def test_the_state_of_ten_thousand_is_a_handful_of_requests(stub):
    one = stub(streams=10_000)
    found, said = state(one)
    assert len(found) == 10_000
    assert said == []
    assert len(one.server.seen) == 1 + 10


def test_a_broken_sensor_is_counted(stub):
    found, said = state(stub(refuses={"expand"}, broken={2}))
    assert set(found) == {"0", "1", "3", "4"}
    assert any("failed at 1 sensor" in sentence for sentence in said)


def test_all_broken_is_an_error(stub):
    with pytest.raises(ServerFailed):
        state(stub(refuses={"expand"}, broken=set(range(5))))


@pytest.mark.parametrize(
    ("less", "said_so"),
    [
        ({}, False),
        ({"refuses": {"filter"}}, True),
        ({"ignores": {"filter"}}, False),
        ({"ignores": {"expand"}}, True),
        ({"lies": True}, True),
    ],
)
def test_what_is_new_since(stub, less, said_so):
    found, said = state(stub(**less), since=T0 + 2)
    assert found == {"3": 1.5, "4": 2.0}
    assert bool(said) == said_so


def test_catching_up_has_what_came_in_between_in_order(stub):
    one = stub(streams=2)
    one.history[0] = [one.observation(0, T0 + k, k, k) for k in (3, 1, 2)]
    session = connect(one)
    news = [o.result for page in latest(session, read_service(session), since=T0 + 1) for _, o in page]
    assert news == [2.0, 3.0]


def test_polls_are_conditional_and_remember_how_to_ask(stub):
    one = stub(streams=250, most=100, etags=True, refuses={"top"})
    session, memory, said = connect(one), Memory(), []
    service = read_service(session)

    def poll() -> tuple[int, int]:
        before = len(one.server.seen)
        found = sum(len(page) for page in latest(session, service, memory=memory, problems=said.append))
        return found, len(one.server.seen) - before

    assert poll() == (250, 1 + 3)  # a refusal first
    assert poll() == (0, 3)
    assert memory.unchanged == 3
    one.history[120] = [one.observation(120, T0 + 900, 7)]
    assert poll() == (100, 3)
    assert len(said) == 1


def test_a_bad_moment_of_a_service_does_not_last(stub, monkeypatch):
    monkeypatch.setattr("plugin.twin.sta.asking._ANEW", 4)
    one = stub(refuses={"expand"}, status=500)
    session, memory, said = connect(one), Memory(), []
    service = read_service(session)
    asked = []
    for _ in range(5):
        before = len(one.server.seen)
        assert len([s for page in latest(session, service, memory=memory, problems=said.append) for s in page]) == 5
        asked.append(len(one.server.seen) - before)
        one.refuses = set()
    assert asked[1:] == [6, 6, 1, 1]
    assert len(said) == 1


# -- history ------------------------------------------------------------------------------------------------------


def history(stub: Stub, **options: Any) -> tuple[list[list[float]], list[str]]:
    said: list[str] = []
    session = connect(stub)
    service = read_service(session)
    stream = next(datastreams(session, service))[0]
    pages = [
        [o.time - T0 for o in page] for page in observations(session, service, stream, problems=said.append, **options)
    ]
    session.close()
    return pages, said


def flat(pages: list[list[float]]) -> list[float]:
    return [time for page in pages for time in page]


def filled(stub: Stub, count: int) -> Stub:
    times = sorted(range(count), key=lambda k: (k * 7919) % count)
    stub.history[0] = [stub.observation(0, T0 + k, k, k) for k in times]
    return stub


def test_history_comes_ascending_page_by_page(stub):
    pages, said = history(filled(stub(), 2500))
    assert [len(page) for page in pages] == [1000, 1000, 500]
    assert flat(pages) == list(range(2500))
    assert said == []


@pytest.mark.parametrize(
    ("less", "sentence"),
    [
        ({}, ""),
        ({"refuses": {"select"}}, "small pages"),
        ({"refuses": {"orderby"}, "status": 500}, "cannot sort"),
        ({"refuses": {"filter"}}, "cannot search by time"),
        ({"refuses": {"filter", "orderby"}}, "cannot search by time"),
        ({"refuses": {"top"}, "status": 422}, "small pages"),
        ({"ignores": {"filter"}}, ""),
        ({"ignores": {"orderby"}}, ""),
        ({"ignores": {"filter", "orderby"}}, ""),
    ],
)
@pytest.mark.parametrize("most", [100, 1000])
def test_a_service_that_can_do_less_gives_the_same_history(stub, less, sentence, most):
    one = filled(stub(most=most, **less), 450)
    pages, said = history(one, start=T0 + 100, end=T0 + 399)
    assert flat(pages) == list(range(100, 400))
    assert sentence in " ".join(said)
    assert bool(said) == bool(sentence) or most == 100


def test_a_history_without_observations(stub):
    one = stub()
    one.history[0] = []
    assert history(one) == ([], [])


def test_an_observation_that_cannot_be_read_is_counted(stub):
    one = filled(stub(), 5)
    one.history[0][2]["phenomenonTime"] = "2026-08-21T14:99"
    pages, said = history(one)
    assert len(flat(pages)) == 4
    assert "1 observation of the sensor" in said[0]


def test_real_responses_are_replayed(server: FaultyServer, shared_data):
    """The recorded pages of a real service behind a landing page of ours; only their links lead here."""
    folder, base = shared_data / "sensors/sta_bgs_uk", "/FROST-Server/v1.1"

    def recorded(name: str) -> Any:
        text = (folder / f"{name}.json").read_text("utf-8")
        return json.loads(text.replace("https://sensors.bgs.ac.uk", server.url))

    first, second = recorded("observations_page_with_nextlink"), recorded("observations_list")
    server.routes[base] = as_json({"value": [{"name": "Datastreams", "url": f"{server.url}{base}/Datastreams"}]})
    # Recorded without Thing and ObservedProperty: a service that ignores what it is asked to expand.
    server.routes[f"{base}/Datastreams"] = as_json(recorded("datastreams_expand_foi"))
    for path in ("Datastreams(92)", "Datastreams(1)"):
        server.routes[f"{base}/{path}/Observations"] = lambda seen: as_json(second if "$skip" in seen.query else first)
    said: list[str] = []
    with Session(f"{server.url}{base}", sleep=lambda _s: None, timeout=5, retries=0) as session:
        service = read_service(session)
        found = [s for page in datastreams(session, service, problems=said.append) for s in page]
        assert len(found) == 102
        assert all(s.position and s.unit for s in found)
        assert found[0].latest.result == max(first["value"], key=lambda one: one["phenomenonTime"])["result"]
        assert any("one by one" in sentence for sentence in said)
        # Neither sorted nor cut to the period by the recording.
        every = {one["@iot.id"]: one["phenomenonTime"] for one in first["value"] + second["value"]}
        past = [o for page in observations(session, service, found[0], problems=said.append) for o in page]
        assert any("does not sort" in sentence for sentence in said)
        assert {o.id for o in past} == set(map(str, every))
        start = sorted(o.time for o in past)[len(past) // 2]
        late = [o for page in observations(session, service, found[0], start=start) for o in page]
        assert {o.id for o in late} == {o.id for o in past if o.time >= start}
