"""A checkout replaces a working copy: review items that were in that file alone go along into the new one.

Where the twin serves reviews and they are checked out by now, the items become edits of that layer, to be published;
else they stay what they were. So a city that begins to serve reviews gets those that were kept without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..text import tr, trn
from ..twin.client import Twin
from ..twin.errors import CityTwinError
from ..twin.progress import SILENT, Progress
from ..workcopy import books, package
from ..workcopy.connection import opened, transaction
from ..workcopy.copy import WorkingCopy
from ..workcopy.errors import FileExists
from ..workcopy.sql import HAS_TABLE
from . import plain, receive_items, schema, tasks
from . import table as rows
from .item import Item


def only_here(path: Path) -> tuple[Item, ...]:
    """The review items that are in the file at ``path`` alone: no twin is behind their tables. Raises
    `WorkingCopyError`."""
    return _plain(path)[0]


def carry(old: Path, new: Path, progress: Progress = SILENT) -> Sequence[str]:
    """Bring the items that are in ``old`` alone into ``new``, which takes its place; what is to be told.

    Raises `FileExists` where the new file's layer cannot hold them, and other `WorkingCopyError`.
    """
    items, srids = _plain(old)
    _carry_lists(old, new)
    if not items:
        return ()
    copy = WorkingCopy.open(new)
    served = {source.table: source.title for source in copy.sources if source.table in srids}
    with opened(new) as connection:
        for table, title in served.items():
            if any(item.table == table for item in items) and not _holds(rows.columns_of(connection, table)):
                raise FileExists(
                    tr(
                        "{file} holds review items, and {title} of the twin has no columns for them. Choose another "
                        "name, so that they stay in this file.",
                        file=old.name,
                        title=title,
                    )
                )
    back = receive_items.bring(copy, "", items, srids, theirs_win=True, progress=progress)
    edits = sum(item.table in served for item in items) if back.tables.intersection(served) else 0
    notes = []
    if edits:
        notes.append(
            trn(
                "{n} review item that was in this file alone went along. What the twin does not have of it is an edit "
                "now: publish it.",
                "{n} review items that were in this file alone went along. What the twin does not have of them is an "
                "edit now: publish it.",
                edits,
            )
        )
    if back.clashes:
        notes.append(
            trn(
                "{n} of them differs from what the twin has: look at it among the changes before you publish.",
                "{n} of them differ from what the twin has: look at them among the changes before you publish.",
                back.clashes,
            )
        )
    return tuple(notes)


def not_served(copy: WorkingCopy, twin: Twin) -> str:
    """What to tell who publishes: review items are in the file alone, though the twin has a collection for them. Empty
    where there is nothing to tell, or the twin does not say."""
    try:
        items = only_here(copy.path)
        offered = {one.id: one.title or one.id for one in twin.collections() if one.is_features} if items else {}
    except CityTwinError:
        return ""
    waiting = [item.table for item in items if item.table in offered]
    if not waiting:
        return ""
    return trn(
        "{n} review item is in {file} alone, though the twin has a collection for it. To publish it, check out "
        "{collections} into the same file, together with your layers: the item goes along.",
        "{n} review items are in {file} alone, though the twin has a collection for them. To publish them, check out "
        "{collections} into the same file, together with your layers: the items go along.",
        len(waiting),
        file=copy.path.name,
        collections=", ".join(offered[table] for table in dict.fromkeys(waiting)),
    )


def _plain(path: Path) -> tuple[tuple[Item, ...], dict[str, int]]:
    """Raises `FileExists` where not all of them can be read: the file has to stay."""
    with opened(path) as connection:
        tables = [name for name in plain.tables(connection) if plain.is_plain(connection, name)]
    if not tables:
        return (), {}
    found = plain.read(path)
    if set(found.lost).intersection(tables):
        raise FileExists(
            tr(
                "{file} is damaged, and not all of its review items can be read, so it is not replaced. Choose another "
                "name.",
                file=path.name,
            )
        )
    return tuple(item for item in found.items if item.table in tables), {name: found.srids[name] for name in tables}


def _holds(columns: Sequence[str]) -> bool:
    return {schema.KEY, schema.TEXT, schema.KIND, schema.STATUS} <= set(columns)


def _carry_lists(old: Path, new: Path) -> None:
    """The task lists that came home, and of which packages they are. That those were made of the file that goes is not
    said of the new one: its rows have other numbers."""
    with opened(old) as connection:
        if connection.execute(HAS_TABLE, ("twin_received",)).fetchone() is None:
            return
        lists = connection.execute(books.RECEIVED_TABLE, (tasks.TABLE,)).fetchall()
        known = {one.id: one for one in package.packages(connection)}
    if not lists:
        return
    with opened(new, write=True) as connection, transaction(connection):
        for id in dict.fromkeys(str(row[0]).partition("~")[0] for row in lists):
            if id in known:
                package.put(connection, replace(known[id], role="received"))
        connection.executemany(books.PUT_RECEIVED, lists)
