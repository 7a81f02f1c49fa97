"""The form of a note on a walk: what it is about, its kind, words, and photos that are copied into the package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ...review import schema
from ...review import vocabulary as words
from ...text import tr, trn
from ..dim import dimmed
from ..icons import icon
from .marks import kind_icon
from .walk_presenter import Subject

_LONGEST = 2000  # letters, as the column has


class NoteForm(QWidget):
    """``saved()``: ask for `subject`, `kind`, `text`, `photos`."""

    saved = pyqtSignal()
    cancelled = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._subjects: list[Subject] = []
        self.photos: list[Path] = []
        self.about = QComboBox()
        self.about.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.kinds = QComboBox()
        for kind in words.KINDS:
            self.kinds.addItem(kind_icon(kind), words.kind_title(kind), kind)
        self.meaning = dimmed(QLabel())
        self.meaning.setWordWrap(True)
        self.words = QPlainTextEdit()
        self.words.setTabChangesFocus(True)
        self.words.setMinimumHeight(5 * self.words.fontMetrics().lineSpacing())
        self.photo_button = QPushButton(icon("mActionAddImage.svg"), tr("Add &Photos…"))
        self.photo_said = dimmed(QLabel())
        self.photo_said.setTextFormat(Qt.TextFormat.PlainText)
        self.save_button = QPushButton(tr("&Save Note"))
        self.cancel_button = QPushButton(tr("Cancel"))
        form = QFormLayout()
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("&About"), self.about)
        form.addRow(tr("&Kind"), self.kinds)
        form.addRow(self.meaning)
        form.addRow(tr("&What was seen"), self.words)
        photos = QHBoxLayout()
        photos.addWidget(self.photo_button)
        photos.addWidget(self.photo_said, 1)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self.save_button)
        foot.addWidget(self.cancel_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.addLayout(form)
        column.addLayout(photos)
        column.addStretch(1)
        column.addLayout(foot)
        self.kinds.currentIndexChanged.connect(lambda _at: self._say())
        self.words.textChanged.connect(self._say)
        self.photo_button.clicked.connect(lambda _checked=False: self._browse())
        self.save_button.clicked.connect(lambda _checked=False: self.saved.emit())
        self.cancel_button.clicked.connect(lambda _checked=False: self.cancelled.emit())

    def start(self, subjects: Sequence[Subject]) -> None:
        """An empty form; the first of ``subjects`` is chosen."""
        self._subjects = list(subjects)
        self.about.clear()
        for subject in subjects:
            self.about.addItem(subject.label)
        self.kinds.setCurrentIndex(0)
        self.words.clear()
        self.photos = []
        self._say()
        self.words.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def subject(self) -> Subject | None:
        at = self.about.currentIndex()
        return self._subjects[at] if 0 <= at < len(self._subjects) else None

    @property
    def kind(self) -> str:
        return str(self.kinds.currentData())

    @property
    def text(self) -> str:
        return str(self.words.toPlainText()).strip()

    def add_photos(self, files: Sequence[Path]) -> None:
        """Take these along, as many as there are columns for."""
        new = [file for file in files if file not in self.photos]
        self.photos = [*self.photos, *new][: len(schema.PHOTOS)]
        self._say()

    def _browse(self) -> None:
        files, _ = QFileDialog.getOpenFileNames(
            self, tr("Add Photos"), "", tr("Photos (*.jpg *.jpeg *.png *.webp *.heic)")
        )
        self.add_photos([Path(file) for file in files])

    def _say(self) -> None:
        self.meaning.setText(words.kind_meaning(self.kind))
        self.photo_said.setText(trn("{n} photo", "{n} photos", len(self.photos)) if self.photos else "")
        self.photo_button.setEnabled(len(self.photos) < len(schema.PHOTOS))
        said = bool(self.text) or self.kind == words.CONFIRMED or bool(self.photos)
        self.save_button.setEnabled(said and len(self.text) <= _LONGEST and self.subject is not None)
