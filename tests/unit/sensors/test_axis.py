"""Ticks: round, of the local clock, never lost and never twice."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from plugin import text
from plugin.sensors.axis import moment, short_moment, span, time_ticks, value_range, value_ticks
from tests.unit.sensors.made import patient

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def at(*parts: int, zone: ZoneInfo = AMSTERDAM, fold: int = 0) -> float:
    return datetime(*parts, tzinfo=zone, fold=fold).timestamp()  # type: ignore[misc, arg-type]


def labels(start: float, end: float, count: int, zone: ZoneInfo = AMSTERDAM) -> list[str]:
    return [tick.label for tick in time_ticks(start, end, count, zone)]


def test_hours_of_a_day_are_round_by_the_local_clock():
    start = at(2026, 8, 21, 7, 13)
    assert labels(start, start + 86400, 8) == ["09:00", "12:00", "15:00", "18:00", "21:00", "00:00", "03:00", "06:00"]
    contexts = [tick.context for tick in time_ticks(start, start + 86400, 8, AMSTERDAM)]
    assert contexts == ["Fri 21 Aug 2026", "", "", "", "", "Sat 22 Aug 2026", "", ""]


def test_in_spring_an_hour_is_left_out():
    start, end = at(2026, 3, 28, 23, 30), at(2026, 3, 29, 5, 30)
    ticks = time_ticks(start, end, 8, AMSTERDAM)
    assert [tick.label for tick in ticks] == ["00:00", "01:00", "03:00", "04:00", "05:00"]
    assert {b.time - a.time for a, b in zip(ticks, ticks[1:])} == {3600.0}
    assert next(tick for tick in ticks if tick.label == "03:00").context == "UTC+2"


def test_in_autumn_an_hour_comes_twice_and_both_are_there():
    start, end = at(2026, 10, 24, 23, 30), at(2026, 10, 25, 4, 30)
    ticks = time_ticks(start, end, 8, AMSTERDAM)
    assert [tick.label for tick in ticks] == ["00:00", "01:00", "02:00", "02:00", "03:00", "04:00"]
    assert {b.time - a.time for a, b in zip(ticks, ticks[1:])} == {3600.0}
    assert ticks[3].context == "UTC+1"
    # and in three-hour steps the clock's own hours stay
    assert labels(at(2026, 10, 24, 12), at(2026, 10, 25, 18), 11) == [
        "12:00", "15:00", "18:00", "21:00", "00:00", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00",
    ]  # fmt: skip


def test_days_begin_at_midnight_on_both_sides_of_a_change():
    ticks = time_ticks(at(2026, 10, 22), at(2026, 10, 28), 8, AMSTERDAM)
    assert [datetime.fromtimestamp(tick.time, AMSTERDAM).hour for tick in ticks] == [0] * 7
    assert [b.time - a.time for a, b in zip(ticks, ticks[1:])].count(25 * 3600) == 1
    # midnight itself is left out there
    chile = ZoneInfo("America/Santiago")
    days = time_ticks(at(2026, 9, 4, zone=chile), at(2026, 9, 9, zone=chile), 8, chile)
    walls = [datetime.fromtimestamp(tick.time, chile) for tick in days]
    assert [(wall.day, wall.hour) for wall in walls] == [(4, 0), (5, 0), (6, 1), (7, 0), (8, 0), (9, 0)]


def test_a_zone_of_half_hours():
    kathmandu = ZoneInfo("Asia/Kathmandu")
    start = at(2026, 8, 21, 14, 0, zone=kathmandu)
    assert labels(start, start + 7200, 5, kathmandu) == ["14:00", "14:30", "15:00", "15:30", "16:00"]


@pytest.mark.parametrize(
    ("seconds", "count", "expected"),
    [
        (2.0, 5, ["14:00:00.000", "14:00:00.500", "14:00:01.000", "14:00:01.500", "14:00:02.000"]),
        (60.0, 4, ["14:00:00", "14:00:15", "14:00:30", "14:00:45", "14:01:00"]),
        (900.0, 3, ["14:00", "14:05", "14:10", "14:15"]),
        (30 * 86400.0, 5, ["24 Aug", "31 Aug", "7 Sep", "14 Sep"]),
        (300 * 86400.0, 5, ["Sep", "Nov", "Jan", "Mar", "May"]),
        (3000 * 86400.0, 5, ["2028", "2030", "2032", "2034"]),
    ],
)
def test_from_milliseconds_to_years(seconds, count, expected):
    start = at(2026, 8, 21, 14)
    assert labels(start, start + seconds, count) == expected


@patient
@given(
    start=some.floats(-2e9, 8e9), width=some.floats(1e-2, 3e9), count=some.integers(2, 20),
    zone=some.sampled_from(["Europe/Amsterdam", "America/St_Johns", "Australia/Lord_Howe", "UTC"]),
)  # fmt: skip
def test_ticks_are_in_view_ascending_and_not_too_many(start, width, count, zone):
    ticks = time_ticks(start, start + width, count, ZoneInfo(zone))
    times = [tick.time for tick in ticks]
    assert all(start <= time <= start + width for time in times)
    assert times == sorted(set(times)) and len(times) <= count + 3
    assert all(tick.label for tick in ticks)


def test_the_calendars_ends_and_nonsense_are_no_error():
    assert time_ticks(-1e15, 1e15, 8) and time_ticks(0, float("nan"), 8) == () == time_ticks(5, 5, 8)
    assert value_ticks(0, float("inf"), 5) == () == value_ticks(1, 1, 5)
    assert value_range(float("inf"), float("-inf")) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 100, ["0", "20", "40", "60", "80", "100"]),
        (-0.3, 0.45, ["-0.2", "0.0", "0.2", "0.4"]),
        (1e6, 1e6 + 1, ["1,000,000.0", "1,000,000.2", "1,000,000.4", "1,000,000.6", "1,000,000.8", "1,000,001.0"]),
        (1e9, 1.2e9, ["1.00e+09", "1.05e+09", "1.10e+09", "1.15e+09", "1.20e+09"]),
        (0, 4e-8, ["0", "1.0e-08", "2.0e-08", "3.0e-08", "4.0e-08"]),
    ],
)
def test_values_are_round_and_can_be_told_apart(low, high, expected):
    assert [tick.label for tick in value_ticks(low, high, 5)] == expected


@patient
@given(some.floats(-1e12, 1e12), some.floats(0, 1e12), some.integers(2, 12))
def test_what_is_to_be_seen_is_in_range(low, size, count):
    bottom, top = value_range(low, low + size)
    assert bottom <= low <= low + size <= top and bottom < top
    ticks = value_ticks(bottom, top, count)
    assert [tick.value for tick in ticks] == sorted({tick.value for tick in ticks}) and len(ticks) <= count + 2
    assert len({tick.label for tick in ticks}) == len(ticks)


def test_the_axis_of_what_is_near_zero_begins_there():
    assert value_range(5, 100)[0] == 0.0 and value_range(80, 100)[0] > 70 and value_range(-5, 5)[0] < -5
    assert value_range(3, 3) == pytest.approx((2.7, 3.3))


def test_times_in_words():
    noon = at(2026, 8, 21, 12)
    assert moment(noon, AMSTERDAM) == "Fri 21 Aug 2026 12:00:00"
    assert moment(noon, AMSTERDAM, step=60) == "Fri 21 Aug 2026 12:00"
    assert moment(noon + 0.25, AMSTERDAM, step=0.01).endswith("12:00:00.250")
    assert span(noon, noon + 7200, AMSTERDAM) == "Fri 21 Aug 2026, 12:00 – 14:00"
    assert span(noon, noon + 86400, AMSTERDAM) == "21 Aug 12:00 – 22 Aug 12:00"
    assert span(noon, noon + 10 * 86400, AMSTERDAM) == "21 Aug – 31 Aug 2026"
    assert short_moment(noon, noon + 60, AMSTERDAM) == "12:00"
    assert short_moment(noon - 86400, noon, AMSTERDAM) == "20 Aug 12:00"
    assert short_moment(noon - 400 * 86400, noon, AMSTERDAM) == "17 Jul 2025"


def test_the_users_own_decimals(tmp_path):
    (tmp_path / "nl.mo").write_bytes(_empty_catalogue())
    text.use_language("nl", tmp_path)
    try:
        assert [tick.label for tick in value_ticks(0, 2000, 2)] == ["0", "1.000", "2.000"]
        assert labels(0.0, 1.0, 2, ZoneInfo("UTC"))[1] == "00:00:00,500"
    finally:
        text.use_language("en", Path("nowhere"))


def _empty_catalogue() -> bytes:
    import struct

    return struct.pack("<7I", 0x950412DE, 0, 0, 28, 28, 0, 28)
