"""Which layers are pilots: the collection ``pilots`` with the documented columns, or what a connection maps to them.

A mapping is kept beside its connection in QGIS's settings, as JSON under ``citytwin/connections/…/pilots``, and goes
with it.
"""

from __future__ import annotations

import json

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...pilots import schema as cols
from ...pilots import vocabulary as words
from ...pilots.mapping import OURS, PilotMapping, from_data
from ...workcopy.copy import WorkingCopy
from ...workcopy.source import Source
from .. import connections
from ..connections import _GROUP, _key

NEEDED = (cols.NAME, cols.STAGE)  # without a title and a stage there is nothing to show


class Signals(QObject):
    """``changed(connection's name)``: a mapping was kept or forgotten."""

    changed = pyqtSignal(str)


signals = Signals()


def keep(connection: str, mapping: PilotMapping | None) -> None:
    """Keep how the twin of a connection calls its pilots' columns; None forgets it."""
    settings, key = QgsSettings(), f"{_GROUP}/{_key(connection)}/pilots"
    if mapping is None:
        settings.remove(key)
    else:
        settings.setValue(key, json.dumps(mapping.as_data(), ensure_ascii=False))
    signals.changed.emit(connection)


def kept(connection: str) -> PilotMapping | None:
    """The mapping of a connection; None where it has none, or none that can be read."""
    text = QgsSettings().value(f"{_GROUP}/{_key(connection)}/pilots", "", type=str)
    try:
        data = json.loads(text) if text else None
    except ValueError:
        return None
    return from_data(data) if isinstance(data, dict) else None


def of_source(source: Source) -> PilotMapping | None:
    """By which mapping a layer is pilots; None where it is something else."""
    mapping = _of_twin(source.url)
    if mapping is None or mapping.collection != source.collection:
        mapping = OURS
    if mapping.collection != source.collection or not all(name in columns(source, mapping) for name in NEEDED):
        return None
    stage = source.column(columns(source, mapping)[cols.STAGE])
    known = source.schema.get(stage.property) if stage else None
    if stage is None or stage.type != "string":
        return None
    values = known.enum if known is not None else ()
    if values and not any(mapping.word(cols.STAGE, str(value)) in words.STAGES for value in values):
        return None  # somebody else's stages, which nobody mapped
    return mapping


def of_copy(copy: WorkingCopy) -> PilotMapping:
    """The mapping of a working copy's layer of pilots; the documented names where it has none."""
    return next((found for found in map(of_source, copy.sources) if found is not None), OURS)


def columns(source: Source, mapping: PilotMapping) -> dict[str, str]:
    """Our column → the table's column; ours that the layer has not are left out."""
    by_property = {column.property: column.name for column in source.columns}
    wanted = [one.name for one in cols.schema().properties]
    found = {ours: by_property.get(mapping.column(ours)) for ours in wanted}
    return {ours: name for ours, name in found.items() if name is not None}


def _of_twin(url: str) -> PilotMapping | None:
    connection = connections.find_by_url(url)
    return kept(connection.name) if connection is not None else None
