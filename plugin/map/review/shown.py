"""The review layers of a working copy in the project: added where they are not, with the looks of a review."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import QgsLayerTreeGroup, QgsProject, QgsVectorLayer

from ...review import plain, schema
from ...workcopy.copy import WorkingCopy
from ..layers import PROPERTY, make_layers, project_layers
from ..opening import ogr_layer
from . import forms, looks

_GROUP = "citytwin/copy"  # as layers.add_copy marks the group of a working copy


def add(copy: WorkingCopy, tables: Sequence[str]) -> list[QgsVectorLayer]:
    """Add the layers of those of ``tables`` that are not shown yet, above all others of the copy. Main thread."""
    project = QgsProject.instance()
    titles = {source.table: source.title or source.table for source in copy.sources}
    for layer in project_layers(copy.path):
        table = str(layer.customProperty(PROPERTY) or "")
        if table:
            titles[table] = layer.name()
    out = []
    for table in reversed([one for one in schema.COLLECTIONS if one in tables]):
        if project_layers(copy.path, table):
            continue
        layer = _made(copy, table)
        if layer is None:
            continue
        forms.apply_review(layer, {name: title for name, title in titles.items() if name not in schema.COLLECTIONS})
        looks.apply_review(layer)
        project.addMapLayer(layer, False)
        node = _group(project, copy).insertLayer(0, layer)
        node.setExpanded(False)
        out.append(layer)
    return out


def _made(copy: WorkingCopy, table: str) -> QgsVectorLayer | None:
    if any(source.table == table for source in copy.sources):
        made = make_layers(copy, [table])
        layer = made[0] if made else None
    else:
        layer = ogr_layer(f"{copy.path}|layername={table}", "")
    if layer is None or not layer.isValid():
        return None
    layer.setName(plain.name_of(table))
    return layer


def _group(project: QgsProject, copy: WorkingCopy) -> QgsLayerTreeGroup:
    root: QgsLayerTreeGroup = project.layerTreeRoot()
    for group in root.findGroups(True):
        if isinstance(group, QgsLayerTreeGroup) and group.customProperty(_GROUP) == str(copy.path):
            return group
    return root
