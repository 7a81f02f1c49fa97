"""A report's page as a PDF of one page: text stays text, lines stay lines, fonts are in it. Any thread."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from qgis.PyQt.QtCore import QMarginsF
from qgis.PyQt.QtGui import QPageSize, QPainter, QPdfWriter

from ...pilots.mapping import OURS, PilotMapping
from ...pilots.record import Pilot
from ...text import tr
from ...twin.errors import CityTwinError
from ...twin.progress import SILENT, Progress, check
from ...workcopy.copy import WorkingCopy
from . import report_map
from .report_paint import Painter
from .report_parts import MapFrame, Page
from .report_tags import add_tags

_DOTS = 600  # to the inch: fine enough for hairlines, coarse enough for QGIS to leave out what nobody can see


def write(
    page: Page,
    path: Path,
    copy: WorkingCopy,
    pilots: Sequence[Pilot],
    mapping: PilotMapping = OURS,
    progress: Progress = SILENT,
) -> None:
    """Write ``page`` to ``path``. ``pilots``: those of the map, the report's own first.

    ``path`` is what it was until all is written. Raises `Cancelled`, `CityTwinError`.
    """
    part = path.with_name(f"{path.name}.part")
    progress.report(0, None, tr("Drawing the map"))
    try:
        _paint(page, part, copy, pilots, mapping, progress)
        add_tags(part, page)
        check(progress)
        part.replace(path)
    except OSError as error:
        raise _unwritten(path, str(error)) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _paint(
    page: Page, part: Path, copy: WorkingCopy, pilots: Sequence[Pilot], mapping: PilotMapping, progress: Progress
) -> None:
    # tried first: Qt says of a file that cannot be written only that it could not
    with part.open("wb"):
        pass
    writer = QPdfWriter(str(part))
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    writer.setResolution(_DOTS)
    writer.setTitle(page.title)
    writer.setCreator("City Twin Workbench")
    painter = QPainter()
    if not painter.begin(writer):
        raise OSError
    unit = _DOTS / 25.4
    try:

        def draw_map(frame: MapFrame) -> None:
            report_map.draw(painter, frame, unit, copy, mapping, pilots, progress)

        Painter(painter, unit).page(page, draw_map)
    finally:
        painter.end()


def _unwritten(path: Path, detail: str) -> CityTwinError:
    return CityTwinError(
        tr("{file} could not be written. Choose another place, or close the program that has it open.", file=path.name),
        detail=detail,
    )
