"""What the sensors have told: one SQLite file of its own beside the twin's, so that a storm of observations does not
wait for edits, nor edits for it. A kill at any instruction leaves what was committed (WAL)."""

from __future__ import annotations

import logging
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable

from . import sql
from .spatial import relates

log = logging.getLogger(__name__)
# id, datastream, feature of interest, begin, end, result time, result, its type, quality, valid time, parameters
Row = tuple[Any, ...]
Listener = Callable[[Sequence[Row]], None]


class SensorStoreError(Exception):
    """The file is no store of sensors, or of a newer twin."""


class SensorStore:
    """Thread-safe: each read or write borrows a connection; writes wait for each other.

    ``keep``: how many observations are kept at least; the oldest beyond are let go by ``prune``.
    """

    def __init__(self, path: Path, keep: int = 5_000_000) -> None:
        self._path, self._keep = path, keep
        self._idle: list[sqlite3.Connection] = []
        self._writing = threading.Lock()
        self._mark, self._version = secrets.token_hex(3), 0
        self.listeners: list[Listener] = []
        self.features: dict[int, int | None] = {}  # the feature of interest that a datastream's things lead to
        try:
            with self._connection() as db:
                self._prepare(db)
                self._last = int(db.execute("SELECT coalesce(max(id), 0) FROM observation").fetchone()[0])
        except sqlite3.Error as error:
            raise SensorStoreError(f"{path} is no store of sensors, or cannot be used: {error}.") from error

    @property
    def etag(self) -> str:
        """Changes with every write, and with every start."""
        return f'"{self._mark}-{self._version}"'

    @property
    def filled(self) -> bool:
        with self._connection() as db:
            return db.execute("SELECT 1 FROM meta WHERE key = 'filled'").fetchone() is not None

    def newest(self) -> float:
        """The latest phenomenon time, seconds since 1970; 0 where there is none."""
        with self._connection() as db:
            newest = db.execute("SELECT max(t1) FROM observation").fetchone()[0]
        return (newest or 0) / 1e6

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one moment."""
        with self._connection() as db:
            db.execute("BEGIN")
            try:
                yield db
            finally:
                db.execute("COMMIT")

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """One transaction; an exception undoes all of it. What was observed is told to the listeners after it."""
        with self._writing:
            with self._connection() as db:
                writer = Writer(self, db, self._last)
                db.execute("BEGIN IMMEDIATE")
                try:
                    yield writer
                    db.execute("COMMIT")
                except BaseException:
                    self.features.clear()
                    if db.in_transaction:
                        db.execute("ROLLBACK")
                    raise
                self._last = writer.last
                self._version += 1
            # within the lock: subscribers hear of observations in the order in which they were committed
            for listener in self.listeners if writer.observed else ():
                listener(writer.observed)

    def prune(self) -> None:
        """Let go of the oldest observations once there are a fifth more than are kept."""
        with self._connection() as db:
            first = db.execute("SELECT min(id) FROM observation").fetchone()[0]
        if first is not None and self._last - first > self._keep * 1.2:
            with self.writing() as writer:
                writer.execute("DELETE FROM observation WHERE id <= ?", (self._last - self._keep,))
            log.info("observations up to id %s were let go", self._last - self._keep)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _prepare(self, db: sqlite3.Connection) -> None:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version == sql.FORMAT:
            return
        if version or db.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise SensorStoreError(f"{self._path} is no store of sensors of this version of the embedded twin.")
        db.execute("BEGIN IMMEDIATE")
        for statement in sql.TABLES.split(";"):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {sql.FORMAT}")
        db.execute("COMMIT")

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
        db = sqlite3.connect(
            str(self._path), timeout=30, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")  # a killed process loses nothing; a power cut at most the last writes
        db.execute("PRAGMA cache_size = -32768")
        db.create_function("relates", 3, relates, deterministic=True)
        return db


class Writer:
    """A write transaction that is open."""

    def __init__(self, store: SensorStore, db: sqlite3.Connection, last: int) -> None:
        self.store, self.db, self.last = store, db, last
        self.observed: list[Row] = []

    def execute(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        return self.db.execute(statement, values)

    def insert(self, table: str, values: dict[str, Any]) -> int:
        return int(self.execute(*sql.insert(table, values)).lastrowid or 0)

    def observe(self, rows: Iterable[Row], *, tell: bool = True) -> range:
        """Add observations, of which the ``rows`` lack the id only; their ids."""
        first = self.last + 1
        whole = [(first + i, *row) for i, row in enumerate(rows)]
        self.db.executemany(sql.INSERT_OBSERVATION, whole)
        self.last += len(whole)
        if tell:
            self.observed += whole
        return range(first, self.last + 1)

    def feature_of(self, datastream: int) -> int | None:
        """The feature of interest that stands for where the datastream's thing is, made on first need (18-088,
        8.2.8); None where the thing has no location. KeyError where there is no such datastream."""
        known = self.store.features
        if datastream not in known:
            known[datastream] = self._feature_of(datastream)
        return known[datastream]

    def _feature_of(self, datastream: int) -> int | None:
        found = self.execute(
            "SELECT l.id, l.feature FROM datastream d LEFT JOIN thing_location t ON t.thing = d.thing"
            " LEFT JOIN location l ON l.id = t.location WHERE d.id = ? ORDER BY l.id LIMIT 1",
            (datastream,),
        ).fetchone()
        if found is None:
            raise KeyError(datastream)
        location, feature = found
        if location is None or feature is not None:
            return None if feature is None else int(feature)
        made = self.execute(
            "INSERT INTO feature_of_interest (name, description, encodingType, feature)"
            " SELECT name, description, encodingType, location FROM location WHERE id = ?",
            (location,),
        ).lastrowid
        self.execute("UPDATE location SET feature = ? WHERE id = ?", (made, location))
        return made
