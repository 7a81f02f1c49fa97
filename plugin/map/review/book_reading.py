"""What a working copy's file and its open edit sessions know of a review: items, tasks, packages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from qgis.core import QgsVectorLayer

from ...review import plain as items_file
from ...review import schema, tasks
from ...review.item import Item, columns_of, read_item
from ...review.tasks import Task
from ...workcopy import package as packing
from ...workcopy.columns import GEOMETRY, ID, KEY
from ...workcopy.connection import opened
from ...workcopy.package import Package
from ...workcopy.sql import HAS_TABLE
from ..pilots.session import blob, plain

TABLES = (*schema.COLLECTIONS, tasks.TABLE)
_TRAVELLED = (
    'SELECT table_name, key, fid, package FROM "twin_received" '
    "WHERE table_name IN ('reviews', 'review_lines', 'review_areas')"
)
T = TypeVar("T", Item, Task)


@dataclass(frozen=True)
class Note:
    """One review item of the working copy at ``path``, unsaved edits included. Its geometry is in EPSG:``srid``.

    ``packages``: the ids of those that it went or came with. ``saved``: nothing of it is only in an edit session.
    """

    path: str
    item: Item
    srid: int = 4326
    packages: tuple[str, ...] = ()
    saved: bool = True

    @property
    def key(self) -> str:
        """By which it is recognised among those of its working copy."""
        return self.item.key or f"{self.item.table}:{self.item.fid}"


@dataclass(frozen=True)
class Edits:
    """What an open session holds of one table: values by column name. Rows that QGIS added have negative numbers."""

    changed: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    added: Sequence[Mapping[str, Any]] = ()
    deleted: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Contents:
    """``this``: the package that the file itself is, None for an ordinary working copy. ``tables``: the review tables
    that it has. Points of ``tasks`` are in EPSG:``tasks_srid``."""

    notes: tuple[Note, ...] = ()
    tasks: tuple[Task, ...] = ()
    tasks_srid: int = 4326
    tables: tuple[str, ...] = ()
    packages: tuple[Package, ...] = ()
    this: Package | None = None


def unsaved(layer: QgsVectorLayer | None, srid: int) -> Edits:
    """The edits of a layer's open session; none where it has none. Main thread."""
    buffer = layer.editBuffer() if layer is not None else None
    if layer is None or buffer is None:
        return Edits()
    names = layer.fields().names()
    changed: dict[int, dict[str, Any]] = {}
    for fid, values in buffer.changedAttributeValues().items():
        changed[fid] = {names[at]: plain(value) for at, value in values.items() if at < len(names)}
    for fid, geometry in buffer.changedGeometries().items():
        changed.setdefault(fid, {})[GEOMETRY] = blob(geometry, srid)
    added = []
    for fid, feature in sorted(buffer.addedFeatures().items(), key=lambda entry: abs(entry[0])):
        row = {name: plain(value) for name, value in zip(names, feature.attributes())}
        added.append({**row, KEY: fid, GEOMETRY: blob(feature.geometry(), srid)})
    return Edits(changed, added, frozenset(buffer.deletedFeatureIds()))


def read(path: Path, edits: Mapping[str, Edits]) -> Contents:
    """All of it, as it is now; ``edits`` by table. Any thread. Raises `CityTwinError`."""
    found = items_file.read(path)
    with opened(path) as connection:
        tables = items_file.tables(connection)
        own = packing.this(connection)
        known = packing.packages(connection)
        travelled = _travelled(connection) if connection.execute(HAS_TABLE, ("twin_received",)).fetchone() else {}
        srid = _srid(connection, tasks.TABLE)
    notes = []
    for table in tables:
        held, there = edits.get(table, Edits()), [item for item in found.items if item.table == table]
        touched = {*held.changed, *(row[KEY] for row in held.added)}
        for item in over(there, held, _item_row, lambda row, table=table: read_item(row, table)):  # type: ignore[misc]
            with_it = [*travelled.get((table, item.key), ()), *travelled.get((table, item.fid or 0), ())]
            notes.append(
                Note(
                    str(path), item, found.srids.get(table, 4326), tuple(dict.fromkeys(with_it)),
                    item.fid not in touched,
                )
            )  # fmt: skip
    listed = over(tasks.read(path), edits.get(tasks.TABLE, Edits()), _task_row, _task)
    return Contents(tuple(notes), tuple(listed), srid, tables, tuple(one for one in known if one.role != "this"), own)


def over(
    rows: Iterable[T], edits: Edits, told: Callable[[T], dict[str, Any]], made: Callable[[Mapping[str, Any]], T]
) -> list[T]:
    """Rows of the file with a session's edits over them."""
    added = {row[KEY] for row in edits.added}
    out: list[T] = []
    for row in rows:
        # what an open transaction added is not in the file for others, but it is again once that has ended
        if row.fid in edits.deleted or row.fid in added:
            continue
        values = edits.changed.get(row.fid) if row.fid is not None else None
        out.append(made({**told(row), **values}) if values else row)
    for fresh in edits.added:
        out.append(made(fresh))
    return out


def _item_row(item: Item) -> dict[str, Any]:
    return {**columns_of(item), KEY: item.fid, ID: item.twin_id, GEOMETRY: item.geometry}


def _task_row(task: Task) -> dict[str, Any]:
    names = (tasks.COLLECTION, tasks.FEATURE, tasks.LABEL, tasks.WHY, tasks.DONE, tasks.DONE_AT, tasks.DONE_BY)
    return {**{name: getattr(task, name) for name in names}, KEY: task.fid, GEOMETRY: task.geometry}


def _task(row: Mapping[str, Any]) -> Task:
    def text(name: str) -> str:
        value = row.get(name)
        return value if isinstance(value, str) else ""

    return Task(
        text(tasks.LABEL), text(tasks.WHY), text(tasks.COLLECTION), text(tasks.FEATURE), bool(row.get(tasks.DONE)),
        text(tasks.DONE_AT), text(tasks.DONE_BY), row.get(KEY), row.get(GEOMETRY),
    )  # fmt: skip


def _travelled(connection: Any) -> dict[tuple[str, str | int], list[str]]:
    out: dict[tuple[str, str | int], list[str]] = {}
    for table, key, fid, package in connection.execute(_TRAVELLED):
        for mark in (key, fid):
            if mark is not None:
                out.setdefault((str(table), mark), []).append(str(package))
    return out


def _srid(connection: Any, table: str) -> int:
    found = connection.execute("SELECT srs_id FROM gpkg_geometry_columns WHERE table_name = ?", (table,)).fetchone()
    return int(found[0]) if found and int(found[0]) > 0 else 4326
