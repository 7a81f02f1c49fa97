"""Writes the project that QGIS Server serves: run as a program, in a process of its own.

python qgis_project.py PROJECT.qgs PORT DATABASE ROLE
"""

from __future__ import annotations

import sys

from qgis.core import QgsApplication, QgsCoordinateReferenceSystem, QgsDataSourceUri, QgsProject, QgsVectorLayer

_LAYERS = {"buildings": ("Polygon", 28992), "benches": ("Point", 28992), "trees": ("Point", 4326)}


def main(path: str, port: str, database: str, role: str) -> int:
    """Layers of the schema ``city`` with all rights of WFS-T; 1 where a layer cannot be opened."""
    application = QgsApplication([], False)
    application.initQgis()
    project = QgsProject.instance()
    project.setCrs(QgsCoordinateReferenceSystem("EPSG:28992"))
    project.setTitle("City on QGIS Server")
    served = []
    for name, (_geometry, srid) in _LAYERS.items():
        uri = QgsDataSourceUri()
        uri.setConnection("127.0.0.1", port, database, role, "")
        uri.setDataSource("city", name, "geom", "", "fid")
        uri.setSrid(str(srid))
        layer = QgsVectorLayer(uri.uri(False), name, "postgres")
        if not layer.isValid():
            print(f"{name}: {layer.error().message()}", file=sys.stderr)
            return 1
        project.addMapLayer(layer)
        served.append(layer.id())
    project.writeEntry("WFSLayers", "/", served)
    for identity in served:
        project.writeEntry("WFSLayersPrecision", f"/{identity}", 8)
    for right in ("Insert", "Update", "Delete"):
        project.writeEntry("WFSTLayers", right, served)
    project.writeEntry("WMSServiceCapabilities", "/", True)
    project.writeEntry("WMSServiceTitle", "/", "City on QGIS Server")
    written = project.write(path)
    project.clear()
    application.exitQgis()
    return 0 if written else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:5]))
