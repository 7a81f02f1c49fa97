"""Watching the live layers: the project's thresholds, what crosses them, and telling so."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from qgis.core import QgsProject
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...sensors import freshness, values
from ...sensors.live import Changes, Live
from ...sensors.thresholds import KEPT, Threshold, unit_of
from ...text import tr
from ...twin.progress import Progress, check
from .. import tasks
from . import thresholds_kept, thresholds_show
from .source import LiveSource, source_of
from .thresholds_alarm import Alarm
from .thresholds_kept import Kept
from .thresholds_show import serves
from .thresholds_words import Entry

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from ...twin.sensorthings import Datastream
    from .feed import Feed
    from .feeds import Feeds
    from .layers import LiveLayers


@dataclass(frozen=True)
class Target:
    """What a threshold can be set on: the sensors of one observed property of one service that share a unit."""

    service: str
    observed_property: str
    title: str
    unit: str
    datastreams: tuple[Datastream, ...]

    @property
    def where(self) -> str:
        """The service's host, for people."""
        return urlsplit(self.service).netloc

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.service, self.observed_property, self.unit)


@dataclass(frozen=True)
class Beyond:
    """How many sensors are beyond a threshold now, of how many that report; ``silent`` ones count in neither."""

    beyond: int
    reporting: int
    silent: int


