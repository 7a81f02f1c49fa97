"""Work of the main thread in small pieces, between which the window lives."""

from __future__ import annotations

import time
from collections.abc import Iterator

from qgis.PyQt.QtCore import QObject, QTimer

_PIECE = 0.008  # s


class Turns(QObject):
    """Goes through one iterator at a time, a few milliseconds in each turn of the event loop."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work: Iterator[object] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._go)

    @property
    def busy(self) -> bool:
        return self._work is not None

    def start(self, work: Iterator[object]) -> None:
        """Leave what was begun, and go through ``work``; each of its steps should take a millisecond at most."""
        self._work = work
        self._go()
        if self._work is not None:
            self._timer.start()

    def stop(self) -> None:
        self._work = None
        self._timer.stop()

    def _go(self) -> None:
        work = self._work
        if work is None:
            self._timer.stop()
            return
        until = time.perf_counter() + _PIECE
        try:
            for _ in work:
                if self._work is not work or time.perf_counter() > until:
                    return
        except Exception:
            self.stop()  # else it would fail again in every turn
            raise
        if self._work is work:
            self.stop()
