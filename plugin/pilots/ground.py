"""The ground of a pilot: its area in metres, or why it has none, and which other pilots are near."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..text import tr
from ..twin.errors import CityTwinError
from ..twin.progress import SILENT, Progress, check
from . import shapes
from .figures import Neighbour
from .outline import has_curves, no_ground
from .record import Pilot

NEAR = 500.0  # metres


def ground_of(pilot: Pilot) -> tuple[Any, list[str]]:
    """A pilot's area in EPSG:28992, valid, as `ogr.Geometry`, and what should be known of how it was come by. Raises
    `CityTwinError` where nothing can lie inside."""
    nowhere = no_ground(pilot)
    shape = shapes.in_rd(pilot.wkb, pilot.srid) if nowhere is None else None
    if nowhere is not None and nowhere.code != "no-area":
        mend = nowhere.advice
        if nowhere.fix is not None:
            mend = tr("“{fix}” in the list of its problems mends that.", fix=nowhere.fix.label)
        raise CityTwinError(
            tr("{name} cannot be measured. {reason} {advice}", name=pilot.label, reason=nowhere.sentence, advice=mend)
        )
    if shape is None:
        raise CityTwinError(
            tr("{name} has no area, so nothing lies inside it. Draw its outline first.", name=pilot.label)
        )
    drawn, remarks = shapes.shape_of(pilot.wkb), []
    if drawn is not None and has_curves(drawn):
        remarks.append(tr("The outline has curves; they were measured as short straight pieces."))
    if not shapes.is_valid(pilot.wkb):
        remarks.append(tr("The outline of the pilot is not valid; it was mended for this calculation."))
    return shape, remarks


def neighbours_of(
    pilot: Pilot,
    shape: Any,
    others: Iterable[Pilot],
    near: float,
    notes: list[str],
    progress: Progress = SILENT,
) -> tuple[Neighbour, ...]:
    """The pilots at most ``near`` metres from ``shape`` (an `ogr.Geometry` in EPSG:28992), the nearest first. One that
    cannot be measured is told in ``notes``. Raises `Cancelled`."""
    found = []
    for other in others:
        check(progress)
        if other.key == pilot.key:
            continue
        try:
            theirs = shapes.in_rd(other.wkb, other.srid)
        except CityTwinError as error:
            notes.append(tr("How near {name} is, is not known. {reason}", name=other.label, reason=error.message))
            continue
        if theirs is None or _apart(shape, theirs) > near:
            continue
        distance = float(shape.Distance(theirs))
        if distance <= near:
            overlap = float(shape.Intersection(theirs).GetArea()) if distance == 0 else 0.0
            found.append(Neighbour(other.key, other.name, other.stage, distance, overlap))
    return tuple(sorted(found, key=lambda one: (one.distance, -one.overlap)))


def _apart(one: Any, other: Any) -> float:
    """How far the boxes are from each other: the shapes are no nearer."""
    west, east, south, north = one.GetEnvelope()
    left, right, low, high = other.GetEnvelope()
    return float(max(left - east, west - right, low - north, south - high, 0.0))
