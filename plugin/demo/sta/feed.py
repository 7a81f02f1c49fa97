"""The sensors at work: threads that write observations when they are due."""

from __future__ import annotations

import logging
import math
import threading
import time
import zlib
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from . import rhythm
from .replay import Recording
from .seed import Station, streams
from .store import SensorStore
from .values import result

log = logging.getLogger(__name__)
_Told = tuple[str, str, Any]  # station, quantity, value
_PARTS = 10  # a round of all sensors is told in so many parts
_MOMENTS = 60  # a slot of a recording is, at the most
_REPLAYED, _FASTEST = 2 * 3600, 60.0  # seconds of a recording's past at least; its speed at the most
_HISTORY, _HISTORY_STEP, _HISTORY_MOST = 24 * 3600, 600, 300_000  # seconds, seconds, observations
_PRUNE_EVERY = 60.0  # seconds
_REST = 10.0  # seconds after something that should not have happened


class Feed(threading.Thread):
    """Writes until it is stopped. ``remember`` fills the past, and comes before ``start``."""

    def __init__(self, store: SensorStore, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._store, self._over = store, threading.Event()
        self._streams = streams(store)
        self._pruned = time.monotonic()

    def stop(self) -> None:
        """And wait until it has."""
        self._over.set()
        if self.is_alive():
            self.join(10)

    def run(self) -> None:
        while not self._over.is_set():
            try:
                self.play()
            except Exception:
                log.exception("the sensors have stopped; they go on in %.0f s", _REST)
                self._over.wait(_REST)

    def play(self) -> None:
        """Until it is over."""
        raise NotImplementedError

    def remember(self, since: float = 0.0) -> None:
        """Write what was observed before now, and after ``since`` (seconds since 1970)."""
        raise NotImplementedError

    def wait_until(self, due: float) -> bool:
        """Whether to go on, at ``due`` (seconds since 1970)."""
        return not self._over.wait(max(0.0, due - time.time()))

    def tell(self, found: Iterable[tuple[int, float, Any]], *, tell: bool = True) -> None:
        """Write observations: datastream, time in seconds since 1970, result."""
        with self._store.writing() as writer:
            rows = []
            for datastream, at, told in found:
                try:
                    feature = writer.feature_of(datastream)
                except KeyError:  # somebody has deleted it
                    continue
                micros = int(at * 1000) * 1000
                stored, kind = result(told)
                rows.append((datastream, feature, micros, micros, micros, stored, kind, None, None, None))
            writer.observe(rows, tell=tell)
        if time.monotonic() - self._pruned > _PRUNE_EVERY:
            self._store.prune()
            self._pruned = time.monotonic()


class Rhythm(Feed):
    """Made-up values of ``stations`` every ``interval`` seconds."""

    def __init__(self, store: SensorStore, stations: Sequence[Station], interval: float) -> None:
        super().__init__(store, "rhythm")
        self._interval = interval
        self._sensors = [
            (self._streams[station.key, key], station, key)
            for station in stations
            for key in station.quantities
            if (station.key, key) in self._streams
        ]

    def remember(self, since: float = 0.0) -> None:
        now = time.time()
        rounds = min(_HISTORY // _HISTORY_STEP, _HISTORY_MOST // max(1, len(self._sensors)))
        for back in range(int(rounds), 0, -1):
            at = now - back * _HISTORY_STEP
            if at > since:
                self.tell(_told((one, at) for one in self._sensors), tell=False)

    def play(self) -> None:
        parts = min(_PARTS, max(1, len(self._sensors)))
        begin, n = time.time(), 0
        while True:
            due = begin + n * self._interval / parts
            if not self.wait_until(due):
                return
            self.tell(_told((one, due) for one in self._sensors[n % parts :: parts]))
            # one that cannot keep up leaves rounds out, and does not fall behind
            n = max(n + 1, int((time.time() - begin) / self._interval * parts))


class Replay(Feed):
    """A recording from now on, again and again, ``speed`` times as fast as it was.

    A slot of the recording has all stations at one instant; here each station has a moment of its own within it, always
    the same, so that the city changes all the time and not every five minutes.
    """

    def __init__(self, store: SensorStore, recording: Recording, speed: float) -> None:
        super().__init__(store, "replay")
        self._recording, self._speed = recording, speed
        offsets = [slot.offset for slot in recording.slots]
        gaps = [after - before for before, after in zip(offsets, offsets[1:])]
        self._step = min([recording.step, *gaps])
        # "now" is well after the recording's longest gap: it is a while ago, and long to go
        self._first = 0
        if gaps and max(gaps) > 2 * recording.step:
            self._first = (gaps.index(max(gaps)) + 1 + len(offsets) // 4) % len(offsets)

    def remember(self, since: float = 0.0) -> None:
        # as fast as it will go on, unless that is for trying things out
        speed = self._speed if 1.0 <= self._speed <= _FASTEST else 1.0
        length, now = self._recording.length / speed, time.time()
        for back in range(math.ceil(_REPLAYED / length), 0, -1):
            past = [one for one in self._moments(now - back * length, speed) if since < one[0] <= now]
            self.tell(chain.from_iterable(self._known(values, due) for due, values in past), tell=False)

    def play(self) -> None:
        begin = time.time()
        while True:
            for due, values in self._moments(begin, self._speed):
                if not self.wait_until(due):
                    return
                self.tell(self._known(values, due))
            begin = max(begin + self._recording.length / self._speed, time.time() - 60)

    def _moments(self, begin: float, speed: float) -> Iterable[tuple[float, list[_Told]]]:
        """What is told when, in seconds since 1970, one after the other."""
        step = self._step / speed
        parts = max(1, min(_MOMENTS, int(step)))
        slots, first = self._recording.slots, self._first
        for n in range(len(slots)):
            slot = slots[(first + n) % len(slots)]
            since = (slot.offset - slots[first].offset) % self._recording.length
            found: list[list[_Told]] = [[] for _ in range(parts)]
            for each in slot.values:
                found[zlib.crc32(each[0].encode("utf-8")) % parts].append(each)
            for part, values in enumerate(found):
                yield begin + since / speed + part * step / parts, values

    def _known(self, values: Iterable[_Told], at: float) -> Iterable[tuple[int, float, Any]]:
        for station, quantity, told in values:
            datastream = self._streams.get((station, quantity))
            if datastream is not None:
                yield datastream, at, told


def _told(asked: Iterable[tuple[tuple[int, Station, str], float]]) -> Iterable[tuple[int, float, Any]]:
    for (datastream, station, quantity), at in asked:
        try:
            yield datastream, at, rhythm.value(station, quantity, at)
        except rhythm.Silent:
            continue
