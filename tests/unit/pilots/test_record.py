"""A pilot read from a row, changed, written back: nothing is lost, nothing bad is fatal."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.pilots import schema
from plugin.pilots.combine import combined
from plugin.pilots.mapping import PilotMapping, from_data, guess
from plugin.pilots.parts import Assessment, DataLink, StageChange
from plugin.pilots.reading import NoPilots, as_columns, find_pilot, read_municipality, read_pilots
from plugin.pilots.record import Pilot, for_layer, read_pilot, written

ROW = {
    "fid": 7,
    "twin_id": "P-07",
    "name": "Quay",
    "stage": "running",
    "start_date": "2026-01-31",
    "partners": "TNO;  Eneco ;",
    "budget_eur": 12.5,
    "stage_history": '[{"to": "idea", "at": "2025-01-01", "colour": "red"}, 17]',
    "technical": '[{"criterion":"reuse","rating":"not met","evidence":"none","date":"2026-02-03","weight":2}]',
    "data_used": '["https://x.example.org/a", {"title": "Trees", "licence": "CC0"}]',
    "my_own_column": "kept",
}


def test_a_row_is_read():
    pilot = read_pilot(ROW)
    assert (pilot.fid, pilot.twin_id, pilot.key, pilot.label) == (7, "P-07", "P-07", "Quay")
    assert pilot.start == date(2026, 1, 31) and pilot.end is None and pilot.budget == 12.5
    assert pilot.partners == ("TNO", "Eneco")
    assert pilot.history == (StageChange("2025-01-01", "idea", more={"colour": "red"}),)
    assert pilot.technical == (Assessment("reuse", "not met", "none", date(2026, 2, 3), {"weight": 2}),)
    assert pilot.data_used == (DataLink("", "https://x.example.org/a"), DataLink("Trees", more={"licence": "CC0"}))
    assert pilot.unreadable == ()


def test_untouched_is_not_written():
    assert written(read_pilot(ROW)) == {}


def test_only_what_changed_is_written_and_what_we_do_not_know_stays():
    pilot = read_pilot(ROW)
    step = StageChange("2025-03-01", "proposed", "idea")
    out = written(replace(pilot, history=(*pilot.history, step), summary="New", start=None))
    assert set(out) == {"stage_history", "summary", "start_date"} and out["start_date"] is None
    assert json.loads(out["stage_history"]) == [
        {"at": "2025-01-01", "to": "idea", "colour": "red"},
        {"at": "2025-03-01", "from": "idea", "to": "proposed"},
        17,
    ]


@pytest.mark.parametrize(
    "bad", ["{", "[1,", "nul", '"text"', "3", "[[[", "\x00", '[{"at": 1}]', b"\x00\x01", 3.5, True]
)
@pytest.mark.parametrize(
    "column", [*schema.STRUCTURED, "start_date", "budget_eur", "stage", "name", "partners", "geom"]
)
def test_bad_text_is_never_fatal_and_never_lost(column, bad):
    pilot = read_pilot({**ROW, column: bad})
    assert written(pilot) == {}
    if column == "technical" and isinstance(bad, str):
        out = written(replace(pilot, technical=(Assessment("reuse", "met"),)))["technical"]
        back = json.loads(out)
        assert back[0] == {"criterion": "reuse", "rating": "met"}
        if "technical" in pilot.unreadable:
            assert back[1:] == [{"unreadable": bad}]
        again = read_pilot({**ROW, "technical": out})
        assert again.technical == (Assessment("reuse", "met"),) and again.unreadable == ()


def test_values_as_qgis_gives_them():
    pilot = read_pilot(
        {"name": "x", "start_date": date(2026, 5, 6), "technical": [{"criterion": "reuse"}], "lead": None}
    )
    assert pilot.start == date(2026, 5, 6) and pilot.technical == (Assessment("reuse"),) and pilot.lead == ""


def test_values_as_a_qgis_layer_takes_them():
    values = written(replace(read_pilot(ROW), technical=(Assessment("reuse", "met"),), summary="[not json]"))
    assert for_layer(values) == {"technical": [{"criterion": "reuse", "rating": "met"}], "summary": "[not json]"}
    assert for_layer({"technical": None}) == {"technical": None}
    assert for_layer({"t": "[1]"}, PilotMapping(columns={"technical": "t"})) == {"t": [1]}


def test_a_list_that_was_stored_as_text_in_text_is_read():
    assert read_pilot({"technical": json.dumps('[{"criterion":"reuse"}]')}).technical == (Assessment("reuse"),)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PART = JSON | st.fixed_dictionaries(
    {},
    optional={
        name: st.sampled_from(["2026-01-01", "reuse", "met", "", " x "]) | JSON
        for name in ("at", "to", "from", "reason", "criterion", "rating", "date", "title", "href")
    },
)


@given(st.lists(PART, max_size=4), st.sampled_from(schema.STRUCTURED))
def test_adding_to_any_list_keeps_all_that_was_there(entries, column):
    """Whatever a server holds, one more entry loses none of its members."""
    pilot = read_pilot({"name": "x", column: json.dumps(entries)})
    attribute = "history" if column == schema.HISTORY else column
    new = {
        schema.HISTORY: StageChange("9999-01-01", "idea"),
        schema.DATA_USED: DataLink("new"),
        schema.DATA_PRODUCED: DataLink("new"),
    }.get(column, Assessment("new"))
    out = json.loads(written(replace(pilot, **{attribute: (*getattr(pilot, attribute), new)}))[column])
    assert len(out) == len(entries) + 1

    def members(items):
        return sorted(
            json.dumps([key, value.strip() if isinstance(value, str) else value], sort_keys=True)
            for item in items
            if isinstance(item, dict)
            for key, value in item.items()
            if value not in ("", None, "unknown") and not (isinstance(value, str) and not value.strip())
        )

    missing = [one for one in members(entries) if one not in members(out)]
    # a number where a text belongs is the same number as text
    assert all(isinstance(json.loads(one)[1], (int, float)) for one in missing), missing


THEIRS = PilotMapping(
    "proeftuinen", {"name": "naam", "stage": "fase", "start_date": "begin"}, {"stage": {"Loopt": "running"}}
)


def test_other_names_and_words():
    row = {"naam": "Kade", "fase": "Loopt", "begin": "2026-01-01", "name": "not this"}
    pilot = read_pilot(row, mapping=THEIRS)
    assert (pilot.name, pilot.stage, pilot.start) == ("Kade", "running", date(2026, 1, 1))
    assert written(pilot, THEIRS) == {}
    assert written(replace(pilot, name="Pier"), THEIRS) == {"naam": "Pier"}
    assert written(replace(pilot, stage="evaluated"), THEIRS) == {"fase": "evaluated"}
    back = replace(read_pilot({**row, "fase": "idee"}, mapping=THEIRS), stage="running")
    assert written(back, THEIRS) == {"fase": "Loopt"}


def test_their_words_are_known_whatever_their_case():
    mapping = PilotMapping(values={"stage": {"loopt": "running"}})
    assert read_pilot({"stage": " LOOPT "}, mapping=mapping).stage == "running"


def test_a_mapping_is_plain_data():
    assert from_data(json.loads(json.dumps(THEIRS.as_data()))) == THEIRS
    for bad in (None, 3, [], {"columns": 3, "values": [], "collection": 5.5}, {"values": {"stage": None}}):
        assert from_data(bad).column("name") == "name"


def test_a_mapping_is_guessed_from_dutch_names():
    found = guess("proeftuinen", ["Naam", "Fase", "Startdatum", "trekker", "x"], {"Fase": ["Loopt", "gestopt", "?"]})
    assert found.columns == {"name": "Naam", "stage": "Fase", "start_date": "Startdatum", "lead": "trekker"}
    assert found.values == {"stage": {"Loopt": "running", "gestopt": "stopped"}}
    assert guess("pilots", [p.name for p in schema.schema().properties]).columns == {}


def assessed(*pairs):
    return json.dumps([{"criterion": name, "rating": rating} for name, rating in pairs])


def test_histories_become_one():
    base = '[{"at":"2026-01-01","to":"idea"}]'
    mine = '[{"at":"2026-01-01","to":"idea"},{"at":"2026-03-01","from":"idea","to":"proposed"}]'
    theirs = '[{"to":"idea","at":"2026-01-01"},{"at":"2026-02-01","from":"idea","to":"idea","reason":"talked"}]'
    found = json.loads(combined("stage_history", base, mine, theirs))
    assert [entry["at"] for entry in found] == ["2026-01-01", "2026-02-01", "2026-03-01"]
    assert json.loads(combined("stage_history", base, "[]", theirs)) == json.loads(theirs), "it only grows"


def test_assessments_are_merged_by_criterion_and_only_a_true_clash_is_asked():
    base = assessed(("reuse", "met"), ("skills", "unknown"))
    mine = assessed(("reuse", "not met"), ("skills", "unknown"), ("time", "met"))
    theirs = assessed(("reuse", "met"), ("skills", "met"))
    found = json.loads(combined("technical", base, mine, theirs))
    assert {one["criterion"]: one["rating"] for one in found} == {"reuse": "not met", "skills": "met", "time": "met"}
    assert combined("technical", base, mine, assessed(("reuse", "partly met"))) is None
    assert combined("technical", base, "{", theirs) is None and combined("name", "a", "b", "c") is None
    twice = assessed(("reuse", "met"), ("reuse", "not met"))
    assert combined("technical", base, twice, theirs) is None


def test_both_judged_the_same():
    same = assessed(("reuse", "not met"))
    assert json.loads(combined("technical", assessed(("reuse", "met")), same, same)) == json.loads(same)


def test_links_are_a_set():
    a, b, c = ({"title": name} for name in "abc")
    found = json.loads(combined("data_used", json.dumps([a]), json.dumps([a, b]), json.dumps([c])))
    assert found == [b, c], "one added b, the other put c in the place of a"


def test_pilots_are_read_from_a_working_copy(city):
    pilots = read_pilots(city.copy)
    assert [pilot.twin_id for pilot in pilots] == [f"P-{n:02}" for n in range(1, 11)]
    assert {pilot.stage for pilot in pilots} == {
        "idea", "proposed", "running", "evaluated", "scaling", "embedded", "stopped",
    }  # fmt: skip
    assert all(pilot.wkb and pilot.history and not pilot.unreadable and pilot.srid == 28992 for pilot in pilots)
    assert all(written(pilot) == {} for pilot in pilots)
    source = city.copy.source("pilots")
    assert as_columns(source, {"name": "x"}) == {"name": "x"}
    assert find_pilot(pilots, "P-03") == find_pilot(pilots, "smart quay wilhelminapier") == pilots[2]
    assert read_municipality(city.copy)


def test_what_is_not_there_is_said(city):
    with pytest.raises(NoPilots, match="no layer of the collection proeftuinen"):
        read_pilots(city.copy, THEIRS)
    pilots = read_pilots(city.copy)
    with pytest.raises(NoPilots, match="no pilot Atlantis"):
        find_pilot(pilots, "Atlantis")
    with pytest.raises(NoPilots, match="2 pilots"):
        find_pilot([Pilot("x", twin_id="1"), Pilot("x", twin_id="2")], "x")
