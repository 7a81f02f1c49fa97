"""Finding out what became of a publish that was cut off, before anything else is sent or fetched."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ..text import tr
from ..twin.client import Twin
from ..twin.errors import BadResponse, ServerFailed, Unreachable, Unsupported
from ..twin.progress import Progress
from . import journal, parallel, settle
from .changes import Change
from .connection import opened, transaction
from .copy import WorkingCopy
from .remote import Answer, Case, Remote
from .sending import Ledger
from .source import Source

DOUBTS = 5  # answers in a row that tell nothing, before the twin as a whole is taken to be out of order


def sources_of(copy: WorkingCopy, twin: Twin) -> list[Source]:
    """The sources that came from ``twin``. Raises `Unsupported` where there is none."""
    capabilities = twin.capabilities()
    sources = [source for source in copy.sources if source.url == capabilities.url]
    if not sources:
        raise Unsupported(
            tr(
                "Nothing in {file} was checked out from {twin}. Choose the connection that it came from.",
                file=copy.path.name,
                twin=capabilities.title or capabilities.url,
            )
        )
    return sources


def recover(copy: WorkingCopy, twin: Twin, progress: Progress) -> set[str]:
    """Settle every change of unknown outcome by looking at the twin; the keys of creates that stay held.

    Raises `TwinError` where the twin cannot be asked: then nothing is known, and nothing may be sent. A collection that
    it does not give is passed over: nothing of it can be sent either.
    """
    sources = {source.table: source for source in sources_of(copy, twin)}
    with opened(copy.path) as connection:
        entries = [entry for entry in journal.unsettled(connection) if entry.table in sources]
        entries = [entry for entry in entries if not _overtaken(connection, sources[entry.table], entry)]
    if not entries:
        return set()
    ledger = Ledger(copy, "", "", client_ids=False)
    remote = Remote(twin, ledger.knows)
    tables = {entry.table for entry in entries}
    missing = remote.prepare([source for source in sources.values() if source.table in tables])
    cases = [_case(copy, sources[entry.table], entry) for entry in entries if entry.table not in missing]
    lost = Unreachable(tr("The connection was cut before the change arrived."))
    held: set[str] = set()
    unclear = 0
    for case, answer in parallel.each(lambda case: remote.look(case, lost), cases, progress):
        if answer.kind == "unclear":
            # asked, and still no answer: either the twin is away, or it cannot show this one feature
            unclear += 1
            if unclear >= DOUBTS or not isinstance(answer.error, (ServerFailed, BadResponse)):
                raise answer.error or lost
            held.add(case.change.key)
            continue
        _settle(copy, ledger, case, answer)
        if answer.kind == "held" or (case.entry.state == "held" and case.entry.client_id is None):
            held.add(case.change.key)  # where it was found, the row is no new one any more
    return held


def _overtaken(connection: sqlite3.Connection, source: Source, entry: journal.Entry) -> bool:
    """Whether a held create is none any more: the feature was made one with one of the twin's since."""
    row = settle.row_by_fid(connection, source, entry.fid) if entry.state == "held" else None
    return row is not None and row.twin_id is not None


def _case(copy: WorkingCopy, source: Source, entry: journal.Entry) -> Case:
    twin_id = None if entry.kind == "insert" else entry.twin_id
    change = Change(entry.table, entry.kind, entry.fid, twin_id, entry.token, (), entry.label or str(entry.fid))
    with opened(copy.path) as connection:
        base = settle.base_of(connection, source, entry.twin_id) if entry.twin_id else None
    return Case(source, change, entry, None, base)


def _settle(copy: WorkingCopy, ledger: Ledger, case: Case, answer: Answer) -> None:
    if answer.kind in ("done", "held"):
        ledger.settle([(case, answer)])
        return
    if case.entry.state == "held" and case.entry.client_id is None:
        return  # it was said to be there, and what is not found now may only not be recognised: somebody decides
    # it did not arrive, or theirs stands there: the change is planned anew, and meets theirs then
    with opened(copy.path, write=True) as connection, transaction(connection):
        journal.settle(connection, case.entry, "unsent", answer.status, "")


def release(copy: WorkingCopy, changes: Sequence[Change]) -> int:
    """Let creates that are held back be sent again: somebody looked, and they are not on the twin. How many were."""
    keys = {(change.table, change.fid) for change in changes}
    with opened(copy.path, write=True) as connection, transaction(connection):
        held = [e for e in journal.unsettled(connection) if e.state == "held" and (e.table, e.fid) in keys]
        for entry in held:
            journal.settle(connection, entry, "unsent")
    return len(held)
