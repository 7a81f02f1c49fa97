"""Buildings on the blocks: rows round courtyards, slabs, lots with towers, and the landmarks in their places."""

from __future__ import annotations

import math
import random  # nosec B311 - a seeded city, nothing secret
from collections.abc import Iterator
from dataclasses import dataclass

from . import plane
from .layout import Block, halve
from .places import DISTRICTS, LANDMARKS, PEAKS, Landmark, outline
from .plane import Point, Ring

Properties = dict[str, object]
_LABELS = ("A++", "A+", "A", "B", "C", "D", "E", "F", "G")


@dataclass(frozen=True)
class Building:
    key: str
    ring: tuple[Point, ...]
    properties: Properties


def buildings(blocks: list[Block]) -> Iterator[Building]:
    """Landmarks first, then every block's own; what would stand on a landmark's ground is left out."""
    plots = []
    for n, landmark in enumerate(LANDMARKS, 1):
        ring = outline(landmark)
        plots.append(plane.Plot(ring, 4.0))
        yield Building(f"LM-{n:03}", tuple(ring), _landmark_properties(landmark))
    for block in blocks:
        dice = random.Random(block.key)  # nosec B311 - each block has its own seed, so one change moves no other
        for n, (ring, house) in enumerate(_on_block(block, dice), 1):
            if plane.clear_of(ring, plots):
                yield Building(f"{block.key}-{n:02}", tuple(ring), _properties(block, ring, house, n, dice))


def rise(p: Point) -> float:
    """Storeys that the place adds: the city is tall around its peaks."""
    return sum(extra * math.exp(-((math.dist(p, at) / reach) ** 2) * 1.6) for at, extra, reach in PEAKS)


@dataclass(frozen=True)
class _House:
    storeys: int
    storey_height: float
    kind: str  # row, slab, lot, tower, campus


def _on_block(block: Block, dice: random.Random) -> Iterator[tuple[Ring, _House]]:
    ring, style = list(block.ring), block.district.style
    size = plane.area(ring)
    chance = dice.random()
    if chance < (0.03 if style == "old" else 0.05) and size > 1500:
        return  # a square
    if style == "old":
        yield from _perimeter(block, ring, dice, 10.5, (12, 24))
    elif style == "rebuilt":
        if chance < 0.32 and size > 2200:
            yield from _slabs(block, ring, dice)
        else:
            yield from _perimeter(block, ring, dice, 12.0, (18, 40))
    elif style == "centre":
        if chance < 0.38:
            yield from _perimeter(block, ring, dice, 15.0, (18, 38))
        else:
            yield from _lots(block, ring, dice, 1500)
    elif style == "towers":
        if chance < 0.25:
            yield from _perimeter(block, ring, dice, 14.0, (18, 34))
        else:
            yield from _lots(block, ring, dice, 1900)
    else:
        yield from _lots(block, ring, dice, 4200)


def _perimeter(
    block: Block, ring: Ring, dice: random.Random, depth: float, widths: tuple[float, float]
) -> Iterator[tuple[Ring, _House]]:
    """Houses along the edges around a courtyard; a block too narrow for a courtyard becomes lots."""
    court = plane.shrink(ring, depth)
    if court is None or plane.area(court) < 90:
        yield from _lots(block, ring, dice, 420 if depth < 11 else 900)
        return
    usual = _storeys(block, plane.centre(ring), dice)
    n = len(ring)
    for i in range(n):
        a, b, c, d = ring[i], ring[(i + 1) % n], court[(i + 1) % n], court[i]
        length = math.dist(a, b)
        if length < 5:
            yield [a, b, c, d], _House(usual, 3.1, "row")
            continue
        width = dice.uniform(*widths)
        count = max(1, round(length / width))
        ends = _ends(a, b, c, d, count, dice)
        floors = usual
        for k, (p, q) in enumerate(zip(ends, ends[1:])):
            if dice.random() < 0.3:
                floors = max(1, usual + dice.choice((-1, 0, 0, 1)))
            if count > 2 and 0 < k < count - 1 and dice.random() < 0.035:
                continue  # a gap in the row
            shift = 0.0 if k in (0, count - 1) else dice.choice((0.0, 0.0, 0.0, 1.2, -1.4))
            yield _deepen([p[0], q[0], q[1], p[1]], shift), _House(floors, 3.1 if depth < 11 else 3.3, "row")


