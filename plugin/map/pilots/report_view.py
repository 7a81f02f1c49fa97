"""The city around a pilot drawn at a slant, far things first. No OpenGL: it looks the same with and without a window.

An axonometric view from the south-south-west: parallel lines stay parallel and heights keep their measure everywhere,
so that buildings can be compared. Light comes from the left.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from osgeo import ogr

from ...pilots import shapes
from ...pilots.coordinates import Floats
from ...twin.progress import SILENT, Progress, check
from ...workcopy.tables import QuietGdal
from ..symbols import WATER
from .report_city import Body, City
from .report_order import far_first
from .report_parts import Drawing, Face

_AZIMUTH = math.radians(24.0)  # the eye looks this far east of north
_SLANT = math.radians(41.0)  # and this far down
_SUN = np.array([-0.62, -0.34, 0.71])  # where light comes from: right, away, up, as the eye sees it
_SHADOW = (0.72, 0.30)  # how far a shadow of one metre falls: right, away
_GROUND, _EDGE_OF_GROUND, _PAVED = "#f4f2ec", "#d9d4c9", "#ffffff"
_OUTSIDE = ("#f3f0ea", "#8b8880")  # in full light, and in shade
_SHADE, _TREE = "#4a4a55", "#8fb37c"
_PARK = "#dbe8cf"
_THICK = 0.018  # of the ground, by its width
Points = Floats


def view(city: City, width: float, height: float, ink: str, progress: Progress = SILENT) -> Drawing:
    """A drawing of ``width`` × ``height`` mm. ``ink``: the colour of the pilot. Any thread. Raises `Cancelled`."""
    look = _Look(city)
    faces = [*look.ground(), *look.shadows(), *look.pilot(ink)]
    inside = (_mixed(ink, "#ffffff", 0.74), _mixed(ink, "#3c3a44", 0.42))
    for thing in look.in_order():
        check(progress)
        faces += (
            look.body(thing, *(inside if thing.inside else _OUTSIDE)) if isinstance(thing, Body) else look.tree(thing)
        )
    return _fitted(faces, width, height)


class _Look:
    """From the world's metres to those of the picture: right, up."""

    def __init__(self, city: City) -> None:
        self.city = city
        self._at = np.array([(city.box[0] + city.box[2]) / 2, (city.box[1] + city.box[3]) / 2])
        cos, sin = math.cos(_AZIMUTH), math.sin(_AZIMUTH)
        self._turn = np.array([[cos, sin], [-sin, cos]])
        self._unit = (city.box[2] - city.box[0]) / 90  # about a millimetre on paper

    def plan(self, xy: Points) -> Points:
        """Right and away, seen from above."""
        return np.asarray((np.asarray(xy)[:, :2] - self._at) @ self._turn)

    def flat(self, xy: Points, z: float = 0.0) -> Points:
        """Where what lies at height ``z`` is in the picture."""
        found = self.plan(xy)
        return np.column_stack([found[:, 0], found[:, 1] * math.sin(_SLANT) + z * math.cos(_SLANT)])

    # -- the ground

    def ground(self) -> Iterator[Face]:
        west, south, east, north = self.city.box
        corners = np.array([[west, south], [east, south], [east, north], [west, north]])
        top = self.flat(corners)
        thick = _THICK * (east - west) * np.array([0.0, 1.0])
        for one, other, shade in ((0, 1, 0.93), (3, 0, 0.84)):
            side = np.array([top[one], top[other], top[other] - thick, top[one] - thick])
            yield Face((side,), _darker(_EDGE_OF_GROUND, shade))
        yield Face((top,), _GROUND, edge=_EDGE_OF_GROUND, width=0.15)
        colours = {"green": _PARK, "water": WATER, "pavement": _PAVED}
        for theme, colour in colours.items():
            for rings in self.city.grounds.get(theme, ()):
                yield Face(tuple(self.flat(ring) for ring in rings), colour)
        for (line,) in self.city.grounds.get("streets", ()):
            yield Face((self.flat(line),), None, edge=_PAVED, width=5.5 / self._unit, closed=False)

    def pilot(self, ink: str) -> Iterator[Face]:
        for rings in self.city.pilot:
            seen = tuple(self.flat(ring) for ring in rings)
            yield Face(seen, ink, alpha=38)
            yield Face(seen, None, edge="#ffffff", width=1.05)
            yield Face(seen, None, edge=ink, width=0.6)

    def shadows(self) -> Iterator[Face]:
        """On the ground, as one shape: shadows do not add up."""
        parts = ogr.Geometry(ogr.wkbMultiPolygon)
        for body in self.city.bodies:
            if body.height < 0.5:
                continue
            shift = body.height * np.array(_SHADOW)
            for ring in body.foot:
                start = self.plan(ring)
                for one, other in zip(start[:-1], start[1:]):
                    _add(parts, [one, other, other + shift, one + shift])
                _add(parts, list(start + shift))
        west, south, east, north = self.city.box
        corners = self.plan(np.array([[west, south], [east, south], [east, north], [west, north]]))
        ground = ogr.Geometry(ogr.wkbMultiPolygon)
        _add(ground, list(corners))
        with QuietGdal():
            try:
                union = parts.UnionCascaded()
                found = union.Intersection(ground) if union is not None else None
            except RuntimeError:
                found = None
        for polygon in shapes.polygons(found) if found is not None else ():
            rings = [np.array(polygon.GetGeometryRef(n).GetPoints(2)) for n in range(polygon.GetGeometryCount())]
            yield Face(tuple(ring * (1.0, math.sin(_SLANT)) for ring in rings), _SHADE, alpha=46)

    # -- what stands on it

    def body(self, body: Body, lit: str, shade: str) -> Iterator[Face]:
        edge = _mixed(shade, lit, 0.22)
        found = []
        for rings in body.faces:
            seen = [np.column_stack([self.plan(ring), ring[:, 2]]) for ring in rings]
            normal = _normal(seen[0])
            toward = normal @ np.array([0.0, -math.cos(_SLANT), math.sin(_SLANT)])
            if abs(toward) < 1e-6:
                continue
            normal = normal if toward > 0 else -normal
            if body.height and len(rings) == 1 and len(rings[0]) == 4 and toward < 0:
                continue  # the back of a wall that we put up ourselves
            middle = seen[0].mean(axis=0)
            depth = middle[1] * math.cos(_SLANT) - middle[2] * math.sin(_SLANT)
            sun = max(0.0, float(normal @ _SUN))
            # walls stay under the darkest roof, so that a body is read as one
            light = 0.42 + 0.58 * sun if normal[2] < 0.2 else 0.66 + 0.34 * min(1.0, sun / 0.71)
            flat = tuple(
                np.column_stack([ring[:, 0], ring[:, 1] * math.sin(_SLANT) + ring[:, 2] * math.cos(_SLANT)])
                for ring in seen
            )
            found.append((depth, Face(flat, _mixed(shade, lit, light), edge=edge, width=0.035)))
        found.sort(key=lambda one: -one[0])
        for _depth, face in found:
            yield face

    def tree(self, at: tuple[float, float, float]) -> Iterator[Face]:
        x, y, height = at
        ((right, up),) = self.flat(np.array([[x, y]]), height * 0.62)
        radius = min(max(0.28 * height, 1.4), 4.5)
        turn = np.linspace(0, 2 * math.pi, 13)[:-1]
        crown = np.column_stack([right + radius * np.cos(turn), up + radius * 1.1 * np.sin(turn)])
        yield Face((crown,), _TREE, edge=_darker(_TREE, 0.78), width=0.05)

    def in_order(self) -> list[Body | tuple[float, float, float]]:
        """Far things first. In every column of the picture what is farther comes before what is nearer."""
        things: list[Body | tuple[float, float, float]] = [*self.city.bodies, *self.city.trees]
        plans = []
        for thing in things:
            rings = [self.plan(ring) for ring in thing.foot] if isinstance(thing, Body) else [self._stem(thing)]
            plans.append(rings)
        return [things[place] for place in far_first(plans)]

    def _stem(self, at: tuple[float, float, float]) -> Points:
        ((u, v),) = self.plan(np.array([at[:2]]))
        r = 1.2
        return np.array([[u - r, v - r], [u + r, v - r], [u + r, v + r], [u - r, v + r], [u - r, v - r]])


