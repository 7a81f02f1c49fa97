"""A small store made by hand, and a client that calls the WSGI application without a network."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from wsgiref.validate import validator

import pytest
import requests

from plugin.demo.app import Settings, create_app
from plugin.demo.crs import CRS84, RD
from plugin.demo.geometry import box_of
from plugin.demo.model import Collection, Feature, Property, Schema, compact
from plugin.demo.sta.service import Sensors
from plugin.demo.sta.store import SensorStore
from plugin.demo.store import Store
from tests.twin_server import serve_app
from tests.unit.demo.sta_kit import CITY, Api

HOUSES = Collection(
    "houses",
    "Houses",
    RD,
    Schema(
        (
            Property("name", required=True, max_length=20),
            Property("function", enum=("residential", "office"), required=True),
            Property("height", "number", minimum=0, maximum=300, unit="m"),
            Property("storeys", "integer", minimum=0),
            Property("listed", "boolean"),
            Property("code", pattern="^[A-Z]+$"),
            Property("built", format="date"),
            Property("seen", format="date-time"),
            Property("extra", "object"),
            Property("area_m2", "number", read_only=True, computed="area"),
        ),
        "Polygon",
        False,
        True,
    ),
    licence="CC0 1.0",
    licence_url="https://creativecommons.org/publicdomain/zero/1.0/",
)
ROOFS = Collection("roofs", "Roofs", RD, Schema((Property("name"),), "MultiPolygon", True))
NOTES = Collection("notes", "Notes", CRS84, Schema((Property("text"),), ""))


def square(x: float, y: float, size: float = 10.0) -> dict[str, Any]:
    corners = [(x, y), (x + size, y), (x + size, y + size), (x, y + size), (x, y)]
    return {"type": "Polygon", "coordinates": [[list(corner) for corner in corners]]}


def house(n: int, x: float, y: float) -> Feature:
    geometry = square(x, y)
    values = {"name": f"House {n}", "function": "office" if n % 2 else "residential", "height": n + 0.5, "storeys": n}
    return Feature(f"h/{n}", compact(geometry), box_of(geometry), compact(values))


def fill_small(store: Store) -> None:
    """25 houses on a diagonal, no roofs, and two notes: one with a point, one without geometry."""
    point = {"type": "Point", "coordinates": [4.48, 51.92]}
    notes = [
        Feature(7, compact(point), box_of(point), compact({"text": "here"})),
        Feature("no where", None, None, compact({"text": None})),
    ]
    houses = [house(n, 93000 + n * 100, 436000 + n * 100) for n in range(25)]
    store.load("Small", "Made by hand", [(HOUSES, houses), (ROOFS, []), (NOTES, notes)])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "small.sqlite")
    fill_small(store)
    yield store
    store.close()


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def etag(self) -> str:
        return self.headers["etag"]


class Client:
    """Calls the application through wsgiref's validator, which complains about anything against PEP 3333."""

    def __init__(self, store: Store, settings: Settings | None = None) -> None:
        self._app = validator(create_app(store, settings))

    def __call__(
        self, method: str, url: str, body: Any = None, headers: dict[str, str] | None = None, kind: str = ""
    ) -> Answer:
        path, _, query = url.partition("?")
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path if "%" not in path else "/",
            "RAW_URI": quote(path, safe="/%"),
            "QUERY_STRING": query,
            "SERVER_NAME": "twin.test",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "twin.test",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(content),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if body is not None:
            environ["CONTENT_LENGTH"] = str(len(content))
            environ["CONTENT_TYPE"] = kind or "application/geo+json"
        for name, value in (headers or {}).items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        seen: list[Any] = []
        parts = self._app(environ, lambda status, found, exc_info=None: seen.append((status, found)))
        answer = b"".join(parts)
        parts.close()
        found = {name.lower(): value for name, value in seen[0][1]}
        if found.get("content-encoding") == "gzip":
            answer = gzip.decompress(answer)
        return Answer(int(seen[0][0].split()[0]), found, answer)


@pytest.fixture
def call(store: Store) -> Client:
    return Client(store)


@pytest.fixture
def sensors(tmp_path: Path) -> Iterator[SensorStore]:
    found = SensorStore(tmp_path / "sensors.sqlite")
    yield found
    found.close()


@pytest.fixture
def sta(store: Store, sensors: SensorStore) -> Iterator[Api]:
    """A real server with the sensors of ``sta_kit.CITY``."""
    url, stop = serve_app(create_app(store, Settings(), Sensors(sensors)))
    with requests.Session() as session:
        api = Api(f"{url}sta/v1.1", sensors, session)
        for thing in CITY:
            api.post("Things", thing)
        yield api
    stop()
