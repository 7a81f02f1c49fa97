"""Pilots and their surroundings, read from a working copy."""

from __future__ import annotations

import sqlite3
from typing import Any

from ..text import tr
from ..twin.errors import CityTwinError
from ..workcopy.columns import GEOMETRY, ID, KEY
from ..workcopy.connection import opened
from ..workcopy.copy import WorkingCopy
from ..workcopy.geometry import wkb_of
from ..workcopy.source import Source
from ..workcopy.sql import HAS_TABLE
from . import roles, sql
from .mapping import OURS, PilotMapping
from .record import Pilot, read_pilot
from .surroundings import municipality_of


class NoPilots(CityTwinError):
    """The working copy has no layer of pilots, or not the one asked for."""


def pilots_source(copy: WorkingCopy, mapping: PilotMapping = OURS) -> Source:
    """The layer of pilots. Raises `NoPilots`."""
    found = next((source for source in copy.sources if source.collection == mapping.collection), None)
    if found is None:
        raise NoPilots(
            tr(
                "{file} holds no pilots: there is no layer of the collection {collection} in it. Check it out first.",
                file=copy.path.name,
                collection=mapping.collection,
            )
        )
    return found


def read_pilots(copy: WorkingCopy, mapping: PilotMapping = OURS) -> list[Pilot]:
    """Every pilot in the working copy as it is now, unpublished edits included. Raises `NoPilots`,
    `WorkingCopyError`."""
    source = pilots_source(copy, mapping)
    names = [KEY, ID, *source.tracked]
    with opened(copy.path) as connection:
        _must_have(connection, source)
        rows = connection.execute(sql.rows(source.table, names)).fetchall()
    # a mapping names the server's properties; a column may have had to be called otherwise
    properties = {column.name: column.property for column in source.columns}
    found = []
    for row in rows:
        cells: dict[str, Any] = {properties.get(name, name): value for name, value in zip(names, row)}
        found.append(read_pilot(cells, source.srid, mapping))
    return found


def as_columns(source: Source, values: dict[str, Any]) -> dict[str, Any]:
    """What `record.written` gives, by the table's column names instead of the server's property names."""
    names = {column.property: column.name for column in source.columns}
    return {names.get(name, name): value for name, value in values.items()}


def find_pilot(pilots: list[Pilot], wanted: str) -> Pilot:
    """The pilot with that twin id, row number or title. Raises `NoPilots`, also where a title is not unique."""
    text = wanted.strip()
    found = [one for one in pilots if text in (one.twin_id, str(one.fid), one.key)]
    found = found or [one for one in pilots if one.name.casefold() == text.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        raise NoPilots(tr("{n} pilots are called {name}. Give the id of one instead.", n=len(found), name=text))
    names = ", ".join(sorted(one.label for one in pilots)[:10])
    raise NoPilots(tr("There is no pilot {name}. There are: {names}.", name=text, names=names or tr("none")))


def read_municipality(copy: WorkingCopy) -> bytes | None:
    """The municipality's ground as WKB in EPSG:28992, from the layer of districts; None where the working copy has
    none, or holds a part of it only. Raises `CityTwinError`."""
    source = next((one for one in copy.sources if roles.role_of(one) == roles.DISTRICTS and one.extent is None), None)
    if source is None:
        return None
    with opened(copy.path) as connection:
        if not _has(connection, source):
            return None
        rows = connection.execute(sql.rows(source.table, [GEOMETRY])).fetchall()
    return municipality_of([wkb_of(blob) for (blob,) in rows if isinstance(blob, bytes)], source.srid)


def _must_have(connection: sqlite3.Connection, source: Source) -> None:
    if not _has(connection, source):
        raise NoPilots(
            tr(
                "The layer {title} is gone from the file: another program removed or renamed its table. Check it out "
                "again.",
                title=source.title,
            )
        )


def _has(connection: sqlite3.Connection, source: Source) -> bool:
    return connection.execute(HAS_TABLE, (source.table,)).fetchone() is not None
