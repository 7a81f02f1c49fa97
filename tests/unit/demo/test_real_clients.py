"""Programs that nobody here wrote agree that the twin is a server: GDAL's OAPIF driver and OWSLib."""

from __future__ import annotations

import json

import pytest
from osgeo import gdal, ogr
from owslib.ogcapi.features import Features

from plugin.demo.crs import CRS84, RD, reproject
from plugin.demo.store import Store

pytestmark = pytest.mark.slow

NAMES = ["districts", "buildings", "streets", "trees", "pilots", "water", "reviews", "review_lines", "review_areas"]


@pytest.fixture(scope="module")
def gdal_twin(demo_twin):
    gdal.UseExceptions()
    source = gdal.OpenEx(f"OAPIF:{demo_twin.url}", gdal.OF_VECTOR, open_options=["PAGE_SIZE=2000"])
    yield source
    del source


def test_gdal_lists_layers_and_counts(gdal_twin, demo_twin):
    store = Store(demo_twin.store)
    layers = {gdal_twin.GetLayer(i).GetName(): gdal_twin.GetLayer(i) for i in range(gdal_twin.GetLayerCount())}
    assert list(layers) == NAMES
    for name in ("districts", "trees", "water"):
        assert layers[name].GetFeatureCount() == store.state(name).count
    assert ogr.GT_Flatten(layers["buildings"].GetGeomType()) == ogr.wkbPolygon
    store.close()


def test_gdal_reads_every_building_as_stored(gdal_twin, demo_twin):
    """All pages: ids, attributes and geometries, GDAL's in longitude and latitude."""
    store = Store(demo_twin.store)
    layer = gdal_twin.GetLayerByName("buildings")
    definition = layer.GetLayerDefn()
    fields = [definition.GetFieldDefn(i).GetName() for i in range(definition.GetFieldCount())]
    names = [prop.name for prop in store.collection("buildings").schema.properties]
    assert set(names) <= set(fields)
    seen = 0
    for feature in layer:
        item = store.item("buildings", feature.GetField("id"))
        assert feature.GetField("height") == json.loads(item.properties)["height"]
        assert feature.GetField("name") == json.loads(item.properties)["name"]
        if seen % 50 == 0:
            wanted = json.loads(item.geometry)
            reproject([wanted], RD, CRS84)
            got = json.loads(feature.GetGeometryRef().ExportToJson(options=["COORDINATE_PRECISION=9"]))
            assert got == wanted
        seen += 1
    assert seen == store.state("buildings").count
    store.close()


def test_gdal_filters_by_box(gdal_twin):
    layer = gdal_twin.GetLayerByName("buildings")
    layer.SetSpatialFilterRect(4.4655, 51.9048, 4.4675, 51.9060)
    assert "Euromast" in {feature.GetField("name") for feature in layer}
    layer.SetSpatialFilter(None)


def test_owslib_reads(demo_twin):
    twin = Features(demo_twin.url)
    assert twin.links and any(
        uri.endswith("ogcapi-features-1/1.0/conf/core") for uri in twin.conformance()["conformsTo"]
    )
    assert twin.feature_collections() == NAMES
    assert twin.api()["openapi"].startswith("3.0")
    buildings = twin.collection("buildings")
    assert buildings["title"] == "Buildings"
    page = twin.collection_items("buildings", limit=5, offset=10, bbox=[4.4, 51.8, 4.6, 52.0])
    assert page["numberReturned"] == 5 and page["numberMatched"] == buildings["itemCount"]
    first = page["features"][0]
    assert twin.collection_item("buildings", first["id"])["geometry"] == first["geometry"]
