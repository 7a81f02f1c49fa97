"""The conditions for scaling up, as bars that are also read in black and white, and the questions for the meeting.

Technical and institutional conditions are counted by how they were rated. Human conditions are not scored: their bar
tells what has been talked about and what is open, and the open ones become questions for people in a room.
"""

from __future__ import annotations

import numpy as np

from ...pilots import vocabulary as words_of
from ...pilots.conditions import criteria_of, standing
from ...pilots.coordinates import Floats
from ...pilots.meeting import questions_for
from ...pilots.parts import Assessment
from ...pilots.record import Pilot
from ...text import tr
from .report import Report
from .report_header import ACROSS, LEFT, Section
from .report_parts import Block, Drawing, Face, Part
from .report_type import FAINT, INK, POINT, RULE, Type, words

_LABEL, _BAR = 42.0, 6.4
_ROW = 11.6
_DARK = "#3f464c"


class Pattern:
    """Colour and pattern of a rating: dark and whole, striped, dotted, empty."""

    def __init__(self, fill: str, marks: str, ink: str) -> None:
        self.fill, self.marks, self.ink = fill, marks, ink

    def faces(self, x: float, y: float, w: float, h: float) -> list[Face]:
        found = [Face((_rectangle(x, y, w, h),), self.fill)]
        if self.marks == "stripes":
            found += [_line(one, other, self.ink, 0.35) for one, other in _slanted(x, y, w, h, 2.0)]
        elif self.marks == "dots":
            found += [Face((_disc(at[0], at[1], 0.32),), self.ink) for at in _grid(x, y, w, h, 1.6)]
        return [*found, Face((_rectangle(x, y, w, h),), None, edge=_DARK, width=0.2)]


PATTERNS = {
    words_of.MET: Pattern("#0a7d6c", "", "#ffffff"),
    words_of.PARTLY: Pattern("#f3d48b", "stripes", "#a86a00"),
    words_of.NOT_MET: Pattern("#f6c9bd", "dots", "#b3261e"),
    words_of.UNKNOWN: Pattern("#ffffff", "", _DARK),
}
_TALKED, _OPEN = Pattern("#d9dee3", "", _DARK), Pattern("#ffffff", "", _DARK)


def conditions(report: Report, type_: Type, *, roomy: bool = True) -> Section:
    """Three bars, what lacks under each, and open questions."""
    if not report.wanted.conditions:
        return [], 0.0
    pilot = report.pilot
    parts: list[Part] = [words(LEFT, 0, 90, [tr("Conditions for Scaling Up")], 11, bold=True, name="heading")]
    parts += _legend(type_)
    y = 6.4
    for condition in words_of.CONDITIONS:
        human = condition == words_of.HUMAN
        segments = _talked(pilot) if human else _rated(pilot, condition)
        title = type_.lines(words_of.condition_title(condition), _LABEL - 3, 8.5, 2, bold=True)
        parts.append(words(LEFT, y + 1.6 if len(title) == 1 else y, _LABEL - 3, title, 8.5, bold=True, leading=3.8))
        parts += _bar(segments, y, type_)
        under = _open_words(pilot) if human else _lacking(pilot, condition)
        at = LEFT + _LABEL
        lines = type_.lines(under, ACROSS - _LABEL, 7.5, 2 if roomy else 1)
        parts.append(words(at, y + _BAR + 1.5, ACROSS - _LABEL, lines, 7.5, ink=FAINT, leading=3.4, name="lacking"))
        y += _ROW + 3.4 * (len(lines) - 1 if lines else -1)
        if human:
            asked, high = _asked(pilot, type_, y - 0.2, 3 if roomy else 2)
            parts += asked
            y += high
    return parts, y - 1.6


Segment = tuple[Pattern, int, tuple[str, ...]]  # its pattern, how many criteria, labels: the first that fits


def _rated(pilot: Pilot, condition: str) -> list[Segment]:
    found = standing(pilot, condition)
    counts = ((words_of.MET, found.met), (words_of.PARTLY, found.partly), (words_of.NOT_MET, found.not_met),
              (words_of.UNKNOWN, found.unknown))  # fmt: skip
    return [
        (PATTERNS[rating], n, (f"{n} {words_of.rating_title(rating).lower()}", str(n))) for rating, n in counts if n
    ]


def _talked(pilot: Pilot) -> list[Segment]:
    opened, all_ = len(_open(pilot)), len(_human(pilot))
    talked = all_ - opened
    out: list[Segment] = []
    if talked:
        out.append((_TALKED, talked, (tr("{n} talked about", n=talked), str(talked))))
    if opened:
        labels = (tr("{n} open: for the meeting", n=opened), tr("{n} open", n=opened), str(opened))
        out.append((_OPEN, opened, labels))
    return out


