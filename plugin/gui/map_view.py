"""The map's view: brought to a place, with something around it; and whether a place is in sight."""

from __future__ import annotations

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCsException,
    QgsProject,
    QgsRectangle,
    QgsReferencedRectangle,
)
from qgis.gui import QgsMapCanvas

_AROUND = 1.4  # how much more than the place itself is shown
_LEAST = 60.0  # metres that are shown at least
_DEGREE = 111_000.0  # metres, near enough


def zoom_to(canvas: QgsMapCanvas, box: QgsRectangle, crs: QgsCoordinateReferenceSystem) -> None:
    """Show ``box`` and something around it."""
    least = _LEAST / _DEGREE if crs.isGeographic() else _LEAST
    wide, high = max(box.width() * _AROUND, least), max(box.height() * _AROUND, least)
    extent = QgsRectangle.fromCenterAndSize(box.center(), wide, high)
    if canvas.mapSettings().destinationCrs().isValid() and crs.isValid():
        canvas.setReferencedExtent(QgsReferencedRectangle(extent, crs))
    else:
        canvas.setExtent(extent)
    canvas.refresh()


def sees(canvas: QgsMapCanvas, box: QgsRectangle, crs: QgsCoordinateReferenceSystem) -> bool:
    """Whether the map shows any of ``box``; not so where that cannot be known."""
    settings = canvas.mapSettings()
    way = QgsCoordinateTransform(crs, settings.destinationCrs(), QgsProject.instance())
    try:
        return bool(settings.visibleExtent().intersects(way.transformBoundingBox(box)))
    except QgsCsException:
        return False
