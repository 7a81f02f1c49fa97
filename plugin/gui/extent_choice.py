"""Which part of the city: everything, what the map shows, a rectangle drawn on it, or a layer's extent."""

from __future__ import annotations

import math
from enum import Enum

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsDistanceArea,
    QgsMapLayer,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
)
from qgis.gui import QgsMapCanvas, QgsMapLayerComboBox, QgsMapToolExtent, QgsRubberBand
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ..text import tr
from ..twin.model import Extent
from . import catalogue_wording as wording
from .icons import icon
from .status_line import ElidedLabel

_SETTLE = 400  # ms that the map has to rest before its extent counts as a new one
_COLOUR = "#0a9396"


class Area(Enum):
    WHOLE = "whole"
    MAP = "map"
    DRAWN = "drawn"
    LAYER = "layer"


class ExtentChoice(QWidget):
    """``changed`` tells that `value` may be another now."""

    changed = pyqtSignal()

    def __init__(self, canvas: QgsMapCanvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._drawn = DrawnExtent(canvas, self)
        self._drawn.finished.connect(self._have_drawn)
        self.combo = QComboBox()
        for area, name, text in (
            (Area.WHOLE, "mActionZoomFullExtent.svg", tr("Everything")),
            (Area.MAP, "mActionSetToCanvasExtent.svg", tr("What the map shows")),
            (Area.DRAWN, "mActionAddBasicRectangle.svg", tr("A rectangle on the map")),
            (Area.LAYER, "mActionZoomToLayer.svg", tr("The extent of a layer")),
        ):
            self.combo.addItem(icon(name), text, area)
        self.draw_button = QPushButton(tr("&Draw"))
        self.draw_button.setToolTip(tr("Drag a rectangle on the map"))
        self.layers = QgsMapLayerComboBox()
        self.layers.setFilters(Qgis.LayerFilter.SpatialLayer)
        self.layers.setAccessibleName(tr("Layer whose extent is used"))
        self._size = ElidedLabel(dim=True)
        self._size.setContentsMargins(2, 0, 0, 0)

        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.combo, 1)
        row.addWidget(self.draw_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.layers)
        layout.addWidget(self._size)
        self.setFocusProxy(self.combo)

        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SETTLE)
        self._timer.timeout.connect(self._tell)
        self.combo.currentIndexChanged.connect(lambda _index: self._switched())
        self.draw_button.clicked.connect(lambda _checked=False: self._drawn.start())
        self.layers.layerChanged.connect(lambda _layer: self._tell())
        canvas.extentsChanged.connect(self._moved)
        canvas.destinationCrsChanged.connect(self._moved)
        self._switched()

    @property
    def area(self) -> Area:
        return Area(self.combo.currentData())

    def choose(self, area: Area) -> None:
        self.combo.setCurrentIndex(self.combo.findData(area))

    def rectangle(self) -> tuple[QgsRectangle, QgsCoordinateReferenceSystem] | None:
        """The rectangle and its CRS; None for everything, and while there is nothing drawn or no layer."""
        if self.area is Area.MAP:
            return self._canvas.extent(), self._canvas.mapSettings().destinationCrs()
        if self.area is Area.DRAWN:
            return self._drawn.rectangle()
        layer = self.layers.currentLayer()
        if self.area is Area.LAYER and isinstance(layer, QgsMapLayer) and not layer.extent().isEmpty():
            return layer.extent(), layer.crs()
        return None

    def value(self) -> tuple[Extent, int] | None:
        """East/north box and its EPSG code; None for everything. See `ready`."""
        found = self.rectangle()
        return coded(*found) if found is not None else None

    def ready(self) -> bool:
        """Whether `value` is what the user chose: something is drawn where that was asked for, and so on."""
        return self.area is Area.WHOLE or self.value() is not None

    def stop(self) -> None:
        """Leave nothing on the map, and listen to it no more."""
        self._timer.stop()
        self._drawn.stop()
        # It hears of the project's layers as long as it lives: longer than Python's half of us (seen: a crash).
        self.layers.layerChanged.disconnect()
        self._canvas.extentsChanged.disconnect(self._moved)
        self._canvas.destinationCrsChanged.disconnect(self._moved)

    def _switched(self) -> None:
        self.draw_button.setVisible(self.area is Area.DRAWN)
        self.layers.setVisible(self.area is Area.LAYER)
        self._drawn.show(self.area is Area.DRAWN)
        if self.area is Area.DRAWN and self._drawn.rectangle() is None and self.isVisible():
            self._drawn.start()
        self._tell()

    def _have_drawn(self) -> None:
        if self.area is Area.DRAWN:
            self._tell()

    def _moved(self) -> None:
        if self.area is Area.MAP:
            self._timer.start()

    def _tell(self) -> None:
        found = self.rectangle()
        hints = {
            Area.DRAWN: tr("Drag a rectangle on the map."),
            Area.LAYER: tr("The project has no layer with an extent."),
        }
        text = extent_size(*found) if found is not None else hints.get(self.area, "")
        self._size.say(text)
        self._size.setVisible(bool(text))
        self.changed.emit()


