"""The rules of stages."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timezone

import pytest

from plugin.pilots import stages, vocabulary
from plugin.pilots.record import Pilot, written
from tests.unit.pilots.hand_made import running

DAY = date(2026, 11, 23)


def test_the_whole_path_one_step_at_a_time():
    pilot = Pilot("x")
    for stage in vocabulary.PATH[1:]:
        pilot = stages.moved(pilot, stage, at=DAY)
    assert [change.new for change in pilot.history] == list(vocabulary.PATH[1:])
    assert stages.moves(pilot)[0].stage == "scaling", "from the end only back, or to a stop"


@pytest.mark.parametrize("old", vocabulary.STAGES)
@pytest.mark.parametrize("new", vocabulary.STAGES)
def test_every_pair(old, new):
    """One forward; back and stopping with a reason; nothing else."""
    pilot = replace(running(), stage=old, history=())
    if old == "stopped":
        pilot = stages.moved(replace(running(), stage="running"), "stopped", at=DAY, reason="no money")
    place = {stage: n for n, stage in enumerate(vocabulary.PATH)}
    forward = old in place and new in place and place[new] == place[old] + 1
    back = new in place and (place[new] < place[old] if old in place else place[new] <= place["running"])
    stop = new == "stopped" and old != "stopped"
    for reason in ("", "because"):
        allowed = forward or ((back or stop) and reason)
        if allowed:
            after = stages.moved(pilot, new, at=DAY, reason=reason, by="adviser")
            change = after.history[-1]
            assert (change.old, change.new, change.at, change.by) == (old, new, "2026-11-23", "adviser")
            assert after.stage == new and after.stop_reason == (reason if new == "stopped" else "")
            assert stages.since(after) == DAY
        else:
            with pytest.raises(stages.StageRefused):
                stages.moved(pilot, new, at=DAY, reason=reason)


def test_the_refusal_says_where_it_can_go():
    with pytest.raises(stages.StageRefused, match=r"from Running to Scaling.*Evaluated.*Stopped"):
        stages.moved(running(), "scaling", at=DAY)


def test_what_a_stage_asks_for():
    assert stages.missing_for(running(), "running") == ()
    assert stages.missing_for(running(end=None, contact="", theme=""), "running") == (
        "theme",
        "end_date",
        "contact_role",
    )
    assert stages.missing_for(running(budget_band="", budget=5.0), "running") == ()
    assert stages.missing_for(running(human=()), "evaluated") == ("human",)
    assert stages.moves(running(human=()))[0].missing == ("human",)
    assert stages.missing_for(running(), "stopped") == ("stop_reason",)
    assert stages.moves(running())[-1].missing == (), "the reason is asked for by the change itself"


def test_a_note_is_a_sign_of_life_and_no_change():
    after = stages.noted(running(), "forty roofs", at=datetime(2026, 11, 23, 10, tzinfo=timezone.utc))
    assert after.stage == "running" and not after.history[-1].is_change
    assert after.history[-1].at == "2026-11-23T10:00:00Z" and stages.since(after) == date(2026, 1, 1)
    with pytest.raises(stages.StageRefused):
        stages.noted(running(), "  ", at=DAY)


def test_a_new_pilot_begins_its_history():
    new = stages.begun(Pilot("x"), at=DAY, by="coordinator")
    assert [(one.at, one.old, one.new) for one in new.history] == [("2026-11-23", "", "idea")]
    assert stages.begun(new, at=date(2027, 1, 1)) is new
    assert set(written(new)) == {"name", "stage", "stage_history"}


def test_a_foreign_stage_can_become_any_of_ours():
    assert {move.stage for move in stages.moves(replace(running(), stage="fase 3"))} == set(vocabulary.STAGES)
