"""The store of latest values: whatever comes, in whatever order, the latest by phenomenon time is what is shown."""

from __future__ import annotations

import json
import random
import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.sensors import faults
from plugin.sensors.live import Live
from plugin.sensors.state import Latest
from plugin.sensors.thresholds import Threshold
from plugin.twin.errors import CityTwinError
from plugin.twin.sensorthings import Observation
from plugin.twin.sta.times import written
from tests.unit.sensors.made import observed, patient, stream

START = 1_770_000_000.0


class Clock:
    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def payload(time: float, result: object) -> bytes:
    return json.dumps({"result": result, "phenomenonTime": written(time)}).encode()


def topic(id: str) -> str:
    return f"v1.1/Datastreams({id})/Observations"


def latest(live: Live, id: str = "1") -> Latest:
    found = live.latest(id)
    assert found is not None
    return found


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


def test_freshness_comes_from_the_datastreams_own_rhythm() -> None:
    clock = Clock()
    live = Live(clock=clock)
    live.add([stream("quick"), stream("slow")])
    for index in range(12):
        live.put("quick", observed(START + index * 10, index), START + index * 10)
        live.put("slow", observed(START - (11 - index) * 3600, index), START - (11 - index) * 3600 + 1)
    clock.now = START + 110
    live.drain()
    told = []
    for second in range(0, 4 * 3600 * 6, 5):
        clock.now = START + 110 + second
        told += [(each.id, each.freshness, second) for each in live.drain().latest]
    assert [(id, word) for id, word, _ in told] == [
        ("quick", "late"), ("quick", "silent"), ("slow", "late"), ("slow", "silent"),
    ]  # fmt: skip
    moments = [second for *_, second in told]
    assert 10 <= moments[0] <= 20 and moments[1] <= 60 and 3600 <= moments[2] <= 2 * 3600
    live.put("slow", observed(clock.now, 1), clock.now)
    assert [(each.id, each.freshness) for each in live.drain().latest] == [("slow", "live")]


def test_an_old_value_without_a_rhythm_does_not_look_fresh() -> None:
    live = Live(clock=Clock())
    live.add([stream(str(age), latest=observed(START - age, 1)) for age in (10, 3600, 86400 * 2)])
    assert [latest(live, str(age)).freshness for age in (10, 3600, 86400 * 2)] == ["live", "late", "silent"]
    hourly = stream("mean", latest=observed(START - 4000, 1, begin=START - 7600))
    live.add([hourly])
    assert latest(live, "mean").freshness == "live"  # a mean of an hour has an hour's time


def test_a_mean_of_years_that_ended_long_ago_does_not_look_fresh() -> None:
    live = Live(clock=Clock())
    year, day = 365 * 86400.0, 86400.0
    live.add([stream("years", latest=observed(START - 3 * year, 1.0, begin=START - 11 * year))])
    live.add([stream("month", latest=observed(START - 3 * day, 1.0, begin=START - 34 * day))])
    assert [latest(live, id).freshness for id in ("years", "month")] == ["silent", "live"]


def test_a_service_that_is_always_behind_is_live_when_it_keeps_its_lag() -> None:
    clock = Clock()
    live = Live(clock=clock)
    live.add([stream()])
    for index in range(10):
        live.put("1", observed(START + 300 * index - 600, index), START + 300 * index)
    clock.now = START + 2700 + 60
    assert latest(live).freshness == "live"
    clock.now += 3600
    assert latest(live).freshness != "live"


def test_history_that_is_fetched_late_is_no_lag() -> None:
    live = Live(clock=Clock(START + 1800))
    live.add([stream()])
    live.catch_up("1", [observed(START + 60 * index, index) for index in range(20)])
    assert latest(live).freshness == "silent"


def test_what_was_missed_begins_where_it_was_first_marked() -> None:
    live = Live(clock=Clock(START + 5000))
    live.add([stream("1", latest=observed(START, 1.0)), stream("new")])
    live.mark()
    live.state({"1": observed(START + 3000, 2.0)})
    live.mark()
    assert live.missed() == {"1": START - 120, "new": None}
    live.unmark(["1", "nobody"])
    assert live.missed() == {"new": None}


