"""Checks of a pilot among others: inside the municipality, and what it overlaps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from ..text import number, tr
from ..twin.errors import CityTwinError
from . import shapes
from . import vocabulary as words
from .outline import GEOM, LIMITS, Limits
from .problems import Fix, Problem
from .record import Pilot

# districts are drawn on land: rivers and harbours between them are the city too, up to twice this width in metres
_GAP = 350.0
_TOLERATED = 0.01  # of the area, outside the municipality: two outlines of one border never agree


@dataclass(frozen=True)
class Overlap:
    """Where two pilots share ground. ``area`` in m²; the shares are of this pilot and of the other, 0 to 1.

    ``period``: the days on which both run; None where they never do, or where one has no dates (``undated``).
    """

    other: Pilot
    area: float
    share: float
    share_of_other: float
    period: tuple[date, date] | None
    undated: bool
    wkb: bytes  # in EPSG:28992

    def sentence(self) -> str:
        """With whom, how much, and when."""
        much = tr(
            "{area} m², {share} % of this pilot and {theirs} % of the other",
            area=number(self.area),
            share=number(100 * self.share, ".0f"),
            theirs=number(100 * self.share_of_other, ".0f"),
        )
        if self.period:
            return tr(
                "Overlaps {name} ({much}) while both run, from {first} to {last}.",
                name=self.other.label,
                much=much,
                first=self.period[0].isoformat(),
                last=self.period[1].isoformat(),
            )
        if self.undated:
            return tr(
                "Overlaps {name} ({much}); whether at the same time is not known: dates are missing.",
                name=self.other.label,
                much=much,
            )
        return tr("Overlaps {name} ({much}), but they do not run at the same time.", name=self.other.label, much=much)


def overlaps(pilot: Pilot, others: Iterable[Pilot], limits: Limits = LIMITS) -> list[Overlap]:
    """The pilots that share ground with this one, largest first. Stopped ones are left out: their ground is free."""
    mine = shapes.in_rd(pilot.wkb, pilot.srid)
    if mine is None or pilot.stage == words.STOPPED:
        return []
    box, area = shapes.box_of_shape(mine), mine.GetArea()
    found = []
    for other in others:
        if other.key == pilot.key or other.stage == words.STOPPED or _clearly_apart(pilot, other):
            continue
        theirs = shapes.in_rd(other.wkb, other.srid)
        reach = shapes.box_of_shape(theirs)
        if theirs is None or reach is None or box is None or not _meet(box, reach):
            continue
        shared = shapes.areal(mine.Intersection(theirs))
        if shared.GetArea() < limits.overlap:
            continue
        size = shared.GetArea()
        dates = together(pilot, other)
        undated = None in (pilot.start, pilot.end, other.start, other.end)
        wkb = shapes.wkb_of_shape(shared)
        found.append(Overlap(other, size, size / area, size / theirs.GetArea(), dates, undated and not dates, wkb))
    return sorted(found, key=lambda one: -one.area)


def together(one: Pilot, other: Pilot) -> tuple[date, date] | None:
    """The days on which both run; None where never or where not known."""
    if one.start is None or one.end is None or other.start is None or other.end is None:
        return None
    first, last = max(one.start, other.start), min(one.end, other.end)
    return (first, last) if first <= last else None


def overlap_problems(pilot: Pilot, others: Iterable[Pilot], limits: Limits = LIMITS) -> Iterator[Problem]:
    """Each overlap as a problem: a warning where both run at the same time or nobody knows, else a notice."""
    for overlap in overlaps(pilot, others, limits):
        shape = shapes.moved_to(shapes.shape_of(overlap.wkb), shapes.RD, pilot.srid)
        fix = Fix(tr("Cut the Overlap Off"), _cutter(overlap.other), geometry=True)
        yield Problem(
            "overlap",
            "warning" if overlap.period or overlap.undated else "notice",
            GEOM,
            overlap.sentence(),
            tr("Agree with {lead}, or cut the overlap off.", lead=overlap.other.lead or overlap.other.label),
            fix,
            shapes.box_of_shape(shape),
            shapes.wkb_of_shape(shape),
            pilot.srid,
            pilot.key,
            overlap.other.key,
        )


def municipality_of(districts: Iterable[bytes], srid: int) -> bytes | None:
    """The municipality's ground from its districts (WKB in EPSG:``srid``): their union with the water between them, as
    WKB in EPSG:28992; None without any."""
    parts = [found for found in (shapes.in_rd(wkb, srid) for wkb in districts) if found is not None]
    if not parts:
        return None
    union = shapes.multi([polygon for part in parts for polygon in shapes.polygons(part)]).UnionCascaded()
    closed = shapes.areal(union.Buffer(_GAP, 8).Buffer(-_GAP, 8).Union(union))
    return shapes.wkb_of_shape(closed)


def municipality_problems(pilot: Pilot, municipality: bytes | None) -> Iterator[Problem]:
    """Whether the pilot leaves the municipality (as `municipality_of` gives it); None: not known, nothing is said."""
    border, mine = shapes.shape_of(municipality), shapes.in_rd(pilot.wkb, pilot.srid)
    if border is None or mine is None:
        return
    outside = shapes.areal(mine.Difference(border))
    area, share = outside.GetArea(), outside.GetArea() / mine.GetArea()
    if share <= _TOLERATED:
        return
    shape = shapes.moved_to(outside, shapes.RD, pilot.srid)
    box, place = shapes.box_of_shape(shape), shapes.wkb_of_shape(shape)
    if share > 1 - 1e-9:
        sentence = tr("The pilot lies outside the municipality.")
        advice = tr("Draw it inside, or ask the neighbouring municipality to keep it.")
        yield Problem("outside", "error", GEOM, sentence, advice, None, box, place, pilot.srid, pilot.key)
        return
    sentence = tr(
        "{area} m² of the pilot ({share} %) lie outside the municipality.",
        area=number(area),
        share=number(100 * share, ".0f"),
    )
    fix = Fix(tr("Cut It at the Border"), _clipper(border), geometry=True)
    yield Problem("partly-outside", "warning", GEOM, sentence, "", fix, box, place, pilot.srid, pilot.key)


def _clearly_apart(one: Pilot, other: Pilot) -> bool:
    """By their boxes alone, where both count in one system: quick, before anything is mended or moved."""
    if one.srid != other.srid:
        return False
    here, there = (shapes.box_of_shape(shapes.shape_of(each.wkb)) for each in (one, other))
    return here is not None and there is not None and not _meet(here, there)


def _cutter(other: Pilot) -> Any:
    def cut(pilot: Pilot) -> Pilot:
        theirs = shapes.in_rd(other.wkb, other.srid)
        return _replaced(pilot, lambda mine: mine.Difference(theirs))

    return cut


def _clipper(border: Any) -> Any:
    return lambda pilot: _replaced(pilot, lambda mine: mine.Intersection(border))


def _replaced(pilot: Pilot, change: Any) -> Pilot:
    mine = shapes.in_rd(pilot.wkb, pilot.srid)
    left = shapes.areal(change(mine)) if mine is not None else None
    if left is None or left.GetArea() < LIMITS.least_area:
        raise CityTwinError(
            tr("Nothing worth mentioning of the pilot would be left. Nothing was changed. Draw it anew, or leave it.")
        )
    return replace(pilot, wkb=shapes.wkb_of_shape(shapes.moved_to(left, shapes.RD, pilot.srid)))


def _meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]
