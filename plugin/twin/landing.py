"""The front door of a twin: finding its landing page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ..text import tr
from .errors import BadResponse, NotATwin, NotFound, TwinError
from .links import REL, link, parse_links
from .replies import Reply, query_of, scrub, with_query, without_query
from .session import Session

_HIGHEST = 8  # how many levels above the given address a landing page is looked for


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
        document, reply = json_page(session, session.url)
        if is_landing(document):
            return document, reply, ()
    except (BadResponse, NotFound) as error:
        if error.status in (0, 405) or (isinstance(error, BadResponse) and error.status >= 400 and error.status != 406):
            raise
        first = error
    for candidate in _above(session, document):
        try:
            found, reply = json_page(session, candidate)
        except TwinError:
            continue  # a level without an answer is only not the landing page
        if is_landing(found):
            shown = scrub(base_of(reply.url))
            return (
                found,
                reply,
                (tr("The address given lies below the twin's landing page; {url} is used.", url=shown),),
            )
    raise _not_a_twin(session, document, first)


def json_page(session: Session, url: str) -> tuple[dict[str, Any], Reply]:
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
    seen = {base_of(session.url)}
    links = parse_links(session, session.url, document) if document else ()
    for rel in ("root", "home", "landing-page", "service", "up"):
        href = link(links, rel)
        if href and session.is_home(href) and base_of(href) not in seen:
            seen.add(base_of(href))
            yield href
    parts = urlsplit(session.url)
    segments = [s for s in parts.path.split("/") if s]
    query = "&".join(p for p in parts.query.split("&") if p and p.partition("=")[0] not in _ITEM_QUERY)
    for n in range(len(segments) - 1, max(-1, len(segments) - 1 - _HIGHEST), -1):
        path = "/" + "/".join(segments[:n])
        url = urlunsplit((parts.scheme, parts.netloc, path, query, ""))
        if base_of(url) not in seen:
            seen.add(base_of(url))
            yield url


_ITEM_QUERY = frozenset(
    {"f", "limit", "offset", "bbox", "bbox-crs", "crs", "datetime", "cursor", "startindex", "filter"}
)


def base_of(url: str) -> str:
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
