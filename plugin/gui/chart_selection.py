"""Which sensors the user selected on the map."""

from __future__ import annotations

from qgis.core import QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ..map.live.feed import Feed
from ..map.live.layers import LiveLayers
from ..twin.sensorthings import Datastream


class ChartSelection(QObject):
    """``changed()``: another selection in a live layer."""

    changed = pyqtSignal()

    def __init__(self, live_layers: LiveLayers, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._live_layers = live_layers
        self._heard: dict[str, QgsVectorLayer] = {}
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self.changed)
        live_layers.added.connect(self._added)
        live_layers.removed.connect(self._removed)
        for layer in live_layers.all():
            self._added(layer)

    def stop(self) -> None:
        """Let the layers go."""
        self._live_layers.added.disconnect(self._added)
        self._live_layers.removed.disconnect(self._removed)
        for id in list(self._heard):
            self._removed(id)
        self._soon.stop()

    @property
    def count(self) -> int:
        """How many features of live layers are selected."""
        return sum(layer.selectedFeatureCount() for layer in self._heard.values() if not sip.isdeleted(layer))

    def sensors(self, most: int) -> list[tuple[Feed, Datastream]]:
        """What the selected features show, the first ``most`` of them and one more."""
        found: dict[tuple[str, str], tuple[Feed, Datastream]] = {}
        for layer in self._live_layers.all():
            feed = self._live_layers.feed_of(layer)
            if feed is None:
                continue
            for fid in sorted(layer.selectedFeatureIds()):
                stream = self._live_layers.datastream_of(layer, fid)
                if stream is not None:
                    found[(feed.url, stream.id)] = (feed, stream)
                if len(found) > most:
                    return list(found.values())
        return list(found.values())

    def _added(self, layer: QgsVectorLayer) -> None:
        if layer.id() not in self._heard:
            self._heard[layer.id()] = layer
            layer.selectionChanged.connect(self._selected)
        self._soon.start()

    def _removed(self, id: str) -> None:
        layer = self._heard.pop(id, None)
        if layer is not None and not sip.isdeleted(layer):
            layer.selectionChanged.disconnect(self._selected)
        self._soon.start()

    def _selected(self, *_: object) -> None:
        self._soon.start()
