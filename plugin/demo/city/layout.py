"""The city's ground plan: each district's grid of streets, and the blocks between them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from . import plane
from .places import DISTRICTS, ISLAND, LANDMARKS, MAIN_STREETS, WATERS, District, outline
from .plane import Point, Ring

QUAY = 13.0  # metres between water and the first wall
_STREET = 11.0  # width of a side street, wall to wall
_MAIN = {"main road": 15.0, "quay": 9.0, "bridge": 10.0, "street": 8.0, "path": 4.0}  # half widths


@dataclass(frozen=True)
class Block:
    """Land between streets. ``ring`` runs along the walls; ``streets`` names what its edges face, where known."""

    key: str
    district: District
    ring: tuple[Point, ...]
    streets: tuple[str, ...]


@dataclass(frozen=True)
class Street:
    name: str
    kind: str
    max_speed: int
    line: tuple[Point, ...]


@dataclass(frozen=True)
class Grid:
    """A district's own coordinates: ``u`` along its streets, ``v`` across them."""

    origin: Point
    cos: float
    sin: float

    def xy(self, u: float, v: float) -> Point:
        return self.origin[0] + u * self.cos - v * self.sin, self.origin[1] + u * self.sin + v * self.cos

    def uv(self, p: Point) -> Point:
        dx, dy = p[0] - self.origin[0], p[1] - self.origin[1]
        return dx * self.cos + dy * self.sin, dy * self.cos - dx * self.sin


def grid_of(district: District) -> tuple[Grid, list[float], list[float]]:
    """The grid and where its lines lie in u and v. Spacing alternates a little, as built cities do."""
    turn = math.radians(district.angle)
    grid = Grid(plane.centre(district.ring), math.cos(turn), math.sin(turn))
    corners = [grid.uv(p) for p in district.ring]
    steps = []
    for axis, size in ((0, district.blocks[0]), (1, district.blocks[1])):
        low, high = min(p[axis] for p in corners) - size / 3, max(p[axis] for p in corners)
        found, i = [low], 0
        while found[-1] < high:
            found.append(found[-1] + size * (1.0, 1.22, 0.86, 1.1, 0.94)[(i * 3 + len(district.name)) % 5])
            i += 1
        steps.append(found)
    return grid, steps[0], steps[1]


def blocks() -> Iterator[Block]:
    """All blocks, district by district."""
    barred = [plane.Plot(water.ring, QUAY) for water in WATERS[1:]]
    barred += [plane.Plot(plane.band(line, 12.0)) for name, _, _, line in MAIN_STREETS if name in _CROSSING]
    for district in DISTRICTS:
        ground = _ground(district)
        if ground is None or district.style == "park":
            continue
        grid, us, vs = grid_of(district)
        half = _STREET / 2
        for i, (u0, u1) in enumerate(zip(us, us[1:])):
            for j, (v0, v1) in enumerate(zip(vs, vs[1:])):
                corners = (u0 + half, v0 + half), (u1 - half, v0 + half), (u1 - half, v1 - half), (u0 + half, v1 - half)
                ring = plane.tidy(plane.clip(ground, [grid.xy(u, v) for u, v in corners]), 2.0)
                for n, part in enumerate(_free_parts(ring, barred, 0)):
                    names = district.streets
                    faces = (names[(j * 2) % len(names)], names[(i * 2 + 1) % len(names)])
                    yield Block(f"{district.code}-{i:02}{j:02}{chr(96 + n) if n else ''}", district, tuple(part), faces)


