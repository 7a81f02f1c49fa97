"""Review items and features on the map: zoomed to, flashed, selected, and what is selected there told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsExpression,
    QgsFeature,
    QgsFeatureRequest,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...map import layers
from ...map.review.book import ReviewBook
from ...map.review.book_reading import Note
from ...review import schema
from ...workcopy.columns import ID
from ...workcopy.excerpt import OFFICE
from ...workcopy.geometry import BadGeometry, wkb_of
from ..map_view import sees, zoom_to
from .marks import colour_of

if TYPE_CHECKING:
    from qgis.gui import QgisInterface


class ItemsOnMap(QObject):
    """``selected(key)``: the user selected one item in its layer."""

    selected = pyqtSignal(str)

    def __init__(self, iface: QgisInterface, book: ReviewBook, parent: QObject) -> None:
        super().__init__(parent)
        self._iface, self._book = iface, book
        self._path = ""
        self._layers: dict[str, QgsVectorLayer] = {}
        self._ours = False

    def look_at(self, path: str) -> None:
        """Listen to the review layers of this working copy; "" listens to none."""
        self._path = path
        found = {table: self._book.layer(path, table) for table in schema.COLLECTIONS} if path else {}
        now = {table: layer for table, layer in found.items() if layer is not None}
        if now == self._layers and not any(sip.isdeleted(layer) for layer in now.values()):
            return
        self.let_go()
        self._layers = now
        for layer in now.values():
            layer.selectionChanged.connect(self._selection)

    def let_go(self) -> None:
        """Listen to nobody."""
        known, self._layers = self._layers, {}
        for layer in known.values():
            if not sip.isdeleted(layer):
                layer.selectionChanged.disconnect(self._selection)

    def _selection(self, *_: object) -> None:
        if self._ours:
            return
        for table, layer in self._layers.items():
            if layer is self.sender() and layer.selectedFeatureCount() == 1:
                (fid,) = layer.selectedFeatureIds()
                for note in self._book.notes(self._path):
                    if (note.item.table, note.item.fid) == (table, fid):
                        self.selected.emit(note.key)

    def select(self, notes: Sequence[Note]) -> None:
        """Select items in their layers, where these are shown; one alone is brought in sight."""
        self._ours = True
        try:
            for table, layer in self._layers.items():
                fids = [note.item.fid for note in notes if note.item.table == table and note.item.fid is not None]
                if sip.isdeleted(layer) or sorted(layer.selectedFeatureIds()) == sorted(fids):
                    continue
                layer.selectByIds(fids)
        finally:
            self._ours = False
        if len(notes) == 1:
            box = _box(notes[0])
            if box is not None and not sees(self._iface.mapCanvas(), box, crs_of(notes[0].srid)):
                self.zoom(notes)

    def zoom(self, notes: Sequence[Note]) -> bool:
        """Show all of them and something around; False where none is anywhere."""
        here = self._iface.mapCanvas().mapSettings().destinationCrs()
        whole = QgsRectangle()
        crs = here
        for note in notes:
            box, own = _box(note), crs_of(note.srid)
            if box is None:
                continue
            if not here.isValid() or len(notes) == 1:
                crs = own
            elif own != here:
                try:
                    box = QgsCoordinateTransform(own, here, QgsProject.instance()).transformBoundingBox(box)
                except QgsCsException:
                    continue
            whole.combineExtentWith(box)
        if whole.isNull():
            return False
        self.zoom_to(whole, crs)
        return True

    def flash(self, notes: Sequence[Note]) -> None:
        """Flash them in the colour of their kind."""
        for note in notes[:50]:
            shape = geometry_of(note.item.geometry)
            if shape is not None:
                self._iface.mapCanvas().flashGeometries([shape], crs_of(note.srid), colour_of(note.item.kind))

    def zoom_to(self, box: QgsRectangle, crs: QgsCoordinateReferenceSystem) -> None:
        """Show ``box`` and something around it."""
        zoom_to(self._iface.mapCanvas(), box, crs)


def feature_of(path: str, table: str, id: str) -> tuple[QgsVectorLayer, QgsFeature] | None:
    """The feature that an item or a task is about, in the project's layer; None where it is not there.

    ``id``: its twin_id, or ``office:`` and its number where it was new in the office.
    """
    if not table or not id:
        return None
    for layer in layers.project_layers(Path(path), table):
        if layer.fields().lookupField(ID) < 0:
            continue
        request = QgsFeatureRequest().setLimit(1)
        request.setFilterExpression(f"{QgsExpression.quotedColumnRef(ID)} = {QgsExpression.quotedString(id)}")
        feature = next(layer.getFeatures(request), None)
        number = id[len(OFFICE) :] if id.startswith(OFFICE) else ""
        if feature is None and number.isdecimal() and len(number) < 16:
            feature = layer.getFeature(int(number))
        if feature is not None and feature.isValid():
            return layer, feature
    return None


def geometry_of(blob: bytes | None) -> QgsGeometry | None:
    """A GeoPackage's geometry as QGIS has it; None for none and for what is broken."""
    if not blob:
        return None
    try:
        shape = QgsGeometry()
        shape.fromWkb(wkb_of(blob))
    except BadGeometry:
        return None
    return None if shape.isNull() or shape.isEmpty() else shape


def crs_of(srid: int) -> QgsCoordinateReferenceSystem:
    """EPSG:``srid``."""
    return QgsCoordinateReferenceSystem.fromEpsgId(srid)


def _box(note: Note) -> QgsRectangle | None:
    shape = geometry_of(note.item.geometry)
    return shape.boundingBox() if shape is not None else None
