"""Every SQL statement of the working copy. Values travel as parameters; identifiers are quoted by `quote` alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

FORMAT = 1  # of the twin_ tables; raised when they change
HIDDEN = "citytwin"  # gpkg_contents.data_type that no reader offers as a layer

_TRACKING = '(SELECT tracking FROM "twin_state") = 1'


def quote(identifier: str) -> str:
    """An SQL identifier. Raises ValueError for one that SQLite cannot hold."""
    if "\x00" in identifier or not identifier:
        raise ValueError(f"not an identifier: {identifier!r}")
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL text literal, for statements that take no parameters (triggers, defaults)."""
    return "'" + text.replace("'", "''") + "'"


def names(columns: Iterable[str], prefix: str = "") -> str:
    """Quoted, comma-separated; ``prefix`` such as ``OLD.``."""
    return ", ".join(prefix + quote(name) for name in columns)


def base_table(table: str) -> str:
    """The name of the table that holds the published state of ``table``'s changed rows."""
    return f"twin_base_{table}"


STATE = """CREATE TABLE "twin_state" (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  tracking INTEGER NOT NULL,
  format INTEGER NOT NULL,
  created TEXT NOT NULL,
  made_by TEXT NOT NULL
)"""

SOURCE = """CREATE TABLE "twin_source" (
  id INTEGER PRIMARY KEY,
  table_name TEXT NOT NULL UNIQUE,
  collection TEXT NOT NULL,
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  url TEXT NOT NULL,
  items_url TEXT NOT NULL,
  crs TEXT,
  srid INTEGER NOT NULL,
  swap INTEGER NOT NULL,
  geometry_type TEXT NOT NULL,
  served_types TEXT NOT NULL,
  extent TEXT,
  filter TEXT,
  schema TEXT NOT NULL,
  mapping TEXT NOT NULL,
  capabilities TEXT NOT NULL,
  methods TEXT NOT NULL,
  feature_count INTEGER NOT NULL,
  licence TEXT NOT NULL,
  attribution TEXT NOT NULL,
  checked_out TEXT NOT NULL
)"""

CONFLICT = """CREATE TABLE "twin_conflict" (
  id INTEGER PRIMARY KEY,
  table_name TEXT NOT NULL,
  twin_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  base TEXT,
  mine TEXT,
  theirs TEXT,
  token TEXT,
  who TEXT,
  changed TEXT,
  found TEXT NOT NULL,
  words TEXT NOT NULL,
  UNIQUE (table_name, twin_id)
)"""

OUTBOX = """CREATE TABLE "twin_outbox" (
  id INTEGER PRIMARY KEY,
  publish TEXT NOT NULL,
  message TEXT NOT NULL,
  table_name TEXT NOT NULL,
  kind TEXT NOT NULL,
  fid INTEGER,
  twin_id TEXT,
  client_id TEXT,
  token TEXT,
  sent TEXT,
  state TEXT NOT NULL,
  status INTEGER,
  words TEXT NOT NULL DEFAULT '',
  at TEXT NOT NULL
)"""

BOOKS = {"twin_state": STATE, "twin_source": SOURCE, "twin_conflict": CONFLICT, "twin_outbox": OUTBOX}

REGISTER = (
    "INSERT INTO gpkg_contents (table_name, data_type, identifier, description) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (table_name) DO NOTHING"
)
TRACKING = 'UPDATE "twin_state" SET tracking = ?'
IS_TRACKING = 'SELECT tracking, format FROM "twin_state" WHERE id = 1'


def create_base(table: str, columns: Sequence[str]) -> list[str]:
    """The base table of ``table`` and its index. ``columns`` are the tracked ones, geometry included."""
    base = quote(base_table(table))
    return [
        f"CREATE TABLE {base} (twin_id TEXT PRIMARY KEY NOT NULL, twin_version TEXT, fid INTEGER NOT NULL"
        + "".join(f", {quote(name)}" for name in columns)
        + ")",
        f"CREATE INDEX {quote('twin_base_fid_' + table)} ON {base} (fid)",
        f"CREATE INDEX {quote('twin_id_' + table)} ON {quote(table)} (twin_id)",
    ]


