"""Sensors whose latitude and longitude are swapped, which single positions do not show: 51.92, 4.48 is a place, too, in
the Indian Ocean. It shows where the others stand, or where the city is known to be. Nobody is moved for it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from statistics import median

from ...text import tr, trn
from ..model import Extent

Place = tuple[float, float]  # longitude, latitude in degrees

_SMALLEST = 0.5  # degrees: what is nearer is always near
_WIDEST = 15.0  # sensors that stand further apart than this do not stand near each other
_SPREAD = 5.0  # times the median distance from the middle
_AWAY = 2.0  # as many times as far as what is near
_FEWEST = 3  # places that have a middle
_NAMED = 20  # sensors that are spelt out


def swapped(places: Mapping[str, Place], area: Extent | None = None) -> frozenset[str]:
    """The keys of those that stand far away, and would stand near where the others do if they were turned around.

    ``area``: where the sensors are known to be, as far as it is known; it counts for more than where most of them are.
    """
    known, middle = _of_area(area), _of_most(set(places.values()))
    found = _found(known, places)
    if found or middle is None:
        return found
    found = _found(middle, places)
    # most of them may be the swapped ones; those in the right area are not
    return frozenset() if known and any(_is_near(known, *places[key]) for key in found) else found


def sentences(names: Mapping[str, str], places: Mapping[str, Place], area: Extent | None = None) -> Iterator[str]:
    """What to say about them: of all once, else of each by its name in ``names``."""
    found = swapped(places, area)
    if found and len(found) == len(places):
        yield tr(
            "The latitudes and longitudes of all sensors seem to be swapped: turned around, they would stand in the "
            "city's own area. They are drawn where the service says."
        )
        return
    listed = [key for key in places if key in found]
    for key in listed[:_NAMED]:
        yield tr(
            "{name}: Its latitude and longitude seem to be swapped: turned around, it would stand near the others. It "
            "is drawn where the service says.",
            name=names.get(key) or key,
        )
    left = len(listed) - _NAMED
    if left > 0:
        yield trn(
            "The latitude and longitude of {n} more sensor seem to be swapped.",
            "The latitudes and longitudes of {n} more sensors seem to be swapped.",
            left,
        )


# a middle, and the distance from it up to which something is near
_Ground = tuple[float, float, float]


def _of_area(area: Extent | None) -> _Ground | None:
    if area is None or area[0] > area[2]:
        return None
    west, south, east, north = area
    near = max(_SMALLEST, math.hypot(east - west, north - south))
    return ((west + east) / 2, (south + north) / 2, near) if near <= _WIDEST else None


def _of_most(places: set[Place]) -> _Ground | None:
    if len(places) < _FEWEST:
        return None
    lon, lat = median(lon for lon, _ in places), median(lat for _, lat in places)
    distances = [math.hypot(x - lon, y - lat) for x, y in places]
    near = max(_SMALLEST, _SPREAD * median(distances))
    return (lon, lat, near) if near <= _WIDEST else None


def _found(ground: _Ground | None, places: Mapping[str, Place]) -> frozenset[str]:
    if ground is None:
        return frozenset()
    return frozenset(
        key
        for key, (lon, lat) in places.items()
        if _is_near(ground, lat, lon) and _distance(ground, lon, lat) > _AWAY * ground[2]
    )


def _is_near(ground: _Ground, lon: float, lat: float) -> bool:
    return _distance(ground, lon, lat) <= ground[2]


def _distance(ground: _Ground, lon: float, lat: float) -> float:
    return math.hypot(lon - ground[0], lat - ground[1])
