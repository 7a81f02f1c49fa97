"""Painting a page with Qt: into a PDF or a picture, in any thread. The map is left to the caller."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from qgis.PyQt.QtCore import QPointF, QRectF, Qt
from qgis.PyQt.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen, QPolygonF

from .report_parts import Block, Drawing, Face, MapFrame, North, Page, ScaleBar, Words
from .report_type import CAP, FAINT, INK, POINT, font, words


class Painter:
    """``unit``: the device's pixels to a millimetre."""

    def __init__(self, painter: QPainter, unit: float) -> None:
        self._painter = painter
        self.unit = unit
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)

    def page(self, page: Page, draw_map: Callable[[MapFrame], None]) -> None:
        """All parts in their order; ``draw_map`` fills the frame of the map."""
        for part in page.parts:
            if isinstance(part, Words):
                self._words(part)
            elif isinstance(part, Block):
                self._block(part)
            elif isinstance(part, Drawing):
                self.drawing(part)
            elif isinstance(part, MapFrame):
                draw_map(part)
                self._block(Block(part.x, part.y, part.w, part.h, None, edge="#8a9096", width=0.2))
            elif isinstance(part, ScaleBar):
                self._scale_bar(part)
            elif isinstance(part, North):
                self._north(part)

    def _words(self, part: Words) -> None:
        painter = self._painter
        painter.save()
        written = font(part.size, part.bold)
        # pixels of this device, which may have other ones to the inch than the screen
        written.setPixelSize(max(1, round(part.size * POINT * self.unit)))
        painter.setFont(written)
        painter.setPen(QColor(part.ink))
        metrics = painter.fontMetrics()
        baseline = part.y + part.size * POINT * CAP
        for place, line in enumerate(part.lines):
            spare = part.w - metrics.horizontalAdvance(line) / self.unit
            right = {"left": 0.0, "middle": spare / 2, "right": spare}[part.align]
            at = QPointF((part.x + right) * self.unit, (baseline + place * part.leading) * self.unit)
            painter.drawText(at, line)
        painter.restore()

    def _block(self, part: Block) -> None:
        painter = self._painter
        painter.setPen(self._pen(part.edge, part.width))
        painter.setBrush(QBrush(QColor(part.fill)) if part.fill else QBrush(Qt.BrushStyle.NoBrush))
        box = QRectF(part.x * self.unit, part.y * self.unit, part.w * self.unit, part.h * self.unit)
        if part.radius:
            painter.drawRoundedRect(box, part.radius * self.unit, part.radius * self.unit)
        else:
            painter.drawRect(box)

    def drawing(self, part: Drawing) -> None:
        """Its shapes, at its place."""
        for face in part.faces:
            self._face(face, part.x, part.y)

    def _face(self, face: Face, x: float, y: float) -> None:
        path = QPainterPath()
        for ring in face.rings:
            points = ((ring + np.array([x, y])) * self.unit).tolist()
            path.addPolygon(QPolygonF([QPointF(right, down) for right, down in points]))
            if face.closed:
                path.closeSubpath()
        self._painter.setPen(self._pen(face.edge, face.width))
        if face.fill:
            colour = QColor(face.fill)
            colour.setAlpha(face.alpha)
            self._painter.setBrush(QBrush(colour))
        else:
            self._painter.setBrush(QBrush(Qt.BrushStyle.NoBrush))
        self._painter.drawPath(path)

    def _scale_bar(self, part: ScaleBar) -> None:
        half, high = part.w / 2, 1.3
        down = part.y + 0.5
        self._block(Block(part.x, down, half, high, INK, edge=INK, width=0.15))
        self._block(Block(part.x + half, down, half, high, "#ffffff", edge=INK, width=0.15))
        self._words(words(part.x + part.w + 1.6, part.y, 20, [part.label], 7.5, ink=FAINT))

    def _north(self, part: North) -> None:
        self._block(Block(part.x, part.y, part.w, part.h, "#ffffff", radius=0.8))
        for face in arrow(part):
            self._face(face, part.x, part.y)
        self._words(words(part.x, part.y + 6.7, part.w, ["N"], 7, bold=True, align="middle"))

    def _pen(self, ink: str | None, width: float) -> QPen:
        if not ink:
            return QPen(Qt.PenStyle.NoPen)
        pen = QPen(QColor(ink), width * self.unit)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        return pen


def arrow(part: North) -> tuple[Face, Face]:
    """Its two halves, in mm from the corner of its box."""
    middle, top, foot, notch = part.w / 2, 1.0, 5.9, 4.8
    left = np.array([[middle, top], [middle - 1.9, foot], [middle, notch]])
    right = np.array([[middle, top], [middle + 1.9, foot], [middle, notch]])
    return Face((left,), "#ffffff", edge=INK, width=0.2), Face((right,), INK, edge=INK, width=0.2)
