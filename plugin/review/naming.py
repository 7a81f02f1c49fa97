"""What a review item is called among the changes of a working copy: its kind, and what was seen."""

from __future__ import annotations

from collections.abc import Mapping

from ..text import tr
from ..workcopy.columns import Stored
from ..workcopy.source import Called, Source
from . import schema
from . import vocabulary as words
from .item import read_item

_LONGEST = 80  # characters of what was seen that a list has room for


def called_of(source: Source) -> Called | None:
    """For `WorkingCopy.open`; None for a layer that is none of review items."""
    if source.collection not in schema.COLLECTIONS or source.column(schema.KIND) is None:
        return None
    return called


def called(row: Mapping[str, Stored]) -> str:
    """Kind and text on one line: "Missing: bench gone". Where it says nothing, what it is about."""
    item = read_item(row)
    text = " ".join(item.text.split()) or item.about_label or item.about_id
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST - 1].rstrip()}…"
    kind = words.kind_title(item.kind)
    return tr("{kind}: {seen}", kind=kind, seen=text) if text else kind
