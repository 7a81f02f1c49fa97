"""One service's live sensors, for all layers that show them: one connection to its broker, one state."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...sensors import coverage
from ...sensors.live import Live
from ...sensors.series import Series
from ...sensors.thresholds import Threshold
from ...text import tr
from ...twin.errors import CityTwinError
from ...twin.progress import Progress
from ...twin.sensorthings import Datastream, Service
from .. import garbage, tasks
from ..connections import Connection
from ..tasks import TaskHandle
from . import fields, status
from .asking import Asking
from .errands import Errands
from .link import Link
from .reading import Reading
from .ready import Ready, make
from .shown import Shown
from .source import LiveSource
from .status import FeedStatus
from .watching import Watching

__all__ = ["Feed", "FeedStatus"]

_TURN = 250  # ms between two looks at what came
_SLICE = 0.002  # seconds of the main thread at a time, and about as much again for who hears of it
_BREATH = 5  # ms that others have it in between
_TOLD = 1.0  # seconds between two sentences
_READERS = 1  # sources that are read at the same time
# Seconds that the state waits, at most, for features to be written: side by side they would take Python's lock from
# each other thousands of times, and take longer by far.
_WRITTEN = 3.0
_FAULTS = 20


class Feed(QObject):
    """The main thread's, but for `live`, which any thread may ask.

    ``changed(Changes)`` comes in slices of a few milliseconds, a round of them at most four times a second;
    ``status_changed(FeedStatus)`` at most once a second; ``streams_changed(LiveSource)`` page by page while they are
    read, and when they are others than before; ``failed(CityTwinError)`` once per trouble. ``stopped()``: nobody wants
    anything any more.
    """

    changed = pyqtSignal(object)
    status_changed = pyqtSignal(object)
    streams_changed = pyqtSignal(object)
    failed = pyqtSignal(object)
    stopped = pyqtSignal()

    def __init__(self, url: str, connection: Connection, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.url = url
        self.connection = connection
        self.live = Live()
        self._reading = Reading(connection, url, self.live)
        self._link = Link(self._reading, self.live, self)
        self._asking = Asking(self._link, self._reading, self.live, self)
        self._errands = Errands(self)
        self._watching = Watching(self.live, self._errands)
        self._shown: dict[LiveSource, Shown] = {}
        self._by_id: dict[str, Datastream] = {}
        self._pages: deque[tuple[Shown, LiveSource, tuple[Datastream, ...], list[Ready]]] = deque()
        self._writing = 0.0  # since when, by time.monotonic(); 0: nobody is
        self._notes: dict[str, None] = {}
        self._untidy = False
        self._away = False
        self._told = 0.0
        self._since = time.time()
        self._status = status.idle(self._since)
        self._link.found.connect(self._turn)
        self._link.failed.connect(self._fail)
        self._asking.failed.connect(self._fail)
        self._timer = QTimer(self)
        self._timer.setInterval(_TURN)
        self._timer.timeout.connect(self._turn)
        self._more = QTimer(self)
        self._more.setSingleShot(True)
        self._more.setInterval(_BREATH)
        self._more.timeout.connect(self._drain)

    # -- who wants what ----------------------------------------------------------------------------------------------

    def want(self, source: LiveSource) -> None:
        """Show the datastreams of ``source``. The first one starts the feed."""
        shown = self._shown.get(source)
        if shown is not None:
            shown.count += 1
            return
        self._shown[source] = Shown()
        if not self._timer.isActive():
            self._since = time.time()
            self._timer.start()
            self._tell(now=True)
            QTimer.singleShot(0, self._turn)

    def release(self, source: LiveSource) -> None:
        """No longer. The last one stops the feed."""
        shown = self._shown.get(source)
        if shown is None:
            return
        shown.count -= 1
        if shown.count:
            return
        del self._shown[source]
        if shown.handle is not None:
            shown.handle.cancel()
        if self._shown:
            self._untidy = True
        else:
            self.stop()

    def stop(self) -> None:
        """End the connection and all that is under way. Wanted again, it starts anew."""
        if not self._timer.isActive():
            return
        self._timer.stop()
        self._more.stop()
        self._link.stop()
        self._asking.stop()
        self._errands.end()
        self._shown.clear()
        self._by_id.clear()
        self._pages.clear()
        self.live.remove(self.live.ids())
        self._tell(now=True)
        self.stopped.emit()

    def join(self, seconds: float) -> bool:
        """After `stop`: wait for the broker's thread, at most ``seconds``; whether it has ended."""
        return self._link.join(seconds)

    def retry(self) -> None:
        """Somebody does not want to wait for the next attempt."""
        for shown in self._shown.values():
            shown.due = 0.0
        self._link.retry()
        self._turn()

    def note(self, sentence: str) -> None:
        """Something that a user should know of this feed for as long as it lives."""
        self._notes[sentence] = None

    def writing(self, now: bool) -> None:
        """Whether features of its datastreams are being written: other work waits a little."""
        self._writing = (self._writing or time.monotonic()) if now else 0.0

    def watch(self, thresholds: Sequence[Threshold]) -> None:
        """Watch exactly these from now on; where there is much to look at, in the background."""
        self._watching.watch(thresholds)

    # -- questions ---------------------------------------------------------------------------------------------------

    @property
    def service(self) -> Service | None:
        """None until it has answered."""
        return self._link.service

    @property
    def status(self) -> FeedStatus:
        """As it was told last."""
        return self._status

    def datastream(self, id: str) -> Datastream | None:
        """One of the datastreams that are shown."""
        return self._by_id.get(id)

    def datastreams(self, source: LiveSource) -> tuple[Datastream, ...]:
        """Those of ``source``, as far as they are read."""
        shown = self._shown.get(source)
        return tuple(shown.streams.values()) if shown is not None else ()

    def ready(self, source: LiveSource) -> Mapping[str, Ready]:
        """While `streams_changed` is told: features of datastreams that were just read."""
        shown = self._shown.get(source)
        return shown.ready if shown is not None else {}

    def complete(self, source: LiveSource) -> bool:
        """Whether `datastreams` are all of them."""
        shown = self._shown.get(source)
        return shown is not None and shown.complete

    def history(
        self,
        ids: Sequence[str],
        start: float | None,
        end: float | None,
        *,
        done: Callable[[dict[str, Series]], None],
        failed: Callable[[CityTwinError], None],
        progress: Callable[[int, int | None, str], None] | None = None,
        note: Callable[[str], None] | None = None,
        parent: QObject | None = None,
    ) -> TaskHandle:
        """The observations of these datastreams from ``start`` to ``end`` (seconds since 1970 UTC), in a task; those
        that cannot be read are left out, which is noted."""
        streams = [self._by_id[each] for each in ids if each in self._by_id]
        service, reading = self.service, self._reading

        def work(working: Progress) -> dict[str, Series]:
            if service is None:
                raise CityTwinError(tr("The sensors are not connected yet. Wait a moment, and try again."))
            return reading.history(service, streams, start, end, working)

        return tasks.run(
            tr("Reading the history of sensors"),
            work,
            done=done,
            failed=failed,
            progress=progress,
            note=note,
            parent=parent if parent is not None else self,
        )

    # -- four times a second -----------------------------------------------------------------------------------------

    def _turn(self) -> None:
        if not self._timer.isActive():
            return
        self._take_pages()
        if not self._more.isActive():
            self._drain()
        if not self._timer.isActive():
            return  # who heard of that wants no more
        self._link.look()
        self._look_back()
        if self.service is not None:
            self._read()
            idle = not self._writing or time.monotonic() - self._writing > _WRITTEN
            if idle and all(shown.complete or shown.trouble for shown in self._shown.values()):
                self._asking.look(self._by_id)
        self._tidy()
        self._tell()

    def _look_back(self) -> None:
        """A service that was away, or has another broker, may have other sensors."""
        covered = self._link.coverage
        phase = covered.status().phase if covered is not None else coverage.STARTING
        if phase in (coverage.INTERRUPTED, coverage.CATCHING_UP):
            self._away = True
        elif phase == coverage.LIVE and self._away:
            self._away = False
            for shown in self._shown.values():
                shown.soon()

    def _drain(self) -> None:
        changes = self.live.drain(_SLICE)
        if changes.latest or changes.removed or changes.crossings:
            self.changed.emit(changes)
        if changes.waiting and self._timer.isActive():
            self._more.start()

    def _fail(self, error: CityTwinError) -> None:
        self._tell(now=True)
        self.failed.emit(error)

    # -- its datastreams ---------------------------------------------------------------------------------------------

    def _read(self) -> None:
        now = time.monotonic()
        busy = sum(shown.handle is not None for shown in self._shown.values())
        for source, shown in self._shown.items():
            if busy >= _READERS:
                return
            if shown.handle is None and now >= shown.due:
                busy += 1
                self._read_one(source, shown)

    def _read_one(self, source: LiveSource, shown: Shown) -> None:
        service, covered, reading, pages = self.service, self._link.coverage, self._reading, self._pages
        resident = self._asking.resident
        if service is None or covered is None:
            return
        # what is read now is the state, too
        wanted = covered.next() if not covered.pushes and not self._asking.busy else None
        remarks: list[str] = []
        read: dict[str, Datastream] = {}
        live, columns = self.live, fields.fields()
        shown.begin()

        def take(page: tuple[Datastream, ...]) -> None:
            pages.append((shown, source, page, [] if shown.complete else list(make(live, columns, page))))
            read.update((stream.id, stream) for stream in page)

        def work(progress: Progress) -> bool:
            with garbage.light_collections():
                reading.streams(service, source, take, remarks.append, progress)
                resident.settle()
                return shown.is_news(read)

        def done(news: bool) -> None:
            self._take_pages()
            shown.handle = None
            if wanted is not None:
                covered.answered(wanted)
                self.live.mark()
            self._untidy = True
            if self._shown.get(source) is not shown:
                return
            believed = shown.end()
            for remark in remarks:
                shown.say(remark)
            if news and believed:
                self._asking.learn(shown.streams.values())
                self._link.listen(stream.topic for stream in shown.streams.values() if stream.topic)
                self.streams_changed.emit(source)

        def failed(error: CityTwinError | None) -> None:
            shown.handle = None
            why = error.message if error is not None else ""
            if wanted is not None:
                covered.failed(wanted, why)
            if shown.fail(why) and error is not None and self._shown.get(source) is shown:
                self.failed.emit(error)

        name = f"read {id(shown)}"
        shown.handle = self._errands.run(name, tr("Reading sensors: {name}", name=source.title), work, done, failed)

    def _take_pages(self) -> None:
        news: dict[LiveSource, Shown] = {}
        while self._pages:
            shown, source, page, ready = self._pages.popleft()
            if self._shown.get(source) is not shown:
                continue
            if shown.take(page, ready):
                news[source] = shown
            self._by_id.update((stream.id, stream) for stream in page)
        for source, shown in news.items():
            self.streams_changed.emit(source)
            shown.ready.clear()

    def _tidy(self) -> None:
        """Forget the datastreams that nobody wants, once no reading brings any."""
        if not self._untidy or self._pages or any(shown.handle is not None for shown in self._shown.values()):
            return
        self._untidy = False
        wanted = set(chain.from_iterable(shown.streams for shown in self._shown.values()))
        self.live.remove(each for each in self.live.ids() if each not in wanted)
        gone = [self._by_id.pop(each) for each in list(self._by_id) if each not in wanted]
        self._link.unlisten(stream.topic for stream in gone)

    # -- the sentence ------------------------------------------------------------------------------------------------

    def _tell(self, *, now: bool = False) -> None:
        moment = time.monotonic()
        if not now and moment - self._told < _TOLD:
            return
        self._told = moment
        found = self._state_of_affairs()
        if found != self._status:
            self._status = found
            self.status_changed.emit(found)

    def _state_of_affairs(self) -> FeedStatus:
        if not self._timer.isActive():
            return status.idle(self._status.since if self._status.kind == "idle" else time.time())
        said: dict[str, None] = dict.fromkeys(
            why for shown in self._shown.values() for why in (shown.trouble, shown.doubt) if why
        )
        said.update(self._notes)
        if self.service is not None:
            said.update(dict.fromkeys(self.service.problems))
        said.update(self._asking.remarks)
        push, covered = self._link.push, self._link.coverage
        if push is not None:
            said.update(dict.fromkeys(push.refusals.values()))
        for shown in self._shown.values():
            said.update(shown.remarks)
        faults = (*(fault.sentence() for fault in self.live.faults.list()), *said)[:_FAULTS]
        if covered is None:
            return status.opening(self.url, self._since, self._link.trouble, not self._link.locked, faults)
        found = status.running(covered, round(self.live.rate(), 1), push.url if push is not None else "", faults)
        trouble = next((why for shown in self._shown.values() if (why := shown.trouble or shown.doubt)), "")
        if trouble and not self._by_id:
            return replace(found, sentence=trouble, kind="bad")
        return found
