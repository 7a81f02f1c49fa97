"""Where crossings are: their sensors selected, flashed and brought into view."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from qgis.core import QgsCoordinateTransform, QgsProject, QgsRectangle, QgsVectorLayer
from qgis.PyQt.QtGui import QColor

from .thresholds_kept import same_service

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from .feed import Feed
    from .layers import LiveLayers

_CLOSEST = 10_000.0  # scale for one sensor, or for several at one place
_FLASHED = 300  # more would only hold up the window
_COLOUR = (217, 72, 15)


def show(iface: QgisInterface | None, live_layers: LiveLayers, sensors: Iterable[tuple[str, str]]) -> int:
    """Select, flash and zoom to ``sensors`` (service, datastream) wherever a live layer has them; how many were
    found. Main thread."""
    wanted: dict[str, set[str]] = {}
    for service, datastream in sensors:
        wanted.setdefault(service, set()).add(datastream)
    found: set[tuple[str, str]] = set()
    box = QgsRectangle()
    box.setNull()
    for layer in live_layers.all():
        ids = {}
        feed = live_layers.feed_of(layer)
        for service, datastreams in wanted.items():
            if feed is None or not serves(feed, service):
                continue
            for datastream in datastreams:
                fid = live_layers.feature_id(layer, datastream)
                if fid is not None:
                    ids[fid] = (service, datastream)
        layer.selectByIds(list(ids))
        if not ids:
            continue
        found.update(ids.values())
        node = QgsProject.instance().layerTreeRoot().findLayer(layer.id())
        if node is not None:
            node.setItemVisibilityCheckedParentRecursive(True)
        if iface is not None:
            canvas = iface.mapCanvas()
            start, end = QColor(*_COLOUR, 255), QColor(*_COLOUR, 0)
            canvas.flashFeatureIds(layer, list(ids)[:_FLASHED], start, end)
            box.combineExtentWith(_box(layer, canvas.mapSettings().destinationCrs()))
    if iface is not None and not box.isNull():
        _zoom(iface, box)
    return len(found)


def serves(feed: Feed, service: str) -> bool:
    """Whether ``feed`` is of that service, by its own address or by that of the twin that links it."""
    known = feed.service.url if feed.service is not None else feed.url
    return same_service(feed.url, service) or same_service(known, service)


def _box(layer: QgsVectorLayer, crs: object) -> QgsRectangle:
    """Of the layer's selected features, in ``crs``."""
    box = layer.boundingBoxOfSelected()
    if box.isNull():
        return box
    return QgsCoordinateTransform(layer.crs(), crs, QgsProject.instance()).transformBoundingBox(box)


def _zoom(iface: QgisInterface, box: QgsRectangle) -> None:
    canvas = iface.mapCanvas()
    wide = QgsRectangle(box)
    wide.scale(1.3)
    canvas.setExtent(wide) if wide.width() or wide.height() else canvas.setCenter(box.center())
    if canvas.scale() < _CLOSEST or not (box.width() or box.height()):
        canvas.setCenter(box.center())
        canvas.zoomScale(_CLOSEST)
    canvas.refresh()
