"""What a reviewer does outside, in a QGIS that never saw the plugin: `test_field_review` has QGIS execute this file
(``qgis --code``). The package's folder comes in REVIEW_FOLDER; what was seen goes into ``outside.json`` beside it."""

import json
import os
import traceback
from pathlib import Path

import qgis.utils
from qgis.core import QgsGeometry, QgsPointXY, QgsProject, QgsVectorLayerUtils
from qgis.PyQt.QtCore import QEventLoop, QTimer
from qgis.PyQt.QtWidgets import QApplication
from qgis.utils import iface

FOLDER = Path(os.environ["REVIEW_FOLDER"])
HOUSE, HEIGHT = os.environ["REVIEW_HOUSE"], float(os.environ["REVIEW_HEIGHT"])
RESULT = FOLDER.with_name("outside.json")


def pause(milliseconds):
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def layer_of(table):
    (found,) = [
        layer for layer in QgsProject.instance().mapLayers().values() if f"|layername={table}" in f"{layer.source()}|"
    ]
    return found


def work():
    if not iface.addProject(str(FOLDER / "review.qgz")):
        raise RuntimeError("the project does not open")
    layers = QgsProject.instance().mapLayers().values()
    seen = {
        "plugins": sorted(qgis.utils.plugins),
        "invalid": [layer.name() for layer in layers if not layer.isValid()],
        "absolute": [layer.name() for layer in layers if str(FOLDER) not in layer.source() and "|" in layer.source()],
    }
    buildings, reviews = layer_of("buildings"), layer_of("reviews")
    (house,) = [feature for feature in buildings.getFeatures() if feature["twin_id"] == HOUSE]
    buildings.startEditing()
    buildings.changeAttributeValue(house.id(), buildings.fields().lookupField("height"), HEIGHT)
    seen["edited"] = buildings.commitChanges()
    place = house.geometry().centroid().asPoint()
    fields = reviews.fields()
    words = {"kind": "wrong", "text": "Two storeys more than the twin shows", "photo": "photos/front.jpg",
             "about": "buildings", "about_id": HOUSE, "author": "JvD"}  # fmt: skip
    note = QgsVectorLayerUtils.createFeature(
        reviews, QgsGeometry.fromPointXY(QgsPointXY(place)), {fields.lookupField(k): v for k, v in words.items()}
    )
    reviews.startEditing()
    reviews.addFeature(note)
    seen["noted"] = reviews.commitChanges()
    (kept,) = [feature for feature in reviews.getFeatures() if feature["author"] == "JvD"]
    seen["note"] = {name: str(kept[name]) for name in ("kind", "status", "key", "photo")}
    seen["note"]["noted"] = kept["noted"].toUTC().toString("yyyy-MM-dd")
    iface.mainWindow().showMaximized()
    iface.mainWindow().setGeometry(QApplication.primaryScreen().availableGeometry())
    box = house.geometry().boundingBox()
    iface.mapCanvas().setExtent(box.buffered(120))
    iface.messageBar().clearWidgets()
    iface.mapCanvas().refresh()
    pause(1500)
    while iface.mapCanvas().isDrawing():
        pause(100)
    pause(300)
    QApplication.primaryScreen().grabWindow(0).save(os.environ["REVIEW_PICTURE"])
    return seen


def run():
    try:
        seen = work()
    except Exception:
        seen = {"error": traceback.format_exc()}
    RESULT.write_text(json.dumps(seen), encoding="utf-8")
    QgsProject.instance().clear()
    os._exit(0)


iface.initializationCompleted.connect(lambda: QTimer.singleShot(300, run))
