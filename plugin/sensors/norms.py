"""Classes per quantity for the map's colours, from law and from the WHO where they have any; each with its source.

A norm holds for a mean over some period, a sensor mostly gives a moment or an hour: a class says between which levels
a value lies, not that a norm is broken. Where there is no norm, the classes say so.

Sources: directive 2008/50/EC, annexes XI and XIV; directive (EU) 2024/2881, annex I, section 1, table 1 (limit
values to be attained by 1 January 2030); WHO global air quality guidelines (2021), table 0.1; directive
2002/49/EC, annex VI (bands of Lden and Lnight in noise maps); WHO environmental noise guidelines for the European
region (2018); Rijkswaterstaat's definitions of slow and stationary traffic (50 and 25 km/h).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from ..text import number, tr
from . import recognise
from .values import DatastreamLike

EU_2008 = "EU 2008/50"
EU_2024 = "EU 2024/2881"
WHO_2021 = "WHO 2021"
EU_NOISE = "EU 2002/49"
WHO_NOISE = "WHO 2018"
RWS = "Rijkswaterstaat"

HOUR = "hour"
DAY = "day"
YEAR = "year"
LDEN = "Lden"
LNIGHT = "Lnight"


@dataclass(frozen=True)
class Norm:
    """A level in the quantity's unit (`recognise.UNITS`), the period whose mean it holds for, and how many times in a
    calendar year it may be exceeded (None: the source does not count)."""

    level: float
    period: str
    source: str
    times: int | None = None

    def sentence(self) -> str:
        """For a legend: who says so, and of what."""
        return tr("{source}, {period}", source=self.source, period=_period(self.period))

    def short(self) -> str:
        """For the name of a class: WHO day mean; EU 2030 year mean, which holds from 2030 on."""
        who = "WHO" if self.source in (WHO_2021, WHO_NOISE) else "EU 2030" if self.source == EU_2024 else "EU"
        return f"{who} {self.period}" if self.period in (LDEN, LNIGHT) else _short_period(who, self.period)


@dataclass(frozen=True)
class Classes:
    """``breaks``, ascending, in ``unit``: n breaks make n + 1 classes, class 0 being the lowest.

    ``worse`` is "up", "down" or "" (no direction is worse). A value on a break is in the
    lower class where more is worse (a limit may be reached, not exceeded), else in the upper one.
    """

    quantity: str
    unit: str
    breaks: tuple[float, ...]
    worse: str
    norms: tuple[Norm, ...] = ()

    @property
    def source(self) -> str:
        """Who says so, for the legend."""
        if self.quantity in (recognise.NO2, recognise.PM25, recognise.PM10):
            return tr("Levels of the EU (directives 2008/50/EC and 2024/2881) and of the WHO (2021)")
        if self.quantity == recognise.NOISE:
            return tr("Bands of EU noise maps (directive 2002/49/EC). A momentary level is no Lden")
        if self.quantity == recognise.SPEED:
            return tr("Below 50 km/h slow, below 25 km/h stationary traffic (Rijkswaterstaat)")
        if self.quantity == recognise.FLOW:
            return tr("Even steps: there is no norm for flow")
        return tr("Even steps against NAP: alarm levels differ from place to place")

    def of(self, value: float, factor: float = 1.0) -> int | None:
        """The class of ``value`` times ``factor``; None for NaN."""
        scaled = value * factor
        if scaled != scaled:
            return None
        return (bisect_left if self.worse == "up" else bisect_right)(self.breaks, scaled)

    def norms_at(self, level: float) -> tuple[Norm, ...]:
        """The norms of which ``level`` is the level."""
        return tuple(norm for norm in self.norms if norm.level == level)

    def title(self, index: int) -> str:
        """A class for a legend: its range with the unit, and what it lies above where that is somebody's norm."""
        meaning = self.meaning(index)
        span = self.span(index)
        return tr("{range} ({meaning})", range=span, meaning=meaning) if meaning else span

    def span(self, index: int) -> str:
        """The range of class ``index`` with its unit."""
        return span(self.breaks, index, self.unit if self.quantity != recognise.FLOW else tr("vehicles/h"))

    def meaning(self, index: int) -> str:
        """What class ``index`` says by itself; "" where that is no more than its range."""
        if self.quantity == recognise.SPEED:
            return (tr("stationary traffic"), tr("slow traffic"))[index] if index < 2 else ""
        found = self.norms_at(self.breaks[index - 1]) if index > 0 else ()
        now = {norm.period for norm in found if norm.source == EU_2008}
        said = [norm.short() for norm in found if norm.source != EU_2024 or norm.period not in now]
        return tr("above {norms}", norms=", ".join(said)) if said else ""


