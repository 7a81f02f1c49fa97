"""A history that grows while it is drawn: coarser versions of it are kept, so that a million points cost what a
window's width costs, and what comes live is added without copying all the rest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .series import Line, Series

# observations kept of one datastream; the older half of what is more is thinned
MOST = 1_000_000
_THIN = 50_000  # columns that keep their first, last, lowest and highest
# up to here all is put together at once, in well under a millisecond
_SMALL = 20_000
# live observations beside a long history, until the two are to be joined
_TAIL = 10_000
_FINER = 2  # columns of a coarser version to a column of the drawing
_COARSEST = 4096
# observations per column from which on a coarser version is worth it
_WORTH = 6


@dataclass(frozen=True, eq=False)
class _Part(Series):
    """Observations of a longer history, whose gaps they have."""

    usual: float = float("inf")

    @cached_property
    def gap(self) -> float:
        return self.usual


class Trace:
    """One datastream's history for drawing. Made in any thread, then used in one."""

    def __init__(self, series: Series, *, most: int = MOST) -> None:
        self._most = most
        self._base, self._gap, self.thinned_before = _thinned(series, most)
        self._tail = _nothing(series)
        self._late: list[Series] = []
        self._levels: dict[int, Series] = {}

    def __len__(self) -> int:
        return len(self._base) + len(self._tail)

    @property
    def series(self) -> Series:
        """All of it as one; a copy where observations came live."""
        whole = self._base
        for each in self._late:
            whole = whole.merged(each)
        return whole.merged(self._tail)

    def observed(self, start: float, end: float) -> Series:
        """The observations from ``start`` to ``end``, for a file. Of what is thinned those without a number are left
        out, since they cannot be told from its gaps."""
        part = self._base.between(start, end)
        for each in (*self._late, self._tail):
            part = part.merged(each.between(start, end))
        times, values = part.times, part.values
        if self._gap is not None:
            known = ~np.isnan(values)
            times, values = times[known], values[known]
        return Series(times, values, part.unit, part.id, part.name)

    @property
    def span(self) -> tuple[float, float] | None:
        """The times of the first and the last observation; None where there is none."""
        if not len(self):
            return None
        first = self._base if len(self._base) else self._tail
        last = self._tail if len(self._tail) else self._base
        return float(first.times[0]), float(last.times[-1])

    @property
    def gap(self) -> float:
        """As `Series.gap`."""
        if self._gap is not None:
            return self._gap
        return self._base.gap if len(self._base) else self._tail.gap

    def prepare(self) -> Trace:
        """Work out beforehand, in a task, what the first drawings need."""
        if len(self._base) > _SMALL:
            _ = self._base.gap
            columns = _COARSEST
            while len(self._base) > 2 * _WORTH * columns:
                columns *= 2
            # from the finest: each is made of the one before
            while columns >= _COARSEST and len(self._base) > _WORTH * columns:
                self._level(columns)
                columns //= 2
        return self

    def add(self, news: Series) -> None:
        """What came in, whatever its times; at a time that is known already ``news`` counts."""
        if not len(news):
            return
        if len(self) + len(news) <= min(_SMALL, self._most):
            self._base = self.series.merged(news)
            self._tail, self._late = _nothing(self._tail), []
            self._levels.clear()
            return
        end = self._base.times[-1] if len(self._base) else float("-inf")
        if news.times[0] <= end:
            # drawn when all is joined again
            self._late.append(news.between(float("-inf"), end))
            news = news.between(np.nextafter(end, np.inf), float("inf"))
        self._tail = self._tail.merged(news)

    @property
    def wants_joining(self) -> bool:
        """Whether `joined` would help: much came live, or something late."""
        return bool(self._late) or len(self._tail) > _TAIL

    def copy(self) -> Trace:
        """As it is now, for another thread: what is added to either does not come into the other."""
        found = Trace(_nothing(self._tail), most=self._most)
        found._base, found._tail, found._late = self._base, self._tail, list(self._late)
        found._gap, found.thinned_before = self._gap, self.thinned_before
        return found

    def joined(self, *news: Series) -> Trace:
        """All of it anew with ``news``, in a task and of a `copy`; add to that what came meanwhile."""
        whole, gap = self.series, self._gap
        if gap is not None:
            # the thinned part has its gaps in it, and so must what comes to it
            whole = _with_gaps(whole, gap, self.thinned_before)
            news = tuple(_with_gaps(each, gap, float("-inf")) for each in news)
        for each in news:
            whole = whole.merged(each)
        if gap is not None:
            whole = _Part(whole.times, whole.values, whole.unit, whole.id, whole.name)
        found = Trace(whole, most=self._most)
        if gap is not None:
            found._gap = gap
            found.thinned_before = max(found.thinned_before, self.thinned_before)
        return found.prepare()

    def line(self, start: float, end: float, pixels: int) -> Line:
        """As `Series.line`. Of a long history the first and last points of a column may be those of half a
        column beside it; the lowest and the highest are always there, at their own times."""
        if not end > start:
            return Line(np.empty(0), np.empty(0))
        old = _part(self._version(start, end, pixels), start, end, self.gap).line(start, end, pixels)
        if not len(self._tail) or (len(self._base) and self._base.times[-1] >= end):
            return old
        new = _part(self._tail, start, end, self.gap).line(start, end, pixels)
        if not len(old) or not len(new) or self._tail.times[0] <= start:
            return new if len(new) else old
        # a NaN is an observation without a number, which interrupts the line
        silent = np.isnan(self._base.values[-1]) or np.isnan(self._tail.values[0])
        broken = silent or new.times[0] - old.times[-1] > self.gap
        middle = [(old.times[-1] + new.times[0]) / 2] if broken else []
        times = np.concatenate((old.times, middle, new.times))
        return Line(times, np.concatenate((old.values, [np.nan] * len(middle), new.values)))

    def near(self, time: float) -> tuple[float, float] | None:
        """Time and value of the observation nearest to ``time``; the value is NaN where it has no number."""
        found: list[tuple[float, float]] = []
        for series in (self._base, self._tail):
            at = int(np.searchsorted(series.times, time))
            found += [(float(series.times[i]), float(series.values[i])) for i in (at - 1, at) if 0 <= i < len(series)]
        return min(found, key=lambda each: abs(each[0] - time), default=None)

    def _version(self, start: float, end: float, pixels: int) -> Series:
        """The coarsest version that is still finer than the drawing."""
        base = self._base
        if len(base) <= _SMALL:
            return base
        columns = _COARSEST
        first, last = float(base.times[0]), float(base.times[-1])
        wanted = _FINER * pixels * (last - first) / (end - start)
        while columns < wanted:
            columns *= 2
        return base if len(base) <= _WORTH * columns else self._level(columns)

    def _level(self, columns: int) -> Series:
        found = self._levels.get(columns)
        if found is None:
            finer = self._levels.get(2 * columns)
            source = self._base if finer is None else _part(finer, float("-inf"), float("inf"), float("inf"))
            line = source.line(float(self._base.times[0]), float(self._base.times[-1]), columns)
            found = self._levels[columns] = _Part(line.times, line.values)
        return found


