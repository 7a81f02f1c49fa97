"""The small chart: a line, the last value, from when to when; nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from qgis.PyQt.QtCore import QPointF, QRectF, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPen

from ..sensors.axis import short_moment
from ..sensors.series import Line
from ..text import tr
from .plot_lines import draw_line, scaled
from .plot_scales import Panel, PlotArea, Scale, scale_of
from .plot_text import Pen

if TYPE_CHECKING:
    from .plot import Plot

_PAD = 3.0
_LINE = 1.4


def draw(painter: QPainter, rect: QRectF, plot: Plot, lines: Sequence[Line]) -> PlotArea:
    """Draw the first curve of ``plot`` into ``rect``; returns where."""
    ink = plot.ink
    curve, line = (plot.curves[0], lines[0]) if plot.curves else (None, Line(np.empty(0), np.empty(0)))
    value, small = Pen(painter, factor=1.15, bold=True), Pen(painter, factor=0.85)
    head = value.height + 2 if curve is not None and curve.last else 0.0
    inside = rect.adjusted(_PAD, _PAD + head, -_PAD, -_PAD - small.height - 2)
    unit = curve.unit if curve is not None else ""
    thresholds = [level.value for level in plot.levels if level.threshold]
    scale = scale_of(unit, [line], thresholds, plot.start, plot.end, inside.height())
    area = PlotArea(inside, plot.start, plot.end, (Panel(inside, (scale,)),))
    if curve is not None and curve.last:
        painter.setPen(ink.text)
        pen = value
        pen.write(rect.left() + _PAD, rect.top() + _PAD + pen.height / 2, pen.elided(curve.last, inside.width()))
    painter.setPen(QPen(ink.grid, 1.0))
    foot = int(inside.bottom()) + 0.5
    painter.drawLine(QPointF(inside.left(), foot), QPointF(inside.right(), foot))
    _draw_levels(painter, inside, plot, scale)
    if np.isfinite(line.values).any():
        x = scaled(line, plot.start, plot.end, inside.left(), inside.width())
        y = scale.ys(line, inside)
        painter.save()
        painter.setClipRect(inside.adjusted(-_PAD, -2, _PAD, 2))
        colour = curve.colour if curve is not None else 0
        draw_line(painter, x, y, ink.pen(colour, _LINE), inside.width() * painter.device().devicePixelRatioF())
        _draw_end(painter, x, y, inside, ink.line(colour))
        painter.restore()
    else:
        painter.setPen(ink.faint)
        small.write(inside.center().x(), inside.center().y(), plot.message or tr("no observations"), along=0.5)
    painter.setPen(ink.faint)
    middle = rect.bottom() - _PAD - small.height / 2
    small.write(inside.left(), middle, short_moment(plot.start, plot.end, plot.zone))
    small.write(inside.right(), middle, short_moment(plot.end, plot.end, plot.zone), along=1.0)
    return area


def _draw_levels(painter: QPainter, inside: QRectF, plot: Plot, scale: Scale) -> None:
    for level in plot.levels:
        if scale.low <= level.value <= scale.high:
            pen = QPen(plot.ink.threshold if level.threshold else plot.ink.norm, 1.0)
            if not level.threshold:
                pen.setDashPattern([3.0, 3.0])
            painter.setPen(pen)
            y = int(scale.y(level.value, inside)) + 0.5
            painter.drawLine(QPointF(inside.left(), y), QPointF(inside.right(), y))


def _draw_end(painter: QPainter, x: np.ndarray, y: np.ndarray, inside: QRectF, colour: QColor) -> None:
    """A dot on the last observation in view."""
    seen = np.flatnonzero(np.isfinite(y) & (x <= inside.right() + 0.5))
    if len(seen):
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(QPointF(float(x[seen[-1]]), float(y[seen[-1]])), 2.6, 2.6)
