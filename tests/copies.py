"""Working copies made by hand, without a twin: for tests of what happens inside the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plugin.twin.model import Item, Property, Schema
from plugin.workcopy import tables
from plugin.workcopy.columns import columns_of
from plugin.workcopy.connection import connect
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.source import Source
from plugin.workcopy.writer import LayerWriter

BUILDING = Schema(
    properties=(
        Property("name", "string", title="Name", required=True, max_length=80),
        Property("height", "number", title="Height", minimum=0, unit="m"),
        Property("floors", "integer"),
        Property("monument", "boolean"),
        Property("built", "date"),
        Property("seen", "date-time"),
        Property("tags", "array"),
        Property("area_m2", "number", read_only=True),
    ),
    geometry_type="Polygon",
)


def square(x: float, y: float, size: float = 10.0) -> dict[str, Any]:
    """A square as a GeoJSON Polygon, its south-west corner at x, y."""
    ring = [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]
    return {"type": "Polygon", "coordinates": [ring]}


def building(number: int, **properties: Any) -> Item:
    """A building of the row ``number``, with a token."""
    values = {"name": f"Building {number}", "height": 10.0 + number, "floors": 3, "monument": number % 2 == 0}
    return Item(f"b{number}", {**values, **properties}, square(92000 + 20 * number, 436000), f'"b{number}-1"')


def make_source(table: str = "buildings", schema: Schema = BUILDING, srid: int = 28992, **more: Any) -> Source:
    """A source as a checkout would have written it."""
    values: dict[str, Any] = {
        "table": table,
        "collection": table,
        "title": table.title(),
        "description": "",
        "url": "http://127.0.0.1:9/",
        "items_url": f"http://127.0.0.1:9/collections/{table}/items",
        "crs": "http://www.opengis.net/def/crs/EPSG/0/28992",
        "srid": srid,
        "swap": False,
        "geometry_type": schema.geometry_type,
        "has_z": schema.has_z,
        "served_types": (),
        "extent": None,
        "schema": schema,
        "columns": columns_of(schema),
        "methods": frozenset({"POST", "PUT", "PATCH", "DELETE"}),
        "checked_out": "2026-01-01T00:00:00Z",
    }
    values.update(more)
    return Source(**values)


def make_copy(path: Path, layers: Mapping[str, Sequence[Item]] | None = None, schema: Schema = BUILDING) -> WorkingCopy:
    """A working copy at ``path`` with ``layers`` (default: ten buildings)."""
    for number, (table, items) in enumerate((layers or {"buildings": [building(n) for n in range(1, 11)]}).items()):
        add_layer(path, make_source(table, schema), items, first=number == 0)
    return WorkingCopy.open(path)


def add_layer(path: Path, source: Source, items: Sequence[Item], *, first: bool) -> None:
    """One more table, as the checkout writes it."""
    tables.create(
        path, source.table, source.columns, source.geometry_type, source.has_z, source.srid, source.description
    )
    connection = connect(path, write=True)
    try:
        if first:
            tables.create_books(connection, source.checked_out, "tests")
        writer = LayerWriter(connection, source)
        writer.write(items)
        writer.finish()
    finally:
        connection.close()
