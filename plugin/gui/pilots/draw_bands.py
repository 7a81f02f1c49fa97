"""The area that is being drawn, on the map: what it is, what was left to others, and where something is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsGeometry,
    QgsRectangle,
)
from qgis.gui import QgsMapCanvas, QgsRubberBand
from qgis.PyQt.QtCore import QObject, Qt
from qgis.PyQt.QtGui import QColor

from ...pilots.problems import Problem
from ..canvas_preview import CanvasPreview
from ..extent_choice import transformed

AREA = QColor("#0a9396")
_COLOURS = {"error": QColor(205, 50, 40), "warning": QColor(224, 138, 0), "notice": QColor(90, 110, 130)}
_HALO = QColor(255, 255, 255, 200)
# those that have a spot of their own; of the others the place is all of the area
_SPOTS = {"overlap", "outside", "partly-outside", "invalid", "sliver", "holes"}
MOST = 60  # spots drawn at once


class Bands(QObject):
    """Drawn until `clear`. Geometries are ISO WKB in ``crs``."""

    def __init__(self, canvas: QgsMapCanvas, parent: QObject) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._crs = QgsCoordinateReferenceSystem()
        self._bands: list[QgsRubberBand] = []
        self._shown: tuple[bytes | None, bytes | None, tuple[Problem, ...]] = (None, None, ())
        self._listening = False

    @property
    def bands(self) -> tuple[QgsRubberBand, ...]:
        return tuple(self._bands)

    def show(
        self, area: bytes | None, whole: bytes | None, problems: Sequence[Problem], crs: QgsCoordinateReferenceSystem
    ) -> None:
        """Draw this, and only this. ``whole``: the area before others' ground was cut off."""
        shown = (area, whole, tuple(problems))
        if not self._listening:
            self._canvas.destinationCrsChanged.connect(self._redraw)
            self._listening = True
        if shown != self._shown or crs != self._crs:
            self._shown, self._crs = shown, crs
            self._redraw()

    def clear(self) -> None:
        """Leave nothing on the map, and listen to it no more. Ending twice does no harm."""
        self._shown = (None, None, ())
        self._redraw()
        if self._listening:
            self._canvas.destinationCrsChanged.disconnect(self._redraw)
            self._listening = False

    def zoom(self, problem: Problem) -> None:
        """Show where it is, and flash it."""
        spot = _geometry(problem.place)
        if spot is None or problem.box is None:
            return
        crs = QgsCoordinateReferenceSystem.fromEpsgId(problem.srid)
        CanvasPreview(self._canvas).zoom(problem.box, crs)
        self._canvas.flashGeometries([spot], crs, _COLOURS[problem.severity])

    def zoom_to(self, wkb: bytes | None, crs: QgsCoordinateReferenceSystem) -> None:
        """Show an area, if the map shows none of it."""
        found = _geometry(wkb)
        if found is None:
            return
        preview, box = CanvasPreview(self._canvas), found.boundingBox()
        edges = (box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum())
        if not _whole(self._canvas, box, crs):
            preview.zoom(edges, crs)

    def _redraw(self) -> None:
        for band in self._bands:
            self._canvas.scene().removeItem(band)
        self._bands = []
        area, whole, problems = self._shown
        if whole is not None and whole != area:
            self._draw(_geometry(whole), self._crs, AREA, Qt.PenStyle.DashLine, Qt.BrushStyle.NoBrush)
        self._draw(_geometry(area), self._crs, AREA, Qt.PenStyle.SolidLine, Qt.BrushStyle.SolidPattern)
        for problem in [one for one in problems if one.code in _SPOTS][:MOST]:
            crs = QgsCoordinateReferenceSystem.fromEpsgId(problem.srid)
            colour = _COLOURS[problem.severity]
            self._draw(_geometry(problem.place), crs, colour, Qt.PenStyle.SolidLine, Qt.BrushStyle.BDiagPattern)

    def _draw(
        self,
        shape: QgsGeometry | None,
        crs: QgsCoordinateReferenceSystem,
        colour: QColor,
        line: Qt.PenStyle,
        brush: Qt.BrushStyle,
    ) -> None:
        if shape is None:
            return
        band = QgsRubberBand(self._canvas, shape.type())
        fill = QColor(colour)
        fill.setAlpha(40 if brush == Qt.BrushStyle.SolidPattern else 160)
        band.setStrokeColor(colour)
        band.setSecondaryStrokeColor(_HALO)
        band.setFillColor(fill)
        band.setBrushStyle(brush)
        band.setLineStyle(line)
        band.setWidth(2)
        if shape.type() == Qgis.GeometryType.Point:
            band.setIcon(QgsRubberBand.IconType.ICON_X)
            band.setIconSize(12)
            band.setWidth(3)
        band.setToGeometry(shape, crs)
        self._bands.append(band)


def _geometry(wkb: bytes | None) -> QgsGeometry | None:
    found = QgsGeometry()
    if wkb:
        found.fromWkb(wkb)
    return None if found.isNull() or found.isEmpty() else found


def _whole(canvas: QgsMapCanvas, box: QgsRectangle, crs: QgsCoordinateReferenceSystem) -> bool:
    """Whether the map shows all of ``box``, and not as a mere dot."""
    here = transformed(box, crs, canvas.mapSettings().destinationCrs())
    shown = canvas.extent()
    if here is None or not shown.contains(here):
        return False
    return max(here.width() / shown.width(), here.height() / shown.height()) > 0.02 if not shown.isEmpty() else False
