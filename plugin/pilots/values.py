"""Values of a row, read leniently: what cannot be read is nothing, never an error."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any, Callable, TypeVar

# where text that is no JSON is kept, once the column is written
UNREADABLE = "unreadable"
T = TypeVar("T")


def as_text(value: Any) -> str:
    """Text without white space around it; "" for null and for what is no text or number."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ""


def as_date(value: Any) -> date | None:
    """The day of a date, or of a date and time; None for what is none. A `date`, also QGIS's by ``toPyDate``, stays."""
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    convert = getattr(value, "toPyDate", None)
    if convert is not None:
        return as_date(convert()) if value.isValid() else None
    try:
        return date.fromisoformat(value.strip()[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def as_number(value: Any) -> float | None:
    """A number, also one in text; None for what is none."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if number - number == 0 else None


def raw_list(value: Any) -> tuple[list[Any], bool]:
    """The entries of a JSON list in text (or already a list), and whether it could be read. Null is an empty list.

    A single object counts as a list of one. A list that was stored as the text of a JSON string is read too: that is
    what a QGIS layer makes of JSON text.
    """
    if value is None or value == "":
        return [], True
    if isinstance(value, str):
        try:
            value = json.loads(value)
            value = json.loads(value) if isinstance(value, str) else value
        except (ValueError, RecursionError):
            return [], False
    if isinstance(value, dict):
        value = [value]
    if value is None:
        return [], True
    return (list(value), True) if isinstance(value, (list, tuple)) else ([], False)


def read_list(value: Any, read: Callable[[Any], T | None]) -> tuple[T, ...]:
    """The entries that ``read`` understands, in their order."""
    return tuple(entry for entry in map(read, raw_list(value)[0]) if entry is not None)


def written_list(before: Any, entries: Sequence[Any], read: Callable[[Any], Any]) -> str | None:
    """``entries`` (with ``as_json``) as JSON text, with what ``before`` held and ``read`` does not understand behind
    them; None for an empty list. ``before`` itself where it says the same already."""
    raw, readable = raw_list(before)
    known = [read(entry) for entry in raw]
    if readable and [entry for entry in known if entry is not None] == list(entries):
        return before if before is None or isinstance(before, str) else _compact(before)
    left = [entry for entry, found in zip(raw, known) if found is None]
    if not readable:
        left = [{UNREADABLE: before if isinstance(before, str) else repr(before)}]
    out = [*(entry.as_json() for entry in entries), *left]
    return _compact(out) if out else None


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
