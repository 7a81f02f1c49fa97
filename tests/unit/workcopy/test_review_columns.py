"""Columns and geometries that change at the twin: ways of losing edits that a review of the working copy found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from plugin.twin.client import Twin
from plugin.workcopy.checkout import checkout
from plugin.workcopy.conflicts import resolution_of, resolve
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.pull import fetch, pull
from tests.copies import square

from .conftest import SmallTwin
from .test_publish import one, run
from .two_sides import blob, nothing_left, row


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
        db.execute(
            "INSERT INTO change (collection, item, action, at) "
            "SELECT n, 's1', 'update', '2026-01-02T00:00:00Z' FROM collection WHERE id = 'benches'"
        )
        twin.store._read_collections(db)
        twin.store._states.clear()  # which the twin's own writes do
    pull(copy, client)
    assert one(copy, books) == ("GEOMETRY", 2)
    assert "LineString" in copy.source("benches").served_types and copy.source("benches").geometry_type == ""


def test_the_extent_in_the_file_holds_what_a_decision_brought(copy: WorkingCopy, client: Twin, twin: SmallTwin) -> None:
    run(copy, "UPDATE buildings SET geom = ? WHERE twin_id = 'b1'", blob(92300, 436000))
    twin.colleague("b1", geometry=square(99000, 436000))
    pull(copy, client)
    (conflict,) = copy.conflicts()
    resolve(copy, [resolution_of(conflict, "theirs")])
    assert one(copy, "SELECT max_x FROM gpkg_contents WHERE table_name = 'buildings'")[0] >= 99010
