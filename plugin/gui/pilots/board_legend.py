"""What the signs of the board mean: in a strip below it, on the screen and on paper."""

from __future__ import annotations

from collections.abc import Callable

from qgis.PyQt.QtCore import QPointF, QRectF, QSizeF, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPen

from ...pilots import vocabulary as words
from ...text import tr
from . import board_marks as marks
from . import board_words as said
from .board_ink import Ink, mixed, stage_colour
from .board_picture import PLAIN, Look, Picture
from .board_type import Type

_PAD = 8.0
Sign = Callable[[QPainter, QRectF, Ink], None]


class Legend(Picture):
    """``bars``: with the ratings; ``times``: with the signs of the timeline; ``cards``: what their bars are. Goes on in
    a second line where the first is full."""

    def __init__(
        self, kind: Type, bars: bool = True, times: bool = True, stages: bool = False, cards: bool = False
    ) -> None:
        super().__init__(kind)
        self._items: list[tuple[float, Sign, str]] = []
        self._places: list[QPointF] = []
        if stages:
            self._items += [(kind.size, _stage(stage), words.stage_title(stage)) for stage in words.STAGES]
        if bars:
            self._items += [(kind.size * 1.8, _rating(rating), words.rating_title(rating)) for rating in marks.ORDER]
        if times:
            self._items += [
                (kind.size * 1.8, _hatched, tr("Fading since")),
                (kind.size * 1.8, _planned, tr("Still planned")),
                (kind.size, _end, tr("Planned end")),
            ]
        self._items.append((kind.size * 1.1, _alarm, tr("Fades")))
        if cards:
            names = ", ".join(said.short_condition(name).lower() for name in words.CONDITIONS)
            self._items.append((-5.0, _nothing, tr("Bars from the top: {names}", names=names)))

    def arrange(self, width: float) -> QSizeF:
        """From left to right."""
        kind, x, y = self.type, 0.0, 0.0
        self._places = []
        for wide, _sign, text in self._items:
            need = wide + 5 + kind.small.width(text)
            if x and x + need > width:
                x, y = 0.0, y + kind.small.height + 3
            self._places.append(QPointF(x, y))
            x += need + 2 * _PAD
        self.size = QSizeF(width, y + kind.small.height)
        return self.size

    def paint(self, painter: QPainter, seen: QRectF, ink: Ink, look: Look = PLAIN) -> None:
        """Each sign with its word."""
        kind = self.type
        for place, (wide, sign, text) in zip(self._places, self._items):
            high = kind.size * 0.78
            sign(painter, QRectF(place.x(), place.y() + (kind.small.height - high) / 2, wide, high), ink)
            painter.setPen(ink.faint)
            kind.small.write(painter, place.x() + wide + 5, place.y(), text)


def _stage(stage: str) -> Sign:
    def sign(painter: QPainter, rect: QRectF, ink: Ink) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.fillRect(rect, stage_colour(stage))
        if ink.dark:
            painter.setPen(QPen(mixed(stage_colour(stage), ink.text, 0.5), 1.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(rect.adjusted(0.5, 0.5, -0.5, -0.5))

    return sign


def _rating(rating: str) -> Sign:
    def sign(painter: QPainter, rect: QRectF, ink: Ink) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        marks.cell(painter, rect, rating, ink)

    return sign


def _hatched(painter: QPainter, rect: QRectF, ink: Ink) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    marks.hatch(painter, rect, ink.faint, 5.0, 1.4)
    painter.setPen(QPen(ink.faint, 1.0))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(rect)


def _planned(painter: QPainter, rect: QRectF, ink: Ink) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(ink.faint, 1.0, Qt.PenStyle.DashLine))
    painter.setBrush(mixed(ink.card, ink.text, 0.08))
    painter.drawRect(rect)


def _end(painter: QPainter, rect: QRectF, ink: Ink) -> None:
    marks.diamond(painter, rect.center(), 4.5, QColor(ink.text), ink.card)


def _nothing(_painter: QPainter, _rect: QRectF, _ink: Ink) -> None:
    """Words alone."""


def _alarm(painter: QPainter, rect: QRectF, ink: Ink) -> None:
    marks.triangle(painter, rect)
