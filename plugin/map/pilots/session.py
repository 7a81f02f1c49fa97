"""What an open edit session holds of a layer of pilots: edits that are not in the file yet."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qgis.core import QgsFeature, QgsGeometry, QgsVectorLayer, QgsVectorLayerEditBuffer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QDate, QDateTime, QObject, Qt

from ...pilots.mapping import PilotMapping
from ...pilots.record import Pilot, read_pilot
from ...workcopy.columns import GEOMETRY, ID, KEY
from ...workcopy.source import Source

_LITTLE_ENDIAN_NO_BOX = 0b00000001  # flags of a GeoPackage blob's header


@dataclass(frozen=True)
class Unsaved:
    """Rows by the server's property names, as `record.read_pilot` takes them. Rows that QGIS added have negative
    numbers."""

    changed: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    added: Sequence[Mapping[str, Any]] = ()
    deleted: frozenset[int] = frozenset()


def unsaved(layer: QgsVectorLayer, source: Source) -> Unsaved:
    """The edits of ``layer``'s open session; nothing where it has none. Main thread."""
    buffer = layer.editBuffer()
    if buffer is None:
        return Unsaved()
    names = _properties(layer, source)
    changed: dict[int, dict[str, Any]] = {}
    for fid, values in buffer.changedAttributeValues().items():
        changed[fid] = {names[index]: plain(value) for index, value in values.items() if index in names}
    for fid, geometry in buffer.changedGeometries().items():
        changed.setdefault(fid, {})[GEOMETRY] = blob(geometry, source.srid)
    added = [_row(fid, feature, names, source.srid) for fid, feature in _in_order(buffer)]
    return Unsaved(changed, added, frozenset(buffer.deletedFeatureIds()))


def over(pilots: Sequence[Pilot], edits: Unsaved, mapping: PilotMapping, srid: int) -> list[Pilot]:
    """``pilots``, as read from the file, with the edits over them, all in EPSG:``srid``. Any thread."""
    added = {row[KEY] for row in edits.added}
    out = []
    for pilot in pilots:
        # what an open transaction added is not in the file for others, but it is again once that has ended
        if pilot.fid in edits.deleted or pilot.fid in added:
            continue
        values = edits.changed.get(pilot.fid) if pilot.fid is not None else None
        out.append(read_pilot({**pilot.row, **values}, srid, mapping) if values else pilot)
    taken = {pilot.twin_id for pilot in out}
    for row in edits.added:
        # a pasted copy still has the id of what was copied; the file takes it away when it is saved
        own = {**row, ID: None} if row.get(ID) in taken else dict(row)
        taken.add(own.get(ID))
        out.append(read_pilot(own, srid, mapping))
    return out


def plain(value: Any) -> Any:
    """A value of a layer as SQLite would give it: dates as ISO text, nothing for QGIS's NULL and unset values."""
    if isinstance(value, (QDate, QDateTime)):
        return value.toString(Qt.DateFormat.ISODate) if value.isValid() else None
    return value if isinstance(value, (str, int, float, bytes, list, dict)) else None


def blob(geometry: QgsGeometry, srid: int) -> bytes | None:
    """A geometry as a GeoPackage blob; None for none."""
    if geometry.isNull():
        return None
    return struct.pack("<2sBBi", b"GP", 0, _LITTLE_ENDIAN_NO_BOX, srid) + bytes(geometry.asWkb())


class SessionWatch(QObject):
    """Calls ``edited`` whenever the edits of ``layer`` may be others, ``ended`` once a session is over. `stop` ends
    it."""

    def __init__(
        self, layer: QgsVectorLayer, edited: Callable[[], None], ended: Callable[[], None], parent: QObject
    ) -> None:
        super().__init__(parent)
        self.layer: QgsVectorLayer | None = layer
        self._edited, self._ended = edited, ended
        layer.undoStack().indexChanged.connect(self._edit)  # each command, each undo and redo
        layer.editingStopped.connect(self._end)

    def stop(self) -> None:
        """Let the layer go. Ending twice does no harm."""
        layer, self.layer = self.layer, None
        if layer is not None and not sip.isdeleted(layer):
            layer.undoStack().indexChanged.disconnect(self._edit)
            layer.editingStopped.disconnect(self._end)
        if not sip.isdeleted(self):
            self.deleteLater()

    def _edit(self, _index: int) -> None:
        self._edited()

    def _end(self) -> None:
        self._ended()


def _properties(layer: QgsVectorLayer, source: Source) -> dict[int, str]:
    """The place of each of the layer's columns → what the server calls it."""
    known = {column.name: column.property for column in source.columns}
    return {index: known.get(name, name) for index, name in enumerate(layer.fields().names())}


def _in_order(buffer: QgsVectorLayerEditBuffer) -> list[tuple[int, QgsFeature]]:
    """What was added, oldest first: QGIS counts down."""
    return sorted(buffer.addedFeatures().items(), key=lambda entry: abs(entry[0]))


def _row(fid: int, feature: QgsFeature, names: Mapping[int, str], srid: int) -> dict[str, Any]:
    attributes = feature.attributes()
    row = {name: plain(attributes[index]) for index, name in names.items() if index < len(attributes)}
    return {**row, KEY: fid, GEOMETRY: blob(feature.geometry(), srid)}