def _bar(segments: list[Segment], y: float, type_: Type) -> list[Part]:
    x, wide = LEFT + _LABEL, ACROSS - _LABEL
    total = sum(n for _, n, _ in segments)
    if not total:
        nothing = tr("None of these conditions applies here.")
        return [words(x, y + 2.2, wide, [type_.cut(nothing, wide, 8)], 8, ink=FAINT, name="bar")]
    faces: list[Face] = []
    labels: list[Part] = []
    at = 0.0
    for pattern, n, texts in segments:
        w = wide * n / total
        faces += pattern.faces(at, 0, w, _BAR)
        text = next((one for one in texts if type_.width(one, 8, True) + 5 <= w), texts[-1])
        plate = type_.width(text, 8, True) + 2.6
        if pattern.marks:  # words on a pattern cannot be read
            labels.append(Block(x + at + (w - plate) / 2, y + 1.1, plate, _BAR - 2.2, "#ffffff", radius=0.8))
        ink = "#ffffff" if pattern is PATTERNS[words_of.MET] else INK
        top = y + (_BAR - 8 * POINT * 0.72) / 2
        labels.append(words(x + at, top, w, [text], 8, bold=True, ink=ink, align="middle", name="bar"))
        at += w
    return [Drawing(x, y, wide, _BAR, tuple(faces), name="bar"), *labels]


def _legend(type_: Type) -> list[Part]:
    """From the right: what colour and pattern stand for."""
    right = LEFT + ACROSS
    parts: list[Part] = []
    for rating, pattern in reversed(PATTERNS.items()):
        text = words_of.rating_title(rating)
        wide = type_.width(text, 7.5)
        right -= wide
        parts.append(words(right, 0.6, wide, [text], 7.5, ink=FAINT, name="legend"))
        right -= 5.6
        parts.append(Drawing(right, 0, 4.6, 3.0, tuple(pattern.faces(0, 0, 4.6, 3.0)), name="legend"))
        right -= 4.0
    return parts


def _lacking(pilot: Pilot, condition: str) -> str:
    """What is not met, then what is so partly, then what nobody has looked at, by name."""
    told = []
    for rating in (words_of.NOT_MET, words_of.PARTLY, words_of.UNKNOWN):
        names = [words_of.criterion_title(one.criterion) for one in criteria_of(pilot, condition)
                 if one.rating == rating]  # fmt: skip
        if names:
            told.append(f"{words_of.rating_title(rating)}: {', '.join(names).lower()}")
    if told:
        return ". ".join(told) + "."
    return tr("All that applies is met.") if standing(pilot, condition).criteria else ""


# -- people ----------------------------------------------------------------------------------------------------------


def _human(pilot: Pilot) -> list[Assessment]:
    return [one for one in criteria_of(pilot, words_of.HUMAN) if one.rating != words_of.NOT_APPLICABLE]


def _open(pilot: Pilot) -> list[Assessment]:
    """What is still to be talked about: found wanting first, then what nobody spoke of."""
    order = {words_of.NOT_MET: 0, words_of.UNKNOWN: 1, words_of.PARTLY: 2}
    found = [one for one in _human(pilot) if one.rating != words_of.MET]
    return sorted(found, key=lambda one: order.get(one.rating, 1))


def _open_words(pilot: Pilot) -> str:
    names = [words_of.criterion_title(one.criterion) for one in _open(pilot)]
    if not names:
        return tr("Not scored. All has been talked about.") if _human(pilot) else ""
    return tr("Not scored. Open: {names}.", names=", ".join(names).lower())


def _asked(pilot: Pilot, type_: Type, y: float, most: int) -> Section:
    """The first question of each open condition."""
    x, wide = LEFT + _LABEL, ACROSS - _LABEL
    parts: list[Part] = []
    high = 0.0
    for one in _open(pilot)[:most]:
        questions = questions_for(one.criterion)
        if not questions:
            continue
        line = type_.cut(f"{words_of.criterion_title(one.criterion)}: {questions[0]}", wide - 3, 8)
        parts.append(words(x + 3, y + high, wide - 3, [line], 8, name="question"))
        high += 4.1
    if not parts:
        return [], 0.0
    return [Block(x, y - 0.8, 0.8, high - 0.2, RULE, name="questions"), *parts], high + 0.6


# -- patterns --------------------------------------------------------------------------------------------------------


def _rectangle(x: float, y: float, w: float, h: float) -> Floats:
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])


def _line(one: tuple[float, float], other: tuple[float, float], ink: str, width: float) -> Face:
    return Face((np.array([one, other]),), None, edge=ink, width=width, closed=False)


def _slanted(
    x: float, y: float, w: float, h: float, step: float
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Lines at 45° within a rectangle."""
    out = []
    start = step
    while start < w + h:
        one = (x + min(start, w), y + max(0.0, start - w))
        other = (x + max(0.0, start - h), y + min(start, h))
        out.append((one, other))
        start += step
    return out


def _grid(x: float, y: float, w: float, h: float, step: float) -> list[tuple[float, float]]:
    """Places within a rectangle, every second row shifted, none cut by its edge."""
    out = []
    for row, down in enumerate(np.arange(step / 2, h - 0.3, step * 0.87)):
        for right in np.arange(step / 2 + (step / 2 if row % 2 else 0), w - 0.3, step):
            out.append((x + float(right), y + float(down)))
    return out


def _disc(x: float, y: float, r: float) -> Floats:
    turn = np.linspace(0, 2 * np.pi, 9)[:-1]
    return np.column_stack([x + r * np.cos(turn), y + r * np.sin(turn)])
