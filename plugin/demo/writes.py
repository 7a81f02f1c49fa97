"""Writing items: create, replace, update, delete, each checked against the schema and guarded by its ETag."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

from . import crs
from .geometry import box_of
from .items import content_crs, item_response, known_crs, now
from .model import Author, Collection, Feature, Item, ItemId, compact
from .negotiation import matches, message_of
from .schema import Errors, check_geometry, check_properties, compute
from .store import Store, Writing
from .web import GEOJSON, JSON, MERGE_PATCH, Problem, Request, Response

_BODIES = (GEOJSON, JSON)
_PATCHES = (MERGE_PATCH, JSON, GEOJSON)


def create(store: Store, collection: Collection, request: Request) -> Response:
    """``POST /collections/{id}/items``

    A UUID in the body's ``id`` becomes the item's id, and makes the request safe to repeat: the same body gets the same
    answer again, another body 409. Any other id is the client's own affair and the server chooses.
    """
    request.check_query(())
    body = request.json(_BODIES)
    uri = _write_crs(request, collection)
    chosen = _chosen_id(body)
    feature = _feature(collection, chosen or str(uuid.uuid4()), body, uri)
    digest = hashlib.sha256(json.dumps([uri, body], sort_keys=True).encode("utf-8")).hexdigest() if chosen else ""
    with store.write(collection.id) as writing:
        again = writing.created(chosen) if chosen else None
        present = writing.item(chosen) if chosen else None
        if again is not None and again[0] == digest and present is not None:
            etag = again[1]  # of the first answer: if the item was changed since, it is no lock any more
        elif again is not None or present is not None:
            gone = "" if present else " and has been deleted"
            raise Problem(409, f"An item {chosen} was created from another body{gone}." if again and again[0] != digest
                          else f"The id {chosen} has been used{gone}.")  # fmt: skip
        else:
            etag = writing.create(feature, _author(request), digest)
    location = request.url("collections", collection.id, "items", str(feature.id))
    return _answer(store, collection, request, str(feature.id), etag, uri, 201, (("Location", location),))


def replace(store: Store, collection: Collection, request: Request) -> Response:
    """``PUT /collections/{id}/items/{item}``"""
    request.check_query(())
    body = request.json(_BODIES)
    uri = _write_crs(request, collection)
    item_id = request.params["item"]
    if body.get("id") is not None and str(body["id"]) != item_id:
        raise Problem(400, f"The body's id is {body['id']}, the URL's is {item_id}.")
    with store.write(collection.id) as writing:
        item = _locked(writing, collection, request)
        etag = writing.replace(_feature(collection, item.id, body, uri), _author(request))
    return _answer(store, collection, request, item_id, etag, uri, 204)


def update(store: Store, collection: Collection, request: Request) -> Response:
    """``PATCH /collections/{id}/items/{item}``: a JSON merge patch (RFC 7396); a geometry is replaced whole."""
    request.check_query(())
    patch = request.json(_PATCHES)
    uri = _write_crs(request, collection)
    changes = patch.get("properties")
    if changes is None:
        changes = {}
    if not isinstance(changes, dict):
        raise Problem(400, "The member properties must be an object.")
    with store.write(collection.id) as writing:
        item = _locked(writing, collection, request)
        properties = json.loads(item.properties)
        for name, value in changes.items():
            properties[name] = value
        body: dict[str, Any] = {"type": "Feature", "properties": properties}
        in_crs = uri
        if "geometry" in patch:
            body["geometry"] = patch["geometry"]
        else:
            body["geometry"] = json.loads(item.geometry) if item.geometry else None
            in_crs = collection.storage_crs
        for name, value in changes.items():
            if value is None and _removable(collection, name):
                del properties[name]
        etag = writing.replace(_feature(collection, item.id, body, in_crs), _author(request))
    return _answer(store, collection, request, str(item.id), etag, uri, 204)


def delete(store: Store, collection: Collection, request: Request) -> Response:
    """``DELETE /collections/{id}/items/{item}``"""
    request.check_query(())
    with store.write(collection.id) as writing:
        item = _locked(writing, collection, request)
        writing.delete(str(item.id), _author(request))
    return Response(204)


def _removable(collection: Collection, name: str) -> bool:
    """Null unsets a property; one that is unknown stays, to be named as an error."""
    return collection.schema.get(name) is not None


def _locked(writing: Writing, collection: Collection, request: Request) -> Item:
    """The item, if the request's If-Match still holds; inside the transaction that writes it."""
    item = writing.item(request.params["item"])
    if item is None:
        raise Problem(404, f"Collection {collection.id} has no item {request.params['item']}.")
    lock = request.header("if-match")
    if lock is None:
        raise Problem(428, "If-Match is missing: send the ETag of the version that you changed.")
    if not matches(lock, item.etag, weak=False):
        raise Problem(412, f"Item {item.id} has been changed since: its ETag is {item.etag} now, not {lock}.")
    return item


def _feature(collection: Collection, item_id: ItemId, body: dict[str, Any], uri: str) -> Feature:
    """The body as a feature in storage CRS, or 400 with everything that is wrong with it."""
    errors = Errors()
    if body.get("type") != "Feature":
        errors.say("type", "must be Feature")
    given = body.get("properties")
    if given is not None and not isinstance(given, dict):
        errors.say("properties", "must be an object")
        given = None
    properties = check_properties(collection.schema, given or {}, errors)
    geometry = check_geometry(collection.schema, body.get("geometry"), uri, errors)
    if errors:
        raise Problem(400, f"The feature does not fit the schema. {errors.sentence()}", errors=errors)
    if geometry is not None:
        crs.reproject([geometry], uri, collection.storage_crs)
    box = box_of(geometry)
    if box is not None and not all(abs(number) < 1e300 for number in box):
        raise Problem(400, f"geometry: its coordinates have no place in {collection.storage_crs}.")
    values = compute(collection.schema, properties, geometry)
    try:
        text = compact(values)
        text.encode("utf-8")
    except (ValueError, RecursionError) as error:  # infinity inside an object, half a character, a thousand levels
        raise Problem(400, f"The properties cannot be stored: {error}.") from error
    return Feature(item_id, compact(geometry) if geometry else None, box, text)


def _chosen_id(body: dict[str, Any]) -> str:
    given = body.get("id")
    if not isinstance(given, str):
        return ""
    try:
        return str(uuid.UUID(given)) if len(given) == 36 else ""
    except ValueError:
        return ""


def _write_crs(request: Request, collection: Collection) -> str:
    given = request.header("content-crs")
    return crs.CRS84 if given is None else known_crs(collection, given, "Header Content-Crs")


def _author(request: Request) -> Author:
    return Author(at=now(), name=request.user, message=message_of(request) or None)


def _answer(
    store: Store,
    collection: Collection,
    request: Request,
    item_id: str,
    etag: str,
    uri: str,
    status: int,
    headers: tuple[tuple[str, str], ...] = (),
) -> Response:
    """What was written, if the client prefers to see it, and nobody has written again meanwhile."""
    wanted = "return=representation" in (request.header("prefer") or "").replace(" ", "").lower()
    item: Item | None = store.item(collection.id, item_id) if wanted else None
    if item is None or item.etag != etag:
        # an empty 201 still has to have a type
        return Response(status, content_type="" if status == 204 else "text/plain", headers=headers, etag=etag)
    found = item_response(request, collection, item, uri, 201 if status == 201 else 200)
    applied = ("Preference-Applied", "return=representation")
    return Response(found.status, found.body, GEOJSON, (*headers, content_crs(uri), applied), etag=etag)
