"""An area as it comes to be: pieces that replace it, are added or cut out, and what the checks say of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from ...pilots import checks, shapes
from ...pilots.checks import Surroundings
from ...pilots.problems import Problem
from ...pilots.record import Pilot
from ...text import tr
from ...twin.errors import CityTwinError

_DUST = 1e-9  # of the whole: what is left where two outlines nearly agree
# of these the size and the neighbours mean nothing
_NO_SIZE = {"no-area", "not-an-area", "degrees", "off-the-map", "not-checked"}


class How(Enum):
    """What a new piece does to the area that is there."""

    REPLACE = "replace"
    ADD = "add"
    CUT = "cut"


@dataclass(frozen=True)
class Step:
    """One state of the area: ``piece`` put on ``base`` (ISO WKB in the pilot's CRS). ``notes``: what came with it."""

    base: bytes | None = None
    piece: bytes | None = None
    how: How = How.REPLACE
    notes: tuple[str, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether the area is as it was given: nothing has to be worked out."""
        return self.piece is None or self.base is None or self.how is How.REPLACE

    def area(self) -> bytes | None:
        """The area: what was given as it is, else valid and straight-edged. Any thread."""
        if self.piece is None:
            return self.base
        if self.how is How.REPLACE:
            return self.piece
        if self.base is None:
            return self.piece if self.how is How.ADD else None
        return combined(self.base, self.piece, self.how)


@dataclass(frozen=True)
class Verdict:
    """What a pilot's area is in the end, and what is wrong with it. ``area`` in m² and ``perimeter`` in m, in
    EPSG:28992; None where they mean nothing. ``avoided``: m² that were left to other pilots."""

    pilot: Pilot
    whole: bytes | None  # before others' ground was cut off
    problems: tuple[Problem, ...] = ()
    area: float | None = None
    perimeter: float | None = None
    avoided: float = 0.0
    note: str = ""
    seconds: float = 0.0

    @property
    def errors(self) -> int:
        return sum(problem.severity == "error" for problem in self.problems)

    @property
    def warnings(self) -> int:
        return sum(problem.severity == "warning" for problem in self.problems)


def combined(base: bytes, piece: bytes, how: How) -> bytes | None:
    """``piece`` added to ``base``, or cut out of it; None where nothing is left."""
    mine, other = shapes.shape_of(base), shapes.shape_of(piece)
    if mine is None or other is None:
        return base if mine is not None else piece
    mine, other = shapes.areal(mine), shapes.areal(other)
    done = mine.Union(other) if how is How.ADD else mine.Difference(other)
    return _clean(done)


def judge(pilot: Pilot, step: Step, around: Surroundings, avoid: bool) -> Verdict:
    """The checks' verdict on ``pilot`` with the area of ``step``. ``avoid``: leave their ground to pilots that run at
    the same time, or of which nobody knows. Any thread; never raises for what the area holds."""
    begun = time.perf_counter()
    whole = step.area()
    pilot = checks.with_outline(pilot, whole, pilot.srid)
    problems, note, before = checks.check_outline(pilot, around), "", _size(pilot)[0]
    if avoid and not any(problem.severity == "error" for problem in problems):
        try:
            left = _avoiding(pilot, problems)
        except CityTwinError:
            left = pilot
            note = tr("All of the area belongs to other pilots, so that nothing was cut off.")
        if left is not pilot:
            pilot, problems = left, checks.check_outline(left, around)
    area, perimeter = _size(pilot) if not _NO_SIZE & {problem.code for problem in problems} else (None, None)
    avoided = before - area if before is not None and area is not None else 0.0
    seconds = time.perf_counter() - begun
    return Verdict(pilot, whole, tuple(problems), area, perimeter, avoided, note, seconds)


def same(one: bytes | None, other: bytes | None) -> bool:
    """Whether two areas are one, wherever their rings begin."""
    if one == other or one is None or other is None:
        return one == other
    if len(one) != len(other):
        return False
    first, second = shapes.shape_of(one), shapes.shape_of(other)
    return first is not None and second is not None and bool(first.Normalize().Equals(second.Normalize()))


def multi(wkb: bytes | None) -> bytes | None:
    """Areas as MultiPolygon, the way pilots are kept; anything else, and curves, as they are."""
    shape = shapes.shape_of(wkb)
    if shape is None or shape.GetGeometryName() != "POLYGON":
        return wkb
    return shapes.wkb_of_shape(shapes.multi([shape]))


def _avoiding(pilot: Pilot, problems: list[Problem]) -> Pilot:
    left = pilot
    for problem in problems:
        if problem.code == "overlap" and problem.severity == "warning":
            left = checks.mended(left, problem)
    if left is pilot or left.wkb is None:
        return pilot
    return replace(left, wkb=_clean(shapes.shape_of(left.wkb)))


def _clean(shape: Any) -> bytes | None:
    """Areas alone, without dust; None where there are none."""
    found = shapes.areal(shape)
    parts = list(shapes.polygons(found))
    whole = found.GetArea()
    kept = [part for part in parts if part.GetArea() > _DUST * whole]
    return shapes.wkb_of_shape(shapes.multi(kept)) if kept else None


def _size(pilot: Pilot) -> tuple[float | None, float | None]:
    """Area and perimeter in EPSG:28992; None where there is none, or no way there."""
    try:
        flat = shapes.in_rd(pilot.wkb, pilot.srid)
    except CityTwinError:
        return None, None
    if flat is None:
        return None, None
    return float(flat.GetArea()), float(flat.Boundary().Length())
