"""The board as a file: PDF, SVG, PNG and CSV, written in tasks. Only a whole one replaces a file that is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qgis.PyQt.QtCore import QMarginsF, QObject, QRectF, QSize, QSizeF
from qgis.PyQt.QtGui import QFont, QImage, QPageLayout, QPageSize, QPainter, QPdfWriter
from qgis.PyQt.QtSvg import QSvgGenerator

from ...map import tasks
from ...map.tasks import TaskHandle
from ...pilots.portfolio import as_rows
from ...text import tr
from ...twin.errors import CityTwinError
from ...twin.progress import Progress, check
from .. import csv_file
from .board_sheet import A3, Content, Sheet, Sheets

PDF, SVG, PNG, CSV = ".pdf", ".svg", ".png", ".csv"
_SHARP = 2.0
_MOST = 40e6  # pixels of a picture
_DOTS = 1200  # of a PDF, an inch: how finely lines and letters are placed


def save(
    content: Content,
    path: Path,
    what: str,
    font: QFont,
    done: Callable[[], None],
    failed: Callable[[CityTwinError], None],
    parent: QObject,
) -> TaskHandle:
    """Write ``content`` as the ending of ``path`` says; ``what`` is the part that a picture shows, a PDF has all."""
    font = QFont(font)

    def work(progress: Progress) -> None:
        if path.suffix.lower() == CSV:
            csv_file.write(path, as_rows(content.board))
            return
        part = path.with_name(f"{path.name}.part")
        try:
            write(content, part, path.suffix.lower(), what, font, progress)
            part.replace(path)
        except OSError as error:
            raise _unwritten(path, str(error)) from error
        finally:
            part.unlink(missing_ok=True)

    text = tr("Writing {file}", file=path.name)
    return tasks.run(text, work, done=lambda _none: done(), failed=failed, parent=parent)


def write(content: Content, path: Path, ending: str, what: str, font: QFont, progress: Progress) -> None:
    """Any thread. Raises `OSError` and `CityTwinError`."""
    if ending == PDF:
        _pdf(Sheets(content, font).document(), path, content, progress)
    elif ending == SVG:
        _svg(Sheets(content, font).picture(what), path, content)
    elif not picture(Sheets(content, font).picture(what)).save(str(path), "PNG"):
        raise OSError(path.name)


def picture(sheet: Sheet) -> QImage:
    """A sheet as an image, twice as sharp as a screen where it is not very long. Any thread."""
    wide, high = sheet.size.width(), sheet.size.height()
    sharp = min(_SHARP, (_MOST / (wide * high)) ** 0.5)
    image = QImage(round(wide * sharp), round(high * sharp), QImage.Format.Format_RGB32)
    image.fill(0xFFFFFFFF)
    painter = QPainter(image)
    painter.scale(sharp, sharp)
    sheet.paint(painter)
    painter.end()
    return image


def _pdf(sheets: list[Sheet], path: Path, content: Content, progress: Progress) -> None:
    writer = QPdfWriter(str(path))
    writer.setResolution(_DOTS)
    writer.setPageLayout(QPageLayout(QPageSize(QPageSize.PageSizeId.A3), QPageLayout.Orientation.Landscape,
                                     QMarginsF(0, 0, 0, 0)))  # fmt: skip
    writer.setTitle(_title(content))
    painter = QPainter()
    if not painter.begin(writer):
        raise OSError(path.name)
    try:
        for place, sheet in enumerate(sheets):
            check(progress)
            if place:
                writer.newPage()
            painter.save()
            painter.scale(writer.width() / A3.width(), writer.height() / A3.height())
            sheet.paint(painter)
            painter.restore()
    finally:
        painter.end()


def _svg(sheet: Sheet, path: Path, content: Content) -> None:
    generator = QSvgGenerator()
    generator.setFileName(str(path))
    generator.setResolution(96)
    size = QSizeF(sheet.size)
    generator.setSize(QSize(round(size.width()), round(size.height())))
    generator.setViewBox(QRectF(0, 0, size.width(), size.height()))
    generator.setTitle(_title(content))
    painter = QPainter()
    if not painter.begin(generator):
        raise OSError(path.name)
    sheet.paint(painter)
    painter.end()


def _title(content: Content) -> str:
    return " · ".join(part for part in (tr("Pilot Portfolio"), content.name) if part)


def _unwritten(path: Path, detail: str) -> CityTwinError:
    return CityTwinError(
        tr("{file} could not be written. Choose another place, or close the program that has it open.", file=path.name),
        detail=detail,
    )