def _fitted(faces: list[Face], width: float, height: float) -> Drawing:
    """In the middle of the paper, as large as fits; y goes down there."""
    every = np.concatenate([ring for face in faces for ring in face.rings])
    low, high = every.min(axis=0), every.max(axis=0)
    scale = min(width / max(high[0] - low[0], 1e-9), height / max(high[1] - low[1], 1e-9))
    shift = np.array([width, height]) / 2 - np.array([1.0, -1.0]) * scale * (low + high) / 2
    turn = np.array([scale, -scale])
    moved = [
        Face(tuple(ring * turn + shift for ring in face.rings), face.fill, face.alpha, face.edge, face.width,
             closed=face.closed)
        for face in faces
    ]  # fmt: skip
    return Drawing(0.0, 0.0, width, height, tuple(moved))


def _add(parts: ogr.Geometry, corners: Sequence[Points]) -> None:
    points = np.array(corners)
    x, y = points[:, 0] - points[0, 0], points[:, 1] - points[0, 1]
    if abs(float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum())) < 0.4:
        return
    ring = ogr.Geometry(ogr.wkbLinearRing)
    for right, away in [*points.tolist(), points[0].tolist()]:
        ring.AddPoint_2D(right, away)
    polygon = ogr.Geometry(ogr.wkbPolygon)
    polygon.AddGeometry(ring)
    parts.AddGeometry(polygon)


def _normal(ring: Floats) -> Floats:
    """By Newell: right for any outline, however many corners lie on one line."""
    here, there = ring, np.roll(ring, -1, axis=0)
    less, more = here - there, here + there
    found = np.array(
        [(less[:, 1] * more[:, 2]).sum(), (less[:, 2] * more[:, 0]).sum(), (less[:, 0] * more[:, 1]).sum()]
    )
    size = float(np.sqrt((found**2).sum()))
    return found / size if size else found


def _mixed(one: str, other: str, part: float) -> str:
    """``part`` of the other colour."""
    pairs = zip(_channels(one), _channels(other))
    return "#" + "".join(f"{round(a * (1 - part) + b * part):02x}" for a, b in pairs)


def _darker(colour: str, factor: float) -> str:
    """Towards a cool shade rather than black."""
    return _mixed(_SHADE, colour, factor)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
