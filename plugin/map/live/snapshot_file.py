"""A table of points written into a GeoPackage that others may have open: all of it in one transaction, or nothing.

GDAL makes the empty table in a file of its own; what it made (table, R-tree, triggers, its rows in GeoPackage's books)
is then put into the real file together with the rows. A killed process leaves the file as it was.
"""

from __future__ import annotations

import sqlite3
import struct
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from osgeo import gdal, ogr, osr

from ...text import tr
from ...twin.errors import CityTwinError
from ...twin.progress import Progress, check
from ...workcopy import rtree, sql
from ...workcopy.connection import opened, transaction
from ...workcopy.errors import FileExists, NotAWorkingCopy, told_plainly
from ...workcopy.sql import fill, marks
from ...workcopy.tables import QuietGdal

KEY, GEOMETRY = "fid", "geom"
_SRID = 4326
_BLOCK = 2000
_TYPES = {
    "text": ogr.OFTString,
    "number": ogr.OFTReal,
    "integer": ogr.OFTInteger,
    "time": ogr.OFTDateTime,
}

_OBJECTS = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
# GeoPackage's books that a table of features stands in, and the column of each that names it
_BOOKS = {
    "gpkg_contents": "table_name",
    "gpkg_geometry_columns": "table_name",
    "gpkg_ogr_contents": "table_name",
    "gpkg_extensions": "table_name",
}
_METADATA = "SELECT md_scope, md_standard_uri, mime_type, metadata FROM gpkg_metadata"
_PUT_METADATA = "INSERT INTO gpkg_metadata (md_scope, md_standard_uri, mime_type, metadata) VALUES (?, ?, ?, ?)"
_PUT_REFERENCE = "INSERT INTO gpkg_metadata_reference (reference_scope, table_name, md_file_id) VALUES ('table', ?, ?)"
_HAS_EXTENSION = "SELECT 1 FROM gpkg_extensions WHERE table_name = ? AND extension_name = ?"
_IS_GEOPACKAGE = "SELECT count(*) FROM sqlite_master WHERE name IN ('gpkg_contents', 'gpkg_spatial_ref_sys')"
_REFERENCE_SYSTEM = "SELECT * FROM gpkg_spatial_ref_sys WHERE srs_id = ?"
_TAKEN = "SELECT 1 FROM sqlite_master WHERE lower(name) = lower(?)"

Row = tuple[Any, ...]
Position = tuple[float, float]


@dataclass(frozen=True)
class Table:
    """``columns``: name and kind (text, number, integer, time) of each; ``about``: what GeoPackage's own metadata say,
    beside the ``title`` and the ``description`` that every reader shows."""

    name: str
    title: str
    description: str
    columns: Sequence[tuple[str, str]]
    about: Mapping[str, str]


def write(path: Path, table: Table, rows: Iterable[tuple[Position | None, Row]], progress: Progress) -> str:
    """Add ``table`` to the GeoPackage at ``path``, or make one there; the name that the table got (another one where
    that was taken). Positions are degrees of longitude and latitude. Raises `CityTwinError`, and nothing was written.
    """
    if path.exists():
        with tempfile.TemporaryDirectory(prefix="citytwin-") as folder:
            scratch = Path(folder) / "scratch.gpkg"
            with opened(path) as connection:
                name = _free_name(connection, path, table.name)
            _make(scratch, table, name)
            with opened(scratch) as source, opened(path, write=True) as connection:
                with transaction(connection):
                    late = _copy_shape(source, connection, name)
                    _fill(connection, table, name, rows, progress)
                    late()
        return name
    part = path.with_name(f"{path.name}.part")
    try:
        with told_plainly(path):
            part.unlink(missing_ok=True)
            if not path.parent.is_dir():
                raise FileNotFoundError(2, tr("there is no such folder"), str(path.parent))
        _make(part, table, table.name)
        with opened(part, write=True) as connection, transaction(connection):
            triggers = connection.execute(sql.FOREIGN_TRIGGERS, (table.name,)).fetchall()
            for name, _statement in triggers:
                connection.execute(sql.drop_trigger(name))
            _fill(connection, table, table.name, rows, progress)
            for _name, statement in triggers:
                connection.execute(statement)
        with told_plainly(path):
            if path.exists():
                raise FileExists(tr("{file} was made by somebody else meanwhile. Try again.", file=path.name))
            part.replace(path)
    finally:
        for leftover in (part, part.with_name(part.name + "-journal")):
            leftover.unlink(missing_ok=True)
    return table.name


def _free_name(connection: sqlite3.Connection, path: Path, wanted: str) -> str:
    if connection.execute(_IS_GEOPACKAGE).fetchone()[0] != 2:
        raise NotAWorkingCopy(
            tr("{file} is no GeoPackage. Nothing was changed. Choose another file, or a new name.", file=path.name)
        )
    name, number = wanted, 1
    while connection.execute(_TAKEN, (name,)).fetchone() is not None:
        number += 1
        name = f"{wanted}_{number}"
    return name


