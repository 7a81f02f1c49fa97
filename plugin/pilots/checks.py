"""All checks of pilots, while drawing (one) and before publishing (all of a working copy)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from ..text import tr
from ..twin.errors import CityTwinError
from ..twin.progress import SILENT, Progress
from ..twin.progress import check as look
from . import outline, shapes
from .described import described_problems
from .outline import LIMITS, Limits
from .problems import SEVERITIES, Problem
from .record import Pilot
from .surroundings import municipality_problems, overlap_problems


@dataclass(frozen=True)
class Surroundings:
    """What a pilot is checked against. ``municipality``: WKB in EPSG:28992 (`municipality_of`), None: not known."""

    others: Sequence[Pilot] = ()
    municipality: bytes | None = field(default=None, repr=False)
    limits: Limits = LIMITS


def check_outline(pilot: Pilot, around: Surroundings) -> list[Problem]:
    """What is wrong with the area: quick enough while drawing (a few milliseconds a hundred pilots)."""
    return _sorted(_outline(pilot, around))


def check(pilot: Pilot, around: Surroundings, today: date) -> list[Problem]:
    """All that is wrong with one pilot, the gravest first. Never raises for what the pilot holds."""
    return _sorted([*_outline(pilot, around), *described_problems(pilot, today)])


def check_all(
    pilots: Iterable[Pilot],
    today: date,
    municipality: bytes | None = None,
    limits: Limits = LIMITS,
    progress: Progress = SILENT,
) -> list[Problem]:
    """All that is wrong with ``pilots``, pilot by pilot. Raises `Cancelled`."""
    todo = list(pilots)
    around = Surroundings(todo, municipality, limits)
    found = []
    for index, pilot in enumerate(todo):
        look(progress)
        progress.report(index, len(todo), tr("Checking {label}", label=pilot.label))
        found.extend(check(pilot, around, today))
    return found


def _outline(pilot: Pilot, around: Surroundings) -> list[Problem]:
    try:
        found = list(outline.outline_problems(pilot, around.limits))
        # neighbours and borders mean nothing to what is no area, or in no place on earth
        if not {"no-area", "not-an-area", "degrees", "off-the-map"} & {problem.code for problem in found}:
            found += municipality_problems(pilot, around.municipality)
            found += overlap_problems(pilot, around.others, around.limits)
    except CityTwinError as error:
        return [Problem("not-checked", "error", outline.GEOM, str(error), srid=pilot.srid, pilot=pilot.key)]
    return found


def mended(pilot: Pilot, problem: Problem) -> Pilot:
    """``pilot`` with the problem's own fix applied. Raises `CityTwinError` where it has none or it no longer holds."""
    if problem.fix is None:
        raise CityTwinError(tr("Nothing mends this by itself. {advice}", advice=problem.advice))
    return problem.fix.apply(pilot)


def with_outline(pilot: Pilot, wkb: bytes | None, srid: int) -> Pilot:
    """``pilot`` as it is being drawn: with another area. Curves and heights may come; they are checked."""
    return replace(pilot, wkb=wkb, srid=srid)


def area_of(pilot: Pilot) -> float:
    """The area in m², exact in EPSG:28992; 0 where there is none. Raises `CityTwinError` for an unknown CRS."""
    flat = shapes.in_rd(pilot.wkb, pilot.srid)
    return float(flat.GetArea()) if flat is not None else 0.0


def _sorted(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: SEVERITIES.index(problem.severity))
