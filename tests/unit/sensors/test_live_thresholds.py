"""What crosses thresholds as it comes."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.sensors.live import Live
from plugin.sensors.thresholds import Threshold
from plugin.twin.errors import CityTwinError
from tests.unit.sensors.made import START, Clock, latest, observed, patient, stream


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
