"""Databases and what SQLite keeps beside them, where both come from outside.

A rollback journal may name a further file, which SQLite deletes once it has rolled back. Journals of ours never do;
one that does is not put to use.
"""

from __future__ import annotations

import os
import sqlite3
import struct
from pathlib import Path
from urllib.parse import quote as percent

SIDECARS = ("-wal", "-journal", "-shm")
_MAGIC = bytes.fromhex("d9d505f920a163d7")


def check_journal(database: Path) -> bool:
    """Whether the journal beside ``database``, if there is one, can be let near SQLite."""
    journal = database.with_name(database.name + "-journal")
    if not os.path.lexists(journal):
        return True
    if journal.is_symlink() or not journal.is_file():
        return False
    return not names_another(journal)


def names_another(journal: Path) -> bool:
    """Whether a journal names a further file: its last eight bytes are the magic number then, and only then."""
    with journal.open("rb") as stream:
        stream.seek(0, os.SEEK_END)
        size = stream.tell()
        if size < 16:
            return False
        stream.seek(size - 16)
        return stream.read(16)[8:] == _MAGIC


def lengthen(path: Path) -> bool:
    """Fill up a database that was cut off to the length that it says it has: SQLite then reads the tables that lie
    before the cut, and stops only where it misses something. False where there is nothing to fill up."""
    with path.open("r+b") as stream:
        head = stream.read(100)
        size = stream.seek(0, os.SEEK_END)
        if len(head) < 100 or head[:16] != b"SQLite format 3\x00" or head[24:28] != head[92:96]:
            return False
        page, count = struct.unpack(">H", head[16:18])[0], struct.unpack(">I", head[28:32])[0]
        whole = (65536 if page == 1 else page) * count
        if not size < whole <= max(64 << 20, 50 * size):
            return False
        stream.truncate(whole)
    return True


def copy_database(path: Path, target: Path) -> None:
    """Copy by SQLite's backup: all that was committed, whoever has it open. Raises sqlite3.Error, OSError."""
    if not check_journal(path):
        raise sqlite3.DatabaseError("the journal names another file")
    source = sqlite3.connect(f"file:{percent(str(path.resolve()))}?mode=rw", uri=True, timeout=5.0)
    try:
        source.execute("PRAGMA trusted_schema = OFF")
        source.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        made = sqlite3.connect(str(target))
        try:
            source.backup(made, pages=4096, sleep=0.05)
            made.execute("PRAGMA journal_mode = DELETE")
        finally:
            made.close()
    finally:
        source.close()
