"""Merging inside a structured column, where a merge by columns finds both sides changed.

The working copy merges column by column. Where two people changed the same structured column, that is a conflict in
its eyes; here it is looked into. The history only ever grows, so it is the union of both. Links are a set. Assessments
are merged criterion by criterion, and a criterion that both judged otherwise is a true conflict: nobody's is dropped.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from . import parts
from . import schema as cols
from . import vocabulary as words
from .values import as_text, raw_list


def combined(column: str, base: Any, mine: Any, theirs: Any) -> str | None:
    """The JSON text that holds both sides' changes of a structured ``column``; None where somebody has to choose.

    Values are JSON text (or null) as the working copy stores them; ``column`` is our name of it.
    """
    lists = [raw_list(value) for value in (base, mine, theirs)]
    if column not in cols.STRUCTURED or not all(readable for _, readable in lists):
        return None
    b, m, t = (entries for entries, _ in lists)
    if column == cols.HISTORY:
        return _text(sorted({_whole(entry): entry for entry in (*m, *t)}.values(), key=_at))
    key = _criterion if column in words.CONDITIONS else _whole if not _keyed(b, m, t) else _link
    found = _by_key(b, m, t, key)
    return None if found is None else _text(found)


def _by_key(base: list[Any], mine: list[Any], theirs: list[Any], key: Callable[[Any], str]) -> list[Any] | None:
    """Three-way merge of entries by their key, mine in their order first; None for an entry both changed otherwise."""
    b, m, t = ({key(entry): entry for entry in entries} for entries in (base, mine, theirs))
    if any(len(table) != len(entries) for table, entries in ((b, base), (m, mine), (t, theirs))):
        return None  # one key twice in one list: which is meant is not for us to say
    out = []
    for name in dict.fromkeys((*m, *t)):
        was, ours, others = b.get(name), m.get(name), t.get(name)
        if others in (ours, was):
            result = ours
        elif ours == was:
            result = others
        else:
            return None
        if result is not None:
            out.append(result)
    return out


def _at(entry: Any) -> str:
    return as_text(entry.get("at")) if isinstance(entry, dict) else ""


def _keyed(*lists: list[Any]) -> bool:
    return all(parts.data_link(entry) is not None for entries in lists for entry in entries)


def _whole(entry: Any) -> str:
    return json.dumps(entry, sort_keys=True, ensure_ascii=False)


def _criterion(entry: Any) -> str:
    found = parts.assessment(entry)
    return found.criterion if found else _whole(entry)


def _link(entry: Any) -> str:
    found = parts.data_link(entry)
    return (found.href or found.title) if found else _whole(entry)


def _text(entries: list[Any] | None) -> str | None:
    return None if entries is None else json.dumps(entries, ensure_ascii=False, separators=(",", ":"))
