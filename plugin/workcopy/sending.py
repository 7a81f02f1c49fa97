"""The file's half of a publish: what is about to be sent is written ahead, and what came of it is settled."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

from ..text import tr
from ..twin.errors import BadResponse, ServerFailed
from ..twin.writes import Written
from . import books, conflicts, journal, settle
from . import changes as ch
from .changes import Change
from .columns import Stored
from .connection import opened, transaction
from .copy import WorkingCopy
from .journal import Entry
from .merge import Values, merge
from .outcome import Outcome
from .remote import Answer, Case, held_back
from .settle import Row
from .source import Source

_Known = dict[tuple[str, str], tuple[Optional[Row], Row]]  # table, twin_id → row and base


@dataclass(frozen=True)
class Settled:
    """What became of a case. ``again``: theirs was merged in, and what is still ours is to be sent."""

    outcome: Outcome | None
    again: bool = False
    stop: str = ""  # why going on makes no sense


class Ledger:
    """Writes the journal and moves the bases of one working copy; used by one thread."""

    def __init__(self, copy: WorkingCopy, publish: str, message: str, *, client_ids: bool) -> None:
        self._copy = copy
        self._publish = publish
        self._message = message
        self._client_ids = client_ids
        self._inside: dict[str, str] = {}  # change key → what of it was merged inside a column, before it went again

    def knows(self, table: str, twin_id: str) -> bool:
        """Whether the file has a feature of the twin."""
        source = self._copy.source(table)
        with opened(self._copy.path) as connection:
            return settle.knows(connection, source, twin_id)

    # -- before ------------------------------------------------------------------------------------------------------

    def write_ahead(self, changes: Sequence[Change]) -> list[Case]:
        """Read the rows as they are now and note what will be sent, in one transaction. Changes that were taken back
        meanwhile are left out."""
        with opened(self._copy.path, write=True) as connection, transaction(connection):
            known = self._known(connection, changes)
            cases = [case for change in changes if (case := self._case(connection, change, known)) is not None]
            entries = journal.write_all_ahead(connection, [case.entry for case in cases])
        return [Case(case.source, case.change, entry, case.row, case.base) for case, entry in zip(cases, entries)]

    def _known(self, connection: sqlite3.Connection, changes: Sequence[Change]) -> _Known:
        """The rows and the bases of the changes to what the twin has, by table and twin_id."""
        wanted: dict[str, list[str]] = {}
        for change in changes:
            if change.twin_id is not None:
                wanted.setdefault(change.table, []).append(change.twin_id)
        known: _Known = {}
        for table, ids in wanted.items():
            source = self._copy.source(table)
            rows = settle.rows_by_id(connection, source, ids)
            for twin_id, base in settle.rows_by_id(connection, source, ids, bases=True).items():
                known[table, twin_id] = rows.get(twin_id), base
        return known

    def _case(self, connection: sqlite3.Connection, change: Change, known: _Known) -> Case | None:
        """A change as it would be sent now, its entry without a number yet."""
        source = self._copy.source(change.table)
        row = base = None
        client_id = None
        kind: ch.Kind
        if change.twin_id is None:
            kind = "insert"
            row = settle.row_by_fid(connection, source, change.fid)
            if row is None or row.twin_id is not None:
                return None
            if self._client_ids:
                client_id = settle.earlier_client_id(connection, source, change.fid) or str(uuid.uuid4())
        else:
            row, base = known.get((change.table, change.twin_id), (None, None))
            if base is None:
                return None
            if row is not None and not any(
                row.values[name] != value and not ch.same(row.values[name], value, source.kind(name))
                for name, value in base.values.items()
            ):
                return None
            kind = "delete" if row is None else "update"
        entry = Entry(
            id=0,
            publish=self._publish,
            message=self._message,
            table=source.table,
            kind=kind,
            fid=change.fid if row is None else row.fid,
            twin_id=change.twin_id,
            client_id=client_id,
            token=base.version if base else None,
            sent=row.values if row else {},
            label=change.label,
        )
        return Case(source, change, entry, row, base)

    def note_all(self, outcomes: Sequence[Outcome], state: str) -> None:
        """Enter into the history what was not even sent, in one transaction."""
        if not outcomes:
            return
        with opened(self._copy.path, write=True) as connection, transaction(connection):
            for outcome in outcomes:
                self._noted(connection, outcome.change, state, outcome.message)

    def _noted(self, connection: sqlite3.Connection, change: Change, state: str, words: str) -> None:
        entry = Entry(
            0, self._publish, self._message, change.table, change.kind, change.fid, change.twin_id, None, None, {},
            label=change.label,
        )  # fmt: skip
        journal.settle(connection, journal.write_ahead(connection, entry), state, 0, words)

    # -- after -------------------------------------------------------------------------------------------------------

    def settle(self, answers: Sequence[tuple[Case, Answer]]) -> list[Settled]:
        """Write what came of some changes, in one transaction."""
        with opened(self._copy.path, write=True) as connection, transaction(connection, tracking=False):
            plain = self._as_sent(connection, answers)
            return [plain.get(case.entry.id) or self._settle(connection, case, answer) for case, answer in answers]

    def _as_sent(self, connection: sqlite3.Connection, answers: Sequence[tuple[Case, Answer]]) -> dict[int, Settled]:
        """Settle the updates that the twin has just as they were sent, many at a time; by the entry's number."""
        by_table: dict[str, list[tuple[Case, Written]]] = {}
        for case, answer in answers:
            written = answer.written
            if answer.kind != "done" or case.entry.kind != "update" or written is None or written.id is None:
                continue
            if not answer.words and case.change.key not in self._inside:
                by_table.setdefault(case.source.table, []).append((case, written))
        settled: dict[int, Settled] = {}
        for pairs in by_table.values():
            confirmed = [(case.entry, written) for case, written in pairs]
            done = settle.confirm_as_sent(connection, pairs[0][0].source, confirmed)
            for case, written in pairs:
                if case.entry.id in done:
                    settled[case.entry.id] = Settled(Outcome(case.change, "published", "", written.status))
            journal.settle_all(connection, [(e, w.status, w.id) for e, w in confirmed if e.id in done], "published")
        return settled

    def _settle(self, connection: sqlite3.Connection, case: Case, answer: Answer) -> Settled:
        entry, change = case.entry, case.change
        words = answer.error.message if answer.error else answer.words
        if answer.kind == "done":
            return self._done(connection, case, answer)
        if answer.kind == "theirs":
            return self._merge(connection, case, answer)
        if answer.kind == "held":
            told = answer.words or held_back()
            journal.settle(connection, entry, "held", answer.status, words or told)
            return Settled(Outcome(change, "held", told, answer.status))
        if answer.kind in ("refused", "again"):
            journal.settle(connection, entry, "rejected", answer.status, words)
            return Settled(Outcome(change, "failed", words, answer.status))
        if answer.kind == "unclear":
            # the journal says "sending" until somebody can tell
            away = not isinstance(answer.error, (ServerFailed, BadResponse))
            return Settled(Outcome(change, "held", not_known_yet(), answer.status), stop=words if away else "")
        journal.settle(connection, entry, "unsent", answer.status, words)
        return Settled(Outcome(change, "unsent", words, answer.status), stop=words)

    def _done(self, connection: sqlite3.Connection, case: Case, answer: Answer) -> Settled:
        """Move the base to what the twin confirmed; edits made while it was on its way stay changes."""
        entry, source, written = case.entry, case.source, answer.written
        twin_id = written.id if written else None
        if written is None or twin_id is None:
            journal.settle(connection, entry, "held", answer.status, held_back())
            return Settled(Outcome(case.change, "held", held_back(), answer.status))
        if entry.kind == "insert" and self._is_taken(connection, source, entry, twin_id):
            return self._not_ours(connection, case, written)
        words = answer.words
        ignored: list[str] = []
        if entry.kind == "delete":
            settle.confirm_delete(connection, source, twin_id)
        else:
            values: dict[str, Stored] = dict(entry.sent)
            if written.item is not None:
                values = settle.values_of(source, written.item)
                if self._is_earlier(connection, case, values):
                    return self._ask(connection, case, answer, values)
            ignored = settle.confirm(connection, source, entry, twin_id, written.token, values)
        if ignored:
            words = not_kept(", ".join(settle.title_of(source, name) for name in ignored))
        words = " ".join(filter(None, (self._inside.get(case.change.key, ""), words)))
        whole = ignored and entry.kind == "update" and set(ignored) >= set(_sent_columns(case))
        state = "rejected" if whole else "published"
        journal.settle(connection, entry, state, written.status, words, twin_id)
        return Settled(Outcome(case.change, "failed" if whole else "published", words, written.status))

    @staticmethod
    def _is_taken(connection: sqlite3.Connection, source: Source, entry: Entry, twin_id: str) -> bool:
        """Whether another feature of the file is known to the twin under that id."""
        row = settle.row_by_id(connection, source, twin_id)
        if row is not None:
            return row.fid != entry.fid
        base = settle.base_of(connection, source, twin_id)
        return base is not None and base.fid != entry.fid

    def _not_ours(self, connection: sqlite3.Connection, case: Case, written: Written) -> Settled:
        """Of two equal creates without an answer both find the one that arrived; it is only one of them."""
        if not written.proven:
            words = tr("This feature did not reach the twin; another one just like it did. Publish again.")
            journal.settle(connection, case.entry, "unsent", 0, words)
            return Settled(Outcome(case.change, "unsent", words))
        words = tr(
            "The twin gave this new feature the id of another one that is here already. It stays a local change."
        )
        journal.settle(connection, case.entry, "rejected", written.status, words)
        return Settled(Outcome(case.change, "failed", words, written.status))

    def _is_earlier(self, connection: sqlite3.Connection, case: Case, theirs: Values) -> bool:
        """Whether a create that was tried before may have arrived then, with what the feature was like then."""
        entry = case.entry
        if entry.kind != "insert" or not journal.was_tried(connection, entry):
            return False
        other = settle.unlike(case.source, entry.sent, theirs, rounded=True)
        return any(entry.sent.get(name) is not None for name in other)

    def _ask(self, connection: sqlite3.Connection, case: Case, answer: Answer, theirs: Values) -> Settled:
        """Which of the two is newer cannot be told: somebody may have edited it there, or we here."""
        entry, source, written = case.entry, case.source, answer.written
        row = settle.row_by_fid(connection, source, entry.fid)
        merged = merge(None, row.values if row else entry.sent, theirs, source.fields)
        if row is None or row.twin_id is not None or written is None or not merged.kind:
            journal.settle(connection, entry, "unsent", answer.status)  # the next pull brings theirs
            return Settled(None)
        words = tr(
            "This feature reached the twin at an earlier attempt, and is another there than here now. Nothing was "
            "overwritten; yours is kept."
        )
        item = written.item
        who, when = (item.updated_by, item.updated) if item else (None, None)
        sides = (None, row.values, theirs)
        at = journal.now()
        conflicts.keep(
            connection, source, merged, str(written.id), row.fid, sides, written.token, who, when, at, words=words
        )
        journal.settle(connection, entry, "clash", answer.status, words)
        return Settled(Outcome(case.change, "clash", words, answer.status))

    def _merge(self, connection: sqlite3.Connection, case: Case, answer: Answer) -> Settled:
        """Somebody else was first: merge, and ask only where both changed the same thing differently."""
        entry, source = case.entry, case.source
        twin_id = str(entry.twin_id)
        row = settle.row_by_id(connection, source, twin_id)
        base = settle.base_of(connection, source, twin_id)
        if base is None:
            # taken back meanwhile: the next pull brings theirs
            journal.settle(connection, entry, "unsent", answer.status)
            return Settled(None)
        theirs = settle.values_of(source, answer.theirs) if answer.theirs is not None else None
        mine = row.values if row else None
        merged = merge(base.values, mine, theirs, source.fields)
        if merged.kind:
            conflicts.keep(
                connection,
                source,
                merged,
                twin_id,
                row.fid if row else None,
                (base.values, mine, theirs),
                answer.token,
                answer.theirs.updated_by if answer.theirs else None,
                answer.theirs.updated if answer.theirs else None,
                journal.now(),
            )
            words = conflicts.words_of(merged.kind)
            journal.settle(connection, entry, "clash", answer.status, words)
            return Settled(Outcome(case.change, "clash", words, answer.status))
        connection.execute(books.DROP_CONFLICT, (source.table, twin_id))
        if theirs is None:
            settle.confirm_delete(connection, source, twin_id)
            return self._same(connection, case, tr("Somebody else had deleted it already."))
        if merged.result is None:
            settle.put_base(connection, source, twin_id, answer.token, base.fid, theirs, None)
        else:
            fid = settle.put_row(connection, source, row.fid if row else None, merged.result, twin_id, answer.token)
            settle.put_base(connection, source, twin_id, answer.token, fid, theirs, merged.result)
        told = settle.merged_inside(source, merged, twin_id)
        if not merged.to_publish and merged.result is not None:
            return self._same(connection, case, told or tr("Somebody else had made the same change."))
        if told:
            self._inside[case.change.key] = told
        words = tr("Merged with somebody else's change first.")
        journal.settle(connection, entry, "unsent", answer.status, told or words)
        return Settled(None, again=True)

    def _same(self, connection: sqlite3.Connection, case: Case, words: str) -> Settled:
        journal.settle(connection, case.entry, "published", 0, words, case.entry.twin_id)
        return Settled(Outcome(case.change, "published", words))

    # -- the history -------------------------------------------------------------------------------------------------

    def begin(self, twin: str, protection: str) -> None:
        """Open the publish in the history."""
        with opened(self._copy.path, write=True) as connection, transaction(connection):
            connection.execute(books.OUTBOX_INDEX)
            connection.execute(books.BEGIN_PUBLISH, (self._publish, journal.now(), self._message, twin, protection))

    def end(self, protection: str, stopped: str) -> None:
        """Close it."""
        with opened(self._copy.path, write=True) as connection, transaction(connection):
            connection.execute(books.END_PUBLISH, (journal.now(), protection, stopped, self._publish))


def _sent_columns(case: Case) -> list[str]:
    row = case.row.values if case.row else case.entry.sent
    return settle.differing(case.source, row, case.base.values if case.base else {})


def not_kept(columns: str) -> str:
    return tr(
        "The twin said that it took the change, but did not keep {columns}. That is still a change of yours; ask the "
        "people who run the twin.",
        columns=columns,
    )


def not_known_yet() -> str:
    return tr(
        "The connection was cut while this change was being sent. Whether it arrived is found out at the next publish, "
        "before anything is sent again."
    )
