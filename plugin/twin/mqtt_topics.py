"""Which topics are wanted, asked for, granted and refused; a broker is asked for many at once, but not for all."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

_BATCH = 200  # topics in one request; a broker that hangs up on it is asked for fewer
_UNDERWAY = 4  # requests without an answer yet
_LONGEST = 65_535  # bytes of a topic


class Topics:
    """Safe for threads; one thread is the connection's."""

    def __init__(self, topics: Iterable[str]) -> None:
        self._lock = threading.Lock()
        self._wanted: dict[str, None] = {}
        self._queue: deque[str] = deque()
        self._leaving: list[str] = []
        self._asked: dict[int, list[str]] = {}
        self._granted: set[str] = set()
        self._refused: dict[str, None] = {}
        self._batch = _BATCH
        self.add(topics)

    def add(self, topics: Iterable[str]) -> None:
        with self._lock:
            for topic in topics:
                if topic not in self._wanted:
                    self._wanted[topic] = None
                    self._enqueue(topic)

    def remove(self, topics: Iterable[str]) -> None:
        with self._lock:
            for topic in topics:
                if topic in self._wanted:
                    del self._wanted[topic]
                    self._refused.pop(topic, None)
                    self._leaving.append(topic)

    def connected(self) -> None:
        """A new connection knows of nothing."""
        with self._lock:
            self._queue.clear()
            self._leaving = []
            self._asked.clear()
            self._granted.clear()
            self._refused.clear()
            for topic in self._wanted:
                self._enqueue(topic)

    def _enqueue(self, topic: str) -> None:
        # A broker hangs up on what is no topic, and most on a pattern for many.
        if topic and len(topic.encode()) <= _LONGEST and not set(topic) & set("+#\0"):
            self._queue.append(topic)
        else:
            self._refused[topic] = None

    def disconnected(self) -> None:
        with self._lock:
            if self._asked:
                self._batch = max(1, self._batch // 4)
            self._asked.clear()
            self._granted.clear()

    def to_ask(self) -> Iterator[list[str]]:
        """The next batches; each that was sent is to be told `asked`."""
        while True:
            with self._lock:
                if len(self._asked) >= _UNDERWAY:
                    return
                batch: list[str] = []
                while self._queue and len(batch) < self._batch:
                    topic = self._queue.popleft()
                    if topic in self._wanted and topic not in self._granted:
                        batch.append(topic)
            if not batch:
                return
            yield batch

    def to_leave(self) -> Iterator[list[str]]:
        with self._lock:
            leaving = [topic for topic in self._leaving if topic not in self._wanted and topic in self._granted]
            # What is still being asked for is left when the answer is there.
            asked = {topic for batch in self._asked.values() for topic in batch}
            self._leaving = [topic for topic in self._leaving if topic in asked]
            self._granted.difference_update(leaving)
        for begin in range(0, len(leaving), self._batch):
            yield leaving[begin : begin + self._batch]

    def asked(self, number: int, topics: list[str]) -> None:
        with self._lock:
            self._asked[number] = topics

    def answered(self, number: int, granted: Sequence[bool]) -> None:
        with self._lock:
            topics = self._asked.pop(number, [])
            for topic, given in zip(topics, granted):
                if given:
                    self._granted.add(topic)
                elif topic in self._wanted:
                    self._refused[topic] = None

    def counts(self) -> tuple[int, int, tuple[str, ...]]:
        """(wanted, granted, the refused ones)."""
        with self._lock:
            return len(self._wanted), len(self._granted.intersection(self._wanted)), tuple(self._refused)
