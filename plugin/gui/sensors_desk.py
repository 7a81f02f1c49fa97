"""What the Sensors page does with what is chosen: live layers, charts, thresholds, snapshots."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from qgis.core import Qgis, QgsVectorLayer
from qgis.gui import QgisInterface
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal, pyqtSlot

from ..map.live.feed import Feed
from ..map.live.feeds import Feeds
from ..map.live.layers import LiveLayers
from ..map.live.source import LiveSource, source_of
from ..map.log import push
from ..text import tr, trn
from ..twin.errors import CityTwinError
from .sensors_choice import properties_of, same
from .sensors_loader import Found
from .sensors_rows import Row


class SensorsDesk(QObject):
    """``changed``: other live layers are on the map. ``chart_ready``: a list of (Feed, Datastream), once the feed knows
    them; ``chart_again``: the same after a pause, for a chart that has them already; ``added``: the live layers that
    were asked for are there. Main thread."""

    changed = pyqtSignal()
    added = pyqtSignal(object)  # list[QgsVectorLayer]
    chart_ready = pyqtSignal(object)  # list[tuple[Feed, Datastream]]
    chart_again = pyqtSignal(object)  # list[tuple[Feed, Datastream]]

    def __init__(
        self, iface: QgisInterface, feeds: Feeds, live_layers: LiveLayers, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._iface = iface
        self._feeds = feeds
        self._layers = live_layers
        self._found: Found | None = None
        self._waiting: list[LiveSource] = []
        self._made: list[QgsVectorLayer] = []
        self._present: list[QgsVectorLayer] = []
        self._chart: tuple[Feed, LiveSource] | None = None
        self._drawn, self._again = True, False
        self._paused: tuple[Feed, LiveSource] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._add_one)
        live_layers.added.connect(self._layers_changed)
        live_layers.removed.connect(self._layers_changed)

    def look_at(self, found: Found | None) -> None:
        """Whose sensors are listed now."""
        self._found = found
        self.changed.emit()

    def stop(self) -> None:
        self._timer.stop()
        self._release_chart()
        self._layers.added.disconnect(self._layers_changed)
        self._layers.removed.disconnect(self._layers_changed)

    @pyqtSlot(object)
    @pyqtSlot(str)
    def _layers_changed(self, _what: object) -> None:
        self.changed.emit()

    # -- live layers

    def properties_on_map(self) -> frozenset[str]:
        """The ids of the observed properties of the listed service that have a live layer."""
        if self._found is None:
            return frozenset()
        return properties_of(map(source_of, self._layers.all()), self._found.service.url)

    def layer_of(self, properties: Sequence[str]) -> QgsVectorLayer | None:
        """The live layer that is meant: that of the first of ``properties`` that has one, or, where none are chosen,
        the active layer."""
        layers = self._layers.all()
        active = self._iface.activeLayer()
        if not properties:
            return next((layer for layer in layers if layer is active), None)
        url = self._found.service.url.rstrip("/") if self._found is not None else ""
        for id in properties:
            of_it = []
            for layer in layers:
                source = source_of(layer)
                if source is not None and source.observed_property == id and source.service.rstrip("/") == url:
                    of_it.append(layer)
            if of_it:
                return active if active in of_it else of_it[0]
        return None

    def add(self, sources: Sequence[LiveSource]) -> None:
        """A live layer for each; one that is on the map already is selected instead. One in each turn of the loop."""
        if sources and not self._waiting:
            self._waiting, self._made, self._present = list(sources), [], []
            self._timer.start()

    def _add_one(self) -> None:
        if self._waiting and self._found is not None:
            source = self._waiting.pop(0)
            layer = self._find(source)
            if layer is not None:
                self._present.append(layer)
                return
            try:
                self._made.append(self._layers.add(source, self._found.connection))
            except CityTwinError as error:
                push(self._iface, error.message, Qgis.MessageLevel.Warning, detail=error.detail)
            return
        self._waiting.clear()
        self._timer.stop()
        shown = self._made or self._present
        if shown:
            self._iface.setActiveLayer(shown[-1])
        if self._present:
            push(self._iface, self._present_sentence(), Qgis.MessageLevel.Info)
        self.added.emit(self._made)

    def _present_sentence(self) -> str:
        if len(self._present) == 1:
            return tr("{name} is on the map already.", name=self._present[0].name())
        n = len(self._present)
        return trn("{n} of the layers is on the map already.", "{n} of the layers are on the map already.", n)

    def _find(self, source: LiveSource) -> QgsVectorLayer | None:
        for layer in self._layers.all():
            known = source_of(layer)
            if known is not None and same(known, source):
                return layer
        return None

    # -- charts

    def chart(self, rows: Sequence[Row]) -> None:
        """Tell ``chart_ready`` as soon as a feed has these datastreams, of a live layer or read for the chart alone."""
        if self._found is None or not rows:
            return
        service, connection = self._found.service.url, self._found.connection
        feed = self._feeds.feed(service, connection)
        ids = tuple(sorted(row.stream.id for row in rows))
        source = LiveSource(service, connection.name, "", rows[0].stream.observed_property.name, None, ids)
        if len({row.stream.observed_property.id for row in rows}) == 1:
            source = LiveSource(service, connection.name, rows[0].stream.observed_property.id, source.title, None, ids)
        self._want(feed, source)

    def charted(self, keys: Collection[tuple[str, str]]) -> None:
        """What is in the chart now (address of the feed, id of the datastream). Nothing more is read for a chart that
        has none of ours any more."""
        held = self._chart or self._paused
        if held is None or (self._chart is not None and not self._drawn):
            return
        feed, source = held
        if not any((feed.url, id) in keys for id in source.datastreams or ()):
            self._release_chart()

    def pause_chart(self) -> None:
        """The chart was closed: nobody looks at what would be read."""
        held = self._chart
        if held is not None:
            self._release_chart()
            self._paused = held

    def resume_chart(self) -> None:
        """It is open again: go on, and tell ``chart_again``."""
        if self._paused is not None:
            feed, source = self._paused
            self._want(self._feeds.feed(feed.url, feed.connection), source, again=True)

    def _want(self, feed: Feed, source: LiveSource, again: bool = False) -> None:
        # wanted before the former one is released: a feed that nobody wants ends
        feed.want(source)
        self._release_chart()
        self._chart, self._drawn, self._again = (feed, source), False, again
        feed.streams_changed.connect(self._streams)
        self._streams()

    @pyqtSlot()
    @pyqtSlot(object)
    def _streams(self, _source: object = None) -> None:
        if self._chart is None or self._drawn:
            return
        feed, source = self._chart
        found = [feed.datastream(id) for id in source.datastreams or ()]
        known = [(feed, stream) for stream in found if stream is not None]
        if len(known) == len(found):
            self._drawn = True
            (self.chart_again if self._again else self.chart_ready).emit(known)

    def _release_chart(self) -> None:
        chart, self._chart, self._paused = self._chart, None, None
        if chart is not None:
            feed, source = chart
            if sip.isdeleted(feed):
                return
            feed.streams_changed.disconnect(self._streams)
            feed.release(source)
