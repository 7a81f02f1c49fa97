"""The history of a datastream as arrays: gaps stay gaps, and a line of few points keeps every extreme."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from .values import BOOLEAN, ObservationLike, Rule, Value, understand

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# An interval is a gap when it is this many times the usual one.
_GAP = 2.5
_FEWEST = 4


@dataclass(frozen=True, eq=False)
class Line:
    """What is drawn: ``times`` (seconds since 1970 UTC) and ``values``, both of shape (n,), with a NaN value wherever
    the line is interrupted. A point between two of those stands alone: draw it as a dot."""

    times: Floats
    values: Floats

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True, eq=False)
class Series:
    """``times``: shape (n,), seconds since 1970 UTC, strictly ascending; ``values``: shape (n,), in ``unit``, NaN where
    an observation has no number (null, text, a sentinel). Build it with `series` or `from_arrays`."""

    times: Floats
    values: Floats
    unit: str = ""
    id: str = ""
    name: str = ""

    def __len__(self) -> int:
        return len(self.times)

    @cached_property
    def gap(self) -> float:
        """The interval in seconds above which there is a gap; infinite where too few observations tell."""
        if len(self.times) < _FEWEST:
            return float("inf")
        median, slow = np.percentile(np.diff(self.times), (50, 90))
        # a sensor that reports irregularly has no gap at each of its pauses
        return float(max(_GAP * median, 1.5 * min(slow, 10 * median)))

    def between(self, start: float, end: float) -> Series:
        """The part with ``start`` <= time <= ``end``; a view, nothing is copied."""
        low, high = np.searchsorted(self.times, start, "left"), np.searchsorted(self.times, end, "right")
        return Series(self.times[low:high], self.values[low:high], self.unit, self.id, self.name)

    def merged(self, other: Series) -> Series:
        """Both together; at a time that both have, ``other`` counts. Cheap where ``other`` comes after this one."""
        if not len(other):
            return self
        times = np.concatenate((self.times, other.times))
        values = np.concatenate((self.values, other.values))
        if len(self) and other.times[0] <= self.times[-1]:
            times, values = _ordered(times, values)
        return Series(times, values, self.unit or other.unit, self.id or other.id, self.name or other.name)

    def line(self, start: float, end: float, pixels: int) -> Line:
        """The line over ``pixels`` columns from ``start`` to ``end``, with the neighbours just outside.

        Of each column the first, the last, the lowest and the highest observation are kept, with their own times: drawn
        at that width the line is the same as that of all of them, and no extreme is lost. At most about six points
        per column. Source: U. Jugel et al., M4: A Visualization-Oriented Time Series Data Aggregation (VLDB 2014).
        """
        if not end > start or not len(self):
            return Line(np.empty(0), np.empty(0))
        columns = max(1, pixels)
        known = np.flatnonzero(~np.isnan(self.values))
        times = self.times[known]
        low = max(0, int(np.searchsorted(times, start, "left")) - 1)
        high = min(len(times), int(np.searchsorted(times, end, "right")) + 1)
        known, times = known[low:high], times[low:high]
        values = self.values[known]
        if not len(times):
            return Line(np.empty(0), np.empty(0))
        # interrupted before a point: by a gap, or by an observation without a number
        broken = np.zeros(len(times), bool)
        broken[1:] = (np.diff(times) > self.gap) | (np.diff(known) > 1)
        if len(times) > 4 * columns:
            column = np.floor((times - start) * (columns / (end - start))).clip(-1, columns)
            kept, fresh_column = _extremes(values, column)
            # an interruption within a column is narrower than what can be seen
            broken = broken[kept] & fresh_column
            times, values = times[kept], values[kept]
        at = np.flatnonzero(broken)
        middle = (times[at - 1] + times[at]) / 2
        return Line(np.insert(times, at, middle), np.insert(values, at, np.nan))


def series(
    observations: Iterable[ObservationLike], rule: Rule, *, unit: str = "", id: str = "", name: str = ""
) -> Series:
    """From observations in any order. At one time the last of them counts; booleans become 1 and 0."""
    times: list[float] = []
    values: list[float] = []
    special = rule.sentinels | rule.clamped
    for observation in observations:
        times.append(observation.time)
        result = observation.result
        if type(result) is float and result not in special:
            values.append(result)  # nearly all, and of a million it matters
        else:
            values.append(chart_number(*understand(result, rule)))
    return from_arrays(np.array(times, np.float64), np.array(values, np.float64), unit=unit, id=id, name=name)


def chart_number(kind: str, value: Value, number: float) -> float:
    """What is drawn of a result: its number, 1 or 0 of a boolean, else NaN."""
    return float(bool(value)) if kind == BOOLEAN else number


def from_arrays(times: Floats, values: Floats, *, unit: str = "", id: str = "", name: str = "") -> Series:
    """From two arrays of shape (n,), in any order. At one time the last counts; what is infinite is no number."""
    times, values = np.asarray(times, np.float64), np.asarray(values, np.float64)
    valid = np.isfinite(times)
    if not valid.all():
        times, values = times[valid], values[valid]
    values = np.where(np.isfinite(values), values, np.nan)
    if len(times) > 1 and not (np.diff(times) > 0).all():
        times, values = _ordered(times, values)
    return Series(times, values, unit, id, name)


def _ordered(times: Floats, values: Floats) -> tuple[Floats, Floats]:
    order = np.argsort(times, kind="stable")
    times, values = times[order], values[order]
    last = np.append(np.diff(times) > 0, True)
    return times[last], values[last]


def _extremes(values: Floats, column: Floats) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """The places of first, last, lowest and highest of each run of ``column``, ascending; which of them begin a run."""
    first = np.append(0, np.flatnonzero(np.diff(column)) + 1)
    last = np.append(first[1:], len(values)) - 1
    counts = last - first + 1
    places = [first, last]
    for extreme in (np.minimum.reduceat(values, first), np.maximum.reduceat(values, first)):
        hits = np.flatnonzero(values == np.repeat(extreme, counts))
        # of several equal ones in a run, the first
        places.append(hits[np.searchsorted(hits, first)])
    kept = np.unique(np.concatenate(places))
    return kept, np.isin(kept, first, assume_unique=True)
