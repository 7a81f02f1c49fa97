"""A drawing as a picture that a layout keeps within itself: SVG, or pixels where there are too many shapes.

Any thread.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np
from qgis.PyQt.QtCore import QBuffer, QByteArray, QIODevice
from qgis.PyQt.QtGui import QColor, QImage, QPainter

from .report_paint import Painter
from .report_parts import Drawing, Face

MOST_SHAPES = 2500  # more of them would hold up the window each time that a layout draws them
_SHARP = 300  # dots to the inch


@dataclass(frozen=True)
class Picture:
    """``data``: as QGIS takes it for the path of a picture. The box (mm on the page) holds all of the drawing."""

    x: float
    y: float
    w: float
    h: float
    data: str
    is_svg: bool


def picture(drawing: Drawing) -> Picture:
    """``drawing`` by itself, with what stands out of its box."""
    low, high = _box(drawing.faces)
    x, y = drawing.x + float(low[0]), drawing.y + float(low[1])
    w, h = float(high[0] - low[0]), float(high[1] - low[1])
    vectors = len(drawing.faces) <= MOST_SHAPES
    raw = _svg(drawing, x, y, w, h).encode() if vectors else _png(drawing, x, y, w, h)
    return Picture(x, y, w, h, "base64:" + base64.b64encode(raw).decode(), vectors)


def _box(faces: tuple[Face, ...]) -> tuple[np.ndarray, np.ndarray]:
    lows = [ring.min(axis=0) - (face.width / 2 if face.edge else 0) for face in faces for ring in face.rings]
    highs = [ring.max(axis=0) + (face.width / 2 if face.edge else 0) for face in faces for ring in face.rings]
    low, high = np.min(lows, axis=0), np.max(highs, axis=0)
    return low, np.maximum(high, low + 0.1)


def _svg(drawing: Drawing, x: float, y: float, w: float, h: float) -> str:
    shift = np.array([drawing.x - x, drawing.y - y])
    out = [
        # QGIS takes its shape from the size in whole pixels
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{w * 100:.0f}" height="{h * 100:.0f}" '
        f'viewBox="0 0 {w:.3f} {h:.3f}">'
    ]
    for face in drawing.faces:
        end = "Z" if face.closed else ""
        path = "".join(
            "M" + "L".join(f"{right:.3f},{down:.3f}" for right, down in (ring + shift).tolist()) + end
            for ring in face.rings
        )
        fill = f'fill="{face.fill}" fill-rule="evenodd"' if face.fill else 'fill="none"'
        if face.fill and face.alpha < 255:
            fill += f' fill-opacity="{face.alpha / 255:.3f}"'
        if face.edge:
            fill += f' stroke="{face.edge}" stroke-width="{face.width:.3f}" stroke-linejoin="round"'
        out.append(f'<path d="{path}" {fill}/>')
    return "\n".join([*out, "</svg>"])


def _png(drawing: Drawing, x: float, y: float, w: float, h: float) -> bytes:
    unit = _SHARP / 25.4
    image = QImage(max(1, round(w * unit)), max(1, round(h * unit)), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(QColor(0, 0, 0, 0))
    inner = QPainter(image)
    Painter(inner, unit).drawing(drawing.at(drawing.x - x, drawing.y - y))
    inner.end()
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    buffer.close()
    return bytes(data)
