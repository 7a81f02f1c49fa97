"""Connections to a working copy, all from one function.

GeoPackage's own triggers call ST_* functions that GDAL brings and plain SQLite lacks; without them any write to a
geometry fails. Reads and writes of ours therefore go through here.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote as percent

from . import books
from .errors import told_plainly
from .geometry import box_of

WAIT = 5.0  # seconds for another writer


def connect(path: Path, *, write: bool = False) -> sqlite3.Connection:
    """A connection in autocommit mode; `transaction` groups writes.

    Raises `FileReadOnly`, `FileBusy` or `NotAWorkingCopy` through `told_plainly`.
    """
    with told_plainly(path):
        connection = _open(path, "rw" if write else "ro")
        if not write and _half_written(connection):
            connection.close()
            _mend(path)
            connection = _open(path, "ro")
        for name, place in (("ST_MinX", 0), ("ST_MinY", 1), ("ST_MaxX", 2), ("ST_MaxY", 3)):
            connection.create_function(name, 1, _edge(place), deterministic=True)
        connection.create_function("ST_IsEmpty", 1, _is_empty, deterministic=True)
        connection.execute("PRAGMA recursive_triggers = ON")
        connection.execute("PRAGMA foreign_keys = OFF")
    return connection


def _open(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"file:{percent(str(path.resolve()))}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=WAIT, isolation_level=None, check_same_thread=False)


def _half_written(connection: sqlite3.Connection) -> bool:
    """Whether somebody was killed in the middle of a write: a connection that only reads may not take it back."""
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.OperationalError as error:
        if "readonly database" in str(error):
            return True
        connection.close()
        raise
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return False


def _mend(path: Path) -> None:
    """Let SQLite take back what was half written: its first read with the right to write does."""
    connection = _open(path, "rw")
    try:
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    finally:
        connection.close()


def _edge(place: int) -> Callable[[bytes | None], float | None]:
    def edge(blob: bytes | None) -> float | None:
        box = box_of(blob)
        return None if box is None else box[place]

    return edge


def _is_empty(blob: bytes | None) -> int | None:
    return None if blob is None else int(box_of(blob) is None)


@contextlib.contextmanager
def opened(path: Path, *, write: bool = False) -> Iterator[sqlite3.Connection]:
    """`connect`, closed afterwards, with SQLite's errors told plainly."""
    connection = connect(path, write=write)
    try:
        with told_plainly(path):
            yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection, *, tracking: bool = True) -> Iterator[sqlite3.Connection]:
    """One write transaction, rolled back whole on any error.

    ``tracking`` False switches the triggers off inside it and on again before it commits, so that no moment that
    another connection can see is untracked.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        if not tracking:
            connection.execute(books.TRACKING, (0,))
        yield connection
        if not tracking:
            connection.execute(books.TRACKING, (1,))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
