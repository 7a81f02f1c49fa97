"""The SQL of rows, bases and their tracking; `books` has that of the twin_ tables. There is none elsewhere.

Values travel as parameters. Identifiers come into a statement through `fill` alone, which quotes each of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache


def quote(identifier: str) -> str:
    """An SQL identifier. Raises ValueError for one that SQLite cannot hold."""
    if "\x00" in identifier or not identifier:
        raise ValueError(f"not an identifier: {identifier!r}")
    return '"' + identifier.replace('"', '""') + '"'


class Fragment(str):
    """A piece of SQL that `fill` made: it goes into a further statement as it is."""

    __slots__ = ()


class _Names:
    """Identifiers in a template: ``{columns}`` quotes and joins them, ``{columns:OLD.}`` with that before each."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def __format__(self, prefix: str) -> str:
        return ", ".join(prefix + quote(name) for name in self._names)


def fill(template: str, **identifiers: str | Sequence[str]) -> Fragment:
    """A statement from a template: a text becomes one quoted identifier, a list several with commas between."""
    named = tuple(
        [
            # a fragment equals a text of the same letters, and must never be taken for an identifier
            (key, isinstance(value, Fragment), value if isinstance(value, str) else tuple(value))
            for key, value in identifiers.items()
        ]
    )
    return _filled(template, named)


@lru_cache(maxsize=4096)
def _filled(template: str, named: tuple[tuple[str, bool, str | tuple[str, ...]], ...]) -> Fragment:
    filled = {
        key: value if is_fragment else _Names([value] if isinstance(value, str) else value)
        for key, is_fragment, value in named
    }
    return Fragment(template.format(**filled))


@lru_cache(maxsize=1024)
def marks(count: int) -> Fragment:
    """As many parameters."""
    return Fragment(", ".join("?" * count))


def base_table(table: str) -> str:
    """The name of the table that holds the published state of ``table``'s changed rows."""
    return f"twin_base_{table}"


def create_base(table: str, columns: Sequence[str]) -> list[str]:
    """The base table of ``table`` and its index. ``columns`` are the tracked ones, geometry included."""
    names = {
        "table": table,
        "base": base_table(table),
        "columns": columns,
        "by_fid": f"twin_base_fid_{table}",
        "by_id": f"twin_id_{table}",
    }
    comma = Fragment(", " if columns else "")
    return [
        fill(
            "CREATE TABLE {base} (twin_id TEXT PRIMARY KEY NOT NULL, twin_version TEXT, fid INTEGER NOT NULL"
            "{comma}{columns})",
            comma=comma,
            **names,
        ),
        fill("CREATE INDEX {by_fid} ON {base} (fid)", **names),
        fill("CREATE INDEX {by_id} ON {table} (twin_id)", **names),
    ]


def triggers(table: str, columns: Sequence[str]) -> dict[str, str]:
    """The triggers of ``table`` by name: three that keep a row's published state, two that guard its identity.

    They hold under every conflict clause of the statement that fires them: an outer OR REPLACE would turn an inner OR
    IGNORE into a REPLACE, so they ask first. Guards switch tracking off around their own update, because SQLite fires
    other triggers (and with recursive_triggers the same one) for it.
    """
    base = base_table(table)
    every = ["twin_id", "twin_version", "fid", *columns]
    tracking = Fragment('(SELECT tracking FROM "twin_state") = 1')
    unknown = fill(
        "OLD.twin_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {base} WHERE twin_id = OLD.twin_id)", base=base
    )
    keep = fill("INSERT INTO {base} ({every}) VALUES ({every:OLD.});", base=base, every=every)
    moved = Fragment(" OR ".join(fill("OLD.{name} IS NOT NEW.{name}", name=name) for name in columns) or "0")
    restored = fill(
        "FROM {base} b WHERE (b.twin_id = NEW.twin_id OR b.fid = NEW.fid) AND NOT EXISTS "
        "(SELECT 1 FROM {table} o WHERE o.twin_id = b.twin_id AND o.fid <> NEW.fid) "
        "ORDER BY b.twin_id IS NEW.twin_id DESC LIMIT 1",
        base=base,
        table=table,
    )
    bodies = {
        "update": "AFTER UPDATE OF {columns} ON {table} WHEN {tracking} AND ({moved}) AND {unknown} BEGIN {keep} END",
        "delete": "AFTER DELETE ON {table} WHEN {tracking} AND {unknown} BEGIN {keep} END",
        # REPLACE deletes the old row without firing its delete trigger unless recursive_triggers is on
        "replace": "BEFORE INSERT ON {table} WHEN {tracking} AND EXISTS (SELECT 1 FROM {table} WHERE fid = NEW.fid) "
        "BEGIN INSERT INTO {base} ({every}) SELECT {every:r.} FROM {table} r WHERE r.fid = NEW.fid "
        "AND r.twin_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {base} WHERE twin_id = r.twin_id); END",
        "insert": "AFTER INSERT ON {table} WHEN {tracking} AND (NEW.twin_id IS NOT NULL "
        "OR NEW.twin_version IS NOT NULL OR EXISTS (SELECT 1 FROM {base} WHERE fid = NEW.fid)) BEGIN {off} "
        "UPDATE {table} SET twin_id = (SELECT b.twin_id {restored}), twin_version = (SELECT b.twin_version {restored}) "
        "WHERE fid = NEW.fid; {on} END",
        "identity": "AFTER UPDATE OF twin_id, twin_version ON {table} WHEN {tracking} AND "
        "(OLD.twin_id IS NOT NEW.twin_id OR OLD.twin_version IS NOT NEW.twin_version) BEGIN {off} "
        "UPDATE {table} SET twin_id = OLD.twin_id, twin_version = OLD.twin_version WHERE fid = NEW.fid; {on} END",
    }
    if not columns:
        del bodies["update"]
    return {
        (name := f"twin_{kind}_{table}"): fill(
            "CREATE TRIGGER {name} " + body,
            name=name,
            table=table,
            base=base,
            columns=columns,
            every=every,
            tracking=tracking,
            unknown=unknown,
            keep=keep,
            moved=moved,
            restored=restored,
            off=Fragment('UPDATE "twin_state" SET tracking = 0;'),
            on=Fragment('UPDATE "twin_state" SET tracking = 1;'),
        )
        for kind, body in bodies.items()
    }


