"""Pilots of the page on the map: selected, zoomed to, their problems shown, and what is selected there told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsGeometry,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtGui import QColor

from ...map.pilots.book import PilotBook, Record
from ...pilots.problems import Problem
from ...pilots.record import Pilot
from ..map_view import sees, zoom_to
from .page_marks import SEVERITY_COLOURS
from .stage_look import colour_of

if TYPE_CHECKING:
    from qgis.gui import QgisInterface


class PilotsOnMap(QObject):
    """``selected(path, key)``: the user selected one pilot in its layer."""

    selected = pyqtSignal(str, str)

    def __init__(self, iface: QgisInterface, book: PilotBook, parent: QObject) -> None:
        super().__init__(parent)
        self._iface = iface
        self._book = book
        self._path = ""
        self._layer: QgsVectorLayer | None = None
        self._ours = False

    def look_at(self, path: str) -> None:
        """Listen to the layer of this working copy; "" listens to none."""
        layer = self._book.layer(path) if path else None
        self._path = path
        if layer is self._layer and (layer is None or not sip.isdeleted(layer)):
            return
        self.let_go()
        self._layer = layer
        if layer is not None:
            layer.selectionChanged.connect(self._selection)

    def let_go(self) -> None:
        """Listen to nobody."""
        layer, self._layer = self._layer, None
        if layer is not None and not sip.isdeleted(layer):
            layer.selectionChanged.disconnect(self._selection)

    def _selection(self, *_: object) -> None:
        layer = self._layer
        if self._ours or layer is None or layer.selectedFeatureCount() != 1:
            return
        (fid,) = layer.selectedFeatureIds()
        for record in self._book.records(self._path):
            if record.pilot.fid == fid:
                self.selected.emit(self._path, record.key)

    def select(self, record: Record) -> None:
        """Select the pilot in its layer, and bring it in sight where the map shows none of it."""
        layer = self._book.layer(record.path)
        if layer is None or record.pilot.fid is None:
            return
        if list(layer.selectedFeatureIds()) != [record.pilot.fid]:
            self._ours = True
            try:
                layer.selectByIds([record.pilot.fid])
            finally:
                self._ours = False
        box = _box(record.pilot)
        if box is not None and not sees(self._iface.mapCanvas(), box, _crs(record.pilot.srid)):
            self.zoom(record.pilot)

    def zoom(self, pilot: Pilot) -> bool:
        """Show the whole pilot and something around it; False where it has no area."""
        box = _box(pilot)
        if box is not None:
            zoom_to(self._iface.mapCanvas(), box, _crs(pilot.srid))
        return box is not None

    def flash(self, pilot: Pilot) -> None:
        """Flash its area in the colour of its stage."""
        geometry = _geometry(pilot.wkb)
        if geometry is not None:
            self._iface.mapCanvas().flashGeometries([geometry], _crs(pilot.srid), QColor(colour_of(pilot.stage)))

    def show_problem(self, pilot: Pilot, problem: Problem) -> None:
        """Zoom to the place of a problem and flash it; to the pilot where it is nowhere in particular."""
        crs = _crs(problem.srid)
        if problem.box is None:
            self.zoom(pilot)
            self.flash(pilot)
            return
        zoom_to(self._iface.mapCanvas(), QgsRectangle(*problem.box), crs)
        place = _geometry(problem.place)
        if place is not None:
            self._iface.mapCanvas().flashGeometries([place], crs, QColor(SEVERITY_COLOURS[problem.severity]))


def _crs(srid: int) -> QgsCoordinateReferenceSystem:
    return QgsCoordinateReferenceSystem.fromEpsgId(srid)


def _geometry(wkb: bytes | None) -> QgsGeometry | None:
    if wkb is None:
        return None
    geometry = QgsGeometry()
    geometry.fromWkb(wkb)
    return None if geometry.isNull() or geometry.isEmpty() else geometry


def _box(pilot: Pilot) -> QgsRectangle | None:
    geometry = _geometry(pilot.wkb)
    return geometry.boundingBox() if geometry is not None else None
