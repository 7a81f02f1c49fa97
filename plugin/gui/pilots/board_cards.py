"""The board itself: a column for each stage along the path, a card for each pilot."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from qgis.PyQt.QtCore import QPointF, QRectF, QSizeF, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPen, QPolygonF

from ...pilots import vocabulary as words
from ...pilots.portfolio import Entry, Portfolio
from ...text import tr
from . import board_marks as marks
from . import board_words as said
from .board_ink import Ink, stage_colour
from .board_picture import PLAIN, Look, Picture, Spot
from .board_type import Type

_GAP, _PAD = 8.0, 8.0
_LEAST = 8.8  # of a column's width, in letters' sizes
# how much a card says: all, one line for each thing, the least
LARGE, MEDIUM, SMALL = 0, 1, 2
_MANY = 60  # pilots, above which cards say the least


@dataclass(frozen=True)
class _Card:
    entry: Entry
    rect: QRectF
    title: tuple[str, ...]
    lines: tuple[str, ...]
    whys: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class _Column:
    stage: str
    count: int
    rect: QRectF  # as high as its cards


class Cards(Picture):
    """``density`` says how much the cards say; None: all where the view has room for it, the least where there are many
    pilots."""

    def __init__(self, board: Portfolio, kind: Type, density: int | None = None) -> None:
        super().__init__(kind)
        self.board = board
        self.density = density or LARGE
        self._fits = density is None
        self._columns: list[_Column] = []
        self._cards: list[_Card] = []
        self.head = kind.title.height + 2 * 7 + _GAP

    def arrange(self, width: float) -> QSizeF:
        """Columns of one width, none narrower than its words need."""
        if self._fits:
            many = len(self.board.entries) > _MANY
            self.density = SMALL if many else LARGE
            if not many and self.room and self._arranged(width).height() > self.room:
                self.density = MEDIUM
        return self._arranged(width)

    def _arranged(self, width: float) -> QSizeF:
        stages = self.board.stages
        wide = (width - _GAP * (len(stages) - 1)) / max(1, len(stages))
        wide = max(wide, self.type.size * _LEAST)
        self._columns, self._cards, self.spots = [], [], []
        by_stage: dict[str, list[Entry]] = {}
        for entry in self.board.entries:
            by_stage.setdefault(entry.pilot.stage, []).append(entry)
        lowest = self.head
        for place, (stage, count) in enumerate(stages):
            x, y = place * (wide + _GAP), self.head + _PAD * 0.75
            for entry in by_stage.get(stage, ()):
                card = self._card(entry, x + _PAD * 0.75, y, wide - _PAD * 1.5)
                self._cards.append(card)
                self.spots.append(Spot(entry.pilot.key, card.rect, partial(said.told, entry, self.board.today)))
                y = card.rect.bottom() + _PAD * 0.75
            self._columns.append(_Column(stage, count, QRectF(x, 0, wide, y)))
            lowest = max(lowest, y)
        self.size = QSizeF(len(stages) * (wide + _GAP) - _GAP, lowest)
        return self.size

    def _card(self, entry: Entry, x: float, y: float, wide: float) -> _Card:
        kind, room, pilot = self.type, wide - 2 * _PAD, entry.pilot
        title = kind.bold.wrapped(pilot.label, room, (4, 3, 2)[self.density])
        theme = words.theme_title(pilot.theme) if pilot.theme else ""
        time = said.in_stage(entry, self.board.today)
        if self.density != LARGE:
            told = [" · ".join(part for part in (time, theme) if part)]
            if self.density == MEDIUM:
                told = [theme, self._lead(pilot.lead, room), tr("for {time}", time=time) if time else ""]
            lines = [kind.small.elided(line, room) for line in told if line]
        else:
            stay = tr("for {time}", time=time) if time else tr("since when is not known")
            lines = [line for part in (theme, pilot.lead, stay) for line in kind.small.wrapped(part, room, 2)]
        reasons = [said.why(one) for one in entry.fading]
        inside = room - kind.size * 1.3
        whys = tuple(
            kind.small.wrapped(reason, inside, 3) for reason in (reasons if self.density == LARGE else reasons[:1])
        )
        high = 2 * _PAD + len(title) * kind.bold.height + len(lines) * kind.small.height
        high += self._bars_height() + _PAD * 0.6
        if whys:
            high += self._alarm_height(whys)
        return _Card(entry, QRectF(x, y, wide, high), title, tuple(lines), whys)

    def _lead(self, lead: str, room: float) -> str:
        """The department alone where there is no room for the organisation, which is often the same one."""
        department = lead.rpartition(",")[2].strip()
        return department if department and self.type.small.width(lead) > room else lead

    def _bars_height(self) -> float:
        return 3 * self._bar_step()

    def _bar_step(self) -> float:
        return self.type.size * (1.15, 0.78, 0.72)[self.density]

    def _alarm_height(self, whys: tuple[tuple[str, ...], ...]) -> float:
        return sum(len(lines) for lines in whys) * self.type.small.height + _PAD * 0.9

    # -- painting

    def paint(self, painter: QPainter, seen: QRectF, ink: Ink, look: Look = PLAIN) -> None:
        """Columns, the cards in view, and the stages above them."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        bottom = max(self.size.height(), seen.bottom())
        for column in self._columns:
            field = QRectF(column.rect.left(), seen.top() + self.head, column.rect.width(), 0)
            field.setBottom(min(bottom, seen.bottom()))
            if field.intersects(seen.adjusted(0, -1, 0, 1)):
                painter.fillRect(field, ink.ground)
        needed = look.needed(seen.adjusted(0, self.head, 0, 0))
        for card in self._cards:
            if card.rect.intersects(needed):
                painter.setOpacity(look.shade(card.entry.pilot.key))
                self._paint_card(painter, card, ink)
                painter.setOpacity(1.0)
                self._paint_frame(painter, card, ink, look)
        painter.fillRect(QRectF(seen.left(), seen.top(), seen.width(), self.head - 0.5), ink.card)
        for place, column in enumerate(self._columns):
            self._paint_head(painter, column, seen.top(), ink, place)

    def _paint_head(self, painter: QPainter, column: _Column, top: float, ink: Ink, place: int) -> None:
        rect = QRectF(column.rect.left(), top, column.rect.width(), self.head - _GAP)
        colour = stage_colour(column.stage)
        on_path = column.stage in words.PATH
        tip = _GAP if on_path and column.stage != words.PATH[-1] else 0.0
        notch = _GAP if on_path and place else 0.0
        middle = rect.center().y()
        shape = [rect.topLeft(), rect.topRight(), QPointF(rect.right() + tip, middle), rect.bottomRight(),
                 rect.bottomLeft(), QPointF(rect.left() + notch, middle)]  # fmt: skip
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(ink.edge, 1.0) if ink.dark else QPen(colour, 1.0))
        painter.setBrush(colour)
        painter.drawPolygon(QPolygonF(shape))
        kind = self.type
        figure = str(column.count)
        painter.setPen(QColor("#ffffff"))
        right = rect.right() - _PAD * 0.5
        kind.title.write(painter, right, middle - kind.title.height / 2, figure, along=1.0)
        left = rect.left() + notch + _PAD * 0.75
        room = right - left - kind.title.width(figure) - 4
        title = kind.bold.elided(words.stage_title(column.stage) or tr("(none)"), room)
        kind.bold.write(painter, left, middle - kind.bold.height / 2, title)

    def _paint_card(self, painter: QPainter, card: _Card, ink: Ink) -> None:
        kind, rect = self.type, card.rect
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(ink.rule, 1.0))
        painter.setBrush(ink.card)
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        x, y = rect.left() + _PAD, rect.top() + _PAD
        painter.setPen(ink.text)
        for line in card.title:
            kind.bold.write(painter, x, y, line)
            y += kind.bold.height
        painter.setPen(ink.faint)
        for line in card.lines:
            kind.small.write(painter, x, y, line)
            y += kind.small.height
        y += _PAD * 0.6
        self._paint_bars(painter, card, QRectF(x, y, rect.width() - 2 * _PAD, self._bars_height()), ink)
        if card.whys:
            self._paint_alarm(painter, card, ink)

    def _paint_bars(self, painter: QPainter, card: _Card, room: QRectF, ink: Ink) -> None:
        """Technical, human, institutional; small ones without their letters, which the legend has."""
        kind, standings = self.type, card.entry.standings
        letters = [] if self.density != LARGE else [said.short_condition(one.condition)[:1] for one in standings]
        indent = max((kind.small.width(letter) for letter in letters), default=-5) + 5
        high = self._bar_step() * (0.63 if self.density == LARGE else 0.74)
        for place, standing in enumerate(standings):
            x, y = room.left(), room.top() + place * self._bar_step()
            if letters:
                painter.setPen(ink.faint)
                kind.small.write(painter, x, y + high / 2 - kind.small.height / 2, letters[place])
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            marks.bar(painter, QRectF(x + indent, y, room.width() - indent, high), standing, ink)

    def _paint_alarm(self, painter: QPainter, card: _Card, ink: Ink) -> None:
        kind, rect = self.type, card.rect
        high = self._alarm_height(card.whys)
        band = QRectF(rect.left() + 1, rect.bottom() - high - 1, rect.width() - 2, high)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink.alarm)
        painter.drawRoundedRect(band, 3, 3)
        reach = kind.size * 0.95
        y = band.top() + _PAD * 0.45
        mark = QRectF(band.left() + _PAD - 1, y + (kind.small.height - reach) / 2, reach, reach * 0.92)
        marks.triangle(painter, mark)
        painter.setPen(ink.text)
        for lines in card.whys:
            for line in lines:
                kind.small.write(painter, rect.left() + _PAD + kind.size * 1.3, y, line)
                y += kind.small.height

    def _paint_frame(self, painter: QPainter, card: _Card, ink: Ink, look: Look) -> None:
        key = card.entry.pilot.key
        if key in (look.current, look.hovered):
            marks.frame(painter, card.rect, ink, key == look.current, look.focused)

    # -- for paper

    def shortened(self, high: float) -> tuple[Cards, int]:
        """As much of the board as fits in ``high``, columns cut at their ends; and how many cards were left out."""
        cut = Cards(self.board, self.type, self.density)
        cut.size = QSizeF(self.size.width(), min(high, self.size.height()))
        cut._columns = list(self._columns)
        cut._cards = [card for card in self._cards if card.rect.bottom() <= high]
        cut.spots = [spot for spot in self.spots if spot.rect.bottom() <= high]
        return cut, len(self._cards) - len(cut._cards)
