"""The OpenAPI 3.0 document: what there is, as tools read it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from . import crs
from .items import filterable
from .model import DEFAULT_LIMIT, MAX_LIMIT, Collection
from .photo_links import TYPES
from .schema import GEOMETRY, property_document
from .settings import Settings
from .store import Store
from .web import GEOJSON, HTML, JSON, MERGE_PATCH, OPENAPI, PROBLEM, SCHEMA_JSON, TRANSACTION, Request

_COORDINATES: dict[str, Any] = {"type": "number"}
_DEPTH = {"Point": 1, "MultiPoint": 2, "LineString": 2, "MultiLineString": 3, "Polygon": 3, "MultiPolygon": 4}


def document(store: Store, settings: Settings, request: Request) -> dict[str, Any]:
    title, description = store.about()
    paths: dict[str, Any] = {
        "/": {"get": _read("landing", "Landing page", JSON)},
        "/conformance": {"get": _read("conformance", "Conformance classes", JSON)},
        "/api": {"get": _read("api", "This document", OPENAPI)},
        "/collections": {"get": _read("collections", "The collections", JSON)},
    }
    for collection in store.collections():
        paths.update(_collection_paths(collection, settings))
    if settings.sets:
        paths["/transactions"] = {"post": _transactions(settings)}
    return {
        "openapi": "3.0.3",
        "info": {"title": title, "description": description, "version": "1.0.0"},
        "servers": [{"url": request.base}],
        "paths": paths,
        "components": {
            "schemas": {"problem": _PROBLEM_SCHEMA},
            "responses": {
                "problem": {
                    "description": "What went wrong (RFC 7807)",
                    "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/problem"}}},
                }
            },
        },
    }


_PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"property": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


def _read(name: str, summary: str, media_type: str) -> dict[str, Any]:
    return _operation(name, summary, [_F], {"200": _content("As asked", media_type, HTML)}, "400", "406")


def _operation(
    name: str, summary: str, parameters: list[dict[str, Any]], responses: dict[str, Any], *problems: str
) -> dict[str, Any]:
    for status in problems:
        responses[status] = {"$ref": "#/components/responses/problem"}
    return {"operationId": name, "summary": summary, "parameters": parameters, "responses": responses}


def _content(description: str, *media_types: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"}
    return {
        "description": description,
        "content": {kind: {"schema": {"type": "string"} if kind == HTML else schema} for kind in media_types},
    }


def _query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "in": "query", "schema": schema, "description": description}
    if schema["type"] == "array":
        found.update(style="form", explode=False)
    return found


_F = _query("f", {"type": "string", "enum": ["json", "html"]}, "Format; else the header Accept decides")


def _collection_paths(collection: Collection, settings: Settings) -> dict[str, Any]:
    name, title = collection.id, collection.title
    path = f"/collections/{quote(name, safe='')}"
    uris = list(crs.offered(collection.storage_crs, collection.schema.has_z))
    crs_parameter = _query("crs", {"type": "string", "format": "uri", "enum": uris}, "CRS of the answer")
    item_id = {"name": "featureId", "in": "path", "required": True, "schema": {"type": "string"}}
    items: dict[str, Any] = {
        "get": _operation(
            f"{name}.items", f"{title}: items", _page_parameters(collection, uris, crs_parameter),
            {"200": _content("A page of items", GEOJSON, HTML)}, "400", "406",
        )
    }  # fmt: skip
    item: dict[str, Any] = {
        "parameters": [item_id],
        "get": _operation(
            f"{name}.item", f"{title}: one item", [crs_parameter, _F],
            {"200": _content("The item", GEOJSON, HTML), "304": {"description": "Not modified"}}, "400", "404", "406",
        ),
    }  # fmt: skip
    if settings.writable:
        _add_writes(collection, settings, uris, items, item)
    more = _photo_paths(collection, settings, f"{path}/items/{{featureId}}/photos", item_id)
    schema = _operation(f"{name}.schema", f"{title}: schema", [_F], {"200": _content("The schema", SCHEMA_JSON, HTML)})
    return {
        path: {"get": _read(name, title, JSON)},
        f"{path}/schema": {"get": schema},
        f"{path}/items": items,
        f"{path}/items/{{featureId}}": item,
        **more,
    }


def _photo_paths(
    collection: Collection, settings: Settings, path: str, item_id: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """Photos of items, where a collection's items may have any."""
    if not collection.takes_photos:
        return {}
    name, title = collection.id, collection.title
    photo = {"name": "photo", "in": "path", "required": True, "schema": {"type": "string"}}
    picture = {"schema": {"type": "string", "format": "binary"}}
    several: dict[str, Any] = {
        "parameters": [item_id],
        "get": _operation(
            f"{name}.photos", f"{title}: photos of an item", [_F],
            {"200": _content("Their addresses", JSON, HTML)}, "400", "404", "406",
        ),
    }  # fmt: skip
    if settings.writable:
        several["post"] = _operation(
            f"{name}.addPhoto",
            f"{title}: add a photo to an item; {settings.max_photo} bytes at most, {settings.max_photos} an item",
            [],
            {
                "201": _content("Added; Location tells where it is", JSON),
                "200": _content("The item has this very picture; Location tells where", JSON),
            },
            "400", "404", "409", "413", "415", "422",
        )  # fmt: skip
        several["post"]["requestBody"] = {"required": True, "content": dict.fromkeys(TYPES, picture)}
    shown = {"description": "The picture", "content": dict.fromkeys(TYPES, picture)}
    one = _operation(
        f"{name}.photo", f"{title}: one photo", [],
        {"200": shown, "304": {"description": "Not modified"}}, "400", "404",
    )  # fmt: skip
    return {path: several, f"{path}/{{photo}}": {"parameters": [item_id, photo], "get": one}}


