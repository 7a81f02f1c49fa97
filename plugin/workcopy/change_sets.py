"""Publishing in whole sets (tier W2): each lands, or none of it does.

A set that the twin refuses names what was at fault. That is looked at, merged where it can be, and left out where it
cannot; the rest goes again as one set, or not at all, as the user chose.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

from ..text import number, tr
from ..twin.errors import (
    AccessDenied,
    BadResponse,
    Cancelled,
    CityTwinError,
    ServerFailed,
    SetRefused,
    SetTooLarge,
    TooBusy,
    Unreachable,
)
from ..twin.progress import SILENT, Progress
from ..twin.transactions import Action, send_set
from ..twin.writes import Written
from . import parallel
from .changes import Change
from .copy import WorkingCopy
from .errors import WorkingCopyError
from .order import in_order
from .outcome import Outcome
from .remote import Answer, Case, Remote, nameless, queued
from .sending import Ledger, Settled

_MOST = 1000  # changes in one set where the twin names no limit
_ROUNDS = 20  # times that a set is mended and sent again
_SETTLED_TOGETHER = 200  # questions about what a cut connection left open

Pairs = list[tuple[Case, Settled]]


class ChangeSets:
    """Sends changes in sets. ``landed`` counts those that the twin took."""

    def __init__(self, remote: Remote, ledger: Ledger, copy: WorkingCopy, message: str, progress: Progress) -> None:
        self.landed = 0
        self._remote = remote
        self._ledger = ledger
        self._copy = copy
        self._message = message
        self._progress = progress
        self._tokens: dict[str, str] = {}  # newer locks of features whose content had not changed
        self._landed_last: list[tuple[Case, Answer]] = []  # settled while the next set is at the twin
        self._late: Pairs = []  # what became of them

    def send(
        self, changes: Sequence[Change], on_conflict: Literal["stop", "skip"], is_stopped: Callable[[], bool]
    ) -> Iterator[Pairs]:
        """Send all; yields what became of them as it is known. ``is_stopped`` is asked before each set."""
        for pairs in self._send(changes, on_conflict, is_stopped):
            late, self._late = self._late, []
            yield [*late, *pairs]
        self._settle_last()
        yield self._late

    def _send(
        self, changes: Sequence[Change], on_conflict: Literal["stop", "skip"], is_stopped: Callable[[], bool]
    ) -> Iterator[Pairs]:
        size = self._remote.capabilities.max_actions or _MOST
        chunks = deque(list(changes[i : i + size]) for i in range(0, len(changes), size))
        rounds = done = 0
        while chunks and not is_stopped():
            chunk = chunks.popleft()
            text = tr("Publishing a set of {n} changes", n=number(len(chunk)))
            self._progress.report(done, len(changes), text)
            cases, pairs = self._ready(chunk)
            yield [(case, settled) for case, settled in pairs if not settled.again]
            merged = {case.change.key for case, settled in pairs if settled.again}
            if merged and rounds <= _ROUNDS:
                # theirs came in: what is still ours goes in one set with the rest
                rounds += 1
                self._unsent(cases)
                chunks.appendleft(self._still(merged | {case.change.key for case in cases}))
                continue
            if on_conflict == "stop" and any(_asks(settled) for _, settled in pairs):
                yield self._taken_back(cases)
                return
            try:
                if cases:
                    yield self._landed(cases, waits=on_conflict == "skip")
            except SetTooLarge as error:
                self._unsent(cases)
                if len(cases) == 1:
                    yield self._all(cases, Answer("refused", error=error))
                    continue
                smaller = min(error.limit or len(cases), (len(cases) + 1) // 2)
                rest = [case.change for case in cases]
                parts = [rest[i : i + smaller] for i in range(0, len(rest), smaller)]
                chunks.extendleft(reversed(parts))
                continue
            except SetRefused as error:
                pairs, left = self._mend(cases, error)
                yield pairs
                rounds += 1
                if on_conflict == "stop" and any(_asks(settled) for _, settled in pairs):
                    yield self._taken_back([case for case in cases if case.change.key in left])
                    return
                if left and rounds > _ROUNDS:
                    yield self._taken_back([case for case in cases if case.change.key in left])
                    return
                if left:
                    chunks.appendleft(self._still(left))
                continue
            except WorkingCopyError:
                raise  # the file's trouble says nothing about the set: the journal still says that nobody knows
            except CityTwinError as error:
                yield from self._failed(cases, error)
            done += len(chunk)

    def _still(self, keys: set[str]) -> list[Change]:
        """Those changes as they are now, in the order of sending."""
        changes = [change for change in self._copy.changes() if change.key in keys]
        return [change for phase in in_order(changes, self._copy.sources) for change in phase]

    # -- before ------------------------------------------------------------------------------------------------------

    def _ready(self, chunk: Sequence[Change]) -> tuple[list[Case], Pairs]:
        """The cases of a set, each with its lock, and what was settled because theirs stands in the way."""
        cases: list[Case] = []
        aside: list[tuple[Case, Answer]] = []
        written = {}
        for case in self._ledger.write_ahead(chunk):
            token = self._tokens.get(case.change.key)
            written[case.change.key] = case if token is None else replace(case, entry=replace(case.entry, token=token))
        late = [case for case in written.values() if case.entry.kind != "insert" and case.entry.token is None]
        for case, ready in parallel.each(self._lock, late, SILENT):
            if isinstance(ready, Answer):
                aside.append((case, ready))
                del written[case.change.key]
            else:
                written[case.change.key] = ready
        cases = list(written.values())
        return cases, self._settle(aside)

    def _lock(self, case: Case) -> Case | Answer:
        try:
            return self._remote.lock(case)
        except CityTwinError as error:
            return Answer("unsent", error=error)

    # -- sending -----------------------------------------------------------------------------------------------------

    def _landed(self, cases: Sequence[Case], *, waits: bool) -> Pairs:
        """Send a set. ``waits``: where nothing in what came of it can keep the next set back, it is settled while that
        one is at the twin; until then the journal says that nobody knows, which is what a kill would leave."""
        actions = [self._remote.action(case) for case in cases]
        written = parallel.beside(lambda: self._written(actions), self._settle_last)
        self.landed += 1
        answers = []
        for case, one in zip(cases, written):
            if one.queued:
                answers.append((case, queued(case)))
            elif one.id is None:
                answers.append((case, Answer("held", words=nameless())))
            else:
                answers.append((case, Answer("done", one)))
        if waits and all(answer.kind == "done" and case.entry.kind == "update" for case, answer in answers):
            self._landed_last = answers
            return []
        return self._settle(answers)

    def _written(self, actions: Sequence[Action]) -> list[Written]:
        remote = self._remote
        return send_set(remote.twin.session, remote.capabilities, actions, message=self._message, progress=SILENT)

    def _settle_last(self) -> None:
        """Settle the set that landed before."""
        answers, self._landed_last = self._landed_last, []
        self._late.extend(self._settle(answers))

    # -- what came of it ---------------------------------------------------------------------------------------------

    def _mend(self, cases: Sequence[Case], error: SetRefused) -> tuple[Pairs, set[str]]:
        """Look at what was at fault; returns what was settled, and the keys of what is still to be sent."""
        at_fault = [(cases[index], why) for index, why in sorted(error.failures.items()) if index < len(cases)]
        faulty = {case.change.key for case, _ in at_fault}
        others = [case for case in cases if case.change.key not in faulty]
        if not at_fault:
            return self._all(cases, Answer("refused", error=error)), set()
        self._unsent(others)
        left = {case.change.key for case in others}
        answers: list[tuple[Case, Answer]] = []
        for (case, _), answer in parallel.each(lambda one: self._remote.after(*one), at_fault, SILENT):
            if answer.kind == "again" and answer.token is not None:
                self._tokens[case.change.key] = answer.token
                self._unsent([case])
                left.add(case.change.key)
            else:
                answers.append((case, answer))
        pairs = self._settle(answers)
        left.update(case.change.key for case, settled in pairs if settled.again)
        for case, settled in pairs:
            if settled.again:
                self._tokens.pop(case.change.key, None)
        return [(case, settled) for case, settled in pairs if not settled.again], left

    def _failed(self, cases: Sequence[Case], error: CityTwinError) -> Iterator[Pairs]:
        """The set as a whole failed, or nobody knows whether it landed."""
        unclear = (isinstance(error, Unreachable) and error.sent) or isinstance(error, (ServerFailed, BadResponse))
        if isinstance(error, (AccessDenied, TooBusy, Cancelled)) or (isinstance(error, Unreachable) and not error.sent):
            yield self._all(cases, Answer("unsent", error=error))
        elif not unclear:
            yield self._all(cases, Answer("refused", error=error))
        else:
            found: list[tuple[Case, Answer]] = []
            for one in parallel.each(lambda case: self._remote.after(case, error), cases, SILENT):
                found.append(one)
                if len(found) >= _SETTLED_TOGETHER:
                    yield self._settle(found)
                    found = []
            if found:
                yield self._settle(found)

    def _all(self, cases: Sequence[Case], answer: Answer) -> Pairs:
        return self._settle([(case, answer) for case in cases])

    def _settle(self, answers: Sequence[tuple[Case, Answer]]) -> Pairs:
        return list(zip((case for case, _ in answers), self._ledger.settle(answers))) if answers else []

    def _unsent(self, cases: Sequence[Case]) -> None:
        """They certainly did not arrive, and are tried again."""
        self._all(cases, Answer("unsent"))

    def _taken_back(self, cases: Sequence[Case]) -> Pairs:
        """Nothing of the set was applied, and nothing of it is sent again."""
        self._unsent(cases)
        words = tr("Not sent: the changes go as one set, and something in it has to be decided first.")
        return [(case, Settled(Outcome(case.change, "unsent", words))) for case in cases]


def _asks(settled: Settled) -> bool:
    return settled.outcome is not None and settled.outcome.state in ("clash", "failed")