class Thresholds(QObject):
    """One for the plugin's life. Main thread."""

    changed = pyqtSignal()  # the thresholds: set anew, or another project
    crossed = pyqtSignal(object)  # tuple[Entry, ...], which are in `log` already
    forgotten = pyqtSignal()  # the log is empty again
    log_wanted = pyqtSignal()  # the message's button

    def __init__(
        self, live_layers: LiveLayers, feeds: Feeds, iface: QgisInterface | None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.live_layers = live_layers
        self._feeds = feeds
        self._iface = iface
        self._stopped = False
        self._kept: tuple[Kept, ...] = ()
        self._log: deque[Entry] = deque(maxlen=KEPT)
        self._followed: dict[Feed, tuple[Callable[[Changes], None], Callable[[LiveSource], None]]] = {}
        self._watched: dict[Feed, tuple[Threshold, ...]] = {}
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._watch_all)
        self.alarm = Alarm(iface, self)
        self.alarm.log_wanted.connect(self.log_wanted)
        self.alarm.show_wanted.connect(self.show)
        feeds.opened.connect(self._opened)
        feeds.closed.connect(self._closed)
        project = QgsProject.instance()
        project.readProject.connect(self._read)
        project.cleared.connect(self._cleared)
        self._read()
        for feed in feeds.all():
            self._opened(feed)

    def stop(self) -> None:
        """Let all go. Ending twice does no harm."""
        if self._stopped:
            return
        self._stopped = True
        self._soon.stop()
        self.alarm.stop()
        for feed in list(self._followed):
            self._closed(feed)
        project = QgsProject.instance()
        project.readProject.disconnect(self._read)
        project.cleared.disconnect(self._cleared)
        self._feeds.opened.disconnect(self._opened)
        self._feeds.closed.disconnect(self._closed)

    # -- the thresholds

    def all(self) -> tuple[Kept, ...]:
        """Every threshold of the project, those that are off included."""
        return self._kept

    def set(self, kept: Iterable[Kept]) -> None:
        """Watch exactly these from now on, and keep them in the project."""
        before = {one.threshold for one in self._kept if one.on}
        self._kept = tuple(kept)
        thresholds_kept.save(QgsProject.instance(), self._kept)
        after = {one.threshold for one in self._kept if one.on}
        self.alarm.drop({threshold.id for threshold in before - after})
        self._watch_all()
        self.changed.emit()

    def of(self, feed: Feed) -> tuple[Threshold, ...]:
        """Those that are watched at the service of ``feed``."""
        return tuple(one.threshold for one in self._kept if one.on and serves(feed, one.service))

    def targets(self) -> list[Target]:
        """What the live layers of the project show, by name; nothing of what is not read yet."""
        groups: dict[tuple[str, str, str], dict[str, Datastream]] = {}
        for layer in self.live_layers.all():
            feed, source = self.live_layers.feed_of(layer), source_of(layer)
            if feed is None or source is None:
                continue
            for stream in feed.datastreams(source):
                key = (feed.url, stream.observed_property.id, unit_of(stream))
                groups.setdefault(key, {})[stream.id] = stream
        found = []
        for (service, observed, unit), streams in groups.items():
            title = next(iter(streams.values())).observed_property.name
            found.append(Target(service, observed, title, unit, tuple(streams.values())))
        return sorted(found, key=lambda one: (one.title.casefold(), one.unit, one.service))

    def selected(self, target: Target) -> tuple[str, ...]:
        """The datastreams of ``target`` whose features the user selected."""
        known = {stream.id for stream in target.datastreams}
        found: dict[str, None] = {}
        for layer in self.live_layers.all():
            feed = self.live_layers.feed_of(layer)
            if feed is None or feed.url != target.service:
                continue
            for fid in layer.selectedFeatureIds():
                stream = self.live_layers.datastream_of(layer, fid)
                if stream is not None and stream.id in known:
                    found[stream.id] = None
        return tuple(found)

    def count(
        self, wanted: Sequence[tuple[str, Threshold]], done: Callable[[list[Beyond | None]], None]
    ) -> tasks.TaskHandle:
        """How many sensors are beyond each of ``wanted`` (service, threshold) now; None where its service is not
        connected. In a task: of 10,000 sensors each must be asked."""
        targets = self.targets()
        asked: list[tuple[Threshold, Live | None, list[Datastream]]] = []
        for service, threshold in wanted:
            feed = self._feed(service)
            streams = [one.datastreams for one in targets if feed is not None and one.service == feed.url]
            asked.append((threshold, feed.live if feed is not None else None, [*chain.from_iterable(streams)]))
        return tasks.run(
            tr("Counting sensors beyond thresholds"),
            lambda progress: [_count(*one, progress) for one in asked],
            done=done,
            failed=lambda _error: None,  # the log has it
            parent=self,
            hidden=True,
        )

    # -- what crossed

    def log(self) -> tuple[Entry, ...]:
        """The last crossings, oldest first."""
        return tuple(self._log)

    def clear_log(self) -> None:
        """Forget what crossed."""
        self._log.clear()
        self.alarm.forget()
        self.forgotten.emit()

    def show(self, entries: Iterable[Entry]) -> int:
        """Bring the sensors of ``entries`` into view; how many the map has."""
        return thresholds_show.show(self._iface, self.live_layers, {entry.sensor for entry in entries})

    # -- the project

    def _read(self, *_: Any) -> None:
        self._kept = thresholds_kept.load(QgsProject.instance())
        self._watch_all()
        self.changed.emit()

    def _cleared(self) -> None:
        self._kept = ()
        self._watch_all()
        self.clear_log()
        self.changed.emit()

    # -- the feeds

    def _opened(self, feed: Feed) -> None:
        if feed in self._followed:
            return

        def changes(found: Changes) -> None:
            if found.crossings:
                self._take(feed, found)

        def streams(source: LiveSource) -> None:
            # Sensors that come are watched by themselves. But the service's own address may be known only now, and a
            # unit may have changed, while a threshold holds for one unit.
            wanted = self.of(feed)
            if wanted != self._watched.get(feed, ()) or (wanted and feed.complete(source)):
                self._soon.start(0)

        self._followed[feed] = (changes, streams)
        feed.changed.connect(changes)
        feed.streams_changed.connect(streams)
        self._watch(feed)

    def _closed(self, feed: Feed) -> None:
        slots = self._followed.pop(feed, None)
        self._watched.pop(feed, None)
        if slots is not None and not sip.isdeleted(feed):
            feed.changed.disconnect(slots[0])
            feed.streams_changed.disconnect(slots[1])

    def _watch_all(self) -> None:
        for feed in self._followed:
            self._watch(feed)

    def _watch(self, feed: Feed) -> None:
        self._watched[feed] = self.of(feed)
        feed.watch(self._watched[feed])

    def _take(self, feed: Feed, found: Changes) -> None:
        entries = tuple(Entry(feed.url, one, _thing(feed, one.datastream)) for one in found.crossings)
        self._log.extend(entries)
        self.alarm.take(entries, found.now)
        self.crossed.emit(entries)

    def _feed(self, service: str) -> Feed | None:
        return next((feed for feed in self._followed if serves(feed, service)), None)


def _thing(feed: Feed, datastream: str) -> str:
    stream = feed.datastream(datastream)
    return stream.thing.name if stream is not None else ""


def _count(threshold: Threshold, live: Live | None, streams: Sequence[Datastream], progress: Progress) -> Beyond | None:
    if live is None:
        return None
    beyond = reporting = silent = 0
    for stream in streams:
        check(progress)
        if not threshold.holds_for(stream):
            continue
        latest = live.latest(stream.id)
        if latest is None or latest.freshness in (freshness.SILENT, freshness.NONE):
            silent += 1
            continue
        reporting += 1
        if latest.kind == values.NUMBER and isinstance(latest.value, float):
            beyond += threshold.crossed(latest.value, False)
    return Beyond(beyond, reporting, silent)
