"""All pilots of a city in one picture: stages and time, conditions, which fade, and what most of them lack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

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
    which it applies. ``keys`` are those of the pilots where it is not met."""

    condition: str
    criterion: str
    not_met: int
    partly: int
    unknown: int
    pilots: int
    keys: tuple[str, ...]


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
        unknown = len(ratings) - met - partly - not_met
        if met < len(ratings):
            out.append(Lack(condition, criterion, not_met, partly, unknown, len(ratings), keys))
    return tuple(sorted(out, key=lambda one: (-one.not_met, -one.partly, -one.unknown, one.criterion)))


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
