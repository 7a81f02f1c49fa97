"""A part of a working copy as a file of its own, to take outside: some layers, in an area, as they are now.

What was edited and not published yet is the package's own starting point: its books begin empty, so that what is
changed outside is what was changed outside. Features that the twin does not know yet carry the row number that they
have in the office (``office:17``), by which they are found again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from osgeo import gdal, ogr

from ..text import tr
from ..twin.crs import reference_system
from ..twin.progress import SILENT, Progress, check
from . import books, package, rtree, sql, trail
from . import source as src
from .columns import GEOMETRY
from .connection import connect, opened, transaction
from .copy import WorkingCopy
from .errors import FileExists, WorkingCopyError, told_plainly
from .geometry import BadGeometry, Box, box_of, wkb_of
from .package import Package
from .part import part_file, seal
from .source import Source
from .tables import QuietGdal

OFFICE = "office:"
_PAGES = 4096  # of the file, copied between two looks at the wish to stop


@dataclass(frozen=True)
class Area:
    """A polygon as WKB, east/north in EPSG:``srid``."""

    wkb: bytes
    srid: int


@dataclass(frozen=True)
class Excerpt:
    """What came into the file: features per table."""

    path: Path
    counts: Mapping[str, int]


def excerpt(
    copy: WorkingCopy,
    target: Path,
    tables: Sequence[str],
    area: Area | None,
    made: Package,
    *,
    beside: Collection[str] = (),
    progress: Progress = SILENT,
) -> Excerpt:
    """Write the package's GeoPackage at ``target``, and note in ``copy`` that it was made. Where what is to lie beside
    it then fails, `package.forget` it.

    ``tables`` are layers of ``copy``; of those with geometry what meets ``area`` goes along (all without one).
    ``beside``: further tables of the file, of whoever, that go along whole. The file is copied by SQLite's backup, so
    it may be in use. Raises `FileExists`, `FileReadOnly`, `DiskFull`, `TrackingBroken`, `Cancelled` and other
    `WorkingCopyError`; then there is nothing at ``target``.
    """
    wanted = [copy.healthy(name)[0] for name in tables]
    if target.exists():
        raise FileExists(tr("{file} is there already. Choose another place, or remove it first.", file=target.name))
    made = replace(made, tables=tuple(tables))
    with part_file(target) as part:
        _copy(copy.path, part, progress)
        _drop(part, {*tables, *beside})
        counts = _trim(part, wanted, beside, area, replace(made, role="this"), progress)
        with told_plainly(part):
            connection = connect(part, write=True)
            try:
                progress.report(0, None, tr("Packing the file…"))
                connection.execute("PRAGMA journal_mode = DELETE")
                connection.execute("VACUUM")
                check(progress)
            finally:
                connection.close()
        # noted first: a file outside of which the office knows nothing would come back as a stranger's
        package.note(copy.path, replace(made, role="made"))
        try:
            seal(part, target)
        except BaseException:
            package.forget(copy.path, made.id)
            raise
    return Excerpt(target, counts)


def _copy(path: Path, part: Path, progress: Progress) -> None:
    def told(_status: int, remaining: int, total: int) -> None:
        check(progress)
        progress.report(total - remaining, total, tr("Copying the working copy…"))

    with opened(path) as source, told_plainly(part):
        target = sqlite3.connect(str(part))
        try:
            source.backup(target, pages=_PAGES, progress=told, sleep=0.05)
        finally:
            target.close()


def _drop(part: Path, kept: Collection[str]) -> None:
    """Take out every layer that does not go along: GDAL knows all that belongs to one."""
    with opened(part, write=True) as connection:
        for kind, name, _ in connection.execute(sql.OBJECTS).fetchall():
            if kind == "view" and name not in kept:
                connection.execute(sql.drop_view(name))
    with told_plainly(part), QuietGdal():
        dataset = gdal.OpenEx(str(part), gdal.OF_VECTOR | gdal.OF_RASTER | gdal.OF_UPDATE)
        names = [dataset.GetLayer(index).GetName() for index in range(dataset.GetLayerCount())]
        for name in names:
            if name not in kept and not name.startswith("twin_") and name != "layer_styles":
                dataset.DeleteLayer(name)
        del dataset


def _trim(
    part: Path,
    wanted: Sequence[Source],
    beside: Collection[str],
    area: Area | None,
    made: Package,
    progress: Progress,
) -> dict[str, int]:
    counts: dict[str, int] = {}
    names = {source.table for source in wanted}
    with opened(part, write=True) as connection, transaction(connection, tracking=False):
        for statement in books.FORGET_WORK:
            connection.execute(statement)
        for source in src.load(connection):
            if source.table not in names:
                base = sql.base_table(source.table)
                connection.execute(sql.drop_table(base))
                connection.execute(books.UNREGISTER, (base,))
                connection.execute(books.FORGET_SOURCE, (source.table,))
        _drop_styles(connection, names)
        _drop_rest(connection, {*names, *beside})
        for index, source in enumerate(wanted):
            check(progress)
            progress.report(index, len(wanted), tr("{title}: choosing what goes along…", title=source.title))
            counts[source.table] = _one(connection, source, area, progress)
        trail.begin(connection, names)
        package.put(connection, made)
    return counts


def _drop_rest(connection: sqlite3.Connection, kept: Collection[str]) -> None:
    """What GDAL does not know as a layer, and is nobody's business outside: the office's projects, tables and views of
    other programs; and rules that somebody put on the layers, which may need what is not there any more."""
    books_of_ours = {*books.BOOKS, *map(sql.base_table, kept)}
    for kind, name, table in connection.execute(sql.OBJECTS).fetchall():
        if kind == "trigger":
            if table in kept and not _of_the_layer(name, table):
                connection.execute(sql.drop_trigger_if_there(name))
        elif kind == "table" and name not in kept and name not in books_of_ours and not _of_the_format(name, kept):
            connection.execute(sql.drop_table(name))
    have = {name for _, name, _ in connection.execute(sql.OBJECTS)}
    for book in (name for name in have if name.startswith("gpkg_")):
        if "table_name" in (name for (name,) in connection.execute(sql.COLUMNS, (book,)).fetchall()):
            connection.execute(sql.forget_missing(book))
        elif book.startswith("gpkg_metadata"):
            connection.execute(sql.clear(book))


def _of_the_format(name: str, kept: Collection[str]) -> bool:
    """Whether it is a table of SQLite, of the GeoPackage, or the index of a layer that goes along."""
    if name.startswith(("sqlite_", "gpkg_")) or name == "layer_styles":
        return True
    return name.startswith("rtree_") and any(name.startswith(f"rtree_{table}_") for table in kept)


def _of_the_layer(name: str, table: str) -> bool:
    """Whether it is a trigger of ours, or of the GeoPackage's own: its index and its count of features."""
    ours = sql.triggers(table, ["x"])
    counts = (f"trigger_insert_feature_count_{table}", f"trigger_delete_feature_count_{table}")
    return name in ours or name in counts or name.startswith(f"rtree_{table}_")


