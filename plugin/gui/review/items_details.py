"""All about the chosen review item: what was seen, of what, by whom, with its photos, and what became of it."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from ...map.review.book_reading import Note
from ...review import vocabulary as words
from ...text import tr
from ..dim import dimmed
from ..icons import icon
from ..moments import moment
from . import items_rows as rows
from .marks import kind_icon
from .photo_strip import PhotoStrip

_ICON = 16


class ItemDetails(QScrollArea):
    """Shows; nothing can be changed here."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: object = None
        self.photos: PhotoStrip | None = None
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(tr("The chosen review item"))

    def show_note(self, note: Note | None, layer: str = "", new: str = "", hint: str = "") -> None:
        """An item as it is now, of what layer it is ``about``; ``new``: where it is still to go; ``hint`` where none is
        chosen."""
        if (note, layer, new, hint) == self._shown:
            return
        self._shown = (note, layer, new, hint)
        self.photos = None
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(4)
        if note is None:
            column.addWidget(dimmed(_label(hint)))
        else:
            self._fill(column, note, layer, new)
        column.addStretch(1)
        self.setWidget(body)  # the former one is deleted

    def _fill(self, column: QVBoxLayout, note: Note, layer: str, new: str) -> None:
        item = note.item
        head = tr("{kind}, {status}", kind=words.kind_title(item.kind), status=words.status_title(item.status).lower())
        column.addLayout(_line(kind_icon(item.kind), head, bold=True))
        if item.text:
            column.addWidget(_label(item.text))
        if item.photos:
            self.photos = PhotoStrip(Path(note.path).parent, item.photos)
            column.addWidget(self.photos)
        about = item.about_label or item.about_id
        layer = "" if layer and about.startswith(layer) else layer  # one without a name is called by its layer
        facts = [
            (tr("About"), tr("{feature} ({layer})", feature=about, layer=layer) if about and layer else about),
            (tr("Noted"), " · ".join(part for part in (item.author, moment(item.noted)) if part)),
            (tr("Answer"), item.answer),
            (tr("Answered"), " · ".join(part for part in (item.answered_by, moment(item.answered)) if part)),
        ]
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        for name, fact in facts:
            if fact:
                at = grid.rowCount()
                grid.addWidget(dimmed(_label(name, wrap=False)), at, 0, Qt.AlignmentFlag.AlignTop)
                grid.addWidget(_label(fact), at, 1)
        column.addLayout(grid)
        if new:
            column.addLayout(_line(icon("change-insert"), new))


def counted(notes: int) -> str:
    """What is said where several are chosen."""
    return tr("{n} items are chosen. What you decide goes for all of them.", n=notes)


def title_of(note: Note) -> str:
    """What an item is called in questions about it."""
    text = rows.title(note)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _line(sign: QIcon, text: str, bold: bool = False) -> QHBoxLayout:
    picture = QLabel()
    picture.setPixmap(sign.pixmap(QSize(_ICON, _ICON)))
    picture.setFixedWidth(_ICON)
    label = _label(text)
    if bold:
        font = label.font()
        font.setBold(True)
        label.setFont(font)
    line = QHBoxLayout()
    line.setSpacing(8)
    line.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
    line.addWidget(label, 1)
    return line


def _label(text: str, wrap: bool = True) -> QLabel:
    """Plain text that can be copied."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wrap)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
