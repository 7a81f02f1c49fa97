"""A working copy of the embedded twin through its life: checked out, pulled, published, packed. Equal and sound."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from osgeo import gdal, ogr

from plugin.demo.__main__ import fill
from plugin.demo.app import create_app
from plugin.demo.settings import Settings
from plugin.demo.store import Store
from plugin.twin.client import Twin
from plugin.twin.schema import parse
from plugin.workcopy.checkout import checkout
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.excerpt import Area, excerpt
from plugin.workcopy.package import Package
from plugin.workcopy.publish import publish
from plugin.workcopy.pull import pull
from plugin.workcopy.tables import QuietGdal
from tests.equal import expect_equal
from tests.raw_pages import RD
from tests.shapes import FLAT, HIGH, X, Y, ring, shapes
from tests.sound import expect_sound, expect_valid
from tests.twin_server import serve_app

from .checked import feature
from .test_checkout_equal_values import every_value

TABLES = ("all_shapes", "high_roofs", "points", "houses", "partners")


def write_city(folder: Path) -> None:
    houses = [feature(f"h{n}", {"type": "Polygon", "coordinates": [ring(X + 10 * n, Y)]}, n=n) for n in range(120)]
    houses[40:60] = [feature(f"h{n}", None, n=n, name="nowhere") for n in range(40, 60)]
    for name, features in {
        "all_shapes": [feature(f"s{n}", one, n=n) for n, one in enumerate(shapes(FLAT))],
        "high_roofs": [feature(n, one, n=n) for n, one in enumerate(shapes(HIGH, "Polygon", "MultiPolygon"))],
        "points": [
            {**one, "id": f"p{n}", "geometry": {"type": "Point", "coordinates": [X + n / 3, Y]}}
            for n, one in enumerate(every_value())
        ],
        "houses": houses,
        "partners": every_value(),
    }.items():  # fmt: skip
        crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::28992"}}
        document = {"type": "FeatureCollection", "crs": crs, "features": features}
        (folder / f"{name}.geojson").write_text(json.dumps(document), encoding="utf-8")


@pytest.fixture(params=["pages", "files"])
def url(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A twin that offers pages only, or whole collections as files as well: taken for small ones, too."""
    monkeypatch.setattr("plugin.workcopy.snapshot.LEAST", 0)
    folder = tmp_path / "city"
    folder.mkdir()
    write_city(folder)
    store = Store(tmp_path / "twin.sqlite")
    fill(store, folder)
    address, stop = serve_app(create_app(store, Settings(tier="w1", files=request.param == "files")))
    yield address
    stop()
    store.close()


def served(url: str, table: str) -> list[dict[str, Any]]:
    """What the twin's pages hold now."""
    params = {"crs": RD, "limit": "10000"}
    reply = requests.get(f"{url}collections/{table}/items", params=params, timeout=10).json()
    assert len(reply["features"]) == reply["numberMatched"]
    found: list[dict[str, Any]] = reply["features"]
    return found


def expect_same(url: str, path: Path) -> None:
    for table in TABLES:
        schema = parse(requests.get(f"{url}collections/{table}/schema", timeout=10).json())
        vouched = expect_equal(path, table, served(url, table), schema, token="etag")
        assert vouched >= {"n"} or len(vouched) >= 7, f"GDAL vouches for {sorted(vouched)} only"
    expect_sound(path)
    expect_valid(path)
    assert WorkingCopy.open(path).changes() == []


def patch(url: str, table: str, identity: str, body: dict[str, Any]) -> None:
    """Somebody else changes a feature."""
    address = f"{url}collections/{table}/items/{identity}"
    headers = {"If-Match": requests.get(address, timeout=5).headers["ETag"], "Content-Crs": f"<{RD}>"}
    headers["Content-Type"] = "application/merge-patch+json"
    assert requests.patch(address, json=body, headers=headers, timeout=5).ok


