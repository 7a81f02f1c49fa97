"""Values and geometries in words that people read."""

from __future__ import annotations

import math

from ..text import number, tr, trn
from .changes import measure
from .columns import Stored, from_stored
from .geometry import BadGeometry, decode

NOTHING = "–"


def shown(value: Stored, kind: str) -> str:
    """A stored value as people read it; a dash for null."""
    if value is None:
        return NOTHING
    if kind == "geometry":
        return geometry_shown(value if isinstance(value, bytes) else None)
    if kind == "boolean":
        return tr("yes") if value else tr("no")
    if isinstance(value, float):
        return number(value, ".10g")
    if kind == "date-time":
        text = str(from_stored(value, kind))
        return text.replace("T", " ").replace("Z", " UTC")
    if isinstance(value, bytes):
        return trn("{n} byte", "{n} bytes", len(value))
    return str(value)


def geometry_shown(blob: bytes | None, metres: bool = True) -> str:
    """A geometry in a few words: its kind and size. ``metres`` tells whether CRS units are metres."""
    if blob is None:
        return NOTHING
    try:
        geometry = decode(blob)
        size = measure(blob)
    except BadGeometry:
        return tr("unreadable geometry")
    if geometry is None or not size["centre"]:
        return tr("empty geometry")
    kind = geometry["type"].replace("Multi", "")
    if kind == "Point" and size["vertices"] == 1:
        x, y = size["centre"]
        if not metres:
            return tr("point at {x}, {y}", x=number(x, ".6f"), y=number(y, ".6f"))
        return tr("point at {x}, {y}", x=_number(x), y=_number(y))
    if kind == "Point":
        return trn("{n} point", "{n} points", size["vertices"])
    vertices = trn("{n} vertex", "{n} vertices", size["vertices"])
    if kind == "LineString" and not metres:  # a length in degrees tells nobody anything
        return tr("line, {vertices}", vertices=vertices)
    if kind == "Polygon" and not metres:
        return tr("area, {vertices}", vertices=vertices)
    if kind == "LineString":
        return tr("line of {length} m, {vertices}", length=_number(size["length"]), vertices=vertices)
    if kind == "Polygon":
        return tr("area of {area} m², {vertices}", area=_number(size["area"]), vertices=vertices)
    return tr("{n} geometries", n=size["parts"])


def describe_geometry(old: bytes | None, new: bytes | None, metres: bool) -> str:
    """What happened to a geometry. ``metres`` tells whether CRS units are metres."""
    if old is None or new is None:
        return tr("geometry added") if old is None else tr("geometry removed")
    try:
        before, after = measure(old), measure(new)
    except BadGeometry:
        return tr("geometry changed")
    said = []
    if before["centre"] and after["centre"]:
        distance = math.dist(before["centre"], after["centre"])
        same_shape = before["vertices"] == after["vertices"] and math.isclose(
            before["length"], after["length"], rel_tol=1e-6, abs_tol=1e-9
        )
        if same_shape and distance > 0:
            if metres and distance < 0.01:
                return tr("moved by less than 1 cm")
            if metres:
                return tr("moved {distance} m", distance=_number(distance))
            return tr("moved")
    if before["vertices"] != after["vertices"]:
        said.append(tr("{before} → {after} vertices", before=before["vertices"], after=after["vertices"]))
    if not math.isclose(before["area"], after["area"], rel_tol=1e-9, abs_tol=1e-9) and metres:
        said.append(tr("area {before} → {after} m²", before=_number(before["area"]), after=_number(after["area"])))
    elif not before["area"] and not math.isclose(before["length"], after["length"], rel_tol=1e-9) and metres:
        said.append(tr("length {before} → {after} m", before=_number(before["length"]), after=_number(after["length"])))
    return ", ".join(said) or tr("shape changed")


def _number(value: float) -> str:
    if abs(value) >= 1000:
        return number(value)
    return number(value, ".1f" if abs(value) >= 10 else ".3g")
