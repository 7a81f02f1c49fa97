"""Opening layers of files, in whatever thread."""

from __future__ import annotations

import threading

from qgis.core import QgsVectorLayer

# QGIS opens one file at a time, and calls Python meanwhile: two threads that open would wait for each other for ever,
# one for QGIS and the other for Python (seen with two reports at once).
_ONE = threading.RLock()


def ogr_layer(uri: str, name: str, options: QgsVectorLayer.LayerOptions | None = None) -> QgsVectorLayer:
    """The layer at ``uri``, through QGIS's own provider for GDAL; invalid where there is none."""
    with _ONE:
        if options is None:
            return QgsVectorLayer(uri, name, "ogr")
        return QgsVectorLayer(uri, name, "ogr", options)
