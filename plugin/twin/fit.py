"""Whether a feature fits its schema: used for what arrives and for what is about to be published."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..text import tr, trn
from .model import Property, Schema

GEOMETRY_TYPES = (
    "Point",
    "MultiPoint",
    "LineString",
    "MultiLineString",
    "Polygon",
    "MultiPolygon",
    "GeometryCollection",
)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:?\d{2})?")
_LONGEST_MATCHED = 10_000  # characters that a server's own pattern is tried on


@dataclass(frozen=True)
class Violation:
    """One thing that does not fit. ``property`` is "" for the geometry; ``message`` is the user's sentence."""

    property: str
    message: str


def check(
    properties: Mapping[str, Any],
    geometry: Mapping[str, Any] | None,
    schema: Schema,
    *,
    publishing: bool = False,
) -> list[Violation]:
    """What of a feature does not fit ``schema``; inferred schemas constrain nothing.

    Single and multi geometries stand for each other, unless ``publishing`` into a single type what has several parts.
    Read-only properties are not asked for when publishing: the server sets them.
    """
    if not schema.declared:
        return []
    found: list[Violation] = []
    for prop in schema.properties:
        if publishing and prop.read_only:
            continue
        message = _broken(prop, properties.get(prop.name), prop.name in properties)
        if message:
            found.append(Violation(prop.name, message))
    message = _broken_geometry(geometry, schema, publishing)
    if message:
        found.append(Violation("", message))
    return found


def _broken(prop: Property, value: Any, present: bool) -> str:
    """The sentence about one property, or ""."""
    if value is None:
        if prop.required and not (present and prop.nullable):
            return tr("“{name}” has no value, but the twin requires one.", name=_label(prop))
        return ""
    problem = _CHECKS[prop.type](value)
    if problem:
        return tr("“{name}” is {value}, but must be {kind}.", name=_label(prop), value=_shown(value), kind=problem)
    if prop.enum and not any(_equal(value, allowed) for allowed in prop.enum):
        return tr(
            "“{name}” is {value}, which is none of the allowed values: {allowed}.",
            name=_label(prop),
            value=_shown(value),
            allowed=", ".join(str(v) for v in prop.enum[:12]) + ("…" if len(prop.enum) > 12 else ""),
        )
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if prop.minimum is not None and value < prop.minimum:
            return tr(
                "“{name}” is {value}, below the minimum {limit}.", name=_label(prop), value=value, limit=prop.minimum
            )
        if prop.maximum is not None and value > prop.maximum:
            return tr(
                "“{name}” is {value}, above the maximum {limit}.", name=_label(prop), value=value, limit=prop.maximum
            )
    if isinstance(value, str):
        if prop.max_length is not None and len(value) > prop.max_length:
            return trn(
                "“{name}” is {length} characters long, but may have only {n}.",
                "“{name}” is {length} characters long, but may have only {n}.",
                prop.max_length,
                name=_label(prop),
                length=len(value),
            )
        pattern = _compiled(prop.pattern) if prop.pattern else None
        if pattern is not None and not pattern.search(value[:_LONGEST_MATCHED]):
            return tr(
                "“{name}” is {value}, which is not of the form that the twin asks for ({pattern}).",
                name=_label(prop),
                value=_shown(value),
                pattern=prop.pattern,
            )
    return ""


def _label(prop: Property) -> str:
    return prop.title or prop.name


def _shown(value: Any) -> str:
    text = f"“{value}”" if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _equal(value: Any, allowed: Any) -> bool:
    # 1 == True in Python, not in JSON.
    return bool(value == allowed) and isinstance(value, bool) == isinstance(allowed, bool)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """The pattern, or None where it is no Python pattern (JSON Schema's are ECMAScript) or may run for ages."""
    # A repeated group that itself repeats, as in (a+)+, takes exponential time on text that does not match.
    if len(pattern) > 500 or re.search(r"\([^()]*[+*}][^()]*\)[+*{]", pattern):
        return None
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return None


def _not_text(value: Any) -> str:
    return "" if isinstance(value, str) else tr("text")


def _not_integer(value: Any) -> str:
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return "" if whole and not isinstance(value, bool) else tr("a whole number")


def _not_number(value: Any) -> str:
    fine = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    return "" if fine else tr("a number")


def _not_boolean(value: Any) -> str:
    return "" if isinstance(value, bool) else tr("true or false")


def _not_object(value: Any) -> str:
    return "" if isinstance(value, Mapping) else tr("a JSON object")


def _not_array(value: Any) -> str:
    return "" if isinstance(value, (list, tuple)) else tr("a JSON array")


def _not_date(value: Any) -> str:
    wanted = tr("a date such as 2026-03-31")
    if not isinstance(value, str) or not DATE.fullmatch(value):
        return wanted
    try:
        datetime.date.fromisoformat(value)
    except ValueError:
        return wanted
    return ""


def _not_date_time(value: Any) -> str:
    wanted = tr("a date and time such as 2026-03-31T14:05:00Z")
    if not isinstance(value, str) or not DATE_TIME.fullmatch(value):
        return wanted
    try:
        datetime.date.fromisoformat(value[:10])
        hour, minute, second = (
            int(value[11:13]),
            int(value[14:16]),
            int(value[17:19] or 0) if value[16:17] == ":" else 0,
        )
    except ValueError:
        return wanted
    return "" if hour < 24 and minute < 60 and second <= 60 else wanted


_CHECKS: dict[str, Callable[[Any], str]] = {
    "string": _not_text,
    "integer": _not_integer,
    "number": _not_number,
    "boolean": _not_boolean,
    "object": _not_object,
    "array": _not_array,
    "date": _not_date,
    "date-time": _not_date_time,
}


def _broken_geometry(geometry: Mapping[str, Any] | None, schema: Schema, publishing: bool) -> str:
    wanted = schema.geometry_type
    if geometry is None:
        if schema.geometry_required:
            return tr("There is no geometry, but the twin requires one.")
        return ""
    if wanted == "none":
        return tr("There is a geometry, but this collection has none.")
    kind = geometry.get("type")
    if kind not in GEOMETRY_TYPES:
        return tr("The geometry is of a kind that GeoJSON does not have: {kind}.", kind=str(kind)[:60])
    if kind != "GeometryCollection" and not isinstance(geometry.get("coordinates"), (list, tuple)):
        return tr("The geometry has no coordinates.")
    if not wanted or kind in {wanted, f"Multi{wanted}"} or wanted == f"Multi{kind}":
        parts = geometry.get("coordinates") if kind == f"Multi{wanted}" else None
        if publishing and isinstance(parts, (list, tuple)) and len(parts) > 1:
            return trn(
                "The geometry has {n} part, but the twin takes one of type {wanted} only. Split the feature first.",
                "The geometry has {n} parts, but the twin takes one of type {wanted} only. Split the feature first.",
                len(parts),
                wanted=wanted,
            )
        return ""
    return tr("The geometry is a {kind}, but this collection holds {wanted}.", kind=kind, wanted=wanted)
