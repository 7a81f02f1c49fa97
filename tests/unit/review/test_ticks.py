"""The task list comes home: who looked at what and when, once, from however many copies."""

from __future__ import annotations

import shutil
from datetime import datetime, timezone
from pathlib import Path

import pytest

from plugin.review import tasks, ticks
from plugin.review.receive import receive
from plugin.workcopy import package
from plugin.workcopy.connection import opened
from plugin.workcopy.copy import WorkingCopy

from .conftest import Outside
from .test_receive import Summary, contents, home, note

MORNING, NOON = datetime(2026, 11, 24, 9, tzinfo=timezone.utc), datetime(2026, 11, 24, 12, tzinfo=timezone.utc)


@pytest.fixture
def three(outside: Outside) -> Outside:
    """A package with three tasks."""
    for number in (2, 3):
        outside.run("INSERT INTO review_tasks (label, done) VALUES (?, 0)", f"Building {number}")
    return outside


def copied(outside: Outside, name: str) -> Path:
    """A further copy of the package's folder."""
    place = outside.folder.with_name(name)
    shutil.copytree(outside.folder, place)
    return place


def tick(folder: Path, fid: int, by: str, at: datetime = MORNING, done: bool = True) -> None:
    """In another second than what came before it."""
    with opened(folder / "review.gpkg", write=True) as connection:
        connection.execute("UPDATE twin_trail SET at = ''")
    tasks.mark(folder / "review.gpkg", fid, done=done, by=by, at=at)


def said(looked: tuple[ticks.Looked, ...]) -> list[tuple[str, list[tuple[str, str]]]]:
    return [(one.label, [(tick.by, tick.at[11:16]) for tick in one.ticks]) for one in looked]


def known(outside: Outside) -> list[tuple[str, list[tuple[str, str]]]]:
    return said(ticks.known(outside.copy.path, "p-1"))


def news(came: Summary) -> tuple[object, ...]:
    return said(came.ticked), said(came.opened), came.tasks_done, came.tasks


def test_each_tick_comes_once_with_who_and_when(three: Outside) -> None:
    tick(three.folder, 1, "Jan")
    came = home(three)
    assert news(came) == ([("Building 1", [("Jan", "09:00")])], [], 1, 3) and came.brought
    assert known(three) == [("Building 1", [("Jan", "09:00")]), ("Building 2", []), ("Building 3", [])]
    before = contents(three.copy.path)
    again = home(three)
    assert news(again) == ([], [], 1, 3) and not again.brought and contents(three.copy.path) == before
    tick(three.folder, 2, "Jan", NOON)
    assert news(home(three)) == ([("Building 2", [("Jan", "12:00")])], [], 2, 3)
    tick(three.folder, 1, "", done=False)
    assert news(home(three)) == ([], [("Building 1", [])], 1, 3)
    assert not WorkingCopy.open(three.copy.path).has_changes(), "no edit of the city"


def test_two_reviewers_tick_the_same_task(three: Outside) -> None:
    tick(three.folder, 3, "Jan")
    other = copied(three, "of Piet")  # a copy of what Jan did so far
    tick(three.folder, 1, "Jan", NOON)
    tick(other, 1, "Piet", MORNING)
    tick(other, 2, "Piet", MORNING)
    assert said(home(three).ticked) == [("Building 1", [("Jan", "12:00")]), ("Building 3", [("Jan", "09:00")])]
    came = home(three, other)
    assert news(came) == (
        [("Building 1", [("Piet", "09:00")]), ("Building 2", [("Piet", "09:00")])],
        [],
        3,
        3,
    )
    all_of_it = [
        ("Building 1", [("Piet", "09:00"), ("Jan", "12:00")]),
        ("Building 2", [("Piet", "09:00")]),
        ("Building 3", [("Jan", "09:00")]),
    ]
    assert known(three) == all_of_it
    tick(other, 1, "", done=False)  # Piet was mistaken; Jan was not
    assert news(home(three, other)) == ([], [], 3, 3)
    assert known(three)[0] == ("Building 1", [("Jan", "12:00")])
    assert news(home(three)) == ([], [], 3, 3)


def test_an_older_state_takes_no_tick_back(three: Outside) -> None:
    note(three, "k-2")
    early = copied(three, "early")
    tick(three.folder, 1, "Jan")
    home(three)
    came = home(three, early)
    assert came.again and news(came) == ([], [], 1, 3)
    assert known(three)[0] == ("Building 1", [("Jan", "09:00")])


def test_without_a_trail_nothing_is_taken_back(three: Outside) -> None:
    """Nobody can tell then which of two states is the newer one."""
    early = copied(three, "early")
    tick(three.folder, 1, "Jan")
    tick(early, 2, "Piet")
    home(three)
    with opened(early / "review.gpkg", write=True) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE name LIKE 'twin_trail_%'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute("DROP TABLE twin_trail")
    assert news(home(three, early)) == ([("Building 2", [("Piet", "09:00")])], [], 2, 3)


def test_other_packages_have_lists_of_their_own(three: Outside, tmp_path: Path) -> None:
    tick(three.folder, 1, "Jan")
    home(three)
    with opened(three.copy.path) as connection:
        assert [one.id for one in package.packages(connection)] == ["p-1"]
    assert ticks.known(three.copy.path, "p") == () and ticks.known(three.copy.path, "p-10") == ()


def test_a_package_that_does_not_say_who_it_is_is_told_of(three: Outside) -> None:
    tick(three.folder, 1, "Jan")
    (three.folder / "review.json").unlink()
    three.run("DROP TABLE twin_package")
    came = receive(WorkingCopy.open(three.copy.path), three.folder)
    assert (came.package, came.tasks, came.tasks_done, came.ticked) == (None, 3, 1, ())
