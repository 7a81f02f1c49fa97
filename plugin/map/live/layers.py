"""Live layers in the project, from whichever way they came: made here, opened with the project, duplicated, pasted."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qgis.core import QgsLayerTreeGroup, QgsProject, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...sensors.live import Changes
from ...text import tr
from ...twin.sensorthings import Datastream
from .. import connections, foreign
from ..connections import Connection
from . import fields, permanent, style
from .feed import Feed
from .feeds import Feeds
from .repaint import Repaint
from .rows import Rows
from .service import same_origin
from .source import LiveSource, mark, source_of

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

_SLICE = 0.008  # seconds of the main thread for writing features at a time
_BREATH = 2  # ms that others have it in between
_TELLING = 0.003  # seconds of the main thread for telling who keeps features
_SOON, _LATER = 15, 1000  # ms in between, while there is something to tell and otherwise


@dataclass
class _Entry:
    layer: QgsVectorLayer
    source: LiveSource
    feed: Feed
    rows: Rows
    filling: bool = False  # there are features to be written
    bare: bool = False  # its looks and its extent are those of what it showed before
    styling: Iterator[None] | None = None  # what is left to do for its looks


class LiveLayers(QObject):
    """One for the plugin's life. Main thread.

    ``added(layer)``, ``removed(layer id)``; ``renewed(layer)``: features were written anew, as when the sensors are
    read, or others than before.
    """

    added = pyqtSignal(object)
    removed = pyqtSignal(str)
    renewed = pyqtSignal(object)

    def __init__(self, feeds: Feeds, iface: QgisInterface | None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._feeds = feeds
        self._entries: dict[str, _Entry] = {}
        self._repaint = Repaint(iface, self)
        self._filler = QTimer(self)
        self._filler.setInterval(_BREATH)
        self._filler.timeout.connect(self._fill)
        self._teller = QTimer(self)
        self._teller.setInterval(_LATER)
        self._teller.timeout.connect(self._tell)
        self._teller.start()
        self._told = 0.0
        self._stopped = False
        project = QgsProject.instance()
        project.layersAdded.connect(self._adopt)
        project.layersWillBeRemoved.connect(self._leave)
        connections.signals.changed.connect(self._connections_changed)
        feeds.opened.connect(self._hear)
        for feed in feeds.all():
            self._hear(feed)
        self._adopt(list(project.mapLayers().values()))

    def stop(self) -> None:
        """Let all layers go; what they show is called silent from now on. Ending twice does no harm."""
        if self._stopped:
            return
        self._stopped = True
        self._filler.stop()
        self._teller.stop()
        self._repaint.stop()
        project = QgsProject.instance()
        project.layersAdded.disconnect(self._adopt)
        project.layersWillBeRemoved.disconnect(self._leave)
        connections.signals.changed.disconnect(self._connections_changed)
        self._feeds.opened.disconnect(self._hear)
        for feed in self._feeds.all():
            self._unhear(feed)
        for entry in list(self._entries.values()):
            with _as_clean_as_before():
                entry.rows.silence()
                entry.layer.triggerRepaint()
        for id in list(self._entries):
            self._forget(id)

    # -- making ------------------------------------------------------------------------------------------------------

    def add(self, source: LiveSource, connection: Connection) -> QgsVectorLayer:
        """A new layer of ``source`` at the top of the layer tree's group for live sensors; its features follow."""
        layer = QgsVectorLayer("Point?crs=EPSG:4326", foreign.title(source.title) or tr("Sensors"), "memory")
        layer.dataProvider().addAttributes(fields.fields().toList())
        layer.updateFields()
        mark(layer, source)
        self._dress(layer)
        # before it is seen in the project: its credentials may not be those of a saved connection
        self._begin(layer, source, connection)
        project = QgsProject.instance()
        project.addMapLayer(layer, False)
        _group(project).insertLayer(0, layer)
        self.added.emit(layer)
        return layer

    def _dress(self, layer: QgsVectorLayer) -> None:
        # QGIS would ask at closing whether to keep what comes back by itself
        layer.setCustomProperty("skipMemoryLayersCheck", 1)
        layer.setReadOnly(True)
        for name, alias in fields.aliases().items():
            layer.setFieldAlias(fields.index_of(name), alias)
        fields.add_age(layer)

    # -- questions ---------------------------------------------------------------------------------------------------

    def all(self) -> list[QgsVectorLayer]:
        """The live layers of the project, in the order in which they came."""
        return [entry.layer for entry in self._entries.values()]

    @property
    def settled(self) -> bool:
        """Whether the features and the looks of all layers are as they are to be for now."""
        return not any(entry.filling or entry.bare or entry.styling for entry in self._entries.values())

    def feed_of(self, layer: QgsVectorLayer) -> Feed | None:
        """The feed that a layer's values come from; None for a layer that is not live."""
        entry = self._entry(layer)
        return entry.feed if entry is not None else None

    def source_of(self, layer: QgsVectorLayer) -> LiveSource | None:
        """What a layer shows; None for a layer that is not live."""
        entry = self._entry(layer)
        return entry.source if entry is not None else None

    def datastream_of(self, layer: QgsVectorLayer, fid: int) -> Datastream | None:
        """The datastream that a feature shows."""
        entry = self._entry(layer)
        row = entry.rows.row_of(fid) if entry is not None else None
        return row.stream if row is not None else None

    def feature_id(self, layer: QgsVectorLayer, datastream: str) -> int | None:
        """The feature that shows a datastream."""
        entry = self._entry(layer)
        row = entry.rows.row(datastream) if entry is not None else None
        return row.fid if row is not None else None

    def _entry(self, layer: QgsVectorLayer) -> _Entry | None:
        return self._entries.get(layer.id()) if not sip.isdeleted(layer) else None

    # -- coming and going --------------------------------------------------------------------------------------------

    def _adopt(self, layers: list[object]) -> None:
        for layer in layers:
            if not isinstance(layer, QgsVectorLayer) or layer.id() in self._entries:
                continue
            source = source_of(layer)
            if source is None or layer.providerType() != "memory":
                continue
            connection, note = self._connection(source)
            self._begin(layer, source, connection)
            if note:
                self._entries[layer.id()].feed.note(note)
            self.added.emit(layer)

    def _connection(self, source: LiveSource) -> tuple[Connection, str]:
        """That of the source's name, or one to the same server, whose credentials are for their own origin only; else
        one without credentials, and what a user should know about that."""
        known = connections.get(source.connection) if source.connection else None
        if known is not None:
            return known, ""
        for connection in connections.all():
            if same_origin(connection.url, source.service):
                return connection, ""
        note = ""
        if source.connection:
            note = tr(
                "The connection “{name}” is not known here, so its sensors are read without credentials. Add the "
                "connection on the Catalogue page if they are needed.",
                name=source.connection,
            )
        return Connection(source.connection or source.service, source.service), note

    def _begin(self, layer: QgsVectorLayer, source: LiveSource, connection: Connection) -> None:
        feed = self._feeds.feed(source.service, connection)
        entry = _Entry(layer, source, feed, Rows(layer, feed.live))
        self._entries[layer.id()] = entry
        with _as_clean_as_before():
            _empty(entry)
            self._dress(layer)
        layer.dataSourceChanged.connect(self._made_permanent)
        layer.afterCommitChanges.connect(self._meddled)
        feed.want(source)
        if feed.datastreams(source):
            self._show(entry)

    def _connections_changed(self) -> None:
        """A connection that a layer names was added, or has other credentials now: ask with these."""
        for entry in self._entries.values():
            known = connections.get(entry.source.connection) if entry.source.connection else None
            if known is None or known.authcfg == entry.feed.connection.authcfg:
                continue
            entry.feed.release(entry.source)
            with _as_clean_as_before():
                entry.rows.clear()
            entry.feed = self._feeds.feed(entry.source.service, known)
            entry.rows = Rows(entry.layer, entry.feed.live)
            entry.filling = entry.bare = False
            entry.styling = None
            entry.feed.want(entry.source)
            if entry.feed.datastreams(entry.source):
                self._show(entry)

    def _leave(self, ids: list[str]) -> None:
        for id in ids:
            if id in self._entries:
                self._forget(id)

    def _forget(self, id: str) -> None:
        entry = self._entries.pop(id)
        self._repaint.forget(entry.layer)
        entry.layer.dataSourceChanged.disconnect(self._made_permanent)
        entry.layer.afterCommitChanges.disconnect(self._meddled)
        entry.feed.release(entry.source)
        self.removed.emit(id)

    def _made_permanent(self) -> None:
        """QGIS's own "Make Permanent" puts a file in the place of what we write: then it is the user's."""
        layer = self.sender()
        if isinstance(layer, QgsVectorLayer) and layer.id() in self._entries:
            self._forget(layer.id())
            permanent.leave(layer)

    def _meddled(self) -> None:
        """Somebody took the protection away and edited the layer: what the sensors say is written again."""
        layer = self.sender()
        entry = self._entry(layer) if isinstance(layer, QgsVectorLayer) else None
        if entry is not None:
            with _as_clean_as_before():
                _empty(entry)
            self._show(entry)

    # -- what the feeds say ------------------------------------------------------------------------------------------

    def _hear(self, feed: Feed) -> None:
        feed.changed.connect(self._changed)
        feed.streams_changed.connect(self._streams_changed)

    def _unhear(self, feed: Feed) -> None:
        feed.changed.disconnect(self._changed)
        feed.streams_changed.disconnect(self._streams_changed)

    def _changed(self, changes: Changes) -> None:
        feed = self.sender()
        for entry in self._entries.values():
            if entry.feed is feed and entry.rows.update(changes.latest):
                self._repaint.ask(entry.layer)

    def _streams_changed(self, source: LiveSource) -> None:
        feed = self.sender()
        for entry in self._entries.values():
            if entry.feed is feed and entry.source == source:
                self._show(entry)

    def _show(self, entry: _Entry) -> None:
        feed, source = entry.feed, entry.source
        entry.rows.show(feed.datastreams(source), all_of_them=feed.complete(source), ready=feed.ready(source))
        entry.filling = True
        entry.feed.writing(True)
        if not self._filler.isActive():
            self._filler.start()

    def _fill(self) -> None:
        """One step of one layer: some features, or its looks."""
        waiting = (entry for entry in self._entries.values() if entry.filling or entry.bare or entry.styling)
        entry = next(waiting, None)
        if entry is None:
            self._filler.stop()
            return
        with _as_clean_as_before():
            if entry.styling is not None:
                self._dress_on(entry, entry.styling)
            elif entry.bare:
                entry.bare = False
                entry.layer.updateExtents()
                entry.styling = style.steps(entry.layer, entry.feed.datastreams(entry.source))
            else:
                first = not len(entry.rows)
                entry.filling = entry.rows.fill(_SLICE)
                entry.bare = first or not entry.filling
                if not entry.filling:
                    entry.feed.writing(False)
        self._repaint.ask(entry.layer)

    def _dress_on(self, entry: _Entry, styling: Iterator[None]) -> None:
        if next(styling, self) is not self:
            return
        entry.styling = None
        if not (entry.filling or entry.bare):
            self.renewed.emit(entry.layer)

    def _tell(self) -> None:
        """Attribute tables and their like follow, about once a second."""
        now = time.monotonic()
        later = now - self._told >= _LATER / 1000
        more = False
        for entry in self._entries.values():
            if later:
                entry.rows.grow_older()
                with _as_clean_as_before():
                    fields.set_clock(entry.layer, round(entry.feed.live.now() - entry.feed.live.clock()))
            more = entry.rows.onlookers.tell(_TELLING) or more
        if later:
            self._told = now
        self._teller.setInterval(_SOON if more else _LATER)


def _empty(entry: _Entry) -> None:
    """No features, and the columns as they must be."""
    layer = entry.layer
    entry.rows.clear()
    if not fields.is_complete(layer.dataProvider().fields().names()):
        layer.dataProvider().deleteAttributes(list(range(len(layer.dataProvider().fields()))))
        layer.dataProvider().addAttributes(fields.fields().toList())
        layer.updateFields()
        entry.rows.renew()


def _group(project: QgsProject) -> QgsLayerTreeGroup:
    name = tr("Live Sensors")
    root = project.layerTreeRoot()
    return root.findGroup(name) or root.insertGroup(0, name)


@contextlib.contextmanager
def _as_clean_as_before() -> Iterator[None]:
    """What comes by itself is nothing to save."""
    project = QgsProject.instance()
    dirty = project.isDirty()
    try:
        yield
    finally:
        if not dirty and project.isDirty():
            project.setDirty(False)
