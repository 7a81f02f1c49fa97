"""How the three kinds of conditions of a pilot stand: shares of criteria, never a score of people."""

from __future__ import annotations

from dataclasses import dataclass

from . import vocabulary as words
from .parts import Assessment
from .record import Pilot


@dataclass(frozen=True)
class Standing:
    """How many criteria of one condition were rated how. Criteria that do not apply are left out of the shares."""

    condition: str
    met: int
    partly: int
    not_met: int
    unknown: int
    not_applicable: int

    @property
    def criteria(self) -> int:
        """Those that apply."""
        return self.met + self.partly + self.not_met + self.unknown

    @property
    def rated(self) -> int:
        return self.met + self.partly + self.not_met

    def share(self, rating: str) -> float:
        """The share of the applying criteria with that rating (``met``, ``partly met``, ``not met``, ``unknown``), 0 to
        1; the four add up to 1. 0 where no criterion applies."""
        counts = {words.MET: self.met, words.PARTLY: self.partly, words.NOT_MET: self.not_met,
                  words.UNKNOWN: self.unknown}  # fmt: skip
        return counts[rating] / self.criteria if self.criteria else 0.0

    @property
    def met_of_rated(self) -> float | None:
        """The share of the rated criteria that are met at least partly; None where none is rated."""
        return (self.met + self.partly) / self.rated if self.rated else None


def criteria_of(pilot: Pilot, condition: str) -> tuple[Assessment, ...]:
    """All criteria of a condition in their order, those not assessed yet as unknown; a city's own behind them."""
    given = {one.criterion: one for one in pilot.condition(condition)}
    known = words.CRITERIA[condition]
    own = (one for name, one in given.items() if name not in known)
    return (*(given.get(name, Assessment(name)) for name in known), *own)


def standing(pilot: Pilot, condition: str) -> Standing:
    """How ``technical``, ``human`` or ``institutional`` conditions of a pilot stand."""
    ratings = [one.rating for one in criteria_of(pilot, condition)]
    met, partly, not_met = (ratings.count(word) for word in words.RATED)
    off = ratings.count(words.NOT_APPLICABLE)
    return Standing(condition, met, partly, not_met, len(ratings) - met - partly - not_met - off, off)


def standings(pilot: Pilot) -> tuple[Standing, Standing, Standing]:
    """Technical, human and institutional, in this order."""
    technical, human, institutional = (standing(pilot, name) for name in words.CONDITIONS)
    return technical, human, institutional
