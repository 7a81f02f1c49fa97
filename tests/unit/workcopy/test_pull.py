"""Pull against the embedded twin over HTTP, in each tier: what others did, merged into what we did."""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from plugin.twin.client import Twin
from plugin.twin.errors import CityTwinError, Unreachable
from plugin.workcopy import conflicts
from plugin.workcopy.checkout import checkout
from plugin.workcopy.conflicts import ConflictMoved, Resolution, resolution_of, resolve, resolve_all
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.geometry import decode, demoted, encode
from plugin.workcopy.publish import publish
from plugin.workcopy.pull import Stale, apply, fetch, pull
from tests.copies import square

from .conftest import SmallTwin
from .test_publish import one, run

TIERS = pytest.mark.parametrize("tier", ["w0", "w1", "w2"])
NO_TOKENS = ("no-item-etags",)


def row(copy: WorkingCopy, identity: str, *names: str) -> Any:
    return one(copy, f"SELECT {', '.join(names)} FROM buildings WHERE twin_id = ?", identity)


def outline(copy: WorkingCopy, identity: str) -> Any:
    geometry = decode(row(copy, identity, "geom")[0])
    assert geometry is not None
    return demoted(geometry)["coordinates"]


def nothing_left(copy: WorkingCopy, client: Twin) -> None:
    again = pull(copy, client)
    assert (again.created, again.updated, again.deleted, again.merged, again.conflicts) == (0, 0, 0, 0, 0)
    assert copy.changes() == [] and copy.conflicts() == []


