"""How a collection is put into words."""

from __future__ import annotations

import html
import math

from qgis.PyQt.QtCore import QLocale

from ..text import tr, trn
from ..twin.crs import crs_key
from ..twin.model import Collection, Extent, Schema

_DOT = " · "
_KM_PER_DEGREE = 111.32


def number(value: int) -> str:
    """``value`` with the thousands marked as the user's language does."""
    return str(_locale().toString(value))


def _locale() -> QLocale:
    """The user's, with the thousands marked whatever QGIS's own setting for that is: counts here run into millions."""
    locale = QLocale()
    locale.setNumberOptions(QLocale.NumberOption.DefaultNumberOptions)
    return locale


def geometry(collection: Collection) -> str:
    """The geometry type for people: "Polygons", "3D points"."""
    kind = collection.geometry_type.replace("Multi", "")
    flat = {
        "Point": tr("Points"),
        "LineString": tr("Lines"),
        "Polygon": tr("Polygons"),
        "GeometryCollection": tr("Mixed geometries"),
        "none": tr("Table without geometry"),
    }
    high = {
        "Point": tr("3D points"),
        "LineString": tr("3D lines"),
        "Polygon": tr("3D polygons"),
    }
    if collection.has_z and kind in high:
        return high[kind]
    return flat.get(kind, tr("Geometry type not known"))


def count(collection: Collection) -> str:
    """How many features, "" where nobody knows."""
    if collection.count is None:
        return ""
    return trn("{count} feature", "{count} features", collection.count, count=number(collection.count))


def editing(collection: Collection) -> str:
    """What this user may do to it, in a few words."""
    if not collection.is_features:
        return tr("Not features, cannot be checked out")
    may = []
    if "POST" in collection.methods:
        may.append(tr("add"))
    if {"PUT", "PATCH"} & collection.methods:
        may.append(tr("change"))
    if "DELETE" in collection.methods:
        may.append(tr("delete"))
    if len(may) == 3:
        return tr("Editable")
    if not may:
        return tr("Read only")
    return tr("Editable: {what} only", what=", ".join(may))


def summary(collection: Collection) -> str:
    """The line below the title in the list."""
    if not collection.is_features:
        return editing(collection)
    parts = [count(collection)]
    if collection.geometry_type:
        parts.append(geometry(collection))
    parts.append(editing(collection))
    return _DOT.join(part for part in parts if part)


def size(extent: Extent) -> str:
    """How large an extent in degrees is, in kilometres (or metres) across."""
    west, south, east, north = extent
    if east < west:
        east += 360
    across = (east - west) * _KM_PER_DEGREE * math.cos(math.radians((south + north) / 2))
    return kilometres(across, (north - south) * _KM_PER_DEGREE)


def kilometres(across: float, up: float) -> str:
    """Width by height, given in kilometres."""
    if max(across, up) < 1:
        return tr("{width} × {height} m", width=number(round(across * 1000)), height=number(round(up * 1000)))
    digits = 1 if max(across, up) < 100 else 0
    locale = _locale()
    return tr(
        "{width} × {height} km", width=locale.toString(across, "f", digits), height=locale.toString(up, "f", digits)
    )


def place(extent: Extent) -> str:
    """Where an extent lies, in degrees."""
    locale = _locale()
    west, south, east, north = (locale.toString(value, "f", 3) for value in extent)
    return tr("{west}° to {east}° east, {south}° to {north}° north", west=west, east=east, south=south, north=north)


def columns(schema: Schema) -> str:
    """The properties' titles, with their units."""
    named = (
        f"{one.title or one.name} ({one.unit})" if one.unit else one.title or one.name for one in schema.properties
    )
    return ", ".join(named)


def rows(collection: Collection, schema: Schema | None = None) -> list[tuple[str, str]]:
    """Label and value of all that is known, in the order in which people ask."""
    found = [
        (tr("Features"), number(collection.count) if collection.count is not None else tr("Not told by the twin")),
        (tr("Geometry"), geometry(collection)),
        (tr("Editing"), editing(collection)),
    ]
    if not collection.is_features:
        found = found[2:]
    if schema is not None and schema.properties:
        found.append((tr("Columns"), columns(schema)))
    if collection.extent:
        found.append((tr("Extent"), f"{size(collection.extent)}\n{place(collection.extent)}"))
    if collection.storage_crs:
        found.append((tr("CRS"), crs_key(collection.storage_crs)))
    found.append((tr("Licence"), collection.licence or tr("Not told by the twin")))
    if collection.attribution:
        found.append((tr("Attribution"), collection.attribution))
    found.append((tr("Identifier"), collection.id))
    return found


def details_html(collection: Collection, dim: str, schema: Schema | None = None) -> str:
    """The details pane. ``dim`` is the colour of its labels, ``#rrggbb``."""
    parts = [f"<p style='margin:0'><b>{html.escape(collection.title)}</b></p>"]
    if collection.description:
        text = html.escape(collection.description).replace("\n", "<br>")
        parts.append(f"<p style='margin:4px 0 0 0'>{text}</p>")
    parts.append("<table cellspacing='0' cellpadding='0' style='margin-top:6px'>")
    for label, value in rows(collection, schema):
        parts.append(
            f"<tr><td style='color:{dim}; padding:1px 12px 1px 0'>{html.escape(label)}</td>"
            f"<td style='padding:1px 0'>{_linked(value)}</td></tr>"
        )
    parts.append("</table>")
    return "".join(parts)


def _linked(value: str) -> str:
    shown = html.escape(value).replace("\n", "<br>")
    if value.startswith(("https://", "http://")) and " " not in value:
        return f"<a href='{html.escape(value, quote=True)}'>{shown}</a>"
    return shown
