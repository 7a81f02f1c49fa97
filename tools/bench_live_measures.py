"""What `tools.bench_live` measures with, in whichever process it is: how regularly a thread gets its turn, how long
things take, memory and processor. Plain Python; imported inside QGIS too."""

from __future__ import annotations

import gc
import resource
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BEAT = 0.01  # seconds between two heart-beats


@dataclass(frozen=True)
class Spread:
    """In seconds."""

    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    most: float = 0.0
    count: int = 0


@dataclass(frozen=True)
class Measured:
    """One storm. Seconds; memory in MiB at the start, after a third and at the end; ``cpu``: of one processor.

    ``filled``: until every row had its first value. ``latency``: from the publisher's hand to the row. ``gaps``: how
    long the main thread was away from its event loop; ``held``: without the time that it was ready but other programs
    had the processor (Linux tells that); ``own``: what it computed itself in that time.
    """

    filled: float
    datastreams: int
    sent: int
    sending: float
    behind: float
    received: int
    lost: int
    latency: Spread
    gaps: Spread
    own: Spread
    held: Spread
    memory: tuple[float, float, float]
    cpu: float
    collector: Spread  # the pauses of Python's garbage collector over a millisecond
    settled: float = 0.0  # seconds after the last message until every row was right
    repaints: float = 0.0  # of the map, per second


def percentile(values: Sequence[float]) -> Spread:
    if not values:
        return Spread()
    ordered = sorted(values)
    at = [ordered[min(len(ordered) - 1, int(part * len(ordered)))] for part in (0.5, 0.95, 0.99)]
    return Spread(at[0], at[1], at[2], ordered[-1], len(ordered))


class HeartBeat:
    """Called every `BEAT` by the thread that is looked at, which is the one that makes it."""

    def __init__(self) -> None:
        self._schedule = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
        self._at, self._used, self._waited = time.perf_counter(), time.thread_time(), self._queued()
        self._gaps: list[float] = []
        self._own: list[float] = []
        self._held: list[float] = []

    def beat(self) -> None:
        now, used, waited = time.perf_counter(), time.thread_time(), self._queued()
        gap = max(0.0, now - self._at - BEAT)
        self._gaps.append(gap)
        self._own.append(used - self._used)
        self._held.append(max(0.0, gap - (waited - self._waited)))
        self._at, self._used, self._waited = now, used, waited

    def _queued(self) -> float:
        """Seconds that this thread was ready to run, and did not."""
        try:
            return int(self._schedule.read_text(encoding="ascii").split()[1]) / 1e9
        except (OSError, ValueError, IndexError):
            return 0.0

    def gaps(self) -> Spread:
        return percentile(self._gaps)

    def own(self) -> Spread:
        return percentile(self._own)

    def held(self) -> Spread:
        return percentile(self._held)


class Collector:
    """How long Python's garbage collector held everything up; from `begin` to `end`."""

    def __init__(self) -> None:
        self._at = 0.0
        self._pauses: list[float] = []

    def begin(self) -> None:
        self._pauses = []
        gc.callbacks.append(self._hear)

    def end(self) -> Spread:
        gc.callbacks.remove(self._hear)
        return percentile(self._pauses)

    def _hear(self, phase: str, _info: dict[str, int]) -> None:
        # by the processor's time: what others take from it is not the collector's
        if phase == "start":
            self._at = time.thread_time()
        elif time.thread_time() - self._at > 0.001:
            self._pauses.append(time.thread_time() - self._at)


class Usage:
    """Memory and processor time of this process."""

    def __init__(self) -> None:
        self._memory: list[tuple[float, float]] = []
        self._began = self._ended = 0.0
        self._used = 0.0

    def begin(self) -> None:
        self._began, self._used = time.perf_counter(), _used()
        self._memory = [(self._began, resident())]

    def look(self) -> None:
        """Now and then."""
        now = time.perf_counter()
        if now - self._memory[-1][0] > 1.0:
            self._memory.append((now, resident()))

    def end(self) -> None:
        self._ended = time.perf_counter()
        self._used = _used() - self._used
        self._memory.append((self._ended, resident()))

    def memory(self) -> tuple[float, float, float]:
        third = self._began + (self._ended - self._began) / 3
        middle = next(size for at, size in self._memory if at >= third)
        return self._memory[0][1], middle, self._memory[-1][1]

    def cpu(self) -> float:
        return self._used / max(0.001, self._ended - self._began)


def _used() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime


def resident() -> float:
    """Memory of this process, in MiB; what it had at the most where the system does not tell."""
    status = Path("/proc/self/statm")
    if status.is_file():
        return int(status.read_text(encoding="ascii").split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
