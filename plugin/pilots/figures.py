"""What a profile tells, as values, and as JSON. Lengths in m, areas in m² of EPSG:28992, shares from 0 to 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

FORMAT = 1  # of the JSON; a new member does not change it, another meaning does


@dataclass(frozen=True)
class Span:
    """Numbers of those features that have one: how many, and how they spread."""

    count: int
    least: float
    mean: float
    median: float
    most: float


@dataclass(frozen=True)
class Period:
    """Buildings by year: those from ``first`` up to and including ``last`` (None: open)."""

    first: int | None
    last: int | None
    count: int


@dataclass(frozen=True)
class LayerShare:
    """What of one layer lies inside. ``count``: features with any part of them inside; ``whole``: wholly inside.

    ``share_of_layer`` is ``count`` of ``total``; ``share_of_pilot`` the part of the pilot's ground that the areas cover
    (more than 1 where they lie over each other); None for points and lines. ``known`` is False where the layer's data
    end before the pilot begins: that nothing of it was found says nothing.
    """

    table: str
    title: str
    role: str
    count: int
    whole: int
    total: int
    length: float
    area: float
    share_of_layer: float
    share_of_pilot: float | None
    known: bool = True


@dataclass(frozen=True)
class Buildings:
    """Buildings with any part of them inside. ``footprint`` and ``floor_area`` are those parts inside.

    ``floor_area_from``: the column that says it, or ``storeys`` where it is estimated as footprint × storeys, or "".
    ``floor_area_known``: of how many buildings it is known. ``height`` and ``years`` are of whole buildings.
    """

    count: int
    whole: int
    footprint: float
    floor_area: float | None
    floor_area_from: str
    floor_area_known: int
    height: Span | None
    height_from: str
    years: Span | None
    periods: tuple[Period, ...]


@dataclass(frozen=True)
class Touched:
    """A district that the pilot touches: how much of the pilot lies in it, and of it in the pilot."""

    name: str
    area: float
    share_of_pilot: float
    share_of_district: float


@dataclass(frozen=True)
class Neighbour:
    """Another pilot near by. ``distance`` is 0 where they meet; ``overlap`` is shared ground."""

    key: str
    name: str
    stage: str
    distance: float
    overlap: float


@dataclass(frozen=True)
class Day:
    """What one datastream of a sensor did on its last day. ``at``: its last observation, ISO 8601."""

    observed: str
    unit: str = ""
    count: int = 0
    least: float | None = None
    mean: float | None = None
    most: float | None = None
    latest: float | None = None
    at: str = ""


@dataclass(frozen=True)
class Sensor:
    """A place where something is measured, east/north in EPSG:``srid``, with the last day of what it measures."""

    key: str
    name: str
    x: float
    y: float
    srid: int = 4326
    days: tuple[Day, ...] = ()


@dataclass(frozen=True)
class Profile:
    """What lies inside a pilot. ``notes``: what the reader should know, as sentences in the user's language."""

    pilot: str  # its key
    name: str
    stage: str
    area: float
    perimeter: float
    made: date
    buildings: Buildings | None
    trees: int | None
    addresses: int | None
    layers: tuple[LayerShare, ...]
    districts: tuple[Touched, ...]
    sensors: tuple[Sensor, ...]
    neighbours: tuple[Neighbour, ...]
    notes: tuple[str, ...] = ()


def as_json(profile: Profile) -> dict[str, Any]:
    """The profile as plain data for JSON (docs/pilots.md). None stands for what is not known; areas and lengths have
    one decimal, shares four."""
    return {"format": FORMAT, **_tidy(asdict(profile))}


def _tidy(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(name, value) for name, value in values.items()}


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return _tidy(value)
    if isinstance(value, (list, tuple)):
        return [_plain(name, entry) for entry in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return round(value, 4 if name.startswith("share") else 6 if name in ("x", "y") else 2)
    return value
