"""The links of a twin's documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from .model import Link
from .session import Session

REL = "http://www.opengis.net/def/rel/ogc/1.0/"


def parse_links(session: Session, base: str, document: Mapping[str, Any]) -> tuple[Link, ...]:
    """The readable ones of a document's links, absolute."""
    found = []
    links = document.get("links")
    for raw in links if isinstance(links, list) else []:
        if isinstance(raw, dict) and isinstance(raw.get("href"), str) and raw["href"].strip():
            rel, kind, title = (raw.get(k) if isinstance(raw.get(k), str) else "" for k in ("rel", "type", "title"))
            found.append(Link(session.resolve(base, raw["href"]), str(rel), str(kind), str(title)))
    return tuple(found)


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
