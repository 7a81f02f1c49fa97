"""For `test_review_background`: a package opened by QGIS's libraries alone, in a process without the plugin.

Arguments: the package's folder, and a file for a picture of its map; what it saw is printed as JSON.
"""

import json
import sys
from pathlib import Path

from qgis.core import Qgis, QgsApplication, QgsMapRendererParallelJob, QgsMapSettings, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QSize, Qt


def picture(project, layers, extent):
    """What the map shows of ``layers``."""
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setDestinationCrs(project.crs())
    settings.setTransformContext(project.transformContext())
    settings.setExtent(extent)
    settings.setOutputSize(QSize(400, 300))
    settings.setBackgroundColor(Qt.GlobalColor.white)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    return job.renderedImage()


def work(folder, target):
    project = QgsProject.instance()
    if not project.read(str(folder / "review.qgz")):
        raise RuntimeError(project.error())
    order = project.layerTreeRoot().layerOrder()
    (below,) = [layer for layer in order if isinstance(layer, QgsRasterLayer)]
    (kept,) = [layer for layer in order if layer.customProperty("citytwin/snapshot")]
    middle = project.viewSettings().defaultViewExtent()
    picture(project, order, middle).save(str(target))
    ground = picture(project, [below], middle).pixelColor(200, 150)
    rows = list(kept.getFeatures())
    return {
        "modules": sorted(name for name in sys.modules if name.startswith(("city_twin", "plugin"))),
        "invalid": [layer.name() for layer in order if not layer.isValid()],
        "lowest": order[-1].id() == below.id(),
        "shown": [project.layerTreeRoot().findLayer(layer).isVisible() for layer in (below, kept)],
        "size": [below.width(), below.height()],
        "ground": [ground.red(), ground.green(), ground.blue()],
        "snapshot": kept.name(),
        "taken": sorted({row["snapshot_time"].toString(Qt.DateFormat.ISODate) for row in rows}),
        "values": {str(row["datastream"]): row["result"] for row in rows if isinstance(row["result"], float)},
        "units": sorted({str(row["unit"]) for row in rows}),
        "points": kept.geometryType() == Qgis.GeometryType.Point and sum(row.hasGeometry() for row in rows),
        "read_only": kept.readOnly(),
        "drawn_by": kept.renderer().type(),
    }


if __name__ == "__main__":
    app = QgsApplication([], False)
    app.initQgis()
    print(json.dumps(work(Path(sys.argv[1]), Path(sys.argv[2]))))
    QgsProject.instance().clear()
    app.exitQgis()
