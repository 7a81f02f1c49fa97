"""Ways in which an edit could get lost, or a feature doubled, that a review of the working copy found."""

from __future__ import annotations

import json
import threading
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from plugin.twin.client import Twin
from plugin.twin.errors import Unsupported
from plugin.workcopy.alone import alone
from plugin.workcopy.body import geometry_to_send
from plugin.workcopy.checkout import checkout
from plugin.workcopy.conflicts import ConflictMoved, Resolution, resolution_of, resolve
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.errors import FileBusy
from plugin.workcopy.geometry import BadGeometry, decode, encode
from plugin.workcopy.publish import publish
from plugin.workcopy.pull import fetch, pull
from plugin.workcopy.sending import Ledger
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


# -- another schema --------------------------------------------------------------------------------------------------


def properties_of(twin: SmallTwin, change: Any, values: Any) -> None:
    """The twin's schema of the buildings, and every item's properties, changed."""
    with twin.store._connection() as db:
        body = json.loads(db.execute("SELECT body FROM collection WHERE id = 'buildings'").fetchone()[0])
        body["schema"]["properties"] = change(body["schema"]["properties"])
        db.execute("UPDATE collection SET body = ? WHERE id = 'buildings'", (json.dumps(body),))
        found = db.execute("SELECT fid, properties FROM item WHERE collection = 1 OR collection = 2").fetchall()
        for fid, text in found:
            properties = json.loads(text)
            if "floors" in properties:
                db.execute("UPDATE item SET properties = ? WHERE fid = ?", (json.dumps(values(properties)), fid))
        twin.store._read_collections(db)


def added(name: str) -> Any:
    def change(properties: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [*properties, {**properties[0], "name": name, "title": name, "type": "string"}]

    return change


def test_a_new_column_named_as_one_of_ours(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    run(copy, "ALTER TABLE buildings ADD COLUMN Roof TEXT")
    run(copy, "UPDATE buildings SET Roof = 'van mij' WHERE twin_id = 'b1'")
    properties_of(twin, added("roof"), lambda values: {**values, "roof": "plat"})
    assert pull(copy, client).reshaped == {"buildings"}
    assert row(copy, "b1", "Roof", "roof_2") == ("van mij", "plat")
    nothing_left(copy, client)


def test_a_column_that_goes_and_comes_back(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    kept: list[Any] = []

    def without(properties: list[dict[str, Any]]) -> list[dict[str, Any]]:
        kept.extend(p for p in properties if p["name"] == "opened")
        return [p for p in properties if p["name"] != "opened"]

    properties_of(twin, without, lambda values: {k: v for k, v in values.items() if k != "opened"})
    assert pull(copy, client).reshaped == {"buildings"}
    properties_of(twin, lambda properties: [*properties, *kept], lambda values: {**values, "opened": "2026-01-01"})
    assert pull(copy, client).reshaped == {"buildings"}
    assert row(copy, "b1", "opened_2") == ("2026-01-01",)
    nothing_left(copy, client)


def test_a_column_that_is_retyped_twice(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    def to(kind: str) -> Any:
        return lambda properties: [{**p, "type": kind} if p["name"] == "floors" else p for p in properties]

    properties_of(twin, to("string"), lambda values: {**values, "floors": "veel"})
    pull(copy, client)
    run(copy, "UPDATE buildings SET floors = 'meer' WHERE twin_id = 'b1'")
    properties_of(twin, to("integer"), lambda values: {**values, "floors": 3})
    pull(copy, client)
    assert row(copy, "b1", "floors", "floors_old") == (3, "meer")
    properties_of(twin, to("boolean"), lambda values: {**values, "floors": True})
    run(copy, "UPDATE buildings SET floors = 12 WHERE twin_id = 'b2'")
    pull(copy, client)
    assert row(copy, "b2", "floors", "floors_old_2") == (1, 12) and row(copy, "b1", "floors_old") == ("meer",)
    nothing_left(copy, client)


def test_a_retyped_column_keeps_what_no_page_shows(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    """A feature without an id never comes again; what it holds is converted too."""
    run(copy, "UPDATE twin_state SET tracking = 0")
    run(copy, "UPDATE buildings SET twin_id = 'urn:x-citytwin:no-id:1', twin_version = NULL WHERE twin_id = 'b1'")
    run(copy, "UPDATE twin_state SET tracking = 1")
    properties_of(
        twin,
        lambda properties: [{**p, "type": "string"} if p["name"] == "floors" else p for p in properties],
        lambda values: {**values, "floors": str(values["floors"])},
    )
    pull(copy, client)
    assert row(copy, "urn:x-citytwin:no-id:1", "floors") == ("1",)


def test_properties_that_the_schema_leaves_out_are_not_read_anew_each_time(
    client: Twin, twin: SmallTwin, tmp_path: Path
) -> None:
    """The checkout finds them in the features; a pull does not rewrite the whole table for that."""
    properties_of(twin, lambda properties: [p for p in properties if p["name"] != "opened"], lambda values: values)
    checkout(client, ["buildings"], tmp_path / "other.gpkg")
    copy = WorkingCopy.open(tmp_path / "other.gpkg")
    assert row(copy, "b1", "opened") == ("2020-01-02",)
    assert fetch(copy, client).layers[0].changed == ()
    with twin.store._connection() as db:
        db.execute("UPDATE item SET properties = json_set(properties, '$.height', 9), seq = seq + 1000 WHERE id = 'b2'")
    report = pull(copy, client)
    assert (report.updated, report.reshaped) == (1, frozenset()) and row(copy, "b1", "opened") == ("2020-01-02",)


# -- the file is right for every reader ------------------------------------------------------------------------------


def test_other_geometries_than_before_are_in_the_files_own_books(
    copy: WorkingCopy, client: Twin, twin: SmallTwin
) -> None:
    books = "SELECT geometry_type_name, z FROM gpkg_geometry_columns WHERE table_name = 'benches'"
    assert one(copy, books) == ("POINT", 0)
    with twin.store._connection() as db:
        (text,) = db.execute("SELECT body FROM collection WHERE id = 'benches'").fetchone()
        body = json.loads(text)
        body["schema"]["geometry_type"] = ""
        db.execute("UPDATE collection SET body = ? WHERE id = 'benches'", (json.dumps(body),))
        line = {"type": "LineString", "coordinates": [[92000, 436000, 1.5], [92010, 436010, 2.5]]}
        db.execute("UPDATE item SET geometry = ?, seq = seq + 1000, max_x = 92010 WHERE id = 's1'", (json.dumps(line),))
        twin.store._read_collections(db)
    pull(copy, client)
    assert one(copy, books) == ("GEOMETRY", 2)
    assert "LineString" in copy.source("benches").served_types and copy.source("benches").geometry_type == ""


# -- one bad apple ---------------------------------------------------------------------------------------------------


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
    for blob in (
        b"GP\x00\x11\x00\x00\x00\x00",
        b"GP\x00\x11\x00\x00\x00\x00\x01",
        b"GP\x00\x01\x00\x00\x00\x00\x01\x03",
    ):
        with pytest.raises(BadGeometry):
            decode(blob)


def test_the_extent_in_the_file_holds_what_a_decision_brought(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    run(copy, "UPDATE buildings SET geom = ? WHERE twin_id = 'b1'", blob(92300, 436000))
    twin.colleague("b1", geometry=square(99000, 436000))
    pull(copy, client)
    (conflict,) = copy.conflicts()
    resolve(copy, [resolution_of(conflict, "theirs")])
    assert one(copy, "SELECT max_x FROM gpkg_contents WHERE table_name = 'buildings'")[0] >= 99010


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
