"""How fresh a value is, judged by its own datastream's rhythm.

The rhythm is the median interval between observations; what also counts is the second longest of the last intervals,
so that one gap among sixteen does not make a sensor's silence look normal, and a sensor that reports irregularly is
not called late for it. The lag is the delay with which observations of this source usually arrive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

LIVE = "live"
LATE = "late"
SILENT = "silent"
NONE = "none"

# how many observations are remembered per datastream
WINDOW = 17
# An interval beyond this tells nothing of when the next comes, nor of when this one was known.
LONGEST_INTERVAL = 32 * 86400.0
# Without a rhythm: what most city sensors keep, so that nothing old looks fresh.
_UNKNOWN_LIVE, _UNKNOWN_LATE = 900.0, 86400.0
_LEAST_PATIENCE = 10.0
_LEAST_LAG_ROOM = 900.0


class Rhythm(NamedTuple):
    """Seconds. ``patience``: how long after an observation the next may take without being late."""

    median: float
    patience: float


def rhythm(times: Sequence[float], duration: float = 0.0) -> Rhythm | None:
    """The rhythm of ascending ``times`` (seconds); None where there are too few.

    ``duration`` is that of the observations' intervals: means of an hour come hourly, also when only one is known. That
    of a year which ended long ago must not look fresh for another.
    """
    intervals = sorted([later - earlier for earlier, later in zip(times, times[1:])])
    count = len(intervals)
    if count < 2:
        if not 0 < duration <= LONGEST_INTERVAL:
            return None
        median = slow = duration
    else:
        half = count // 2
        median = intervals[half] if count % 2 else (intervals[half - 1] + intervals[half]) / 2
        slow = min(intervals[-2], 10 * median)
    return Rhythm(median, max(1.5 * median, 1.1 * slow, _LEAST_PATIENCE))


def lag(lags: Sequence[float], kept: Rhythm | None) -> float:
    """The usual delay of arrival in seconds, from the last ``lags``; bounded, since a source that is always days
    behind is not live."""
    if not lags:
        return 0.0
    middle = sorted(lags)[len(lags) // 2]
    return max(0.0, min(middle, max(4 * kept.median, _LEAST_LAG_ROOM) if kept else _LEAST_LAG_ROOM))


def freshness(age: float, kept: Rhythm | None, usual_lag: float) -> tuple[str, float]:
    """``(live, late or silent; the age at which that changes)``, ages in seconds; infinite where it stays so."""
    if kept is None:
        until_late, until_silent = _UNKNOWN_LIVE + usual_lag, _UNKNOWN_LATE + usual_lag
    else:
        until_late, until_silent = usual_lag + kept.patience, usual_lag + 3 * kept.patience
    if age <= until_late:
        return LIVE, until_late
    if age <= until_silent:
        return LATE, until_silent
    return SILENT, float("inf")
