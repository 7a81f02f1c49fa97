"""How a user gets from a sensor on the map to its chart: Identify's results, and the link in a map tip."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote

from qgis.core import Qgis, QgsFeature, QgsMapLayer, QgsProject, QgsVectorLayer
from qgis.gui import QgsGui, QgsMapLayerAction, QgsMapLayerActionContext
from qgis.PyQt.QtCore import QObject, QUrl, pyqtSlot
from qgis.PyQt.QtGui import QDesktopServices

from ..map.live.layers import LiveLayers
from ..map.live.source import source_of
from ..text import tr
from .chart_dock import ChartDock
from .icons import icon

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

SCHEME = "citytwin-chart"


class ShowChart(QgsMapLayerAction):
    """Offered for the features of live layers."""

    def canRunUsingLayer(self, layer: QgsMapLayer | None, _context: QgsMapLayerActionContext | None = None) -> bool:
        """QGIS asks."""
        return isinstance(layer, QgsVectorLayer) and source_of(layer) is not None


class ChartEntrances(QObject):
    """From its making until `stop`. A link is ``citytwin-chart:<layer id>/<datastream id>``, both percent-encoded."""

    def __init__(self, iface: QgisInterface, live_layers: LiveLayers, dock: ChartDock) -> None:
        super().__init__(dock)
        self._iface = iface
        self._live_layers = live_layers
        self._dock = dock
        target = Qgis.MapLayerActionTarget
        targets = Qgis.MapLayerActionTargets(target.SingleFeature | target.MultipleFeatures)
        self.action: ShowChart | None = ShowChart(tr("Show Chart"), self, Qgis.LayerType.Vector, targets, icon("chart"))
        self.action.triggeredForFeatureV2.connect(self._show_one)
        self.action.triggeredForFeaturesV2.connect(self._show_several)
        QgsGui.mapLayerActionRegistry().addMapLayerAction(self.action)
        QDesktopServices.setUrlHandler(SCHEME, self, "open")

    def stop(self) -> None:
        """Take both away again."""
        if self.action is None:
            return
        QgsGui.mapLayerActionRegistry().removeMapLayerAction(self.action)
        self.action.deleteLater()
        self.action = None
        QDesktopServices.unsetUrlHandler(SCHEME)

    @pyqtSlot(QUrl)
    def open(self, url: QUrl) -> None:
        """A link in a map tip was followed."""
        layer_id, datastream = parse(url)
        layer = QgsProject.instance().mapLayer(layer_id)
        feed = self._live_layers.feed_of(layer) if isinstance(layer, QgsVectorLayer) else None
        stream = feed.datastream(datastream) if feed is not None else None
        if feed is not None and stream is not None:
            self._dock.show_datastreams([(feed, stream)])
        else:
            self._say_gone()

    def _show_one(self, layer: QgsMapLayer, feature: QgsFeature, _context: object = None) -> None:
        self._show_several(layer, [feature])

    def _show_several(self, layer: QgsMapLayer, features: Sequence[QgsFeature], _context: object = None) -> None:
        if not isinstance(layer, QgsVectorLayer):
            return
        feed = self._live_layers.feed_of(layer)
        streams = [self._live_layers.datastream_of(layer, feature.id()) for feature in features]
        found = [(feed, stream) for stream in streams if feed is not None and stream is not None]
        if found:
            self._dock.show_datastreams(found)
        else:
            self._say_gone()

    def _say_gone(self) -> None:
        self._iface.messageBar().pushMessage(
            tr("This sensor is not on the map any more, or its service has not answered yet. Try again in a moment."),
            Qgis.MessageLevel.Warning,
        )


def parse(url: QUrl) -> tuple[str, str]:
    """The ids of layer and datastream that a link names; empty ones where it is none of ours."""
    text = bytes(url.toEncoded()).decode("ascii", "replace")
    scheme, _, rest = text.partition(":")
    layer, mark, datastream = rest.partition("/")
    if scheme.lower() != SCHEME or not mark:
        return "", ""
    return unquote(layer), unquote(datastream)
