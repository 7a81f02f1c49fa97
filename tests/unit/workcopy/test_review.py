"""Ways in which an edit could get lost, or a feature doubled, that a review of the working copy found."""

from __future__ import annotations

import json
from io import BytesIO
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
from .test_publish import one, run
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


@pytest.mark.parametrize("quirks", [("no-create-with-id",)])
def test_a_create_that_the_twin_rewrote_is_held(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    """The answer is lost, and what lies there is in the same place but not quite what was sent."""
    run(copy, "INSERT INTO buildings (name, geom) VALUES ('Nieuw', ?)", blob(92500))
    done = iter([True])

    def rewrite(environ: dict[str, Any], _start: Any) -> Any:
        if environ["REQUEST_METHOD"] == "POST" and next(done, False):
            environ["wsgi.input"].read()
            twin.around.before = None
            twin.colleague_adds(square(92500, 436500), name="NIEUW")
            raise ConnectionAbortedError
        return None

    twin.around.before = rewrite
    assert [o.state for o in publish(copy, client, "m").outcomes] == ["held"]
    assert [o.state for o in publish(copy, client, "m").outcomes] == ["held"]
    assert twin.count() == 21


@pytest.mark.parametrize("quirks", [("no-create-with-id",)])
def test_a_create_that_was_taken_is_never_sent_again_unasked(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    """201 without an address, and nothing to be found yet."""

    def nameless(environ: dict[str, Any], start: Any) -> Any:
        if environ["REQUEST_METHOD"] == "POST":
            environ["wsgi.input"].read()
            start("201 Created", [])
            return [b""]
        return None

    run(copy, "INSERT INTO buildings (name, geom) VALUES ('Nieuw', ?)", blob(92500))
    twin.around.before = nameless
    assert [o.state for o in publish(copy, client, "m").outcomes] == ["held"]
    twin.around.seen.clear()
    assert [o.state for o in publish(copy, client, "m").outcomes] == ["held"]
    assert "POST" not in {method for method, *_ in twin.around.seen}


@pytest.mark.parametrize("quirks", [(), ("no-create-with-id",)])
def test_a_queued_create_is_not_sent_again(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    queue: list[tuple[dict[str, Any], bytes]] = []

    def later(environ: dict[str, Any], start: Any) -> Any:
        if environ["REQUEST_METHOD"] == "POST":
            queue.append((environ, environ["wsgi.input"].read()))
            start("202 Accepted", [])
            return [b""]
        return None

    run(copy, "INSERT INTO buildings (name, geom) VALUES ('Nieuw', ?)", blob(92500))
    twin.around.before = later
    publish(copy, client, "m")
    twin.around.before = None
    environ, body = queue[0]
    b"".join(twin.around.app({**environ, "wsgi.input": BytesIO(body)}, lambda *_: None))
    publish(copy, client, "m")
    assert twin.count() == 21 and copy.changes() == []
    nothing_left(copy, client)


def test_a_create_that_arrived_late_is_asked_about(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    """Looked for in vain after a cut, it arrives all the same; meanwhile the feature was edited here. Without asking,
    the older state would be taken for what was sent."""
    late: list[tuple[dict[str, Any], bytes]] = []

    def keep(environ: dict[str, Any], _start: Any) -> Any:
        if environ["REQUEST_METHOD"] == "POST":
            late.append((environ, environ["wsgi.input"].read()))
            raise ConnectionAbortedError
        return None

    run(copy, "INSERT INTO buildings (name, geom) VALUES ('Nieuw', ?)", blob(92500))
    twin.around.before = keep
    publish(copy, client, "m")
    twin.around.before = None
    environ, body = late[0]
    b"".join(twin.around.app({**environ, "wsgi.input": BytesIO(body)}, lambda *_: None))
    run(copy, "UPDATE buildings SET name = 'Nieuwer' WHERE twin_id IS NULL")
    assert [o.state for o in publish(copy, client, "m").outcomes] == ["clash"]
    (conflict,) = copy.conflicts()
    assert [(c.column, c.mine, c.theirs) for c in conflict.clashes] == [("name", "Nieuwer", "Nieuw")]
    resolve(copy, [resolution_of(conflict, "mine")])
    assert publish(copy, client, "m").published == 1
    assert twin.count() == 21 and one(copy, "SELECT count(*) FROM buildings WHERE name = 'Nieuwer'") == (1,)
    (twin_id,) = one(copy, "SELECT twin_id FROM buildings WHERE name = 'Nieuwer'")
    assert twin.properties(twin_id)["name"] == "Nieuwer"
    nothing_left(copy, client)


# -- what is not ours to change --------------------------------------------------------------------------------------


@pytest.mark.parametrize("quirks", [("no-patch",)])
def test_a_whole_replacement_keeps_the_outline_as_it_came(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    """A geometry that the file cannot hold is sent back as it is, not as none."""
    surface = {"type": "TIN", "coordinates": [[1]]}
    sent: list[Any] = []

    def strange(environ: dict[str, Any], start: Any) -> Any:
        if not environ["PATH_INFO"].endswith("/items/b1"):
            return None
        if environ["REQUEST_METHOD"] == "PUT":
            sent.append(json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))["geometry"])
            start("204 No Content", [])
            return [b""]
        kept: list[Any] = []
        plain = {key: value for key, value in environ.items() if key != "HTTP_ACCEPT_ENCODING"}
        body = b"".join(twin.around.app(plain, lambda status, headers, *_: kept.append((status, headers))))
        document = {**json.loads(body), "geometry": surface}
        start(kept[0][0], [(k, v) for k, v in kept[0][1] if k.lower() not in ("content-length", "content-encoding")])
        return [json.dumps(document).encode()]

    run(copy, "UPDATE buildings SET height = 5 WHERE twin_id = 'b1'")
    twin.around.before = strange
    publish(copy, client, "m")
    assert sent == [surface]
