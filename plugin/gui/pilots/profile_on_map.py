"""What a profile tells, on the map: the pilot itself, the features of a layer in it, a sensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qgis.core import Qgis, QgsCoordinateReferenceSystem, QgsGeometry, QgsPointXY, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QColor

from ...map import layers, tasks
from ...pilots.figures import LayerShare, Sensor
from ...pilots.record import Pilot
from ...pilots.rows import features_inside
from ...text import number, tr, trn
from ...twin.errors import CityTwinError
from ...workcopy.copy import WorkingCopy
from ..canvas_preview import CanvasPreview

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

_SLICE = 100_000  # features that are selected at a time: 15 ms
_FLASH = QColor(227, 84, 13)


class ProfileOnMap(QObject):
    """Main thread. ``said(sentence, kind)``: what came of it, for a status line."""

    said = pyqtSignal(str, str)

    def __init__(self, iface: QgisInterface, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._canvas = iface.mapCanvas()
        self._preview = CanvasPreview(self._canvas)
        self._task: tasks.TaskHandle | None = None
        self._asked = 0

    def stop(self) -> None:
        """Nobody is left to see it."""
        self._asked += 1
        task, self._task = self._task, None
        if task is not None:
            task.cancel()

    def pilot(self, pilot: Pilot) -> None:
        """Show the pilot."""
        geometry, crs = _geometry(pilot), _crs(pilot.srid)
        if geometry is None:
            self.said.emit(tr("{name} has no area to show on the map.", name=pilot.label), "limit")
            return
        self._show(geometry, crs)

    def sensor(self, sensor: Sensor) -> None:
        """Show where it stands."""
        self._show(QgsGeometry.fromPointXY(QgsPointXY(sensor.x, sensor.y)), _crs(sensor.srid))

    def _show(self, geometry: QgsGeometry, crs: QgsCoordinateReferenceSystem) -> None:
        box = geometry.boundingBox()
        self._preview.zoom((box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()), crs)
        self._canvas.flashGeometries([geometry], crs, _FLASH)

    def features(self, copy: WorkingCopy, pilot: Pilot, one: LayerShare) -> None:
        """Select the features of a layer that lie in the pilot, and show the pilot."""
        shown = [layer for layer in layers.project_layers(copy.path, one.table) if not sip.isdeleted(layer)]
        if not shown:
            words = tr("{title} is not in the project, so nothing of it can be selected.", title=one.title)
            self.said.emit(words, "limit")
            return
        self.stop()
        asked, source = self._asked, copy.source(one.table)
        self.said.emit(tr("Looking for the features of {title}…", title=one.title), "busy")

        def done(found: list[int]) -> None:
            self._task = None
            if asked != self._asked:
                return
            geometry = _geometry(pilot)
            if geometry is not None:
                box = geometry.boundingBox()
                corners = (box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum())
                self._preview.zoom(corners, _crs(pilot.srid))
            self._select(asked, shown, found, 0, one.title)

        def failed(error: CityTwinError) -> None:
            self._task = None
            if asked == self._asked:
                self.said.emit(error.message, "bad")

        self._task = tasks.run(
            tr("Looking for the features of {title}", title=one.title),
            lambda progress: features_inside(copy, source, pilot, progress),
            done=done,
            failed=failed,
            parent=self,
        )

    def _select(self, asked: int, shown: list[QgsVectorLayer], found: list[int], at: int, title: str) -> None:
        """A slice in each turn of the event loop."""
        if asked != self._asked:
            return
        behaviour: Any = Qgis.SelectBehavior.SetSelection if at == 0 else Qgis.SelectBehavior.AddToSelection
        for layer in shown:
            if not sip.isdeleted(layer):
                layer.selectByIds(found[at : at + _SLICE], behaviour)
        if at + _SLICE < len(found):
            QTimer.singleShot(0, lambda: self._select(asked, shown, found, at + _SLICE, title))
            return
        words = trn(
            "{count} feature of {title} is selected.",
            "{count} features of {title} are selected.",
            len(found),
            count=number(len(found)),
            title=title,
        )
        self.said.emit(words, "good")


def _crs(srid: int) -> QgsCoordinateReferenceSystem:
    return QgsCoordinateReferenceSystem.fromEpsgId(srid)


def _geometry(pilot: Pilot) -> QgsGeometry | None:
    geometry = QgsGeometry()
    if pilot.wkb:
        geometry.fromWkb(pilot.wkb)
    return None if geometry.isNull() or geometry.isEmpty() else geometry
