"""One request on its way: what the network thread and the thread that waits for it share.

No Qt in here. The network thread calls ``begin``, ``heard``, ``begin_answer``, ``add`` and ``end``; the waiting thread
``answer``, ``take`` and ``give_up``.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import requests

from ..text import tr
from ..twin.errors import Cancelled

LIMIT = 1 << 20  # bytes that are held for a reader; beyond it the server has to wait
_LOOK = 0.05  # seconds between two looks at the cancel button and the clock


@dataclass(frozen=True)
class Head:
    """A response before its body. ``fields`` as they came, several of one name included."""

    status: int
    reason: str
    fields: tuple[tuple[str, str], ...]


class Exchange:
    """``seconds``: how long silence may last. ``cancelled`` is looked at 20 times a second while waiting.

    ``kept``: once it has begun it is not cancelled, as a write: nobody would know what became of it.
    """

    def __init__(self, seconds: float, cancelled: Callable[[], bool], *, kept: bool = False) -> None:
        self._seconds = seconds
        self._cancelled = cancelled
        self._kept = kept
        self._changed = threading.Condition()
        self._head: Head | None = None
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._ended = False
        self._error: Exception | None = None
        self._heard = time.monotonic()
        self.begun = False  # False: certainly nothing was sent yet
        self.given_up = False
        self._told = False  # that it was given up
        self.on_room: Callable[[], None] = lambda: None  # there is room again: called by the waiting thread
        self.on_give_up: Callable[[], None] = lambda: None

    # -- network thread

    def begin(self) -> bool:
        """It is about to be sent. False: nobody waits for it any more, and it must not be."""
        with self._changed:
            if self.given_up:
                return False
            self.heard()
            self.begun = True
            return True

    def heard(self) -> None:
        """A sign of life."""
        self._heard = time.monotonic()

    def begin_answer(self, head: Head) -> None:
        with self._changed:
            self.heard()
            self._head = self._head or head
            self._changed.notify_all()

    def room(self) -> int:
        """How many more bytes may be added."""
        return 0 if self.given_up else max(0, LIMIT - self._held)

    def add(self, piece: bytes) -> None:
        with self._changed:
            self.heard()
            self._pieces.append(piece)
            self._held += len(piece)
            self._changed.notify_all()

    def end(self, error: Exception | None = None) -> None:
        with self._changed:
            if not self._ended:
                self._ended = True
                self._error = error
            self._changed.notify_all()

    # -- waiting thread

    def answer(self) -> Head:
        """The head, as soon as it is here. Raises what the network said, ReadTimeout and `Cancelled`."""
        with self._changed:
            self._wait(lambda: self._head is not None)
            if self._head is None:
                raise self._error or told(requests.exceptions.ConnectionError("no answer"), sent=self.begun)
            return self._head

    def take(self, amt: int) -> bytes:
        """At most ``amt`` bytes of the body, as soon as there are any; b"" at its end. Raises as `answer`."""
        with self._changed:
            self._wait(lambda: bool(self._pieces))
            if not self._pieces:
                if self._error is not None:
                    raise self._error
                return b""
            piece = self._pieces.popleft()
            if len(piece) > amt:
                self._pieces.appendleft(piece[amt:])
                piece = piece[:amt]
            was_full = self._held >= LIMIT // 2
            self._held -= len(piece)
            ask = was_full and self._held < LIMIT // 2 and not self._ended
        if ask:
            self.on_room()
        return piece

    def give_up(self) -> None:
        """Nobody waits any more."""
        with self._changed:
            again, self._told = self._told, True
            self.given_up = True
            self._pieces.clear()
        if not again:
            self.on_give_up()

    def _wait(self, here: Callable[[], bool]) -> None:
        began = time.monotonic()  # what the reader did before was no silence of the server
        while not here() and not self._ended:
            if not (self.begun and self._kept) and self._cancelled():
                self.given_up = self.given_up or not self.begun  # with the lock held: it can begin no more
                raise Cancelled(tr("Cancelled. Nothing was left half done."))
            if time.monotonic() - max(began, self._heard) > self._seconds:
                self.given_up = self.given_up or not self.begun
                raise told(requests.exceptions.ReadTimeout(f"nothing came for {self._seconds:g} s"), sent=self.begun)
            self._changed.wait(_LOOK)


def told(error: requests.exceptions.RequestException, *, sent: bool) -> requests.exceptions.RequestException:
    """``error``, saying whether the request may have reached the server: `twin.faults` looks for ``sent``."""
    error.sent = sent  # type: ignore[attr-defined]
    return error
