"""Pull against the embedded twin over HTTP, in each tier: what others did, merged into what we did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from plugin.twin.client import Twin
from plugin.twin.errors import CityTwinError, Unreachable
from plugin.workcopy import conflicts
from plugin.workcopy.checkout import checkout
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.geometry import encode
from plugin.workcopy.publish import publish
from plugin.workcopy.pull import Stale, apply, fetch, pull
from tests.copies import square

from .conftest import SmallTwin
from .test_publish import one, run
from .two_sides import NO_TOKENS, TIERS, nothing_left, outline, row


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


def test_older_files_are_brought_up_to_date(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    for statement in (
        'DROP TABLE "twin_publish"',
        'DROP TABLE "twin_pull"',
        'DROP TABLE "twin_package"',
        'DROP TABLE "twin_received"',
        'DROP TABLE "twin_handback"',
        'DROP TABLE "twin_pages"',
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


def test_unreachable_is_said(copy: WorkingCopy, twin: SmallTwin) -> None:
    away = Twin("http://127.0.0.1:9/")
    away.session.retries = 0
    with pytest.raises(Unreachable):
        pull(copy, away)
    assert conflicts.words_of("update-delete")


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
