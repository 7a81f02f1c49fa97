"""Reading items: pages and single features.

A page in storage CRS is put together from stored text; only another CRS makes it parse and transform.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timezone
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from . import crs, photo_links
from .geometry import Geometry
from .locks import Locks
from .model import DEFAULT_LIMIT, MAX_LIMIT, Box, Collection, Item, Property, Query, compact
from .negotiation import matches
from .schema import RFC3339
from .settings import Settings
from .snapshots import flatgeobuf
from .snapshots.rows import columns_of, file_crs, rows_of
from .store import Store
from .web import FLATGEOBUF, GEOJSON, HTML, Problem, Request, Response, Stream, link

PAGE_PARAMETERS = ("limit", "offset", "bbox", "bbox-crs", "crs", "datetime")
ITEM_PARAMETERS = ("crs",)
_PIECE = 200  # items that are put together at a time


def page(store: Store, settings: Settings, collection: Collection, request: Request) -> Response:
    """``GET /collections/{id}/items``"""
    filters = filterable(collection)
    request.check_query((*PAGE_PARAMETERS, *filters))
    uri = crs_parameter(request, collection, "crs")
    query = Query(
        limit=min(_number(request, "limit", DEFAULT_LIMIT, 1), MAX_LIMIT),
        offset=_number(request, "offset", 0, 0),
        box=_box_parameter(store, collection, request),
        equals=tuple((name, _value(filters[name], request.query[name])) for name in filters if name in request.query),
    )
    _check_datetime(request.query.get("datetime"))
    etag = _page_etag(store, settings, collection, request)  # before the items are read: never newer than they are
    if etag and matches(request.header("if-none-match") or "", etag, weak=True):
        return Response(content_type=GEOJSON, headers=(content_crs(uri),), etag=etag)  # goes out as 304
    held = ExitStack()
    nothing: Iterator[Item] = iter(())
    if query.box is not None and math.isnan(query.box[0]):  # it misses everything there is
        matched, found = 0, nothing
    else:
        matched, found = held.enter_context(store.reading(collection.id, query))
    links = _page_links(request, collection, query, matched)
    if request.format == "fgb":
        return _flatgeobuf(settings, collection, uri, found, links, held)
    pieces = _pieces(settings, found, collection.storage_crs, uri, matched, links)
    content = Stream.small(pieces, held)
    response = Response(content_type=GEOJSON, headers=(content_crs(uri),), etag=etag)
    return replace(response, body=content) if isinstance(content, bytes) else replace(response, stream=content)


def _page_etag(store: Store, settings: Settings, collection: Collection, request: Request) -> str:
    """The collection's version: weak, since pages tell the time at which they were made."""
    if request.format != "json" or not settings.page_etags:
        return ""
    version = f"{store.mark}-{store.state(collection.id).seq}"
    return f'W/"{version}-{settings.locks.kind}{"" if settings.item_etags else "-bare"}"'


def _pieces(
    settings: Settings, found: Iterator[Item], source: str, target: str, matched: int, links: list[dict[str, str]]
) -> Iterator[bytes]:
    """A page as it goes out, a handful of items at a time."""
    members = f'"timeStamp":"{now()}","numberMatched":{matched},"links":{compact(links)}'
    head, count = f'{{"type":"FeatureCollection",{members},"features":[', 0
    for batch in iter(lambda: list(islice(found, _PIECE)), []):
        yield (head + ",".join(render(settings, batch, source, target))).encode("utf-8")
        head = ","
        count += len(batch)
    yield (("" if count else head) + f'],"numberReturned":{count}}}').encode()


def _flatgeobuf(
    settings: Settings,
    collection: Collection,
    uri: str,
    found: Iterator[Item],
    links: list[dict[str, str]],
    held: ExitStack,
) -> Response:
    """A page as FlatGeobuf, its coordinates east before north as the format has them; where it goes on is in Link."""
    rows = rows_of(collection, settings, found, uri)
    schema = collection.schema
    columns = columns_of(collection, settings)
    kind = schema.geometry_type if schema.geometry_type in ("Point", "none") else ""  # single ones may be among many
    pieces = flatgeobuf.write(collection.id, columns, kind, file_crs(uri), 0, rows, schema.has_z)
    told = tuple(("Link", f'<{one["href"]}>; rel="{one["rel"]}"') for one in links if one["rel"] in ("next", "prev"))
    return Response(content_type=FLATGEOBUF, headers=(content_crs(uri), *told), stream=Stream(pieces, held))


