"""The publish journal, ``twin_outbox``: what is about to be sent is written down first, what came of it after.

A row is ``sending`` from before the request until its outcome is known. Whoever finds such a row after a kill or a cut
connection knows exactly what may or may not have reached the twin.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from . import books
from .changes import Kind
from .columns import Stored

# published: the twin has it · unsent: it certainly has not · rejected: it refused · clash: somebody else was first ·
# held: it may have created it, and cannot be asked · sending: not known yet · invalid: a problem was found before
# sending · dropped: held, and discarded here
STATES = ("sending", "published", "unsent", "rejected", "clash", "held", "invalid", "dropped")


@dataclass(frozen=True)
class Entry:
    """One change on its way."""

    id: int
    publish: str
    message: str
    table: str
    kind: Kind
    fid: int
    twin_id: str | None
    client_id: str | None  # the UUID that makes a create recognisable
    token: str | None
    sent: Mapping[str, Stored]  # the row's tracked columns when it was sent
    state: str = "sending"
    label: str = ""  # what people call the feature


def now() -> str:
    """UTC, ISO 8601, to the millisecond."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def write_ahead(connection: sqlite3.Connection, entry: Entry) -> Entry:
    """Note what is about to be sent; returns the entry with its number. The caller commits before it sends."""
    cursor = connection.execute(books.WRITE_AHEAD, _noted(entry, now()))
    return replace(entry, id=cursor.lastrowid or 0)


def write_all_ahead(connection: sqlite3.Connection, entries: Sequence[Entry]) -> list[Entry]:
    """`write_ahead` for many, in a write transaction: their numbers follow each other."""
    if not entries:
        return []
    first = write_ahead(connection, entries[0])
    at = now()
    connection.executemany(books.WRITE_AHEAD, [_noted(entry, at) for entry in entries[1:]])
    return [first, *(replace(entry, id=first.id + place) for place, entry in enumerate(entries[1:], 1))]


def _noted(entry: Entry, at: str) -> tuple[Any, ...]:
    return (
        entry.publish,
        entry.message,
        entry.table,
        entry.kind,
        entry.fid,
        entry.twin_id,
        entry.client_id,
        entry.token,
        pack(entry.sent),
        at,
        entry.label,
    )


def settle(
    connection: sqlite3.Connection,
    entry: Entry,
    state: str,
    status: int = 0,
    words: str = "",
    twin_id: str | None = None,
) -> None:
    """Note what became of it."""
    connection.execute(books.SETTLE, (state, status, words, twin_id, now(), entry.id))


def settle_all(connection: sqlite3.Connection, entries: Iterable[tuple[Entry, int, str | None]], state: str) -> None:
    """`settle` for many that became the same: entry, status and twin_id of each."""
    at = now()
    rows = [(state, status, "", twin_id, at, entry.id) for entry, status, twin_id in entries]
    connection.executemany(books.SETTLE, rows)


def unsettled(connection: sqlite3.Connection) -> list[Entry]:
    """Entries whose outcome is not known, oldest first."""
    out = []
    for row in connection.execute(books.UNSETTLED):
        number, publish, message, table, kind, fid, twin_id, client_id, token, sent, state = row
        values = unpack(sent or "{}")
        out.append(Entry(number, publish, message, table, kind, fid, twin_id, client_id, token, values, state))
    return out


def was_tried(connection: sqlite3.Connection, entry: Entry) -> bool:
    """Whether an earlier attempt went under the same UUID."""
    if entry.client_id is None:
        return False
    tried = connection.execute(books.WAS_TRIED, (entry.table, entry.fid, entry.client_id, entry.id))
    return tried.fetchone() is not None


def pack(values: Mapping[str, Stored]) -> str:
    """A row's values as text, exactly."""
    return json.dumps({name: _pack(value) for name, value in values.items()})


def unpack(text: str) -> dict[str, Stored]:
    """What `pack` wrote."""
    return {name: _unpack(value) for name, value in json.loads(text).items()}


def _pack(value: Stored) -> Any:
    return {"hex": value.hex()} if isinstance(value, bytes) else value


def _unpack(value: Any) -> Stored:
    unpacked: Stored = bytes.fromhex(value["hex"]) if isinstance(value, dict) else value
    return unpacked
