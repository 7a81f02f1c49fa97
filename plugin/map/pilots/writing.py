"""A pilot into its layer: into an open edit session as one undoable step, else written at once. Main thread."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote as percent

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsFeature,
    QgsField,
    QgsGeometry,
    QgsProject,
    QgsVectorLayer,
    QgsVectorLayerUtils,
)
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QDate, QDateTime, QMetaType, Qt

from ...pilots import reading
from ...pilots.mapping import PilotMapping
from ...pilots.record import Pilot, for_layer, written
from ...text import tr
from ...twin.errors import CityTwinError
from ...workcopy.columns import GEOMETRY
from ...workcopy.geometry import wkb_of
from ...workcopy.source import Source
from .. import layers
from ..held import held_words, is_held

_PATIENCE = 0.04  # seconds for another writer: longer would hold up the window


class NotWritten(CityTwinError):
    """The layer does not take the edit; nothing was changed."""


def save(layer: QgsVectorLayer, mapping: PilotMapping, pilot: Pilot, source: Source) -> int:
    """Write what of ``pilot`` is new or other than in ``pilot.row``; its row number in the layer.

    One in an open edit session stays there, as one step that can be undone, and a new one has a negative number until
    the session is saved. Raises `NotWritten`; nothing was changed then.
    """
    _must_be_shown(layer)
    values = _values(layer, mapping, pilot, source)
    geometry = _geometry(layer, pilot) if pilot.fid is None or _redrawn(pilot, source) else None
    if pilot.fid is None:
        step = tr("New Pilot {name}", name=pilot.label)
        return _write(layer, step, lambda: _add(layer, values, geometry))
    fid = pilot.fid
    if not values and geometry is None:
        return fid
    return _write(
        layer, tr("Edit Pilot {name}", name=pilot.label), lambda: _change(layer, pilot, fid, values, geometry)
    )


def remove(layer: QgsVectorLayer, pilot: Pilot) -> None:
    """Delete ``pilot`` from the layer, as `save` writes it. Raises `NotWritten`."""
    _must_be_shown(layer)
    fid = pilot.fid
    if fid is not None:
        _write(layer, tr("Delete Pilot {name}", name=pilot.label), lambda: _delete(layer, pilot, fid))


# -- steps -----------------------------------------------------------------------------------------------------------


def _write(layer: QgsVectorLayer, step: str, act: Callable[[], int]) -> int:
    if layer.isEditable():
        return _as_one_step(layer, step, act)
    if is_held(layer):
        raise NotWritten(held_words(layer))
    if layer.readOnly():
        raise NotWritten(
            tr("{layer} cannot be edited: its twin takes no changes, or the file is read-only.", layer=layer.name())
        )
    _must_be_free(layer)
    if not layer.startEditing():
        raise NotWritten(
            tr("{layer} could not be opened for editing. Nothing was written; try again.", layer=layer.name())
        )
    came: list[int] = []

    def remember(_layer: str, features: list[QgsFeature]) -> None:
        came.extend(feature.id() for feature in features)

    layer.committedFeaturesAdded.connect(remember)
    try:
        fid = _as_one_step(layer, step, act)
        if not layer.commitChanges():
            reason = " ".join(layer.commitErrors())
            raise NotWritten(
                tr(
                    "The pilot could not be written to {layer}. The file stays as it was; try again once no other "
                    "program writes it.",
                    layer=layer.name(),
                ),
                detail=reason,
            )
    finally:
        layer.committedFeaturesAdded.disconnect(remember)
        if layer.isEditable():
            layer.rollBack()
    return came[-1] if came else fid


def _as_one_step(layer: QgsVectorLayer, step: str, act: Callable[[], int]) -> int:
    layer.beginEditCommand(step)
    try:
        fid = act()
    except BaseException:
        layer.destroyEditCommand()
        raise
    layer.endEditCommand()
    layer.triggerRepaint()
    return fid


def _add(layer: QgsVectorLayer, values: Mapping[int, Any], geometry: QgsGeometry | None) -> int:
    feature = QgsVectorLayerUtils.createFeature(layer, geometry or QgsGeometry(), dict(values))
    if not layer.addFeature(feature):
        raise NotWritten(tr("{layer} does not take the new pilot. Nothing was written.", layer=layer.name()))
    return int(feature.id())


def _change(
    layer: QgsVectorLayer, pilot: Pilot, fid: int, values: Mapping[int, Any], geometry: QgsGeometry | None
) -> int:
    _must_be_there(layer, pilot, fid)
    done = not values or layer.changeAttributeValues(fid, dict(values))
    if done and geometry is not None:
        done = layer.changeGeometry(fid, geometry)
    if not done:
        raise NotWritten(tr("{layer} does not take these values. Nothing was written.", layer=layer.name()))
    return fid


def _delete(layer: QgsVectorLayer, pilot: Pilot, fid: int) -> int:
    _must_be_there(layer, pilot, fid)
    if not layer.deleteFeature(fid):
        raise NotWritten(tr("{layer} does not let the pilot be deleted.", layer=layer.name()))
    return fid


def _must_be_shown(layer: QgsVectorLayer) -> None:
    if sip.isdeleted(layer) or not layer.isValid():
        raise NotWritten(
            tr("The layer of pilots is no longer in the project, so nothing was written. Add it again, then repeat.")
        )


def _must_be_there(layer: QgsVectorLayer, pilot: Pilot, fid: int) -> None:
    if not layer.getFeature(fid).isValid():
        raise NotWritten(
            tr("{name} is no longer in the layer: it was deleted meanwhile. Nothing was written.", name=pilot.label)
        )


def _must_be_free(layer: QgsVectorLayer) -> None:
    """Raises `NotWritten` where another program holds the file: QGIS would wait for it for seconds, and the window
    with it."""
    origin = layers.origin_of(layer)
    if origin is None:
        raise NotWritten(
            tr("The file of {layer} is not there. Nothing was written; put it back, then repeat.", layer=layer.name())
        )
    try:
        _take_turn(origin[0])
    except sqlite3.OperationalError as error:
        if "locked" not in str(error) and "busy" not in str(error):
            sentence = tr(
                "{file} cannot be written: it is gone, read-only, or its disk is. Nothing was written.",
                file=origin[0].name,
            )
        else:
            sentence = tr(
                "Another program is writing {file}, so nothing was written. Try again in a moment.",
                file=origin[0].name,
            )
        raise NotWritten(sentence, detail=str(error)) from error
    except sqlite3.DatabaseError as error:
        sentence = tr("{file} cannot be read any more. Nothing was written.", file=origin[0].name)
        raise NotWritten(sentence, detail=str(error)) from error


def _take_turn(path: Path) -> None:
    uri = f"file:{percent(str(path.resolve()))}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    finally:
        connection.close()


# -- values ----------------------------------------------------------------------------------------------------------


def _values(layer: QgsVectorLayer, mapping: PilotMapping, pilot: Pilot, source: Source) -> dict[int, Any]:
    """The place of each column that differs → its value as the layer takes it. What the layer has no column for is
    left out: the twin does not keep it."""
    fields = layer.fields()
    cells = reading.as_columns(source, for_layer(written(pilot, mapping), mapping))
    out = {}
    for name, value in cells.items():
        index, column = fields.lookupField(name), source.column(name)
        if index >= 0 and not (column is not None and column.read_only):
            out[index] = _for_field(value, fields.at(index))
    return out


def _for_field(value: Any, field: QgsField) -> Any:
    if value is None:
        return None
    if isinstance(value, str) and field.type() == QMetaType.Type.QDate:
        return QDate.fromString(value[:10], Qt.DateFormat.ISODate)
    if isinstance(value, str) and field.type() == QMetaType.Type.QDateTime:
        return QDateTime.fromString(value, Qt.DateFormat.ISODate)
    if isinstance(value, list) and field.type() == QMetaType.Type.QString:  # a mapped twin that keeps lists as text
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value


def _redrawn(pilot: Pilot, source: Source) -> bool:
    before = pilot.row.get(GEOMETRY)
    was = wkb_of(before) if isinstance(before, bytes) and before[:2] == b"GP" else None
    return pilot.wkb != was or pilot.srid != source.srid


def _geometry(layer: QgsVectorLayer, pilot: Pilot) -> QgsGeometry:
    """The pilot's area as the layer stores it: in its CRS, flat, straight-edged, of many parts. Raises `NotWritten`."""
    geometry = QgsGeometry()
    if pilot.wkb is None:
        return geometry
    geometry.fromWkb(pilot.wkb)
    here = QgsCoordinateReferenceSystem.fromEpsgId(pilot.srid)
    if here.isValid() and layer.crs().isValid() and here != layer.crs():
        way = QgsCoordinateTransform(here, layer.crs(), QgsProject.instance().transformContext())
        try:
            failed = geometry.transform(way) != Qgis.GeometryOperationResult.Success
        except QgsCsException:
            failed = True
        if failed:
            raise NotWritten(
                tr("The area of {name} cannot be brought to the layer's reference system.", name=pilot.label)
            )
    fitting = geometry.coerceToType(layer.wkbType())
    if geometry.isEmpty() or not fitting or geometry.type() != layer.geometryType():
        raise NotWritten(
            tr("What was drawn for {name} is no area, so it was not written. Draw it again.", name=pilot.label)
        )
    return fitting[0] if len(fitting) == 1 else QgsGeometry.collectGeometry(fitting)
