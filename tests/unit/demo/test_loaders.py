"""Loading: made-up files for each rule, and the real data where it is at hand."""

from __future__ import annotations

import json
import logging
import time

import pytest
from osgeo import ogr, osr

from plugin.demo.crs import CRS84, RD, RD_NAP
from plugin.demo.loaders import load_folder, slug, wkb
from plugin.demo.store import Store

from .conftest import Client


@pytest.fixture
def load(tmp_path):
    """Write files, load them, and call the twin over them."""
    stores = []

    def _load(files, lod=2.2):
        folder = tmp_path / f"data{len(stores)}"
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        store = Store(tmp_path / f"store{len(stores)}.sqlite")
        stores.append(store)
        store.load(*load_folder(folder, lod))
        return store

    yield _load
    for store in stores:
        store.close()


def items(store, name):
    uri = store.collection(name).storage_crs
    return Client(store)("GET", f"/collections/{name}/items?limit=10000&crs={uri}").json()["features"]


def feature(geometry=None, number=None, **properties):
    found = {"type": "Feature", "geometry": geometry, "properties": properties}
    return found if number is None else {**found, "id": number}


def features(*entries, **more):
    return {"type": "FeatureCollection", "features": list(entries), **more}


POINT = {"type": "Point", "coordinates": [4.5, 51.9]}
SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
MULTI = {"type": "MultiPolygon", "coordinates": [SQUARE["coordinates"]]}


def test_geojson_types_are_inferred(load):
    store = load({"My Places.geojson": features(
        feature(POINT, 1, a=1, b=1, c="x", d="2020-01-02", e="2020-01-02T03:04:05Z", f=True, g=[1], h=None,
                i="2020-01-02"),
        feature(POINT, 2, a=2, b=1.5, c=5, d=None, e="2021-01-02T03:04:05.5+01:00", f=None, g=[], h=None, i="x"),
    )})  # fmt: skip
    collection = store.collection("my_places")
    assert collection.title == "My places" and collection.storage_crs == CRS84
    found = {prop.name: (prop.type, prop.format) for prop in collection.schema.properties}
    assert found == {
        "a": ("integer", ""), "b": ("number", ""), "c": ("string", ""), "d": ("string", "date"),
        "e": ("string", "date-time"), "f": ("boolean", ""), "g": ("array", ""), "h": ("string", ""),
        "i": ("string", ""),
    }  # fmt: skip
    assert collection.schema.geometry_type == "Point" and not collection.schema.has_z
    assert [entry["id"] for entry in items(store, "my_places")] == [1, 2]
    assert items(store, "my_places")[1]["properties"]["c"] == "5"


@pytest.mark.parametrize("numbers", [(None, 2), (1, 1), (1, "1"), ("", "b"), (True, "b")])
def test_ids_that_do_not_serve_are_replaced(load, numbers):
    store = load({"p.geojson": features(*(feature(POINT, number) for number in numbers))})
    assert [entry["id"] for entry in items(store, "p")] == ["p.1", "p.2"]


def test_geometry_types(load):
    store = load({
        "one.geojson": features(feature(SQUARE), feature(MULTI), feature(None)),
        "two.geojson": features(feature(SQUARE), feature(POINT)),
        "three.geojson": features(feature(None, a=1)),
        "four.geojson": features(feature({"type": "Polygon", "coordinates": []}), feature(SQUARE)),
        "five.geojson": features(feature({"type": "Point", "coordinates": [1, 2, 3]})),
    })  # fmt: skip
    kinds = {c.id: (c.schema.geometry_type, c.schema.has_z) for c in store.collections()}
    assert kinds == {
        "one": ("MultiPolygon", False), "two": ("", False), "three": ("none", False), "four": ("Polygon", False),
        "five": ("Point", True),
    }  # fmt: skip
    assert [entry["geometry"] for entry in items(store, "one")] == [MULTI, MULTI, None]
    assert items(store, "four")[0]["geometry"] is None


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("urn:ogc:def:crs:EPSG::28992", RD),
        ("EPSG:28992", RD),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", CRS84),
        ("EPSG:4326", CRS84),
    ],
)
def test_legacy_crs(load, name, uri):
    place = {"type": "Point", "coordinates": [93000, 436000] if uri == RD else [4.5, 51.9]}
    store = load({"p.geojson": features(feature(place), crs={"type": "name", "properties": {"name": name}})})
    assert store.collection("p").storage_crs == uri
    assert items(store, "p")[0]["geometry"] == place


