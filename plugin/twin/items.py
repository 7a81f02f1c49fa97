"""One item: out of GeoJSON, with its id, its lock and its place."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from typing import Any

from .model import Extent, GeometryText, Item

# What Apache, nginx, Jetty and others put into the ETag of what they compress.
_REWRITTEN = tuple(
    f"{mark}{kind}{quote}" for mark in "-;:" for kind in ("gzip", "br", "deflate", "df", "zstd") for quote in ('"', "")
)
_LAST = {mark.rstrip('"')[-1] for mark in _REWRITTEN}  # most have another letter there: one look less


def parse_item(feature: Mapping[str, Any], *, item_etags: bool) -> Item:
    """A GeoJSON Feature as `Item`. ``item_etags``: the twin declares that the member ``etag`` is the item's token."""
    raw = feature.get("id")
    properties = feature.get("properties")
    geometry = feature.get("geometry")
    token = None
    updated = updated_by = None
    if item_etags:
        token = usable_token(feature.get("etag"))
        updated, updated_by = feature.get("updated"), feature.get("updatedBy")
    return Item(
        # most ids are plain text: two calls less
        raw if isinstance(raw, str) and raw and raw.isascii() and "\x00" not in raw else item_id(raw),
        properties if isinstance(properties, dict) else {},
        geometry if isinstance(geometry, (GeometryText, dict)) else None,
        token,
        raw,
        updated if isinstance(updated, str) else None,
        updated_by if isinstance(updated_by, str) else None,
    )


def item_id(raw: Any) -> str | None:
    """An id as text: integers keep their digits, 12.0 is 12, an empty one is none."""
    if isinstance(raw, str):
        return raw if raw and is_text(raw) else None
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        return None
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 2**53:
        return str(int(raw))
    return str(raw)


def is_text(text: str) -> bool:
    """Whether a text can be kept and sent: JSON can have halves of characters, and zeros at which programs stop."""
    if "\x00" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def usable_token(etag: Any) -> str | None:
    """An ETag that can serve as a lock; None for weak ones and for those a server in between has rewritten."""
    if not isinstance(etag, str):
        return None
    if etag[:1] != '"' or etag[-1:] != '"':
        etag = etag.strip()
        if etag[:2].upper() == "W/":
            return None
    if len(etag) < 3 and etag in ("", '""'):
        return None
    if (etag[-1] != '"' or etag[-2] in _LAST) and etag.endswith(_REWRITTEN):
        return None
    return etag if etag.isascii() or is_text(etag) else None


def written_by_server(etag: str) -> str:
    """An ETag as it was before a proxy made it weak or named its compression in it."""
    etag = etag.strip()
    if etag[:2].upper() == "W/":
        etag = etag[2:]
    for mark in _REWRITTEN:
        if etag.endswith(mark):
            return etag[: -len(mark)] + ('"' if mark.endswith('"') else "")
    return etag


_FIRST = re.compile(r"[\[\s]*(-?[0-9.eE+-]+)\s*,\s*(-?[0-9.eE+-]+)", re.ASCII)


def is_outside(geometry: Mapping[str, Any] | GeometryText, box: Extent) -> bool:
    """Whether a geometry's bounding box lies wholly outside ``box`` (both in the same axis order)."""
    if isinstance(geometry, GeometryText):
        first = _FIRST.match(geometry.coordinates)
        with contextlib.suppress(ValueError):
            if first and box[0] <= float(first[1]) <= box[2] and box[1] <= float(first[2]) <= box[3]:
                return False  # most: not worth reading the others
        geometry = geometry.decoded()
    parts = geometry.get("geometries")
    if isinstance(parts, list):
        kept = [g for g in parts if isinstance(g, dict)]
        return bool(kept) and all(is_outside(g, box) for g in kept)
    here = geometry.get("coordinates")
    bounds = [float("inf"), float("inf"), float("-inf"), float("-inf")]
    try:
        return (
            not _touches(here, box, bounds)
            and not (bounds[0] <= box[2] and bounds[2] >= box[0] and bounds[1] <= box[3] and bounds[3] >= box[1])
            and bounds[0] <= bounds[2]
        )
    except (TypeError, IndexError):
        return False  # malformed: whether it is kept is not for this to decide


def _touches(coordinates: Any, box: Extent, bounds: list[float]) -> bool:
    """True at the first position inside ``box``; else ``bounds`` grows by every position."""
    if not isinstance(coordinates, list) or not coordinates:
        return False
    if isinstance(coordinates[0], list):
        return any(_touches(c, box, bounds) for c in coordinates)
    x, y = coordinates[0], coordinates[1]
    if box[0] <= x <= box[2] and box[1] <= y <= box[3]:
        return True
    bounds[0], bounds[1] = min(bounds[0], x), min(bounds[1], y)
    bounds[2], bounds[3] = max(bounds[2], x), max(bounds[3], y)
    return False


def first_position(geometry: Mapping[str, Any] | None) -> tuple[float, float] | None:
    """The first two numbers of a geometry; None where it has none."""
    here: Any = geometry.get("coordinates") if geometry else None
    while isinstance(here, list) and here and isinstance(here[0], list):
        here = here[0]
    if isinstance(here, list) and len(here) >= 2 and all(isinstance(v, (int, float)) for v in here[:2]):
        return here[0], here[1]
    return None
