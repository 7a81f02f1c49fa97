"""A collection's schema: from what its twin declares (Part 5, queryables, any JSON Schema), or from what came.

Source: OGC API – Common Part 3 / Features Part 5 (23-058), JSON Schema 2020-12.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .fit import DATE, DATE_TIME, GEOMETRY_TYPES, Violation, check
from .items import item_id
from .model import Item, Property, PropertyType, Schema

_TYPES: tuple[PropertyType, ...] = ("string", "integer", "number", "boolean", "object", "array")
_FORMATS: dict[str, PropertyType] = {"date": "date", "date-time": "date-time"}
_GEOJSON_REF = re.compile(
    r"geojson\.org/schema/(\w+)(?:\.json)?#?$|(?:^|[/#])(\w*geometry\w*|\w+GeoJSON)(?:\.ya?ml|\.json)?$", re.IGNORECASE
)
_BY_LOWER = {name.lower(): name for name in GEOMETRY_TYPES}


# What servers without a schema call the property that repeats the item's id
_KEYS = frozenset({"fid", "id", "gid", "ogc_fid", "objectid", "pk", "pkey", "uuid", "globalid"})

_GEOMETRIES = frozenset({"geom", "geometry", "the_geom", "wkb_geometry", "shape"})

# UCUM codes that read otherwise than people write them
_SIGNS = {"m2": "m²", "m3": "m³", "km2": "km²", "Cel": "°C", "deg": "°", "ug/m3": "µg/m³", "[EUR]": "€"}


def parse(document: Mapping[str, Any], *, declared: bool = True) -> Schema:
    """A JSON Schema document as `Schema`. ``declared=False`` for what constrains nothing (queryables).

    Whole-feature schemas (``properties`` with ``type``, ``geometry`` and ``properties``) are unwrapped; what cannot be
    read is left out, never guessed.
    """
    members = _dict(document.get("properties"))
    required = _names(document.get("required"))
    inner = _dict(members.get("properties"))
    if isinstance(inner.get("properties"), dict) and "geometry" in members:
        geometry_members = {"geometry": members["geometry"]}
        required = (required & {"geometry"}) | _names(inner.get("required"))
        members = {**geometry_members, **inner["properties"]}

    properties: list[tuple[float, int, Property]] = []
    geometry_type, has_z, geometry_required, found = "", False, False, False
    for position, (name, raw) in enumerate(members.items()):
        spec = _resolved(raw, document)
        kind = geometry_of(spec, name)
        if kind is not None:
            # Only one geometry travels in GeoJSON; a secondary one is no property either.
            if not found or spec.get("x-ogc-role") == "primary-geometry":
                found = True
                geometry_type = kind
                has_z = spec.get("x-citytwin-dimension") == 3 or _dict(spec.get("x-ogc-geometry")).get("dimension") == 3
                geometry_required = name in required
            continue
        if spec.get("x-ogc-role") == "id":
            continue  # the item's id stands beside the properties, not in them
        order = spec.get("x-ogc-propertySeq")
        place = float(order) if isinstance(order, (int, float)) and not isinstance(order, bool) else float("inf")
        properties.append((place, position, _property(name, spec, name in required)))
    properties.sort(key=lambda entry: entry[:2])
    return Schema(
        properties=tuple(p for _, _, p in properties),
        geometry_type=geometry_type if found or not declared else "none",
        has_z=has_z,
        geometry_required=geometry_required,
        declared=declared,
        raw=dict(document),
    )


def geometry_of(spec: Mapping[str, Any], name: str = "") -> str | None:
    """The geometry type that a property's schema means ("" for any); None where it is no geometry."""
    text = spec.get("format")
    if isinstance(text, str) and text.lower().startswith("geometry"):
        parts = [_BY_LOWER.get(p, "") for p in text.lower().replace("geometry-", "", 1).split("-or-")]
        return _common([p for p in parts if p]) if all(parts) else ""
    ref = spec.get("$ref")
    if isinstance(ref, str):
        match = _GEOJSON_REF.search(ref)
        if match:
            return _BY_LOWER.get(
                re.sub(r"GeoJSON$", "", match.group(1) or match.group(2), flags=re.IGNORECASE).lower(), ""
            )
    if spec.get("x-ogc-role") == "primary-geometry":
        alternatives = [geometry_of(_dict(s)) for key in ("oneOf", "anyOf") for s in _list(spec.get(key))]
        return _common([a for a in alternatives if a])
    for key in ("oneOf", "anyOf"):
        alternatives = [geometry_of(_dict(s)) for s in _list(spec.get(key)) if _dict(s).get("type") != "null"]
        if alternatives and all(a is not None for a in alternatives):
            return _common([a for a in alternatives if a])
    kinds = _dict(_dict(spec.get("properties")).get("type")).get("enum")
    if "coordinates" in _dict(spec.get("properties")) and isinstance(kinds, list):
        return _common([_BY_LOWER.get(str(k).lower(), "") for k in kinds])
    return "" if name == "geometry" and not spec.get("type") else None