def single(store: Store, settings: Settings, collection: Collection, request: Request) -> Response:
    """``GET /collections/{id}/items/{item}``"""
    request.check_query(ITEM_PARAMETERS)
    uri = crs_parameter(request, collection, "crs")
    item = store.item(collection.id, request.params["item"])
    if item is None:
        raise Problem(404, f"Collection {collection.id} has no item {request.params['item']}.")
    more = photo_links.item_links(store, collection, request, str(item.id))
    return item_response(settings, request, collection, item, uri, more=more)


def item_response(
    settings: Settings,
    request: Request,
    collection: Collection,
    item: Item,
    uri: str,
    status: int = 200,
    more: Sequence[dict[str, str]] = (),
) -> Response:
    url = request.url("collections", collection.id, "items", str(item.id))
    links = [
        link(url, "self", GEOJSON),
        link(f"{url}?f=html", "alternate", HTML),
        link(request.url("collections", collection.id), "collection", "application/json", collection.title),
        *more,
    ]
    text = render(settings, [item], collection.storage_crs, uri)[0]
    body = f'{text[:-1]},"links":{compact(links)}}}'.encode()
    headers = (content_crs(uri), *settings.locks.headers(item))
    return Response(status, body, GEOJSON, headers, etag=settings.locks.etag(item.etag))


def render(settings: Settings, found: list[Item], source: str, target: str) -> list[str]:
    """Each item as GeoJSON text, in CRS ``target``; all of them transformed in one go."""
    geometries: list[str | None] = [item.geometry for item in found]
    if source != target:
        parsed: list[Geometry | None] = [json.loads(text) if text else None for text in geometries]
        crs.reproject([geometry for geometry in parsed if geometry], source, target)
        geometries = [compact(geometry) if geometry else None for geometry in parsed]
    locks = settings.locks if settings.item_etags else None
    return [_feature_text(item, geometry, locks) for item, geometry in zip(found, geometries)]


def _feature_text(item: Item, geometry: str | None, locks: Locks | None) -> str:
    """``locks``: the item carries its token, and who changed it when (extension item-etags)."""
    item_id = item.id if isinstance(item.id, int) else compact(item.id)
    known = ""
    if locks is not None:
        etag = locks.etag(item.etag).replace('"', '\\"')
        known = f',"etag":"{etag}"'
        known += f',"updated":"{item.updated}"' if item.updated else ""
        known += f',"updatedBy":{compact(item.updated_by)}' if item.updated_by else ""
    return f'{{"type":"Feature","id":{item_id}{known},"geometry":{geometry or "null"},"properties":{item.properties}}}'


def content_crs(uri: str) -> tuple[str, str]:
    return "Content-Crs", f"<{uri}>"


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def filterable(collection: Collection) -> dict[str, Property]:
    """Properties that may be used as query parameters (Part 1, 7.15.5): plain ones with a plain name."""
    return {
        prop.name: prop
        for prop in collection.schema.properties
        if prop.type in ("string", "integer", "number", "boolean")
        and '"' not in prop.name
        and prop.name not in (*PAGE_PARAMETERS, "f")
    }


def crs_parameter(request: Request, collection: Collection, name: str) -> str:
    """A CRS parameter's URI; CRS84 where it is missing (Part 2)."""
    given = request.query.get(name)
    return crs.CRS84 if given is None else known_crs(collection, given, f"Parameter {name}")


def known_crs(collection: Collection, given: str, what: str) -> str:
    """The canonical URI of a CRS that the client named; 400 where the collection is not offered in it."""
    uris = crs.offered(collection.storage_crs, collection.schema.has_z)
    uri = crs.uri_of(given.strip().strip("<>"))
    if uri is None or uri not in uris:
        raise Problem(400, f"{what} is {given}, but this collection is offered in {', '.join(uris)}.")
    return uri


