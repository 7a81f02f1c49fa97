"""All that QGIS's window has for live sensors, put together: page, chart, log, dialogs, and what they share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qgis.core import QgsCoordinateReferenceSystem, QgsProject, QgsRectangle, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, Qt, QTimer
from qgis.PyQt.QtWidgets import QDialog

from ..map.live import three_d, tips
from ..map.live.area import stand_in
from ..map.live.feed import Feed
from ..map.live.feeds import Feeds
from ..map.live.layers import LiveLayers
from ..map.live.source import source_of
from ..map.live.thresholds import Thresholds
from ..twin.sensorthings import Datastream, ObservedProperty
from .chart_dock import ChartDock
from .chart_entrances import ChartEntrances
from .crossings_dock import CrossingsDock
from .demo_control import DemoControl
from .playback_dialog import PlaybackDialog
from .sensors_page import SensorsPage
from .snapshot_dialog import SnapshotDialog
from .threshold_dialog import ThresholdsDialog

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from ..map.project import ProjectCopies


_SOON, _TRIES = 50, 40  # ms until a new layer is looked for on the map again, and how often


class LiveDesk(QObject):
    """One for the plugin's life. Whoever owns the window adds `page` to the dock, and calls `stop`."""

    def __init__(
        self, iface: QgisInterface, copies: ProjectCopies, demo: DemoControl, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._iface = iface
        self._copies = copies
        self.dialog: QDialog | None = None
        self.feeds = Feeds(self)
        self.layers = LiveLayers(self.feeds, iface, self)
        self.thresholds = Thresholds(self.layers, self.feeds, iface, self)
        self.risen = three_d.Risen(self.layers, iface, self)
        tips.register(self.layers)
        window = iface.mainWindow()
        self.page = SensorsPage(iface, self.feeds, self.layers, demo)
        self.chart = ChartDock(iface, self.layers, window)
        self.chart.watch(self.thresholds)
        self.log = CrossingsDock(iface, self.thresholds, self.edit_thresholds, window)
        self.entrances = ChartEntrances(iface, self.layers, self.chart)
        for dock in (self.chart, self.log):
            iface.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, dock)
            dock.hide()
        window.tabifyDockWidget(self.log, self.chart)
        for dock in (self.chart, self.log):
            window.restoreDockWidget(dock)  # as it was when QGIS was left: QGIS looked before they were there
        self._tries = 0
        self._unseen: set[str] = set()  # layers that were just added, while they have no features
        self.page.desk.added.connect(self._added)
        self.layers.renewed.connect(self._look_at)
        self.page.chart_wanted.connect(self.show_chart)
        # what is in the chart of the page alone is read as long as somebody looks
        self.page.desk.chart_again.connect(self.chart.presenter.add)
        self.chart.presenter.changed.connect(self._charted)
        self.chart.closed.connect(self.page.desk.pause_chart)
        self.chart.opened.connect(self.page.desk.resume_chart)
        self.page.thresholds_wanted.connect(self._edit_thresholds_of)
        self.page.log_wanted.connect(self.show_log)
        self.page.snapshot_wanted.connect(self.keep_snapshot)
        self.page.playback_wanted.connect(self.play_back)
        self.thresholds.log_wanted.connect(self.show_log)
        self.thresholds.changed.connect(self.chart.presenter.refresh)

    def show_chart(self, wanted: Sequence[tuple[Feed, Datastream]] = ()) -> None:
        """The chart, of ``wanted`` where there is something wanted, else as it was."""
        if wanted:
            self.chart.show_datastreams(wanted)
        else:
            self.chart.setUserVisible(True)

    def show_log(self) -> None:
        """What crossed a threshold when."""
        self.log.setUserVisible(True)

    def edit_thresholds(self) -> None:
        """What is watched."""
        self._open(ThresholdsDialog(self.thresholds, self._iface.mainWindow()))

    def _edit_thresholds_of(self, observed: ObservedProperty) -> None:
        self._open(ThresholdsDialog(self.thresholds, self._iface.mainWindow(), observed=observed))

    def _charted(self) -> None:
        self.page.desk.charted({sensor.key for sensor in self.chart.presenter.sensors})

    def keep_snapshot(self, layer: QgsVectorLayer | None = None) -> None:
        """Keep what a live layer shows now in a file."""
        chosen = layer if layer is not None else self._current()
        self._open(SnapshotDialog(self._iface, self._copies, self.layers, chosen, self._iface.mainWindow()))

    def play_back(self, layer: QgsVectorLayer | None = None) -> None:
        """Show what a live layer's sensors said before, driven by the Temporal Controller."""
        chosen = layer if layer is not None else self._current()
        self._open(PlaybackDialog(self._iface, self.layers, self.thresholds, chosen, self._iface.mainWindow()))

    def _added(self, made: Sequence[QgsVectorLayer]) -> None:
        self._tries = _TRIES
        for layer in made:
            self._unseen.add(layer.id())
            if layer.featureCount() > 0:
                self._look_at(layer)

    def _look_at(self, layer: QgsVectorLayer) -> None:
        """Zoom to a new layer where nothing else is on the map: QGIS does so only for a layer that has features. It has
        also taken the layer's degrees for the map, in which a city is squeezed and has no 3D."""
        if sip.isdeleted(layer) or layer.id() not in self._unseen:
            return
        canvas = self._iface.mapCanvas()
        if layer not in canvas.layers():  # QGIS puts it there in a later turn, and chooses the map's CRS with it
            if QgsProject.instance().layerTreeRoot().findLayer(layer.id()) is not None and self._tries:
                self._tries -= 1
                QTimer.singleShot(_SOON, lambda: self._look_at(layer))
            return
        self._unseen.discard(layer.id())
        feed, source = self.layers.feed_of(layer), source_of(layer)
        area = stand_in(feed.datastreams(source)) if feed is not None and source is not None else None
        if area is None or any(source_of(one) is None for one in canvas.layers()):
            return
        if QgsProject.instance().crs() == layer.crs():
            # one for which no transformation is to be chosen: QGIS would ask, and wait
            QgsProject.instance().setCrs(QgsCoordinateReferenceSystem("EPSG:3857"))
        box = canvas.mapSettings().layerExtentToOutputExtent(layer, QgsRectangle(*area))
        if not canvas.extent().contains(box.center()):
            canvas.zoomToFeatureExtent(box)

    def _current(self) -> QgsVectorLayer | None:
        """The layer that is chosen in the layer tree, if it is live."""
        layer = self._iface.activeLayer()
        return layer if isinstance(layer, QgsVectorLayer) and self.layers.feed_of(layer) is not None else None

    def _open(self, dialog: QDialog) -> None:
        """One at a time; the map stays at hand meanwhile."""
        if self.dialog is not None:
            dialog.deleteLater()
            self.dialog.raise_()
            self.dialog.activateWindow()
            return
        self.dialog = dialog
        dialog.finished.connect(self._closed)
        dialog.open()

    def _closed(self, _result: int = 0) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            dialog.deleteLater()

    def stop(self) -> None:
        """At unload: end what runs, and take the docks away. The page ends with the dock that it is in."""
        self._unseen.clear()
        if self.dialog is not None:
            self.dialog.done(0)  # not `reject`: a dialog that loads would only stop loading
        self.entrances.stop()
        self.chart.stop()
        self.log.stop()
        self.thresholds.stop()
        tips.unregister()
        self.risen.stop()
        self.layers.stop()
        self.feeds.stop()
        for dock in (self.chart, self.log):
            self._iface.removeDockWidget(dock)
            dock.deleteLater()