def triggers(table: str, columns: Sequence[str]) -> dict[str, str]:
    """The triggers of ``table`` by name: three that keep a row's published state, two that guard its identity.

    They hold under every conflict clause of the statement that fires them: an outer OR REPLACE would turn an inner OR
    IGNORE into a REPLACE, so they ask first. Guards switch tracking off around their own update, because SQLite fires
    other triggers (and with recursive_triggers the same one) for it.
    """
    t, base = quote(table), quote(base_table(table))
    tracked = names(columns)
    comma = ", " if columns else ""
    keep = (
        f"INSERT INTO {base} (twin_id, twin_version, fid{comma}{tracked}) "
        f"VALUES (OLD.twin_id, OLD.twin_version, OLD.fid{comma}{names(columns, 'OLD.')});"
    )
    unknown = f"OLD.twin_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {base} WHERE twin_id = OLD.twin_id)"
    moved = " OR ".join(f"OLD.{quote(name)} IS NOT NEW.{quote(name)}" for name in columns) or "0"
    restored = (
        f"FROM {base} b WHERE (b.twin_id = NEW.twin_id OR b.fid = NEW.fid) AND NOT EXISTS "
        f"(SELECT 1 FROM {t} o WHERE o.twin_id = b.twin_id AND o.fid <> NEW.fid) "
        "ORDER BY b.twin_id IS NEW.twin_id DESC LIMIT 1"
    )
    off, on = 'UPDATE "twin_state" SET tracking = 0;', 'UPDATE "twin_state" SET tracking = 1;'

    def named(kind: str) -> tuple[str, str]:
        name = f"twin_{kind}_{table}"
        return name, f"CREATE TRIGGER {quote(name)}"

    out = {}
    name, create = named("update")
    out[name] = (
        f"{create} AFTER UPDATE OF {tracked} ON {t} WHEN {_TRACKING} AND ({moved}) AND {unknown} BEGIN {keep} END"
        if columns
        else f"{create} AFTER UPDATE OF fid ON {t} WHEN 0 BEGIN SELECT 1; END"
    )
    name, create = named("delete")
    out[name] = f"{create} AFTER DELETE ON {t} WHEN {_TRACKING} AND {unknown} BEGIN {keep} END"
    # REPLACE deletes the old row without firing its delete trigger unless recursive_triggers is on
    name, create = named("replace")
    out[name] = (
        f"{create} BEFORE INSERT ON {t} WHEN {_TRACKING} AND EXISTS (SELECT 1 FROM {t} WHERE fid = NEW.fid) BEGIN "
        f"INSERT INTO {base} (twin_id, twin_version, fid{comma}{tracked}) "
        f"SELECT twin_id, twin_version, fid{comma}{tracked} FROM {t} r WHERE r.fid = NEW.fid AND r.twin_id IS NOT NULL "
        f"AND NOT EXISTS (SELECT 1 FROM {base} WHERE twin_id = r.twin_id); END"
    )
    name, create = named("insert")
    out[name] = (
        f"{create} AFTER INSERT ON {t} WHEN {_TRACKING} AND (NEW.twin_id IS NOT NULL OR NEW.twin_version IS NOT NULL "
        f"OR EXISTS (SELECT 1 FROM {base} WHERE fid = NEW.fid)) BEGIN {off} "
        f"UPDATE {t} SET twin_id = (SELECT b.twin_id {restored}), twin_version = (SELECT b.twin_version {restored}) "
        f"WHERE fid = NEW.fid; {on} END"
    )
    name, create = named("identity")
    out[name] = (
        f"{create} AFTER UPDATE OF twin_id, twin_version ON {t} WHEN {_TRACKING} AND "
        f"(OLD.twin_id IS NOT NEW.twin_id OR OLD.twin_version IS NOT NEW.twin_version) BEGIN {off} "
        f"UPDATE {t} SET twin_id = OLD.twin_id, twin_version = OLD.twin_version WHERE fid = NEW.fid; {on} END"
    )
    return out


