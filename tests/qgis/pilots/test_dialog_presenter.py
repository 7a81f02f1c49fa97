"""The draft of a pilot and the tables over it, without a window."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from qgis.PyQt.QtCore import QLocale

from plugin.gui.pilots.assessment_model import EVIDENCE, RATING, AssessmentModel
from plugin.gui.pilots.dialog_presenter import DialogPresenter
from plugin.gui.pilots.form_amount import amount_of, amount_text
from plugin.gui.pilots.form_limits import limit_problems
from plugin.gui.pilots.links_model import ADDRESS, TITLE, LinksModel
from plugin.pilots import checks
from plugin.pilots import schema as cols
from plugin.pilots import vocabulary as words
from plugin.pilots.checks import Surroundings
from plugin.pilots.mapping import PilotMapping
from plugin.pilots.reading import read_municipality, read_pilots
from plugin.pilots.record import read_pilot, written
from plugin.twin.errors import CityTwinError
from plugin.workcopy.copy import WorkingCopy
from tests.unit.pilots.hand_made import block, running, wkb

TODAY = date(2026, 11, 23)


def settled(qtbot, presenter: DialogPresenter) -> DialogPresenter:
    qtbot.waitUntil(lambda: not presenter.checking, timeout=5000)
    return presenter


def test_problems_are_those_of_the_checks(qtbot, qgis_app, pilots_file):
    copy = WorkingCopy.open(pilots_file)
    pilots, ground = read_pilots(copy), read_municipality(copy)
    pilots[0] = replace(
        pilots[0], wkb=wkb("POLYGON((90000 436000,91000 437000,91000 436000,90000 437000,90000 436000))")
    )
    seen = 0
    for pilot in pilots:
        around = Surroundings([one for one in pilots if one.key != pilot.key], ground)
        presenter = settled(qtbot, DialogPresenter(pilot, around, TODAY))
        wanted = checks.check(pilot, around, TODAY)
        assert presenter.problems() == wanted
        seen += len(wanted)
        presenter.stop()
    assert seen > 5


def test_a_change_while_the_outline_is_checked_is_checked_too(qtbot, qgis_app):
    other = running(name="Neighbour", twin_id="P-2", wkb=wkb(block(92050)))
    presenter = DialogPresenter(running(), Surroundings([other]), TODAY)
    with qtbot.waitSignal(presenter.problems_changed):
        pass
    presenter.set(cols.START, date(2030, 1, 1))
    presenter.set(cols.END, date(2030, 2, 1))
    settled(qtbot, presenter)
    (overlap,) = [one for one in presenter.problems() if one.code == "overlap"]
    assert overlap.severity == "notice"


def test_a_fix_that_no_longer_holds_is_a_sentence(qtbot, qgis_app):
    presenter = DialogPresenter(running(contact="jan.jansen@rotterdam.nl"), Surroundings(), TODAY)
    (personal,) = [one for one in presenter.problems() if one.code == "personal"]
    presenter.set(cols.CONTACT, "adviser")
    with pytest.raises(CityTwinError, match="nothing left to mend"):
        presenter.fix(personal)


def test_another_servers_names_and_columns(qtbot, qgis_app):
    mapping = PilotMapping("gebieden", {cols.NAME: "naam", cols.STAGE: "fase"}, {cols.STAGE: {"loopt": "running"}})
    row = {"naam": "Deelfietsen", "fase": "loopt", "end_date": "later", "fid": 1}
    presenter = DialogPresenter(read_pilot(row, mapping=mapping), Surroundings(), TODAY, mapping=mapping)
    assert presenter.has(cols.NAME) and not presenter.can_edit(cols.LEAD) and presenter.raw(cols.END) == "later"
    presenter.set(cols.LEAD, "nobody can keep this")
    presenter.set(cols.NAME, "  Deelfietsen Zuid ")
    assert written(presenter.pilot, mapping) == {"naam": "Deelfietsen Zuid"}


def test_taking_back_leaves_what_was_filled_in_since(qtbot, qgis_app):
    presenter = DialogPresenter(running(), Surroundings(), TODAY)
    presenter.move("evaluated", TODAY)
    presenter.note("Looked at again.", TODAY)
    presenter.set(cols.LEAD, "Somebody else")
    assert presenter.last_step is not None and presenter.last_step.reason == "Looked at again."
    presenter.take_back()
    presenter.take_back()
    presenter.take_back()
    assert presenter.pilot == running(lead="Somebody else") and presenter.last_step is None and presenter.dirty


def test_what_is_read_only_stays(qtbot, qgis_app):
    presenter = DialogPresenter(running(), Surroundings(), TODAY, read_only="It is.")
    presenter.set(cols.LEAD, "x")
    assert presenter.moves() == () and presenter.pilot == running() and not presenter.dirty


def as_row(**values: Any) -> dict[str, Any]:
    return {**{one.name: None for one in cols.schema().properties}, "fid": 1, "twin_id": "P-1", "name": "A", **values}


def test_what_somebody_else_does_meanwhile_is_kept_beside_ones_own(qtbot, qgis_app):
    """One opens the form, the other one publishes, and a pull brings it: both are in what is saved."""
    first = {"at": "2026-01-01", "to": "idea"}
    judged = [{"criterion": "reuse", "rating": "unknown"}]
    row = as_row(stage="idea", stage_history=json.dumps([first]), technical=json.dumps(judged), lead="A")
    presenter = DialogPresenter(read_pilot(row), Surroundings(), TODAY)
    presenter.note("Mine.", TODAY)
    presenter.set(cols.SUMMARY, "mine")
    presenter.set(cols.LEAD, "mine")
    mine = replace(presenter.pilot.technical[0], rating="met", on=TODAY)
    presenter.set("technical", (mine,))
    theirs = {"at": "2026-11-22", "from": "idea", "to": "idea", "reason": "Theirs."}
    now = as_row(
        stage="idea", stage_history=json.dumps([first, theirs]), lead="theirs", contact_role="theirs", twin_version="2",
        technical=json.dumps([*judged, {"criterion": "own", "rating": "met"}]),
    )  # fmt: skip
    assert presenter.renew(read_pilot(now)) == (cols.LEAD,)
    got = written(presenter.pilot)
    assert [one["reason"] for one in json.loads(got.pop("stage_history"))[1:]] == ["Theirs.", "Mine."]
    assert {one["criterion"]: one["rating"] for one in json.loads(got.pop("technical"))} == {
        "reuse": "met",
        "own": "met",
    }
    assert got == {"summary": "mine", "lead": "mine"} and presenter.pilot.contact == "theirs"
    assert presenter.dirty and presenter.renew(read_pilot(now)) is None
    presenter.take_back()
    assert [one.reason for one in presenter.pilot.history[1:]] == ["Theirs."]
    judged_too = as_row(**{**now, "technical": json.dumps([{"criterion": "reuse", "rating": "not met"}])})
    assert presenter.renew(read_pilot(judged_too)) == ("technical",), "both judged one criterion"
    assert presenter.pilot.technical[0].rating == "met"


def test_only_looked_at_it_follows_what_others_do(qtbot, qgis_app):
    presenter = DialogPresenter(read_pilot(as_row(stage="idea")), Surroundings(), TODAY)
    now = read_pilot(as_row(stage="proposed", summary="theirs", technical="broken"))
    assert presenter.renew(now) == () and presenter.pilot == now and written(presenter.pilot) == {}
    assert not presenter.dirty and presenter.raw("technical") == "broken"
    token = read_pilot(as_row(**{**now.row, "twin_version": "3"}))
    assert presenter.renew(token) is None and presenter.pilot.row["twin_version"] == "3"


@pytest.mark.parametrize("seed", range(12))
def test_whatever_stands_in_a_list_stays_there(qtbot, qgis_app, seed):
    """Random entries, strange ones among them, and random edits: all that nobody touched is written as it was."""
    dice = random.Random(seed)
    names = [*words.CRITERIA["technical"], "own", "other"]
    odd: list[Any] = [7, "text", None, {"rating": "met"}, {"criterion": ""}, [1]]

    def entry() -> Any:
        one: dict[str, Any] = {"criterion": dice.choice(names), "rating": dice.choice([*words.RATINGS, "so so"])}
        one.update(dice.choice([{}, {"date": "2026-01-01"}, {"date": "soon"}, {"weight": 3}, {"evidence": "seen"}]))
        return dice.choice([one, one, one, dice.choice(odd)])

    entries = [entry() for _ in range(dice.randrange(8))]
    row = {**{one.name: None for one in cols.schema().properties}, "fid": 1, "technical": json.dumps(entries)}
    presenter = DialogPresenter(read_pilot(row), Surroundings(), TODAY)
    model = AssessmentModel(presenter, "technical")
    ours = [one for one in entries if isinstance(one, dict) and one.get("criterion")]
    assert model.rowCount() >= len(words.CRITERIA["technical"])
    row_number = dice.randrange(model.rowCount())
    touched = model.at(row_number)
    assert model.setData(model.index(row_number, EVIDENCE), "seen again")
    got = json.loads(written(presenter.pilot)["technical"])
    was_there = touched in read_pilot(row).technical
    assert len(got) == len(entries) + (0 if was_there else 1)
    left = [json.dumps(one, sort_keys=True) for one in got]
    changed = [one for one in entries if json.dumps(one, sort_keys=True) not in left]
    assert len(changed) == (1 if was_there else 0), changed
    kept = [one["criterion"] for one in got if isinstance(one, dict) and one.get("criterion")]
    assert kept[: len(ours)] == [one["criterion"] for one in ours], "in their order"
    for rating in ("met", "unknown"):
        model.setData(model.index(row_number, RATING), rating)
    model.setData(model.index(row_number, EVIDENCE), touched.evidence)
    if not was_there:
        assert written(presenter.pilot) == {}, "as if nobody had been there"


def test_links_of_two_kinds_and_the_same_twice(qtbot, qgis_app):
    presenter = DialogPresenter(running(), Surroundings(), TODAY)
    model = LinksModel(presenter, cols.DATA_USED)
    (first,) = running().data_used
    assert model.add([first]) == 0 and model.add([replace(first, href="https://x.example.org/2")]) == 1
    row = model.add_empty()
    assert model.add_empty() == row and len(presenter.pilot.data_used) == 2
    model.setData(model.index(row, ADDRESS), "  https://x.example.org/3 ")
    assert presenter.pilot.data_used[-1].href == "https://x.example.org/3"
    model.setData(model.index(0, TITLE), "")
    assert presenter.pilot.data_used[0].title == "" and len(presenter.pilot.data_used) == 3
    model.remove([0, 2])
    assert [link.href for link in presenter.pilot.data_used] == ["https://x.example.org/2"]


@pytest.mark.parametrize(
    ("locale", "text", "value"),
    [
        ("en_GB", "1,250,000.5", 1250000.5), ("en_GB", "€ 12 000", 12000.0), ("nl_NL", "1.250.000,5", 1250000.5),
        ("nl_NL", "250000", 250000.0), ("nl_NL", "12,5", 12.5), ("en_GB", "1e9", None), ("en_GB", "twelve", None),
        ("nl_NL", "", None), ("en_GB", "inf", None),
    ],
)  # fmt: skip
def test_sums_of_money(locale, text, value):
    before = QLocale()
    QLocale.setDefault(QLocale(locale))
    try:
        assert amount_of(text) == value
        if value is not None:
            assert amount_of(amount_text(value)) == value, "shown as it can be read again"
    finally:
        QLocale.setDefault(before)


def test_limits_are_the_schemas(qgis_app):
    long = "x" * 3000
    pilot = running(name=long, summary=long, lead=long, contact=long, partners=(long,), integration=long,
                    collaboration=long, stop_reason=long)  # fmt: skip
    assert {one.column for one in limit_problems(pilot)} == {
        one.name for one in cols.schema().properties if one.max_length
    }
    assert list(limit_problems(running())) == []
