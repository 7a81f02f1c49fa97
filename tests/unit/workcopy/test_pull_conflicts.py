"""Conflicts that a pull finds, and decisions about them, against the embedded twin in each tier."""

from __future__ import annotations

from typing import Any

import pytest

from plugin.twin.client import Twin
from plugin.twin.errors import CityTwinError
from plugin.workcopy.conflicts import ConflictMoved, Resolution, resolution_of, resolve, resolve_all
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.geometry import encode
from plugin.workcopy.publish import publish
from plugin.workcopy.pull import pull
from tests.copies import square

from .conftest import SmallTwin
from .test_publish import run
from .two_sides import TIERS, nothing_left, row


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
