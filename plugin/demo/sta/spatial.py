"""Where things are: well-known text, and whether a GeoJSON geometry meets another or lies within it (longitude and
latitude taken as a plane, which is right within a city)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ..geometry import DEPTH, Geometry, lines, polygons, positions

_NAMES = {name.upper(): name for name in DEPTH}
_HEAD = re.compile(r"\s*(?:SRID\s*=\s*(\d+)\s*;)?\s*([A-Za-z]+)\s*(?:ZM|Z|M)?\s*(\(.*)$", re.DOTALL | re.I)


def parse_wkt(text: str) -> str:
    """GeoJSON text of well-known text in WGS 84, longitude first. ValueError."""
    found = _HEAD.match(text)
    kind = _NAMES.get(found[2].upper()) if found else None
    if found is None or kind is None:
        raise ValueError(f"{text[:60]!r} is no well-known text of a {', a '.join(DEPTH)}")
    if found[1] and int(found[1]) != 4326:
        raise ValueError(f"SRID {found[1]} is not supported, only 4326")
    coordinates = _coordinates(found[3], DEPTH[kind], text)
    if kind == "MultiPoint":  # the text has either ((1 2), (3 4)) or (1 2, 3 4)
        coordinates = [point[0] if isinstance(point[0], list) else point for point in coordinates]
    geometry = {"type": kind, "coordinates": coordinates}
    for ring in (ring for polygon in polygons(geometry) for ring in polygon):
        if len(ring) < 4 or ring[0] != ring[-1]:
            raise ValueError(f"a ring of {text[:60]!r} is not closed")
    return json.dumps(geometry)


def _coordinates(text: str, depth: int, whole: str) -> Any:
    """WKT's parentheses become JSON's brackets: ``1 2, 3 4`` is a list of positions."""
    if not re.fullmatch(r"[-+.\deE\s(),]+", text) or text.count("(") > 10_000:
        raise ValueError(f"{whole[:60]!r} is no well-known text")
    listed = re.sub(r"[-+.\deE]+(?:\s+[-+.\deE]+)+", lambda m: f"[{','.join(map(_number, m[0].split()))}]", text)
    try:
        found = json.loads(listed.replace("(", "[").replace(")", "]"))
        found = found[0] if depth == 0 else found
        _check(found, depth)
    except (ValueError, TypeError, IndexError, RecursionError) as error:
        raise ValueError(f"{whole[:60]!r} is no well-known text") from error
    return found


def _number(text: str) -> str:
    return repr(float(text))


def _check(value: Any, depth: int) -> None:
    if depth == 0:
        while isinstance(value, list) and value and isinstance(value[0], list):
            value = value[0]
        if not isinstance(value, list) or len(value) < 2 or not all(isinstance(n, float) for n in value):
            raise ValueError("no position")
        return
    if not isinstance(value, list) or not value:
        raise ValueError("no list")
    for part in value:
        _check(part, depth - 1)


def geometry_of(value: Any) -> Geometry | None:
    """The geometry of a GeoJSON geometry or Feature; None where there is none that can be read."""
    if isinstance(value, dict) and value.get("type") == "Feature":
        value = value.get("geometry")
    if not isinstance(value, dict) or value.get("type") not in (*DEPTH, "GeometryCollection"):
        return None
    return value


def relates(stored: str | None, shape: str, relation: str) -> int | None:
    """Whether the ``stored`` GeoJSON is ``within`` or ``intersects`` the ``shape``; registered in SQLite."""
    if stored is None:
        return None
    geometry = geometry_of(json.loads(stored))
    if geometry is None:
        return None
    return int(_within(geometry, _shape(shape)) if relation == "within" else _intersects(geometry, _shape(shape)))


@lru_cache(maxsize=16)
def _shape(text: str) -> Geometry:
    found: Geometry = json.loads(text)
    return found


def _within(inner: Geometry, outer: Geometry) -> bool:
    areas = polygons(outer)
    found = list(positions(inner))
    if not found or not all(_covered(position, areas) for position in found):
        return False
    return not any(_cross(a, b, c, d) for a, b in _segments(inner) for c, d in _segments(outer))


def _intersects(one: Geometry, other: Geometry) -> bool:
    for first, second in ((one, other), (other, one)):
        areas = polygons(second)
        if areas and any(_covered(position, areas) for position in positions(first)):
            return True
    if any(_touch(a, b, c, d) for a, b in _segments(one) for c, d in _segments(other)):
        return True
    points = {(position[0], position[1]) for position in positions(other)}
    return any((position[0], position[1]) in points for position in positions(one))


def _covered(position: list[float], areas: list[list[list[list[float]]]]) -> bool:
    """Inside one of the polygons, or on its edge."""
    x, y = position[0], position[1]
    for rings in areas:
        inside = False
        for ring in rings:
            for a, b in zip(ring, ring[1:]):
                if _on(x, y, a, b):
                    return True
                if (a[1] > y) != (b[1] > y) and x < (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0]:
                    inside = not inside
        if inside:
            return True
    return False


def _segments(geometry: Geometry) -> Iterator[tuple[list[float], list[float]]]:
    for line in lines(geometry):
        yield from zip(line, line[1:])


def _side(a: list[float], b: list[float], x: float, y: float) -> float:
    return (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])


def _on(x: float, y: float, a: list[float], b: list[float]) -> bool:
    if not (min(a[0], b[0]) <= x <= max(a[0], b[0]) and min(a[1], b[1]) <= y <= max(a[1], b[1])):
        return False
    return _side(a, b, x, y) == 0


def _cross(a: list[float], b: list[float], c: list[float], d: list[float]) -> bool:
    """Whether the segments run through each other, not merely touch."""
    one, two = _side(a, b, c[0], c[1]), _side(a, b, d[0], d[1])
    three, four = _side(c, d, a[0], a[1]), _side(c, d, b[0], b[1])
    return one * two < 0 and three * four < 0


def _touch(a: list[float], b: list[float], c: list[float], d: list[float]) -> bool:
    if _cross(a, b, c, d):
        return True
    return any(_on(p[0], p[1], q, r) for p, q, r in ((a, c, d), (b, c, d), (c, a, b), (d, a, b)))
