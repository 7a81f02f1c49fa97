"""Photos of a twin's items: whether it takes any, sending one, and fetching one.

An extension of the profile (docs/review.md): a collection links where photos of its items go (`REL`, with
``{featureId}`` in the address) and may tell its limits. The same picture again gets the same address, so an upload of
unclear outcome is simply repeated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from ..text import tr
from .errors import BadResponse, Rejected, ServerFailed, Unreachable
from .model import Collection
from .progress import Progress
from .replies import Reply, scrub
from .session import Session

REL = "urn:x-citytwin:rel:photos"
TYPES = ("image/jpeg", "image/png")
LARGEST = 100 << 20  # bytes of a photo that is fetched
_MEMBER = "x-citytwin-photos"
_PLACE = ("{featureId}", "{itemId}", "{id}")
_PATIENCE = 120.0  # seconds for one photo, which may go over a slow line
_AGAIN = 2  # times that an upload of unclear outcome is repeated
_LONGEST = 500  # characters of an address: what the columns of photos hold


@dataclass(frozen=True)
class Offer:
    """A collection whose items may have photos. ``template`` is an address with a place for the item's id; ``types``
    are media types; of the limits (bytes of a photo, photos of an item) None is: the twin does not say."""

    template: str
    types: tuple[str, ...] = TYPES
    max_bytes: int | None = None
    max_photos: int | None = None

    def url(self, identity: str) -> str:
        """Where the photos of an item go."""
        url = self.template
        for place in _PLACE:
            url = url.replace(place, quote(identity, safe=""))
        return url


def offer(session: Session, collection: Collection) -> Offer | None:
    """What ``collection`` says about photos of its items; None where they cannot have any.

    One small request where it links a place for them, none where it does not. Raises `AccessDenied`, `Unreachable`.
    """
    templates = [one.href for one in collection.links if one.rel == REL and any(p in one.href for p in _PLACE)]
    if not templates:
        return None
    try:
        document, _ = session.get_json(collection.self_url)
    except (BadResponse, Rejected, ServerFailed):
        document = {}
    return _offer(templates[0], document.get(_MEMBER))


def _offer(template: str, told: Any) -> Offer:
    limits: Mapping[str, Any] = told if isinstance(told, dict) else {}
    types = limits.get("types")
    named = [kind.lower() for kind in types if isinstance(kind, str)] if isinstance(types, list) else []
    return Offer(
        template,
        tuple(kind for kind in named if kind.startswith("image/")) or TYPES,
        _number(limits.get("maxBytes")),
        _number(limits.get("maxPhotos")),
    )


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def send(
    session: Session, place: Offer, identity: str, content: bytes, kind: str, *, progress: Progress | None = None
) -> str:
    """Send a photo of the item ``identity`` and return its address.

    ``kind`` is its media type. Raises `Rejected` (also before sending, for what the twin said that it does not take),
    `NotFound` where the item is gone, `Clash` where it can have no more, `AccessDenied`, `TooBusy`, `Unreachable`,
    `ServerFailed`, `BadResponse`, `Cancelled`.
    """
    if kind not in place.types:
        raise Rejected(tr("The twin takes no photos of this kind ({kind}).", kind=kind))
    if place.max_bytes is not None and len(content) > place.max_bytes:
        raise Rejected(
            tr(
                "The photo is too large for the twin: {n} kB, and it takes {most} kB.",
                n=len(content) // 1000,
                most=place.max_bytes // 1000,
            )
        )
    left = _AGAIN
    while True:
        try:
            reply = session.request(
                "POST", place.url(identity), headers={"Content-Type": kind}, body=content, write=True,
                progress=progress, timeout=_PATIENCE,
            )  # fmt: skip
            return _address(session, reply)
        except (Unreachable, ServerFailed):
            if not left:
                raise
            left -= 1


def fetch(session: Session, address: str, *, progress: Progress | None = None) -> bytes:
    """A photo's bytes, whoever keeps it; credentials go to the twin's own origin only.

    Raises `BadResponse` for what is no picture, and other `TwinError`, `Cancelled`.
    """
    reply = session.request("GET", address, accept="image/*", progress=progress, timeout=_PATIENCE)
    if not reply.content_type.startswith("image/") or "svg" in reply.content_type or len(reply.content) > LARGEST:
        raise BadResponse(
            tr("{url} is no photo.", url=scrub(address)), detail=f"{reply.content_type}, {len(reply.content)} bytes"
        )
    return reply.content


def _address(session: Session, reply: Reply) -> str:
    """Where the photo is now: Location, or the answer's ``href``."""
    href = reply.headers.get("Location", "").strip() or _told(reply)
    url = session.resolve(reply.url, href) if href else ""
    if urlsplit(url).scheme not in ("http", "https") or not 0 < len(url) <= _LONGEST:
        raise BadResponse(
            tr("The twin took the photo, but does not tell its address. Tell the people who run the twin."),
            detail=f"HTTP {reply.status}, {href[:200]!r}",
            status=reply.status,
        )
    return url


def _told(reply: Reply) -> str:
    try:
        document = json.loads(reply.content.decode("utf-8"))
    except (ValueError, RecursionError):
        return ""
    href = document.get("href") if isinstance(document, dict) else None
    return href if isinstance(href, str) else ""
