"""The layers of a working copy while its file is written: nobody can begin to edit them meanwhile."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProject, QgsVectorLayer

from ..text import tr
from . import layers

_now: set[str] = set()  # ids of the layers that are held


def is_held(layer: QgsVectorLayer) -> bool:
    """Whether a layer is read-only for the time of a write only."""
    return layer.id() in _now


def held_words(layer: QgsVectorLayer) -> str:
    """What is said to who would write into it meanwhile."""
    return tr(
        "The file of {layer} is being written just now, by a pull, a publish or a merge. Nothing was changed; try "
        "again once that is over.",
        layer=layer.name(),
    )


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
        _now.difference_update(held)
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
                _now.add(layer.id())
        if not dirty and project.isDirty():
            project.setDirty(False)  # what we take back ourselves is nothing to save
