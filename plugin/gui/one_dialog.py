"""One dialog at a time: who asks for another sees the one that is open."""

from __future__ import annotations

from qgis.PyQt.QtCore import QObject
from qgis.PyQt.QtWidgets import QDialog


class OneDialog(QObject):
    """For what opens dialogs; ``dialog`` is the one that is open."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.dialog: QDialog | None = None

    def _raised(self) -> bool:
        if self.dialog is not None:
            self.dialog.raise_()
            self.dialog.activateWindow()
        return self.dialog is not None

    def _open(self, dialog: QDialog) -> None:
        self.dialog = dialog
        dialog.open()

    def _closed(self) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            dialog.deleteLater()
