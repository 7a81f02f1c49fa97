"""Empty tables as GDAL makes them, and the tracking that is put beside them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from osgeo import gdal, ogr, osr

from ..text import tr
from . import books, sql
from .columns import GEOMETRY, ID, KEY, VERSION, Column
from .errors import WorkingCopyError, told_plainly

_FIELD = {
    "integer": (ogr.OFTInteger64, ogr.OFSTNone),
    "number": (ogr.OFTReal, ogr.OFSTNone),
    "boolean": (ogr.OFTInteger, ogr.OFSTBoolean),
    "date": (ogr.OFTDate, ogr.OFSTNone),
    "date-time": (ogr.OFTDateTime, ogr.OFSTNone),
    "object": (ogr.OFTString, ogr.OFSTJSON),
    "array": (ogr.OFTString, ogr.OFSTJSON),
}
_GEOMETRY = {
    "Point": ogr.wkbPoint,
    "LineString": ogr.wkbLineString,
    "Polygon": ogr.wkbPolygon,
    "MultiPoint": ogr.wkbMultiPoint,
    "MultiLineString": ogr.wkbMultiLineString,
    "MultiPolygon": ogr.wkbMultiPolygon,
    "GeometryCollection": ogr.wkbGeometryCollection,
    "": ogr.wkbUnknown,
    "none": ogr.wkbNone,
}


class QuietGdal:
    """GDAL's exceptions on, its stderr off, for the calls inside; both as they were afterwards."""

    def __enter__(self) -> None:
        self._ogr, self._gdal = ogr.GetUseExceptions(), gdal.GetUseExceptions()
        ogr.UseExceptions()
        gdal.UseExceptions()
        gdal.PushErrorHandler("CPLQuietErrorHandler")

    def __exit__(self, *_: object) -> None:
        gdal.PopErrorHandler()
        # GDAL before 3.7 keeps its handlers on a stack: last in, first out
        if not self._gdal:
            gdal.DontUseExceptions()
        if not self._ogr:
            ogr.DontUseExceptions()


def create(
    path: Path, table: str, columns: Sequence[Column], geometry_type: str, has_z: bool, srid: int, description: str
) -> None:
    """Add an empty table (and the GeoPackage where there is none yet) at ``path``."""
    with told_plainly(path), QuietGdal():
        try:
            _create(path, table, columns, geometry_type, has_z, srid, description)
        except RuntimeError as error:
            text = str(error).lower()
            if "full" in text:
                raise sqlite3.OperationalError("database or disk is full") from error
            if "readonly" in text or "permission" in text or "unable to open" in text or "failed to create" in text:
                raise sqlite3.OperationalError(f"unable to open database file: {error}") from error
            raise WorkingCopyError(
                tr("The table {table} could not be made in {file}.", table=table, file=path.name), detail=str(error)
            ) from error


def _create(
    path: Path, table: str, columns: Sequence[Column], geometry_type: str, has_z: bool, srid: int, description: str
) -> None:
    driver = gdal.GetDriverByName("GPKG")
    if path.exists():
        dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_UPDATE)
    else:
        dataset = driver.Create(str(path), 0, 0, 0, gdal.GDT_Unknown)
    srs = osr.SpatialReference()
    srs.ImportFromEPSG(srid)
    kind = _GEOMETRY[geometry_type]
    if has_z and kind != ogr.wkbNone:
        kind = ogr.GT_SetZ(kind)
    options = [f"FID={KEY}", f"DESCRIPTION={description}"]
    if kind != ogr.wkbNone:
        options.append(f"GEOMETRY_NAME={GEOMETRY}")
    layer = dataset.CreateLayer(table, srs if kind != ogr.wkbNone else None, kind, options)
    for column in columns:
        field_type, subtype = _FIELD.get(column.type, (ogr.OFTString, ogr.OFSTNone))
        field = ogr.FieldDefn(column.name, field_type)
        field.SetSubType(subtype)
        if column.max_length and field_type == ogr.OFTString:
            field.SetWidth(column.max_length)
        if column.title and column.title != column.name:
            field.SetAlternativeName(column.title)
        layer.CreateField(field)
    for name in (ID, VERSION):
        layer.CreateField(ogr.FieldDefn(name, ogr.OFTString))
    layer.SyncToDisk()
    del layer
    dataset.FlushCache()
    del dataset


def register(connection: sqlite3.Connection, table: str, description: str) -> None:
    """List one of our own tables in gpkg_contents under a type that readers do not offer as a layer."""
    connection.execute(books.REGISTER, (table, books.HIDDEN, table, description))


def create_books(connection: sqlite3.Connection, created: str, made_by: str) -> None:
    """The twin_ tables that every working copy has. Tracking is on from the start."""
    for name, statement in books.BOOKS.items():
        connection.execute(statement)
        register(connection, name, "City Twin Workbench")
    connection.execute(
        'INSERT INTO "twin_state" (id, tracking, format, created, made_by) VALUES (1, 1, ?, ?, ?)',
        (books.FORMAT, created, made_by),
    )


def tracked_names(columns: Iterable[Column], geometry_type: str) -> list[str]:
    """The columns whose changes count: the geometry, where there is one, and the properties."""
    return [*([] if geometry_type == "none" else [GEOMETRY]), *(column.name for column in columns)]


def create_tracking(connection: sqlite3.Connection, table: str, tracked: Sequence[str]) -> None:
    """The base table, indexes and triggers of ``table``. After the bulk write: rows in it count as published."""
    for statement in sql.create_base(table, tracked):
        connection.execute(statement)
    register(connection, sql.base_table(table), "City Twin Workbench")
    for statement in sql.triggers(table, tracked).values():
        connection.execute(statement)


def any_geometry(connection: sqlite3.Connection, table: str) -> None:
    """Let ``table`` hold geometries of all types: in the GeoPackage's books and in the column's own declaration, which
    have to agree (requirement 31). The caller holds the transaction."""
    connection.execute(sql.SET_GEOMETRY_TYPE, ("GEOMETRY", table))
    (statement,) = connection.execute(sql.TABLE, (table,)).fetchone()
    declared = re.sub(rf'("{GEOMETRY}"\s+)\w+', r"\1GEOMETRY", statement, count=1)
    if declared == statement:
        return
    # what ALTER TABLE cannot do and leaves the rows as they are: https://sqlite.org/lang_altertable.html, section 7
    (version,) = connection.execute("PRAGMA schema_version").fetchone()
    connection.execute("PRAGMA writable_schema = ON")
    try:
        connection.execute(sql.SET_TABLE, (declared, table))
        connection.execute(f"PRAGMA schema_version = {int(version) + 1}")
    finally:
        connection.execute("PRAGMA writable_schema = OFF")


def foreign_triggers(connection: sqlite3.Connection, table: str) -> dict[str, str]:
    """The triggers on ``table`` that are not ours (R-tree, feature count): name → statement."""
    rows = connection.execute(sql.FOREIGN_TRIGGERS, (table,))
    return {str(name): str(statement) for name, statement in rows}
