"""History as frames: which reading of each sensor is shown in which of them. Plain NumPy, seconds since 1970 UTC.

A frame shows what was known at its end: the last reading that came in it or before. A reading that is not followed in
time by the next one fades and then is hollow, as it would have been on the live map, instead of staying.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...sensors import freshness, recognise, values, words
from ...sensors.norms import Fit, fit
from ...sensors.series import Series
from ...sensors.state import Latest
from ...sensors.thresholds import Threshold, Watch, unit_of
from ...sensors.trend import UNKNOWN
from ...sensors.values import DatastreamLike

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

# seconds that a clock can be told in
STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
MOST_FRAMES = 1500
_FEWEST = 3
# without a rhythm: as for live values
_UNKNOWN_LIVE, _UNKNOWN_LATE = 900.0, 86400.0
_LEAST_PATIENCE = 10.0


@dataclass(frozen=True)
class Frames:
    """``count`` frames of ``step`` seconds from ``start`` on; a frame includes its begin, not its end."""

    start: float
    step: float
    count: int

    @property
    def end(self) -> float:
        return self.start + self.count * self.step

    @staticmethod
    def over(start: float, end: float, step: float) -> Frames:
        """The frames that cover a period, on the step's own marks."""
        first = math.floor(start / step) * step
        return Frames(first, step, max(1, math.ceil((end - first) / step - 1e-9)))


@dataclass(frozen=True, eq=False)
class Shown:
    """One row for each stretch of frames in which a sensor looks the same. All arrays of shape (n,).

    ``begins`` and ``ends``: the first frame's begin and the last one's end; ``times``, ``numbers`` (NaN where there is
    none): the reading that is shown; ``fresh``: live, late or silent; ``exceeded``: thresholds crossed then.
    """

    begins: Floats
    ends: Floats
    times: Floats
    numbers: Floats
    fresh: tuple[str, ...]
    exceeded: Ints

    def __len__(self) -> int:
        return len(self.begins)


def patience(times: Floats) -> tuple[float, float]:
    """How long after a reading a sensor with readings at these ascending ``times`` is live, and how long late."""
    if len(times) < _FEWEST:
        return _UNKNOWN_LIVE, _UNKNOWN_LATE
    median, slow = np.percentile(np.diff(times), (50, 90))
    kept = float(max(1.5 * median, 1.1 * min(slow, 10 * median), _LEAST_PATIENCE))
    return kept, 3 * kept


def rhythm(found: Sequence[Series]) -> float | None:
    """The usual interval between readings in seconds, over several sensors; None where none has two."""
    medians = [float(np.median(np.diff(one.times))) for one in found if len(one) > 1]
    return float(np.median(medians)) if medians else None


def step_for(interval: float | None, period: float) -> int:
    """The frame in seconds that fits a rhythm of ``interval``, and makes no endless film of ``period`` seconds."""
    wanted = max(0.9 * (interval or 60.0), period / MOST_FRAMES)
    return next((step for step in STEPS if step >= wanted), STEPS[-1])


def shown(series: Series, frames: Frames, thresholds: Sequence[Threshold] = ()) -> Shown:
    """What is seen of one sensor; the readings before the first frame tell what it begins with."""
    live, late = patience(series.times)
    exceeded = _exceeded(series, thresholds)
    place = np.floor((series.times - frames.start) / frames.step + 1e-9).astype(np.int64)
    place = place[: np.searchsorted(place, frames.count, "left")]  # what comes after the last frame is not shown
    before, first = place < 0, np.maximum(place, 0)
    # of several in one frame the last
    kept = np.flatnonzero(np.append(np.diff(first) > 0, True)) if len(first) else np.empty(0, np.int64)
    begin = first[kept]
    until = np.append(begin[1:], frames.count) if len(kept) else begin
    age = series.times[kept] - frames.start
    # the first frame at whose end it is too old; that in which it came shows it fresh
    least = np.where(before[kept], 0, begin + 1)
    fades = np.clip(np.floor((age + live) / frames.step + 1e-9).astype(np.int64), least, until)
    hollow = np.clip(np.floor((age + late) / frames.step + 1e-9).astype(np.int64), fades, until)
    parts = []
    for begins, ends, word in (
        (begin, fades, freshness.LIVE),
        (fades, hollow, freshness.LATE),
        (hollow, until, freshness.SILENT),
    ):
        some = np.flatnonzero(ends > begins)
        parts.append((begins[some], ends[some], kept[some], word))
    starts = np.concatenate([part[0] for part in parts])
    order = np.argsort(starts, kind="stable")
    which = np.concatenate([part[2] for part in parts])[order]
    fresh = np.concatenate([np.full(len(part[0]), part[3], dtype="U6") for part in parts])[order]
    return Shown(
        frames.start + starts[order] * frames.step,
        frames.start + np.concatenate([part[1] for part in parts])[order] * frames.step,
        series.times[which],
        series.values[which],
        tuple(fresh.tolist()),
        exceeded[which],
    )


def _exceeded(series: Series, thresholds: Sequence[Threshold]) -> Ints:
    """For each reading, how many of ``thresholds`` are crossed, with their hysteresis."""
    found = np.zeros(len(series), np.int64)
    for threshold in thresholds:
        watch = Watch(threshold)
        inside = []
        for value in series.values.tolist():
            if value == value:
                watch.take(value)
            inside.append(watch.inside)
        found += np.array(inside, np.int64)
    return found


class Cells:
    """The cells of a row that tell of its reading, as a live layer has them."""

    def __init__(self, stream: DatastreamLike) -> None:
        self._stream = stream
        self._fit: Fit | None = fit(stream)
        self._unit = unit_of(stream)
        self._boolean = stream.observation_type.rsplit("/", 1)[-1].lower() == "om_truthobservation"
        self._texts: dict[float, tuple[str, str]] = {}
        self.clamped = bool(recognise.rule(stream).clamped)

    def of(self, number: float) -> tuple[float | None, str, str, int | None]:
        """``(result, its text, its kind, its class)`` of a number, NaN where there was none."""
        if number != number:
            nothing = Latest("", values.NULL, None, self._unit, None, None, None, freshness.LIVE, UNKNOWN, False, ())
            return None, words.value(nothing), values.NULL, None
        known = self._texts.get(number)
        if known is None:
            kind = values.BOOLEAN if self._boolean else values.NUMBER
            value = bool(number) if self._boolean else number
            latest = Latest("", kind, value, self._unit, None, None, None, freshness.LIVE, UNKNOWN, False, ())
            known = self._texts[number] = (words.value(latest), kind)
        if self._boolean:
            return None, *known, None
        return number, *known, self._fit.classes.of(number, self._fit.factor) if self._fit is not None else None
