"""The links of a twin's documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from .model import Link
from .session import Session

REL = "http://www.opengis.net/def/rel/ogc/1.0/"


@dataclass(frozen=True)
class FileLink(Link):
    """A link to a file, or to items in a file's format. ``length`` in bytes, as told; ``columns``: its own names for an
    item's ``id`` and ``etag`` (our profile's ``x-citytwin-columns``); ``changed``: when what it is made from last
    changed (RFC 3339), as the document with the link tells."""

    length: int | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    changed: str = ""


def parse_links(session: Session, base: str, document: Mapping[str, Any]) -> tuple[Link, ...]:
    """The readable ones of a document's links, absolute."""
    found: list[Link] = []
    links = document.get("links")
    for raw in links if isinstance(links, list) else []:
        if isinstance(raw, dict) and isinstance(raw.get("href"), str) and raw["href"].strip():
            rel, kind, title = (raw.get(k) if isinstance(raw.get(k), str) else "" for k in ("rel", "type", "title"))
            href = session.resolve(base, raw["href"])
            if rel == "enclosure" or "flatgeobuf" in str(kind).lower():
                changed = document.get("updated")
                changed = changed if isinstance(changed, str) else ""
                found.append(FileLink(href, str(rel), str(kind), str(title), _length(raw), _columns(raw), changed))
            else:
                found.append(Link(href, str(rel), str(kind), str(title)))
    return tuple(found)


def _length(raw: Mapping[str, Any]) -> int | None:
    length = raw.get("length")
    return length if isinstance(length, int) and not isinstance(length, bool) and length > 0 else None


def _columns(raw: Mapping[str, Any]) -> dict[str, str]:
    named = raw.get("x-citytwin-columns")
    named = named if isinstance(named, dict) else {}
    return {role: name for role, name in named.items() if isinstance(name, str) and name}


def link(links: Iterable[Link], *rels: str, types: tuple[str, ...] = ("json",)) -> str | None:
    """The address of the first link with one of ``rels`` (also as OGC's long form), JSON ones before untyped ones."""
    wanted = {
        *rels,
        *(REL + r for r in rels),
        *((REL + r).replace("http:", "https:", 1) for r in rels),
        *(f"ogc-rel:{r}" for r in rels),
    }
    matching = [one for one in links if one.rel in wanted]
    for kind in types:
        for one in matching:
            if kind in one.type.lower() and "ld+json" not in one.type.lower():
                return one.href
    return next((one.href for one in matching if not one.type), None)


def below(url: str, name: str) -> str:
    """``name`` as a level below the page at ``url``, its query kept."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}", fragment=""))