def _drop_styles(connection: sqlite3.Connection, names: Collection[str]) -> None:
    if connection.execute(sql.HAS_TABLE, ("layer_styles",)).fetchone() is None:
        return
    styled = [row[0] for row in connection.execute(sql.STYLED)]
    connection.executemany(sql.DROP_STYLE, ((name,) for name in styled if name not in names))


def _one(connection: sqlite3.Connection, source: Source, area: Area | None, progress: Progress) -> int:
    """Leave of one table what goes along, with empty books. The number of features."""
    table = source.table
    connection.execute(sql.clear(sql.base_table(table)))
    if area is not None and source.has_geometry:
        _cut(connection, source, area, progress)
    connection.execute(sql.name_new_rows(table), (OFFICE,))
    (count,) = connection.execute(sql.count_rows(table)).fetchone()
    connection.execute(sql.SET_COUNT, (count, table))
    src.save(connection, replace(source, feature_count=count))
    return int(count)


def _cut(connection: sqlite3.Connection, source: Source, area: Area, progress: Progress) -> None:
    table = source.table
    ids, boxes = _inside(connection, source, area, progress)
    foreign = {
        name: statement
        for name, statement in connection.execute(sql.FOREIGN_TRIGGERS, (table,)).fetchall()
        if statement is not None
    }
    for name in foreign:
        connection.execute(sql.drop_trigger(name))
    connection.execute(sql.KEEP_TABLE)
    connection.execute(sql.CLEAR_KEEP)
    connection.executemany(sql.KEEP, ((fid,) for fid in ids))
    connection.execute(sql.delete_others(table))
    indexed = connection.execute(sql.HAS_TABLE, (f"rtree_{table}_{GEOMETRY}",)).fetchone() is not None
    if indexed:
        rtree.clear(connection, table, GEOMETRY)
    placed = [(fid, box) for fid, box in zip(ids, boxes) if box is not None]
    array = np.array([box for _, box in placed], dtype=np.float64).reshape(-1, 4)
    if indexed:
        rtree.pack(connection, table, GEOMETRY, np.array([fid for fid, _ in placed], dtype=np.int64), array)
    for statement in foreign.values():
        connection.execute(statement)
    whole: tuple[float | None, ...] = (None,) * 4
    if len(array):
        whole = tuple(float(edge) for edge in (*array[:, :2].min(axis=0), *array[:, 2:].max(axis=0)))
    connection.execute(sql.SET_CONTENTS, (*whole, table))


