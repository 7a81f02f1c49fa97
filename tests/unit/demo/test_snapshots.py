"""Whole collections as files: what the links say, what GDAL reads, when they are made anew; pages that are streamed."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import requests
from osgeo import ogr

from plugin.demo.app import create_app
from plugin.demo.crs import CRS84, RD
from plugin.demo.model import Collection, Feature, Property, Schema, compact
from plugin.demo.quirks import Quirks
from plugin.demo.settings import Settings
from plugin.demo.snapshots.keeper import Snapshots
from plugin.demo.store import Store
from plugin.demo.web import Problem
from tests.twin_server import start_twin

from .conftest import HOUSES, Client

PATCH = "application/merge-patch+json"


def enclosures(call: Client, collection: str = "houses") -> dict[str, dict[str, Any]]:
    links = call("GET", f"/collections/{collection}").json()["links"]
    return {link["type"]: link for link in links if link["rel"] == "enclosure"}


def read(content: bytes, path: Path) -> list[dict[str, Any]]:
    """The features as GDAL has them."""
    path.write_bytes(content)
    source = ogr.Open(str(path))
    found = []
    for feature in source.GetLayer(0):
        one = json.loads(feature.ExportToJson())
        one["properties"] = {k: v for k, v in one["properties"].items() if feature.IsFieldSetAndNotNull(k)}
        found.append(one)
    return found


@pytest.mark.parametrize("kind", ["gpkg", "fgb"])
def test_a_file_is_the_collection(call: Client, store: Store, kind: str, tmp_path: Path) -> None:
    link = next(one for one in enclosures(call).values() if one["href"].endswith(kind))
    assert "length" not in link and link["x-citytwin-columns"] == {"id": "id", "etag": "etag"}
    answer = call("GET", f"/collections/houses/snapshots/{kind}", headers={"Accept-Encoding": "gzip"})
    assert (answer.status, answer.headers["content-type"]) == (200, link["type"])
    assert int(answer.headers["content-length"]) == len(answer.body)
    found = read(answer.body, tmp_path / f"houses.{kind}")
    pages = call("GET", f"/collections/houses/items?crs={RD}").json()["features"]
    assert [one["properties"]["id"] for one in found] == [one["id"] for one in pages]
    assert [one["properties"]["etag"] for one in found] == [one["etag"] for one in pages]
    for mine, theirs in zip(found, pages):
        assert mine["geometry"] == theirs["geometry"]
        assert {k: v for k, v in mine["properties"].items() if k not in ("id", "etag")} == {
            k: v for k, v in theirs["properties"].items() if v is not None
        }
    assert next(one for one in enclosures(call).values() if one["href"].endswith(kind))["length"] == len(answer.body)


def test_it_is_made_again_when_the_data_changed_and_only_then(call: Client, tmp_path: Path) -> None:
    first = call("GET", "/collections/houses/snapshots/fgb")
    known = {"If-None-Match": first.etag}
    assert call("GET", "/collections/houses/snapshots/fgb", headers=known).status == 304
    assert first.headers["last-modified"] == "Thu, 01 Jan 2026 00:00:00 GMT"
    assert call("GET", "/collections/houses").json()["updated"] == "2026-01-01T00:00:00Z"
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "small-snapshots").iterdir()}
    call("GET", "/collections/houses/snapshots/fgb")
    assert files == {path: path.stat().st_mtime_ns for path in (tmp_path / "small-snapshots").iterdir()}

    lock = {"If-Match": call("GET", "/collections/houses/items/h%2F3").etag}
    assert call("PATCH", "/collections/houses/items/h%2F3", {"properties": {"name": "New"}}, lock, PATCH).status == 204
    again = call("GET", "/collections/houses/snapshots/fgb", headers=known)
    assert again.status == 200 and again.etag != first.etag
    assert again.headers["last-modified"] != first.headers["last-modified"]
    found = {one["properties"]["id"]: one["properties"] for one in read(again.body, tmp_path / "new.fgb")}
    assert found["h/3"]["name"] == "New" and found["h/3"]["etag"] == call("GET", "/collections/houses/items/h%2F3").etag
    assert len(list((tmp_path / "small-snapshots").iterdir())) == 1


def test_head_sends_no_file_and_others_are_not_there(call: Client) -> None:
    head = call("HEAD", "/collections/houses/snapshots/gpkg")
    assert head.status == 200 and head.body == b"" and int(head.headers["content-length"]) > 10_000
    assert call("GET", "/collections/houses/snapshots/zip").status == 404
    assert call("GET", "/collections/nothing/snapshots/fgb").status == 404


def test_a_twin_like_another_or_without_files_offers_none(store: Store) -> None:
    for settings in (Settings(files=False), Settings(quirks=Quirks(weak_etags=True))):
        call = Client(store, settings)
        assert enclosures(call) == {}
        assert call("GET", "/collections/houses/snapshots/fgb").status == 404
        assert call("GET", "/collections/houses/items?f=fgb").status == 400


def test_names_that_differ_in_case_only_are_no_columns_of_a_table(tmp_path: Path) -> None:
    store = Store(tmp_path / "case.sqlite")
    store.load("", "", [(Collection("case", "Case", RD, Schema((Property("a"), Property("A"), Property("etag")))), [])])
    found = enclosures(Client(store), "case")
    assert list(found) == ["application/flatgeobuf"]
    assert found["application/flatgeobuf"]["x-citytwin-columns"] == {"id": "id", "etag": "etag_2"}
    store.close()


def test_many_ask_and_one_is_made(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    keeper, made, begin = Snapshots(store, Settings()), [], threading.Event()
    real = Snapshots._make

    def slowly(self: Snapshots, collection: Collection, kind: str) -> Any:
        made.append(kind)
        begin.wait(5)
        return real(self, collection, kind)

    monkeypatch.setattr(Snapshots, "_make", slowly)
    monkeypatch.setattr("plugin.demo.snapshots.keeper._WAIT", 0.05)
    with pytest.raises(Problem) as asked:
        keeper.file(HOUSES, "fgb")
    assert asked.value.status == 503 and ("Retry-After", "5") in asked.value.headers
    monkeypatch.setattr("plugin.demo.snapshots.keeper._WAIT", 5)
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(keeper.file(HOUSES, "fgb"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    begin.set()
    for thread in threads:
        thread.join(5)
    assert len(found) == 4 and len(set(map(id, found))) == 1 and made == ["fgb"]


def test_items_as_flatgeobuf(call: Client, tmp_path: Path) -> None:
    """By the parameter f, or by Accept; in any CRS, a page at a time, filtered as pages are."""
    answer = call("GET", f"/collections/houses/items?limit=10&crs={RD}", headers={"Accept": "application/flatgeobuf"})
    assert answer.headers["content-type"] == "application/flatgeobuf"
    assert 'rel="next"' in answer.headers["link"] and "f=fgb" in answer.headers["link"]
    assert len(read(answer.body, tmp_path / "page.fgb")) == 10
    box = "93000,436000,93150,436150"
    some = call(
        "GET",
        f"/collections/houses/items?f=fgb&bbox={box}&bbox-crs={RD}&crs=http://www.opengis.net/def/crs/EPSG/0/4326",
    )
    found = read(some.body, tmp_path / "some.fgb")
    assert [one["properties"]["id"] for one in found] == ["h/0", "h/1"]
    east, north = found[0]["geometry"]["coordinates"][0][0]
    assert 4.3 < east < 4.7 and 51.8 < north < 52.1  # the format has east first, whatever the CRS says
    assert (
        call("GET", "/collections/houses/items", headers={"Accept": "*/*"}).headers["content-type"].endswith("geo+json")
    )
    nothing = call("GET", "/collections/roofs/items?f=fgb")
    assert read(nothing.body, tmp_path / "nothing.fgb") == []


def test_a_client_that_goes_away_lets_go_of_the_store(store: Store) -> None:
    """Whether before the first piece or in the middle: no read transaction stays open."""
    app = create_app(store, Settings())
    for taken in (0, 1):
        environ = {
            "REQUEST_METHOD": "GET", "PATH_INFO": "/collections/houses/items", "QUERY_STRING": "f=fgb",
            "SERVER_NAME": "twin.test", "SERVER_PORT": "80", "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(),
        }  # fmt: skip
        parts: Any = app(environ, lambda status, found, exc_info=None: None)
        assert len(list(islice(iter(parts), taken))) == taken
        assert store._idle == []  # the only connection is lent
        parts.close()
        assert len(store._idle) == 1 and not store._idle[0].in_transaction  # it is back, and free


# -- a large collection ----------------------------------------------------------------------------------------------

MANY = 200_000


def many() -> Iterator[Feature]:
    for n in range(MANY):
        x, y = 90_000 + n % 500 * 20, 430_000 + n // 500 * 20
        ring = [[x, y], [x + 9.5, y], [x + 9.5, y + 4.25], [x + 5, y + 9.125], [x, y + 9.25], [x, y]]
        text = compact({"type": "Polygon", "coordinates": [ring]})
        values = compact({"name": f"Roof print number {n}", "height": n % 97 + 0.5, "storeys": n % 40})
        yield Feature(f"roof-{n:06}", text, (x, y, x + 9.5, y + 9.25), values)


def memory(pid: int, name: str) -> int:
    """MB of a process: VmHWM is the most that it ever had, VmRSS what it has."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) // 1024


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for the memory of a process")
def test_memory_is_flat_however_large_the_collection(tmp_path: Path) -> None:
    """All pages of 200,000 features, as GeoJSON in two CRSs and zipped, and both files."""
    path = tmp_path / "twin.sqlite"
    store = Store(path)
    schema = Schema((Property("name"), Property("height", "number"), Property("storeys", "integer")), "Polygon")
    store.load("Large", "", [(Collection("roofs", "Roofs", RD, schema), many())])
    store.close()
    running = start_twin(store=path, options=["--no-mqtt", "--sensors", "0"])
    try:
        pid, session = running.process.pid, requests.Session()
        before = memory(pid, "VmHWM")
        for crs, zipped in ((RD, "identity"), (RD, "gzip"), (CRS84, "identity")):
            url: str | None = f"{running.url}collections/roofs/items?limit=10000&crs={crs}"
            count = 0
            while url:
                with session.get(url, headers={"Accept-Encoding": zipped}, timeout=60) as reply:
                    page = reply.json()
                count += page["numberReturned"]
                url = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
                if crs == CRS84 and count >= 40_000:
                    break
            assert count >= 40_000
        pages = memory(pid, "VmHWM")
        sizes = {}
        for kind in ("fgb", "gpkg"):
            for _ in range(60):
                with session.get(f"{running.url}collections/roofs/snapshots/{kind}", stream=True, timeout=60) as reply:
                    if reply.status_code != 503:
                        sizes[kind] = sum(len(piece) for piece in reply.iter_content(1 << 20))
                        break
                time.sleep(float(reply.headers["Retry-After"]))
        files = memory(pid, "VmHWM")
    finally:
        running.stop()
    print(f"MB at most: {before} at the start, {pages} after all pages, {files} after both files; bytes: {sizes}")
    assert sizes["fgb"] > 40 * MANY and sizes["gpkg"] > 40 * MANY
    # the store's own page cache (16 MB a connection) included
    assert pages - before < 40 and files - before < 80
