"""Python's garbage collector, kept from holding up the window while much goes on, and after it.

It holds up all threads while it looks, and bulk work makes it look often: at QGIS's whole heap it takes 100 ms and more
each time (measured in a checkout of 216,000 features: 34 times; with 10,000 live sensors: 240 ms every few seconds). So
what was there before is set aside, and it looks at what is new only.

What was set aside and is no longer so is looked at whole again and again: with the list of 18,750 sensors 0.4 s each
time, in whichever thread comes next, which is mostly the one that draws the window. So in a QGIS with a window, where
there is a `Peace`, it stays set aside until nobody works.
"""

from __future__ import annotations

import contextlib
import gc
import threading
import time
from collections.abc import Iterator

from qgis.PyQt.QtCore import QObject, QPoint, Qt, QTimer
from qgis.PyQt.QtGui import QCursor, QGuiApplication

_LOOK = 5_000  # ms
_IDLE = 60.0  # seconds without a move of the mouse: then nobody minds a moment

_lock = threading.Lock()
_tasks = 0
_residents: set[Resident] = set()
_peace: set[Peace] = set()
_waits = False  # what is set aside may be looked at again


@contextlib.contextmanager
def light_collections() -> Iterator[None]:
    """While any thread is in here, the collector looks at nothing that was there before."""
    global _tasks
    gc.collect(1)  # a millisecond: what is garbage already need not be set aside
    with _lock:
        _tasks += 1
        gc.freeze()
    try:
        yield
    finally:
        with _lock:
            _tasks -= 1
            _thaw()


def set_aside() -> None:
    """In `light_collections`: what was made since will stay, too."""
    with _lock:
        if _tasks:
            gc.freeze()


class Resident:
    """The same for what stays and goes on for long. What is set aside is looked at again when all have left: until
    then what of it becomes garbage in cycles stays. Any thread."""

    def __init__(self) -> None:
        self._left = False

    def settle(self) -> None:
        """Set aside all that is there now: most of what will be needed has been made. Nothing after `leave`."""
        with _lock:
            if not self._left:
                _residents.add(self)
                gc.freeze()

    def leave(self) -> None:
        """It is over. Leaving twice does no harm."""
        with _lock:
            self._left = True
            _residents.discard(self)
            _thaw()


class Peace(QObject):
    """Has the collector look at all that was set aside while nobody works: QGIS is not the window in front, or the
    mouse rests. Main thread; one for the plugin's life."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._mouse = QPoint()
        self._since = time.monotonic()
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        with _lock:
            _peace.add(self)

    def look(self) -> bool:
        """Whether it was the moment, and there was anything to look at."""
        global _waits
        mouse, now = QCursor.pos(), time.monotonic()
        if mouse != self._mouse:
            self._mouse, self._since = mouse, now
        in_front = QGuiApplication.applicationState() == Qt.ApplicationState.ApplicationActive
        if not _waits or (in_front and now - self._since < _IDLE):
            return False
        with _lock:
            if _tasks or _residents:
                return False
            _waits = False
        gc.unfreeze()
        gc.collect()
        # what is left stays: looked at once more, it would hold up who works by then
        gc.freeze()
        return True

    def stop(self) -> None:
        """All is as it was without us."""
        self._timer.stop()
        with _lock:
            _peace.discard(self)
            _thaw()


def _thaw() -> None:
    """Under the lock."""
    global _waits
    if not _tasks and not _residents:
        _waits = bool(_peace)
        if not _waits:
            gc.unfreeze()