def _number(request: Request, name: str, default: int, minimum: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or int(text[:18]) < minimum:
        raise Problem(400, f"Parameter {name} must be a whole number from {minimum}, not {text!r}.")
    return int(text[:18])


def _value(prop: Property, text: str) -> Any:
    """A query parameter's text as the property's type; SQLite has 0 and 1 for false and true."""
    try:
        if prop.type == "integer":
            return int(text)
        if prop.type == "number":
            return float(text)
        if prop.type == "boolean":
            return {"true": 1, "false": 0}[text.lower()]
    except (ValueError, KeyError) as error:
        raise Problem(400, f"Parameter {prop.name} must be a {prop.type}, not {text!r}.") from error
    return text


def _check_datetime(text: str | None) -> None:
    """No collection here has a temporal extent, so every item matches (Part 1, 7.15.4); nonsense is still refused."""
    if text is None:
        return
    ends = text.split("/")
    good = len(ends) <= 2 and all((end in ("", "..") and len(ends) == 2) or RFC3339.match(end.upper()) for end in ends)
    if not good:
        raise Problem(400, f"Parameter datetime must be an RFC 3339 instant or interval, not {text!r}.")


def _box_parameter(store: Store, collection: Collection, request: Request) -> Box | None:
    """``bbox`` in storage CRS; not-a-number where it misses the whole collection, None where there is none."""
    uri = crs_parameter(request, collection, "bbox-crs")
    text = request.query.get("bbox")
    if text is None:
        if "bbox-crs" in request.query:
            raise Problem(400, "Parameter bbox-crs needs a parameter bbox.")
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise Problem(400, f"Parameter bbox must be 4 or 6 numbers, not {text!r}.") from error
    if len(numbers) == 6:  # heights are not looked at
        numbers = [numbers[0], numbers[1], numbers[3], numbers[4]]
    if len(numbers) != 4 or not all(math.isfinite(number) for number in numbers):
        raise Problem(400, f"Parameter bbox must be 4 or 6 finite numbers, not {text!r}.")
    box: Box = (numbers[0], numbers[1], numbers[2], numbers[3])
    east = 1 if crs.is_geographic(uri) and crs.north_first(uri) else 0
    if box[1 - east] > box[3 - east] or (box[east] > box[east + 2] and not crs.is_geographic(uri)):
        raise Problem(400, f"Parameter bbox has its corners the wrong way round: {text}.")
    return _to_storage(store, collection, box, uri, east)


def _to_storage(store: Store, collection: Collection, box: Box, uri: str, east: int) -> Box:
    """Cut to where the data is before it is transformed: the whole world has no place in RD."""
    nothing = (math.nan, math.nan, math.nan, math.nan)
    if uri == collection.storage_crs:
        return box
    extent = store.state(collection.id).box
    around = crs.transform_box(extent, collection.storage_crs, uri) if extent else None
    if around is None:
        return nothing
    margin = 0.001 if crs.is_geographic(uri) else 100.0
    west_east = [(box[east], box[east + 2])]
    if box[east] > box[east + 2]:  # across the antimeridian
        west_east = [(box[east], 180.0), (-180.0, box[east + 2])]
    for low, high in west_east:
        cut = [0.0] * 4
        for axis in (0, 1):
            wanted = (low, high) if axis == east else (box[axis], box[axis + 2])
            cut[axis] = max(wanted[0], around[axis] - margin)
            cut[axis + 2] = min(wanted[1], around[axis + 2] + margin)
        if cut[0] <= cut[2] and cut[1] <= cut[3]:
            moved = crs.transform_box((cut[0], cut[1], cut[2], cut[3]), uri, collection.storage_crs)
            return moved or nothing
    return nothing


def _page_links(request: Request, collection: Collection, query: Query, matched: int) -> list[dict[str, str]]:
    url = request.url("collections", collection.id, "items")

    def at(offset: int) -> str:
        values = dict(request.query, limit=str(query.limit), offset=str(offset))
        if not offset:
            del values["offset"]
        if request.format == "fgb":
            values["f"] = "fgb"
        return f"{url}?{urlencode(values)}"

    here = f"{url}?{urlencode(request.query)}" if request.query else url
    found = [
        link(here, "self", GEOJSON, collection.title),
        link(f"{url}?{urlencode(dict(request.query, f='html'))}", "alternate", HTML),
        link(request.url("collections", collection.id), "collection", "application/json", collection.title),
    ]
    if query.offset + query.limit < matched:
        found.append(link(at(query.offset + query.limit), "next", GEOJSON, "Next page"))
    if query.offset:
        found.append(link(at(max(0, query.offset - query.limit)), "prev", GEOJSON, "Previous page"))
    return found
