"""A pilot edited here is published by the client that there is, and a colleague's working copy gets it; two people who
changed one list are merged inside it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date

import pytest

from plugin.demo.app import create_app
from plugin.demo.city import pilots_for_data
from plugin.demo.settings import Settings
from plugin.demo.store import Store
from plugin.pilots import stages
from plugin.pilots.checks import Surroundings, check
from plugin.pilots.combine import combined
from plugin.pilots.parts import Assessment
from plugin.pilots.reading import as_columns, find_pilot, pilots_source, read_pilots
from plugin.pilots.record import written
from plugin.twin.client import Twin
from plugin.workcopy.checkout import checkout
from plugin.workcopy.connection import opened
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.geometry import encode
from plugin.workcopy.publish import publish
from plugin.workcopy.pull import pull
from plugin.workcopy.validate import validate
from tests.twin_server import serve_app

TODAY = date(2026, 11, 23)


@pytest.fixture
def desks(tmp_path):
    """A twin of the test's own, and two working copies of its pilots."""
    store = Store(tmp_path / "twin.sqlite")
    store.load("Pilots", "", [pilots_for_data()])
    url, stop = serve_app(create_app(store, Settings()))
    mine = tmp_path / "mine.gpkg"
    checkout(Twin(url), ["pilots"], mine)
    theirs = tmp_path / "theirs.gpkg"
    shutil.copyfile(mine, theirs)
    yield Twin(url), WorkingCopy.open(mine), WorkingCopy.open(theirs)
    stop()
    store.close()


def save(copy, pilot):
    """What the form does: the changed columns of one row."""
    values = as_columns(pilots_source(copy), written(pilot))
    with opened(copy.path, write=True) as connection:
        for name, value in values.items():
            connection.execute(f'UPDATE pilots SET "{name}" = ? WHERE fid = ?', (value, pilot.fid))
    return values


def send(copy, twin):
    assert validate(copy) == []
    report = publish(copy, twin, message="A pilot")
    assert [outcome.state for outcome in report.outcomes] == ["published"], report


def test_an_edited_pilot_is_published_and_seen_by_a_colleague(desks):
    twin, mine, theirs = desks
    pilot = find_pilot(read_pilots(mine), "P-05")
    edited = stages.moved(pilot, "scaling", at=TODAY, by="noise adviser")
    edited = replace(edited, technical=(*pilot.technical[1:], Assessment("reuse", "met", "A second island", TODAY)))
    assert not [one for one in check(edited, Surroundings(), TODAY) if one.severity == "error"]
    assert set(save(mine, edited)) == {"stage", "stage_history", "technical"}
    send(mine, twin)
    pull(theirs, twin)
    seen = find_pilot(read_pilots(theirs), "P-05")
    assert (seen.stage, seen.history, seen.technical) == (edited.stage, edited.history, edited.technical)
    assert json.loads(seen.row["stage_history"])[-1] == {
        "at": "2026-11-23", "from": "evaluated", "to": "scaling", "by": "noise adviser",
    }  # fmt: skip


def test_a_new_pilot_of_two_parts(desks):
    twin, mine, theirs = desks
    squares = [[[[x, 437000], [x + 50, 437000], [x + 50, 437050], [x, 437000]]] for x in (92000, 92100)]
    blob, _ = encode({"type": "MultiPolygon", "coordinates": squares}, 28992)
    with opened(mine.path, write=True) as connection:
        connection.execute("INSERT INTO pilots (name, stage, geom) VALUES ('Two blocks', 'idea', ?)", (blob,))
    send(mine, twin)
    pull(theirs, twin)
    seen = find_pilot(read_pilots(theirs), "two blocks")
    assert seen.twin_id and [one.code for one in check(seen, Surroundings(), TODAY)] == ["multi-part"]


def test_two_people_judge_different_conditions_and_nobody_is_asked(desks):
    twin, mine, theirs = desks
    pilot = find_pilot(read_pilots(mine), "P-06")
    save(theirs, replace(pilot, human=(Assessment("skills", "met", "", TODAY), *pilot.human[1:])))
    send(theirs, twin)
    save(mine, replace(pilot, institutional=(*pilot.institutional[:-1], Assessment("time", "met", "", TODAY))))
    pull(mine, twin)
    assert mine.conflicts() == []
    send(mine, twin)
    pull(theirs, twin)
    found = find_pilot(read_pilots(theirs), "P-06")
    assert found.human[0].rating == "met" and found.institutional[-1].criterion == "time"


def test_two_people_changed_one_history_and_the_conflict_can_be_merged_inside(desks):
    twin, mine, theirs = desks
    pilot = find_pilot(read_pilots(mine), "P-06")
    save(theirs, stages.noted(pilot, "Twenty rules", at=date(2026, 11, 20)))
    send(theirs, twin)
    save(mine, stages.noted(pilot, "A second district asks", at=date(2026, 11, 22)))
    pull(mine, twin)
    (conflict,) = mine.conflicts()
    (cell,) = [cell for cell in conflict.cells if cell.verdict == "clash"]
    assert cell.column == "stage_history"
    both = json.loads(combined(cell.column, cell.base, cell.mine, cell.theirs))
    assert [one.get("reason") for one in both][-2:] == ["Twenty rules", "A second district asks"]
