"""Files of an older format are brought up to date when they are opened: in one transaction, or not at all."""

from __future__ import annotations

from pathlib import Path

from . import sql, tables
from .connection import opened, transaction


def migrate(path: Path, found: int) -> None:
    """Bring the file at ``path`` from format ``found`` to `sql.FORMAT`. Raises `FileReadOnly`, `FileBusy`."""
    with opened(path, write=True) as connection, transaction(connection):
        now = connection.execute(sql.IS_TRACKING).fetchone()[1]  # somebody else may have been first
        for step in range(max(found, now), sql.FORMAT):
            for statement in sql.MIGRATIONS[step]:
                connection.execute(statement)
        for name in sql.BOOKS:
            tables.register(connection, name, "City Twin Workbench")
        connection.execute(sql.SET_FORMAT, (sql.FORMAT,))
