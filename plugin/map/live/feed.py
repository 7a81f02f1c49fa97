"""One service's live sensors, for all layers that show them: one connection to its broker, one state."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...sensors import coverage
from ...sensors.coverage import Coverage, Wanted
from ...sensors.live import Live
from ...sensors.series import Series
from ...text import tr
from ...twin.errors import CityTwinError
from ...twin.progress import Progress
from ...twin.sensorthings import Datastream, Service
from .. import garbage, tasks
from ..connections import Connection
from ..tasks import TaskHandle
from . import status
from .push import Push
from .reading import Opened, Reading
from .shown import Shown
from .source import LiveSource
from .status import FeedStatus

__all__ = ["Feed", "FeedStatus"]

_TURN = 250  # ms between two looks at what came
_SLICE = 0.002  # seconds of the main thread at a time, and about as much again for who hears of it
_BREATH = 5  # ms that others have it in between
_TOLD = 1.0  # seconds between two sentences
_READERS = 1  # sources that are read at the same time
_RETRY, _LONGEST = 2.0, 60.0  # seconds until a service that does not answer is tried again
_ASIDE = 30.0  # seconds between two polls for what the broker does not send
_AGAIN, _SOON = 900.0, 20.0  # seconds until the service is asked again which brokers it has
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
        self.service: Service | None = None
        self.live = Live()
        self._reading = Reading(connection, url, self.live)
        self._shown: dict[LiveSource, Shown] = {}
        self._by_id: dict[str, Datastream] = {}
        self._coverage: Coverage | None = None
        self._push: Push | None = None
        self._ended: list[Push] = []
        self._opened_at = 0.0
        self._notes: dict[str, None] = {}
        self._pages: deque[tuple[Shown, LiveSource, tuple[Datastream, ...]]] = deque()
        self._handles: dict[str, TaskHandle] = {}
        self._generation = 0  # what an older one began is nobody's
        self._attempts = 0
        self._next_attempt = 0.0
        self._trouble = ""
        self._learnt: set[str] = set()
        self._curious = False
        self._resident = garbage.Resident()
        self._untidy = False
        self._remarks: dict[str, None] = {}
        self._aside = 0.0
        self._told = 0.0
        self._status = status.idle(time.time())
        self._since = time.time()
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
        self._generation += 1
        self._timer.stop()
        self._more.stop()
        for handle in self._handles.values():
            handle.cancel()
        for shown in self._shown.values():
            if shown.handle is not None:
                shown.handle.cancel()
        self._handles.clear()
        self._shown.clear()
        self._by_id.clear()
        self._pages.clear()
        self._learnt.clear()
        self._remarks.clear()
        if self._push is not None:
            self._push.stop()
        self._resident.leave()
        self._resident = garbage.Resident()
        self._coverage = None
        self.service = None
        self._trouble, self._attempts, self._next_attempt = "", 0, 0.0
        self.live.remove(self.live.ids())
        self._tell(now=True)
        self.stopped.emit()

    def join(self, seconds: float) -> bool:
        """After `stop`: wait for the broker's thread, at most ``seconds``; whether it has ended."""
        return all(push.join(seconds) for push in self._ended)

    def retry(self) -> None:
        """Somebody does not want to wait for the next attempt."""
        self._next_attempt = 0.0
        for shown in self._shown.values():
            if shown.trouble:
                shown.due = 0.0
        if self._push is not None:
            self._push.retry()
        if self._coverage is not None:
            self._coverage.hurry()
        self._turn()

    def note(self, sentence: str) -> None:
        """Something that a user should know of this feed for as long as it lives."""
        self._notes[sentence] = None

    # -- questions ---------------------------------------------------------------------------------------------------

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
        parent: QObject | None = None,
    ) -> TaskHandle:
        """The observations of these datastreams from ``start`` to ``end`` (seconds since 1970 UTC), in a task."""
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
            parent=parent if parent is not None else self,
        )

    # -- four times a second -----------------------------------------------------------------------------------------

    def _turn(self) -> None:
        if not self._timer.isActive():
            return
        self._take_pages()
        if not self._more.isActive():
            self._drain()
        if self.service is None:
            self._open()
        else:
            self._read()
            self._ask()
            if self._push is not None:
                self._push.look()
                self._open_again(_SOON if self._push.failing and self._push.brokers else _AGAIN)
        self._tidy()
        self._tell()

    def _drain(self) -> None:
        changes = self.live.drain(_SLICE)
        if changes.latest or changes.removed or changes.crossings:
            self.changed.emit(changes)
        if changes.waiting and self._timer.isActive():
            self._more.start()

    def _task(
        self, name: str, text: str, work: Callable[[Progress], Any], done: Callable[[Any], None],
        failed: Callable[[CityTwinError], None],
    ) -> TaskHandle:  # fmt: skip
        """A task that nobody hears of once the feed was stopped."""
        generation = self._generation

        def mine(then: Callable[[Any], None]) -> Callable[[Any], None]:
            def tell(value: Any) -> None:
                if generation == self._generation:
                    self._handles.pop(name, None)
                    then(value)

            return tell

        handle = tasks.run(
            text,
            work,
            done=mine(done),
            failed=mine(failed),
            cancelled=lambda: mine(lambda _none: None)(None),
            note=lambda _text: None,
            parent=self,
            hidden=True,
        )
        self._handles[name] = handle
        return handle

    # -- the service -------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        if "open" not in self._handles and time.monotonic() >= self._next_attempt:
            self._task("open", tr("Connecting to sensors"), self._reading.open, self._opened, self._not_opened)

    def _opened(self, found: Opened) -> None:
        self.service = found.service
        self._opened_at = time.monotonic()
        self._trouble, self._attempts = "", 0
        self._remarks = dict.fromkeys(found.service.problems)
        self._listen_to(found, known=False)
        self._turn()

    def _open_again(self, after: float) -> None:
        """A service that was started anew may have another broker, or one at last."""
        if time.monotonic() < self._opened_at + after or "open" in self._handles:
            return
        self._opened_at = time.monotonic()
        self._task("open", tr("Connecting to sensors"), self._reading.open, self._opened_again, lambda _error: None)

    def _opened_again(self, found: Opened) -> None:
        push = self._push
        self.service = found.service
        if push is None or [each.url for each in push.brokers] != [each.url for each in found.brokers]:
            self.live.mark()
            self._listen_to(found, known=True)
            for shown in self._shown.values():
                self._listen(shown)

    def _listen_to(self, found: Opened, *, known: bool) -> None:
        self._leave_broker()
        self._coverage = Coverage(push=bool(found.brokers), known=known)
        self._push = Push(found.brokers, self.live, self._coverage)
        self._push.start()

    def _leave_broker(self) -> None:
        push, self._push = self._push, None
        if push is not None:
            push.stop()
            self._ended = [one for one in self._ended if not one.join(0.0)]
            self._ended.append(push)

    def _not_opened(self, error: CityTwinError) -> None:
        self._attempts += 1
        self._next_attempt = time.monotonic() + min(_LONGEST, _RETRY * 2.0 ** min(self._attempts - 1, 10))
        news, self._trouble = not self._trouble, error.message
        self._tell(now=True)
        if news:
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
        service, reading, pages, resident = self.service, self._reading, self._pages, self._resident
        if service is None or self._coverage is None:
            return
        # what is read now is the state, too
        wanted = self._coverage.next() if not self._coverage.pushes and "state" not in self._handles else None
        remarks: list[str] = []
        shown.begin()

        def take(page: tuple[Datastream, ...]) -> None:
            pages.append((shown, source, page))

        def work(progress: Progress) -> None:
            with garbage.light_collections():
                reading.streams(service, source, take, remarks.append, progress)
                resident.settle()

        def done(_none: None) -> None:
            self._take_pages()
            shown.handle = None
            changed = shown.end()
            for remark in remarks:
                shown.say(remark)
            if wanted is not None and self._coverage is not None:
                self._coverage.answered(wanted)
                self.live.mark()
            self._untidy = self._curious = True
            self._listen(shown)
            if changed:
                self.streams_changed.emit(source)

        def failed(error: CityTwinError) -> None:
            shown.handle = None
            if wanted is not None and self._coverage is not None:
                self._coverage.failed(wanted, error.message)
            if shown.fail(error.message):
                self.failed.emit(error)

        name = f"read {id(shown)}"
        shown.handle = self._task(name, tr("Reading sensors: {name}", name=source.title), work, done, failed)

    def _take_pages(self) -> None:
        news: dict[LiveSource, None] = {}
        while self._pages:
            shown, source, page = self._pages.popleft()
            if self._shown.get(source) is not shown:
                continue
            if shown.take(page):
                news[source] = None
            self._by_id.update((stream.id, stream) for stream in page)
        for source in news:
            self.streams_changed.emit(source)

    def _listen(self, shown: Shown) -> None:
        if self._push is not None:
            self._push.subscribe(stream.topic for stream in shown.streams.values() if stream.topic)

    def _tidy(self) -> None:
        """Forget the datastreams that nobody wants, once no reading brings any."""
        if not self._untidy or self._pages or any(shown.handle is not None for shown in self._shown.values()):
            return
        self._untidy = False
        wanted = set(chain.from_iterable(shown.streams for shown in self._shown.values()))
        self.live.remove(each for each in self.live.ids() if each not in wanted)
        gone = [self._by_id.pop(each) for each in list(self._by_id) if each not in wanted]
        if gone and self._push is not None:
            self._push.unsubscribe(stream.topic for stream in gone)

    # -- their state -------------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        """What `Coverage` wants to know."""
        if self._coverage is None or not self._by_id or "state" in self._handles:
            return
        if any(not shown.complete and not shown.trouble for shown in self._shown.values()):
            return
        wanted = self._coverage.next()
        if wanted is None and not self._is_due_aside():
            self._learn()
            return
        self._ask_now(wanted)

    def _is_due_aside(self) -> bool:
        """What the broker refuses to send is polled beside the stream."""
        now = time.monotonic()
        if self._push is None or not self._push.refused or now < self._aside:
            return False
        self._aside = now + _ASIDE
        return True

    def _ask_now(self, wanted: Wanted | None) -> None:
        service, reading, streams = self.service, self._reading, dict(self._by_id)
        covered = self._coverage
        if service is None or covered is None:
            return
        remarks: list[str] = []

        def work(progress: Progress) -> list[str]:
            return reading.state(service, streams, wanted, remarks.append, progress)

        def done(caught_up: list[str]) -> None:
            self._remark(remarks)
            self._trouble = ""
            if wanted is None:
                return
            if covered.answered(wanted):
                self.live.unmark(caught_up)
            if covered.status().phase == coverage.POLLING:
                self.live.mark()

        def failed(error: CityTwinError) -> None:
            if wanted is not None:
                covered.failed(wanted, error.message)
            news, self._trouble = not self._trouble, error.message
            if news:
                self.failed.emit(error)

        self._task("state", tr("Reading what the sensors say"), work, done, failed)

    def _learn(self) -> None:
        """The rhythms, once: else a sensor that reports hourly would be called late for hours."""
        service, reading = self.service, self._reading
        if service is None or not self._curious or "learn" in self._handles:
            return
        self._curious = False
        new = {each: stream for each, stream in self._by_id.items() if each not in self._learnt}
        self._learnt.update(new)
        if not new:
            return
        self._task(
            "learn",
            tr("Reading what the sensors said before"),
            lambda progress: reading.learn(service, new, progress),
            lambda _none: self._resident.settle(),
            lambda _error: self._resident.settle(),
        )

    def _remark(self, sentences: Sequence[str]) -> None:
        for sentence in sentences:
            if len(self._remarks) < _FAULTS:
                self._remarks[sentence] = None

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
        said: dict[str, None] = dict.fromkeys(shown.trouble for shown in self._shown.values() if shown.trouble)
        said.update(self._notes)
        said.update(self._remarks)
        if self._push is not None:
            said.update(dict.fromkeys(self._push.refusals.values()))
        for shown in self._shown.values():
            said.update(shown.remarks)
        faults = (*(fault.sentence() for fault in self.live.faults.list()), *said)[:_FAULTS]
        if self.service is None or self._coverage is None:
            return status.opening(self.url, self._since, self._trouble, faults)
        found = status.running(
            self._coverage, round(self.live.rate(), 1), self._push.url if self._push is not None else "", faults
        )
        trouble = next((shown.trouble for shown in self._shown.values() if shown.trouble), "")
        if trouble and not self._by_id:
            return replace(found, sentence=trouble, kind="bad")
        return found
