"""How it stands with a feed, in a sentence and a colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from ...sensors import coverage
from ...sensors.coverage import Coverage
from ...text import tr

Kind = Literal["idle", "busy", "good", "limit", "bad"]


@dataclass(frozen=True)
class FeedStatus:
    """``phase`` is one of `sensors.coverage`'s, "" while nobody wants anything; ``rate`` in messages per second;
    ``since`` in seconds since 1970 UTC; ``faults`` are sentences about what could not be used."""

    sentence: str
    kind: Kind
    phase: str
    rate: float
    since: float
    faults: tuple[str, ...] = ()


def idle(since: float) -> FeedStatus:
    """Nobody wants anything."""
    return FeedStatus(tr("No sensors are shown."), "idle", "", 0.0, since)


def opening(url: str, since: float, trouble: str, again: bool, faults: tuple[str, ...]) -> FeedStatus:
    """The service has not answered yet; ``trouble``: why, "" for the first attempt; ``again``: whether it is tried
    again soon."""
    if trouble:
        sentence = tr("{why} Trying again.", why=trouble) if again else trouble
        return FeedStatus(sentence, "bad", coverage.STARTING, 0.0, since, faults)
    host = urlsplit(url).hostname or url
    return FeedStatus(tr("Connecting to {host}…", host=host), "busy", coverage.STARTING, 0.0, since, faults)


def running(found: Coverage, rate: float, broker: str, faults: tuple[str, ...]) -> FeedStatus:
    """Of a service that has answered."""
    now = found.status()
    kind: Kind = "busy"
    if now.phase == coverage.LIVE:
        kind = "good"
    elif now.phase == coverage.INTERRUPTED:
        kind = "bad"
    elif now.phase == coverage.POLLING:
        kind = "bad" if now.failing else "limit"
    elif now.failing:
        kind = "bad"
    return FeedStatus(now.sentence(rate, broker), kind, now.phase, rate, now.since, faults)
