"""What was decided, as values; and taking it back."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugin.gui import conflict_choices as choices
from plugin.gui.conflict_choices import UNDECIDED, Choice, Decision
from plugin.gui.conflict_undo import Step, Steps
from plugin.workcopy.conflicts import Conflict, resolve
from plugin.workcopy.copy import WorkingCopy
from tests.qgis.gui.clashing_copies import clashing_city, mine, ring, theirs


@pytest.fixture()
def copy(tmp_path: Path) -> WorkingCopy:
    return clashing_city(tmp_path / "city.gpkg")


def found(copy: WorkingCopy, key: str) -> Conflict:
    return next(conflict for conflict in copy.conflicts() if conflict.key == key)


def decide(conflict: Conflict, **picks: str) -> Decision:
    decision = UNDECIDED
    for column, pick in picks.items():
        decision = decision.with_choice(column, Choice(pick))  # type: ignore[arg-type]
    return decision


def test_only_clashes_are_open(copy: WorkingCopy) -> None:
    conflict = found(copy, "buildings/b1")
    assert [cell.column for cell in choices.open_cells(conflict, UNDECIDED)] == ["geom", "name", "height"]
    taken = {cell.column: choices.choice_of(conflict, cell, UNDECIDED) for cell in conflict.cells}
    assert (taken["function"], taken["storeys"], taken["built"]) == (Choice("theirs"), Choice("mine"), Choice("theirs"))
    with pytest.raises(ValueError, match="not decided"):
        choices.resolution(conflict, decide(conflict, geom="mine", name="theirs"))


def test_a_resolution_of_three_sides_and_a_value_of_ones_own(copy: WorkingCopy) -> None:
    conflict = found(copy, "buildings/b1")
    decision = decide(conflict, geom="theirs", name="base", storeys="theirs").with_choice("height", Choice("own", 13.0))
    assert not choices.is_open(conflict, decision)
    made = choices.resolution(conflict, decision)
    geometry = next(cell.theirs for cell in conflict.cells if cell.column == "geom")
    assert made.values == {"geom": geometry, "name": "House 1", "height": 13.0, "storeys": 3}
    assert (made.keep, made.token) == ("merged", conflict.token)
    assert resolve(copy, [made]) == 1
    assert "buildings/b1" not in [conflict.key for conflict in copy.conflicts()]
    changed = {cell.column: cell.new for cell in next(c for c in copy.changes() if c.key == "buildings/b1").cells}
    assert changed == {"name": "House 1", "height": 13.0}  # the rest is theirs, so nothing of it is left to publish


@pytest.mark.parametrize(("key", "side", "keep"), [
    ("buildings/b2", "mine", "merged"), ("buildings/b2", "theirs", "deleted"),
    ("buildings/b3", "mine", "deleted"), ("buildings/b3", "theirs", "merged"),
    ("buildings/n1", "mine", "merged"), ("buildings/n1", "theirs", "merged"),
])  # fmt: skip
def test_a_question_comes_first(copy: WorkingCopy, key: str, side: choices.Side, keep: str) -> None:
    conflict = found(copy, key)
    assert choices.asks_first(conflict) and choices.is_open(conflict, UNDECIDED)
    assert not choices.open_cells(conflict, UNDECIDED)  # columns matter later
    decision = choices.take(conflict, side)
    assert (decision.keep, choices.is_open(conflict, decision)) == (keep, False)
    assert resolve(copy, [choices.resolution(conflict, decision)]) == 1


def test_the_same_thing_added_twice_still_clashes(copy: WorkingCopy) -> None:
    conflict = found(copy, "buildings/n1")
    same = Decision("merged")
    assert [cell.column for cell in choices.open_cells(conflict, same)] == ["geom", "name", "height"]
    assert not choices.is_open(conflict, Decision("both"))
    before = len(copy.changes("buildings"))
    resolve(copy, [choices.resolution(conflict, Decision("both"))])
    assert len(copy.changes("buildings")) == before  # ours is still to be published, theirs is not


def test_filling_leaves_what_was_chosen(copy: WorkingCopy) -> None:
    conflict = found(copy, "buildings/b1")
    filled = choices.fill(conflict, decide(conflict, name="base"), "theirs")
    assert {column: choice.pick for column, choice in filled.choices.items()} == {
        "name": "base", "geom": "theirs", "height": "theirs"
    }  # fmt: skip
    taken = choices.take(conflict, "theirs")
    assert taken.choices["name"].pick == "theirs"


def test_choices_are_carried_over_where_nothing_moved(copy: WorkingCopy) -> None:
    old = found(copy, "buildings/b1")
    decision = decide(old, name="mine", height="theirs", geom="theirs")
    theirs(copy, "buildings", "b1", ring((92020, 437000), (92050, 437000), (92050, 437010)), token='"v10"',
           name="St. Laurens", height=15.0)  # fmt: skip
    new = found(copy, "buildings/b1")
    assert new.token != old.token
    assert choices.carried(old, decision, new).choices == {"name": Choice("mine")}
    gone = found(copy, "buildings/b2")
    mine(copy, "buildings", "b2", storeys=9)
    assert choices.carried(gone, Decision("deleted"), found(copy, "buildings/b2")).keep == ""


def test_steps_back_and_forth() -> None:
    steps, one, two = Steps(), Decision("merged"), Decision("deleted")
    assert steps.undo() is None and steps.redo() is None
    steps.add(Step("first", {"k": UNDECIDED}, {"k": one}))
    steps.add(Step("second", {"k": one}, {"k": two}))
    assert (steps.undo_text, steps.redo_text) == ("second", "")
    undone = steps.undo()
    assert undone is not None and undone.before == {"k": one}
    assert (steps.undo_text, steps.redo_text) == ("first", "second")
    steps.add(Step("third", {"k": one}, {"k": UNDECIDED}))
    assert (steps.undo_text, steps.redo_text) == ("third", "")
    steps.clear()
    assert steps.undo() is None
