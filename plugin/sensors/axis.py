"""Where an axis has its ticks and what stands beside them: round values, and round times of the local clock."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple

from ..text import number, tr

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
_SMALL_STEPS = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0,
    _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE,
)  # fmt: skip
_HOURS = (1, 2, 3, 6, 12)
_DAYS = (1, 2, 7, 14)
_MONTHS = (1, 2, 3, 6)
_MONTH, _YEAR = 30.44 * _DAY, 365.25 * _DAY
# years that Python's calendar has, with room on both sides
_FIRST, _LAST = -6.1e10, 2.5e11
_GREATEST = 1e300


class ValueTick(NamedTuple):
    """``value`` in the axis's unit, and how it is written."""

    value: float
    label: str


class TimeTick(NamedTuple):
    """``time`` in seconds since 1970 UTC. ``context`` stands below the label where it changes: the day or the year, or
    how far the clock is from UTC after it was changed; else it is empty."""

    time: float
    label: str
    context: str


def value_range(low: float, high: float) -> tuple[float, float]:
    """The part of the axis that shows ``low`` to ``high`` with some room. What is not far from zero begins there."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return 0.0, 1.0
    low, high = max(-_GREATEST, min(low, high)), min(_GREATEST, max(low, high))
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        room = abs(low) * 0.1 or 1.0
        return low - room, high + room
    room = (high - low) * 0.06
    if 0 <= low <= high / 2:
        return 0.0, high + room
    if high / -2 <= -high <= 0 and low < 0 and high == 0:
        return low - room, 0.0
    return low - room, high + room


def value_ticks(low: float, high: float, count: int) -> tuple[ValueTick, ...]:
    """At most about ``count`` round values from ``low`` to ``high``."""
    if not (math.isfinite(low) and math.isfinite(high) and high > low) or count < 1:
        return ()
    step = _round_step((high - low) / count)
    if step <= 0 or not math.isfinite(step):
        return ()
    # of a range that is narrow beside its distance from zero, floats may not tell the ticks apart
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    found = [float(f"{index * step:.15g}") for index in range(first, min(last, first + 4 * count) + 1)]
    write = _writer(step, max(abs(low), abs(high)))
    return tuple(ValueTick(value, write(value)) for value in found)


def _round_step(raw: float) -> float:
    if raw < 1e-300:
        return 0.0
    power = 10.0 ** math.floor(math.log10(raw))
    for size in (1, 2, 5, 10):
        if size * power >= raw * (1 - 1e-9):
            return size * power
    return 10 * power


def _writer(step: float, most: float) -> Callable[[float], str]:
    exponent = math.floor(math.log10(step) + 1e-9)
    if most >= 1e9 or exponent < -6:
        digits = min(15, max(0, math.ceil(math.log10(most / step) - 1e-9)))
        return lambda value: number(value, f".{digits}e") if value else "0"
    places = max(0, -exponent)
    return lambda value: number(value + 0.0, f",.{places}f")


def time_ticks(start: float, end: float, count: int, zone: tzinfo | None = None) -> tuple[TimeTick, ...]:
    """At most about ``count`` round times from ``start`` to ``end`` (seconds since 1970 UTC), in ``zone``, else in this
    computer's own. Days begin at midnight also when the clock is changed; the hour that comes twice is there twice.
    """
    start, end = max(start, _FIRST), min(end, _LAST)
    if not end > start or count < 1:
        return ()
    raw = (end - start) / count
    times, write, context = _chosen(raw, start, end, zone)
    found: list[TimeTick] = []
    before, offset = "", None
    for time in times:
        if not start <= time <= end:
            continue
        wall = _wall(time, zone)
        about = context(wall)
        below = about if about != before else ""
        if not below and offset is not None and wall.utcoffset() != offset and raw < _DAY:
            below = _from_utc(wall)
        found.append(TimeTick(time, write(wall), below))
        before, offset = about, wall.utcoffset()
    return tuple(found)


_Written = Callable[[datetime], str]


def _chosen(raw: float, start: float, end: float, zone: tzinfo | None) -> tuple[Iterator[float], _Written, _Written]:
    """The times of the step that is ``raw`` seconds or a little more, how they are written, and their context."""
    for small in _SMALL_STEPS:
        if small >= raw * (1 - 1e-9):
            return _small(small, start, end, zone), _clock_of(small), day
    for hours in _HOURS:
        if hours * _HOUR >= raw:
            return _hours(hours, start, end, zone), _clock_of(_HOUR), day
    for days in _DAYS:
        if days * _DAY >= raw:
            return _days(days, start, end, zone), _short_day, _year
    for months in _MONTHS:
        if months * _MONTH >= raw:
            return _months(months, start, end, zone), _month_of, _year
    years = max(1, round(_round_step(raw / _YEAR)))
    return _months(12 * years, start, end, zone), _year, lambda _wall: ""


def _small(step: float, start: float, end: float, zone: tzinfo | None) -> Iterator[float]:
    # clocks are changed by an hour or half of one, which these steps divide
    offset = _wall(start, zone).utcoffset() or timedelta()
    shift = offset.total_seconds()
    index = math.ceil((start + shift) / step - 1e-6)
    while index * step - shift <= end:
        # thousandths: else 0.1 is not where it is written
        yield round(index * step - shift, 3)
        index += 1


def _hours(step: int, start: float, end: float, zone: tzinfo | None) -> Iterator[float]:
    for each in _dates(start, end, zone):
        found: set[float] = set()
        for hour in range(0, 24, step):
            for fold in (0, 1):
                time = _seconds(each, hour, fold, zone)
                wall = _wall(time, zone)
                # in spring an hour is left out
                if (wall.date(), wall.hour) == (each, hour):
                    found.add(time)
        yield from sorted(found)


def _days(step: int, start: float, end: float, zone: tzinfo | None) -> Iterator[float]:
    for each in _dates(start, end, zone):
        # a week begins on Monday; so did the calendar's first
        if each.toordinal() % step == 1 % step:
            yield _seconds(each, 0, 0, zone)


def _months(step: int, start: float, end: float, zone: tzinfo | None) -> Iterator[float]:
    first, last = _wall(start, zone), _wall(end, zone)
    index = (first.year * 12 + first.month - 1) // step * step
    while index <= last.year * 12 + last.month - 1:
        if 12 <= index < 12 * 9999:
            yield _seconds(date(index // 12, index % 12 + 1, 1), 0, 0, zone)
        index += step


def _dates(start: float, end: float, zone: tzinfo | None) -> Iterator[date]:
    each, last = _wall(start, zone).date(), _wall(end, zone).date()
    while each <= last:
        yield each
        each += timedelta(days=1)


def _wall(seconds: float, zone: tzinfo | None) -> datetime:
    """What the clock shows, with its distance from UTC."""
    seconds = min(max(seconds, _FIRST), _LAST)
    try:
        return datetime.fromtimestamp(seconds, zone) if zone else datetime.fromtimestamp(seconds).astimezone()
    except (OSError, OverflowError, ValueError):
        # Windows knows no local time before 1970
        return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)


def _seconds(each: date, hour: int, fold: int, zone: tzinfo | None) -> float:
    wall = datetime(each.year, each.month, each.day, hour, fold=fold)
    try:
        return (wall.replace(tzinfo=zone) if zone else wall).timestamp()
    except (OSError, OverflowError, ValueError):
        return wall.replace(tzinfo=timezone.utc).timestamp()


# -- in words --------------------------------------------------------------------------------------------------------


def moment(seconds: float, zone: tzinfo | None = None, *, step: float = 1.0) -> str:
    """A time in full, as the crosshair shows it: day and clock, the clock as finely as ``step`` seconds ask."""
    wall = _wall(seconds, zone)
    return f"{day(wall)} {_clock_of(min(step, _HOUR))(wall)}"


def span(start: float, end: float, zone: tzinfo | None = None) -> str:
    """From when to when, shortly: the hours where both are of one day, else the days."""
    first, last = _wall(start, zone), _wall(end, zone)
    clock = _clock_of(_MINUTE)
    if first.date() == last.date():
        return f"{day(first)}, {clock(first)} – {clock(last)}"
    if end - start <= 2 * _DAY:
        return f"{_short_day(first)} {clock(first)} – {_short_day(last)} {clock(last)}"
    if first.year == last.year:
        return f"{_short_day(first)} – {_short_day(last)} {last.year}"
    return f"{_short_day(first)} {first.year} – {_short_day(last)} {last.year}"


def short_moment(seconds: float, now: float, zone: tzinfo | None = None) -> str:
    """The hour where ``seconds`` is on the day of ``now``, else the day too; another year is told."""
    wall, today = _wall(seconds, zone), _wall(now, zone)
    clock = _clock_of(_MINUTE)(wall)
    if wall.date() == today.date():
        return clock
    if wall.year == today.year:
        return f"{_short_day(wall)} {clock}"
    return f"{_short_day(wall)} {wall.year}"


def day(wall: datetime) -> str:
    """ "Fri 21 Aug 2026", in the user's language."""
    return tr(
        "{weekday} {day} {month} {year}",
        weekday=weekday(wall.weekday()), day=wall.day, month=month(wall.month), year=wall.year,
    )  # fmt: skip


