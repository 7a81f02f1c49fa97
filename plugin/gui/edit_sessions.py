"""Open edit sessions on a working copy: nothing of ours is written under them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from qgis.core import QgsVectorLayer
from qgis.PyQt.QtWidgets import QMessageBox, QWidget

from ..map import layers as map_layers
from ..text import tr, trn

Ask = Callable[[Sequence[QgsVectorLayer]], bool]


class EditSessions:
    """Ends the sessions of one working copy for the time of a write, and begins them again afterwards."""

    def __init__(self, path: Path, parent: QWidget | None = None, ask: Ask | None = None) -> None:
        self._path = path
        self._parent = parent
        self._ask = ask or self._ask_user
        self._ended: list[str] = []
        self.problem = ""  # why edits could not be saved

    def end(self) -> bool:
        """Save what is unsaved, once the user agreed, and end the sessions. False: they go on, and nothing may be
        written."""
        self.problem = ""
        editing = map_layers.editing_layers(self._path)
        unsaved = [layer for layer in editing if layer.isModified()]
        if unsaved and not self._ask(unsaved):
            return False
        for layer in editing:
            name = layer.name()
            if not layer.commitChanges():
                self.problem = tr(
                    "The edits to {layer} could not be saved: {reason} They are still open; nothing else was done.",
                    layer=name,
                    reason=" ".join(layer.commitErrors()),
                )
                self.resume()
                return False
            self._ended.append(layer.id())
        return True

    def resume(self) -> None:
        """Begin the ended sessions again."""
        ended, self._ended = self._ended, []
        for layer in map_layers.project_layers(self._path):
            if layer.id() in ended and not layer.isEditable():
                layer.startEditing()

    def _ask_user(self, unsaved: Sequence[QgsVectorLayer]) -> bool:
        box = QMessageBox(self._parent)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(tr("Save Edits?"))
        names = ", ".join(layer.name() for layer in unsaved)
        box.setText(
            trn(
                "{names} has edits that are not saved yet.",
                "{names} have edits that are not saved yet.",
                len(unsaved),
                names=names,
            )
        )
        box.setInformativeText(tr("They have to be saved in the working copy first. Saving does not publish them."))
        save = box.addButton(tr("Save"), QMessageBox.ButtonRole.AcceptRole)
        cancel = box.addButton(tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(save)
        box.setEscapeButton(cancel)
        box.exec()
        return box.clickedButton() is save
