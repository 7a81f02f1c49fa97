"""Where a table of the working copy came from: one row of ``twin_source``."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from ..twin.model import Extent, Property, Schema
from . import books
from .columns import Column, Stored
from .inside import MergeInside
from .merge import Field
from .tables import tracked_names

# column → value of one feature, as stored: what people call it; "" where it has no name
Called = Callable[[Mapping[str, Stored]], str]


@dataclass(frozen=True)
class Source:
    """One collection in a working copy, as it was checked out."""

    table: str
    collection: str
    title: str
    description: str
    url: str  # the twin's landing page, without secrets
    items_url: str
    crs: str | None  # URI to read and write in; None: CRS84 and no header
    srid: int  # EPSG code of the table
    swap: bool  # the twin's coordinates come north/east
    geometry_type: str  # the table's: "MultiPolygon" …, "" any, "none"
    has_z: bool
    served_types: tuple[str, ...]  # the geometry types that the twin really sent
    extent: Extent | None  # what was asked for, in ``srid``, east/north; None: everything
    schema: Schema
    columns: tuple[Column, ...]
    methods: frozenset[str]  # of POST PUT PATCH DELETE
    capabilities: Mapping[str, Any] = field(default_factory=dict)
    feature_count: int = 0
    licence: str = ""
    attribution: str = ""
    checked_out: str = ""  # UTC, ISO 8601
    pulled: str = ""  # when the twin was last asked for everything: checkout or pull; UTC, ISO 8601
    # not in the file: who opens it knows
    inside: MergeInside | None = field(default=None, compare=False, repr=False)
    called: Called | None = field(default=None, compare=False, repr=False)

    @property
    def tracked(self) -> list[str]:
        """The columns whose changes count: ``geom`` first, where there is one."""
        return list(self._tracked)

    @cached_property
    def _tracked(self) -> tuple[str, ...]:
        return tuple(tracked_names(self.columns, self.geometry_type))

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The tracked columns as a merge needs to know them."""
        kept = {column.name for column in self.columns if column.read_only}
        return tuple(Field(name, self.kind(name), name in kept, self.inside) for name in self._tracked)

    @property
    def has_geometry(self) -> bool:
        return self.geometry_type != "none"

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in reversed(self.columns)}

    def column(self, name: str) -> Column | None:
        """The tracked attribute column of that name."""
        return self._by_name.get(name)

    def kind(self, name: str) -> str:
        """The property type of a tracked column, ``geometry`` for the geometry."""
        column = self._by_name.get(name)
        return column.type if column else "geometry"


def save(connection: sqlite3.Connection, source: Source) -> None:
    """Write the source's row. The caller holds the transaction."""
    schema = asdict(source.schema)
    schema["raw"] = {}
    values = (
        source.table,
        source.collection,
        source.title,
        source.description,
        source.url,
        source.items_url,
        source.crs,
        source.srid,
        int(source.swap),
        source.geometry_type + ("Z" if source.has_z else ""),
        json.dumps(source.served_types),
        json.dumps(source.extent) if source.extent else None,
        None,
        json.dumps(schema),
        json.dumps([asdict(column) for column in source.columns]),
        json.dumps(dict(source.capabilities), default=sorted),
        json.dumps(sorted(source.methods)),
        source.feature_count,
        source.licence,
        source.attribution,
        source.checked_out,
        source.pulled,
    )
    connection.execute(books.SAVE_SOURCE, values)


def load(connection: sqlite3.Connection) -> tuple[Source, ...]:
    """Every source, in the order of checkout. Raises sqlite3.Error or ValueError where the row cannot be read."""
    rows = connection.execute(books.LOAD_SOURCES).fetchall()
    return tuple(_source(row) for row in rows)


def _source(row: tuple[Any, ...]) -> Source:
    (
        table, collection, title, description, url, items_url, crs, srid, swap, geometry_type, served, extent, _filter,
        schema, mapping, capabilities, methods, count, licence, attribution, checked_out, pulled,
    ) = row  # fmt: skip
    has_z = geometry_type.endswith("Z")
    return Source(
        table=table,
        collection=collection,
        title=title,
        description=description,
        url=url,
        items_url=items_url,
        crs=crs,
        srid=srid,
        swap=bool(swap),
        geometry_type=geometry_type[:-1] if has_z else geometry_type,
        has_z=has_z,
        served_types=tuple(json.loads(served)),
        extent=_extent(json.loads(extent)) if extent else None,
        schema=_schema(json.loads(schema)),
        columns=tuple(Column(**column) for column in json.loads(mapping)),
        methods=frozenset(json.loads(methods)),
        capabilities=json.loads(capabilities),
        feature_count=count,
        licence=licence,
        attribution=attribution,
        checked_out=checked_out,
        pulled=pulled or checked_out,
    )


def _extent(values: list[float]) -> Extent:
    min_x, min_y, max_x, max_y = values
    return (min_x, min_y, max_x, max_y)


def _schema(data: dict[str, Any]) -> Schema:
    properties = []
    for item in data.pop("properties"):
        item["enum"] = tuple(item["enum"])
        properties.append(Property(**item))
    return Schema(properties=tuple(properties), **data)
