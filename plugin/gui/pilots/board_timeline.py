"""The timeline: a row for each pilot, its stays in the stages as bars, what was planned, and the part that fades."""

from __future__ import annotations

from datetime import date
from functools import partial

from qgis.PyQt.QtCore import QLineF, QPointF, QRectF, QSizeF, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPen

from ...pilots import vocabulary as words
from ...pilots.portfolio import Entry, Portfolio
from ...text import tr
from . import board_marks as marks
from . import board_words as said
from .board_axis import Span, span_of, ticks
from .board_ink import Ink, mixed, stage_colour, warning
from .board_picture import PLAIN, Look, Picture, Spot
from .board_type import Type

_PAD = 8.0
_MOST_ZOOM = 40.0
_OVER = (words.EMBEDDED, words.STOPPED)


class Timeline(Picture):
    """``zoom``: how many times as long as the view the axis is. ``dense``: lower rows."""

    def __init__(self, board: Portfolio, kind: Type, zoom: float = 1.0, dense: bool = False) -> None:
        super().__init__(kind)
        self.board = board
        self.zoom = zoom
        self.head = kind.bold.height + kind.small.height + 2 * _PAD
        self.span = Span(*span_of(board.entries, board.today))
        self._edge_of_view = 0.0
        self._row = round(kind.plain.height + (8 if dense else 12))

    def arrange(self, width: float) -> QSizeF:
        """Names on the left, the axis in what is left."""
        kind = self.type
        self.side = min(max(width * 0.24, kind.size * 11), kind.size * 24)
        long = max(width - self.side, kind.size * 20) * self.zoom
        self.span = Span(self.span.first, self.span.last, self.side + _PAD, long - 2 * _PAD)
        self.size = QSizeF(self.side + long, self.head + self._row * len(self.board.entries))
        self.spots = [
            Spot(entry.pilot.key, QRectF(0, self.head + place * self._row, self.size.width(), self._row),
                 partial(said.told, entry, self.board.today))
            for place, entry in enumerate(self.board.entries)
        ]  # fmt: skip
        return self.size

    def zoomed(self, factor: float) -> bool:
        """Make the axis longer, or shorter; whether it is another now."""
        zoom = min(max(self.zoom * factor, 1.0), _MOST_ZOOM)
        changed, self.zoom = zoom != self.zoom, zoom
        return changed

    # -- painting

    def paint(self, painter: QPainter, seen: QRectF, ink: Ink, look: Look = PLAIN) -> None:
        """Rows in view with the lines of time below them, then the names, then the axis."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        below = look.needed(seen.adjusted(0, self.head, 0, 0))
        rows = [
            (spot.rect, entry)
            for spot, entry in zip(self.spots, self.board.entries)
            if spot.rect.bottom() > below.top() + 0.5 and spot.rect.top() < below.bottom() - 0.5
        ]
        end = min(seen.bottom(), self.size.height())
        for place, (rect, entry) in enumerate(rows):
            if place == 0 or rows[place - 1][1].pilot.stage != entry.pilot.stage:
                painter.setPen(QPen(ink.edge, 1.0))
            else:
                painter.setPen(QPen(ink.rule, 1.0))
            painter.drawLine(QLineF(seen.left(), rect.top(), seen.right(), rect.top()))
            if entry.pilot.key in (look.current, look.hovered):
                tint = QColor(ink.select)
                tint.setAlpha(46 if entry.pilot.key == look.current else 22)
                painter.fillRect(QRectF(seen.left(), rect.top(), seen.width(), rect.height()), tint)
        self._paint_grid(painter, seen, end, ink)
        self._edge_of_view = seen.left() + self.side
        for rect, entry in rows:
            painter.setOpacity(look.shade(entry.pilot.key))
            self._paint_row(painter, rect, entry, ink)
            painter.setOpacity(1.0)
        self._paint_today(painter, seen, end, ink)
        for rect, entry in rows:
            self._paint_name(painter, rect, entry, seen.left(), ink, look)
        self._paint_axis(painter, seen, ink)

    def _paint_grid(self, painter: QPainter, seen: QRectF, end: float, ink: Ink) -> None:
        for tick in ticks(self.span, self._month_width()):
            x = self.span.x(tick.when)
            if seen.left() + self.side < x <= seen.right():
                painter.setPen(QPen(ink.edge if tick.year else ink.rule, 1.0))
                painter.drawLine(QLineF(x, seen.top() + self.head, x, end))

    def _month_width(self) -> float:
        return max(self.type.small.width(text) for text in ("Mmm", "Okt")) + 8

    def _paint_row(self, painter: QPainter, rect: QRectF, entry: Entry, ink: Ink) -> None:
        pilot, today = entry.pilot, self.board.today
        bar = rect.adjusted(0, 4, 0, -4)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self._paint_plan(painter, bar, entry, ink)
        fades = next((one.since for one in entry.fading if one.since), None)
        for stay in entry.stays:
            last = min(stay.last or today, today) if stay.first <= today else stay.first
            if stay.stage == words.STOPPED and stay.last is None:
                self._paint_stop(painter, bar, stay.first, last, ink)
                continue
            turn = max(stay.first, min(fades, last)) if fades and stay.last is None else last
            self._paint_stay(painter, bar, stay.stage, stay.first, turn, ink)
            if turn < last:
                self._paint_fading(painter, bar, stay.stage, turn, last, ink)
        if not entry.stays:
            # without a history, what was planned tells what is known
            began = min((one for one in (pilot.start, fades) if one and one < today), default=None)
            if began and pilot.stage not in _OVER:
                turn = max(began, fades) if fades else today
                if began < turn:
                    self._paint_stay(painter, bar, pilot.stage, began, turn, ink)
                if turn < today:
                    self._paint_fading(painter, bar, pilot.stage, turn, today, ink)
            elif not pilot.start and not pilot.end:
                painter.setPen(ink.faint)
                text = tr("No dates are known")
                self.type.small.write(painter, self.span.left, rect.center().y() - self.type.small.height / 2, text)
        if pilot.end and self.span.first <= pilot.end <= self.span.last:
            colour = stage_colour(pilot.stage)
            late = pilot.end < today and any(one.why == "past its end" for one in entry.fading)
            edge = mixed(colour, ink.text, 0.55) if ink.dark else mixed(colour, QColor("#000000"), 0.25)
            middle = QPointF(self.span.x(pilot.end), bar.center().y())
            marks.diamond(painter, middle, 4.5, edge, warning()[0] if late else ink.card)

    def _paint_plan(self, painter: QPainter, bar: QRectF, entry: Entry, ink: Ink) -> None:
        """What is planned and has not come: an empty bar."""
        pilot, today = entry.pilot, self.board.today
        if pilot.stage in _OVER or not pilot.end or pilot.end <= today:
            return
        first = max(pilot.start or today, today)
        if first < pilot.end:
            field = QRectF(self.span.x(first), bar.top() + 0.5, 0, bar.height() - 1)
            field.setRight(self.span.x(pilot.end))
            painter.setPen(QPen(self._edge(pilot.stage, ink), 1.0, Qt.PenStyle.DashLine))
            painter.setBrush(mixed(ink.card, stage_colour(pilot.stage), 0.1))
            painter.drawRect(field)

    def _paint_stay(self, painter: QPainter, bar: QRectF, stage: str, first: date, last: date, ink: Ink) -> None:
        field = self._field(bar, first, last)
        colour = stage_colour(stage)
        painter.fillRect(field, colour)
        if ink.dark:
            painter.setPen(QPen(self._edge(stage, ink), 1.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(field.adjusted(0.5, 0.5, -0.5, -0.5))
        # told at the edge of the view where the bar began before it
        title, left = words.stage_title(stage), max(field.left(), self._edge_of_view)
        if field.right() - left > self.type.small.width(title) + 10:
            painter.setPen(QColor("#ffffff"))
            self.type.small.write(painter, left + 5, field.center().y() - self.type.small.height / 2, title)

    def _paint_fading(self, painter: QPainter, bar: QRectF, stage: str, first: date, last: date, ink: Ink) -> None:
        field = self._field(bar, first, last)
        edge = self._edge(stage, ink)
        painter.fillRect(field, mixed(ink.card, stage_colour(stage), 0.12))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        marks.hatch(painter, field, edge, 5.0, 1.4)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(edge, 1.0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(field.adjusted(0.5, 0.5, -0.5, -0.5))

    def _paint_stop(self, painter: QPainter, bar: QRectF, first: date, last: date, ink: Ink) -> None:
        """A cross where it was stopped, and a thin line since."""
        colour = self._edge(words.STOPPED, ink)
        x, y = self.span.x(first), bar.center().y()
        painter.setPen(QPen(colour, 1.0, Qt.PenStyle.DotLine))
        painter.drawLine(QLineF(x + 10, y, self.span.x(last), y))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colour, 2.0))
        painter.drawLine(QLineF(x + 1, y - 4, x + 9, y + 4))
        painter.drawLine(QLineF(x + 1, y + 4, x + 9, y - 4))

    def _field(self, bar: QRectF, first: date, last: date) -> QRectF:
        left = self.span.x(first)
        return QRectF(left, bar.top(), max(2.0, self.span.x(last) - left), bar.height())

    def _edge(self, stage: str, ink: Ink) -> QColor:
        return mixed(stage_colour(stage), ink.text, 0.5) if ink.dark else stage_colour(stage)

    def _paint_today(self, painter: QPainter, seen: QRectF, end: float, ink: Ink) -> None:
        x = self.span.x(self.board.today)
        if x > seen.left() + self.side:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QPen(ink.text, 1.6))
            painter.drawLine(QLineF(x, seen.top() + self.head, x, end))

    def _paint_name(self, painter: QPainter, rect: QRectF, entry: Entry, left: float, ink: Ink, look: Look) -> None:
        kind, key = self.type, entry.pilot.key
        field = QRectF(left, rect.top() + 1, self.side, rect.height() - 1)
        ground = ink.card
        if key in (look.current, look.hovered):
            ground = mixed(ink.card, ink.select, 0.18 if key == look.current else 0.09)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.fillRect(field, ground)
        painter.setOpacity(look.shade(key))
        painter.fillRect(QRectF(left, rect.top() + 1, 4, rect.height() - 1), self._edge(entry.pilot.stage, ink))
        x, room = left + 12, self.side - 18
        if entry.fading:
            reach = kind.size * 0.95
            marks.triangle(painter, QRectF(left + self.side - reach - 6, rect.center().y() - reach / 2, reach,
                                           reach * 0.92))  # fmt: skip
            room -= reach + 6
        painter.setPen(ink.text)
        text = kind.plain.elided(entry.pilot.label, room)
        kind.plain.write(painter, x, rect.center().y() - kind.plain.height / 2, text)
        painter.setOpacity(1.0)
        if key == look.current and look.focused:
            marks.frame(painter, field, ink, True, True, 2)

    def _paint_axis(self, painter: QPainter, seen: QRectF, ink: Ink) -> None:
        """Years above months. A year that began left of the view is told at its edge."""
        kind, top = self.type, seen.top()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.fillRect(QRectF(seen.left(), top, seen.width(), self.head), ink.card)
        edge = seen.left() + self.side + _PAD / 2
        years, low = top + _PAD * 0.6, top + _PAD + kind.bold.height
        chip = self._now_chip(top, edge, seen.right())
        for tick in ticks(self.span, self._month_width()):
            x = self.span.x(tick.when)
            if not edge <= x <= seen.right():
                continue
            painter.setPen(QPen(ink.edge if tick.year else ink.rule, 1.0))
            painter.drawLine(QLineF(x, low if tick.year else low + 3, x, top + self.head))
            wide = kind.small.width(tick.label) + 3
            if x + wide <= seen.right() and not (chip and chip.left() - 3 < x + wide and x < chip.right()):
                painter.setPen(ink.faint)
                kind.small.write(painter, x + 3, low, tick.label)
        painter.setPen(ink.text)
        for year in range(self.span.first.year, self.span.last.year + 1):
            x = max(self.span.x(max(date(year, 1, 1), self.span.first)), edge)
            end = min(self.span.x(min(date(year + 1, 1, 1), self.span.last)), seen.right())
            if end - x > kind.bold.width("0000") + 6:
                kind.bold.write(painter, x + 3, years, str(year))
        if chip:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ink.text)
            painter.drawRoundedRect(chip, 3, 3)
            painter.setPen(ink.card)
            kind.small.write(painter, chip.left() + 5, chip.top() + 2, self._now())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(ink.edge, 1.0))
        painter.drawLine(QLineF(seen.left(), top + self.head, seen.right(), top + self.head))

    def _now(self) -> str:
        return tr("Today, {day}", day=said.day(self.board.today))

    def _now_chip(self, top: float, left: float, right: float) -> QRectF | None:
        """Where today's date stands; None where it is out of view."""
        kind, x = self.type, self.span.x(self.board.today)
        if not left <= x <= right:
            return None
        wide = kind.small.width(self._now()) + 10
        start = min(max(x - wide / 2, left), right - wide)
        return QRectF(start, top + self.head - kind.small.height - 5, wide, kind.small.height + 4)
