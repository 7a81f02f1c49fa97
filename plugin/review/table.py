"""Plain tables of a GeoPackage, which no twin tracks: made by GDAL, read without trust, written a row at a time."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from osgeo import gdal, ogr

from ..text import tr
from ..twin.crs import reference_system
from ..workcopy import trail
from ..workcopy.columns import GEOMETRY, KEY
from ..workcopy.connection import opened, transaction
from ..workcopy.errors import WorkingCopyError, told_plainly
from ..workcopy.geometry import BadGeometry, box_of, wkb_of
from ..workcopy.tables import QuietGdal
from . import sql

_KINDS = {
    "Point": ogr.wkbPoint,
    "MultiLineString": ogr.wkbMultiLineString,
    "MultiPolygon": ogr.wkbMultiPolygon,
}
_LONGEST = 100_000  # characters of one value from outside


def create(
    path: Path,
    table: str,
    geometry_type: str,
    srid: int,
    columns: Mapping[str, tuple[int, int]],
    titles: Mapping[str, str],
    name: str = "",
) -> None:
    """Add an empty table ``table`` to the GeoPackage at ``path``; one that is there stays as it is.

    ``columns``: name → GDAL's type and subtype of a field. Raises `WorkingCopyError`.
    """
    with told_plainly(path), QuietGdal():
        try:
            dataset = gdal.OpenEx(str(path), gdal.OF_VECTOR | gdal.OF_UPDATE)
            if dataset.GetLayerByName(table) is not None:
                return
            options = [f"FID={KEY}", f"GEOMETRY_NAME={GEOMETRY}", f"IDENTIFIER={name or table}"]
            layer = dataset.CreateLayer(table, reference_system(srid), _KINDS[geometry_type], options)
            for column, (kind, subtype) in columns.items():
                field = ogr.FieldDefn(column, kind)
                field.SetSubType(subtype)
                if titles.get(column, column) != column:
                    field.SetAlternativeName(titles[column])
                layer.CreateField(field)
            layer.SyncToDisk()
            del layer
            dataset.FlushCache()
            del dataset
        except RuntimeError as error:
            raise WorkingCopyError(
                tr("The table {table} could not be made in {file}.", table=table, file=path.name), detail=str(error)
            ) from error


def follow(path: Path, tables: Sequence[str]) -> None:
    """In a package, let edits of ``tables`` leave marks in its trail, as edits of its layers do."""
    with opened(path, write=True) as connection, transaction(connection):
        for table in tables:
            if there(connection, table):
                trail.follow(connection, table)


def distrust(connection: sqlite3.Connection) -> None:
    """Read what comes from outside: its schema runs nothing of ours, its texts may be no texts."""
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")


def there(connection: sqlite3.Connection, table: str) -> bool:
    """Whether it is a table, and not a view that somebody put in its place."""
    return connection.execute(sql.HAS_TABLE, (table,)).fetchone() is not None


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    """The names of its columns."""
    return [str(row[0]) for row in connection.execute(sql.COLUMNS, (table,))]


def srid_of(connection: sqlite3.Connection, table: str) -> int | None:
    """The EPSG code of its geometries; None where the file does not say."""
    try:
        found = connection.execute(sql.SRID, (table,)).fetchone()
    except sqlite3.Error:
        return None
    return int(found[0]) if found and isinstance(found[0], int) and found[0] > 0 else None


def rows(
    connection: sqlite3.Connection, table: str, wanted: Sequence[str], lost: list[str] | None = None
) -> Iterator[dict[str, Any]]:
    """Its rows as column → value, of the ``wanted`` columns those that it has, fid and geometry among them if wanted.

    Of a damaged file the rows that can be read; ``lost`` then gets the table's name.
    """
    have = {name.lower(): name for name in columns_of(connection, table)}
    names = [name for name in wanted if name.lower() in have]
    if not names or KEY not in have:
        return
    cursor = connection.execute(sql.select(table, [have[name.lower()] for name in names]))
    while True:
        try:
            found = cursor.fetchone()
        except sqlite3.DatabaseError:
            if lost is None:
                raise
            lost.append(table)
            return
        if found is None:
            return
        yield {name: _tame(value) for name, value in zip(names, found)}


def _tame(value: Any) -> Any:
    return value[:_LONGEST] if isinstance(value, str) else value


def put(connection: sqlite3.Connection, table: str, fid: int | None, values: Mapping[str, Any]) -> int:
    """Set columns of the row ``fid``, or insert a new row where it is None; its fid. Columns that the table has not are
    left out. The caller holds the transaction."""
    have = set(columns_of(connection, table))
    known = {name: value for name, value in values.items() if name in have}
    if fid is None:
        cursor = connection.execute(sql.insert_values(table, list(known)), list(known.values()))
        fid = cursor.lastrowid or 0
    elif known:
        connection.execute(sql.set_values(table, list(known)), [*known.values(), fid])
    blob = known.get(GEOMETRY)
    box = box_of(blob) if isinstance(blob, bytes) else None
    if box is not None:
        connection.execute(sql.WIDEN_CONTENTS, (*box, table))
    return fid


def in_system(blob: bytes | None, srid: int, target: int) -> bytes | None:
    """A geometry of EPSG:``srid`` in EPSG:``target``; None for none, and for what is no geometry or lies nowhere."""
    if blob is None:
        return None
    try:
        if srid == target:
            box_of(blob)
            return blob
        with QuietGdal():
            shape = ogr.CreateGeometryFromWkb(wkb_of(blob))
            shape.AssignSpatialReference(reference_system(srid))
            shape.TransformTo(reference_system(target))
            return blob_of(shape, target)
    except (BadGeometry, RuntimeError, TypeError, AttributeError, IndexError, ValueError):
        return None


def blob_of(shape: Any, srid: int) -> bytes:
    """A GDAL geometry as a GeoPackage stores it."""
    wkb = bytes(shape.ExportToIsoWkb(ogr.wkbNDR))
    if shape.IsEmpty():
        return struct.pack("<2sBBi", b"GP", 0, 0b00010001, srid) + wkb
    west, east, south, north = shape.GetEnvelope()
    return struct.pack("<2sBBi4d", b"GP", 0, 0b00000011, srid, west, east, south, north) + wkb
