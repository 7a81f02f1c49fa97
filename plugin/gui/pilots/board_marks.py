"""The signs of the board, as plain lines and fields: they look the same on a screen, in a PDF and in an SVG.

No clipping and no pattern brushes, which not every device of Qt's knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from qgis.PyQt.QtCore import QLineF, QPointF, QRectF, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPen, QPolygonF

from ...pilots import vocabulary as words
from ...pilots.conditions import Standing
from .board_ink import Ink, mixed, rating_colour, warning

ORDER = (words.MET, words.PARTLY, words.NOT_MET, words.UNKNOWN)
_CELLS = 24  # criteria, above which they are no longer drawn one by one


def hatch(painter: QPainter, rect: QRectF, colour: QColor, step: float = 4.0, width: float = 1.0) -> None:
    """Rising diagonals, cut at the edges of ``rect``."""
    painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    _draw(painter, rect, _diagonals(round(rect.width(), 1), round(rect.height(), 1), step))


def cell(painter: QPainter, rect: QRectF, rating: str, ink: Ink) -> None:
    """One criterion, or some of the same rating: full, hatched, crossed, or empty."""
    field, edge, strong = _inks(rating, ink.card.rgb(), ink.dark)
    painter.fillRect(rect, field)
    if rating == words.MET:
        return
    inner = rect.adjusted(0.5, 0.5, -0.5, -0.5)
    wide, high = round(inner.width(), 1), round(inner.height(), 1)
    if rating == words.PARTLY:
        painter.setPen(strong)
        _draw(painter, inner, _diagonals(wide, high, 3.5))
    elif rating == words.NOT_MET:
        painter.setPen(strong)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _draw(painter, inner, _crosses(wide, high))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(edge)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(inner)


def _draw(painter: QPainter, rect: QRectF, lines: list[QLineF]) -> None:
    painter.translate(rect.topLeft())
    painter.drawLines(lines)
    painter.translate(-rect.topLeft())


@lru_cache(maxsize=512)
def _inks(rating: str, card: int, dark: bool) -> tuple[QColor, QPen, QPen]:
    """The field of a cell, the pen of its edge, and that of its sign."""
    colour = rating_colour(rating, dark)
    tint = {words.MET: 1.0, words.PARTLY: 0.22, words.NOT_MET: 0.12}.get(rating, 0.0)
    line = Qt.PenStyle.SolidLine if rating in words.RATED else Qt.PenStyle.DotLine
    return mixed(QColor(card), colour, tint), QPen(colour, 1.0, line), QPen(colour, 1.1)


@lru_cache(maxsize=512)
def _diagonals(wide: float, high: float, step: float) -> list[QLineF]:
    """Lines x + y = n · step in a field of that size."""
    lines = []
    place = step
    while place < wide + high:
        first = QPointF(0, place) if place <= high else QPointF(place - high, high)
        last = QPointF(wide, place - wide) if place >= wide else QPointF(place, 0)
        lines.append(QLineF(first, last))
        place += step
    return lines


@lru_cache(maxsize=512)
def _crosses(wide: float, high: float) -> list[QLineF]:
    """One cross a square, however long the field."""
    count = max(1, round(wide / max(1.0, high) / 1.6))
    reach = min(wide / count, high) * 0.3
    lines = []
    for place in range(count):
        x, y = (place + 0.5) * wide / count, high / 2
        lines += [
            QLineF(x - reach, y - reach, x + reach, y + reach),
            QLineF(x - reach, y + reach, x + reach, y - reach),
        ]
    return lines


def bar(painter: QPainter, rect: QRectF, standing: Standing, ink: Ink) -> None:
    """A condition: a cell for each criterion that applies, met ones first."""
    counts = (standing.met, standing.partly, standing.not_met, standing.unknown)
    stacked(painter, rect, list(zip(ORDER, counts)), ink)


def stacked(painter: QPainter, rect: QRectF, parts: Sequence[tuple[str, int]], ink: Ink) -> None:
    """Counts side by side over the width of ``rect``; few of them as cells, many as one field a rating."""
    total = sum(count for _, count in parts)
    if not total:
        painter.setPen(QPen(ink.rule, 1.0))
        painter.drawLine(QLineF(rect.left(), rect.center().y(), rect.right(), rect.center().y()))
        return
    singly = total <= _CELLS and rect.width() / total >= 5
    gap = 1.5 if singly else 0.0
    x = rect.left()
    for rating, count in parts:
        for _ in range(count if singly else min(count, 1)):
            wide = rect.width() / total * (1 if singly else count)
            cell(painter, QRectF(x, rect.top(), max(1.0, wide - gap), rect.height()), rating, ink)
            x += wide


def triangle(painter: QPainter, rect: QRectF) -> None:
    """The map's mark of what fades."""
    ground, ink = warning()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(ink, max(0.8, rect.width() / 14), Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap,
                        Qt.PenJoinStyle.RoundJoin))  # fmt: skip
    painter.setBrush(ground)
    middle = rect.center().x()
    painter.drawPolygon(QPolygonF([QPointF(middle, rect.top()), rect.bottomRight(), rect.bottomLeft()]))
    painter.setPen(QPen(ink, max(1.0, rect.width() / 9), Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    high = rect.height()
    painter.drawLine(QLineF(middle, rect.top() + high * 0.34, middle, rect.top() + high * 0.66))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink)
    dot = max(0.6, rect.width() / 16)
    painter.drawEllipse(QPointF(middle, rect.top() + high * 0.82), dot, dot)


def diamond(painter: QPainter, middle: QPointF, reach: float, edge: QColor, inside: QColor) -> None:
    """A planned end."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(edge, 1.2))
    painter.setBrush(inside)
    x, y = middle.x(), middle.y()
    painter.drawPolygon(
        QPolygonF([QPointF(x, y - reach), QPointF(x + reach, y), QPointF(x, y + reach), QPointF(x - reach, y)])
    )


def frame(painter: QPainter, rect: QRectF, ink: Ink, chosen: bool, focused: bool, round_by: float = 4.0) -> None:
    """The edge around what is chosen; stronger where the keyboard is."""
    colour = QColor(ink.select)
    colour.setAlpha(255 if focused else 170)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, 2.0 if chosen else 1.0))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), round_by, round_by)
