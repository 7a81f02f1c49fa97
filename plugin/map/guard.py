"""The twin's columns cannot be dropped or renamed: tried in an edit session, they are back at once, and it is said."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QTimer

from ..text import trn
from ..workcopy.columns import GEOMETRY, ID, VERSION
from ..workcopy.source import Source
from . import forms


class ColumnGuard(QObject):
    """Watches one layer. ``tell`` gets the sentence when something was put back. `stop` ends it."""

    def __init__(self, layer: QgsVectorLayer, source: Source, tell: Callable[[str], None]) -> None:
        super().__init__(layer)
        self._layer = layer
        self._needed = [name for name in source.tracked if name != GEOMETRY] + [ID, VERSION]
        self._titles = {column.name: column.title or column.name for column in source.columns}
        self._tell = tell
        self._due = False
        layer.updatedFields.connect(self._look_soon)
        layer.beforeCommitChanges.connect(self._look_before_commit)

    def stop(self) -> None:
        """Let the layer go. Ending twice does no harm."""
        if not sip.isdeleted(self._layer) and self._needed:
            self._layer.updatedFields.disconnect(self._look_soon)
            self._layer.beforeCommitChanges.disconnect(self._look_before_commit)
        self._needed = []

    def _missing(self) -> list[str]:
        have = set(self._layer.fields().names())
        return [name for name in self._needed if name not in have]

    def _look_soon(self) -> None:
        # not in the middle of the command that drops it: QGIS's undo stack could not take it back there
        if not self._due:
            self._due = True
            QTimer.singleShot(0, self._look)

    def _look_before_commit(self, _stop_editing: bool = True) -> None:
        self._look()

    def _look(self) -> None:
        self._due = False
        if not self._needed or sip.isdeleted(self._layer):
            return
        if not self._layer.isEditable():
            return
        missing = self._missing()
        if missing:
            self._put_back(missing)
        else:
            forms.add_to_layout(self._layer)

    def _put_back(self, missing: list[str]) -> None:
        layer = self._layer
        stack = layer.undoStack()
        dropped = set(layer.editBuffer().deletedAttributeIds()) if layer.editBuffer() is not None else set()
        while self._missing() and stack.canUndo():
            stack.undo()
        for name in missing:
            index = layer.fields().lookupField(name)
            if index >= 0 and layer.fields().fieldOriginIndex(index) not in dropped:
                # QGIS keeps an undone rename in mind as a rename to the same name, and cannot save that; a drop that is
                # undone makes it forget
                layer.deleteAttribute(index)
                stack.undo()
        names = ", ".join(self._titles.get(name, name) for name in missing)
        self._tell(
            trn(
                "The column {names} belongs to the twin and cannot be removed or renamed here, so it was put back.",
                "The columns {names} belong to the twin and cannot be removed or renamed here, so they were put back.",
                len(missing),
                names=names,
            )
        )
