"""A schema that changed at the twin: columns added, retyped or gone, carried over into the file.

Nothing of ours is thrown away: a column that the twin no longer has stays as a local one, and what was edited in a
column that got another type is converted, or kept beside it under another name.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..text import tr, trn
from ..twin.model import Property, Schema
from . import sql
from .columns import RESERVED, BadValue, Column, Stored, free_name, from_stored, to_stored
from .source import Source

_TYPES = {
    "integer": "INTEGER",
    "number": "REAL",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "date-time": "DATETIME",
}  # the names that GDAL gives them; everything else is TEXT


@dataclass(frozen=True)
class Reshape:
    """How a table's columns have to change. ``source`` is the source as it will be."""

    source: Source
    added: tuple[Column, ...]
    retyped: tuple[tuple[Column, Column], ...]  # old (its name while it lasts) and new
    removed: tuple[Column, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.retyped or self.removed)


def compare(source: Source, schema: Schema, present: Iterable[str] = ()) -> Reshape:
    """What ``schema``, as the twin declares it now, makes of ``source``. ``present`` are all columns of the table, the
    user's own included: no new one may be named so.

    ``removed`` are the columns that it no longer names; whether the twin still sends them is for the caller to see
    (`without`). An inferred schema changes nothing.
    """
    if not schema.declared:
        return Reshape(source, (), (), ())
    taken = [*RESERVED, *present, *(column.name for column in source.columns)]
    known = {column.property: column for column in source.columns}
    added, retyped, columns = [], [], []
    for column in source.columns:
        declared = schema.get(column.property)
        if declared is None:
            columns.append(column)
        elif declared.type != column.type:
            new = _column(column.name, declared)
            old = replace(column, name=free_name(f"{column.name}_old", taken))
            taken.append(old.name)
            retyped.append((old, new))
            columns.append(new)
        else:
            columns.append(_column(column.name, declared))
    for declared in schema.properties:
        if declared.name not in known:
            new = _column(free_name(declared.name, taken), declared)
            taken.append(new.name)
            added.append(new)
            columns.append(new)
    removed = tuple(column for column in source.columns if schema.get(column.property) is None)
    kept = tuple(p for p in source.schema.properties if schema.get(p.name) is None)
    new_schema = replace(schema, properties=(*schema.properties, *kept), raw={})
    new_source = replace(source, columns=tuple(columns), schema=new_schema)
    return Reshape(new_source, tuple(added), tuple(retyped), removed)


def without(shape: Reshape, seen: set[str]) -> Reshape:
    """``shape`` where only columns that did not come (``seen`` are the properties that did) count as removed."""
    removed = tuple(column for column in shape.removed if column.property not in seen)
    gone = {column.name for column in removed}
    properties = {column.property for column in removed}
    source = replace(
        shape.source,
        columns=tuple(column for column in shape.source.columns if column.name not in gone),
        schema=replace(
            shape.source.schema,
            properties=tuple(p for p in shape.source.schema.properties if p.name not in properties),
        ),
    )
    return Reshape(source, shape.added, shape.retyped, removed)


def _column(name: str, declared: Property) -> Column:
    return Column(name, declared.name, declared.type, declared.read_only, declared.max_length, declared.title)


def apply(connection: sqlite3.Connection, before: Source, shape: Reshape) -> list[str]:
    """Carry it out inside the caller's transaction, tracking off; sentences for the user. Unpublished edits stay."""
    table, base = before.table, sql.base_table(before.table)
    notes: list[str] = []
    edits = {column.name: _edits(connection, before, column) for column in shape.removed}
    for name in sql.triggers(table, before.tracked):
        connection.execute(sql.drop_trigger(name))
    for old, new in shape.retyped:
        for place in (table, base):
            connection.execute(sql.rename_column(place, new.name, old.name))
            connection.execute(sql.add_column(place, new.name, _type_of(new)))
        lost = _convert(connection, before, old, new)
        connection.execute(sql.drop_column(base, old.name))
        if lost:
            notes.append(
                trn(
                    "{column} has another type now. {n} edit does not fit it: it is kept in {old}.",
                    "{column} has another type now. {n} edits do not fit it: they are kept in {old}.",
                    lost,
                    column=new.title or new.property,
                    old=old.name,
                )
            )
        else:
            connection.execute(sql.drop_column(table, old.name))
            notes.append(tr("{column} has another type now; your edits were converted.", column=_title(new)))
    for column in shape.added:
        for place in (table, base):
            connection.execute(sql.add_column(place, column.name, _type_of(column)))
        notes.append(tr("The twin has a new column: {column}.", column=_title(column)))
    for column in shape.removed:
        connection.execute(sql.drop_column(base, column.name))
        notes.append(_said_goodbye(column, edits[column.name]))
    for statement in sql.triggers(table, shape.source.tracked).values():
        connection.execute(statement)
    return notes


def _title(column: Column) -> str:
    return column.title or column.property


def _said_goodbye(column: Column, edits: int) -> str:
    if edits:
        return trn(
            "The twin no longer has the column {column}. It stays in the file as a column of your own, with {n} edit "
            "that cannot be published.",
            "The twin no longer has the column {column}. It stays in the file as a column of your own, with {n} edits "
            "that cannot be published.",
            edits,
            column=_title(column),
        )
    return tr(
        "The twin no longer has the column {column}. It stays in the file as a column of your own.",
        column=_title(column),
    )


def _edits(connection: sqlite3.Connection, source: Source, column: Column) -> int:
    """How many unpublished edits the column holds."""
    rows = connection.execute(sql.both_sides(source.table, column.name)).fetchall()
    return sum(1 for _, base, row in rows if base != row)


def _convert(connection: sqlite3.Connection, source: Source, old: Column, new: Column) -> int:
    """Fill the new column; how many edits did not fit. Most rows take theirs from the twin right after, but not those
    that it does not show."""
    lost = 0
    table, base = source.table, sql.base_table(source.table)
    for place in (table, base):
        filled = connection.execute(sql.cells(place, old.name)).fetchall()
        converted = ((_converted(value, old, new)[0], fid) for fid, value in filled)
        connection.executemany(sql.set_cell(place, new.name), converted)
    for fid, was, value in connection.execute(sql.both_sides(table, old.name)).fetchall():
        now, fits = _converted(value, old, new)
        edited = was != value
        lost += edited and not fits
        connection.execute(sql.set_cell(table, new.name), (now if fits else _converted(was, old, new)[0], fid))
    for fid, value in connection.execute(sql.new_cells(table, old.name)).fetchall():
        now, fits = _converted(value, old, new)
        lost += not fits
        connection.execute(sql.set_cell(table, new.name), (now, fid))
    return lost


def _converted(value: Stored, old: Column, new: Column) -> tuple[Stored, bool]:
    """A value in its new type, and whether it has one."""
    plain = from_stored(value, old.type)
    if plain is None:
        return None, True
    for attempt in (plain, _number(plain), str(plain)):
        try:
            return to_stored(attempt, new.type), True
        except BadValue:
            continue
    return None, False


def _number(value: object) -> object:
    try:
        return float(str(value))
    except ValueError:
        return value


def _type_of(column: Column) -> str:
    known = _TYPES.get(column.type)
    if known:
        return known
    return f"TEXT({int(column.max_length)})" if column.max_length and column.type == "string" else "TEXT"
