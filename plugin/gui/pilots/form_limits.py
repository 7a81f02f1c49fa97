"""How long texts may be, and the least that a sum may be: the schema's limits, told while one types."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from ...pilots import schema as cols
from ...pilots.problems import Problem
from ...pilots.record import Pilot
from ...text import number, tr
from .form_columns import attribute


@lru_cache(maxsize=1)
def _limits() -> dict[str, int]:
    return {one.name: one.max_length for one in cols.schema().properties if one.max_length}


def limit_of(column: str) -> int:
    """How many characters a column takes; 0 where nothing limits it."""
    return _limits().get(column, 0)


def length_of(pilot: Pilot, column: str) -> int:
    """How many characters a column would be stored with."""
    if column == cols.PARTNERS:
        return len("; ".join(pilot.partners))
    return len(getattr(pilot, attribute(column)))


def limit_problems(pilot: Pilot) -> Iterator[Problem]:
    """Texts that are longer than the twin takes, and a sum below nothing. Nothing is cut: the user does that."""
    for column, most in _limits().items():
        length = length_of(pilot, column)
        if length > most:
            sentence = tr(
                "{column} has {n} characters, and the twin takes {most}.",
                column=cols.title(column),
                n=number(length),
                most=number(most),
            )
            yield Problem("too-long", "error", column, sentence, tr("Shorten it."), srid=pilot.srid, pilot=pilot.key)
    if pilot.budget is not None and pilot.budget < 0:
        sentence = tr("{column} is less than nothing.", column=cols.title(cols.BUDGET))
        yield Problem("below-zero", "error", cols.BUDGET, sentence, srid=pilot.srid, pilot=pilot.key)
