"""When time alone changes what is told of a datastream: live becomes late, late becomes silent."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from .state import State


class Due:
    """For one thread. Times are seconds since 1970 UTC; each `State` has its own in ``due``."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, State]] = []
        self._ticket = 0

    def plan(self, state: State, until: float) -> None:
        """``state`` is to be looked at again at ``until``, earlier than it was."""
        state.due = until
        self._ticket += 1
        heapq.heappush(self._heap, (until, self._ticket, state))

    def ripe(self, now: float) -> Iterator[State]:
        """Those whose time has come; each once."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            at, _, state = heapq.heappop(heap)
            if not state.gone and at == state.due:
                state.due = float("inf")
                yield state
