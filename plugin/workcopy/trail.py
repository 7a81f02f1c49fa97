"""The trail of a package: random marks, one for each second in which somebody edited it, left by triggers.

Copies of one package go their own ways: somebody sends an older zip after the newer one, two people edit a copy each.
The marks tell them apart. A file whose trail goes on from one that came back is the same copy with more in it; one
whose trail is the beginning of that is an older state of it; one that parts from it was edited by somebody else.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from . import books, sql, tables

Marks = tuple[str, ...]
_MOST = 1_000_000  # marks: eleven days and nights of editing
_ALL = ""  # the table under which a package's own trails are kept among what was received


@dataclass(frozen=True)
class Branch:
    """Which copy of a package it is. ``id``: the package's own, or that and a mark where several copies came;
    ``others``: the ids of the other copies that came."""

    id: str
    kind: Literal["first", "more", "older", "other"]
    others: tuple[str, ...] = ()


def begin(connection: sqlite3.Connection, layers: Iterable[str]) -> None:
    """Begin a trail in a package that is being made: edits of ``layers`` leave marks. The caller holds the
    transaction."""
    connection.execute(sql.drop_table(books.TRAIL_TABLE))
    connection.execute(books.TRAIL)
    tables.register(connection, books.TRAIL_TABLE, "City Twin Workbench")
    for table in sorted(layers):
        follow(connection, table)


def follow(connection: sqlite3.Connection, table: str) -> None:
    """Let edits of ``table`` leave marks, where the file has a trail. The caller holds the transaction."""
    if connection.execute(sql.HAS_TABLE, (books.TRAIL_TABLE,)).fetchone() is None:
        return
    for name, statement in books.trail_triggers(table).items():
        connection.execute(sql.drop_trigger_if_there(name))
        connection.execute(statement)


def marks(connection: sqlite3.Connection) -> Marks | None:
    """The trail of a file; None where it has none, or none that can be read."""
    try:
        if connection.execute(sql.HAS_TABLE, (books.TRAIL_TABLE,)).fetchone() is None:
            return None
        return tuple(str(mark) for (mark,) in connection.execute(books.MARKS, (_MOST,)))
    except sqlite3.DatabaseError:
        return None


def branch(connection: sqlite3.Connection, package: str, found: Marks | None) -> Branch:
    """Which copy of ``package`` a file with that trail is, by the trails that came to this working copy before."""
    known = _known(connection, package)
    ids = tuple(known)
    if not known:
        return Branch(package, "first")
    if found is None:
        return Branch(package, "more", tuple(one for one in ids if one != package))
    before = [one for one in ids if found[: len(known[one])] == known[one]]
    if before:
        longest = max(before, key=lambda one: len(known[one]))
        return Branch(longest, "more", tuple(one for one in ids if one != longest))
    if any(known[one][: len(found)] == found for one in ids):
        return Branch(package, "older")
    common = max(_common(found, trail) for trail in known.values())
    return Branch(f"{package}~{found[common]}", "other", ids)


def remember(connection: sqlite3.Connection, one: Branch, found: Marks | None) -> None:
    """Note that this trail came. The caller holds the transaction."""
    if found is not None:
        connection.execute(books.PUT_RECEIVED, (one.id, _ALL, "trail", None, json.dumps(found)))


def _known(connection: sqlite3.Connection, package: str) -> dict[str, Marks]:
    rows = connection.execute(books.TRAILS, (_ALL, package, f"{package}~")).fetchall()
    return {str(id): tuple(json.loads(state)) for id, state in rows}


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for a, b in zip(one, other):
        if a != b:
            break
        count += 1
    return count
