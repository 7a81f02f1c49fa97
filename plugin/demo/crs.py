"""Coordinate reference systems: their URIs, their axis order and moving coordinates between them.

Coordinates are always in the CRS's own axis order, as OGC API – Features Part 2 wants it. Heights are not transformed:
they are metres above NAP in every CRS that the twin offers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from osgeo import osr

from .geometry import Geometry, positions
from .model import Box

osr.UseExceptions()

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
WGS84, RD, RD_NAP, MERCATOR = EPSG + "4326", EPSG + "28992", EPSG + "7415", EPSG + "3857"
OFFERED = (CRS84, WGS84, RD, MERCATOR)
_URI = re.compile(r"^(?:https?://www\.opengis\.net/def/crs/|urn:ogc:def:crs:)(OGC|EPSG)[:/]([^:/]*)[:/](\w+)$")
_SHORT = re.compile(r"^(?:\[?)(OGC|EPSG):(\w+)\]?$", re.IGNORECASE)
# RD's height component changes nothing in the plane
_HORIZONTAL = {RD_NAP: RD}
_idle: dict[tuple[str, str], list[Any]] = {}


def uri_of(name: str) -> str | None:
    """The canonical URI of a CRS given as URI, URN or ``EPSG:n``; None where it is not understood."""
    name = name.strip()
    found = _URI.match(name)
    authority, code = (found.group(1), found.group(3)) if found else ("", "")
    if not found:
        short = _SHORT.match(name)
        if not short:
            return None
        authority, code = short.group(1).upper(), short.group(2)
    if authority == "OGC":
        return CRS84 if code.upper() == "CRS84" else None
    return EPSG + code if code.isdigit() else None


def exists(uri: str) -> bool:
    """Whether PROJ knows the CRS."""
    try:
        _reference(uri)
    except RuntimeError:
        return False
    return True


def offered(storage_crs: str, has_z: bool) -> tuple[str, ...]:
    """The CRSs in which a collection is offered, CRS84 first."""
    uris = list(OFFERED)
    if has_z:
        uris.append(RD_NAP)
    if storage_crs not in uris:
        uris.append(storage_crs)
    return tuple(uris)


@lru_cache(maxsize=64)
def is_geographic(uri: str) -> bool:
    return bool(_reference(uri).IsGeographic())


@lru_cache(maxsize=64)
def north_first(uri: str) -> bool:
    """Whether the first coordinate is north (latitude)."""
    reference = _reference(uri)
    return bool(reference.EPSGTreatsAsLatLong()) or bool(reference.EPSGTreatsAsNorthingEasting())


def decimals(uri: str) -> int:
    """Decimals that keep a tenth of a millimetre."""
    return 9 if is_geographic(uri) else 4


def plausible(uri: str, points: Iterable[Sequence[float]]) -> bool:
    """Whether coordinates can be of this CRS at all: RD numbers sent as longitude and latitude are not."""
    if is_geographic(uri):
        limits = (90.0, 180.0) if north_first(uri) else (180.0, 90.0)
        return all(abs(p[0]) <= limits[0] and abs(p[1]) <= limits[1] for p in points)
    if uri in (RD, RD_NAP):
        return all(-100_000 <= p[0] <= 400_000 and 200_000 <= p[1] <= 750_000 for p in points)
    return True


def transform(points: Sequence[Sequence[float]], source: str, target: str) -> list[tuple[float, float]]:
    """Points moved from CRS ``source`` to ``target``, in the plane; a point out of reach becomes infinite."""
    source, target = _HORIZONTAL.get(source, source), _HORIZONTAL.get(target, target)
    if source == target or not points:
        return [(p[0], p[1]) for p in points]
    with _transformation(source, target) as transformation:
        moved = transformation.TransformPoints([(p[0], p[1]) for p in points])
    places = decimals(target)
    return [(round(p[0], places), round(p[1], places)) for p in moved]


def reproject(geometries: Iterable[Geometry], source: str, target: str) -> None:
    """Move all geometries in place, in one call of PROJ. Heights stay."""
    if _HORIZONTAL.get(source, source) == _HORIZONTAL.get(target, target):
        return
    every = [position for geometry in geometries for position in positions(geometry)]
    for position, moved in zip(every, transform(every, source, target)):
        position[0], position[1] = moved


def transform_box(box: Box, source: str, target: str) -> Box | None:
    """The box in ``target`` around ``box``; its edges are followed, since they bend. None where there is none."""
    if _HORIZONTAL.get(source, source) == _HORIZONTAL.get(target, target):
        return box
    min_x, min_y, max_x, max_y = box
    edge = []
    for step in range(21):
        t = step / 20
        x, y = min_x + (max_x - min_x) * t, min_y + (max_y - min_y) * t
        edge += [(x, min_y), (x, max_y), (min_x, y), (max_x, y)]
    moved = [p for p in transform(edge, source, target) if math.isfinite(p[0]) and math.isfinite(p[1])]
    if not moved:
        return None
    xs, ys = [p[0] for p in moved], [p[1] for p in moved]
    return min(xs), min(ys), max(xs), max(ys)


def _reference(uri: str) -> Any:
    reference = osr.SpatialReference()
    if uri == CRS84:
        reference.SetFromUserInput("OGC:CRS84")
    else:
        reference.ImportFromEPSG(int(uri.rsplit("/", 1)[1]))
    reference.SetAxisMappingStrategy(osr.OAMS_AUTHORITY_COMPLIANT)
    return reference


@contextmanager
def _transformation(source: str, target: str) -> Iterator[Any]:
    """Lent to one thread at a time: they take milliseconds to make, and PROJ's objects must not be shared."""
    idle = _idle.setdefault((source, target), [])
    try:
        found = idle.pop()
    except IndexError:
        found = osr.CoordinateTransformation(_reference(source), _reference(target))
    yield found
    idle.append(found)
