"""The generated city: a plausible piece of Rotterdam, always the same, for trying everything without any data.

Banks, districts, main streets and landmarks are where they are (`places`); side streets, houses and trees are made up.
"""

from __future__ import annotations

import math
import random  # nosec B311 - a seeded city, nothing secret
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..geometry import Geometry, box_of
from ..model import Collection, Feature, compact
from ..schema import compute
from . import reviews, schemas
from .buildings import buildings
from .layout import Street, blocks, streets
from .nature import trees
from .pilots import DELFSHAVEN, PILOTS
from .places import DISTRICTS, WATERS
from .plane import Point, counter_clockwise

TITLE = "Rotterdam, generated"
DESCRIPTION = (
    "A piece of Rotterdam's inner city for trying things out. The river, districts and landmarks are where they are; "
    "houses, side streets and trees are made up. Edit it as you like."
)
Source = tuple[Collection, Iterable[Feature]]


def city() -> tuple[str, str, list[Source]]:
    """Title, description and collections of the city, all in EPSG:28992."""
    ground = list(blocks())
    lines = list(streets())
    houses = list(buildings(ground))
    woods = trees(ground, lines, [list(house.ring) for house in houses])
    sources: list[Source] = [
        (schemas.DISTRICTS, _districts()),
        (
            schemas.BUILDINGS,
            (_feature(schemas.BUILDINGS, house.key, _polygon(house.ring), house.properties) for house in houses),
        ),
        (schemas.STREETS, _streets(lines)),
        (schemas.TREES, (_feature(schemas.TREES, key, _point(at), values) for key, at, values in woods)),
        (schemas.PILOTS, _pilots()),
        (schemas.WATER, _water()),
        *review_items(),
    ]
    return TITLE, DESCRIPTION, sources


def _districts() -> Iterator[Feature]:
    for district in DISTRICTS:
        values = {
            "name": district.name,
            "code": district.code,
            "part": district.part,
            "inhabitants": district.inhabitants,
        }
        yield _feature(schemas.DISTRICTS, district.code, _polygon(district.ring), values)


def _streets(lines: Iterable[Street]) -> Iterator[Feature]:
    for n, street in enumerate(lines, 1):
        wide = street.kind in ("main road", "bridge")
        values: dict[str, object] = {
            "name": street.name,
            "kind": street.kind,
            "max_speed": street.max_speed,
            "lanes": 1 if street.kind == "path" else 4 if wide else 2,
            "surface": "unpaved" if street.kind == "path" else "asphalt" if wide else "clinker",
        }
        yield _feature(schemas.STREETS, f"S-{n:04}", _line(street.line), values)


def pilots_for_data() -> Source:
    """The pilot areas alone, with those in the part of the city that open data shows: beside loaded data."""
    return schemas.PILOTS, _pilots((*PILOTS, *DELFSHAVEN))


def review_items() -> list[Source]:
    """The collections of review items, with a few made up."""
    return [(collection, _reviews(collection)) for collection in reviews.ALL]


def _reviews(collection: Collection) -> Iterator[Feature]:
    for coordinates, values in reviews.ITEMS[collection.id]:
        shape = {"type": collection.schema.geometry_type, "coordinates": coordinates}
        yield _feature(collection, values["key"], shape, values)


def reviews_for_data() -> list[Source]:
    """The collections of review items alone, empty: beside loaded data, whose features the made-up ones do not know."""
    return [(collection, ()) for collection in reviews.ALL]


def _pilots(pilots: Sequence[dict[str, Any]] = PILOTS) -> Iterator[Feature]:
    for n, pilot in enumerate(pilots, 1):
        values = {key: value for key, value in pilot.items() if key not in ("at", "radius")}
        shape = _polygon(_hand_drawn(pilot["at"], pilot["radius"], pilot["name"]))
        # a set of blocks is one pilot, so the collection holds areas of several parts
        areas = {"type": "MultiPolygon", "coordinates": [shape["coordinates"]]}
        yield _feature(schemas.PILOTS, f"P-{n:02}", areas, values)


def _hand_drawn(at: Point, radius: float, seed: str) -> list[Point]:
    """An outline as somebody draws it on a map."""
    dice = random.Random(seed)  # nosec B311 - seeded city
    corners = 11
    found = []
    for k in range(corners):
        turn = 2 * math.pi * (k + dice.uniform(-0.25, 0.25)) / corners
        reach = radius * dice.uniform(0.8, 1.12)
        found.append((at[0] + reach * math.cos(turn) * 1.15, at[1] + reach * math.sin(turn) * 0.88))
    return found


def _water() -> Iterator[Feature]:
    for n, water in enumerate(WATERS, 1):
        shape = _polygon(water.ring, water.holes)
        yield _feature(schemas.WATER, f"W-{n:02}", shape, {"name": water.name, "kind": water.kind})


def _feature(collection: Collection, key: str, geometry: Geometry, properties: dict[str, object]) -> Feature:
    # every property is there, null or not: some clients learn the columns from the first items they see
    known = {prop.name: properties.get(prop.name) for prop in collection.schema.properties}
    values = compute(collection.schema, known, geometry)
    return Feature(key, compact(geometry), box_of(geometry), compact(values))


def _point(p: Point) -> Geometry:
    return {"type": "Point", "coordinates": [round(p[0], 2), round(p[1], 2)]}


def _line(line: Sequence[Point]) -> Geometry:
    return {"type": "LineString", "coordinates": [[round(p[0], 2), round(p[1], 2)] for p in line]}


def _polygon(ring: Sequence[Point], holes: Sequence[Sequence[Point]] = ()) -> Geometry:
    """Outer ring counter-clockwise, holes clockwise (RFC 7946), closed, to the centimetre."""
    rings = [counter_clockwise(ring), *(counter_clockwise(hole)[::-1] for hole in holes)]
    closed = [[[round(p[0], 2), round(p[1], 2)] for p in (*one, one[0])] for one in rings]
    return {"type": "Polygon", "coordinates": closed}
