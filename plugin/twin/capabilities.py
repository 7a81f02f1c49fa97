"""What a twin says it can do: its landing page, conformance page and, for silent writers, API description."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from ..text import tr
from . import qgis_server
from .errors import BadResponse, NotATwin, NotFound, Rejected, TwinError
from .landing import base_of, find_landing, json_page
from .links import below, link, parse_links
from .model import Capabilities, Link, Locking, Tier
from .replies import Reply, query_of, scrub, without_query
from .session import Session

EXTENSION = "urn:x-citytwin:conf:"
WRITES = ("POST", "PUT", "PATCH", "DELETE")

_CLASS = re.compile(r"([\w.\-]+)/[\w.\-]+/(?:conf|req)/([\w\-/]+?)/?$")
_OPENAPI = "application/vnd.oai.openapi+json;version=3.0, application/openapi+json;q=0.9, application/json;q=0.8"


class Conformance:
    """The conformance classes of a twin, matched by name whatever their version and spelling."""

    def __init__(self, uris: Iterable[str]) -> None:
        self.uris = tuple(uris)
        self._classes = {(m[1].lower(), m[2].lower()) for m in map(_CLASS.search, self.uris) if m}

    def has(self, standard: str, *names: str) -> bool:
        """Whether any of a standard's classes ``names`` is there (none named: any class at all)."""
        if not names:
            return any(s == standard for s, _ in self._classes)
        return any((standard, n) in self._classes for n in names)

    def extends(self, name: str) -> bool:
        return EXTENSION + name in self.uris


def read_capabilities(session: Session) -> Capabilities:
    """Everything the landing page, the conformance page and, for silent writers, the API description tell."""
    document, reply, problems_found = find_landing(session)
    problems = list(problems_found)
    url = scrub(_keep_query(session.url, reply.url))
    if not session.is_home(reply.url):
        problems.append(
            tr(
                "The twin sends us on to another server, {url}. Credentials are not sent there.",
                url=scrub(base_of(reply.url)),
            )
        )
    links = parse_links(session, reply.url, document)
    uris, missing = _conformance(session, document, reply, links)
    problems.extend(missing)
    conformance = Conformance(uris)
    if uris and not conformance.has("ogcapi-features-1", "core") and not _has_collections(links):
        raise NotATwin(
            tr(
                "{url} is an OGC API, but offers no features. Check the address with the people who run the twin.",
                url=scrub(url),
            ),
            detail=", ".join(uris)[:500],
        )
    if uris and not conformance.has("ogcapi-features-1", "core"):
        problems.append(tr("It does not declare OGC API – Features; its collections are read as if it did."))

    methods: set[str] = set()
    if conformance.has("ogcapi-features-4", "create-replace-delete"):
        methods |= {"POST", "PUT", "DELETE"}
    if conformance.has("ogcapi-features-4", "update"):
        methods.add("PATCH")
    if not methods:
        description = api_description(session, links)
        methods = set(described_methods(description) or ())
        if methods:
            problems.append(tr("It offers edits in its API description, but does not declare them as a standard asks."))
        if qgis_server.is_described(description):
            problems.append(
                tr(
                    "It is QGIS Server: a value can be changed, but it cannot be emptied, and in a layer that it "
                    "stores in EPSG:4326 no outline can be changed. Such changes stay local."
                )
            )
    server = " ".join(reply.headers.get(h, "") for h in ("Server", "X-Powered-By")).strip()[:120]
    if methods and "pygeoapi" in server.lower():
        problems.append(
            tr(
                "It is pygeoapi: a feature without a geometry cannot be published, nor a new one with a value in a "
                "column that the database computes. Such changes stay local."
            )
        )
    locking: Locking = "none"
    if conformance.has("ogcapi-features-4", "optimistic-locking-etags"):
        locking = "etags"
    elif conformance.has("ogcapi-features-4", "optimistic-locking-timestamps"):
        locking = "timestamps"
    tier: Tier = "R" if not methods else ("W0" if locking == "none" else "W1")
    transactions = _transactions(session, links, reply, conformance) if locking == "etags" else None
    if transactions is not None:
        tier = "W2"
    return Capabilities(
        url=url,
        title=_text(document.get("title")) or (urlsplit(url).hostname or ""),
        description=_text(document.get("description")),
        conformance=tuple(uris),
        tier=tier,
        locking=locking,
        methods=frozenset(methods),
        crs_supported=conformance.has("ogcapi-features-2", "crs"),
        schemas=conformance.has("ogcapi-common-3", "schemas") or conformance.has("ogcapi-features-5", "schemas"),
        queryables=conformance.has("ogcapi-features-3", "queryables")
        or conformance.has("ogcapi-common-3", "queryables"),
        item_etags=conformance.extends("item-etags"),
        create_with_id=conformance.extends("create-with-id"),
        delete_if_match=conformance.extends("delete-if-match"),
        sensorthings=_sensorthings(links),
        tiles3d=tuple(one for one in links if _is_tiles3d(one)),
        links=links,
        server=server,
        problems=tuple(problems),
        transactions=transactions,
        max_actions=_max_actions(session, document, links) if transactions is not None else None,
    )