def span(breaks: Sequence[float], index: int, unit: str) -> str:
    """The range of class ``index`` between ``breaks``, with the unit."""
    if index == 0:
        return tr("below {level}", level=_measure(breaks[0], unit)) if breaks else unit
    if index >= len(breaks):
        return tr("over {level}", level=_measure(breaks[-1], unit))
    low, high = breaks[index - 1], breaks[index]
    # a dash beside a minus is hard to read
    if low < 0:
        return tr("{low} to {high}", low=_plain(low), high=_measure(high, unit))
    return tr("{low}–{high}", low=_plain(low), high=_measure(high, unit))


def _measure(level: float, unit: str) -> str:
    return f"{_plain(level)} {unit}".rstrip()


def _plain(level: float) -> str:
    text = f"{level:.12f}".rstrip("0").rstrip(".")
    places = len(text.partition(".")[2])
    return number(level, f",.{places}f").replace("-", "−")


NORMS: dict[str, tuple[Norm, ...]] = {
    recognise.NO2: (
        Norm(10, YEAR, WHO_2021),
        Norm(20, YEAR, EU_2024),
        Norm(25, DAY, WHO_2021),
        Norm(40, YEAR, EU_2008),
        Norm(50, DAY, EU_2024, 18),
        Norm(200, HOUR, EU_2008, 18),
        Norm(200, HOUR, EU_2024, 3),
    ),
    recognise.PM25: (
        Norm(5, YEAR, WHO_2021),
        Norm(10, YEAR, EU_2024),
        Norm(15, DAY, WHO_2021),
        Norm(25, YEAR, EU_2008),
        Norm(25, DAY, EU_2024, 18),
    ),
    recognise.PM10: (
        Norm(15, YEAR, WHO_2021),
        Norm(20, YEAR, EU_2024),
        Norm(40, YEAR, EU_2008),
        Norm(45, DAY, WHO_2021),
        Norm(45, DAY, EU_2024, 18),
        Norm(50, DAY, EU_2008, 35),
    ),
    # of road traffic
    recognise.NOISE: (Norm(50, LNIGHT, EU_NOISE), Norm(53, LDEN, WHO_NOISE), Norm(55, LDEN, EU_NOISE)),
}


def _levels(quantity: str) -> tuple[float, ...]:
    return tuple(sorted({norm.level for norm in NORMS[quantity]}))


@cache
def classes(quantity: str) -> Classes:
    """The classes of one of `recognise.QUANTITIES`."""
    unit = recognise.UNITS[quantity]
    if quantity in (recognise.NO2, recognise.PM25, recognise.PM10):
        return Classes(quantity, unit, _levels(quantity), "up", NORMS[quantity])
    if quantity == recognise.NOISE:
        return Classes(quantity, unit, (50, 53, 55, 60, 65, 70, 75), "up", NORMS[quantity])
    if quantity == recognise.SPEED:
        return Classes(quantity, unit, (25, 50, 70, 90), "down")
    if quantity == recognise.FLOW:
        return Classes(quantity, unit, (500, 1000, 2000, 4000, 8000, 16000), "")
    return Classes(quantity, unit, (-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5), "")


@dataclass(frozen=True)
class Fit:
    """The classes that fit a datastream, and what its values are multiplied by to be in their unit."""

    classes: Classes
    factor: float


def fit(datastream: DatastreamLike) -> Fit | None:
    """The classes for a datastream; None where its quantity or unit is unknown, or its water level is not of NAP."""
    quantity = recognise.quantity(datastream)
    if quantity is None or (quantity == recognise.WATER_LEVEL and not recognise.is_nap(datastream)):
        return None
    factor = recognise.factor(quantity, datastream.unit)
    return None if factor is None else _fit(quantity, factor)


@lru_cache(maxsize=1024)
def _fit(quantity: str, factor: float) -> Fit:
    return Fit(classes(quantity), factor)  # thousands have the same


def even_classes(values: Iterable[float], count: int = 5) -> tuple[float, ...]:
    """Round breaks for what has no classes of its own: at most ``count`` of them between the smallest and the largest.

    Empty where there is nothing to divide.
    """
    known = [value for value in values if value == value and abs(value) != float("inf")]
    if count < 1 or not known or (low := min(known)) == (high := max(known)):
        return ()
    raw = (high - low) / (count + 1)
    step = next((size for size in _steps(raw) if size >= raw), raw)
    first = int(low // step) + 1
    found = tuple(float(f"{step * (first + index):.12g}") for index in range(count + 1))
    return tuple(level for level in found if low < level < high)[:count]


def _steps(raw: float) -> tuple[float, ...]:
    power = float(f"1e{int(f'{raw:e}'.split('e')[1])}")
    return tuple(power * size for size in (1, 2, 2.5, 5, 10))


def _period(period: str) -> str:
    if period == HOUR:
        return tr("mean of an hour")
    if period == DAY:
        return tr("mean of a day")
    if period == YEAR:
        return tr("mean of a year")
    return tr("Lnight of a year") if period == LNIGHT else tr("Lden of a year")


def _short_period(who: str, period: str) -> str:
    if period == HOUR:
        return tr("{who} hour mean", who=who)
    return tr("{who} day mean", who=who) if period == DAY else tr("{who} year mean", who=who)
