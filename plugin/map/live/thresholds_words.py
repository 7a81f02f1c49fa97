"""What crossings come to, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from ...sensors.thresholds import Crossing, amount
from ...text import tr, trn

# a line of the message bar
_LINE = 110
# how many sensors are named, and with how many letters: the first that fits
_TRIES = ((2, 60), (2, 30), (1, 40), (1, 24))
_TITLE = 40  # letters of a threshold's name, where room is short


class Entry(NamedTuple):
    """A crossing, the service (landing page) whose datastream it is of, and what carries the sensor."""

    service: str
    crossing: Crossing
    thing: str = ""

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
    """One sentence for all that went ``beyond``, of which ``back`` sensors came back since: of one line, where the
    threshold's own name leaves room for that."""
    words = ""
    for count, letters in _TRIES:
        words = _sentence(beyond, back, count, letters)
        if len(words) <= _LINE:
            break
    return words


def _sentence(beyond: Sequence[Entry], back: int, named: int, letters: int) -> str:
    furthest = sorted(beyond, key=lambda entry: distance(entry.crossing), reverse=True)
    sensors = {entry.sensor for entry in furthest}
    if len(sensors) == 1 and len(furthest) == 1:
        one = furthest[0]
        title = _cut(one.crossing.threshold.name, max(_TITLE, letters))
        words = one.crossing._replace(
            name=_cut(_name(one), letters), threshold=replace(one.crossing.threshold, name=title)
        ).sentence()
        return words + " " + tr("It is back since.") if back else words
    n = len(sensors)
    worst: dict[tuple[str, str], str] = {}
    for entry in furthest:
        crossing = entry.crossing
        worst.setdefault(
            entry.sensor,
            tr("{name} ({value})", name=_cut(_name(entry), letters), value=amount(crossing.value, crossing.unit)),
        )
        if len(worst) == named:
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
        values["threshold"] = _cut(crossing.threshold.name, _TITLE)
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


def _name(entry: Entry) -> str:
    """The thing's, since the threshold says what is measured."""
    return entry.thing or entry.crossing.name or entry.crossing.datastream


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1].rstrip()}…"
