"""Which sensors by place: everywhere, what the map shows, a rectangle drawn on it, or polygons of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsFeatureRequest,
    QgsGeometry,
    QgsPoint,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QComboBox, QWidget

from ..text import tr, trn
from ..twin.model import Extent
from .extent_choice import Area, ExtentChoice, extent_size, transformed

_DEGREES = "EPSG:4326"
# So many polygons are looked at; more of them would hold up the window.
_MOST = 200


@dataclass(frozen=True, eq=False)
class Place:
    """An area as the filter needs it. ``extent``: its box in degrees of longitude and latitude; ``holds`` tells whether
    a place in degrees lies in the area itself, which is less than the box."""

    extent: Extent
    shape: _Shape

    def holds(self, lon: float, lat: float) -> bool:
        west, south, east, north = self.extent
        return west <= lon <= east and south <= lat <= north and self.shape.holds(lon, lat)


class _Shape:
    """Polygons, or a rectangle, in a CRS of their own: edges are straight there, so places are brought to them."""

    def __init__(self, geometries: Sequence[QgsGeometry], crs: QgsCoordinateReferenceSystem) -> None:
        self._parts = []
        for geometry in geometries:
            engine = QgsGeometry.createGeometryEngine(geometry.constGet())
            engine.prepareGeometry()
            # the geometry must outlive the engine that was made of it
            self._parts.append((geometry.boundingBox(), engine, geometry))
        self._transform = QgsCoordinateTransform(QgsCoordinateReferenceSystem(_DEGREES), crs, QgsProject.instance())

    def holds(self, lon: float, lat: float) -> bool:
        try:
            place = self._transform.transform(QgsPointXY(lon, lat))
        except QgsCsException:
            return False
        point = None
        for box, engine, _geometry in self._parts:
            if box.contains(place):
                point = point or QgsPoint(place)
                if engine.intersects(point):
                    return True
        return False


def place_of(geometries: Sequence[QgsGeometry], crs: QgsCoordinateReferenceSystem) -> Place | None:
    """The area that ``geometries`` (polygons) cover together; None where they cover nothing or lie nowhere."""
    known = [one for one in geometries if not one.isNull() and not one.isEmpty()]
    if not known or not crs.isValid():
        return None
    box = QgsRectangle()
    for geometry in known:
        box.combineExtentWith(geometry.boundingBox())
    degrees = transformed(box, crs, QgsCoordinateReferenceSystem(_DEGREES))
    if degrees is None:
        return None
    extent = (degrees.xMinimum(), degrees.yMinimum(), degrees.xMaximum(), degrees.yMaximum())
    return Place(extent, _Shape(known, crs))


class SensorsArea(ExtentChoice):
    """`ExtentChoice`, but with the polygons of a layer in place of its extent: those that are selected, else all.

    `place` is what was chosen. ``changed`` tells that it may be another.
    """

    def __init__(self, canvas: QgsMapCanvas, parent: QWidget | None = None) -> None:
        self._listened: QgsVectorLayer | None = None
        self._rest: QTimer | None = None
        super().__init__(canvas, parent)
        self.combo.setItemText(self.combo.findData(Area.WHOLE), tr("Everywhere"))
        self.combo.setItemText(self.combo.findData(Area.LAYER), tr("Polygons of a layer"))
        self.combo.setAccessibleName(tr("Area"))
        # The page may be narrower than its longest entry.
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.combo.setMinimumContentsLength(8)
        self.layers.setFilters(Qgis.LayerFilter.PolygonLayer)
        self.layers.setAccessibleName(tr("Layer whose polygons are used"))
        # A selection of many features tells of itself many times.
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(150)
        self._rest.timeout.connect(self._tell)
        self.layers.layerChanged.connect(lambda _layer: self._listen())
        self._listen()

    def place(self) -> Place | None:
        """None for everywhere, and while it is not known where."""
        if self.area is Area.LAYER:
            geometries, crs = self._polygons()
            return place_of(geometries, crs) if crs is not None else None
        found = self.rectangle()
        if found is None:
            return None
        rectangle, crs = found
        return place_of([QgsGeometry.fromRect(rectangle)], crs)

    def rectangle(self) -> tuple[QgsRectangle, QgsCoordinateReferenceSystem] | None:
        """Of polygons the box around them."""
        if self.area is not Area.LAYER:
            return super().rectangle()
        geometries, crs = self._polygons()
        box = QgsRectangle()
        for geometry in geometries:
            box.combineExtentWith(geometry.boundingBox())
        return (box, crs) if crs is not None and not box.isEmpty() else None

    def stop(self) -> None:
        self._forget()
        if self._rest is not None:
            self._rest.stop()
        super().stop()

    def _polygons(self) -> tuple[list[QgsGeometry], QgsCoordinateReferenceSystem | None]:
        layer = self.layers.currentLayer()
        if not isinstance(layer, QgsVectorLayer):
            return [], None
        request = QgsFeatureRequest().setNoAttributes().setLimit(_MOST)
        if layer.selectedFeatureCount():
            request.setFilterFids(layer.selectedFeatureIds())
        elif layer.featureCount() > _MOST:
            return [], layer.crs()
        return [QgsGeometry(feature.geometry()) for feature in layer.getFeatures(request)], layer.crs()

    def _listen(self) -> None:
        """Hear when other polygons of the layer are selected, or changed."""
        layer = self.layers.currentLayer()
        if layer is self._listened:
            return
        self._forget()
        if isinstance(layer, QgsVectorLayer):
            self._listened = layer
            layer.selectionChanged.connect(self._selected)
            layer.afterCommitChanges.connect(self._selected)
            layer.willBeDeleted.connect(self._forget)

    def _forget(self) -> None:
        layer, self._listened = self._listened, None
        if layer is not None:
            layer.selectionChanged.disconnect(self._selected)
            layer.afterCommitChanges.disconnect(self._selected)
            layer.willBeDeleted.disconnect(self._forget)

    def _selected(self, *_what: object) -> None:
        if self.area is Area.LAYER and self._rest is not None:
            self._rest.start()

    def _tell(self) -> None:
        self._size.say(self._hint())
        self._size.setVisible(bool(self._size.full_text))
        self.changed.emit()

    def _hint(self) -> str:
        """What counts just now, or what to do for it."""
        if self.area is Area.WHOLE:
            return ""
        if self.area is Area.LAYER:
            return self._polygons_hint()
        found = self.rectangle()
        if found is None:
            return tr("Drag a rectangle on the map.")
        return extent_size(*found)

    def _polygons_hint(self) -> str:
        layer = self.layers.currentLayer()
        if not isinstance(layer, QgsVectorLayer):
            return tr("The project has no polygon layer.")
        n = layer.selectedFeatureCount()
        if n > _MOST:
            return tr("Only the first {most} of the selected polygons count.", most=_MOST)
        if n:
            return trn("Inside the selected polygon", "Inside the {n} selected polygons", n)
        if layer.featureCount() > _MOST:
            return tr("Select the polygons that count in this layer.")
        return tr("Inside all polygons of the layer. Select some to choose.")
