"""Checkout: what lies in the file afterwards, and that it is whole or not there at all."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from osgeo import gdal, ogr

from plugin.twin.client import Twin
from plugin.twin.errors import BadResponse, Cancelled, CityTwinError, TwinError, Unreachable
from plugin.twin.session import Session
from plugin.workcopy.checkout import checkout
from plugin.workcopy.connection import connect
from plugin.workcopy.copy import WorkingCopy, is_working_copy
from plugin.workcopy.errors import DiskFull, FileExists, FileReadOnly, NewerFormat, NotAWorkingCopy
from tests.twin_server import serve_app

from .conftest import SmallTwin


class Impatient:
    """Cancels at the n-th question."""

    def __init__(self, patience: int) -> None:
        self.patience = patience

    def cancelled(self) -> bool:
        self.patience -= 1
        return self.patience < 0

    def report(self, done: int, total: int | None, text: str) -> None:
        pass

    def note(self, text: str) -> None:
        pass


def test_what_gdal_reads(client: Twin, tmp_path: Path) -> None:
    path = tmp_path / "work.gpkg"
    report = checkout(client, ["buildings", "benches"], path)
    assert report.feature_count == 23 and report.problems == ()
    source = ogr.Open(str(path))
    assert [source.GetLayer(i).GetName() for i in range(source.GetLayerCount())] == ["buildings", "benches"]
    layer = source.GetLayerByName("buildings")
    assert (layer.GetFeatureCount(), layer.GetGeometryColumn(), layer.GetFIDColumn()) == (20, "geom", "fid")
    assert layer.GetExtent() == (92020, 92410, 436000, 436010)
    assert layer.GetSpatialRef().GetAuthorityCode(None) == "28992"
    types = {d.GetName(): d.GetTypeName() for d in (layer.GetLayerDefn().GetFieldDefn(i) for i in range(6))}
    assert types == {
        "name": "String",
        "height": "Real",
        "floors": "Integer64",
        "opened": "Date",
        "twin_id": "String",
        "twin_version": "String",
    }
    feature = layer.GetFeature(3)
    assert (feature["name"], feature["height"], feature["twin_id"]) == ("Building 3", 13.5, "b3")
    assert (
        feature.GetGeometryRef()
        .ExportToWkt()
        .endswith("((92060 436000,92070 436000,92070 436010,92060 436010,92060 436000))")
    )
    layer.SetSpatialFilterRect(92055, 435990, 92075, 436020)
    assert [f["twin_id"] for f in layer] == ["b3"]


def test_names_that_collide(client: Twin, tmp_path: Path) -> None:
    path = tmp_path / "work.gpkg"
    checkout(client, ["benches"], path)
    (source,) = WorkingCopy.open(path).sources
    names = {column.property: column.name for column in source.columns}
    assert names == {"order": "order", "Order": "Order_2", "fid": "fid_2", "select": "select"}
    dataset = ogr.Open(str(path))
    layer = dataset.GetLayer(0)
    assert [(f["order"], f["Order_2"], f["fid_2"], f["select"]) for f in layer] == [
        (n, str(n), 100 + n, None) for n in (1, 2, 3)
    ]


def test_tokens_and_rtree(client: Twin, twin: SmallTwin, copy: WorkingCopy) -> None:
    connection = connect(copy.path)
    for twin_id, version in connection.execute("SELECT twin_id, twin_version FROM buildings LIMIT 3"):
        assert twin.get(twin_id).headers["ETag"] == version
    assert connection.execute("SELECT rtreecheck('rtree_buildings_geom')").fetchone() == ("ok",)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert "127.0.0.1" in copy.sources[0].url


def test_extent(client: Twin, tmp_path: Path) -> None:
    path = tmp_path / "part.gpkg"
    report = checkout(client, ["buildings"], path, extent=(92055, 435990, 92100, 436020), extent_srid=28992)
    assert report.feature_count == 3
    assert WorkingCopy.open(path).sources[0].extent == (92055, 435990, 92100, 436020)


def test_extent_in_another_crs(client: Twin, tmp_path: Path) -> None:
    box = client.collection("buildings").extent
    assert box is not None
    assert checkout(client, ["buildings"], tmp_path / "all.gpkg", extent=box, extent_srid=4326).feature_count == 20


@pytest.mark.parametrize("patience", range(0, 12, 2))
def test_cancel_leaves_nothing(client: Twin, tmp_path: Path, patience: int) -> None:
    path = tmp_path / "out" / "work.gpkg"
    with pytest.raises(Cancelled):
        checkout(client, ["buildings", "benches"], path, progress=Impatient(patience))
    assert list(path.parent.iterdir()) == []


def test_cut_in_mid_page_leaves_nothing(twin: SmallTwin, tmp_path: Path) -> None:
    def cut(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        if environ["PATH_INFO"].endswith("/items"):
            start("200 OK", [("Content-Type", "application/geo+json"), ("Content-Length", "100000")])
            return [b'{"type": "FeatureCollection", "features": [']
        return None

    twin.around.before = cut
    client = Twin(twin.url, session=Session(twin.url, sleep=lambda _seconds: None))
    path = tmp_path / "out" / "work.gpkg"
    with pytest.raises(Unreachable) as caught:
        checkout(client, ["buildings"], path)
    assert list(path.parent.iterdir()) == [] and "Traceback" not in caught.value.message


def test_truncated_json_is_said(twin: SmallTwin, tmp_path: Path) -> None:
    def truncated(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        if environ["PATH_INFO"].endswith("/items"):
            start("200 OK", [("Content-Type", "application/geo+json"), ("Content-Length", "43")])
            return [b'{"type": "FeatureCollection", "features": [']
        return None

    twin.around.before = truncated
    path = tmp_path / "work.gpkg"
    with pytest.raises(BadResponse):
        checkout(Twin(twin.url), ["buildings"], path)
    assert not path.exists()


def test_existing_file_is_never_lost(client: Twin, copy: WorkingCopy, tmp_path: Path) -> None:
    with pytest.raises(FileExists):
        checkout(client, ["buildings"], copy.path)
    assert checkout(client, ["buildings"], copy.path, replace_file=True).feature_count == 20
    connection = connect(copy.path, write=True)
    connection.execute("UPDATE buildings SET height = 1 WHERE fid = 1")
    connection.close()
    with pytest.raises(FileExists, match="never published"):
        checkout(client, ["buildings"], copy.path, replace_file=True)
    other = tmp_path / "notes.gpkg"
    other.write_text("mine", encoding="utf-8")
    with pytest.raises(FileExists, match="no working copy"):
        checkout(client, ["buildings"], other, replace_file=True)
    assert other.read_text(encoding="utf-8") == "mine"


def test_full_disk(client: Twin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import plugin.workcopy.checkout as module

    def small(path: Path, **options: Any) -> sqlite3.Connection:
        connection = connect(path, **options)
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 4}")
        return connection

    monkeypatch.setattr(module, "connect", small)
    path = tmp_path / "out" / "work.gpkg"
    with pytest.raises(DiskFull) as caught:
        checkout(client, ["buildings"], path)
    assert "no room left" in caught.value.message
    assert list(path.parent.iterdir()) == []


def test_folder_that_cannot_be_written(client: Twin) -> None:
    with pytest.raises((FileReadOnly, CityTwinError)):
        checkout(client, ["buildings"], Path("/proc/work.gpkg"))


def test_unknown_collection(client: Twin, tmp_path: Path) -> None:
    with pytest.raises(TwinError, match="nonsense"):
        checkout(client, ["nonsense"], tmp_path / "work.gpkg")
    assert list(tmp_path.glob("*.gpkg*")) == []


def test_not_a_working_copy(tmp_path: Path, copy: WorkingCopy) -> None:
    for name, make in {
        "text.gpkg": lambda p: p.write_text("hello " * 100, encoding="utf-8"),
        "plain.gpkg": lambda p: gdal.VectorTranslate(str(p), str(copy.path), layers=["benches"]),
        "empty.gpkg": lambda p: p.touch(),
    }.items():
        path = tmp_path / name
        made = make(path)
        del made
        assert not is_working_copy(path)
        with pytest.raises(NotAWorkingCopy):
            WorkingCopy.open(path)
    with pytest.raises(NotAWorkingCopy):
        WorkingCopy.open(tmp_path / "nowhere.gpkg")


def test_newer_format(copy: WorkingCopy) -> None:
    connection = connect(copy.path, write=True)
    connection.execute("UPDATE twin_state SET format = 99")
    connection.close()
    with pytest.raises(NewerFormat, match="newer version"):
        WorkingCopy.open(copy.path)


def odd_app(features: list[dict[str, Any]], schema: dict[str, Any] | None = None) -> Callable[..., Any]:
    """A read-only service with one collection ``odd`` of just these features, and no Part 2."""

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        path = environ["PATH_INFO"]
        core = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core"
        odd = {"id": "odd", "title": "Odd", "links": [{"rel": "items", "href": "/collections/odd/items"}]}
        if schema is not None:
            odd["links"].append({"rel": "http://www.opengis.net/def/rel/ogc/1.0/schema", "href": "/schema"})  # type: ignore[attr-defined]
        answers: dict[str, Any] = {
            "/": {
                "title": "Odd twin",
                "links": [{"rel": "conformance", "href": "/conformance"}, {"rel": "data", "href": "/collections"}],
            },
            "/conformance": {"conformsTo": [core, core.replace("core", "geojson")]},
            "/collections": {"collections": [odd]},
            "/collections/odd": odd,
            "/collections/odd/items": {"type": "FeatureCollection", "features": features},
            "/schema": schema,
        }
        answer = answers.get(path)
        body = json.dumps(answer).encode()
        status = "200 OK" if answer is not None else "404 Not Found"
        start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    return app


def feature(identity: Any, geometry: Any, **properties: Any) -> dict[str, Any]:
    found = {"type": "Feature", "geometry": geometry, "properties": properties}
    return found if identity is ... else {**found, "id": identity}


def point(x: Any, y: Any) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [x, y]}


def take(tmp_path: Path, features: list[dict[str, Any]], schema: dict[str, Any] | None = None) -> Any:
    url, stop = serve_app(odd_app(features, schema))
    try:
        path = tmp_path / "odd.gpkg"
        report = checkout(Twin(url), ["odd"], path)
        return report, WorkingCopy.open(path)
    finally:
        stop()


def test_mixed_null_and_empty_geometries(tmp_path: Path) -> None:
    polygon = {"type": "Polygon", "coordinates": [[[4.4, 51.9], [4.5, 51.9], [4.5, 52], [4.4, 51.9]]]}
    report, copy = take(
        tmp_path,
        [
            feature(1, point(4.4, 51.9)),
            feature(2, polygon),
            feature(3, None),
            feature(4, {"type": "Point", "coordinates": []}),
            feature(5, point(float("nan"), 1)),
        ],
    )
    assert report.feature_count == 5
    (source,) = copy.sources
    assert source.geometry_type == "" and source.served_types == ("Point", "Polygon")
    assert any("mixed" in text or "Geometry" in text for text in report.problems)
    connection = connect(copy.path)
    shapes = connection.execute("SELECT twin_id, geom IS NULL, ST_IsEmpty(geom) FROM odd ORDER BY fid").fetchall()
    assert shapes == [("1", 0, 0), ("2", 0, 0), ("3", 1, None), ("4", 0, 1), ("5", 1, None)]


def test_missing_and_duplicate_ids(tmp_path: Path) -> None:
    report, copy = take(
        tmp_path, [feature("a", point(4, 52), n=1), feature(..., point(4, 52), n=2), feature("a", point(4, 52), n=3)]
    )
    assert report.feature_count == 2
    text = " ".join(report.problems)
    assert text.count("no id") == 1 and text.count("there already") == 1
    assert copy.changes() == [], "a feature without id is not taken for a new one"


def test_values_that_do_not_fit_the_schema(tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "properties": {
            "n": {"type": "integer"},
            "b": {"type": "boolean"},
            "d": {"type": "string", "format": "date"},
            "geometry": {"format": "geometry-point", "x-ogc-role": "primary-geometry"},
        },
    }
    report, copy = take(
        tmp_path, [feature("a", point(4, 52), n="many", b=1, d="soon"), feature("b", point(4, 52), n=2)], schema
    )
    assert report.feature_count == 2
    for name in ("n", "b", "d"):
        assert any(f"{name}: 1 values do not fit" in text for text in report.problems), report.problems
    assert connect(copy.path).execute("SELECT n, b, d FROM odd").fetchall() == [(None, None, None), (2, None, None)]
    assert copy.changes() == []


def test_empty_collection(tmp_path: Path) -> None:
    report, copy = take(tmp_path, [])
    assert report.feature_count == 0 and copy.problems == {}
