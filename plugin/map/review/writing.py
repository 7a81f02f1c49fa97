"""Items and tasks into their layers: into an open edit session as one step that can be undone, else written at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote as percent

from qgis.core import Qgis, QgsFeature, QgsFeatureRequest, QgsField, QgsGeometry, QgsVectorLayer, QgsVectorLayerUtils
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QDateTime, QMetaType, Qt

from ...text import tr
from ...twin.errors import CityTwinError
from .. import layers
from ..held import held_words, is_held

_PATIENCE = 0.04  # seconds for another writer: longer would hold up the window

Values = Mapping[str, Any]


class NotWritten(CityTwinError):
    """The layer does not take it; nothing was changed."""


def change(layer: QgsVectorLayer, rows: Mapping[int, Values], step: str) -> None:
    """Give rows of ``layer`` (by number) other values (by column; text as in the file). Main thread.

    Columns that the layer does not have are left out. Raises `NotWritten`.
    """

    def act() -> int:
        there = QgsFeatureRequest(list(rows)).setNoAttributes().setFlags(Qgis.FeatureRequestFlag.NoGeometry)
        if {feature.id() for feature in layer.getFeatures(there)} != set(rows):
            raise NotWritten(
                tr("What was to be changed in {layer} was deleted meanwhile. Nothing was written.", layer=layer.name())
            )
        for fid, values in rows.items():
            if not layer.changeAttributeValues(fid, _by_index(layer, values)):
                raise NotWritten(tr("{layer} does not take these values. Nothing was written.", layer=layer.name()))
        return 0

    _write(layer, step, act)


def add(layer: QgsVectorLayer, values: Values, geometry: QgsGeometry, step: str) -> int:
    """A new row, in the layer's own reference system, with the layer's defaults for the rest; its number.

    Negative where it stays in an open edit session. Main thread. Raises `NotWritten`.
    """

    def act() -> int:
        feature = QgsVectorLayerUtils.createFeature(layer, geometry, _by_index(layer, values))
        if not layer.addFeature(feature):
            raise NotWritten(tr("{layer} does not take the new item. Nothing was written.", layer=layer.name()))
        return int(feature.id())

    return _write(layer, step, act)


def _write(layer: QgsVectorLayer, step: str, act: Callable[[], int]) -> int:
    if sip.isdeleted(layer) or not layer.isValid():
        raise NotWritten(tr("The layer is no longer in the project, so nothing was written. Add it, then repeat."))
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
            raise NotWritten(
                tr("{layer} could not be written. The file stays as it was; try again once no other program writes it.",
                   layer=layer.name()),
                detail=" ".join(layer.commitErrors()),
            )  # fmt: skip
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


def _must_be_free(layer: QgsVectorLayer) -> None:
    """QGIS would wait for another writer for seconds, and the window with it."""
    origin = layers.origin_of(layer)
    if origin is None:
        raise NotWritten(
            tr("The file of {layer} is not there. Nothing was written; put it back, then repeat.", layer=layer.name())
        )
    path = origin[0]
    try:
        uri = f"file:{percent(str(path.resolve()))}?mode=rw"
        connection = sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        if "locked" in str(error) or "busy" in str(error):
            sentence = tr(
                "Another program is writing {file}, so nothing was written. Try again in a moment.", file=path.name
            )
        else:
            sentence = tr(
                "{file} cannot be written: it is gone, read-only, or its disk is. Nothing was written.", file=path.name
            )
        raise NotWritten(sentence, detail=str(error)) from error


def _by_index(layer: QgsVectorLayer, values: Values) -> dict[int, Any]:
    fields = layer.fields()
    found = {fields.lookupField(name): value for name, value in values.items()}
    return {at: _for_field(value, fields.at(at)) for at, value in found.items() if at >= 0}


def _for_field(value: Any, field: QgsField) -> Any:
    if isinstance(value, str) and field.type() == QMetaType.Type.QDateTime:
        return QDateTime.fromString(value, Qt.DateFormat.ISODate)
    return value
