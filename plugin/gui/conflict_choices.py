"""What somebody decided about a conflict, as values: nothing here knows a window or writes a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from ..pilots.combine import Pick as ListPick
from ..workcopy.columns import Stored, same
from ..workcopy.conflicts import Conflict, ConflictCell, Resolution
from .conflict_entries import EntryCell, joined

Side = Literal["mine", "theirs"]
Pick = Literal["base", "mine", "theirs", "own", "merged"]
Keep = Literal["", "merged", "deleted", "both"]
ONE_SIDED = ("update-delete", "delete-update")


@dataclass(frozen=True)
class Choice:
    """The value that one column is to have: one of the three, one of the user's own, or both sides' changes."""

    pick: Pick
    value: Stored = None  # of "own"


@dataclass(frozen=True)
class Decision:
    """All that was decided about one conflict. ``keep`` is empty until a question about the whole is answered."""

    keep: Keep = ""
    choices: Mapping[str, Choice] = field(default_factory=dict)

    def with_choice(self, column: str, choice: Choice | None) -> Decision:
        """With another choice for one column; None leaves it open again."""
        left = {name: made for name, made in self.choices.items() if name != column}
        return replace(self, choices=left if choice is None else {**left, column: choice})


UNDECIDED = Decision()


def asks_first(conflict: Conflict) -> bool:
    """Whether there is a question about the feature as a whole, before its columns matter."""
    return conflict.kind != "update-update"


def keep_of(conflict: Conflict, decision: Decision) -> Keep:
    """What becomes of the feature; empty while that is not answered."""
    return decision.keep if asks_first(conflict) else "merged"


def choice_of(conflict: Conflict, cell: ConflictCell, decision: Decision) -> Choice | None:
    """What a column gets: what was chosen, else what the merge took. None while it is open."""
    made = decision.choices.get(cell.column)
    if made is not None:
        return made
    if conflict.kind in ONE_SIDED:
        return Choice("mine" if conflict.mine_there else "theirs")
    if cell.verdict == "clash":
        return None
    if cell.verdict == "merged":
        return Choice("merged")
    return Choice("theirs" if cell.verdict in ("theirs", "both") else "mine")


def value_of(cell: ConflictCell, choice: Choice) -> Stored:
    """The value that ``choice`` gives the column."""
    if choice.pick == "own":
        return choice.value
    sides = {"base": cell.base, "mine": cell.if_mine, "theirs": cell.if_theirs, "merged": cell.result}
    return sides[choice.pick]


def own(conflict: Conflict, cell: ConflictCell, value: Stored) -> Choice:
    """A value that somebody wrote. One that a side has is that side's."""
    if conflict.mine_there and same(value, cell.if_mine, cell.kind):
        return Choice("mine")
    if conflict.theirs_there and same(value, cell.if_theirs, cell.kind):
        return Choice("theirs")
    if conflict.base_there and same(value, cell.base, cell.kind):
        return Choice("base")
    return Choice("own", value)


def open_cells(conflict: Conflict, decision: Decision) -> tuple[ConflictCell, ...]:
    """The columns that still need a choice."""
    if keep_of(conflict, decision) != "merged":
        return ()
    return tuple(cell for cell in conflict.cells if choice_of(conflict, cell, decision) is None)


def is_open(conflict: Conflict, decision: Decision) -> bool:
    """Whether something about the conflict is still to be decided."""
    return keep_of(conflict, decision) == "" or bool(open_cells(conflict, decision))


def take(conflict: Conflict, side: Side) -> Decision:
    """Everything that clashes as one side has it; a side that deleted the feature deletes it."""
    if not (conflict.mine_there if side == "mine" else conflict.theirs_there):
        return Decision("deleted")
    picked = {cell.column: Choice(side) for cell in conflict.clashes}
    return Decision("merged" if asks_first(conflict) else "", picked)


def fill(conflict: Conflict, decision: Decision, side: Side) -> Decision:
    """As `take`, but what was chosen already stays."""
    if keep_of(conflict, decision) == "":
        taken = take(conflict, side)
        return replace(taken, choices={**taken.choices, **decision.choices})
    chosen: dict[str, Choice] = {cell.column: Choice(side) for cell in open_cells(conflict, decision)}
    return replace(decision, choices={**decision.choices, **chosen})


def resolution(conflict: Conflict, decision: Decision) -> Resolution:
    """The decision as the working copy takes it. ValueError while something is open."""
    keep = keep_of(conflict, decision)
    if keep == "" or open_cells(conflict, decision):
        raise ValueError(f"{conflict.key} is not decided")
    if keep != "merged":
        return Resolution(conflict.table, conflict.twin_id, conflict.token, keep, {})
    values: dict[str, Stored] = {}
    entries: dict[EntryCell, ListPick] = {}
    for cell in conflict.cells:
        choice = choice_of(conflict, cell, decision)
        if isinstance(cell, EntryCell):
            if choice is not None and choice.pick in ("base", "mine", "theirs"):
                entries[cell] = choice.pick
        elif choice is not None and not cell.read_only and (cell.verdict == "clash" or cell.column in decision.choices):
            values[cell.column] = value_of(cell, choice)
    values.update(joined(entries))
    return Resolution(conflict.table, conflict.twin_id, conflict.token, keep, values)


def carried(old: Conflict, decision: Decision, new: Conflict) -> Decision:
    """What of a decision still holds after the conflict moved: choices for columns that are as they were. A question
    about the whole feature is asked anew where either side is another than it was."""
    if old.kind != new.kind:
        return UNDECIDED
    before = {cell.column: cell for cell in old.cells}
    kept = {cell.column: decision.choices[cell.column] for cell in new.cells
            if cell.column in decision.choices and before.get(cell.column) == cell}  # fmt: skip
    unmoved = old.token == new.token and old.cells == new.cells
    return Decision(decision.keep if unmoved else "", kept)