def normal(statement: str) -> str:
    """A statement as it can be compared: SQLite keeps the text that it was given, others may re-space it."""
    return re.sub(r"\s+", " ", statement).strip().rstrip(";")


# -- what changed ----------------------------------------------------------------------------------------------------


def inserted(table: str, columns: Sequence[str]) -> str:
    """Rows without an identity: fid, then ``columns``."""
    return f"SELECT fid, {names(columns)} FROM {quote(table)} WHERE twin_id IS NULL ORDER BY fid"


def updated(table: str, columns: Sequence[str]) -> str:
    """Rows with a base: twin_id, base version, fid, the base's ``columns``, the row's ``columns``."""
    return (
        f"SELECT b.twin_id, b.twin_version, t.fid, {names(columns, 'b.')}, {names(columns, 't.')} "
        f"FROM {quote(base_table(table))} b JOIN {quote(table)} t ON t.twin_id = b.twin_id ORDER BY t.fid"
    )


def deleted(table: str, columns: Sequence[str]) -> str:
    """Bases without a row: twin_id, base version, fid, the base's ``columns``."""
    return (
        f"SELECT b.twin_id, b.twin_version, b.fid, {names(columns, 'b.')} FROM {quote(base_table(table))} b "
        f"WHERE NOT EXISTS (SELECT 1 FROM {quote(table)} t WHERE t.twin_id = b.twin_id) ORDER BY b.fid"
    )


def row(table: str, columns: Sequence[str], key: str) -> str:
    """One row by ``key`` (``fid`` or ``twin_id``): fid, twin_id, twin_version, ``columns``."""
    return f"SELECT fid, twin_id, twin_version, {names(columns)} FROM {quote(table)} WHERE {quote(key)} = ?"


def base_row(table: str, columns: Sequence[str]) -> str:
    """One base by twin_id: fid, twin_id, twin_version, ``columns``."""
    return f"SELECT fid, twin_id, twin_version, {names(columns)} FROM {quote(base_table(table))} WHERE twin_id = ?"


def put_base(table: str, columns: Sequence[str]) -> str:
    """Insert or move a base: twin_id, twin_version, fid, ``columns``."""
    marks = ", ".join("?" * (3 + len(columns)))
    base = quote(base_table(table))
    return f"INSERT OR REPLACE INTO {base} (twin_id, twin_version, fid, {names(columns)}) VALUES ({marks})"


def drop_base(table: str) -> str:
    """Forget a base, by twin_id."""
    return f"DELETE FROM {quote(base_table(table))} WHERE twin_id = ?"


def set_row(table: str, columns: Sequence[str]) -> str:
    """Set ``columns``, twin_id and twin_version of a row: values in that order, then fid."""
    assignments = ", ".join(f"{quote(name)} = ?" for name in [*columns, "twin_id", "twin_version"])
    return f"UPDATE {quote(table)} SET {assignments} WHERE fid = ?"


def delete_row(table: str) -> str:
    """Delete a row, by fid."""
    return f"DELETE FROM {quote(table)} WHERE fid = ?"


def insert_row(table: str, columns: Sequence[str], *, with_fid: bool = False) -> str:
    """Insert a row: (fid,) ``columns``, twin_id, twin_version."""
    every = [*(["fid"] if with_fid else []), *columns, "twin_id", "twin_version"]
    return f"INSERT INTO {quote(table)} ({names(every)}) VALUES ({', '.join('?' * len(every))})"


def fid_taken(table: str) -> str:
    """Whether a fid is in use."""
    return f"SELECT 1 FROM {quote(table)} WHERE fid = ?"


def has_base(table: str) -> str:
    """Whether there is any base row or any row without identity: a cheap "something may have changed"."""
    return (
        f"SELECT EXISTS (SELECT 1 FROM {quote(base_table(table))}) "
        f"OR EXISTS (SELECT 1 FROM {quote(table)} WHERE twin_id IS NULL)"
    )


