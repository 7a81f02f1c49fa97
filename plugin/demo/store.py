"""The twin's memory: one SQLite file. All SQL of the twin is here, that of photos in `stored_photos`.

A kill at any instruction leaves the last committed state (WAL). Every write gets the next number of the ``change``
table; that number, with the store's own random mark, is the item's ETag, so no token ever comes back.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import stored_photos
from .geometry import text_meets_box
from .model import Author, Box, Collection, Feature, Item, ItemId, Query, State

FORMAT = 1
_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE collection (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE change (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, collection INTEGER NOT NULL, item TEXT NOT NULL, action TEXT NOT NULL,
  at TEXT NOT NULL, author TEXT, message TEXT);
CREATE TABLE item (
  fid INTEGER PRIMARY KEY, collection INTEGER NOT NULL, id TEXT NOT NULL, whole INTEGER NOT NULL, seq INTEGER NOT NULL,
  min_x REAL, min_y REAL, max_x REAL, max_y REAL, updated TEXT, updated_by TEXT, properties TEXT NOT NULL,
  geometry TEXT);
CREATE TABLE created (
  collection INTEGER NOT NULL, id TEXT NOT NULL, digest TEXT NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (collection, id)) WITHOUT ROWID;
"""
# The collection is a third dimension of the R-tree: one tree serves all collections.
_BOXES = "CREATE VIRTUAL TABLE box USING rtree (fid, min_x, max_x, min_y, max_y, min_n, max_n)"
_INDEXES = """
CREATE UNIQUE INDEX item_id ON item (collection, id);
CREATE INDEX item_order ON item (collection, fid, min_x, min_y, max_x, max_y);
CREATE INDEX change_item ON change (collection, item);
"""
_COLUMNS = "id, whole, seq, geometry, properties, updated, updated_by"
_FIND = f"SELECT {_COLUMNS} FROM item WHERE collection = ? AND id = ?"  # nosec B608 - fixed parts, bound values
# GeoJSON text as it is stored begins with the type
_KINDS = """SELECT DISTINCT substr(geometry, 1, instr(geometry, ',') - 1) FROM item
  WHERE collection = ? AND geometry IS NOT NULL"""
