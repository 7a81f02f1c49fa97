"""Publish: send what changed, each write behind the twin's lock, nothing twice, nothing over somebody else's edit."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..text import tr
from ..twin.client import Twin
from ..twin.crs import CrsChoice
from ..twin.errors import (
    AccessDenied,
    BadResponse,
    Cancelled,
    CityTwinError,
    Clash,
    NotFound,
    Rejected,
    ServerFailed,
    TooBusy,
    TwinError,
    Unreachable,
    Unsupported,
)
from ..twin.model import Item
from ..twin.progress import Progress, Silent, check
from ..twin.writes import Writer, Written
from . import changes as ch
from . import journal, settle
from .changes import Change
from .columns import GEOMETRY, from_stored
from .connection import opened, transaction
from .copy import WorkingCopy
from .geometry import decode, demoted
from .journal import Entry
from .settle import Row
from .source import Source
from .validate import Problem, validate

State = Literal["published", "clash", "failed", "held"]


@dataclass(frozen=True)
class Outcome:
    """What became of one change."""

    change: Change
    state: State
    message: str = ""
    status: int = 0


@dataclass(frozen=True)
class PublishReport:
    """What a publish did. ``stopped`` is the sentence why it ended before the last change, else empty."""

    outcomes: tuple[Outcome, ...]
    problems: tuple[Problem, ...] = ()
    stopped: str = ""
    remaining: int = 0  # changes that were not tried

    def count(self, *states: State) -> int:
        """How many changes ended so."""
        return sum(outcome.state in states for outcome in self.outcomes)

    @property
    def published(self) -> int:
        return self.count("published")

    @property
    def conflicts(self) -> int:
        return self.count("clash")

    @property
    def failed(self) -> int:
        return self.count("failed", "held")


class _Stop(Exception):
    """Going on makes no sense: the twin is away or lets us in no more."""

    def __init__(self, error: CityTwinError, outcome: Outcome | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.outcome = outcome


def publish(copy: WorkingCopy, twin: Twin, message: str, *, progress: Progress = Silent()) -> PublishReport:
    """Send every change of the sources that came from ``twin``.

    A change with a problem stays local and counts as failed; one that met somebody else's edit stays local and is kept
    as a conflict. Cancelling stops after the change that is being sent. Raises `CityTwinError` only for what prevents
    publishing altogether.
    """
    capabilities = twin.capabilities()
    sources = [source for source in copy.sources if source.url == capabilities.url]
    if not sources:
        raise Unsupported(
            tr(
                "Nothing in {file} was checked out from {twin}. Choose the connection that it came from.",
                file=copy.path.name,
                twin=capabilities.title,
            )
        )
    if not capabilities.writable:
        raise Unsupported(
            tr("{twin} can only be read: it takes no changes from anybody. Yours stay local.", twin=capabilities.title)
        )
    if capabilities.locking == "none":
        raise Unsupported(
            tr(
                "{twin} offers no lock (ETag): a publish could overwrite a colleague without anybody noticing, so nothing "
                "was sent. Your changes stay local.",
                twin=capabilities.title,
            )
        )
    return _Publish(copy, twin, message, progress).run(sources)


class _Publish:
    def __init__(self, copy: WorkingCopy, twin: Twin, message: str, progress: Progress) -> None:
        self._copy = copy
        self._twin = twin
        self._message = message
        self._progress = progress
        self._id = str(uuid.uuid4())
        self._writers: dict[str, Writer] = {}
        self._held: set[str] = set()

    def run(self, sources: Sequence[Source]) -> PublishReport:
        outcomes: list[Outcome] = []
        tables = {source.table for source in sources}
        try:
            self._recover(tables)
        except _Stop as stop:
            return PublishReport((), stopped=stop.error.message, remaining=len(self._changes(tables)))
        todo = self._changes(tables)
        problems = validate(self._copy, todo, self._progress)
        bad: dict[str, list[str]] = {}
        for problem in problems:
            bad.setdefault(problem.key, []).append(problem.message)
        stopped = ""
        for index, change in enumerate(todo):
            if change.key in bad:
                outcomes.append(Outcome(change, "failed", " ".join(bad[change.key])))
                continue
            if change.key in self._held:
                outcomes.append(Outcome(change, "held", _held_words()))
                continue
            self._progress.report(index, len(todo), tr("Publishing {label}", label=change.label))
            try:
                check(self._progress)
                outcome = self._one(change)
            except Cancelled:
                stopped = tr("Cancelled. What was published stays published; the rest is still here.")
            except _Stop as stop:
                stopped = stop.error.message
                if stop.outcome:
                    outcomes.append(stop.outcome)
            else:
                if outcome is not None:
                    outcomes.append(outcome)
            if stopped:
                break
        done = len(outcomes)
        self._progress.report(done, len(todo), tr("Published"))
        return PublishReport(tuple(outcomes), tuple(problems), stopped, len(todo) - done if stopped else 0)

    def _changes(self, tables: set[str]) -> list[Change]:
        """What there is to send; creates first and deletes last, so that at no moment a feature is gone from the city."""
        order = {"insert": 0, "update": 1, "delete": 2}
        found = [change for table in sorted(tables) for change in self._copy.changes(table)]
        return sorted(found, key=lambda change: order[change.kind])

    def _writer(self, source: Source) -> Writer:
        writer = self._writers.get(source.table)
        if writer is None:
            collection, schema = self._twin.describe(self._twin.collection(source.collection))
            # the CRS is the one of the checkout: that is what the numbers in the table mean
            choice = CrsChoice(source.crs, source.srid, source.swap)
            writer = Writer(self._twin.session, self._twin.capabilities(), collection, schema, choice)
            self._writers[source.table] = writer
        return writer

    # -- one change --------------------------------------------------------------------------------------------------

    def _one(self, change: Change) -> Outcome | None:
        source = self._copy.source(change.table)
        writer = self._guard(change, lambda: self._writer(source))
        entry, row, base = self._plan(source, change)
        if entry is None:
            return None  # somebody took the change back meanwhile
        try:
            if change.kind != "insert" and entry.token is None:
                late = self._late_token(writer, source, entry, row, base)
                if isinstance(late, Outcome):
                    return late
                entry = late
            return self._send(writer, source, change, entry, row, base)
        except Clash as error:
            return self._clash(writer, source, change, entry, row, base, error)
        except NotFound as error:
            return self._gone(source, change, entry, row, base, error)
        except (Rejected, Unsupported) as error:
            self._note(entry, "rejected", error)
            return Outcome(change, "failed", error.message, error.status)
        except AccessDenied as error:
            self._note(entry, "unsent", error)
            raise _Stop(error, Outcome(change, "failed", error.message, error.status)) from error
        except TooBusy as error:
            self._note(entry, "unsent", error)
            raise _Stop(error) from error
        except Unreachable as error:
            if not error.sent:
                self._note(entry, "unsent", error)
                raise _Stop(error) from error
            return self._unclear(writer, source, change, entry, row, base, error)
        except (ServerFailed, BadResponse) as error:
            return self._unclear(writer, source, change, entry, row, base, error)

    def _guard(self, change: Change, work: Any) -> Any:
        try:
            return work()
        except TwinError as error:
            raise _Stop(error) from error

    def _plan(self, source: Source, change: Change) -> tuple[Entry | None, Row | None, Row | None]:
        """Read the row as it is now and write ahead what will be sent, in one transaction."""
        with opened(self._copy.path, write=True) as connection, transaction(connection):
            if change.twin_id is None:
                row = settle.row_by_fid(connection, source, change.fid)
                base = None
            else:
                row = settle.row_by_id(connection, source, change.twin_id)
                base = settle.base_of(connection, source, change.twin_id)
            kind: ch.Kind = "insert" if change.twin_id is None else "delete" if row is None else "update"
            if (kind == "insert" and (row is None or row.twin_id is not None)) or (kind != "insert" and base is None):
                return None, None, None
            client_id = None
            if kind == "insert" and self._twin.capabilities().create_with_id:
                client_id = settle.earlier_client_id(connection, source, change.fid) or str(uuid.uuid4())
            entry = journal.write_ahead(
                connection,
                self._id,
                self._message,
                source.table,
                kind,
                change.fid if row is None else row.fid,
                change.twin_id,
                client_id,
                base.version if base else None,
                row.values if row else {},
            )
        return entry, row, base

    def _late_token(
        self, writer: Writer, source: Source, entry: Entry, row: Row | None, base: Row | None
    ) -> Entry | Outcome:
        """A token for a feature that came without one: good only if what it came with is what our base says."""
        item, token = writer.get(str(entry.twin_id))
        if token is None or base is None:
            raise Unsupported(tr("The twin gives no lock for this feature, so it was not sent."))
        if settle.differing(source, settle.values_of(source, item), base.values):
            raise Clash(tr("Somebody else changed this feature meanwhile."), status=412)
        return _with_token(entry, token)

    def _send(
        self, writer: Writer, source: Source, change: Change, entry: Entry, row: Row | None, base: Row | None
    ) -> Outcome:
        if entry.kind == "delete":
            writer.delete(str(entry.twin_id), entry.token, message=self._message)
            self._confirm_delete(source, entry)
            return Outcome(change, "published")
        if row is None:
            raise ValueError("an insert or update without its row")
        if entry.kind == "insert":
            properties, geometry = _body(source, row.values, None)
            written = writer.create(properties, geometry, client_id=entry.client_id, message=self._message)
        else:
            names = settle.differing(source, row.values, base.values if base else {})
            properties, geometry = _body(source, row.values, names)
            keep = GEOMETRY not in names
            written = self._update(writer, source, entry, properties, geometry, keep)
        return self._confirm(source, change, entry, written)

    def _update(
        self, writer: Writer, source: Source, entry: Entry, properties: dict[str, Any], geometry: Any, keep: bool
    ) -> Written:
        twin_id = str(entry.twin_id)
        if "PATCH" in source.methods:
            extra = {} if keep else {"geometry": geometry}
            return writer.patch(twin_id, properties, token=entry.token, message=self._message, **extra)
        # PUT replaces all of it: build it on the twin's own copy, so that what we do not know is not lost
        item, token = writer.get(twin_id)
        if token != entry.token:
            raise Clash(tr("Somebody else changed this feature meanwhile."), status=412)
        whole = {**item.properties, **properties}
        for column in source.columns:
            if column.read_only:
                whole.pop(column.property, None)
        return writer.replace(
            twin_id, whole, item.geometry if keep else geometry, token=entry.token, message=self._message
        )

    # -- outcomes ----------------------------------------------------------------------------------------------------

    def _confirm(self, source: Source, change: Change, entry: Entry, written: Written) -> Outcome:
        """Move the base to what the twin confirmed; edits made while it was on its way stay changes."""
        if written.queued:
            with opened(self._copy.path, write=True) as connection, transaction(connection):
                journal.settle(connection, entry, "unsent", 202)
            return Outcome(
                change, "failed", tr("The twin queued the change and has not made it yet. Publish later."), 202
            )
        values = settle.values_of(source, written.item) if written.item is not None else dict(entry.sent)
        with opened(self._copy.path, write=True) as connection, transaction(connection, tracking=False):
            settle.confirm(connection, source, entry, written.id, written.token, values)
            journal.settle(connection, entry, "published", 200, twin_id=written.id)
        return Outcome(change, "published")

    def _confirm_delete(self, source: Source, entry: Entry) -> None:
        with opened(self._copy.path, write=True) as connection, transaction(connection, tracking=False):
            settle.confirm_delete(connection, source, str(entry.twin_id))
            journal.settle(connection, entry, "published", 200)

    def _note(self, entry: Entry, state: str, error: CityTwinError) -> None:
        status = error.status if isinstance(error, TwinError) else 0
        with opened(self._copy.path, write=True) as connection, transaction(connection):
            journal.settle(connection, entry, state, status, error.message)

    def _gone(
        self, source: Source, change: Change, entry: Entry, row: Row | None, base: Row | None, error: TwinError
    ) -> Outcome:
        if entry.kind == "delete":
            self._confirm_delete(source, entry)
            return Outcome(change, "published", tr("Somebody else had deleted it already."), error.status)
        if entry.kind == "insert":
            self._note(entry, "rejected", error)
            return Outcome(change, "failed", error.message, error.status)
        words = tr("Somebody else deleted this feature, and you changed it. Nothing was sent; yours is kept.")
        self._keep_conflict(source, entry, "update-delete", row, base, None, None, words)
        return Outcome(change, "clash", words, error.status)

    def _clash(
        self,
        writer: Writer,
        source: Source,
        change: Change,
        entry: Entry,
        row: Row | None,
        base: Row | None,
        error: TwinError,
    ) -> Outcome:
        if entry.kind == "insert":
            self._note(entry, "rejected", error)
            return Outcome(change, "failed", error.message, error.status)
        try:
            item, token = writer.get(str(entry.twin_id))
        except NotFound as gone:
            return self._gone(source, change, entry, row, base, gone)
        except TwinError as lost:
            self._note(entry, "unsent", lost)
            raise _Stop(lost) from lost
        theirs = settle.values_of(source, item)
        mine = row.values if row else None
        if mine is not None and not settle.differing(source, theirs, mine):
            outcome = self._confirm(source, change, entry, Written(str(entry.twin_id), token, item))
            return Outcome(outcome.change, "published", tr("Somebody else had made the same change."))
        if base is not None and token and token != entry.token and not settle.differing(source, theirs, base.values):
            # only the token moved: nobody's edit is in the way
            return self._again(writer, source, change, _with_token(entry, token), row, base, error)
        kind = "update-update" if row else "delete-update"
        if row:
            words = tr("Somebody else changed this feature meanwhile. Nothing was overwritten; yours is kept.")
        else:
            words = tr("Somebody else changed this feature, and you deleted it. Nothing was sent; yours is kept.")
        self._keep_conflict(source, entry, kind, row, base, item, token, words)
        return Outcome(change, "clash", words, error.status)

    def _again(
        self,
        writer: Writer,
        source: Source,
        change: Change,
        entry: Entry,
        row: Row | None,
        base: Row | None,
        first: TwinError,
    ) -> Outcome:
        try:
            return self._send(writer, source, change, entry, row, base)
        except (Clash, NotFound):
            self._note(entry, "unsent", first)
            return Outcome(change, "failed", tr("The feature keeps changing on the twin. Publish again."), first.status)
        except Unreachable as error:
            return self._unclear(writer, source, change, entry, row, base, error)
        except TwinError as error:
            self._note(entry, "rejected", error)
            return Outcome(change, "failed", error.message, error.status)

    def _keep_conflict(
        self,
        source: Source,
        entry: Entry,
        kind: str,
        row: Row | None,
        base: Row | None,
        theirs: Item | None,
        token: str | None,
        words: str,
    ) -> None:
        with opened(self._copy.path, write=True) as connection, transaction(connection):
            settle.keep_conflict(connection, source, entry, kind, row, base, theirs, token, words)
            journal.settle(connection, entry, "clash", 412, words)

    def _unclear(
        self,
        writer: Writer,
        source: Source,
        change: Change,
        entry: Entry,
        row: Row | None,
        base: Row | None,
        error: TwinError,
    ) -> Outcome:
        """The answer never came, or made no sense: ask what is there before anything is sent again."""
        try:
            applied = self._was_applied(writer, source, entry, base)
        except NotFound as gone:
            return self._gone(source, change, entry, row, base, gone)
        except Clash as clash:
            return self._clash(writer, source, change, entry, row, base, clash)
        except TwinError:
            raise _Stop(error, Outcome(change, "held", _unknown_words())) from error
        if applied is None:
            self._note(entry, "held", error)
            return Outcome(change, "held", _held_words())
        if isinstance(applied, Written):
            if entry.kind == "delete":
                self._confirm_delete(source, entry)
                return Outcome(change, "published")
            return self._confirm(source, change, entry, applied)
        if isinstance(error, ServerFailed):
            self._note(entry, "rejected", error)
            return Outcome(change, "failed", error.message, error.status)
        self._note(entry, "unsent", error)
        raise _Stop(error)

    def _was_applied(
        self, writer: Writer, source: Source, entry: Entry, base: Row | None
    ) -> Written | Literal[False] | None:
        """What the twin shows: the change (Written), not the change (False), or nothing that can tell (None).

        Raises `Clash` where it shows something else altogether, `NotFound` where an updated item is gone.
        """
        if entry.kind == "insert":
            if entry.client_id is None:
                return None
            try:
                item, token = writer.get(entry.client_id)
            except NotFound:
                return False
            return Written(entry.client_id, token, item)
        try:
            item, token = writer.get(str(entry.twin_id))
        except NotFound:
            if entry.kind == "delete":
                return Written(str(entry.twin_id), None, None)
            raise
        if entry.token is not None and token == entry.token:
            return False
        theirs = settle.values_of(source, item)
        if entry.kind == "update" and not settle.differing(source, theirs, entry.sent):
            return Written(str(entry.twin_id), token, item)
        if base is not None and not settle.differing(source, theirs, base.values):
            return False
        raise Clash(tr("Somebody else changed this feature meanwhile."), status=412)

    def _recover(self, tables: set[str]) -> None:
        """Find out about what an earlier publish left unknown, before anything new is sent."""
        with opened(self._copy.path) as connection:
            entries = [entry for entry in journal.unsettled(connection) if entry.table in tables]
        for entry in entries:
            source = self._copy.source(entry.table)
            if entry.state == "held":
                self._held.add(f"{entry.table}/new-{entry.fid}")
                continue
            check(self._progress)
            with opened(self._copy.path) as connection:
                base = settle.base_of(connection, source, entry.twin_id) if entry.twin_id else None
            change = Change(entry.table, entry.kind, entry.fid, entry.twin_id, entry.token, (), str(entry.twin_id))
            try:
                writer = self._writer(source)
                applied = self._was_applied(writer, source, entry, base)
            except (NotFound, Clash) as error:
                self._note(entry, "unsent", error)  # it is planned anew, and meets the clash there
                continue
            except TwinError as error:
                raise _Stop(error) from error
            if applied is None:
                self._note(entry, "held", Unsupported(_held_words()))
                self._held.add(change.key)
            elif not isinstance(applied, Written):
                self._note(entry, "unsent", Unreachable(tr("The connection was cut before it arrived.")))
            elif entry.kind == "delete":
                self._confirm_delete(source, entry)
            else:
                self._confirm(source, change, entry, applied)


def _with_token(entry: Entry, token: str) -> Entry:
    return Entry(
        entry.id,
        entry.publish,
        entry.message,
        entry.table,
        entry.kind,
        entry.fid,
        entry.twin_id,
        entry.client_id,
        token,
        entry.sent,
        entry.state,
    )


def _body(
    source: Source, values: Mapping[str, Any], names: Sequence[str] | None
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The properties and the geometry to send; ``names`` limits them to the columns that changed."""
    properties = {}
    for column in source.columns:
        if column.read_only or (names is not None and column.name not in names):
            continue
        value = from_stored(values[column.name], column.type)
        if names is None and value is None:
            continue
        properties[column.property] = value
    blob = values.get(GEOMETRY)
    geometry = decode(blob) if isinstance(blob, bytes) else None
    if geometry is not None and not source.schema.geometry_type.startswith("Multi"):
        multi_seen = any(kind.startswith("Multi") for kind in source.served_types)
        geometry = geometry if multi_seen else demoted(geometry)
    return properties, geometry


def _held_words() -> str:
    return tr(
        "The connection was cut while this feature was being created, and this twin cannot be asked whether it arrived. "
        "It is held back so that it is not created twice: look for it on the twin, and discard it here if it is there."
    )


def _unknown_words() -> str:
    return tr(
        "The connection was cut while this change was being sent. Whether it arrived is found out at the next publish, "
        "before anything is sent again."
    )
