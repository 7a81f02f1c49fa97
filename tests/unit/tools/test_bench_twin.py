"""The twin of the benchmarks: what it serves is what was prepared, in pages of any size, and it is a twin to others."""

from __future__ import annotations

import json
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from osgeo import gdal, ogr, osr

from plugin.twin.client import Twin
from plugin.workcopy.checkout import checkout
from tools.bench import prepare
from tools.bench.offer import Offer
from tools.bench.prepared import CRS84, RD, Prepared
from tools.bench.server import Server

COUNT = 23


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """What is prepared of a handful of roofs."""
    folder = tmp_path_factory.mktemp("bench")
    srs = osr.SpatialReference()
    srs.ImportFromEPSG(28992)
    file = ogr.GetDriverByName("GPKG").CreateDataSource(str(folder / "few.gpkg"))
    layer = file.CreateLayer("roofprints", srs, ogr.wkbMultiPolygon)
    for name, kind in (("tile", ogr.OFTString), ("ordinal", ogr.OFTInteger64), ("h_eave_m", ogr.OFTReal)):
        layer.CreateField(ogr.FieldDefn(name, kind))
    for n in range(COUNT):
        feature = ogr.Feature(layer.GetLayerDefn())
        feature["tile"], feature["ordinal"], feature["h_eave_m"] = "één", n, 4.5 + n
        x, y = 92_000 + 10.25 * n, 436_000 + 44.5 * n
        corners = f"{x} {y},{x + 8} {y},{x + 8} {y + 4},{x} {y}"
        feature.SetGeometry(ogr.CreateGeometryFromWkt(f"MULTIPOLYGON((({corners})))"))
        layer.CreateFeature(feature)
    del layer, file
    with zipfile.ZipFile(folder / "few.zip", "w") as archive:
        archive.write(folder / "few.gpkg", "few.gpkg")
    prepare.main(folder / "few.zip", folder / "prepared")
    return Prepared(folder / "prepared")


@pytest.fixture(scope="module")
def url(made: Prepared) -> Iterator[str]:
    server = Server(made)
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield server.url
    server.close()
    thread.join(5)


def pages(url: str, offer: Offer, collection: str, **query: Any) -> list[dict[str, Any]]:
    following: str | None = f"{url}/{offer.step}/collections/{collection}/items"
    found = []
    while following:
        reply = requests.get(following, params=query, timeout=10)
        assert reply.status_code == 200, reply.text
        found.append(reply.json())
        following = next((link["href"] for link in found[-1]["links"] if link["rel"] == "next"), None)
        query = {}
    return found


@pytest.mark.parametrize("limit", [1, 7, COUNT - 1, COUNT, 10_000])
def test_pages_of_any_size_hold_every_feature_once(url: str, limit: int) -> None:
    found = pages(url, Offer(), "roofs", limit=limit, crs=RD)
    features = [feature for page in found for feature in page["features"]]
    assert [feature["properties"]["ordinal"] for feature in features] == list(range(COUNT))
    assert {page["numberMatched"] for page in found} == {COUNT}
    assert [page["numberReturned"] for page in found] == [len(page["features"]) for page in found]
    assert max(page["numberReturned"] for page in found) == min(limit, COUNT)
    assert features[3]["geometry"]["coordinates"][0][0][0] == [92_030.75, 436_133.5]


def test_copies_lie_elsewhere_and_have_ids_of_their_own(url: str) -> None:
    (page,) = pages(url, Offer(), "roofs-10k", limit=10_000, crs=RD)
    assert page["numberMatched"] == 5 * COUNT
    assert len({feature["id"] for feature in page["features"]}) == 5 * COUNT
    norths = [feature["geometry"]["coordinates"][0][0][0][1] for feature in page["features"][3::COUNT]]
    assert norths == [436_133.5, 536_133.5, 336_133.5, 636_133.5, 236_133.5]
    assert all(feature["properties"]["ordinal"] == 3 for feature in page["features"][3::COUNT])


def test_degrees_are_where_metres_are(url: str) -> None:
    (metres,) = pages(url, Offer(), "roofs", limit=100, crs=RD)
    (degrees,) = pages(url, Offer(), "roofs", limit=100)
    rd, lonlat = osr.SpatialReference(), osr.SpatialReference()
    rd.ImportFromEPSG(28992)
    lonlat.ImportFromEPSG(4326)
    for srs in (rd, lonlat):
        srs.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    back = osr.CoordinateTransformation(lonlat, rd)
    for one, other in zip(metres["features"], degrees["features"]):
        x, y, _ = back.TransformPoint(*other["geometry"]["coordinates"][0][0][1])
        assert (x, y) == pytest.approx(one["geometry"]["coordinates"][0][0][1], abs=0.02)


