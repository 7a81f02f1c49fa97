"""How a twin's properties become columns: names that SQLite and QGIS can live with, types, and values both ways."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Any, Union

from ..twin.items import is_text
from ..twin.model import Schema

KEY = "fid"
GEOMETRY = "geom"
ID = "twin_id"
VERSION = "twin_version"
Stored = Union[None, int, float, str, bytes]

RESERVED = {KEY, GEOMETRY, "rowid", "oid", "_rowid_", "ogc_fid"}
_INT64 = 2**63


class BadValue(ValueError):
    """A value that its column cannot hold."""


@dataclass(frozen=True)
class Column:
    """One tracked attribute column: the property it stands for."""

    name: str  # in the table
    property: str  # in the twin
    type: str  # PropertyType
    read_only: bool = False
    max_length: int | None = None
    title: str = ""


def columns_of(schema: Schema) -> tuple[Column, ...]:
    """The columns of a schema, in its order; colliding names get a number (``fid_2``, ``Name_2``)."""
    taken = set(RESERVED)
    out = []
    for item in schema.properties:
        name = free_name(item.name, taken)
        taken.add(name.lower())
        out.append(Column(name, item.name, item.type, item.read_only, item.max_length, item.title))
    return tuple(out)


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """``wanted``, or with a number behind it where that name is taken or ours (compared without case)."""
    base = wanted.replace("\x00", "").encode(errors="replace").decode().strip() or "property"
    if base.lower().startswith("twin_"):
        base = f"p_{base}"
    used = {name.lower() for name in taken}
    name, number = base, 1
    while name.lower() in used:
        number += 1
        name = f"{base}_{number}"
    return name


def to_stored(value: Any, kind: str) -> Stored:
    """A JSON value as its column stores it. Raises `BadValue` where it does not fit."""
    if value is None:
        return None
    return converter(kind)(value)


def converter(kind: str) -> Callable[[Any], Stored]:
    """What `to_stored` does for a value of this kind that is not null."""
    return _TO_STORED.get(kind, _json)


def _text(value: Any) -> Stored:
    if isinstance(value, str):
        text = value.rstrip("\x00")  # what fixed-width texts are filled up with
        if not is_text(text):
            raise BadValue(f"{_short(value)} has half a character or a zero one, which a file cannot hold")
        return text
    if isinstance(value, (dict, list)):
        return _json(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _integer(value: Any) -> Stored:
    if isinstance(value, bool):
        raise BadValue("true or false where a whole number belongs")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        return value
    raise BadValue(f"{_short(value)} is no whole number of 64 bits")


def _number(value: Any) -> Stored:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadValue(f"{_short(value)} is no number")
    try:
        number = float(value)
    except OverflowError as error:
        raise BadValue(f"{_short(value)} is too large") from error
    if not math.isfinite(number):
        raise BadValue(f"{number} is no finite number")
    return number


def _boolean(value: Any) -> Stored:
    if isinstance(value, bool):
        return int(value)
    raise BadValue(f"{_short(value)} is neither true nor false")


def _date(value: Any) -> Stored:
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError as error:
        raise BadValue(f"{_short(value)} is no date") from error


def _date_time(value: Any) -> Stored:
    text = str(value).strip()
    try:
        moment = datetime.fromisoformat(_python_iso(text))
        if moment.tzinfo is not None:
            moment = moment.astimezone(timezone.utc)
    except (ValueError, OverflowError) as error:  # the year 1 east of Greenwich began in no year
        raise BadValue(f"{_short(value)} is no date and time") from error
    # strftime would write the year 1 as "1" where the C library does, and GDAL read that as 2001
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _python_iso(text: str) -> str:
    # Python 3.9 reads neither "Z" nor fractions of other than 3 or 6 digits
    if text[-1:] in "Zz":
        text = text[:-1] + "+00:00"
    head, dot, rest = text.partition(".")
    if dot:
        digits = len(rest) - len(rest.lstrip("0123456789"))
        text = f"{head}.{rest[:digits][:6].ljust(6, '0')}{rest[digits:]}"
    return text


def _json(value: Any) -> Stored:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if is_text(text) else json.dumps(value, separators=(",", ":"))


_TO_STORED: dict[str, Callable[[Any], Stored]] = {
    "string": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "date-time": _date_time,
}


def from_stored(value: Stored, kind: str) -> Any:
    """A column's value as JSON for the twin. Whatever cannot be converted goes as it is: the twin judges it."""
    if value is None:
        return None
    if kind == "boolean" and value in (0, 1):
        return bool(value)
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    if kind in ("object", "array") and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    if kind == "date-time" and isinstance(value, str):
        try:
            stored = str(_date_time(value))
        except BadValue:
            return value
        return stored.replace(".000Z", "Z")
    if isinstance(value, bytes):
        return value.hex()
    return value


def same(one: Stored, other: Stored, kind: str) -> bool:
    """Whether two stored values mean the same: formats of dates, numbers and JSON do not count."""
    if one == other:
        return True
    if one is None or other is None:
        return False
    if kind in ("date", "date-time", "object", "array"):
        return bool(_canonical(one, kind) == _canonical(other, kind))
    return False


def _canonical(value: Stored, kind: str) -> Any:
    try:
        if kind in ("object", "array"):
            return _told_apart(json.loads(str(value)))
        return to_stored(value, kind)
    except (ValueError, RecursionError):
        return value


def _told_apart(node: Any) -> Any:
    """JSON that can be compared: Python takes true for 1."""
    if isinstance(node, bool):
        return (node,)
    if isinstance(node, list):
        return [_told_apart(part) for part in node]
    if isinstance(node, dict):
        return {name: _told_apart(part) for name, part in node.items()}
    return node


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "…"


def reader_of(
    columns: Iterable[Column],
) -> Callable[[Mapping[str, Any]], tuple[list[Stored], list[tuple[Column, str]]]]:
    """`row_of` for many features of the same columns."""
    plan = [(column, column.property, converter(column.type)) for column in columns]

    def read(properties: Mapping[str, Any]) -> tuple[list[Stored], list[tuple[Column, str]]]:
        values: list[Stored] = []
        misfits: list[tuple[Column, str]] = []
        for column, name, convert in plan:
            value = properties.get(name)
            if value is None:
                values.append(None)
                continue
            try:
                values.append(convert(value))
            except BadValue as error:
                values.append(None)
                misfits.append((column, str(error)))
        return values, misfits

    return read


def row_of(properties: Mapping[str, Any], columns: Iterable[Column]) -> tuple[list[Stored], list[tuple[Column, str]]]:
    """The stored values of one feature, in the order of ``columns``, and those that did not fit (stored as null)."""
    return reader_of(columns)(properties)
