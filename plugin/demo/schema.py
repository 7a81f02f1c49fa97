"""A collection's schema: as Part 5 writes it, and as the law that a written feature must keep."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from typing import Any

from . import crs
from .geometry import DEPTH, Geometry, area, is_empty, length, positions
from .model import Collection, Property, Schema

GEOMETRY = "geometry"
RFC3339 = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
_DATE = re.compile(r"^\d{4}-\d\d-\d\d$")
_WORDS = {
    "string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
    "object": "an object", "array": "a list",
}  # fmt: skip


class Errors(list[dict[str, str]]):
    """What is wrong with a feature: one entry per property."""

    def say(self, name: str, message: str) -> None:
        self.append({"property": name, "message": message})

    def sentence(self) -> str:
        return " ".join(f"{entry['property']}: {entry['message']}." for entry in self)


def document(collection: Collection, url: str) -> dict[str, Any]:
    """The schema as OGC API – Common Part 3 (Features Part 5) writes it."""
    schema = collection.schema
    properties: dict[str, Any] = {"id": {"type": "string", "title": "Id", "readOnly": True, "x-ogc-role": "id"}}
    if schema.get("id") is not None:
        del properties["id"]  # the data has a property of that name; the item's own id stands outside
    if schema.geometry_type != "none":
        kind = schema.geometry_type.lower() or "any"
        properties[GEOMETRY] = {
            "title": "Geometry",
            "format": f"geometry-{kind}",
            "x-ogc-role": "primary-geometry",
            "x-citytwin-dimension": 3 if schema.has_z else 2,
        }
    for sequence, prop in enumerate(schema.properties, 1):
        properties[prop.name] = dict(property_document(prop), **{"x-ogc-propertySeq": sequence})
    required = [prop.name for prop in schema.properties if prop.required and not prop.read_only]
    if schema.geometry_required:
        required.append(GEOMETRY)
    found: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": url,
        "type": "object",
        "title": collection.title,
        "properties": properties,
        "additionalProperties": False,
    }
    if required:
        found["required"] = required
    return found


def property_document(prop: Property) -> dict[str, Any]:
    """JSON Schema of one property."""
    found: dict[str, Any] = {"type": prop.type, "title": prop.title or prop.name}
    for key, value in (
        ("description", prop.description),
        ("format", prop.format),
        ("pattern", prop.pattern),
        ("enum", list(prop.enum)),
        ("x-ogc-unit", prop.unit),
    ):
        if value:
            found[key] = value
    for key, number in (("minimum", prop.minimum), ("maximum", prop.maximum), ("maxLength", prop.max_length)):
        if number is not None:
            found[key] = number
    if prop.read_only:
        found["readOnly"] = True
    if prop.refers_to:
        found["x-ogc-role"], found["x-ogc-collectionId"] = "reference", prop.refers_to
    return found


def check_properties(
    schema: Schema, given: dict[str, Any], errors: Errors, whole: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The properties to store: what the server computes is left out, wrong ones are said in ``errors``. ``whole``: all
    that the item has then, where ``given`` is a part of it."""
    there = given if whole is None else whole
    kept: dict[str, Any] = {}
    for name, value in given.items():
        prop = schema.get(name)
        if prop is None:
            errors.say(name, "the schema has no such property")
        elif prop.read_only:
            continue  # clients send back what they got; the server's own value stands
        elif value is None:
            kept[name] = None
        else:
            problem = _fault(prop, value)
            if problem:
                errors.say(name, problem)
            kept[name] = int(value) if prop.type == "integer" and isinstance(value, float) and not problem else value
    for prop in schema.properties:
        if prop.required and not prop.read_only and there.get(prop.name) is None:
            errors.say(prop.name, "is required")
    return kept


def compute(schema: Schema, properties: dict[str, Any], geometry: Geometry | None) -> dict[str, Any]:
    """``properties`` in the schema's order, with what the server works out itself."""
    values: dict[str, Any] = {}
    for prop in schema.properties:
        if prop.computed and geometry is not None:
            values[prop.name] = round(area(geometry) if prop.computed == "area" else length(geometry), 1)
        elif not prop.computed and prop.name in properties:
            values[prop.name] = properties[prop.name]
    return values


