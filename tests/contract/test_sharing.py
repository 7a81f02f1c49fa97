"""Two people at one twin: what the colleague did comes with a pull, and nobody's edit is overwritten unasked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from plugin.workcopy.conflicts import resolution_of, resolve, resolve_all
from tests.contract.desk import Desk, distance
from tests.contract.test_reading import same_as_there
from tests.contract.test_writing import all_published, settled
from tests.copies import square

THEIRS = square(92800.125, 436400.375)


def states(report: Any) -> dict[str | None, str]:
    return {outcome.change.twin_id: outcome.state for outcome in report.outcomes}


@pytest.mark.scenario("pull what others did")
def test_pull_what_others_did(desk: Desk) -> None:
    place = desk.place
    place.change("buildings", "1", name="Theirs", height=71.5)
    place.move("buildings", "2", THEIRS)
    place.delete("buildings", "3")
    new = place.create("buildings", {"name": "Their new one", "height": 5.5}, square(92850, 436400))
    report = desk.pull()
    assert (report.created, report.updated, report.deleted) == (1, 2, 1), report
    assert (report.merged, report.left, report.conflicts) == (0, 0, 0)
    rows = desk.rows("buildings")
    assert (rows["1"].values["name"], rows["1"].values["height"]) == ("Theirs", 71.5)
    assert distance(rows["2"].geometry, THEIRS) <= max(place.expect.slack, 1e-6)
    assert "3" not in rows and rows[new].values["name"] == "Their new one"
    assert desk.copy.changes() == []
    settled(desk)


@pytest.mark.scenario("pull: edits meet and are merged")
def test_edits_meet_and_are_merged(desk: Desk) -> None:
    place = desk.place
    outline = place.rows("buildings")["1"].geometry
    desk.change("buildings", "1", height=20.5)
    desk.change("buildings", "2", geometry=square(92900.125, 436500.375))
    place.change("buildings", "1", name="Theirs")
    place.change("buildings", "2", floors=7)
    report = desk.pull()
    assert (report.merged, report.conflicts) == (2, 0), report
    rows = desk.rows("buildings")
    assert (rows["1"].values["name"], rows["1"].values["height"], rows["2"].values["floors"]) == ("Theirs", 20.5, 7)
    all_published(desk, 2)
    there = place.rows("buildings")
    assert (there["1"].values["name"], there["1"].values["height"]) == ("Theirs", 20.5)
    assert there["1"].geometry == outline
    assert there["2"].values["floors"] == 7
    assert distance(there["2"].geometry, square(92900.125, 436500.375)) <= max(place.expect.slack, 1e-6)
    settled(desk)


@pytest.mark.scenario("publish without a pull merges")
def test_publish_without_a_pull_merges(desk: Desk) -> None:
    place = desk.place
    desk.change("buildings", "1", height=20.5)
    place.change("buildings", "1", name="Theirs")
    report = desk.publish()
    assert states(report) == {"1": "published"}, [o.message for o in report.outcomes]
    there = place.rows("buildings")["1"].values
    assert (there["name"], there["height"]) == ("Theirs", 20.5)
    desk.pull()
    assert desk.rows("buildings")["1"].values["name"] == "Theirs" and desk.copy.changes() == []


@pytest.mark.scenario("clash: the same value")
def test_clash(desk: Desk) -> None:
    place = desk.place
    desk.change("buildings", "1", height=20.5)
    desk.change("buildings", "2", height=30.5)
    place.change("buildings", "1", height=71.5)
    before = place.rows("buildings")
    report = desk.publish()
    assert states(report) == {"1": "clash", "2": "published"}, [o.message for o in report.outcomes]
    after = place.rows("buildings")
    assert after["1"] == before["1"] and after["2"].values["height"] == 30.5
    (conflict,) = desk.copy.conflicts()
    assert [(c.column, c.base, c.mine, c.theirs) for c in conflict.clashes] == [("height", 11.1, 20.5, 71.5)]
    assert states(desk.publish()) == {"1": "clash"}, "an unresolved conflict is never sent"
    assert place.rows("buildings")["1"] == before["1"]
    resolve(desk.copy, [resolution_of(conflict, "mine")])
    all_published(desk, 1)
    assert place.rows("buildings")["1"].values["height"] == 20.5
    settled(desk)


@pytest.mark.scenario("clash: the same outline")
def test_clash_of_outlines(desk: Desk) -> None:
    place = desk.place
    desk.change("buildings", "1", geometry=square(92900.125, 436500.375))
    place.move("buildings", "1", THEIRS)
    report = desk.pull()
    assert (report.conflicts, report.merged) == (1, 0)
    assert states(desk.publish()) == {"1": "clash"}
    (conflict,) = desk.copy.conflicts()
    assert [c.column for c in conflict.clashes] == ["geom"]
    resolve(desk.copy, [resolution_of(conflict, "theirs")])
    assert desk.copy.changes() == [] and desk.publish().outcomes == ()
    assert distance(place.rows("buildings")["1"].geometry, THEIRS) <= 1e-6
    assert distance(desk.rows("buildings")["1"].geometry, THEIRS) <= max(place.expect.slack, 1e-6)


@pytest.mark.scenario("clash: deleted there, changed here")
def test_deleted_there_changed_here(desk: Desk) -> None:
    place = desk.place
    desk.change("buildings", "1", height=20.5)
    place.delete("buildings", "1")
    assert states(desk.publish()) == {"1": "clash"}
    assert "1" not in place.rows("buildings"), "nobody is raised from the dead"
    (conflict,) = desk.copy.conflicts()
    assert conflict.kind == "update-delete" and not conflict.theirs_there
    resolve(desk.copy, [resolution_of(conflict, "theirs")])
    assert "1" not in desk.rows("buildings") and desk.copy.changes() == []
    settled(desk)


@pytest.mark.scenario("clash: changed there, deleted here")
def test_changed_there_deleted_here(desk: Desk) -> None:
    place = desk.place
    desk.delete("buildings", "1")
    place.change("buildings", "1", height=71.5)
    assert states(desk.publish()) == {"1": "clash"}
    assert place.rows("buildings")["1"].values["height"] == 71.5
    (conflict,) = desk.copy.conflicts()
    assert conflict.kind == "delete-update" and not conflict.mine_there
    resolve(desk.copy, [resolution_of(conflict, "mine")])
    all_published(desk, 1)
    assert "1" not in place.rows("buildings")


@pytest.mark.scenario("both did the same")
def test_both_did_the_same(desk: Desk) -> None:
    place = desk.place
    desk.change("buildings", "1", height=20.5)
    desk.delete("buildings", "2")
    place.change("buildings", "1", height=20.5)
    place.delete("buildings", "2")
    report = desk.publish()
    assert set(states(report).values()) <= {"published"} and report.stopped == ""
    assert desk.copy.changes() == [] and desk.copy.conflicts() == []
    settled(desk)


@pytest.mark.scenario("an edit in that very moment")
def test_an_edit_in_that_very_moment(desk: Desk, stated: Callable[[str], None]) -> None:
    """Somebody writes after we looked and before we write: a lock holds that, a comparison cannot."""
    place = desk.place
    pending = [True]

    def hook(method: str, url: str, send: Callable[[], Any]) -> Any:
        if method in ("PUT", "PATCH", "POST") and pending:
            pending.clear()
            place.change("buildings", "1", height=71.5)
        return send()

    desk.change("buildings", "1", height=20.5)
    desk.on_request(hook)
    report = desk.publish()
    there = place.rows("buildings")["1"].values["height"]
    assert not pending
    if place.expect.race == "refused":
        assert states(report) == {"1": "clash"} and there == 71.5
    else:
        assert states(report) == {"1": "published"} and there == 20.5
        assert report.protection == "unprotected", "and it was shown so"
        stated("unprotected")


@pytest.mark.scenario("left the area, not deleted")
def test_left_the_area(open_desk: Callable[..., Desk]) -> None:
    box = (92000.0, 435990.0, 92250.0, 436020.0)
    desk = open_desk(("buildings",), extent=box, extent_srid=28992)
    place = desk.place
    place.move("buildings", "1", THEIRS)
    place.delete("buildings", "2")
    report = desk.pull()
    assert (report.left, report.deleted, report.created) == (1, 1, 0), report
    rows = desk.rows("buildings")
    assert "1" in rows and "2" not in rows
    assert distance(rows["1"].geometry, THEIRS) <= max(place.expect.slack, 1e-6)
    assert desk.copy.changes() == []


@pytest.mark.scenario("two working copies converge")
def test_two_working_copies_converge(open_desk: Callable[..., Desk], stated: Callable[[str], None]) -> None:
    """Two analysts create, change, clash and delete by turns; at the end both copies are what the server holds."""
    first, second = open_desk(), open_desk()
    place = first.place
    first.change("buildings", "1", height=20.5)
    first.change("buildings", "2", name="First’s")
    first.delete("buildings", "3")
    first.create("buildings", geometry=square(92900.125, 436500.375), name="Of the first", height=1.5)
    second.change("buildings", "1", floors=9)
    second.change("buildings", "2", name="Second’s")
    second.change("buildings", "3", height=30.5)
    second.create("buildings", geometry=square(92950.125, 436500.375), name="Of the second", height=2.5)
    second.change("benches", "1", seats=7)
    assert first.publish().published == 4
    report = second.publish()
    assert (report.published, report.conflicts) == (3, 2), [(o.change.label, o.state) for o in report.outcomes]
    resolve_all(second.copy, "mine", "buildings")
    again = second.publish()
    if not place.expect.takes_computed:
        # kept against its deletion, a feature is a new one, with all its values; nothing declares which are computed
        assert sorted(outcome.state for outcome in again.outcomes) == ["failed", "published"]
        second.change("buildings", None, area=None)
        again = second.publish()
        stated("computed: by hand")
    assert again.conflicts == 0 and second.copy.changes() == [], [(o.state, o.message) for o in again.outcomes]
    for desk in (first, second):
        desk.pull()
        assert desk.copy.changes() == [] and desk.copy.conflicts() == []
        for table in ("buildings", "benches"):
            same_as_there(desk, table)
    rows = place.rows("buildings")
    assert (rows["1"].values["height"], rows["1"].values["floors"], rows["2"].values["name"]) == (20.5, 9, "Second’s")
    names = sorted(row.values["name"] for row in rows.values() if row.values["name"].startswith("Of the"))
    assert names == ["Of the first", "Of the second"] and len(rows) == 14, "what one deleted and one changed is kept"
