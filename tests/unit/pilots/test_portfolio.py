"""The board: stages and time, shares, what fades and why, what is lacking, and the meeting."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from plugin.pilots import vocabulary
from plugin.pilots.conditions import criteria_of, standing
from plugin.pilots.fading import Rules, fading, last_sign_of_life
from plugin.pilots.meeting import agenda, planned, questions_for
from plugin.pilots.parts import Assessment, StageChange
from plugin.pilots.portfolio import Stay, as_rows, chosen, lacks, portfolio, stays, to_talk_about
from plugin.pilots.reading import find_pilot, read_pilots
from plugin.pilots.record import Pilot
from tests.unit.pilots.hand_made import rated, running

TODAY = date(2026, 11, 23)


def whys(pilot, **rules):
    return [one.why for one in fading(pilot, TODAY, Rules(**rules))]


def test_a_healthy_pilot_does_not_fade():
    assert whys(running()) == []


@pytest.mark.parametrize("days", [0, 1, 2])
def test_past_the_end(days):
    pilot = running(end=TODAY - timedelta(days=days))
    assert whys(pilot) == (["past its end"] if days else [])
    assert whys(pilot, after_end=1) == (["past its end"] if days > 1 else [])


def test_no_decision_after_the_evaluation():
    change = StageChange("2026-05-01", "evaluated", "running")
    pilot = running(stage="evaluated", history=(change,), end=date(2026, 1, 1), human=rated("human", day=TODAY))
    assert whys(pilot) == ["no decision"]
    assert whys(pilot, to_decide=206) == [] and whys(pilot, to_decide=205) == ["no decision"]
    (one,) = fading(pilot, TODAY)
    assert one.since == date(2026, 5, 1) and one.days == 206 and "206 days" in one.sentence
    assert (
        whys(running(stage="evaluated", history=(change,), end=date(2026, 10, 1), human=rated("human", day=TODAY)))
        == []
    )


def test_proposed_and_never_started():
    pilot = running(stage="proposed", start=TODAY - timedelta(days=91))
    assert whys(pilot) == ["not started"] and whys(pilot, to_start=91) == []


def test_silence_counts_from_the_last_sign_of_life():
    old = running(history=(StageChange("2026-01-01", "running"),), technical=(), human=(), institutional=())
    assert whys(old) == ["no update"] and last_sign_of_life(old) == date(2026, 1, 1)
    assert whys(running(history=old.history)) == [], "an assessment of June is a sign of life"
    note = StageChange("2027-01-01", "running", "running", "x")
    ahead = running(history=(*old.history, note), technical=(), human=(), institutional=())
    assert whys(ahead) == ["no update"], "a date that has not come is none"
    assert whys(running(history=(), technical=(), human=(), institutional=())) == ["no update"]
    assert whys(Pilot("new")) == []


def test_silence_is_counted_to_the_day():
    quiet = running(technical=(), human=(), institutional=(), history=(StageChange("2026-05-27", "running"),))
    assert whys(quiet) == [] and whys(quiet, quiet=179) == ["no update"], "180 days are still allowed"
    idea = running(stage="idea", start=None, technical=(), human=(), institutional=(), history=quiet.history)
    assert whys(idea) == [] and whys(idea, quiet_idea=179) == ["no update"]


def test_conditions_below_the_line_but_never_the_human_ones():
    low = rated("technical", "not met")
    assert whys(running(technical=low)) == ["conditions"]
    assert whys(running(technical=low[:2])) == [], "two criteria say nothing yet"
    assert whys(running(technical=(*low[:2], *rated("technical", "partly met")[2:4]))) == []
    assert whys(running(technical=(*low[:2], *rated("technical", "partly met")[2:4])), line=0.6) == ["conditions"]
    assert whys(running(human=rated("human", "not met"))) == []
    assert whys(running(stage="idea", technical=low, start=None)) == []


@pytest.mark.parametrize("stage", ["embedded", "stopped", "fase 3"])
def test_what_was_decided_does_not_fade(stage):
    assert whys(Pilot("x", stage=stage, end=date(2020, 1, 1))) == []


def test_shares_are_of_criteria_that_apply():
    pilot = running(
        technical=(
            Assessment("reuse", "met"),
            Assessment("integration", "not met"),
            Assessment("maintenance", "not applicable"),
            Assessment("our own", "partly met"),
        )
    )
    found = standing(pilot, "technical")
    assert (found.met, found.partly, found.not_met, found.unknown, found.not_applicable) == (1, 1, 1, 3, 1)
    assert found.criteria == 6 and found.rated == 3 and found.met_of_rated == pytest.approx(2 / 3)
    assert sum(found.share(rating) for rating in vocabulary.RATINGS[:4]) == pytest.approx(1)
    assert [one.criterion for one in criteria_of(pilot, "technical")][-1] == "our own"
    assert standing(Pilot("x"), "human").met_of_rated is None
    off = tuple(Assessment(name, "not applicable") for name in vocabulary.CRITERIA["human"])
    assert standing(running(human=off), "human").share("met") == 0.0


def test_stays():
    assert stays(running()) == (
        Stay("idea", date(2025, 1, 1), date(2025, 6, 1)),
        Stay("proposed", date(2025, 6, 1), date(2026, 1, 1)),
        Stay("running", date(2026, 1, 1), None),
    )
    assert stays(running(history=(StageChange("soon", "idea"),))) == ()


def test_what_most_lack():
    bad = rated("technical", "not met")[:1]
    found = lacks([running(technical=bad), running(technical=bad, twin_id="P-2"), running(stage="idea", technical=bad)])
    assert (found[0].criterion, found[0].not_met, found[0].pilots) == ("data standards", 2, 2)
    assert found[0].keys == ("P-1", "P-2") and {one.condition for one in found} == {"technical"}
    partly = running(technical=(Assessment("data standards", "partly met"), *bad[1:]), twin_id="P-3")
    (first, *_) = lacks([running(technical=bad), partly])
    assert (first.keys, first.others) == (("P-1",), ("P-3",))


def test_matters_to_talk_about_begin_with_what_is_not_met():
    marks = (("skills", "met"), ("ownership", "partly met"), ("leadership", "not met"), ("time", "not applicable"))
    pilot = running(human=tuple(Assessment(*one) for one in marks))
    assert to_talk_about(pilot) == ("leadership", "participants' support", "ownership")
    assert to_talk_about(running()) == ()


def test_the_table_counts_what_can_be_counted_and_names_what_is_to_be_talked_about(city):
    board = portfolio(read_pilots(city.copy), TODAY)
    heads, *rows = as_rows(board)
    assert len(rows) == 10 and all(len(row) == len(heads) for row in rows)
    assert not any("uman" in head for head in heads), "people are not counted"
    noise = dict(zip(heads, next(row for row in rows if row[0] == "P-05")))
    assert noise["Stage"] == "Evaluated" and noise["In stage since"] == "2025-10-20" and noise["Days in stage"] == "399"
    assert noise["Institutional conditions: Not met"] == "3" and noise["Technical conditions: Met"] == "2"
    assert noise["To talk about"] == "Ownership; Time to take part; Leadership"
    assert noise["Fading since"] == "2025-10-20" and "399 days" in noise["Fading"]
    assert as_rows(portfolio([Pilot(fid=3)], TODAY))[1][:6] == ["fid:3", "", "Idea", "", "", ""]


def test_the_demo_board(city):
    pilots = read_pilots(city.copy)
    board = portfolio(pilots, TODAY)
    assert dict(board.stages) == {
        "idea": 1, "proposed": 2, "running": 3, "evaluated": 1, "scaling": 1, "embedded": 1, "stopped": 1,
    }  # fmt: skip
    assert [entry.pilot.stage for entry in board.entries] == [
        stage for stage, count in board.stages for _ in range(count)
    ]
    assert {entry.pilot.twin_id for entry in board.fading} == {"P-01", "P-05", "P-08", "P-09"}
    assert board.lacks[0].criterion == "rules and procurement"
    fewer = chosen(board, stages=("running",), only_fading=True, text="ROOF")
    assert [entry.pilot.twin_id for entry in fewer.entries] == ["P-01"] and dict(fewer.stages)["running"] == 1
    assert chosen(board, themes=("safety",)).entries[0].pilot.twin_id == "P-09"
    assert chosen(board, leads=("Havenbedrijf Rotterdam",)).entries[0].pilot.twin_id == "P-03"
    assert chosen(board).entries == board.entries


def test_the_meeting_asks_about_what_is_open_first(city):
    pilot = find_pilot(read_pilots(city.copy), "P-05")
    found = agenda(pilot, TODAY)
    order = [topic.criterion for topic in found.topics]
    assert order == ["", "ownership", "time", "leadership", "skills", "participants' support", ""]
    assert found.minutes == sum(topic.minutes for topic in found.topics) == 80
    text = found.text()
    assert "Nobody keeps the sensors after the pilot." in text and "Whose is this" in text
    assert "noise adviser" in text and "TNO" in text
    assert not any(sign in line for line in text.splitlines() if "uman" in line for sign in "%0123456789"), "no score"


def test_a_meeting_is_planned_by_somebody(city):
    proposed = agenda(find_pilot(read_pilots(city.copy), "P-05"), TODAY)
    assert proposed.clock() == () and proposed.when() == "" and "When:" not in proposed.text()
    people = ["", "TNO", " TNO ", "A neighbour"]
    found = planned(
        proposed, day=date(2026, 12, 3), begins=time(23, 50), place=" Wijkhub ", people=people, minutes={1: 20, 6: 5}
    )
    assert [topic.title for topic in found.topics] == ["Ownership", "What We Decide"]
    assert found.minutes == 25 and found.clock() == (("23:50", "00:10"), ("00:10", "00:15"))
    assert found.people == ("TNO", "A neighbour") and found.place == "Wijkhub"
    text = found.text()
    assert "When: 2026-12-03, 23:50–00:15" in text and "Where: Wijkhub" in text and "## 1. Ownership (20 min)" in text
    nothing = planned(proposed, day=None, begins=time(9, 0), place="", people=(), minutes={})
    assert nothing.clock() == () and nothing.minutes == 0


@pytest.mark.parametrize("criterion", [*vocabulary.CRITERIA["human"], "a city's own"])
def test_every_human_condition_is_asked_about(criterion):
    assert all(question.endswith("?") for question in questions_for(criterion))


@pytest.mark.parametrize("stage", [*vocabulary.STAGES, "fase 3"])
def test_every_stage_has_its_decision(stage):
    assert agenda(Pilot("x", stage=stage), TODAY).topics[-1].questions[0].endswith("?")
