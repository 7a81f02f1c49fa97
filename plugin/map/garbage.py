"""Python's garbage collector, kept from holding up the window while much goes on.

It holds up all threads while it looks, and bulk work makes it look often: at QGIS's whole heap it takes 100 ms and more
each time (measured in a checkout of 216,000 features: 34 times; with 10,000 live sensors: 240 ms every few seconds). So
what was there before is set aside, and it looks at what is new only.
"""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Iterator

_lock = threading.Lock()
_tasks = 0
_residents: set[Resident] = set()


@contextlib.contextmanager
def light_collections() -> Iterator[None]:
    """While any thread is in here, the collector looks at nothing that was there before."""
    global _tasks
    with _lock:
        _tasks += 1
        gc.freeze()
    try:
        yield
    finally:
        with _lock:
            _tasks -= 1
            _thaw()


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


def _thaw() -> None:
    """Under the lock."""
    if not _tasks and not _residents:
        gc.unfreeze()
