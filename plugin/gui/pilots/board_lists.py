"""Beside the board: which pilots fade and why, and what most of them lack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from qgis.PyQt.QtCore import QLineF, QRectF, QSizeF
from qgis.PyQt.QtGui import QPainter, QPen

from ...pilots import vocabulary as words
from ...pilots.fading import Rules
from ...pilots.portfolio import Entry, Lack, Portfolio
from ...text import number, tr, trn
from . import board_marks as marks
from . import board_words as said
from .board_ink import Ink, mixed, stage_colour
from .board_picture import PLAIN, Look, Picture, Spot
from .board_type import Type

_PAD = 8.0


@dataclass(frozen=True)
class _Row:
    """A title in bold with a word beside it, and lines below. ``lack``: with a bar of how many pilots."""

    key: str
    rect: QRectF
    title: tuple[str, ...]
    beside: str
    lines: tuple[str, ...]
    entry: Entry | None = None
    lack: Lack | None = None


class _List(Picture):
    """A title, what it means, and rows."""

    def __init__(self, board: Portfolio, kind: Type) -> None:
        super().__init__(kind)
        self.board = board
        self.rows: list[_Row] = []
        self._sections: list[tuple[float, str]] = []
        self._notes: list[tuple[float, str]] = []
        self._title = self._beside = ""
        self._about: tuple[str, ...] = ()
        self._wide = 0.0

    def _begin(self, width: float, title: str, beside: str, about: str) -> float:
        kind = self.type
        self._wide = max(width, kind.size * 14)
        self._title, self._beside = title, beside
        self._about = kind.small.wrapped(about, self._wide - 2 * _PAD)
        self.rows, self.spots, self._sections, self._notes = [], [], [], []
        self.head = kind.title.height + len(self._about) * kind.small.height + 1.75 * _PAD
        return self.head

    def _end(self, y: float) -> QSizeF:
        self.size = QSizeF(self._wide, y)
        return self.size

    def paint(self, painter: QPainter, seen: QRectF, ink: Ink, look: Look = PLAIN) -> None:
        """The rows in view, then the title."""
        below = look.needed(seen.adjusted(0, self.head, 0, 0))
        for y, text in self._sections:
            if y + self.type.bold.height > below.top() and y < below.bottom():
                painter.setPen(ink.faint)
                self.type.bold.write(painter, _PAD, y, self.type.bold.elided(text, self._wide - 2 * _PAD))
        for y, text in self._notes:
            if y + self.type.small.height > below.top() and y < below.bottom():
                painter.setPen(ink.faint)
                self.type.small.write(painter, _PAD, y, text)
        for row in self.rows:
            if row.rect.intersects(below):
                self._paint_row(painter, row, ink, look)
        kind, top = self.type, seen.top()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.fillRect(QRectF(seen.left(), top, seen.width(), self.head), ink.card)
        painter.setPen(ink.text)
        room = self._wide - 2 * _PAD
        if self._beside:
            kind.title.write(painter, self._wide - _PAD, top + _PAD * 0.75, self._beside, along=1.0)
            room -= kind.title.width(self._beside) + _PAD
        kind.title.write(painter, _PAD, top + _PAD * 0.75, kind.title.elided(self._title, room))
        painter.setPen(ink.faint)
        for place, line in enumerate(self._about):
            kind.small.write(painter, _PAD, top + _PAD * 0.75 + kind.title.height + place * kind.small.height, line)
        painter.setPen(QPen(ink.edge, 1.0))
        painter.drawLine(QLineF(seen.left(), top + self.head, seen.right(), top + self.head))

    def _paint_row(self, painter: QPainter, row: _Row, ink: Ink, look: Look) -> None:
        kind, rect = self.type, row.rect
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if row.key in (look.current, look.hovered):
            painter.fillRect(rect, mixed(ink.card, ink.select, 0.18 if row.key == look.current else 0.09))
        left = _PAD
        if row.entry is not None:
            colour = stage_colour(row.entry.pilot.stage)
            edge = mixed(colour, ink.text, 0.5) if ink.dark else colour
            painter.fillRect(QRectF(rect.left(), rect.top() + 2, 4, rect.height() - 4), edge)
            left += 5
        y = rect.top() + _PAD * 0.6
        painter.setPen(ink.faint)
        if row.beside:
            kind.small.write(painter, rect.right() - _PAD, y + (kind.bold.height - kind.small.height) / 2, row.beside,
                             along=1.0)  # fmt: skip
        painter.setPen(ink.text)
        for line in row.title:
            kind.bold.write(painter, left, y, line)
            y += kind.bold.height
        if row.lack is not None and row.lack.condition != words.HUMAN:
            lack = row.lack
            field = QRectF(left, y + 1, self._wide - 2 * _PAD, kind.size * 0.72)
            met = lack.pilots - lack.not_met - lack.partly - lack.unknown
            counts = [(words.NOT_MET, lack.not_met), (words.PARTLY, lack.partly), (words.UNKNOWN, lack.unknown)]
            marks.stacked(painter, field, [*counts, (words.MET, met)], ink)
            y += kind.size * 0.72 + 3
        painter.setPen(ink.faint)
        for line in row.lines:
            kind.small.write(painter, left, y, line)
            y += kind.small.height
        if row.key == look.current and look.focused:
            marks.frame(painter, rect, ink, True, True, 2)

    def _add(
        self,
        y: float,
        key: str,
        title: str,
        beside: str,
        lines: tuple[str, ...],
        tip: Callable[[], str],
        entry: Entry | None = None,
        lack: Lack | None = None,
    ) -> float:
        kind = self.type
        indent = 5 if entry is not None else 0
        room = self._wide - 2 * _PAD - indent
        # the word beside the title keeps clear of every line of it
        titles = kind.bold.wrapped(title, room - (kind.small.width(beside) + _PAD if beside else 0), 3)
        high = _PAD * 1.2 + len(titles) * kind.bold.height + len(lines) * kind.small.height
        if lack is not None and lack.condition != words.HUMAN:
            high += kind.size * 0.72 + 3
        rect = QRectF(0, y, self._wide, high)
        self.rows.append(_Row(key, rect, titles, beside, lines, entry, lack))
        self.spots.append(Spot(key, rect, tip))
        return y + high


class FadingList(_List):
    """Each fading pilot with every reason; those that fade longest first. ``rules``: said at the end."""

    def __init__(self, board: Portfolio, kind: Type, rules: Rules | None = None) -> None:
        super().__init__(board, kind)
        self._rules = rules

    def arrange(self, width: float) -> QSizeF:
        """One below the other, as high as their words are."""
        found = sorted(self.board.fading, key=_longest)
        about = tr("Late, undecided, silent, or below the line.")
        y = self._begin(width, tr("Fading"), number(len(found)), about) + _PAD / 2
        kind = self.type
        room = self._wide - 2 * _PAD - 5
        for entry in found:
            stage = words.stage_title(entry.pilot.stage)
            since = next((one.since for one in entry.fading if one.since), None)
            when = tr("{stage} · fading since {day}", stage=stage, day=said.day(since)) if since else stage
            lines = list(kind.small.wrapped(when, room, 2))
            lines += [line for one in entry.fading for line in kind.small.wrapped(one.sentence, room, 4)]
            tip = partial(said.told, entry, self.board.today)
            y = self._add(y, entry.pilot.key, entry.pilot.label, "", tuple(lines), tip, entry)
        if not found:
            self._sections.append((y + _PAD / 2, tr("No pilot fades.")))
            y += kind.bold.height + _PAD
        if self._rules is not None:
            y += _PAD
            for line in kind.small.wrapped(said.rules_in_words(self._rules), self._wide - 2 * _PAD):
                self._notes.append((y, line))
                y += kind.small.height
        return self._end(y + _PAD / 2)


class LackList(_List):
    """Criteria that pilots lack. ``most``: of technical and institutional ones; 0 for all. ``brief``: without saying
    which pilots are to talk about something. Keys name condition and criterion."""

    def __init__(self, board: Portfolio, kind: Type, most: int = 0, brief: bool = False) -> None:
        super().__init__(board, kind)
        self._most = most
        self._brief = brief
        self._names = {entry.pilot.key: entry.pilot.label for entry in board.entries}

    def arrange(self, width: float) -> QSizeF:
        """Numbers for what can be counted, then what is to be talked about."""
        past = (words.IDEA, words.EMBEDDED, words.STOPPED)
        asked = sum(entry.pilot.stage not in past for entry in self.board.entries)
        about = trn(
            "Of {n} pilot on its way: proposed, running, evaluated or scaling.",
            "Of {n} pilots on their way: proposed, running, evaluated or scaling.",
            asked,
        )
        y = self._begin(width, tr("What Most of Them Lack"), "", about) + _PAD / 2
        counted = [one for one in self.board.lacks if one.condition != words.HUMAN]
        people = [one for one in self.board.lacks if one.condition == words.HUMAN]
        people.sort(key=lambda one: -(one.not_met + one.partly + one.unknown))
        for lack in counted[: self._most or None]:
            y = self._add_lack(y, lack)
        if people:
            y += _PAD / 2
            self._sections.append((y, tr("To Talk About in a Meeting")))
            y += self.type.bold.height + 2
            for lack in people:
                y = self._add_lack(y, lack)
        if not self.board.lacks:
            self._sections.append((y + _PAD / 2, tr("Nothing that was asked is lacking.")))
            y += self.type.bold.height + _PAD
        return self._end(y)

    def keys(self, key: str) -> frozenset[str]:
        """The pilots that lack what a row says."""
        lack = next((row.lack for row in self.rows if row.key == key), None)
        return frozenset(_whose(lack)) if lack is not None else frozenset()

    def _add_lack(self, y: float, lack: Lack) -> float:
        kind = self.type
        title = words.criterion_title(lack.criterion)
        names = [self._names.get(key, key) for key in _whose(lack)]
        which = kind.small.elided(said.listed(names), self._wide - 2 * _PAD)
        tip = partial("\n".join, [title, said.lacking(lack), *names[:20]])
        lines = () if self._brief and lack.condition == words.HUMAN else (which,)
        key = f"{lack.condition}/{lack.criterion}"
        beside = said.lacking(lack).split(",")[0]
        return self._add(y, key, title, beside, lines, tip, lack=lack)


def _whose(lack: Lack) -> tuple[str, ...]:
    """Where it is not met; where that is nowhere, or where it is about people, also where it is open otherwise."""
    return (*lack.keys, *lack.others) if lack.condition == words.HUMAN or not lack.keys else lack.keys


def _longest(entry: Entry) -> tuple[bool, object, str]:
    since = min((one.since for one in entry.fading if one.since), default=None)
    return since is None, since or entry.pilot.name, entry.pilot.name
