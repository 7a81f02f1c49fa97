"""Drawing layers of GeoPackages as QGIS's map draws them: ``TIMES NAME=FILE…``, in turn, at several extents.

Every layer has the same symbol. Tells the milliseconds by extent and name.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsFillSymbol,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsRectangle,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
    QgsVectorSimplifyMethod,
)
from qgis.PyQt.QtCore import QSize

from .telling import tell

# metres of RD, in the middle of Rotterdam
EXTENTS = {
    "the whole city": (82_000, 428_000, 103_000, 447_000),
    "a district (5 km)": (90_000, 434_000, 95_000, 439_000),
    "a neighbourhood (1 km)": (92_000, 436_500, 93_000, 437_500),
    "a street (200 m)": (92_400, 436_900, 92_600, 437_100),
}
SIZE = QSize(1600, 1000)


def main(times: str, *named: str) -> None:
    app = QgsApplication([], True)
    app.initQgis()
    layers = {name: layer_of(path) for name, _, path in (one.partition("=") for one in named)}
    for layer in layers.values():
        layer.setRenderer(QgsSingleSymbolRenderer(QgsFillSymbol.createSimple({"color": "#d9b38c"})))
    found: dict[str, dict[str, list[float]]] = {extent: {name: [] for name in layers} for extent in EXTENTS}
    images: dict[str, set[bytes]] = {extent: set() for extent in EXTENTS}
    began = time.perf_counter()
    for turn in range(int(times) + 1):
        for extent, box in EXTENTS.items():
            for name in reversed(layers) if turn % 2 else layers:
                seconds, image = draw(layers[name], box)
                images[extent].add(image)
                if turn:  # the first fills the caches
                    found[extent][name].append(seconds * 1000)
    tell(
        time.perf_counter() - began,
        extents=found,
        alike={extent: len(kinds) == 1 for extent, kinds in images.items()},
    )


def layer_of(path: str) -> Any:
    options = QgsVectorLayer.LayerOptions(False)  # without the style in the file
    layer = QgsVectorLayer(path, path, "ogr", options)
    if not layer.isValid():
        raise SystemExit(f"{path} is no layer")
    method = QgsVectorSimplifyMethod()
    method.setSimplifyHints(QgsVectorSimplifyMethod.SimplifyHint.GeometrySimplification)  # as on QGIS's map
    layer.setSimplifyMethod(method)
    return layer


def draw(layer: Any, box: tuple[float, float, float, float]) -> tuple[float, bytes]:
    """Seconds, and the picture's bytes."""
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    settings.setOutputSize(SIZE)
    settings.setExtent(QgsRectangle(*box))
    settings.setFlag(QgsMapSettings.Flag.UseRenderingOptimization, True)
    job = QgsMapRendererSequentialJob(settings)
    started = time.perf_counter()
    job.start()
    job.waitForFinished()
    seconds = time.perf_counter() - started
    image = job.renderedImage()
    bits = image.constBits()
    return seconds, bytes(bits.asarray(image.sizeInBytes()))


if __name__ == "__main__":
    main(*sys.argv[1:])
    os._exit(0)  # QGIS's own way out crashes now and then
