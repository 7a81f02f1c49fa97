"""How long the main thread of a QGIS was away from its event loop, and what it, and others, did at that moment."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from qgis.PyQt.QtCore import Qt, QTimer

EVERY = 5  # ms between two beats
LONG = 0.050  # seconds that are too long
_LOOK = 0.010  # seconds between two looks of the thread that watches
_LATE = 0.035  # seconds without a beat from which it looks closer
_KEPT = 12  # of the long ones
_DEEP = 9  # frames of a thread
_IDLE = ("threading.py", "selectors.py", "queue.py")  # where threads wait to be asked


@dataclass(frozen=True)
class Gap:
    """``seconds`` on the wall less those in which the thread was ready and other programs had the processor (Linux
    tells that); ``own``: what it computed itself; ``busy``: all threads of QGIS together. Where that is much less, it
    waited for the disk or for a thread that did not get the processor. ``where``: each thread's frames, innermost
    first, the main thread's before the others'. ``held``: the watching thread was not let in for so many seconds before
    it could look: another thread kept the interpreter in one long call, or other programs the processor."""

    seconds: float
    own: float
    busy: float
    where: tuple[str, ...] = ()
    held: float = 0.0
    at: float = 0.0  # seconds since the first beat, when it was over


class Beat:
    """From its making to `stop`, in the thread that makes it: the main one."""

    def __init__(self) -> None:
        self._schedule = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
        self._main = threading.get_ident()
        self._over = threading.Event()
        self._seen: tuple[tuple[str, ...], float] = ((), 0.0)
        self.gaps: list[Gap] = []
        self._at, self._used, self._queued, self._busy = self._now()
        self._began = self._at
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(EVERY)
        self._timer.timeout.connect(self._beat)
        self._timer.start()
        self._watcher = threading.Thread(target=self._watch, name="bench watcher")
        self._watcher.start()

    def stop(self) -> None:
        self._beat()
        self._timer.stop()
        self._over.set()
        self._watcher.join()

    @property
    def longest(self) -> float:
        """Seconds."""
        return max((gap.seconds for gap in self.gaps), default=0.0)

    @property
    def busiest(self) -> float:
        """Seconds that the thread computed at most before it came back."""
        return max((gap.own for gap in self.gaps), default=0.0)

    @property
    def blocked(self) -> float:
        """The longest gap, of each no more than QGIS computed meanwhile: on a machine that others use as well."""
        return max((min(gap.seconds, gap.busy) for gap in self.gaps), default=0.0)

    def long(self) -> list[Gap]:
        return sorted((gap for gap in self.gaps if gap.seconds > LONG), key=lambda gap: -gap.seconds)

    def told(self) -> dict[str, Any]:
        """In milliseconds, for a file."""
        return {
            "longest": round(1000 * self.longest, 1),
            "blocked": round(1000 * self.blocked, 1),
            "own": round(1000 * self.busiest, 1),
            "beats": len(self.gaps),
            "long": len(self.long()),
            "worst": [asdict(gap) for gap in self.long()[:_KEPT]],
        }

    def _now(self) -> tuple[float, float, float, float]:
        try:
            queued = int(self._schedule.read_text(encoding="ascii").split()[1]) / 1e9
        except (OSError, ValueError, IndexError):
            queued = 0.0
        return time.perf_counter(), time.thread_time(), queued, time.process_time()

    def _beat(self) -> None:
        at, used, queued, busy = self._now()
        late = at - self._at - EVERY / 1000
        away = max(0.0, late - (queued - self._queued))
        (where, held), self._seen = self._seen, ((), 0.0)
        told = where if away > LONG else ()
        self.gaps.append(Gap(away, used - self._used, busy - self._busy, told, held, at - self._began))
        self._at, self._used, self._queued, self._busy = at, used, queued, busy

    def _watch(self) -> None:
        """In a thread of its own: look where everybody is while no beat comes, the first time that it does not."""
        before = time.perf_counter()
        while not self._over.wait(_LOOK):
            now = time.perf_counter()
            if now - self._at > _LATE and not self._seen[0]:
                frames = sys._current_frames()
                others = [frame for one, frame in frames.items() if one not in (self._main, threading.get_ident())]
                told = [_told(frame) for frame in (frames[self._main], *others)]
                self._seen = (tuple(filter(None, told)), now - before - _LOOK)
            before = now


def _told(frame: FrameType | None) -> str:
    found: list[str] = []
    while frame is not None and len(found) < _DEEP:
        path = Path(frame.f_code.co_filename)
        if not found and path.name in _IDLE:
            return ""
        found.append(f"{path.parent.name}/{path.name}:{frame.f_lineno} {frame.f_code.co_name}")
        frame = frame.f_back
    return " < ".join(found)
