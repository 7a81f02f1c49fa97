"""CityJSON 1.x and 2.0, and CityJSON sequences: one feature per city object with the geometry of itself or its parts.

Solids and surfaces become a MultiPolygon with heights: all faces, walls included. https://www.cityjson.org/specs/
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Callable

from .. import crs
from ..geometry import Geometry
from ..model import Property
from .bridges import unbridged
from .draft import Draft, Raw, SkipFile

log = logging.getLogger(__name__)
_Vertex = tuple[float, ...]
_RD_RANGE = ((-7_000.0, 300_000.0), (289_000.0, 629_000.0))
# how many lists stand around a surface
_SURFACE_DEPTH = {
    "MultiSurface": 1, "CompositeSurface": 1, "Solid": 2, "MultiSolid": 3, "CompositeSolid": 3,
}  # fmt: skip
_KNOWN = {
    "height": Property("height", "number", "Height", "Highest point above the lowest", minimum=0, unit="m"),
    "ground_height": Property("ground_height", "number", "Ground height", "Lowest point above NAP", unit="m"),
}


def read(path: Path, limit: float) -> Iterator[Draft]:
    """The file as one collection, with the highest level of detail up to ``limit``."""
    documents = _documents(path)
    head = documents[0]
    name = path.name.split(".")[0]
    raws: list[Raw] = []
    lods: dict[str, int] = {}
    try:
        for document in documents:
            raws += _features(document, _vertices(document, head), limit, lods)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise SkipFile(f"it is no complete CityJSON ({error!r})") from error
    if not raws:
        raise SkipFile("it has no city objects")
    metadata = head.get("metadata") or {}
    used = ", ".join(f"{count:,} × LoD {lod}" for lod, count in sorted(lods.items()))
    types = sorted({raw.properties.pop("") for raw in raws})
    yield Draft(
        id=name,
        crs=_crs(metadata, raws, path.name),
        title=f"{'Buildings' if types == ['Building'] else 'City objects'}, {_place(name)}",
        description=". ".join(text for text in (str(metadata.get("title") or ""), f"From CityJSON: {used}") if text)
        + ".",
        attribution=str((metadata.get("pointOfContact") or {}).get("contactName") or ""),
        features=raws,
        known=_KNOWN,
    )


def _documents(path: Path) -> list[dict[str, Any]]:
    """The CityJSON object, followed by the features of a sequence."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix == ".jsonl":
            documents = [json.loads(line) for line in text.splitlines() if line.strip()]
        else:
            documents = [json.loads(text)]
    except (OSError, ValueError) as error:
        raise SkipFile(f"it is not JSON ({error})") from error
    if not documents or not isinstance(documents[0], dict) or documents[0].get("type") != "CityJSON":
        raise SkipFile("it is no CityJSON")
    if not str(documents[0].get("version", "")).startswith(("1.", "2.")):
        raise SkipFile(f"CityJSON {documents[0].get('version')} is not read, only 1.x and 2.0")
    return documents


def _vertices(document: dict[str, Any], head: dict[str, Any]) -> list[_Vertex]:
    transform = document.get("transform") or head.get("transform")
    vertices: list[list[float]] = document.get("vertices") or []
    if not transform:
        return [tuple(vertex) for vertex in vertices]
    (sx, sy, sz), (tx, ty, tz) = transform["scale"], transform["translate"]
    # to the tenth of a millimetre: the product of an integer and 0.001 has a tail of noise
    return [(round(x * sx + tx, 4), round(y * sy + ty, 4), round(z * sz + tz, 4)) for x, y, z in vertices]


def _features(document: dict[str, Any], vertices: list[_Vertex], limit: float, lods: dict[str, int]) -> Iterator[Raw]:
    objects: dict[str, dict[str, Any]] = document.get("CityObjects") or {}
    for name, found in objects.items():
        if any(parent in objects for parent in found.get("parents") or ()):
            continue
        family = list(_family(found, objects))
        polygons: list[list[list[list[float]]]] = []
        for geometry in _chosen(family, limit):
            lod = str(geometry.get("lod", "?"))
            lods[lod] = lods.get(lod, 0) + 1
            polygons += _polygons(geometry, vertices)
        properties = dict(found.get("attributes") or {})
        heights = [position[2] for polygon in polygons for ring in polygon for position in ring]
        if heights:
            properties.setdefault("height", round(max(heights) - min(heights), 3))
            properties.setdefault("ground_height", round(min(heights), 3))
        properties[""] = found["type"]
        shape: Geometry | None = {"type": "MultiPolygon", "coordinates": polygons} if polygons else None
        yield Raw(name, shape, properties)


def _family(found: dict[str, Any], objects: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """An object and all its parts."""
    yield found
    for child in found.get("children") or ():
        if child in objects:
            yield from _family(objects[child], objects)


def _chosen(family: Iterable[dict[str, Any]], limit: float) -> list[dict[str, Any]]:
    """Of each member the best geometry. A mere footprint (LoD 0) is left out where there is better."""
    best: list[tuple[float, dict[str, Any]]] = []
    for member in family:
        offers = [(_lod(g), g) for g in member.get("geometry") or () if g.get("type") in _SURFACE_DEPTH]
        below = [offer for offer in offers if offer[0] <= limit]
        choose: Callable[..., tuple[float, dict[str, Any]]] = max if below else min
        if offers:
            best.append(choose(below or offers, key=lambda offer: offer[0]))
    standing = any(lod >= 1 for lod, _ in best)
    return [geometry for lod, geometry in best if lod >= 1 or not standing]


def _lod(geometry: dict[str, Any]) -> float:
    try:
        return float(geometry.get("lod", 0))
    except (TypeError, ValueError):
        return 0.0


def _polygons(geometry: dict[str, Any], vertices: list[_Vertex]) -> Iterator[list[list[list[float]]]]:
    for surface in _surfaces(geometry["boundaries"], _SURFACE_DEPTH[geometry["type"]]):
        polygon = []
        rings = [part for ring in surface[:1] for part in unbridged(ring, vertices.__getitem__)] + surface[1:]
        for ring in rings:
            positions = [list(vertices[index]) for index in ring]
            if len(positions) >= 3:
                polygon.append([*positions, list(positions[0])])
        if polygon:
            yield polygon


def _surfaces(boundaries: list[Any], depth: int) -> Iterator[list[list[int]]]:
    if depth == 1:
        yield from boundaries
    else:
        for part in boundaries:
            yield from _surfaces(part, depth - 1)


def _place(name: str) -> str:
    """``rotterdam_delfshaven`` is about Delfshaven."""
    return name.split("_", 1)[-1].replace("_", " ").capitalize()


def _crs(metadata: dict[str, Any], raws: list[Raw], name: str) -> str:
    declared = metadata.get("referenceSystem")
    if declared:
        uri = crs.uri_of(str(declared))
        if uri is None or not crs.exists(uri):
            raise SkipFile(f"its referenceSystem {declared} is not understood")
        return uri
    first = next((raw.geometry["coordinates"][0][0][0] for raw in raws if raw.geometry), (0.0, 0.0))
    if all(low <= number <= high for number, (low, high) in zip(first, _RD_RANGE)):
        log.warning("%s declares no referenceSystem; its coordinates fit EPSG:28992, which is taken", name)
        return crs.RD
    raise SkipFile("it declares no referenceSystem and its coordinates do not fit EPSG:28992")