def _make(path: Path, table: Table, name: str) -> None:
    with told_plainly(path), QuietGdal():
        try:
            dataset = gdal.GetDriverByName("GPKG").Create(str(path), 0, 0, 0, gdal.GDT_Unknown)
            reference = osr.SpatialReference()
            reference.ImportFromEPSG(_SRID)
            options = [f"FID={KEY}", f"GEOMETRY_NAME={GEOMETRY}", f"DESCRIPTION={table.description}"]
            # GeoPackage wants identifiers that differ from one another
            options.append(f"IDENTIFIER={name}")
            layer = dataset.CreateLayer(name, reference, ogr.wkbPoint, options)
            for column, kind in table.columns:
                layer.CreateField(ogr.FieldDefn(column, _TYPES[kind]))
            if table.about:
                layer.SetMetadata({"TITLE": table.title, **table.about})
            layer.SyncToDisk()
            del layer
            dataset.FlushCache()
            del dataset
        except RuntimeError as error:
            text = str(error).lower()
            if "full" in text:
                raise sqlite3.OperationalError("database or disk is full") from error
            if any(word in text for word in ("readonly", "permission", "unable to open", "failed to create")):
                raise sqlite3.OperationalError(f"unable to open database file: {error}") from error
            raise CityTwinError(
                tr("The table {table} could not be made in {file}.", table=name, file=path.name), detail=str(error)
            ) from error


def _copy_shape(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> Callable[[], None]:
    """Make in ``target`` what GDAL made in ``source``; the triggers by the call that is returned, after the rows."""
    have = _names(target)
    ours = {table, f"rtree_{table}_{GEOMETRY}"}
    triggers = []
    for kind, name, statement in source.execute(_OBJECTS):
        book = name.startswith("gpkg_") and not name.startswith("gpkg_tile")
        if kind == "trigger" and not name.startswith("gpkg_"):
            triggers.append(statement)
        elif kind == "table" and (name in ours or book) and name not in have:
            target.execute(statement)
    if target.execute(_REFERENCE_SYSTEM, (_SRID,)).fetchone() is None:
        _put(source, target, "gpkg_spatial_ref_sys", "srs_id", _SRID)
    for book, column in _BOOKS.items():
        _put(source, target, book, column, table)
    for name in ("gpkg_metadata", "gpkg_metadata_reference"):
        if target.execute(_HAS_EXTENSION, (name, "gpkg_metadata")).fetchone() is None:
            _put(source, target, "gpkg_extensions", "table_name", name)
    for row in source.execute(_METADATA).fetchall() if "gpkg_metadata" in _names(source) else ():
        number = target.execute(_PUT_METADATA, row).lastrowid
        target.execute(_PUT_REFERENCE, (table, number))

    def late() -> None:
        for statement in triggers:
            target.execute(statement)

    return late


def _names(connection: sqlite3.Connection) -> set[str]:
    return {row[1] for row in connection.execute(_OBJECTS)}


def _put(source: sqlite3.Connection, target: sqlite3.Connection, book: str, column: str, value: object) -> None:
    """The rows of ``book`` whose ``column`` is ``value``; by name, since an older file may have fewer columns."""
    if book not in _names(source):
        return
    known = {str(row[0]) for row in target.execute(sql.COLUMNS, (book,))}
    columns = [str(row[0]) for row in source.execute(sql.COLUMNS, (book,)) if row[0] in known]
    select = fill("SELECT {columns} FROM {book} WHERE {column} = ?", columns=columns, book=book, column=column)
    insert = fill(
        "INSERT INTO {book} ({columns}) VALUES ({marks})", book=book, columns=columns, marks=marks(len(columns))
    )
    target.executemany(insert, source.execute(select, (value,)).fetchall())


def _fill(
    connection: sqlite3.Connection,
    table: Table,
    name: str,
    rows: Iterable[tuple[Position | None, Row]],
    progress: Progress,
) -> None:
    columns = [KEY, GEOMETRY, *(column for column, _kind in table.columns)]
    insert = fill(
        "INSERT INTO {table} ({columns}) VALUES ({marks})", table=name, columns=columns, marks=marks(len(columns))
    )
    ids: list[int] = []
    places: list[Position] = []
    count = 0
    every = iter(rows)
    while block := list(islice(every, _BLOCK)):
        check(progress)
        written = []
        for position, values in block:
            count += 1
            if position is not None:
                ids.append(count)
                places.append(position)
            written.append((count, None if position is None else _blob(position), *values))
        connection.executemany(insert, written)
    corners = np.array(places, np.float64).reshape(-1, 2)
    rtree.pack(connection, name, GEOMETRY, np.array(ids, np.int64), np.hstack((corners, corners)))
    whole = (*corners.min(axis=0).tolist(), *corners.max(axis=0).tolist()) if len(corners) else (None,) * 4
    connection.execute(sql.SET_CONTENTS, (*whole, name))
    connection.execute(sql.SET_COUNT, (count, name))


def _blob(position: Position) -> bytes:
    """A point as GeoPackage writes it (OGC 12-128, clause 2.1.3), without an envelope."""
    return struct.pack("<2sBBiBIdd", b"GP", 0, 1, _SRID, 1, 1, *position)
