"""What the office decided about review items, into the file: the columns of a decision and no others."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..twin.progress import SILENT, Progress, check
from ..workcopy.columns import KEY
from ..workcopy.connection import opened, transaction
from . import schema, sql, table
from .item import Item, columns_of

COLUMNS = (schema.STATUS, schema.ANSWER, schema.ANSWERED_BY, schema.ANSWERED)
_SOME = 500  # rows between two looks whether it was cancelled


def columns_written(item: Item) -> dict[str, str | None]:
    """The columns that a decision writes, as the file has them."""
    return {name: value for name, value in columns_of(item).items() if name in COLUMNS}


def write(path: Path, items: Iterable[Item], progress: Progress = SILENT) -> int:
    """Write what was decided about ``items`` into their rows, as edits where the layer is checked out; how many rows.

    Items that were deleted meanwhile stay so. One transaction. Any thread. Raises `WorkingCopyError`, `Cancelled`.
    """
    by_table: dict[str, list[Item]] = {}
    for item in items:
        by_table.setdefault(item.table, []).append(item)
    count = 0
    with opened(path, write=True) as connection, transaction(connection):
        for name, mine in by_table.items():
            known = {row[KEY]: row.get(schema.KEY) for row in table.rows(connection, name, [KEY, schema.KEY])}
            by_key = {key: fid for fid, key in known.items() if key}
            names = [one for one in COLUMNS if one in table.columns_of(connection, name)]
            todo = []
            for item in mine:
                same = item.fid in known and (not item.key or known[item.fid] == item.key)
                fid = item.fid if same else by_key.get(item.key)
                if fid is not None and names:
                    values = columns_written(item)
                    todo.append([*(values[one] for one in names), fid])
            for at in range(0, len(todo), _SOME):
                check(progress)
                connection.executemany(sql.set_values(name, names), todo[at : at + _SOME])
            count += len(todo)
    return count
