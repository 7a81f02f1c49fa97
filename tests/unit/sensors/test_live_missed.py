"""What came while there was no stream: from where on it is asked for, and what crossed thresholds meanwhile."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.sensors.live import Live
from plugin.sensors.thresholds import Threshold
from tests.unit.sensors.made import START, Clock, observed, patient, stream


def test_what_was_missed_begins_where_it_was_first_marked() -> None:
    live = Live(clock=Clock(START + 5000))
    live.add([stream("1", latest=observed(START, 1.0)), stream("new")])
    live.mark()
    live.state({"1": observed(START + 3000, 2.0)})
    live.mark()
    assert live.missed() == {"1": START - 120, "new": None}
    live.unmark(["1", "nobody"])
    assert live.missed() == {"new": None}


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
