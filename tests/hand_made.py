"""More working copies made by hand: several collections of any geometry, as a QGIS test or a benchmark needs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plugin.twin.model import Item, Property, Schema
from plugin.workcopy.copy import WorkingCopy
from tests.copies import add_layer, make_source

WRITE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True)
class Given:
    """One collection as a test gives it. ``items`` may be a generator."""

    items: Iterable[Item]
    properties: Sequence[Property] = ()
    geometry_type: str = "MultiPolygon"
    has_z: bool = False
    srid: int = 28992
    title: str = ""
    methods: frozenset[str] = WRITE
    geometry_required: bool = False
    attribution: str = ""
    capabilities: Mapping[str, Any] = field(default_factory=lambda: {"title": "Test Twin", "tier": "W1"})


def make(path: Path, collections: Mapping[str, Given]) -> WorkingCopy:
    """A healthy working copy at ``path``; every row counts as published."""
    for number, (name, given) in enumerate(collections.items()):
        schema = Schema(tuple(given.properties), given.geometry_type, given.has_z, given.geometry_required)
        source = make_source(
            name,
            schema,
            given.srid,
            crs=f"http://www.opengis.net/def/crs/EPSG/0/{given.srid}",
            title=given.title or name.replace("_", " ").title(),
            methods=given.methods,
            attribution=given.attribution,
            capabilities=given.capabilities,
        )
        add_layer(path, source, given.items, first=number == 0)  # type: ignore[arg-type]
    return WorkingCopy.open(path)


def multi_square(x: float, y: float, size: float = 10.0) -> dict[str, Any]:
    """A MultiPolygon of one square with its south-west corner at x, y (in units of the table's CRS)."""
    ring = [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]
    return {"type": "MultiPolygon", "coordinates": [[ring]]}


HOUSE = (
    Property("name", "string", "Name", max_length=40),
    Property("function", "string", "Function", required=True, enum=("residential", "office", "shop")),
    Property("height", "number", "Height", minimum=0, maximum=300, unit="m"),
    Property("storeys", "integer", "Storeys", minimum=0),
    Property("monument", "boolean", "Monument"),
    Property("built", "date", "Built on"),
    Property("measured", "date-time", "Measured at", read_only=True),
    Property("tags", "array", "Tags"),
)


def house(number: int, x: float = 92000.0, y: float = 437000.0) -> Item:
    """House ``number``: id b1, token "v1" …; 20 m east of the one before it, 500 in a row."""
    properties = {
        "name": f"House {number}",
        "function": ("residential", "office", "shop")[number % 3],
        "height": 5.0 + number % 40,
        "storeys": 2 + number % 12,
        "monument": number % 7 == 0,
        "built": f"19{number % 100:02d}-05-01",
        "measured": "2026-01-01T12:00:00Z",
        "tags": ["a", "b"],
    }
    at = multi_square(x + 20 * (number % 500), y + 20 * (number // 500))
    return Item(f"b{number}", properties, at, f'"v{number}"')


def houses(count: int = 5, **options: Any) -> Given:
    """``count`` houses in a row."""
    return Given([house(number) for number in range(1, count + 1)], HOUSE, **{"title": "Buildings", **options})
