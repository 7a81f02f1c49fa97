"""The store of latest values: whatever comes, in whatever order, the latest by phenomenon time is what is shown."""

from __future__ import annotations

import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.sensors import faults
from plugin.sensors.live import Live
from plugin.sensors.state import Latest
from plugin.sensors.thresholds import Threshold
from plugin.twin.sensorthings import Observation
from tests.unit.sensors.made import START, Clock, latest, observed, patient, payload, stream, topic

# what may happen to the three datastreams: (how, which, minute); the result is told by the minute
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["put", "receive", "state", "catch up", "add", "drain"]), st.integers(0, 2), st.integers(0, 40)
    ),
    max_size=60,
)


@patient
@given(EVENTS, st.randoms(use_true_random=False))
def test_any_interleaving_ends_with_the_latest_value(events: list[tuple[str, int, int]], rng: random.Random) -> None:
    clock = Clock(START + 3600)
    live = Live(clock=clock)
    newest: dict[str, int] = {}
    seen: dict[str, Latest] = {}
    added: set[str] = set()

    def minutes(minute: int) -> Observation:
        return observed(START + 60 * minute, float(minute * 7 % 23))

    def drain() -> None:
        for each in live.drain(60).latest:
            seen[each.id] = each

    for how, which, minute in events:
        id = str(which)
        clock.now += rng.random()
        asked = clock.now - rng.random() * 5
        if how == "drain":
            drain()
            continue
        if how == "put" and id in added:
            live.put(id, minutes(minute))
        elif how in ("receive", "put"):
            # also before the datastream is known: it is kept until then
            live.receive(topic(id), payload(START + 60 * minute, float(minute * 7 % 23)))
        elif how == "add":
            live.add([stream(id, latest=minutes(minute))], asked=asked)
            added.add(id)
        elif id not in added:
            continue
        elif how == "state":
            live.state({id: minutes(minute)}, asked=asked)
        else:
            block = list(range(max(0, minute - 5), minute + 1))
            rng.shuffle(block)
            live.catch_up(id, [minutes(each) for each in block], asked=asked)
        newest[id] = max(minute, newest.get(id, 0))
    for id in set(newest) - added:
        live.add([stream(id)])
        added.add(id)
    drain()
    assert set(seen) == added
    for id, minute in newest.items():
        assert (seen[id].time, seen[id].value) == (START + 60 * minute, float(minute * 7 % 23))
        assert latest(live, id) == seen[id]


