"""One map of a conflict: outlines over the project's map, which stands back behind a veil."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
)
from qgis.gui import QgsMapCanvas, QgsMapToolPan, QgsRubberBand, QgsVertexMarker
from qgis.PyQt.QtCore import QEvent, QRectF, Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QPen, QResizeEvent
from qgis.PyQt.QtWidgets import QFrame, QGraphicsRectItem, QLabel, QWidget

from .conflict_colours import COLOURS

_VEIL = 175  # of 255: how far the project's map stands back
_HALO = QColor(255, 255, 255, 215)
_HUGE = 20_000  # pixels; the veil covers the map however it is resized


@dataclass(frozen=True)
class Outline:
    """What to draw of one side. ``changed`` and ``gone`` are vertices to mark, in the geometry's CRS."""

    side: str
    geometry: QgsGeometry | None
    changed: Sequence[tuple[float, float]] = ()
    gone: Sequence[tuple[float, float]] = ()


class SideMap(QgsMapCanvas):
    """A map to look at: it pans and zooms, and shows the layers that the main map shows."""

    left = pyqtSignal()  # the mouse went away

    def __init__(self, side: str, main: QgsMapCanvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.side = side
        self._main = main
        self._bands: list[QgsRubberBand] = []
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMinimumSize(140, 110)
        self.enableAntiAliasing(True)
        self._pan = QgsMapToolPan(self)
        self.setMapTool(self._pan)
        self._veil = QGraphicsRectItem(QRectF(-_HUGE, -_HUGE, 2 * _HUGE, 2 * _HUGE))
        self._veil.setPen(QPen(Qt.PenStyle.NoPen))
        self._veil.setZValue(-5)  # QGIS draws the map at -10
        self.scene().addItem(self._veil)
        self._cross = QgsVertexMarker(self)
        self._cross.setIconType(QgsVertexMarker.IconType.ICON_CROSS)
        self._cross.setColor(QColor(60, 60, 60))
        self._cross.setPenWidth(1)
        self._cross.setIconSize(14)
        self._cross.hide()
        self._note = QLabel(self)
        self._note.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._note.setStyleSheet("background: rgba(200, 69, 59, 225); color: white; padding: 4px 10px;")
        self._note.hide()
        main.layersChanged.connect(self._take_layers)
        main.destinationCrsChanged.connect(self._take_crs)

    # -- what lies below ---------------------------------------------------------------------------------------------

    def _take_layers(self) -> None:
        if self.isVisible():
            self.setLayers(self._main.layers())

    def _take_crs(self) -> None:
        found = self._main.mapSettings().destinationCrs()
        if found.isValid() and found != self.mapSettings().destinationCrs():
            self.setDestinationCrs(found)

    def showEvent(self, event: QEvent) -> None:
        super().showEvent(event)
        self._take_layers()

    def _take_ground(self) -> None:
        ground = QColor(QgsProject.instance().backgroundColor())
        self.setCanvasColor(ground)
        ground.setAlpha(_VEIL)
        self._veil.setBrush(ground)

    # -- what is drawn -----------------------------------------------------------------------------------------------

    def draw(self, outlines: Sequence[Outline], crs: QgsCoordinateReferenceSystem) -> None:
        """Draw these over each other, and only these."""
        self.clear()
        self._take_ground()
        self._take_crs()
        if not self.mapSettings().destinationCrs().isValid():
            self.setDestinationCrs(crs)
        self._take_layers()
        for outline in outlines:
            if outline.geometry is not None:
                self._shape(outline, crs)
        for outline in outlines:
            if outline.geometry is not None and outline.geometry.type() != Qgis.GeometryType.Point:
                icons = QgsRubberBand.IconType
                self._marks(outline.gone, icons.ICON_X, COLOURS["base"], crs)
                self._marks(outline.changed, icons.ICON_FULL_DIAMOND, COLOURS[outline.side], crs)

    def _shape(self, outline: Outline, crs: QgsCoordinateReferenceSystem) -> None:
        geometry, colour = outline.geometry, COLOURS[outline.side]
        if geometry is None:
            return
        band = QgsRubberBand(self, geometry.type())
        fill = QColor(colour)
        below = outline.side == "base"
        fill.setAlpha(18 if below else 46)
        band.setStrokeColor(colour)
        band.setSecondaryStrokeColor(_HALO)
        band.setFillColor(fill)
        band.setWidth(2 if below else 3)
        band.setLineStyle(Qt.PenStyle.DashLine if below else Qt.PenStyle.SolidLine)
        if geometry.type() == Qgis.GeometryType.Point:
            band.setIcon(QgsRubberBand.IconType.ICON_CIRCLE)
            band.setIconSize(11 if below else 15)
            band.setLineStyle(Qt.PenStyle.SolidLine)
        band.setZValue(1 if below else 2)
        band.setToGeometry(geometry, crs)
        self._bands.append(band)

    def _marks(
        self,
        points: Sequence[tuple[float, float]],
        shape: QgsRubberBand.IconType,
        colour: QColor,
        crs: QgsCoordinateReferenceSystem,
    ) -> None:
        if not points:
            return
        band = QgsRubberBand(self, Qgis.GeometryType.Point)
        band.setIcon(shape)
        band.setIconSize(11)
        band.setColor(colour)
        band.setFillColor(colour)
        band.setSecondaryStrokeColor(_HALO)
        band.setWidth(2)
        band.setZValue(3)
        band.setToGeometry(QgsGeometry.fromMultiPointXY([QgsPointXY(x, y) for x, y in points]), crs)
        self._bands.append(band)

    @property
    def bands(self) -> tuple[QgsRubberBand, ...]:
        return tuple(self._bands)

    def clear(self) -> None:
        """Draw nothing."""
        self.stopRendering()
        for band in self._bands:
            self.scene().removeItem(band)
        self._bands = []
        self.point_nowhere()

    def tell(self, text: str) -> None:
        """A word over the map; an empty one goes away."""
        self._note.setText(text)
        self._note.adjustSize()
        self._note.setVisible(bool(text))
        self._place_note()

    # -- where it looks ----------------------------------------------------------------------------------------------

    def look_at(self, box: QgsRectangle, crs: QgsCoordinateReferenceSystem) -> None:
        """Show ``box`` of ``crs``."""
        transform = QgsCoordinateTransform(crs, self.mapSettings().destinationCrs(), QgsProject.instance())
        try:
            self.setExtent(transform.transformBoundingBox(box))
        except QgsCsException:
            return
        self.refresh()

    def point_at(self, point: QgsPointXY) -> None:
        """Mark where the mouse is on the other map."""
        self._cross.setCenter(point)
        self._cross.show()

    def point_nowhere(self) -> None:
        self._cross.hide()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.left.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_note()

    def _place_note(self) -> None:
        self._note.move((self.width() - self._note.width()) // 2, 10)
