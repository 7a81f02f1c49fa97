"""Trees: avenues along main streets and quays, the park, and gardens in courtyards."""

from __future__ import annotations

import math
import random  # nosec B311 - a seeded city, nothing secret
from collections.abc import Iterator
from typing import Callable

from . import plane
from .layout import Block, Street
from .places import DISTRICTS, WATERS
from .plane import Point, Ring

# common name, Latin name, height in metres when grown
_SPECIES = (
    ("Hollandse linde", "Tilia × europaea", 22), ("gewone plataan", "Platanus × hispanica", 25),
    ("zomereik", "Quercus robur", 24), ("gewone es", "Fraxinus excelsior", 23), ("Noorse esdoorn",
     "Acer platanoides", 19),
    ("zwarte populier", "Populus nigra", 27), ("paardenkastanje", "Aesculus hippocastanum", 21),
    ("witte acacia", "Robinia pseudoacacia", 18), ("schietwilg", "Salix alba", 20), ("veldiep", "Ulmus minor", 22),
    ("Japanse sierkers", "Prunus serrulata", 8), ("haagbeuk", "Carpinus betulus", 14),
)  # fmt: skip
Tree = tuple[str, Point, dict[str, object]]
Free = Callable[[Point], bool]
_AVENUES = {"main road": 9.5, "quay": 5.0, "street": 4.2}  # metres from the middle of the street


class Occupied:
    """What stands where, in cells, to ask quickly whether a place is free."""

    def __init__(self, rings: list[Ring]) -> None:
        self._cells: dict[tuple[int, int], list[Ring]] = {}
        for ring in rings:
            xs, ys = [int(p[0] // 50) for p in ring], [int(p[1] // 50) for p in ring]
            for x in range(min(xs), max(xs) + 1):
                for y in range(min(ys), max(ys) + 1):
                    self._cells.setdefault((x, y), []).append(ring)

    def at(self, p: Point) -> bool:
        return any(plane.inside(p, ring) for ring in self._cells.get((int(p[0] // 50), int(p[1] // 50)), ()))


def trees(blocks: list[Block], streets: list[Street], built: list[Ring]) -> Iterator[Tree]:
    """All trees, each on free ground."""
    waters = [plane.Plot(water.ring) for water in WATERS]
    island = plane.Plot(WATERS[0].holes[0])
    taken, seen = Occupied(built), set()

    def free(p: Point) -> bool:
        cell = (int(p[0] // 4), int(p[1] // 4))
        if cell in seen or taken.at(p):
            return False
        if any(water.holds(p) for water in waters) and not island.holds(p):
            return False
        seen.add(cell)
        return True

    for n, street in enumerate(streets):
        yield from _avenue(f"A{n:03}", street, free)
    for district in DISTRICTS:
        if district.style == "park":
            yield from _park(district.code, district.ring, free)
    for block in blocks:
        yield from _garden(block, free)


def _avenue(key: str, street: Street, free: Free) -> Iterator[Tree]:
    dice = random.Random(f"{street.name}{street.line[0]}")  # nosec B311 - seeded city
    if street.kind not in _AVENUES or (street.kind == "street" and dice.random() < 0.72):
        return
    away, step = _AVENUES[street.kind], 13.0 if street.kind == "main road" else 15.0
    species = dice.choice(_SPECIES[:8] if street.kind != "street" else _SPECIES)
    n = 0
    for a, b in zip(street.line, street.line[1:]):
        size = math.dist(a, b)
        nx, ny = -(b[1] - a[1]) / size * away, (b[0] - a[0]) / size * away
        for p in plane.walk((a, b), step, 6.0):
            for side in (1, -1):
                at = (p[0] + nx * side, p[1] + ny * side)
                if dice.random() < 0.9 and free(at):
                    n += 1
                    yield f"{key}-{n:03}", at, _about(species, dice, 1950)


def _park(key: str, ring: tuple[Point, ...], free: Free) -> Iterator[Tree]:
    dice = random.Random(key)  # nosec B311 - seeded city
    inner = plane.shrink(plane.counter_clockwise(ring), 14) or list(ring)
    xs, ys = [p[0] for p in inner], [p[1] for p in inner]
    groves = [
        (dice.uniform(min(xs), max(xs)), dice.uniform(min(ys), max(ys)), dice.choice(_SPECIES)) for _ in range(90)
    ]
    n = 0
    for x, y, species in groves:
        for _ in range(dice.randint(6, 22)):
            p = (x + dice.gauss(0, 24), y + dice.gauss(0, 24))
            if plane.inside(p, inner) and free(p):
                n += 1
                yield f"{key}-{n:04}", p, _about(species, dice, 1890)


def _garden(block: Block, free: Free) -> Iterator[Tree]:
    dice = random.Random("garden" + block.key)  # nosec B311 - seeded city
    court = plane.shrink(block.ring, 15.0)
    if court is None or dice.random() < 0.35:
        return
    xs, ys = [p[0] for p in court], [p[1] for p in court]
    n = 0
    for _ in range(min(5, int(plane.area(court) / 260))):
        p = (dice.uniform(min(xs), max(xs)), dice.uniform(min(ys), max(ys)))
        if plane.inside(p, court) and free(p):
            n += 1
            yield f"G-{block.key}-{n:02}", p, _about(dice.choice(_SPECIES), dice, 1930)


def _about(species: tuple[str, str, int], dice: random.Random, since: int) -> dict[str, object]:
    planted = int(since + (2024 - since) * dice.random() ** 0.7)
    grown = min(1.0, (2026 - planted) / 55)
    draw = dice.random()
    found: dict[str, object] = {
        "species": species[0],
        "latin_name": species[1],
        "height": round(max(2.0, species[2] * (0.18 + 0.82 * grown) * dice.uniform(0.85, 1.1)), 1),
        "trunk_diameter": max(4, int((8 + 62 * grown) * dice.uniform(0.7, 1.3))),
        "planted": planted,
        "condition": "good" if draw < 0.78 else "moderate" if draw < 0.94 else "poor" if draw < 0.992 else "dead",
    }
    if dice.random() < 0.6:
        found["inspected"] = f"202{dice.randint(2, 5)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"
    return found
