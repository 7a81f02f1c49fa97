"""The axis of the timeline: which days it spans, and where its years and months begin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ...pilots.portfolio import Entry
from ...sensors.axis import month

_LONGEST = 40 * 366  # days: a slip of the pen in a year does not make everything else invisible
_STEPS = (1, 3, 6)  # months


@dataclass(frozen=True)
class Span:
    """From the first day to the last, over ``width`` units that begin at ``left``."""

    first: date
    last: date
    left: float = 0.0
    width: float = 1.0

    @property
    def days(self) -> int:
        return max(1, (self.last - self.first).days)

    @property
    def per_day(self) -> float:
        return self.width / self.days

    def x(self, when: date) -> float:
        """Where a day begins; those outside at the edges."""
        return self.left + min(max((when - self.first).days, 0), self.days) * self.per_day


def span_of(entries: Sequence[Entry], today: date) -> tuple[date, date]:
    """All that is known of when pilots were and will be, whole months, today included. Days far away are left out."""
    near = [today]
    for entry in entries:
        days = [entry.pilot.start, entry.pilot.end, *(stay.first for stay in entry.stays)]
        near += [one for one in days if one and abs((one - today).days) < _LONGEST / 2]
    first, last = min(near), max(near) + timedelta(days=31)
    if (last - first).days < 300:
        first = last - timedelta(days=300)
    return first.replace(day=1), last.replace(day=1)


@dataclass(frozen=True)
class Tick:
    """The beginning of a month or a year. ``label`` is empty where there is no room for one."""

    when: date
    label: str
    year: bool


def ticks(span: Span, month_width: float) -> list[Tick]:
    """Years, and as many months as have room: ``month_width`` is what the label of one takes."""
    per_month = span.per_day * 30.44
    step = next((step for step in _STEPS if per_month * step >= month_width), 0)
    found = []
    for when in _months(span.first, span.last):
        if when.month == 1:
            found.append(Tick(when, month(1) if step else "", True))
        elif step and (when.month - 1) % step == 0:
            found.append(Tick(when, month(when.month), False))
    return found


def _months(first: date, last: date) -> Iterator[date]:
    index = first.year * 12 + first.month - 1 + (first.day > 1)
    while True:
        when = date(index // 12, index % 12 + 1, 1)
        if when > last:
            return
        yield when
        index += 1