def _transactions(session: Session, links: Iterable[Link], reply: Reply, conformance: Conformance) -> str | None:
    """Where change sets are posted to: only where they are atomic, JSON, and every action has a lock of its own.

    Source: OGC API – Features Part 11 (proposal 26-018), whose text and table spell the classes differently.
    """
    part11 = "ogcapi-features-11"
    if not (
        conformance.has(part11, "transactions")
        and conformance.has(part11, "json-transactions", "json")
        and conformance.has(part11, "atomic-transactions", "atomic-semantics")
        and conformance.extends("transaction-if-match")
    ):
        return None
    url = link(links, "transactions") or below(without_query(reply.url), "transactions")
    return url if session.is_home(url) else None  # nobody's edits go to a server that they did not choose


def _max_actions(session: Session, document: Mapping[str, Any], links: Iterable[Link]) -> int | None:
    """How many actions a set may have: as the landing page says (our profile), else as the API description does."""
    limit: Any = _member(document, "x-citytwin-transactions", "maxActions")
    if limit is None:
        try:
            described = api_description(session, links)
        except TwinError:
            return None  # a second opinion only; without it sets are tried as large as they are
        operation = _member(described, "paths", "/transactions", "post", "requestBody", "content")
        for kind in operation.values() if isinstance(operation, dict) else ():
            limit = limit or _member(kind, "schema", "properties", "transaction", "maxItems")
    return limit if isinstance(limit, int) and not isinstance(limit, bool) and limit > 0 else None


def _member(document: Any, *names: str) -> Any:
    for name in names:
        document = document.get(name) if isinstance(document, dict) else None
    return document


def _keep_query(given: str, found: str) -> str:
    """``found`` without what we added ourselves to get JSON."""
    return found if query_of(given).get("f") == query_of(found).get("f") else without_query(found, "f")


def _conformance(
    session: Session, document: Mapping[str, Any], reply: Reply, links: tuple[Link, ...]
) -> tuple[list[str], list[str]]:
    inline = document.get("conformsTo")
    if isinstance(inline, list) and inline:
        return _strings(inline), []
    href = link(links, "conformance") or below(reply.url, "conformance")
    try:
        page, _ = json_page(session, href)
    except (NotFound, BadResponse) as error:
        return [], [tr("It does not say what it conforms to, so only reading is tried: {reason}", reason=error.message)]
    classes = page.get("conformsTo")
    if not isinstance(classes, list):
        return [], [tr("Its conformance page lists nothing, so only reading is tried.")]
    return _strings(classes), []


def _has_collections(links: Iterable[Link]) -> bool:
    return link(links, "data") is not None


def _sensorthings(links: Iterable[Link]) -> str | None:
    for one in links:
        text = f"{one.rel} {one.type} {one.title}".lower()
        if (
            "sensorthings" in text
            or "iot_sensing" in text
            or re.search(r"sensorthings|/(frost|sta)/v1\.[01]/?$", one.href, re.I)
        ):
            return one.href
    return None


def _is_tiles3d(one: Link) -> bool:
    text = f"{one.rel} {one.type}".lower()
    return (
        "3dtiles" in text
        or "3d-tiles" in text
        or "3dtile" in text
        or urlsplit(one.href).path.lower().endswith("tileset.json")
    )


def api_description(session: Session, links: Iterable[Link]) -> dict[str, Any]:
    """The OpenAPI document; {} where there is none that can be read (it is only ever a second opinion)."""
    href = link(links, "service-desc", types=("openapi+json", "json"))
    if not href:
        return {}
    try:
        return session.get_json(href, accept=_OPENAPI)[0]
    except (BadResponse, NotFound, Rejected):
        return {}


def described_methods(description: Mapping[str, Any], collection: str | None = None) -> frozenset[str] | None:
    """The write methods that an OpenAPI document has for ``collection`` (None: for any); None where it is silent."""
    paths = description.get("paths")
    if not isinstance(paths, dict):
        return None
    found: set[str] = set()
    told = False
    for path, operations in paths.items():
        match = re.search(r"/collections/([^/]+)/items(/[^/]+)?/?$", str(path))
        if not match or not isinstance(operations, dict):
            continue
        named = match.group(1)
        if collection is None or named == collection or named.startswith("{"):
            told = True
            found |= {m.upper() for m in operations} & set(WRITES)
    return frozenset(found) if told else None


def _strings(values: Iterable[Any]) -> list[str]:
    return [v for v in values if isinstance(v, str)]


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
