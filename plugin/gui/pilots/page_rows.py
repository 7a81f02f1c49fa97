"""What the list of pilots shows: pilots by stage, in words, sought and sifted."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from ...map.pilots.book import Record
from ...pilots import vocabulary as stage_words
from ...pilots.problems import Severity, worst
from ...text import tr, trn
from .form_problems import counted

Day = Callable[[date], str]  # how the user writes a day


@dataclass(frozen=True)
class Filter:
    """``words``: each must be in what is written about the pilot; ``stage``: "" for every one; ``fading`` and
    ``problems``: only those that fade, or have an error or a warning."""

    words: tuple[str, ...] = ()
    stage: str = ""
    fading: bool = False
    problems: bool = False

    @property
    def empty(self) -> bool:
        """Whether all is let through."""
        return self == Filter()

    def lets(self, record: Record) -> bool:
        """Whether a pilot is shown."""
        if self.stage and record.pilot.stage != self.stage:
            return False
        if self.fading and not record.fading:
            return False
        if self.problems and not any(problem.severity != "notice" for problem in record.problems):
            return False
        text = searched(record) if self.words else ""
        return all(word in text for word in self.words)


@dataclass(frozen=True)
class Group:
    """The pilots of one stage that are shown, by title."""

    stage: str
    rows: tuple[Record, ...] = field(default=())

    @property
    def title(self) -> str:
        return stage_words.stage_title(self.stage) if self.stage else tr("No Stage")


def words_of(text: str) -> tuple[str, ...]:
    """What is typed in the filter as words to seek."""
    return tuple(fold(text).split())


def fold(text: str) -> str:
    """Without case and accents."""
    text = text.casefold()
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFKD", text)
    return "".join(part for part in parts if not unicodedata.combining(part))


def searched(record: Record) -> str:
    """What is sought in: all that people wrote, themes and stages in the user's words, and the twin's id."""
    pilot = record.pilot
    parts = [text for _column, text in pilot.free_texts()]
    parts += [stage_words.theme_title(pilot.theme), stage_words.stage_title(pilot.stage), pilot.twin_id or ""]
    return fold(" ".join(parts))


def grouped(records: Iterable[Record], sifter: Filter) -> tuple[Group, ...]:
    """Those that are let through by stage: in the order of the path, then stopped, then words of other servers."""
    by_stage: dict[str, list[Record]] = {}
    for record in records:
        if sifter.lets(record):
            by_stage.setdefault(record.pilot.stage, []).append(record)
    foreign = sorted(stage for stage in by_stage if stage not in stage_words.STAGES)
    order = [stage for stage in (*stage_words.STAGES, *foreign) if stage in by_stage]
    return tuple(Group(stage, tuple(sorted(by_stage[stage], key=lambda one: fold(one.pilot.label)))) for stage in order)


def title(record: Record) -> str:
    """The pilot's title; a row without one says so."""
    pilot = record.pilot
    return pilot.name or tr("Pilot without a title ({key})", key=pilot.key)


def below(record: Record) -> str:
    """The second line: theme, and who leads."""
    pilot = record.pilot
    theme = stage_words.theme_title(pilot.theme) if pilot.theme else ""
    return " · ".join(part for part in (theme, pilot.lead) if part) or tr("Nothing is filled in yet")


def newness(record: Record) -> str:
    """Where it is still to go; "" for one that the twin has."""
    pilot = record.pilot
    if pilot.twin_id is not None:
        return ""
    unsaved = pilot.fid is None or pilot.fid < 0
    return tr("New, not saved yet") if unsaved else tr("New, not published yet")


def dates(start: date | None, end: date | None, day: Day) -> str:
    """From when to when; "" where neither is known."""
    if start and end:
        return tr("{start} – {end}", start=day(start), end=day(end))
    if start:
        return tr("from {start}", start=day(start))
    return tr("until {end}", end=day(end)) if end else ""


@dataclass(frozen=True)
class Badge:
    """How many problems of the gravest kind there are."""

    severity: Severity
    count: int


def badge(record: Record) -> Badge | None:
    """None where nothing is wrong. Notices are worth knowing, not counting."""
    gravest = worst(list(record.problems))
    if gravest is None or gravest == "notice":
        return None
    return Badge(gravest, sum(problem.severity == gravest for problem in record.problems))


def tip(record: Record, day: Day) -> str:
    """All of a row as text: for the tool tip, and for who cannot see it."""
    pilot = record.pilot
    lines = [title(record), stage_words.stage_title(pilot.stage), below(record), dates(pilot.start, pilot.end, day)]
    lines.append(newness(record))
    if record.fading:
        lines.append(tr("Fading: {why}", why=" ".join(reason.sentence for reason in record.fading)))
    lines.append(counted(record.problems))
    return "\n".join(line for line in lines if line)


def summary(records: Sequence[Record], shown: int) -> str:
    """The status line once all is read."""
    pilots = trn("{n} pilot", "{n} pilots", len(records))
    fading = sum(bool(record.fading) for record in records)
    errors = sum(problem.severity != "notice" for record in records for problem in record.problems)
    parts = [pilots, trn("{n} fading", "{n} fading", fading), trn("{n} problem", "{n} problems", errors)]
    if shown < len(records):
        parts.append(tr("{shown} shown", shown=shown))
    return " · ".join(parts)
