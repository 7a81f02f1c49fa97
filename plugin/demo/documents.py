"""The documents around the items: landing page, conformance, collections."""

from __future__ import annotations

from typing import Any

from . import crs
from .model import Collection
from .store import Store
from .web import GEOJSON, HTML, JSON, OPENAPI, SCHEMA_JSON, Request, link, links_to_formats

_OGC = "http://www.opengis.net/spec/"
_READ = (
    "ogcapi-common-1/1.0/conf/core",
    "ogcapi-features-1/1.0/conf/core",
    "ogcapi-features-1/1.0/conf/geojson",
    "ogcapi-features-1/1.0/conf/html",
    "ogcapi-features-1/1.0/conf/oas30",
    "ogcapi-features-2/1.0/conf/crs",
    "ogcapi-common-3/1.0/conf/schemas",
    "ogcapi-common-3/1.0/conf/returnables-and-receivables",
    "ogcapi-features-5/1.0/conf/schemas",
)
_WRITE = (
    "ogcapi-features-4/1.0/conf/create-replace-delete",
    "ogcapi-features-4/1.0/conf/update",
    "ogcapi-features-4/1.0/conf/features",
    # the draft prints its requirements class; clients look for either spelling
    "ogcapi-features-4/1.0/req/optimistic-locking-etags",
    "ogcapi-features-4/1.0/conf/optimistic-locking-etags",
)
# The profile's own extensions: the token of every item in a page; a UUID of the client's choice makes a create safe to
# repeat; If-Match holds for DELETE too.
_PROFILE_READ = ("urn:x-citytwin:conf:item-etags",)
_PROFILE_WRITE = ("urn:x-citytwin:conf:create-with-id", "urn:x-citytwin:conf:delete-if-match")
SCHEMA_REL = "http://www.opengis.net/def/rel/ogc/1.0/schema"


def conformance(read_only: bool) -> dict[str, Any]:
    standard = _READ if read_only else _READ + _WRITE
    own = _PROFILE_READ if read_only else _PROFILE_READ + _PROFILE_WRITE
    return {"conformsTo": [_OGC + name for name in standard] + list(own)}


def landing(store: Store, request: Request) -> dict[str, Any]:
    title, description = store.about()
    return {
        "title": title,
        "description": description,
        "links": [
            *links_to_formats(request, request.base + "/", JSON, "This document"),
            link(request.url("api"), "service-desc", OPENAPI, "The API definition"),
            link(request.url("api") + "?f=html", "service-doc", HTML, "The API's documentation"),
            link(request.url("conformance"), "conformance", JSON, "What this API conforms to"),
            link(request.url("collections"), "data", JSON, "The collections"),
        ],
    }


def collections(store: Store, request: Request) -> dict[str, Any]:
    return {
        "links": links_to_formats(request, request.url("collections"), JSON, "The collections"),
        "crs": list(crs.OFFERED),
        "collections": [collection(store, found, request) for found in store.collections()],
    }


def collection(store: Store, found: Collection, request: Request) -> dict[str, Any]:
    state = store.state(found.id)
    extent = crs.transform_box(state.box, found.storage_crs, crs.CRS84) if state.box else None
    document: dict[str, Any] = {"id": found.id, "title": found.title}
    if found.description:
        document["description"] = found.description
    if extent:
        document["extent"] = {"spatial": {"bbox": [[round(number, 7) for number in extent]], "crs": crs.CRS84}}
    document.update(
        itemType="feature",
        itemCount=state.count,
        crs=list(crs.offered(found.storage_crs, found.schema.has_z)),
        storageCrs=found.storage_crs,
    )
    if found.licence:
        document["license"] = found.licence
    if found.attribution:
        document["attribution"] = found.attribution
    document["links"] = _collection_links(found, request)
    return document


def _collection_links(found: Collection, request: Request) -> list[dict[str, str]]:
    url = request.url("collections", found.id)
    links = [
        *links_to_formats(request, url, JSON, found.title),
        link(f"{url}/items", "items", GEOJSON, f"{found.title}: items"),
        link(f"{url}/items?f=html", "items", HTML, f"{found.title}: items as HTML"),
        link(f"{url}/schema", "describedby", SCHEMA_JSON, f"{found.title}: schema"),
        link(f"{url}/schema", SCHEMA_REL, SCHEMA_JSON, f"{found.title}: schema"),
    ]
    if found.licence_url:
        links.append(link(found.licence_url, "license", HTML, found.licence))
    return links
