"""One service's live sensors, for all layers that show them: one connection to its broker, one state."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...sensors import coverage
from ...sensors.live import Live
from ...sensors.series import Series
from ...sensors.thresholds import Threshold
from ...text import tr
from ...twin.errors import CityTwinError
from ...twin.progress import Progress
from ...twin.sensorthings import Datastream, Service
from .. import tasks
from ..connections import Connection
from ..tasks import TaskHandle
from . import status
from .asking import Asking
from .errands import Errands
from .link import Link
from .lists import Lists
from .reading import Reading
from .ready import Ready
from .source import LiveSource
from .status import FeedStatus
from .watching import Watching

__all__ = ["Feed", "FeedStatus"]

_TURN = 250  # ms between two looks at what came
_SLICE = 0.002  # seconds of the main thread at a time, and about as much again for who hears of it
_BREATH = 5  # ms that others have it in between
_TOLD = 1.0  # seconds between two sentences
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
        self._lists = Lists(self._link, self._reading, self._asking, self.live, self._errands, self)
        self._writing = 0.0  # since when, by time.monotonic(); 0: nobody is
        self._notes: dict[str, None] = {}
        self._away = False
        self._told = 0.0
        self._since = time.time()
        self._status = status.idle(self._since)
        self._link.found.connect(self._turn)
        self._link.failed.connect(self._fail)
        self._asking.failed.connect(self._fail)
        self._lists.failed.connect(self.failed)
        self._lists.changed.connect(self.streams_changed)
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
        self._lists.want(source)
        if not self._timer.isActive():
            self._since = time.time()
            self._timer.start()
            self._tell(now=True)
            QTimer.singleShot(0, self._turn)

    def release(self, source: LiveSource) -> None:
        """No longer. The last one stops the feed."""
        self._lists.release(source)
        if not self._lists.shown:
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
        self._lists.clear()
        self.live.remove(self.live.ids())
        self._tell(now=True)
        self.stopped.emit()

    def join(self, seconds: float) -> bool:
        """After `stop`: wait for the broker's thread, at most ``seconds``; whether it has ended."""
        return self._link.join(seconds)

    def retry(self) -> None:
        """Somebody does not want to wait for the next attempt."""
        self._lists.hurry()
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
        return self._lists.by_id.get(id)

    def datastreams(self, source: LiveSource) -> tuple[Datastream, ...]:
        """Those of ``source``, as far as they are read."""
        return self._lists.datastreams(source)

    def ready(self, source: LiveSource) -> Mapping[str, Ready]:
        """While `streams_changed` is told: features of datastreams that were just read."""
        return self._lists.ready(source)

    def complete(self, source: LiveSource) -> bool:
        """Whether `datastreams` are all of them."""
        return self._lists.complete(source)

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
        known = self._lists.by_id
        streams = [known[each] for each in ids if each in known]
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
        self._lists.take_pages()
        if not self._more.isActive():
            self._drain()
        if not self._timer.isActive():
            return  # who heard of that wants no more
        self._link.look()
        self._look_back()
        if self.service is not None:
            self._lists.read()
            idle = not self._writing or time.monotonic() - self._writing > _WRITTEN
            if idle and self._lists.settled:
                self._asking.look(self._lists.by_id)
        self._lists.tidy()
        self._tell()

    def _look_back(self) -> None:
        """A service that was away, or has another broker, may have other sensors."""
        covered = self._link.coverage
        phase = covered.status().phase if covered is not None else coverage.STARTING
        if phase in (coverage.INTERRUPTED, coverage.CATCHING_UP):
            self._away = True
        elif phase == coverage.LIVE and self._away:
            self._away = False
            self._lists.soon()

    def _drain(self) -> None:
        changes = self.live.drain(_SLICE)
        if changes.latest or changes.removed or changes.crossings:
            self.changed.emit(changes)
        if changes.waiting and self._timer.isActive():
            self._more.start()

    def _fail(self, error: CityTwinError) -> None:
        self._tell(now=True)
        self.failed.emit(error)

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
        troubles = self._lists.troubles()
        said: dict[str, None] = dict.fromkeys(troubles)
        said.update(self._notes)
        if self.service is not None:
            said.update(dict.fromkeys(self.service.problems))
        said.update(self._asking.remarks)
        push, covered = self._link.push, self._link.coverage
        if push is not None:
            said.update(dict.fromkeys(push.refusals.values()))
        said.update(dict.fromkeys(self._lists.remarks()))
        faults = (*(fault.sentence() for fault in self.live.faults.list()), *said)[:_FAULTS]
        if covered is None:
            return status.opening(self.url, self._since, self._link.trouble, not self._link.locked, faults)
        found = status.running(covered, round(self.live.rate(), 1), push.url if push is not None else "", faults)
        if troubles and not self._lists.by_id:
            return replace(found, sentence=troubles[0], kind="bad")
        return found
