"""The chart without its window: which sensors, which period, what is read of them and what comes live."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ..map.live.feed import Feed, FeedStatus
from ..map.plot import Plot
from ..map.plot_colours import Ink
from ..sensors import coverage
from ..text import tr, trn
from ..twin.errors import CityTwinError
from ..twin.sensorthings import Datastream
from .chart_levels import Watched, levels
from .chart_loader import ChartLoader
from .chart_sensor import Sensor

HOUR, DAY, WEEK, CUSTOM = "hour", "day", "week", "custom"
PERIODS = {HOUR: 3600.0, DAY: 86400.0, WEEK: 7 * 86400.0}
# more lines than this nobody can tell apart
MOST = 12

_AHEAD = 0.03  # part of the view that is left free after the present
_SHORTEST, _LONGEST = 1.0, 50 * 366 * 86400.0
_EARLIEST, _LATEST = -6e10, 2.4e11
_SOON = 250  # ms after the last turn of the wheel until what is missing is read
_TICK = 1000  # ms between two steps of a window that follows
_BACK = 10.0  # seconds before the last observation from which on it is read again after an interruption


class ChartPresenter(QObject):
    """Main thread. ``changed()``: other sensors, or another period, levels, error; ``moved()``: another view, or new
    observations, or time went on: draw again; ``loading_changed()``: how far reading is."""

    changed = pyqtSignal()
    moved = pyqtSignal()
    loading_changed = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.sensors: tuple[Sensor, ...] = ()
        self.period = DAY
        self.follow = True
        self.levels_shown = True
        self.note = ""  # what the user should know that is no error
        self.watched: Watched | None = None
        self.loader = ChartLoader(self)
        self.loader.came.connect(self.moved)
        self.loader.changed.connect(self._loading)
        self._chosen = DAY
        self._custom: tuple[float, float] | None = None
        self._phases: dict[Feed, str] = {}
        self._awake = True
        self.start, self.end = 0.0, PERIODS[DAY]
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON)
        self._soon.timeout.connect(self._load)
        self._ticker = QTimer(self)
        self._ticker.setInterval(_TICK)
        self._ticker.timeout.connect(self._tick)

    def stop(self) -> None:
        """Let go of everything."""
        self.clear()
        self.loader.stop()

    # -- which sensors -----------------------------------------------------------------------------------------------

    def show(self, wanted: Iterable[tuple[Feed, Datastream]]) -> None:
        """These and no others."""
        wanted = list(wanted)
        keys = {(feed.url, stream.id) for feed, stream in wanted}
        self._keep([sensor for sensor in self.sensors if sensor.key in keys and sensor.connected])
        if not self.sensors:
            self.period, self._custom, self.follow = self._chosen, None, True
        self.loader.forget()
        self.add(wanted)

    def add(self, wanted: Iterable[tuple[Feed, Datastream]]) -> None:
        """These too, as far as there is room."""
        found, left = list(self.sensors), 0
        known = {sensor.key: place for place, sensor in enumerate(found)}
        for feed, stream in wanted:
            place = known.get((feed.url, stream.id))
            if place is not None:
                if found[place].feed is not feed:
                    # its layer was taken away and is there again
                    found[place] = found[place].at(feed, stream)
                continue
            if len(found) >= MOST:
                left += 1
                continue
            known[(feed.url, stream.id)] = len(found)
            taken = {sensor.colour for sensor in found}
            colour = next(place for place in range(MOST) if place not in taken)
            found.append(Sensor(feed, stream, colour, self.moved.emit, self))
        self.note = (
            trn(
                "A chart compares at most {most} sensors; {n} was left out.",
                "A chart compares at most {most} sensors; {n} were left out.",
                left,
                most=MOST,
            )
            if left
            else ""
        )
        self._keep(found)
        self._settle()

    def remove(self, keys: Iterable[tuple[str, str]]) -> None:
        """Without these."""
        gone = set(keys)
        self.note = ""
        self._keep([sensor for sensor in self.sensors if sensor.key not in gone])
        self._settle()

    def clear(self) -> None:
        """Without any."""
        self.remove([sensor.key for sensor in self.sensors])

    def _keep(self, sensors: Sequence[Sensor]) -> None:
        before, self.sensors = self.sensors, tuple(sensors)
        feeds = dict.fromkeys(sensor.feed for sensor in self.sensors)
        for feed in dict.fromkeys(sensor.feed for sensor in before):
            if feed not in feeds:
                self._unhear(feed)
        for feed in feeds:
            if feed not in self._phases:
                self._phases[feed] = feed.status.phase
                feed.changed.connect(self._live)
                feed.status_changed.connect(self._status)
                feed.streams_changed.connect(self._streams)
            # before their history is asked for: nothing is missed between the two
            feed.live.follow([sensor.stream.id for sensor in self.sensors if sensor.feed is feed])
        if not self.sensors:
            self.loader.forget()
        if self.sensors and self._awake:
            self._ticker.start()
        else:
            self._ticker.stop()

    def _unhear(self, feed: Feed) -> None:
        self._phases.pop(feed, None)
        if sip.isdeleted(feed):
            return
        feed.changed.disconnect(self._live)
        feed.status_changed.disconnect(self._status)
        feed.streams_changed.disconnect(self._streams)
        feed.live.follow([])

    # -- which period ------------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """The time by the twin's clock."""
        return self.sensors[0].feed.live.now() if self.sensors else time.time()

    def set_period(self, period: str) -> None:
        """The last hour, day or week, as time goes on."""
        if period in PERIODS:
            self.period, self._custom, self.follow = period, None, True
            self.loader.renew()
            self._settle()

    def set_custom(self, start: float, end: float) -> None:
        """From ``start`` to ``end``, seconds since 1970 UTC."""
        if end < start:
            start, end = end, start
        self._custom = (start, max(end, start + _SHORTEST))
        self.period, self.follow = CUSTOM, False
        self.loader.renew()
        self._settle()

    def view(self) -> tuple[float, float] | None:
        """From when to when is shown; None without a sensor."""
        return (self.start, self.end) if self.sensors else None

    def set_view(self, start: float, end: float) -> None:
        """As the user moved it."""
        middle, width = (start + end) / 2, min(max(end - start, _SHORTEST), _LONGEST)
        middle = min(max(middle, _EARLIEST + width), _LATEST - width)
        self.start, self.end = middle - width / 2, middle + width / 2
        self.period = CUSTOM
        # the present in view goes on; what is past stays where it is
        self.follow = self.follow and self.start < self.now < self.end
        if self.follow:
            self._slide()
        self._soon.start()
        self.changed.emit()
        self.moved.emit()

    def set_follow(self, follow: bool) -> None:
        """Whether the view goes along with time."""
        if follow == self.follow:
            return
        self.follow = follow
        if follow:
            self._slide()
            self._soon.start()
        self.changed.emit()
        self.moved.emit()

    def reset(self) -> None:
        """Back to the period that was chosen."""
        if self._custom is not None:
            self.set_custom(*self._custom)
        else:
            self.set_period(self._chosen)

    def set_levels(self, shown: bool) -> None:
        """With norms and thresholds, or without."""
        self.levels_shown = shown
        self.moved.emit()

    def refresh(self) -> None:
        """The thresholds are others."""
        self.moved.emit()

    @property
    def awake(self) -> bool:
        return self._awake

    @awake.setter
    def awake(self, awake: bool) -> None:
        """Whether anybody looks: else nothing is read, and time stands still."""
        self._awake = awake
        if awake and self.sensors:
            self._ticker.start()
            self._settle()
        else:
            self._ticker.stop()

    def _settle(self) -> None:
        """The view of the period, and what is missing for it."""
        now = self.now
        if self.period in PERIODS:
            self._chosen = self.period
            width = PERIODS[self.period]
            self.start, self.end = now - width, now + _AHEAD * width
        elif self._custom is not None:
            self.start, self.end = self._custom
        self.changed.emit()
        self.moved.emit()
        self._load()

    def _slide(self) -> None:
        width = self.end - self.start
        self.end = self.now + _AHEAD * width
        self.start = self.end - width

    def _tick(self) -> None:
        # a late observation changes no latest value, so no feed tells of it
        self._live()
        if self.follow:
            self._slide()
        self._load()
        self.moved.emit()

    # -- reading -----------------------------------------------------------------------------------------------------

    def _load(self) -> None:
        if self._awake and self.sensors:
            self.loader.want(self.sensors, self.start, self.end)

    @property
    def error(self) -> CityTwinError | None:
        """What went wrong, until it is tried again."""
        return self.loader.error

    def retry(self) -> None:
        """Try again what failed or was stopped."""
        self.loader.renew()
        self.changed.emit()
        self._load()

    def cancel(self) -> None:
        """Read no more."""
        self.loader.cancel()
        self.changed.emit()

    def _loading(self) -> None:
        if self.loader.error is not None:
            self.changed.emit()
        self.loading_changed.emit()

    # -- live --------------------------------------------------------------------------------------------------------

    def _live(self, _changes: object = None) -> None:
        came = False
        for feed in self._phases:
            tails = feed.live.tails()
            for sensor in self.sensors if tails else ():
                news = tails.get(sensor.stream.id) if sensor.feed is feed else None
                if news is not None:
                    sensor.add(news)
                    came = True
        if came and self._awake:
            if self.follow:
                self._slide()
            self.moved.emit()

    def _status(self, status: FeedStatus) -> None:
        feed = self.sender()
        if feed not in self._phases:
            return
        before, self._phases[feed] = self._phases[feed], status.phase
        if status.phase in (coverage.LIVE, coverage.POLLING) and status.phase != before:
            # what came while there was no stream
            for sensor in self.sensors:
                if sensor.feed is feed:
                    sensor.reread(_BACK)
        if status.phase != before:
            self.changed.emit()
            self._load()

    def _streams(self, _source: object) -> None:
        """Datastreams were read, or are gone, or have another unit."""
        for sensor in self.sensors:
            known = sensor.feed.datastream(sensor.stream.id)
            if known is not None:
                sensor.stream = known
        for feed in self._phases:
            feed.live.follow([sensor.stream.id for sensor in self.sensors if sensor.feed is feed])
        self.changed.emit()
        self._load()

    # -- what is drawn -----------------------------------------------------------------------------------------------

    def message(self) -> str:
        """Why there is no line in view; "" where there is one."""
        if not self.sensors or any(self._seen(sensor) for sensor in self.sensors):
            return ""
        if self.loader.running or any(sensor.joining for sensor in self.sensors):
            return tr("Reading the history…")
        if self.error is not None:
            return ""
        if self.loader.halted:
            return tr("Reading was stopped.")
        if not any(sensor.connected for sensor in self.sensors):
            return tr("The sensors are not connected.")
        return tr("There are no observations in this period.")

    def _seen(self, sensor: Sensor) -> bool:
        span = sensor.trace.span
        return span is not None and span[0] <= self.end and span[1] >= self.start

    def plot(self, ink: Ink) -> Plot:
        """The chart as it is to be drawn now."""
        return Plot(
            self.start,
            self.end,
            tuple(sensor.curve() for sensor in self.sensors),
            levels(self.sensors, self.watched) if self.levels_shown else (),
            now=self.now,
            ink=ink,
            message=self.message(),
        )
