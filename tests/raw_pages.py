"""A small read-only twin that serves pages of GeoJSON as they are given, byte by byte, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from plugin.twin.client import Twin
from plugin.workcopy.checkout import CheckoutReport, checkout
from tests.twin_server import serve_app

RD = "http://www.opengis.net/def/crs/EPSG/0/28992"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_FEATURES = "http://www.opengis.net/spec/ogcapi-features-"


@dataclass
class RawTwin:
    """One collection ``things``; set ``pages`` (texts with a list of features each) and ``schema`` as you like."""

    pages: Sequence[str] = ()
    schema: Mapping[str, Any] | None = None
    crs: str = RD
    count: int | None = None  # of features, as the collection tells it
    url: str = field(default="", init=False)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        path, query = environ["PATH_INFO"], parse_qs(environ["QUERY_STRING"])
        answers: dict[str, Any] = {
            "/": self._landing(),
            "/conformance": {"conformsTo": [f"{_FEATURES}1/1.0/conf/{name}" for name in ("core", "geojson")]},
            "/collections": {"collections": [self._collection()]},
            "/collections/things": self._collection(),
            "/schema": self.schema,
        }
        answers["/conformance"]["conformsTo"].append(f"{_FEATURES}2/1.0/conf/crs")
        headers = [("Content-Type", "application/json")]
        if path == "/collections/things/items":
            body = self._page(int(query.get("page", ["0"])[0])).encode()
            headers = [("Content-Type", "application/geo+json"), ("Content-Crs", f"<{self.crs}>")]
        else:
            body = json.dumps(answers.get(path)).encode()
        start("200 OK" if path in answers or "items" in path else "404 Not Found", headers)
        return [body]

    def _landing(self) -> dict[str, Any]:
        links = [{"rel": "conformance", "href": "/conformance"}, {"rel": "data", "href": "/collections"}]
        return {"title": "Raw twin", "links": links}

    def _collection(self) -> dict[str, Any]:
        links = [{"rel": "items", "type": "application/geo+json", "href": "/collections/things/items"}]
        if self.schema is not None:
            links.append({"rel": "http://www.opengis.net/def/rel/ogc/1.0/schema", "href": "/schema"})
        told = {} if self.count is None else {"itemCount": self.count}
        return {"id": "things", "title": "Things", "crs": [self.crs], "storageCrs": self.crs, "links": links, **told}

    def _page(self, number: int) -> str:
        links = [{"rel": "next", "href": f"/collections/things/items?page={number + 1}"}]
        features = self.pages[number] if self.pages else "[]"
        more = json.dumps(links if number + 1 < len(self.pages) else [])
        return f'{{"type": "FeatureCollection", "links": {more}, "features": {features}}}'

    def checkout(self, path: Path, **how: Any) -> CheckoutReport:
        """The collection in a new working copy at ``path``; its table is ``things``."""
        path.unlink(missing_ok=True)
        return checkout(Twin(self.url), ["things"], path, **how)

    def give(self, features: Sequence[Mapping[str, Any]], schema: Mapping[str, Any] | None, size: int = 7) -> None:
        """Serve ``features`` in pages of ``size``."""
        self.pages = [json.dumps(features[at : at + size]) for at in range(0, len(features), size)] or ["[]"]
        self.schema = schema


@contextmanager
def raw_twin() -> Iterator[RawTwin]:
    """A running one."""
    twin = RawTwin()
    twin.url, stop = serve_app(twin)
    try:
        yield twin
    finally:
        stop()


def declared(geometry: str = "", z: bool = False, **properties: str) -> dict[str, Any]:
    """A schema document: name → one of our words for types (``date-time`` …), and the geometry's type ("" any)."""
    members: dict[str, Any] = {}
    for name, kind in properties.items():
        members[name] = {"type": "string", "format": kind} if kind in ("date", "date-time") else {"type": kind}
    if geometry != "none":
        members["geometry"] = {
            "format": f"geometry-{geometry.lower() or 'any'}",
            "x-ogc-role": "primary-geometry",
            "x-citytwin-dimension": 3 if z else 2,
        }
    return {"type": "object", "properties": members}