def normal(statement: str) -> str:
    """A statement as it can be compared: SQLite keeps the text that it was given, others may re-space it."""
    return re.sub(r"\s+", " ", statement).strip().rstrip(";")


# -- rows and bases --------------------------------------------------------------------------------------------------


def inserted(table: str, columns: Sequence[str]) -> str:
    """Rows without an identity: fid, then ``columns``."""
    return fill(
        "SELECT {columns} FROM {table} WHERE twin_id IS NULL ORDER BY fid", table=table, columns=["fid", *columns]
    )


def updated(table: str, columns: Sequence[str]) -> str:
    """Rows with a base: twin_id, base version, the base's ``columns``, then the row's fid and ``columns``."""
    # CROSS: from the few bases to their rows. SQLite would rather walk all rows, since they come in order of fid.
    return fill(
        "SELECT {identity:b.}, {row:t.} FROM {base} b CROSS JOIN {table} t ON t.twin_id = b.twin_id ORDER BY t.fid",
        table=table,
        base=base_table(table),
        identity=["twin_id", "twin_version", *columns],
        row=["fid", *columns],
    )


def deleted(table: str, columns: Sequence[str]) -> str:
    """Bases without a row: twin_id, base version, fid, the base's ``columns``."""
    return fill(
        "SELECT {every:b.} FROM {base} b WHERE NOT EXISTS (SELECT 1 FROM {table} t WHERE t.twin_id = b.twin_id) "
        "ORDER BY b.fid",
        table=table,
        base=base_table(table),
        every=["twin_id", "twin_version", "fid", *columns],
    )


def rows_by_id(table: str, columns: Sequence[str], count: int) -> str:
    """The rows (or bases) with one of ``count`` twin_ids: fid, twin_id, twin_version, ``columns``."""
    every = ["fid", "twin_id", "twin_version", *columns]
    return fill("SELECT {every} FROM {table} WHERE twin_id IN ({marks})", table=table, every=every, marks=marks(count))


def row(table: str, columns: Sequence[str], key: str) -> str:
    """One row by ``key`` (``fid`` or ``twin_id``): fid, twin_id, twin_version, ``columns``."""
    every = ["fid", "twin_id", "twin_version", *columns]
    return fill("SELECT {every} FROM {table} WHERE {key} = ?", table=table, every=every, key=key)


def base_row(table: str, columns: Sequence[str]) -> str:
    """One base by twin_id: fid, twin_id, twin_version, ``columns``."""
    return row(base_table(table), columns, "twin_id")


def put_base(table: str, columns: Sequence[str]) -> str:
    """Insert or move a base: twin_id, twin_version, fid, ``columns``."""
    every = ["twin_id", "twin_version", "fid", *columns]
    return fill(
        "INSERT OR REPLACE INTO {base} ({every}) VALUES ({marks})",
        base=base_table(table),
        every=every,
        marks=marks(len(every)),
    )


def drop_base(table: str) -> str:
    """Forget a base, by twin_id."""
    return fill("DELETE FROM {base} WHERE twin_id = ?", base=base_table(table))


