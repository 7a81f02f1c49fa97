"""Outlines of pilots: through GDAL's own geometry, which is always there. Exact areas are in EPSG:28992, in m²."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from osgeo import ogr, osr

from ..text import tr
from ..twin.errors import CityTwinError
from ..workcopy.geometry import Box
from ..workcopy.tables import QuietGdal

RD = 28992
# what EPSG:28992 is made for, with a margin: west, south, east, north
RD_AREA: Box = (-10_000.0, 289_000.0, 290_000.0, 640_000.0)


def shape_of(wkb: bytes | None) -> Any | None:
    """An `ogr.Geometry` without heights, curves kept; None for null and for bytes that are no geometry."""
    if not wkb:
        return None
    with QuietGdal():
        try:
            shape = ogr.CreateGeometryFromWkb(wkb)
        except RuntimeError:
            return None
    if shape is not None:
        shape.FlattenTo2D()
    return shape


def wkb_of_shape(shape: Any) -> bytes:
    """ISO WKB, little endian."""
    return bytes(shape.ExportToIsoWkb(ogr.wkbNDR))


def box_of_shape(shape: Any) -> Box | None:
    """min x, min y, max x, max y; None when empty."""
    if shape is None or shape.IsEmpty():
        return None
    west, east, south, north = shape.GetEnvelope()
    return west, south, east, north


def polygons(shape: Any) -> Iterator[Any]:
    """Every polygon in a geometry, of whatever depth, straight-edged."""
    kind = ogr.GT_Flatten(shape.GetGeometryType())
    if ogr.GT_IsNonLinear(kind):
        yield from polygons(shape.GetLinearGeometry())
    elif kind == ogr.wkbPolygon:
        yield shape
    elif kind in (ogr.wkbMultiPolygon, ogr.wkbGeometryCollection):
        for index in range(shape.GetGeometryCount()):
            # a reference dies with its parent, and using it then ends the process
            yield from polygons(shape.GetGeometryRef(index).Clone())


def multi(parts: list[Any]) -> Any:
    """One MultiPolygon of polygons."""
    out = ogr.Geometry(ogr.wkbMultiPolygon)
    for part in parts:
        out.AddGeometry(part)
    return out


def areal(shape: Any) -> Any:
    """What of a geometry is area, valid, as MultiPolygon: crossing outlines are mended, lines and points dropped."""
    with QuietGdal():
        found = multi(list(polygons(shape)))
        if not found.IsValid():
            mended = found.MakeValid()
            found = multi(list(polygons(mended))) if mended is not None else multi([])
            if not found.IsValid():
                found = multi(list(polygons(found.UnionCascaded())))
    return found


def is_valid(wkb: bytes | None) -> bool:
    """Whether a geometry's outlines neither cross nor touch themselves; so is none at all."""
    shape = shape_of(wkb)
    with QuietGdal():
        return shape is None or bool(shape.IsValid())


def moved_to(shape: Any, source: int, target: int) -> Any:
    """``shape`` from EPSG:``source`` to EPSG:``target``, east/north on both sides. Raises `CityTwinError`."""
    if source == target:
        return shape.Clone()
    out = shape.Clone()
    with QuietGdal():
        try:
            failed = out.Transform(_way(source, target))
        except RuntimeError:
            failed = 1
    if failed:
        raise CityTwinError(
            tr(
                "An area cannot be brought from EPSG:{source} to EPSG:{target}, so it cannot be measured. Check the "
                "layer's coordinate reference system.",
                source=source,
                target=target,
            )
        )
    return out


def in_rd(wkb: bytes | None, srid: int) -> Any | None:
    """A pilot's area, valid, in EPSG:28992; None where there is none. Raises `CityTwinError`."""
    shape = shape_of(wkb)
    if shape is None or shape.IsEmpty():
        return None
    found = areal(shape)
    return None if found.IsEmpty() else moved_to(found, srid, RD)


def is_degrees(srid: int) -> bool:
    """Whether EPSG:``srid`` counts in degrees."""
    return bool(_reference(srid).IsGeographic())


def must_know(srid: int) -> None:
    """Raises `CityTwinError` where EPSG:``srid`` is not known here."""
    _reference(srid)


def _way(source: int, target: int) -> Any:
    return osr.CoordinateTransformation(_reference(source), _reference(target))


def _reference(srid: int) -> Any:
    found = osr.SpatialReference()
    with QuietGdal():
        try:
            failed = found.ImportFromEPSG(srid)
        except RuntimeError:
            failed = 1
    if failed:
        raise CityTwinError(tr("EPSG:{srid} is not known here, so nothing in it can be measured.", srid=srid))
    found.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return found
