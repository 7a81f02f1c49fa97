"""What a latest value says, in a user's words: for map tips, tables and the status line."""

from __future__ import annotations

from ..text import tr, trn
from . import freshness, trend, values
from .figures import figures
from .state import Latest


def value(latest: Latest) -> str:
    """The value with its unit, or why there is none."""
    if latest.kind == values.NUMBER and isinstance(latest.value, (int, float)):
        return f"{figures(latest.value)} {latest.unit}".rstrip()
    if latest.kind == values.BOOLEAN:
        return tr("yes") if latest.value else tr("no")
    if latest.kind in (values.TEXT, values.OBJECT):
        return str(latest.value or "")
    if latest.kind == values.CLAMPED:
        return tr("more than the sensor can tell")
    if latest.kind == values.SENTINEL:
        return tr("nothing measured (the sensor's sign for it)")
    if latest.kind == values.NULL:
        return tr("nothing measured")
    return tr("no observation yet")


def how_fresh(word: str) -> str:
    """One of `freshness`'s words."""
    if word == freshness.LIVE:
        return tr("live")
    if word == freshness.LATE:
        return tr("late")
    if word == freshness.SILENT:
        return tr("silent")
    return tr("no observation yet")


def direction(word: str) -> str:
    """One of `trend`'s words; "" where it is not known."""
    if word == trend.RISING:
        return tr("rising")
    if word == trend.FALLING:
        return tr("falling")
    if word == trend.STEADY:
        return tr("steady")
    return ""


def age(latest: Latest, now: float) -> str:
    """How long ago the value was observed, in the largest whole unit; ``now`` in seconds since 1970 UTC."""
    if latest.time is None:
        return ""
    if latest.ahead:
        return tr("at a time that has not come yet (by the sensor's clock)")
    seconds = max(0, int(now - latest.time))
    if seconds < 60:
        return trn("{n} second ago", "{n} seconds ago", seconds)
    if seconds < 3600:
        return trn("{n} minute ago", "{n} minutes ago", seconds // 60)
    if seconds < 2 * 86400:
        return trn("{n} hour ago", "{n} hours ago", seconds // 3600)
    return trn("{n} day ago", "{n} days ago", seconds // 86400)
