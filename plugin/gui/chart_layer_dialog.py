"""Where a table layer of a chart goes: into a GeoPackage, or nowhere lasting."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsSettings
from qgis.gui import QgsFileWidget
from qgis.PyQt.QtWidgets import QDialog, QDialogButtonBox, QLabel, QRadioButton, QVBoxLayout, QWidget

from ..text import number, tr, trn

_FOLDER = "citytwin/chart_folder"


class ChartLayerDialog(QDialog):
    """``path`` is the answer: None for a temporary layer."""

    def __init__(self, n: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Make Table Layer"))
        words = QLabel(
            trn(
                "{count} observation in view becomes a table with its time, result and unit.",
                "{count} observations in view become a table with their times, results and units.",
                n,
                count=number(n),
            )
        )
        words.setWordWrap(True)
        self.temporary = QRadioButton(tr("Temporary layer, until QGIS is closed"))
        self.lasting = QRadioButton(tr("Save in a GeoPackage"))
        self.temporary.setChecked(True)
        self.file = QgsFileWidget()
        self.file.setStorageMode(QgsFileWidget.StorageMode.SaveFile)
        self.file.setFilter(tr("GeoPackage files (*.gpkg)"))
        self.file.setDialogTitle(tr("Save Table Layer"))
        self.file.setConfirmOverwrite(False)  # a table is added to a file that is there
        folder = str(QgsSettings().value(_FOLDER, "", type=str))
        self.file.setDefaultRoot(folder or str(Path.home()))
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setText(tr("Make Layer"))
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(tr("Cancel"))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        for widget in (words, self.temporary, self.lasting, self.file):
            layout.addWidget(widget)
        layout.addStretch(1)
        layout.addWidget(self.buttons)
        self.setMinimumWidth(440)
        self.lasting.toggled.connect(self._settle)
        self.file.fileChanged.connect(self._settle)
        self._settle()

    def _settle(self) -> None:
        self.file.setEnabled(self.lasting.isChecked())
        ready = self.temporary.isChecked() or bool(self.file.filePath().strip())
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(ready)

    def accept(self) -> None:
        path = self.path
        if path is not None:
            QgsSettings().setValue(_FOLDER, str(path.parent))
        super().accept()

    @property
    def path(self) -> Path | None:
        """The GeoPackage, None for a temporary layer."""
        text = self.file.filePath().strip()
        if self.temporary.isChecked() or not text:
            return None
        return Path(text) if text.lower().endswith(".gpkg") else Path(f"{text}.gpkg")
