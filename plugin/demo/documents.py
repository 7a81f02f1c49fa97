"""The documents around the items: landing page, conformance, collections."""

from __future__ import annotations

from typing import Any

from . import crs, photo_links
from .locks import changed_at
from .model import Collection
from .settings import Settings
from .snapshots import api as snapshots
from .store import Store
from .web import GEOJSON, HTML, JSON, OPENAPI, SCHEMA_JSON, TRANSACTION, Request, link, links_to_formats

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
_CRS = ("ogcapi-features-2/1.0/conf/crs",)
_REFERENCES = ("ogcapi-common-3/1.0/conf/references", "ogcapi-features-5/1.0/conf/references")
_WRITE = ("ogcapi-features-4/1.0/conf/create-replace-delete", "ogcapi-features-4/1.0/conf/features")
_PATCH = ("ogcapi-features-4/1.0/conf/update",)
# the proposal's text and its table spell the class for atomic sets differently; clients look for either
_SETS = tuple(
    f"ogcapi-features-11/1.0/conf/{name}"
    for name in ("transactions", "atomic-transactions", "atomic-semantics", "json-transactions", "features")
)
SCHEMA_REL = "http://www.opengis.net/def/rel/ogc/1.0/schema"
SETS_REL = "http://www.opengis.net/def/rel/ogc/1.0/transactions"


def conformance(store: Store, settings: Settings) -> dict[str, Any]:
    """The classes that hold in these settings. The profile's own extensions (``urn:x-citytwin:conf:``):

    item-etags: every item in a page has its token, and who changed it when. create-with-id: a UUID of the client's
    choice makes a create safe to repeat. delete-if-match: If-Match holds for DELETE too. transaction-if-match: an
    action of a change set has a lock and a CRS of its own (``ifMatch``, ``contentCrs``), the answer tells what became
    of each action (``actionResults``, ``failures``), and the landing page how many there may be.
    """
    found = [name for name in _READ if not (settings.quirks.crs84_only and name in _CRS)]
    if any(prop.refers_to for one in store.collections() for prop in one.schema.properties):
        found += _REFERENCES
    own = ["item-etags"] if settings.item_etags else []
    if settings.writable:
        kind = settings.locks.kind
        found += _WRITE + (_PATCH if settings.patches else ())
        if kind != "none":
            # the draft prints its requirements class; clients look for either spelling
            found += [f"ogcapi-features-4/1.0/{part}/optimistic-locking-{kind}" for part in ("req", "conf")]
        own += ["create-with-id"] if settings.create_with_id else []
        own += ["delete-if-match"] if kind == "etags" else []
    if settings.sets:
        found += _SETS
        own.append("transaction-if-match")
    return {"conformsTo": [_OGC + name for name in found] + [f"urn:x-citytwin:conf:{name}" for name in own]}


def landing(store: Store, settings: Settings, request: Request) -> dict[str, Any]:
    title, description = store.about()
    document: dict[str, Any] = {
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
    if request.has_sensors:
        title = "Sensors (OGC SensorThings API 1.1)"
        document["links"].append(link(request.url("sta", "v1.1"), "service", JSON, title))
    if settings.sets:
        document["links"].append(link(request.url("transactions"), SETS_REL, TRANSACTION, "Whole sets of changes"))
        document["x-citytwin-transactions"] = {"semantics": ["atomic"], "maxActions": settings.max_actions}
    return document


def collections(store: Store, settings: Settings, request: Request) -> dict[str, Any]:
    return {
        "links": links_to_formats(request, request.url("collections"), JSON, "The collections"),
        "crs": list(crs.OFFERED),
        "collections": [collection(store, settings, found, request) for found in store.collections()],
    }


def collection(store: Store, settings: Settings, found: Collection, request: Request) -> dict[str, Any]:
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
    if settings.snapshots:
        document["updated"] = changed_at(state.changed).isoformat().replace("+00:00", "Z")
    document["links"] = [*_collection_links(found, request), *snapshots.links(found, settings, request)]
    upload = photo_links.collection_link(found, settings, request)
    if upload is not None:
        document["links"].append(upload)
        document["x-citytwin-photos"] = photo_links.limits(settings)
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
