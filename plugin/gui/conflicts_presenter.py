"""Resolving conflicts without a window: what clashes, what was decided, taking that back, and applying it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Literal

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..map import tasks
from ..map.pilots import combining
from ..text import tr, trn
from ..twin.errors import CityTwinError
from ..twin.progress import Progress
from ..workcopy.columns import Stored
from ..workcopy.conflicts import Conflict, ConflictMoved, resolve
from ..workcopy.copy import WorkingCopy
from . import conflict_choices as choices
from .conflict_choices import UNDECIDED, Choice, Decision, Keep, Pick, Side
from .conflict_entries import split
from .conflict_undo import Step, Steps

Phase = Literal["loading", "ready", "applying"]
Drafts = dict[str, tuple[Conflict, Decision]]  # by conflict key


class ConflictsPresenter(QObject):
    """The conflicts of one working copy.

    ``drafts`` are decisions that were not applied; whoever opens the window again hands the same mapping in, and they
    are there again. ``hindrance`` says why the file cannot be written just now, "" where it can; ``before_writing`` is
    asked right before it is: False prevents it. ``after_writing`` is called once it was. Phases: loading → ready ⇄
    applying. Main thread; files are read and written in tasks.
    """

    changed = pyqtSignal()  # phase, list or error
    decided = pyqtSignal(object)  # the keys of conflicts about which something else is decided now
    said = pyqtSignal(str, str)  # a sentence, and "good", "limit" or "bad"

    def __init__(
        self,
        copy: WorkingCopy,
        *,
        drafts: Drafts | None = None,
        hindrance: Callable[[], str] = str,
        before_writing: Callable[[], bool] = lambda: True,
        after_writing: Callable[[], None] = lambda: None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.copy = copy
        self.phase: Phase = "loading"
        self.error = ""  # why the conflicts could not be read
        self.applied = 0  # conflicts that ended here
        self.drafts: Drafts = {} if drafts is None else drafts
        self.steps = Steps()
        self._conflicts: dict[str, Conflict] = {}
        self._open: dict[str, bool] = {}  # by conflict key, as long as neither it nor what was decided changes
        self._hindrance, self._before, self._after = hindrance, before_writing, after_writing
        self._again = self._reading = False
        self._refused = ""  # what to say after the next reading: conflicts moved while they were being decided

    # -- reading -----------------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Read the conflicts (again); what was decided stays where it still fits."""
        if self._reading or self.phase == "applying":
            self._again = True
            return
        self._reading, self._again = True, False
        if not self._conflicts:
            self._go("loading")
        path = self.copy.path
        tasks.run(
            tr("Reading conflicts"),
            lambda progress: _read(path, progress),
            done=lambda found: self._loaded(*found),
            failed=self._not_loaded,
            cancelled=lambda: self._not_loaded(None),
            parent=self,
        )

    def _loaded(self, copy: WorkingCopy, found: list[Conflict]) -> None:
        self._reading = False
        if self.phase == "applying":  # this is older than what is being written, and is read again after it
            return
        if self._again:
            self.load()
            return
        self.copy, self.error = copy, ""
        before, self._conflicts = self._conflicts, {conflict.key: conflict for conflict in found}
        moved = self._carry_over()
        self._open.clear()
        if before != self._conflicts:
            self.steps.clear()  # a step back would lead to what is no more
        self._go("ready")
        refused, self._refused = self._refused, ""
        if moved or refused:
            self.said.emit(_moved(moved) if moved else refused, "limit")

    def _carry_over(self) -> list[Conflict]:
        """Bring drafts up to the conflicts of now; the conflicts about which something has to be decided anew."""
        moved = []
        for key, (old, decision) in list(self.drafts.items()):
            new = self._conflicts.get(key)
            if new is None:
                del self.drafts[key]
            elif new != old:
                kept = choices.carried(old, decision, new)
                self._keep_draft(new, kept)
                if kept != decision:
                    moved.append(new)
        return moved

    def _not_loaded(self, error: CityTwinError | None) -> None:
        self._reading = False
        if self.phase == "applying":
            return
        self.error = error.message if error is not None else tr("The conflicts were not read.")
        self._go("ready")

    # -- what there is -----------------------------------------------------------------------------------------------

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """In the order of the working copy's layers, and there as they were found."""
        return tuple(self._conflicts.values())

    def conflict(self, key: str) -> Conflict | None:
        return self._conflicts.get(key)

    def decision(self, key: str) -> Decision:
        """What was decided about a conflict so far."""
        draft = self.drafts.get(key)
        return draft[1] if draft else UNDECIDED

    def is_open(self, key: str) -> bool:
        if key not in self._open:
            conflict = self._conflicts.get(key)
            self._open[key] = conflict is not None and choices.is_open(conflict, self.decision(key))
        return self._open[key]

    def open_keys(self) -> list[str]:
        """The conflicts about which something is still to be decided."""
        return [key for key in self._conflicts if self.is_open(key)]

    def resolved_keys(self) -> list[str]:
        return [key for key in self._conflicts if not self.is_open(key)]

    def title(self, table: str) -> str:
        """What people call a layer."""
        source = self.copy.source(table)
        return source.title or source.table

    @property
    def busy(self) -> bool:
        return self.phase == "applying"

    # -- deciding ----------------------------------------------------------------------------------------------------

    def pick(self, key: str, column: str, pick: Pick) -> None:
        """One column as one of the three sides has it."""
        self._choose(key, column, Choice(pick))

    def write(self, key: str, column: str, value: Stored) -> None:
        """A value of the user's own for one column; one that a side has counts as that side's."""
        conflict = self._conflicts.get(key)
        cell = conflict.cell(column) if conflict else None
        self._choose(key, column, choices.own(conflict, cell, value) if conflict and cell else None)

    def unpick(self, key: str, column: str) -> None:
        """What the merge proposes for the column again: nothing, where it clashes."""
        self._choose(key, column, None)

    def _choose(self, key: str, column: str, choice: Choice | None) -> None:
        conflict = self._conflicts.get(key)
        cell = conflict.cell(column) if conflict else None
        if conflict is None or cell is None or cell.read_only:
            return
        decision = self.decision(key)
        if choices.keep_of(conflict, decision) != "merged":
            return
        words = tr("Choice for {column}", column=cell.title)
        self._decide({key: decision.with_choice(column, choice)}, words)

    def keep(self, key: str, keep: Keep) -> None:
        """Answer the question about the feature as a whole."""
        conflict = self._conflicts.get(key)
        if conflict is not None and choices.asks_first(conflict):
            decision = Decision(keep, self.decision(key).choices)
            self._decide({key: decision}, tr("Choice for {label}", label=conflict.label))

    def take(self, key: str, side: Side) -> None:
        """All that clashes in one conflict as one side has it, whatever was chosen before."""
        conflict = self._conflicts.get(key)
        if conflict is not None:
            words = tr("All Mine") if side == "mine" else tr("All Theirs")
            self._decide({key: choices.take(conflict, side)}, words)

    def fill(self, side: Side, table: str | None = None) -> int:
        """What is still open (of ``table``) as one side has it; choices that were made stay. The conflicts it met."""
        after = {}
        for key in self.open_keys():
            conflict = self._conflicts[key]
            if table is None or conflict.table == table:
                after[key] = choices.fill(conflict, self.decision(key), side)
        self._decide(after, tr("All Mine") if side == "mine" else tr("All Theirs"))
        return len(after)

    def undo(self) -> str:
        """Take the last act back; the conflict it was about, empty for none."""
        step = self.steps.undo()
        return self._set(step.before) if step else ""

    def redo(self) -> str:
        """Make the act again that was taken back last."""
        step = self.steps.redo()
        return self._set(step.after) if step else ""

    def _decide(self, after: Mapping[str, Decision], words: str) -> None:
        fresh = {key: decision for key, decision in after.items() if decision != self.decision(key)}
        if fresh and self.phase == "ready":
            self.steps.add(Step(words, {key: self.decision(key) for key in fresh}, fresh))
            self._set(fresh)

    def _set(self, decisions: Mapping[str, Decision]) -> str:
        for key, decision in decisions.items():
            conflict = self._conflicts.get(key)
            if conflict is not None:
                self._keep_draft(conflict, decision)
        self.decided.emit(tuple(decisions))
        return next(iter(decisions), "")

    def _keep_draft(self, conflict: Conflict, decision: Decision) -> None:
        self._open.pop(conflict.key, None)
        if decision == UNDECIDED:
            self.drafts.pop(conflict.key, None)
        else:
            self.drafts[conflict.key] = (conflict, decision)

    # -- applying ----------------------------------------------------------------------------------------------------

    @property
    def obstacle(self) -> str:
        """Why not everything can be applied; empty when it can."""
        if self.phase != "ready":
            return tr("Please wait.")
        if not self._conflicts:
            return tr("There are no conflicts.")
        left = len(self.open_keys())
        return trn("{n} conflict is still open.", "{n} conflicts are still open.", left) if left else ""

    def apply(self) -> bool:
        """Write all decisions into the working copy. False, and nothing done, while anything is open."""
        return not self.obstacle and self._apply(list(self._conflicts))

    def apply_resolved(self) -> bool:
        """Write those that are resolved; the others stay conflicts."""
        return self.phase == "ready" and self._apply(self.resolved_keys())

    def _apply(self, keys: Iterable[str]) -> bool:
        wanted = [choices.resolution(self._conflicts[key], self.decision(key)) for key in keys]
        if not wanted:
            return False
        hindrance = self._hindrance()
        if hindrance:
            self.said.emit(hindrance, "limit")
            return False
        if not self._before():
            self.said.emit(tr("Nothing was applied: there are unsaved edits in this working copy."), "limit")
            return False
        self._go("applying")
        copy = self.copy
        tasks.run(
            tr("Applying decisions"),
            lambda _progress: resolve(copy, wanted),
            done=lambda count: self._applied(count, {f"{one.table}/{one.twin_id}" for one in wanted}),
            failed=self._not_applied,
            cancelled=lambda: self._not_applied(None),
            parent=self,
        )
        return True

    def _applied(self, count: int, keys: set[str]) -> None:
        self.applied += count
        for key in keys:
            self.drafts.pop(key, None)
            self._conflicts.pop(key, None)
            self._open.pop(key, None)
        self.steps.clear()
        self._written()
        self.said.emit(
            trn(
                "{n} conflict is resolved. Publish when you are ready.",
                "{n} conflicts are resolved. Publish when you are ready.",
                count,
            ),
            "good",
        )

    def _not_applied(self, error: CityTwinError | None) -> None:
        if isinstance(error, ConflictMoved):
            self._refused = error.message
        self._written()
        if error is not None and not self._refused:
            self.said.emit(error.message, "bad")

    def _written(self) -> None:
        self._go("ready")
        self._after()
        self.load()

    def _go(self, phase: Phase) -> None:
        self.phase = phase
        self.changed.emit()


def _read(path: Path, _progress: Progress) -> tuple[WorkingCopy, list[Conflict]]:
    copy = combining.open_copy(path)
    found: list[Conflict] = []
    for source in copy.sources:
        if source.table not in copy.problems:
            lists = combining.list_columns(source)
            found += [split(conflict, lists) for conflict in copy.conflicts(source.table)]
    return copy, found


def _moved(conflicts: list[Conflict]) -> str:
    if len(conflicts) == 1:
        return tr(
            "{label} was changed again meanwhile. Look at it once more; your other choices are kept.",
            label=conflicts[0].label,
        )
    return tr(
        "{n} features were changed again meanwhile. Look at them once more; your other choices are kept.",
        n=len(conflicts),
    )
