"""Ways in which an edit could get lost that a review of the working copy found."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plugin.twin.client import Twin
from plugin.twin.errors import Unsupported
from plugin.workcopy.alone import alone
from plugin.workcopy.body import geometry_to_send
from plugin.workcopy.conflicts import ConflictMoved, resolution_of, resolve
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.errors import FileBusy
from plugin.workcopy.geometry import BadGeometry, decode
from plugin.workcopy.publish import publish
from plugin.workcopy.pull import pull
from plugin.workcopy.sending import Ledger

from .conftest import SmallTwin
from .test_publish import one, run
from .two_sides import BARE, blob, cut, nothing_left, pretend, row


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


def test_one_feature_that_cannot_be_asked_for_does_not_stop_the_pull(copy: WorkingCopy, twin: SmallTwin) -> None:
    client = Twin(twin.url)
    client.session.retries = 0

    def broken(environ: dict[str, Any], start: Any) -> Any:
        if environ["REQUEST_METHOD"] == "GET" and environ["PATH_INFO"].endswith("/items/b8"):
            start("500 Internal Server Error", [("Content-Type", "text/plain")])
            return [b"out of order"]
        return None

    twin.colleague_deletes("b7")
    twin.colleague_deletes("b8")
    twin.colleague("b1", height=99)
    twin.around.before = broken
    report = pull(copy, client)
    assert (report.updated, report.deleted) == (1, 1) and row(copy, "b8", "name") == ("Building 8",)
    assert "1 feature" in " ".join(report.notes)
    twin.around.before = None
    assert pull(copy, client).deleted == 1


def test_a_deleted_feature_without_an_id_stays_a_change(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    run(copy, "UPDATE twin_state SET tracking = 0")
    run(copy, "UPDATE buildings SET twin_id = 'urn:x-citytwin:no-id:1', twin_version = NULL WHERE twin_id = 'b1'")
    run(copy, "UPDATE twin_state SET tracking = 1")
    run(copy, "DELETE FROM buildings WHERE twin_id = 'urn:x-citytwin:no-id:1'")
    assert pull(copy, client).deleted == 0
    assert [change.kind for change in copy.changes()] == ["delete"]


def test_a_collection_that_is_gone_does_not_hold_back_the_others(
    copy: WorkingCopy, client: Twin, twin: SmallTwin
) -> None:
    """Neither its changes nor what an earlier publish of them left open."""
    run(copy, "UPDATE benches SET Order_2 = 'anders' WHERE twin_id = 's1'")
    reached: list[bool] = []

    def away(environ: dict[str, Any], _start: Any) -> Any:
        if environ["REQUEST_METHOD"] == "PATCH":
            reached.append(bool(b"".join(twin.around.app(environ, lambda *_: None))))
        if reached:
            raise ConnectionAbortedError
        return None

    def gone(environ: dict[str, Any], start: Any) -> Any:
        if environ["PATH_INFO"].startswith("/collections/benches"):
            start("404 Not Found", [("Content-Type", "application/json")])
            return [b"{}"]
        if environ["PATH_INFO"] != "/collections":
            return None
        document = json.loads(b"".join(twin.around.app({**environ, "HTTP_ACCEPT_ENCODING": ""}, lambda *_: None)))
        document["collections"] = [one for one in document["collections"] if one["id"] != "benches"]
        start("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(document).encode()]

    twin.around.before = away
    impatient = Twin(twin.url)
    impatient.session.retries = 0
    assert [o.state for o in publish(copy, impatient, "m").outcomes] == ["held"] and reached
    twin.around.before = gone
    run(copy, "UPDATE buildings SET height = 5 WHERE twin_id = 'b1'")
    fresh = Twin(twin.url)
    report = publish(copy, fresh, "m")
    assert (report.published, report.failed) == (1, 1), report
    assert twin.properties("b1")["height"] == 5
    assert pull(copy, fresh).layers[0].failed is False
    twin.around.before = None
    publish(copy, client, "m")
    nothing_left(copy, client)


def test_what_is_as_it_was_again_is_not_sent(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    """Taken back by hand between the plan and the sending."""
    run(copy, "UPDATE buildings SET height = 5 WHERE twin_id = 'b1'")
    changes = copy.changes()
    run(copy, "UPDATE buildings SET height = 11.5 WHERE twin_id = 'b1'")
    assert copy.changes() == []
    assert Ledger(copy, "p", "m", client_ids=True).write_ahead(changes) == []


def test_a_geometry_of_nothing_is_told_as_one_that_cannot_be_read() -> None:
    for made in (
        b"GP\x00\x11\x00\x00\x00\x00",
        b"GP\x00\x11\x00\x00\x00\x00\x01",
        b"GP\x00\x01\x00\x00\x00\x00\x01\x03",
    ):
        with pytest.raises(BadGeometry):
            decode(made)


def test_a_pull_leaves_alone_what_a_publish_is_sending(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    run(copy, "INSERT INTO buildings (name, geom) VALUES ('Nieuw', ?)", blob(92500))
    Ledger(copy, "p", "m", client_ids=False).write_ahead(copy.changes())
    sending = "SELECT count(*) FROM twin_outbox WHERE state = 'sending'"
    with alone(copy.path):
        pull(copy, client)
        assert one(copy, sending) == (1,)
    pull(copy, client)
    assert one(copy, sending) == (0,)


def test_a_file_that_is_locked_in_the_middle_ends_in_a_report(
    copy: WorkingCopy, client: Twin, twin: SmallTwin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """QGIS saves a large edit, say. Nothing is sent twice for that."""
    run(copy, "INSERT INTO buildings (name, geom) VALUES ('Nieuw', ?)", blob(92500))
    run(copy, "UPDATE buildings SET height = 5 WHERE twin_id = 'b1'")

    def busy(*_args: Any) -> Any:
        raise FileBusy("work.gpkg is being written by another program. Nothing was changed.")

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "settle", busy)
        patched.setattr(Ledger, "end", busy)
        report = publish(copy, client, "m")
    assert "found out at the next publish" in report.stopped and report.remaining == 2
    publish(copy, client, "m")
    assert twin.count() == 21 and twin.properties("b1")["height"] == 5
    nothing_left(copy, client)


@pytest.mark.parametrize("tier", ["w2"])
def test_a_set_that_was_taken_back_says_why(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    def refuse(environ: dict[str, Any], start: Any) -> Any:
        if environ["REQUEST_METHOD"] != "POST":
            return None
        start("422 Unprocessable Entity", [("Content-Type", "application/problem+json")])
        return [json.dumps({"failures": [{"index": 0, "status": 422, "detail": "te hoog"}]}).encode()]

    run(copy, "UPDATE buildings SET height = 5 WHERE twin_id IN ('b1', 'b2')")
    twin.around.before = refuse
    report = publish(copy, client, "m", on_conflict="stop")
    assert (report.failed, report.unsent) == (1, 1) and report.stopped


def test_a_curve_is_told_to_be_what_cannot_be_sent(copy: WorkingCopy) -> None:
    curve = b"GP\x00\x11\x00\x00\x00\x00" + b"\x01" + (10).to_bytes(4, "little") + bytes(4)
    with pytest.raises(Unsupported, match="GeoJSON"):
        geometry_to_send(copy.source("buildings"), curve)
