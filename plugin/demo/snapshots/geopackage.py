"""A GeoPackage with one layer: GDAL makes the empty table and the spatial index, the rows go in through SQLite."""

from __future__ import annotations

import sqlite3
import struct
from array import array
from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path
from typing import Any

from osgeo import gdal, ogr, osr

from ..geometry import Geometry, box_of, positions
from .rows import Column, Row

_BATCH = 1000
_FIELDS = {
    "integer": (ogr.OFTInteger64, ogr.OFSTNone),
    "number": (ogr.OFTReal, ogr.OFSTNone),
    "boolean": (ogr.OFTInteger, ogr.OFSTBoolean),
    "date": (ogr.OFTDate, ogr.OFSTNone),
    "date-time": (ogr.OFTDateTime, ogr.OFSTNone),
    "object": (ogr.OFTString, ogr.OFSTJSON),
    "array": (ogr.OFTString, ogr.OFSTJSON),
}
_TYPES = {
    "Point": 1, "LineString": 2, "Polygon": 3, "MultiPoint": 4, "MultiLineString": 5, "MultiPolygon": 6,
    "GeometryCollection": 7,
}  # fmt: skip


def write(
    path: Path,
    name: str,
    columns: tuple[Column, ...],
    geometry_type: str,
    epsg: int,
    rows: Iterable[Row],
    deep: bool,
) -> None:
    """Make the file at ``path``. ``geometry_type`` as in a schema: "" for any, "none"; ``deep``: with heights."""
    taken = {column.name.lower() for column in columns}
    key, geometry = (_free(wanted, taken) for wanted in ("fid", "geom"))
    plain = geometry_type == "none"
    gdal.UseExceptions()
    _create(path, name, columns, key, None if plain else (geometry, _TYPES.get(geometry_type, 0), deep), epsg)
    db = sqlite3.connect(str(path), isolation_level=None)
    try:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -16384"):
            db.execute(f"PRAGMA {pragma}")
        db.execute("BEGIN")
        names = ([] if plain else [geometry]) + [column.name for column in columns]
        listed = ", ".join('"' + each.replace('"', '""') + '"' for each in names)
        table = '"' + name.replace('"', '""') + '"'
        marks = ", ".join("?" * len(names))
        insert = f"INSERT INTO {table} ({listed}) VALUES ({marks})"  # nosec B608 - quoted names, bound values
        several = iter(rows)
        extent: list[float] = []
        for batch in iter(lambda: list(islice(several, _BATCH)), []):
            values: list[tuple[Any, ...]] = []
            for row in batch:
                blob, box = _blob(row.geometry, epsg, deep)
                extent = _around(extent, box)
                values.append(row.values if plain else (blob, *row.values))
            db.executemany(insert, values)
        if extent:
            db.execute("UPDATE gpkg_contents SET min_x = ?, min_y = ?, max_x = ?, max_y = ?", extent)
        db.execute("COMMIT")
    finally:
        db.close()
    if not plain:
        dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_UPDATE)
        dataset.ExecuteSQL(f"SELECT CreateSpatialIndex({_literal(name)}, {_literal(geometry)})")
        del dataset


def _create(
    path: Path,
    name: str,
    columns: tuple[Column, ...],
    key: str,
    geometry: tuple[str, int, bool] | None,
    epsg: int,
) -> None:
    dataset = gdal.GetDriverByName("GPKG").Create(str(path), 0, 0, 0, gdal.GDT_Unknown)
    options = [f"FID={key}", "SPATIAL_INDEX=NO"]
    reference, kind = None, ogr.wkbNone
    if geometry is not None:
        reference = osr.SpatialReference()
        reference.ImportFromEPSG(epsg)
        kind = ogr.GT_SetZ(geometry[1]) if geometry[2] else geometry[1]
        options.append(f"GEOMETRY_NAME={geometry[0]}")
    layer = dataset.CreateLayer(name, reference, kind, options)
    for column in columns:
        field_type, subtype = _FIELDS.get(column.type, (ogr.OFTString, ogr.OFSTNone))
        field = ogr.FieldDefn(column.name, field_type)
        field.SetSubType(subtype)
        if column.title:
            field.SetAlternativeName(column.title)
        layer.CreateField(field)
    layer.SyncToDisk()
    del layer, dataset


def _free(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    return name


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _around(extent: list[float], box: tuple[float, ...] | None) -> list[float]:
    if box is None:
        return extent
    if not extent:
        return list(box)
    return [min(extent[0], box[0]), min(extent[1], box[1]), max(extent[2], box[2]), max(extent[3], box[3])]


# -- blobs -----------------------------------------------------------------------------------------------------------


def _blob(geometry: Geometry | None, epsg: int, deep: bool) -> tuple[bytes | None, tuple[float, ...] | None]:
    """Header with an envelope (OGC 12-128, 2.1.3) and ISO WKB, little endian; and the box."""
    if geometry is None:
        return None, None
    size = 3 if deep or any(len(position) > 2 for position in positions(geometry)) else 2
    box = box_of(geometry)
    if box is None:
        return struct.pack("<2sBBi", b"GP", 0, 0b00010001, epsg) + _wkb(geometry, size), None
    header = struct.pack("<2sBBi4d", b"GP", 0, 0b00000011, epsg, box[0], box[2], box[1], box[3])
    return header + _wkb(geometry, size), box


def _wkb(geometry: Geometry, size: int) -> bytes:
    kind = geometry["type"]
    head = struct.pack("<BI", 1, _TYPES[kind] + (1000 if size == 3 else 0))
    if kind == "GeometryCollection":
        members = [_wkb(part, size) for part in geometry["geometries"]]
    elif kind == "Point":
        numbers = geometry["coordinates"]
        return head + (_numbers([numbers], size) if numbers else struct.pack("<d", float("nan")) * size)
    elif kind == "LineString":
        return head + _run(geometry["coordinates"], size)
    elif kind == "Polygon":
        members = [_run(ring, size) for ring in geometry["coordinates"]]
    else:
        single = kind[5:]
        members = [_wkb({"type": single, "coordinates": part}, size) for part in geometry["coordinates"]]
    return b"".join((head, struct.pack("<I", len(members)), *members))


def _run(points: list[list[float]], size: int) -> bytes:
    return struct.pack("<I", len(points)) + _numbers(points, size)


def _numbers(points: list[list[float]], size: int) -> bytes:
    if set(map(len, points)) != {size}:
        points = [[*point[:size], *[0.0] * (size - len(point))] for point in points]
    numbers = array("d", chain.from_iterable(points))
    if struct.pack("=H", 1) != b"\x01\x00":
        numbers.byteswap()
    return numbers.tobytes()
