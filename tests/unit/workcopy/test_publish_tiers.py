"""Publishing to the embedded twin in each tier: refused, cut, taken back, held, unshown."""

from __future__ import annotations

import contextlib
import json
import threading
from typing import Any

import pytest

from plugin.twin.client import Twin
from plugin.workcopy import journal
from plugin.workcopy.connection import opened
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.errors import FileBusy
from plugin.workcopy.geometry import encode
from plugin.workcopy.publish import publish
from plugin.workcopy.pull import pull
from plugin.workcopy.sending import Ledger
from tests.copies import square

from .conftest import SmallTwin
from .test_publish import run
from .two_sides import TIERS, nothing_left, pretend, row, states_of


@TIERS
def test_conflict_at_publish_skip_or_stop(copy: WorkingCopy, client: Twin, twin: SmallTwin, tier: str) -> None:
    run(copy, "UPDATE buildings SET height = 1 WHERE twin_id IN ('b1', 'b2', 'b3')")
    twin.colleague("b1", height=99)
    if tier == "w2":
        before = twin.writes()
        stopped = publish(copy, client, "m", on_conflict="stop")
        assert (stopped.published, stopped.conflicts, stopped.unsent) == (0, 1, 2)
        assert twin.writes() == before and stopped.protection == "atomic"
        refused = publish(copy, client, "m", on_conflict="stop")
        assert refused.stopped and refused.published == 0 and twin.writes() == before
    skipped = publish(copy, client, "m")
    assert (skipped.published, skipped.conflicts) == (2, 1)
    assert skipped.protection == {"w0": "unprotected", "w1": "locked", "w2": "atomic"}[tier]
    assert twin.properties("b1")["height"] == 99 and twin.properties("b3")["height"] == 1


