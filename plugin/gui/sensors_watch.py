"""What the listed sensors say while the Sensors page is looked at: by polling, or from the feed that runs anyway."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal, pyqtSlot

from ..map import tasks
from ..map.connections import Connection
from ..map.live.feed import Feed
from ..map.live.feeds import Feeds
from ..map.live.reading import Reading
from ..sensors.coverage import Coverage, Status, Wanted
from ..sensors.live import Changes, Live
from ..text import tr
from ..twin.errors import CityTwinError
from ..twin.progress import Progress
from ..twin.sensorthings import Datastream, Service
from .sensors_model import SensorModel
from .sensors_turns import Turns

_PACE = 500  # ms between two looks at what has changed, time alone may do that
_BUDGET = 0.008  # s
_LEARNT = 3_000  # datastreams; of more the rhythm is learnt from what is polled


class SensorsWatch(QObject):
    """Keeps ``model``'s rows at what the sensors say, by ``live``, which is the page's own and lives by polling.

    Where a feed runs for the same service, its datastreams are shown by what it says. Nothing is asked of the twin
    while the page is not seen, nor where the feed knows all. Main thread.
    """

    changed = pyqtSignal()  # `status` may be another
    noted = pyqtSignal(str)

    def __init__(self, model: SensorModel, feeds: Feeds, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.live = Live()
        self.feed: Feed | None = None
        self._model = model
        self._feeds = feeds
        self._coverage: Coverage | None = None
        self._loading: Wanted | None = None
        self._reading: Reading | None = None
        self._where: tuple[Connection, Service] | None = None
        self._poll: tasks.TaskHandle | None = None
        self._fed: set[str] = set()
        self._seen = False
        self._turns = Turns(self)
        self._timer = QTimer(self)
        self._timer.setInterval(_PACE)
        self._timer.timeout.connect(self._look)
        feeds.opened.connect(self._feeds_changed)
        feeds.closed.connect(self._feeds_changed)

    def now(self) -> float:
        """The time by which ages are told, seconds since 1970 UTC."""
        return float((self.feed.live if self.feed is not None else self.live).now())

    @property
    def status(self) -> Status | None:
        """How the own polling goes; None before there is anything to poll."""
        return self._coverage.status() if self._coverage is not None else None

    # -- from the page

    def begin(self) -> Live:
        """Forget all, before another service is read; returns the `Live` to read into."""
        self._leave()
        self.live = Live()
        self._coverage = Coverage(push=False)
        self._loading = self._coverage.next()
        return self.live

    def found(self, connection: Connection, service: Service) -> None:
        """Where the sensors are."""
        self._where = connection, service
        self._reading = Reading(connection, service.url, self.live)
        self._bind()

    def loaded(self) -> None:
        """All datastreams have been read, each with its latest value."""
        if self._coverage is not None and self._loading is not None:
            self._coverage.answered(self._loading)
            self._loading = None
        self._resync()
        self._learn()
        self._run()

    def failed(self, why: str) -> None:
        """They could not all be read."""
        if self._coverage is not None and self._loading is not None:
            self._coverage.failed(self._loading, why)

    def see(self, seen: bool) -> None:
        """Whether the page is looked at."""
        if seen != self._seen:
            self._seen = seen
            if seen:
                self._bind()
                self._resync()
            self._run()

    def retry(self) -> None:
        """Ask again now."""
        if self.feed is not None:
            self.feed.retry()
        elif self._coverage is not None:
            self._coverage.hurry()
            self._look()

    def stop(self) -> None:
        self._leave()
        self._feeds.opened.disconnect(self._feeds_changed)
        self._feeds.closed.disconnect(self._feeds_changed)

    def _leave(self) -> None:
        self._timer.stop()
        self._turns.stop()
        self._unbind()
        handle, self._poll = self._poll, None
        if handle is not None:
            handle.cancel()
        self._where = self._coverage = self._loading = self._reading = None

    def _run(self) -> None:
        if self._seen and self._coverage is not None:
            self._timer.start()
        else:
            self._timer.stop()

    # -- the own state

    @pyqtSlot()
    def _look(self) -> None:
        changes = self.live.drain(_BUDGET)
        fed = self._fed
        self._model.tell([one for one in changes.latest if one.id not in fed] if fed else changes.latest)
        if changes.waiting:
            QTimer.singleShot(0, self._look_again)
        if self._loading is None and self._poll is None and len(self._model) > len(fed):
            wanted = self._coverage.next() if self._coverage is not None else None
            if wanted is not None:
                self._ask(wanted)
        self.changed.emit()

    def _look_again(self) -> None:
        if self._timer.isActive():
            changes = self.live.drain(_BUDGET)
            self._model.tell([one for one in changes.latest if one.id not in self._fed])
            if changes.waiting:
                QTimer.singleShot(0, self._look_again)

    def _ask(self, wanted: Wanted) -> None:
        """Ask the twin for what all sensors say now."""
        coverage = self._coverage

        def done(_nothing: object) -> None:
            if coverage is not None:
                coverage.answered(wanted)
            self._asked(coverage)

        def failed(error: CityTwinError) -> None:
            if coverage is not None:
                coverage.failed(wanted, error.message)
            self._asked(coverage)

        self._run_task(
            lambda reading, service, streams, progress: reading.state(service, streams, None, progress.note, progress),
            done,
            failed,
        )

    def _learn(self) -> None:
        """Ask for the last few values of each sensor: how often it tells decides how fresh it is."""
        coverage = self._coverage
        if self._poll is None and 0 < len(self._model) <= _LEARNT:
            self._run_task(
                lambda reading, service, streams, progress: reading.learn(service, streams, progress),
                lambda _nothing: self._asked(coverage),
                lambda _error: self._asked(coverage),
            )

    def _run_task(
        self,
        act: Callable[[Reading, Service, dict[str, Datastream], Progress], object],
        done: Callable[[object], None],
        failed: Callable[[CityTwinError], None],
    ) -> None:
        reading, where = self._reading, self._where
        if reading is None or where is None:
            return
        connection, service = where
        streams = {row.stream.id: row.stream for row in self._model.rows()}
        text = tr("Asking the sensors of {name}", name=connection.name)
        self._poll = tasks.run(
            text, lambda progress: act(reading, service, streams, progress),
            done=done, failed=failed, note=self.noted.emit, parent=self, hidden=True,
        )  # fmt: skip

    def _asked(self, coverage: Coverage | None) -> None:
        if coverage is self._coverage:
            self._poll = None
            self.changed.emit()

    # -- a feed's

    @pyqtSlot(object)
    def _feeds_changed(self, _feed: object) -> None:
        self._bind()

    def _bind(self) -> None:
        """Follow the feed of this service, where there is one."""
        found = self._running() if self._where is not None and self._seen else None
        if found is self.feed:
            return
        self._unbind()
        self.feed = found
        if found is not None:
            found.changed.connect(self._fed_changes)
            found.status_changed.connect(self._feed_status)
            found.streams_changed.connect(self._feed_streams)
        self._resync()
        self.changed.emit()

    def _running(self) -> Feed | None:
        if self._where is None:
            return None
        connection, service = self._where
        url = service.url.rstrip("/")
        for feed in self._feeds.all():
            known = {feed.url.rstrip("/"), feed.service.url.rstrip("/") if feed.service is not None else ""}
            if url in known and feed.connection.authcfg == connection.authcfg:
                return feed
        return None

    def _unbind(self) -> None:
        feed, self.feed = self.feed, None
        self._fed = set()
        if feed is not None:
            feed.changed.disconnect(self._fed_changes)
            feed.status_changed.disconnect(self._feed_status)
            feed.streams_changed.disconnect(self._feed_streams)

    @pyqtSlot(object)
    def _fed_changes(self, changes: Changes) -> None:
        if self._seen:
            self._fed.update(one.id for one in changes.latest if self._model.row(one.id) is not None)
            self._model.tell(changes.latest)

    @pyqtSlot(object)
    def _feed_status(self, _status: object) -> None:
        self.changed.emit()

    @pyqtSlot(object)
    def _feed_streams(self, _source: object) -> None:
        self._resync()

    def _resync(self) -> None:
        """Bring every row to what is known now: from the feed where it has it, else from the own state."""
        self._turns.start(self._each())

    def _each(self) -> Iterator[None]:
        feed = self.feed
        fed: set[str] = set()
        ids = [row.stream.id for row in self._model.rows()]
        for start in range(0, len(ids), 64):
            found = []
            for id in ids[start : start + 64]:
                told = feed.live.latest(id) if feed is not None else None
                if told is not None:
                    fed.add(id)
                found.append(told or self.live.latest(id))
            self._model.tell([one for one in found if one is not None])
            yield
        if feed is self.feed:
            self._fed = fed
