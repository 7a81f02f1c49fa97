"""The twin's columns cannot be dropped or renamed: tried in an edit session, they are back at once, and it is said."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QTimer

from ..text import tr, trn
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
        if not sip.isdeleted(self):
            self.deleteLater()  # the layer outlives the plugin

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
        buffer = layer.editBuffer()
        dropped = {_provider_name(layer, index) for index in (buffer.deletedAttributeIds() if buffer else ())}
        while self._missing() and stack.canUndo():
            stack.undo()
        if set(missing) - dropped and layer.dataProvider().transaction() is None:
            _anew(layer)
        names = ", ".join(self._titles.get(name, name) for name in missing)
        self._tell(
            trn(
                "The column {names} belongs to the twin and cannot be removed or renamed here, so it was put back.",
                "The columns {names} belong to the twin and cannot be removed or renamed here, so they were put back.",
                len(missing),
                names=names,
            )
        )


def _provider_name(layer: QgsVectorLayer, index: int) -> str:
    fields = layer.dataProvider().fields()
    return str(fields.at(index).name()) if 0 <= index < fields.count() else ""


def _anew(layer: QgsVectorLayer) -> None:
    """The same edits in a new edit session, as one step of its history.

    QGIS remembers an undone rename as a rename to the name that the column has, which no provider can save; only
    another session forgets it.
    """
    buffer = layer.editBuffer()
    added, deleted = list(buffer.addedFeatures().values()), list(buffer.deletedFeatureIds())
    values, geometries = dict(buffer.changedAttributeValues()), dict(buffer.changedGeometries())
    columns = list(buffer.addedAttributes())
    gone = [_provider_name(layer, index) for index in buffer.deletedAttributeIds()]
    layer.rollBack()
    layer.startEditing()
    layer.beginEditCommand(tr("Edits so Far"))
    for name in gone:
        layer.deleteAttribute(layer.fields().lookupField(name))
    for column in columns:
        layer.addAttribute(column)
    for fid, changed in values.items():
        layer.changeAttributeValues(fid, changed)
    for fid, geometry in geometries.items():
        layer.changeGeometry(fid, geometry)
    layer.deleteFeatures(deleted)
    layer.addFeatures(added)
    layer.endEditCommand()
