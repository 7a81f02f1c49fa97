"""A list of review items to print: what was seen, with small photos, in the order of the list. Any thread."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from qgis.PyQt.QtCore import QMarginsF, QRectF, QSizeF, Qt, QUrl
from qgis.PyQt.QtGui import QFont, QImage, QPageLayout, QPageSize, QPainter, QPdfWriter, QTextDocument

from ...review import vocabulary as words
from ...review.photos import is_address, place_of
from ...text import tr, trn
from ...twin.errors import CityTwinError
from ...twin.progress import SILENT, Progress, check
from .book_reading import Note
from .looks import COLOURS
from .thumbnails import thumbnail

_DOTS = 150  # to the inch
_PHOTO = (170, 128)  # CSS pixels, 96 to the inch
_FOOT = 0.4  # inches


def write(
    path: Path,
    notes: Sequence[Note],
    title: str,
    times: Mapping[str, str],
    today: str,
    progress: Progress = SILENT,
) -> int:
    """Write the list to ``path``, whole or not at all; its pages. ``times``: how the user writes each RFC 3339 time.

    Raises `Cancelled`, `CityTwinError`.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        # tried first: Qt says of a file that cannot be written only that it could not
        with part.open("wb"):
            pass
        pages = _paint(part, notes, title, times, today, progress)
        part.replace(path)
    except OSError as error:
        raise CityTwinError(
            tr("{file} could not be written. Choose another place.", file=path.name), detail=str(error)
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return pages


def _paint(
    part: Path, notes: Sequence[Note], title: str, times: Mapping[str, str], today: str, progress: Progress
) -> int:
    writer = QPdfWriter(str(part))
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(18, 16, 18, 12), QPageLayout.Unit.Millimeter)
    writer.setResolution(_DOTS)
    writer.setTitle(title)
    writer.setCreator("City Twin Workbench")
    document = QTextDocument()
    font = QFont("DejaVu Sans")
    font.setStyleHint(QFont.StyleHint.SansSerif)
    font.setPointSizeF(9)
    document.setDefaultFont(font)
    document.documentLayout().setPaintDevice(writer)
    wide, high = float(writer.width()), float(writer.height()) - _FOOT * _DOTS
    document.setPageSize(QSizeF(wide, high))
    document.setDocumentMargin(0)
    document.setHtml(_html(document, notes, title, times, today, progress))
    pages = document.pageCount()
    painter = QPainter()
    if not painter.begin(writer):
        raise OSError
    try:
        for page in range(pages):
            check(progress)
            progress.report(page, pages, tr("Writing the list"))
            if page:
                writer.newPage()
            painter.save()
            painter.translate(0, -page * high)
            document.drawContents(painter, QRectF(0, page * high, wide, high))
            painter.restore()
            painter.setFont(font)
            foot = QRectF(0, high, wide, _FOOT * _DOTS)
            flags = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom)
            painter.drawText(foot, flags, tr("{page} of {pages}", page=page + 1, pages=pages))
    finally:
        painter.end()
    return pages


def _html(
    document: QTextDocument,
    notes: Sequence[Note],
    title: str,
    times: Mapping[str, str],
    today: str,
    progress: Progress,
) -> str:
    counted = trn("{n} review item", "{n} review items", len(notes))
    out = [f"<h2>{escape(title)}</h2><p style='color:#5c6670'>{escape(counted)} · {escape(today)}</p>"]
    status = None
    for number, note in enumerate(notes):
        check(progress)
        progress.report(number, len(notes), tr("Reading photos"))
        if note.item.status != status:
            status = note.item.status
            out.append(f"<h3>{escape(words.status_title(status))}</h3>")
        out.append(_entry(document, number, note, times))
    return "".join(out)


def _entry(document: QTextDocument, number: int, note: Note, times: Mapping[str, str]) -> str:
    item = note.item
    about = item.about_label or item.about_id
    head = " · ".join(part for part in (about, item.author, times.get(item.noted, "")) if part)
    colour = COLOURS.get(item.kind, "#5c6670")
    lines = [
        f"<b style='color:{colour}'>{escape(words.kind_title(item.kind))}</b>"
        f"<span style='color:#5c6670'> {escape(head)}</span>"
    ]
    if item.text:
        lines.append(escape(item.text).replace("\n", "<br/>"))
    if item.answer:
        who = " · ".join(part for part in (item.answered_by, times.get(item.answered, "")) if part)
        said = tr("Answer: {answer}", answer=item.answer)
        lines.append(f"<i>{escape(said)}</i> {escape(who)}")
    pictures = []
    for at, name in enumerate(item.photos):
        place = None if is_address(name) else place_of(Path(note.path).parent, name)
        image = thumbnail(place, 2 * _PHOTO[0], 2 * _PHOTO[1]) if place is not None and place.is_file() else None
        if image is None:
            said = tr("Photo: {name}", name=name)
            lines.append(f"<span style='color:#5c6670'>{escape(said)}</span>")
            continue
        pictures.append(_picture(document, f"photo-{number}-{at}", image))
    if pictures:
        lines.append(" &nbsp; ".join(pictures))
    return f"<p style='margin-bottom:14px'>{'<br/>'.join(lines)}</p>"


def _picture(document: QTextDocument, name: str, image: QImage) -> str:
    size = image.size().scaled(*_PHOTO, Qt.AspectRatioMode.KeepAspectRatio)
    document.addResource(int(QTextDocument.ResourceType.ImageResource), QUrl(name), image)
    return f"<img src='{name}' width='{size.width()}' height='{size.height()}'/>"
