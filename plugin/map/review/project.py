"""The QGIS project of a package: its layers as the office sees them, the review's own above them, relative paths only.

It is a project of its own, written in the thread that calls; no open project is needed, and none is touched.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransformContext,
    QgsExpressionContextUtils,
    QgsLayerTree,
    QgsLayerTreeGroup,
    QgsMapLayer,
    QgsMapSettings,
    QgsMapThemeCollection,
    QgsProject,
    QgsProjectMetadata,
    QgsRectangle,
    QgsReferencedRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDateTime, Qt
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtXml import QDomDocument

from ...review import manifest as man
from ...review import plain, schema, tasks
from ...review.manifest import Manifest
from ...text import tr
from ...workcopy import sql
from ...workcopy.connection import opened, transaction
from ...workcopy.errors import WorkingCopyError, told_plainly
from .. import foreign, styles
from ..layers import PAPER, PROPERTY, make_layers
from ..log import log
from ..opening import ogr_layer
from ..pilots.combining import open_copy
from . import embedding, forms, looks, places, qfield, sensors
from .background import Backdrop, background_layer
from .places import rectangle_in


@dataclass
class _Layers:
    """From the top of the legend to its bottom."""

    tasks: list[QgsMapLayer] = field(default_factory=list)
    notes: list[QgsMapLayer] = field(default_factory=list)
    city: list[QgsMapLayer] = field(default_factory=list)
    sensors: list[QgsMapLayer] = field(default_factory=list)
    background: list[QgsMapLayer] = field(default_factory=list)

    @property
    def review(self) -> list[QgsMapLayer]:
        # what was noted lies on the tick of its task, which lies on areas
        return [*self.notes[:1], *self.tasks, *self.notes[1:]]

    @property
    def all(self) -> list[QgsMapLayer]:
        return [*self.review, *self.sensors, *self.city, *self.background]


def make_project(
    folder: Path,
    manifest: Manifest,
    *,
    srid: int,
    kept: Sequence[sensors.Kept] = (),
    backdrop: Backdrop | None = None,
) -> Path:
    """Write ``review.qgz`` over what lies in ``folder``: the GeoPackage with its review and task tables, the sensors
    that were ``kept`` in it, the background. ``srid``: EPSG code of the map. Raises `WorkingCopyError`.

    Layers' looks and forms are also kept in the GeoPackage, for who opens it alone.
    """
    path = folder / man.PROJECT
    project = QgsProject()
    try:
        found = _open(folder / man.GEOPACKAGE, manifest, kept)
        if backdrop is not None:
            found.background = [background_layer(folder, backdrop)]
        _set_up(project, manifest, srid)
        _settle_transformations(project, found.all)
        _plant(project, found, manifest)
        _themes(project, found)
        qfield.project_rules(project, next(iter(found.notes), None))
        for layer in found.all:
            qfield.layer_rules(layer)
        for layer in found.tasks:
            qfield.lock_tasks(layer)
        _write(project, path, manifest)
    finally:
        # its layers end here, in their own thread, and let go of the files
        project.clear()
        del project
        if backdrop is not None:
            # GDAL's notes about it, of no use to anybody
            (folder / f"{backdrop.file}.aux.xml").unlink(missing_ok=True)
    return path


def _open(path: Path, manifest: Manifest, kept: Sequence[sensors.Kept]) -> _Layers:
    copy = open_copy(path)
    found = _Layers()
    checked_out = {source.table for source in copy.sources}
    for layer in make_layers(copy, [source.table for source in copy.sources if source.table not in schema.COLLECTIONS]):
        embedding.embed(layer)
        found.city.append(layer)
    titles = {str(layer.customProperty(PROPERTY)): layer.name() for layer in found.city}
    for table in schema.COLLECTIONS:
        if table in checked_out:
            layers = make_layers(copy, [table])
            layer = layers[0] if layers else _table(path, table, plain.name_of(table))
            layer.setName(plain.name_of(table))
        else:
            layer = _table(path, table, plain.name_of(table))
        forms.apply_review(layer, titles)
        looks.apply_review(layer)
        found.notes.append(layer)
    todo = _table(path, tasks.TABLE, tr("Review tasks"))
    forms.apply_tasks(todo, titles)
    looks.apply_tasks(todo)
    found.tasks.append(todo)
    found.sensors.extend(sensors.layer_of(path, one) for one in kept)
    _keep_looks(path, found.all)
    return found


def _table(path: Path, table: str, name: str) -> QgsVectorLayer:
    layer = ogr_layer(f"{path}|layername={table}", name)
    if not layer.isValid():
        raise WorkingCopyError(
            tr("The table {table} could not be opened in {file}.", table=table, file=path.name),
            detail=layer.error().message(),
        )
    return layer


def _keep_looks(path: Path, layers: Sequence[QgsMapLayer]) -> None:
    """As the file's only styles: others that somebody keeps in the office may name files there. Mixed geometry has no
    style that fits all."""
    with opened(path, write=True) as connection:
        if connection.execute(sql.HAS_TABLE, ("layer_styles",)).fetchone() is not None:
            with transaction(connection):
                tables = connection.execute(sql.STYLED).fetchall()
                connection.executemany(sql.DROP_STYLE, tables)
    for layer in layers:
        if isinstance(layer, QgsVectorLayer) and "geometrytype=" not in layer.source():
            wrong = styles.save_as_default(layer)
            if wrong:
                log(f"{layer.name()}: {wrong}", Qgis.MessageLevel.Warning)


def _set_up(project: QgsProject, manifest: Manifest, srid: int) -> None:
    project.setFilePathStorage(Qgis.FilePathType.Relative)
    crs = QgsCoordinateReferenceSystem.fromEpsgId(srid)
    project.setCrs(crs, True)
    project.setBackgroundColor(QColor(PAPER))
    project.setTitle(foreign.title(manifest.title or tr("Field review")))
    about = QgsProjectMetadata()
    about.setIdentifier(manifest.id)
    about.setTitle(manifest.title)
    about.setAuthor(manifest.made_by)  # never the system's account, which QGIS puts here
    made = QDateTime.fromString(manifest.made, Qt.DateFormat.ISODate)
    about.setCreationDateTime(made if made.isValid() else QDateTime())
    project.setMetadata(about)
    QgsExpressionContextUtils.setProjectVariable(project, forms.AUTHOR, manifest.for_whom)
    box = _view(manifest, crs)
    if box is not None:
        project.viewSettings().setDefaultViewExtent(QgsReferencedRectangle(box, crs))


def _settle_transformations(project: QgsProject, layers: Sequence[QgsMapLayer]) -> None:
    """Which way coordinates go between the layers' systems, and GPS's, and the map's: those that QGIS takes by itself.

    Else it asks on opening which of several to take, which nobody outside can answer.
    """
    context = QgsCoordinateTransformContext()
    own = project.crs()
    wanted = [layer.crs() for layer in layers]
    for crs in (*wanted, places.crs_of(places.DEGREES), places.crs_of(places.WEB)):
        if crs.isValid() and crs != own and not context.hasTransform(crs, own):
            operation = places.way(crs, own).coordinateOperation()
            if not operation:
                operation = places.way(crs, own).instantiatedCoordinateOperationDetails().proj
            if operation:
                context.addCoordinateOperation(crs, own, operation)
    project.setTransformContext(context)


def _view(manifest: Manifest, crs: QgsCoordinateReferenceSystem) -> QgsRectangle | None:
    """What is seen first: the package's area, with some room around it."""
    box = rectangle_in(manifest.bounds, crs)
    if box is not None:
        box.grow(max(box.width(), box.height()) * 0.04)
    return box