@TIERS
def test_what_others_did_comes_in(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    twin.colleague("b1", height=99.5, geometry=square(92000, 436300))
    twin.colleague_deletes("b2")
    new = twin.colleague_adds(square(93000, 436000), name="Van hen", height=7)
    report = pull(copy, client)
    assert (report.created, report.updated, report.deleted, report.merged, report.conflicts) == (1, 1, 1, 0, 0)
    assert report.touched == {"buildings"} and report.notes == ()
    assert row(copy, "b1", "height") == (99.5,)
    assert outline(copy, "b1") == square(92000, 436300)["coordinates"]
    assert row(copy, "b2", "height") is None
    assert row(copy, new, "name", "height") == ("Van hen", 7)
    (found,) = one(copy, "SELECT count(*) FROM rtree_buildings_geom WHERE minx > 92990 AND maxy < 436400")
    assert found == 1
    assert one(copy, "SELECT max_x FROM gpkg_contents WHERE table_name = 'buildings'")[0] >= 93000
    nothing_left(copy, client)
    run(copy, "UPDATE buildings SET height = 8 WHERE twin_id = ?", new)
    assert publish(copy, client, "m").published == 1, "the lock that the pull brought fits"


@TIERS
def test_edits_of_both_are_merged_column_by_column(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    run(copy, "UPDATE buildings SET height = 42, name = NULL WHERE twin_id = 'b1'")
    run(copy, "DELETE FROM buildings WHERE twin_id = 'b3'")
    run(copy, "UPDATE buildings SET floors = 5 WHERE twin_id = 'b4'")
    twin.colleague("b1", floors=9, geometry=square(92000, 436300))
    twin.colleague_deletes("b3")
    twin.colleague("b4", floors=5)
    report = pull(copy, client)
    assert (report.updated, report.deleted, report.merged, report.conflicts) == (0, 0, 2, 0)
    assert row(copy, "b1", "height", "name", "floors") == (42, None, 9)
    (change,) = copy.changes()
    assert {cell.column for cell in change.cells} == {"height", "name"}
    assert publish(copy, client, "m").published == 1
    properties = twin.properties("b1")
    assert (properties["height"], properties.get("name"), properties["floors"]) == (42, None, 9)
    nothing_left(copy, client)


@TIERS
def test_what_both_changed_is_asked_and_can_be_resolved(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    run(copy, "UPDATE buildings SET height = 1, floors = 3 WHERE twin_id = 'b1'")
    run(copy, "UPDATE buildings SET height = 2 WHERE twin_id = 'b2'")
    run(copy, "DELETE FROM buildings WHERE twin_id = 'b3'")
    run(copy, "UPDATE buildings SET geom = ? WHERE twin_id = 'b4'", encode(square(92400, 436000), 28992)[0])
    twin.colleague("b1", height=99, name="Anders")
    twin.colleague_deletes("b2")
    twin.colleague("b3", name="Behouden")
    twin.colleague("b4", geometry=square(92700, 436000))
    report = pull(copy, client)
    assert (report.conflicts, report.merged, report.updated, report.deleted) == (4, 0, 0, 0)
    found = {conflict.twin_id: conflict for conflict in copy.conflicts()}
    assert {(i, c.kind) for i, c in found.items()} == {
        ("b1", "update-update"),
        ("b2", "update-delete"),
        ("b3", "delete-update"),
        ("b4", "update-update"),
    }
    assert {cell.column: cell.verdict for cell in found["b1"].cells if cell.verdict != "same"} == {
        "height": "clash",
        "floors": "mine",
        "name": "theirs",
    }
    assert pull(copy, client).conflicts == 0, "nothing new about them"
    blocked = publish(copy, client, "m")
    assert (blocked.conflicts, blocked.published) == (4, 0) and twin.properties("b1")["height"] == 99

    middle = encode(square(92550, 436000), 28992)[0]
    decided = [
        Resolution("buildings", "b1", found["b1"].token, "merged", {"height": 50.5}),
        resolution_of(found["b2"], "mine"),
        resolution_of(found["b3"], "mine"),
        Resolution("buildings", "b4", found["b4"].token, "merged", {"geom": middle}),
    ]
    assert resolve(copy, decided) == 4 and copy.conflicts() == []
    assert row(copy, "b1", "height", "floors", "name") == (50.5, 3, "Anders")
    kinds = sorted((change.kind, change.label) for change in copy.changes())
    assert kinds == [
        ("delete", "Behouden"),
        ("insert", "Building 2"),
        ("update", "Anders"),
        ("update", "Building 4"),
    ]
    assert publish(copy, client, "m").published == 4
    properties = twin.properties("b1")
    assert (properties["height"], properties["floors"], properties["name"]) == (50.5, 3, "Anders")
    assert twin.get("b3").status_code == 404 and twin.count() == 19
    assert twin.get("b4").json()["geometry"] == square(92550, 436000)
    nothing_left(copy, client)


@TIERS
@pytest.mark.parametrize("strategy", ["mine", "theirs"])
def test_all_for_one_side(copy: WorkingCopy, client: Twin, twin: SmallTwin, strategy: Any) -> None:
    run(copy, "UPDATE buildings SET height = 1 WHERE twin_id = 'b1'")
    run(copy, "UPDATE buildings SET height = 2 WHERE twin_id = 'b2'")
    run(copy, "DELETE FROM buildings WHERE twin_id = 'b3'")
    twin.colleague("b1", height=99)
    twin.colleague_deletes("b2")
    twin.colleague("b3", name="Behouden")
    pull(copy, client)
    assert resolve_all(copy, strategy, "buildings") == 3
    report = publish(copy, client, "m")
    if strategy == "mine":
        assert report.published == 3 and twin.properties("b1")["height"] == 1 and twin.count() == 19
        assert twin.get("b3").status_code == 404
    else:
        assert report.outcomes == () and twin.properties("b1")["height"] == 99
        assert row(copy, "b3", "name") == ("Behouden",) and row(copy, "b2", "name") is None
    nothing_left(copy, client)


def test_a_conflict_goes_when_an_edit_ends_it(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    run(copy, "UPDATE buildings SET height = 1 WHERE twin_id = 'b1'")
    twin.colleague("b1", height=99)
    pull(copy, client)
    (conflict,) = copy.conflicts()
    run(copy, "UPDATE buildings SET height = 99 WHERE twin_id = 'b1'")
    assert copy.conflicts() == [] and copy.counts()["buildings"].conflicts == 0
    with pytest.raises(ConflictMoved):
        resolve(copy, [resolution_of(conflict, "mine")])
    assert pull(copy, client).conflicts == 0
    nothing_left(copy, client)


def test_a_decision_about_an_older_state_is_not_applied(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    run(copy, "UPDATE buildings SET height = 1 WHERE twin_id IN ('b1', 'b2')")
    twin.colleague("b1", height=99)
    twin.colleague("b2", height=98)
    pull(copy, client)
    shown = copy.conflicts()
    twin.colleague("b1", height=100)
    assert pull(copy, client).conflicts == 1, "it moved on"
    with pytest.raises(ConflictMoved):
        resolve(copy, [resolution_of(conflict, "theirs") for conflict in shown])
    assert len(copy.conflicts()) == 2 and row(copy, "b2", "height") == (1,), "all, or nothing"
    undecided = Resolution("buildings", "b2", shown[1].token, "merged", {})
    with pytest.raises(CityTwinError, match="height"):
        resolve(copy, [undecided])


@TIERS
def test_both_created_the_same(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    blob, other = (encode(square(x, 436500), 28992)[0] for x in (92500, 92600))
    run(copy, "INSERT INTO buildings (name, height, geom) VALUES ('Nieuw', 3, ?)", blob)
    run(copy, "INSERT INTO buildings (name, height, geom) VALUES ('Anders', 4, ?)", other)
    same = twin.colleague_adds(square(92500, 436500), name="Nieuw", height=3)
    clash = twin.colleague_adds(square(92600, 436500), name="Anders dan zij", height=4)
    report = pull(copy, client)
    assert (report.created, report.merged, report.conflicts) == (0, 1, 1)
    assert row(copy, same, "name") == ("Nieuw",) and len(copy.changes()) == 1
    (conflict,) = copy.conflicts()
    assert (conflict.twin_id, conflict.kind, [c.column for c in conflict.clashes]) == (clash, "create-create", ["name"])
    assert copy.changes()[0].conflict and publish(copy, client, "m").conflicts == 1
    resolve(copy, [Resolution("buildings", clash, conflict.token, "merged", {"name": "Eens"})])
    assert publish(copy, client, "m").published == 1 and twin.count() == 22
    assert twin.properties(clash)["name"] == "Eens"
    nothing_left(copy, client)


def test_both_created_and_both_stay(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    blob = encode(square(92600, 436500), 28992)[0]
    run(copy, "INSERT INTO buildings (name, geom) VALUES ('Mijn', ?)", blob)
    theirs = twin.colleague_adds(square(92600, 436500), name="Hun")
    pull(copy, client)
    (conflict,) = copy.conflicts()
    resolve(copy, [Resolution("buildings", theirs, conflict.token, "both")])
    assert row(copy, theirs, "name") == ("Hun",) and copy.changes()[0].label == "Mijn"
    assert publish(copy, client, "m").published == 1 and twin.count() == 22
    nothing_left(copy, client)


def test_what_left_the_extent_is_not_deleted(client: Twin, twin: SmallTwin, tmp_path: Path) -> None:
    path = tmp_path / "part.gpkg"
    checkout(client, ["buildings"], path, extent=(92010, 435990, 92110, 436020), extent_srid=28992)
    copy = WorkingCopy.open(path)
    before = one(copy, "SELECT count(*) FROM buildings")[0]
    assert 0 < before < 20
    twin.colleague("b3", geometry=square(95000, 437000))
    twin.colleague_deletes("b4")
    twin.colleague("b20", geometry=square(92050, 436005))
    report = pull(copy, client)
    assert (report.created, report.updated, report.deleted, report.left) == (1, 1, 1, 1)
    assert one(copy, "SELECT count(*) FROM buildings")[0] == before
    assert outline(copy, "b3")[0][0] == [95000, 437000]
    again = pull(copy, client)
    assert (again.created, again.updated, again.deleted, again.left) == (0, 0, 0, 0)


def test_absent_from_the_pages_is_not_deleted(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    """Pages by offset can miss live items while others delete."""
    hidden = {"b7", "b8"}

    def hide(environ: dict[str, Any], start: Any) -> Any:
        if environ["REQUEST_METHOD"] != "GET" or not environ["PATH_INFO"].endswith("/buildings/items"):
            return None
        kept: list[Any] = []
        plain = {key: value for key, value in environ.items() if key != "HTTP_ACCEPT_ENCODING"}
        body = b"".join(twin.around.app(plain, lambda status, headers, *_: kept.append((status, headers))))
        document = json.loads(body)
        document["features"] = [f for f in document["features"] if f["id"] not in hidden]
        document["numberReturned"] = len(document["features"])
        status, headers = kept[0]
        start(status, [(k, v) for k, v in headers if k.lower() not in ("content-length", "etag", "content-encoding")])
        return [json.dumps(document).encode()]

    twin.around.before = hide
    twin.colleague_deletes("b8")
    report = pull(copy, client)
    assert report.deleted == 1 and row(copy, "b7", "name") == ("Building 7",) and row(copy, "b8", "name") is None


def test_a_twin_that_finds_no_item_deletes_nothing(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    def blind(environ: dict[str, Any], start: Any) -> Any:
        if environ["REQUEST_METHOD"] == "GET" and "/buildings/items/" in environ["PATH_INFO"]:
            start("404 Not Found", [("Content-Type", "application/json")])
            return [b"{}"]
        return None

    twin.colleague_deletes("b8")
    twin.around.before = blind
    report = pull(copy, client)
    assert report.deleted == 0 and "lists features that it then does not find" in " ".join(report.notes)
    twin.around.before = None
    assert pull(copy, client).deleted == 1


@pytest.mark.parametrize("quirks", [NO_TOKENS, ("no-item-etags", "number-decimals=1", "coordinate-decimals=2")])
def test_without_tokens_in_pages_contents_are_compared(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    twin.colleague("b1", height=99.5)
    run(copy, "UPDATE buildings SET height = 12.3456 WHERE twin_id = 'b2'")
    twin.colleague("b2", floors=8)
    report = pull(copy, client)
    assert (report.updated, report.merged, report.conflicts) == (1, 1, 0)
    assert publish(copy, client, "m").published == 1
    nothing_left(copy, client)


def test_a_column_added_removed_and_retyped(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    run(copy, "UPDATE buildings SET floors = 12 WHERE twin_id = 'b1'")
    run(copy, "UPDATE buildings SET opened = '2021-05-06' WHERE twin_id = 'b2'")
    run(copy, "DELETE FROM buildings WHERE twin_id = 'b3'")
    run(
        copy,
        "INSERT INTO buildings (name, floors, geom) VALUES ('Nieuw', 7, ?)",
        encode(square(92500, 436500), 28992)[0],
    )
    reshape_twin(twin)
    report = pull(copy, client)
    assert report.reshaped == {"buildings"} and report.conflicts == 0
    assert len(report.notes) == 3, report.notes
    assert {c.name: c.type for c in copy.source("buildings").columns if c.name in ("floors", "roof", "opened")} == {
        "floors": "string",
        "roof": "string",
    }
    reopened = WorkingCopy.open(copy.path)
    assert reopened.problems == {} and reopened.source("buildings") == copy.source("buildings")
    assert row(copy, "b1", "floors", "roof") == ("12", "plat")
    assert row(copy, "b5", "floors", "roof", "opened") == ("5", "plat", "2020-01-02"), "the old column stays, as ours"
    assert row(copy, "b2", "opened") == ("2021-05-06",)
    changes = {change.label: [(c.column, c.new) for c in change.cells] for change in copy.changes()}
    assert changes["Building 1"] == [("floors", "12")] and "Building 2" not in changes
    assert ("floors", "7") in changes["Nieuw"]
    run(copy, "UPDATE buildings SET roof = 'groen' WHERE twin_id = 'b6'")
    report2 = publish(copy, client, "m")
    assert report2.published == 4, [(o.change.label, o.message) for o in report2.outcomes]
    assert twin.properties("b1")["floors"] == "12" and twin.properties("b6")["roof"] == "groen"
    nothing_left(copy, client)


def reshape_twin(twin: SmallTwin) -> None:
    """The twin's own database gets another schema: floors becomes text, opened goes, roof comes."""
    with twin.store._connection() as db:
        body = json.loads(db.execute("SELECT body FROM collection WHERE id = 'buildings'").fetchone()[0])
        properties = [p for p in body["schema"]["properties"] if p["name"] != "opened"]
        for prop in properties:
            if prop["name"] == "floors":
                prop["type"] = "string"
        properties.append({**properties[0], "name": "roof", "title": "Roof", "type": "string"})
        body["schema"]["properties"] = properties
        db.execute("UPDATE collection SET body = ? WHERE id = 'buildings'", (json.dumps(body),))
        for fid, text in db.execute(
            "SELECT fid, properties FROM item WHERE collection = (SELECT n FROM collection WHERE id = 'buildings')"
        ).fetchall():
            values = json.loads(text)
            values.pop("opened", None)
            values["floors"], values["roof"] = str(values["floors"]), "plat"
            db.execute("UPDATE item SET properties = ? WHERE fid = ?", (json.dumps(values), fid))
        twin.store._read_collections(db)


def test_published_in_between_is_stale(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    twin.colleague("b1", height=99)
    fetched = fetch(copy, client)
    run(copy, "UPDATE buildings SET height = 5 WHERE twin_id = 'b2'")
    publish(copy, client, "m")
    with pytest.raises(Stale):
        apply(copy, fetched)
    assert pull(copy, client).updated == 1


def test_a_twin_that_is_away_changes_nothing(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    twin.colleague("b1", height=99)

    def away(_environ: dict[str, Any], _start: Any) -> Any:
        raise ConnectionAbortedError

    before = copy.path.read_bytes()
    impatient = Twin(twin.url)
    impatient.session.retries = 0
    impatient.capabilities()
    twin.around.before = away
    with pytest.raises(CityTwinError):
        pull(copy, impatient)
    assert copy.path.read_bytes() == before
    twin.around.before = None
    assert pull(copy, client).updated == 1


@TIERS
def test_two_copies_meet(client: Twin, twin: SmallTwin, tmp_path: Path, tier: str) -> None:
    """What one publishes reaches the other, who keeps what she changed herself."""
    copies = []
    for name in ("anna", "bram"):
        checkout(client, ["buildings"], tmp_path / f"{name}.gpkg")
        copies.append(WorkingCopy.open(tmp_path / f"{name}.gpkg"))
    anna, bram = copies
    run(anna, "UPDATE buildings SET height = 11 WHERE twin_id = 'b1'")
    run(anna, "INSERT INTO buildings (name, geom) VALUES ('Van Anna', ?)", encode(square(92500, 436500), 28992)[0])
    run(bram, "UPDATE buildings SET floors = 12 WHERE twin_id = 'b1'")
    run(bram, "DELETE FROM buildings WHERE twin_id = 'b2'")
    assert publish(anna, client, "van Anna").published == 2
    report = publish(bram, client, "van Bram")
    assert (report.published, report.conflicts) == (2, 0), "merged on the way"
    assert (twin.properties("b1")["height"], twin.properties("b1")["floors"]) == (11, 12)
    for copy in copies:
        pull(copy, client)
        nothing_left(copy, client)
        assert row(copy, "b1", "height", "floors") == (11, 12)
    rows = [sorted(fetch_all(copy)) for copy in copies]
    assert rows[0] == rows[1] and len(rows[0]) == 20


def fetch_all(copy: WorkingCopy) -> list[Any]:
    from plugin.workcopy.connection import connect

    connection = connect(copy.path)
    try:
        return connection.execute("SELECT twin_id, name, height, floors FROM buildings").fetchall()
    finally:
        connection.close()


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

    def pretend(environ: dict[str, Any], start: Any) -> Any:
        if environ["REQUEST_METHOD"] == "PATCH":
            environ["wsgi.input"].read()
            start("204 No Content", [])
            return [b""]
        return None

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


def test_older_files_are_brought_up_to_date(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    for statement in (
        'DROP TABLE "twin_publish"',
        'DROP TABLE "twin_pull"',
        'ALTER TABLE "twin_source" DROP COLUMN pulled',
        'ALTER TABLE "twin_conflict" DROP COLUMN fid',
        'ALTER TABLE "twin_outbox" DROP COLUMN label',
        "DELETE FROM gpkg_contents WHERE table_name IN ('twin_publish', 'twin_pull')",
        "UPDATE twin_state SET format = 1",
    ):
        run(copy, statement)
    run(copy, "UPDATE buildings SET height = 1 WHERE twin_id = 'b1'")
    opened = WorkingCopy.open(copy.path)
    twin.colleague("b2", height=99)
    assert pull(opened, client).updated == 1 and publish(opened, client, "m").published == 1
    nothing_left(opened, client)


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


def test_unreachable_is_said(copy: WorkingCopy, twin: SmallTwin) -> None:
    away = Twin("http://127.0.0.1:9/")
    away.session.retries = 0
    with pytest.raises(Unreachable):
        pull(copy, away)
    assert conflicts.words_of("update-delete")


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


def states_of(report: Any) -> dict[str, str]:
    return {str(outcome.change.twin_id): outcome.state for outcome in report.outcomes}


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


def test_an_outline_that_only_trembled_is_nobodys_edit(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    """A colleague's client wrote the whole feature back from another CRS: less than a millimetre off everywhere."""
    trembling = square(92020, 436000)
    trembling["coordinates"] = [
        [[x + 0.0003917264, y - 0.0004182931] for x, y in ring] for ring in trembling["coordinates"]
    ]
    mine = encode(square(92021, 436000), 28992)[0]
    run(copy, "UPDATE buildings SET geom = ? WHERE twin_id = 'b1'", mine)
    twin.colleague("b1", floors=9, geometry=trembling)
    report = pull(copy, client)
    assert (report.merged, report.conflicts) == (1, 0) and row(copy, "b1", "floors") == (9,)
    assert [cell.column for cell in copy.changes()[0].cells] == ["geom"]
    assert publish(copy, client, "m").published == 1
    assert twin.get("b1").json()["geometry"] == square(92021, 436000)
    twin.colleague("b2", geometry=square(92040.002, 436000))
    run(copy, "UPDATE buildings SET geom = ? WHERE twin_id = 'b2'", encode(square(92041, 436000), 28992)[0])
    assert pull(copy, client).conflicts == 1, "two millimetres are an edit"