def _part(series: Series, start: float, end: float, gap: float) -> Series:
    """The observations from ``start`` to ``end`` and the one beside each; nothing is copied."""
    low = max(0, int(np.searchsorted(series.times, start, "left")) - 1)
    high = int(np.searchsorted(series.times, end, "right")) + 1
    # the gaps of a coarser version are in it already
    usual = series.gap if isinstance(series, _Part) else gap
    return _Part(series.times[low:high], series.values[low:high], series.unit, series.id, series.name, usual)


def _thinned(series: Series, most: int) -> tuple[Series, float | None, float]:
    """At most about ``most`` observations, the gap that they had (None: nothing was thinned), and the time before which
    not all are there (minus infinity: all are)."""
    if len(series) <= most:
        return series, None, float("-inf")
    half = most // 2
    start = float(series.times[-half])
    old = _Part(series.times[:-half], series.values[:-half], usual=series.gap)
    line = old.line(float(old.times[0]), float(old.times[-1]), min(_THIN, max(1, half // 8)))
    new = _with_gaps(series.between(start, float("inf")), series.gap, start)
    times, values = new.times, new.values
    if len(line) and start - line.times[-1] > series.gap:
        times, values = np.append((start + line.times[-1]) / 2, times), np.append(np.nan, values)
    times, values = np.concatenate((line.times, times)), np.concatenate((line.values, values))
    return _Part(times, values, series.unit, series.id, series.name), series.gap, start


def _with_gaps(series: Series, gap: float, since: float) -> Series:
    """``series`` with a NaN in each gap that begins at or after ``since``."""
    at = np.flatnonzero((np.diff(series.times) > gap) & (series.times[:-1] >= since)) + 1
    middle = (series.times[at - 1] + series.times[at]) / 2
    times, values = np.insert(series.times, at, middle), np.insert(series.values, at, np.nan)
    return _Part(times, values, series.unit, series.id, series.name)


def _nothing(like: Series) -> Series:
    return Series(np.empty(0), np.empty(0), like.unit, like.id, like.name)
