"""Which parts of the past are read already."""

from __future__ import annotations


class Spans:
    """Parts of time that do not touch, ascending; times in seconds since 1970 UTC, an end may be infinite."""

    def __init__(self) -> None:
        self._parts: list[tuple[float, float]] = []

    def add(self, start: float, end: float) -> None:
        """From ``start`` to ``end`` too."""
        if not end > start:
            return
        apart = []
        for low, high in self._parts:
            if high < start or low > end:
                apart.append((low, high))
            else:
                start, end = min(start, low), max(end, high)
        self._parts = sorted([*apart, (start, end)])

    def cut(self, time: float) -> None:
        """Nothing after ``time``."""
        self._parts = [(low, min(high, time)) for low, high in self._parts if low < time]

    def missing(self, start: float, end: float) -> list[tuple[float, float]]:
        """The parts between ``start`` and ``end`` that are not there, ascending."""
        found = []
        for low, high in self._parts:
            if low > start and start < end:
                found.append((start, min(low, end)))
            start = max(start, high)
        if start < end:
            found.append((start, end))
        return found

    def clear(self) -> None:
        self._parts.clear()

    def __bool__(self) -> bool:
        return bool(self._parts)
