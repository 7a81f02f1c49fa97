"""The crosshair: where the mouse is in time, and what every series says there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import NamedTuple

from qgis.PyQt.QtCore import QPointF, QRectF, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPen

from ..sensors import words
from ..sensors.axis import moment
from ..sensors.freshness import NONE
from ..sensors.state import Latest
from ..sensors.trend import UNKNOWN
from ..sensors.values import NUMBER
from .plot_colours import Ink
from .plot_scales import PlotArea
from .plot_text import Pen

_PAD = 7.0
_MARK = 9.0
_REACH = 12.0  # pixels within which the nearest observation is the one that is meant
_LONGEST = 28  # characters of a name


class Said(NamedTuple):
    """What one series says at the crosshair: ``at`` is the observation's own time; ``value`` is NaN where it has no
    number, and ``at`` None where there is no observation near."""

    colour: QColor
    name: str
    unit: str
    at: float | None
    value: float


def reach(area: PlotArea, gap: float) -> float:
    """How far in seconds an observation may be from the crosshair to speak for it: no further than its rhythm says."""
    pixels = _REACH * (area.end - area.start) / max(1.0, area.rect.width())
    return max(pixels, gap if gap < float("inf") else 0.0)


def draw_cursor(
    painter: QPainter, area: PlotArea, time: float, said: Sequence[Said], ink: Ink, zone: tzinfo | None = None
) -> None:
    """A line at ``time``, a ring on each observation that speaks, and a box with the values beside it."""
    x = area.x(time)
    if not area.rect.left() <= x <= area.rect.right():
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(ink.faint, 1.0))
    painter.drawLine(QPointF(int(x) + 0.5, area.rect.top()), QPointF(int(x) + 0.5, area.rect.bottom()))
    for one in said:
        place = area.panel(one.unit)
        if place is None or one.at is None or one.value != one.value:
            continue
        panel, scale = place
        at = QPointF(area.x(one.at), scale.y(one.value, panel.rect))
        if panel.rect.adjusted(-2, -2, 2, 2).contains(at):
            painter.setPen(QPen(one.colour, 1.6))
            painter.setBrush(QColor(ink.ground.red(), ink.ground.green(), ink.ground.blue()))
            painter.drawEllipse(at, 3.6, 3.6)
    step = (area.end - area.start) / max(1.0, area.rect.width())
    _draw_box(painter, area.rect, x, moment(time, zone, step=step), said, ink)
    painter.restore()


def value_words(value: float, unit: str) -> str:
    """A value as the rest of the plugin writes it; a dash where there is none."""
    if value != value:
        return "–"
    return words.value(Latest("", NUMBER, value, unit, None, None, None, NONE, UNKNOWN, False, ()))


def _draw_box(painter: QPainter, rect: QRectF, x: float, when: str, said: Sequence[Said], ink: Ink) -> None:
    plain, bold = Pen(painter, factor=0.95), Pen(painter, factor=0.95, bold=True)
    longest = plain.width("x") * _LONGEST
    rows = [(one, plain.elided(one.name, longest), value_words(one.value, one.unit)) for one in said]
    names = max((plain.width(name) for _, name, _ in rows), default=0.0)
    values = max((bold.width(value) for _, _, value in rows), default=0.0)
    width = 2 * _PAD + max(plain.width(when), _MARK + 4 + names + 14 + values if rows else 0.0)
    height = 2 * _PAD + plain.height * (1 + len(rows)) + (3 if rows else 0)
    left = x + 12 if x + 12 + width <= rect.right() else x - 12 - width
    left = max(rect.left(), min(left, rect.right() - width))
    box = QRectF(left, rect.top() + 6, width, height)
    ground = QColor(ink.ground)
    ground.setAlpha(238)
    painter.setPen(QPen(ink.norm, 1.0))
    painter.setBrush(ground)
    painter.drawRoundedRect(box, 3.0, 3.0)
    middle = box.top() + _PAD + plain.height / 2
    painter.setPen(ink.faint)
    plain.write(box.left() + _PAD, middle, when)
    middle += 3
    for one, name, value in rows:
        middle += plain.height
        painter.fillRect(QRectF(box.left() + _PAD, middle - 1.5, _MARK, 3.0), one.colour)
        painter.setPen(ink.text)
        plain.write(box.left() + _PAD + _MARK + 4, middle, name)
        bold.write(box.right() - _PAD, middle, value, along=1.0)
    painter.setBrush(Qt.BrushStyle.NoBrush)