def _common(types: Iterable[str]) -> str:
    """One geometry type for several: the multi type where they differ by that only, "" for a real mixture."""
    found = sorted(set(types))
    if len(found) == 2 and found[0] == "Multi" + found[1]:
        return found[0]
    return found[0] if len(found) == 1 else ""


def _resolved(raw: Any, document: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """A property's schema with local ``$ref`` and single ``allOf`` folded in."""
    spec = _dict(raw)
    ref = spec.get("$ref")
    if isinstance(ref, str) and ref.startswith("#/") and depth < 8:
        target: Any = document
        for part in ref[2:].split("/"):
            target = _dict(target).get(part.replace("~1", "/").replace("~0", "~"))
        spec = {**_resolved(target, document, depth + 1), **{k: v for k, v in spec.items() if k != "$ref"}}
    if depth < 8:
        for part in _list(spec.get("allOf")):
            spec = {**_resolved(part, document, depth + 1), **spec}
    return spec


def _property(name: str, spec: Mapping[str, Any], required: bool) -> Property:
    declared = spec.get("type")
    types = [t for t in _list(declared) if isinstance(t, str)] if isinstance(declared, list) else [declared]
    nullable = "null" in types or spec.get("nullable") is True or (declared is None and "enum" not in spec)
    enum = _enumeration(spec)
    if None in enum:
        nullable = True
        enum = tuple(v for v in enum if v is not None)
    base = next((t for t in _TYPES if t in types), None)
    if "number" in types:
        base = "number"  # ["integer", "number"] holds both
    if "string" in types:
        base = "string"  # what may be text has to be kept as text
    if base is None:
        alternatives = [_dict(s) for key in ("oneOf", "anyOf") for s in _list(spec.get(key))]
        nullable = nullable or any(a.get("type") == "null" for a in alternatives)
        first = next((a for a in alternatives if a.get("type") not in (None, "null") and "const" not in a), None)
        if first is not None:
            return replace(
                _property(name, {**spec, "oneOf": None, "anyOf": None, **first}, required),
                nullable=any(a.get("type") == "null" for a in alternatives),
            )
        base = _type_of(enum[0]) if enum else "string"
    text = spec.get("format")
    kind: PropertyType = _FORMATS.get(text, base) if base == "string" and isinstance(text, str) else base
    return Property(
        name=name,
        type=kind,
        title=_text(spec.get("title")),
        description=_text(spec.get("description")),
        required=required,
        read_only=spec.get("readOnly") is True,
        # Many schemas forget "null" for optional properties; only a required one is held to it.
        nullable=nullable or not required,
        enum=enum,
        minimum=_bound(spec, "minimum", "exclusiveMinimum"),
        maximum=_bound(spec, "maximum", "exclusiveMaximum"),
        max_length=spec["maxLength"] if isinstance(spec.get("maxLength"), int) and spec["maxLength"] >= 0 else None,
        pattern=spec["pattern"] if isinstance(spec.get("pattern"), str) else None,
        unit=_unit(spec),
        default=spec.get("default"),
        refers_to=_text(spec.get("x-ogc-collectionId")) if spec.get("x-ogc-role") == "reference" else "",
    )


def _enumeration(spec: Mapping[str, Any]) -> tuple[Any, ...]:
    if isinstance(spec.get("enum"), list):
        return tuple(v for v in spec["enum"] if not isinstance(v, (dict, list)))
    if "const" in spec and not isinstance(spec["const"], (dict, list)):
        return (spec["const"],)
    for key in ("oneOf", "anyOf"):
        entries = [_dict(e) for e in _list(spec.get(key))]
        real = [e for e in entries if e.get("type") != "null"]
        if real and all("const" in e for e in real):
            return tuple(e["const"] for e in real)
    return ()


def enum_titles(schema: Schema, name: str) -> dict[Any, str]:
    """What the values of an enumerated property are called (``oneOf`` with ``const`` and ``title``), where declared."""
    members = _dict(schema.raw.get("properties"))
    inner = _dict(_dict(members.get("properties")).get("properties"))
    spec = _resolved(members.get(name, inner.get(name)), schema.raw)
    return {
        e["const"]: e["title"]
        for key in ("oneOf", "anyOf")
        for e in map(_dict, _list(spec.get(key)))
        if isinstance(e.get("title"), str) and isinstance(e.get("const"), (str, int, float, bool))
    }


def _bound(spec: Mapping[str, Any], inclusive: str, exclusive: str) -> float | None:
    for key in (inclusive, exclusive):
        value = spec.get(key)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return value
    return None


def _unit(spec: Mapping[str, Any]) -> str:
    """The unit as people write it; Part 5 gives UCUM codes."""
    value = spec.get("x-ogc-unit", "")
    unit = _text(_dict(value).get("symbol") or _dict(value).get("name")) if isinstance(value, dict) else _text(value)
    return _SIGNS.get(unit, unit)


def infer(items: Iterable[Item]) -> Schema:
    """A schema of what came: types only, no constraints (``declared=False``).

    A property that is called like a key and repeats every item's id is read-only: it is the id.
    """
    types: dict[str, PropertyType | None] = {}
    keys: dict[str, bool] = {}
    geometries: set[str] = set()
    has_z = False
    for item in items:
        for name, value in item.properties.items():
            if value is None and item.shape is None and name.lower() in _GEOMETRIES:
                continue  # pygeoapi lists the column of a geometry that is not there
            types[name] = _wider(types.get(name), None if value is None else _type_of(value))
            if name.lower() in _KEYS:
                keys[name] = keys.get(name, True) and item.id is not None and item_id(value) == item.id
        geometry = item.geometry
        if geometry is not None:
            geometries.add(str(geometry.get("type")))
            has_z = has_z or is_3d(geometry)
    return Schema(
        properties=tuple(
            Property(name, kind or "string", read_only=keys.get(name, False)) for name, kind in types.items()
        ),
        geometry_type=_common(geometries) if geometries else "",
        has_z=has_z,
        declared=False,
        # Which properties never had a value, so that a later page may still decide their type.
        raw={"undecided": [name for name, kind in types.items() if kind is None]},
    )


def as_seen(schema: Schema, seen: Schema) -> Schema:
    """``schema`` where text is not really text: pygeoapi calls columns of lists strings, and takes a string for one
    apart into its letters."""
    came = {prop.name: prop.type for prop in seen.properties}
    return replace(
        schema,
        properties=tuple(
            replace(prop, type=came[prop.name])
            if prop.type == "string" and came.get(prop.name) in ("array", "object")
            else prop
            for prop in schema.properties
        ),
    )


def merge_inferred(schema: Schema, seen: Schema) -> Schema:
    """``schema`` with what was ``seen`` added: properties it does not name, the geometry type where it has none.

    Declared properties stay as declared; inferred ones widen (integer to number, anything else to text).
    """
    undecided = set(_list(schema.raw.get("undecided"))) if not schema.declared else set()
    still = undecided & set(_list(seen.raw.get("undecided")))
    merged = {p.name: p for p in schema.properties}
    for new in seen.properties:
        old = merged.get(new.name)
        if old is None:
            merged[new.name] = new
            if new.name in _list(seen.raw.get("undecided")):
                still.add(new.name)
        elif not schema.declared and new.name not in _list(seen.raw.get("undecided")):
            wider = new.type if new.name in undecided else _wider(old.type, new.type)
            merged[new.name] = replace(old, type=wider or "string", read_only=old.read_only and new.read_only)
    known = [t for t in (schema.geometry_type, seen.geometry_type) if t]
    geometry = schema.geometry_type if schema.declared and schema.geometry_type else (_common(known) if known else "")
    raw = schema.raw if schema.declared else {**schema.raw, "undecided": [n for n in merged if n in still]}
    return replace(
        schema, properties=tuple(merged.values()), geometry_type=geometry, has_z=schema.has_z or seen.has_z, raw=raw
    )


def _type_of(value: Any) -> PropertyType:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list):
        return "array"
    if isinstance(value, str) and DATE.fullmatch(value):
        return "date"
    if isinstance(value, str) and DATE_TIME.fullmatch(value):
        return "date-time"
    return "string"


def _wider(one: PropertyType | None, other: PropertyType | None) -> PropertyType | None:
    if one is None or other is None or one == other:
        return one or other
    return "number" if {one, other} == {"integer", "number"} else "string"


def is_3d(geometry: Mapping[str, Any]) -> bool:
    """Whether the first position of a GeoJSON geometry has a height."""
    if isinstance(geometry.get("geometries"), list):
        return any(is_3d(g) for g in geometry["geometries"] if isinstance(g, dict))
    here: Any = geometry.get("coordinates")
    while isinstance(here, list) and here and isinstance(here[0], list):
        here = here[0]
    return isinstance(here, list) and len(here) > 2


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _names(value: Any) -> set[str]:
    return {n for n in _list(value) if isinstance(n, str)}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


__all__ = ["Violation", "as_seen", "check", "enum_titles", "geometry_of", "infer", "is_3d", "merge_inferred", "parse"]
