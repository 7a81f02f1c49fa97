"""What became of a publish: values for the dialog, the report and the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..text import tr
from ..twin.errors import CityTwinError
from .changes import Change
from .validate import Problem

# failed: not published, and the message says why · held: it may have arrived, so it is not sent again unasked
State = Literal["published", "clash", "failed", "held"]


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


class Stop(Exception):
    """Going on makes no sense: the twin is away, or lets us in no more."""

    def __init__(self, error: CityTwinError, outcome: Outcome | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.outcome = outcome


def changed_meanwhile() -> str:
    return tr("Somebody else changed this feature meanwhile. Nothing was overwritten; yours is kept.")


def held_back() -> str:
    return tr(
        "The connection was cut while this feature was being created, and this twin cannot be asked whether it "
        "arrived. It is held back so that it is not created twice: look for it on the twin, and discard it here if "
        "it is there."
    )


def not_known_yet() -> str:
    return tr(
        "The connection was cut while this change was being sent. Whether it arrived is found out at the next publish, "
        "before anything is sent again."
    )