def _plant(project: QgsProject, found: _Layers, manifest: Manifest) -> None:
    project.addMapLayers(found.all, False)
    root = project.layerTreeRoot()
    parts = (
        (tr("Review"), found.review, True),
        (tr("Sensors"), found.sensors, False),
        (foreign.title(manifest.title) or tr("City"), found.city, True),
        (tr("Background"), found.background, False),
    )
    for name, layers, unfolded in parts:
        if not layers:
            continue
        group = root.addGroup(name)
        group.setExpanded(unfolded)
        for layer in layers:
            group.addLayer(layer).setExpanded(layer in found.tasks or layer is next(iter(found.notes), None))


def _themes(project: QgsProject, found: _Layers) -> None:
    """Views of the same map, chosen in QGIS and in QField by name."""
    wanted = {
        tr("Everything"): found.all,
        tr("Review and background"): [*found.review, *found.background] if found.background else [],
        tr("City without background"): [*found.review, *found.sensors, *found.city] if found.background else [],
        tr("City without review"): [*found.sensors, *found.city, *found.background],
    }
    collection = project.mapThemeCollection()
    for name, layers in wanted.items():
        if layers:
            collection.insert(name, _theme(project.layerTreeRoot(), layers))


def _theme(root: QgsLayerTree, layers: Sequence[QgsMapLayer]) -> QgsMapThemeCollection.MapThemeRecord:
    record = QgsMapThemeCollection.MapThemeRecord()
    groups: set[str] = set()
    for layer in layers:
        entry = QgsMapThemeCollection.MapThemeLayerRecord(layer)
        entry.usingCurrentStyle = True
        entry.currentStyle = layer.styleManager().currentStyle()
        node = root.findLayer(layer.id())
        entry.expandedLayerNode = node.isExpanded() if node is not None else False
        record.addLayerRecord(entry)
        parent = node.parent() if node is not None else None
        if isinstance(parent, QgsLayerTreeGroup) and parent is not root:
            groups.add(parent.name())
    record.setHasCheckedStateInfo(True)
    record.setCheckedGroupNodes(groups)
    record.setHasExpandedStateInfo(True)
    record.setExpandedGroupNodes(groups)
    return record


def _write(project: QgsProject, path: Path, manifest: Manifest) -> None:
    box = _view(manifest, project.crs())

    def last(document: QDomDocument) -> None:
        root = document.documentElement()
        for name in ("saveUser", "saveUserFull"):  # who is logged in here is nobody's business
            root.removeAttribute(name)
        if box is None:
            return
        canvas = document.createElement("mapcanvas")
        canvas.setAttribute("name", "theMapCanvas")
        root.appendChild(canvas)
        settings = QgsMapSettings()
        settings.setDestinationCrs(project.crs())
        settings.setExtent(box)
        settings.writeXml(canvas, document)

    project.writeProject.connect(last)
    with told_plainly(path):
        written = project.write(str(path))
    project.writeProject.disconnect(last)
    if not written or not zipfile.is_zipfile(path):
        raise WorkingCopyError(
            tr("The project {file} could not be written. Choose another place.", file=path.name), detail=project.error()
        )
    path.with_name(path.name + "~").unlink(missing_ok=True)
