"""The city around a pilot as bodies with heights: what the report's 3D picture is drawn from.

Read from the working copy, in EPSG:28992 and metres. Heights are those of the data: a solid (a city model's faces) as
it is, a footprint raised by its height column; one without a known height stays flat. Nothing is draped on a terrain:
every building stands on the ground of the picture.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from osgeo import ogr, osr

from ...pilots import roles, shapes, sql
from ...pilots.coordinates import Floats
from ...pilots.record import Pilot
from ...text import tr
from ...twin.errors import CityTwinError
from ...twin.progress import SILENT, Progress, check
from ...workcopy.columns import GEOMETRY
from ...workcopy.connection import opened
from ...workcopy.copy import WorkingCopy
from ...workcopy.geometry import wkb_of
from ...workcopy.source import Source
from ...workcopy.sql import HAS_TABLE
from ..themes import theme_of

Box = tuple[float, float, float, float]

_MARGIN, _LEAST = 1.28, 110.0  # of the pilot's own half; m
_TALLEST = 400.0
_CHUNK = 500
MOST_FACES = 16_000  # what a picture of this size can show, and a file hold
MOST_TREES = 1_500
_GROUNDS = ("water", "green", "pavement", "streets")


@dataclass(frozen=True)
class Body:
    """A building. ``faces``: rings of shape (n, 3) each, the outer one first; z is above the ground it stands on."""

    faces: tuple[tuple[Floats, ...], ...]
    foot: tuple[Floats, ...]  # rings of shape (n, 2)
    height: float
    inside: bool

    @property
    def bulk(self) -> float:
        """How much there is of it to see."""
        low, high = self.foot[0].min(axis=0), self.foot[0].max(axis=0)
        return float(np.prod(high - low) * (self.height + 3))


@dataclass
class City:
    """``box``: the ground that is shown. ``grounds``: theme → polygons (rings) or lines, cut to the box."""

    box: Box
    pilot: tuple[tuple[Floats, ...], ...]
    bodies: list[Body] = field(default_factory=list)
    trees: list[tuple[float, float, float]] = field(default_factory=list)  # east, north, height
    grounds: dict[str, list[tuple[Floats, ...]]] = field(default_factory=dict)
    flat: int = 0  # buildings without a known height
    left_out: int = 0  # buildings beyond what a picture can show
    has_buildings: bool = False  # whether the working copy has a layer of them at all


def box_around(shape: Any) -> Box:
    """A square around a pilot's area (EPSG:28992), with some of its surroundings."""
    west, south, east, north = shapes.box_of_shape(shape) or (0, 0, 0, 0)
    half = max(_LEAST, _MARGIN * max(east - west, north - south) / 2)
    x, y = (west + east) / 2, (south + north) / 2
    return x - half, y - half, x + half, y + half


def city_around(copy: WorkingCopy, pilot: Pilot, progress: Progress = SILENT) -> City | None:
    """What stands in and around ``pilot``; None where it has no area. Any thread. Raises `Cancelled`,
    `CityTwinError`."""
    shape = shapes.in_rd(pilot.wkb, pilot.srid)
    if shape is None:
        return None
    city = City(box_around(shape), tuple(_rings_of(part) for part in shapes.polygons(shape)))
    prepared = shape.CreatePreparedGeometry()
    ground = _rectangle(city.box)
    found: list[Body] = []
    with opened(copy.path) as connection:
        for source in copy.sources:
            check(progress)
            if not source.has_geometry or connection.execute(HAS_TABLE, (source.table,)).fetchone() is None:
                continue
            theme = theme_of(source).name
            if roles.role_of(source) == roles.BUILDINGS:
                progress.report(0, None, tr("Drawing {title}", title=source.title))
                city.has_buildings = True
                found += _bodies(connection, source, city, prepared, progress)
            elif theme == "trees":
                city.trees += _trees(connection, source, city.box, progress)
            elif theme in _GROUNDS:
                pieces = city.grounds.setdefault(theme, [])
                for geometry, _ in _rows(connection, source, city.box, [], progress):
                    pieces += _cut(geometry, ground, theme == "streets")
    if len(city.trees) > MOST_TREES:
        city.trees = []  # a part of them would tell a lie
    city.bodies, city.left_out = _shown(found)
    return city


