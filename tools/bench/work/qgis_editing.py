"""QGIS's own OAPIF provider sends edits: ``URL COLLECTION COUNT``. Reading and editing come before the clock starts."""

from __future__ import annotations

import os
import sys
import time

from qgis.core import QgsApplication, QgsFeatureRequest, QgsVectorLayer

from .edit import COLUMN
from .telling import tell


def main(url: str, collection: str, count: str) -> None:
    app = QgsApplication([], False)
    app.initQgis()
    layer = QgsVectorLayer(f"url='{url}' typename='{collection}' pagingEnabled='default'", collection, "OAPIF")
    features = list(layer.getFeatures(QgsFeatureRequest().setLimit(int(count))))
    column = layer.fields().indexOf(COLUMN)
    layer.startEditing()
    for feature in features:
        layer.changeAttributeValue(feature.id(), column, (feature[COLUMN] or 0) + 1)
    started = time.perf_counter()
    if not layer.commitChanges():
        raise SystemExit(" ".join(layer.commitErrors()))
    tell(time.perf_counter() - started, count=len(features))


if __name__ == "__main__":
    main(*sys.argv[1:])
    os._exit(0)  # its own way out crashes now and then
