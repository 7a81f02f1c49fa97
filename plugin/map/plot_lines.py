"""Lines with gaps, drawn fast: points go to Qt as one block of memory, not one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qgis.PyQt.QtCore import QPointF, Qt
from qgis.PyQt.QtGui import QPainter, QPen, QPolygonF

from ..sensors.series import Line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_DOT = 2.4  # times the line's width
# points per pixel column above which a line is a dense band, for which smooth edges cost much and show little
_DENSE = 2.5
# beyond this Qt's rasteriser overflows; a line that leaves so far is as steep as can be seen
_FAR = 1e5


def draw_line(painter: QPainter, x: Floats, y: Floats, pen: QPen, columns: float) -> None:
    """Draw the line through ``x``, ``y`` (logical pixels, both of shape (n,)), interrupted where ``y`` is NaN; a point
    that stands alone is a dot. ``columns`` is the width in pixels over which it goes."""
    if not len(x):
        return
    x, y = np.clip(x, -_FAR, _FAR), np.clip(y, -_FAR, _FAR)
    known = np.isfinite(y)
    # where runs of known points begin and end
    edges = np.flatnonzero(np.diff(np.concatenate(([False], known, [False])).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    painter.save()
    dense = int(known.sum()) > _DENSE * max(1.0, columns)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, not dense)
    if dense:
        pen = QPen(pen)
        pen.setStyle(Qt.PenStyle.SolidLine)
        pen.setWidthF(1.0)
    painter.setPen(pen)
    lone = ends - starts == 1
    for start, end in zip(starts[~lone].tolist(), ends[~lone].tolist()):
        painter.drawPolyline(polygon(x[start:end], y[start:end]))
    if lone.any():
        dots = QPen(pen.color(), max(3.0, pen.widthF() * _DOT))
        dots.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(dots)
        painter.drawPoints(polygon(x[starts[lone]], y[starts[lone]]))
    painter.restore()


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
