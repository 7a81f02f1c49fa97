"""How many messages come per second, over the last few seconds."""

from __future__ import annotations

from collections import deque

_SECONDS = 10


class Rate:
    """Not locked. Times are seconds since 1970 UTC."""

    def __init__(self) -> None:
        # [second, count], ascending
        self._counts: deque[list[int]] = deque(maxlen=_SECONDS + 1)
        self._first: int | None = None

    def count(self, at: float) -> None:
        second = int(at)
        counts = self._counts
        # a message that is stamped a little earlier counts with the latest second
        if counts and second <= counts[-1][0]:
            counts[-1][1] += 1
        else:
            counts.append([second, 1])
            if self._first is None:
                self._first = second

    def per_second(self, now: float) -> float:
        """The mean of the whole seconds before this one, of those since the first message."""
        last = int(now)
        seconds = _SECONDS if self._first is None else max(1, min(_SECONDS, last - self._first))
        return sum(count for second, count in self._counts if last - seconds <= second < last) / seconds
