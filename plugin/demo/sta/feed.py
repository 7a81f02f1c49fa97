"""The sensors at work: threads that write observations when they are due."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any

from . import rhythm
from .replay import Recording
from .seed import Station, streams
from .store import SensorStore
from .values import result

log = logging.getLogger(__name__)
_PARTS = 10  # a round of all sensors is told in so many parts
_HISTORY, _HISTORY_STEP, _HISTORY_MOST = 24 * 3600, 600, 300_000  # seconds, seconds, observations
_PRUNE_EVERY = 60.0  # seconds


class Feed(threading.Thread):
    """Writes until it is stopped. ``remember`` fills an empty past, and comes before ``start``."""

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
        try:
            self.play()
        except Exception:
            log.exception("the sensors have stopped")

    def play(self) -> None:
        """Until it is over."""
        raise NotImplementedError

    def remember(self) -> None:
        """Write what was observed before now."""
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

    def remember(self) -> None:
        now = time.time()
        rounds = min(_HISTORY // _HISTORY_STEP, _HISTORY_MOST // max(1, len(self._sensors)))
        for back in range(int(rounds), 0, -1):
            at = now - back * _HISTORY_STEP
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
    """A recording from now on, again and again, ``speed`` times as fast as it was."""

    def __init__(self, store: SensorStore, recording: Recording, speed: float) -> None:
        super().__init__(store, "replay")
        self._recording, self._speed = recording, speed

    def remember(self) -> None:
        begin = time.time() - self._recording.length
        for slot in self._recording.slots:
            self.tell(self._known(slot.values, begin + slot.offset), tell=False)

    def play(self) -> None:
        begin = time.time()
        while True:
            for slot in self._recording.slots:
                due = begin + slot.offset / self._speed
                if not self.wait_until(due):
                    return
                self.tell(self._known(slot.values, due))
            begin = max(begin + self._recording.length / self._speed, time.time() - 60)

    def _known(self, values: Iterable[tuple[str, str, Any]], at: float) -> Iterable[tuple[int, float, Any]]:
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
