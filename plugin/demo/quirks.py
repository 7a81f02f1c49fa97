"""What real servers do otherwise: each departure from the profile as a switch of its own, for tests of clients.

The good path knows nothing of this: quirks stand around it (`before`, `after`), in the place of its editor
(`QuirkyEditor`) or of its locks (`WeakEtags`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from .edits import Editor, Made
from .geometry import positions
from .locks import Etags
from .model import DEFAULT_LIMIT, Feature, Item, ItemId, Property, Schema, compact
from .negotiation import matches
from .web import GEOJSON, JSON, Problem, Request, Response

_BAD_BODIES = (400, 413, 415, 422)


@dataclass(frozen=True)
class Quirks:
    """The switches. What they are called on the command line has dashes for the underscores."""

    no_item_etags: bool = False  # no token inside an item: only in the header of the single one
    no_create_with_id: bool = False  # the server chooses every id, and does not know a repeated create
    integer_ids: bool = False  # the ids that it chooses are whole numbers (implies no_create_with_id)
    weak_etags: bool = False  # W/"…", which no If-Match ever fits
    gzip_etags: bool = False  # a proxy has rewritten the ETag header: "…-gzip"
    no_post_etag: bool = False  # the answer to a create has no ETag
    no_representation: bool = False  # the header Prefer is not honoured
    timestamps: bool = False  # Last-Modified and If-Unmodified-Since in the place of ETags
    missing_lock: int | None = None  # status of a write without a lock: 428 (default), 409, or 200 to let it through
    no_patch: bool = False
    patch_modify: bool = False  # PATCH wants {"modify": {…}}, takes no geometry and passes over null (QGIS Server)
    put_merges: bool = False  # PUT changes what it names and keeps the rest (QGIS Server, pygeoapi)
    put_upserts: bool = False  # PUT of an id that is not there creates it (pygeoapi)
    put_needs_id: bool = False  # PUT wants the id in the body (pygeoapi)
    drops_unknown: bool = False  # unknown properties are answered as if they had been stored (QGIS Server)
    coordinate_decimals: int | None = None  # coordinates are rounded when they are stored
    number_decimals: int | None = None  # so are numbers among the properties
    errors_500: bool = False  # a bad body is answered with 500 and plain text
    missing_500: bool = False  # an item that is not there is answered with 500 (QGIS Server)
    delete_missing_ok: bool = False  # DELETE of nothing answers 200
    options_fail: bool = False
    no_number_matched: bool = False
    page_cap: int | None = None  # no page has more items, whatever limit says
    crs84_only: bool = False  # no Part 2: longitude and latitude, and Content-Crs is ignored

    def with_(self, words: list[str]) -> Quirks:
        """These and those that ``name`` and ``name=number`` switch on, as the command line has them. ValueError for
        what there is not."""
        known = {name.partition("=")[0]: "=" in name for name in Quirks.names()}
        values: dict[str, Any] = {}
        for word in words:
            name, _, number = word.partition("=")
            if name not in known or known[name] != number.isdigit():
                raise ValueError(f"There is no quirk {word}; there are {', '.join(Quirks.names())}")
            values[name.replace("-", "_")] = int(number) if number else True
        return replace(self, **values)

    @staticmethod
    def names() -> list[str]:
        """What there is, as the command line has it."""
        dashed = ((one.name.replace("_", "-"), str(one.type)) for one in fields(Quirks))
        return [f"{name}=N" if "int" in kind else name for name, kind in dashed]


LIKE: Mapping[str, Quirks] = {
    # as seen in pygeoapi 0.21 with PostgreSQL, and in QGIS Server 3.40; both are of tier W0
    "pygeoapi": Quirks(
        integer_ids=True, no_representation=True, no_patch=True, put_merges=True, put_upserts=True, put_needs_id=True,
        errors_500=True, delete_missing_ok=True,
    ),
    "qgis-server": Quirks(
        integer_ids=True, no_representation=True, patch_modify=True, put_merges=True, drops_unknown=True,
        missing_500=True, delete_missing_ok=True, coordinate_decimals=6, crs84_only=True,
    ),
}  # fmt: skip


class WeakEtags(Etags):
    """Weak ETags: no If-Match fits them, and nobody is asked to send one."""

    def __init__(self, missing: int = 200) -> None:
        super().__init__(missing)

    def etag(self, etag: str) -> str:
        return f"W/{etag}"

    def check(self, item: Item, given: str | None) -> None:
        if given is not None and not matches(given, "*", weak=False):
            raise Problem(412, f"If-Match needs a strong ETag; that of item {item.id} is weak: {self.etag(item.etag)}.")
        super().check(item, given)


# -- around a request ------------------------------------------------------------------------------------------------


def before(quirks: Quirks, request: Request) -> None:
    """What such a server does not see of a request, or fails at."""
    if quirks.options_fail and request.method == "OPTIONS":
        raise Problem(500, "OPTIONS is not implemented.")
    if quirks.no_representation:
        request.environ.pop("HTTP_PREFER", None)
    if quirks.crs84_only:
        request.environ.pop("HTTP_CONTENT_CRS", None)
        request.query.pop("crs", None)
        request.query.pop("bbox-crs", None)
    if quirks.page_cap is not None and request.path[-1:] == ("items",) and request.method in ("GET", "HEAD"):
        asked = request.query.get("limit", str(DEFAULT_LIMIT))
        if asked.isdigit():
            request.query["limit"] = str(min(int(asked), quirks.page_cap))


def after(quirks: Quirks, request: Request, response: Response) -> Response:
    """What such a server makes of an answer."""
    response = response.whole()
    if quirks.errors_500 and request.method in ("POST", "PUT", "PATCH") and response.status in _BAD_BODIES:
        words = json.loads(response.body).get("detail", "")
        return Response(500, f"Internal Server Error: {words}".encode(), "text/plain; charset=utf-8")
    if quirks.missing_500 and response.status == 404 and request.path[-2:-1] == ("items",):
        words = [{"code": "Internal server error", "description": f"Invalid feature [{request.path[-1]}]"}]
        return Response(500, compact(words).encode("utf-8"), JSON)
    if quirks.delete_missing_ok and request.method == "DELETE" and response.status == 204:
        response = replace(response, status=200, content_type="text/plain")
    if quirks.no_post_etag and request.method == "POST":
        response = replace(response, etag="")
    if quirks.gzip_etags and response.etag:
        response = replace(response, etag=response.etag[:-1] + '-gzip"')
    if response.status == 200 and response.content_type in (JSON, GEOJSON):
        if quirks.no_number_matched and request.path[-1:] == ("items",) and request.method == "GET":
            response = _edited(response, _without_counts)
        if quirks.crs84_only and request.path[:1] == ("collections",):
            response = _edited(response, _without_crs)
    if quirks.crs84_only:
        response = replace(response, headers=tuple(h for h in response.headers if h[0].lower() != "content-crs"))
    return response


def _edited(response: Response, change: Callable[[dict[str, Any]], None]) -> Response:
    document = json.loads(response.body)
    change(document)
    return replace(response, body=compact(document).encode("utf-8"))


def _without_counts(page: dict[str, Any]) -> None:
    page.pop("numberMatched", None)
    page.pop("numberReturned", None)


def _without_crs(document: dict[str, Any]) -> None:
    for one in (document, *document.get("collections", ())):
        if one.get("type") not in ("Feature", "FeatureCollection"):
            one.pop("crs", None)
            one.pop("storageCrs", None)


# -- in the place of the editor --------------------------------------------------------------------------------------


class QuirkyEditor(Editor):
    """Edits as such servers make them."""

    quirks = Quirks()
    keeps_shapes = False  # what is stored is what `feature` makes of it

    def fresh_id(self) -> ItemId:
        return self.writing.next_number() if self.quirks.integer_ids else super().fresh_id()

    def feature(self, item_id: ItemId, body: dict[str, Any], uri: str) -> Feature:
        return super().feature(item_id, self._as_stored(body), uri)

    def replace(self, item_id: str, body: dict[str, Any], uri: str, lock: str | None) -> Made:
        if self.quirks.put_needs_id and body.get("id") is None:
            raise Problem(400, "The body has no id.")
        present = self.writing.item(item_id)
        if present is None and self.quirks.put_upserts:
            chosen = int(item_id) if self.quirks.integer_ids and item_id.isdigit() else item_id
            etag = self.writing.create(self.feature(chosen, body, uri), self.author)
            return Made(self._now(item_id), etag, 201)
        if present is not None and self.quirks.put_merges:
            kept = {name: body[name] for name in ("properties", "geometry") if body.get(name) is not None}
            return super().update(item_id, kept, uri, lock)
        return super().replace(item_id, body, uri, lock)

    def update(self, item_id: str, patch: dict[str, Any], uri: str, lock: str | None) -> Made:
        if self.quirks.patch_modify:
            modify = patch.get("modify")
            if not isinstance(modify, dict):
                raise Problem(400, 'Missing "modify" in the body.')
            patch = {"properties": {name: value for name, value in modify.items() if value is not None}}
        return super().update(item_id, patch, uri, lock)

    def delete(self, item_id: str, lock: str | None) -> None:
        if self.quirks.delete_missing_ok and self.writing.item(item_id) is None:
            return
        super().delete(item_id, lock)

    def _as_stored(self, body: dict[str, Any]) -> dict[str, Any]:
        body = dict(body)
        properties = body.get("properties")
        if isinstance(properties, dict):
            body["properties"] = {
                name: _rounded(self.collection.schema, name, value, self.quirks.number_decimals)
                for name, value in properties.items()
                if not self.quirks.drops_unknown or self.collection.schema.get(name) is not None
            }
        geometry = body.get("geometry")
        if self.quirks.coordinate_decimals is not None and isinstance(geometry, dict):
            body["geometry"] = _cut(geometry, self.quirks.coordinate_decimals)
        return body


def _rounded(schema: Schema, name: str, value: Any, decimals: int | None) -> Any:
    prop: Property | None = schema.get(name)
    plain = isinstance(value, float) and prop is not None and prop.type == "number"
    return round(value, decimals) if plain and decimals is not None else value


def _cut(geometry: dict[str, Any], decimals: int) -> Any:
    found = json.loads(compact(geometry))
    try:
        for position in positions(found):
            position[:] = [round(number, decimals) for number in position]
    except (KeyError, TypeError, ValueError):
        return geometry  # it is no geometry: that is for the schema to say
    return found
