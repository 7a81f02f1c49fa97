"""Title, legend, footer, and the sentence where there is nothing to see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.PyQt.QtCore import QRectF
from qgis.PyQt.QtGui import QPainter

from .plot_colours import Ink
from .plot_text import Pen

if TYPE_CHECKING:
    from .plot import Plot

_MARK = 14.0
_GAP = 6.0
_APART = 22.0


def draw(painter: QPainter, rect: QRectF, plot: Plot) -> QRectF:
    """Title and legend at the top, footer at the bottom; returns what is left for the chart."""
    top, bottom = rect.top(), rect.bottom()
    if plot.title:
        pen = Pen(painter, factor=1.35, bold=True)
        painter.setPen(plot.ink.text)
        pen.write(rect.left(), top + pen.height / 2, pen.elided(plot.title, rect.width()))
        top += pen.height + _GAP
    if plot.legend:
        top = _draw_legend(painter, QRectF(rect.left(), top, rect.width(), bottom - top), plot) + _GAP
    if plot.footer:
        pen = Pen(painter, factor=0.85)
        painter.setPen(plot.ink.faint)
        pen.write(rect.left(), bottom - pen.height / 2, pen.elided(plot.footer, rect.width()))
        bottom -= pen.height + _GAP
    return QRectF(rect.left(), top, rect.width(), bottom - top)


def _draw_legend(painter: QPainter, rect: QRectF, plot: Plot) -> float:
    """Entries beside each other, in as many rows as they take; returns where they end."""
    pen = Pen(painter)
    x, middle = rect.left(), rect.top() + pen.height / 2
    for curve in plot.curves:
        unit = f" ({curve.unit})" if curve.unit else ""
        text = pen.elided(f"{curve.name}{unit}", rect.width() - _MARK - _GAP)
        width = _MARK + _GAP + pen.width(text)
        if x > rect.left() and x + width > rect.right():
            x, middle = rect.left(), middle + pen.height + 2
        painter.setPen(plot.ink.pen(curve.colour, 2.4))
        painter.drawLine(int(x), int(middle) + 1, int(x + _MARK), int(middle) + 1)
        painter.setPen(plot.ink.text)
        pen.write(x + _MARK + _GAP, middle, text)
        x += width + _APART
    return middle + pen.height / 2


def draw_message(painter: QPainter, rect: QRectF, text: str, ink: Ink) -> None:
    """A sentence in the middle, on several lines where it is long."""
    pen = Pen(painter, factor=1.05)
    lines: list[str] = []
    for word in text.split():
        if lines and pen.width(f"{lines[-1]} {word}") <= rect.width() * 0.8:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    middle = rect.center().y() - pen.height * (len(lines) - 1) / 2
    painter.setPen(ink.faint)
    for line in lines:
        pen.write(rect.center().x(), middle, line, along=0.5)
        middle += pen.height
