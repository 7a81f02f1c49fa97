"""Levels worth watching, from law and from the WHO, in the unit that the sensors have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...sensors import norms, recognise
from ...sensors.thresholds import amount, unit_of
from ...sensors.values import DatastreamLike
from ...text import tr


@dataclass(frozen=True)
class Suggestion:
    """``level`` in the sensors' unit; ``words`` say whose it is, of what, and how much; ``name`` is for the
    threshold."""

    name: str
    level: float
    above: bool
    words: str


def suggestions(datastreams: Iterable[DatastreamLike]) -> tuple[Suggestion, ...]:
    """For datastreams of one observed property and unit; none where nobody says what is too much."""
    first = next(iter(datastreams), None)
    fit = norms.fit(first) if first is not None else None
    if first is None or fit is None or not fit.factor:
        return ()
    unit = unit_of(first)
    found = []
    for norm in fit.classes.norms:
        level = _level(norm.level, fit.factor)
        source = norm.sentence()
        found.append(
            Suggestion(
                tr("{title} ({source})", title=first.observed_property.name, source=norm.short()),
                level,
                fit.classes.worse != "down",
                tr("{source}: {level}", source=source, level=amount(level, unit)),
            )
        )
    if fit.classes.quantity == recognise.SPEED:
        for level, name in ((25.0, tr("Stationary traffic")), (50.0, tr("Slow traffic"))):
            own = _level(level, fit.factor)
            words = tr("{source}, {name}: {level}", source=norms.RWS, name=name.lower(), level=amount(own, unit))
            found.append(Suggestion(name, own, False, words))
    return tuple(found)


def hysteresis(level: float) -> float:
    """A twentieth of ``level`` in one figure: a value that trembles around it is one crossing, not fifty."""
    return abs(float(f"{level / 20:.1g}"))


def _level(level: float, factor: float) -> float:
    return float(f"{level / factor:.4g}")
