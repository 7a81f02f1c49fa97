"""Where a publish goes, and what the user said at earlier ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from qgis.core import QgsSettings

from ..map.connections import Connection
from ..map.twins import Origin, origins_of
from ..workcopy.changes import Change, Counts
from ..workcopy.copy import WorkingCopy
from .change_words import tally

OnConflict = Literal["stop", "skip"]

_HISTORY = "citytwin/publish/messages"
_ON_CONFLICT = "citytwin/publish/on_conflict"
_REMEMBERED = 12


@dataclass(frozen=True)
class Target:
    """One twin that a working copy holds changes for."""

    origin: Origin
    counts: Counts

    @property
    def url(self) -> str:
        return self.origin.url

    @property
    def title(self) -> str:
        return self.origin.title

    @property
    def connection(self) -> Connection:
        return self.origin.connection

    @property
    def saved(self) -> bool:
        """False: nobody saved a connection to it, so it is asked without credentials."""
        return self.origin.saved

    @property
    def tables(self) -> tuple[str, ...]:
        return self.origin.tables


def targets_of(copy: WorkingCopy, changes: Sequence[Change]) -> tuple[Target, ...]:
    """The twins that ``changes`` go to, the one with the most changes first."""
    targets = []
    for origin in origins_of(copy):
        counts = tally(change for change in changes if change.table in origin.tables)
        if counts.total:
            targets.append(Target(origin, counts))
    return tuple(sorted(targets, key=lambda target: -target.counts.total))


def remembered() -> list[str]:
    """Earlier messages, the newest first."""
    found = QgsSettings().value(_HISTORY, [])
    found = [found] if isinstance(found, str) else found or []
    return [text for text in found if isinstance(text, str) and text]


def remember(message: str) -> None:
    """Keep a message for the next time."""
    message = message.strip()
    if message:
        QgsSettings().setValue(_HISTORY, [message, *(m for m in remembered() if m != message)][:_REMEMBERED])


def on_conflict() -> OnConflict:
    """What the user chose last time."""
    return "stop" if QgsSettings().value(_ON_CONFLICT, "skip") == "stop" else "skip"


def remember_on_conflict(choice: OnConflict) -> None:
    """Keep it for the next time."""
    QgsSettings().setValue(_ON_CONFLICT, choice)
