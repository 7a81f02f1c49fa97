"""The network's half of a publish: one change sent behind its lock, and what the twin shows of it. Touches no file.

Every way in which a request can end is one of a few answers, so that whoever writes the file has all cases before him.
Several threads may use it at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ..text import tr
from ..twin.client import Twin
from ..twin.crs import CrsChoice, swapped
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
from ..twin.model import Collection, Item
from ..twin.session import GEOJSON
from ..twin.transactions import Action
from ..twin.writes import UNSET, Writer, Written
from . import search, settle
from .body import body_of
from .changes import Change
from .columns import GEOMETRY, Stored
from .journal import Entry
from .settle import Row
from .source import Source

# Errors that are about the twin as a whole, not about one of its collections.
FATAL = (AccessDenied, TooBusy, Unreachable)
_ROUNDS = 3  # tokens that move while we look


@dataclass(frozen=True)
class Case:
    """A change being published, with all that is known of it."""

    source: Source
    change: Change
    entry: Entry
    row: Row | None  # as it was when it was written ahead
    base: Row | None


# done: the twin has it · theirs: another state than our base stands there · refused: the twin does not want it ·
# unsent: it certainly did not arrive, and going on makes no sense · again: likewise, but others may go on ·
# unclear: nobody can tell now · held: a create that cannot be recognised
AnswerKind = Literal["done", "theirs", "refused", "unsent", "again", "unclear", "held"]


@dataclass(frozen=True)
class Answer:
    """What came of one change."""

    kind: AnswerKind
    written: Written | None = None
    theirs: Item | None = None  # None with kind "theirs": it is gone
    token: str | None = None  # the lock of theirs
    error: CityTwinError | None = None
    words: str = ""
    unprotected: bool = False  # sent without any lock

    @property
    def status(self) -> int:
        if isinstance(self.error, TwinError):
            return self.error.status
        return self.written.status if self.written else 0


class Remote:
    """One twin, as a publish or a recovery meets it."""

    def __init__(self, twin: Twin, knows: Callable[[str, str], bool], message: str = "") -> None:
        """``knows`` tells whether the working copy has a feature: table, twin_id."""
        self.twin = twin
        self._knows = knows
        self.capabilities = twin.capabilities()
        self.locks = self.capabilities.locking != "none"
        self._message = message
        self._writers: dict[str, Writer] = {}
        self._collections: dict[str, Collection] = {}

    def prepare(self, sources: Sequence[Source]) -> dict[str, TwinError]:
        """Read what the collections are now, before several threads need it; returns the tables whose collection the
        twin does not give, and why. Raises the errors of `FATAL`: then it gives none."""
        missing: dict[str, TwinError] = {}
        for source in sources:
            if source.table in self._writers:
                continue
            try:
                collection, schema = self.twin.describe(self.twin.collection(source.collection))
            except FATAL:
                raise
            except TwinError as error:
                missing[source.table] = error
                continue
            # the CRS is the one of the checkout: that is what the numbers in the table mean
            choice = CrsChoice(source.crs, source.srid, source.swap, source.has_z)
            self._collections[source.table] = collection
            self._writers[source.table] = Writer(self.twin.session, self.capabilities, collection, schema, choice)
        return missing

    def writer(self, source: Source) -> Writer:
        return self._writers[source.table]

    # -- one change --------------------------------------------------------------------------------------------------

    def attempt(self, case: Case) -> Answer:
        """Send one change, and find out what came of it. Raises nothing but what is a mistake of ours."""
        answer = Answer("refused")
        for _ in range(_ROUNDS):
            try:
                ready = self.lock(case)
            except CityTwinError as error:
                # nothing was sent; a feature that the twin cannot be asked for does not hold up the others
                alone = isinstance(error, BadResponse) and 400 <= error.status < 500
                return Answer("refused" if alone else "unsent", error=error)
            if isinstance(ready, Answer):
                return ready
            try:
                unprotected = ready.entry.kind != "insert" and ready.entry.token is None
                written = self._deliver(ready)
                if written.queued:
                    return queued(ready)
                if written.id is None:
                    found = self._find_create(ready, Unsupported(held_back()))
                    return found if found.kind == "done" else Answer("held", words=nameless())
                if not self.locks and written.item is None and ready.entry.kind != "delete":
                    # a twin without locks is believed only for what it shows
                    return Answer("unclear", error=BadResponse(unseen(), status=written.status))
                words = "" if ready.entry.kind != "delete" or self._holds("delete") else compared_only()
                return Answer("done", written, words=words, unprotected=unprotected or not self.locks)
            except CityTwinError as error:
                answer = self.after(case, error)
            if answer.kind != "again" or answer.token is None or answer.token == case.entry.token:
                return answer
            case = replace(case, entry=replace(case.entry, token=answer.token))  # only the token had moved
        return replace(answer, token=None)

    def lock(self, case: Case) -> Case | Answer:
        """A change whose feature came without a token gets one: good only if what it comes with is what our base says.
        A twin that has none is compared in the same way, right before the write. Raises `TwinError`."""
        if case.entry.kind == "insert" or (case.entry.token is not None and self._holds(case.entry.kind)):
            return case
        try:
            item, token = self.writer(case.source).get(str(case.entry.twin_id))
        except NotFound as error:
            return self._gone(case, error)
        stands = self._standing(case, item, token, None)
        if stands is not None:
            return stands
        return replace(case, entry=replace(case.entry, token=token))

    def _holds(self, kind: str) -> bool:
        """Whether the twin minds a lock with such a write. The standard leaves deletes open."""
        told = self.capabilities
        return self.locks and (kind != "delete" or told.delete_if_match or told.tier == "W2")

    def action(self, case: Case) -> Action:
        """The change as a member of a set; the case is locked."""
        writer, entry, source = self.writer(case.source), case.entry, case.source
        if case.entry.kind == "delete" or case.row is None:
            return Action(writer, "delete", entry.twin_id, token=entry.token)
        if entry.kind == "insert":
            properties, geometry = body_of(source, case.row.values)
            return Action(writer, "insert", entry.client_id, properties, geometry)
        names = self._changed(case)
        properties, geometry = body_of(source, case.row.values, names)
        shape = geometry if GEOMETRY in names else UNSET
        return Action(writer, "update", entry.twin_id, properties, shape, entry.token)

    def _deliver(self, case: Case) -> Written:
        entry, source, writer = case.entry, case.source, self.writer(case.source)
        if entry.kind == "delete" or case.row is None:
            return writer.delete(str(entry.twin_id), token=entry.token, message=self._message)
        if entry.kind == "insert":
            properties, geometry = body_of(source, case.row.values)
            return writer.create(properties, geometry, client_id=entry.client_id, message=self._message)
        names = self._changed(case)
        properties, geometry = body_of(source, case.row.values, names)
        return self._update(case, properties, geometry, GEOMETRY in names)

    def _changed(self, case: Case) -> list[str]:
        row = case.row.values if case.row else {}
        return settle.differing(case.source, row, case.base.values if case.base else {})

    def _update(self, case: Case, properties: dict[str, Any], geometry: Any, with_geometry: bool) -> Written:
        twin_id, token, writer = str(case.entry.twin_id), case.entry.token, self.writer(case.source)
        if "PATCH" in case.source.methods:
            extra = {"geometry": geometry} if with_geometry else {}
            return writer.patch(twin_id, properties, token=token, message=self._message, **extra)
        # PUT replaces all of it: build it on the twin's own copy, so that what we do not know is not lost
        item, fresh = writer.get(twin_id)
        if fresh != token:
            raise Clash(tr("Somebody else changed this feature meanwhile."), status=412)
        if token is None and self._standing(case, item, fresh, None) is not None:
            raise Clash(tr("Somebody else changed this feature meanwhile."), status=412)
        kept = {column.property for column in case.source.columns if column.read_only}
        whole = {name: value for name, value in {**item.properties, **properties}.items() if name not in kept}
        # theirs goes back as it came, whatever it is; only that the writer turns what it sends to the twin's axis order
        shape = geometry if with_geometry else swapped(item.geometry) if writer.choice.swap else item.geometry
        return writer.replace(twin_id, whole, shape, token=token, message=self._message, raw_id=item.raw_id)

    # -- what came of it ---------------------------------------------------------------------------------------------

    def after(self, case: Case, error: CityTwinError) -> Answer:
        """What an error of the write means, asking the twin where the error does not say."""
        if isinstance(error, (AccessDenied, TooBusy, Cancelled)):
            return Answer("unsent", error=error)
        if isinstance(error, Unreachable) and not error.sent:
            return Answer("unsent", error=error)
        if isinstance(error, Unsupported):
            return Answer("refused", error=error)
        if isinstance(error, (Clash, NotFound)):
            if case.entry.kind == "insert":
                return self._taken_id(case, error)
            return self.look(case, error)
        if isinstance(error, Rejected):
            return Answer("refused", error=error)
        if isinstance(error, TwinError):
            answer = self.look(case, error)
            if case.entry.kind == "insert" and answer.kind == "unsent":
                # not there yet, but a slow twin may still be at it: before it is sent again, it is looked for again
                return Answer("unclear", error=error)
            return answer
        return Answer("unclear", error=error)

    def look(self, case: Case, error: TwinError) -> Answer:
        """Ask what is there, after a write whose lock did not fit, or whose answer never came or made no sense."""
        if case.entry.kind == "insert":
            return self._find_create(case, error)
        unclear = isinstance(error, (Unreachable, ServerFailed, BadResponse))
        try:
            item, token = self.writer(case.source).get(str(case.entry.twin_id))
        except NotFound as gone:
            return self._gone(case, gone)
        except (ServerFailed, BadResponse) as broken:
            # one feature that the twin cannot show: the others go on
            return Answer("unclear" if unclear else "again", error=broken)
        except CityTwinError as lost:
            return Answer("unclear" if unclear else "unsent", error=lost)
        stands = self._standing(case, item, token, error, unclear=unclear)
        if stands is not None:
            return stands
        # it is as we knew it: the write did nothing
        if unclear:
            return Answer("refused" if isinstance(error, (ServerFailed, BadResponse)) else "unsent", error=error)
        if isinstance(error, Clash) and token is not None and token != case.entry.token:
            return Answer("again", token=token, error=error)
        return Answer("refused", error=error)

    def _standing(
        self, case: Case, item: Item, token: str | None, error: TwinError | None, *, unclear: bool = False
    ) -> Answer | None:
        """What an item that is there means for a change; None: it is as our base says, nobody is in the way."""
        if token is not None and token == case.entry.token:
            return None
        theirs = settle.values_of(case.source, item)
        row = case.row.values if case.row is not None else case.entry.sent
        if case.base is not None and not self._other(case, case.base.values, theirs):
            return None  # asked first: what stood there before is no rounded form of a small edit
        if case.entry.kind == "update" and not self._other(case, row, theirs, rounded=unclear):
            words = "" if unclear else tr("Somebody else had made the same change.")
            return Answer("done", Written(case.entry.twin_id, token, item), words=words)
        return Answer("theirs", theirs=item, token=token, error=error)

    def _other(
        self, case: Case, known: Mapping[str, Stored], told: Mapping[str, Stored], *, rounded: bool = False
    ) -> bool:
        return bool(settle.unlike(case.source, known, told, rounded=rounded))

    def _gone(self, case: Case, error: TwinError) -> Answer:
        doubt = self._doubt(case)
        if doubt is not None:
            return Answer("again", error=doubt)
        if case.entry.kind != "delete":
            return Answer("theirs", error=error)
        written = Written(case.entry.twin_id, status=error.status)
        return Answer("done", written, words=tr("Somebody else had deleted it already."))

    def _doubt(self, case: Case) -> TwinError | None:
        """Why a 404 may not mean that the item is gone: a service that moved or is being set up says it for everything.
        A delete of ours would be forgotten for it, and every update asked about, so the collection has to answer, and
        the item is asked once more."""
        try:
            listed = self._collections[case.source.table].items_url
            self.twin.session.get_json(listed, params={"limit": "1"}, accept=GEOJSON)
        except TwinError as error:
            return error
        try:
            self.writer(case.source).get(str(case.entry.twin_id))
        except NotFound:
            return None
        except TwinError as error:
            return error
        return BadResponse(
            tr("The twin said that this feature is gone, and showed it when asked again. Nothing was sent; try again.")
        )

    # -- creates of unknown outcome ----------------------------------------------------------------------------------

    def _find_create(self, case: Case, error: TwinError) -> Answer:
        """Whether a create arrived: by the client's id, else by looking where it would lie."""
        entry = case.entry
        if entry.client_id is not None:
            try:
                item, token = self.writer(case.source).get(entry.client_id)
            except NotFound:
                return self._not_created(error)
            except CityTwinError:
                return Answer("unclear", error=error)
            return Answer("done", Written(entry.client_id, token, item))
        try:
            looked = search.strangers(
                self.twin.session,
                self._collections[case.source.table],
                self.writer(case.source).choice,
                case.source,
                entry.sent,
                self._knows,
                item_etags=self.capabilities.item_etags,
                patient=isinstance(error, (Unreachable, ServerFailed)),
            )
        except CityTwinError:
            return Answer("unclear", error=error)
        if looked is None:
            return Answer("held", error=error)
        found, near = looked
        if not found and not near:
            return self._not_created(error)
        if len(found) != 1:
            # which of them it is, or whether the twin made something else of it, is for somebody to say
            return Answer("held", error=error)
        return Answer("done", Written(found[0].id, found[0].token, found[0], proven=False))

    def _taken_id(self, case: Case, error: TwinError) -> Answer:
        """Why a create was refused: perhaps an earlier attempt arrived after all, with what was to be sent then."""
        if case.entry.client_id is not None and isinstance(error, Clash):
            try:
                item, token = self.writer(case.source).get(case.entry.client_id)
            except TwinError:
                return Answer("refused", error=error)
            return Answer("done", Written(case.entry.client_id, token, item))
        return Answer("refused", error=error)

    @staticmethod
    def _not_created(error: TwinError) -> Answer:
        if isinstance(error, (ServerFailed, BadResponse)):
            return Answer("refused", error=error)
        return Answer("unsent", error=error)


def queued(case: Case) -> Answer:
    """A change that the twin took and will make later (202). Sent again, a create could be made twice; others not."""
    if case.entry.kind == "insert":
        return Answer("held", words=tr("The twin took the new feature but has not made it yet. Publish or pull later."))
    words = tr("The twin took the change but has not made it yet. Publish later.")
    return Answer("again", error=Rejected(words, status=202))


def nameless() -> str:
    return tr(
        "The twin said that it created this feature, but not under which id, and it is not found there. It is held "
        "back so that it is not created twice: look for it on the twin. If it is there, pull, and discard yours if it "
        "is still here; if it is not, choose Send Again."
    )


def unseen() -> str:
    return tr("The twin took the change, but did not show it when asked. It is looked for at the next publish or pull.")


def compared_only() -> str:
    return tr("The twin has no lock for deletes: the feature was compared right before.")


def held_back() -> str:
    return tr(
        "The connection was cut while this feature was being created, and this twin cannot be asked whether it "
        "arrived. It is held back so that it is not created twice: look for it on the twin. If it is there, pull, and "
        "discard yours if it is still here; if it is not, choose Send Again."
    )
