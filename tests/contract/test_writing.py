"""Writing: what is published arrives, and nothing else changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.contract.desk import Desk, distance
from tests.contract.expectations import ON_FILE
from tests.contract.places import Place
from tests.copies import square
from tests.servers.city import SIGNS

NEW_PLACE = square(92500.125, 436200.375)


def untouched(before: dict[str, Any], after: dict[str, Any], *but: str) -> None:
    """All other rows of the server's database are what they were, to the last digit."""
    assert {k: v for k, v in after.items() if k not in but} == {k: v for k, v in before.items() if k not in but}


def all_published(desk: Desk, count: int) -> None:
    report = desk.publish()
    told = [(outcome.change.label, outcome.state, outcome.message) for outcome in report.outcomes]
    assert (report.published, report.stopped, report.remaining) == (count, "", 0), told
    assert report.protection == desk.place.expect.protection
    assert desk.copy.changes() == [] and desk.copy.conflicts() == []
    again = desk.publish()
    assert (again.outcomes, again.stopped) == ((), ""), "nothing is sent twice"


def settled(desk: Desk) -> None:
    """A pull right after a publish finds nothing: what was confirmed is what is there."""
    report = desk.pull()
    assert (report.created, report.updated, report.deleted, report.merged, report.conflicts) == (0, 0, 0, 0, 0)


@pytest.mark.scenario("create")
def test_create(desk: Desk) -> None:
    place = desk.place
    before = place.rows("buildings")
    values = {"name": "Nieuw ’t Ĳ", "height": 12.25, "floors": 4, "monument": True, "opened": "2026-03-31",
              "seen": "2026-03-31T12:00:00.000Z"}  # fmt: skip
    desk.create("buildings", geometry=NEW_PLACE, **values)
    desk.create("benches", geometry={"type": "Point", "coordinates": [92600.5, 436300.25]}, kind="stone")
    all_published(desk, 2)
    after = place.rows("buildings")
    untouched(before, after, *set(after) - set(before))
    (identity,) = set(after) - set(before)
    row = after[identity]
    wanted = {**values, "seen": "2026-03-31T12:00:00Z"}
    assert {name: row.values[name] for name in wanted} == wanted
    assert distance(row.geometry, NEW_PLACE) <= max(place.expect.slack, 1e-6)
    assert identity in desk.rows("buildings"), "the id that the server gave came back"
    (bench,) = set(place.rows("benches")) - {"1", "2", "3", "4"}
    assert place.rows("benches")[bench].values["kind"] == "stone"
    assert place.rows("benches")[bench].values.get("seats") is None
    settled(desk)
    desk.change("buildings", identity, height=13.5)
    all_published(desk, 1)
    assert place.rows("buildings")[identity].values["height"] == 13.5


@pytest.mark.scenario("update of values")
def test_update_of_values(desk: Desk) -> None:
    place = desk.place
    before = place.rows("buildings")
    values = {"name": "Café ’t Hoekje II", "height": 99.5, "floors": 9, "monument": True, "opened": "1999-12-31",
              "seen": "2026-07-01T08:00:00.000Z"}  # fmt: skip
    desk.change("buildings", "3", **values)
    all_published(desk, 1)
    after = place.rows("buildings")
    untouched(before, after, "3")
    wanted = {**before["3"].values, **values, "seen": "2026-07-01T08:00:00Z"}
    assert after["3"].values == wanted
    assert after["3"].geometry == before["3"].geometry, "an outline that nobody touched is the same to the last digit"
    settled(desk)


