"""How many requests to one server are under way at once; the others wait here, and not in Qt.

Qt opens six connections to a server and keeps further requests waiting without saying which: their silence would count
as the server's, and nobody would know whether a write was sent. What waits here was certainly not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

WIDTH = 6  # connections that Qt opens to one server

J = TypeVar("J")


@dataclass
class _Lane(Generic[J]):
    under_way: set[J] = field(default_factory=set)
    waiting: deque[J] = field(default_factory=deque)


class Gate(Generic[J]):
    """Lanes by any key: a server, as one identity sees it. Used by one thread."""

    def __init__(self, width: int = WIDTH) -> None:
        self._width = width
        self._lanes: dict[object, _Lane[J]] = {}

    def enter(self, key: object, job: J) -> bool:
        """Whether ``job`` may begin now. If not, it waits until `leave` hands it out."""
        lane = self._lanes.setdefault(key, _Lane())
        if len(lane.under_way) < self._width:
            lane.under_way.add(job)
            return True
        lane.waiting.append(job)
        return False

    def leave(self, key: object, job: J) -> J | None:
        """``job`` is over, or waits no more. Returns who may begin in its place. Leaving twice does no harm."""
        lane = self._lanes.get(key)
        if lane is None:
            return None
        if job not in lane.under_way:
            if job in lane.waiting:
                lane.waiting.remove(job)
            return None
        lane.under_way.discard(job)
        if lane.waiting:
            following = lane.waiting.popleft()
            lane.under_way.add(following)
            return following
        if not lane.under_way:
            del self._lanes[key]
        return None

    def waiting(self, key: object | None = None) -> Iterator[J]:
        """Who waits (for ``key``)."""
        lanes = list(self._lanes.values()) if key is None else [self._lanes[key]] if key in self._lanes else []
        for lane in lanes:
            yield from list(lane.waiting)
