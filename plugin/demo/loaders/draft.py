"""A collection in the making: features as a file gave them, from which ids, geometry type and schema are inferred."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..geometry import Geometry, box_of, has_z, is_empty
from ..model import Collection, Feature, ItemId, Property, Schema, compact
from ..schema import RFC3339

_DATE = re.compile(r"^\d{4}-\d\d-\d\d$")
_WORDS = {"3dbag": "3D BAG", "bag": "BAG", "bgt": "BGT", "ndw": "NDW", "rd": "RD"}


class SkipFile(Exception):
    """The file holds nothing to serve; the sentence says why."""


class Raw(NamedTuple):
    """A feature as the file gave it, its geometry in the draft's CRS."""

    id: Any
    geometry: Geometry | None
    properties: dict[str, Any]


@dataclass
class Draft:
    """Give it ``features`` and it infers; give it ``schema`` and ``ready`` features and it takes them as they are."""

    id: str
    crs: str
    title: str = ""
    description: str = ""
    licence: str = ""
    licence_url: str = ""
    attribution: str = ""
    features: list[Raw] = field(default_factory=list)
    known: dict[str, Property] = field(default_factory=dict)  # properties of which more is known than values tell
    schema: Schema | None = None
    ready: Iterable[Feature] = ()

    def finish(self) -> tuple[Collection, Iterable[Feature]]:
        """The collection and its features, for the store."""
        schema = self.schema or self._infer()
        collection = Collection(
            self.id,
            self.title or readable(self.id),
            self.crs,
            schema,
            self.description,
            self.licence,
            self.licence_url,
            self.attribution,
        )
        return collection, self.ready if self.schema else self._features(schema)

    def _infer(self) -> Schema:
        kinds: set[str] = set()
        z: set[bool] = set()
        for i, raw in enumerate(self.features):
            if raw.geometry is None or is_empty(raw.geometry):
                self.features[i] = raw._replace(geometry=None)
            else:
                kinds.add(raw.geometry["type"])
                z.add(has_z(raw.geometry))
        single = {kind.replace("Multi", "") for kind in kinds}
        if len(kinds) == 2 and len(single) == 1:  # Polygon and MultiPolygon are one type to a GIS
            kinds = {f"Multi{single.pop()}"}
        kind = kinds.pop() if len(kinds) == 1 else "" if kinds else "none"
        return Schema(
            properties=tuple(infer_properties((raw.properties for raw in self.features), self.known)),
            geometry_type=kind,
            has_z=z == {True},
        )

    def _features(self, schema: Schema) -> Iterator[Feature]:
        types = {prop.name: prop.type for prop in schema.properties}
        for item_id, raw in zip(self._ids(), self.features):
            geometry = raw.geometry
            if geometry and schema.geometry_type.startswith("Multi") and not geometry["type"].startswith("Multi"):
                geometry = {"type": schema.geometry_type, "coordinates": [geometry["coordinates"]]}
            if geometry:
                geometry = {key: geometry[key] for key in ("type", "coordinates", "geometries") if key in geometry}
            values = {
                name: _text(value) if types[name] == "string" and value is not None else value
                for name, value in raw.properties.items()
            }
            yield Feature(item_id, compact(geometry) if geometry else None, box_of(geometry), compact(values))

    def _ids(self) -> list[ItemId]:
        """The file's ids where every feature has one of its own, else the collection's name with a number."""
        ids = [raw.id for raw in self.features]
        usable = all(isinstance(i, (str, int)) and not isinstance(i, bool) and str(i).strip() for i in ids)
        if usable and len({str(i) for i in ids}) == len(ids):
            return ids
        return [f"{self.id}.{n}" for n in range(1, len(ids) + 1)]


def readable(collection_id: str) -> str:
    """A title from an id: ``bgt_trees_centre`` becomes *BGT trees centre*."""
    text = " ".join(_WORDS.get(word, word) for word in collection_id.split("_"))
    return text[:1].upper() + text[1:]


def infer_properties(rows: Iterable[dict[str, Any]], known: dict[str, Property]) -> Iterator[Property]:
    """A property per name, in order of appearance, of the narrowest type that holds all its values."""
    kinds: dict[str, set[str]] = {}
    for row in rows:
        for name, value in row.items():
            found = kinds.setdefault(name, set())
            if value is not None:
                found.add(_kind(value))
    for name, seen in kinds.items():
        if name in known:
            yield known[name]
            continue
        found = {"number"} if seen == {"integer", "number"} else seen
        if found in ({"date"}, {"date-time"}):
            yield Property(name, "string", format=found.pop())
        else:
            yield Property(name, found.pop() if len(found) == 1 else "string")


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "date" if _DATE.match(value) else "date-time" if RFC3339.match(value) else "string"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    return "array" if isinstance(value, list) else "object"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
