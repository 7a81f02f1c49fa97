"""What crossings come to, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...sensors.thresholds import Crossing, amount
from ...text import tr, trn

_NAMED = 3


class Entry(NamedTuple):
    """A crossing, and the service (landing page) whose datastream it is of."""

    service: str
    crossing: Crossing

    @property
    def sensor(self) -> tuple[str, str]:
        """Service and datastream."""
        return (self.service, self.crossing.datastream)

    @property
    def key(self) -> tuple[str, str, str]:
        """Service, datastream and threshold."""
        return (self.service, self.crossing.datastream, self.crossing.threshold.id)


def distance(crossing: Crossing) -> float:
    """How far beyond its threshold, as a share of the level: it makes thresholds of several quantities comparable."""
    threshold = crossing.threshold
    return abs(crossing.value - threshold.level) / max(abs(threshold.level), threshold.hysteresis, 1e-9)


def sentence(beyond: Sequence[Entry], back: int = 0) -> str:
    """One sentence for all that went ``beyond``, of which ``back`` sensors came back since."""
    furthest = sorted(beyond, key=lambda entry: distance(entry.crossing), reverse=True)
    sensors = {entry.sensor for entry in furthest}
    if len(sensors) == 1 and len(furthest) == 1:
        words = furthest[0].crossing.sentence()
        return words + " " + tr("It is back since.") if back else words
    n = len(sensors)
    worst: dict[tuple[str, str], str] = {}
    for entry in furthest:
        crossing = entry.crossing
        worst.setdefault(
            entry.sensor,
            tr(
                "{name} ({value})",
                name=crossing.name or crossing.datastream,
                value=amount(crossing.value, crossing.unit),
            ),
        )
        if len(worst) == _NAMED:
            break
    thresholds = {entry.crossing.threshold for entry in furthest}
    values = {"worst": ", ".join(worst.values())}
    if len(thresholds) > 1:
        words = trn(
            "{n} sensor went beyond {m} thresholds: {worst}.",
            "{n} sensors went beyond {m} thresholds, furthest {worst}.",
            n,
            m=len(thresholds),
            **values,
        )
    else:
        crossing = furthest[0].crossing
        values["threshold"] = crossing.threshold.name
        values["level"] = amount(crossing.threshold.level, crossing.unit)
        if crossing.threshold.above:
            words = trn(
                "{threshold}: {n} sensor is above {level}, {worst}.",
                "{threshold}: {n} sensors are above {level}, furthest {worst}.",
                n,
                **values,
            )
        else:
            words = trn(
                "{threshold}: {n} sensor is below {level}, {worst}.",
                "{threshold}: {n} sensors are below {level}, furthest {worst}.",
                n,
                **values,
            )
    if back:
        words += " " + trn("{n} of them is back since.", "{n} of them are back since.", back)
    return words