def _inside(
    connection: sqlite3.Connection, source: Source, area: Area, progress: Progress
) -> tuple[list[int], list[Box | None]]:
    """Rows that meet the area, and those without a geometry, which are nowhere."""
    shape = _in(area, source.srid)
    west, east, south, north = shape.GetEnvelope()
    prepared = shape.CreatePreparedGeometry()
    ids: list[int] = []
    boxes: list[Box | None] = []
    for number, (fid, blob) in enumerate(connection.execute(sql.cells(source.table, GEOMETRY))):
        if number % 5000 == 0:
            check(progress)
            progress.report(number, None, tr("{title}: choosing what goes along…", title=source.title))
        box = _box(blob)
        if box is not None:
            if box[0] > east or box[2] < west or box[1] > north or box[3] < south:
                continue
            one = ogr.CreateGeometryFromWkb(wkb_of(blob))
            if one is not None and not prepared.Intersects(one):
                continue
        ids.append(fid)
        boxes.append(box)
    return ids, boxes


def _box(blob: object) -> Box | None:
    """Where a geometry lies; None for none, for an empty one, and for what is no geometry: it goes along, too."""
    if not isinstance(blob, bytes):
        return None
    try:
        return box_of(blob)
    except (BadGeometry, RecursionError):
        pass
    try:
        with QuietGdal():  # curves, which GeoJSON has not
            west, east, south, north = ogr.CreateGeometryFromWkb(wkb_of(blob)).GetEnvelope()
    except (BadGeometry, RuntimeError, AttributeError):
        return None
    return west, south, east, north


def _in(area: Area, srid: int) -> Any:
    """The area's shape in EPSG:``srid``. Raises `WorkingCopyError`."""
    with QuietGdal():
        try:
            shape = ogr.CreateGeometryFromWkb(area.wkb)
            if area.srid != srid:
                shape.AssignSpatialReference(reference_system(area.srid))
                shape.TransformTo(reference_system(srid))
        except (RuntimeError, TypeError, AttributeError) as error:
            raise WorkingCopyError(
                tr("The area cannot be brought to the layers' reference system. Choose another one."), detail=str(error)
            ) from error
    if shape is not None and not shape.IsValid():
        shape = shape.MakeValid()
    if shape is None or shape.IsEmpty():
        raise WorkingCopyError(tr("The area is empty. Draw it again."))
    return shape
