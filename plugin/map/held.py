"""The layers of a working copy while its file is written: nobody can begin to edit them meanwhile."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProject, QgsVectorLayer

from . import layers


class Held:
    """Main thread. ``begin`` and ``end`` around the write; ending twice, or without a beginning, does no harm."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: list[str] = []

    def begin(self) -> bool:
        """Make the layers read-only that are not. False, and nothing done, while one is being edited."""
        found = layers.project_layers(self._path)
        if any(layer.isEditable() for layer in found):
            return False
        self._set([layer for layer in found if not layer.readOnly()], True)
        return True

    def end(self) -> None:
        """Let them be edited again, those that could be before."""
        held, self._held = self._held, []
        project = QgsProject.instance()
        found = (project.mapLayer(name) for name in held)
        self._set([layer for layer in found if isinstance(layer, QgsVectorLayer)], False)

    def _set(self, found: list[QgsVectorLayer], held: bool) -> None:
        project = QgsProject.instance()
        dirty = project.isDirty()
        for layer in found:
            layer.setReadOnly(held)
            if held:
                self._held.append(layer.id())
        if not dirty and project.isDirty():
            project.setDirty(False)  # what we take back ourselves is nothing to save
