"""Observations that could not be used: counted by kind and described, never fatal."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from ..text import tr, trn

TOO_LARGE = "too large"
NOT_JSON = "not json"
NO_OBJECT = "no object"
NO_RESULT = "no result"
NO_TIME = "no time"
NO_DATASTREAM = "no datastream"
UNKNOWN = "unknown datastream"
CROWDED = "crowded"
UNIT = "unit"
KINDS = (TOO_LARGE, NOT_JSON, NO_OBJECT, NO_RESULT, NO_TIME, NO_DATASTREAM, UNKNOWN, CROWDED, UNIT)
_LONGEST = 200


@dataclass(frozen=True)
class Fault:
    """How often something was wrong, and the last case of it. ``last`` in seconds since 1970 UTC."""

    kind: str
    count: int
    source: str
    example: str
    last: float

    def sentence(self) -> str:
        """For the user: what happened and what it means."""
        return _sentence(self.kind, self.count)


class Faults:
    """A counter for any thread. It keeps one example of each kind, so its memory does not grow."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, Fault] = {}

    def count(self, kind: str, *, source: str = "", example: str = "", at: float = 0.0, n: int = 1) -> None:
        with self._lock:
            before = self._found.get(kind)
            number = n + (before.count if before else 0)
            self._found[kind] = Fault(kind, number, source[:_LONGEST], example[:_LONGEST], at)

    def list(self) -> tuple[Fault, ...]:
        """Most frequent first."""
        with self._lock:
            return tuple(sorted(self._found.values(), key=lambda fault: (-fault.count, fault.kind)))

    def total(self) -> int:
        with self._lock:
            return sum(fault.count for fault in self._found.values())


def _sentence(kind: str, n: int) -> str:
    if kind == TOO_LARGE:
        return trn("{n} message was too large and was left out.", "{n} messages were too large and were left out.", n)
    if kind == NOT_JSON:
        return trn("{n} message was not JSON and was left out.", "{n} messages were not JSON and were left out.", n)
    if kind == NO_OBJECT:
        return trn(
            "{n} message was no observation and was left out.",
            "{n} messages were no observations and were left out.",
            n,
        )
    if kind == NO_RESULT:
        return trn(
            "{n} observation came without a result and was left out.",
            "{n} observations came without a result and were left out.",
            n,
        )
    if kind == NO_TIME:
        return trn(
            "{n} observation came without a readable time and was left out.",
            "{n} observations came without a readable time and were left out.",
            n,
        )
    if kind == NO_DATASTREAM:
        return trn(
            "{n} observation did not say which datastream it belongs to and was left out.",
            "{n} observations did not say which datastream they belong to and were left out.",
            n,
        )
    if kind == UNKNOWN:
        return trn(
            "{n} observation came for a datastream that is not shown, and waits until it is.",
            "{n} observations came for datastreams that are not shown, and wait until they are.",
            n,
        )
    if kind == CROWDED:
        return trn(
            "{n} observation came for a datastream that is not shown and was dropped, because too many wait.",
            "{n} observations came for datastreams that are not shown and were dropped, because too many wait.",
            n,
        )
    if kind == UNIT:
        return trn(
            "{n} time a datastream changed its unit. Values before and after cannot be compared.",
            "{n} times a datastream changed its unit. Values before and after cannot be compared.",
            n,
        )
    return tr("Observations were left out: {kind}.", kind=kind)
