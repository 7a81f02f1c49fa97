"""Open edit sessions on a working copy: nothing of ours is written under them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from qgis.core import QgsVectorLayer
from qgis.gui import QgsMapCanvas, QgsMapTool, QgsMapToolCapture
from qgis.PyQt import sip
from qgis.PyQt.QtWidgets import QMessageBox, QWidget

from ..map import layers as map_layers
from ..text import tr, trn

Ask = Callable[[Sequence[QgsVectorLayer]], bool]


class EditSessions:
    """Ends the sessions of one working copy for the time of a write, and begins them again afterwards.

    With a ``canvas`` the tool that the user draws with comes back, too: QGIS takes it away where a session ends.
    """

    def __init__(
        self, path: Path, parent: QWidget | None = None, ask: Ask | None = None, canvas: QgsMapCanvas | None = None
    ) -> None:
        self._path = path
        self._parent = parent
        self._ask = ask or self._ask_user
        self._canvas = canvas
        self._tool: QgsMapTool | None = None
        self._ended: list[str] = []
        self.problem = ""  # why edits could not be saved

    def unsaved(self) -> list[QgsVectorLayer]:
        """The layers that hold edits which are not saved."""
        return [layer for layer in map_layers.editing_layers(self._path) if layer.isModified()]

    def drawn_in(self) -> QgsVectorLayer | None:
        """The layer in which the user is in the middle of drawing something; ending its session would lose that."""
        tool = self._canvas.mapTool() if self._canvas is not None else None
        if self._canvas is None or not isinstance(tool, QgsMapToolCapture) or not tool.size():
            return None
        layer = self._canvas.currentLayer()
        return layer if layer in map_layers.editing_layers(self._path) else None

    def end(self) -> bool:
        """Save what is unsaved, once the user agreed, and end the sessions. False: they go on, and nothing may be
        written."""
        self.problem = ""
        editing = map_layers.editing_layers(self._path)
        unsaved = [layer for layer in editing if layer.isModified()]
        if unsaved and not self._ask(unsaved):
            return False
        if editing and self._canvas is not None:
            self._tool = self._canvas.mapTool()
        for layer in editing:
            name = layer.name()
            # layers of one transaction group end together
            if layer.isEditable() and not layer.commitChanges():
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
        tool, self._tool = self._tool, None
        for layer in map_layers.project_layers(self._path):
            if layer.id() in ended and not layer.isEditable():
                layer.startEditing()
        alive = ended and tool is not None and not sip.isdeleted(tool)
        if alive and self._canvas is not None and self._canvas.mapTool() is not tool:
            self._canvas.setMapTool(tool)

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
