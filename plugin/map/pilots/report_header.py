"""The head of a report: what the pilot is, how it stands, who does it, when, and for how much."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from qgis.PyQt.QtCore import QDate, QLocale
from qgis.PyQt.QtGui import QColor

from ...pilots import vocabulary as words_of
from ...pilots.record import Pilot
from ...pilots.stages import since
from ...text import language, number, tr, trn
from .report import Report
from .report_parts import Block, Part
from .report_type import DESCENT, FAINT, INK, POINT, Type, height_of, words
from .style import LOOKS, WARNING, WARNING_INK

LEFT, ACROSS = 15.0, 180.0
_GAP = 4.0
_CHIP = 6.4
_DULL = "#5b5b5b"
Section = tuple[list[Part], float]  # parts as if the section began at the top of the page, and how high it is


def ink_of(stage: str) -> str:
    """The colour of a stage, dark enough for text."""
    look = LOOKS.get(stage)
    return str(QColor(look.ink).darker(112).name()) if look else _DULL


def title_of(pilot: Pilot) -> str:
    """What a pilot is called, also one that nobody gave a title yet."""
    return pilot.name or tr("Pilot without a title ({key})", key=pilot.key)


def day(value: date | None) -> str:
    """As people write it in the language of the report."""
    if value is None:
        return ""
    return str(QLocale(language()).toString(QDate(value.year, value.month, value.day), "d MMM yyyy"))


def header(report: Report, type_: Type, *, roomy: bool = True) -> Section:
    """Kind and stage, title, summary, and four facts side by side."""
    pilot = report.pilot
    parts: list[Part] = []
    right = LEFT + ACROSS
    for text, fill, ink in _chips(report):
        wide = type_.width(text, 9, True) + 7
        right -= wide
        parts.append(Block(right, 0, wide, _CHIP, fill, radius=_CHIP / 2, name="chip"))
        cap = height_of(1, 9) - 9 * POINT * DESCENT
        parts.append(words(right, (_CHIP - cap) / 2, wide, [text], 9, ink=ink, bold=True, align="middle", name="chip"))
        right -= 2
    kind = tr("Pilot")
    if pilot.theme:
        kind += f" · {words_of.theme_title(pilot.theme)}"
    parts.append(words(LEFT, 2.0, right - LEFT, [type_.cut(kind, right - LEFT - 2, 9.5)], 9.5, ink=FAINT, name="kind"))
    y = _CHIP + 3.4
    title = type_.lines(title_of(pilot), ACROSS, 20, 2, bold=True)
    parts.append(words(LEFT, y, ACROSS, title, 20, bold=True, leading=8.4, name="title"))
    y += height_of(len(title), 20, 8.4) + 2.4
    summary = type_.lines(pilot.summary, ACROSS, 9.5, 4 if roomy else 2)
    if summary:
        parts.append(words(LEFT, y, ACROSS, summary, 9.5, leading=4.5, name="summary"))
        y += height_of(len(summary), 9.5, 4.5) + 2.6
    facts, high = _facts(report, type_, y + 0.6, 3 if roomy else 2)
    y += high + 2.6
    return [*parts, *facts, Block(LEFT, y, ACROSS, 0.9, ink_of(pilot.stage), name="rule")], y + 0.9


def _chips(report: Report) -> list[tuple[str, str, str]]:
    pilot = report.pilot
    found = [(words_of.stage_title(pilot.stage) or tr("No stage"), ink_of(pilot.stage), "#ffffff")]
    return [*found, (tr("Fading"), WARNING, WARNING_INK)] if report.fading else found


def _facts(report: Report, type_: Type, y: float, most: int) -> Section:
    wide = (ACROSS - 3 * _GAP) / 4
    parts: list[Part] = []
    high = 0.0
    for place, (label, value, more) in enumerate(_told(report)):
        x = LEFT + place * (wide + _GAP)
        parts.append(words(x, y, wide, [type_.cut(label, wide, 7.5)], 7.5, ink=FAINT, name="label"))
        lines = type_.lines(value or "–", wide, 9, most, bold=bool(value))
        at = y + 4.3
        parts.append(words(x, at, wide, lines, 9, bold=bool(value), leading=4.1, ink=INK if value else FAINT))
        at += height_of(len(lines), 9, 4.1) + 1.2
        under = type_.lines(more, wide, 8, most - 1) if more else ()
        if under:
            parts.append(words(x, at, wide, under, 8, ink=FAINT, leading=3.7))
            at += height_of(len(under), 8, 3.7)
        high = max(high, at - y)
    return parts, high


def _told(report: Report) -> Sequence[tuple[str, str, str]]:
    pilot = report.pilot
    partners = "; ".join(pilot.partners)
    if pilot.budget is not None:
        budget, band = tr("€ {sum}", sum=number(pilot.budget)), words_of.budget_title(pilot.budget_band)
    else:
        budget, band = words_of.budget_title(pilot.budget_band) if pilot.budget_band else "", ""
    came = since(pilot)
    stay = ""
    if came and pilot.stage in words_of.STAGES:
        stay = tr("{stage} since {day}", stage=words_of.stage_title(pilot.stage), day=day(came))
    return (
        (tr("Lead"), pilot.lead, pilot.contact),
        (trn("Partner", "Partners", max(1, len(pilot.partners))), partners, ""),
        (tr("Runs"), _period(report), stay),
        (tr("Budget"), budget, band if pilot.budget_band else ""),
    )


def _period(report: Report) -> str:
    start, end = report.pilot.start, report.pilot.end
    if start and end:
        return f"{day(start)} – {day(end)}"
    if start:
        return tr("from {day}", day=day(start))
    return tr("until {day}", day=day(end)) if end else ""


def worries(report: Report, type_: Type, *, roomy: bool = True) -> Section:
    """Why it fades, or why it stopped; nothing where neither is so."""
    pilot = report.pilot
    sentences = [one.sentence for one in report.fading]
    title = tr("Why it is fading")
    if pilot.stage == words_of.STOPPED:
        title, sentences = tr("Why it stopped"), [pilot.stop_reason] if pilot.stop_reason else []
    if not sentences:
        return [], 0.0
    inside, most = ACROSS - 9, 4 if roomy else 2
    lines: list[str] = []
    for place, sentence in enumerate(sentences):
        room = most - len(lines) - (len(sentences) - place - 1)
        lines += type_.lines(sentence, inside, 9, max(1, room))
    lines = lines[:most]
    high = 3.4 + height_of(len(lines) + 1, 9, 4.4) + 1.2
    bar = WARNING if report.fading else _DULL
    tint = "#fff7e3" if report.fading else "#f1f2f3"
    return [
        Block(LEFT, 0, ACROSS, high, tint, name="worries"),
        Block(LEFT, 0, 1.4, high, bar, name="worries"),
        words(LEFT + 5, 2.1, inside, [title], 9, bold=True, name="heading"),
        words(LEFT + 5, 6.7, inside, lines, 9, leading=4.4, name="worries"),
    ], high
