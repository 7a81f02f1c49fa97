"""A change on the map: the published outline dashed red, the working copy's green."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
    QgsReferencedRectangle,
)
from qgis.gui import QgsMapCanvas, QgsRubberBand
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor

from ..workcopy.changes import Change
from ..workcopy.geometry import wkb_of

OLD, NEW = QColor(205, 50, 40), QColor(30, 150, 80)
_HALO = QColor(255, 255, 255, 200)
_AROUND = 1.6  # how much more than the change itself Zoom To shows
_LEAST = 60.0  # metres that Zoom To shows at least
_DEGREE = 111_000.0  # metres, near enough
MOST = 20  # changes drawn at once


class CanvasPreview:
    """Draws the geometries of selected changes over the map until told otherwise."""

    def __init__(self, canvas: QgsMapCanvas) -> None:
        self._canvas = canvas
        self._bands: list[QgsRubberBand] = []

    def show(self, changes: Sequence[tuple[Change, QgsCoordinateReferenceSystem]]) -> None:
        """Draw these changes, and these only. Main thread."""
        self.clear()
        for change, crs in changes[:MOST]:
            old, new = geometries(change)
            if old is not None:
                self._draw(old, crs, OLD, Qt.PenStyle.DashLine)
            if new is not None:
                self._draw(new, crs, NEW, Qt.PenStyle.SolidLine)

    def clear(self) -> None:
        """Take everything off the map."""
        for band in self._bands:
            self._canvas.scene().removeItem(band)
        self._bands = []

    @property
    def bands(self) -> tuple[QgsRubberBand, ...]:
        return tuple(self._bands)

    def _draw(
        self, geometry: QgsGeometry, crs: QgsCoordinateReferenceSystem, colour: QColor, style: Qt.PenStyle
    ) -> None:
        band = QgsRubberBand(self._canvas, geometry.type())
        fill = QColor(colour)
        fill.setAlpha(28 if style == Qt.PenStyle.SolidLine else 10)
        band.setStrokeColor(colour)
        band.setSecondaryStrokeColor(_HALO)  # so that it is seen on any map
        band.setFillColor(fill)
        band.setWidth(2)
        band.setLineStyle(style)
        if geometry.type() == Qgis.GeometryType.Point:
            band.setIcon(QgsRubberBand.IconType.ICON_CIRCLE)
            band.setIconSize(12)
        band.setToGeometry(geometry, crs)
        self._bands.append(band)

    # -- where it is -------------------------------------------------------------------------------------------------

    def zoom(self, box: Sequence[float], crs: QgsCoordinateReferenceSystem) -> None:
        """Show ``box`` (min x, min y, max x, max y in ``crs``) with something around it."""
        least = _LEAST / _DEGREE if crs.isGeographic() else _LEAST
        extent = QgsRectangle(*box)
        centre = extent.center()
        width, height = max(extent.width() * _AROUND, least), max(extent.height() * _AROUND, least)
        extent = QgsRectangle(
            centre.x() - width / 2, centre.y() - height / 2, centre.x() + width / 2, centre.y() + height / 2
        )
        if self._canvas.mapSettings().destinationCrs().isValid():
            self._canvas.setReferencedExtent(QgsReferencedRectangle(extent, crs))
        else:
            self._canvas.setExtent(extent)
        self._canvas.refresh()

    def flash(self, changes: Sequence[tuple[Change, QgsCoordinateReferenceSystem]]) -> None:
        """Flash the changes' geometries where they are on the map."""
        by_crs: dict[str, tuple[QgsCoordinateReferenceSystem, list[QgsGeometry]]] = {}
        for change, crs in changes:
            old, new = geometries(change)
            wanted = new if new is not None else old
            if wanted is not None:
                by_crs.setdefault(crs.authid(), (crs, []))[1].append(wanted)
        for crs, found in by_crs.values():
            self._canvas.flashGeometries(found, crs, QColor(NEW.red(), NEW.green(), NEW.blue(), 255))

    def sees(self, box: Sequence[float], crs: QgsCoordinateReferenceSystem) -> bool:
        """Whether the map shows any of ``box``."""
        settings = self._canvas.mapSettings()
        transform = QgsCoordinateTransform(crs, settings.destinationCrs(), QgsProject.instance())
        try:
            return bool(settings.visibleExtent().intersects(transform.transformBoundingBox(QgsRectangle(*box))))
        except QgsCsException:
            return False


def geometries(change: Change) -> tuple[QgsGeometry | None, QgsGeometry | None]:
    """The published and the local geometry, where the geometry is part of the change."""
    cell = next((cell for cell in change.cells if cell.geometry), None)
    return (_geometry(cell.old), _geometry(cell.new)) if cell else (None, None)


def _geometry(blob: Any) -> QgsGeometry | None:
    if not isinstance(blob, bytes):
        return None
    geometry = QgsGeometry()
    geometry.fromWkb(wkb_of(blob))
    return None if geometry.isNull() or geometry.isEmpty() else geometry
