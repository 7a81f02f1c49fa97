"""Where a sensor stands: one position out of whatever a service has for a location."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from ...text import tr

Position = tuple[float, float, "float | None"]
_DEEP = 12  # a geometry is never nested deeper than that
_MANY = 100_000  # positions of one geometry that are looked at


def position_of(value: Any) -> tuple[Position | None, str]:
    """(longitude, latitude, height) of a GeoJSON geometry, Feature or collection, and what is wrong with it, or "".

    Of a polygon it is the centre of its outer ring's area, of a line the middle position, of several the first one.
    Longitude and latitude of 0 are a sensor that was never placed, and give no position.
    """
    found = _of_geometry(value, 0)
    if found is None:
        if value is None:
            return None, ""
        return None, tr("Its location cannot be read, so it is listed but not drawn.")
    lon, lat, _ = found
    if not (-180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0):
        return None, tr(
            "Its location is {lon}, {lat}, which is no longitude and latitude, so it is listed but not drawn.",
            lon=f"{lon:g}",
            lat=f"{lat:g}",
        )
    if lon == 0.0 and lat == 0.0:
        return None, tr(
            "Its location is 0, 0, in the sea off Africa: it was probably never placed. It is listed but not drawn."
        )
    if lat == 0.0:
        return found, tr("Its location is exactly on the equator, which is probably a mistake.")
    return found, ""


def _of_geometry(value: Any, depth: int) -> Position | None:
    if not isinstance(value, dict) or depth > _DEEP:
        return None
    kind = value.get("type")
    if kind == "Feature":
        return _of_geometry(value.get("geometry"), depth + 1)
    for name in ("features", "geometries"):
        parts = value.get(name)
        if isinstance(parts, list):
            return next((p for p in (_of_geometry(one, depth + 1) for one in parts[:_MANY]) if p is not None), None)
    coordinates = value.get("coordinates")
    if kind == "MultiPolygon" and isinstance(coordinates, list) and coordinates:
        kind, coordinates = "Polygon", coordinates[0]
    if kind == "Polygon" and isinstance(coordinates, list) and coordinates:
        return _centre(list(_positions(coordinates[0], 0)))
    positions = _positions(coordinates, 0)
    if kind == "LineString":
        along = list(positions)
        return along[len(along) // 2] if along else None
    return next(positions, None)


def _positions(value: Any, depth: int) -> Iterator[Position]:
    if not isinstance(value, list) or depth > _DEEP:
        return
    one = _position(value)
    if one is not None:
        yield one
        return
    for part in value[:_MANY]:
        yield from _positions(part, depth + 1)


def _position(value: list[Any]) -> Position | None:
    if len(value) < 2 or isinstance(value[0], (list, dict)):
        return None
    numbers = [_number(part) for part in value[:3]]
    lon, lat = numbers[0], numbers[1]
    if lon is None or lat is None:
        return None
    return lon, lat, numbers[2] if len(numbers) > 2 else None


def _number(value: Any) -> float | None:
    # Some services write their coordinates as text.
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _centre(ring: list[Position]) -> Position | None:
    """The centre of a ring's area; of a ring without area the middle of its box."""
    if not ring:
        return None
    x0, y0, height = ring[0]  # near the ring: products of large coordinates lose digits
    area = sum_x = sum_y = 0.0
    for (ax, ay, _), (bx, by, _) in zip(ring, [*ring[1:], ring[0]]):
        cross = (ax - x0) * (by - y0) - (bx - x0) * (ay - y0)
        area += cross
        sum_x += (ax + bx - 2 * x0) * cross
        sum_y += (ay + by - 2 * y0) * cross
    if abs(area) > 1e-18:
        return x0 + sum_x / (3 * area), y0 + sum_y / (3 * area), height
    xs, ys = [p[0] for p in ring], [p[1] for p in ring]
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2, height
