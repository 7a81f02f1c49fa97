"""What QField wants of a project, written where its own tools write it: docs/review-qfield.md has the sources."""

from __future__ import annotations

import json

from qgis.core import QgsMapLayer, QgsProject, QgsVectorLayer

from ...review import manifest as man
from ...review import schema as cols

SCOPE = "qfieldsync"
LONGEST = 2048  # pixels of a photo's longer side: what a photo is reduced to in the office, too


def project_rules(project: QgsProject, active: QgsVectorLayer | None) -> None:
    """Browse first, note in ``active``, photos beside the project and not larger than needed."""
    project.writeEntry(SCOPE, "initialMapMode", "browse")
    if active is not None:
        project.writeEntry(SCOPE, "initialActiveLayer", active.id())
    project.writeEntry(SCOPE, "attachmentDirs", [man.PHOTOS])
    project.writeEntry(SCOPE, "dataDirs", [])
    project.writeEntry(SCOPE, "maximumImageWidthHeight", LONGEST)
    project.writeEntryBool(SCOPE, "offlineCopyOnlyAoi", False)
    project.writeEntryBool(SCOPE, "createBaseMap", False)


def layer_rules(layer: QgsMapLayer) -> None:
    """The file is taken along as it is, all its layers alike: its books and triggers would not survive a conversion."""
    vector = isinstance(layer, QgsVectorLayer)
    layer.setCustomProperty("QFieldSync/action", "copy")
    layer.setCustomProperty("QFieldSync/cloud_action", "no_action" if not vector or layer.readOnly() else "offline")
    if not vector:
        return
    photos = [name for name in cols.PHOTOS if layer.fields().lookupField(name) >= 0]
    naming = {
        name: f"'{man.PHOTOS}/' || format_date(now(), 'yyyyMMdd_hhmmsszzz') || '_{number}.{{extension}}'"
        for number, name in enumerate(photos, 1)
        if layer.editorWidgetSetup(layer.fields().lookupField(name)).type() == "ExternalResource"
    }
    if naming:
        layer.setCustomProperty("QFieldSync/attachment_naming", json.dumps(naming))
        layer.setCustomProperty("QFieldSync/photo_naming", json.dumps(naming))  # what older ones read


def lock_tasks(layer: QgsVectorLayer) -> None:
    """Tasks are ticked off, neither moved nor removed."""
    for what in ("is_feature_deletion_locked", "is_geometry_editing_locked"):
        layer.setCustomProperty(f"QFieldSync/{what}", True)