def edit(path: Path) -> None:
    """With GDAL: some moved, emptied, deleted and added."""
    with QuietGdal():
        dataset = ogr.Open(str(path), update=1)
        layer = dataset.GetLayerByName("houses")
        for fid in range(1, 31):
            row = layer.GetFeature(fid)
            if fid % 3 == 0:
                layer.DeleteFeature(fid)
                continue
            east = X + 2000 + fid
            row.SetGeometry(
                ogr.CreateGeometryFromWkt(f"POLYGON (({east} {Y},{east + 1} {Y},{east} {Y + 1},{east} {Y}))")
            )
            row["n"] = 2**53 + fid
            layer.SetFeature(row)
        for east in (X + 3000, X + 3010, X + 3020):
            row = ogr.Feature(layer.GetLayerDefn())
            row.SetGeometry(
                ogr.CreateGeometryFromWkt(f"POLYGON (({east} {Y},{east + 1} {Y},{east} {Y + 1},{east} {Y}))")
            )
            row["name"] = "\U0001f333 new"
            layer.CreateFeature(row)
        del row, layer, dataset


def test_checked_out_pulled_published_and_packed(url: str, tmp_path: Path) -> None:
    path, client = tmp_path / "city.gpkg", Twin(url)
    report = checkout(client, TABLES, path)
    # a file that has a value otherwise than the pages is not taken: GDAL writes the year 1 in a way of its own
    assert [text for text in report.problems if "pages were read instead" not in text] == []
    expect_same(url, path)

    patch(url, "houses", "h100", {"geometry": {"type": "Polygon", "coordinates": [ring(X - 900, Y, 20)]}})
    patch(url, "houses", "h50", {"geometry": {"type": "Polygon", "coordinates": [ring(X, Y - 900)]}})
    patch(url, "points", "p3", {"properties": {"string": "\u00e9", "integer": 2**63 - 1, "date": None}})
    pull(WorkingCopy.open(path), client)
    expect_same(url, path)

    edit(path)
    expect_sound(path)
    published = publish(WorkingCopy.open(path), client, "Edited with GDAL")
    assert {(outcome.state, outcome.message) for outcome in published.outcomes if outcome.state != "published"} == set()
    expect_same(url, path)

    corners = [(X + 595, Y - 1), (X + 595, Y + 9), (X + 705, Y + 9), (X + 705, Y - 1), (X + 595, Y - 1)]
    around = ogr.CreateGeometryFromWkt(f"POLYGON (({','.join(f'{x} {y}' for x, y in corners)}))")
    target = tmp_path / "packed.gpkg"
    package = Package("1f0c", "2026-01-01T00:00:00Z", title="Field trip")
    packed = excerpt(WorkingCopy.open(path), target, TABLES, Area(bytes(around.ExportToWkb()), 28992), package)
    nowhere = [one for one in served(url, "houses") if one["geometry"] is None]
    inside = [f"h{n}" for n in range(59, 71)]
    wanted = [one for one in served(url, "houses") if one["id"] in inside or one in nowhere]
    assert packed.counts["houses"] == len(wanted)
    expect_equal(target, "houses", wanted, token="etag")
    expect_sound(target)
    expect_valid(target)


def test_gdals_own_client_and_geopandas_see_the_same(url: str, tmp_path: Path) -> None:
    """Count, columns, types, values and geometries of the file, as GDAL's OAPIF driver and geopandas read them."""
    geopandas, shapely = pytest.importorskip("geopandas"), pytest.importorskip("shapely.geometry")
    path = tmp_path / "city.gpkg"
    checkout(Twin(url), TABLES, path)
    frame = geopandas.read_file(path, layer="houses")
    features = served(url, "houses")
    assert (len(frame), frame.crs.to_epsg()) == (len(features), 28992)
    assert list(frame["twin_id"]) == [one["id"] for one in features]
    assert list(frame["n"]) == [one["properties"]["n"] for one in features]
    wanted = [None if one["geometry"] is None else shapely.shape(one["geometry"]).wkb for one in features]
    assert [None if one is None else one.wkb for one in frame.geometry] == wanted
    with QuietGdal():
        remote = gdal.OpenEx(f"OAPIF:{url}", gdal.OF_VECTOR, open_options=["PAGE_SIZE=1000", "CRS=EPSG:28992"])
        theirs = {row["id"]: row for row in remote.GetLayerByName("houses")}
        local = gdal.OpenEx(str(path), gdal.OF_VECTOR)
        ours = {row["twin_id"]: row for row in local.GetLayerByName("houses")}
        assert theirs.keys() == ours.keys()
        assert [row["n"] for row in theirs.values()] == [row["n"] for row in ours.values()]
        del theirs, ours, remote, local
