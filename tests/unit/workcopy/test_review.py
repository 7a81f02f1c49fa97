"""Ways in which an edit could get lost, or a feature doubled, that a review of the working copy found."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.twin.client import Twin
from plugin.workcopy.conflicts import ConflictMoved, Resolution, resolution_of, resolve
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.geometry import encode
from plugin.workcopy.publish import publish
from plugin.workcopy.pull import pull
from tests.copies import square

from .conftest import SmallTwin
from .test_publish import run
from .test_pull import nothing_left, row

BARE = ("no-item-etags", "no-create-with-id")


def blob(x: float, y: float = 436500.0) -> bytes:
    made = encode(square(x, y), 28992)[0]
    assert made is not None
    return made


def cut(twin: SmallTwin, method: str, *, arrives: bool, times: int = 1) -> None:
    """The next ``times`` requests of ``method`` get no answer."""
    left = iter(range(times))

    def before(environ: dict[str, Any], _start: Any) -> Any:
        if environ["REQUEST_METHOD"] == method and next(left, None) is not None:
            if arrives:
                b"".join(twin.around.app(environ, lambda *_: None))
            raise ConnectionAbortedError
        return None

    twin.around.before = before


# -- two programs, one file ------------------------------------------------------------------------------------------


def test_a_file_that_another_program_pulled_can_be_pulled_again(
    copy: WorkingCopy, client: Twin, twin: SmallTwin
) -> None:
    other = WorkingCopy.open(copy.path)
    twin.colleague("b1", height=99)
    assert pull(other, client).updated == 1
    twin.colleague("b2", height=98)
    assert pull(copy, client).updated == 1
    run(copy, "UPDATE buildings SET height = 5 WHERE twin_id = 'b3'")
    assert publish(copy, client, "m").published == 1


# -- tolerances ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tier", ["w0"])
def test_an_edit_below_the_last_digit_shown_is_sent_again(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    """11.5 is no rounded 11.54 when it stood there before."""
    run(copy, "UPDATE buildings SET height = 11.54 WHERE twin_id = 'b1'")
    cut(twin, "PATCH", arrives=False)
    publish(copy, client, "m")
    twin.around.before = None
    publish(copy, client, "m")
    assert row(copy, "b1", "height") == (11.54,) and twin.properties("b1")["height"] == 11.54
    nothing_left(copy, client)


def test_a_small_edit_that_the_twin_did_not_keep_stays_ours(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    def pretend(environ: dict[str, Any], start: Any) -> Any:
        if environ["REQUEST_METHOD"] == "PATCH":
            environ["wsgi.input"].read()
            start("204 No Content", [])
            return [b""]
        return None

    run(copy, "UPDATE buildings SET height = 11.54 WHERE twin_id = 'b1'")
    twin.around.before = pretend
    assert publish(copy, client, "m").failed == 1
    assert row(copy, "b1", "height") == (11.54,) and len(copy.changes()) == 1


@pytest.mark.parametrize("tokens", [True, False])
def test_cents_of_a_large_sum_are_an_edit(copy: WorkingCopy, client: Twin, twin: SmallTwin, tokens: bool) -> None:
    """1234567.85 and 1234567.89 are the same in single precision; they are not the same sum."""
    twin.colleague("b1", height=1234567.85)
    pull(copy, client)
    twin.colleague("b1", height=1234567.89)
    if not tokens:
        run(copy, "UPDATE twin_state SET tracking = 0")
        run(copy, "UPDATE buildings SET twin_version = NULL")
        run(copy, "UPDATE twin_state SET tracking = 1")
    assert pull(copy, client).updated == 1
    assert row(copy, "b1", "height") == (1234567.89,)


# -- deciding about something else than what was shown ---------------------------------------------------------------


@pytest.mark.parametrize("tier", ["w0"])
@pytest.mark.parametrize("quirks", [BARE])
def test_without_tokens_an_older_decision_is_not_applied(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    run(copy, "UPDATE buildings SET height = 1 WHERE twin_id = 'b1'")
    twin.colleague("b1", height=99)
    pull(copy, client)
    (shown,) = copy.conflicts()
    twin.colleague("b1", height=100)
    pull(copy, client)
    with pytest.raises(ConflictMoved):
        resolve(copy, [resolution_of(shown, "mine")])


def test_a_decision_does_not_undo_a_later_edit_of_ours(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    run(copy, "UPDATE buildings SET height = 1 WHERE twin_id IN ('b1', 'b2')")
    twin.colleague("b1", height=99)
    twin.colleague_deletes("b2")
    pull(copy, client)
    shown = {conflict.twin_id: conflict for conflict in copy.conflicts()}
    run(copy, "UPDATE buildings SET height = 7 WHERE twin_id IN ('b1', 'b2')")
    for decision in (resolution_of(shown["b1"], "mine"), resolution_of(shown["b2"], "theirs")):
        with pytest.raises(ConflictMoved):
            resolve(copy, [decision])
    assert row(copy, "b1", "height") == (7,) and row(copy, "b2", "height") == (7,)


# -- doubles ---------------------------------------------------------------------------------------------------------


def test_two_creates_that_became_the_same_are_not_both_published(
    copy: WorkingCopy, client: Twin, twin: SmallTwin
) -> None:
    run(copy, "INSERT INTO buildings (name, geom) VALUES ('Mijn', ?)", blob(92600))
    theirs = twin.colleague_adds(square(92600, 436500), name="Hun")
    pull(copy, client)
    run(copy, "UPDATE buildings SET name = 'Hun' WHERE twin_id IS NULL")
    publish(copy, client, "m")
    assert twin.count() == 21, "theirs, and no second one"
    (conflict,) = copy.conflicts()
    resolve(copy, [Resolution("buildings", theirs, conflict.token)])
    assert copy.changes() == [] and row(copy, theirs, "name") == ("Hun",)
    nothing_left(copy, client)
