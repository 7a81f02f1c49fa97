"""The list of what to look at outside: a plain layer of points in the package, one row a feature or a place.

Its status travels in the table itself, so QField and QGIS without the plugin tick tasks off, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from osgeo import ogr

from ..text import tr
from ..workcopy.columns import GEOMETRY, KEY
from ..workcopy.connection import opened, transaction
from . import table as plain

TABLE = "review_tasks"
COLLECTION, FEATURE, LABEL, WHY = "collection", "feature", "label", "why"
DONE, DONE_AT, DONE_BY = "done", "done_at", "done_by"
COLUMNS = {
    COLLECTION: (ogr.OFTString, ogr.OFSTNone),
    FEATURE: (ogr.OFTString, ogr.OFSTNone),
    LABEL: (ogr.OFTString, ogr.OFSTNone),
    WHY: (ogr.OFTString, ogr.OFSTNone),
    DONE: (ogr.OFTInteger, ogr.OFSTBoolean),
    DONE_AT: (ogr.OFTString, ogr.OFSTNone),
    DONE_BY: (ogr.OFTString, ogr.OFSTNone),
}


@dataclass(frozen=True)
class Task:
    """``collection`` is a table of the package and ``feature`` a twin_id in it, both empty for a mere place;
    ``geometry`` a point as the GeoPackage has it; ``done_at`` RFC 3339, UTC."""

    label: str = ""
    why: str = ""
    collection: str = ""
    feature: str = ""
    done: bool = False
    done_at: str = ""
    done_by: str = ""
    fid: int | None = None
    geometry: bytes | None = None


def title(column: str) -> str:
    """What a column is called, in the user's language; one that is none of ours as it is."""
    titles = {
        COLLECTION: tr("Layer"),
        FEATURE: tr("Feature"),
        LABEL: tr("What to look at"),
        WHY: tr("Why"),
        DONE: tr("Looked at"),
        DONE_AT: tr("Looked at when"),
        DONE_BY: tr("Looked at by"),
    }
    return titles.get(column, column)


def create(path: Path, srid: int, tasks: Iterable[Task] = ()) -> int:
    """Make the table in EPSG:``srid`` with ``tasks``, whose geometries are in that system; how many there are.

    Raises `WorkingCopyError`.
    """
    titles = {name: title(name) for name in COLUMNS}
    plain.create(path, TABLE, "Point", srid, COLUMNS, titles, tr("Review tasks"))
    plain.follow(path, [TABLE])
    count = 0
    with opened(path, write=True) as connection, transaction(connection):
        for task in tasks:
            plain.put(connection, TABLE, None, _values(task))
            count += 1
    return count


def read(path: Path, lost: list[str] | None = None) -> tuple[Task, ...]:
    """The tasks of the file at ``path``, in their order; none where there is no such table.

    Of a damaged file those that can be read, where ``lost`` is given, which then gets the table's name.
    """
    with opened(path) as connection:
        plain.distrust(connection)
        if not plain.there(connection, TABLE):
            return ()
        found = plain.rows(connection, TABLE, [KEY, GEOMETRY, *COLUMNS], lost)
        return tuple(_task(row) for row in found)


def mark(path: Path, fid: int, *, done: bool = True, by: str = "", at: datetime | None = None) -> None:
    """Tick a task off, or open it again. Raises `WorkingCopyError`."""
    moment = (at or datetime.now(timezone.utc)).astimezone(timezone.utc)
    told = moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    values = {DONE: int(done), DONE_AT: told if done else None, DONE_BY: (by or None) if done else None}
    with opened(path, write=True) as connection, transaction(connection):
        plain.put(connection, TABLE, fid, values)


def _values(task: Task) -> dict[str, Any]:
    return {
        GEOMETRY: task.geometry,
        COLLECTION: task.collection or None,
        FEATURE: task.feature or None,
        LABEL: task.label or None,
        WHY: task.why or None,
        DONE: int(task.done),
        DONE_AT: task.done_at or None,
        DONE_BY: task.done_by or None,
    }


def _task(row: Mapping[str, Any]) -> Task:
    fid, geometry = row.get(KEY), row.get(GEOMETRY)
    return Task(
        label=_text(row.get(LABEL)),
        why=_text(row.get(WHY)),
        collection=_text(row.get(COLLECTION)),
        feature=_text(row.get(FEATURE)),
        done=_text(row.get(DONE)).lower() in ("1", "1.0", "true"),
        done_at=_text(row.get(DONE_AT)),
        done_by=_text(row.get(DONE_BY)),
        fid=fid if isinstance(fid, int) else None,
        geometry=geometry if isinstance(geometry, bytes) else None,
    )


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else str(value) if isinstance(value, (int, float)) else ""
