"""Rows of a layer that may lie in a place, in pieces; and which of them do."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..twin.progress import SILENT, Progress, check
from ..workcopy.columns import GEOMETRY, KEY
from ..workcopy.connection import opened
from ..workcopy.copy import WorkingCopy
from ..workcopy.geometry import Box, box_of
from ..workcopy.source import Source
from ..workcopy.sql import HAS_TABLE
from . import shapes, sql
from .ground import ground_of
from .measure import Measure, box_in
from .record import Pilot

_CHUNK = 20_000


def rows_near(
    connection: sqlite3.Connection, source: Source, columns: Sequence[str], bounds: Box
) -> Iterator[list[Any]]:
    """The rows whose box meets ``bounds`` (EPSG:28992), in pieces: geometry, then ``columns``. Raises `CityTwinError`
    where the layer's CRS is not known here."""
    west, south, east, north = box_in(source.srid, bounds)
    names = [GEOMETRY, *columns]
    if connection.execute(HAS_TABLE, (sql.tree(source.table, GEOMETRY),)).fetchone() is None:
        # another program took the index away: slower, as right
        cursor = connection.execute(sql.rows(source.table, names))
        keep: Callable[[Any], bool] | None = lambda row: _meets(row[0], (west, south, east, north))  # noqa: E731
    else:
        cursor = connection.execute(sql.rows_in_box(source.table, GEOMETRY, names), (east, west, north, south))
        keep = None
    while True:
        rows = cursor.fetchmany(_CHUNK)
        if not rows:
            return
        yield [row for row in rows if keep(row)] if keep else rows


def reaches(connection: sqlite3.Connection, source: Source, bounds: Box) -> bool:
    """Whether the data of a layer come anywhere near ``bounds`` (EPSG:28992): the box around all of it does."""
    if connection.execute(HAS_TABLE, (sql.tree(source.table, GEOMETRY),)).fetchone() is None:
        return True
    here = connection.execute(sql.bounds(source.table, GEOMETRY)).fetchone()
    return None in here or _overlap(here, box_in(source.srid, bounds))


def holds(source: Source, bounds: Box) -> bool:
    """Whether a layer was checked out for all of ``bounds`` (EPSG:28992)."""
    if source.extent is None:
        return True
    west, south, east, north = box_in(source.srid, bounds)
    left, low, right, high = source.extent
    return left <= west and low <= south and right >= east and high >= north


def features_inside(copy: WorkingCopy, source: Source, pilot: Pilot, progress: Progress = SILENT) -> list[int]:
    """The row numbers of the features with any part inside ``pilot``: those that its profile counts. Raises
    `NoGeopandas`, `Cancelled`, `CityTwinError`."""
    shape, _ = ground_of(pilot)
    measure = Measure(shapes.wkb_of_shape(shape))
    found: list[int] = []
    with opened(copy.path) as connection:
        for rows in rows_near(connection, source, [KEY], measure.bounds):
            check(progress)
            touched = measure.inside([row[0] for row in rows], source.srid, progress).touched
            found += [int(rows[index][1]) for index in np.flatnonzero(touched)]
    return found


def _meets(blob: Any, box: Box) -> bool:
    here = box_of(blob) if isinstance(blob, bytes) else None
    return here is not None and _overlap(here, box)


def _overlap(here: Box, box: Box) -> bool:
    return here[0] <= box[2] and here[2] >= box[0] and here[1] <= box[3] and here[3] >= box[1]
