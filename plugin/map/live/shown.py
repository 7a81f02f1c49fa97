"""The datastreams of one source as a feed knows them: read once, and again now and then."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

from ...twin.sensorthings import Datastream
from ..tasks import TaskHandle

_AGAIN = 900.0  # seconds until they are read again: new sensors, changed units
_RETRY, _LONGEST = 5.0, 300.0
_SAID = 50  # remarks that are kept


class Shown:
    """``streams`` grows page by page while they are read for the first time; later it changes at once."""

    def __init__(self) -> None:
        self.count = 1  # how many layers show it
        self.streams: dict[str, Datastream] = {}
        self.complete = False
        self.handle: TaskHandle | None = None
        self.trouble = ""
        self.remarks: dict[str, None] = {}
        self.due = 0.0  # by time.monotonic()
        self._fresh: dict[str, Datastream] = {}
        self._failures = 0

    def begin(self) -> None:
        """A reading begins."""
        self._fresh = {}
        self.remarks.clear()

    def take(self, page: Iterable[Datastream]) -> bool:
        """A page of it; True where that is shown at once."""
        for stream in page:
            self._fresh[stream.id] = stream
            for problem in stream.problems:
                self.say(f"{stream.name or stream.id}: {problem}")
        if self.complete:
            return False
        self.streams.update(self._fresh)
        return True

    def say(self, sentence: str) -> None:
        """A remark about what could not be had."""
        if len(self.remarks) < _SAID:
            self.remarks[sentence] = None

    def end(self) -> bool:
        """It is read to the end; True where what is shown is another thing than before."""
        before = None if not self.complete else [_lasting(stream) for stream in self.streams.values()]
        self.streams, self._fresh = self._fresh, {}
        self.complete, self.trouble, self._failures = True, "", 0
        self.due = time.monotonic() + _AGAIN
        return before != [_lasting(stream) for stream in self.streams.values()]

    def fail(self, why: str) -> bool:
        """It could not be read; True where that is news."""
        news = not self.trouble
        self.trouble = why
        self._failures += 1
        self.due = time.monotonic() + min(_LONGEST, _RETRY * 2.0 ** min(self._failures - 1, 10))
        return news


def _lasting(stream: Datastream) -> Datastream:
    """What of a datastream does not change with each observation."""
    return replace(stream, latest=None)
