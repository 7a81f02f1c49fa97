"""Rows against bases: reading both, comparing them, and moving the base to what the twin confirmed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..text import tr
from ..twin.model import Item
from ..twin.writes import Written
from . import books, journal, merge, sql
from . import changes as ch
from .columns import GEOMETRY, Stored, reader_of
from .geometry import BadGeometry, Box, box_of, encode
from .merge import Merge, alike
from .rows import RowMaker
from .source import Source
from .writer import layout

_AT_ONCE = 500  # ids in one statement


@dataclass(frozen=True)
class Row:
    """One row, or one base: its identity and its tracked columns as stored."""

    fid: int
    twin_id: str | None
    version: str | None
    values: Mapping[str, Stored]


def _row(source: Source, found: tuple[Any, ...] | None) -> Row | None:
    if found is None:
        return None
    return Row(found[0], found[1], found[2], dict(zip(source.tracked, found[3:])))


def row_by_fid(connection: sqlite3.Connection, source: Source, fid: int) -> Row | None:
    """The row of that fid."""
    return _row(source, connection.execute(sql.row(source.table, source.tracked, "fid"), (fid,)).fetchone())


def row_by_id(connection: sqlite3.Connection, source: Source, twin_id: str) -> Row | None:
    """The row of that twin_id."""
    return _row(source, connection.execute(sql.row(source.table, source.tracked, "twin_id"), (twin_id,)).fetchone())


def base_of(connection: sqlite3.Connection, source: Source, twin_id: str) -> Row | None:
    """The published state of a changed row; None where it is unchanged."""
    return _row(source, connection.execute(sql.base_row(source.table, source.tracked), (twin_id,)).fetchone())


def rows_by_id(
    connection: sqlite3.Connection, source: Source, twin_ids: Sequence[str], *, bases: bool = False
) -> dict[str, Row]:
    """`row_by_id` (or `base_of`) for many; those that are there."""
    table = sql.base_table(source.table) if bases else source.table
    found: dict[str, Row] = {}
    for start in range(0, len(twin_ids), _AT_ONCE):
        some = twin_ids[start : start + _AT_ONCE]
        for one in connection.execute(sql.rows_by_id(table, source.tracked, len(some)), some):
            # of rows with one id, which a copy outside QGIS can make, `row_by_id` takes the first
            found.setdefault(one[1], Row(one[0], one[1], one[2], dict(zip(source.tracked, one[3:]))))
    return found


def knows(connection: sqlite3.Connection, source: Source, twin_id: str) -> bool:
    """Whether the file has that feature of the twin, as a row or as the base of one that was deleted."""
    return row_by_id(connection, source, twin_id) is not None or base_of(connection, source, twin_id) is not None


def earlier_client_id(connection: sqlite3.Connection, source: Source, fid: int) -> str | None:
    """The UUID under which a create was tried before and certainly did not arrive: it is used again."""
    found = connection.execute(books.CLIENT_ID, (source.table, fid)).fetchone()
    return str(found[0]) if found else None


def values_of(source: Source, item: Item) -> dict[str, Stored]:
    """An item of the twin as the row that it would be; what does not fit its column is null."""
    return values_and_misfits(source, item)[0]


def values_of_many(source: Source, items: Sequence[Item]) -> list[dict[str, Stored]]:
    """`values_of` for many."""
    columns = RowMaker(layout(source)).make(items).tracked
    return [dict(zip(source.tracked, row)) for row in zip(*columns)] if columns else [{} for _ in items]


def values_and_misfits(source: Source, item: Item) -> tuple[dict[str, Stored], list[str]]:
    """An item as the row that it would be, and the properties whose value does not fit (they are null)."""
    return rows_from(source)(item)


def rows_from(source: Source) -> Callable[[Item], tuple[dict[str, Stored], list[str]]]:
    """`values_and_misfits` for many items of one source."""
    read, names = reader_of(source.columns), [column.name for column in source.columns]
    has_geometry, srid, swap, z = source.has_geometry, source.srid, source.swap, source.has_z or None
    multi = source.geometry_type.startswith("Multi")

    def row(item: Item) -> tuple[dict[str, Stored], list[str]]:
        values, misfits = read(item.properties)
        out: dict[str, Stored] = {}
        bad = [column.property for column, _ in misfits]
        if has_geometry:
            try:
                out[GEOMETRY] = encode(item.geometry, srid, swap=swap, multi=multi, z=z)[0]
            except BadGeometry:
                out[GEOMETRY] = None
                bad.append(GEOMETRY)
        out.update(zip(names, values))
        return out, bad

    return row


def moved(source: Source, known: Mapping[str, Stored], told: Mapping[str, Stored]) -> bool:
    """Whether the twin shows another state than the one known, its computed columns included."""
    return any(
        not alike(known.get(field.name), told.get(field.name), field.kind, told=told.get(field.name))
        for field in source.fields
    )


def put_row(
    connection: sqlite3.Connection,
    source: Source,
    fid: int | None,
    values: Mapping[str, Stored],
    twin_id: str | None,
    token: str | None,
) -> int:
    """Set the row ``fid``, or insert a new one where it is None; returns its fid. Tracking is off."""
    row = [values.get(name) for name in source.tracked]
    if fid is not None:
        connection.execute(sql.set_row(source.table, source.tracked), (*row, twin_id, token, fid))
        return fid
    cursor = connection.execute(sql.insert_row(source.table, source.tracked), (*row, twin_id, token))
    return cursor.lastrowid or 0


def widen(connection: sqlite3.Connection, source: Source, values: Mapping[str, Stored]) -> None:
    """Let the extent that the file states for its layer hold a row."""
    blob = values.get(GEOMETRY)
    box = box_of(blob) if isinstance(blob, bytes) else None
    if box is not None:
        connection.execute(sql.WIDEN_CONTENTS, (*box, source.table))


def put_base(
    connection: sqlite3.Connection,
    source: Source,
    twin_id: str,
    token: str | None,
    fid: int,
    published: Mapping[str, Stored],
    row: Mapping[str, Stored] | None,
) -> None:
    """Make ``published`` the base of what is now ``row`` (None: deleted); a base equal to its row is dropped."""
    if row is not None and not any(
        not alike(row.get(field.name), published.get(field.name), field.kind) for field in source.fields
    ):
        connection.execute(sql.drop_base(source.table), (twin_id,))
        return
    values = [published.get(name) for name in source.tracked]
    connection.execute(sql.put_base(source.table, source.tracked), (twin_id, token, fid, *values))


def differing(source: Source, one: Mapping[str, Stored], other: Mapping[str, Stored]) -> list[str]:
    """The tracked columns in which two rows mean different things. What the twin computes itself does not count."""
    return merge.differing(one, other, source.fields)


def unlike(
    source: Source, known: Mapping[str, Stored], told: Mapping[str, Stored], *, rounded: bool = False
) -> list[str]:
    """`differing`, where ``told`` is as the twin shows it."""
    return merge.differing(known, told, source.fields, told=True, rounded=rounded)


def confirm(
    connection: sqlite3.Connection,
    source: Source,
    entry: journal.Entry,
    twin_id: str,
    token: str | None,
    confirmed: Mapping[str, Stored],
) -> list[str]:
    """Make ``confirmed`` the published state; returns the columns that the twin did not keep, though it took them.

    The caller holds a transaction with tracking off. Columns that still are what was sent take the twin's value; those
    edited since, and those that the twin did not keep, stay as they are, and stay changes.
    """
    table, tracked = source.table, source.tracked
    before = base_of(connection, source, twin_id) if entry.kind != "insert" else None
    row = (
        row_by_fid(connection, source, entry.fid) if entry.kind == "insert" else row_by_id(connection, source, twin_id)
    )
    if row is not None and row.twin_id not in (None, twin_id):
        return []  # it was made one with another of the twin's features meanwhile; a pull brings this one
    connection.execute(books.DROP_CONFLICT, (table, twin_id))
    if row is None:
        # deleted while it was on its way: now it is the deletion of something published
        put_base(connection, source, twin_id, token, entry.fid, confirmed, None)
        return []
    ignored = _not_kept(source, entry, before, confirmed)
    values: dict[str, Stored] = {}
    for name in tracked:
        now = row.values[name]
        untouched = ch.same(now, entry.sent.get(name), source.kind(name))
        values[name] = confirmed.get(name) if untouched and name not in ignored else now
    put_row(connection, source, row.fid, values, twin_id, token)
    widen(connection, source, values)
    put_base(connection, source, twin_id, token, row.fid, confirmed, values)
    return ignored


def confirm_as_sent(
    connection: sqlite3.Connection, source: Source, confirmed: Sequence[tuple[journal.Entry, Written]]
) -> set[int]:
    """`confirm` for the updates among ``confirmed`` whose row is as it was sent and as the twin has it now: the numbers
    of their entries. Nearly all are, and there is nothing to merge then."""
    shown = [written.item for _, written in confirmed if written.item is not None]
    told = iter(values_of_many(source, shown))
    rows = rows_by_id(connection, source, [str(written.id) for _, written in confirmed])
    done: list[tuple[journal.Entry, Written, Row]] = []
    whole: list[Box] = []
    for entry, written in confirmed:
        twins = next(told) if written.item is not None else None
        row = rows.get(str(written.id))
        if row is None or row.values != entry.sent or twins not in (None, row.values):
            continue
        done.append((entry, written, row))
        blob = row.values.get(GEOMETRY)
        box = box_of(blob) if isinstance(blob, bytes) else None
        if box is not None:
            whole.append(box)
    table, ids = source.table, [(row.twin_id,) for _, _, row in done]
    connection.executemany(sql.set_version_of_row(table), [(written.token, row.fid) for _, written, row in done])
    connection.executemany(sql.drop_base(table), ids)
    connection.executemany(books.DROP_CONFLICT, [(table, *one) for one in ids])
    if whole:
        min_x, min_y, max_x, max_y = zip(*whole)
        connection.execute(sql.WIDEN_CONTENTS, (min(min_x), min(min_y), max(max_x), max(max_y), table))
    return {entry.id for entry, _, _ in done}


def _not_kept(source: Source, entry: journal.Entry, before: Row | None, confirmed: Mapping[str, Stored]) -> list[str]:
    """What was sent and is not there: the twin shows what it had before, or nothing."""
    out = []
    for name in unlike(source, entry.sent, confirmed):
        kind, now = source.kind(name), confirmed.get(name)
        was = before.values.get(name) if before else None
        mine = before is None or not alike(entry.sent.get(name), was, kind)
        if mine and (now is None or alike(was, now, kind, told=now)):
            out.append(name)
    return out


def confirm_delete(connection: sqlite3.Connection, source: Source, twin_id: str) -> None:
    """The twin has it no more. A row restored meanwhile becomes a new feature: that is what it would be there."""
    row = row_by_id(connection, source, twin_id)
    if row is not None:
        values = [row.values[name] for name in source.tracked]
        connection.execute(sql.set_row(source.table, source.tracked), (*values, None, None, row.fid))
    connection.execute(sql.drop_base(source.table), (twin_id,))
    connection.execute(books.DROP_CONFLICT, (source.table, twin_id))


def title_of(source: Source, name: str) -> str:
    """What people call a tracked column."""
    column = source.column(name)
    return (column.title or column.property) if column else tr("Geometry")


def merged_inside(source: Source, merged: Merge, twin_id: str) -> str:
    """The sentence that tells which columns were merged inside; empty where none was."""
    if not merged.inside:
        return ""
    row = merged.result or {}
    label = ch.label_of(source, [row.get(name) for name in source.tracked], twin_id)
    titles = ", ".join(title_of(source, name) for name in merged.inside)
    return tr("{label}: your changes and somebody else’s were merged inside {columns}.", label=label, columns=titles)
