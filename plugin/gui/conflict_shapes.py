"""How the geometries of a conflict differ: in words, and vertex by vertex."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..text import tr, trn
from ..workcopy.conflicts import ConflictCell
from ..workcopy.geometry import BadGeometry, decode, same
from ..workcopy.wording import NOTHING, describe_geometry, geometry_shown

HEAVY = 60_000  # bytes of geometry that are not compared in the main thread
MOST = 2_000  # vertices marked on one side; more would be a blot
_FINE, _FINE_DEGREES = 0.02, 2e-7  # what a twin's rounding can move a vertex by is nobody's edit
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
    grain = _FINE if metres else _FINE_DEGREES
    vertices = {blob: Vertices(blob, grain) for blob in {base, mine, theirs}}
    sides = []
    # Where nobody has a base the two are compared with each other.
    for blob, other in ((mine, base or theirs), (theirs, base or mine)):
        here, before = vertices[blob], vertices[other]
        found = _Difference.between(here, before)
        fine = found if found.any or same(blob, other) else None  # all of it may be finer than that
        found = fine or _Difference.between(Vertices(blob, 0.0), Vertices(other, 0.0))
        words = _words(other if base else None, blob, metres, fine)
        gone = found.gone[:MOST] if base and blob else ()
        story = geometry_shown(blob, metres)
        sides.append(Side(blob, words, story, (found.elsewhere + found.raised)[:MOST], gone))
    shown = geometry_shown(base, metres)
    there = [blob for blob in (base, mine, theirs) if blob is not None]
    differ = any(not same(there[0], blob) for blob in there[1:])
    return Shapes(Side(base, shown, shown), sides[0], sides[1], differ)


def _words(before: bytes | None, now: bytes | None, metres: bool, found: _Difference | None) -> str:
    if now is None:
        return NOTHING
    if before is None:
        return geometry_shown(now, metres)
    if same(before, now):
        return tr("unchanged")
    if found is not None and found.raised and not (found.elsewhere or found.gone):
        return trn("height differs at {n} vertex", "height differs at {n} vertices", len(found.raised))
    return describe_geometry(before, now, metres)


@dataclass(frozen=True)
class _Difference:
    """Vertices that are where the other has none, that have another height there, and that only the other has."""

    elsewhere: tuple[Point, ...]
    raised: tuple[Point, ...]
    gone: tuple[Point, ...]

    @property
    def any(self) -> bool:
        return bool(self.elsewhere or self.raised or self.gone)

    @classmethod
    def between(cls, here: Vertices, there: Vertices) -> _Difference:
        return cls(*here.against(there), there.against(here)[0])


class Vertices:
    """Where a geometry's vertices are, and the heights that they have there.

    Places closer than ``grain`` are the same: a twin that keeps coordinates in another CRS moves every vertex a little.
    """

    def __init__(self, blob: bytes | None, grain: float) -> None:
        self._grain = grain
        self._cells: dict[tuple[float, float], list[Point]] = {}
        self._heights: dict[Point, tuple[float, ...]] = {}
        for x, y, *height in _coordinates(blob):
            place = (x, y)
            if place not in self._heights:
                self._cells.setdefault(self._cell(x, y), []).append(place)
            self._heights[place] = tuple(sorted({*self._heights.get(place, ()), *height}))

    def against(self, other: Vertices) -> tuple[tuple[Point, ...], tuple[Point, ...]]:
        """The vertices that are where ``other`` has none, and those that have another height there."""
        elsewhere, raised = [], []
        known, grain = other._heights, self._grain
        for place, heights in self._heights.items():
            if known.get(place) == heights:
                continue
            near = other._at(place)
            if not near:
                elsewhere.append(place)
            elif not any(_near(heights, known[at], grain) for at in near):
                raised.append(place)
        return tuple(elsewhere), tuple(raised)

    def _cell(self, x: float, y: float) -> tuple[float, float]:
        # Wide enough that what lies around a place touches two of them at most, rounding or not.
        return (x // (4 * self._grain), y // (4 * self._grain)) if self._grain else (x, y)

    def _at(self, place: Point) -> list[Point]:
        """The vertices in that place."""
        (x, y), grain = place, self._grain
        if not grain:
            return self._cells.get(place, [])
        least, most = self._cell(x - grain, y - grain), self._cell(x + grain, y + grain)
        around = {(column, row) for column in (least[0], most[0]) for row in (least[1], most[1])}
        return [at for cell in around for at in self._cells.get(cell, ()) if math.dist(at, place) <= grain]


def _near(these: tuple[float, ...], those: tuple[float, ...], grain: float) -> bool:
    return len(these) == len(those) and all(abs(a - b) <= grain for a, b in zip(these, those))


def _coordinates(blob: bytes | None) -> Iterator[list[float]]:
    try:
        geometry = decode(blob)
    except BadGeometry:
        return
    pending: list[Any] = [geometry] if geometry else []
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            pending.extend(one.get("geometries", ()))
            pending.append(one.get("coordinates", []))
        elif one and isinstance(one[0], float):
            yield one[:3]
        else:
            pending.extend(one)
