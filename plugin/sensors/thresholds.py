"""Thresholds with hysteresis, and the log of what crossed them when."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ..text import tr
from ..twin.errors import CityTwinError
from .figures import figures
from .values import DatastreamLike

# how many crossings the log keeps
KEPT = 10_000


@dataclass(frozen=True)
class Threshold:
    """A level not to be crossed, in the datastreams' own unit.

    ``above``: too much is above the level, else too little is below it. Once crossed, a value must come back by
    ``hysteresis`` before it counts as back. It holds for the datastreams of ``observed_property`` (an id), for those
    with an id in ``datastreams``, or, where both are None, for all; of these only for those whose unit is ``unit`` (its
    symbol, else its name, "" for none; None: any unit). Raises `CityTwinError` for what can be no level.
    """

    id: str
    name: str
    level: float
    above: bool = True
    hysteresis: float = 0.0
    observed_property: str | None = None
    datastreams: frozenset[str] | None = None
    unit: str | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.level):
            raise CityTwinError(tr("A threshold needs a number as its level. Enter one."))
        if not (math.isfinite(self.hysteresis) and self.hysteresis >= 0):
            raise CityTwinError(tr("The hysteresis of a threshold is zero or more. Enter such a number."))

    def holds_for(self, datastream: DatastreamLike) -> bool:
        if self.datastreams is not None and datastream.id not in self.datastreams:
            return False
        if self.unit is not None and unit_of(datastream) != self.unit:
            return False
        return self.observed_property is None or datastream.observed_property.id == self.observed_property

    def crossed(self, value: float, before: bool) -> bool:
        """Whether ``value`` counts as beyond the level; ``before`` is the answer for the value before it."""
        level = self.level
        if self.above:
            return value > (level - self.hysteresis if before else level)
        return value < (level + self.hysteresis if before else level)


class Crossing(NamedTuple):
    """A value that went beyond a threshold (``entered``) or came back; ``time`` is its phenomenon time."""

    time: float
    datastream: str
    name: str
    threshold: Threshold
    entered: bool
    value: float
    unit: str

    def sentence(self) -> str:
        """For the message bar and the log."""
        values = {
            "name": self.name or self.datastream,
            "value": amount(self.value, self.unit),
            "level": amount(self.threshold.level),
            "threshold": self.threshold.name,
        }
        if not self.entered:
            return tr("{threshold}: {name} is back at {value} (threshold {level}).", **values)
        if self.threshold.above:
            return tr("{threshold}: {name} is above {level} with {value}.", **values)
        return tr("{threshold}: {name} is below {level} with {value}.", **values)


class Watch:
    """One threshold on one datastream: whether it is crossed, and whether it was (``before``) when the stream broke."""

    __slots__ = ("before", "inside", "threshold")

    def __init__(self, threshold: Threshold) -> None:
        self.threshold = threshold
        self.inside = False
        self.before: bool | None = None

    def take(self, value: float) -> bool:
        """Take the next value; True when it crossed, one way or the other."""
        now = self.threshold.crossed(value, self.inside)
        changed = now != self.inside
        self.inside = now
        return changed


class Exchange:
    """From some thresholds to others: what goes and what is new, found once for thousands of datastreams.

    ``after`` has the very objects of ``before`` where they are equal.
    """

    def __init__(self, before: tuple[Threshold, ...], after: Iterable[Threshold]) -> None:
        known = {threshold: threshold for threshold in before}
        self.before = before
        self.after = tuple(known.get(threshold, threshold) for threshold in after)
        stay = dict.fromkeys(self.after)
        self._gone = {id(threshold) for threshold in before if threshold not in stay}
        self._new = [threshold for threshold in stay if threshold not in known]

    def watches(self, watches: list[Watch], datastream: DatastreamLike) -> tuple[list[Watch], list[Watch]]:
        """Of one datastream, whose ``watches`` were made for ``before``: (all that are for ``after``, the new ones)."""
        new = [Watch(threshold) for threshold in self._new if threshold.holds_for(datastream)]
        if self._gone:
            watches = [watch for watch in watches if id(watch.threshold) not in self._gone]
        return watches + new, new


def unit_of(datastream: DatastreamLike) -> str:
    """The symbol of its unit, else the unit's name; "" where it has none."""
    unit = datastream.unit
    return (unit.symbol or unit.name) if unit else ""


def amount(value: float, unit: str = "") -> str:
    """``value`` in a few figures, with its unit."""
    return f"{figures(value)} {unit}".rstrip()
