"""Whether a table of a working copy holds just the features that a twin served, however they came into it.

Two judges who do not know our code: GDAL's reading of the same features as GeoJSON, and what JSON itself says. The file
is read by GDAL.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

from osgeo import gdal, ogr

from plugin.twin.items import item_id
from plugin.twin.model import Schema
from plugin.workcopy.columns import ID, VERSION, Column
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.source import Source
from plugin.workcopy.tables import QuietGdal
from plugin.workcopy.writer import NO_ID

Feature = Mapping[str, Any]
_CHUNK = 500  # features compared at a time, so that a city fits into memory
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:?\d\d)?")
_FIRST = datetime(1, 1, 1, tzinfo=timezone.utc).timestamp()  # what can be written with four digits of a year
_LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc).timestamp() + 1
_PROBE = "/vsimem/equal.geojson"
_MULTI = {
    ogr.wkbPoint: ogr.wkbMultiPoint,
    ogr.wkbLineString: ogr.wkbMultiLineString,
    ogr.wkbPolygon: ogr.wkbMultiPolygon,
}


class Moment(float):
    """Seconds since 1970, equal within the millisecond that a GeoPackage keeps."""

    __hash__ = float.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Moment) and abs(float(self) - float(other)) < 0.0011


def expect_equal(
    gpkg: Path,
    table: str,
    features: Iterable[Feature],
    schema: Schema | None = None,
    *,
    token: str | None = None,
    tolerance: float = 0.0,
    some: bool = False,
) -> frozenset[str]:
    """Fail unless ``table`` of the working copy ``gpkg`` has exactly ``features`` (GeoJSON, in the CRS that was asked
    for, in the twin's axis order; of those with the same id the first), in columns of the types that ``schema`` has.

    ``token``: the member in which each carries its version. ``tolerance`` of coordinates, in CRS units: 0 is bit by
    bit. ``some``: the table has more. Returns the properties whose values GDAL read from GeoJSON in their own type, so
    that it vouches for them too.
    """
    (source,) = (found for found in WorkingCopy.open(gpkg).sources if found.table == table)
    vouched: set[str] = set()
    doubted: set[str] = set()
    promoted = {True} if source.geometry_type.startswith("Multi") else {False} if source.geometry_type else set()
    count = 0
    with QuietGdal():
        dataset = gdal.OpenEx(str(gpkg), gdal.OF_VECTOR)
        layer = dataset.GetLayerByName(table)
        _expect_columns(layer, source, schema)
        for chunk in _chunks(_named(features)):
            count += len(chunk)
            rows = _rows(layer, source, [name for name, _ in chunk])
            theirs = list(_read_by_gdal([feature for _, feature in chunk], source))
            for (name, feature), (shape, values) in zip(chunk, theirs):
                row = rows.pop(name, None)
                assert row is not None, f"{name} is not in {table}"
                _expect_values(name, source.columns, feature.get("properties") or {}, row, values, vouched, doubted)
                _expect_shape(name, source, feature.get("geometry"), shape, row.GetGeometryRef(), tolerance, promoted)
                if token is not None:
                    assert _field(row, VERSION) == feature.get(token), f"{name}: another token"
        assert some or layer.GetFeatureCount() == count, f"{layer.GetFeatureCount()} rows for {count} features"
        assert len(promoted) < 2, "some single parts were made multi, and some not"
        rows = row = layer = dataset = None
    return frozenset(vouched - doubted)


def _expect_columns(layer: Any, source: Source, schema: Schema | None) -> None:
    kinds = {column.name: column.type for column in source.columns}
    if schema is not None:
        assert [(column.property, column.type) for column in source.columns] == [
            (p.name, p.type) for p in schema.properties
        ]
    fields = [layer.GetLayerDefn().GetFieldDefn(index) for index in range(layer.GetLayerDefn().GetFieldCount())]
    seen = {field.GetName(): _kind(field) for field in fields if field.GetName() not in (ID, VERSION)}
    assert seen == {name: "array" if kind == "object" else kind for name, kind in kinds.items()}


def _named(features: Iterable[Feature]) -> Iterator[tuple[str, Feature]]:
    """Each with the twin_id that it must have."""
    seen: set[str] = set()
    nameless = 0
    for feature in features:
        name = item_id(feature.get("id"))
        if name is None:
            nameless += 1
            name = f"{NO_ID}{nameless}"
        if name not in seen:
            seen.add(name)
            yield name, feature


def _chunks(pairs: Iterator[tuple[str, Feature]]) -> Iterator[list[tuple[str, Feature]]]:
    while chunk := list(islice(pairs, _CHUNK)):
        yield chunk


def _rows(layer: Any, source: Source, names: list[str]) -> dict[str, Any]:
    quoted = ", ".join("'" + name.replace("'", "''") + "'" for name in names)
    layer.SetAttributeFilter(f'"{ID}" IN ({quoted})')
    rows = {row[ID]: row for row in layer}
    layer.SetAttributeFilter(None)
    return rows


def _read_by_gdal(features: list[Feature], source: Source) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Geometry and values of each, as GDAL's GeoJSON driver reads them; a value of another type is left out."""
    plain = [{**feature, "id": number} for number, feature in enumerate(features)]
    text = json.dumps({"type": "FeatureCollection", "features": plain}, ensure_ascii=False)
    gdal.FileFromMemBuffer(_PROBE, text.encode(errors="replace"))
    try:
        dataset = gdal.OpenEx(_PROBE, gdal.OF_VECTOR, ["GeoJSON"], ["ARRAY_AS_STRING=YES"])
        layer = dataset.GetLayer(0)
        found = sorted(layer, key=lambda row: row.GetFID())
        assert [row.GetFID() for row in found] == list(range(len(features)))
        kinds = {column.property: column.type for column in source.columns}
        for row in found:
            values = {}
            for index in range(row.GetFieldCount()):
                name = row.GetFieldDefnRef(index).GetName()
                kind, wanted = _kind(row.GetFieldDefnRef(index)), kinds.get(name, "").replace("object", "array")
                if kind == wanted or (kind, wanted) == ("integer", "number"):
                    with contextlib.suppress(ValueError):  # GDAL keeps plain text in a column of JSON as it is
                        values[name] = _field(row, name)
            shape = row.GetGeometryRef()
            yield None if shape is None else shape.Clone(), values  # the row's own one ends with the row
        del row, found, layer, dataset
    finally:
        gdal.Unlink(_PROBE)


def _kind(field: Any) -> str:
    """A field's type in the words of a schema ("" for what has none)."""
    kind, subtype = field.GetType(), field.GetSubType()
    if kind == ogr.OFTString and subtype == ogr.OFSTJSON:
        return "array"
    if kind in (ogr.OFTInteger, ogr.OFTInteger64):
        return "boolean" if subtype == ogr.OFSTBoolean else "integer"
    return {
        ogr.OFTString: "string", ogr.OFTReal: "number", ogr.OFTDate: "date", ogr.OFTDateTime: "date-time",
    }.get(kind, "")  # fmt: skip


def _field(row: Any, name: str) -> Any:
    """A field's value, in a form that can be compared."""
    index = row.GetFieldIndex(name)
    if not row.IsFieldSetAndNotNull(index):
        return None
    field = row.GetFieldDefnRef(index)
    kind = _kind(field)
    if kind == "array":
        return canonical(json.loads(row.GetFieldAsString(index)))
    if kind == "integer":
        return row.GetFieldAsInteger64(index)
    if kind == "boolean":
        return bool(row.GetFieldAsInteger(index))
    if kind == "number":
        return row.GetFieldAsDouble(index)
    if kind in ("date", "date-time"):
        year, month, day, hour, minute, second, zone = row.GetFieldAsDateTime(index)
        if kind == "date":
            return date(year, month, day)
        # 100 is UTC, each step a quarter of an hour; 1 is local time and 0 unknown, which a GeoPackage calls UTC
        away = timedelta(minutes=15 * (zone - 100) if zone > 1 else 0)
        whole = datetime(year, month, day, hour, minute, tzinfo=timezone.utc) - away
        return Moment(whole.timestamp() + second)
    return row.GetFieldAsString(index)


def canonical(value: Any) -> str:
    """JSON as text that can be compared: 1, 1.0 and true are three things, the order of members none."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True)


_IN_JSON: dict[str, Callable[[Any], Any]] = {
    "integer": lambda v: int(v) if _is_number(v) and v == int(v) and -(2**63) <= int(v) < 2**63 else None,
    "number": lambda v: float(v) if _is_number(v) else None,
    "boolean": lambda v: v if isinstance(v, bool) else None,
    "object": canonical,
    "array": canonical,
}


def in_json(value: Any, kind: str) -> Any:
    """What a property's value is in a column of that type, in the form of `_field`; None for what does not fit."""
    if value is None:
        return None
    if kind in _IN_JSON:
        return _IN_JSON[kind](value)
    if kind == "string":
        return value if isinstance(value, str) else in_text(value)
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d).*" if kind == "date" else _MOMENT, str(value))
    if match is None:
        return None
    try:
        if kind == "date":
            return date.fromisoformat(match[1])
        zone = match[6] or "Z"
        start = datetime.fromisoformat(f"{match[1]}T{match[2]}:{match[3]}:{match[4]}+00:00")
    except ValueError:
        return None
    sign = -1 if zone[0] == "-" else 1
    away = 0 if zone in "Zz" else sign * (int(zone[1:3]) * 3600 + int(zone[-2:]) * 60)
    moment = start.timestamp() + float(match[5] or 0) - away
    return Moment(moment) if _FIRST <= moment < _LAST else None


