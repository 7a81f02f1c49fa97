"""The headline: how many pilots there are, run, fade, have become a matter of course, or were stopped."""

from __future__ import annotations

from functools import partial

from qgis.PyQt.QtCore import QLineF, QRectF, QSizeF
from qgis.PyQt.QtGui import QPainter, QPen

from ...pilots import vocabulary as words
from ...pilots.portfolio import Portfolio
from ...text import number, tr, trn
from . import board_marks as marks
from .board_ink import Ink, mixed, stage_colour, warning
from .board_picture import PLAIN, Look, Picture, Spot
from .board_type import Face, Type

ALL, FADING = "all", "fading"
_PAD = 8.0


class Headline(Picture):
    """Five numbers. ``total``: pilots before any filter; ``on``: the keys that are filtered by
    now."""

    def __init__(
        self, board: Portfolio, total: int, kind: Type, on: frozenset[str] = frozenset(), large: bool = False
    ) -> None:
        super().__init__(kind)
        self._figure = Face(kind.bold.font, kind.size * 2.8, bold=True) if large else kind.figure
        self.board = board
        self._on = on
        counts = dict(board.stages)
        count = len(board.entries)
        pilots = trn("pilot", "pilots", count)
        if count != total:
            pilots = trn("of {n} pilot", "of {n} pilots", total)
        self._figures = [
            (ALL, count, pilots),
            (words.RUNNING, counts.get(words.RUNNING, 0), tr("running")),
            (FADING, len(board.fading), trn("is fading", "are fading", len(board.fading))),
            (words.EMBEDDED, counts.get(words.EMBEDDED, 0), tr("embedded")),
            (words.STOPPED, counts.get(words.STOPPED, 0), tr("stopped")),
        ]

    def arrange(self, width: float) -> QSizeF:
        """Side by side, each as wide as its words; closer together where there is little room."""
        kind = self.type
        wides = [
            max(self._figure.width(number(count)) + 6 + kind.plain.width(text), kind.size * 5) + 3 * _PAD
            + (kind.size if key == FADING else 0)
            for key, count, text in self._figures
        ]  # fmt: skip
        spare = min(max(0.0, width - sum(wides)) / len(wides), kind.size * 3)
        high, x = self._figure.height + _PAD, 0.0
        self.spots = []
        for (key, count, text), wide in zip(self._figures, wides):
            self.spots.append(Spot(key, QRectF(x, 0, wide + spare, high), partial("{} {}".format, number(count), text)))
            x += wide + spare
        self.size = QSizeF(x, high)
        return self.size

    def paint(self, painter: QPainter, seen: QRectF, ink: Ink, look: Look = PLAIN) -> None:
        """Large figures, small words, a line in the stage's colour below."""
        kind = self.type
        for spot, (key, count, text) in zip(self.spots, self._figures):
            rect = spot.rect
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            if key in (look.current, look.hovered) or key in self._on:
                painter.fillRect(rect.adjusted(0, 0, -_PAD, 0), mixed(ink.card, ink.select, 0.16))
            x = rect.left() + _PAD
            figure = number(count)
            base = rect.top() + _PAD / 2
            if key == FADING and count:
                reach = kind.size * 1.3
                marks.triangle(painter, QRectF(x, base + (self._figure.height - reach) / 2, reach, reach * 0.92))
                x += reach + 5
            painter.setPen(ink.text)
            self._figure.write(painter, x, base, figure)
            painter.setPen(ink.faint)
            # on the line of the figures
            low = base + self._figure.height * 0.79 - kind.plain.height * 0.79
            kind.plain.write(painter, x + self._figure.width(figure) + 6, low, text)
            colour = stage_colour(key) if key in words.STAGES else (warning()[0] if key == FADING else ink.edge)
            if ink.dark and key in words.STAGES:
                colour = mixed(colour, ink.text, 0.3)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QPen(colour, 3.0))
            painter.drawLine(QLineF(rect.left() + 1, rect.bottom() - 1.5, rect.right() - _PAD - 1, rect.bottom() - 1.5))
            if key == look.current and look.focused:
                marks.frame(painter, rect.adjusted(0, 0, -_PAD, 0), ink, True, True, 2)
