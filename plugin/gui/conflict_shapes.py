"""How the geometries of a conflict differ: in words, and vertex by vertex."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..text import tr, trn
from ..workcopy.conflicts import ConflictCell
from ..workcopy.geometry import BadGeometry, decode, same
from ..workcopy.wording import NOTHING, describe_geometry, geometry_shown

HEAVY = 60_000  # bytes of geometry that are not compared in the main thread
MOST = 2_000  # vertices marked on one side; more would be a blot
Point = tuple[float, float]


@dataclass(frozen=True)
class Side:
    """One of the three geometries. ``changed``: vertices that the base has not; ``gone``: those of the base that it
    lacks."""

    blob: bytes | None = None
    words: str = ""  # short, for a table's cell
    story: str = ""  # kind and size
    changed: tuple[Point, ...] = ()
    gone: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Shapes:
    """All three, compared. ``differ`` is False where all that are there are the same."""

    base: Side = field(default_factory=Side)
    mine: Side = field(default_factory=Side)
    theirs: Side = field(default_factory=Side)
    differ: bool = False

    def side(self, name: str) -> Side:
        return {"base": self.base, "mine": self.mine, "theirs": self.theirs}[name]


def is_heavy(cell: ConflictCell) -> bool:
    """Whether to put `compare` into a task."""
    return sum(len(value) for value in (cell.base, cell.mine, cell.theirs) if isinstance(value, bytes)) > HEAVY


def compare(cell: ConflictCell, metres: bool) -> Shapes:
    """The geometries of a conflict. ``metres``: whether the CRS's units are metres."""
    base, mine, theirs = (value if isinstance(value, bytes) else None for value in (cell.base, cell.mine, cell.theirs))
    # Where nobody has a base the two are compared with each other.
    vertices = {blob: _vertices(blob) for blob in {base, mine, theirs}}
    sides = []
    for blob, other in ((mine, base or theirs), (theirs, base or mine)):
        here, before = vertices[blob], vertices[other]
        changed, gone = _differing(here, before), _missing(before, here)
        words = _words(other if base else None, blob, metres, here, before)
        sides.append(Side(blob, words, geometry_shown(blob, metres), changed, gone if base and blob else ()))
    shown = geometry_shown(base, metres)
    there = [blob for blob in (base, mine, theirs) if blob is not None]
    differ = any(not same(there[0], blob) for blob in there[1:])
    return Shapes(Side(base, shown, shown), sides[0], sides[1], differ)


def _words(before: bytes | None, now: bytes | None, metres: bool, here: Any, there: Any) -> str:
    if now is None:
        return NOTHING
    if before is None:
        return geometry_shown(now, metres)
    if same(before, now):
        return tr("unchanged")
    if here and here.keys() == there.keys():
        raised = sum(1 for point, heights in here.items() if there[point] != heights)
        if raised:
            return trn("height differs at {n} vertex", "height differs at {n} vertices", raised)
    return describe_geometry(before, now, metres)


def _differing(these: Mapping[Point, Any], those: Mapping[Point, Any]) -> tuple[Point, ...]:
    """The vertices that are elsewhere, or at another height."""
    return tuple(itertools.islice((p for p, heights in these.items() if those.get(p) != heights), MOST))


def _missing(these: Mapping[Point, Any], those: Mapping[Point, Any]) -> tuple[Point, ...]:
    return tuple(itertools.islice((p for p in these if p not in those), MOST))


def _vertices(blob: bytes | None) -> dict[Point, tuple[float, ...]]:
    """Where the vertices are, with the heights that they have there."""
    found: dict[Point, tuple[float, ...]] = {}
    try:
        geometry = decode(blob)
    except BadGeometry:
        return found
    pending: list[Any] = [geometry] if geometry else []
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            pending.extend(one.get("geometries", ()))
            pending.append(one.get("coordinates", []))
        elif one and isinstance(one[0], float):
            place = (one[0], one[1])
            heights = tuple(sorted({*found.get(place, ()), *one[2:3]}))
            found[place] = heights
        else:
            pending.extend(one)
    return found
