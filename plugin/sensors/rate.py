"""How many messages come per second, over the last few seconds."""

from __future__ import annotations

from collections import deque

_SECONDS = 10


class Rate:
    """Not locked. Times are seconds since 1970 UTC."""

    def __init__(self) -> None:
        # [second, count], ascending
        self._counts: deque[list[int]] = deque(maxlen=_SECONDS + 1)

    def count(self, at: float) -> None:
        second = int(at)
        counts = self._counts
        # a message that is stamped a little earlier counts with the latest second
        if counts and second <= counts[-1][0]:
            counts[-1][1] += 1
        else:
            counts.append([second, 1])

    def per_second(self, now: float) -> float:
        """The mean of the whole seconds before this one."""
        last = int(now)
        return sum(count for second, count in self._counts if last - _SECONDS <= second < last) / _SECONDS
