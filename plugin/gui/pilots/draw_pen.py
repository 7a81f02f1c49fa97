"""The hand that draws: the map tool with its snapping, handed over to the mouse and taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
)
from qgis.gui import QgsMapCanvas, QgsMapTool
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...map.pilots.snapping import EdgeSnapping, edge_layers
from ...text import tr
from ...twin.errors import CityTwinError
from ...workcopy.copy import WorkingCopy
from .draw_tool import OutlineTool

if TYPE_CHECKING:
    from qgis.gui import QgisInterface


class Pen(QObject):
    """``changed()``: it was taken up or laid down, or has more corners or fewer. ``drawn(bytes)``: a finished outline,
    ISO WKB in the CRS of `take_up`. ``failed(CityTwinError)``: an outline is in no place; ``short()``: it has less than
    three corners."""

    changed = pyqtSignal()
    drawn = pyqtSignal(object)
    failed = pyqtSignal(object)
    short = pyqtSignal()

    def __init__(self, canvas: QgsMapCanvas, iface: QgisInterface, parent: QObject) -> None:
        super().__init__(parent)
        self._canvas, self._iface = canvas, iface
        self._tool: OutlineTool | None = None
        self._former: QgsMapTool | None = None
        self._crs = QgsCoordinateReferenceSystem()
        self._map_crs = QgsCoordinateReferenceSystem()
        self._copies: Sequence[WorkingCopy] = ()
        self._snap = self._active = False
        self.snapping = EdgeSnapping(canvas, self)

    @property
    def active(self) -> bool:
        """Whether the mouse draws just now."""
        return self._active

    @property
    def corners(self) -> int:
        return self._tool.corners if self._tool is not None else 0

    @property
    def tool(self) -> OutlineTool | None:
        return self._tool

    def outline(self) -> bytes | None:
        """The outline so far; None with less than three corners, and where it has no place in the CRS."""
        found = self._tool.outline() if self._tool is not None else None
        return self._there(found) if found is not None else None

    def take_up(self, crs: QgsCoordinateReferenceSystem, copies: Sequence[WorkingCopy]) -> None:
        """Hand the mouse over; corners that are there stay."""
        self._crs, self._copies = crs, copies
        if self._tool is None:
            self._map_crs = self._canvas.mapSettings().destinationCrs()
            self._tool = self._made()
            self._canvas.destinationCrsChanged.connect(self._reprojected)
            self._canvas.layersChanged.connect(self._layers_changed)
        if not self.active:
            self._former = self._canvas.mapTool()
            self._canvas.setMapTool(self._tool)
        self._canvas.setFocus()

    def lay_down(self) -> None:
        """Give the mouse back to the tool from which it came; corners stay."""
        former, self._former = self._former, None
        if not self.active:
            return
        if former is not None and not sip.isdeleted(former):
            self._canvas.setMapTool(former)
        else:
            self._canvas.unsetMapTool(self._tool)

    def drop(self) -> None:
        """Forget the corners."""
        if self._tool is not None:
            self._tool.drop()

    def stop(self) -> None:
        """Leave nothing on the map. Ending twice does no harm."""
        self.snapping.stop()
        tool = self._tool
        if tool is None:
            return
        tool.blockSignals(True)
        self._canvas.destinationCrsChanged.disconnect(self._reprojected)
        self._canvas.layersChanged.disconnect(self._layers_changed)
        tool.drop()
        self.lay_down()
        self._tool, self._active = None, False
        tool.deleteLater()
        self.changed.emit()

    def set_snapping(self, on: bool) -> None:
        """Snap to edges while drawing."""
        self._snap = on
        self._set_snapping()

    # -- inside

    def _made(self) -> OutlineTool:
        tool = OutlineTool(self._canvas, self._iface.cadDockWidget())
        # the map still has its former tool when these come
        tool.activated.connect(lambda: self._switched(True))
        tool.deactivated.connect(lambda: self._switched(False))
        tool.sketched.connect(self.changed)
        tool.finished.connect(self._finished)
        tool.short.connect(self.short)
        tool.dropped.connect(self.lay_down)
        return tool

    def _switched(self, active: bool) -> None:
        self._active = active
        self._set_snapping()
        self.changed.emit()

    def _set_snapping(self) -> None:
        if self._snap and self.active:
            self.snapping.start(edge_layers(self._canvas, self._copies))
        else:
            self.snapping.stop()

    def _layers_changed(self) -> None:
        if self.snapping.on:
            self._set_snapping()

    def _finished(self, outline: QgsGeometry) -> None:
        found = self._there(outline)
        if found is not None:
            self.drawn.emit(found)
            return
        self.failed.emit(
            CityTwinError(
                tr(
                    "The outline leaves the area in which {crs} has coordinates. It was not taken; the area is as it "
                    "was. Zoom to the city and draw it there.",
                    crs=self._crs.authid() or self._crs.description(),
                )
            )
        )

    def _there(self, outline: QgsGeometry) -> bytes | None:
        found = QgsGeometry(outline)
        here = self._canvas.mapSettings().destinationCrs()
        try:
            if here.isValid() and self._crs.isValid():
                found.transform(QgsCoordinateTransform(here, self._crs, QgsProject.instance()))
        except QgsCsException:
            return None
        return bytes(found.asWkb()) if found.boundingBox().isFinite() else None

    def _reprojected(self) -> None:
        """Another map CRS in the middle of an outline: its corners go along."""
        before, self._map_crs = self._map_crs, self._canvas.mapSettings().destinationCrs()
        if self._tool is None or not self._tool.corners:
            return
        way = QgsCoordinateTransform(before, self._map_crs, QgsProject.instance())
        corners = [QgsPointXY(point) for point in self._tool.pointsZM()]
        try:
            self._tool.begin_again([way.transform(point) for point in corners])
        except QgsCsException:
            self._tool.drop()
