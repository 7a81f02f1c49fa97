"""The same question answered another way: GDAL's geometry (ogr), feature by feature, without raster, index or NumPy."""

from __future__ import annotations

from dataclasses import dataclass

from osgeo import gdal, ogr, osr


@dataclass
class Answer:
    count: int = 0
    whole: int = 0
    length: float = 0.0
    area: float = 0.0


def inside(wkbs, pilot_wkb, srid=28992):
    """Per geometry: (kind, amount, share) of what lies in the pilot, in EPSG:28992."""
    pilot = ogr.CreateGeometryFromWkb(pilot_wkb)
    way = None
    if srid != 28992:
        way = osr.CoordinateTransformation(_reference(srid), _reference(28992))
    return [_one(wkb, pilot, way) for wkb in wkbs]


def answer(wkbs, pilot_wkb, srid=28992):
    """Sums over a layer."""
    out = Answer()
    for kind, amount, share in inside(wkbs, pilot_wkb, srid):
        if share <= 0 or (kind > 0 and amount < 0.01):
            continue
        out.count += 1
        out.whole += share > 1 - 1e-9
        out.length += amount if kind == 1 else 0
        out.area += amount if kind == 2 else 0
    return out


def _one(wkb, pilot, way):
    shape = ogr.CreateGeometryFromWkb(wkb) if wkb else None
    if shape is None or shape.IsEmpty():
        return -1, 0.0, 0.0
    shape = shape.GetLinearGeometry() if shape.HasCurveGeometry(1) else shape
    solid = shape.Is3D() and shape.GetGeometryCount() > 1 and shape.GetGeometryName() == "MULTIPOLYGON"
    shape.FlattenTo2D()
    if way is not None:
        shape.Transform(way)
    if solid:
        shape = _seen_from_above(shape)
    gdal.PushErrorHandler("CPLQuietErrorHandler")
    try:
        if not shape.IsValid():
            shape = shape.MakeValid()
    finally:
        gdal.PopErrorHandler()
    kind = _dimension(shape)
    cut = shape.Intersection(pilot)
    whole, part = _size(shape, kind), _size(cut, kind)
    return kind, part, min(1.0, part / whole) if whole else float(not cut.IsEmpty())


def _seen_from_above(shape):
    out = ogr.Geometry(ogr.wkbPolygon)
    for index in range(shape.GetGeometryCount()):
        face = shape.GetGeometryRef(index)
        if face.GetArea() > 1e-6:
            out = out.Union(face.Buffer(0))
    return out


def _dimension(shape):
    if shape.GetGeometryCount() and ogr.GT_IsSubClassOf(shape.GetGeometryType(), ogr.wkbGeometryCollection):
        return max(_dimension(shape.GetGeometryRef(i)) for i in range(shape.GetGeometryCount()))
    return {ogr.wkbPoint: 0, ogr.wkbLineString: 1, ogr.wkbPolygon: 2}[ogr.GT_Flatten(shape.GetGeometryType())]


def _size(shape, kind):
    return shape.GetArea() if kind == 2 else shape.Length() if kind == 1 else float(not shape.IsEmpty())


def _reference(srid):
    found = osr.SpatialReference()
    found.ImportFromEPSG(srid)
    found.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return found