SOURCE_COLUMNS = (
    "table_name, collection, title, description, url, items_url, crs, srid, swap, geometry_type, served_types, extent, "
    "filter, schema, mapping, capabilities, methods, feature_count, licence, attribution, checked_out"
)
SAVE_SOURCE = (
    f'INSERT OR REPLACE INTO "twin_source" ({SOURCE_COLUMNS}) '
    f"VALUES ({', '.join('?' * (SOURCE_COLUMNS.count(',') + 1))})"
)
LOAD_SOURCES = f'SELECT {SOURCE_COLUMNS} FROM "twin_source" ORDER BY id'


def count(table: str) -> str:
    """How many rows a table has."""
    return f"SELECT count(*) FROM {quote(table)}"


def rows_between(table: str, columns: Sequence[str]) -> str:
    """Every row with its identity: fid, twin_id, ``columns``."""
    return f"SELECT fid, twin_id, {names(columns)} FROM {quote(table)} ORDER BY fid"


def drop_trigger(name: str) -> str:
    """Take a trigger away."""
    return f"DROP TRIGGER {quote(name)}"


def repeated_fids(table: str) -> str:
    """The fids of rows whose twin_id an earlier row has."""
    t = quote(table)
    return (
        f"SELECT a.fid FROM {t} a WHERE a.twin_id IN (SELECT twin_id FROM {t} GROUP BY twin_id HAVING count(*) > 1) "
        f"AND EXISTS (SELECT 1 FROM {t} b WHERE b.twin_id = a.twin_id AND b.fid < a.fid)"
    )


SET_CONTENTS = (
    "UPDATE gpkg_contents SET min_x = ?, min_y = ?, max_x = ?, max_y = ?, "
    "last_change = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE table_name = ?"
)
SET_COUNT = "UPDATE gpkg_ogr_contents SET feature_count = ? WHERE table_name = ?"
SET_GEOMETRY_TYPE = "UPDATE gpkg_geometry_columns SET geometry_type_name = ? WHERE table_name = ?"
SET_OPTIONAL_Z = "UPDATE gpkg_geometry_columns SET z = 2 WHERE table_name = ?"
FOREIGN_TRIGGERS = (
    "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ? AND name NOT LIKE 'twin!_%' ESCAPE '!'"
)
HAS_TABLE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
MASTER = "SELECT name, sql FROM sqlite_master WHERE (tbl_name = ?1 AND type IN ('table', 'trigger')) OR name = ?2"
COLUMNS = "SELECT name FROM pragma_table_info(?)"

# -- conflicts -------------------------------------------------------------------------------------------------------

COUNT_CONFLICTS = 'SELECT count(*) FROM "twin_conflict" WHERE table_name = ?'
CLASHING = 'SELECT twin_id FROM "twin_conflict" WHERE table_name = ?'
CONFLICTS = (
    "SELECT table_name, twin_id, kind, base, mine, theirs, token, who, changed, found, words "
    'FROM "twin_conflict" ORDER BY table_name, id'
)
PUT_CONFLICT = (
    'INSERT OR REPLACE INTO "twin_conflict" '
    "(table_name, twin_id, kind, base, mine, theirs, token, who, changed, found, words) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
DROP_CONFLICT = 'DELETE FROM "twin_conflict" WHERE table_name = ? AND twin_id = ?'

# -- the publish journal ---------------------------------------------------------------------------------------------

WRITE_AHEAD = (
    'INSERT INTO "twin_outbox" (publish, message, table_name, kind, fid, twin_id, client_id, token, sent, state, at) '
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'sending', ?)"
)
SETTLE = (
    'UPDATE "twin_outbox" SET state = ?, status = ?, words = ?, twin_id = coalesce(?, twin_id), at = ? WHERE id = ?'
)
UNSETTLED = (
    "SELECT id, publish, message, table_name, kind, fid, twin_id, client_id, token, sent, state "
    "FROM \"twin_outbox\" WHERE state IN ('sending', 'held') ORDER BY id"
)
CLIENT_ID = (
    "SELECT client_id FROM \"twin_outbox\" WHERE table_name = ? AND fid = ? AND kind = 'insert' "
    "AND state = 'unsent' AND client_id IS NOT NULL ORDER BY id DESC LIMIT 1"
)
