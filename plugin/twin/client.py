"""A twin, as the rest of the plugin meets it: what it can do, and which collections it has."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from ..text import tr
from .capabilities import WRITES, api_description, described_methods, read_capabilities
from .collections import parse_collection, queryables_url
from .crs import DEFAULT, CrsChoice, bbox_params, read_crs, seen_order
from .errors import AccessDenied, BadResponse, NotFound, Rejected, ServerFailed, TooBusy, TwinError, Unreachable
from .items import first_position, parse_item
from .links import below, link, parse_links
from .model import Capabilities, Collection, Extent, Item, Link, Schema
from .replies import query_of, scrub, with_query, without_query
from .schema import as_seen, infer, merge_inferred, parse
from .session import GEOJSON, Session

_FEW = 5  # items that the order of coordinates is looked at in
_SAMPLE = 50  # items that a schema is inferred from where none is declared
_MOST_PAGES = 1000  # of collections


class Twin:
    """One twin. Everything is fetched when first asked for and kept; `refresh` forgets it.

    ``session`` carries the credentials, the progress and, in QGIS, the network adapter.
    """

    def __init__(self, url: str, *, session: Session | None = None) -> None:
        self.session = session or Session(url)
        self._capabilities: Capabilities | None = None
        self._collections: tuple[Collection, ...] | None = None
        self._described: dict[str, tuple[Collection, Schema]] = {}
        self._choices: dict[str, CrsChoice] = {}
        self._api: dict[str, Any] | None = None

    @classmethod
    def connect(cls, session: Session) -> Twin:
        return cls(session.url, session=session)

    @property
    def url(self) -> str:
        """The address that was given, without a user part."""
        return self.session.url

    def refresh(self) -> None:
        self._capabilities = None
        self._collections = None
        self._described.clear()
        self._choices.clear()
        self._api = None

    def capabilities(self) -> Capabilities:
        """The capability report. Raises `NotATwin`, `Unreachable`, `AccessDenied` and other `TwinError`s."""
        if self._capabilities is None:
            self._capabilities = read_capabilities(self.session)
        return self._capabilities

    def collections(self) -> tuple[Collection, ...]:
        """All collections, those of records or tiles with ``is_features`` False. Two of the same id: the first."""
        if self._collections is None:
            self._collections = tuple(self._read_collections())
        return self._collections

    def _read_collections(self) -> list[Collection]:
        capabilities = self.capabilities()
        url: str | None = link(capabilities.links, "data") or below(without_query(capabilities.url), "collections")
        found: dict[str, Collection] = {}
        seen: set[str] = set()
        while url and url not in seen and len(seen) < _MOST_PAGES:
            seen.add(url)
            page, reply = self._page(url)
            raw = page.get("collections")
            if not isinstance(raw, list):
                raise BadResponse(
                    tr(
                        "{url} should list the twin's collections, but does not. Tell the people who run the twin.",
                        url=scrub(url),
                    ),
                    detail=f"members: {', '.join(sorted(map(str, page)))[:200]}",
                )
            links = parse_links(self.session, reply, page)
            crs = page.get("crs")
            shared = [c for c in crs if isinstance(c, str)] if isinstance(crs, list) else []
            for document in raw:
                one = (
                    parse_collection(
                        self.session,
                        capabilities,
                        document,
                        without_query(reply),
                        shared_crs=shared,
                        shared_links=links,
                    )
                    if isinstance(document, dict)
                    else None
                )
                if one is not None:
                    found.setdefault(one.id, one)
            url = link(links, "next")
        return list(found.values())

    def _page(self, url: str) -> tuple[dict[str, Any], str]:
        """A JSON page and where it came from; asked for again with ``f=json`` by servers that prefer HTML."""
        try:
            page, reply = self.session.get_json(url)
        except BadResponse:
            if query_of(url).get("f") == "json":
                raise
            page, reply = self.session.get_json(with_query(url, f="json"))
        return page, reply.url

    def collection(self, identity: str) -> Collection:
        """One collection by its id. Raises `NotFound`."""
        if self._collections is not None:
            for one in self._collections:
                if one.id == identity:
                    return one
        capabilities = self.capabilities()
        data = without_query(link(capabilities.links, "data") or below(without_query(capabilities.url), "collections"))
        try:
            page, url = self._page(below(data, quote(identity, safe="")))
            base = url if self.session.is_home(url) else data
            found = parse_collection(self.session, capabilities, page, without_query(base).rpartition("/")[0])
            if found is not None and found.id == identity:
                # What the list says for all (licence, CRS) is not repeated here.
                return next((c for c in self._collections or () if c.id == identity), found)
        except (NotFound, BadResponse):
            found = None
        for one in self.collections():
            if one.id == identity:
                return one
        raise NotFound(
            tr("The twin has no collection “{id}”. Refresh the catalogue to see which it has.", id=identity), status=404
        )

    def describe(self, collection: Collection) -> tuple[Collection, Schema]:
        """``collection`` with its geometry type and the methods this user may use, and its schema.

        Costs two to four small requests, once. Without a declared schema it is inferred from some items.
        """
        known = self._described.get(collection.id)
        if known is None:
            known = self._described[collection.id] = self._describe(collection)
        return known

    def _describe(self, collection: Collection) -> tuple[Collection, Schema]:
        schema = self._declared_schema(collection)
        items: list[Item] | None = None
        if schema is None or not schema.declared or not schema.geometry_type:
            items = self._sample(collection, _SAMPLE)
            seen = infer(items)
            if schema is None:
                schema = seen
            elif not schema.declared:
                schema = merge_inferred(schema, seen)
            schema = replace(as_seen(schema, seen), has_z=schema.has_z or seen.has_z)
        if not schema.geometry_type:
            schema = replace(schema, geometry_type=collection.geometry_type)
        collection = replace(
            collection,
            geometry_type=schema.geometry_type or collection.geometry_type,
            has_z=collection.has_z or schema.has_z,
            methods=self._methods(collection, items),
        )
        return collection, replace(schema, has_z=collection.has_z)

    def _declared_schema(self, collection: Collection) -> Schema | None:
        queryables = queryables_url(collection)
        for url, declared in ((collection.schema_url, True), (queryables, False)):
            if not url:
                continue
            try:
                document, _ = self.session.get_json(url, accept="application/schema+json, application/json;q=0.9")
            except (NotFound, BadResponse, AccessDenied, ServerFailed):
                continue  # a broken description does not keep the data from being read
            if isinstance(document.get("properties"), dict):
                return parse(document, declared=declared)
        return None

    def _sample(self, collection: Collection, limit: int, **params: str) -> list[Item]:
        """Some items; as many as the twin gives by itself where it refuses ``limit``."""
        for size in ({"limit": str(limit)}, {}):
            try:
                page, _ = self.session.get_json(collection.items_url, params={**size, **params}, accept=GEOJSON)
            except BadResponse:
                continue
            except (NotFound, ServerFailed):
                break
            features = page.get("features")
            return [
                parse_item(f, item_etags=False)
                for f in (features if isinstance(features, list) else [])
                if isinstance(f, dict) and f.get("type") == "Feature"
            ]
        return []

    def _methods(self, collection: Collection, items: list[Item] | None) -> frozenset[str]:
        """OPTIONS, else the OpenAPI document, else what the conformance declares."""
        if not collection.is_features:
            return frozenset()
        capabilities = self.capabilities()
        fallback = capabilities.methods
        create = self._allowed(items_path(collection))
        if create is None:
            if not capabilities.writable:
                return frozenset()
            return self._described_methods(collection.id) or fallback
        if not capabilities.writable and "POST" not in create:
            return frozenset()
        if items is None:
            items = self._sample(collection, 1)
        first = next((i.id for i in items if i.id), None)
        change = self._allowed(item_url(collection, first)) if first else None
        if change is None:
            change = (self._described_methods(collection.id) or fallback) - {"POST"}
        return frozenset(({"POST"} & create) | (change - {"POST"}))

    def _allowed(self, url: str) -> frozenset[str] | None:
        """The write methods in the Allow header; None where the server does not answer OPTIONS sensibly."""
        try:
            reply = self.session.request("OPTIONS", url, accept="*/*")
        except Unreachable:
            raise
        except (TooBusy, TwinError):
            return None
        allow = reply.headers.get("Allow", "")
        named = {m.strip().upper() for m in allow.split(",") if m.strip()}
        # Without GET among them it speaks of something else (CORS, a proxy).
        return frozenset(named & set(WRITES)) if "GET" in named else None

    def _described_methods(self, identity: str) -> frozenset[str] | None:
        if self._api is None:
            self._api = api_description(self.session, self.capabilities().links)
        return described_methods(self._api, identity)

    def choice(self, collection: Collection) -> CrsChoice:
        """The CRS that ``collection`` is read and written in, and the axis order in which its coordinates really come.

        Costs one small request, once, for a CRS whose axes are north, east.
        """
        choice = read_crs(self.capabilities(), collection)
        if not choice.swap or collection.extent is None or choice.uri is None:
            return choice
        known = self._choices.get(collection.id)
        if known is None:
            items = self._sample(collection, _FEW, crs=choice.uri)
            positions = [p for p in (first_position(item.geometry) for item in items) if p is not None]
            known = self._choices[collection.id] = seen_order(choice, collection.extent, positions)
        return known

    def count(self, collection: Collection, extent: Extent | None = None, *, choice: CrsChoice = DEFAULT) -> int | None:
        """How many items there are (in ``extent``: east/north, CRS of ``choice``); None where the twin does not say."""
        if extent is None and collection.count is not None:
            return collection.count
        params = {"limit": "1"}
        if extent is not None:
            params.update(bbox_params(choice, extent))
        try:
            page, _ = self.session.get_json(collection.items_url, params=params, accept=GEOJSON)
        except (BadResponse, Rejected, ServerFailed):
            return None
        matched = page.get("numberMatched")
        return matched if isinstance(matched, int) and not isinstance(matched, bool) and matched >= 0 else None


def items_path(collection: Collection) -> str:
    """The address to POST to: the items page without its query and, as QGIS Server links it, without ``.json``."""
    return re.sub(r"(/items)\.(?:geo)?json$", r"\1", without_query(collection.items_url))


def item_url(collection: Collection, identity: str) -> str:
    """The address of one item; every character that could mean something in a path is encoded."""
    return below(items_path(collection), quote(identity, safe=""))


__all__ = ["Link", "Twin", "item_url", "items_path"]
