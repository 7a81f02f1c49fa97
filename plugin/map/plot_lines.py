"""Lines with gaps, drawn fast: points go to Qt as one block of memory, not one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qgis.PyQt.QtCore import QLineF, QPointF, Qt
from qgis.PyQt.QtGui import QPainter, QPen, QPolygonF

from ..sensors.series import Line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_DOT = 2.4  # times the line's width
# Qt strokes a wide line as one shape, which takes it seconds when it goes up and down thousands of times (seen: 2,000
# points at twice the sharpness, 2 s). Up to so many points each stretch is a line of its own (2 ms); beyond, lines are
# one pixel wide, which Qt draws another way (2,000 points: 4 ms, 9,000 without smooth edges: 4 ms).
_FINE = 1500
# points per pixel column above which a line is a band, where smooth edges show little
_DENSE = 2.5
# beyond this Qt's rasteriser overflows; a line that leaves so far is as steep as can be seen
_FAR = 1e5


def draw_line(painter: QPainter, x: Floats, y: Floats, pen: QPen, columns: float, share: int = 1) -> None:
    """Draw the line through ``x``, ``y`` (logical pixels, both of shape (n,)), interrupted where ``y`` is NaN; a point
    that stands alone is a dot. ``columns`` is the width in pixels over which it goes, ``share`` how many such lines the
    chart has; 0: take your time."""
    if not len(x):
        return
    x, y = np.clip(x, -_FAR, _FAR), np.clip(y, -_FAR, _FAR)
    known = np.isfinite(y)
    # where runs of known points begin and end
    edges = np.flatnonzero(np.diff(np.concatenate(([False], known, [False])).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    lone = ends - starts == 1
    count = int(known.sum())
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, count <= _DENSE * max(1.0, columns))
    if count * share <= _FINE and pen.style() == Qt.PenStyle.SolidLine:
        _draw_stretches(painter, x, y, pen)
    else:
        thin = QPen(pen)
        thin.setWidthF(1.0)
        thin.setCosmetic(True)
        painter.setPen(thin)
        for start, end in zip(starts[~lone].tolist(), ends[~lone].tolist()):
            painter.drawPolyline(polygon(x[start:end], y[start:end]))
    if lone.any():
        dots = QPen(pen.color(), max(3.0, pen.widthF() * _DOT))
        dots.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(dots)
        painter.drawPoints(polygon(x[starts[lone]], y[starts[lone]]))
    painter.restore()


def _draw_stretches(painter: QPainter, x: Floats, y: Floats, pen: QPen) -> None:
    """Each stretch between two known points by itself."""
    drawn = np.isfinite(y[:-1]) & np.isfinite(y[1:])
    square = QPen(pen)
    # as long as to close the corners
    square.setCapStyle(Qt.PenCapStyle.SquareCap)
    painter.setPen(square)
    ends = (x[:-1][drawn], y[:-1][drawn], x[1:][drawn], y[1:][drawn])
    painter.drawLines(list(map(QLineF, *(each.tolist() for each in ends))))


def polygon(x: Floats, y: Floats) -> QPolygonF:
    """The points as Qt has them."""
    count = len(x)
    points = QPolygonF()
    if not count:
        return points
    if hasattr(points, "resize"):  # Qt 6
        points.resize(count)
    else:
        points.fill(QPointF(), count)
    memory = points.data()
    memory.setsize(2 * count * 8)
    block = np.frombuffer(memory, np.float64).reshape(count, 2)
    block[:, 0], block[:, 1] = x, y
    return points


def scaled(line: Line, start: float, end: float, left: float, width: float) -> Floats:
    """The times of ``line`` as x."""
    found: Floats = (line.times - start) * (width / (end - start)) + left
    return found
