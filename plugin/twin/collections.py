"""What a twin says about its collections, read with patience for what servers leave out."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from .crs import crs_key, transform_extent
from .errors import Unsupported
from .fit import GEOMETRY_TYPES
from .links import below, link, parse_links
from .model import Capabilities, Collection, Extent, Link
from .replies import scrub
from .session import Session

_BY_LOWER = {name.lower(): name for name in GEOMETRY_TYPES}


def parse_collection(
    session: Session,
    capabilities: Capabilities,
    document: Mapping[str, Any],
    base: str,
    *,
    shared_crs: Iterable[str] = (),
    shared_links: tuple[Link, ...] = (),
) -> Collection | None:
    """One collection; None without an id. ``base`` is the collections page, ``shared_*`` what it says for all."""
    identity = document.get("id", document.get("name"))
    if isinstance(identity, bool) or not isinstance(identity, (str, int)) or identity == "":
        return None
    name = str(identity)
    links = parse_links(session, base, document)
    own = below(_without_f(base), quote(name, safe=""))
    storage = document.get("storageCrs")
    return Collection(
        id=name,
        title=_text(document.get("title")) or name,
        description=_text(document.get("description")),
        geometry_type=_geometry_type(document),
        has_z=document.get("geometryDimension") == 3 or document.get("x-citytwin-dimension") == 3,
        count=_count(document),
        extent=_extent(document),
        licence=_licence(document, links, shared_links),
        attribution=_text(document.get("attribution")),
        crs=_crs_list(document, shared_crs),
        storage_crs=storage if isinstance(storage, str) and storage else None,
        items_url=link(links, "items", types=("geo+json", "json")) or below(own, "items"),
        self_url=link(links, "self") or own,
        schema_url=_schema_url(links),
        methods=capabilities.methods,
        is_features=str(document.get("itemType", "feature")).lower() in ("feature", "features", ""),
        links=links,
    )


def _without_f(url: str) -> str:
    return re.sub(r"\?.*$", "", url)


def _geometry_type(document: Mapping[str, Any]) -> str:
    value = document.get("geometryType")
    if not isinstance(value, str):
        return ""
    return "none" if value.lower() == "none" else _BY_LOWER.get(value.lower().removesuffix("z"), "")


def _count(document: Mapping[str, Any]) -> int | None:
    for name in ("itemCount", "numberOfFeatures", "featureCount"):
        value = document.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
    return None


def _crs_list(document: Mapping[str, Any], shared: Iterable[str]) -> tuple[str, ...]:
    found: list[str] = []
    value = document.get("crs")
    for uri in value if isinstance(value, list) else [value]:
        if isinstance(uri, str):
            found.extend(shared if uri == "#/crs" else [uri])
    return tuple(dict.fromkeys(found))


def _extent(document: Mapping[str, Any]) -> Extent | None:
    """The first bounding box, as CRS84; None for nulls, infinities and everything that is no box."""
    extent = document.get("extent")
    spatial = extent.get("spatial") if isinstance(extent, dict) else None
    boxes = spatial.get("bbox") if isinstance(spatial, dict) else spatial
    if isinstance(boxes, list) and boxes and isinstance(boxes[0], list):
        boxes = boxes[0]
    if not isinstance(boxes, list) or len(boxes) not in (4, 6):
        return None
    if not all(isinstance(v, (int, float)) and not isinstance(v, bool) and math.isfinite(v) for v in boxes):
        return None
    half = len(boxes) // 2
    box: Extent = (float(boxes[0]), float(boxes[1]), float(boxes[half]), float(boxes[half + 1]))
    key = crs_key(spatial["crs"]) if isinstance(spatial, dict) and isinstance(spatial.get("crs"), str) else "CRS84"
    if key == "EPSG:4326":
        box = (box[1], box[0], box[3], box[2])
    elif key.startswith("EPSG:"):
        try:
            box = transform_extent(box, int(key[5:]), 4326)
        except Unsupported:
            return None
    fits = -180.01 <= box[0] <= 180.01 and -180.01 <= box[2] <= 180.01 and -90.01 <= box[1] <= box[3] <= 90.01
    return box if fits else None


def _licence(document: Mapping[str, Any], links: tuple[Link, ...], shared: tuple[Link, ...]) -> str:
    for name in ("license", "licence"):
        value = document.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
    for one in (*links, *shared):
        if one.rel.lower() in ("license", "licence"):
            return one.title.strip() or scrub(one.href)
    return ""


def _schema_url(links: tuple[Link, ...]) -> str | None:
    found = link(links, "schema", types=("schema+json", "json"))
    if found:
        return found
    # "describedby" may be any documentation: only a JSON Schema is one.
    return next((one.href for one in links if one.rel == "describedby" and "schema+json" in one.type.lower()), None)


def queryables_url(collection: Collection) -> str | None:
    return link(collection.links, "queryables", types=("schema+json", "json"))


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
