"""Writing single items: create, replace, update and delete (Part 4)."""

from __future__ import annotations

from . import crs
from .edits import Made
from .items import item_response, known_crs, now
from .model import Author, Collection
from .negotiation import message_of
from .settings import Settings
from .store import Store
from .web import GEOJSON, JSON, MERGE_PATCH, Request, Response

_BODIES = (GEOJSON, JSON)
_PATCHES = (MERGE_PATCH, JSON, GEOJSON)


def create(store: Store, settings: Settings, collection: Collection, request: Request) -> Response:
    """``POST /collections/{id}/items``"""
    request.check_query(())
    body = request.json(_BODIES)
    uri = write_crs(request, collection)
    with store.write(collection.id) as writing:
        made = settings.editor(writing, collection, author_of(request)).create(body, uri)
    return _answer(settings, collection, request, made, uri)


def replace(store: Store, settings: Settings, collection: Collection, request: Request) -> Response:
    """``PUT /collections/{id}/items/{item}``"""
    request.check_query(())
    body = request.json(_BODIES)
    uri = write_crs(request, collection)
    with store.write(collection.id) as writing:
        editor = settings.editor(writing, collection, author_of(request))
        made = editor.replace(request.params["item"], body, uri, _lock(settings, request))
    return _answer(settings, collection, request, made, uri)


def update(store: Store, settings: Settings, collection: Collection, request: Request) -> Response:
    """``PATCH /collections/{id}/items/{item}``: a JSON merge patch (RFC 7396); a geometry is replaced whole."""
    request.check_query(())
    patch = request.json(_PATCHES)
    uri = write_crs(request, collection)
    with store.write(collection.id) as writing:
        editor = settings.editor(writing, collection, author_of(request))
        made = editor.update(request.params["item"], patch, uri, _lock(settings, request))
    return _answer(settings, collection, request, made, uri)


def delete(store: Store, settings: Settings, collection: Collection, request: Request) -> Response:
    """``DELETE /collections/{id}/items/{item}``"""
    request.check_query(())
    with store.write(collection.id) as writing:
        editor = settings.editor(writing, collection, author_of(request))
        editor.delete(request.params["item"], _lock(settings, request))
    return Response(204)


def write_crs(request: Request, collection: Collection) -> str:
    """The CRS that the coordinates of a request's body are in (Part 2, header Content-Crs)."""
    given = request.header("content-crs")
    return crs.CRS84 if given is None else known_crs(collection, given, "Header Content-Crs")


def author_of(request: Request) -> Author:
    return Author(at=now(), name=request.user, message=message_of(request) or None)


def wants(request: Request, preference: str) -> bool:
    """Whether the header Prefer asks for ``preference`` (RFC 7240)."""
    return preference in (request.header("prefer") or "").replace(" ", "").lower().split(",")


def _lock(settings: Settings, request: Request) -> str | None:
    name = settings.locks.header
    return request.header(name) if name else None


def _answer(settings: Settings, collection: Collection, request: Request, made: Made, uri: str) -> Response:
    """What was written, if the client prefers to see it and it is still what this write left."""
    headers: tuple[tuple[str, str], ...] = ()
    if made.status == 201:
        headers = (("Location", request.url("collections", collection.id, "items", str(made.item.id))),)
    if not wants(request, "return=representation") or made.item.etag != made.etag:
        # an empty 201 still has to have a type
        status, kind = (201, "text/plain") if made.status == 201 else (204, "")
        versions = settings.locks.headers(made.item) if made.item.etag == made.etag else ()
        return Response(status, content_type=kind, headers=(*headers, *versions), etag=settings.locks.etag(made.etag))
    found = item_response(settings, request, collection, made.item, uri, made.status)
    applied = (*headers, *found.headers, ("Preference-Applied", "return=representation"))
    return Response(found.status, found.body, GEOJSON, applied, etag=found.etag)
