"""What changed since the base, as values that a list, a report or a publish can use."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from . import columns as cols
from . import geometry as geo
from . import sql
from .columns import GEOMETRY, Stored
from .geometry import Box, box_of
from .source import Source

Kind = Literal["insert", "update", "delete"]

_NAMES = ("name", "naam", "title", "titel", "label", "omschrijving", "description", "straatnaam", "street", "address")


@dataclass(frozen=True)
class Cell:
    """One column of a change; values as stored, the geometry as GeoPackage blobs."""

    column: str
    title: str
    old: Stored
    new: Stored
    kind: str  # the property's type, "geometry" for the geometry

    @property
    def geometry(self) -> bool:
        return self.kind == "geometry"


@dataclass(frozen=True)
class Change:
    """One feature that differs from its published state."""

    table: str
    kind: Kind
    fid: int
    twin_id: str | None
    version: str | None  # the token that the base came with
    cells: tuple[Cell, ...]  # update: what differs; insert and delete: what is not null
    label: str  # what people call the feature
    conflict: bool = False

    @property
    def key(self) -> str:
        """Stable while the feature lives: table, and id where the twin knows it."""
        return f"{self.table}/{self.twin_id if self.twin_id is not None else f'new-{self.fid}'}"

    def cell(self, column: str) -> Cell | None:
        """The changed cell of that column."""
        return next((cell for cell in self.cells if cell.column == column), None)

    @property
    def boxes(self) -> list[Box]:
        """The boxes of the old and the new geometry, where the geometry is part of the change."""
        cell = self.cell(GEOMETRY)
        values = (cell.old, cell.new) if cell else ()
        found = (box_of(value) for value in values if isinstance(value, bytes))
        return [box for box in found if box]


@dataclass(frozen=True)
class Counts:
    """How many features of a table differ from what was published."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    conflicts: int = 0

    @property
    def total(self) -> int:
        return self.inserted + self.updated + self.deleted

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.inserted + other.inserted,
            self.updated + other.updated,
            self.deleted + other.deleted,
            self.conflicts + other.conflicts,
        )


def read(connection: sqlite3.Connection, source: Source, clashing: frozenset[str] = frozenset()) -> Iterator[Change]:
    """Every change of one table, in time proportional to the changes. ``clashing``: the keys of those in conflict."""
    tracked = source.tracked
    width = len(tracked)
    key = f"{source.table}/"
    for row in connection.execute(sql.inserted(source.table, tracked)):
        cells = _cells(source, tracked, [None] * width, row[1:])
        asked = f"{key}new-{row[0]}" in clashing
        yield Change(source.table, "insert", row[0], None, None, cells, label_of(source, row[1:], row[0]), asked)
    for row in connection.execute(sql.updated(source.table, tracked)):
        old, fid, new = row[2 : 2 + width], row[2 + width], row[3 + width :]
        cells = _cells(source, tracked, old, new)
        if cells:
            label = label_of(source, new, row[0])
            yield Change(
                source.table, "update", fid, row[0], row[1], cells, label, f"{source.table}/{row[0]}" in clashing
            )
    for row in connection.execute(sql.deleted(source.table, tracked)):
        cells = _cells(source, tracked, row[3:], [None] * width)
        label = label_of(source, row[3:], row[0])
        yield Change(
            source.table, "delete", row[2], row[0], row[1], cells, label, f"{source.table}/{row[0]}" in clashing
        )


def _cells(source: Source, tracked: Sequence[str], old: Sequence[Stored], new: Sequence[Stored]) -> tuple[Cell, ...]:
    out = []
    for name, before, after in zip(tracked, old, new):
        if before == after:  # nearly always
            continue
        kind = source.kind(name)
        if not same(before, after, kind):
            column = source.column(name)
            out.append(Cell(name, (column.title or column.property) if column else name, before, after, kind))
    return tuple(out)


def same(old: Stored, new: Stored, kind: str) -> bool:
    """Whether two stored values mean the same."""
    if kind == "geometry":
        return geo.same(old if isinstance(old, bytes) else None, new if isinstance(new, bytes) else None)
    return cols.same(old, new, kind)


def label_of(source: Source, values: Sequence[Stored], fallback: object) -> str:
    """What people call a feature: its name where it has one, else its number. ``values`` are the tracked columns."""
    if source.called is not None:
        called = source.called(dict(zip(source.tracked, values)))
        if called:
            return called
    for place in _naming(tuple(source.tracked)):
        value = values[place]
        if isinstance(value, str) and value.strip():
            return value.strip()
    return str(fallback)


@lru_cache(maxsize=64)
def _naming(tracked: tuple[str, ...]) -> tuple[int, ...]:
    """Where the columns are that may hold a name, the best first."""
    places = {name.lower(): place for place, name in enumerate(tracked)}
    return tuple(places[name] for name in _NAMES if name in places)


def measure(blob: bytes | None) -> dict[str, Any]:
    """Size of a geometry for people: vertices, parts, area and length in CRS units, centre."""
    geometry = geo.decode(blob) if blob else None
    if geometry is None:
        return {"vertices": 0, "parts": 0, "area": 0.0, "length": 0.0, "centre": None}
    lines: list[list[list[float]]] = []
    area = 0.0
    kind = geometry["type"]
    parts = geometry.get("geometries") or geometry["coordinates"]
    if kind == "Point":
        lines = [[geometry["coordinates"]]] if geometry["coordinates"] else []
    elif kind in ("LineString", "MultiPoint"):
        lines = [geometry["coordinates"]]
    elif kind in ("MultiLineString", "Polygon"):
        lines = geometry["coordinates"]
    elif kind == "MultiPolygon":
        lines = [ring for polygon in geometry["coordinates"] for ring in polygon]
    polygons = (
        [geometry["coordinates"]] if kind == "Polygon" else geometry["coordinates"] if kind == "MultiPolygon" else []
    )
    for polygon in polygons:
        sizes = [abs(_ring_area(ring)) for ring in polygon]
        area += sizes[0] - sum(sizes[1:]) if sizes else 0.0
    length = (
        sum(math.dist(a[:2], b[:2]) for line in lines for a, b in zip(line, line[1:])) if kind != "MultiPoint" else 0.0
    )
    box = box_of(blob)
    return {
        "vertices": sum(len(line) - (1 if polygons else 0) for line in lines),
        "parts": len(parts) if kind.startswith(("Multi", "Geometry")) else 1,
        "area": area,
        "length": length,
        "centre": ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) if box else None,
    }


def _ring_area(ring: Sequence[Sequence[float]]) -> float:
    if not ring:
        return 0.0
    # relative to the first vertex: far from the origin the products would eat the digits
    x0, y0 = ring[0][0], ring[0][1]
    return sum((a[0] - x0) * (b[1] - y0) - (b[0] - x0) * (a[1] - y0) for a, b in zip(ring, ring[1:])) / 2
