"""Where a package is: rectangles and areas brought from one reference system to another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCoordinateTransformContext,
    QgsCsException,
    QgsGeometry,
    QgsRectangle,
)

from ...review.manifest import Bounds
from ...text import tr
from ...twin.errors import CityTwinError
from ...workcopy.connection import opened
from ...workcopy.copy import WorkingCopy
from ...workcopy.excerpt import Area
from . import sql

DEGREES, WEB = 4326, 3857


def way(source: QgsCoordinateReferenceSystem, target: QgsCoordinateReferenceSystem) -> QgsCoordinateTransform:
    """A transformation that needs no project."""
    return QgsCoordinateTransform(source, target, QgsCoordinateTransformContext())


def crs_of(srid: int) -> QgsCoordinateReferenceSystem:
    """EPSG:``srid``. Raises `CityTwinError` where QGIS does not know it."""
    crs = QgsCoordinateReferenceSystem.fromEpsgId(srid)
    if not crs.isValid():
        raise CityTwinError(tr("QGIS does not know the reference system EPSG:{code}.", code=srid))
    return crs


def rectangle_in(bounds: Bounds | None, crs: QgsCoordinateReferenceSystem) -> QgsRectangle | None:
    """Bounds in degrees as a rectangle in ``crs``; None for none, and for what lies outside its range."""
    if bounds is None:
        return None
    try:
        return way(crs_of(DEGREES), crs).transformBoundingBox(QgsRectangle(*bounds))
    except QgsCsException:
        return None


def shape_in(area: Area, crs: QgsCoordinateReferenceSystem) -> QgsGeometry:
    """The area's polygon in ``crs``. Raises `CityTwinError`."""
    shape = QgsGeometry()
    shape.fromWkb(area.wkb)
    try:
        shape.transform(way(crs_of(area.srid), crs))
    except QgsCsException as error:
        raise CityTwinError(
            tr("The area cannot be brought to the layers' reference system. Choose another one."), detail=str(error)
        ) from error
    if shape.isEmpty():
        raise CityTwinError(tr("The area is empty. Draw it again."))
    return shape


def told(area: Area | None) -> dict[str, Any] | None:
    """The area as the manifest has it: GeoJSON in EPSG:4326, seven decimals."""
    if area is None:
        return None
    found = json.loads(shape_in(area, crs_of(DEGREES)).asJson(7))
    return found if isinstance(found, dict) else None


def bounds_of(copy: WorkingCopy, tables: Sequence[str], area: Area | None) -> Bounds | None:
    """West, south, east, north in degrees: of the area, else of all that the layers hold; None for nothing."""
    degrees = crs_of(DEGREES)
    whole = QgsRectangle()
    if area is not None:
        whole = shape_in(area, degrees).boundingBox()
    else:
        with opened(copy.path) as connection:
            for source in copy.sources:
                if source.table not in tables or not source.has_geometry:
                    continue
                edges = connection.execute(sql.EDGES, (source.table,)).fetchone()
                if edges is None or any(not isinstance(edge, (int, float)) for edge in edges):
                    continue
                try:
                    whole.combineExtentWith(
                        way(crs_of(source.srid), degrees).transformBoundingBox(QgsRectangle(*edges))
                    )
                except QgsCsException:
                    continue
    if whole.isNull() or not whole.isFinite():
        return None
    return whole.xMinimum(), whole.yMinimum(), whole.xMaximum(), whole.yMaximum()
