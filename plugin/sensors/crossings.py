"""What crossed thresholds: until it is told, and as a log."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from .state import State
from .thresholds import KEPT, Crossing, Watch


class Crossings:
    """Under the lock of who keeps it."""

    def __init__(self) -> None:
        self._news: deque[Crossing] = deque(maxlen=KEPT)
        self._log: deque[Crossing] = deque(maxlen=KEPT)

    def add(self, crossed: Iterable[Crossing]) -> None:
        for each in crossed:
            self._news.append(each)
            self._log.append(each)

    def look_at(self, state: State, new: list[Watch]) -> None:
        """These are new to ``state``: its value may be beyond them already."""
        if new and state.best is not None:
            self.add(state.cross(state.best, new))
        if state.mark is not None and state.resumed is None:
            for watch in new:
                watch.before = watch.inside

    def take(self) -> tuple[Crossing, ...]:
        """Those since the last call."""
        taken = tuple(self._news)
        self._news.clear()
        return taken

    def log(self) -> tuple[Crossing, ...]:
        """The last ones, oldest first."""
        return tuple(self._log)
