"""What is sent to a twin for a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..text import tr
from ..twin.errors import Unsupported
from .columns import GEOMETRY, Stored, from_stored
from .geometry import BadGeometry, decode, demoted
from .source import Source

Geometry = dict[str, Any]


def geometry_to_send(source: Source, blob: Stored) -> Geometry | None:
    """The GeoJSON geometry, east/north. A multi of one part goes as that part where the twin speaks of single parts.
    Raises `Unsupported` for what GeoJSON does not know."""
    try:
        geometry = decode(blob) if isinstance(blob, bytes) else None
    except BadGeometry as error:
        raise Unsupported(tr("The geometry cannot be sent as GeoJSON: {reason}.", reason=str(error))) from error
    if geometry is None or source.schema.geometry_type.startswith("Multi"):
        return geometry
    if any(kind.startswith("Multi") for kind in source.served_types):
        return geometry
    return demoted(geometry)


def body_of(
    source: Source, values: Mapping[str, Stored], names: Sequence[str] | None = None
) -> tuple[dict[str, Any], Geometry | None]:
    """The properties and the geometry of a row; ``names`` limits both to the columns that changed.

    Properties that the twin keeps itself are never sent; a new feature leaves out what is null.
    """
    properties = {}
    for column in source.columns:
        if column.read_only or (names is not None and column.name not in names):
            continue
        value = from_stored(values.get(column.name), column.type)
        if value is not None or names is not None:
            properties[column.property] = value
    if names is not None and GEOMETRY not in names:
        return properties, None
    return properties, geometry_to_send(source, values.get(GEOMETRY))