def _ends(a: Point, b: Point, c: Point, d: Point, count: int, dice: random.Random) -> list[tuple[Point, Point]]:
    """Party walls between the street side ``ab`` and the court side ``dc``; those at the corners are mitred."""
    ux, uy = (b[0] - a[0]) / math.dist(a, b), (b[1] - a[1]) / math.dist(a, b)
    start, end = ((p[0] - a[0]) * ux + (p[1] - a[1]) * uy for p in (d, c))
    length, depth = math.dist(a, b), abs((d[0] - a[0]) * uy - (d[1] - a[1]) * ux)
    found = [(a, d)]
    for k in range(1, count):
        at = length * k / count + dice.uniform(-0.8, 0.8)
        if at <= start + 2 or at >= end - 2:
            continue
        street = (a[0] + ux * at, a[1] + uy * at)
        found.append((street, (street[0] - uy * depth, street[1] + ux * depth)))
    return [*found, (b, c)]


def _deepen(ring: Ring, by: float) -> Ring:
    """Move the court side of a house."""
    if not by:
        return ring
    a, b, c, d = ring
    size = math.dist(a, b)
    nx, ny = -(b[1] - a[1]) / size * by, (b[0] - a[0]) / size * by
    return [a, b, (c[0] + nx, c[1] + ny), (d[0] + nx, d[1] + ny)]


def _slabs(block: Block, ring: Ring, dice: random.Random) -> Iterator[tuple[Ring, _House]]:
    """Parallel slabs with green between them."""
    n = len(ring)
    i = max(range(n), key=lambda k: math.dist(ring[k], ring[(k + 1) % n]))
    a, b = ring[i], ring[(i + 1) % n]
    size = math.dist(a, b)
    ux, uy = (b[0] - a[0]) / size, (b[1] - a[1]) / size
    reach = max((p[1] - a[1]) * ux - (p[0] - a[0]) * uy for p in ring)
    storeys = _storeys(block, plane.centre(ring), dice) + 1
    at = 2.0
    while at + 12 < reach:
        low = (a[0] - uy * at, a[1] + ux * at)
        high = (low[0] - uy * 12, low[1] + ux * 12)
        strip = plane.cut(plane.cut(ring, low, (low[0] + ux, low[1] + uy)), (high[0] + ux, high[1] + uy), high)
        if plane.area(strip) > 250:
            lengths = [(p[0] - a[0]) * ux + (p[1] - a[1]) * uy for p in strip]
            if max(lengths) - min(lengths) > 52:
                for half in halve(plane.tidy(strip), 0.48):
                    if plane.area(half) > 90:
                        yield half, _House(storeys, 2.9, "slab")
            else:
                yield plane.tidy(strip), _House(storeys, 2.9, "slab")
        at += 12 + max(18.0, storeys * 3.6)


def _lots(block: Block, ring: Ring, dice: random.Random, target: float) -> Iterator[tuple[Ring, _House]]:
    """The block in lots, each built to its edge, and some with a tower set back from it."""
    size = plane.area(ring)
    if size > target * dice.uniform(1.15, 1.7) and min(len(ring), 9) >= 3:
        for half in halve(ring, dice.uniform(0.42, 0.58)):
            if len(half) >= 3:
                yield from _lots(block, half, dice, target)
        return
    style = block.district.style
    margin = {"campus": 9.0, "towers": 3.0, "centre": 1.2}.get(style, 0.6)
    plot = plane.shrink(ring, margin)
    if plot is None or plane.area(plot) < 70 or _thin(plot):
        return
    if dice.random() < (0.16 if style in ("towers", "campus") else 0.05):
        return  # a forecourt, a car park, a garden
    at = plane.centre(plot)
    extra = rise(at)
    tall = style == "towers" and dice.random() < 0.1 + extra * 0.045
    if tall:
        slim = plane.shrink(plot, dice.uniform(3.0, 7.0))
        if slim is not None and plane.area(slim) > 250 and not _thin(slim):
            floors = int(dice.uniform(0.8, 1.25) * (block.district.storeys[1] + extra))
            yield slim, _House(floors, 3.3, "tower")
            return
    floors = _storeys(block, at, dice)
    if style == "centre" and dice.random() < 0.25:
        floors = dice.randint(2, 4)  # shops
    yield plot, _House(floors, 3.4, "campus" if style == "campus" else "lot")


