"""The norms and thresholds that a chart shows beside its sensors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ..map.plot import Level
from ..sensors import norms
from ..sensors.thresholds import Threshold
from .chart_sensor import Sensor

Watched = Callable[[str], Sequence[Threshold]]  # the thresholds of a service, by its address


def levels(sensors: Iterable[Sensor], watched: Watched | None) -> tuple[Level, ...]:
    """Each level once, in the unit of its sensors; thresholds first."""
    sensors = list(sensors)
    several = len({sensor.stream.observed_property.id for sensor in sensors}) > 1
    thresholds: dict[Level, None] = {}
    found: dict[tuple[str, float], dict[str, None]] = {}
    for sensor in sensors:
        for threshold in watched(sensor.feed.url) if watched is not None else ():
            if threshold.holds_for(sensor.stream):
                thresholds[Level(threshold.level, threshold.name, sensor.unit, threshold=True)] = None
        fit = norms.fit(sensor.stream)
        for norm in fit.classes.norms if fit is not None else ():
            value = float(f"{norm.level / fit.factor:.6g}") if fit is not None else norm.level
            what = f"{sensor.stream.observed_property.name}: " if several else ""
            found.setdefault((sensor.unit, value), {})[f"{what}{norm.sentence()}"] = None
    own = [Level(value, " · ".join(texts), unit) for (unit, value), texts in found.items()]
    return (*thresholds, *own)
