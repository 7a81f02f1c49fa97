"""The WSGI application: from a path and a method to a room of the house, and every error to an RFC 7807 answer."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Callable

from . import documents, items, openapi, pages, photos, quirks, schema, transactions, writes
from .model import Collection
from .negotiation import choose_format, finish
from .photo_links import TYPES
from .quirks import Quirks
from .settings import Settings
from .snapshots import api as snapshots
from .snapshots.keeper import TYPES as FILES
from .snapshots.keeper import Snapshots
from .sta import api as sta
from .sta.service import Sensors
from .store import Store
from .web import (
    FLATGEOBUF,
    GEOJSON,
    JSON,
    MERGE_PATCH,
    OPENAPI,
    REASONS,
    SCHEMA_JSON,
    TRANSACTION,
    Environ,
    Problem,
    Request,
    Response,
    StartResponse,
    WsgiApp,
)

log = logging.getLogger(__name__)
WRITING = ("POST", "PUT", "PATCH", "DELETE")


Handler = Callable[[Store, Settings, Request], Response]


@dataclass(frozen=True)
class Route:
    """One resource: its path with ``{names}``, its JSON media types and what each method does."""

    path: tuple[str, ...]
    types: tuple[str, ...]
    methods: dict[str, Handler]
    accept_headers: tuple[tuple[str, str], ...] = ()  # what OPTIONS tells about bodies
    offered: Callable[[Settings], bool] = lambda _settings: True
    as_is: bool = False  # no document: nothing to choose a format for
    others: Mapping[str, str] = field(default_factory=dict)  # what it is there as besides: word and media type


def create_app(store: Store, settings: Settings | None = None, sensors: Sensors | None = None) -> WsgiApp:
    """The twin over ``store`` as a WSGI application, with ``sensors`` below ``/sta/v1.1`` where there are any.

    It may be called from several threads at once.
    """
    chosen = settings or Settings()
    keeper = Snapshots(store, chosen) if chosen.snapshots else None

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        status, headers, body = _serve(store, chosen, sensors, keeper, environ)
        start_response(f"{status} {REASONS.get(status, 'Unknown')}", headers)
        return body

    return app


def _serve(
    store: Store, settings: Settings, sensors: Sensors | None, keeper: Snapshots | None, environ: Environ
) -> tuple[int, list[tuple[str, str]], Iterable[bytes]]:
    request: Request | None = None
    try:
        request = Request.read(environ, settings.max_body)
        request.snapshots = keeper
        quirks.before(settings.quirks, request)
        if settings.delay:
            time.sleep(settings.delay)
        response = _answer(store, settings, sensors, request)
    except Problem as problem:
        response = problem.response()
    except Exception:
        log.exception("%s %s failed", environ.get("REQUEST_METHOD"), environ.get("PATH_INFO"))
        response = Problem(500, "The twin failed to answer this; its log says why.").response()
    if request is None:
        return response.status, [("Content-Type", response.content_type)], [response.body]
    if settings.quirks != _NONE:
        response = quirks.after(settings.quirks, request, response)
    return finish(request, response)


def _answer(store: Store, settings: Settings, sensors: Sensors | None, request: Request) -> Response:
    if settings.credentials is not None:
        request.user = settings.credentials.check(request)
    if sensors is not None:
        request.has_sensors = True
        if request.path[: len(sta.PREFIX)] == sta.PREFIX:
            return sta.answer(sensors, settings, request)
    route = _find(request, settings)
    methods = {name: do for name, do in route.methods.items() if name not in WRITING or settings.takes(name)}
    allow = ", ".join([*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"])
    if request.method == "OPTIONS":
        tells = tuple(pair for pair in route.accept_headers if pair[0].replace("Accept-", "").upper() in methods)
        return Response(204, headers=(("Allow", allow), *tells))
    handler = methods.get("GET" if request.method == "HEAD" else request.method)
    if handler is None:
        raise Problem(405, f"{request.method} is not possible here; {allow} are.", headers=[("Allow", allow)])
    if request.method in ("GET", "HEAD") and not route.as_is:
        request.format = choose_format(request, route.types, route.others if settings.snapshots else {})
        response = handler(store, settings, request)
        return pages.page(request, response.whole()) if request.format == "html" else response
    return handler(store, settings, request)


def _find(request: Request, settings: Settings) -> Route:
    for route in ROUTES:
        if len(route.path) == len(request.path) and route.offered(settings):
            params = {}
            for pattern, segment in zip(route.path, request.path):
                if pattern.startswith("{"):
                    params[pattern[1:-1]] = segment
                elif pattern != segment:
                    break
            else:
                request.params = params
                return route
    raise Problem(404, f"There is nothing at /{'/'.join(request.path)}.")


def _collection(store: Store, request: Request) -> Collection:
    found = store.collection(request.params["collection"])
    if found is None:
        raise Problem(404, f"There is no collection {request.params['collection']}.")
    return found


def _landing(store: Store, settings: Settings, request: Request) -> Response:
    request.check_query(())
    return Response.json(documents.landing(store, settings, request))


def _conformance(store: Store, settings: Settings, request: Request) -> Response:
    request.check_query(())
    return Response.json(documents.conformance(store, settings))


def _api(store: Store, settings: Settings, request: Request) -> Response:
    request.check_query(())
    return Response.json(openapi.document(store, settings, request), OPENAPI)


def _collections(store: Store, settings: Settings, request: Request) -> Response:
    request.check_query(())
    return Response.json(documents.collections(store, settings, request))


def _one_collection(store: Store, settings: Settings, request: Request) -> Response:
    request.check_query(())
    return Response.json(documents.collection(store, settings, _collection(store, request), request))


def _schema(store: Store, settings: Settings, request: Request) -> Response:
    request.check_query(())
    collection = _collection(store, request)
    url = request.url("collections", collection.id, "schema")
    return Response.json(schema.document(collection, url), SCHEMA_JSON)


def _on_collection(do: Callable[[Store, Settings, Collection, Request], Response]) -> Handler:
    def handler(store: Store, settings: Settings, request: Request) -> Response:
        return do(store, settings, _collection(store, request), request)

    return handler


_NONE = Quirks()
_BODIES = f"{GEOJSON}, {JSON}"
_ITEM = ("collections", "{collection}", "items", "{item}")
ROUTES = (
    Route((), (JSON,), {"GET": _landing}),
    Route(("conformance",), (JSON,), {"GET": _conformance}),
    Route(("api",), (OPENAPI, JSON), {"GET": _api}),
    Route(
        ("transactions",),
        (JSON,),
        {"POST": transactions.execute},
        (("Accept-Post", f"{TRANSACTION}, {JSON}"),),
        lambda settings: settings.sets,
    ),
    Route(("collections",), (JSON,), {"GET": _collections}),
    Route(("collections", "{collection}"), (JSON,), {"GET": _one_collection}),
    Route(("collections", "{collection}", "schema"), (SCHEMA_JSON, JSON), {"GET": _schema}),
    Route(
        ("collections", "{collection}", "items"),
        (GEOJSON, JSON),
        {"GET": _on_collection(items.page), "POST": _on_collection(writes.create)},
        (("Accept-Post", _BODIES),),
        others={"fgb": FLATGEOBUF},
    ),
    Route(
        ("collections", "{collection}", "snapshots", "{kind}"),
        tuple(FILES.values()),
        {"GET": _on_collection(snapshots.one)},
        offered=lambda settings: settings.snapshots,
        as_is=True,
    ),
    Route(
        _ITEM,
        (GEOJSON, JSON),
        {
            "GET": _on_collection(items.single),
            "PUT": _on_collection(writes.replace),
            "PATCH": _on_collection(writes.update),
            "DELETE": _on_collection(writes.delete),
        },
        (("Accept-Patch", f"{MERGE_PATCH}, {_BODIES}"),),
    ),
    Route(
        (*_ITEM, "photos"),
        (JSON,),
        {"GET": _on_collection(photos.several), "POST": _on_collection(photos.add)},
        (("Accept-Post", ", ".join(TYPES)),),
    ),
    Route((*_ITEM, "photos", "{photo}"), TYPES, {"GET": _on_collection(photos.one)}, as_is=True),
)

__all__ = ["Settings", "create_app"]
