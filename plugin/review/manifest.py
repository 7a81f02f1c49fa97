"""``review.json``: what a package is, in words that a person and a program can read beside it.

Reading is lenient: what is missing or of another type is empty, what is unknown is passed over. Only a manifest of a
newer format is refused, for nobody knows what it means.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..text import tr
from ..twin.errors import CityTwinError
from ..workcopy.errors import told_plainly
from ..workcopy.package import Package
from .errors import DamagedPackage, NewerPackage

FORMAT = 1
NAME = "review.json"
GEOPACKAGE, PROJECT, BACKGROUND, PHOTOS, README = (
    "review.gpkg", "review.qgz", "background.mbtiles", "photos", "README.txt",
)  # fmt: skip
_LARGEST = 4_000_000  # bytes: an outline of a hundred thousand vertices

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True)
class Manifest:
    """``id`` is a UUID; times are RFC 3339, UTC; ``due`` is a date; people are as somebody wrote them.

    ``twins``: the landing pages of the layers' twins, without secrets. ``area``: a GeoJSON geometry in EPSG:4326, None:
    everything. ``bounds``: west, south, east, north in degrees. ``background``: a file beside it, empty without one.
    ``sensors_at``: when the sensors were read that go along, empty without them.
    """

    id: str = ""
    title: str = ""
    made: str = ""
    made_by: str = ""
    for_whom: str = ""
    due: str = ""
    twins: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    area: Mapping[str, Any] | None = None
    bounds: Bounds | None = None
    background: str = ""
    sensors_at: str = ""
    format: int = FORMAT

    @property
    def package(self) -> Package:
        """The same for a working copy's books."""
        return Package(self.id, self.made, self.made_by, self.title, self.for_whom, self.due, self.tables)


def manifest_of(package: Package, **more: Any) -> Manifest:
    """A manifest that says what the books say, and ``more``."""
    known = {
        "id": package.id,
        "title": package.title,
        "made": package.made,
        "made_by": package.made_by,
        "for_whom": package.for_whom,
        "due": package.due,
        "tables": package.tables,
    }
    return Manifest(**{**known, **more})


def write(folder: Path, manifest: Manifest) -> Path:
    """Write ``review.json``, whole or not at all. Raises `WorkingCopyError` where it cannot be written."""
    path = folder / NAME
    part = path.with_name(NAME + ".part")
    known = {
        "format": manifest.format,
        "id": manifest.id,
        "title": manifest.title,
        "made": manifest.made,
        "made_by": manifest.made_by,
        "for_whom": manifest.for_whom,
        "due": manifest.due,
        "twins": list(manifest.twins),
        "tables": list(manifest.tables),
        "area": manifest.area,
        "bounds": list(manifest.bounds) if manifest.bounds else None,
        "background": manifest.background,
        "sensors_at": manifest.sensors_at,
    }
    with told_plainly(path):
        with part.open("w", encoding="utf-8", newline="\n") as stream:
            json.dump(known, stream, ensure_ascii=False, indent=1)
            stream.write("\n")
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    return path


def read(folder: Path) -> Manifest:
    """The manifest of the package in ``folder``.

    Raises `NewerPackage`, and `DamagedPackage` where there is none or it is no JSON object.
    """
    path = folder / NAME
    try:
        if path.is_symlink() or not path.is_file():
            raise DamagedPackage(tr("There is no {file}, so nothing tells what this package is.", file=NAME))
        with path.open("rb") as stream:
            raw = stream.read(_LARGEST + 1)
        if len(raw) > _LARGEST:
            raise ValueError("too large")
        told = json.loads(raw.decode("utf-8-sig", "replace"))
        if not isinstance(told, dict):
            raise ValueError("no object")
    except (OSError, ValueError, RecursionError) as error:
        raise DamagedPackage(tr("{file} cannot be read.", file=NAME), detail=f"{path}: {error!r}") from error
    return _manifest(told)


def _manifest(told: Mapping[str, Any]) -> Manifest:
    number = told.get("format", FORMAT)
    if isinstance(number, (int, float)) and not isinstance(number, bool) and not number <= FORMAT:
        raise newer(number)
    area = told.get("area")
    return Manifest(
        id=_text(told.get("id")),
        title=_text(told.get("title")),
        made=_text(told.get("made")),
        made_by=_text(told.get("made_by")),
        for_whom=_text(told.get("for_whom")),
        due=_text(told.get("due")),
        twins=_texts(told.get("twins")),
        tables=_texts(told.get("tables")),
        area=area if isinstance(area, dict) and isinstance(area.get("type"), str) else None,
        bounds=_bounds(told.get("bounds")),
        background=_beside(told.get("background")),
        sensors_at=_text(told.get("sensors_at")),
    )


def newer(number: object) -> CityTwinError:
    """The sentence about a package of a format to come."""
    return NewerPackage(
        tr(
            "This package was made by a newer version of City Twin Workbench. Nothing was taken from it. Update the "
            "plugin to open it.",
        ),
        detail=f"format {number}, this version reads up to {FORMAT}",
    )


def _text(value: Any) -> str:
    return value.strip()[:1000] if isinstance(value, str) else ""


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(filter(None, map(_text, value))) if isinstance(value, list) else ()


def _bounds(value: Any) -> Bounds | None:
    if not isinstance(value, list) or len(value) != 4:
        return None
    if not all(isinstance(edge, (int, float)) and not isinstance(edge, bool) for edge in value):
        return None
    try:
        west, south, east, north = map(float, value)
    except OverflowError:
        return None
    if not all(map(math.isfinite, (west, south, east, north))) or west > east or south > north:
        return None
    return west, south, east, north


def _beside(value: Any) -> str:
    """The name of a file in the package's own folder; empty for anything that leads elsewhere."""
    name = _text(value)
    return name if name and not any(mark in name for mark in "/\\:\x00") and name not in (".", "..") else ""