def _fault(prop: Property, value: Any) -> str:
    """What is wrong with a value that is not null; empty where nothing is."""
    if not _is_type(prop.type, value):
        return f"must be {_WORDS[prop.type]}"
    if prop.enum and value not in prop.enum:
        return f"must be one of {', '.join(str(entry) for entry in prop.enum)}"
    if isinstance(value, str):
        return _text_fault(prop, value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if prop.minimum is not None and value < prop.minimum:
            return f"must be at least {prop.minimum:g}"
        if prop.maximum is not None and value > prop.maximum:
            return f"must be at most {prop.maximum:g}"
    return ""


def _text_fault(prop: Property, value: str) -> str:
    if prop.required and not value.strip():
        return "must not be empty"
    if prop.max_length is not None and len(value) > prop.max_length:
        return f"must have at most {prop.max_length} characters"
    if prop.pattern and not re.search(prop.pattern, value):
        return f"must match {prop.pattern}"
    try:
        if prop.format == "date":
            if not _DATE.match(value):
                return "must be a date such as 2026-03-31"
            date.fromisoformat(value)
        elif prop.format == "date-time":
            if not RFC3339.match(value):
                return "must be a date and time such as 2026-03-31T12:00:00Z"
            datetime.fromisoformat(value[:19])
    except ValueError:
        return "is no day of the calendar"
    return ""


def _is_type(kind: str, value: Any) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "integer":
        return not isinstance(value, bool) and (
            isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        )
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, {"string": str, "object": dict, "array": list}[kind])


def check_geometry(schema: Schema, given: Any, uri: str, errors: Errors) -> Geometry | None:
    """The geometry to store, still in CRS ``uri``; None for null. What is wrong is said in ``errors``."""
    if given is None:
        if schema.geometry_required:
            errors.say(GEOMETRY, "is required")
        return None
    if schema.geometry_type == "none":
        errors.say(GEOMETRY, "this collection has none, so it must be null")
        return None
    problem = _geometry_fault(given, schema)
    if problem:
        errors.say(GEOMETRY, problem)
        return None
    geometry: Geometry = {key: given[key] for key in ("type", "coordinates", "geometries") if key in given}
    if is_empty(geometry):
        errors.say(GEOMETRY, "is empty; send null for no geometry")
    elif not crs.plausible(uri, positions(geometry)):
        errors.say(GEOMETRY, f"its coordinates cannot be in {uri}; say the CRS in the header Content-Crs")
    return geometry


def _geometry_fault(given: Any, schema: Schema) -> str:
    if not isinstance(given, dict) or not isinstance(given.get("type"), str):
        return "must be a GeoJSON geometry"
    kind = given["type"]
    if kind != "GeometryCollection" and kind not in DEPTH:
        return f"{kind} is no GeoJSON geometry type"
    if schema.geometry_type and kind != schema.geometry_type:
        return f"must be a {schema.geometry_type}, not a {kind}"
    if kind == "GeometryCollection":
        parts = given.get("geometries")
        if not isinstance(parts, list):
            return "must have a list of geometries"
        anything = Schema(has_z=schema.has_z)
        return next((fault for fault in (_geometry_fault(part, anything) for part in parts) if fault), "")
    size = 3 if schema.has_z else 2
    return _coordinates_fault(given.get("coordinates"), DEPTH[kind], kind, size if schema.geometry_type else 0)


def _coordinates_fault(value: Any, depth: int, kind: str, size: int) -> str:
    """``size`` is how many numbers a position must have; 0 for two or three."""
    if not isinstance(value, list):
        return "its coordinates are not lists of the right depth"
    if depth == 0:
        return _position_fault(value, size)
    if depth == 1 and kind != "MultiPoint":
        polygon = kind.endswith("Polygon")
        if len(value) < (4 if polygon else 2):
            return "a ring needs at least four positions" if polygon else "a line needs at least two positions"
        if polygon and value[0] != value[-1]:
            return "a ring is not closed: its first and last position differ"
    return next((f for f in (_coordinates_fault(part, depth - 1, kind, size) for part in value) if f), "")


def _position_fault(value: list[Any], size: int) -> str:
    for number in value:
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(number):
            return "a coordinate is no finite number"
    if size == 3 and len(value) == 2:
        return "this collection is 3D: every position needs a height"
    if len(value) not in ((size,) if size else (2, 3)):
        return f"a position must have {size or '2 or 3'} numbers, not {len(value)}"
    return ""
