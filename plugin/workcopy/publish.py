"""Publish: send what changed, with the strongest lock that the twin offers; nothing twice, nothing over another's edit.

Tier W2: whole change sets, each atomic. W1: one change after the other behind its lock, several at a time. W0: each
compared right before it is written, and read again after; shown as unprotected.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import Literal

from ..text import tr
from ..twin.client import Twin
from ..twin.errors import CityTwinError, TwinError, Unsupported
from ..twin.model import Capabilities
from ..twin.progress import SILENT, Progress
from . import parallel
from .alone import alone
from .change_sets import ChangeSets
from .changes import Change
from .copy import WorkingCopy
from .errors import WorkingCopyError
from .order import in_order
from .outcome import Outcome, Protection, PublishReport
from .recovery import DOUBTS, recover, sources_of
from .remote import Answer, Case, Remote, held_back
from .sending import Ledger, Settled, not_known_yet
from .validate import validate

log = logging.getLogger(__name__)

__all__ = ["Outcome", "PublishReport", "publish"]

OnConflict = Literal["stop", "skip"]
_BATCH = 96  # changes that are written ahead together: after a kill, each is a question to the twin
_QUEUED = 12  # requests that wait in line while the file is written
_ROUNDS = 5  # times that one change is merged with somebody else's and sent again
_TOGETHER = 96  # answers settled in one transaction
_LONGEST = 0.5  # seconds that an answer waits for others: then it is written, and shown


def publish(
    copy: WorkingCopy,
    twin: Twin,
    message: str,
    *,
    progress: Progress = SILENT,
    on_conflict: OnConflict = "skip",
) -> PublishReport:
    """Send every change of the sources that came from ``twin``.

    A change with a problem stays local and counts as failed; one that met somebody else's edit is merged with it, and
    kept as a conflict where that cannot be done without asking. ``on_conflict``: ``skip`` sends the rest, ``stop``
    sends nothing further (of an atomic set: nothing at all). Cancelling stops after what is being sent. Raises
    `CityTwinError` only for what prevents publishing altogether.
    """
    with alone(copy.path):
        copy.refresh()
        return _Publish(copy, twin, message, progress, on_conflict).run()


class _Publish:
    def __init__(
        self, copy: WorkingCopy, twin: Twin, message: str, progress: Progress, on_conflict: OnConflict
    ) -> None:
        self._copy = copy
        self._twin = twin
        self._progress = progress
        self._on_conflict = on_conflict
        self._sources = sources_of(copy, twin)
        self._capabilities = twin.capabilities()
        _refuse_read_only(self._capabilities)
        self._id = str(uuid.uuid4())
        self._message = message
        self._ledger = Ledger(copy, self._id, message, client_ids=self._capabilities.create_with_id)
        self._remote = Remote(twin, self._ledger.knows, message)
        self._outcomes: list[Outcome] = []
        self._stopped = ""
        self._total = 0
        self._doubts = 0
        self._sets = 0
        self._unprotected = not self._remote.locks

    def run(self) -> PublishReport:
        tables = {source.table for source in self._sources}
        try:
            held = recover(self._copy, self._twin, self._progress)
            todo = self._plan(tables)
            wanted = {change.table for change in todo}
            missing = self._remote.prepare([source for source in self._sources if source.table in wanted])
        except CityTwinError as error:
            if not isinstance(error, TwinError):
                raise
            return PublishReport((), stopped=error.message, remaining=len(self._plan(tables)), protection=self._kind())
        if not todo:
            return PublishReport((), protection=self._kind())
        problems = validate(self._copy, todo, self._progress)
        self._total = len(todo)
        self._ledger.begin(self._capabilities.title or self._capabilities.url, self._kind())
        bad = {change.key: [missing[change.table].message] for change in todo if change.table in missing}
        for problem in problems:
            bad.setdefault(problem.key, []).append(problem.message)
        able = self._set_aside(todo, bad, held)
        try:
            if not self._stopped:
                self._send(able)
        except WorkingCopyError as error:
            self._stopped = _file_lost(error)
        self._progress.report(self._total, self._total, tr("Published"))
        place = {change.key: number for number, change in enumerate(todo)}
        self._outcomes.sort(key=lambda outcome: place.get(outcome.change.key, len(place)))  # they came as they came
        tried = {outcome.change.key for outcome in self._outcomes}
        remaining = sum(change.key not in tried for change in todo)
        try:
            self._ledger.end(self._kind(), self._stopped)
        except WorkingCopyError as error:
            self._stopped = self._stopped or _file_lost(error)
        return PublishReport(
            tuple(self._outcomes),
            tuple(problems),
            self._stopped,
            remaining,
            self._id,
            self._kind(),
            self._sets,
            self._capabilities.max_actions if self._capabilities.tier == "W2" else None,
        )

    def _send(self, able: Sequence[Change]) -> None:
        if self._capabilities.tier == "W2":
            self._send_sets(able)
            return
        for phase in in_order(able, self._sources):
            self._send_each(phase)

    def _kind(self) -> Protection:
        if self._unprotected:
            return "unprotected"
        return "atomic" if self._capabilities.tier == "W2" else "locked"

    def _plan(self, tables: set[str]) -> list[Change]:
        changes = [change for table in sorted(tables) for change in self._copy.changes(table)]
        return [change for phase in in_order(changes, self._sources) for change in phase]

    def _set_aside(self, todo: Sequence[Change], bad: dict[str, list[str]], held: set[str]) -> list[Change]:
        """What can be sent; the rest gets its outcome now."""
        able: list[Change] = []
        states: dict[str, list[Outcome]] = {"invalid": [], "clash": [], "held": []}
        for change in todo:
            if change.conflict:
                words = tr("This feature waits in the conflicts for your decision. It was not sent.")
                states["clash"].append(Outcome(change, "clash", words))
            elif change.key in bad:
                states["invalid"].append(Outcome(change, "failed", " ".join(bad[change.key])))
            elif change.key in held:
                words = held_back() if change.kind == "insert" else not_known_yet()
                states["held"].append(Outcome(change, "held", words))
            else:
                able.append(change)
        for state in ("invalid", "clash"):
            self._ledger.note_all(states[state], state)
        self._outcomes.extend(outcome for found in states.values() for outcome in found)
        if states["clash"] and self._on_conflict == "stop":
            self._stopped = tr("There are conflicts. Nothing was sent; resolve them first.")
        return able

    # -- one by one --------------------------------------------------------------------------------------------------

    def _send_each(self, changes: Sequence[Change]) -> None:
        """Several at a time, each behind its own lock; what met somebody else's edit goes again, merged with it."""
        todo, rounds = list(changes), 0
        queued = _QUEUED if self._on_conflict == "skip" else 0  # what waits in line is sent before a clash is seen
        while todo and not self._stopped:
            again: list[Change] = []
            answers = parallel.each(self._attempt, self._written_ahead(todo), SILENT, queued=queued)
            with closing(answers):
                for bundle in self._bundles(answers):
                    again.extend(self._settle(bundle, rounds))
            keys = {change.key for change in again}
            todo = [change for change in self._copy.changes() if change.key in keys] if keys else []
            rounds += 1

    def _written_ahead(self, todo: Sequence[Change]) -> Iterator[Case]:
        """The cases, a batch of them noted at a time; when it is to stop, those that are noted go to be settled too."""
        for start in range(0, len(todo), _BATCH):
            if self._is_stopped():
                return
            yield from self._ledger.write_ahead(todo[start : start + _BATCH])

    def _bundles(self, answers: Iterable[tuple[Case, Answer]]) -> Iterator[list[tuple[Case, Answer]]]:
        """Answers to be settled together; at once where one may be a reason to stop."""
        bundle: list[tuple[Case, Answer]] = []
        since = time.monotonic()
        for case, answer in answers:
            bundle.append((case, answer))
            lost = answer.kind in ("unsent", "unclear") and answer.error is not None
            stops = lost or (self._on_conflict == "stop" and answer.kind not in ("done", "unsent"))
            if stops or len(bundle) >= _TOGETHER or time.monotonic() - since >= _LONGEST:
                yield bundle
                bundle, since = [], time.monotonic()
        if bundle:
            yield bundle

    def _attempt(self, case: Case) -> Answer:
        if self._is_stopped():
            return Answer("unsent", error=None)
        return self._remote.attempt(case)

    def _settle(self, answers: Sequence[tuple[Case, Answer]], rounds: int) -> list[Change]:
        """Write what came of some changes; returns those to be sent again."""
        again: list[Change] = []
        for (case, answer), settled in zip(answers, self._ledger.settle(answers)):
            self._unprotected = self._unprotected or answer.unprotected
            again.extend(self._take(case, settled, rounds, quiet=answer.kind == "unsent" and answer.error is None))
        done = len(self._outcomes)
        self._progress.report(done, self._total, tr("Publishing {label}", label=answers[-1][0].change.label))
        return again

    def _take(self, case: Case, settled: Settled, rounds: int, *, quiet: bool = False) -> Iterator[Change]:
        doubtful = settled.outcome is not None and settled.outcome.state == "held" and case.change.twin_id is not None
        self._doubts = self._doubts + 1 if doubtful else 0
        if settled.stop and not self._stopped:
            self._stopped = settled.stop
        if self._doubts >= DOUBTS and settled.outcome is not None and not self._stopped:
            self._stopped = settled.outcome.message
        if settled.again:
            if rounds < _ROUNDS:
                yield case.change
                return
            words = tr("Somebody else keeps changing this feature. It was not sent; publish again later.")
            self._outcomes.append(Outcome(case.change, "unsent", words))
        elif settled.outcome is not None and not quiet:
            self._outcomes.append(settled.outcome)
            if settled.outcome.state == "clash" and self._on_conflict == "stop" and not self._stopped:
                self._stopped = tr("A change clashed with somebody else's. Nothing further was sent; resolve it first.")

    def _is_stopped(self) -> bool:
        if not self._stopped and self._progress.cancelled():
            self._stopped = tr("Cancelled. What was published stays published; the rest is still here.")
        return bool(self._stopped)

    # -- whole sets --------------------------------------------------------------------------------------------------

    def _send_sets(self, changes: Sequence[Change]) -> None:
        sets = ChangeSets(self._remote, self._ledger, self._copy, self._message, self._progress)
        for settled_round in sets.send(changes, self._on_conflict, self._is_stopped):
            for case, settled in settled_round:
                list(self._take(case, settled, _ROUNDS))
            self._sets = sets.landed
        if not self._stopped and any(outcome.state == "unsent" for outcome in self._outcomes):
            self._stopped = tr("Not everything was sent: something that goes in one set has to be decided first.")


def _refuse_read_only(capabilities: Capabilities) -> None:
    if not capabilities.writable:
        name = capabilities.title or capabilities.url
        raise Unsupported(tr("{twin} can only be read: it takes no changes. Yours stay local.", twin=name))


def _file_lost(error: WorkingCopyError) -> str:
    """The error's own sentence says that nothing was changed: that is so of the file, not of the twin."""
    log.warning("publish: %s (%s)", error.message, error.detail)
    return tr(
        "The working copy could not be written any more: another program has it locked, or there is no room left. What "
        "was sent until then is found out at the next publish, before anything is sent again."
    )
