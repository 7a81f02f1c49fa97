"""GeoJSON files: CRS84, or the CRS that the older ``crs`` member names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .. import crs
from ..geometry import box_of
from .draft import Draft, Raw, SkipFile


def read(path: Path) -> Iterator[Draft]:
    """The file as one collection."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"), parse_constant=_no_constant)
    except (OSError, ValueError) as error:
        raise SkipFile(f"it is not JSON ({error})") from error
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise SkipFile("it is no GeoJSON FeatureCollection")
    features = document.get("features")
    if not isinstance(features, list):
        raise SkipFile("its features are no list")
    try:
        raws = [Raw(f.get("id"), f.get("geometry"), f.get("properties") or {}) for f in features]
    except AttributeError as error:
        raise SkipFile("one of its features is no object") from error
    try:
        for raw in raws:
            box_of(raw.geometry)
    except (KeyError, IndexError, TypeError) as error:
        raise SkipFile("one of its geometries cannot be read") from error
    yield Draft(path.stem, _crs(document), features=raws)


def _crs(document: dict[str, Any]) -> str:
    member = document.get("crs")
    if member is None:
        return crs.CRS84
    name = (member.get("properties") or {}).get("name") if isinstance(member, dict) else None
    uri = crs.uri_of(name) if isinstance(name, str) else None
    # "EPSG:4326" in a crs member means longitude first, whatever EPSG says: that is how such files are written
    if uri == crs.WGS84:
        return crs.CRS84
    if uri is None or not crs.exists(uri):
        raise SkipFile(f"its crs {name} is not understood")
    return uri


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")
