"""The publish history of a working copy: what was sent when, and what became of every feature."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from ..text import tr
from . import books
from .connection import opened
from .copy import WorkingCopy


@dataclass(frozen=True)
class Publication:
    """One publish. Times are UTC, ISO 8601."""

    id: str
    started: str
    ended: str | None  # None: it was cut off
    message: str
    twin: str  # its title
    protection: str  # atomic, locked, unprotected
    stopped: str  # why it ended before the last change, else empty
    published: int
    clashes: int
    failed: int
    held: int
    unsent: int


@dataclass(frozen=True)
class Sent:
    """What became of one feature in one publish."""

    table: str
    kind: str  # insert, update, delete
    label: str
    twin_id: str | None
    state: str  # see `journal.STATES`
    status: int | None  # HTTP
    words: str  # ours, with the server's own
    at: str


def publications(copy: WorkingCopy) -> list[Publication]:
    """Every publish, the newest first."""
    with opened(copy.path) as connection:
        rows = connection.execute(books.PUBLICATIONS).fetchall()
    return [Publication(*row[:7], *(count or 0 for count in row[7:])) for row in rows]


def sent(copy: WorkingCopy, publication: str) -> list[Sent]:
    """The last word about each feature of one publish, in the order of sending."""
    with opened(copy.path) as connection:
        return [Sent(*row) for row in connection.execute(books.SENT, (publication,))]


def as_csv(copy: WorkingCopy, publication: str | None = None) -> str:
    """One publish, or all of them, as CSV with a row per feature (RFC 4180)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        [
            *(tr("Started"), tr("Message"), tr("Twin"), tr("Protection"), tr("Layer"), tr("Change"), tr("Feature")),
            *(tr("Id"), tr("Result"), tr("HTTP status"), tr("What was said"), tr("Time")),
        ]
    )
    titles = {source.table: source.title for source in copy.sources}
    for one in publications(copy):
        if publication is not None and one.id != publication:
            continue
        for row in sent(copy, one.id):
            writer.writerow(
                [
                    *(one.started, one.message, one.twin, one.protection, titles.get(row.table, row.table)),
                    *(row.kind, row.label, row.twin_id or "", row.state, row.status or "", row.words, row.at),
                ]
            )
    return out.getvalue()