def set_row(table: str, columns: Sequence[str]) -> str:
    """Set ``columns``, twin_id and twin_version of a row: values in that order, then fid."""
    each = (fill("{name} = ?", name=name) for name in [*columns, "twin_id", "twin_version"])
    return fill("UPDATE {table} SET {assignments} WHERE fid = ?", table=table, assignments=Fragment(", ".join(each)))


def delete_row(table: str) -> str:
    """Delete a row, by fid."""
    return fill("DELETE FROM {table} WHERE fid = ?", table=table)


def insert_row(table: str, columns: Sequence[str], *, with_fid: bool = False) -> str:
    """Insert a row: (fid,) ``columns``, twin_id, twin_version."""
    every = [*(["fid"] if with_fid else []), *columns, "twin_id", "twin_version"]
    return fill("INSERT INTO {table} ({every}) VALUES ({marks})", table=table, every=every, marks=marks(len(every)))


def insert_rows(table: str, columns: Sequence[str], count: int) -> str:
    """`insert_row` with fid for ``count`` rows at once; their values one after the other."""
    every = ["fid", *columns, "twin_id", "twin_version"]
    rows = Fragment(", ".join([f"({marks(len(every))})"] * count))
    return fill("INSERT INTO {table} ({every}) VALUES {rows}", table=table, every=every, rows=rows)


def fid_taken(table: str) -> str:
    """Whether a fid is in use."""
    return fill("SELECT 1 FROM {table} WHERE fid = ?", table=table)


def identities(table: str, count: int) -> str:
    """twin_id, fid and twin_version of the rows (or bases) with one of ``count`` twin_ids."""
    return fill(
        "SELECT twin_id, fid, twin_version FROM {table} WHERE twin_id IN ({marks})", table=table, marks=marks(count)
    )


def rows_of(table: str, columns: Sequence[str], count: int) -> str:
    """twin_id and ``columns`` of the rows (or bases) with one of ``count`` twin_ids."""
    every = ["twin_id", *columns]
    return fill("SELECT {every} FROM {table} WHERE twin_id IN ({marks})", table=table, every=every, marks=marks(count))


def all_identities(table: str) -> str:
    """fid and twin_id of every row, or base, that the twin knows."""
    return fill("SELECT fid, twin_id FROM {table} WHERE twin_id IS NOT NULL ORDER BY fid", table=table)


def set_version_of_row(table: str) -> str:
    """Give a row another token: token, fid."""
    return fill("UPDATE {table} SET twin_version = ? WHERE fid = ?", table=table)


def set_version(table: str) -> str:
    """Give a row, or a base, another token: token, twin_id."""
    return fill("UPDATE {table} SET twin_version = ? WHERE twin_id = ?", table=table)


def count_rows(table: str) -> str:
    """How many rows there are."""
    return fill("SELECT count(*) FROM {table}", table=table)


# -- another shape ---------------------------------------------------------------------------------------------------


def add_column(table: str, name: str, kind: str) -> str:
    """A further column. ``kind`` is one of the words of `reshape`."""
    return fill("ALTER TABLE {table} ADD COLUMN {name} {kind}", table=table, name=name, kind=Fragment(kind))


def rename_column(table: str, name: str, new: str) -> str:
    """Another name for a column."""
    return fill("ALTER TABLE {table} RENAME COLUMN {name} TO {new}", table=table, name=name, new=new)


def drop_column(table: str, name: str) -> str:
    """A column less."""
    return fill("ALTER TABLE {table} DROP COLUMN {name}", table=table, name=name)


def both_sides(table: str, name: str) -> str:
    """One column of the changed rows: fid, base, row."""
    return fill(
        "SELECT t.fid, b.{name}, t.{name} FROM {base} b CROSS JOIN {table} t ON t.twin_id = b.twin_id",
        table=table,
        base=base_table(table),
        name=name,
    )


def cells(table: str, name: str) -> str:
    """One column: fid, value."""
    return fill("SELECT fid, {name} FROM {table}", table=table, name=name)


def new_cells(table: str, name: str) -> str:
    """One column of the new rows: fid, value."""
    return fill("SELECT fid, {name} FROM {table} WHERE twin_id IS NULL", table=table, name=name)


def set_cell(table: str, name: str) -> str:
    """Set one column of one row or base: value, fid."""
    return fill("UPDATE {table} SET {name} = ? WHERE fid = ?", table=table, name=name)


def has_base(table: str) -> str:
    """Whether there is any base row or any row without identity: a cheap "something may have changed"."""
    return fill(
        "SELECT EXISTS (SELECT 1 FROM {base}) OR EXISTS (SELECT 1 FROM {table} WHERE twin_id IS NULL)",
        table=table,
        base=base_table(table),
    )


