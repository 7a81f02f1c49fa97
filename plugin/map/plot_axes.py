"""What stands around the lines of a chart: grid, ticks, units, levels and the present."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QLineF, QPointF, QRectF, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPen, QPolygonF

from ..sensors.axis import TimeTick
from ..text import number, tr
from .plot_colours import Ink
from .plot_scales import Panel, PlotArea, Scale
from .plot_text import Pen

TICK = 4.0
_GAP = 4.0
_ARROW = 3.5


def widest(pen: Pen, scales: Sequence[Scale]) -> float:
    """The room that the labels of an axis take; short ones take as much, so that zooming does not move the edge."""
    usual = pen.width("00,000")
    return max([usual, *(pen.width(tick.label) for scale in scales for tick in scale.ticks)]) + TICK + _GAP


def draw_grid(painter: QPainter, area: PlotArea, panel: Panel, times: Sequence[TimeTick], ink: Ink) -> None:
    """Lines at the ticks, below all else."""
    rect = panel.rect
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(ink.grid, 1.0))
    xs = [_crisp(area.x(tick.time)) for tick in times]
    ys = [_crisp(panel.scales[0].y(tick.value, rect)) for tick in panel.scales[0].ticks] if panel.scales else []
    painter.drawLines(
        [QLineF(x, rect.top(), x, rect.bottom()) for x in xs] + [QLineF(rect.left(), y, rect.right(), y) for y in ys]
    )


def draw_values(painter: QPainter, panel: Panel, ink: Ink, pen: Pen, colours: Sequence[QColor | None]) -> None:
    """The ticks and units of a panel's axes; an axis that only one series has is written in its colour."""
    rect = panel.rect
    for side, (scale, colour) in enumerate(zip(panel.scales, colours)):
        outward = 1.0 if side else -1.0
        edge = rect.right() if side else rect.left()
        painter.setPen(QPen(ink.faint, 1.0))
        painter.drawLine(QPointF(_crisp(edge), rect.top()), QPointF(_crisp(edge), rect.bottom()))
        for tick in scale.ticks:
            y = scale.y(tick.value, rect)
            painter.setPen(QPen(ink.faint, 1.0))
            painter.drawLine(QPointF(edge, _crisp(y)), QPointF(edge + outward * TICK, _crisp(y)))
            painter.setPen(colour or ink.faint)
            pen.write(edge + outward * (TICK + _GAP / 2), y, tick.label, along=1.0 - side)
        if scale.unit:
            painter.setPen(colour or ink.text)
            pen.write(edge, rect.top() - pen.height / 2 - 2, scale.unit, along=float(side))


def draw_times(
    painter: QPainter, area: PlotArea, times: Sequence[TimeTick], ink: Ink, pen: Pen, span: tuple[float, float]
) -> None:
    """The axis of times with two lines of labels, within ``span`` (x)."""
    bottom = area.rect.bottom()
    painter.setPen(QPen(ink.faint, 1.0))
    painter.drawLine(QPointF(area.rect.left(), _crisp(bottom)), QPointF(area.rect.right(), _crisp(bottom)))
    taken = span[0] - _GAP
    contexts: list[tuple[float, str]] = []
    for tick in times:
        x = area.x(tick.time)
        painter.setPen(QPen(ink.faint, 1.0))
        painter.drawLine(QPointF(_crisp(x), bottom), QPointF(_crisp(x), bottom + TICK))
        half = pen.width(tick.label) / 2
        if x - half >= taken and x + half <= span[1]:
            painter.setPen(ink.faint)
            pen.write(x, bottom + TICK + pen.height / 2, tick.label, along=0.5)
            taken = x + half + _GAP
        if tick.context:
            contexts.append((max(span[0], x - half), tick.context))
    painter.setPen(ink.text)
    # They move to the left where there is no room, the last one as far as it must; where two days meet in a narrow
    # chart, the one that ends is left out.
    limit = span[1]
    for index, (x, text) in enumerate(reversed(contexts)):
        width = pen.width(text)
        left = max(span[0], min(x, limit - width))
        if left + width <= limit and (not index or left >= x - width / 2):
            pen.write(left, bottom + TICK + 1.5 * pen.height, text)
            limit = left - 2 * _GAP