class DrawnExtent(QObject):
    """A rectangle that the user drags on the map, shown there as long as it counts."""

    finished = pyqtSignal()

    def __init__(self, canvas: QgsMapCanvas, parent: QObject) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._tool: QgsMapToolExtent | None = None
        self._former: object = None
        self._found: tuple[QgsRectangle, QgsCoordinateReferenceSystem] | None = None
        self._band: QgsRubberBand | None = None
        self._visible = False

    def rectangle(self) -> tuple[QgsRectangle, QgsCoordinateReferenceSystem] | None:
        return self._found

    def start(self) -> None:
        """Hand the mouse over until a rectangle is drawn."""
        if self._tool is None:
            self._tool = QgsMapToolExtent(self._canvas)
            self._tool.extentChanged.connect(self._drawn)
        if self._canvas.mapTool() is not self._tool:
            self._former = self._canvas.mapTool()
        self._canvas.setMapTool(self._tool)

    def show(self, visible: bool) -> None:
        self._visible = visible
        if not visible and self._tool is not None and self._canvas.mapTool() is self._tool:
            self._give_back()
        self._paint()

    def stop(self) -> None:
        self._found = None
        self.show(False)
        tool, self._tool = self._tool, None
        if tool is not None:
            self._canvas.unsetMapTool(tool)
            tool.deleteLater()

    def _drawn(self, rectangle: QgsRectangle) -> None:
        if rectangle.isEmpty():
            return
        self._found = QgsRectangle(rectangle), self._canvas.mapSettings().destinationCrs()
        if self._tool is not None:
            self._tool.clearRubberBand()
        self._give_back()
        self._paint()
        self.finished.emit()

    def _give_back(self) -> None:
        former, self._former = self._former, None
        if former is not None:
            self._canvas.setMapTool(former)
        elif self._tool is not None:
            self._canvas.unsetMapTool(self._tool)

    def _paint(self) -> None:
        if self._band is not None:
            self._canvas.scene().removeItem(self._band)
            self._band = None
        if not self._visible or self._found is None:
            return
        band = self._band = QgsRubberBand(self._canvas, Qgis.GeometryType.Polygon)
        colour = QColor(_COLOUR)
        band.setStrokeColor(colour)
        band.setWidth(2)
        colour.setAlpha(30)
        band.setFillColor(colour)
        rectangle, crs = self._found
        here = self._canvas.mapSettings().destinationCrs()
        shown = transformed(rectangle, crs, here) or rectangle
        corners = (
            (shown.xMinimum(), shown.yMinimum()),
            (shown.xMaximum(), shown.yMinimum()),
            (shown.xMaximum(), shown.yMaximum()),
            (shown.xMinimum(), shown.yMaximum()),
        )
        for x, y in corners:
            band.addPoint(QgsPointXY(x, y))


def transformed(
    rectangle: QgsRectangle, crs: QgsCoordinateReferenceSystem, target: QgsCoordinateReferenceSystem
) -> QgsRectangle | None:
    """``rectangle`` in ``target``, large enough for its curved edges; None where that cannot be."""
    if crs == target:
        return QgsRectangle(rectangle)
    try:
        found = QgsCoordinateTransform(crs, target, QgsProject.instance()).transformBoundingBox(rectangle)
    except QgsCsException:
        return None
    return found if found.isFinite() and not found.isEmpty() else None


def coded(rectangle: QgsRectangle, crs: QgsCoordinateReferenceSystem) -> tuple[Extent, int] | None:
    """A rectangle as east/north box with an EPSG code; in WGS 84 where its CRS has none. None for what is no box."""
    if not crs.isValid() or rectangle.isEmpty() or not rectangle.isFinite():
        return None
    srid = int(crs.authid()[5:]) if crs.authid().startswith("EPSG:") else 0
    found: QgsRectangle | None = rectangle
    if not srid:
        srid = 4326
        found = transformed(rectangle, crs, QgsCoordinateReferenceSystem("EPSG:4326"))
    if found is None:
        return None
    return (found.xMinimum(), found.yMinimum(), found.xMaximum(), found.yMaximum()), srid


def extent_size(rectangle: QgsRectangle, crs: QgsCoordinateReferenceSystem) -> str:
    """How large it is on the ground, in words; "" where that is not known."""
    if not crs.isValid() or not rectangle.isFinite():
        return ""
    measure = QgsDistanceArea()
    measure.setSourceCrs(crs, QgsProject.instance().transformContext())
    measure.setEllipsoid(QgsProject.instance().ellipsoid() or "WGS84")
    middle = rectangle.center()
    try:
        across = measure.measureLine(
            QgsPointXY(rectangle.xMinimum(), middle.y()), QgsPointXY(rectangle.xMaximum(), middle.y())
        )
        up = measure.measureLine(
            QgsPointXY(middle.x(), rectangle.yMinimum()), QgsPointXY(middle.x(), rectangle.yMaximum())
        )
    except QgsCsException:
        return ""
    # an empty project shows half the world, and a line through the poles has no length
    return wording.kilometres(across / 1000, up / 1000) if math.isfinite(across + up) else ""
