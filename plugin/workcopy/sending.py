"""One change on its way to the twin: written ahead, sent behind its lock, and whatever comes of it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Any, Literal

from ..text import tr
from ..twin.client import Twin
from ..twin.crs import CrsChoice
from ..twin.errors import (
    AccessDenied,
    BadResponse,
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
from ..twin.writes import Writer, Written
from . import changes as ch
from . import conflicts, journal, settle
from .body import body_of
from .changes import Change
from .columns import GEOMETRY
from .connection import opened, transaction
from .copy import WorkingCopy
from .journal import Entry
from .merge import merge
from .outcome import Outcome, Stop, changed_meanwhile, held_back, not_known_yet
from .settle import Row
from .source import Source


@dataclass(frozen=True)
class Case:
    """A change being published, with all that is known of it."""

    source: Source
    change: Change
    entry: Entry
    row: Row | None  # as it was when it was written ahead
    base: Row | None
    writer: Writer


class Sender:
    """Publishes changes of one working copy, one at a time."""

    def __init__(self, copy: WorkingCopy, twin: Twin, publish: str, message: str) -> None:
        self._copy = copy
        self._twin = twin
        self._publish = publish
        self._message = message
        self._writers: dict[str, Writer] = {}

    def writer(self, source: Source) -> Writer:
        """The twin's collection as it is now. Raises `TwinError`."""
        writer = self._writers.get(source.table)
        if writer is None:
            collection, schema = self._twin.describe(self._twin.collection(source.collection))
            # the CRS is the one of the checkout: that is what the numbers in the table mean
            choice = CrsChoice(source.crs, source.srid, source.swap, source.has_z)
            writer = Writer(self._twin.session, self._twin.capabilities(), collection, schema, choice)
            self._writers[source.table] = writer
        return writer

    def send(self, change: Change) -> Outcome | None:
        """Publish one change; None where it was taken back meanwhile. Raises `Stop`."""
        source = self._copy.source(change.table)
        try:
            writer = self.writer(source)
        except TwinError as error:
            raise Stop(error) from error
        case = self._written_ahead(source, change, writer)
        if case is None:
            return None
        try:
            if case.entry.kind != "insert" and case.entry.token is None:
                case = self._with_late_token(case)
            return self._deliver(case)
        except TwinError as error:
            return self._failed(case, error)

    # -- sending -----------------------------------------------------------------------------------------------------

    def _written_ahead(self, source: Source, change: Change, writer: Writer) -> Case | None:
        """Read the row as it is now and note in the journal what will be sent, in one transaction."""
        with opened(self._copy.path, write=True) as connection, transaction(connection):
            row = base = None
            client_id = None
            kind: ch.Kind
            if change.twin_id is None:
                kind = "insert"
                row = settle.row_by_fid(connection, source, change.fid)
                if row is None or row.twin_id is not None:
                    return None
                if self._twin.capabilities().create_with_id:
                    client_id = settle.earlier_client_id(connection, source, change.fid) or str(uuid.uuid4())
            else:
                row = settle.row_by_id(connection, source, change.twin_id)
                base = settle.base_of(connection, source, change.twin_id)
                if base is None:
                    return None
                kind = "delete" if row is None else "update"
            entry = journal.write_ahead(
                connection,
                Entry(
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
                ),
            )
        return Case(source, change, entry, row, base, writer)

    def _with_late_token(self, case: Case) -> Case:
        """A lock for a feature that came without one: good only if what it comes with is what our base says."""
        item, token = case.writer.get(str(case.entry.twin_id))
        if token is None:
            raise Unsupported(tr("The twin gives no lock for this feature, so it was not sent."))
        if case.base is None or settle.differing(case.source, settle.values_of(case.source, item), case.base.values):
            raise Clash(changed_meanwhile(), status=412)
        return replace(case, entry=replace(case.entry, token=token))

    def _deliver(self, case: Case) -> Outcome:
        entry, source = case.entry, case.source
        if entry.kind == "delete" or case.row is None:
            written = case.writer.delete(str(entry.twin_id), token=entry.token, message=self._message)
        elif entry.kind == "insert":
            properties, geometry = body_of(source, case.row.values)
            written = case.writer.create(properties, geometry, client_id=entry.client_id, message=self._message)
        else:
            names = settle.differing(source, case.row.values, case.base.values if case.base else {})
            properties, geometry = body_of(source, case.row.values, names)
            written = self._update(case, properties, geometry, GEOMETRY in names)
        return self._confirm(case, written)

    def _update(self, case: Case, properties: dict[str, Any], geometry: Any, with_geometry: bool) -> Written:
        twin_id, token = str(case.entry.twin_id), case.entry.token
        if "PATCH" in case.source.methods:
            extra = {"geometry": geometry} if with_geometry else {}
            return case.writer.patch(twin_id, properties, token=token, message=self._message, **extra)
        # PUT replaces all of it: build it on the twin's own copy, so that what we do not know is not lost
        item, fresh = case.writer.get(twin_id)
        if fresh != token:
            raise Clash(changed_meanwhile(), status=412)
        kept = {column.property for column in case.source.columns if column.read_only}
        whole = {name: value for name, value in {**item.properties, **properties}.items() if name not in kept}
        # what comes from the twin is in the twin's axis order; the writer turns what it sends
        shape = geometry if with_geometry else settle.geometry_of(case.source, item)
        return case.writer.replace(twin_id, whole, shape, token=token, message=self._message, raw_id=item.raw_id)

    # -- what came of it ---------------------------------------------------------------------------------------------

    def _confirm(self, case: Case, written: Written, words: str = "") -> Outcome:
        """Move the base to what the twin confirmed; edits made while it was on its way stay changes."""
        entry, source = case.entry, case.source
        if written.queued:
            return self._not_sent(
                case,
                "unsent",
                Rejected(tr("The twin took the change but has not made it yet. Publish later."), status=202),
            )
        twin_id = written.id
        if twin_id is None:
            self.note(entry, "held", Unsupported(held_back()))
            return Outcome(case.change, "held", held_back(), written.status)
        with opened(self._copy.path, write=True) as connection, transaction(connection, tracking=False):
            if entry.kind == "delete":
                settle.confirm_delete(connection, source, twin_id)
            else:
                values = settle.values_of(source, written.item) if written.item is not None else dict(entry.sent)
                settle.confirm(connection, source, entry, twin_id, written.token, values)
            journal.settle(connection, entry, "published", written.status, words, twin_id)
        return Outcome(case.change, "published", words, written.status)

    def note(self, entry: Entry, state: str, error: CityTwinError) -> None:
        """Write what became of an entry into the journal."""
        status = error.status if isinstance(error, TwinError) else 0
        with opened(self._copy.path, write=True) as connection, transaction(connection):
            journal.settle(connection, entry, state, status, error.message)

    def _not_sent(self, case: Case, state: str, error: TwinError) -> Outcome:
        self.note(case.entry, state, error)
        return Outcome(case.change, "failed", error.message, error.status)

    def _failed(self, case: Case, error: TwinError) -> Outcome:
        if isinstance(error, Clash):
            return self._clash(case, error)
        if isinstance(error, NotFound):
            return self._missed(case, error)
        if isinstance(error, (Rejected, Unsupported)):
            return self._not_sent(case, "rejected", error)
        if isinstance(error, AccessDenied):
            raise Stop(error, self._not_sent(case, "unsent", error)) from error
        if isinstance(error, TooBusy) or (isinstance(error, Unreachable) and not error.sent):
            self.note(case.entry, "unsent", error)
            raise Stop(error) from error
        return self._unclear(case, error)

    def _missed(self, case: Case, error: TwinError) -> Outcome:
        """A write met 404. Only an item whose own GET says so is gone: a proxy or a wrong right may say it too."""
        if case.entry.kind == "insert":
            return self._not_sent(case, "rejected", error)
        try:
            case.writer.get(str(case.entry.twin_id))
        except NotFound:
            return self._gone(case, error)
        except TwinError as lost:
            self.note(case.entry, "unsent", lost)
            raise Stop(lost) from lost
        return self._not_sent(case, "rejected", error)

    def _gone(self, case: Case, error: TwinError) -> Outcome:
        if case.entry.kind == "delete":
            return self._confirm(
                case, Written(case.entry.twin_id, status=error.status), tr("Somebody else had deleted it already.")
            )
        words = tr("Somebody else deleted this feature, and you changed it. Nothing was sent; yours is kept.")
        return self._keep(case, "update-delete", None, None, words, error)

    def _clash(self, case: Case, error: TwinError, again: bool = True) -> Outcome:
        """The lock did not fit: look at theirs. Only a true clash is reported as one."""
        if case.entry.kind == "insert":
            return self._not_sent(case, "rejected", error)
        try:
            item, token = case.writer.get(str(case.entry.twin_id))
        except NotFound as gone:
            return self._gone(case, gone)
        except TwinError as lost:
            self.note(case.entry, "unsent", lost)
            raise Stop(lost) from lost
        theirs = settle.values_of(case.source, item)
        if case.row is not None and not settle.differing(case.source, theirs, case.row.values):
            written = Written(case.entry.twin_id, token, item)
            return self._confirm(case, written, tr("Somebody else had made the same change."))
        moved = token is not None and token != case.entry.token
        if again and moved and case.base and not settle.differing(case.source, theirs, case.base.values):
            # only the token moved: nobody's edit is in the way
            return self._once_more(replace(case, entry=replace(case.entry, token=token)))
        if case.row is None:
            words = tr("Somebody else changed this feature, and you deleted it. Nothing was sent; yours is kept.")
            return self._keep(case, "delete-update", item, token, words, error)
        return self._keep(case, "update-update", item, token, changed_meanwhile(), error)

    def _once_more(self, case: Case) -> Outcome:
        try:
            return self._deliver(case)
        except Clash as error:
            return self._clash(case, error, again=False)
        except TwinError as error:
            return self._failed(case, error)

    def _keep(
        self, case: Case, kind: str, theirs: Item | None, token: str | None, words: str, error: TwinError
    ) -> Outcome:
        with opened(self._copy.path, write=True) as connection, transaction(connection):
            values = settle.values_of(case.source, theirs) if theirs else None
            row, base = case.row.values if case.row else None, case.base.values if case.base else None
            conflicts.keep(
                connection,
                case.source,
                merge(base, row, values, case.source.fields),
                str(case.entry.twin_id),
                case.row.fid if case.row else None,
                (base, row, values),
                token,
                theirs.updated_by if theirs else None,
                theirs.updated if theirs else None,
                journal.now(),
            )
            journal.settle(connection, case.entry, "clash", error.status, words)
        return Outcome(case.change, "clash", words, error.status)

    def _unclear(self, case: Case, error: TwinError) -> Outcome:
        """The answer never came, or made no sense: ask what is there before anything is sent again."""
        try:
            applied = self.was_applied(case)
        except NotFound as gone:
            return self._gone(case, gone)
        except Clash as clash:
            return self._clash(case, clash)
        except TwinError:
            raise Stop(error, Outcome(case.change, "held", not_known_yet())) from error
        if applied is None:
            self.note(case.entry, "held", error)
            return Outcome(case.change, "held", held_back())
        if isinstance(applied, Written):
            return self._confirm(case, applied)
        if isinstance(error, (ServerFailed, BadResponse)):
            return self._not_sent(case, "rejected", error)
        self.note(case.entry, "unsent", error)
        raise Stop(error)

    def was_applied(self, case: Case) -> Written | Literal[False] | None:
        """What the twin shows: the change (Written), not the change (False), or nothing that can tell (None).

        Raises `Clash` where it shows something else altogether, `NotFound` where an updated item is gone.
        """
        entry = case.entry
        if entry.kind == "insert":
            if entry.client_id is None:
                return None
            try:
                item, token = case.writer.get(entry.client_id)
            except NotFound:
                return False
            return Written(entry.client_id, token, item)
        twin_id = str(entry.twin_id)
        try:
            item, token = case.writer.get(twin_id)
        except NotFound:
            if entry.kind == "delete":
                return Written(twin_id)
            raise
        if entry.token is not None and token == entry.token:
            return False
        theirs = settle.values_of(case.source, item)
        if entry.kind == "update" and not settle.differing(case.source, theirs, entry.sent):
            return Written(twin_id, token, item)
        if case.base is not None and not settle.differing(case.source, theirs, case.base.values):
            return False
        raise Clash(changed_meanwhile(), status=412)

    def recover(self, entry: Entry) -> bool:
        """Settle what an earlier publish left unknown; False where it stays held. Raises `Stop`."""
        source = self._copy.source(entry.table)
        change = Change(entry.table, entry.kind, entry.fid, entry.twin_id, entry.token, (), str(entry.twin_id))
        with opened(self._copy.path) as connection:
            base = settle.base_of(connection, source, entry.twin_id) if entry.twin_id else None
        try:
            case = Case(source, change, entry, None, base, self.writer(source))
            applied = self.was_applied(case)
        except (NotFound, Clash) as error:
            self.note(entry, "unsent", error)  # it is planned anew, and meets the clash there
            return True
        except TwinError as error:
            raise Stop(error) from error
        if applied is None:
            self.note(entry, "held", Unsupported(held_back()))
            return False
        if isinstance(applied, Written):
            self._confirm(case, applied)
        else:
            self.note(entry, "unsent", Unreachable(tr("The connection was cut before the change arrived.")))
        return True
