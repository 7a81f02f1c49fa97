"""The datastreams of one source as a feed knows them: read once, and again and again, since units and places change.

A list far shorter than before may be that of a service that is just starting: the first time it is not believed.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import fields
from operator import attrgetter

from ...text import trn
from ...twin.sensorthings import Datastream
from ..tasks import TaskHandle
from .ready import Ready

# until they are read again, in seconds: at the most often, at the most seldom, and the part of the time it may take
_OFTENEST, _SELDOMEST, _BUSY = 60.0, 900.0, 0.03
_SOON = 10.0  # and where there may be other ones
_DOUBT, _FEW = 30.0, 10  # seconds until a list that lacks more than half, and so many at least, is read again
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
        self.doubt = ""  # why what was read last is not, or was not, believed
        self.due = 0.0  # by time.monotonic()
        self.ready: dict[str, Ready] = {}  # features of those that were read last, until they are written
        self._fresh: dict[str, Datastream] = {}
        self._failures = 0
        self._most = 0  # were there before they became so few
        self._doubts = 0
        self._begun = self._read = 0.0

    def begin(self) -> None:
        """A reading begins."""
        self._fresh = {}
        self._begun = time.monotonic()
        self.remarks.clear()

    def take(self, page: Iterable[Datastream], ready: Iterable[Ready] = ()) -> bool:
        """A page of it; True where that is shown at once, with the features that are ``ready``."""
        for stream in page:
            self._fresh[stream.id] = stream
            for problem in stream.problems:
                self.say(f"{stream.name or stream.id}: {problem}")
        if self.complete:
            return False
        self.streams.update(self._fresh)
        self.ready.update((one.stream.id, one) for one in ready)
        return True

    def say(self, sentence: str) -> None:
        """A remark about what could not be had."""
        if len(self.remarks) < _SAID:
            self.remarks[sentence] = None

    def is_news(self, read: Mapping[str, Datastream]) -> bool:
        """Whether all that was ``read`` is another thing than what is shown. For the thread that reads."""
        if not self.complete or list(read) != list(self.streams):
            return True
        return any(_lasting(stream) != _lasting(self.streams[each]) for each, stream in read.items())

    def end(self) -> bool:
        """It is read to the end; False where that is not believed."""
        fresh, self._fresh = self._fresh, {}
        now = time.monotonic()
        took, self._read = now - self._begun, now
        self.trouble, self._failures = "", 0
        self._most = max(self._most, len(self.streams)) if self.complete else len(fresh)
        lost = self._most - len(fresh)
        if lost and (not fresh or (lost > len(fresh) and lost >= _FEW)):
            self.doubt = trn(
                "The service names {n} sensor only, of {most} before. It is asked again soon.",
                "The service names {n} sensors only, of {most} before. It is asked again soon.",
                len(fresh),
                most=self._most,
            )
            self._doubts += 1
            self.due = now + min(_SELDOMEST, _DOUBT * 2.0 ** min(self._doubts - 1, 10))
            if self._doubts < 2:
                return False
        else:
            self.doubt, self._doubts, self._most = "", 0, len(fresh)
            self.due = now + min(_SELDOMEST, max(_OFTENEST, took / _BUSY))
        self.streams, self.complete = fresh, True
        return True

    def soon(self) -> None:
        """There may be others: the service was away."""
        if self.complete:
            pause = max(_SOON, (self.due - self._read) / 6)
            self.due = min(self.due, max(time.monotonic(), self._read + pause))

    def fail(self, why: str) -> bool:
        """It could not be read; True where that is news."""
        news = not self.trouble
        self.trouble = why
        self._failures += 1
        self.due = time.monotonic() + min(_LONGEST, _RETRY * 2.0 ** min(self._failures - 1, 10))
        return news


# what of a datastream does not change with each observation
_lasting = attrgetter(*(field.name for field in fields(Datastream) if field.name != "latest"))
