"""Writing single items: every edit with the strongest lock that there is, and what the server made of it read back.

Source: OGC API – Features Part 4 (20-002r1), RFC 7396 (merge patch), RFC 7240 (Prefer), profile in docs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote, urljoin, urlsplit

from ..text import tr
from .capabilities import EXTENSION
from .client import item_url, items_path
from .crs import CrsChoice, swapped
from .errors import BadResponse, NotFound, Rejected, TwinError, Unsupported
from .items import item_id, parse_item, usable_token, written_by_server
from .model import Capabilities, Collection, Item, Schema
from .page import content_crs_fits
from .progress import Progress
from .qgis_server import certainly, wants_modify
from .replies import Reply, decode_json, looks_like_html, scrub, server_words
from .session import GEOJSON, Session

_FEATURE = "application/geo+json"
_JSON = "application/json"
_MERGE_PATCH = "application/merge-patch+json"
_LONGEST_MESSAGE = 1000  # characters; a header must stay small


class Unset:
    """The type of `UNSET`."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset()
"""A geometry that a patch leaves alone (None would remove it)."""


@dataclass(frozen=True)
class Written:
    """What the server confirmed.

    ``item`` and ``token`` belong together: the item as the server now has it (coordinates in the twin's axis order, as
    everywhere) and its lock. ``item`` is None where the server did not show it, or where somebody changed it again
    before it could be read back (``overtaken``): then ``token``, where there is one, is that of our write. ``queued``:
    accepted (202) but not done yet. ``proven``: the item is what our write left; False where it was read afterwards
    and nothing tells whether somebody wrote in between, so it has to be compared with what was sent.
    """

    id: str | None
    token: str | None = None
    item: Item | None = None
    queued: bool = False
    overtaken: bool = False
    status: int = 200
    proven: bool = True


