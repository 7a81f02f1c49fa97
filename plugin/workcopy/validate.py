"""What would be wrong with publishing a change: found before anything is sent, with a place to zoom to."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from osgeo import gdal, ogr

from ..text import tr
from ..twin.progress import SILENT, Progress, check
from ..twin.schema import check as check_schema
from .changes import Change
from .columns import GEOMETRY, Stored, from_stored
from .connection import opened
from .copy import WorkingCopy
from .geometry import BadGeometry, box_of, decode, demoted, encode, wkb_of
from .settle import row_by_fid
from .source import Source
from .writer import NO_ID

_PLACE = re.compile(r"(?:at or near point|near) (-?[\d.eE+]+) (-?[\d.eE+]+)")


@dataclass(frozen=True)
class Problem:
    """Why one change cannot be published as it is."""

    table: str
    fid: int
    twin_id: str | None
    label: str
    column: str | None  # None: the feature as a whole
    message: str
    at: tuple[float, float] | None  # where, in the table's CRS
    key: str = ""  # the change's


def validate(copy: WorkingCopy, changes: Sequence[Change] | None = None, progress: Progress = SILENT) -> list[Problem]:
    """Check ``changes`` (default: all) against the twin's schema and for valid geometry. Raises `TrackingBroken`."""
    todo = copy.changes() if changes is None else changes
    problems: list[Problem] = []
    with opened(copy.path) as connection:
        for index, change in enumerate(todo):
            check(progress)
            if index % 50 == 0:
                progress.report(index, len(todo), tr("Checking {label}", label=change.label))
            problems.extend(_problems(copy, connection, copy.source(change.table), change))
    return problems


def _problems(copy: WorkingCopy, connection: sqlite3.Connection, source: Source, change: Change) -> Iterator[Problem]:
    for column, message, at in _found(connection, source, change):
        place = at or _centre(copy, change)
        yield Problem(change.table, change.fid, change.twin_id, change.label, column, message, place, change.key)


def _found(
    connection: sqlite3.Connection, source: Source, change: Change
) -> Iterator[tuple[str | None, str, tuple[float, float] | None]]:
    needed = {"insert": {"POST"}, "update": {"PATCH", "PUT"}, "delete": {"DELETE"}}[change.kind]
    if not needed & source.methods:
        yield None, _refused(change.kind, source), None
        return
    if change.twin_id is not None and change.twin_id.startswith(NO_ID):
        yield None, tr("The twin gave this feature no id, so a change to it cannot be sent."), None
        return
    if change.kind == "delete":
        return
    for cell in change.cells:
        column = source.column(cell.column)
        if column and column.read_only and change.kind == "update":
            yield cell.column, tr("{column} is kept by the twin and cannot be changed.", column=cell.title), None
    row = _row(connection, source, change)
    if row is None:
        return
    blob = row.pop(GEOMETRY, None)
    geometry, words = None, ""
    try:
        geometry = decode(blob) if isinstance(blob, bytes) else None
    except BadGeometry as error:
        words = tr("The geometry cannot be sent as GeoJSON: {reason}.", reason=str(error))
    if words:
        yield GEOMETRY, words, None
    if source.schema.declared:
        properties = {c.property: row[c.name] for c in source.columns if not c.read_only and c.name in row}
        names = {c.property: c.name for c in source.columns}
        sent = demoted(geometry) if geometry and not source.geometry_type.startswith("Multi") else geometry
        schema = source.schema
        if change.kind == "update":
            schema = replace(schema, properties=tuple(prop for prop in schema.properties if prop.name in properties))
        for violation in check_schema(properties, sent, schema):
            column_name = names.get(violation.property, GEOMETRY)
            found_column = source.column(column_name)
            if found_column and found_column.read_only:
                continue
            if change.kind == "update" and change.cell(column_name) is None:
                continue  # it came so from the twin, and is not sent back
            yield column_name, violation.message, None
    shape = change.cell(GEOMETRY)
    if geometry is not None and (shape is not None or change.kind == "insert"):
        yield from _of_another_kind(source, geometry)
    if shape is not None and geometry is not None:
        # what was wrong in the published geometry is not this edit's doing: real city models are full of slivers
        before = Counter(message for message, _ in _problems_of(shape.old))
        for message, at in geometry_problems(geometry):
            before[message] -= 1
            if before[message] < 0:
                yield GEOMETRY, message, at


def _of_another_kind(source: Source, geometry: Mapping[str, Any]) -> Iterator[tuple[str, str, None]]:
    """What no schema forbids, and QGIS Server takes into a layer of anything: a geometry unlike all that came."""
    wanted, kind = source.geometry_type.replace("Multi", ""), str(geometry["type"])
    told = source.schema.declared and source.schema.geometry_type
    if not told and wanted not in ("", "none", "GeometryCollection") and kind.replace("Multi", "") != wanted:
        yield (
            GEOMETRY,
            tr("The geometry is a {kind}, but this collection holds {wanted}.", kind=kind, wanted=source.geometry_type),
            None,
        )