def test_a_checkout_brings_all_of_it_with_its_tokens(url: str, tmp_path: Path) -> None:
    report = checkout(Twin(f"{url}/{Offer().step}"), ["roofs"], tmp_path / "copy.gpkg")
    assert (report.feature_count, report.problems) == (COUNT, ())
    file = ogr.Open(str(tmp_path / "copy.gpkg"))
    rows = [(row["twin_id"], row["twin_version"], row["ordinal"]) for row in file.GetLayerByName("roofs")]
    assert rows[10] == ("r0-000011", '"b-1"', 10)
    assert len(rows) == COUNT


def test_gdal_reads_it(url: str) -> None:
    file = gdal.OpenEx(f"OAPIF:{url}/{Offer().step}", gdal.OF_VECTOR, open_options=["PAGE_SIZE=5"])
    layer = file.GetLayerByName("roofs")
    assert sorted(feature["ordinal"] for feature in layer) == list(range(COUNT))


def test_a_page_that_the_client_has_is_not_sent_again(url: str) -> None:
    page = f"{url}/{Offer(etags=True).step}/collections/roofs/items?limit=5&crs={RD}"
    first = requests.get(page, timeout=10)
    again = requests.get(page, headers={"If-None-Match": first.headers["ETag"]}, timeout=10)
    assert (again.status_code, again.content) == (304, b"")
    other = requests.get(
        page.replace("limit=5", "limit=6"), headers={"If-None-Match": first.headers["ETag"]}, timeout=10
    )
    assert other.status_code == 200
    since = {"If-Modified-Since": first.headers["Last-Modified"]}
    assert requests.get(page, headers=since, timeout=10).status_code == 304
    assert "ETag" not in requests.get(page.replace(".etags", ""), timeout=10).headers


@pytest.mark.parametrize("kind", ["fgb", "gpkg"])
def test_a_snapshot_is_linked_and_holds_ids_and_tokens(url: str, kind: Any, tmp_path: Path) -> None:
    collection = requests.get(f"{url}/{Offer(snapshot=kind).step}/collections/roofs", timeout=10).json()
    (link,) = (link for link in collection["links"] if link["rel"] == "enclosure")
    reply = requests.get(link["href"], timeout=10)
    assert len(reply.content) == link["length"]
    told = parsedate_to_datetime(reply.headers["Last-Modified"])
    assert datetime.fromisoformat(collection["updated"].replace("Z", "+00:00")) == told
    assert reply.headers["Content-Type"] == link["type"]
    (tmp_path / f"snapshot.{kind}").write_bytes(reply.content)
    file = ogr.Open(str(tmp_path / f"snapshot.{kind}"))
    found = {row["id"]: (row["etag"], row["ordinal"]) for row in file.GetLayer(0)}
    assert len(found) == COUNT
    assert found["r0-000011"] == ('"b-1"', 10)
    assert "enclosure" not in requests.get(f"{url}/{Offer().step}/collections/roofs", timeout=10).text


def test_latency_is_for_the_asking(url: str) -> None:
    with requests.Session() as session:
        started = time.perf_counter()
        assert session.get(f"{url}/ms80.tokens/conformance", timeout=10).ok
        assert time.perf_counter() - started >= 0.08


def test_requests_that_come_at_once_are_answered_in_turn(url: str) -> None:
    host, port = url.rpartition("/")[2].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as client:
        head = f"HEAD /{Offer().step}/collections/roofs/items HTTP/1.1\r\nHost: x\r\n\r\n"
        client.sendall(head.encode() * 2 + b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        received = b""
        while more := client.recv(65536):
            received += more
    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.count(b"HTTP/1.1 405") == 1
    assert b"FeatureCollection" not in received


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nonsense/collections", 404),
        ("ms0.tokens/collections/none/items", 404),
        ("ms0.tokens/snapshots/roofs.fgb", 404),
        ("ms0.tokens/collections/roofs/items?limit=x", 400),
        ("ms0.tokens/collections/roofs/items?bbox=1,2,3,4", 400),
        (f"ms0.tokens/collections/roofs-10k/items?crs={CRS84}", 400),
    ],
)
def test_what_it_has_not_is_said(url: str, path: str, status: int) -> None:
    reply = requests.get(f"{url}/{path}", timeout=10)
    assert reply.status_code == status
    assert json.loads(reply.text)["detail"]


def test_an_offer_is_read_as_it_is_written() -> None:
    for offer in (Offer(), Offer(50, False, True, "gpkg"), Offer(7, True, False, "fgb")):
        assert Offer.parse(offer.step) == offer
    assert Offer.parse("ms5.tokens.nonsense") is None
