"""The sensors that the project's live layers know, by the posts that they stand at, and what each measured on its last
day: for the profile of a pilot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

import numpy as np
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...pilots.figures import Day, Sensor
from ...sensors.live import Live
from ...sensors.series import Series
from ...sensors.state import Latest
from ...sensors.values import NUMBER
from ...text import tr
from ...twin.errors import CityTwinError
from ...twin.progress import SILENT, Progress, check
from ...twin.sensorthings import Datastream
from ..live.feed import Feed
from ..live.layers import LiveLayers
from ..tasks import TaskHandle

_DEGREES = 4326
_DAY = 24 * 3600.0
_RECENT = 2 * _DAY  # those that said something since then are asked together
_TOGETHER = 20  # datastreams
_LONG_SILENT = 40  # datastreams, each of which is asked by itself
_PAUSE = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# what a calendar can hold, with a margin
_FIRST, _LAST = -30_000_000_000.0, 253_000_000_000.0

Box = tuple[float, float, float, float]
Key = tuple[int, str]  # number of the feed, id of the datastream


@dataclass(frozen=True)
class Known:
    """What live layers know of sensors just now. The feeds stay in the main thread, which owns them; `lives` is for any
    thread. ``complete``: nothing more is being read."""

    feeds: tuple[Feed, ...]
    streams: tuple[tuple[Datastream, ...], ...]  # of each feed
    complete: bool = True

    @property
    def lives(self) -> tuple[Live, ...]:
        return tuple(feed.live for feed in self.feeds)


@dataclass(frozen=True)
class Post:
    """One thing at one place, and its datastreams, in the order of the sensor's days."""

    sensor: Sensor
    streams: tuple[Key, ...]


def known(live: LiveLayers | None) -> Known | None:
    """None where the project has no live layer. Main thread."""
    layers = live.all() if live is not None else []
    if live is None or not layers:
        return None
    found: dict[Feed, dict[str, Datastream]] = {}
    complete = True
    for layer in layers:
        feed, source = live.feed_of(layer), live.source_of(layer)
        if feed is not None and source is not None:
            found.setdefault(feed, {}).update((stream.id, stream) for stream in feed.datastreams(source))
            complete = complete and feed.complete(source)
    return Known(tuple(found), tuple(tuple(streams.values()) for streams in found.values()), complete)


def posts(
    lives: Sequence[Live], streams: Sequence[Sequence[Datastream]], box: Box, progress: Progress = SILENT
) -> list[Post]:
    """The posts within ``box`` (west, south, east, north in degrees), with the latest value of each datastream. Any
    thread. Raises `Cancelled`."""
    places: dict[tuple[int, str, float, float], list[Datastream]] = {}
    for number, (_live, each) in enumerate(zip(lives, streams)):
        for count, stream in enumerate(each):
            if count % _PAUSE == 0:
                check(progress)
            at = stream.position
            if at is None or not (box[0] <= at[0] <= box[2] and box[1] <= at[1] <= box[3]):
                continue
            place = (number, stream.thing.name or stream.thing.id, round(at[0], 7), round(at[1], 7))
            places.setdefault(place, []).append(stream)
    found = []
    for (number, name, x, y), here in places.items():
        days = tuple(_latest(stream, lives[number].latest(stream.id)) for stream in here)
        sensor = Sensor(here[0].thing.id or here[0].id, name, x, y, _DEGREES, days)
        found.append(Post(sensor, tuple((number, stream.id) for stream in here)))
    return found


