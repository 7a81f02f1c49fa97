"""A pilot's lists among the columns of a conflict: each entry that clashes is a line of its own, and all are in words.

A conflict as the working copy gives it has a cell for each column. `split` makes of a list that clashes a cell for
each entry that both changed otherwise, and one for the rest of it, where nothing is to be decided; `joined` makes the
list of what was decided again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from ..pilots import combine
from ..pilots import schema as cols
from ..pilots import vocabulary as words
from ..pilots.combine import Entry
from ..text import tr
from ..workcopy.columns import Stored, to_stored
from ..workcopy.conflicts import Conflict, ConflictCell


@dataclass(frozen=True)
class ListCell(ConflictCell):
    """A column that holds a list of a pilot; ``ours`` is our name of it."""

    ours: str = ""


@dataclass(frozen=True)
class EntryCell(ListCell):
    """One entry of a list, by its name; base, mine and theirs are the entry as JSON text, null where it is not there.
    Without a name: the rest of the list, to be shown."""

    name: str = ""
    whole: ConflictCell | None = field(default=None, compare=False, repr=False)


def split(conflict: Conflict, lists: Mapping[str, str]) -> Conflict:
    """``conflict`` with its lists told apart. ``lists``: the columns that hold lists of a pilot → our name."""
    cells: list[ConflictCell] = []
    for cell in conflict.cells:
        ours = lists.get(cell.column)
        cells.extend([cell] if ours is None else _entries(cell, ours))
    return replace(conflict, cells=tuple(cells))


def _entries(cell: ConflictCell, ours: str) -> list[ConflictCell]:
    kept: dict[str, Any] = {one.name: getattr(cell, one.name) for one in fields(ConflictCell)}
    clashing = cell.verdict == "clash" and cell.inside is not None and cell.inside.clashes
    found = combine.entries(ours, cell.base, cell.mine, cell.theirs) if clashing else None
    if found is None:
        return [ListCell(**kept, ours=ours)]
    out: list[ConflictCell] = []
    for entry in found:
        if entry.side:
            continue
        title = tr("{entry} · {list}", entry=entry_title(ours, entry), list=cell.title or cols.title(ours))
        sides = {side: to_stored(getattr(entry, side), "object") for side in ("base", "mine", "theirs")}
        one = {**kept, **sides, "result": sides["mine"], "title": title, "inside": None, "kind": "object"}
        one["column"] = f"{cell.column}\n{entry.name}"
        out.append(EntryCell(**one, ours=ours, name=entry.name, whole=cell))
    rest = [entry for entry in found if entry.side]
    if any((entry.mine, entry.theirs) != (entry.base, entry.base) for entry in rest):
        title = tr("{list}: all else", list=cell.title or cols.title(ours))
        lists = {side: _list([getattr(entry, side) for entry in rest]) for side in ("base", "mine", "theirs")}
        lists["result"] = _list([entry.mine if entry.side == "mine" else entry.theirs for entry in rest])
        one = {**kept, **lists, "verdict": "merged", "title": title}
        out.append(EntryCell(**one, ours=ours, whole=cell))
    return out


def _list(found: list[Any]) -> Stored:
    return to_stored([entry for entry in found if entry is not None], "array")


def joined(cells: Mapping[EntryCell, combine.Pick]) -> dict[str, Stored]:
    """The lists by their columns, with one of the three for each entry that clashed."""
    sides: dict[str, dict[str, combine.Pick]] = {}
    wholes: dict[str, tuple[ConflictCell, str]] = {}
    for cell, pick in cells.items():
        if cell.whole is not None:
            wholes[cell.whole.column] = cell.whole, cell.ours
            sides.setdefault(cell.whole.column, {})[cell.name] = pick
    out: dict[str, Stored] = {}
    for column, (whole, ours) in wholes.items():
        out[column] = combine.decided(ours, whole.base, whole.mine, whole.theirs, sides[column])
        if out[column] is None:
            raise ValueError(f"{column} is not decided")
    return out


def entry_title(ours: str, entry: Entry) -> str:
    """What an entry is called."""
    if ours in words.CONDITIONS:
        return words.criterion_title(entry.name)
    return entry.name if len(entry.name) <= 60 else entry.name[:59] + "…"
