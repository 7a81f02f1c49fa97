"""What must be asked over HTTP so that nothing is missed between the state and the stream, or without a stream.

No threads and no network here: the one who has them tells what happened and asks what is to be done next.

- At the start the stream comes first: once it is subscribed, the state is asked for; messages that come before the
  answer are kept by `Live`, which lets the later phenomenon time win.
- After a reconnect the same again, and the history since then: `live.Live.mark` when the stream is lost, and after each
  answer without a stream.
- An answer counts only if it was asked for after the stream was there; one that is overtaken by another loss does not.
- Without a stream the state is asked for again and again, at a rate that leaves the server most of its time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import time as clock_of_the_computer

from ..text import number, tr

STARTING = "starting"
LIVE = "live"
CATCHING_UP = "catching up"
INTERRUPTED = "interrupted"
POLLING = "polling"

# polling: at the most often, at the most seldom, and the part of the time that the server is kept busy
_OFTENEST, _SELDOMEST, _BUSY = 10.0, 600.0, 0.1
_RETRY = 2.0
# how long a stream may be away, or take to come at the start, before the state is asked for without it
_PATIENCE, _START = 30.0, 3.0


@dataclass(frozen=True)
class Wanted:
    """A request for the latest observation of every datastream. ``history``: there may be more between that and what
    was known before; ask for it from where `live.Live.missed` says."""

    ticket: int
    history: bool


@dataclass(frozen=True)
class Status:
    """``phase`` is one of this module's; it holds since ``since`` (seconds since 1970 UTC). ``interval`` is that of
    polling, in seconds; ``why`` is the last failure in the user's words, "" where all is well; ``failing``: the last
    request for the state had no answer."""

    phase: str
    since: float
    interval: float
    why: str
    failing: bool = False

    def sentence(self, rate: float, broker: str) -> str:
        """For the status line; ``rate`` in messages per second, ``broker`` as a user knows it."""
        if self.phase == LIVE:
            text = tr("Live from {broker}: {rate} messages per second.", broker=broker, rate=_rate(rate))
        elif self.phase == STARTING:
            text = "" if self.why else tr("Reading what the sensors say…")  # a narrow line has room for one of them
        elif self.phase == CATCHING_UP:
            text = tr("Connected again to {broker}; reading what was missed…", broker=broker)
        elif self.phase == INTERRUPTED:
            text = tr("The connection to {broker} is lost; trying again.", broker=broker)
        else:
            text = tr("No push: the twin is asked every {seconds} s.", seconds=number(self.interval))
        return f"{text} {self.why}".strip()


class Coverage:
    """For any thread. ``push``: whether there is a broker at all; ``known``: there was a state before this."""

    def __init__(self, *, push: bool, known: bool = False, clock: Callable[[], float] = clock_of_the_computer) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._push = push
        self._connected = False
        self._covered = False  # a state was read since the stream is there
        self._ever = known  # a state was read at all
        self._without = clock() + _START  # from when on the state is asked for without a stream
        self._asked: Wanted | None = None
        self._asked_at = 0.0
        self._ticket = 0
        self._next = 0.0
        self._interval = _OFTENEST
        self._failures = 0
        self._why = ""
        self._phase = STARTING
        self._since = clock()

    def subscribed(self) -> None:
        """The broker has confirmed the subscriptions, for the first time or again."""
        with self._lock:
            self._connected, self._covered = True, False
            # an answer that is under way was asked for too early
            self._asked = None
            self._next, self._failures, self._why = 0.0, 0, ""
            self._settle()

    def lost(self, why: str = "") -> None:
        """The broker is gone, or did not come; ``why`` in the user's words."""
        with self._lock:
            now = self._clock()
            if not self._ever:
                self._without = now
            elif self._connected:
                self._without = now + _PATIENCE
            self._connected = self._covered = False
            self._why = why
            self._settle()

    def without_push(self, why: str = "") -> None:
        """There is no broker after all: the state is polled from now on."""
        with self._lock:
            self._push, self._connected, self._covered, self._why = False, False, False, why
            self._settle()

    def next(self) -> Wanted | None:
        """What to ask for now, None for nothing. Until it is `answered` or `failed` nothing else is wanted."""
        with self._lock:
            now = self._clock()
            self._settle()
            if self._asked is not None or now < self._next or (self._connected and self._covered):
                return None
            # the start waits a moment for the stream, so that the state need not be read twice
            if self._push and not self._connected and now < self._without:
                return None
            self._ticket += 1
            self._asked = Wanted(self._ticket, self._ever)
            self._asked_at = now
            return self._asked

    def answered(self, wanted: Wanted) -> bool:
        """The answer is in `Live`. False where it was asked for too early, and must be asked for again."""
        with self._lock:
            if self._asked != wanted:
                return False
            now = self._clock()
            self._asked = None
            self._ever, self._failures = True, 0
            if self._connected:
                self._covered = True
            elif not self._push:
                self._why = ""
            # a server that needs a minute is not asked each minute
            self._interval = min(_SELDOMEST, max(_OFTENEST, (now - self._asked_at) / _BUSY))
            self._next = now + self._interval
            self._settle()
            return True

    def failed(self, wanted: Wanted, why: str, retry_after: float | None = None) -> None:
        """There was no answer; ``why`` in the user's words, ``retry_after`` in seconds where the server said so."""
        with self._lock:
            if self._asked != wanted:
                return
            self._asked = None
            self._failures += 1
            pause = min(_SELDOMEST, _RETRY * 2.0 ** min(self._failures, 16))
            self._next = self._clock() + max(pause, retry_after or 0.0)
            self._why = why
            self._settle()

    @property
    def pushes(self) -> bool:
        """Whether there is a broker, as far as is known."""
        return self._push

    def hurry(self) -> None:
        """Ask again as soon as anything is to be asked: somebody wants to know now."""
        with self._lock:
            self._next = 0.0
            self._failures = 0

    def status(self) -> Status:
        with self._lock:
            self._settle()
            return Status(self._phase, self._since, self._interval, self._why, self._failures > 0)

    def _settle(self) -> None:
        """The phase that follows from all that; under the lock."""
        if self._connected:
            phase = LIVE if self._covered else CATCHING_UP if self._ever else STARTING
            if phase == LIVE:
                self._why = ""
        elif not self._push or self._clock() >= self._without:
            phase = POLLING if self._ever else STARTING
        else:
            phase = INTERRUPTED if self._ever else STARTING
        if phase != self._phase:
            self._phase, self._since = phase, self._clock()


def _rate(rate: float) -> str:
    return number(rate, ",.0f" if rate >= 10 or rate == 0 else ",.1f")
