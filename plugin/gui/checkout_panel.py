"""The foot of the catalogue page: which part, into which file, and the button; then how far it is."""

from __future__ import annotations

from pathlib import Path

from qgis.gui import QgsFileWidget, QgsMapCanvas
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from ..text import tr, trn
from . import catalogue_wording as wording
from .checkout_run import proposed_path
from .extent_choice import ExtentChoice
from .icons import icon
from .status_line import ElidedLabel

_STEPS = 1000


class CheckoutPanel(QWidget):
    """Only shows; who owns it starts the checkout on ``asked`` and ends it on ``cancel_asked``."""

    asked = pyqtSignal()
    cancel_asked = pyqtSignal()

    def __init__(self, canvas: QgsMapCanvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ticked = 0
        self._proposed = ""
        self.extent = ExtentChoice(canvas)
        self.file = QgsFileWidget()
        self.file.setStorageMode(QgsFileWidget.StorageMode.SaveFile)
        self.file.setConfirmOverwrite(False)  # asked when it matters: at the checkout
        self.file.setFilter(tr("Working copies (*.gpkg)"))
        self.file.setDialogTitle(tr("Working Copy"))
        self.file.lineEdit().setAccessibleName(tr("File of the working copy"))
        self.button = QPushButton(icon("checkout"), tr("Check &Out"))
        self.button.setDefault(True)
        self.estimate = ElidedLabel()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(10)
        self.progress_text = ElidedLabel()
        self.cancel_button = QPushButton(tr("&Cancel"))
        self._build()
        self.extent.changed.connect(self._update)
        self.file.fileChanged.connect(lambda _path: self._update())
        self.button.clicked.connect(lambda _checked=False: self.asked.emit())
        self.cancel_button.clicked.connect(lambda _checked=False: self._cancel())

    def _build(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.setContentsMargins(0, 0, 0, 0)
        for text, field in ((tr("&Area"), self.extent), (tr("&File"), self.file)):
            label = QLabel(text)
            label.setBuddy(field)
            form.addRow(label, field)
        idle = QWidget()
        row = QHBoxLayout(idle)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.estimate, 1)
        row.addWidget(self.button)
        running = QWidget()
        below = QHBoxLayout()
        below.addWidget(self.bar, 1)
        below.addWidget(self.cancel_button)
        rows = QVBoxLayout(running)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(2)
        rows.addWidget(self.progress_text)
        rows.addLayout(below)
        self._foot = QStackedWidget()
        self._foot.addWidget(idle)
        self._foot.addWidget(running)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 6)
        layout.setSpacing(8)
        layout.addLayout(form)
        layout.addWidget(self._foot)
        self._inputs = (self.extent, self.file)

    @property
    def path(self) -> Path | None:
        """The file that was chosen, with its ending; None where there is none."""
        text = self.file.filePath().strip()
        if not text:
            return None
        path = Path(text)
        try:
            path = path.expanduser()
        except RuntimeError:  # "~somebody", half typed
            return path
        # "/" has no name that an ending could follow
        return path if path.suffix.lower() == ".gpkg" or not path.name else path.with_name(path.name + ".gpkg")

    def propose(self, name: str) -> None:
        """Propose a file for the twin ``name``, unless the user chose one that does not exist yet."""
        chosen = self.path
        if chosen is None or str(chosen) == self._proposed or chosen.exists():
            self._proposed = str(proposed_path(name))
            self.file.setFilePath(self._proposed)

    def set_ticked(self, count: int) -> None:
        """How many collections are ticked."""
        self._ticked = count
        self.button.setText(
            trn("Check &Out {n} Collection", "Check &Out {n} Collections", count) if count else tr("Check &Out")
        )
        self._update()

    def say_estimate(self, features: int | None, working: bool = False) -> None:
        """How many features are to be expected; None where it is not known."""
        if not self._ticked:
            text = tr("Tick what you need.")
        elif working:
            text = tr("Counting…")
        elif features is None:
            text = ""
        else:
            text = trn("About {count} feature", "About {count} features", features, count=wording.number(features))
        self.estimate.say(text)

    def start(self) -> None:
        """A checkout has begun."""
        self.bar.setRange(0, 0)
        self.progress_text.say(tr("Asking the twin…"))
        self.cancel_button.setEnabled(True)
        self._foot.setCurrentIndex(1)
        self._enable(False)
        self.cancel_button.setFocus()

    def progress(self, done: int, total: int, text: str) -> None:
        """``done`` of ``total`` (below 0: not known)."""
        if total > 0:
            self.bar.setRange(0, _STEPS)
            self.bar.setValue(min(_STEPS, done * _STEPS // total))
        else:
            self.bar.setRange(0, 0)
        if self.cancel_button.isEnabled():
            self.progress_text.say(text)

    def end(self) -> None:
        """It is over, however."""
        self._foot.setCurrentIndex(0)
        self._enable(True)
        self._update()

    def stop(self) -> None:
        self.extent.stop()

    def _cancel(self) -> None:
        self.cancel_button.setEnabled(False)
        self.progress_text.say(tr("Stopping…"))
        self.cancel_asked.emit()

    def _enable(self, enabled: bool) -> None:
        for widget in self._inputs:
            widget.setEnabled(enabled)

    def _update(self) -> None:
        self.button.setEnabled(self._ticked > 0 and self.path is not None and self.extent.ready())