# -- a part of a file ------------------------------------------------------------------------------------------------


def clear(table: str) -> str:
    """Take all rows out."""
    return fill("DELETE FROM {table}", table=table)


def drop_table(table: str) -> str:
    """Take a table away, if it is there."""
    return fill("DROP TABLE IF EXISTS {table}", table=table)


def delete_others(table: str) -> str:
    """Leave only the rows whose fid is in the list of those kept."""
    return fill("DELETE FROM {table} WHERE fid NOT IN (SELECT fid FROM temp.twin_kept)", table=table)


def drop_view(name: str) -> str:
    """Take a view away."""
    return fill("DROP VIEW IF EXISTS {name}", name=name)


def forget_missing(book: str) -> str:
    """Take out of one of the GeoPackage's own tables what it says of tables that are not there."""
    return fill(
        "DELETE FROM {book} WHERE table_name IS NOT NULL AND lower(table_name) NOT IN "
        "(SELECT lower(name) FROM sqlite_master WHERE type IN ('table', 'view'))",
        book=book,
    )


def name_new_rows(table: str) -> str:
    """Give rows without an identity one of their number, behind a prefix."""
    return fill("UPDATE {table} SET twin_id = ? || fid WHERE twin_id IS NULL", table=table)


KEEP_TABLE = "CREATE TEMP TABLE IF NOT EXISTS twin_kept (fid INTEGER PRIMARY KEY)"
CLEAR_KEEP = "DELETE FROM temp.twin_kept"
KEEP = "INSERT OR IGNORE INTO temp.twin_kept VALUES (?)"
STYLED = "SELECT DISTINCT f_table_name FROM layer_styles"
DROP_STYLE = "DELETE FROM layer_styles WHERE f_table_name = ?"


# -- sources, and what is in the file --------------------------------------------------------------------------------


def put_node(node_table: str) -> str:
    """Write a node of an R-tree: its number, its bytes."""
    return fill("INSERT OR REPLACE INTO {table} (nodeno, data) VALUES (?, ?)", table=node_table)


def put_parents(table: str, count: int) -> str:
    """Say in which nodes of an R-tree ``count`` rows or nodes lie: two numbers each."""
    return fill("INSERT INTO {table} VALUES {pairs}", table=table, pairs=Fragment(", ".join(["(?, ?)"] * count)))


def drop_trigger(name: str) -> str:
    """Take a trigger away."""
    return fill("DROP TRIGGER {name}", name=name)


def drop_trigger_if_there(name: str) -> str:
    """As `drop_trigger`, for one that may be gone."""
    return fill("DROP TRIGGER IF EXISTS {name}", name=name)


def repeated_fids(table: str) -> str:
    """The fids of rows whose twin_id an earlier row has."""
    return fill(
        "SELECT a.fid FROM {table} a WHERE a.twin_id IN "
        "(SELECT twin_id FROM {table} GROUP BY twin_id HAVING count(*) > 1) "
        "AND EXISTS (SELECT 1 FROM {table} b WHERE b.twin_id = a.twin_id AND b.fid < a.fid)",
        table=table,
    )


SET_CONTENTS = (
    "UPDATE gpkg_contents SET min_x = ?, min_y = ?, max_x = ?, max_y = ?, "
    "last_change = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE table_name = ?"
)
WIDEN_CONTENTS = (
    "UPDATE gpkg_contents SET min_x = min(coalesce(min_x, ?1), ?1), min_y = min(coalesce(min_y, ?2), ?2), "
    "max_x = max(coalesce(max_x, ?3), ?3), max_y = max(coalesce(max_y, ?4), ?4), "
    "last_change = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE table_name = ?5"
)
SET_COUNT = "UPDATE gpkg_ogr_contents SET feature_count = ? WHERE table_name = ?"
SET_GEOMETRY_TYPE = "UPDATE gpkg_geometry_columns SET geometry_type_name = ? WHERE table_name = ?"
SET_OPTIONAL_Z = "UPDATE gpkg_geometry_columns SET z = 2 WHERE table_name = ?"
TABLE = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?"
SET_TABLE = "UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?"
FOREIGN_TRIGGERS = (
    "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ? AND name NOT LIKE 'twin!_%' ESCAPE '!'"
)
OBJECTS = "SELECT type, name, tbl_name FROM sqlite_master WHERE type IN ('table', 'view', 'trigger')"
HAS_TABLE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
MASTER = "SELECT name, sql FROM sqlite_master WHERE (tbl_name = ?1 AND type IN ('table', 'trigger')) OR name = ?2"
COLUMNS = "SELECT name FROM pragma_table_info(?)"