def _problems_of(blob: object) -> Iterator[tuple[str, tuple[float, float] | None]]:
    try:
        geometry = decode(blob) if isinstance(blob, bytes) else None
    except BadGeometry:
        return
    if geometry is not None:
        yield from geometry_problems(geometry)


def _refused(kind: str, source: Source) -> str:
    if kind == "insert":
        return tr("The twin does not let you add features to {title}.", title=source.title)
    if kind == "delete":
        return tr("The twin does not let you delete features from {title}.", title=source.title)
    return tr("The twin does not let you change features of {title}.", title=source.title)


def _row(connection: sqlite3.Connection, source: Source, change: Change) -> dict[str, Any] | None:
    """What will be sent: of an update what changed, of a new feature all; None where it is not there any more."""
    if change.kind == "update":
        values: Mapping[str, Stored] = {cell.column: cell.new for cell in change.cells}
    else:
        row = row_by_fid(connection, source, change.fid)
        if row is None:
            return None
        values = row.values
    return {
        name: value if name == GEOMETRY else from_stored(value, source.kind(name)) for name, value in values.items()
    }


def _centre(copy: WorkingCopy, change: Change) -> tuple[float, float] | None:
    cell = change.cell(GEOMETRY)
    blob = (cell.new or cell.old) if cell else None
    box = box_of(blob) if isinstance(blob, bytes) else copy.feature_box(change)
    return ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) if box else None


def geometry_problems(geometry: Mapping[str, Any]) -> Iterator[tuple[str, tuple[float, float] | None]]:
    """What is wrong with a GeoJSON geometry, and where.

    A polygon with heights is judged in the plane it lies in: the walls of a building are valid although their
    footprint is a line, and a solid's faces may overlap when seen from above.
    """
    kind = geometry["type"]
    if kind == "GeometryCollection":
        for part in geometry["geometries"]:
            yield from geometry_problems(part)
        return
    coordinates = geometry["coordinates"]
    if not coordinates:
        yield tr("The geometry is empty."), None
        return
    polygons = [coordinates] if kind == "Polygon" else coordinates if kind == "MultiPolygon" else []
    if any(len(ring) and len(ring[0]) > 2 for polygon in polygons for ring in polygon):
        for polygon in polygons:
            axis = _thinnest_axis(polygon[0])
            flat = [[[p[i] for i in range(3) if i != axis] for p in ring] for ring in polygon]
            for message, _ in _planar({"type": "Polygon", "coordinates": flat}):
                yield message, (polygon[0][0][0], polygon[0][0][1])
        return
    if polygons or kind in ("LineString", "MultiLineString"):
        yield from _planar(geometry)


def _thinnest_axis(ring: Sequence[Sequence[float]]) -> int:
    """The axis along which the ring's plane is seen largest: dropping it changes the shape least (Newell's normal)."""
    x = y = z = 0.0
    ox, oy, oz = ring[0][:3]
    for a, b in zip(ring, ring[1:]):
        ax, ay, az = a[0] - ox, a[1] - oy, a[2] - oz
        bx, by, bz = b[0] - ox, b[1] - oy, b[2] - oz
        x += (ay - by) * (az + bz)
        y += (az - bz) * (ax + bx)
        z += (ax - bx) * (ay + by)
    sizes = (abs(x), abs(y), abs(z))
    return 2 if sizes[2] == max(sizes) else sizes.index(max(sizes))


def _planar(geometry: Mapping[str, Any]) -> Iterator[tuple[str, tuple[float, float] | None]]:
    words: list[str] = []

    def listen(_level: int, _number: int, text: str) -> None:
        words.append(text)

    shape = _ogr(geometry)
    gdal.PushErrorHandler(listen)
    try:
        valid = shape.IsValid()
    finally:
        gdal.PopErrorHandler()
    if valid:
        return
    said = words[-1] if words else ""
    place = _PLACE.search(said)
    at = (float(place.group(1)), float(place.group(2))) if place else None
    yield _in_words(said), at


def _in_words(said: str) -> str:
    low = said.lower()
    if "self-intersection" in low:
        return tr("The outline crosses itself.")
    if "ring self" in low or "duplicate ring" in low:
        return tr("The outline touches or repeats itself.")
    if "hole" in low:
        return tr("A hole lies outside its polygon, or holes overlap.")
    if "too few points" in low:
        return tr("A part has too few points.")
    if "nested" in low:
        return tr("One part lies inside another.")
    if "not closed" in low or "closed" in low:
        return tr("An outline is not closed.")
    return tr("The geometry is not valid: {reason}.", reason=said or tr("no reason given"))


def _ogr(geometry: Mapping[str, Any]) -> Any:
    blob, _ = encode(geometry, 0)
    return ogr.CreateGeometryFromWkb(wkb_of(blob or b""))
