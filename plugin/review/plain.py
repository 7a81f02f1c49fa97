"""Review items in plain tables: in a package, and in a working copy whose twin serves no reviews.

The columns are those of `schema`, with or without a twin behind them, so the same functions read a checked-out layer.
An item is known by its ``key``; one that was drawn without one is known by the package and its row's number.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from osgeo import ogr

from ..text import tr
from ..workcopy import trail
from ..workcopy.columns import GEOMETRY, ID, KEY
from ..workcopy.connection import opened, transaction
from . import schema, sql
from . import table as plain
from .item import Item, columns_of, read_item

_SPACE = uuid.UUID("7d0c1f4e-5a83-4d5e-9a39-3f2f6f6b8a11")  # for keys of items that were drawn without one


@dataclass(frozen=True)
class Found:
    """The items of a file, the EPSG code of each table's geometries, and the tables that could be read in part only."""

    items: tuple[Item, ...]
    srids: dict[str, int]
    lost: tuple[str, ...] = ()


def name_of(collection: str) -> str:
    """What a review layer is called, in the user's language."""
    names = {
        schema.POINTS: tr("Review: points"),
        schema.LINES: tr("Review: lines"),
        schema.AREAS: tr("Review: areas"),
    }
    return names.get(collection, collection)


def create(path: Path, srid: int, collections: Sequence[str] = schema.COLLECTIONS) -> None:
    """Make the review tables in EPSG:``srid``; those that are there, plain or checked out, stay as they are.

    Raises `WorkingCopyError`.
    """
    columns = dict.fromkeys(schema.COLUMNS, (ogr.OFTString, ogr.OFSTNone))
    titles = {name: schema.title(name) for name in schema.COLUMNS}
    for collection in collections:
        plain.create(path, collection, schema.GEOMETRY_TYPES[collection], srid, columns, titles, name_of(collection))
    with opened(path, write=True) as connection, transaction(connection):
        for collection in collections:
            trail.follow(connection, collection)  # in a package: notes tell its copies apart, too
    plain.follow(path, collections)


def tables(connection: sqlite3.Connection) -> tuple[str, ...]:
    """The review tables that the file has, plain or checked out."""
    return tuple(name for name in schema.COLLECTIONS if plain.there(connection, name))


def is_plain(connection: sqlite3.Connection, table: str) -> bool:
    """Whether no twin is behind a table."""
    return ID not in plain.columns_of(connection, table)


def read(path: Path, *, package: str = "") -> Found:
    """All review items of the file, as far as they can be read; those without a key get the one that they will always
    get, where ``package`` is the id of the package that the file is. Raises `WorkingCopyError` where nothing can be."""
    items: list[Item] = []
    lost: list[str] = []
    srids: dict[str, int] = {}
    with opened(path) as connection:
        plain.distrust(connection)
        for table in tables(connection):
            srids[table] = plain.srid_of(connection, table) or 4326
            wanted = [KEY, GEOMETRY, ID, *schema.COLUMNS]
            for row in plain.rows(connection, table, wanted, lost):
                item = read_item(row, table)
                items.append(keyed(item, package) if package else item)
    return Found(tuple(items), srids, tuple(lost))


def keyed(item: Item, package: str) -> Item:
    """``item`` with a key: its own, or one made of the package and the row's number, the same every time."""
    if item.key or item.fid is None:
        return item
    return replace(item, key=str(uuid.uuid5(_SPACE, f"{package}/{item.table}/{item.fid}")))


def find(connection: sqlite3.Connection, table: str, key: str) -> int | None:
    """The fid of the item of that key."""
    if not key or schema.KEY not in plain.columns_of(connection, table):
        return None
    found = connection.execute(sql.fids_where(table, schema.KEY), (key,)).fetchone()
    return int(found[0]) if found else None


def put(connection: sqlite3.Connection, item: Item, srid: int | None = None) -> int:
    """Write an item into its table: over the row of its key, or of its fid where it has no key, else as a new row.

    Its geometry is in EPSG:``srid``; None: in the table's own. A checked-out layer tracks it as an edit. The caller
    holds the transaction. Returns the fid.
    """
    fid = find(connection, item.table, item.key) if item.key else item.fid
    values: dict[str, object] = dict(columns_of(item))
    own = plain.srid_of(connection, item.table)
    values[GEOMETRY] = plain.in_system(item.geometry, srid or own or 4326, own or 4326)
    return plain.put(connection, item.table, fid, values)


def write(path: Path, items: Iterable[Item], srid: int | None = None) -> int:
    """`put` for several, in one transaction; how many. Raises `WorkingCopyError`."""
    count = 0
    with opened(path, write=True) as connection, transaction(connection):
        for item in items:
            put(connection, item, srid)
            count += 1
    return count