_INSERT_ITEM = """INSERT INTO item
  (fid, collection, id, whole, seq, min_x, min_y, max_x, max_y, updated, updated_by, properties, geometry)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
# the geometry stays as it is, and with it the boxes and the indexes over them
_SET_PROPERTIES = "UPDATE item SET seq = ?, updated = ?, updated_by = ?, properties = ? WHERE fid = ?"
_NOTE = "INSERT INTO change (seq, collection, item, action, at, author, message) VALUES (?, ?, ?, ?, ?, ?, ?)"
_LAST_NOTE = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'change'"
_AT_ONCE = 500  # ids in one statement
_INSERT_BOX = "INSERT INTO box VALUES (?, ?, ?, ?, ?, ?, ?)"
_IN_BOX = """ AND fid IN (SELECT fid FROM box WHERE min_n <= :n AND max_n >= :n
    AND min_x <= :x1 AND max_x >= :x0 AND min_y <= :y1 AND max_y >= :y0)
  AND min_x <= :x1 AND max_x >= :x0 AND min_y <= :y1 AND max_y >= :y0
  AND (min_x >= :x0 AND max_x <= :x1 AND min_y >= :y0 AND max_y <= :y1 OR meets_box(geometry, :x0, :y0, :x1, :y1))"""


class StoreError(Exception):
    """The file is no store of this twin, or of a newer one."""


class Store:
    """Thread-safe: each read or write borrows a connection of its own; writes wait for each other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._idle: list[sqlite3.Connection] = []
        self._writing, self._counting = threading.Lock(), threading.Lock()
        self._states: dict[int, State] = {}
        self._epoch = 0
        try:
            with self._connection() as db:
                self._prepare(db)
                self.mark = str(db.execute("SELECT value FROM meta WHERE key = 'mark'").fetchone()[0])
                self._read_collections(db)
        except sqlite3.Error as error:
            raise StoreError(f"{path} is no store of the embedded twin, or cannot be used: {error}.") from error

    # -- what is there ---------------------------------------------------------------------------------------------

    @property
    def loaded(self) -> bool:
        """Whether the first load was completed."""
        with self._connection() as db:
            return db.execute("SELECT 1 FROM meta WHERE key = 'loaded'").fetchone() is not None

    def about(self) -> tuple[str, str]:
        """Title and description of the twin."""
        with self._connection() as db:
            found = dict(db.execute("SELECT key, value FROM meta WHERE key IN ('title', 'description')").fetchall())
        return found.get("title", "City Twin"), found.get("description", "")

    def collections(self) -> list[Collection]:
        return [collection for _, collection in self._collections.values()]

    def collection(self, collection_id: str) -> Collection | None:
        found = self._collections.get(collection_id)
        return found[1] if found else None

    def state(self, collection_id: str) -> State:
        """Count, extent and version; kept until the next write to the collection."""
        n = self._collections[collection_id][0]
        known = self._states.get(n)
        if known is not None:
            return known
        epoch = self._epoch
        with self._connection() as db:
            state = _state(db, n)
        with self._counting:
            if epoch == self._epoch:  # a write in between would make this one stale
                self._states[n] = state
        return state

    def page(self, collection_id: str, query: Query) -> tuple[int, list[Item]]:
        """How many items match, and those of the page, of one moment."""
        with self.reading(collection_id, query) as (matched, items):
            return matched, list(items)

    @contextmanager
    def reading(self, collection_id: str, query: Query) -> Iterator[tuple[int, Iterator[Item]]]:
        """As `page`, the items one at a time: what is held in memory does not grow with the page."""
        n = self._collections[collection_id][0]
        where, values = "collection = :n", {"n": n, "limit": query.limit, "offset": query.offset}
        if query.box is not None:
            where += _IN_BOX
            values.update(zip(("x0", "y0", "x1", "y1"), query.box))
        for i, (name, value) in enumerate(query.equals):
            where += f" AND json_extract(properties, :p{i}) = :v{i}"
            values[f"p{i}"], values[f"v{i}"] = f'$."{name}"', value
        known = self.state(collection_id) if query.box is None and not query.equals else None
        with self._moment() as db:
            if known is not None:
                matched = known.count
            else:
                counting = f"SELECT count(*) FROM item WHERE {where}"  # nosec B608 - fixed parts, bound values
                matched = int(db.execute(counting, values).fetchone()[0])
            listing = f"SELECT {_COLUMNS} FROM item WHERE {where}"  # nosec B608 - fixed parts, bound values
            rows = db.execute(listing + " ORDER BY fid LIMIT :limit OFFSET :offset", values)
            yield matched, map(self._item, rows)

    @contextmanager
    def everything(self, collection_id: str) -> Iterator[tuple[State, frozenset[str], Iterator[Item]]]:
        """All items of a collection, one at a time, how it stands at that moment, and its items' geometry types."""
        n = self._collections[collection_id][0]
        with self._moment() as db:
            state = _state(db, n)
            heads = db.execute(_KINDS, (n,)).fetchall()
            kinds = frozenset(str(head).partition(":")[2].strip('" ') for (head,) in heads)
            listing = f"SELECT {_COLUMNS} FROM item WHERE collection = ?"  # nosec B608 - fixed parts, bound values
            rows = db.execute(listing + " ORDER BY fid", (n,))
            yield state, kinds, map(self._item, rows)

    def item(self, collection_id: str, item_id: str) -> Item | None:
        with self._connection() as db:
            return self._find(db, self._collections[collection_id][0], item_id)

    def photos(self, collection_id: str, item_id: str) -> list[stored_photos.Photo]:
        with self._connection() as db:
            return stored_photos.listed(db, self._collections[collection_id][0], item_id)

    def photo(self, collection_id: str, item_id: str, name: str) -> tuple[str, bytes] | None:
        """A photo's media type and bytes."""
        with self._connection() as db:
            return stored_photos.body(db, self._collections[collection_id][0], item_id, name)

    # -- first load ------------------------------------------------------------------------------------------------

    def load(self, title: str, description: str, sources: Iterable[tuple[Collection, Iterable[Feature]]]) -> int:
        """Fill the empty store in one transaction, so that a kill leaves it empty; the number of features."""
        total = 0
        with self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                for n, (collection, features) in enumerate(sources, 1):
                    db.execute("INSERT INTO collection VALUES (?, ?, ?)", (n, collection.id, collection.dump()))
                    total += _insert_all(db, n, total, features)
                for statement in _INDEXES.split(";"):
                    db.execute(statement)
                db.executemany(
                    "INSERT INTO meta VALUES (?, ?)",
                    [("title", title), ("description", description), ("loaded", "yes")],
                )
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._read_collections(db)
        return total

    # -- writing ---------------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One write transaction over all collections: what is read inside cannot change before it ends; an exception
        undoes all of it."""
        touched: set[int] = set()
        with self._writing, self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                transaction = Transaction(self, db, touched)
                yield transaction
                transaction.flush()
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
            finally:
                with self._counting:
                    self._epoch += 1
                    for n in touched:
                        self._states.pop(n, None)

    @contextmanager
    def write(self, collection_id: str) -> Iterator[Writing]:
        """One write transaction of which a single collection is needed."""
        with self.transaction() as transaction:
            yield transaction.collection(collection_id)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def etag(self, seq: int) -> str:
        return f'"{self.mark}-{seq}"'

    # -- inside ----------------------------------------------------------------------------------------------------

    def _item(self, row: tuple[Any, ...]) -> Item:
        item_id: ItemId = int(row[0]) if row[1] else row[0]
        return Item(item_id, self.etag(row[2]), row[3], row[4], row[5], row[6])

    def _find(self, db: sqlite3.Connection, n: int, item_id: str) -> Item | None:
        row = db.execute(_FIND, (n, item_id)).fetchone()
        return self._item(row) if row else None

    def _read_collections(self, db: sqlite3.Connection) -> None:
        rows = db.execute("SELECT id, n, body FROM collection ORDER BY n").fetchall()
        self._collections = {row[0]: (row[1], Collection.parse(row[2])) for row in rows}

    def _prepare(self, db: sqlite3.Connection) -> None:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version == FORMAT:
            db.execute(stored_photos.TABLE)  # one from before there were photos has none
            return
        if version or db.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise StoreError(f"{self.path} is no store of this version of the embedded twin.")
        db.execute("BEGIN IMMEDIATE")
        for statement in _TABLES.split(";"):
            db.execute(statement)
        db.execute(_BOXES)
        db.execute(stored_photos.TABLE)
        db.execute("INSERT INTO meta VALUES ('mark', ?)", (secrets.token_hex(3),))
        db.execute(f"PRAGMA user_version = {FORMAT}")
        db.execute("COMMIT")

    @contextmanager
    def _moment(self) -> Iterator[sqlite3.Connection]:
        """A read transaction: what others write meanwhile is not seen."""
        with self._connection() as db:
            db.execute("BEGIN")
            try:
                yield db
            finally:
                db.execute("ROLLBACK")  # also ends what was not read to its end

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            db = self._idle.pop()
        except IndexError:
            db = self._open()
        try:
            yield db
        finally:
            self._idle.append(db)

    def _open(self) -> sqlite3.Connection:
        # lent to one thread at a time, so the check for the same thread would only be in the way
        db = sqlite3.connect(str(self.path), timeout=30, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")  # a killed process loses nothing; a power cut at most the last writes
        db.execute("PRAGMA cache_size = -16384")
        db.create_function("meets_box", 5, text_meets_box, deterministic=True)
        return db


class Transaction:
    """A write transaction that is open. Changes of properties alone wait until something has to see them, or until it
    ends: many of them are then written at a time."""

    def __init__(self, store: Store, db: sqlite3.Connection, touched: set[int]) -> None:
        self._store, self._db, self._touched = store, db, touched
        self._last = int(db.execute(_LAST_NOTE).fetchone()[0])
        self._notes: list[tuple[Any, ...]] = []
        self._rows: list[tuple[Any, ...]] = []

    def collection(self, collection_id: str) -> Writing:
        """A collection to write in, which has to be there."""
        n = self._store._collections[collection_id][0]
        self._touched.add(n)
        return Writing(self._store, self._db, n, self)

    def note(self, n: int, item_id: str, action: str, author: Author) -> int:
        """Enter a change into the book; its number."""
        self._last += 1
        self._notes.append((self._last, n, item_id, action, author.at, author.name, author.message))
        return self._last

    def later(self, row: tuple[Any, ...]) -> None:
        """A row for `_SET_PROPERTIES`."""
        self._rows.append(row)

    def flush(self) -> None:
        """Write what waits."""
        if self._notes:
            self._db.executemany(_NOTE, self._notes)
            self._db.executemany(_SET_PROPERTIES, self._rows)
            self._notes, self._rows = [], []


class Writing:
    """What can be done inside a write transaction on one of its collections."""

    def __init__(self, store: Store, db: sqlite3.Connection, n: int, transaction: Transaction) -> None:
        self._store, self._db, self._n, self._transaction = store, db, n, transaction
        self._known: dict[str, tuple[int, Item]] = {}  # fid and item, as this transaction leaves them

    def expect(self, item_ids: Sequence[str]) -> None:
        """These items will be asked for: read them together."""
        for start in range(0, len(item_ids), _AT_ONCE):
            some = item_ids[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            find = f"SELECT {_COLUMNS}, fid FROM item WHERE collection = ? AND id IN ({marks})"  # nosec B608 - fixed parts
            for row in self._db.execute(find, (self._n, *some)):
                self._known.setdefault(row[0], (row[7], self._store._item(row)))

    def item(self, item_id: str) -> Item | None:
        if item_id not in self._known:
            self.expect((item_id,))
        found = self._known.get(item_id)
        return found[1] if found else None

    def has(self, collection_id: str, item_id: str) -> bool:
        """Whether another collection has an item, inside this transaction."""
        other = self._store._collections.get(collection_id)
        return other is not None and self._store._find(self._db, other[0], item_id) is not None

    def referrer(self, collection_id: str, item_id: str) -> str | None:
        """An item of any collection that refers to this collection's (``collection_id``) item; None where none does."""
        self._transaction.flush()
        for name, (n, collection) in self._store._collections.items():
            for prop in collection.schema.properties:
                if prop.refers_to == collection_id:
                    row = self._db.execute(
                        "SELECT id FROM item WHERE collection = ? AND CAST(json_extract(properties, ?) AS TEXT) = ?",
                        (n, f'$."{prop.name}"', item_id),
                    ).fetchone()
                    if row is not None:
                        return f"{name}/{row[0]}"
        return None

    def next_number(self) -> int:
        """A whole number above all that are or have been ids of this collection."""
        row = self._db.execute(
            "SELECT max(coalesce((SELECT max(CAST(id AS INTEGER)) FROM item WHERE collection = :n), 0),"
            " coalesce((SELECT max(CAST(item AS INTEGER)) FROM change WHERE collection = :n), 0))",
            {"n": self._n},
        ).fetchone()
        return int(row[0]) + 1

    def created(self, item_id: str) -> tuple[str, str] | None:
        """Digest of the first body and first ETag of an item created with an id of the client's choice."""
        row = self._db.execute(
            "SELECT digest, seq FROM created WHERE collection = ? AND id = ?", (self._n, item_id)
        ).fetchone()
        return (row[0], self._store.etag(row[1])) if row else None

    def create(self, feature: Feature, author: Author, digest: str = "") -> str:
        """Insert and return the ETag; ``digest`` remembers the first body of an id that the client chose."""
        seq = self._note(str(feature.id), "create", author)
        row = _item_row(None, self._n, feature, seq, author.at, author.name)
        fid = self._db.execute(_INSERT_ITEM, row).lastrowid
        if feature.box is not None:
            self._db.execute(_INSERT_BOX, _box_row(int(fid or 0), self._n, feature.box))
        if digest:
            self._db.execute("INSERT INTO created VALUES (?, ?, ?, ?)", (self._n, str(feature.id), digest, seq))
        return self._store.etag(seq)

    def replace(self, feature: Feature, author: Author) -> str:
        """Overwrite an item that is there; the new ETag."""
        fid = self._fid(str(feature.id))
        seq = self._note(str(feature.id), "update", author)
        box: tuple[float | None, ...] = feature.box or (None, None, None, None)
        self._db.execute(
            "UPDATE item SET seq = ?, min_x = ?, min_y = ?, max_x = ?, max_y = ?, updated = ?, updated_by = ?,"
            " properties = ?, geometry = ? WHERE fid = ?",
            (seq, *box, author.at, author.name, feature.properties, feature.geometry, fid),
        )
        self._db.execute("DELETE FROM box WHERE fid = ?", (fid,))
        if feature.box is not None:
            self._db.execute(_INSERT_BOX, _box_row(fid, self._n, feature.box))
        return self._store.etag(seq)

    def set_properties(self, item: Item, properties: str, author: Author) -> Item:
        """Give an item that is there other properties; the item as it is then. Its geometry stays."""
        item_id = str(item.id)
        fid = self._fid(item_id)
        seq = self._transaction.note(self._n, item_id, "update", author)
        self._transaction.later((seq, author.at, author.name, properties, fid))
        changed = Item(item.id, self._store.etag(seq), item.geometry, properties, author.at, author.name)
        self._known[item_id] = fid, changed
        return changed

    def delete(self, item_id: str, author: Author) -> None:
        fid = self._fid(item_id)
        self._note(item_id, "delete", author)
        self._db.execute("DELETE FROM box WHERE fid = ?", (fid,))
        self._db.execute("DELETE FROM item WHERE fid = ?", (fid,))
        stored_photos.drop(self._db, self._n, item_id)

    def photos(self, item_id: str) -> list[stored_photos.Photo]:
        return stored_photos.listed(self._db, self._n, item_id)

    def add_photo(self, item_id: str, name: str, kind: str, content: bytes, author: Author) -> None:
        stored_photos.put(self._db, self._n, item_id, name, kind, content, author)

    def _fid(self, item_id: str) -> int:
        if item_id not in self._known:
            self.expect((item_id,))
        return self._known[item_id][0]

    def _note(self, item_id: str, action: str, author: Author) -> int:
        """`Transaction.note` for a change that is written at once, and with it all that waited."""
        seq = self._transaction.note(self._n, item_id, action, author)
        self._transaction.flush()
        self._known.pop(item_id, None)  # it is read again when it is asked for
        return seq