def _thin(ring: Ring) -> bool:
    around = sum(math.dist(a, b) for a, b in zip(ring, [*ring[1:], ring[0]]))
    return plane.area(ring) < 0.028 * around * around


def _storeys(block: Block, at: Point, dice: random.Random) -> int:
    low, high = block.district.storeys
    extra = rise(at) if block.district.style in ("towers", "centre") else 0.0
    floors: float = low + (high - low) * dice.random() ** 1.8 + extra * dice.random() * 0.7
    return max(1, round(floors))


def _properties(block: Block, ring: Ring, house: _House, n: int, dice: random.Random) -> Properties:
    district = block.district
    year = int(district.years[0] + (district.years[1] - district.years[0]) * dice.random() ** 1.3)
    if house.kind == "tower":
        year = dice.randint(1985, 2024)
    function = _function(district.style, house, dice)
    height = round(house.storeys * house.storey_height + (dice.uniform(1.5, 4.0) if year < 1940 else 0.8), 1)
    status = "in use"
    draw = dice.random()
    if year > 2020:
        status = "under construction" if draw < 0.5 else "in use"
    elif draw < 0.022:
        status = "vacant"
    elif draw < 0.03:
        status = "to be demolished"
    living = function in ("residential", "mixed")
    found: Properties = {
        "function": function,
        "status": status,
        "height": height,
        "ground_height": ground(plane.centre(ring), district.code),
        "storeys": house.storeys,
        "year_built": year,
        "street": block.streets[0 if n % 5 < 3 else 1],
        "house_number": str(2 * n - 1 + (len(block.key) + ord(block.key[-1])) % 60),
        "district": district.name,
        "dwellings": max(1, int(plane.area(ring) * house.storeys * 0.78 / 95)) if living else 0,
        "monument": year < 1915 and dice.random() < 0.12,
    }
    if function != "other":
        newer = min(1.0, max(0.0, (year - 1900) / 120))
        found["energy_label"] = _LABELS[min(8, max(0, int(dice.gauss(6.5 - 5.5 * newer, 1.3))))]
    if dice.random() < 0.35:
        found["inspected"] = f"202{dice.randint(1, 5)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"
    return found


def _function(style: str, house: _House, dice: random.Random) -> str:
    draw = dice.random()
    if house.kind == "tower":
        return "residential" if draw < 0.45 else "office" if draw < 0.8 else "mixed" if draw < 0.93 else "hospitality"
    if style == "campus":
        return "health" if draw < 0.3 else "education" if draw < 0.6 else "culture" if draw < 0.8 else "residential"
    if style == "centre":
        return "retail" if draw < 0.3 else "mixed" if draw < 0.62 else "office" if draw < 0.82 else "residential"
    if style == "towers":
        return "office" if draw < 0.4 else "residential" if draw < 0.68 else "mixed" if draw < 0.92 else "hospitality"
    if draw < 0.84:
        return "residential"
    return "mixed" if draw < 0.94 else "retail" if draw < 0.975 else "education" if draw < 0.99 else "religious"


def ground(p: Point, code: str) -> float:
    """Ground above NAP: outside the dike the city stands higher, the old polders lie low."""
    outside = code in ("NOO", "KVZ", "KAT", "FEI", "MAR", "SCH")
    return round((3.1 if outside else -0.4) + 0.35 * math.sin(p[0] / 210) * math.cos(p[1] / 170), 2)


def _landmark_properties(landmark: Landmark) -> Properties:
    home = next((d for d in DISTRICTS if plane.inside(landmark.at, d.ring)), None)
    found: Properties = {
        "name": landmark.name,
        "function": landmark.function,
        "status": "in use",
        "height": float(landmark.height),
        "ground_height": ground(landmark.at, home.code if home else ""),
        "storeys": max(1, int(landmark.height / 3.6)),
        "year_built": landmark.year,
        "dwellings": int(landmark.height * landmark.size[0] * landmark.size[1] / 420)
        if landmark.function == "residential"
        else 0,
        "monument": landmark.year < 1965,
    }
    label: str | None = "A" if landmark.year > 1995 else None
    if home:
        found["district"] = home.name
    if label:
        found["energy_label"] = label
    return found