def _shown(found: list[Body]) -> tuple[list[Body], int]:
    """The largest, as many as fit; and how many are left out."""
    found.sort(key=lambda body: -body.bulk)
    faces = 0
    for place, body in enumerate(found):
        faces += len(body.faces)
        if faces > MOST_FACES:
            return found[:place], len(found) - place
    return found, 0


# -- reading ---------------------------------------------------------------------------------------------------------


def _rows(
    connection: sqlite3.Connection, source: Source, box: Box, columns: list[str], progress: Progress
) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Features that meet the box: their geometry in EPSG:28992, heights kept, and the cells of ``columns``."""
    try:
        way, (west, south, east, north) = way_from(source.srid, box)
    except CityTwinError:
        return
    question = sql.rows_in_box(source.table, GEOMETRY, [GEOMETRY, *columns])
    try:
        rows = connection.execute(question, (east, west, north, south))
        for place, (blob, *cells) in enumerate(rows):
            if place % _CHUNK == 0:
                check(progress)
            geometry = ogr.CreateGeometryFromWkb(wkb_of(blob)) if isinstance(blob, bytes) and len(blob) > 8 else None
            if geometry is None or geometry.IsEmpty():
                continue
            if way is not None and geometry.Transform(way):
                continue
            yield geometry, tuple(cells)
    except (sqlite3.Error, RuntimeError):  # a table without an index, a blob that is none: the rest is drawn
        return


def _bodies(
    connection: sqlite3.Connection, source: Source, city: City, prepared: Any, progress: Progress
) -> Iterator[Body]:
    names = roles.figures_of(source)
    columns = list(names.columns)
    west, south, east, north = city.box
    for geometry, cells in _rows(connection, source, city.box, columns, progress):
        x0, x1, y0, y1 = geometry.GetEnvelope()
        if not (west <= (x0 + x1) / 2 <= east and south <= (y0 + y1) / 2 <= north):
            continue
        value = dict(zip(columns, cells))
        height = _number(value.get(names.height))
        top, ground = _number(value.get(names.top)), _number(value.get(names.ground))
        if height is None and top is not None and ground is not None:
            height = top - ground
        polygons = [_rings_with_heights(part) for part in shapes.polygons(geometry)]
        polygons = [rings for rings in polygons if rings]
        if not polygons:
            continue
        flat = geometry.Clone()
        flat.FlattenTo2D()
        inside = bool(prepared.Intersects(flat))
        if _is_solid(polygons):
            yield _solid(polygons, inside)
            continue
        known = height is not None and 0 < height < _TALLEST
        city.flat += not known
        for rings in polygons:
            foot = tuple(_turned(ring[:, :2], place > 0) for place, ring in enumerate(rings))
            yield prism(foot, float(height) if known and height else 0.0, inside)


def prism(foot: tuple[Floats, ...], height: float, inside: bool) -> Body:
    """A footprint (outer ring counter-clockwise, holes clockwise, closed) raised by ``height``."""
    faces: list[tuple[Floats, ...]] = []
    if height > 0:
        for ring in foot:
            for (x0, y0), (x1, y1) in zip(ring[:-1], ring[1:]):
                wall = np.array([[x0, y0, 0], [x1, y1, 0], [x1, y1, height], [x0, y0, height]])
                faces.append((wall,))
    faces.append(tuple(np.column_stack([ring, np.full(len(ring), height)]) for ring in foot))
    return Body(tuple(faces), foot, height, inside)


def _is_solid(polygons: list[tuple[Floats, ...]]) -> bool:
    """Whether these are the faces of a body rather than ground."""
    return len(polygons) > 3 and any(np.ptp(rings[0][:, 2]) > 0.5 for rings in polygons)


def _solid(polygons: list[tuple[Floats, ...]], inside: bool) -> Body:
    lowest = min(float(rings[0][:, 2].min()) for rings in polygons)
    lift = np.array([0.0, 0.0, lowest])
    faces, foot = [], []
    for rings in polygons:
        if float(rings[0][:, 2].max()) - lowest > 0.05:
            faces.append(tuple(ring - lift for ring in rings))
        else:  # what lies on the ground is never seen
            foot += [_turned(ring[:, :2], place > 0) for place, ring in enumerate(rings)]
    height = max(float(rings[0][:, 2].max()) for rings in polygons) - lowest
    return Body(tuple(faces), tuple(foot or (rings[0][:, :2] for rings in polygons)), height, inside)


def _trees(
    connection: sqlite3.Connection, source: Source, box: Box, progress: Progress
) -> Iterator[tuple[float, float, float]]:
    column = next((one.name for one in source.columns if one.name.lower() in ("height", "hoogte", "boomhoogte")), "")
    for geometry, cells in _rows(connection, source, box, [column] if column else [], progress):
        point = geometry.Centroid()
        if not (box[0] < point.GetX() < box[2] and box[1] < point.GetY() < box[3]):
            continue
        height = _number(cells[0]) if cells else None
        yield point.GetX(), point.GetY(), min(max(height or 8.0, 3.0), 30.0)


def way_from(srid: int, box: Box) -> tuple[Any, Box]:
    """How geometries in EPSG:``srid`` come to EPSG:28992 (None: they are there), and what the box is where they are.
    Raises `CityTwinError`."""
    if srid == shapes.RD:
        return None, box
    shapes.must_know(srid)
    there, here = osr.SpatialReference(), osr.SpatialReference()
    for reference, code in ((there, srid), (here, shapes.RD)):
        reference.ImportFromEPSG(code)
        reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    corners = _rectangle(box)
    corners.Segmentize(max(box[2] - box[0], box[3] - box[1]) / 8)
    if corners.Transform(osr.CoordinateTransformation(here, there)):
        raise CityTwinError(tr("EPSG:{srid} is not known here, so nothing in it can be measured.", srid=srid))
    west, east, south, north = corners.GetEnvelope()
    return osr.CoordinateTransformation(there, here), (west, south, east, north)


# -- geometry --------------------------------------------------------------------------------------------------------


def _cut(geometry: Any, ground: Any, lines: bool) -> Iterator[tuple[Floats, ...]]:
    """What of a geometry lies on the ground that is shown."""
    geometry.FlattenTo2D()
    if not lines:
        geometry = shapes.areal(geometry)
    found = geometry.Intersection(ground)
    if found is None or found.IsEmpty():
        return
    if not lines:
        for part in shapes.polygons(found):
            yield _rings_of(part)
        return
    for index in range(max(1, found.GetGeometryCount())):
        part = found.GetGeometryRef(index) if found.GetGeometryCount() else found
        if part.GetPointCount() > 1:
            yield (np.array(part.GetPoints(2)),)


def _rectangle(box: Box) -> Any:
    ring = ogr.Geometry(ogr.wkbLinearRing)
    for x, y in ((box[0], box[1]), (box[2], box[1]), (box[2], box[3]), (box[0], box[3]), (box[0], box[1])):
        ring.AddPoint_2D(x, y)
    out = ogr.Geometry(ogr.wkbPolygon)
    out.AddGeometry(ring)
    return out


def _rings_of(polygon: Any) -> tuple[Floats, ...]:
    return tuple(np.array(polygon.GetGeometryRef(n).GetPoints(2)) for n in range(polygon.GetGeometryCount()))


def _rings_with_heights(polygon: Any) -> tuple[Floats, ...]:
    """Shape (n, 3) each, z 0 where there is none."""
    out: list[Floats] = []
    for place in range(polygon.GetGeometryCount()):
        points = polygon.GetGeometryRef(place).GetPoints()
        if points is None or len(points) < 4:
            return tuple(out)
        ring = np.array(points, np.float64)
        if not np.isfinite(ring).all():
            return ()
        out.append(ring if ring.shape[1] == 3 else np.column_stack([ring, np.zeros(len(ring))]))
    return tuple(out)


def _turned(ring: Floats, clockwise: bool) -> Floats:
    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    area = float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum())
    return ring[::-1] if (area < 0) != clockwise else ring


def _number(value: Any) -> float | None:
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None