def test_one_slip_into_the_future_does_not_stop_a_sensor() -> None:
    clock = Clock()
    live = Live(clock=clock)
    live.watch([Threshold("t", "Too much", 50)])
    live.add([stream()])
    live.put("1", observed(START, 1.0))
    live.put("1", observed(START + 3e9, 99.0))
    assert (latest(live).value, latest(live).ahead) == (1.0, False)
    live.put("1", observed(START + 1, 2.0))
    assert (latest(live).value, live.counters().ahead, live.log()) == (2.0, 1, ())


def test_a_clock_that_runs_an_hour_ahead_is_shown_and_said() -> None:
    clock = Clock()
    live = Live(clock=clock)
    live.add([stream()])
    for index in range(20):
        clock.now = START + 60 * index
        live.put("1", observed(clock.now + 3600, float(index)))
    assert latest(live)[1:3] == ("number", 19.0) and latest(live).ahead and latest(live).freshness == "live"
    clock.now += 600
    assert latest(live).freshness == "silent" and latest(live).ahead
    live.put("1", observed(clock.now, 7.0))  # its clock was set right
    assert (latest(live).value, latest(live).ahead) == (7.0, False)


def test_a_mean_whose_hour_is_not_over_is_no_future() -> None:
    clock = Clock()
    live = Live(clock=clock)
    live.add([stream("hour"), stream("age")])
    live.put("hour", observed(START + 3000, 4.0, begin=START - 600))
    live.put("age", observed(START + 3e9, 4.0, begin=START - 600))  # an end in another century
    live.put("age", observed(START, 5.0))
    assert (latest(live, "hour").value, latest(live, "hour").ahead) == (4.0, False)
    assert latest(live, "hour").freshness == "live" and latest(live, "age").value == 5.0
    live.drain()
    clock.now += 7000
    assert {(each.id, each.freshness) for each in live.drain().latest} == {("hour", "late"), ("age", "late")}


def test_a_forecast_over_http_never_looks_live() -> None:
    live = Live(clock=Clock())
    live.add([stream(latest=observed(START + 7200, 5.0))])
    assert latest(live).ahead and latest(live).value == 5.0 and latest(live).freshness == "late"


@pytest.mark.parametrize("known_first", [True, False])
def test_what_a_broker_had_kept_is_no_sign_of_life(known_first: bool) -> None:
    live = Live(clock=Clock())
    live.add([stream(each) for each in ("ahead", "behind")] if known_first else [])
    for each, time in (("ahead", START + 86400), ("behind", START - 86400 * 3)):
        live.receive(topic(each), payload(time, 1.0), START, True)
    live.add([stream(each) for each in ("ahead", "behind", "lag")])
    assert (latest(live, "ahead").value, latest(live, "ahead").freshness) == (1.0, "late")
    assert latest(live, "behind").freshness == "silent"
    # nor does its age tell with what delay the next ones come
    live.receive(topic("lag"), payload(START - 900, 1.0), START - 900)
    live.receive(topic("lag"), payload(START - 800, 2.0), START, True)
    live.receive(topic("lag"), payload(START - 800, 2.0), START, True)
    assert latest(live, "lag").value == 2.0
    live.receive(topic("ahead"), payload(START + 86400, 2.0), START)
    assert latest(live, "ahead").freshness == "live"


def test_a_moment_of_the_future_that_has_come_counts() -> None:
    clock = Clock()
    live = Live(clock=clock)
    live.add([stream(latest=observed(START, 1.0))])
    live.put("1", observed(START + 600, 2.0))
    live.drain()
    clock.now = START + 599
    assert [each.value for each in live.drain().latest] == [2.0] and not latest(live).ahead


def test_the_twins_clock_is_gone_by_where_ours_is_off() -> None:
    clock = Clock(START - 7200)
    live = Live(clock=clock)
    live.add([stream()])
    assert live.synchronise(START, START - 7200.2, START - 7199.8) == pytest.approx(7200, rel=0, abs=1)
    live.put("1", observed(START, 1.0), clock.now)
    assert not latest(live).ahead and latest(live).freshness == "live"
    live.drain()
    clock.now = START
    assert live.synchronise(START, START - 3, START + 1) == 0
    assert live.now() == START


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


