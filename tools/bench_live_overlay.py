"""From nothing to the latest value at every station on the map, in a process of its own, without a window:

    python -m tools.bench_live_overlay ours|qgis URL DATASTREAMS [PAGE]

prints one line of JSON, ``{"seconds": …, "features": …}``; QGIS's own start is not in it. ``qgis`` is QGIS's own
SensorThings provider as a user can set it best for this: the places, expanded to the latest observation of each of
their datastreams; PAGE is its page size.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time

from qgis.core import NULL, QgsApplication, QgsVectorLayer
from qgis.PyQt.QtCore import QEventLoop, QTimer

_PATIENCE = 300.0
EXPAND = "Thing:limit=10;Datastream:limit=10;Observation:orderby=phenomenonTime,desc:limit=1"


def main(arguments: list[str]) -> int:
    who, url, count = arguments[0], arguments[1], int(arguments[2])
    application = QgsApplication([], True)
    application.initQgis()
    if who == "ours":
        importlib.import_module("plugin.map.live.layers")  # as QGIS's provider, the plugin is there before
    begin = time.perf_counter()
    found = ours(url, count) if who == "ours" else qgis(url, arguments[3])
    seconds = time.perf_counter() - begin
    print(json.dumps({"seconds": seconds, "features": found}), flush=True)
    os._exit(0 if found == count else 1)  # QGIS's own way out crashes now and then


def ours(url: str, count: int) -> int:
    """Features with a value, once there are ``count`` of them."""
    from plugin.map.connections import Connection
    from plugin.map.live import fields
    from plugin.map.live.feeds import Feeds
    from plugin.map.live.layers import LiveLayers
    from plugin.map.live.source import LiveSource

    feeds = Feeds()
    layers = LiveLayers(feeds, None)
    layer = layers.add(LiveSource(url, "", "1", "Traffic speed"), Connection("Bench", url))
    column = fields.NAMES.index(fields.RESULT)
    end = time.perf_counter() + _PATIENCE
    while time.perf_counter() < end:
        loop = QEventLoop()
        QTimer.singleShot(10, loop.quit)
        loop.exec()
        if layer.featureCount() >= count and _valued(layer, column) >= count:
            break
    return _valued(layer, column)


def qgis(url: str, page: str) -> int:
    layer = QgsVectorLayer(
        f"url='{url}' entity='Location' type=PointZ pageSize='{page}' featureLimit='0' expandTo='{EXPAND}'",
        "sensors", "sensorthings",
    )  # fmt: skip
    return _valued(layer, layer.fields().lookupField("Thing_Datastream_Observation_result"))


def _valued(layer: QgsVectorLayer, column: int) -> int:
    return sum(1 for feature in layer.getFeatures() if feature.attribute(column) not in (None, NULL, ""))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
