"""What the board says: short for its cards, in whole sentences for tool tips and readers of the screen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from ...pilots import vocabulary as words
from ...pilots.conditions import Standing, criteria_of
from ...pilots.fading import Fading, Rules
from ...pilots.portfolio import Entry, Lack, to_talk_about
from ...pilots.record import Pilot
from ...sensors.axis import month
from ...text import number, tr, trn

_DAYS, _MONTHS = 99, 24


def day(when: date) -> str:
    """ "23 Nov 2026"."""
    return tr("{day} {month} {year}", day=when.day, month=month(when.month), year=when.year)


def lasting(days: int) -> str:
    """A time as people tell it: days, months from about three of them on, years from two on."""
    if days <= _DAYS:
        return trn("{n} day", "{n} days", days)
    months = round(days / 30.44)
    if months <= _MONTHS:
        return trn("{n} month", "{n} months", months)
    years = round(days / 365.25, 1)
    return tr("{n} years", n=number(years, ".0f" if years == int(years) else ".1f"))


def in_stage(entry: Entry, today: date) -> str:
    """How long a pilot has been in its stage; "" where its history does not tell."""
    return lasting(max(0, (today - entry.since).days)) if entry.since else ""


def why(one: Fading) -> str:
    """Why a pilot fades, in a few words."""
    return _begun(_why(one))


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]


def _why(one: Fading) -> str:
    if one.why == "past its end":
        return trn("{n} day past its end", "{n} days past its end", one.days)
    if one.why == "no decision":
        return trn("undecided for {n} day", "undecided for {n} days", one.days)
    if one.why == "not started":
        return trn("start {n} day overdue", "start {n} days overdue", one.days)
    if one.why == "no update":
        return trn("quiet for {n} day", "quiet for {n} days", one.days) if one.since else tr("never noted how it goes")
    return tr("{condition} below the line", condition=short_condition(one.condition))


def short_condition(condition: str) -> str:
    """One of the three kinds of conditions in a word."""
    titles = {
        words.TECHNICAL: tr("Technical"),
        words.HUMAN: tr("Human"),
        words.INSTITUTIONAL: tr("Institutional"),
    }
    return titles.get(condition, condition)


def stood(standing: Standing) -> str:
    """How a condition stands, in numbers; people are not counted."""
    if not standing.criteria:
        return tr("Does not apply")
    if not standing.rated:
        return tr("Nothing rated yet")
    return tr("{met} of {rated} met at least partly", met=standing.met + standing.partly, rated=standing.rated)


def talk_about(pilot: Pilot) -> str:
    """The human conditions that are open, as matters to talk about; those found not to be met first."""
    found = to_talk_about(pilot)
    if not found:
        return tr("Nothing is open")
    return ", ".join(words.criterion_title(name) for name in found)


def criteria(pilot: Pilot, condition: str) -> str:
    """Every criterion that applies with its rating, a line each."""
    lines = [words.condition_title(condition)]
    for one in criteria_of(pilot, condition):
        if one.rating != words.NOT_APPLICABLE:
            lines.append(f"  {words.criterion_title(one.criterion)}: {words.rating_title(one.rating)}")
    return "\n".join(lines)


def told(entry: Entry, today: date) -> str:
    """A pilot in a few lines."""
    pilot = entry.pilot
    lines = [pilot.label]
    since = entry.since
    stage = words.stage_title(pilot.stage)
    if since:
        days = (today - since).days
        lines.append(
            trn(
                "{stage} for {n} day, since {since}",
                "{stage} for {n} days, since {since}",
                days,
                stage=stage,
                since=day(since),
            )
        )
    else:
        lines.append(stage)
    what = [words.theme_title(pilot.theme) if pilot.theme else "", pilot.lead]
    lines += [" · ".join(part for part in what if part)] if any(what) else []
    if pilot.start or pilot.end:
        lines.append(period(pilot))
    lines += [one.sentence for one in entry.fading]
    return "\n".join(lines)


def period(pilot: Pilot) -> str:
    """From when to when a pilot is planned."""
    if pilot.start and pilot.end:
        return tr("Planned from {start} to {end}", start=day(pilot.start), end=day(pilot.end))
    if pilot.start:
        return tr("Planned from {start} on", start=day(pilot.start))
    return tr("Planned until {end}", end=day(pilot.end)) if pilot.end else ""


def lacking(lack: Lack) -> str:
    """How many pilots lack a criterion; of a human one, in how many it is to be talked about."""
    if lack.condition == words.HUMAN:
        return trn("in {n} pilot", "in {n} pilots", lack.not_met + lack.partly + lack.unknown)
    parts = (
        (lack.not_met, tr("{n} not met", n=lack.not_met)),
        (lack.partly, tr("{n} partly met", n=lack.partly)),
        (lack.unknown, tr("{n} unknown", n=lack.unknown)),
    )
    return ", ".join(text for count, text in parts if count)


def rules_in_words(rules: Rules, begun: bool = True) -> str:
    """When a pilot counts as fading; ``begun``: as a sentence of its own."""
    parts = [
        trn("{n} day past its end", "{n} days past its end", rules.after_end) if rules.after_end
        else tr("past its end"),
        trn("undecided for {n} day", "undecided for {n} days", rules.to_decide),
        trn("start {n} day overdue", "start {n} days overdue", rules.to_start),
        trn("quiet for {n} day (ideas {idea})", "quiet for {n} days (ideas {idea})", rules.quiet,
            idea=rules.quiet_idea),
    ]  # fmt: skip
    if rules.lined and rules.line > 0:
        names = " / ".join(short_condition(name).lower() for name in rules.lined)
        parts.append(tr("{names} under {line} % of what is rated", names=names, line=number(100 * rules.line, ".0f")))
    text = " · ".join(parts)
    return _begun(text) if begun else text


def listed(names: Iterable[str], most: int = 12) -> str:
    """Names with commas between; of many, the first and how many more."""
    found = list(names)
    text = ", ".join(found[:most])
    return tr("{names} and {n} more", names=text, n=len(found) - most) if len(found) > most else text
