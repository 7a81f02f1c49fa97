"""When it goes wrong: a change that the server refuses, an answer that never comes, a database that is away."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from plugin.twin.errors import TwinError, Unreachable
from plugin.twin.writes import Writer
from tests.contract.desk import Desk
from tests.contract.test_sharing import states
from tests.contract.test_writing import all_published, settled, untouched
from tests.copies import square


@pytest.mark.scenario("rollback of a bad change")
def test_rollback_of_a_bad_change(desk: Desk, monkeypatch: pytest.MonkeyPatch, stated: Callable[[str], None]) -> None:
    """One change of three is one that our own checks let through and the server refuses."""
    monkeypatch.setattr("plugin.workcopy.publish.validate", lambda *_: [])
    place = desk.place
    before = place.rows("buildings")
    name, value = place.expect.bad
    desk.change("buildings", "1", height=20.5)
    desk.change("buildings", "2", **{name: value, "name": "Half of it"})
    desk.change("buildings", "3", height=22.5)
    whole = place.expect.bad_set == "none of it"
    report = desk.publish(on_conflict="stop" if whole else "skip")
    after = place.rows("buildings")
    assert after["2"] == before["2"], "nothing of the refused change stays at the server"
    bad = next(outcome for outcome in report.outcomes if outcome.change.twin_id == "2")
    assert bad.state == "failed" and place.expect.words in bad.message, "in the server's own words"
    if whole:
        assert after == before
        assert states(report) == {"1": "unsent", "2": "failed", "3": "unsent"}
        assert {change.twin_id for change in desk.copy.changes()} == {"1", "2", "3"}
    else:
        untouched(before, after, "1", "3")
        assert (after["1"].values["height"], after["3"].values["height"]) == (20.5, 22.5)
        assert states(report) == {"1": "published", "2": "failed", "3": "published"}
        assert [change.twin_id for change in desk.copy.changes()] == ["2"]
        stated("one by one")
    desk.copy.discard([change for change in desk.copy.changes() if change.twin_id == "2"])
    desk.publish()
    assert desk.copy.changes() == []
    assert {n: place.rows("buildings")[n].values["height"] for n in ("1", "3")} == {"1": 20.5, "3": 22.5}


@pytest.mark.scenario("a create whose answer never came")
def test_a_create_whose_answer_never_came(desk: Desk) -> None:
    place = desk.place
    lost = [True]

    def hook(method: str, url: str, send: Callable[[], Any]) -> Any:
        reply = send()
        if method == "POST" and lost:
            lost.clear()
            raise Unreachable("The connection was cut.", sent=True)
        return reply

    desk.create("buildings", geometry=square(92950.125, 436600.375), name="Once", height=3.5)
    desk.on_request(hook)
    desk.publish()
    assert not lost
    desk.publish()
    assert [row.values["name"] for row in place.rows("buildings").values()].count("Once") == 1
    assert desk.copy.changes() == [], "it was recognised"
    settled(desk)


@pytest.mark.scenario("an update whose answer never came")
def test_an_update_whose_answer_never_came(desk: Desk) -> None:
    place = desk.place
    lost = [True]

    def hook(method: str, url: str, send: Callable[[], Any]) -> Any:
        reply = send()
        if method in ("PUT", "PATCH", "POST") and lost:
            lost.clear()
            raise Unreachable("The connection was cut.", sent=True)
        return reply

    desk.change("buildings", "1", geometry=square(92950.125, 436600.375, 12.5), height=3.5)
    desk.on_request(hook)
    desk.publish()
    desk.publish()
    assert place.rows("buildings")["1"].values["height"] == 3.5
    assert desk.copy.changes() == [] and desk.copy.conflicts() == []
    settled(desk)


@pytest.mark.scenario("wrong kind of geometry")
def test_wrong_kind_of_geometry(desk: Desk, stated: Callable[[str], None]) -> None:
    """A point for a building: our own checks hold it back; a server that gets one nevertheless should refuse it."""
    place = desk.place
    before = place.rows("buildings")
    source = desk.source("buildings")
    collection, schema = desk.twin.describe(desk.twin.collection(source.collection))
    choice = desk.twin.choice(collection)
    writer = Writer(desk.twin.session, desk.twin.capabilities(), collection, schema, choice)
    x, y = (92000.0, 436000.0) if choice.srid == 28992 else (4.4716, 51.9089)
    desk.create("buildings", geometry={"type": "Point", "coordinates": [92000.0, 436000.0]}, name="Held", height=1.0)
    report = desk.publish()
    assert [outcome.state for outcome in report.outcomes] == ["failed"] and report.outcomes[0].message
    assert place.rows("buildings") == before
    point = {"type": "Point", "coordinates": [x, y]}
    if place.expect.refuses_shapes:
        with pytest.raises(TwinError):
            writer.create({"name": "A point", "height": 1.0}, point)
        assert place.rows("buildings") == before
    else:
        writer.create({"name": "A point", "height": 1.0}, point)
        assert len(place.rows("buildings")) == len(before) + 1
        stated("held by us only")


@pytest.mark.scenario("its database is away", only=("pygeoapi", "QGIS Server"))
def test_its_database_is_away(desk: Desk, postgis: Any) -> None:
    """Nothing is taken for deleted, and nothing is lost."""
    desk.change("buildings", "1", height=20.5)
    before = desk.rows("buildings")
    postgis.run("ALTER SCHEMA city RENAME TO away")
    try:
        with contextlib.suppress(TwinError):
            report = desk.pull()
            assert (report.deleted, report.updated, report.conflicts) == (0, 0, 0) and report.notes, "it is said"
        with contextlib.suppress(TwinError):
            assert desk.publish().published == 0
        assert desk.rows("buildings") == before
        assert [change.twin_id for change in desk.copy.changes()] == ["1"]
    finally:
        postgis.run("ALTER SCHEMA away RENAME TO city")
    all_published(desk, 1)
    assert desk.place.rows("buildings")["1"].values["height"] == 20.5
