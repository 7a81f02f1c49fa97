"""Charts of observations: the same drawing for the window, for PNG files and, small, for map tips.

Source: QGIS 3.40 has no plot of time series of its own; its plot classes begin with 3.42 and know neither gaps nor
times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from qgis.PyQt.QtCore import QRectF
from qgis.PyQt.QtGui import QColor, QPainter

from ..sensors.axis import time_ticks
from ..sensors.series import Line
from ..sensors.trace import Trace
from ..text import tr
from . import plot_axes, plot_frame, plot_spark
from .plot_colours import Ink, light
from .plot_cursor import Said, draw_cursor, reach
from .plot_lines import draw_line, scaled
from .plot_scales import Panel, PlotArea, Scale, scale_of, together
from .plot_text import Pen

_LINE = 1.6
_PAD = 8.0
_BETWEEN = 8.0  # between panels
_TIME_LABEL = 78.0  # pixels for a label of a time


@dataclass(frozen=True, eq=False)
class Curve:
    """One series. ``colour`` is its place among the colours; ``last``: its last value in words."""

    trace: Trace
    name: str = ""
    unit: str = ""
    colour: int = 0
    last: str = ""


@dataclass(frozen=True)
class Level:
    """A norm, or a threshold of the user's, as a line at ``value`` on the axis of ``unit``."""

    value: float
    text: str
    unit: str = ""
    threshold: bool = False


@dataclass(frozen=True, eq=False)
class Plot:
    """What to draw, from ``start`` to ``end`` (seconds since 1970 UTC).

    ``message`` stands in the middle where there is nothing to see. ``cursor`` is the time of a crosshair. ``small``:
    the line, the last value and the time span only, of the first curve. ``still``: it is drawn once, so that it may
    take longer. ``zone``: else this computer's own.
    """

    start: float
    end: float
    curves: tuple[Curve, ...] = ()
    levels: tuple[Level, ...] = ()
    now: float | None = None
    cursor: float | None = None
    ink: Ink = field(default_factory=light)
    message: str = ""
    title: str = ""
    footer: str = ""
    legend: bool = False
    small: bool = False
    still: bool = False
    zone: tzinfo | None = None


def spark(curve: Curve, start: float, end: float, levels: Sequence[Level] = (), ink: Ink | None = None) -> Plot:
    """The small chart of a map tip; 240 × 80 pixels are a good size for it."""
    return Plot(start, end, (curve,), tuple(levels), ink=ink or light(), small=True)


def paint(painter: QPainter, rect: QRectF, plot: Plot) -> PlotArea:
    """Draw ``plot`` into ``rect`` with the painter's own font; returns what is where.

    Lines are thinned to the device's pixels: every lowest and highest value is drawn, a gap is left open, an
    observation between two gaps is a dot.
    """
    if not plot.end > plot.start:
        # a moment has no width to draw in
        plot = replace(plot, start=min(plot.start, plot.end) - 0.5, end=max(plot.start, plot.end) + 0.5)
    painter.save()
    try:
        painter.setClipRect(rect)
        if plot.ink.ground.alpha():
            painter.fillRect(rect, plot.ink.ground)
        sharp = painter.device().devicePixelRatioF()
        columns = max(1, int(rect.width() * sharp))
        lines = [curve.trace.line(plot.start, plot.end, columns) for curve in plot.curves]
        if plot.small:
            return plot_spark.draw(painter, rect, plot, lines)
        return _paint(painter, rect, plot, lines)
    finally:
        painter.restore()


def said_at(plot: Plot, area: PlotArea, time: float) -> list[Said]:
    """What each curve says at ``time``: its nearest observation, where one is near enough."""
    found = []
    for curve in plot.curves:
        at: float | None = None
        value = float("nan")
        near = curve.trace.near(time)
        if near is not None and abs(near[0] - time) <= reach(area, curve.trace.gap):
            at, value = near
        found.append(Said(plot.ink.line(curve.colour), curve.name, curve.unit, at, value))
    return found


def paint_cursor(painter: QPainter, area: PlotArea, plot: Plot, time: float) -> None:
    """The crosshair alone, over a chart that is painted already."""
    draw_cursor(painter, area, time, said_at(plot, area, time), plot.ink, plot.zone)


