"""ISO 8601 as sensors write it, to and from seconds since 1970-01-01 UTC."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_FIRST, _LAST = -62135596800.0, 253402300799.0
_INSTANT = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d+))?)?)?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?",
    re.IGNORECASE,
)


def instant(text: object) -> float | None:
    """The seconds of one instant; without a time zone it is UTC. None for what is no instant."""
    return _instant(text) if isinstance(text, str) else None


# A city's sensors mostly tell of the same minute, and each of them twice: as phenomenon and as result time.
@lru_cache(maxsize=512)
def _instant(text: str) -> float | None:
    match = _INSTANT.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    leap = second == "60"  # a leap second has no place on the scale: the one before it stands in
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), 59 if leap else int(second or 0),
            tzinfo=timezone.utc,
        )  # fmt: skip
    except ValueError:
        return None
    seconds = (moment - _EPOCH).total_seconds() - _offset(zone)
    return seconds + float(f"0.{fraction}") if fraction and not leap else seconds


def _offset(zone: str | None) -> float:
    if not zone or zone in "Zz":
        return 0.0
    minutes = int(zone[1:3]) * 60 + int(zone[-2:] if len(zone) > 3 else 0)
    return -60.0 * minutes if zone[0] == "-" else 60.0 * minutes


def interval(text: object) -> tuple[float, float] | None:
    """(begin, end) of an instant (both the same) or of an interval ``a/b``, in order; an end that is open or cannot be
    read counts as the other. None where there is no time at all."""
    if not isinstance(text, str):
        return None
    first, slash, last = text.partition("/")
    begin = instant(first)
    end = instant(last) if slash else begin
    begin = end if begin is None else begin
    end = begin if end is None else end
    if begin is None or end is None:
        return None
    return (begin, end) if begin <= end else (end, begin)


def written(seconds: float) -> str:
    """``2026-08-21T14:00:00Z``, with milliseconds where there are any; what lies beyond the calendar's years, 1 to
    9999, is written as its first or last moment: one sensor's odd time must not end a question about all of them."""
    moment = _EPOCH + timedelta(milliseconds=round(min(max(seconds, _FIRST), _LAST) * 1000))
    fraction = f".{moment.microsecond // 1000:03d}" if moment.microsecond else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + f"{fraction}Z"