def test_what_crosses_is_logged_with_hysteresis() -> None:
    live = Live(clock=Clock(START + 100))
    high = Threshold("high", "NO2 too high", 40, hysteresis=5)
    low = Threshold("low", "Too low", 10, above=False, observed_property="other")
    live.watch([high, low])
    live.add([replace(stream(unit="µg/m³"), name="Statenweg")])
    for index, value in enumerate([30, 41, 39, 42, 36, 35, 34, 41, 5]):
        live.put("1", observed(START + index, value))
        if index == 2:
            assert live.drain().latest[0].exceeded == ("high",)
    crossed = [(each.time - START, each.entered) for each in live.log()]
    assert crossed == [(1, True), (5, False), (7, True), (8, False)]
    assert live.log()[0].sentence() == "NO2 too high: Statenweg is above 40 with 41 µg/m³."
    assert len(live.drain().crossings) == 3 and live.drain().crossings == ()
    live.watch([high, Threshold("new", "Low", 10, above=False)])
    assert [each.threshold.id for each in live.drain().crossings] == ["new"]
    assert latest(live).exceeded == ("new",)


@patient
@given(st.lists(st.floats(-100, 100), max_size=60), st.floats(-50, 50), st.floats(0, 20), st.booleans())
def test_crossings_alternate_and_end_as_the_value_is(
    values: list[float], level: float, hysteresis: float, above: bool
) -> None:
    live = Live(clock=Clock(START + 1000))
    live.watch([Threshold("t", "T", level, above, hysteresis)])
    live.add([stream()])
    for index, value in enumerate(values):
        live.put("1", observed(START + index, value))
    entered = [each.entered for each in live.log()]
    assert entered == [index % 2 == 0 for index in range(len(entered))]
    if values and (values[-1] > level if above else values[-1] < level) and values[-1] not in (-999, -9999):
        assert latest(live).exceeded == ("t",)


def test_a_threshold_is_a_number() -> None:
    with pytest.raises(CityTwinError):
        Threshold("t", "T", float("nan"))
    with pytest.raises(CityTwinError):
        Threshold("t", "T", 1, hysteresis=-1)


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


def test_a_clock_that_runs_an_hour_behind_is_late_but_not_silent() -> None:
    clock = Clock()
    live = Live(clock=clock)
    live.add([stream()])
    for index in range(20):
        clock.now = START + 60 * index
        live.put("1", observed(clock.now - 3600, float(index)))
    assert latest(live).freshness == "late"
    live.drain()
    clock.now += 600
    assert [each.freshness for each in live.drain().latest] == ["silent"]


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


def test_gaps_are_where_somebody_follows_and_more_came_than_the_rhythm_explains() -> None:
    clock = Clock()
    live = Live(clock=clock)
    live.add([stream(id) for id in "1234"])
    for minute in range(10):
        clock.now = START + 60 * minute
        for id in "124":
            live.put(id, observed(START + 60 * minute, minute))
    live.follow("123")
    live.mark()
    assert live.gaps() == {}
    clock.now = START + 3600
    live.state({"1": observed(START + 600, 10), "2": observed(START + 900, 15), "3": observed(START + 900, 1)})
    live.state({"4": observed(START + 900, 15)})
    # of 1 the next came, 2 left some out, of 3 nothing was known, 4 is followed by nobody
    assert live.gaps() == {"2": START + 540 - 120, "3": None}
    live.unmark(["2"])
    assert set(live.gaps()) == {"3"}


def test_gaps_are_also_where_thresholds_hold_those_that_wait_for_longest_first() -> None:
    clock = Clock(START + 3600)
    live = Live(clock=clock)
    for id, time in (("1", 20), ("2", 10), ("3", 30), ("4", 0)):
        live.add([stream(id, latest=observed(START + time, 1.0))])
    live.add([stream("new")])
    live.watch([Threshold("t", "T", 50, datastreams=frozenset({"1", "2", "new"}))])
    live.follow(["3"])
    live.mark()
    live.state({id: observed(START + 3600, 1.0) for id in ("1", "2", "3", "4", "new")})
    # all that a sensor ever said is nothing to be watched
    assert list(live.gaps().items()) == [("3", START - 90), ("2", START - 110), ("1", START - 100)]


