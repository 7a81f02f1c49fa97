"""Files of an older format are brought up to date when they are opened: in one transaction, or not at all."""

from __future__ import annotations

from pathlib import Path

from . import books, tables
from .connection import opened, transaction


def migrate(path: Path, found: int) -> None:
    """Bring the file at ``path`` from format ``found`` to `books.FORMAT`. Raises `FileReadOnly`, `FileBusy`."""
    with opened(path, write=True) as connection, transaction(connection):
        now = connection.execute(books.IS_TRACKING).fetchone()[1]  # somebody else may have been first
        for step in range(max(found, now), books.FORMAT):
            for statement in books.MIGRATIONS[step]:
                connection.execute(statement)
        for name in books.BOOKS:
            tables.register(connection, name, "City Twin Workbench")
        connection.execute(books.SET_FORMAT, (books.FORMAT,))
