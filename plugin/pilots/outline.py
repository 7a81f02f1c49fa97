"""Checks of a pilot's outline by itself: is it an area, sound, in the right place on earth, of a plausible size?"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from osgeo import ogr

from ..text import number, tr, trn
from ..twin.errors import CityTwinError
from ..workcopy.geometry import Box
from ..workcopy.validate import geometry_problems
from . import shapes
from .problems import Fix, Problem, Severity
from .record import Pilot

GEOM = "geom"


@dataclass(frozen=True)
class Limits:
    """What counts as plausible, in m² and m of EPSG:28992."""

    least_area: float = 100.0
    most_area: float = 50_000_000.0  # a city is 320 km²; a pilot that large is a policy
    small_hole: float = 50.0
    thin: float = 1.0  # an area narrower than this everywhere is a sliver
    overlap: float = 1.0  # less is two people snapping to one edge


LIMITS = Limits()


def outline_problems(pilot: Pilot, limits: Limits = LIMITS) -> Iterator[Problem]:
    """What is wrong with the outline itself. Raises `CityTwinError` only for a CRS that is not known here."""
    shape = shapes.shape_of(pilot.wkb)
    if shape is not None and has_curves(shape):
        curves = Fix(tr("Turn Curves into Straight Pieces"), _straightened, geometry=True)
        words = tr("The outline has curves, which GeoJSON and so the twin cannot hold.")
        yield _problem(pilot, "curved", "error", words, fix=curves, at=shape)
        shape = shape.GetLinearGeometry()
    nowhere = no_ground(pilot)
    if nowhere is not None:
        yield nowhere
        return  # sizes and neighbours of a place that it is not in would only confuse
    yield from _invalid(pilot, shape)
    yield from _parts(pilot, shape, limits)
    yield from _size(pilot, limits)


def has_curves(shape: Any) -> bool:
    """Whether an `ogr.Geometry` is of a kind that has curves."""
    return not shape.IsEmpty() and bool(ogr.GT_IsNonLinear(ogr.GT_Flatten(shape.GetGeometryType())))


def no_ground(pilot: Pilot) -> Problem | None:
    """Why nothing can lie inside: no area, degrees for metres, another country. None where something can."""
    shape = shapes.shape_of(pilot.wkb)
    if shape is None or shape.IsEmpty():
        words, advice = tr("The pilot has no area yet."), tr("Draw it on the map, or take it from selected features.")
        return _problem(pilot, "no-area", "error", words, advice)
    shape = shape.GetLinearGeometry() if has_curves(shape) else shape
    if not any(True for _ in shapes.polygons(shape)):
        words = tr("The pilot is a point or a line, not an area: nothing can lie inside it.")
        return _problem(pilot, "not-an-area", "error", words, tr("Buffer it, or draw an outline."), at=shape)
    return _in_degrees(pilot, shape) or _off_the_map(pilot, shape)


def _in_degrees(pilot: Pilot, shape: Any) -> Problem | None:
    box = shapes.box_of_shape(shape)
    if box is None or shapes.is_degrees(pilot.srid):
        return None
    if max(map(abs, box)) > 180:
        return None
    turned = _latitude_first(box)
    fix = Fix(tr("Read as Longitude and Latitude"), _out_of_degrees, geometry=True)
    words = tr(
        "The coordinates are degrees (about {x}, {y}), but the layer counts in metres: the pilot would lie in the sea.",
        x=number(box[0], ".3f"),
        y=number(box[1], ".3f"),
    )
    if turned:
        fix = replace(fix, label=tr("Read as Latitude and Longitude"))
    return _problem(pilot, "degrees", "error", words, fix=fix, at=shape)


def _latitude_first(box: Box) -> bool:
    """Whether degrees come as latitude, longitude: the Netherlands lie at 50–54 north, 3–8 east."""
    return 50 <= box[0] <= 54 and 3 <= box[1] <= 8


def _out_of_degrees(pilot: Pilot) -> Pilot:
    shape = shapes.shape_of(pilot.wkb)
    box = shapes.box_of_shape(shape)
    if shape is None or box is None or max(map(abs, box)) > 180:
        raise CityTwinError(tr("The coordinates are no degrees any more. Nothing was changed."))
    if _latitude_first(box):
        shape.SwapXY()
    moved = shapes.moved_to(shape, 4326, pilot.srid)
    return replace(pilot, wkb=shapes.wkb_of_shape(moved))


def _off_the_map(pilot: Pilot, shape: Any) -> Problem | None:
    box = shapes.box_of_shape(shapes.moved_to(shape, pilot.srid, shapes.RD))
    area = shapes.RD_AREA
    inside = box is not None and all(map(math.isfinite, box)) and box[0] < area[2] and box[2] > area[0]
    if box is not None and inside and box[1] < area[3] and box[3] > area[1]:
        return None
    words = tr("The pilot lies outside the Netherlands, where areas in EPSG:28992 mean nothing.")
    return _problem(pilot, "off-the-map", "error", words, tr("Check the coordinates, or draw it anew."), at=shape)


def _invalid(pilot: Pilot, shape: Any) -> Iterator[Problem]:
    fix = Fix(tr("Mend the Outline"), _mended, geometry=True)
    found = list(geometry_problems(json.loads(shapes.multi(list(shapes.polygons(shape))).ExportToJson())))
    for words, at in found:
        point = ogr.Geometry(ogr.wkbPoint)
        point.AddPoint_2D(*(at or shape.Centroid().GetPoint_2D()))
        yield _problem(pilot, "invalid", "error", words, fix=fix, at=point)


def _parts(pilot: Pilot, shape: Any, limits: Limits) -> Iterator[Problem]:
    with_places = list(shapes.polygons(shapes.areal(shape)))
    measured = [(part, shapes.moved_to(part, pilot.srid, shapes.RD)) for part in with_places]
    thin = [part for part, flat in measured if is_sliver(flat, limits)]
    if thin:
        fix = None
        if len(thin) < len(measured):
            fix = Fix(tr("Remove the Slivers"), lambda one: _without_slivers(one, limits), geometry=True)
        words = trn(
            "{n} part is a sliver, narrower than {width} m: probably left over from snapping.",
            "{n} parts are slivers, narrower than {width} m: probably left over from snapping.",
            len(thin),
            width=number(limits.thin, "g"),
        )
        yield _problem(pilot, "sliver", "warning", words, fix=fix, at=shapes.multi(thin))
    if len(measured) - len(thin) > 1:
        words = tr("The pilot has {n} separate parts.", n=len(measured) - len(thin))
        yield _problem(pilot, "multi-part", "notice", words, tr("Fine if it is meant so."), at=shape)
    holes = [(hole, size) for part, flat in measured for hole, size in _holes(part, flat)]
    if holes:
        small = sum(1 for _, size in holes if size < limits.small_hole)
        total = number(sum(size for _, size in holes))
        words = trn(
            "There is {n} hole in the area ({area} m²): what lies in it is not part of the pilot.",
            "There are {n} holes in the area ({area} m² together): what lies in them is not part of the pilot.",
            len(holes),
            area=total,
        )
        fix = Fix(tr("Fill the Holes"), _filled, geometry=True)
        severity: Severity = "warning" if small else "notice"
        yield _problem(pilot, "holes", severity, words, fix=fix, at=shapes.multi([hole for hole, _ in holes]))


def _size(pilot: Pilot, limits: Limits) -> Iterator[Problem]:
    flat = shapes.in_rd(pilot.wkb, pilot.srid)
    area = flat.GetArea() if flat is not None else 0.0
    here = shapes.shape_of(pilot.wkb)
    if area < limits.least_area:
        words = tr("The area is {area} m²: too small for a pilot.", area=number(area, ",.1f"))
        yield _problem(pilot, "too-small", "warning", words, tr("Was it drawn by mistake?"), at=here)
    elif area > limits.most_area:
        words = tr("The area is {area} km²: very large for a pilot.", area=number(area / 1e6, ",.1f"))
        yield _problem(pilot, "too-large", "warning", words, tr("Is all of it part of the pilot?"), at=here)


def is_sliver(flat: Any, limits: Limits = LIMITS) -> bool:
    """Whether a polygon in metres is nowhere as wide as ``limits.thin``."""
    length = flat.Boundary().Length()
    # the mean width answers for most; only what is long for its area is shrunk to see
    if length > 0 and 2 * flat.GetArea() / length > 4 * limits.thin:
        return False
    return bool(flat.Buffer(-limits.thin / 2).IsEmpty())


def _holes(part: Any, flat: Any) -> Iterator[tuple[Any, float]]:
    for index in range(1, part.GetGeometryCount()):
        yield _polygon(part.GetGeometryRef(index)), _polygon(flat.GetGeometryRef(index)).GetArea()


def _polygon(ring: Any) -> Any:
    out = ogr.Geometry(ogr.wkbPolygon)
    out.AddGeometry(ring)
    return out


def _straightened(pilot: Pilot) -> Pilot:
    return _with(pilot, shapes.multi(list(shapes.polygons(_shape(pilot)))))


def _mended(pilot: Pilot) -> Pilot:
    return _with(pilot, shapes.areal(_shape(pilot)))


def _filled(pilot: Pilot) -> Pilot:
    parts = [_polygon(part.GetGeometryRef(0)) for part in shapes.polygons(_shape(pilot))]
    return _with(pilot, shapes.areal(shapes.multi(parts).UnionCascaded()))


def _without_slivers(pilot: Pilot, limits: Limits) -> Pilot:
    kept = [
        part
        for part in shapes.polygons(shapes.areal(_shape(pilot)))
        if not is_sliver(shapes.moved_to(part, pilot.srid, shapes.RD), limits)
    ]
    return _with(pilot, shapes.multi(kept))


def _shape(pilot: Pilot) -> Any:
    shape = shapes.shape_of(pilot.wkb)
    if shape is None:
        raise CityTwinError(tr("The pilot has no area any more. Nothing was changed."))
    return shape


def _with(pilot: Pilot, shape: Any) -> Pilot:
    if shape.IsEmpty():
        raise CityTwinError(tr("Nothing of the area would be left. Nothing was changed. Draw it anew."))
    return replace(pilot, wkb=shapes.wkb_of_shape(shape))


def _problem(
    pilot: Pilot, code: str, severity: Severity, words: str, advice: str = "", *, fix: Fix | None = None, at: Any = None
) -> Problem:
    place = shapes.wkb_of_shape(at) if at is not None and not at.IsEmpty() else None
    box = shapes.box_of_shape(at)
    return Problem(code, severity, GEOM, words, advice, fix, box, place, pilot.srid, pilot.key)
