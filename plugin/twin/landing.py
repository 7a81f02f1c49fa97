"""The front door of a twin: finding its landing page, and reading what it says it can do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ..text import tr
from . import qgis_server
from .errors import BadResponse, NotATwin, NotFound, Rejected, TwinError
from .model import Capabilities, Link, Locking, Tier
from .replies import Reply, looks_like_xml, query_of, scrub, server_words, with_query, without_query
from .session import Session

REL = "http://www.opengis.net/def/rel/ogc/1.0/"
EXTENSION = "urn:x-citytwin:conf:"
WRITES = ("POST", "PUT", "PATCH", "DELETE")

_CLASS = re.compile(r"([\w.\-]+)/[\w.\-]+/(?:conf|req)/([\w\-/]+?)/?$")
_HIGHEST = 8  # how many levels above the given address a landing page is looked for
_OPENAPI = "application/vnd.oai.openapi+json;version=3.0, application/openapi+json;q=0.9, application/json;q=0.8"


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


def is_landing(document: Mapping[str, Any]) -> bool:
    """Whether a JSON page is a landing page: the conformance page, collections and other pages have links too."""
    links = document.get("links")
    rels = {str(one.get("rel")) for one in links if isinstance(one, dict)} if isinstance(links, list) else set()
    known = {rel.replace("https:", "http:").replace(REL, "") for rel in rels}
    if ("id" in document and "extent" in document) or "collections" in document:
        return False
    described = bool(known & {"data", "service-desc", "service-doc"})
    return "conformance" in known or (isinstance(document.get("conformsTo"), list) and described)


def find_landing(session: Session) -> tuple[dict[str, Any], Reply, tuple[str, ...]]:
    """The landing page at or above the session's address: (document, reply, what the user should know).

    People paste the address of a collection, of the conformance page or of a web page below: links to the root are
    followed and levels climbed. Raises `NotATwin`, `NotFound`, or whatever keeps the first address from answering.
    """
    first: TwinError | None = None
    document: dict[str, Any] | None = None
    try:
        document, reply = _json_page(session, session.url)
        if is_landing(document):
            return document, reply, ()
    except (BadResponse, NotFound) as error:
        if error.status in (0, 405) or (isinstance(error, BadResponse) and error.status >= 400 and error.status != 406):
            raise
        first = error
    for candidate in _above(session, document):
        try:
            found, reply = _json_page(session, candidate)
        except TwinError:
            continue  # a level without an answer is only not the landing page
        if is_landing(found):
            shown = scrub(_base(reply.url))
            return (
                found,
                reply,
                (tr("The address given lies below the twin's landing page; {url} is used.", url=shown),),
            )
    raise _not_a_twin(session, document, first)


def _json_page(session: Session, url: str) -> tuple[dict[str, Any], Reply]:
    """A JSON page, asked for a second time with ``f=json`` where the first answer is none."""
    try:
        return session.get_json(url)
    except BadResponse as error:
        if "f" in query_of(url) and query_of(url)["f"] == "json":
            raise
        if error.status >= 400 and error.status != 406:
            raise
        try:
            return session.get_json(with_query(url, f="json"))
        except TwinError:
            raise error from None


def _above(session: Session, document: Mapping[str, Any] | None) -> Iterator[str]:
    seen = {_base(session.url)}
    links = parse_links(session, session.url, document) if document else ()
    for rel in ("root", "home", "landing-page", "service", "up"):
        href = link(links, rel)
        if href and session.is_home(href) and _base(href) not in seen:
            seen.add(_base(href))
            yield href
    parts = urlsplit(session.url)
    segments = [s for s in parts.path.split("/") if s]
    query = "&".join(p for p in parts.query.split("&") if p and p.partition("=")[0] not in _ITEM_QUERY)
    for n in range(len(segments) - 1, max(-1, len(segments) - 1 - _HIGHEST), -1):
        path = "/" + "/".join(segments[:n])
        url = urlunsplit((parts.scheme, parts.netloc, path, query, ""))
        if _base(url) not in seen:
            seen.add(_base(url))
            yield url


_ITEM_QUERY = frozenset(
    {"f", "limit", "offset", "bbox", "bbox-crs", "crs", "datetime", "cursor", "startindex", "filter"}
)


def _base(url: str) -> str:
    return without_query(url).rstrip("/")


def _not_a_twin(session: Session, document: Mapping[str, Any] | None, first: TwinError | None) -> TwinError:
    url = scrub(session.url)
    if isinstance(first, NotFound):
        return first
    detail = first.detail if first else f"members: {', '.join(sorted(map(str, document or {})))[:200]}"
    if (
        document is not None
        and isinstance(document.get("value"), list)
        and (
            "serverSettings" in document
            or any(isinstance(v, dict) and v.get("name") == "Things" for v in document["value"])
        )
    ):
        return NotATwin(
            tr(
                "{url} is a SensorThings service: it has sensors, but no layers to check out. Use the address of the "
                "twin's OGC API landing page.",
                url=url,
            ),
            detail=detail,
        )
    if first is not None and "xml" in first.detail:
        return NotATwin(
            tr(
                "{url} answers with XML, as WMS and WFS services do. The workbench needs an OGC API – Features "
                "service; ask the people who run it for that address.",
                url=url,
            ),
            detail=detail,
        )
    if first is not None:
        return NotATwin(
            tr(
                "{url} is a web page, not a twin: no OGC API answers there. Use the address of the API's landing "
                "page; the web page's documentation usually names it.",
                url=url,
            ),
            detail=f"{first.message} {detail}",
        )
    return NotATwin(
        tr(
            "{url} answers, but it is no OGC API – Features service. Check the address with the people who run the "
            "twin.",
            url=url,
        ),
        detail=detail,
    )


def read_capabilities(session: Session) -> Capabilities:
    """Everything the landing page, the conformance page and, for silent writers, the API description tell."""
    document, reply, problems_found = find_landing(session)
    problems = list(problems_found)
    url = scrub(_keep_query(session.url, reply.url))
    if not session.is_home(reply.url):
        problems.append(
            tr(
                "The twin sends us on to another server, {url}. Credentials are not sent there.",
                url=scrub(_base(reply.url)),
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
        server=" ".join(reply.headers.get(h, "") for h in ("Server", "X-Powered-By")).strip()[:120],
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
        page, _ = _json_page(session, href)
    except (NotFound, BadResponse) as error:
        return [], [tr("It does not say what it conforms to, so only reading is tried: {reason}", reason=error.message)]
    classes = page.get("conformsTo")
    if not isinstance(classes, list):
        return [], [tr("Its conformance page lists nothing, so only reading is tried.")]
    return _strings(classes), []


def _has_collections(links: Iterable[Link]) -> bool:
    return link(links, "data") is not None


def below(url: str, name: str) -> str:
    """``name`` as a level below the page at ``url``, its query kept."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}", fragment=""))


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


__all__ = [
    "Conformance",
    "api_description",
    "below",
    "described_methods",
    "link",
    "looks_like_xml",
    "parse_links",
    "read_capabilities",
    "server_words",
]
