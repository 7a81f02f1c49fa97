"""Reading: what a checkout brings, and a pull where nothing happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from plugin.twin.report import sentences
from tests.contract.desk import Desk, distance, transformed
from tests.contract.expectations import ON_FILE
from tests.contract.places import Place

# buildings 3, 4 and 5 reach into it
BOX = (92052.0, 436000.0, 92110.0, 436005.0)
IN_BOX = {"3", "4", "5"}


def same_as_there(desk: Desk, table: str) -> None:
    """Every row of the working copy is what the server's own database holds, and the other way round."""
    expect = desk.place.expect
    there, here = desk.place.rows(table), desk.rows(table)
    assert set(here) == set(there)
    for identity, row in there.items():
        mine = dict(here[identity].values)
        for name in expect.others:
            mine.pop(name, None)
        theirs = {name: value for name, value in row.values.items() if name in mine or value is not None}
        assert {name: value for name, value in mine.items() if name in theirs} == theirs, identity
        slack = expect.slack if table != "trees" else max(expect.slack / 60_000, 1e-12)
        assert distance(here[identity].geometry, row.geometry) <= slack, identity


@pytest.mark.scenario("checkout", writes=False)
def test_checkout(desk: Desk) -> None:
    expect = desk.place.expect
    for table in ("buildings", "benches"):
        same_as_there(desk, table)
        source = desk.source(table)
        assert source.srid == expect.srid and not source.swap
    kinds = {column.property: column.type for column in desk.source("buildings").columns}
    assert (kinds["opened"], kinds["seen"]) == (("date", "date-time") if expect.dates else ("string", "string"))
    assert kinds["floors"] == ("integer" if expect.whole_numbers else "number")
    assert (kinds["name"], kinds["height"], kinds["monument"]) == ("string", "number", "boolean")
    assert ("area" in kinds) == expect.computed
    assert desk.copy.changes() == [] and [problem for layer in desk.report.layers for problem in layer.problems] == []


@pytest.mark.scenario("checkout of an area", writes=False)
def test_checkout_of_an_area(open_desk: Callable[..., Desk]) -> None:
    desk = open_desk(("buildings",), extent=BOX, extent_srid=28992)
    assert set(desk.rows("buildings")) == IN_BOX


@pytest.mark.scenario("axis order (EPSG:4326)", writes=False, only=("pygeoapi", "QGIS Server", ON_FILE, "tipg"))
def test_axis_order(open_desk: Callable[..., Desk], place: Place, stated: Callable[[str], None]) -> None:
    """Trees are stored in EPSG:4326: whatever a server makes of its axes, they stand in Rotterdam."""
    desk = open_desk(("trees",))
    same_as_there(desk, "trees")
    problems = [problem for layer in desk.report.layers for problem in layer.problems]
    if place.name == "pygeoapi":
        assert any("east before north" in problem for problem in problems)
        stated("seen through")
    else:
        assert problems == []
    box = (4.4715, 51.9115, 4.4725, 51.9125)
    assert set(open_desk(("trees",), extent=box, extent_srid=4326).rows("trees")) == {"2"}


@pytest.mark.scenario("pull without changes", writes=False)
def test_pull_without_changes(desk: Desk) -> None:
    before = {table: desk.rows(table) for table in ("buildings", "benches")}
    report = desk.pull()
    told = (report.created, report.updated, report.deleted, report.merged, report.left, report.conflicts)
    assert told == (0, 0, 0, 0, 0, 0) and report.notes == ()
    assert not report.touched and not report.reshaped
    assert {table: desk.rows(table) for table in ("buildings", "benches")} == before
    assert desk.copy.changes() == []


@pytest.mark.scenario("capability report", writes=False)
def test_the_report_says_what_is_missing(place: Place) -> None:
    twin = place.twin()
    capabilities = twin.capabilities()
    assert capabilities.tier == place.expect.tier
    text = "\n".join(sentence.text for sentence in sentences(capabilities, twin.collections()))
    assert [part for part in place.expect.says if part not in text] == []
    assert [part for part in place.expect.not_says if part in text] == []


def test_transformation_of_the_tests_is_the_servers(postgis: Any) -> None:
    """The tests compare in metres after transforming by themselves: with the same result as PostGIS."""
    point = {"type": "Point", "coordinates": [92000.0, 436000.0]}
    there = postgis.run(
        "SELECT ST_X(g), ST_Y(g) FROM ST_Transform(ST_SetSRID(ST_MakePoint(92000, 436000), 28992), 4326) g"
    )[0]
    here = transformed(point, 28992, 4326)
    assert here is not None and max(abs(a - b) for a, b in zip(here["coordinates"], there)) < 1e-9
