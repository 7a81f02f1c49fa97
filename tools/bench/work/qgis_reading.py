"""QGIS's own OAPIF provider reads a collection: ``URL COLLECTION PAGE_SIZE``. Nothing is written anywhere."""

from __future__ import annotations

import os
import sys
import time

from qgis.core import QgsApplication, QgsVectorLayer

from .telling import tell


def main(url: str, collection: str, page_size: str) -> None:
    app = QgsApplication([], False)
    app.initQgis()
    started = time.perf_counter()
    more = f"pagingEnabled='enabled' pageSize='{page_size}'"
    layer = QgsVectorLayer(f"url='{url}/' typename='{collection}' {more}", collection, "OAPIF")
    count = sum(1 for _ in layer.getFeatures())
    tell(time.perf_counter() - started, count=count, crs=layer.crs().authid())


if __name__ == "__main__":
    main(*sys.argv[1:])
    os._exit(0)  # its own way out crashes now and then