def draw_levels(
    painter: QPainter, panel: Panel, levels: Sequence[tuple[Scale, float, str, bool]], ink: Ink, pen: Pen
) -> None:
    """Norms as thin dashes, thresholds as thin lines, each with what it is; a threshold out of view as an arrow to it.

    ``levels``: axis, value, text and whether it is a threshold. Labels that would cover another are left out.
    """
    rect = panel.rect
    taken: list[float] = []
    for scale, value, text, threshold in sorted(levels, key=lambda level: not level[3]):
        if scale.low <= value <= scale.high:
            _draw_level(painter, rect, scale.y(value, rect), text, ink, pen, threshold, taken)
        elif threshold:
            _draw_far_level(painter, rect, value, value > scale.high, text, ink, pen, taken)


def _draw_level(
    painter: QPainter, rect: QRectF, y: float, text: str, ink: Ink, pen: Pen, threshold: bool, taken: list[float]
) -> None:
    colour = ink.threshold if threshold else ink.norm
    line = QPen(colour, 1.0)
    if not threshold:
        line.setDashPattern([4.0, 3.0])
    painter.setPen(line)
    painter.drawLine(QPointF(rect.left(), _crisp(y)), QPointF(rect.right(), _crisp(y)))
    half = pen.height / 2
    for middle in (y - half, y + half):
        free = all(abs(middle - other) >= pen.height - 1 for other in taken)
        if free and rect.top() <= middle - half + 1 and middle + half - 1 <= rect.bottom():
            taken.append(middle)
            _write_backed(painter, rect.left() + _GAP, middle, pen.elided(text, rect.width() * 0.6), colour, ink, pen)
            return


def _draw_far_level(
    painter: QPainter, rect: QRectF, value: float, upwards: bool, text: str, ink: Ink, pen: Pen, taken: list[float]
) -> None:
    """An arrow to a threshold that is out of view."""
    middle = rect.top() + pen.height / 2 if upwards else rect.bottom() - pen.height / 2
    while any(abs(middle - other) < pen.height for other in taken):
        middle += pen.height if upwards else -pen.height
    if not rect.top() <= middle <= rect.bottom():
        return
    taken.append(middle)
    _draw_arrow(painter, rect.left() + _GAP + _ARROW, middle, upwards, ink.threshold)
    label = tr("{name}: {value}", name=text, value=number(value, ",.6g"))
    left = rect.left() + 2 * _GAP + 2 * _ARROW
    _write_backed(painter, left, middle, pen.elided(label, rect.width() * 0.5), ink.threshold, ink, pen)


def _write_backed(painter: QPainter, x: float, middle: float, text: str, colour: QColor, ink: Ink, pen: Pen) -> None:
    """Readable over lines."""
    ground = QColor(ink.ground)
    ground.setAlpha(min(ground.alpha(), 170))
    painter.fillRect(QRectF(x - 1, middle - pen.height / 2 + 1, pen.width(text) + 2, pen.height - 2), ground)
    painter.setPen(colour)
    pen.write(x, middle, text)


def draw_now(painter: QPainter, area: PlotArea, now: float, ink: Ink, pen: Pen) -> None:
    """The present, and what comes after it a little darker."""
    x = area.x(now)
    if not area.rect.left() <= x <= area.rect.right():
        return
    later = QColor(ink.grid)
    later.setAlpha(14)
    for panel in area.panels:
        rect = panel.rect
        painter.fillRect(QRectF(QPointF(x, rect.top()), rect.bottomRight()), later)
        line = QPen(ink.now, 1.0)
        line.setDashPattern([1.0, 3.0])
        painter.setPen(line)
        painter.drawLine(QPointF(_crisp(x), rect.top()), QPointF(_crisp(x), rect.bottom()))
    text = tr("now")
    half = pen.width(text) / 2
    panel = area.panels[0]
    # the unit of the axis on the right stands there too
    limit = area.rect.right() - (pen.width(panel.scales[1].unit) + _GAP if len(panel.scales) > 1 else 0.0) - half
    painter.setPen(ink.faint)
    if area.rect.left() + half <= min(x, limit):
        pen.write(min(x, limit), panel.rect.top() - pen.height / 2 - 2, text, along=0.5)


def _draw_arrow(painter: QPainter, x: float, y: float, upwards: bool, colour: QColor) -> None:
    tip = -_ARROW if upwards else _ARROW
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    corners = [QPointF(x, y + tip), QPointF(x - _ARROW, y - tip), QPointF(x + _ARROW, y - tip)]
    painter.drawPolygon(QPolygonF(corners))
    painter.restore()


def _crisp(place: float) -> float:
    """The middle of a pixel: a thin line there is one pixel wide."""
    return float(int(place)) + 0.5
