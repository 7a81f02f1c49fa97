"""GeoPackage files: each feature table is a collection, with the types that the table declares."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

from osgeo import gdal, ogr

from .. import crs
from ..model import Feature, Property, Schema, compact
from . import wkb
from .draft import Draft, SkipFile, readable

log = logging.getLogger(__name__)
_KINDS = {
    ogr.wkbPoint: "Point", ogr.wkbMultiPoint: "MultiPoint", ogr.wkbLineString: "LineString",
    ogr.wkbMultiLineString: "MultiLineString", ogr.wkbPolygon: "Polygon", ogr.wkbMultiPolygon: "MultiPolygon",
    ogr.wkbNone: "none",
}  # fmt: skip
_Read = Callable[[Any, int], Any]


def _date_time(feature: Any, i: int) -> str:
    year, month, day, hour, minute, second, zone = feature.GetFieldAsDateTime(i)
    offset = "Z"
    if zone > 1 and zone != 100:  # GDAL counts quarters of an hour from 100
        minutes = (zone - 100) * 15
        offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    whole = f"{int(second):02}" if second == int(second) else f"{second:06.3f}"
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{whole}{offset}"


_FIELDS: dict[int, tuple[str, str, _Read]] = {
    ogr.OFTInteger: ("integer", "", lambda feature, i: feature.GetFieldAsInteger(i)),
    ogr.OFTInteger64: ("integer", "", lambda feature, i: feature.GetFieldAsInteger64(i)),
    ogr.OFTReal: ("number", "", lambda feature, i: feature.GetFieldAsDouble(i)),
    ogr.OFTDate: ("string", "date", lambda feature, i: feature.GetFieldAsString(i).replace("/", "-")),
    ogr.OFTDateTime: ("string", "date-time", _date_time),
}


def read(path: Path) -> Iterator[Draft]:
    """A draft per feature table."""
    gdal.UseExceptions()
    try:
        source = gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_READONLY)
    except RuntimeError as error:
        raise SkipFile(f"it cannot be opened ({error})") from error
    layers = [source.GetLayer(i) for i in range(source.GetLayerCount())]
    for layer in layers:
        reference = layer.GetSpatialRef()
        code = reference.GetAuthorityCode(None) if reference is not None else None
        name = layer.GetName() if len(layers) > 1 else path.stem
        if reference is not None and not code:
            raise SkipFile(f"the CRS of {layer.GetName()} has no EPSG code")
        # a GeoPackage stores longitude first, as CRS84 does
        uri = crs.CRS84 if code in (None, "4326") else crs.EPSG + code
        swap = crs.north_first(uri)
        draft = Draft(name, uri, schema=_schema(layer), ready=_features(layer, swap))
        if len(layers) > 1:
            draft.title = f"{readable(layer.GetName())} ({readable(path.stem)})"
        yield draft
    del source  # the layers live as long as it does


def _schema(layer: Any) -> Schema:
    definition = layer.GetLayerDefn()
    properties: list[Property] = []
    for i in range(definition.GetFieldCount()):
        declared = definition.GetFieldDefn(i)
        kind, form, _ = _FIELDS.get(declared.GetType(), ("string", "", None))
        if declared.GetType() == ogr.OFTInteger and declared.GetSubType() == ogr.OFSTBoolean:
            kind = "boolean"
        width = declared.GetWidth() or None
        required = not declared.IsNullable() and not declared.GetDefault()
        properties.append(
            Property(
                declared.GetName(), kind, title=declared.GetAlternativeName() or "", format=form, required=required,
                max_length=width if kind == "string" and not form else None,
            )
        )  # fmt: skip
    kind = layer.GetGeomType()
    return Schema(tuple(properties), _KINDS.get(ogr.GT_Flatten(kind), ""), bool(ogr.GT_HasZ(kind)))


def _features(layer: Any, swap: bool) -> Iterator[Feature]:
    definition = layer.GetLayerDefn()
    fields: list[tuple[int, str, _Read]] = []
    for i in range(definition.GetFieldCount()):
        declared = definition.GetFieldDefn(i)
        read_value = _FIELDS.get(declared.GetType(), ("", "", _string))[2]
        if declared.GetType() == ogr.OFTInteger and declared.GetSubType() == ogr.OFSTBoolean:
            read_value = _boolean
        fields.append((i, declared.GetName(), read_value))
    layer.ResetReading()
    for feature in layer:
        values = {name: read_value(feature, i) for i, name, read_value in fields if feature.IsFieldSetAndNotNull(i)}
        text, box = _geometry(feature.GetGeometryRef(), swap)
        yield Feature(int(feature.GetFID()), text, box, compact(values))


def _geometry(geometry: Any, swap: bool) -> tuple[str | None, tuple[float, float, float, float] | None]:
    if geometry is None or geometry.IsEmpty():
        return None, None
    if geometry.IsMeasured():
        geometry.SetMeasured(False)
    if geometry.HasCurveGeometry():
        geometry = geometry.GetLinearGeometry()
    if swap:
        geometry.SwapXY()
    min_x, max_x, min_y, max_y = geometry.GetEnvelope()
    try:
        text = wkb.geojson(bytes(geometry.ExportToIsoWkb(ogr.wkbNDR)))
    except ValueError:
        try:  # a collection of geometries
            text = compact(json.loads(geometry.ExportToJson(options=["SIGNIFICANT_FIGURES=17"])))
        except (ValueError, TypeError):
            log.warning("a geometry with coordinates that are no numbers was left out")
            return None, None
    return text, (min_x, min_y, max_x, max_y)


def _string(feature: Any, i: int) -> str:
    return str(feature.GetFieldAsString(i))


def _boolean(feature: Any, i: int) -> bool:
    return bool(feature.GetFieldAsInteger(i))
