"""Whole collections as one file: what a twin offers, and bringing such a file here.

A collection's link ``rel=enclosure`` to a GeoPackage or a FlatGeobuf holds every item of it. Reading that takes a tenth
of what reading pages takes; it is for whoever reads it to prove that the file holds what the pages would.
"""

from __future__ import annotations

import email.utils
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlsplit

from requests.utils import parse_header_links

from ..text import number, tr
from .crs import CrsChoice
from .errors import BadResponse
from .items import parse_item
from .links import FileLink
from .model import Collection, Item
from .page import content_crs_fits
from .progress import Progress
from .replies import Reply, scrub
from .session import GEOJSON, Session

Kind = Literal["gpkg", "fgb"]
NOTHING: Mapping[str, str] = MappingProxyType({})
SAMPLE = 100  # items that a file is compared with

_TYPES: dict[str, Kind] = {
    "application/geopackage+sqlite3": "gpkg",
    "application/geopackage+vnd.sqlite3": "gpkg",
    "application/flatgeobuf": "fgb",
    "application/x-flatgeobuf": "fgb",
    "application/vnd.flatgeobuf": "fgb",
}
_PLAIN = ("", "application/octet-stream", "binary/octet-stream", "application/vnd.sqlite3", "application/x-sqlite3")
_ORDER: tuple[Kind, ...] = ("gpkg", "fgb")  # the quicker one first
_SPARE = 1 << 24  # bytes that a file may be longer than it says, or than its link says


@dataclass(frozen=True)
class Offer:
    """A file of a whole collection. ``id_column``, ``etag_column``: what its columns of that meaning are called."""

    url: str
    kind: Kind
    length: int | None
    id_column: str
    etag_column: str
    changed: datetime | None = None  # when the collection was last changed, as far as the twin tells
    paged: bool = False  # no file of everything, but items as such files, page by page


@dataclass(frozen=True)
class Arrived:
    """The file is here. ``moment``: whose state of the collection it shows, as far as the twin tells."""

    path: Path
    offer: Offer
    moment: datetime | None
    following: str | None = None  # where the next page is

    @property
    def is_current(self) -> bool:
        """Whether nothing has changed since, as far as the twin tells."""
        if self.offer.paged:
            return True
        changed = self.offer.changed
        return self.moment is not None and changed is not None and changed.replace(microsecond=0) <= self.moment


def offers(collection: Collection) -> tuple[Offer, ...]:
    """The files of ``collection`` that can be read, the quickest first; where there are none, items as FlatGeobuf."""
    files, items = [], []
    for link in collection.links:
        if isinstance(link, FileLink):
            kind = _TYPES.get(link.type.lower().split(";")[0].strip()) or _by_ending(link)
            key, token = (link.columns.get(role, role) for role in ("id", "etag"))
            if kind is not None and link.rel == "enclosure":
                files.append(Offer(link.href, kind, link.length, key, token, _changed(link.changed)))
            elif kind == "fgb" and link.rel == "items":
                items.append(Offer(link.href, kind, None, key, token, paged=True))
    return tuple(sorted(files, key=lambda offer: _ORDER.index(offer.kind))) or tuple(items[:1])


def _by_ending(link: FileLink) -> Kind | None:
    if link.type.lower().split(";")[0].strip() not in _PLAIN:
        return None
    path = urlsplit(link.href).path.lower()
    return next((kind for kind in _ORDER if path.endswith(f".{kind}")), None)


def _changed(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.upper().replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else None


def download(
    session: Session, offer: Offer, title: str, to: Sink, progress: Progress, params: Mapping[str, str] = NOTHING
) -> Arrived:
    """Bring a file, or one page of items, here.

    Raises `BadResponse` for what is no such file, and the errors of `Session.request`.
    """
    longest = offer.length * 2 + _SPARE if offer.length else None

    def into(headers: Mapping[str, str], pieces: Iterator[bytes]) -> None:
        whole = headers.get("Content-Length", "")
        total = int(whole) if whole.isascii() and whole.isdigit() and not headers.get("Content-Encoding") else None
        _check_type(headers.get("Content-Type", ""), offer)
        to.begin()
        done = 0
        for piece in pieces:
            done += len(piece)
            if longest is not None and done > longest:
                raise BadResponse(
                    tr("{url} is far larger than the twin said.", url=scrub(offer.url)), detail=f"over {longest} bytes"
                )
            to.write(piece)
            text = tr("{title}: {done} MB of its file", title=title, done=number(done // 1_000_000))
            progress.report(done, total or offer.length, text)
        to.end()

    types = ", ".join(name for name, kind in _TYPES.items() if kind == offer.kind)
    accept = types if offer.paged else f"{types}, */*;q=0.1"
    reply = session.request("GET", offer.url, params=params, accept=accept, progress=progress, into=into)
    return Arrived(to.path, offer, _moment(reply), _following(session, reply) if offer.paged else None)


def _following(session: Session, reply: Reply) -> str | None:
    """The next page, as the header Link tells (RFC 8288)."""
    for one in parse_header_links(reply.headers.get("Link", "")):
        if one.get("rel") == "next" and one.get("url"):
            return session.resolve(reply.url, one["url"])
    return None


def _check_type(told: str, offer: Offer) -> None:
    media_type = told.lower().split(";")[0].strip()
    if _TYPES.get(media_type, offer.kind if media_type in _PLAIN else None) != offer.kind:
        words = tr("{url} is no {kind} file.", url=scrub(offer.url), kind=NAMES[offer.kind])
        raise BadResponse(words, detail=f"Content-Type {media_type}")


NAMES: dict[Kind, str] = {"gpkg": "GeoPackage", "fgb": "FlatGeobuf"}


class Sink:
    """Where a download goes. Errors of the disk are for whoever owns the file to put into words."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self) -> None:
        """A body begins; what an earlier try left is gone."""
        raise NotImplementedError

    def write(self, piece: bytes) -> None:
        """The next piece of it."""
        raise NotImplementedError

    def end(self) -> None:
        """It is whole."""
        raise NotImplementedError


def _moment(reply: Reply) -> datetime | None:
    try:
        found = email.utils.parsedate_to_datetime(reply.headers.get("Last-Modified", ""))
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def sample(session: Session, collection: Collection, choice: CrsChoice, *, item_etags: bool) -> list[Item] | None:
    """Some items as the pages have them; None where they come in another CRS than they are asked for in."""
    params = {"limit": str(SAMPLE), **({"crs": choice.uri} if choice.uri is not None else {})}
    page, reply = session.get_json(collection.items_url, params=params, accept=GEOJSON)
    features = page.get("features")
    if not isinstance(features, list) or not content_crs_fits(reply, choice):
        return None
    found = [one for one in features[:SAMPLE] if isinstance(one, dict) and one.get("type") == "Feature"]
    return [parse_item(one, item_etags=item_etags) for one in found]
