"""Merging inside a structured column, where a merge by columns finds both sides changed.

The working copy merges column by column. Where two people changed the same structured column, it asks here what of it
they changed. The history only ever grows, so it is the union of both. Links are a set. Assessments are merged criterion
by criterion, and a criterion that both judged otherwise is a true clash: nobody's is dropped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..workcopy.columns import Stored, same
from ..workcopy.inside import Inside
from . import parts
from . import schema as cols
from . import vocabulary as words
from .values import as_text, raw_list

Side = Literal["mine", "theirs"]
Pick = Literal["base", "mine", "theirs"]
_Three = tuple[Any, Any, Any]  # base, mine, theirs
_ABSENT = object()  # an entry may be null


@dataclass(frozen=True)
class Entry:
    """One entry of a list that both sides have changed, by what it is called (`name`); None: the side has it not.
    ``side`` is whose is taken, "" where both changed it otherwise."""

    name: str
    base: Any
    mine: Any
    theirs: Any
    side: Side | Literal[""]


def looked_into(column: str, base: Any, mine: Any, theirs: Any) -> Inside | None:
    """What a structured ``column`` becomes that both sides changed; None where it cannot be merged entry by entry.

    Values are JSON text (or null) as the working copy stores them; ``column`` is our name of it. What comes out is the
    text of the side that has all the other's changes, where there is one.
    """
    found = _looked_at(column, base, mine, theirs)
    if found is None:
        return None
    clashes = tuple(name for name, sides in found.items() if _side(*sides) == "")
    ours, others = (_text(column, found, dict.fromkeys(clashes, side)) for side in ("mine", "theirs"))
    if ours is None or others is None:
        return None
    return Inside(_spelled(ours, mine, theirs), _spelled(others, theirs, mine), clashes)


def combined(column: str, base: Any, mine: Any, theirs: Any) -> str | None:
    """The JSON text that holds both sides' changes of a structured ``column``; None where somebody has to choose."""
    found = looked_into(column, base, mine, theirs)
    return found.mine if found is not None and not found.clashes and isinstance(found.mine, str) else None


def decided(column: str, base: Any, mine: Any, theirs: Any, sides: Mapping[str, Pick]) -> str | None:
    """The list with one of the three for each entry that clashes, by its name; None where one of them has none."""
    found = _looked_at(column, base, mine, theirs)
    if found is None or any(_side(*three) == "" and name not in sides for name, three in found.items()):
        return None
    return _text(column, found, sides)


def entries(column: str, base: Any, mine: Any, theirs: Any) -> tuple[Entry, ...] | None:
    """Every entry of the three lists, those that clash first, then those that one side changed, then the others. None
    where the column cannot be looked into."""
    found = _looked_at(column, base, mine, theirs)
    if found is None:
        return None
    out = []
    for name, (was, ours, others) in found.items():
        one, two, three = (None if entry is _ABSENT else entry for entry in (was, ours, others))
        out.append((_rank(was, ours, others), Entry(name, one, two, three, _side(was, ours, others))))
    return tuple(entry for _, entry in sorted(out, key=lambda pair: pair[0]))


def _looked_at(column: str, base: Any, mine: Any, theirs: Any) -> dict[str, _Three] | None:
    """The entries by their names, mine in their order first."""
    lists = [raw_list(value) for value in (base, mine, theirs)]
    if column not in cols.STRUCTURED or not all(readable for _, readable in lists):
        return None
    b, m, t = (entries for entries, _ in lists)
    try:
        key = _key(column, [*b, *m, *t])
        tables = [{key(entry): entry for entry in one} for one in (b, m, t)]
    except (ValueError, RecursionError):  # no JSON: infinite numbers, or deeper than anybody reads
        return None
    if column == cols.HISTORY:  # what either has, both have
        return {name: (_ABSENT, entry, entry) for name, entry in (*tables[1].items(), *tables[2].items())}
    if any(len(table) != len(one) for table, one in zip(tables, (b, m, t))):
        return None  # one name twice in one list: which is meant is not for us to say
    names = dict.fromkeys(name for table in (tables[1], tables[2], tables[0]) for name in table)
    return {name: tuple(table.get(name, _ABSENT) for table in tables) for name in names}


def _side(base: Any, mine: Any, theirs: Any) -> Side | Literal[""]:
    """Whose entry is taken."""
    if _equal(theirs, base) or _equal(theirs, mine):
        return "mine"
    return "theirs" if _equal(mine, base) else ""


def _rank(base: Any, mine: Any, theirs: Any) -> int:
    if _side(base, mine, theirs) == "":
        return 0
    return 2 if _equal(mine, base) and _equal(theirs, base) else 1


def _equal(one: Any, other: Any) -> bool:
    if one is _ABSENT or other is _ABSENT:
        return one is other
    return same(_whole(one), _whole(other), "object")


def _text(column: str, found: Mapping[str, _Three], sides: Mapping[str, Pick]) -> str | None:
    """The list as JSON text, with one of the ``sides`` for what clashes."""
    chosen = []
    for name, (base, mine, theirs) in found.items():
        side = _side(base, mine, theirs) or sides[name]
        chosen.append({"base": base, "mine": mine, "theirs": theirs}[side])
    out = [entry for entry in chosen if entry is not _ABSENT]
    if column == cols.HISTORY:
        out.sort(key=_at)
    try:
        return json.dumps(out, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (ValueError, RecursionError):
        return None


def _spelled(text: str, *sides: Stored) -> Stored:
    """``text`` as the first side writes it that says the same."""
    return next((side for side in sides if isinstance(side, str) and same(text, side, "array")), text)


def _at(entry: Any) -> str:
    return as_text(entry.get("at")) if isinstance(entry, dict) else ""


def _key(column: str, everything: list[Any]) -> Callable[[Any], str]:
    """What tells an entry from the others of its list."""
    if column == cols.HISTORY:
        return _whole
    if column in words.CONDITIONS:
        return _criterion
    return _link if all(parts.data_link(entry) is not None for entry in everything) else _whole


def _whole(entry: Any) -> str:
    return json.dumps(entry, sort_keys=True, ensure_ascii=False, allow_nan=False)


def _criterion(entry: Any) -> str:
    found = parts.assessment(entry)
    return found.criterion if found else _whole(entry)


def _link(entry: Any) -> str:
    found = parts.data_link(entry)
    return (found.href or found.title) if found else _whole(entry)
