"""All pilots of a city in one picture: stages and time, conditions, which fade, and what most of them lack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from ..text import tr
from . import vocabulary as words
from .conditions import Standing, criteria_of, standings
from .fading import RULES, Fading, Rules, fading, last_sign_of_life
from .record import Pilot
from .stages import since


@dataclass(frozen=True)
class Stay:
    """A stage that a pilot was in, from a day to a day (None: to this day)."""

    stage: str
    first: date
    last: date | None


@dataclass(frozen=True)
class Entry:
    """One pilot on the board."""

    pilot: Pilot
    stays: tuple[Stay, ...]
    since: date | None  # in its stage
    last_sign: date | None
    fading: tuple[Fading, ...]
    technical: Standing
    human: Standing
    institutional: Standing

    @property
    def standings(self) -> tuple[Standing, Standing, Standing]:
        return self.technical, self.human, self.institutional


@dataclass(frozen=True)
class Lack:
    """A criterion that pilots lack: how many have it rated not met, partly met, and not rated at all, of ``pilots`` to
    which it applies. ``keys`` are those of the pilots where it is not met, ``others`` those where it is met in part or
    not rated."""

    condition: str
    criterion: str
    not_met: int
    partly: int
    unknown: int
    pilots: int
    keys: tuple[str, ...]
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Portfolio:
    """The board. ``stages``: every stage in its order with its number of pilots; a foreign stage behind them."""

    today: date
    entries: tuple[Entry, ...]
    stages: tuple[tuple[str, int], ...]
    lacks: tuple[Lack, ...]

    @property
    def fading(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.fading)


def portfolio(pilots: Iterable[Pilot], today: date, rules: Rules = RULES) -> Portfolio:
    """The board of ``pilots``: by stage, within a stage the longest there first."""
    entries = [_entry(pilot, today, rules) for pilot in pilots]
    order = {stage: place for place, stage in enumerate(words.STAGES)}
    entries.sort(key=lambda one: (order.get(one.pilot.stage, len(order)), one.since or today, one.pilot.name))
    names = [*words.STAGES, *sorted({one.pilot.stage for one in entries} - set(words.STAGES))]
    counts = tuple((stage, sum(one.pilot.stage == stage for one in entries)) for stage in names)
    return Portfolio(today, tuple(entries), counts, lacks([one.pilot for one in entries]))


def chosen(
    board: Portfolio,
    *,
    stages: Sequence[str] = (),
    themes: Sequence[str] = (),
    leads: Sequence[str] = (),
    only_fading: bool = False,
    text: str = "",
) -> Portfolio:
    """The board with those pilots only that pass every filter; an empty filter passes all. ``text`` is looked for in
    title, summary, lead and partners, without regard to case."""
    wanted = text.casefold().strip()

    def passes(entry: Entry) -> bool:
        pilot = entry.pilot
        return (
            (not stages or pilot.stage in stages)
            and (not themes or pilot.theme in themes)
            and (not leads or pilot.lead in leads)
            and (bool(entry.fading) or not only_fading)
            and wanted in " ".join((pilot.name, pilot.summary, pilot.lead, *pilot.partners)).casefold()
        )

    entries = tuple(entry for entry in board.entries if passes(entry))
    counts = tuple((stage, sum(one.pilot.stage == stage for one in entries)) for stage, _ in board.stages)
    return Portfolio(board.today, entries, counts, lacks([one.pilot for one in entries]))


def lacks(pilots: Iterable[Pilot]) -> tuple[Lack, ...]:
    """What pilots lack, what most lack first. Ideas, and what is embedded or stopped, are left out: the first have not
    been asked yet, the others are past asking."""
    asked = [one for one in pilots if one.stage not in (words.IDEA, words.EMBEDDED, words.STOPPED)]
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for pilot in asked:
        for condition in words.CONDITIONS:
            for one in criteria_of(pilot, condition):
                if one.rating != words.NOT_APPLICABLE:
                    found.setdefault((condition, one.criterion), []).append((one.rating, pilot.key))
    out = []
    for (condition, criterion), ratings in found.items():
        words_only = [rating for rating, _ in ratings]
        not_met, partly = words_only.count(words.NOT_MET), words_only.count(words.PARTLY)
        met = words_only.count(words.MET)
        keys = tuple(key for rating, key in ratings if rating == words.NOT_MET)
        others = tuple(key for rating, key in ratings if rating not in (words.NOT_MET, words.MET))
        unknown = len(ratings) - met - partly - not_met
        if met < len(ratings):
            out.append(Lack(condition, criterion, not_met, partly, unknown, len(ratings), keys, others))
    return tuple(sorted(out, key=lambda one: (-one.not_met, -one.partly, -one.unknown, one.criterion)))


def as_rows(board: Portfolio) -> list[list[str]]:
    """The board as a table of texts, the first row its heads: what can be counted as numbers, the human conditions as
    the words of those that are open."""
    counted = [(name, rating) for name in (words.TECHNICAL, words.INSTITUTIONAL) for rating in words.RATINGS[:4]]
    heads = [
        tr("Pilot"), tr("Title"), tr("Stage"), tr("In stage since"), tr("Days in stage"), tr("Theme"), tr("Lead"),
        tr("Partners"), tr("Start"), tr("End"), tr("Last sign of life"), tr("Fading"), tr("Fading since"),
        *(f"{words.condition_title(name)}: {words.rating_title(rating)}" for name, rating in counted),
        tr("To talk about"),
    ]  # fmt: skip
    return [heads, *(_row(entry, board.today, counted) for entry in board.entries)]


def to_talk_about(pilot: Pilot) -> tuple[str, ...]:
    """The human criteria that are open, those found not to be met first: matters for a meeting, never counted."""
    order = {words.NOT_MET: 0, words.UNKNOWN: 1, words.PARTLY: 2}
    found = [one for one in criteria_of(pilot, words.HUMAN) if one.rating not in (words.MET, words.NOT_APPLICABLE)]
    return tuple(one.criterion for one in sorted(found, key=lambda one: order.get(one.rating, 1)))


def stays(pilot: Pilot) -> tuple[Stay, ...]:
    """The stages that a pilot was in, by its history; notes in between do not count. Changes without a readable date
    are left out."""
    changes = [(change.new, change.day) for change in pilot.history if change.is_change]
    dated = [(stage, day) for stage, day in changes if day is not None]
    return tuple(
        Stay(stage, day, dated[place + 1][1] if place + 1 < len(dated) else None)
        for place, (stage, day) in enumerate(dated)
    )


def _entry(pilot: Pilot, today: date, rules: Rules) -> Entry:
    technical, human, institutional = standings(pilot)
    return Entry(
        pilot,
        stays(pilot),
        since(pilot),
        last_sign_of_life(pilot, today),
        fading(pilot, today, rules),
        technical,
        human,
        institutional,
    )


def _row(entry: Entry, today: date, counted: Sequence[tuple[str, str]]) -> list[str]:
    pilot = entry.pilot
    since = next((one.since for one in entry.fading if one.since), None)
    standing = {one.condition: one for one in entry.standings}
    numbers = {
        words.MET: lambda one: one.met, words.PARTLY: lambda one: one.partly, words.NOT_MET: lambda one: one.not_met,
        words.UNKNOWN: lambda one: one.unknown,
    }  # fmt: skip
    return [
        pilot.key,
        pilot.name,
        words.stage_title(pilot.stage),
        _iso(entry.since),
        str((today - entry.since).days) if entry.since else "",
        words.theme_title(pilot.theme) if pilot.theme else "",
        pilot.lead,
        "; ".join(pilot.partners),
        _iso(pilot.start),
        _iso(pilot.end),
        _iso(entry.last_sign),
        " ".join(one.sentence for one in entry.fading),
        _iso(since),
        *(str(numbers[rating](standing[name])) for name, rating in counted),
        "; ".join(words.criterion_title(name) for name in to_talk_about(pilot)),
    ]


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
