"""What became of a publish: values for the dialog, the report and the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .changes import Change
from .validate import Problem

# clash: somebody else's edit is in the way, and somebody has to decide · failed: the twin does not want it, the message
# says why · held: it may have arrived, so it is not sent again unasked · unsent: not tried, or taken back with its set
State = Literal["published", "clash", "failed", "held", "unsent"]
Protection = Literal["atomic", "locked", "unprotected"]


@dataclass(frozen=True)
class Outcome:
    """What became of one change."""

    change: Change
    state: State
    message: str = ""
    status: int = 0  # HTTP


@dataclass(frozen=True)
class PublishReport:
    """What a publish did. ``stopped`` is the sentence why it ended before the last change, else empty."""

    outcomes: tuple[Outcome, ...]
    problems: tuple[Problem, ...] = ()
    stopped: str = ""
    remaining: int = 0  # changes that were not tried
    id: str = ""  # in the history
    protection: Protection = "locked"
    sets: int = 0  # atomic: in how many sets the changes went, each whole or not at all
    limit: int | None = None  # atomic: how many changes the twin takes in one set

    def count(self, *states: State) -> int:
        """How many changes ended so."""
        return sum(outcome.state in states for outcome in self.outcomes)

    @property
    def published(self) -> int:
        return self.count("published")

    @property
    def conflicts(self) -> int:
        return self.count("clash")

    @property
    def failed(self) -> int:
        return self.count("failed", "held")

    @property
    def unsent(self) -> int:
        return self.count("unsent")
