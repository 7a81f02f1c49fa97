"""What a chart shows is read from the twin piece by piece, the newest first, and only what is not there yet."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..map.live.feed import Feed
from ..map.tasks import TaskHandle
from ..sensors.series import Series
from ..text import number, tr, trn
from ..twin.errors import CityTwinError
from .chart_sensor import Sensor

# observations of a piece, about; no piece is shorter than this many seconds
_PIECE, _SHORTEST = 100_000, 1800.0
# what is as new as this comes live
_NEW = 2.0
_NAMED = 3


class ChartLoader(QObject):
    """Main thread. ``changed()``: it began, goes on, ended or failed; ``came()``: there is more to draw."""

    changed = pyqtSignal()
    came = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.error: CityTwinError | None = None
        self.halted = False  # the user stopped it
        self._sensors: tuple[Sensor, ...] = ()
        self._period = (0.0, 0.0)
        self._handles: dict[str, TaskHandle] = {}
        self._read: dict[str, int] = {}
        self._sum = 0
        self._left_out: dict[Sensor, None] = {}  # the twin cannot give their history; that of the others goes on

    @property
    def running(self) -> bool:
        return bool(self._handles)

    @property
    def text(self) -> str:
        """How far it is, for the user."""
        if not self.running:
            return ""
        count = self._sum + sum(self._read.values())
        if not count:
            return tr("Reading the history…")
        return tr("Reading the history: {count} observations…", count=number(count))

    def want(self, sensors: Sequence[Sensor], start: float, end: float) -> None:
        """See to it that these can be drawn from ``start`` to ``end`` (seconds since 1970 UTC)."""
        self._sensors, self._period = tuple(sensors), (start, end)
        self._go_on()

    def renew(self) -> None:
        """The next `want` tries again what failed or was stopped."""
        self.error, self.halted = None, False
        self._left_out.clear()

    def cancel(self) -> None:
        """Read no more until `renew`."""
        if self._handles:
            self.halted = True
        self.stop()

    def stop(self) -> None:
        """Let go of what is under way."""
        handles, self._handles = self._handles, {}
        self._read.clear()
        self._sum = 0
        for handle in handles.values():
            handle.cancel()
        self.changed.emit()

    def forget(self) -> None:
        """Begin anew, with other sensors."""
        self.renew()
        self.stop()

    def _go_on(self) -> None:
        if self.error is not None or self.halted:
            return
        for feed in dict.fromkeys(sensor.feed for sensor in self._sensors):
            if feed.url not in self._handles:
                self._ask(feed)
        if self._handles:
            return
        left_out = [sensor.stream.name or sensor.stream.id for sensor in self._sensors if sensor in self._left_out]
        if left_out:
            self.error = CityTwinError(
                trn(
                    "The history of {n} sensor could not be read; what is shown of it is not all. Try again: {names}.",
                    "The history of {n} sensors could not be read; what is shown of them is not all. Try again: "
                    "{names}.",
                    len(left_out),
                    names=", ".join(left_out[:_NAMED]),
                )
            )
        if self._sum or left_out:
            self._sum = 0
            self.changed.emit()

    def _ask(self, feed: Feed) -> None:
        """The newest piece that is missing of this feed's sensors."""
        now = feed.live.now()
        start, end = self._period[0], min(self._period[1], now)
        wanted = [
            (sensor, missing)
            for sensor in self._sensors
            if sensor.feed is feed
            and sensor.connected
            and sensor not in self._left_out
            and (missing := sensor.covered.missing(start, end))
        ]
        if not wanted or feed.service is None:
            return
        until = max(missing[-1][1] for _, missing in wanted)
        since = max(min(missing[0][0] for _, missing in wanted), until - self._piece([one for one, _ in wanted]))
        asked = [sensor for sensor, missing in wanted if missing[-1][1] > since]
        live = until >= now - _NEW
        mine: list[TaskHandle] = []

        def over() -> bool:
            """Whether nobody waits for this any more."""
            return not mine or self._handles.get(feed.url) is not mine[0]

        def done(found: dict[str, Series]) -> None:
            if over():
                return
            del self._handles[feed.url]
            self._sum += self._read.pop(feed.url, 0)
            for sensor in asked:
                news = found.get(sensor.stream.id)
                if news is None:
                    self._left_out[sensor] = None
                else:
                    # what is not over yet comes live from now on
                    sensor.covered.add(since, float("inf") if live else until)
                    sensor.add(news)
            self.came.emit()
            self._go_on()
            self.changed.emit()

        def failed(error: CityTwinError) -> None:
            if over():
                return
            self._sum = 0
            self._read.pop(feed.url, None)
            del self._handles[feed.url]
            self.error = error
            self.changed.emit()

        def progress(count: int, _total: int | None, _text: str) -> None:
            if not over():
                self._read[feed.url] = count
                self.changed.emit()

        handle = feed.history(
            [sensor.stream.id for sensor in asked],
            since,
            None if live else until,
            done=done,
            failed=failed,
            progress=progress,
            parent=self,
        )
        mine.append(handle)
        self._handles[feed.url] = handle
        self.changed.emit()

    def _piece(self, sensors: Sequence[Sensor]) -> float:
        """How many seconds of these are read at once."""
        return max(_SHORTEST, _PIECE / sum(sensor.rate for sensor in sensors))
