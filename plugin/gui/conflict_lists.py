"""The values of a pilot's lists in words: what a side changed first, what nobody changed as a number."""

from __future__ import annotations

import json
from typing import Any

from qgis.PyQt.QtCore import QDate, QLocale

from ..pilots import parts
from ..pilots import schema as cols
from ..pilots import vocabulary as words
from ..pilots.values import raw_list
from ..text import tr, trn
from ..workcopy.columns import Stored, same
from ..workcopy.wording import NOTHING
from .conflict_entries import EntryCell, ListCell


def in_words(cell: ListCell, value: Stored, *, whole: bool = False) -> str:
    """A value of ``cell`` in one line; ``whole``: all of it, a line for each entry. A dash for nothing."""
    if isinstance(cell, EntryCell) and cell.name:
        return _entry(cell.ours, json.loads(value), titled=False) if isinstance(value, str) else NOTHING
    entries, readable = raw_list(value)
    if not readable:
        return str(value)
    if not entries:
        return NOTHING
    ordered = sorted(entries, key=_at, reverse=True) if cell.ours == cols.HISTORY else entries
    if whole:
        return "\n".join(_entry(cell.ours, entry) for entry in ordered)
    base = raw_list(cell.base)[0]
    changed = [entry for entry in ordered if not _within(entry, base)]
    told = [_entry(cell.ours, entry) for entry in changed or ordered]
    if changed and len(changed) < len(ordered):
        told.append(trn("{n} unchanged", "{n} unchanged", len(ordered) - len(changed)))
    return "; ".join(told)


def _entry(ours: str, raw: Any, *, titled: bool = True) -> str:
    if ours in words.CONDITIONS:
        return _criterion(raw, titled)
    return _change(raw) if ours == cols.HISTORY else _link(raw)


def _criterion(raw: Any, titled: bool) -> str:
    one = parts.assessment(raw)
    if one is None:
        return _raw(raw)
    told = [words.rating_title(one.rating), _day(one.on.isoformat()) if one.on else "", one.evidence]
    text = " · ".join(filter(None, told))
    return tr("{criterion}: {what}", criterion=words.criterion_title(one.criterion), what=text) if titled else text


def _change(raw: Any) -> str:
    one = parts.stage_change(raw)
    if one is None:
        return _raw(raw)
    if not one.old:
        what = words.stage_title(one.new)
    elif one.is_change:
        what = tr("{old} → {new}", old=words.stage_title(one.old), new=words.stage_title(one.new))
    else:
        what = ""
    told = [_day(one.at), what, one.reason, tr("({role})", role=one.by) if one.by else ""]
    return " ".join(filter(None, told))


def _link(raw: Any) -> str:
    one = parts.data_link(raw)
    return _raw(raw) if one is None else one.title or one.href


def _raw(raw: Any) -> str:
    return json.dumps(raw, ensure_ascii=False)


def _day(text: str) -> str:
    day = QDate.fromString(text[:10], "yyyy-MM-dd")
    return str(QLocale().toString(day, QLocale.FormatType.ShortFormat)) if day.isValid() else text


def _at(raw: Any) -> str:
    return str(raw.get("at") or "") if isinstance(raw, dict) else ""


def _within(entry: Any, entries: list[Any]) -> bool:
    return any(same(_raw(entry), _raw(other), "object") for other in entries)
