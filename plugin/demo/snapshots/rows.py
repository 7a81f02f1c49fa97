"""What a snapshot has of each item: its id, its token and its properties as columns, its geometry east before north."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import islice
from typing import Any, Callable

from .. import crs
from ..geometry import Geometry, positions
from ..model import Collection, Item, Property, compact
from ..settings import Settings

_INT64 = 2**63
_BATCH = 200  # items that are transformed in one go


@dataclass(frozen=True)
class Column:
    """A column of a snapshot. ``type`` is JSON Schema's word, or date, or date-time."""

    name: str
    type: str
    title: str = ""
    role: str = ""  # id or etag; "" for a property


@dataclass(frozen=True)
class Row:
    """One item: ``values`` in the order of the columns, texts for objects and lists too; ``geometry`` east/north."""

    values: tuple[Any, ...]
    geometry: Geometry | None


def columns_of(collection: Collection, settings: Settings) -> tuple[Column, ...]:
    """Id and token first, under names that no property has."""
    taken = {prop.name.lower() for prop in collection.schema.properties}
    roles = ("id", "etag") if settings.item_etags else ("id",)
    own = []
    for role in roles:
        name, number = role, 1
        while name in taken:
            number += 1
            name = f"{role}_{number}"
        own.append(Column(name, "string", role=role))
    return (*own, *(Column(prop.name, _type(prop), prop.title) for prop in collection.schema.properties))


def names_fit(collection: Collection) -> bool:
    """Whether the properties can be columns of one table of a database: no two differ in case only."""
    names = [prop.name for prop in collection.schema.properties]
    return len({name.lower() for name in names}) == len(names) and all(name and "\0" not in name for name in names)


def rows_of(collection: Collection, settings: Settings, items: Iterable[Item], uri: str) -> Iterator[Row]:
    """The items as rows, a handful at a time, in CRS ``uri``."""
    plan = [(prop.name, _CONVERT[_type(prop)]) for prop in collection.schema.properties]
    tokens, locks = settings.item_etags, settings.locks
    swap = crs.north_first(uri)
    several = iter(items)
    for batch in iter(lambda: list(islice(several, _BATCH)), []):
        geometries: list[Geometry | None] = [json.loads(item.geometry) if item.geometry else None for item in batch]
        crs.reproject([geometry for geometry in geometries if geometry], collection.storage_crs, uri)
        for item, geometry in zip(batch, geometries):
            properties = json.loads(item.properties)
            values: list[Any] = [str(item.id), *([locks.etag(item.etag)] if tokens else [])]
            for name, convert in plan:
                value = properties.get(name)
                values.append(None if value is None else convert(value))
            if swap and geometry is not None:
                for position in positions(geometry):
                    position[0], position[1] = position[1], position[0]
            yield Row(tuple(values), geometry)


def file_crs(uri: str) -> int:
    """The EPSG code of coordinates that lie east before north, heights aside: 4326 for CRS84."""
    code = uri.rsplit("/", 1)[1]
    return {"CRS84": 4326, "7415": 28992}.get(code) or int(code)


def _type(prop: Property) -> str:
    return prop.format if prop.type == "string" and prop.format in ("date", "date-time") else prop.type


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return compact(value) if isinstance(value, (dict, list)) else str(value)


def _whole(value: Any) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    good = isinstance(value, int) and not isinstance(value, bool) and -_INT64 <= value < _INT64
    return value if good else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _moment(value: Any) -> str:
    """As a GeoPackage has it: UTC, with milliseconds. What is no RFC 3339 time stays as it is."""
    text = str(value)
    try:
        head, dot, rest = text.replace("Z", "+00:00").replace("z", "+00:00").partition(".")
        digits = len(rest) - len(rest.lstrip("0123456789"))
        moment = datetime.fromisoformat(f"{head}.{rest[:digits][:6].ljust(6, '0')}{rest[digits:]}" if dot else head)
    except ValueError:
        return text
    if moment.tzinfo is None:
        return text
    moment = moment.astimezone(timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "string": _text,
    "date": _text,
    "date-time": _moment,
    "integer": _whole,
    "number": _number,
    "boolean": lambda value: value if isinstance(value, bool) else None,
    "object": compact,
    "array": compact,
}
