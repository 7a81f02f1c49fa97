"""One of the sensors that a chart compares: what of its history is read, and what came since."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from qgis.PyQt.QtCore import QObject

from ..map import tasks
from ..map.live.feed import Feed
from ..map.plot import Curve
from ..sensors import words
from ..sensors.series import Series
from ..sensors.spans import Spans
from ..sensors.state import Latest
from ..sensors.thresholds import unit_of
from ..sensors.trace import Trace
from ..text import tr
from ..twin.errors import CityTwinError
from ..twin.sensorthings import Datastream

# observations that are put together in the main thread, in about a millisecond
_SMALL = 20_000
# of an unknown rhythm
_RATE = 1 / 60


class Sensor:
    """The main thread's. ``colour`` is its place among the chart's colours; ``changed`` is called when a task has put
    long history in its place; ``parent``: nothing is called once it is deleted."""

    def __init__(
        self, feed: Feed, stream: Datastream, colour: int, changed: Callable[[], None], parent: QObject
    ) -> None:
        self.feed = feed
        self.stream = stream
        self.colour = colour
        self.covered = Spans()
        self.trace = Trace(Series(np.empty(0), np.empty(0), unit_of(stream), stream.id, stream.name))
        self._changed = changed
        self._parent = parent
        self._joining = self._taken = False
        self._long: list[Series] = []
        self._meanwhile: list[Series] = []

    @property
    def key(self) -> tuple[str, str]:
        """It is the same sensor where this is the same."""
        return self.feed.url, self.stream.id

    @property
    def name(self) -> str:
        """Its own name, else its thing's."""
        return self.stream.name or self.stream.thing.name or self.stream.id

    @property
    def unit(self) -> str:
        return unit_of(self.stream)

    @property
    def connected(self) -> bool:
        """Whether its feed still brings it."""
        return self.feed.datastream(self.stream.id) is not None

    @property
    def latest(self) -> Latest | None:
        """What it says now."""
        return self.feed.live.latest(self.stream.id) if self.connected else None

    @property
    def rate(self) -> float:
        """About how many observations it has in a second."""
        gap = self.trace.gap
        if gap == float("inf"):
            gap = self.feed.live.recent(self.stream.id).gap
        return 2.5 / gap if 0 < gap < float("inf") else _RATE

    def at(self, feed: Feed, stream: Datastream) -> Sensor:
        """The same sensor, as another feed brings it."""
        found = Sensor(feed, stream, self.colour, self._changed, self._parent)
        found.trace, found.covered = self.trace.copy(), self.covered
        found.reread()
        return found

    def reread(self, before: float = 0.0) -> None:
        """Read again what is later than the last observation, and than ``before`` seconds before that."""
        span = self.trace.span
        self.covered.cut(span[1] - before if span is not None else float("-inf"))

    def curve(self) -> Curve:
        latest = self.latest
        last = words.value(latest) if latest is not None else ""
        return Curve(self.trace, self.name, self.unit, self.colour, last)

    def add(self, news: Series) -> None:
        """Draw ``news`` too: at once where they are few, else after a task."""
        if len(news) > _SMALL:
            self._long.append(news)
        else:
            self.trace.add(news)
            if self._joining:
                self._meanwhile.append(news)
        self._join()

    @property
    def joining(self) -> bool:
        """Whether there is more than is drawn."""
        return self._taken or bool(self._long)

    def _join(self) -> None:
        if self._joining or not (self._long or self.trace.wants_joining):
            return
        self._joining = True
        # the arrays are never changed, only replaced
        copy, news = self.trace.copy(), tuple(self._long)
        self._taken, self._long = bool(news), []
        tasks.run(
            tr("Preparing the chart"),
            lambda _progress: copy.joined(*news),
            done=self._joined,
            failed=self._not_joined,
            cancelled=self._not_joined,
            parent=self._parent,
            hidden=True,
        )

    def _joined(self, found: Trace) -> None:
        self._joining = self._taken = False
        self.trace = found
        meanwhile, self._meanwhile = self._meanwhile, []
        for each in meanwhile:
            self.trace.add(each)
        self._changed()
        self._join()

    def _not_joined(self, _error: CityTwinError | None = None) -> None:
        self._joining = self._taken = False
        self._meanwhile = []