@pytest.mark.scenario("update of an outline")
def test_update_of_an_outline(desk: Desk) -> None:
    place = desk.place
    before = place.rows("buildings")
    larger = square(92500.125, 436200.375, 12.5)
    desk.change("buildings", "4", geometry=larger, height=44.5)
    desk.change("benches", "2", geometry={"type": "Point", "coordinates": [92700.5, 436300.25]})
    all_published(desk, 2)
    after = place.rows("buildings")
    untouched(before, after, "4")
    assert distance(after["4"].geometry, larger) <= max(place.expect.slack, 1e-6)
    computed = {"area": pytest.approx(156.25, rel=1e-2)} if "area" in before["4"].values else {}
    assert after["4"].values == {**before["4"].values, "height": 44.5, **computed}
    there = place.rows("benches")["2"]
    assert distance(there.geometry, {"type": "Point", "coordinates": [92700.5, 436300.25]}) <= place.expect.slack
    assert there.values["seats"] == 2
    settled(desk)


@pytest.mark.scenario("emptying a value")
def test_emptying_a_value(desk: Desk, stated: Callable[[str], None]) -> None:
    place = desk.place
    before = place.rows("buildings")
    desk.change("buildings", "5", floors=None, opened=None)
    if place.expect.empties:
        all_published(desk, 1)
        after = place.rows("buildings")
        untouched(before, after, "5")
        assert {k: v for k, v in after["5"].values.items() if v is not None} == {
            k: v for k, v in before["5"].values.items() if v is not None and k not in ("floors", "opened")
        }
        assert after["5"].geometry == before["5"].geometry
        settled(desk)
        return
    report = desk.publish()
    assert (report.published, report.failed) == (0, 1), [o.message for o in report.outcomes]
    assert report.outcomes[0].message, "the user is told"
    assert place.rows("buildings") == before
    assert [change.twin_id for change in desk.copy.changes()] == ["5"], "it stays a local change"
    stated("refused, told")


@pytest.mark.scenario("delete")
def test_delete(desk: Desk) -> None:
    place = desk.place
    before = place.rows("buildings")
    for identity in ("6", "12"):
        desk.delete("buildings", identity)
    all_published(desk, 2)
    after = place.rows("buildings")
    assert set(before) - set(after) == {"6", "12"}
    untouched(before, after, "6", "12")
    settled(desk)


@pytest.mark.scenario("axis order of writes (EPSG:4326)", only=("pygeoapi", "QGIS Server", ON_FILE))
def test_axis_order_of_writes(open_desk: Callable[..., Desk], stated: Callable[[str], None]) -> None:
    desk = open_desk(("trees",))
    here, there = ({"type": "Point", "coordinates": [4.475 + n / 1000, 51.915]} for n in (0, 1))
    desk.create("trees", geometry=here, species="Quercus")
    desk.change("trees", "2", species="Ulmus")
    before = desk.place.rows("trees")
    all_published(desk, 2)
    desk.change("trees", "1", geometry=there)
    if desk.place.expect.moves_degrees:
        all_published(desk, 1)
        assert distance(desk.place.rows("trees")["1"].geometry, there) < 1e-9
    else:
        report = desk.publish()
        assert [outcome.state for outcome in report.outcomes] == ["failed"] and report.outcomes[0].message
        assert [change.twin_id for change in desk.copy.changes()] == ["1"], "it stays a local change"
        assert desk.place.rows("trees")["1"] == before["1"]
        stated("no outlines, told")
    after = desk.place.rows("trees")
    (new,) = set(after) - {"1", "2", "3"}
    assert distance(after[new].geometry, here) < 1e-9
    assert after["2"].geometry == before["2"].geometry and after["2"].values["species"] == "Ulmus"
    assert after["3"] == before["3"]


@pytest.mark.scenario("many changes at once")
def test_many_changes_at_once(desk: Desk) -> None:
    place = desk.place
    for number in range(1, 9):
        desk.change("buildings", str(number), height=100.0 + number)
    for number in range(9, 11):
        desk.delete("buildings", str(number))
    for number in range(12):
        desk.create("buildings", geometry=square(93000 + 20 * number, 437000), name=f"New {number}", height=1.0)
    all_published(desk, 22)
    rows = place.rows("buildings")
    assert {n: rows[str(n)].values["height"] for n in range(1, 9)} == {n: 100.0 + n for n in range(1, 9)}
    assert "9" not in rows and "10" not in rows and len(rows) == 22
    assert sorted(r.values["name"] for r in rows.values() if r.values["name"].startswith("New ")) == sorted(
        f"New {n}" for n in range(12)
    )
    settled(desk)


