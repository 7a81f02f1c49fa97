"""The SQL of a working copy's own books: the twin_ tables, and what is written into them.

Values travel as parameters, identifiers through `sql.fill`.
"""

from __future__ import annotations

from .sql import Fragment, fill, marks

FORMAT = 4  # of the twin_ tables; raised when they change
HIDDEN = "citytwin"  # gpkg_contents.data_type that no reader offers as a layer

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
  checked_out TEXT NOT NULL,
  pulled TEXT NOT NULL DEFAULT ''
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
  fid INTEGER,
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
  at TEXT NOT NULL,
  label TEXT NOT NULL DEFAULT ''
)"""

PUBLISH = """CREATE TABLE "twin_publish" (
  id TEXT PRIMARY KEY NOT NULL,
  started TEXT NOT NULL,
  ended TEXT,
  message TEXT NOT NULL,
  twin TEXT NOT NULL,
  protection TEXT NOT NULL,
  stopped TEXT NOT NULL DEFAULT ''
)"""

PULL = """CREATE TABLE "twin_pull" (
  id INTEGER PRIMARY KEY,
  at TEXT NOT NULL,
  table_name TEXT NOT NULL,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  merged INTEGER NOT NULL,
  conflicts INTEGER NOT NULL
)"""

# field reviews: packages that were made of this file, that came back to it, or ``this``: the file is one
PACKAGE = """CREATE TABLE "twin_package" (
  id TEXT PRIMARY KEY NOT NULL,
  role TEXT NOT NULL,
  made TEXT NOT NULL,
  made_by TEXT NOT NULL DEFAULT '',
  title TEXT NOT NULL DEFAULT '',
  for_whom TEXT NOT NULL DEFAULT '',
  due TEXT NOT NULL DEFAULT '',
  tables TEXT NOT NULL DEFAULT '[]',
  merged TEXT NOT NULL DEFAULT ''
)"""

# the state in which a package gave a feature back last: coming back once more, it is compared with that
RECEIVED = """CREATE TABLE "twin_received" (
  package TEXT NOT NULL,
  table_name TEXT NOT NULL,
  key TEXT NOT NULL,
  fid INTEGER,
  state TEXT,
  PRIMARY KEY (package, table_name, key)
)"""

# what came back and clashes with an edit of ours, until somebody decides
HANDBACK = """CREATE TABLE "twin_handback" (
  id INTEGER PRIMARY KEY,
  package TEXT NOT NULL,
  table_name TEXT NOT NULL,
  key TEXT NOT NULL,
  twin_id TEXT,
  fid INTEGER,
  base TEXT,
  theirs TEXT,
  who TEXT,
  changed TEXT,
  found TEXT NOT NULL,
  UNIQUE (package, table_name, key)
)"""

# by what to ask whether a collection's pages are still as they were when all of them were read last; see `validators`
PAGES = """CREATE TABLE "twin_pages" (
  table_name TEXT PRIMARY KEY NOT NULL,
  way TEXT NOT NULL,
  pages TEXT NOT NULL,
  matched INTEGER,
  unlisted TEXT NOT NULL,
  journal INTEGER NOT NULL,
  distrusted INTEGER NOT NULL
)"""

# in a package alone: what tells its copies apart (see `trail`)
TRAIL_TABLE = "twin_trail"
TRAIL = """CREATE TABLE "twin_trail" (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  mark TEXT NOT NULL,
  at TEXT NOT NULL
)"""

BOOKS = {
    "twin_state": STATE,
    "twin_source": SOURCE,
    "twin_conflict": CONFLICT,
    "twin_outbox": OUTBOX,
    "twin_publish": PUBLISH,
    "twin_pull": PULL,
    "twin_package": PACKAGE,
    "twin_received": RECEIVED,
    "twin_handback": HANDBACK,
    "twin_pages": PAGES,
}

# What a file of an older format lacks: format → statements that lead to the next one.
MIGRATIONS = {
    1: (
        """ALTER TABLE "twin_source" ADD COLUMN pulled TEXT NOT NULL DEFAULT ''""",
        """ALTER TABLE "twin_conflict" ADD COLUMN fid INTEGER""",
        """ALTER TABLE "twin_outbox" ADD COLUMN label TEXT NOT NULL DEFAULT ''""",
        PUBLISH,
        PULL,
    ),
    2: (PACKAGE, RECEIVED, HANDBACK),
    3: (PAGES,),
}
SET_FORMAT = 'UPDATE "twin_state" SET format = ?'

REGISTER = (
    "INSERT INTO gpkg_contents (table_name, data_type, identifier, description) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (table_name) DO NOTHING"
)
TRACKING = 'UPDATE "twin_state" SET tracking = ?'
IS_TRACKING = 'SELECT tracking, format FROM "twin_state" WHERE id = 1'

# -- sources -----------------------------------------------------------------------------------------------------------

_SOURCE = [
    "table_name", "collection", "title", "description", "url", "items_url", "crs", "srid", "swap", "geometry_type",
    "served_types", "extent", "filter", "schema", "mapping", "capabilities", "methods", "feature_count", "licence",
    "attribution", "checked_out", "pulled",
]  # fmt: skip
SAVE_SOURCE = fill(
    'INSERT INTO "twin_source" ({columns}) VALUES ({marks}) ON CONFLICT (table_name) DO UPDATE SET {assignments}',
    columns=_SOURCE,
    marks=marks(len(_SOURCE)),
    assignments=Fragment(", ".join(fill("{name} = excluded.{name}", name=name) for name in _SOURCE[1:])),
)
LOAD_SOURCES = fill('SELECT {columns} FROM "twin_source" ORDER BY id', columns=_SOURCE)

# -- conflicts -------------------------------------------------------------------------------------------------------

_CONFLICT = [
    "table_name", "twin_id", "kind", "base", "mine", "theirs", "token", "who", "changed", "found", "words", "fid",
]  # fmt: skip
CONFLICTS = fill('SELECT {columns} FROM "twin_conflict" WHERE table_name = ? ORDER BY id', columns=_CONFLICT)
CONFLICT_OF = fill('SELECT {columns} FROM "twin_conflict" WHERE table_name = ? AND twin_id = ?', columns=_CONFLICT)
PUT_CONFLICT = fill(
    'INSERT OR REPLACE INTO "twin_conflict" ({columns}) VALUES ({marks})',
    columns=_CONFLICT,
    marks=marks(len(_CONFLICT)),
)
DROP_CONFLICT = 'DELETE FROM "twin_conflict" WHERE table_name = ? AND twin_id = ?'
DROP_CONFLICT_OF_ROW = "DELETE FROM \"twin_conflict\" WHERE table_name = ? AND fid = ? AND kind = 'create-create'"

# -- the publish journal ---------------------------------------------------------------------------------------------

WRITE_AHEAD = (
    'INSERT INTO "twin_outbox" (publish, message, table_name, kind, fid, twin_id, client_id, token, sent, state, at, '
    "label) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'sending', ?, ?)"
)
# what was sent is kept only while nobody knows whether it arrived
SETTLE = (
    'UPDATE "twin_outbox" SET state = ?1, status = ?2, words = ?3, twin_id = coalesce(?4, twin_id), at = ?5, '
    "sent = CASE WHEN ?1 IN ('sending', 'held') THEN sent END WHERE id = ?6"
)
DROP_HELD = (
    "UPDATE \"twin_outbox\" SET state = 'dropped', sent = NULL WHERE table_name = ? AND fid = ? AND kind = 'insert' "
    "AND state = 'held'"
)
UNSETTLED = (
    "SELECT id, publish, message, table_name, kind, fid, twin_id, client_id, token, sent, state "
    "FROM \"twin_outbox\" WHERE state IN ('sending', 'held') ORDER BY id"
)
# a server that failed (502, 504) may have passed the create on; an id that is used up (409) is of no more use
CLIENT_ID = (
    'SELECT client_id FROM (SELECT client_id, state, status FROM "twin_outbox" WHERE table_name = ? AND fid = ? '
    "AND kind = 'insert' AND client_id IS NOT NULL ORDER BY id DESC LIMIT 1) "
    "WHERE state IN ('unsent', 'rejected') AND coalesce(status, 0) <> 409"
)
WAS_TRIED = 'SELECT 1 FROM "twin_outbox" WHERE table_name = ? AND fid = ? AND client_id = ? AND id < ?'
# both are asked for every create, and the journal grows with every publish
OUTBOX_INDEX = 'CREATE INDEX IF NOT EXISTS "twin_outbox_fid" ON "twin_outbox" (table_name, fid)'

# -- pulls -----------------------------------------------------------------------------------------------------------

NOTE_PULL = (
    'INSERT INTO "twin_pull" (at, table_name, created, updated, deleted, merged, conflicts) '
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)
FINGERPRINT = (
    'SELECT (SELECT coalesce(max(id), 0) FROM "twin_outbox"), '
    "(SELECT count(*) FROM \"twin_outbox\" WHERE state = 'published'), "
    '(SELECT coalesce(max(id), 0) FROM "twin_pull")'
)

# -- the pages of the last pull or checkout ----------------------------------------------------------------------------

_PAGES = ["table_name", "way", "pages", "matched", "unlisted", "journal", "distrusted"]
PAGES_OF = fill('SELECT {columns} FROM "twin_pages" WHERE table_name = ?', columns=_PAGES[1:])
PUT_PAGES = fill(
    'INSERT OR REPLACE INTO "twin_pages" ({columns}) VALUES ({marks})', columns=_PAGES, marks=marks(len(_PAGES))
)
DROP_PAGES = 'DELETE FROM "twin_pages" WHERE table_name = ?'
JOURNAL_OF = (
    "SELECT coalesce(max(id), 0), coalesce(sum(state IN ('sending', 'held')), 0) FROM \"twin_outbox\" "
    "WHERE table_name = ?"
)
# features that were published once since: what was published twice may be again as it was
PUBLISHED_SINCE = (
    "SELECT twin_id FROM \"twin_outbox\" WHERE table_name = ? AND id > ? AND state = 'published' "
    "GROUP BY twin_id HAVING count(*) = 1 AND max(kind) IN ('insert', 'update')"
)

# -- the history of publishes ----------------------------------------------------------------------------------------

BEGIN_PUBLISH = 'INSERT INTO "twin_publish" (id, started, message, twin, protection) VALUES (?, ?, ?, ?, ?)'
END_PUBLISH = 'UPDATE "twin_publish" SET ended = ?, protection = ?, stopped = ? WHERE id = ?'
# of a feature that was tried several times in one publish, the last word counts
_LAST = """SELECT max(id) FROM "twin_outbox" {which} GROUP BY publish, table_name, kind = 'insert',
  coalesce(CASE WHEN kind = 'insert' THEN NULL ELSE twin_id END, fid)"""
PUBLICATIONS = fill(
    """SELECT p.id, p.started, p.ended, p.message, p.twin, p.protection, p.stopped,
  o.published, o.clashes, o.failed, o.held, o.unsent
  FROM "twin_publish" p LEFT JOIN (
    SELECT publish, sum(state = 'published') AS published, sum(state = 'clash') AS clashes,
      sum(state IN ('rejected', 'invalid')) AS failed, sum(state IN ('held', 'sending')) AS held,
      sum(state IN ('unsent', 'dropped')) AS unsent
    FROM "twin_outbox" WHERE id IN ({last}) GROUP BY publish
  ) o ON o.publish = p.id ORDER BY p.started DESC, p.rowid DESC""",
    last=fill(_LAST, which=Fragment("")),
)
SENT = fill(
    """SELECT table_name, kind, label, twin_id, state, status, words, at FROM "twin_outbox"
  WHERE id IN ({last}) ORDER BY id""",
    last=fill(_LAST, which=Fragment("WHERE publish = ?1")),
)

# -- field reviews ---------------------------------------------------------------------------------------------------

_PACKAGE = ["id", "role", "made", "made_by", "title", "for_whom", "due", "tables", "merged"]
PUT_PACKAGE = fill(
    'INSERT INTO "twin_package" ({columns}) VALUES ({marks}) ON CONFLICT (id) DO UPDATE SET merged = excluded.merged',
    columns=_PACKAGE,
    marks=marks(len(_PACKAGE)),
)
FORGET_PACKAGE = "DELETE FROM \"twin_package\" WHERE id = ? AND merged = ''"
PACKAGES = fill('SELECT {columns} FROM "twin_package" ORDER BY made, id', columns=_PACKAGE)
# what one office did is nobody's business outside
FORGET_WORK = tuple(
    fill("DELETE FROM {table}", table=name)
    for name in (
        "twin_conflict", "twin_outbox", "twin_publish", "twin_pull", "twin_package", "twin_received", "twin_handback",
        "twin_pages",
    )
)  # fmt: skip
RECEIVED_OF = 'SELECT key, fid, state FROM "twin_received" WHERE package = ? AND table_name = ?'
PUT_RECEIVED = 'INSERT OR REPLACE INTO "twin_received" (package, table_name, key, fid, state) VALUES (?, ?, ?, ?, ?)'
RECEIVED_TABLE = 'SELECT package, table_name, key, fid, state FROM "twin_received" WHERE table_name = ? ORDER BY rowid'
RECEIVED_KEYS = 'SELECT key FROM "twin_received" WHERE package = ? AND table_name = ?'
RECEIVED_ONE = 'SELECT fid, state FROM "twin_received" WHERE package = ? AND table_name = ? AND key = ?'
RENAME_RECEIVED = 'UPDATE OR REPLACE "twin_received" SET key = ? WHERE package = ? AND table_name = ? AND key = ?'
RENAME_HANDBACK = 'UPDATE OR REPLACE "twin_handback" SET key = ? WHERE package = ? AND table_name = ? AND key = ?'
# of a package itself and of its further copies, whose ids begin with its own
TRAILS = (
    "SELECT package, state FROM \"twin_received\" WHERE table_name = ?1 AND key = 'trail' "
    "AND (package = ?2 OR substr(package, 1, length(?3)) = ?3) ORDER BY rowid"
)
# the same of one table: a package's task list, as each of its copies gave it last
RECEIVED_LISTS = (
    'SELECT fid, state FROM "twin_received" WHERE table_name = ?1 '
    "AND (package = ?2 OR substr(package, 1, length(?3)) = ?3) ORDER BY rowid"
)
MARKS = 'SELECT mark FROM "twin_trail" ORDER BY id LIMIT ?'
_LEAVE = (
    'INSERT INTO "twin_trail" (mark, at) SELECT lower(hex(randomblob(8))), n.now '
    "FROM (SELECT strftime('%s', 'now') AS now) n "
    'WHERE n.now IS NOT (SELECT at FROM "twin_trail" ORDER BY id DESC LIMIT 1);'
)


def trail_triggers(table: str) -> dict[str, str]:
    """The triggers that leave marks when ``table`` is edited, by name."""
    return {
        (name := f"twin_trail_{kind.lower()}_{table}"): fill(
            'CREATE TRIGGER {name} AFTER {kind} ON {table} WHEN (SELECT tracking FROM "twin_state") = 1 '
            "BEGIN {leave} END",
            name=name,
            kind=Fragment(kind),
            table=table,
            leave=Fragment(_LEAVE),
        )
        for kind in ("INSERT", "UPDATE", "DELETE")
    }


_HANDBACK = ["id", "package", "table_name", "key", "twin_id", "fid", "base", "theirs", "who", "changed", "found"]
HANDBACKS = fill('SELECT {columns} FROM "twin_handback" WHERE table_name = ? ORDER BY id', columns=_HANDBACK)
HANDBACKS_OF = fill(
    'SELECT {columns} FROM "twin_handback" WHERE table_name = ? AND (twin_id = ? OR fid = ?) ORDER BY id',
    columns=_HANDBACK,
)
HANDBACK_OF = fill(
    'SELECT {columns} FROM "twin_handback" WHERE package = ? AND table_name = ? AND key = ?', columns=_HANDBACK
)
PUT_HANDBACK = fill(
    'INSERT OR REPLACE INTO "twin_handback" ({columns}) VALUES ({marks})',
    columns=_HANDBACK[1:],
    marks=marks(len(_HANDBACK) - 1),
)
DROP_HANDBACK = 'DELETE FROM "twin_handback" WHERE package = ? AND table_name = ? AND key = ?'
DROP_HANDBACK_NUMBER = 'DELETE FROM "twin_handback" WHERE id = ?'
FORGET_SOURCE = 'DELETE FROM "twin_source" WHERE table_name = ?'
UNREGISTER = "DELETE FROM gpkg_contents WHERE table_name = ?"