def _paint(painter: QPainter, rect: QRectF, plot: Plot, lines: Sequence[Line]) -> PlotArea:
    pen = Pen(painter, factor=0.92)
    inside = plot_frame.draw(painter, rect.adjusted(_PAD, _PAD, -_PAD, -_PAD), plot)
    area = _area(inside, plot, lines, pen)
    if plot.message and not plot.curves:
        plot_frame.draw_message(painter, area.rect, plot.message, plot.ink)
        return area
    count = int(area.rect.width() / max(_TIME_LABEL, pen.width("00:00:00") * 1.6))
    times = time_ticks(plot.start, plot.end, max(2, count), plot.zone)
    for panel in area.panels:
        plot_axes.draw_grid(painter, area, panel, times, plot.ink)
    if plot.now is not None:
        plot_axes.draw_now(painter, area, plot.now, plot.ink, pen)
    draw_curves(painter, area, plot, lines)
    for panel in area.panels:
        levels = [
            (scale, level.value, level.text, level.threshold)
            for level in plot.levels
            for scale in panel.scales
            if scale.unit == level.unit
        ]
        plot_axes.draw_levels(painter, panel, levels, plot.ink, pen)
        plot_axes.draw_values(painter, panel, plot.ink, pen, [_only_colour(plot, scale) for scale in panel.scales])
    plot_axes.draw_times(painter, area, times, plot.ink, pen, (inside.left(), inside.right()))
    for panel in area.panels if plot.curves and not plot.message else ():
        if not any(scale.ticks for scale in panel.scales):
            plot_frame.draw_message(painter, panel.rect, tr("Nothing measured in this period"), plot.ink)
    if plot.message:
        plot_frame.draw_message(painter, area.rect, plot.message, plot.ink)
    if plot.cursor is not None:
        paint_cursor(painter, area, plot, plot.cursor)
    return area


def draw_curves(painter: QPainter, area: PlotArea, plot: Plot, lines: Sequence[Line], width: float = _LINE) -> None:
    """The lines, each in its panel."""
    sharp = painter.device().devicePixelRatioF()
    for curve, line in zip(plot.curves, lines):
        place = area.panel(curve.unit)
        if place is None:
            continue
        panel, scale = place
        painter.save()
        painter.setClipRect(panel.rect.adjusted(0, -2, 0, 2))
        x = scaled(line, plot.start, plot.end, panel.rect.left(), panel.rect.width())
        y, pen = scale.ys(line, panel.rect), plot.ink.pen(curve.colour, width)
        draw_line(painter, x, y, pen, panel.rect.width() * sharp, 0 if plot.still else len(plot.curves))
        painter.restore()


def _only_colour(plot: Plot, scale: Scale) -> QColor | None:
    """The colour of the one curve that has this axis, where there are others beside it."""
    places = [curve.colour for curve in plot.curves if curve.unit == scale.unit]
    return plot.ink.line(places[0]) if len(places) == 1 and len(plot.curves) > 1 else None


def _area(inside: QRectF, plot: Plot, lines: Sequence[Line], pen: Pen) -> PlotArea:
    """Panels below each other, all as wide as the widest labels leave room for."""
    groups = together([curve.unit for curve in plot.curves])
    bottom = inside.bottom() - plot_axes.TICK - 2 * pen.height
    room = bottom - inside.top()
    head = pen.height + 4  # for the unit
    height = max(20.0, (room - _BETWEEN * (len(groups) - 1)) / len(groups) - head)
    scales = [tuple(_scale(unit, plot, lines, height) for unit in group) for group in groups]
    left = inside.left() + plot_axes.widest(pen, [group[0] for group in scales])
    second = [group[1] for group in scales if len(group) > 1]
    right = inside.right() - (plot_axes.widest(pen, second) if second else 0.0)
    width = max(20.0, right - left)
    panels = []
    for index, group in enumerate(scales):
        top = inside.top() + head + index * (height + head + _BETWEEN)
        panels.append(Panel(QRectF(left, top, width, height), group))
    field = QRectF(left, panels[0].rect.top(), width, panels[-1].rect.bottom() - panels[0].rect.top())
    return PlotArea(field, plot.start, plot.end, tuple(panels))


def _scale(unit: str, plot: Plot, lines: Sequence[Line], height: float) -> Scale:
    of_unit = [line for curve, line in zip(plot.curves, lines) if curve.unit == unit]
    thresholds = [level.value for level in plot.levels if level.threshold and level.unit == unit]
    return scale_of(unit, of_unit, thresholds, plot.start, plot.end, height)