def _state(db: sqlite3.Connection, n: int) -> State:
    row = db.execute(
        "SELECT count(*), min(min_x), min(min_y), max(max_x), max(max_y) FROM item WHERE collection = ?", (n,)
    ).fetchone()
    (seq,) = db.execute("SELECT max(seq) FROM change WHERE collection = ?", (n,)).fetchone()
    last = db.execute("SELECT at FROM change WHERE seq = ?", (seq,)).fetchone()
    return State(row[0], None if row[1] is None else row[1:], seq or 0, last[0] if last else None)


def _insert_all(db: sqlite3.Connection, n: int, start: int, features: Iterable[Feature]) -> int:
    """Insert in batches, so that memory stays flat however large the source is."""
    count = 0
    items: list[tuple[Any, ...]] = []
    boxes: list[tuple[Any, ...]] = []
    for feature in features:
        count += 1
        items.append(_item_row(start + count, n, feature, 0, None, None))
        if feature.box is not None:
            boxes.append(_box_row(start + count, n, feature.box))
        if len(items) == 5000:
            db.executemany(_INSERT_ITEM, items)
            db.executemany(_INSERT_BOX, boxes)
            items, boxes = [], []
    db.executemany(_INSERT_ITEM, items)
    db.executemany(_INSERT_BOX, boxes)
    return count


def _item_row(
    fid: int | None, n: int, feature: Feature, seq: int, updated: str | None, by: str | None
) -> tuple[Any, ...]:
    box: tuple[float | None, ...] = feature.box or (None, None, None, None)
    whole = isinstance(feature.id, int)
    return (fid, n, str(feature.id), whole, seq, *box, updated, by, feature.properties, feature.geometry)


def _box_row(fid: int, n: int, box: Box) -> tuple[Any, ...]:
    return (fid, box[0], box[2], box[1], box[3], n, n)
