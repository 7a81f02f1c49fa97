"""What happens to a draft when somebody else changes the same pilot meanwhile: neither's edits are lost unsaid."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from ...pilots import schema as cols
from ...pilots.combine import combined
from ...pilots.record import Pilot, read_pilot
from .form_columns import attribute, described


def renewed(opened: Pilot, mine: Pilot, now: Pilot) -> tuple[Pilot, tuple[str, ...]]:
    """``mine``, which was made out of ``opened``, as a draft over ``now``, and the columns that both changed otherwise.

    What one side changed is taken from it, inside lists entry by entry; where both did otherwise, mine stays.
    """
    out, clashes = now, []
    for column in described():
        name = attribute(column)
        base, ours, theirs = (getattr(one, name) for one in (opened, mine, now))
        if ours in (base, theirs):
            continue
        if theirs != base:
            both = _both(column, base, ours, theirs) if column in cols.STRUCTURED else None
            if both is None:
                clashes.append(column)
            else:
                ours = both
        changes: dict[str, Any] = {name: ours}
        out = replace(out, **changes)
    if mine.wkb not in (opened.wkb, now.wkb):
        out = replace(out, wkb=mine.wkb, srid=mine.srid)
        if now.wkb != opened.wkb:
            clashes.append("geom")
    return out, tuple(clashes)


def _both(column: str, *sides: Any) -> Any:
    texts = [json.dumps([entry.as_json() for entry in side], ensure_ascii=False) for side in sides]
    text = combined(column, *texts)
    return None if text is None else getattr(read_pilot({column: text}), attribute(column))
