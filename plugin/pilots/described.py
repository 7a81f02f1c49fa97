"""Checks of what is written about a pilot: dates, what its stage asks for, its history, personal data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from ..text import tr
from ..twin.errors import CityTwinError
from . import schema as cols
from . import stages
from . import vocabulary as words
from .parts import StageChange
from .personal import Found, personal_data, without
from .problems import Fix, Problem, Severity
from .record import Pilot, in_order

_EARLIEST = date(1990, 1, 1)
_FARTHEST = timedelta(days=30 * 365)
_LONGEST = timedelta(days=10 * 365)


def described_problems(pilot: Pilot, today: date) -> Iterator[Problem]:
    """What is wrong with the columns."""
    yield from _unreadable(pilot)
    yield from _stage(pilot, today)
    yield from _dates(pilot, today)
    yield from _personal(pilot)


def _unreadable(pilot: Pilot) -> Iterator[Problem]:
    for column in pilot.unreadable:
        name = cols.title(column)
        if column in cols.STRUCTURED:
            sentence = tr("{column} cannot be read: its text is not JSON.", column=name)
            advice = tr("Fill it anew in the form; the old text is kept beside it.")
        else:
            sentence = tr("{column} is no date.", column=name)
            advice = tr("Write it as 2026-03-31.")
        yield _problem(pilot, "unreadable", "error", column, sentence, advice)


def _stage(pilot: Pilot, today: date) -> Iterator[Problem]:
    if pilot.stage not in words.STAGES:
        sentence = tr("{stage} is no stage of a pilot.", stage=pilot.stage or tr("Nothing"))
        allowed = ", ".join(words.stage_title(stage) for stage in words.STAGES)
        yield _problem(pilot, "stage", "error", cols.STAGE, sentence, tr("Choose one of: {allowed}.", allowed=allowed))
        return
    for column in stages.missing_for(pilot, pilot.stage):
        yield _problem(
            pilot,
            "missing",
            "error",
            column,
            tr(
                "{column} is empty, but a pilot in the stage {stage} needs it.",
                column=cols.title(column),
                stage=words.stage_title(pilot.stage),
            ),
            _how_to_fill(column),
        )
    last = next((change for change in reversed(pilot.history) if change.is_change), None)
    if pilot.stage != (last.new if last else words.IDEA):
        sentence = tr(
            "The history ends with {last}, but the stage is {stage}: the change was not kept.",
            last=words.stage_title(last.new) if last else tr("nothing"),
            stage=words.stage_title(pilot.stage),
        )
        fix = Fix(tr("Add It to the History"), lambda one: _remembered(one, today))
        yield _problem(pilot, "history", "warning", cols.HISTORY, sentence, fix=fix)
    for change in pilot.history:
        if change.day is None or change.day > today:
            sentence = tr("The history has a change of {when}, which has not come yet.", when=change.at)
            yield _problem(pilot, "future", "warning", cols.HISTORY, sentence)


def _remembered(pilot: Pilot, today: date) -> Pilot:
    last = next((change for change in reversed(pilot.history) if change.is_change), None)
    old = last.new if last else ""
    if old == pilot.stage:
        raise CityTwinError(tr("The history has that change by now. Nothing was changed."))
    change = StageChange(today.isoformat(), pilot.stage, old, pilot.stop_reason if pilot.stage == words.STOPPED else "")
    return replace(pilot, history=in_order((*pilot.history, change)))


def _how_to_fill(column: str) -> str:
    if column in words.CONDITIONS:
        return tr("Rate at least one of its criteria.")
    if column in (cols.DATA_USED, cols.DATA_PRODUCED):
        return tr("Link at least one collection or datastream.")
    return tr("Fill it in the form.")


def _dates(pilot: Pilot, today: date) -> Iterator[Problem]:
    start, end = pilot.start, pilot.end
    if start and end and end < start:
        sentence = tr("It ends on {end}, before it starts on {start}.", end=end.isoformat(), start=start.isoformat())
        swap = Fix(tr("Swap the Dates"), lambda one: replace(one, start=one.end, end=one.start))
        yield _problem(pilot, "dates", "error", cols.END, sentence, fix=swap)
    elif start and end and end - start > _LONGEST:
        sentence = tr("It runs for {years} years: that is no pilot any more.", years=(end - start).days // 365)
        yield _problem(pilot, "long", "warning", cols.END, sentence, tr("Check the dates."))
    for column, day in ((cols.START, start), (cols.END, end)):
        if day and not _EARLIEST <= day <= today + _FARTHEST:
            sentence = tr("{column} is {day}: probably a slip.", column=cols.title(column), day=day.isoformat())
            yield _problem(pilot, "far-date", "warning", column, sentence, tr("Check the year."))
    if pilot.stage == words.RUNNING and start and start > today:
        sentence = tr("It is running, but starts on {day} only.", day=start.isoformat())
        yield _problem(pilot, "not-started", "warning", cols.START, sentence, tr("Check the stage or the date."))
    if pilot.stage == words.RUNNING and end and end < today:
        sentence = tr("It is running, but ended on {day}.", day=end.isoformat())
        advice = tr("Evaluate it, stop it with a reason, or extend it.")
        yield _problem(pilot, "past-end", "warning", cols.END, sentence, advice)
    for name in words.CONDITIONS:
        for one in pilot.condition(name):
            if one.on and one.on > today:
                sentence = tr(
                    "{criterion} is rated on {day}, which has not come yet.",
                    criterion=words.criterion_title(one.criterion),
                    day=one.on.isoformat(),
                )
                yield _problem(pilot, "future", "warning", name, sentence)


def _personal(pilot: Pilot) -> Iterator[Problem]:
    told = set()
    for column, text in pilot.free_texts():
        for found in personal_data(text):
            if (column, found.text) in told:
                continue
            told.add((column, found.text))
            fix = Fix(tr("Remove It from the Text"), _eraser(column))
            sentence = _what(found, cols.title(column))
            advice = tr("Pilots are read by many: name a role or an organisation instead.")
            yield _problem(pilot, "personal", "warning", column, sentence, advice, fix)


def _what(found: Found, column: str) -> str:
    if found.kind == "e-mail":
        return tr("{column} holds an e-mail address of a person: {found}", column=column, found=found.text)
    if found.kind == "phone":
        return tr("{column} holds a telephone number: {found}", column=column, found=found.text)
    if found.kind == "bsn":
        return tr("{column} holds what is probably a citizen service number (BSN).", column=column)
    if found.kind == "iban":
        return tr("{column} holds a bank account number (IBAN).", column=column)
    return tr("{column} holds the name of a person: {found}", column=column, found=found.text)


def _eraser(column: str) -> Any:
    def erase(pilot: Pilot) -> Pilot:
        return erased(pilot, column)

    return erase


def erased(pilot: Pilot, column: str) -> Pilot:
    """``pilot`` with personal data taken out of one free text column, structured ones included."""
    new: Any
    name = {cols.HISTORY: "history", cols.CONTACT: "contact"}.get(column, column)
    old = getattr(pilot, name)
    if column == cols.HISTORY:
        new = tuple(replace(one, reason=without(one.reason), by=without(one.by)) for one in old)
    elif column in words.CONDITIONS:
        new = tuple(replace(one, evidence=without(one.evidence)) for one in old)
    elif column in (cols.DATA_USED, cols.DATA_PRODUCED):
        new = tuple(replace(one, title=without(one.title)) for one in old)
    elif column == cols.PARTNERS:
        new = tuple(without(one) for one in old)
    else:
        new = without(old)
    changes: dict[str, Any] = {name: new}
    return replace(pilot, **changes)


def _problem(
    pilot: Pilot, code: str, severity: Severity, column: str, sentence: str, advice: str = "", fix: Fix | None = None
) -> Problem:
    return Problem(code, severity, column, sentence, advice, fix, None, None, pilot.srid, pilot.key)
