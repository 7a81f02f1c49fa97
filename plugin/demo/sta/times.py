"""Times as they are stored: whole microseconds since 1970 in UTC, and as SensorThings writes them (ISO 8601)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)
_EARLIEST = (datetime(1, 1, 1, tzinfo=timezone.utc) - _EPOCH) // _MICROSECOND
_LATEST = (datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc) - _EPOCH) // _MICROSECOND + 999_999
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d)?)?$", re.I)
PATTERN = r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d(?::?\d\d)?)?"


@lru_cache(maxsize=4096)
def parse(text: str) -> int:
    """The instant. A time without an offset is UTC. ValueError for what is no time."""
    found = _TIME.match(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no ISO 8601 time with a date")
    minute, second, fraction, offset = found.groups()
    moment = datetime.strptime(f"{minute.upper()}:{second or '00'}+0000", "%Y-%m-%dT%H:%M:%S%z")
    micros = (moment - _EPOCH) // _MICROSECOND + int((fraction or "0").ljust(6, "0")[:6])
    if offset and offset not in "Zz":
        digits = offset[1:].replace(":", "").ljust(4, "0")
        minutes = int(digits[:2]) * 60 + int(digits[2:])
        micros -= (1 if offset[0] == "+" else -1) * minutes * 60_000_000
    if not _EARLIEST <= micros <= _LATEST:  # an offset can lead out of the years that there are
        raise ValueError(f"{text!r} is too long ago or too far ahead")
    return micros


def parse_period(text: str) -> tuple[int, int]:
    """Begin and end of an interval ``begin/end``; the same twice for an instant. ValueError."""
    begin, slash, end = text.partition("/")
    first = parse(begin)
    last = parse(end) if slash else first
    if last < first:
        raise ValueError(f"{text!r} ends before it begins")
    return first, last


@lru_cache(maxsize=8192)
def text(micros: int) -> str:
    """ISO 8601 in UTC, with as many decimals as there are: none, three or six."""
    moment = _EPOCH + timedelta(microseconds=micros)
    rest = micros % 1_000_000
    spec = "seconds" if not rest else "milliseconds" if not rest % 1000 else "microseconds"
    return moment.isoformat(timespec=spec).replace("+00:00", "Z")


def period_text(begin: int, end: int) -> str:
    return text(begin) if begin == end else f"{text(begin)}/{text(end)}"
