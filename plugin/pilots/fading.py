"""Which pilots are fading, and why: a pilot that nobody decides about ends without anybody having ended it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from ..text import number, tr, trn
from . import stages
from . import vocabulary as words
from .conditions import standing
from .record import Pilot

Why = Literal["past its end", "no decision", "not started", "no update", "conditions"]


@dataclass(frozen=True)
class Rules:
    """When a pilot counts as fading. Days; ``line``: the share of rated criteria that must be met at least partly.

    Human conditions are not among ``lined``: a number says nothing about people. They are brought to a meeting.
    """

    after_end: int = 0  # past the end date, still running
    to_decide: int = 180  # after the evaluation, or the end where that is later, nothing decided
    to_start: int = 90  # past the start date, still only proposed
    quiet: int = 180  # without any sign of life
    quiet_idea: int = 365
    line: float = 0.5
    least_rated: int = 3  # criteria; fewer say nothing yet
    lined: tuple[str, ...] = (words.TECHNICAL, words.INSTITUTIONAL)


RULES = Rules()


@dataclass(frozen=True)
class Fading:
    """One reason why a pilot fades. ``since``: from which day on; None where that is no matter of days."""

    why: Why
    sentence: str
    since: date | None = None
    days: int = 0
    condition: str = ""


def fading(pilot: Pilot, today: date, rules: Rules = RULES) -> tuple[Fading, ...]:
    """Why a pilot fades, most telling first; empty where it does not. What is embedded or stopped was decided."""
    if pilot.stage in (words.EMBEDDED, words.STOPPED) or pilot.stage not in words.STAGES:
        return ()
    found = [*_undecided(pilot, today, rules), *_quiet(pilot, today, rules)]
    if pilot.stage in (words.RUNNING, words.EVALUATED, words.SCALING):
        found += [one for condition in rules.lined for one in _below(pilot, condition, rules)]
    return tuple(found)


def last_sign_of_life(pilot: Pilot, today: date | None = None) -> date | None:
    """The newest date of history and assessments, up to ``today``; None where there is none."""
    days = [change.day for change in pilot.history]
    days += [one.on for condition in words.CONDITIONS for one in pilot.condition(condition)]
    return max((day for day in days if day and (today is None or day <= today)), default=None)


def _undecided(pilot: Pilot, today: date, rules: Rules) -> list[Fading]:
    if pilot.stage == words.RUNNING and pilot.end:
        late = (today - pilot.end).days
        if late > rules.after_end:
            sentence = trn(
                "It ended {n} day ago, and nobody has decided what comes of it.",
                "It ended {n} days ago, and nobody has decided what comes of it.",
                late,
            )
            return [Fading("past its end", sentence, pilot.end, late)]
    if pilot.stage == words.EVALUATED:
        since = max((day for day in (stages.since(pilot), pilot.end) if day), default=None)
        late = (today - since).days if since else 0
        if since and late > rules.to_decide:
            sentence = trn(
                "It was evaluated {n} day ago, and nobody has decided whether it scales up or stops.",
                "It was evaluated {n} days ago, and nobody has decided whether it scales up or stops.",
                late,
            )
            return [Fading("no decision", sentence, since, late)]
    if pilot.stage in (words.IDEA, words.PROPOSED) and pilot.start:
        late = (today - pilot.start).days
        if late > rules.to_start:
            sentence = trn(
                "It should have started {n} day ago, and has not.",
                "It should have started {n} days ago, and has not.",
                late,
            )
            return [Fading("not started", sentence, pilot.start, late)]
    return []


def _quiet(pilot: Pilot, today: date, rules: Rules) -> list[Fading]:
    last = last_sign_of_life(pilot, today)
    limit = rules.quiet_idea if pilot.stage == words.IDEA else rules.quiet
    if last is None:
        if pilot.stage == words.IDEA:
            return []  # an idea may be minutes old
        return [Fading("no update", tr("Its history is empty: nobody has ever noted how it goes."))]
    silent = (today - last).days
    if silent <= limit:
        return []
    sentence = trn("No sign of life for {n} day.", "No sign of life for {n} days.", silent)
    return [Fading("no update", sentence, last, silent)]


def _below(pilot: Pilot, condition: str, rules: Rules) -> list[Fading]:
    found = standing(pilot, condition)
    share = found.met_of_rated
    if share is None or found.rated < rules.least_rated or share >= rules.line:
        return []
    sentence = tr(
        "{condition}: {met} of {rated} rated criteria are met at least partly, less than {line} %.",
        condition=words.condition_title(condition),
        met=found.met + found.partly,
        rated=found.rated,
        line=number(100 * rules.line, ".0f"),
    )
    return [Fading("conditions", sentence, condition=condition)]
