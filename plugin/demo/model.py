"""The values that travel through the twin: collections, their schemas, features."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Union

# min x, min y, max x, max y in the axis order of the CRS they are in
Box = tuple[float, float, float, float]
ItemId = Union[str, int]
Json = Any
DEFAULT_LIMIT, MAX_LIMIT = 100, 10_000  # items of a page


@dataclass(frozen=True)
class Property:
    """One property of a collection. ``type`` is JSON Schema's word."""

    name: str
    type: str = "string"
    title: str = ""
    description: str = ""
    format: str = ""  # date, date-time, uri
    required: bool = False
    read_only: bool = False
    enum: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None
    pattern: str = ""
    unit: str = ""
    computed: str = ""  # the server works it out: "area" or "length" of the geometry in storage CRS
    refers_to: str = ""  # its values are ids of items of this collection


@dataclass(frozen=True)
class Schema:
    """What a feature of a collection may hold.

    ``geometry_type`` is GeoJSON's word; empty means any, ``none`` no geometry.
    """

    properties: tuple[Property, ...] = ()
    geometry_type: str = ""
    has_z: bool = False
    geometry_required: bool = False

    def get(self, name: str) -> Property | None:
        return next((p for p in self.properties if p.name == name), None)

    @property
    def computes(self) -> bool:
        """Whether the server works some property out itself."""
        return any(prop.computed for prop in self.properties)


@dataclass(frozen=True)
class Collection:
    """One collection as it is stored and described. ``storage_crs`` is a CRS URI."""

    id: str
    title: str
    storage_crs: str
    schema: Schema
    description: str = ""
    licence: str = ""
    licence_url: str = ""
    attribution: str = ""
    takes_photos: bool = False  # its items may have photos, see photos.py

    def dump(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @staticmethod
    def parse(text: str) -> Collection:
        raw = json.loads(text)
        schema = raw.pop("schema")
        names = []
        for entry in schema.pop("properties"):
            entry["enum"] = tuple(entry["enum"])
            names.append(Property(**entry))
        return Collection(schema=Schema(properties=tuple(names), **schema), **raw)


@dataclass(frozen=True)
class Feature:
    """A feature on its way into the store. ``geometry`` is GeoJSON text in storage CRS with ``box`` around it."""

    id: ItemId
    geometry: str | None
    box: Box | None
    properties: str  # JSON text of an object


@dataclass(frozen=True)
class Item:
    """A stored feature. ``etag`` is the whole header value with its quotes."""

    id: ItemId
    etag: str
    geometry: str | None
    properties: str
    updated: str | None = None
    updated_by: str | None = None


@dataclass(frozen=True)
class State:
    """How a collection stands at one moment: how many items, the box around them in storage CRS, and its last change:
    a number that grows with every one, and when it was (RFC 3339; None: not since it was loaded)."""

    count: int
    box: Box | None
    seq: int = 0
    changed: str | None = None


@dataclass(frozen=True)
class Author:
    """Who writes, when, and what they say about it."""

    at: str  # RFC 3339
    name: str | None = None
    message: str | None = None


@dataclass(frozen=True)
class Query:
    """A question for items. ``box`` is in storage CRS, ``equals`` maps property names to values."""

    limit: int
    offset: int = 0
    box: Box | None = None
    equals: tuple[tuple[str, Any], ...] = field(default=())


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def compact(value: Json) -> str:
    """``value`` as JSON text without spaces."""
    return _encode(value)
