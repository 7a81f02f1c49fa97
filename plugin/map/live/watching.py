"""Handing thresholds to a feed's `Live`: of a few datastreams at once, of thousands in the background."""

from __future__ import annotations

from collections.abc import Sequence

from ...sensors.live import Live
from ...sensors.thresholds import Threshold
from ...text import tr
from .errands import Errands

_NAME = "watch"
_FEW = 2_000  # pairs of a datastream and a threshold: a few milliseconds


class Watching:
    """Main thread. What was asked for last is what holds in the end."""

    def __init__(self, live: Live, errands: Errands) -> None:
        self._live = live
        self._errands = errands
        self._wanted: tuple[Threshold, ...] = ()

    def watch(self, thresholds: Sequence[Threshold]) -> None:
        """Watch exactly these from now on."""
        self._wanted = tuple(thresholds)
        if _NAME in self._errands:
            return
        if len(self._live.ids()) * len(self._wanted) <= _FEW:
            self._live.watch(self._wanted)
        else:
            self._begin(self._wanted)

    def _begin(self, thresholds: tuple[Threshold, ...]) -> None:
        def end(_: object) -> None:
            if self._wanted is not thresholds:
                self._begin(self._wanted)

        self._errands.run(_NAME, tr("Looking at thresholds"), lambda _: self._live.watch(thresholds), end, end)