@pytest.mark.scenario("a feature without an outline")
def test_a_feature_without_an_outline(
    place: Place, open_desk: Callable[..., Desk], stated: Callable[[str], None]
) -> None:
    identity = place.create("buildings", {"name": "Nowhere", "height": 5.5}, None)
    desk = open_desk()
    row = desk.rows("buildings")[identity]
    assert row.geometry is None and row.values["name"] == "Nowhere"
    assert not [c.name for c in desk.source("buildings").columns if c.property == "geom"]
    desk.change("buildings", identity, height=6.5)
    desk.create("buildings", geometry=None, name="Neither", height=1.5)
    if place.expect.writes_bare:
        all_published(desk, 2)
        rows = place.rows("buildings")
        assert rows[identity].values["height"] == 6.5 and rows[identity].geometry is None
        assert [row.geometry for row in rows.values() if row.values["name"] == "Neither"] == [None]
        settled(desk)
        return
    before = place.rows("buildings")
    report = desk.publish()
    # a create that ends in a 500 cannot be looked for without a place to look at
    assert sorted(outcome.state for outcome in report.outcomes) == ["failed", "held"]
    assert all(outcome.message for outcome in report.outcomes)
    assert place.rows("buildings") == before and len(desk.copy.changes()) == 2
    stated("refused, told")


@pytest.mark.scenario("ids that are text, lists", only=("pygeoapi", "QGIS Server"))
def test_ids_that_are_text(place: Place, open_desk: Callable[..., Desk]) -> None:
    """Keys with dots, colons, spaces and other letters; a list and a time without a zone survive the way."""
    desk = open_desk(("signs",))
    first, second, third, fourth = SIGNS
    before = place.rows("signs")
    desk.change("signs", first, label="Changed")
    desk.change("signs", second, tags='["b","ç d"]', checked="2026-06-01T08:15:00.000Z", price=99.99)
    desk.change("signs", fourth, label="Other letters")
    desk.delete("signs", third)
    all_published(desk, 4)
    after = place.rows("signs")
    assert set(after) == {first, second, fourth}
    assert after[first] == replace(before[first], values={**before[first].values, "label": "Changed"})
    changed = {"tags": ["b", "ç d"], "checked": "2026-06-01T08:15:00", "price": 99.99}
    assert after[second] == replace(before[second], values={**before[second].values, **changed})
    assert after[fourth].values["label"] == "Other letters"
    place.change("signs", fourth, label="Theirs")
    place.delete("signs", first)
    report = desk.pull()
    assert (report.updated, report.deleted, report.conflicts) == (1, 1, 0)
    settled(desk)


@pytest.mark.scenario("an id that no address carries", only=("pygeoapi", "QGIS Server"))
def test_an_id_that_no_address_carries(
    place: Place, open_desk: Callable[..., Desk], stated: Callable[[str], None]
) -> None:
    """A slash in an id: where the server does not understand it, that one feature stays, and all others go."""
    place.create("signs", {"code": "a/b", "label": "Slash"}, {"type": "Point", "coordinates": [92050.5, 436050.25]})
    desk = open_desk(("signs",))
    for identity in ("a/b", SIGNS[0]):
        desk.change("signs", identity, label="Changed")
    if place.expect.slashes:
        all_published(desk, 2)
        assert {place.rows("signs")[identity].values["label"] for identity in ("a/b", SIGNS[0])} == {"Changed"}
        return
    for count in (1, 0):
        report = desk.publish()
        assert (report.published, report.stopped) == (count, ""), report
        (told,) = [outcome for outcome in report.outcomes if outcome.state != "published"]
        assert (told.state, told.change.twin_id) == ("failed", "a/b") and told.message
    assert place.rows("signs")["a/b"].values["label"] == "Slash"
    stated("refused, told")
