"""Whole collections as files over HTTP, and how their links are told (docs/twin-profile.md)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from ..model import Collection
from ..settings import Settings
from ..store import Store
from ..web import Problem, Request, Response, Stream, link
from .keeper import TYPES, Snapshots
from .rows import columns_of

_NAMES = {"gpkg": "GeoPackage", "fgb": "FlatGeobuf"}


def one(_store: Store, _settings: Settings, collection: Collection, request: Request) -> Response:
    """``GET /collections/{id}/snapshots/{gpkg|fgb}``"""
    request.check_query(())
    kind, keeper = request.params["kind"], _keeper(request)
    if keeper is None or kind not in keeper.kinds(collection):
        raise Problem(404, f"Collection {collection.id} is not there as a {kind} file.")
    kept = keeper.file(collection, kind)
    name = quote(f"{collection.id}.{kind}", safe="")
    pieces = kept.pieces()
    return Response(
        content_type=TYPES[kind],
        headers=(("Last-Modified", kept.modified), ("Content-Disposition", f"attachment; filename*=UTF-8''{name}")),
        etag=kept.etag,
        stream=Stream(pieces, pieces),
        length=kept.size,
    )


def links(collection: Collection, settings: Settings, request: Request) -> list[dict[str, Any]]:
    """Links of the collection to its items as FlatGeobuf and to each file: its length where it is made already, and
    which columns are the item's id and token (extension ``x-citytwin-columns``)."""
    keeper = _keeper(request)
    if keeper is None:
        return []
    columns = {column.role: column.name for column in columns_of(collection, settings) if column.role}
    url = f"{request.url('collections', collection.id, 'items')}?f=fgb"
    items: dict[str, Any] = link(url, "items", TYPES["fgb"], f"{collection.title}: items as FlatGeobuf")
    found = [{**items, "x-citytwin-columns": columns}]
    for kind in keeper.kinds(collection):
        url = request.url("collections", collection.id, "snapshots", kind)
        entry: dict[str, Any] = link(url, "enclosure", TYPES[kind], f"{collection.title}: all items as {_NAMES[kind]}")
        kept = keeper.present(collection, kind)
        if kept is not None:
            entry["length"] = kept.size
        entry["x-citytwin-columns"] = columns
        found.append(entry)
    return found


def _keeper(request: Request) -> Snapshots | None:
    keeper = request.snapshots
    return keeper if isinstance(keeper, Snapshots) else None
