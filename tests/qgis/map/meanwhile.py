"""The main event loop, kept alive and watched while others work."""

from __future__ import annotations

import time
from collections.abc import Callable

from qgis.PyQt.QtCore import QCoreApplication, QEventLoop, QTimer


def spin(until: Callable[[], bool], seconds: float = 20) -> bool:
    """Let the main event loop live until ``until()``."""
    end = time.monotonic() + seconds
    while not until():
        if time.monotonic() > end:
            return False
        QCoreApplication.processEvents(
            QEventLoop.ProcessEventsFlag.WaitForMoreEvents | QEventLoop.ProcessEventsFlag.AllEvents, 20
        )
    return True


class Heartbeat:
    """How long the main thread was ever away, in ms."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._last = time.monotonic()
        self._timer = QTimer()
        self._timer.setInterval(5)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now = time.monotonic()
        self.longest = max(self.longest, (now - self._last) * 1000)
        self._last = now

    def stop(self) -> float:
        self._timer.stop()
        return self.longest
