"""Where the review is: everything, a part of the map, or the outline of a pilot, a district or another area."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qgis.core import Qgis, QgsVectorLayer
from qgis.gui import QgsFeaturePickerWidget, QgsMapCanvas
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QVBoxLayout, QWidget

from ...map.layers import project_layers
from ...text import tr
from ...workcopy.columns import ID
from ...workcopy.excerpt import Area
from ..extent_choice import ExtentChoice
from ..icons import icon
from .prepare_presenter import area_of, box_of


class AreaChoice(QWidget):
    """``changed``: `value` may be another now. ``first``: tables whose areas are offered before others."""

    changed = pyqtSignal()

    def __init__(
        self, path: Path, canvas: QgsMapCanvas, first: Sequence[str] = (), parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.combo = QComboBox()
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.combo.addItem(icon("mActionSetToCanvasExtent.svg"), tr("By rectangle"), "")
        areas = [layer for layer in project_layers(path) if layer.geometryType() == Qgis.GeometryType.Polygon]
        order = {table: place for place, table in enumerate(first)}
        areas.sort(key=lambda layer: order.get(str(layer.customProperty("citytwin/table")), len(order)))
        for layer in areas:
            if layer.customProperty("citytwin/table") in first:
                text = tr("One of {layer}", layer=layer.name())
                self.combo.addItem(icon("mIconPolygonLayer.svg"), text, layer.id())
        self._layers = {layer.id(): layer for layer in areas}
        self.extent = ExtentChoice(canvas)
        self.picker = QgsFeaturePickerWidget()
        self.picker.setAllowNull(False)
        self.picker.setShowBrowserButtons(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.combo)
        layout.addWidget(self.extent)
        layout.addWidget(self.picker)
        self.picker.hide()
        self.combo.setVisible(self.combo.count() > 1)
        self.setFocusProxy(self.combo)
        self.combo.currentIndexChanged.connect(lambda _at: self._switched())
        self.extent.changed.connect(self.changed)
        self.picker.featureChanged.connect(self._tell)

    @property
    def layer(self) -> QgsVectorLayer | None:
        """The layer of whose areas one is taken; None for a rectangle."""
        return self._layers.get(str(self.combo.currentData() or ""))

    def choose(self, layer: QgsVectorLayer, fid: int) -> None:
        """The outline of that feature."""
        self.combo.setCurrentIndex(self.combo.findData(layer.id()))
        self.picker.setFeature(fid)

    def value(self) -> Area | None:
        """The area; None for everything. See `ready`."""
        layer = self.layer
        if layer is None:
            found = self.extent.value()
            return box_of(*found) if found is not None else None
        feature = self.picker.feature()
        return area_of(layer, feature) if feature.isValid() else None

    def ready(self) -> bool:
        """Whether `value` is what the user chose."""
        return self.extent.ready() if self.layer is None else self.value() is not None

    def stop(self) -> None:
        """Leave nothing on the map, and listen to it no more."""
        self.picker.featureChanged.disconnect(self._tell)
        self.picker.setLayer(None)
        self.extent.stop()

    def _switched(self) -> None:
        layer = self.layer
        self.extent.setVisible(layer is None)
        self.picker.setVisible(layer is not None)
        if layer is not None and self.picker.layer() is not layer:
            self.picker.setLayer(layer)
            self.picker.setDisplayExpression(layer.displayExpression() or ID)
        self.changed.emit()

    def _tell(self, *_: object) -> None:
        self.changed.emit()
