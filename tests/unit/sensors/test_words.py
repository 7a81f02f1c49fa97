"""What a user reads about a value."""

from __future__ import annotations

import pytest

from plugin.sensors import words
from plugin.sensors.live import Live
from plugin.sensors.thresholds import amount
from plugin.twin.sensorthings import Result
from tests.unit.sensors.made import observed, stream
from tests.unit.sensors.test_live import START, Clock, latest


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (13.1, "13.1 veh/h"),
        (63180.0, "63,180 veh/h"),
        (0.0, "0 veh/h"),
        (12.0, "12 veh/h"),
        (1.23456, "1.235 veh/h"),
        (0.00123, "0.00123 veh/h"),
        (-0.5, "-0.5 veh/h"),
        (1e-9, "1.000e-09 veh/h"),
        (1e308, "1.000e+308 veh/h"),
        (5e-324, "4.941e-324 veh/h"),
        (-0.0, "0 veh/h"),
        (True, "yes"),
        ("closed", "closed"),
        (65535.0, "more than the sensor can tell"),
        (-9999.0, "nothing measured (the sensor's sign for it)"),
        (None, "nothing measured"),
    ],
)
def test_values(result: Result, expected: str) -> None:
    live = Live(clock=Clock())
    live.add([stream(property="Traffic flow", unit="veh/h", latest=observed(START, result))])
    assert words.value(latest(live)) == expected
    if isinstance(result, float) and expected[0] in "-0123456789":
        assert amount(result, "veh/h") == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-5, "0 seconds ago"), (1, "1 second ago"), (60, "1 minute ago"), (7300, "2 hours ago"), (900_000, "10 days ago")],
)
def test_ages(seconds: int, expected: str) -> None:
    live = Live(clock=Clock())
    live.add([stream(latest=observed(START, 1.0)), stream("none"), stream("ahead", latest=observed(START + 1e6, 1.0))])
    assert words.age(latest(live), START + seconds) == expected
    assert words.age(latest(live, "none"), START) == "" and words.value(latest(live, "none")) == "no observation yet"
    assert "not come yet" in words.age(latest(live, "ahead"), START)


def test_each_word_is_said() -> None:
    assert [words.how_fresh(word) for word in ("live", "late", "silent", "none")] == [
        "live", "late", "silent", "no observation yet",
    ]  # fmt: skip
    assert [words.direction(word) for word in ("rising", "falling", "steady", "unknown")] == [
        "rising", "falling", "steady", "",
    ]  # fmt: skip