def test_unreadable_files_are_said_and_skipped(load, caplog):
    caplog.set_level(logging.WARNING)
    store = load({
        "good.geojson": features(feature(POINT)),
        "broken.geojson": "{",
        "other.geojson": {"type": "Topology"},
        "geometry.geojson": features(feature({"type": "Point"})),
        "crs.geojson": features(crs={"type": "name", "properties": {"name": "local"}}),
        "numbers.geojson": json.dumps(features(feature({"type": "Point", "coordinates": [float("nan"), 1]}))),
        "bad.gpkg": "no database",
        "config.json": {"a": 1},
        "old.city.json": {"type": "CityJSON", "version": "0.9"},
        "torn.city.json": {"type": "CityJSON", "version": "2.0", "CityObjects": {"a": {"type": "Building", "geometry": [
            {"type": "MultiSurface", "lod": "2", "boundaries": [[[0, 1, 2]]]}]}}, "vertices": []},
        "nowhere.city.json": building([[0, 0, 0], [1, 0, 0], [1, 1, 0]], [[[0, 1, 2]]]),
        "list.json": "[1]",
        "ogcapi/items.geojson": features(feature(POINT)),
        ".hidden/items.geojson": features(feature(POINT)),
        "readme.txt": "hello",
    })  # fmt: skip
    assert [c.id for c in store.collections()] == ["good"]
    for name in ("broken", "other", "geometry", "crs", "numbers", "bad", "config", "old", "torn", "nowhere", "list"):
        assert any(record.getMessage().startswith(f"{name}.") for record in caplog.records), name


def test_names(load):
    assert slug("Gebäude – Süd 2.0") == "geb_ude_s_d_2_0" and slug("---") == "collection"
    store = load({
        "a/trees.geojson": features(feature(POINT)), "b/Trees.geojson": features(feature(POINT)),
        "twin.json": {"title": "Ours", "skip": ["b/skipped*"],
                      "collections": {"trees": {"title": "Our Trees", "licence": "CC0"}}},
        "b/skipped_too.geojson": features(feature(POINT)),
    })  # fmt: skip
    assert [(c.id, c.title, c.licence) for c in store.collections()] == [
        ("trees", "Our Trees", "CC0"),
        ("trees_2", "Trees (2)", ""),
    ]
    assert store.about()[0] == "Ours"


def building(vertices, surfaces, version="2.0", **more):
    return {
        "type": "CityJSON", "version": version, "vertices": vertices, **more,
        "CityObjects": {"b": {"type": "Building", "attributes": {"n": 1},
                              "geometry": [{"type": "MultiSurface", "lod": "2", "boundaries": surfaces}]}},
    }  # fmt: skip