def _page_parameters(collection: Collection, uris: list[str], crs_parameter: dict[str, Any]) -> list[dict[str, Any]]:
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    numbers = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6}
    found = [
        _query("limit", limit, "How many items; more than the maximum counts as the maximum"),
        _query("offset", {"type": "integer", "minimum": 0, "default": 0}, "How many items to skip"),
        _query("bbox", numbers, "Only items that meet this box"),
        _query("bbox-crs", {"type": "string", "format": "uri", "enum": uris}, "CRS of the box"),
        crs_parameter,
        _query("datetime", {"type": "string"}, "Items without a time always match"),
        _F,
    ]
    for name, prop in filterable(collection).items():
        found.append(_query(name, {"type": prop.type}, f"Only items with this {prop.title or name}"))
    return found


def _add_writes(
    collection: Collection, settings: Settings, uris: list[str], items: dict[str, Any], item: dict[str, Any]
) -> None:
    name, title = collection.id, collection.title
    content_crs = {
        "name": "Content-Crs", "in": "header", "description": "CRS of the body's coordinates; CRS84 if missing",
        "schema": {"type": "string", "enum": [f"<{uri}>" for uri in uris]},
    }  # fmt: skip
    lock = {
        "name": settings.locks.header, "in": "header", "required": settings.quirks.missing_lock != 200,
        "schema": {"type": "string"}, "description": "The lock of the version that was changed",
    }  # fmt: skip
    locks = [lock] if settings.locks.header else []
    body = {"required": True, "content": {kind: {"schema": _feature_schema(collection)} for kind in (GEOJSON, JSON)}}
    patch = {"required": True, "content": {MERGE_PATCH: {"schema": {"type": "object"}}}}
    locked = ("400", "404", "412", "413", "415", "428")
    items["post"] = _operation(
        f"{name}.create", f"{title}: add an item", [content_crs],
        {"201": _content("Created; Location and ETag tell where and which", GEOJSON)}, "400", "409", "413", "415",
    )  # fmt: skip
    items["post"]["requestBody"] = body
    methods = [("put", "replace", body), *([("patch", "update", patch)] if settings.patches else [])]
    for method, summary, request_body in methods:
        done = {"200": _content("The item as it is now", GEOJSON), "204": {"description": "Done"}}
        item[method] = _operation(
            f"{name}.{summary}", f"{title}: {summary} an item", [content_crs, *locks], done, *locked
        )
        item[method]["requestBody"] = request_body
    item["delete"] = _operation(
        f"{name}.delete", f"{title}: delete an item", locks, {"204": {"description": "Deleted"}}, "404", "412", "428"
    )


def _transactions(settings: Settings) -> dict[str, Any]:
    """``POST /transactions``; ``maxItems`` is how many actions a set may have."""
    action: dict[str, Any] = {
        "type": "object",
        "required": ["action", "collection"],
        "properties": {
            "action": {"type": "string", "enum": ["insert", "update", "replace", "delete"]},
            "collection": {"type": "string"},
            "id": {"type": "string", "description": "Names the action where it fails"},
            "items": {"type": "array", "items": {"type": "object"}, "description": "The features of an insert"},
            "properties": {
                "type": "object",
                "description": "Of an update: add, modify (lists of name and value) and delete (names); "
                "of a replace: feature",
            },
            "filter": {"description": "Names the items by their ids: CQL2 on id, or an object with ids"},
            "filter-lang": {"type": "string", "default": "cql2-json", "enum": ["cql2-json", "cql2-text"]},
            "ifMatch": {"type": "string", "description": "The ETag of the version that was changed"},
            "contentCrs": {"type": "string", "description": "CRS of its coordinates; else that of Content-Crs"},
        },
    }
    transaction = {"type": "array", "items": action, "maxItems": settings.max_actions}
    body = {
        "type": "object",
        "required": ["transaction"],
        "properties": {
            "semantic": {"type": "string", "enum": ["atomic"], "default": "atomic"},
            "transaction": transaction,
        },
    }
    done = {"200": _content("What was done", JSON), "204": {"description": "Done"}}
    problems = ("400", "404", "409", "412", "413", "415", "422", "428")
    found = _operation("transactions", "Apply a whole set of changes, or none of it", [], done, *problems)
    found["requestBody"] = {"required": True, "content": {kind: {"schema": body} for kind in (TRANSACTION, JSON)}}
    return found


def _feature_schema(collection: Collection) -> dict[str, Any]:
    schema = collection.schema
    properties = {prop.name: property_document(prop) for prop in schema.properties}
    held: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    required = [prop.name for prop in schema.properties if prop.required and not prop.read_only]
    if required:
        held["required"] = required
    for prop in schema.properties:
        if not prop.required:
            properties[prop.name]["nullable"] = True
            if prop.enum:
                properties[prop.name]["enum"] = [*prop.enum, None]
    geometry: dict[str, Any] = {"type": "object", "nullable": not schema.geometry_required}
    if schema.geometry_type in _DEPTH:
        position: dict[str, Any] = _COORDINATES
        for _ in range(_DEPTH[schema.geometry_type]):
            position = {"type": "array", "items": position}
        geometry["required"] = ["type", "coordinates"]
        geometry["properties"] = {
            "type": {"type": "string", "enum": [schema.geometry_type]},
            "coordinates": position,
        }
    return {
        "type": "object",
        "required": ["type", GEOMETRY, "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"type": "string", "description": "A UUID of the client's choice makes a create safe to repeat"},
            GEOMETRY: geometry,
            "properties": held,
        },
    }
