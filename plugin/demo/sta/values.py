"""Values of observations, from JSON to columns."""

from __future__ import annotations

import json
import math
from typing import Any

from ..web import Problem
from . import times
from .model import BOOLEAN, NUMBER, STRUCTURE, TEXT

_DUMP = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


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
    if isinstance(value, int) and abs(value) < 2**63:
        return value, NUMBER
    if value is None:
        return None, NUMBER
    if isinstance(value, (int, float)):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise Problem(400, "result is a number that is too large.")
        return number, NUMBER
    return (text(value), TEXT) if isinstance(value, str) else (document(value), STRUCTURE)


def text(value: str) -> str:
    """Raises Problem 400 for what no database holds."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise Problem(400, "A text holds half a character (a lone surrogate).") from error
    return value


def document(value: Any) -> str:
    """JSON text. Raises Problem 400 for numbers that JSON does not have (1e999 is read as infinity)."""
    try:
        return text(_DUMP.encode(value))
    except ValueError as error:
        raise Problem(400, "A number is too large.") from error
    except RecursionError as error:
        raise Problem(400, "An object is nested too deeply.") from error
