"""Periods to play back, and steps, in words."""

from __future__ import annotations

from dataclasses import dataclass

from qgis.PyQt.QtCore import QDateTime

from ..text import tr, trn

CUSTOM = "custom"


@dataclass(frozen=True)
class Period:
    """Seconds since 1970 UTC."""

    start: float
    end: float

    @property
    def length(self) -> float:
        return self.end - self.start


def periods() -> tuple[tuple[str, str], ...]:
    """``(key, words)`` of what can be chosen."""
    return (
        ("3600", tr("Last hour")),
        ("10800", tr("Last 3 hours")),
        ("today", tr("Today")),
        (CUSTOM, tr("From … to …")),
    )


def period(key: str, now: float) -> Period | None:
    """What a key means at ``now`` (seconds since 1970 UTC), today by the user's own clock; None for a custom one."""
    if key == "today":
        local = QDateTime.fromMSecsSinceEpoch(round(now * 1000))
        seconds = local.date().startOfDay().secsTo(local)
        return Period(now - max(60, seconds), now)
    return None if key == CUSTOM else Period(now - float(key), now)


def duration(seconds: int) -> str:
    """ "5 minutes"."""
    if seconds >= 86400 and seconds % 86400 == 0:
        return trn("{n} day", "{n} days", seconds // 86400)
    if seconds >= 3600 and seconds % 3600 == 0:
        return trn("{n} hour", "{n} hours", seconds // 3600)
    if seconds >= 60 and seconds % 60 == 0:
        return trn("{n} minute", "{n} minutes", seconds // 60)
    return trn("{n} second", "{n} seconds", seconds)
