"""The SQL of photos: they lie in the twin's own file, beside the items that they belong to."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from .model import Author

TABLE = """CREATE TABLE IF NOT EXISTS photo (
  collection INTEGER NOT NULL, item TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL, size INTEGER NOT NULL,
  at TEXT NOT NULL, author TEXT, body BLOB NOT NULL, PRIMARY KEY (collection, item, name))"""


@dataclass(frozen=True)
class Photo:
    """``name`` is unique among an item's photos, ``type`` a media type, ``size`` in bytes, ``at`` RFC 3339."""

    name: str
    type: str
    size: int
    at: str
    author: str | None = None


def listed(db: sqlite3.Connection, n: int, item_id: str) -> list[Photo]:
    """An item's photos, the oldest first."""
    rows = db.execute(
        "SELECT name, type, size, at, author FROM photo WHERE collection = ? AND item = ? ORDER BY at, name",
        (n, item_id),
    ).fetchall()
    return [Photo(*row) for row in rows]


def body(db: sqlite3.Connection, n: int, item_id: str, name: str) -> tuple[str, bytes] | None:
    """One photo's media type and bytes."""
    row = db.execute(
        "SELECT type, body FROM photo WHERE collection = ? AND item = ? AND name = ?", (n, item_id, name)
    ).fetchone()
    return (str(row[0]), bytes(row[1])) if row else None


def put(db: sqlite3.Connection, n: int, item_id: str, name: str, kind: str, content: bytes, author: Author) -> None:
    """Add a photo."""
    row = (n, item_id, name, kind, len(content), author.at, author.name, content)
    db.execute("INSERT INTO photo VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)


def drop(db: sqlite3.Connection, n: int, item_id: str) -> None:
    """Remove all photos of an item."""
    db.execute("DELETE FROM photo WHERE collection = ? AND item = ?", (n, item_id))