def streets() -> Iterator[Street]:
    """Main streets, then the districts' own."""
    for name, kind, speed, line in MAIN_STREETS:
        yield Street(name, kind, speed, line)
    basins = [plane.Plot(water.ring, 5.0) for water in WATERS[1:]]
    basins += [plane.Plot(outline(landmark), 5.0) for landmark in LANDMARKS]
    for district in DISTRICTS:
        ring = plane.counter_clockwise(district.ring)
        grid, us, vs = grid_of(district)
        ends = [((us[0], v), (us[-1], v), district.streets[(j * 2) % len(district.streets)]) for j, v in enumerate(vs)]
        ends += [
            ((u, vs[0]), (u, vs[-1]), district.streets[(i * 2 + 1) % len(district.streets)]) for i, u in enumerate(us)
        ]
        for a, b, name in ends:
            for p, q in plane.inside_parts(grid.xy(*a), grid.xy(*b), ring):
                for line in _on_land(p, q, basins):
                    kind = "path" if district.style == "park" else "street"
                    yield Street(name, kind, 15 if kind == "path" else 30, line)


def _ground(district: District) -> Ring | None:
    """The district without its main streets and quays."""
    ring = plane.counter_clockwise(district.ring)
    inward = []
    for a, b in zip(ring, [*ring[1:], ring[0]]):
        middle = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
        inward.append(
            max((_MAIN[kind] for _, kind, _, line in MAIN_STREETS if plane.away(middle, line) < 6), default=7.0)
        )
        if district.ring == ISLAND or any(plane.away(middle, [*w.ring, w.ring[0]]) < 25 for w in WATERS[:1]):
            inward[-1] = max(inward[-1], QUAY + 5)
    return plane.offset(ring, inward)


# main streets that run through districts instead of along their edges
_CROSSING = {"Erasmusbrug", "Willemsbrug", "Koninginnebrug", "Laan op Zuid", "Posthumalaan", "Rosestraat"}


def _free_parts(ring: Ring, barred: list[plane.Plot], depth: int) -> Iterator[Ring]:
    """The block, or halves of it where a basin or a street cuts into it; convex parts only."""
    if len(ring) < 3 or plane.area(ring) < 260:
        return
    if plane.clear_of(ring, barred):
        if plane.is_convex(ring):
            yield ring
            return
        depth = max(depth, 2)
    if depth < 4:
        for half in halve(ring):
            yield from _free_parts(half, barred, depth + 1)


def halve(ring: Ring, at: float = 0.5) -> tuple[Ring, Ring]:
    """Across its longest edge."""
    n = len(ring)
    i = max(range(n), key=lambda k: math.dist(ring[k], ring[(k + 1) % n]))
    a, b = ring[i], ring[(i + 1) % n]
    ux, uy = b[0] - a[0], b[1] - a[1]
    along = [(p[0] - a[0]) * ux + (p[1] - a[1]) * uy for p in ring]
    t = (min(along) + (max(along) - min(along)) * at) / (ux * ux + uy * uy)
    m = (a[0] + ux * t, a[1] + uy * t)
    far = (m[0] - uy, m[1] + ux)
    return plane.tidy(plane.cut(ring, m, far)), plane.tidy(plane.cut(ring, far, m))


def _on_land(a: Point, b: Point, basins: list[plane.Plot]) -> Iterator[tuple[Point, ...]]:
    """A segment without what lies in or close to water or a landmark."""
    size = math.dist(a, b)
    low_x, high_x, low_y, high_y = min(a[0], b[0]), max(a[0], b[0]), min(a[1], b[1]), max(a[1], b[1])
    close = [basin for basin in basins if basin.near(low_x, low_y, high_x, high_y)]
    steps = max(1, int(size / 6)) if close else 1
    dry = []
    for k in range(steps + 1):
        p = (a[0] + (b[0] - a[0]) * k / steps, a[1] + (b[1] - a[1]) * k / steps)
        dry.append(not any(basin.holds(p) for basin in close))
    start: int | None = None
    for k, is_dry in enumerate([*dry, False]):
        if is_dry and start is None:
            start = k
        elif not is_dry and start is not None:
            if (k - 1 - start) / steps * size > 35:
                ends = (start / steps, (k - 1) / steps)
                yield tuple((a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t) for t in ends)
            start = None
