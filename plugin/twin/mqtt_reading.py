"""Reading a connection in large pieces: MQTT's packets have some hundred bytes, and paho asks for every part of one.

Each question to the socket lets go of Python's lock, and a thread that wants it back waits for whoever works in the
window: thousands of times a second that is what limits how much can be listened to.
"""

from __future__ import annotations

from collections.abc import Callable

# bytes: about ten messages. More at once, and the window would have to wait for longer.
_PIECE = 1 << 11


class Reading:
    """Stands in for ``receive(size)`` of a connection that does not block: at most ``size`` bytes, b"" at its end."""

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        self._receive = receive
        self._piece = b""
        self._at = 0

    def __call__(self, size: int) -> bytes:
        at = self._at
        if at >= len(self._piece):
            self._piece, at = self._receive(max(size, _PIECE)), 0
        part = self._piece[at : at + size]
        self._at = at + len(part)
        return part

    @property
    def waiting(self) -> int:
        """Bytes that were received and not asked for yet: no select tells of them."""
        return len(self._piece) - self._at
