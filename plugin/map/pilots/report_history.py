"""The history of a report: the stages as a band over time, and the last steps with their dates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np

from ...pilots import vocabulary as words_of
from ...pilots.coordinates import Floats
from ...pilots.parts import StageChange
from ...pilots.portfolio import stays
from ...text import tr
from .report import Report
from .report_header import ACROSS, LEFT, Section, day, ink_of
from .report_parts import Drawing, Face, Part
from .report_type import FAINT, INK, Type, height_of, words

_BAND = 3.4
_STEPS = 5  # that fit side by side
_GAP = 3.0


def history(report: Report, type_: Type) -> Section:
    """A band of stages up to today, and the last steps; a sentence where there is no history."""
    if not report.wanted.history:
        return [], 0.0
    parts: list[Part] = [words(LEFT, 0, 60, [tr("History")], 11, bold=True, name="heading")]
    y = 6.4
    found = [one for one in report.pilot.history if one.day is not None and one.day <= report.today]
    if not found:
        text = tr("Nobody has noted yet how this pilot goes.")
        parts.append(words(LEFT, y, ACROSS, [text], 9, ink=FAINT, name="no history"))
        return parts, y + height_of(1, 9)
    shown = found[-_STEPS:]
    if len(shown) < len(found):
        left = len(found) - len(shown)
        text = tr("the last {n} of {all} entries", n=len(shown), all=left + len(shown))
        parts.append(words(LEFT + 60, 0.6, ACROSS - 60, [text], 7.5, ink=FAINT, align="right", name="legend"))
    band, years = _band(report, y, type_)
    parts += [*band, *years]
    y += _BAND + 6.4
    steps, high = _steps(shown, y, type_)
    return [*parts, *steps], y + high


def _band(report: Report, y: float, type_: Type) -> tuple[list[Part], list[Part]]:
    """Each stage as long as it lasted; what is planned from today on is a line."""
    pilot, today = report.pilot, report.today
    spans = [one for one in stays(pilot) if one.first <= today]
    first = min([one.first for one in spans] + [one.day for one in pilot.history if one.day and one.day <= today])
    planned = pilot.end if pilot.end and pilot.end > today and pilot.stage in words_of.PATH[:3] else None
    last = max(planned or today, today, first + timedelta(days=30))
    span = (last - first).days

    def at(when: date) -> float:
        return ACROSS * min(max((when - first).days / span, 0.0), 1.0)

    faces = [Face((_box(0, 0, ACROSS, _BAND),), "#eef0f2")]
    for one in spans:
        until = min(one.last or today, today)
        faces.append(Face((_box(at(one.first), 0, max(at(until) - at(one.first), 0.5), _BAND),), ink_of(one.stage)))
    for one in spans[1:]:  # a white seam tells stages apart in black and white
        faces.append(_stroke(at(one.first), 0, at(one.first), _BAND, "#ffffff", 0.5))
    if planned:
        middle = _BAND / 2
        faces.append(_stroke(at(today), middle, at(planned), middle, "#9aa1a7", 0.4))
        faces.append(_stroke(at(planned), 0, at(planned), _BAND, "#9aa1a7", 0.4))
    for note in pilot.history:
        if note.day and first <= note.day <= today and not note.is_change:
            faces.append(Face((_disc(at(note.day), _BAND / 2, 0.7),), "#ffffff"))
    faces.append(_stroke(at(today), -0.9, at(today), _BAND + 0.9, INK, 0.5))
    band: list[Part] = [Drawing(LEFT, y, ACROSS, _BAND, tuple(faces), name="band")]
    return band, list(_dates(first, planned, today, at(today), y + _BAND + 1.6, type_))


def _dates(first: date, planned: date | None, today: date, where: float, y: float, type_: Type) -> Iterator[Part]:
    """The first day, today, and the planned end, where they do not stand in each other's way."""
    start, now = day(first), tr("today")
    half = type_.width(now, 7.5) / 2
    middle = min(max(where, half), ACROSS - half)
    taken = type_.width(start, 7.5) + 3
    if middle - half > taken:
        yield words(LEFT, y, taken, [start], 7.5, ink=FAINT, name="date")
    yield words(LEFT + middle - half - 1, y, 2 * half + 2, [now], 7.5, ink=INK, align="middle", name="date")
    if planned:
        text = tr("planned end {day}", day=day(planned))
        wide = type_.width(text, 7.5) + 1
        if middle + half + 3 < ACROSS - wide:
            yield words(LEFT + ACROSS - wide, y, wide, [text], 7.5, ink=FAINT, align="right", name="date")


def _steps(shown: list[StageChange], y: float, type_: Type) -> Section:
    """Side by side, oldest first."""
    columns = max(len(shown), 3)
    wide = (ACROSS - (columns - 1) * _GAP) / columns
    parts: list[Part] = []
    high = 0.0
    for place, one in enumerate(shown):
        x = LEFT + place * (wide + _GAP)
        ink = ink_of(one.new)
        dot = Face((_disc(1.0, 1.0, 1.0),), ink if one.is_change else "#ffffff", edge=ink, width=0.4)
        parts.append(Drawing(x, y, 2.0, 2.0, (dot,), name="dot"))
        parts.append(words(x + 3.4, y, wide - 3.4, [day(one.day)], 7.5, ink=FAINT, name="date"))
        title = words_of.stage_title(one.new) if one.is_change else tr("Sign of life")
        inside = wide - 3.4
        parts.append(words(x + 3.4, y + 3.7, inside, [type_.cut(title, inside, 8.5, True)], 8.5, bold=True, ink=ink))
        at = y + 7.7
        lines = type_.lines(one.reason, inside, 7.5, 2) if one.reason else ()
        if lines:
            parts.append(words(x + 3.4, at, inside, lines, 7.5, leading=3.4, name="reason"))
            at += height_of(len(lines), 7.5, 3.4)
        high = max(high, at - y)
    return parts, high


def _box(x: float, y: float, w: float, h: float) -> Floats:
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])


def _stroke(x0: float, y0: float, x1: float, y1: float, ink: str, width: float) -> Face:
    return Face((np.array([[x0, y0], [x1, y1]]),), None, edge=ink, width=width, closed=False)


def _disc(x: float, y: float, r: float) -> Floats:
    turn = np.linspace(0, 2 * np.pi, 25)[:-1]
    return np.column_stack([x + r * np.cos(turn), y + r * np.sin(turn)])
