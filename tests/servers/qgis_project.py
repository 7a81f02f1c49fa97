"""Writes the project that QGIS Server serves: run as a program, in a process of its own.

python qgis_project.py PROJECT.qgs PORT DATABASE ROLE
python qgis_project.py PROJECT.qgs FILE.gpkg
"""

from __future__ import annotations

import sys

from qgis.core import QgsApplication, QgsCoordinateReferenceSystem, QgsDataSourceUri, QgsProject, QgsVectorLayer

_LAYERS = {"buildings": 28992, "benches": 28992, "trees": 4326}


def main(path: str, *place: str) -> int:
    """Layers with all rights of WFS-T; 1 where a layer cannot be opened."""
    application = QgsApplication([], False)
    application.initQgis()
    project = QgsProject.instance()
    project.setCrs(QgsCoordinateReferenceSystem("EPSG:28992"))
    project.setTitle("City on QGIS Server")
    served = []
    on_file = len(place) == 1
    for name, srid in _LAYERS.items() if on_file else {**_LAYERS, "signs": 28992}.items():
        layer = _of_file(name, *place) if on_file else _of_postgis(name, srid, *place)
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


def _of_postgis(name: str, srid: int, port: str, database: str, role: str) -> QgsVectorLayer:
    uri = QgsDataSourceUri()
    uri.setConnection("127.0.0.1", port, database, role, "")
    uri.setDataSource("city", name, "geom", "", "code" if name == "signs" else "fid")
    uri.setSrid(str(srid))
    return QgsVectorLayer(uri.uri(False), name, "postgres")


def _of_file(name: str, file: str) -> QgsVectorLayer:
    return QgsVectorLayer(f"{file}|layername={name}", name, "ogr")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
