"""Messages for datastreams that nobody has added yet: the stream may begin before the list of datastreams is read."""

from __future__ import annotations

from typing import NamedTuple

from . import faults, messages

_MOST = 20_000  # datastreams; the newest message of each is kept


class Waiting(NamedTuple):
    """A message, when it arrived (seconds since 1970 UTC), and whether it was sent when it was observed."""

    observed: messages.Observed
    at: float
    prompt: bool


class Early:
    """Under the lock of who keeps it. What cannot be kept is counted in ``faults``."""

    def __init__(self, found: faults.Faults) -> None:
        self._faults = found
        self._waiting: dict[str, Waiting] = {}

    def keep(self, datastream: str | None, message: Waiting, topic: str) -> None:
        if datastream is None:
            self._faults.count(faults.NO_DATASTREAM, source=topic, at=message.at)
            return
        before = self._waiting.get(datastream)
        if before is None and len(self._waiting) >= _MOST:
            self._faults.count(faults.CROWDED, source=topic, at=message.at)
            return
        self._faults.count(faults.UNKNOWN, source=topic, at=message.at)
        if before is None or message.observed.time >= before.observed.time:
            self._waiting[datastream] = message

    def pop(self, datastream: str) -> Waiting | None:
        """What waited for it, once."""
        return self._waiting.pop(datastream, None)