@patient
@given(st.lists(st.integers(0, 30), min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(minutes: list[int], rng: random.Random) -> None:
    found = set()
    for _ in range(3):
        live = Live(clock=Clock(START + 3600))
        live.add([stream()])
        for minute in minutes:
            live.put("1", observed(START + 60 * minute, float(minute % 9)), START + 3600)
        now = latest(live)
        found.add((now.time, now.value, now.trend))
        rng.shuffle(minutes)
    assert len(found) == 1


def test_threads_and_drains_at_once_lose_nothing() -> None:
    live = Live(clock=Clock(START + 10_000))
    live.add([stream(str(number)) for number in range(50)])
    jobs = [(str(number), time) for number in range(50) for time in range(60)]
    random.Random(5).shuffle(jobs)
    done = threading.Event()
    seen: dict[str, Latest] = {}

    def work(part: list[tuple[str, int]]) -> None:
        for id, time in part:
            live.receive(topic(id), payload(START + time, time))

    def drain() -> None:
        while not done.is_set():
            seen.update({each.id: each for each in live.drain().latest})

    threads = [threading.Thread(target=work, args=(jobs[index::4],)) for index in range(4)]
    drainer = threading.Thread(target=drain)
    for thread in [*threads, drainer]:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    drainer.join()
    seen.update({each.id: each for each in live.drain(60).latest})
    assert {each.value for each in seen.values()} == {59.0} and len(seen) == 50
    assert live.counters().messages == live.counters().used == len(jobs)


def test_an_answer_over_http_does_not_undo_a_message_that_came_meanwhile() -> None:
    clock = Clock()
    for stream_first in (True, False):
        live = Live(clock=clock)
        live.add([stream()])
        steps = [
            lambda live=live: live.put("1", observed(START, 2.0), START + 2),
            lambda live=live: live.state({"1": observed(START, 1.0)}, asked=START + 1),
        ]
        for step in steps if stream_first else steps[::-1]:
            step()
        assert latest(live).value == 2.0
        live.state({"1": observed(START, 3.0)}, asked=START + 3)  # a correction, asked for later
        assert latest(live).value == 3.0


def test_the_later_result_time_corrects() -> None:
    live = Live(clock=Clock())
    live.add([stream()])
    live.put("1", observed(START, 2.0, result_time=START + 20))
    live.put("1", observed(START, 1.0, result_time=START + 10))
    assert latest(live).value == 2.0


def test_a_drain_gives_each_change_once() -> None:
    clock = Clock()
    live = Live(clock=clock)
    live.add([stream("1"), stream("2")])
    assert {each.kind for each in live.drain().latest} == {"none"}
    for second in range(5):
        live.put("1", observed(START + second, second))
    live.put("1", observed(START + 4, 4))  # a duplicate
    changes = live.drain()
    assert [(each.id, each.value) for each in changes.latest] == [("1", 4.0)]
    assert live.drain().latest == ()
    live.remove(["1", "nobody"])
    assert live.drain().removed == ("1",) and len(live) == 1
    live.receive(topic("1"), payload(START + 9, 9))
    assert live.drain().latest == ()
    counters = live.counters()
    assert (counters.messages, counters.used, counters.duplicates) == (7, 5, 1)


def test_a_drain_stops_when_its_time_is_up() -> None:
    live = Live(clock=Clock())
    live.add([stream(str(number)) for number in range(500)])
    seen = []
    waiting = 500
    while waiting:
        changes = live.drain(0.0)
        assert changes.waiting < waiting
        waiting = changes.waiting
        seen += [each.id for each in changes.latest]
    assert sorted(seen) == sorted(str(number) for number in range(500))


@pytest.mark.parametrize(
    ("result", "kind", "value"),
    [
        (None, "null", None),
        ("closed", "text", "closed"),
        (True, "boolean", True),
        ({"x": 1}, "object", '{"x":1}'),
        (-9999, "sentinel", None),
        (65535, "clamped", None),
    ],
)
def test_what_is_no_number_is_shown_as_what_it_is(result: object, kind: str, value: object) -> None:
    live = Live(clock=Clock())
    live.watch([Threshold("t", "Too much", 10)])
    live.add([stream(property="Traffic flow", unit="veh/h")])
    live.put("1", observed(START - 60, 5.0))
    live.receive(topic("1"), payload(START, result))
    found = latest(live)
    assert (found.kind, found.value, found.freshness, found.unit) == (kind, value, "live", "veh/h")
    assert live.log() == ()


def test_a_datastream_that_changes_its_unit_starts_anew() -> None:
    live = Live(clock=Clock())
    live.add([stream(unit="m", latest=observed(START - 60, 1.5))])
    live.add([stream(unit="cm")])
    assert (latest(live).value, latest(live).unit) == (None, "cm")
    live.put("1", observed(START, 150.0))
    assert latest(live).value == 150.0
    assert [fault.kind for fault in live.faults.list()] == [faults.UNIT]


def test_bad_messages_are_counted_and_stop_nobody() -> None:
    live = Live(clock=Clock())
    live.add([stream()])
    for bad in (b"{", b"[]", b"{}", b'{"result": 1}', b"\xff", b"x" * 300_000):
        live.receive(topic("1"), bad)
    live.receive("somewhere/else", payload(START, 1))
    live.receive(topic("77"), payload(START, 1))
    live.receive(topic("1"), payload(START, 3))
    assert latest(live).value == 3.0 and live.counters().messages == 9
    assert {fault.kind for fault in live.faults.list()} == set(faults.KINDS) - {faults.CROWDED, faults.UNIT}


def test_a_topic_of_another_version_still_names_its_datastream() -> None:
    live = Live(clock=Clock())
    live.add([stream("it's")])
    live.receive("FROST/v1.0/Datastreams('it''s')/Observations", payload(START, 3))
    assert latest(live, "it's").value == 3.0


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, 3], "unknown"),
        ([1, 2, 3, 4], "rising"),
        ([4, 3, 2, 1], "falling"),
        ([1, 9, 1, 9, 1, 9, 1, 9], "steady"),
        ([5, 5, 5, 5, 5], "steady"),
        ([1, 2, 3, 4, 900, 5, 6, 7], "rising"),
    ],
)
def test_trends(values: list[float], expected: str) -> None:
    live = Live(clock=Clock(START + 100))
    live.add([stream()])
    for index, value in enumerate(values):
        live.put("1", observed(START + index, value))
    assert latest(live).trend == expected


def test_the_rate_is_of_the_last_ten_seconds() -> None:
    clock = Clock()
    live = Live(clock=clock)
    live.add([stream()])
    for index in range(200):
        live.put("1", observed(START + index / 10, index), START + index / 10)
    clock.now = START + 20
    assert live.rate() == 10
    clock.now = START + 60
    assert live.rate() == 0


def test_who_follows_gets_every_reading() -> None:
    live = Live(clock=Clock(START + 100))
    live.add([stream("1", unit="m"), stream("2")])
    live.put("1", observed(START, 1))
    live.follow(["1", "nobody"])
    for second in (1, 2, 4, 3, 3):
        live.put("1", observed(START + second, second * 10))
        live.put("2", observed(START + second, second))
    live.put("1", observed(START + 5, None))
    found = live.tails()
    assert list(found) == ["1"] and found["1"].unit == "m"
    assert (found["1"].times - START).tolist() == [1, 2, 3, 4, 5]
    assert found["1"].values.tolist()[:4] == [10, 20, 30, 40] and found["1"].values[4] != found["1"].values[4]
    assert live.tails() == {}
    live.follow([])
    live.put("1", observed(START + 6, 6))
    assert live.tails() == {}


def test_the_summary_counts_by_property_and_freshness() -> None:
    live = Live(clock=Clock())
    live.add([
        stream("1", property="NO2", unit="µg/m³", latest=observed(START, 1.0)),
        stream("2", property="NO2", unit="ppb", latest=observed(START - 86400 * 9, 1.0)),
        stream("3", property="NO2", unit="µg/m³"),
    ])  # fmt: skip
    before = live.summary()[0]
    assert (before.datastreams, before.by_freshness) == (3, {})  # nothing has been drained yet
    live.drain()
    (found,) = live.summary()
    assert (found.name, found.units, found.quantity) == ("NO2", ("µg/m³", "ppb"), "no2")
    assert found.by_freshness == {"live": 1, "silent": 1, "none": 1}
    assert found.latest == START


def test_the_rate_of_the_first_seconds_is_theirs() -> None:
    clock = Clock()
    live = Live(clock=clock)
    live.add([stream("1")])
    assert live.rate() == 0
    for n in range(30):
        clock.now = START + n / 10
        live.put("1", observed(clock.now, n))
    clock.now = START + 3
    assert live.rate() == 10
