"""What a look at the live overlay's state gives: what changed since the look before, and how much came at all."""

from __future__ import annotations

from dataclasses import dataclass

from .state import Latest
from .thresholds import Crossing


@dataclass(frozen=True)
class Changes:
    """What changed since the drain before: each datastream once, those that were removed (take them out first: one may
    have been added again), and what crossed a threshold.

    ``waiting`` tells how many datastreams did not fit into the time allowed: drain again soon, they come first.
    """

    latest: tuple[Latest, ...]
    removed: tuple[str, ...]
    crossings: tuple[Crossing, ...]
    now: float
    waiting: int


@dataclass(frozen=True)
class Counters:
    """Since the beginning. ``messages``: all that came by push; ``used``: observations that were new and readable,
    pushed or not; ``late``: older ones than the latest; ``ahead``: those that say that they are from the future."""

    messages: int
    used: int
    duplicates: int
    late: int
    ahead: int
