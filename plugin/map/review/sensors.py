"""The sensors' last values in a package: a dated table of points that nobody edits, drawn as the live layer was."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qgis.core import QgsVectorLayer

from ...text import tr
from ...twin.progress import Progress
from ...workcopy.errors import WorkingCopyError
from ..live import fields, snapshot, style_tip
from ..live.snapshot import Snapshot
from ..opening import ogr_layer


@dataclass(frozen=True)
class Kept:
    """A snapshot, and the table that it is in."""

    snapshot: Snapshot
    table: str


def keep(path: Path, taken: Snapshot, progress: Progress) -> Kept:
    """Write a snapshot into the GeoPackage at ``path``. Raises `CityTwinError`."""
    return Kept(taken, snapshot.write(taken, path, progress).table)


def layer_of(path: Path, kept: Kept) -> QgsVectorLayer:
    """The layer of a snapshot, in no project. Raises `WorkingCopyError`."""
    layer = ogr_layer(f"{path}|layername={kept.table}", kept.snapshot.name)
    if not layer.isValid():
        raise WorkingCopyError(
            tr("The table {table} could not be opened in {file}.", table=kept.table, file=path.name),
            detail=layer.error().message(),
        )
    if kept.snapshot.renderer is not None:
        layer.setRenderer(kept.snapshot.renderer.clone())
    for name, alias in fields.aliases().items():
        layer.setFieldAlias(layer.fields().lookupField(name), alias)
    layer.setDisplayExpression(f'"{fields.NAME}"')
    layer.setMapTipTemplate(style_tip.past())  # without one, QGIS shows names as HTML
    layer.setCustomProperty(snapshot.PROPERTY, kept.snapshot.time)
    layer.setReadOnly(True)
    return layer