@pytest.mark.parametrize("tier", ["w2"])
def test_sets_are_cut_by_the_servers_limit(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    run(copy, "UPDATE buildings SET height = 1 + floors")
    report = publish(copy, client, "m")
    assert (report.published, report.sets, report.limit) == (20, 4, 5)
    posts = [path for method, path, _ in twin.around.seen if method == "POST"]
    assert len(posts) == 4
    nothing_left(copy, client)


@pytest.mark.parametrize("tier", ["w2"])
def test_a_set_that_landed_is_settled_whatever_becomes_of_the_next(
    copy: WorkingCopy, client: Twin, twin: SmallTwin
) -> None:
    run(copy, "UPDATE buildings SET height = 1 + floors")
    twin.colleague(str(copy.changes()[7].twin_id), height=99)
    report = publish(copy, client, "m")
    assert (report.published, report.conflicts, report.sets) == (19, 1, 4)
    with opened(copy.path) as connection:
        assert journal.unsettled(connection) == []
    assert len(copy.changes()) == 1


@pytest.mark.parametrize("tier", ["w2"])
def test_what_cannot_be_settled_is_found_out_later(
    copy: WorkingCopy, client: Twin, twin: SmallTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program takes the file while a set is at the twin: the set landed, and nothing says otherwise."""
    run(copy, "UPDATE buildings SET height = 1 + floors")
    settle = Ledger.settle
    calls: list[int] = []

    def busy(ledger: Ledger, answers: Any) -> Any:
        calls.append(len(answers))
        if len(calls) == 2:
            raise FileBusy("The working copy is busy.")
        return settle(ledger, answers)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "settle", busy)
        report = publish(copy, client, "m")
    assert report.stopped and calls == [5, 5]
    written = twin.writes()
    with opened(copy.path) as connection:
        assert {entry.state for entry in journal.unsettled(connection)} == {"sending"}
    again = publish(copy, client, "m")
    assert not again.stopped and copy.changes() == []
    assert twin.writes() > written
    nothing_left(copy, client)


@TIERS
def test_a_bad_change_leaves_the_others(copy: WorkingCopy, client: Twin, twin: SmallTwin, tier: str) -> None:
    """One that passes our own checks and that the server refuses: its rule is not in its schema."""
    with twin.store._connection() as db:
        body = json.loads(db.execute("SELECT body FROM collection WHERE id = 'buildings'").fetchone()[0])
        for prop in body["schema"]["properties"]:
            if prop["name"] == "floors":
                prop["maximum"] = 50
        db.execute("UPDATE collection SET body = ? WHERE id = 'buildings'", (json.dumps(body),))
        twin.store._read_collections(db)
    run(copy, "UPDATE buildings SET height = 5 WHERE twin_id = 'b1'")
    run(copy, "UPDATE buildings SET floors = 500 WHERE twin_id = 'b2'")
    report = publish(copy, client, "m")
    assert (report.published, report.failed) == (1, 1)
    bad = next(outcome for outcome in report.outcomes if outcome.state == "failed")
    assert bad.change.twin_id == "b2" and bad.status in (400, 422) and "50" in bad.message
    assert twin.properties("b1")["height"] == 5 and len(copy.changes()) == 1


@pytest.mark.parametrize("tier", ["w0"])
@pytest.mark.parametrize(
    "quirks", [("drops-unknown", "number-decimals=1"), ("no-patch", "put-needs-id", "integer-ids")]
)
def test_an_unprotected_twin_is_read_again(
    copy: WorkingCopy, client: Twin, twin: SmallTwin, quirks: tuple[str, ...]
) -> None:
    run(copy, "UPDATE buildings SET height = 12.3456 WHERE twin_id = 'b1'")
    run(copy, "INSERT INTO buildings (name, geom) VALUES ('Nieuw', ?)", encode(square(92500, 436500), 28992)[0])
    report = publish(copy, client, "m")
    assert (report.published, report.protection) == (2, "unprotected")
    stored = twin.properties("b1")["height"]
    assert stored == (12.3 if "number-decimals=1" in quirks else 12.3456)
    assert row(copy, "b1", "height") == (stored,), "what the twin made of it is what is shown"
    nothing_left(copy, client)


def test_a_twin_that_says_yes_and_does_nothing(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    """A 200 to a change that was not made: the change stays ours."""

    run(copy, "UPDATE buildings SET height = 5 WHERE twin_id = 'b1'")
    twin.around.before = pretend
    report = publish(copy, client, "m")
    assert report.failed == 1 and "did not keep" in report.outcomes[0].message
    assert row(copy, "b1", "height") == (5,) and len(copy.changes()) == 1
    twin.around.before = None
    assert publish(copy, client, "m").published == 1
    nothing_left(copy, client)


@pytest.mark.parametrize("quirks", [("no-create-with-id",)])
def test_a_create_without_an_answer_is_found_by_its_place(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    run(copy, "INSERT INTO buildings (name, geom) VALUES ('Nieuw', ?)", encode(square(92500, 436500), 28992)[0])
    cut = iter([True])

    def drop_answer(environ: dict[str, Any], start: Any) -> Any:
        if environ["REQUEST_METHOD"] == "POST" and next(cut, False):
            b"".join(twin.around.app(environ, lambda *_: None))
            raise ConnectionAbortedError
        return None

    twin.around.before = drop_answer
    report = publish(copy, client, "m")
    assert (report.published, report.stopped) == (1, ""), report
    assert twin.count() == 21
    nothing_left(copy, client)


@pytest.mark.parametrize("quirks", [("no-create-with-id",)])
def test_a_create_that_cannot_be_told_is_held_until_released(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    from plugin.workcopy.recovery import release

    run(copy, "INSERT INTO buildings (name) VALUES ('Zonder plaats')")
    cut = iter([True])

    def drop_answer(environ: dict[str, Any], _start: Any) -> Any:
        if environ["REQUEST_METHOD"] == "POST" and next(cut, False):
            b"".join(twin.around.app(environ, lambda *_: None))
            raise ConnectionAbortedError
        return None

    twin.around.before = drop_answer
    assert [o.state for o in publish(copy, client, "m").outcomes] == ["held"]
    assert [o.state for o in publish(copy, client, "m").outcomes] == ["held"], "not sent twice unasked"
    assert twin.count() == 21
    report = pull(copy, client)
    assert report.created == 0 and copy.changes() == [], "the pull recognises it by what was sent"
    run(copy, "INSERT INTO buildings (name) VALUES ('Nog een')")
    cut = iter([True])
    publish(copy, client, "m")
    release(copy, copy.changes())
    assert publish(copy, client, "m").published == 1


def test_history(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    from plugin.workcopy import history

    assert history.publications(copy) == []
    run(copy, "UPDATE buildings SET height = 1 WHERE twin_id IN ('b1', 'b2')")
    run(copy, "UPDATE buildings SET height = 'hoog' WHERE twin_id = 'b3'")
    twin.colleague("b1", height=99)
    publish(copy, client, "Eerste")
    run(copy, "UPDATE buildings SET height = 3 WHERE twin_id = 'b4'")
    publish(copy, client, "Tweede")
    second, first = history.publications(copy)
    assert (first.message, first.published, first.clashes, first.failed, first.unsent) == ("Eerste", 1, 1, 1, 0)
    assert (second.message, second.published, second.clashes, second.protection) == ("Tweede", 1, 1, "locked")
    assert first.ended is not None and first.started <= first.ended <= second.started
    results = {one.label: (one.state, one.status) for one in history.sent(copy, first.id)}
    assert results == {"Building 1": ("clash", 412), "Building 2": ("published", 200), "Building 3": ("invalid", 0)}
    table = history.as_csv(copy, first.id)
    assert table.count("\r\n") == 4 and "Eerste" in table and "Tweede" not in table


def test_many_at_a_time(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    """Writes overlap, and no two of one batch are mixed up."""
    run(copy, "UPDATE buildings SET height = floors * 100")
    together, most = [0], [0]
    lock = threading.Lock()
    gate = threading.Barrier(4, timeout=5)

    def count(environ: dict[str, Any], _start: Any) -> None:
        if environ["REQUEST_METHOD"] != "PATCH":
            return
        with lock:
            together[0] += 1
            most[0] = max(most[0], together[0])
        with contextlib.suppress(threading.BrokenBarrierError):
            gate.wait()
        with lock:
            together[0] -= 1

    twin.around.before = count
    assert publish(copy, client, "m").published == 20
    assert most[0] >= 4
    assert all(twin.properties(f"b{n}")["height"] == n * 100 for n in range(1, 21))
    nothing_left(copy, client)


def test_a_delete_that_no_lock_guards_is_compared_first(copy: WorkingCopy, twin: SmallTwin) -> None:
    """The standard's locks are for PUT and PATCH; a twin that does not promise more is not believed to have more."""

    def unlocked(environ: dict[str, Any], start: Any) -> Any:
        if environ["PATH_INFO"] == "/conformance":
            plain = {key: value for key, value in environ.items() if key != "HTTP_ACCEPT_ENCODING"}
            kept: list[Any] = []
            body = b"".join(twin.around.app(plain, lambda status, headers, *_: kept.append((status, headers))))
            start(*[kept[0][0], [(k, v) for k, v in kept[0][1] if k.lower() not in ("content-length", "etag")]])
            return [body.replace(b"delete-if-match", b"nothing")]
        return None

    twin.around.before = unlocked
    client = Twin(twin.url)
    assert client.capabilities().tier == "W1" and not client.capabilities().delete_if_match
    run(copy, "DELETE FROM buildings WHERE twin_id IN ('b1', 'b2')")
    twin.colleague("b2", name="Behouden")
    twin.around.seen.clear()
    report = publish(copy, client, "m")
    assert (report.published, report.conflicts, report.protection) == (1, 1, "locked")
    asked = [(m, p.rsplit("/", 1)[1]) for m, p, _ in twin.around.seen if "/items/b" in p]
    assert ("GET", "b1") in asked and ("DELETE", "b1") in asked and ("DELETE", "b2") not in asked
    assert "compared right before" in report.outcomes[-1].message + report.outcomes[0].message


def test_one_feature_that_the_twin_cannot_show_holds_up_nobody(
    copy: WorkingCopy, client: Twin, twin: SmallTwin
) -> None:
    def broken(environ: dict[str, Any], start: Any) -> Any:
        if environ["PATH_INFO"].endswith("/items/b1"):
            start("500 Internal Server Error", [("Content-Type", "text/plain")])
            return [b"no such luck"]
        return None

    run(copy, "UPDATE buildings SET height = 5 WHERE twin_id IN ('b1', 'b2', 'b3')")
    client.session.retries = 0
    twin.around.before = broken
    report = publish(copy, client, "m")
    assert states_of(report) == {"b1": "held", "b2": "published", "b3": "published"} and report.stopped == ""
    run(copy, "UPDATE buildings SET height = 6 WHERE twin_id = 'b2'")
    assert states_of(publish(copy, client, "m")) == {"b1": "held", "b2": "published"}
    twin.around.before = None
    assert states_of(publish(copy, client, "m")) == {"b1": "published"}
    nothing_left(copy, client)


@pytest.mark.parametrize("tier", ["w0"])
def test_an_unprotected_write_that_is_not_shown_is_not_believed(
    copy: WorkingCopy, client: Twin, twin: SmallTwin
) -> None:
    """It says 200, and then nothing: whether the change is there is found out later."""
    wrote: list[str] = []

    def dark(environ: dict[str, Any], start: Any) -> Any:
        if environ["REQUEST_METHOD"] == "PATCH":
            wrote.append("yes")
            environ["wsgi.input"].read()
            start("204 No Content", [])
            return [b""]
        if wrote and environ["PATH_INFO"].endswith("/items/b1"):
            start("500 Internal Server Error", [("Content-Type", "text/plain")])
            return [b"dark"]
        return None

    run(copy, "UPDATE buildings SET height = 5 WHERE twin_id = 'b1'")
    client.session.retries = 0
    twin.around.before = dark
    assert states_of(publish(copy, client, "m")) == {"b1": "held"}
    twin.around.before = None
    assert twin.properties("b1")["height"] == 11.5
    assert pull(copy, client).updated == 0 and row(copy, "b1", "height") == (5,), "ours is still ours"
    assert states_of(publish(copy, client, "m")) == {"b1": "published"}
    assert twin.properties("b1")["height"] == 5
