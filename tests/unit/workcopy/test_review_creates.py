"""Ways in which a feature could get doubled, or a create lost, that a review of the working copy found."""

from __future__ import annotations

import threading
from io import BytesIO
from typing import Any

import pytest

from plugin.twin.client import Twin
from plugin.workcopy.conflicts import Resolution, resolution_of, resolve
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.publish import publish
from plugin.workcopy.pull import pull
from tests.copies import square

from .conftest import SmallTwin
from .test_publish import one, run
from .two_sides import blob, nothing_left, row


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


@pytest.mark.parametrize("looked_again", [True, False])
def test_a_create_that_arrives_late(copy: WorkingCopy, client: Twin, twin: SmallTwin, looked_again: bool) -> None:
    """Looked for in vain after a cut, it arrives all the same; meanwhile the feature was edited here. The next publish
    looks again, and knows it for ours. Where it arrives even after that, somebody is asked: without, the older state
    would be taken for what was sent."""
    late: list[tuple[dict[str, Any], bytes]] = []

    def keep(environ: dict[str, Any], _start: Any) -> Any:
        if environ["REQUEST_METHOD"] == "POST":
            late.append((environ, environ["wsgi.input"].read()))
            raise ConnectionAbortedError
        return None

    run(copy, "INSERT INTO buildings (name, geom) VALUES ('Nieuw', ?)", blob(92500))
    twin.around.before = keep
    publish(copy, client, "m")

    def arrive(environ: dict[str, Any], _start: Any) -> Any:
        if late and environ["REQUEST_METHOD"] == ("GET" if looked_again else "POST"):
            earlier, body = late.pop()
            b"".join(twin.around.app({**earlier, "wsgi.input": BytesIO(body)}, lambda *_: None))
        return None

    twin.around.before = arrive
    run(copy, "UPDATE buildings SET name = 'Nieuwer' WHERE twin_id IS NULL")
    states = [o.state for o in publish(copy, client, "m").outcomes]
    if looked_again:
        assert states == ["published"] and copy.conflicts() == []
        assert twin.count() == 21 and one(copy, "SELECT count(*) FROM buildings WHERE name = 'Nieuwer'") == (1,)
        nothing_left(copy, client)
        return
    assert states == ["clash"]
    (conflict,) = copy.conflicts()
    assert [(c.column, c.mine, c.theirs) for c in conflict.clashes] == [("name", "Nieuwer", "Nieuw")]
    resolve(copy, [resolution_of(conflict, "mine")])
    assert publish(copy, client, "m").published == 1
    assert twin.count() == 21 and one(copy, "SELECT count(*) FROM buildings WHERE name = 'Nieuwer'") == (1,)
    (twin_id,) = one(copy, "SELECT twin_id FROM buildings WHERE name = 'Nieuwer'")
    assert twin.properties(twin_id)["name"] == "Nieuwer"
    nothing_left(copy, client)


@pytest.mark.parametrize("quirks", [("no-create-with-id",)])
def test_of_two_equal_creates_one_arrived(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    """Pasted twice, say. The one that is found is not both of them."""
    for _ in range(2):
        run(copy, "INSERT INTO buildings (name, geom) VALUES ('Nieuw', ?)", blob(92500))
    both = threading.Barrier(2, timeout=5)
    arrives = iter([True, False])

    def lose(environ: dict[str, Any], _start: Any) -> Any:
        if environ["REQUEST_METHOD"] != "POST":
            return None
        if next(arrives, False):
            b"".join(twin.around.app(environ, lambda *_: None))
        both.wait()
        raise ConnectionAbortedError

    twin.around.before = lose
    publish(copy, client, "m")
    twin.around.before = None
    publish(copy, client, "m")
    assert twin.count() == 22 and copy.changes() == []
    ids = one(copy, "SELECT count(DISTINCT twin_id), count(*) FROM buildings WHERE name = 'Nieuw'")
    assert ids == (2, 2)
    nothing_left(copy, client)
