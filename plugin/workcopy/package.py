"""Field review packages as a working copy's books know them: made of it, come back to it, or the file itself."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from . import books
from .connection import opened, transaction
from .errors import WorkingCopyError

Role = Literal["made", "received", "this"]


@dataclass(frozen=True)
class Package:
    """``id`` is a UUID; times are RFC 3339, UTC; ``due`` is a date; people are as somebody wrote them."""

    id: str
    made: str
    made_by: str = ""
    title: str = ""
    for_whom: str = ""
    due: str = ""
    tables: tuple[str, ...] = ()
    role: Role = "made"
    merged: str = ""  # when it came back last

    @property
    def label(self) -> str:
        """What people call it."""
        return self.title or self.for_whom or self.made[:10]


def packages(connection: sqlite3.Connection) -> tuple[Package, ...]:
    """All that the file knows, oldest first."""
    return tuple(_package(row) for row in connection.execute(books.PACKAGES))


def this(connection: sqlite3.Connection) -> Package | None:
    """The package that the file itself is; None for an ordinary working copy."""
    return next((one for one in packages(connection) if one.role == "this"), None)


def put(connection: sqlite3.Connection, package: Package) -> None:
    """Note it; one that is known already is only noted as merged anew. The caller holds the transaction."""
    connection.execute(
        books.PUT_PACKAGE,
        (
            package.id,
            package.role,
            package.made,
            package.made_by,
            package.title,
            package.for_whom,
            package.due,
            json.dumps(package.tables),
            package.merged,
        ),
    )


def note(path: Path, package: Package) -> None:
    """`put` it into the books of the file at ``path``. Raises `WorkingCopyError`."""
    with opened(path, write=True) as connection, transaction(connection):
        put(connection, package)


def forget(path: Path, id: str) -> None:
    """Take a package that was not made after all out of the books of the file at ``path``; one that came back stays.

    Never raises: this is for when something else went wrong, and a note too many does no harm.
    """
    with contextlib.suppress(WorkingCopyError), opened(path, write=True) as connection, transaction(connection):
        connection.execute(books.FORGET_PACKAGE, (id,))


def _package(row: tuple[str, ...]) -> Package:
    """Raises ValueError where the row is not one of ours."""
    id, role, made, made_by, title, for_whom, due, tables, merged = (str(part or "") for part in row)
    listed = json.loads(tables)
    names = tuple(str(name) for name in listed) if isinstance(listed, list) else ()
    known: Role = "this" if role == "this" else "received" if role == "received" else "made"
    return Package(id, made, made_by, title, for_whom, due, names, known, merged)