def _short_day(wall: datetime) -> str:
    return tr("{day} {month}", day=wall.day, month=month(wall.month))


def _month_of(wall: datetime) -> str:
    return month(wall.month)


def _year(wall: datetime) -> str:
    return str(wall.year)


def _from_utc(wall: datetime) -> str:
    offset = wall.utcoffset() or timedelta()
    minutes = round(offset.total_seconds() / 60)
    sign, (hours, rest) = "+" if minutes >= 0 else "−", divmod(abs(minutes), 60)
    return f"UTC{sign}{hours}:{rest:02}" if rest else f"UTC{sign}{hours}"


def _clock_of(step: float) -> _Written:
    if step >= _MINUTE:
        return lambda wall: f"{wall:%H:%M}"
    if step >= 1:
        return lambda wall: f"{wall:%H:%M:%S}"
    return lambda wall: f"{wall:%H:%M:%S}{number(wall.microsecond // 1000 / 1000, '.3f')[1:]}"


def month(index: int) -> str:
    """A month in short; January is 1."""
    names = (
        tr("Jan"), tr("Feb"), tr("Mar"), tr("Apr"), tr("May"), tr("Jun"),
        tr("Jul"), tr("Aug"), tr("Sep"), tr("Oct"), tr("Nov"), tr("Dec"),
    )  # fmt: skip
    return names[index - 1]


def weekday(index: int) -> str:
    """A day of the week in short; Monday is 0."""
    return (tr("Mon"), tr("Tue"), tr("Wed"), tr("Thu"), tr("Fri"), tr("Sat"), tr("Sun"))[index]