class Writer:
    """Creates, changes and deletes the items of one collection.

    Geometries are handed in as GeoJSON with east/north coordinates in the CRS of ``choice``; the twin's axis order is
    this class's business. All methods raise the errors of `Session.request`: `Clash` for a lost lock, `Rejected`,
    `NotFound`, `AccessDenied`; `Unreachable` with ``sent`` and `ServerFailed` where the outcome is unclear. Several
    threads may use one writer at once; it keeps nothing between calls.

    A twin without a lock (tier W0) is not believed: after each write the item is read again, and a delete has to show.
    """

    def __init__(
        self,
        session: Session,
        capabilities: Capabilities,
        collection: Collection,
        schema: Schema,
        choice: CrsChoice,
        *,
        progress: Progress | None = None,
    ) -> None:
        self._session = session
        self._capabilities = capabilities
        self._collection = collection
        self._schema = schema
        self._choice = choice
        self._progress = progress
        self._items = items_path(collection)
        self._knows_messages = any(uri.startswith(EXTENSION) for uri in capabilities.conformance)

    @property
    def collection(self) -> Collection:
        return self._collection

    @property
    def choice(self) -> CrsChoice:
        return self._choice

    def get(self, identity: str) -> tuple[Item, str | None]:
        """The item as it is now, and its lock (None where the twin has none that can be trusted). Raises `NotFound`."""
        url = self._url(identity)
        params = {"crs": self._choice.uri} if self._choice.uri is not None else None
        reply = certainly(
            self._session,
            self._collection,
            lambda: self._session.request("GET", url, params=params, accept=GEOJSON, progress=self._progress),
        )
        item = self._item(reply)
        if item is None:
            raise BadResponse(
                tr("{url} is no GeoJSON feature. Tell the people who run the twin.", url=scrub(reply.url)),
                detail=f"{reply.content_type}, {len(reply.content)} bytes",
                status=reply.status,
            )
        return item, item.token

    def create(
        self,
        properties: Mapping[str, Any],
        geometry: Mapping[str, Any] | None,
        *,
        client_id: str | None = None,
        message: str = "",
    ) -> Written:
        """POST a new item. ``client_id`` (a UUID) goes along only where the twin declares that a create with it can be
        repeated safely."""
        self.must("POST")
        body = self.feature(properties, geometry, client_id)
        reply = self._send("POST", self._items, body, _FEATURE, None, message)
        if reply.status == 202:
            return Written(self._created_id(reply), queued=True, status=202)
        shown = self._item(reply)
        identity = self._created_id(reply) or (shown.id if shown else None)
        if identity is None and body.get("id") is not None:
            identity = client_id
        return self._confirmed(identity, reply, shown)

    def patch(
        self,
        identity: str,
        properties: Mapping[str, Any],
        geometry: Mapping[str, Any] | Unset | None = UNSET,
        *,
        token: str | None,
        message: str = "",
    ) -> Written:
        """PATCH only what changed; a property that is None is unset."""
        self.must("PATCH")
        body: dict[str, Any] = {}
        if properties:
            body["properties"] = dict(properties)
        if not isinstance(geometry, Unset):
            body["geometry"] = self.outgoing(geometry)
        try:
            reply = self._send("PATCH", self._url(identity), body, _MERGE_PATCH, token, message)
        except Rejected as error:
            if not wants_modify(error):
                raise
            reply = self._modify(identity, body, token, message)
        return self._changed(identity, reply)

    def _modify(self, identity: str, body: Mapping[str, Any], token: str | None, message: str) -> Reply:
        """A change as QGIS Server takes it: attributes by its own PATCH, a geometry by a PUT, which merges there."""
        properties = body.get("properties", {})
        if "geometry" not in body:
            return self._send("PATCH", self._url(identity), {"modify": properties}, _JSON, token, message)
        self.must("PUT")
        if all(value is None for value in properties.values()):
            # without a value that it can write, QGIS Server passes over the geometry too
            kept = {prop.name for prop in self._schema.properties if prop.read_only}
            now = self.get(identity)[0].properties
            properties = {name: value for name, value in now.items() if name not in kept}
        whole = {"type": "Feature", "id": identity, "geometry": body["geometry"], "properties": properties}
        return self._send("PUT", self._url(identity), whole, _FEATURE, token, message)

    def replace(
        self,
        identity: str,
        properties: Mapping[str, Any],
        geometry: Mapping[str, Any] | None,
        *,
        token: str | None,
        message: str = "",
        raw_id: Any = None,
    ) -> Written:
        """PUT the whole item. The id goes along as it came (``raw_id``): some servers want it in the body."""
        self.must("PUT")
        body = {**self.feature(properties, geometry), "id": identity if raw_id is None else raw_id}
        reply = self._send("PUT", self._url(identity), body, _FEATURE, token, message)
        return self._changed(identity, reply)

    def delete(self, identity: str, *, token: str | None, message: str = "") -> Written:
        """DELETE the item. The lock is sent along; only ``delete_if_match`` tells that the twin honours it."""
        self.must("DELETE")
        reply = self._send("DELETE", self._url(identity), None, "", token, message)
        if reply.status != 202 and not self._locks and self._still_there(identity):
            raise Rejected(
                tr("The twin said that it deleted a feature, but still has it. The delete stays a local change."),
                detail=f"DELETE {scrub(reply.url)} answered {reply.status}",
                status=reply.status,
            )
        return Written(identity, queued=reply.status == 202, status=reply.status)

    def _still_there(self, identity: str) -> bool:
        try:
            self.get(identity)
        except TwinError:
            return False  # gone, or it cannot be told: then the twin's word has to do
        return True

    def must(self, *methods: str) -> None:
        """Raise `Unsupported` where the collection takes none of ``methods``; the sentence is about the first."""
        if not self._collection.methods.intersection(methods):
            raise Unsupported(
                {
                    "POST": tr("The twin takes no new features in “{title}”.", title=self._collection.title),
                    "PUT": tr("The twin does not take whole features in “{title}”.", title=self._collection.title),
                    "PATCH": tr("The twin does not take single changes in “{title}”.", title=self._collection.title),
                    "DELETE": tr("The twin lets nobody delete features in “{title}”.", title=self._collection.title),
                }[methods[0]],
                detail=f"methods: {', '.join(sorted(self._collection.methods)) or 'none'}",
            )

    def _url(self, identity: str) -> str:
        if identity in ("", ".", ".."):
            raise Unsupported(tr("A feature with the id “{id}” has no address of its own at the twin.", id=identity))
        return item_url(self._collection, identity)

    def feature(
        self, properties: Mapping[str, Any], geometry: Mapping[str, Any] | None, client_id: str | None = None
    ) -> dict[str, Any]:
        """The GeoJSON feature to send; ``client_id`` goes along where the twin recognises it in a repeated create."""
        body = {"type": "Feature", "geometry": self.outgoing(geometry), "properties": dict(properties)}
        if client_id is not None and self._capabilities.create_with_id:
            body["id"] = client_id
        return body

    def outgoing(self, geometry: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """A geometry with east/north coordinates in the twin's axis order."""
        if geometry is None:
            return None
        return swapped(dict(geometry)) if self._choice.swap else dict(geometry)

    def _send(
        self, method: str, url: str, body: Mapping[str, Any] | None, kind: str, token: str | None, message: str
    ) -> Reply:
        headers: dict[str, str] = {}
        content: bytes | None = None
        if body is not None:
            content = encoded(body)
            headers["Content-Type"] = kind
            headers["Prefer"] = "return=representation"
            if self._choice.uri is not None:
                headers["Content-Crs"] = f"<{self._choice.uri}>"
        if token is not None:
            headers["If-Match" if token.startswith('"') else "If-Unmodified-Since"] = token
        if message.strip() and self._knows_messages:
            headers["Citytwin-Message"] = message_header(message)
        reply = self._session.request(
            method, url, headers=headers, body=content, accept=GEOJSON, write=True, progress=self._progress
        )
        if reply.content.strip() and looks_like_html(reply):
            # a login page or a hotspot answered in the twin's stead: its 200 says nothing about the feature
            raise BadResponse(
                tr("A web page came back instead of the twin's answer. Whether the edit arrived is not known yet."),
                detail=f"{method} {scrub(reply.url)}: {reply.status} {reply.content_type}; {server_words(reply)}",
                status=reply.status,
            )
        return reply

    def _changed(self, identity: str, reply: Reply) -> Written:
        if reply.status == 202:
            return Written(identity, queued=True, status=202)
        shown = self._item(reply)
        if shown is not None and shown.id not in (None, identity):
            shown = None  # not the item that was asked for: look for ourselves
        return self._confirmed(identity, reply, shown)

    def _confirmed(self, identity: str | None, reply: Reply, shown: Item | None) -> Written:
        """What was written, from the answer's body, else from a GET of its own."""
        token = self._token(reply)
        if shown is not None and shown.token is not None:
            return Written(identity, shown.token, shown, status=reply.status)
        if identity is None:
            return Written(None, token, shown, status=reply.status, proven=False)
        try:
            now, current = self.get(identity)
        except NotFound:
            return Written(identity, token, None, overtaken=True, status=reply.status)
        except TwinError:
            # The write is done; that it cannot be read back now must not make it look undone.
            return Written(identity, token, shown if self._locks else None, status=reply.status, proven=False)
        if token is not None and current is not None and current != token:
            # Somebody was faster than our read: taking theirs as ours would let the next publish overwrite it.
            return Written(identity, token, None, overtaken=True, status=reply.status)
        return Written(identity, current, now, status=reply.status, proven=token is not None and current == token)

    @property
    def _locks(self) -> bool:
        return self._capabilities.locking != "none"

    def _token(self, reply: Reply) -> str | None:
        """The lock that an answer's headers give; None where the twin has none, or none that can be trusted."""
        if self._capabilities.locking == "timestamps":
            return reply.headers.get("Last-Modified") or None
        return usable_token(reply.headers.get("ETag")) if self._locks else None

    def _item(self, reply: Reply) -> Item | None:
        """The feature in an answer, with its lock; None where the answer holds none in our CRS."""
        if not reply.content.strip() or "json" not in reply.content_type:
            return None
        try:
            document = decode_json(reply)
        except BadResponse:
            return None
        if not is_feature(document) or not content_crs_fits(reply, self._choice):
            return None
        item = parse_item(document, item_etags=self._capabilities.item_etags)
        token, inside = self._token(reply), item.token if self._capabilities.locking == "etags" else None
        if inside is not None and token not in (inside, None):
            return None  # a repeated create shows the item as somebody changed it since: lock and body differ
        header = reply.headers.get("ETag")
        if token is None and inside is not None and (header is None or written_by_server(header) == inside):
            token = inside  # a proxy has rewritten the header; what the twin itself wrote into the item still locks
        return item._replace(token=token)

    def _created_id(self, reply: Reply) -> str | None:
        """The new item's id, out of the Location header."""
        location = reply.headers.get("Location", "").strip()
        if not location:
            return None
        path = urlsplit(urljoin(reply.url, location)).path.rstrip("/")
        above, _, last = path.rpartition("/")
        return (
            item_id(unquote(last))
            if above.endswith("/items") or above == urlsplit(self._items).path.rstrip("/")
            else None
        )


def message_header(message: str) -> str:
    """A publish message as the header Citytwin-Message carries it."""
    return quote(message.strip()[:_LONGEST_MESSAGE], safe=" ")


def is_feature(document: Any) -> bool:
    return isinstance(document, dict) and document.get("type") == "Feature" and "properties" in document


def encoded(body: Mapping[str, Any]) -> bytes:
    """A body as it is sent. Raises `Unsupported` for what JSON does not have.

    In ASCII: QGIS's development server counts characters where it is told bytes, and waits for more without end.
    """
    try:
        return json.dumps(body, allow_nan=False, separators=(",", ":")).encode("ascii")
    except (ValueError, TypeError) as error:
        raise Unsupported(
            tr("The feature holds a value that cannot be sent: not a number, infinite, or of an unknown kind."),
            detail=str(error),
        ) from error


__all__ = ["UNSET", "Schema", "Unset", "Writer", "Written", "encoded", "is_feature", "message_header", "usable_token"]
