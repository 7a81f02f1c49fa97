"""What a twin tells about itself, as frozen values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
CRS84H = "http://www.opengis.net/def/crs/OGC/0/CRS84h"

Tier = Literal["R", "W0", "W1", "W2"]
Locking = Literal["none", "etags", "timestamps"]
PropertyType = Literal["string", "integer", "number", "boolean", "date", "date-time", "object", "array"]
# min x, min y, max x, max y in the axis order of a GeoPackage: east, north
Extent = tuple[float, float, float, float]


@dataclass(frozen=True)
class Link:
    href: str  # absolute
    rel: str
    type: str = ""
    title: str = ""


@dataclass(frozen=True)
class Capabilities:
    """The capability report of one twin (twin-api.md, Tiers)."""

    url: str  # landing page, without secrets
    title: str
    description: str
    conformance: tuple[str, ...]
    tier: Tier
    locking: Locking
    methods: frozenset[str]  # of POST PUT PATCH DELETE; what the conformance declares
    crs_supported: bool  # Part 2
    schemas: bool  # Part 5
    queryables: bool  # Part 3
    item_etags: bool  # our profile: every item in a page carries its token
    create_with_id: bool  # our profile: a client-chosen UUID makes a create idempotent
    delete_if_match: bool  # our profile: If-Match holds for DELETE too
    sensorthings: str | None  # its URL, where the landing page links one
    tiles3d: tuple[Link, ...] = ()
    links: tuple[Link, ...] = ()
    server: str = ""  # what it says it is
    problems: tuple[str, ...] = ()  # what we saw that is wrong, in the user's words
    transactions: str | None = None  # W2 only: where whole change sets are posted to (Part 11)
    max_actions: int | None = None  # how many changes one set may have; None: the twin does not say

    @property
    def writable(self) -> bool:
        return self.tier != "R"


@dataclass(frozen=True)
class Collection:
    """One collection of features, as its twin describes it."""

    id: str
    title: str
    description: str
    geometry_type: str  # "Point" … "MultiPolygon", "GeometryCollection", "" unknown or any, "none" no geometry
    has_z: bool
    count: int | None
    extent: Extent | None  # CRS84
    licence: str
    attribution: str
    crs: tuple[str, ...]  # URIs
    storage_crs: str | None  # URI
    items_url: str
    self_url: str
    schema_url: str | None
    methods: frozenset[str]  # what this user may send to it: POST PUT PATCH DELETE
    is_features: bool = True  # itemType feature (or unsaid)
    links: tuple[Link, ...] = ()

    @property
    def editable(self) -> bool:
        return bool(self.methods)


@dataclass(frozen=True)
class Property:
    """One property of a collection's schema (OGC API – Common 3; JSON Schema's words)."""

    name: str
    type: PropertyType
    title: str = ""
    description: str = ""
    required: bool = False
    read_only: bool = False
    nullable: bool = True
    enum: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None
    pattern: str | None = None
    unit: str = ""
    default: Any = None
    refers_to: str = ""  # the collection that a value names an item of (role "reference"); "" for none


@dataclass(frozen=True)
class Schema:
    """A collection's properties in their order, and its geometry."""

    properties: tuple[Property, ...]
    geometry_type: str = ""  # as Collection.geometry_type
    has_z: bool = False
    geometry_required: bool = False
    declared: bool = True  # False: inferred from what came, so it constrains nothing
    raw: Mapping[str, Any] = field(default_factory=dict)

    def get(self, name: str) -> Property | None:
        return next((p for p in self.properties if p.name == name), None)


class GeometryText(NamedTuple):
    """A geometry as it came, its coordinates not yet read: most are only stored, or not even looked at."""

    kind: str
    coordinates: str  # JSON

    def decoded(self) -> dict[str, Any]:
        """The GeoJSON geometry; without coordinates where these cannot be read."""
        try:
            return {"type": self.kind, "coordinates": json.loads(self.coordinates)}
        except (ValueError, RecursionError):
            return {"type": self.kind, "coordinates": None}


class _ItemFields(NamedTuple):
    # A named tuple, since a checkout makes hundreds of thousands: a frozen dataclass takes four times as long to make.
    id: str | None  # as text; integers keep their digits
    properties: Mapping[str, Any]
    shape: Mapping[str, Any] | GeometryText | None  # the geometry, read or not
    token: str | None  # the ETag as the twin writes it, quotes included; or the Last-Modified date
    raw_id: Any = None  # as it came, for servers that want it in the body
    updated: str | None = None  # RFC 3339, where the twin tells it (item-etags extension)
    updated_by: str | None = None  # who, as the twin names them


class Item(_ItemFields):
    """One feature as the twin gave it. Coordinates are in the axis order of the requested CRS."""

    __slots__ = ()

    @property
    def geometry(self) -> Mapping[str, Any] | None:
        """The GeoJSON geometry."""
        shape = self.shape
        return shape.decoded() if isinstance(shape, GeometryText) else shape

    def __eq__(self, other: object) -> bool:
        """Whether all is the same; whether its geometry was read yet does not count."""
        if not isinstance(other, Item):
            return NotImplemented
        return self.geometry == other.geometry and self._replace(shape=None)[:] == other._replace(shape=None)[:]

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]  # its properties have none

    @property
    def geometry_type(self) -> str:
        """The type of its geometry as it is written; empty where there is none."""
        shape = self.shape
        if isinstance(shape, GeometryText):
            return shape.kind
        return "" if shape is None else str(shape.get("type"))


@dataclass(frozen=True)
class Page:
    """One page of items."""

    items: tuple[Item, ...]
    matched: int | None  # numberMatched
    bytes: int
    problems: tuple[str, ...] = ()
    rows: Any = None  # of a page that was read elsewhere (`features.Elsewhere`): its items, in another form
