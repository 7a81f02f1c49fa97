"""The conditions of every pilot, side by side: what technology and institutions lack as numbers, people as words."""

from __future__ import annotations

from functools import partial

from qgis.PyQt.QtCore import QLineF, QRectF, QSizeF
from qgis.PyQt.QtGui import QPainter, QPen

from ...pilots import vocabulary as words
from ...pilots.conditions import Standing
from ...pilots.portfolio import Entry, Portfolio
from ...text import tr
from . import board_marks as marks
from . import board_words as said
from .board_ink import Ink, mixed, stage_colour
from .board_picture import PLAIN, Look, Picture, Spot
from .board_type import Type

_PAD = 8.0
_GAP = 20.0


class Conditions(Picture):
    """A row for each pilot: its name and stage, then the three conditions."""

    def __init__(self, board: Portfolio, kind: Type) -> None:
        super().__init__(kind)
        self.board = board
        self.head = kind.bold.height + kind.small.height + 2 * _PAD
        self._bar = round(kind.size * 1.05)
        self._row = 0.0
        self._wide = 0.0
        self._topics: dict[str, tuple[str, ...]] = {}  # what is to be talked about, in lines

    def arrange(self, width: float) -> QSizeF:
        """Names on the left, three columns of one width."""
        kind = self.type
        self.side = min(max(width * 0.24, kind.size * 11), kind.size * 24)
        self._wide = max((width - self.side - 2 * _GAP - 2 * _PAD) / 3, kind.size * 11)
        self._topics = {
            entry.pilot.key: kind.small.wrapped(said.talk_about(entry.pilot), self._wide, 2)
            for entry in self.board.entries
        }
        lines = max((len(found) for found in self._topics.values()), default=1)
        self._row = round(2 * _PAD + self._bar + lines * kind.small.height + 3)
        long = self.side + 2 * _PAD + 3 * self._wide + 2 * _GAP
        self.size = QSizeF(long, self.head + self._row * len(self.board.entries))
        self.spots = [
            Spot(entry.pilot.key, QRectF(0, self.head + place * self._row, long, self._row), partial(_told, entry))
            for place, entry in enumerate(self.board.entries)
        ]
        return self.size

    def paint(self, painter: QPainter, seen: QRectF, ink: Ink, look: Look = PLAIN) -> None:
        """The rows in view, then the names, then what the columns are."""
        below = look.needed(seen.adjusted(0, self.head, 0, 0))
        rows = [
            (spot.rect, entry)
            for spot, entry in zip(self.spots, self.board.entries)
            if spot.rect.bottom() > below.top() + 0.5 and spot.rect.top() < below.bottom() - 0.5
        ]
        for rect, entry in rows:
            key = entry.pilot.key
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            line = QRectF(seen.left(), rect.top(), seen.width(), rect.height())
            chosen = key in (look.current, look.hovered)
            ground = mixed(ink.card, ink.select, 0.18 if key == look.current else 0.09) if chosen else ink.card
            if chosen:
                painter.fillRect(line, ground)
            painter.setPen(QPen(ink.rule, 1.0))
            painter.drawLine(QLineF(line.left(), rect.top(), line.right(), rect.top()))
            painter.setOpacity(look.shade(key))
            for place, standing in enumerate(entry.standings):
                self._paint_condition(painter, self._left(place), rect.top() + _PAD, entry, standing, ink)
            painter.fillRect(QRectF(seen.left(), rect.top() + 1, self.side, rect.height() - 1), ground)
            self._paint_name(painter, rect, entry, seen.left(), ink)
            painter.setOpacity(1.0)
            if key == look.current and look.focused:
                marks.frame(painter, line, ink, True, True, 2)
        self._paint_head(painter, seen, ink)

    def _left(self, place: int) -> float:
        return self.side + _PAD + place * (self._wide + _GAP)

    def _paint_condition(
        self, painter: QPainter, x: float, y: float, entry: Entry, standing: Standing, ink: Ink
    ) -> None:
        kind = self.type
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        marks.bar(painter, QRectF(x, y, self._wide, self._bar), standing, ink)
        below, left, room = y + self._bar + 3, x, self._wide
        human = standing.condition == words.HUMAN
        if not human and any(one.condition == standing.condition for one in entry.fading):
            reach = kind.small.height * 0.8
            marks.triangle(painter, QRectF(x, below + (kind.small.height - reach) / 2, reach, reach * 0.92))
            left, room = x + reach + 4, room - reach - 4
        lines = self._topics[entry.pilot.key] if human else (kind.small.elided(said.stood(standing), room),)
        painter.setPen(ink.faint)
        for place, line in enumerate(lines):
            kind.small.write(painter, left, below + place * kind.small.height, line)

    def _paint_name(self, painter: QPainter, rect: QRectF, entry: Entry, left: float, ink: Ink) -> None:
        kind, pilot = self.type, entry.pilot
        colour = stage_colour(pilot.stage)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.fillRect(QRectF(left, rect.top() + 1, 4, rect.height() - 1),
                         mixed(colour, ink.text, 0.5) if ink.dark else colour)  # fmt: skip
        room = self.side - 18
        y = rect.top() + _PAD - 1
        painter.setPen(ink.text)
        kind.plain.write(painter, left + 12, y, kind.plain.elided(pilot.label, room))
        painter.setPen(ink.faint)
        text = kind.small.elided(words.stage_title(pilot.stage), room)
        kind.small.write(painter, left + 12, rect.top() + _PAD + self._bar + 3, text)

    def _paint_head(self, painter: QPainter, seen: QRectF, ink: Ink) -> None:
        kind, top = self.type, seen.top()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.fillRect(QRectF(seen.left(), top, seen.width(), self.head), ink.card)
        for place, condition in enumerate(words.CONDITIONS):
            x = self._left(place)
            painter.setPen(ink.text)
            kind.bold.write(painter, x, top + _PAD, kind.bold.elided(words.condition_title(condition), self._wide))
            painter.setPen(ink.faint)
            text = (
                tr("To talk about in a meeting, no score")
                if condition == words.HUMAN
                else tr("Criteria that apply, met ones first")
            )
            kind.small.write(painter, x, top + _PAD + kind.bold.height, kind.small.elided(text, self._wide))
        painter.setPen(QPen(ink.edge, 1.0))
        painter.drawLine(QLineF(seen.left(), top + self.head, seen.right(), top + self.head))


def _told(entry: Entry) -> str:
    parts = [entry.pilot.label, *(said.criteria(entry.pilot, condition) for condition in words.CONDITIONS)]
    return "\n".join(parts)
