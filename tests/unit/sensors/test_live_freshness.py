"""How old a value is: by each datastream's own rhythm, with clocks that run ahead or behind."""

from __future__ import annotations

import pytest

from plugin.sensors.live import Live
from plugin.sensors.thresholds import Threshold
from tests.unit.sensors.made import START, Clock, latest, observed, payload, stream, topic


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
