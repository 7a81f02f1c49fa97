"""Resolving without a window, on a real working copy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plugin.gui.conflicts_presenter import ConflictsPresenter, Drafts
from plugin.workcopy.conflicts import ConflictCell
from plugin.workcopy.copy import WorkingCopy
from tests.qgis.gui.clashing_copies import clashing_city, forget, mine, theirs
from tests.qgis.map.meanwhile import spin

ALL = ["b1", "b2", "b3", "b4", "n1", "t1", "s1", "c1"]


@pytest.fixture()
def copy(tmp_path: Path, qgis_app: Any) -> WorkingCopy:
    return clashing_city(tmp_path / "city.gpkg")


def opened(copy: WorkingCopy, **options: Any) -> ConflictsPresenter:
    presenter = ConflictsPresenter(copy, **options)
    presenter.words = []  # type: ignore[attr-defined]
    presenter.said.connect(lambda words, kind: presenter.words.append((kind, words)))  # type: ignore[attr-defined]
    presenter.load()
    rest(presenter)
    return presenter


def rest(presenter: ConflictsPresenter) -> None:
    assert spin(lambda: presenter.phase == "ready" and not presenter._reading)


def ids(presenter: ConflictsPresenter) -> list[str]:
    return [conflict.twin_id for conflict in presenter.conflicts]


def value(copy: WorkingCopy, key: str, column: str) -> Any:
    """What our row has, read as changes against the base; None where it is as the base."""
    change = next((change for change in copy.changes() if change.key == key), None)
    cell = change.cell(column) if change else None
    return cell.new if cell else None


def test_reads_all_layers(copy: WorkingCopy) -> None:
    presenter = opened(copy)
    assert ids(presenter) == ALL
    assert len(presenter.open_keys()) == 8 and presenter.obstacle == "8 conflicts are still open."
    assert presenter.title("buildings") == "Buildings"
    assert not presenter.apply()


def test_choosing_taking_back_and_again(copy: WorkingCopy) -> None:
    presenter = opened(copy)
    told: list[tuple[str, ...]] = []
    presenter.decided.connect(told.append)
    presenter.pick("buildings/b4", "height", "theirs")
    assert not presenter.is_open("buildings/b4")
    presenter.write("buildings/b4", "height", 20.5)
    presenter.pick("buildings/b4", "height", "theirs")
    assert [presenter.undo(), presenter.undo()] == ["buildings/b4"] * 2
    assert presenter.decision("buildings/b4").choices["height"].pick == "theirs"
    assert presenter.undo() and presenter.is_open("buildings/b4") and not presenter.drafts
    assert presenter.undo() == ""
    assert presenter.redo() and presenter.redo()
    assert presenter.decision("buildings/b4").choices["height"].value == 20.5
    presenter.write("buildings/b4", "height", 21.0)
    assert presenter.decision("buildings/b4").choices["height"].pick == "theirs", "it is what they have"
    presenter.unpick("buildings/b4", "height")
    assert presenter.is_open("buildings/b4")
    assert told and set(told) == {("buildings/b4",)}


def test_what_is_read_only_or_not_asked_yet_takes_no_choice(copy: WorkingCopy) -> None:
    presenter = opened(copy)
    presenter.pick("buildings/b1", "measured", "base")
    presenter.pick("buildings/b2", "height", "base")  # nobody said yet that it stays
    presenter.keep("buildings/b1", "deleted")  # nobody deleted it
    assert not presenter.drafts and not presenter.steps.undo_text


def test_all_of_a_kind_is_one_step(copy: WorkingCopy) -> None:
    presenter = opened(copy)
    presenter.pick("buildings/b4", "height", "theirs")
    assert presenter.fill("mine", "buildings") == 4
    assert presenter.decision("buildings/b4").choices["height"].pick == "theirs"
    assert [key.split("/")[0] for key in presenter.open_keys()] == ["trees", "streets", "contacts"]
    assert presenter.fill("theirs") == 3
    assert presenter.obstacle == ""
    presenter.undo(), presenter.undo()
    assert len(presenter.open_keys()) == 7


def test_apply_writes_and_what_was_resolved_is_gone(copy: WorkingCopy) -> None:
    calls: list[str] = []
    presenter = opened(
        copy,
        before_writing=lambda: calls.append("before") or True,  # type: ignore[func-returns-value]
        after_writing=lambda: calls.append("after"),
    )
    presenter.fill("theirs")
    presenter.write("buildings/b4", "height", 20.5)
    assert presenter.apply() and presenter.busy
    assert not presenter.apply()
    rest(presenter)
    assert calls == ["before", "after"]
    assert (presenter.conflicts, presenter.applied, presenter.drafts) == ((), 8, {})
    assert presenter.words == [("good", "8 conflicts are resolved. Publish when you are ready.")]  # type: ignore[attr-defined]
    assert copy.conflicts() == []
    assert value(copy, "buildings/b4", "height") == 20.5
    assert not any(change.key in ("buildings/b2", "buildings/b3") for change in copy.changes())


def test_the_resolved_ones_alone(copy: WorkingCopy) -> None:
    presenter = opened(copy)
    presenter.pick("buildings/b4", "height", "mine")
    presenter.pick("buildings/b1", "name", "mine")
    assert presenter.apply_resolved()
    rest(presenter)
    assert ids(presenter) == [one for one in ALL if one != "b4"]
    assert presenter.decision("buildings/b1").choices["name"].pick == "mine", "a choice was lost"


def test_edits_that_are_not_saved_prevent_it(copy: WorkingCopy) -> None:
    presenter = opened(copy, before_writing=lambda: False)
    presenter.fill("mine")
    assert not presenter.apply()
    assert presenter.phase == "ready" and len(copy.conflicts()) == 8 and len(presenter.drafts) == 8
    assert presenter.words[-1][0] == "limit"  # type: ignore[attr-defined]


def test_a_conflict_that_moved_is_asked_anew(copy: WorkingCopy) -> None:
    presenter = opened(copy)
    presenter.fill("mine")
    presenter.pick("buildings/b1", "height", "theirs")
    theirs(copy, "buildings", "b1", token='"v10"', name="St. Laurens", height=99.0, function="shop")
    assert presenter.apply()
    rest(presenter)
    assert len(copy.conflicts()) == 8, "something was applied"
    assert presenter.open_keys() == ["buildings/b1"]
    kept = {column: choice.pick for column, choice in presenter.decision("buildings/b1").choices.items()}
    assert kept == {"name": "mine"}
    assert presenter.words[-1][1].startswith("Laurenskerk was changed again meanwhile")  # type: ignore[attr-defined]
    presenter.take("buildings/b1", "theirs")
    assert presenter.apply()
    rest(presenter)
    assert copy.conflicts() == []


def test_resolved_elsewhere(copy: WorkingCopy) -> None:
    presenter = opened(copy)
    presenter.fill("mine")
    forget(copy, "buildings", "b4")
    assert presenter.apply()
    rest(presenter)
    assert ids(presenter) == [one for one in ALL if one != "b4"]
    assert len(presenter.resolved_keys()) == 7 and "buildings/b4" not in presenter.drafts
    assert "resolved elsewhere" in presenter.words[-1][1]  # type: ignore[attr-defined]


def test_what_i_edit_meanwhile_moves_it_too(copy: WorkingCopy) -> None:
    presenter = opened(copy)
    presenter.pick("buildings/b1", "height", "mine")
    presenter.pick("buildings/b1", "name", "mine")
    mine(copy, "buildings", "b1", height=12.75)
    presenter.load()
    rest(presenter)
    assert set(presenter.decision("buildings/b1").choices) == {"name"}
    assert presenter.undo() == "", "a step back would lead to what is no more"


def test_drafts_survive_the_window(copy: WorkingCopy) -> None:
    drafts: Drafts = {}
    first = opened(copy, drafts=drafts)
    first.pick("buildings/b1", "name", "theirs")
    first.keep("buildings/b2", "deleted")
    first.deleteLater()
    second = opened(copy, drafts=drafts)
    assert second.decision("buildings/b1").choices["name"].pick == "theirs"
    assert second.resolved_keys() == ["buildings/b2"]


def test_a_file_that_is_gone(copy: WorkingCopy) -> None:
    copy.path.unlink()
    presenter = opened(copy)
    assert "There is no file" in presenter.error and presenter.conflicts == ()


def test_a_broken_layer_does_not_hide_the_others(copy: WorkingCopy) -> None:
    from plugin.workcopy.connection import opened as connected

    with connected(copy.path, write=True) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in names:
            if "trees" in name and "rtree" not in name:
                connection.execute(f'DROP TRIGGER "{name}"')
    presenter = opened(copy)
    assert presenter.error == "" and "t1" not in ids(presenter) and len(presenter.conflicts) == 7


def test_cells_are_values(copy: WorkingCopy) -> None:
    (conflict,) = [one for one in opened(copy).conflicts if one.twin_id == "b4"]
    cell = conflict.cell("height")
    assert isinstance(cell, ConflictCell) and (cell.base, cell.mine, cell.theirs) == (9.0, 20.0, 21.0)
