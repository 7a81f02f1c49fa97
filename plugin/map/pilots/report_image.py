"""A report's page as a picture for the screen. Any thread."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtGui import QColor, QImage, QPainter

from ...pilots.mapping import OURS, PilotMapping
from ...pilots.record import Pilot
from ...twin.progress import SILENT, Progress
from ...workcopy.copy import WorkingCopy
from . import report_map
from .report_paint import Painter
from .report_parts import HEIGHT, WIDTH, MapFrame, Page

_DOTS = 130  # to the inch


def image(
    page: Page, copy: WorkingCopy, pilots: Sequence[Pilot], mapping: PilotMapping = OURS, progress: Progress = SILENT
) -> QImage:
    """``pilots``: those of the map, the report's own first. Raises `Cancelled`."""
    unit = _DOTS / 25.4
    out = QImage(round(WIDTH * unit), round(HEIGHT * unit), QImage.Format.Format_RGB32)
    out.fill(QColor("#ffffff"))
    painter = QPainter(out)
    try:

        def draw_map(frame: MapFrame) -> None:
            report_map.draw(painter, frame, unit, copy, mapping, pilots, progress)

        Painter(painter, unit).page(page, draw_map)
    finally:
        painter.end()
    return out