@pytest.mark.parametrize("watched_before", [True, False])
def test_what_crossed_while_the_stream_was_away_is_told_when_it_is_caught_up_with(watched_before: bool) -> None:
    clock = Clock(START + 100)
    live = Live(clock=clock)
    thresholds = [Threshold("t", "T", 50)]
    live.watch(thresholds if watched_before else [])
    live.add([stream("1"), stream("2")])
    for id in "12":
        live.put(id, observed(START, 1.0))
    live.mark()
    live.watch(thresholds)
    live.state({"1": observed(START + 40, 2.0), "2": observed(START + 40, 60.0)})
    for id in "12":  # a peak that was over with the first, and has not ended with the second
        live.catch_up(id, [observed(START + time, value) for time, value in ((30, 70.0), (0, 1.0), (20, 55.0))])
    live.drain()
    live.unmark(["1", "2"])
    told = live.drain().crossings
    assert [(each.datastream, each.time - START, each.value, each.entered) for each in told] == [
        ("1", 20, 55.0, True), ("1", 40, 2.0, False),
    ]  # fmt: skip
    assert [each.entered for each in live.log() if each.datastream == "2"] == [True]
    assert live.missed() == {}


@patient
@given(
    st.lists(st.sampled_from([0.0, 44.0, 48.0, 52.0, 90.0]), min_size=3, max_size=24),
    st.data(),
    st.sampled_from([0.0, 5.0]),
)
def test_whatever_crosses_without_a_stream_ends_as_the_value_is(
    values: list[float], data: st.DataObject, hysteresis: float
) -> None:
    lost = data.draw(st.integers(1, len(values) - 1))
    back = data.draw(st.integers(lost, len(values) - 1))
    history = [observed(START + at, value) for at, value in enumerate(values)]
    threshold = Threshold("t", "T", 50, hysteresis=hysteresis)
    through, gapped = Live(clock=Clock(START + 100)), Live(clock=Clock(START + 100))
    for live in (through, gapped):
        live.watch([threshold])
        live.add([stream()])
    for one in history:
        through.put("1", one)
    for one in history[:lost]:
        gapped.put("1", one)
    before = gapped.crossed("1")
    gapped.mark()
    gapped.state({"1": history[back]})
    after = gapped.crossed("1")
    for one in history[back + 1 :]:
        gapped.put("1", one)
    gapped.catch_up("1", data.draw(st.permutations(history)))
    gapped.unmark(["1"])
    log = gapped.log()
    assert bool(gapped.crossed("1")) == (log[-1].entered if log else False)
    if not hysteresis:
        happened = {(each.time, each.entered) for each in through.log()}
        told = {(each.time, each.entered) for each in log}
        if before == after:
            assert happened <= told
        # a value beyond that is not the first one tells the same as the first
        assert len(happened - told) <= 1
        assert all(threshold.crossed(each.value, False) == each.entered for each in log)


def test_only_what_is_new_is_watched_anew_and_others_have_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    live = Live(clock=Clock(START + 100))
    live.add([stream(str(n), latest=observed(START, float(n))) for n in range(1000)])
    asked: list[str] = []
    holds_for = Threshold.holds_for
    monkeypatch.setattr(Threshold, "holds_for", lambda self, one: asked.append(self.id) or holds_for(self, one))
    live._lock = lock = Counted()  # type: ignore[assignment]

    def watch(*levels: int) -> tuple[set[str], int, int]:
        asked.clear()
        lock.times = 0
        live.watch([Threshold(str(level), "T", float(level)) for level in levels])
        return set(asked), len(asked), lock.times

    assert watch(990, 995) == ({"990", "995"}, 2000, 1 + 4)
    assert len(live.log()) == 9 + 4
    assert watch(990, 995) == (set(), 0, 1)
    assert watch(998, 995, 990) == ({"998"}, 1000, 1 + 4)
    assert latest(live, "999").exceeded == ("990", "995", "998") and len(live.log()) == 9 + 4 + 1
    assert watch(995) == (set(), 0, 1 + 4)
    assert latest(live, "999").exceeded == ("995",) and len(live.log()) == 9 + 4 + 1
    # what is added, and what has another unit now, is watched by itself
    live.watch([Threshold("m", "T", 0.5, unit="m")])
    live.add([stream("more", unit="m", latest=observed(START, 1.0)), stream("999", unit="m")])
    live.put("999", observed(START + 1, 1.0))
    assert latest(live, "more").exceeded == latest(live, "999").exceeded == ("m",)


class Counted:
    """A lock that tells how often it was taken."""

    def __init__(self) -> None:
        self.times = 0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self.times += 1
        self._lock.acquire()

    def __exit__(self, *_exc: object) -> None:
        self._lock.release()


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