class LastDays(QObject):
    """Reads the 24 hours up to the last observation of each datastream. Main thread.

    ``changed()``: `sensors` know more; ``ended()``: no more is read. ``trouble`` is why some could not be.
    """

    changed = pyqtSignal()
    ended = pyqtSignal()

    def __init__(self, feeds: Sequence[Feed], found: Iterable[Post], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._feeds = tuple(feeds)
        self._posts = list(found)
        self._days: dict[Key, Day] = {}
        self._handle: TaskHandle | None = None
        self.trouble = ""
        self._waiting = self._plan()

    @property
    def sensors(self) -> tuple[Sensor, ...]:
        """As far as they are known."""
        return tuple(
            replace(
                post.sensor, days=tuple(self._days.get(key, day) for key, day in zip(post.streams, post.sensor.days))
            )
            for post in self._posts
        )

    @property
    def busy(self) -> bool:
        return self._handle is not None

    def start(self) -> None:
        """Begin, or go on."""
        if self._handle is not None:
            return
        if not self._waiting:
            self.ended.emit()
            return
        number, ids, start, end = self._waiting.pop(0)
        feed = self._feeds[number]

        def done(found: dict[str, Series]) -> None:
            self._handle = None
            for each, series in found.items():
                self._take((number, each), series)
            self.changed.emit()
            self.start()

        def failed(error: CityTwinError) -> None:
            self._handle = None
            self.trouble = error.message
            # a service that does not answer is not asked again for each of its sensors
            self._waiting = [one for one in self._waiting if one[0] != number]
            self.start()

        self._handle = feed.history(ids, start, end, done=done, failed=failed, parent=self)

    def stop(self) -> None:
        """Read no more."""
        self._waiting.clear()
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.cancel()

    def _plan(self) -> list[tuple[int, list[str], float, float | None]]:
        """What to ask: feed, datastreams, from when to when."""
        recent: dict[int, list[tuple[str, float]]] = {}
        silent: list[tuple[int, list[str], float, float | None]] = []
        for post in self._posts:
            for (number, each), day in zip(post.streams, post.sensor.days):
                time = _seconds(day.at)
                if time is None:
                    continue
                if time > self._feeds[number].live.now() - _RECENT:
                    recent.setdefault(number, []).append((each, time))
                else:
                    silent.append((number, [each], time - _DAY, time + 1))
        out: list[tuple[int, list[str], float, float | None]] = []
        for number, streams in recent.items():
            for begin in range(0, len(streams), _TOGETHER):
                some = streams[begin : begin + _TOGETHER]
                out.append((number, [each for each, _ in some], min(time for _, time in some) - _DAY, None))
        if len(silent) > _LONG_SILENT:
            self.trouble = tr("Of the sensors that are silent for long, only the last value is shown for some.")
        return [*out, *silent[:_LONG_SILENT]]

    def _take(self, key: Key, series: Series) -> None:
        for post in self._posts:
            if key in post.streams:
                before = post.sensor.days[post.streams.index(key)]
                self._days[key] = last_day(before, series)


def last_day(before: Day, series: Series) -> Day:
    """The 24 hours up to the last observation of ``series``; as ``before`` where it has none."""
    if not len(series.times):
        return before
    at = float(series.times[-1])
    values = series.values[series.times > at - _DAY]
    values = values[~np.isnan(values)]
    if not len(values):
        return replace(before, at=_text(at))
    return Day(
        before.observed,
        series.unit or before.unit,
        len(values),
        float(values.min()),
        float(values.mean()),
        float(values.max()),
        float(values[-1]),
        _text(at),
    )


def _latest(stream: Datastream, latest: Latest | None) -> Day:
    unit = (stream.unit.symbol or stream.unit.name) if stream.unit else ""
    observed = stream.observed_property.name or stream.name
    if latest is None or latest.time is None:
        return Day(observed, unit)
    value = float(latest.value) if latest.kind == NUMBER and isinstance(latest.value, (int, float)) else None
    return Day(observed, latest.unit or unit, latest=value, at=_text(latest.time))


def _text(seconds: float) -> str:
    """Seconds since 1970 UTC as ISO 8601; "" for what no calendar holds."""
    if not _FIRST < seconds < _LAST:
        return ""
    # not by fromtimestamp, which Windows refuses for what is before 1970
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(text: str) -> float | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() if text else None
