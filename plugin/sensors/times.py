"""ISO 8601 instants and intervals, as SensorThings writes them, to seconds since 1970 UTC; thousands a second."""

from __future__ import annotations

import re
from datetime import date, datetime, timezone
from functools import lru_cache

_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}):?(\d{2})(?::?(\d{2})(?:[.,](\d{1,12}))?)?"
    r"\s*(Z|z|[+-]\d{2}(?::?\d{2})?)?)?"
)
_EPOCH = date(1970, 1, 1).toordinal()
_DAY = 86400.0


@lru_cache(maxsize=4096)
def _midnight(day: str) -> float:
    return (date(int(day[:4]), int(day[5:7]), int(day[8:])).toordinal() - _EPOCH) * _DAY


@lru_cache(maxsize=256)
def _offset(zone: str | None) -> int:
    if zone is None or zone in "Zz":
        return 0
    digits = zone[1:].replace(":", "")
    seconds = int(digits[:2]) * 3600 + int(digits[2:] or 0) * 60
    return -seconds if zone[0] == "-" else seconds


def instant(text: str) -> float:
    """Seconds since 1970 UTC of ``2026-03-01T08:00:00.5Z``; without a zone it is read as UTC. Raises ValueError."""
    match = _INSTANT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"no time: {text[:40]!r}")
    day, hour, minute, second, fraction, zone = match.groups()
    if hour is None:
        return _midnight(day)
    hours, minutes, seconds = int(hour), int(minute), int(second or 0)
    # 60 is a leap second
    if hours > 23 or minutes > 59 or seconds > 60:
        raise ValueError(f"no time: {text[:40]!r}")
    parts = float(f"0.{fraction}") if fraction else 0.0
    return _midnight(day) + hours * 3600 + minutes * 60 + seconds + parts - _offset(zone)


def phenomenon(text: str) -> tuple[float, float]:
    """``(begin, end)`` of an instant (both the same) or of an interval ``begin/end``. Raises ValueError."""
    if "/" not in text:
        at = instant(text)
        return at, at
    first, _, last = text.partition("/")
    begin, end = instant(first), instant(last)
    if end < begin:
        raise ValueError(f"an interval that ends before it begins: {text[:80]!r}")
    return begin, end


def iso(seconds: float) -> str:
    """``2026-03-01T08:00:00Z``, with milliseconds only where there are some; empty where no calendar has that time."""
    try:
        moment = datetime.fromtimestamp(round(seconds, 3), timezone.utc)
    except (OverflowError, ValueError, OSError):
        return ""
    digits = "milliseconds" if moment.microsecond else "seconds"
    return moment.isoformat(timespec=digits).replace("+00:00", "Z")
