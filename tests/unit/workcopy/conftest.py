"""A twin of a few buildings, in this process, with faults that can be put around it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from plugin.demo.__main__ import fill
from plugin.demo.app import create_app
from plugin.demo.quirks import Quirks
from plugin.demo.settings import Settings, Tier
from plugin.demo.store import Store
from plugin.twin.client import Twin
from plugin.workcopy.checkout import checkout
from plugin.workcopy.copy import WorkingCopy
from tests.copies import square
from tests.raw_pages import RawTwin, raw_twin
from tests.twin_server import serve_app


@dataclass
class Around:
    """A WSGI application around the twin: what it sees, and what it does to it."""

    app: Callable[..., Any]
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    before: Callable[[dict[str, Any], Callable[..., Any]], Any] | None = None

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        headers = {key[5:].lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
        self.seen.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], headers))
        if self.before is not None:
            answer = self.before(environ, start)
            if answer is not None:
                return answer
        return self.app(environ, start)


@dataclass
class SmallTwin:
    """Twenty buildings and three benches, over HTTP."""

    url: str
    around: Around
    store: Store

    def get(self, identity: str, collection: str = "buildings") -> requests.Response:
        crs = {"crs": "http://www.opengis.net/def/crs/EPSG/0/28992"}
        return requests.get(f"{self.url}collections/{collection}/items/{identity}", params=crs, timeout=5)

    def properties(self, identity: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(identity).json()["properties"]
        return found

    def count(self) -> int:
        return int(requests.get(f"{self.url}collections/buildings/items?limit=1", timeout=5).json()["numberMatched"])

    def colleague(self, identity: str, **properties: Any) -> None:
        """Somebody else changes a feature."""
        crs = "<http://www.opengis.net/def/crs/EPSG/0/28992>"
        body: dict[str, Any] = {"properties": properties}
        if "geometry" in properties:
            body["geometry"] = properties.pop("geometry")
        reply = requests.patch(
            f"{self.url}collections/buildings/items/{identity}",
            json=body,
            headers={**self.lock(identity), "Content-Type": "application/merge-patch+json", "Content-Crs": crs},
            timeout=5,
        )
        assert reply.status_code in (200, 204), reply.text

    def colleague_deletes(self, identity: str) -> None:
        address = f"{self.url}collections/buildings/items/{identity}"
        reply = requests.delete(address, headers=self.lock(identity), timeout=5)
        assert reply.status_code in (200, 204), reply.text

    def colleague_adds(self, geometry: dict[str, Any], **properties: Any) -> str:
        """Somebody else creates a feature; its id."""
        reply = requests.post(
            f"{self.url}collections/buildings/items",
            json={"type": "Feature", "geometry": geometry, "properties": properties},
            headers={
                "Content-Type": "application/geo+json",
                "Content-Crs": "<http://www.opengis.net/def/crs/EPSG/0/28992>",
            },
            timeout=5,
        )
        assert reply.status_code == 201, reply.text
        return reply.headers["Location"].rsplit("/", 1)[1]

    def lock(self, identity: str) -> dict[str, str]:
        """The header that a colleague's write needs, where the twin has locks."""
        token = self.get(identity).headers.get("ETag")
        return {"If-Match": token} if token else {}

    def writes(self) -> int:
        """How many changes the twin has made, by whomever."""
        with self.store._connection() as db:
            return int(db.execute("SELECT count(*) FROM change").fetchone()[0])


def write_data(folder: Path) -> None:
    """The GeoJSON that the small twin serves."""
    rd = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::28992"}}
    buildings = [
        {
            "type": "Feature",
            "id": f"b{n}",
            "geometry": square(92000 + 20 * n, 436000),
            "properties": {"name": f"Building {n}", "height": 10.5 + n, "floors": n, "opened": "2020-01-02"},
        }
        for n in range(1, 21)
    ]
    benches = [
        {
            "type": "Feature",
            "id": f"s{n}",
            "geometry": {"type": "Point", "coordinates": [92000.5 + n, 436000.25]},
            "properties": {"order": n, "Order": f"{n}", "fid": 100 + n, "select": None},
        }
        for n in range(1, 4)
    ]
    for name, features in (("buildings", buildings), ("benches", benches)):
        document = {"type": "FeatureCollection", "crs": rd, "features": features}
        (folder / f"{name}.geojson").write_text(json.dumps(document), encoding="utf-8")


@pytest.fixture
def tier() -> str:
    """What the twin can do; a test that means another one parametrizes it."""
    return "w1"


@pytest.fixture
def quirks() -> tuple[str, ...]:
    """What the twin does otherwise, by the names of the command line."""
    return ()


@pytest.fixture
def twin(tmp_path: Path, tier: Tier, quirks: tuple[str, ...]) -> Iterator[SmallTwin]:
    data = tmp_path / "data"
    data.mkdir()
    write_data(data)
    store = Store(tmp_path / "twin.sqlite")
    fill(store, data)
    around = Around(create_app(store, Settings(tier=tier, max_actions=5, quirks=Quirks().with_(list(quirks)))))
    url, stop = serve_app(around)
    yield SmallTwin(url, around, store)
    stop()
    store.close()


@pytest.fixture(scope="module")
def raw() -> Iterator[RawTwin]:
    """A twin that serves what it is given, byte by byte."""
    with raw_twin() as running:
        yield running


@pytest.fixture
def client(twin: SmallTwin) -> Twin:
    return Twin(twin.url)


@pytest.fixture
def copy(client: Twin, tmp_path: Path) -> WorkingCopy:
    path = tmp_path / "work.gpkg"
    checkout(client, ["buildings", "benches"], path)
    return WorkingCopy.open(path)
