"""Values of observations, from JSON to columns."""

from __future__ import annotations

from typing import Any

from ..model import compact
from ..web import Problem
from . import times
from .model import BOOLEAN, NUMBER, STRUCTURE, TEXT


def moment(value: Any, name: str) -> int:
    """Microseconds since 1970. Raises Problem 400."""
    try:
        return times.parse(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise Problem(400, f"{name} must be an ISO 8601 time such as 2026-08-21T14:00:00Z, not {value!r}.") from error


def period(value: Any, name: str) -> tuple[int, int]:
    """Begin and end of an instant or an interval. Raises Problem 400."""
    try:
        return times.parse_period(value)
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise Problem(
            400, f"{name} must be an ISO 8601 time or interval (begin/end, in this order), not {value!r}."
        ) from error


def result(value: Any) -> tuple[Any, int]:
    """What is stored of a result, and its JSON type."""
    if isinstance(value, bool):
        return int(value), BOOLEAN
    if isinstance(value, int):
        return (value if abs(value) < 2**63 else float(value)), NUMBER
    if value is None or isinstance(value, float):
        return value, NUMBER
    stored = value if isinstance(value, str) else compact(value)
    try:
        stored.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Problem(400, "result holds half a character (a lone surrogate).") from error
    return stored, TEXT if isinstance(value, str) else STRUCTURE