CUBE = [[0, 0, 0], [10, 0, 0], [10, 10, 0], [0, 10, 0], [0, 0, 6], [10, 0, 6], [10, 10, 6], [0, 10, 6]]
SHELL = [[[0, 3, 2, 1]], [[4, 5, 6, 7]], [[0, 1, 5, 4]], [[1, 2, 6, 5]], [[2, 3, 7, 6]], [[3, 0, 4, 7]]]
AT_RD = {"scale": [0.5, 0.5, 0.5], "translate": [93000, 436000, 1]}
NAP = {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/7415"}


def test_cityjson_parts_lods_and_transform(load):
    document = {
        "type": "CityJSON", "version": "1.1", "transform": AT_RD, "metadata": NAP, "vertices": CUBE,
        "CityObjects": {
            "b": {"type": "Building", "attributes": {"height": 99.0, "year": 1900}, "children": ["b-0", "b-1"],
                  "geometry": [{"type": "MultiSurface", "lod": "0", "boundaries": [[[0, 1, 2, 3]]]}]},
            "b-0": {"type": "BuildingPart", "parents": ["b"], "geometry": [
                {"type": "Solid", "lod": "1.2", "boundaries": [SHELL[:1]]},
                {"type": "Solid", "lod": "2.2", "boundaries": [SHELL]},
                {"type": "Solid", "lod": "3.0", "boundaries": [SHELL + SHELL]}]},
            "b-1": {"type": "BuildingPart", "parents": ["b"], "geometry": [
                {"type": "CompositeSolid", "lod": "1.2", "boundaries": [[SHELL[:2]]]}]},
            "c": {"type": "Building", "geometry": [
                {"type": "MultiSurface", "lod": "0", "boundaries": [[[0, 1, 2, 3]]]}]},
            "d": {"type": "Building"},
        },
    }  # fmt: skip
    store = load({"city_centre.city.json": document})
    collection = store.collection("city_centre")
    assert collection.storage_crs == RD_NAP and collection.title == "Buildings, Centre"
    assert collection.schema.geometry_type == "MultiPolygon" and collection.schema.has_z
    b, c, d = items(store, "city_centre")
    assert len(b["geometry"]["coordinates"]) == 6 + 2
    assert b["geometry"]["coordinates"][0][0] == [
        [93000.0, 436000.0, 1.0], [93000.0, 436005.0, 1.0], [93005.0, 436005.0, 1.0], [93005.0, 436000.0, 1.0],
        [93000.0, 436000.0, 1.0],
    ]  # fmt: skip
    assert b["properties"] == {"height": 99.0, "year": 1900, "ground_height": 1.0}
    assert c["properties"] == {"height": 0.0, "ground_height": 1.0} and len(c["geometry"]["coordinates"]) == 1
    assert d["geometry"] is None
    assert len(items(load({"x.city.json": document}, lod=1.3), "x")[0]["geometry"]["coordinates"]) == 1 + 2
    assert len(items(load({"x.city.json": document}, lod=3), "x")[0]["geometry"]["coordinates"]) == 12 + 2


def test_cityjson_without_crs_in_rd_is_taken_for_rd(load, caplog):
    store = load({"a.city.json": building(CUBE, SHELL, transform=AT_RD)})
    assert store.collection("a").storage_crs == RD
    assert "EPSG:28992" in caplog.text
    assert items(store, "a")[0]["properties"] == {"n": 1, "height": 3.0, "ground_height": 1.0}


def test_cityjson_sequence(load):
    head = {
        "type": "CityJSON",
        "version": "2.0",
        "transform": AT_RD,
        "metadata": NAP,
        "CityObjects": {},
        "vertices": [],
    }
    lines = [head]
    for n in (1, 2):
        objects = building(CUBE, SHELL)["CityObjects"]
        lines.append({"type": "CityJSONFeature", "id": f"f{n}", "CityObjects": {f"f{n}": objects["b"]},
                      "vertices": [[x + n * 100, y, z] for x, y, z in CUBE]})  # fmt: skip
    store = load({"a.city.jsonl": "\n".join(map(json.dumps, lines)) + "\n"})
    found = items(store, "a")
    assert [entry["id"] for entry in found] == ["f1", "f2"]
    assert found[1]["geometry"]["coordinates"][0][0][0] == [93100.0, 436000.0, 1.0]


def test_geopackage(tmp_path, load):
    folder = tmp_path / "data0"
    folder.mkdir()
    source = ogr.GetDriverByName("GPKG").CreateDataSource(str(folder / "town.gpkg"))
    for name, code, kind in (("Trees", 28992, ogr.wkbPoint25D), ("Stops", 4326, ogr.wkbPoint)):
        reference = osr.SpatialReference()
        reference.ImportFromEPSG(code)
        layer = source.CreateLayer(name, reference, kind)
        for field, type_ in (("n", ogr.OFTInteger64), ("x", ogr.OFTReal), ("t", ogr.OFTString), ("d", ogr.OFTDate),
                             ("at", ogr.OFTDateTime), ("yes", ogr.OFTInteger)):  # fmt: skip
            definition = ogr.FieldDefn(field, type_)
            if field == "yes":
                definition.SetSubType(ogr.OFSTBoolean)
            if field == "t":
                definition.SetWidth(8)
                definition.SetNullable(False)
            layer.CreateField(definition)
        entry = ogr.Feature(layer.GetLayerDefn())
        entry.SetFID(42)
        for field, value in (("n", 2**40), ("x", 1.5), ("t", "é"), ("d", "2020/02/03"), ("yes", 1)):
            entry.SetField(field, value)
        entry.SetField("at", 2020, 2, 3, 4, 5, 6.5, 104)
        entry.SetGeometry(
            ogr.CreateGeometryFromWkt("POINT Z (93000.25 436000.5 3)" if code == 28992 else "POINT (4.5 51.9)")
        )
        layer.CreateFeature(entry)
        if code == 28992:
            empty = ogr.Feature(layer.GetLayerDefn())
            empty.SetField("t", "none")
            layer.CreateFeature(empty)
    del layer, source
    store = load({})
    assert [(c.id, c.storage_crs, c.schema.has_z) for c in store.collections()] == [
        ("trees", RD, True),
        ("stops", CRS84, False),
    ]
    first, second = items(store, "trees")
    assert first["id"] == 42 and first["geometry"] == {"type": "Point", "coordinates": [93000.25, 436000.5, 3.0]}
    assert first["properties"] == {"n": 2**40, "x": 1.5, "t": "é", "d": "2020-02-03",
                                   "at": "2020-02-03T04:05:06.500+01:00",
                                   "yes": True}  # fmt: skip
    assert second["geometry"] is None
    assert items(store, "stops")[0]["geometry"]["coordinates"] == [4.5, 51.9]
    text = store.collection("trees").schema.get("t")
    assert text.required and text.max_length == 8


@pytest.mark.parametrize(
    "wkt",
    [
        "POINT (1.1 2.2)", "POINT Z (1 2 3.3)", "LINESTRING (0 0,1 1.5,2 2)", "MULTIPOINT Z ((1 2 3),(4 5 6))",
        "MULTILINESTRING ((0 0,1 1),(2 2,3 3,4 4))", "POLYGON ((0 0,4 0,4 4,0 0),(1 0.5,2 0.5,2 1,1 0.5))",
        "MULTIPOLYGON Z (((0 0 1,4 0 1,4 4 1,0 0 1)),((9 9 2,10 9 2,10 10 2,9 9 2)))", "POLYGON EMPTY",
    ],
)  # fmt: skip
def test_wkb(wkt):
    shape = ogr.CreateGeometryFromWkt(wkt)
    assert json.loads(wkb.geojson(bytes(shape.ExportToIsoWkb(ogr.wkbNDR)))) == json.loads(shape.ExportToJson())


def test_wkb_refuses_what_it_does_not_know():
    nan = ogr.Geometry(ogr.wkbPoint)
    nan.AddPoint_2D(float("nan"), 1)
    shapes = [ogr.CreateGeometryFromWkt(wkt) for wkt in ("GEOMETRYCOLLECTION (POINT (1 2))", "POINT M (1 2 3)")]
    for shape in (*shapes, nan):
        with pytest.raises(ValueError):
            wkb.geojson(bytes(shape.ExportToIsoWkb(ogr.wkbNDR)))


@pytest.mark.slow
def test_real_data(shared_data, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    store = Store(tmp_path / "real.sqlite")
    started = time.perf_counter()
    store.load(*load_folder(shared_data, 2.2))
    assert time.perf_counter() - started < 10
    counts = {c.id: store.state(c.id).count for c in store.collections()}
    assert counts == {
        "ligplaatsen": 67, "standplaatsen": 1, "verblijfsobjecten": 1836, "dutch_addresses_28992": 2481,
        "rotterdam_bins_centre": 1196, "rotterdam_neighbourhoods": 22, "rotterdam_trees_centre": 9028,
        "3dbag_delft": 443, "3dbag_delft_2": 10, "rotterdam_delfshaven": 853, "rotterdam_subset": 16,
        "luchtmeetnet_stations": 9, "ndw_stations": 610,
    }  # fmt: skip
    delfshaven = store.collection("rotterdam_delfshaven")
    assert delfshaven.title == "Buildings, Delfshaven" and delfshaven.storage_crs == RD
    assert delfshaven.licence == "CC BY 4.0" and delfshaven.attribution == "Municipality of Rotterdam"
    assert len({c.title for c in store.collections()}) == len(counts)
    assert items(store, "rotterdam_subset")[0]["properties"]["height"] > 1
    call = Client(store)
    braces = "{10A31B7E-8FC2-45EE-836A-1DB9FEF06E04}"
    assert call("GET", f"/collections/rotterdam_delfshaven/items/%7B{braces[1:-1]}%7D").json()["id"] == braces
    delft = items(store, "3dbag_delft")
    assert all(entry["geometry"]["type"] == "MultiPolygon" for entry in delft)
    assert sum(len(entry["geometry"]["coordinates"]) for entry in delft) > 443 * 5
    started = time.perf_counter()
    page = call("GET", f"/collections/rotterdam_trees_centre/items?limit=10000&crs={RD}")
    assert len(page.json()["features"]) == 9028
    assert time.perf_counter() - started < 1
    store.close()