def in_text(value: Any) -> str:
    """A value in a column of text that is none itself: as JSON writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _is_number(value: Any) -> bool:
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False  # a whole number beyond all floats


def _expect_values(
    name: str,
    columns: Iterable[Column],
    properties: Mapping[str, Any],
    row: Any,
    theirs: Mapping[str, Any],
    vouched: set[str],
    doubted: set[str],
) -> None:
    for column in columns:
        ours, wanted = _field(row, column.name), in_json(properties.get(column.property), column.type)
        if column.type == "string" and isinstance(properties.get(column.property), (dict, list)):
            # of members no order is promised
            ours, wanted = canonical(json.loads(ours)), canonical(json.loads(wanted))
        assert ours == wanted, f"{name}: {column.name} is {ours!r} and not {wanted!r}"
        if column.property not in theirs:
            if column.property in properties:
                doubted.add(column.property)
            continue
        given = properties.get(column.property)
        if _is_beyond_gdal(given) or (column.type == "string" and not isinstance(given, str)):
            continue  # what is no text, GDAL writes in a way of its own
        alike = ours == theirs[column.property]
        if column.type in ("object", "array") and None not in (ours, theirs[column.property]):
            alike = _coarse(json.loads(ours)) == _coarse(json.loads(theirs[column.property]))
        assert alike, f"{name}: GDAL reads {column.name} as {theirs[column.property]!r}"
        if ours is not None:
            vouched.add(column.property)


def _coarse(value: Any) -> Any:
    """JSON to twelve digits: GDAL writes the numbers inside objects anew."""
    if isinstance(value, dict):
        return {name: _coarse(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_coarse(one) for one in value]
    return f"{float(value):.12g}" if _is_number(value) else repr(value)


def _is_beyond_gdal(value: Any) -> bool:
    """Whole numbers of more than 64 bits become the largest that it has; it ends a text at a zero, and mends what is
    half a character."""
    if isinstance(value, int):
        return not -(2**63) <= value < 2**63
    return isinstance(value, (str, list, dict)) and re.search(r"[\0\ud800-\udfff]", _decoded(value)) is not None


def _decoded(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\\u0000", "\0")


def _expect_shape(
    name: str, source: Source, geometry: Any, theirs: Any, ours: Any, tolerance: float, promoted: set[bool]
) -> None:
    """``promoted``: grows by whether a single part was made a multi of one."""
    if theirs is None and geometry is not None and geometry.get("coordinates") == []:
        assert ours is not None and ours.IsEmpty(), f"{name}: an empty geometry has become none"  # GDAL has no such one
        return
    if theirs is None or ours is None:
        assert theirs is None and ours is None, f"{name}: {_wkt(ours)} and not {_wkt(theirs)}"
        return
    wanted = theirs
    if source.swap:
        wanted.SwapXY()
    if source.has_z:
        wanted.Set3D(True)
    multi = _MULTI.get(ogr.GT_Flatten(wanted.GetGeometryType()))
    if multi is not None:
        promoted.add(ogr.GT_Flatten(ours.GetGeometryType()) == multi)
        if True in promoted:
            wanted = ogr.ForceTo(wanted, ogr.GT_SetZ(multi) if wanted.Is3D() else multi)
    if tolerance and ours.GetGeometryType() == wanted.GetGeometryType():
        near = len(_numbers(ours)) == len(_numbers(wanted)) and all(
            abs(a - b) <= tolerance for a, b in zip(_numbers(ours), _numbers(wanted))
        )
        assert near, f"{name}: {_wkt(ours)} is not near {_wkt(wanted)}"
        return
    pair = _pruned(ours), _pruned(wanted)
    if bytes(pair[0].ExportToIsoWkb()) != bytes(pair[1].ExportToIsoWkb()):
        texts = [shape.ExportToJson(options=["COORDINATE_PRECISION=17"]).split(",") for shape in pair]
        unlike = next((two for two in zip_longest(*texts) if two[0] != two[1]), "more digits than 17")
        raise AssertionError(f"{name}: {unlike} in {_wkt(ours)} and {_wkt(wanted)}")


def _pruned(shape: Any) -> Any:
    """Without empty parts, which GDAL's GeoJSON driver leaves out."""
    kind = ogr.GT_Flatten(shape.GetGeometryType())
    if kind not in (ogr.wkbMultiPoint, ogr.wkbMultiLineString, ogr.wkbMultiPolygon, ogr.wkbGeometryCollection):
        return shape
    kept = ogr.Geometry(shape.GetGeometryType())
    for part in shape:
        if not part.IsEmpty() or (kind == ogr.wkbGeometryCollection and part.GetGeometryName() != "POINT"):
            kept.AddGeometry(_pruned(part))
    return kept


def _numbers(shape: Any) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d[\d.e+-]*", shape.ExportToIsoWkt())]


def _wkt(shape: Any) -> str:
    return "none" if shape is None else str(shape.ExportToIsoWkt())[:500]
