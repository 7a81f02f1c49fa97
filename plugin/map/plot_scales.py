"""Which series share an axis, and how values and times become places on the chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from qgis.PyQt.QtCore import QRectF

from ..sensors.axis import ValueTick, value_range, value_ticks
from ..sensors.series import Line

# pixels between two ticks of values
_APART = 32.0
# a threshold is in view when it is no further from the values than this part of their range
_NEAR = 0.6


@dataclass(frozen=True)
class Scale:
    """One axis of values, in ``unit``."""

    unit: str
    low: float
    high: float
    ticks: tuple[ValueTick, ...]

    def y(self, value: float, rect: QRectF) -> float:
        """Where ``value`` is."""
        return float(rect.bottom() - (value - self.low) / (self.high - self.low) * rect.height())

    def ys(self, line: Line, rect: QRectF) -> np.ndarray:
        """Where the values of ``line`` are; NaN stays NaN."""
        return rect.bottom() - (line.values - self.low) * (rect.height() / (self.high - self.low))


@dataclass(frozen=True)
class Panel:
    """A field with one axis of values, or one on each side. All panels of a chart share the times."""

    rect: QRectF
    scales: tuple[Scale, ...]

    def scale(self, unit: str) -> Scale | None:
        """The axis of that unit, None where it is in another panel."""
        return next((each for each in self.scales if each.unit == unit), None)


@dataclass(frozen=True)
class PlotArea:
    """What was painted where, in the painter's coordinates; ``rect`` is the field of times and values."""

    rect: QRectF
    start: float
    end: float
    panels: tuple[Panel, ...]

    def x(self, time: float) -> float:
        return float(self.rect.left() + (time - self.start) / (self.end - self.start) * self.rect.width())

    def time(self, x: float) -> float:
        """The time at ``x``, seconds since 1970 UTC."""
        return self.start + (x - self.rect.left()) / max(1.0, self.rect.width()) * (self.end - self.start)

    def panel(self, unit: str) -> tuple[Panel, Scale] | None:
        """Where values of ``unit`` are."""
        for panel in self.panels:
            scale = panel.scale(unit)
            if scale is not None:
                return panel, scale
        return None


def together(units: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Which units share a panel. Two share one, with an axis on each side; of three or more each has its own, one
    above the other: a common scale of percentages would say that values compare which do not."""
    distinct = tuple(dict.fromkeys(units))
    if len(distinct) <= 2:
        return (distinct,) if distinct else (("",),)
    return tuple((unit,) for unit in distinct)


def scale_of(
    unit: str, lines: Sequence[Line], levels: Sequence[float], start: float, end: float, height: float
) -> Scale:
    """The axis that shows the lines between ``start`` and ``end``, and those of ``levels`` that are near them."""
    low, high = _extent(lines, start, end)
    if low > high:
        return Scale(unit, 0.0, 1.0, ())
    reach = _NEAR * (high - low) if high > low else 0.0
    for level in levels:
        if low - reach <= level <= high + reach:
            low, high = min(low, level), max(high, level)
    low, high = value_range(low, high)
    return Scale(unit, low, high, value_ticks(low, high, max(3, int(height / _APART))))


def _extent(lines: Sequence[Line], start: float, end: float) -> tuple[float, float]:
    low, high = float("inf"), float("-inf")
    for line in lines:
        inside = line.values[(line.times >= start) & (line.times <= end)]
        inside = inside[~np.isnan(inside)]
        if not len(inside):
            # a line that crosses the view without a point in it
            inside = line.values[~np.isnan(line.values)]
        if len(inside):
            low, high = min(low, float(inside.min())), max(high, float(inside.max()))
    return low, high
