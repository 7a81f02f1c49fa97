"""QGIS's own OAPIF provider reads and writes the embedded twin."""

from __future__ import annotations

import json

import pytest
import requests
from qgis.core import QgsFeature, QgsFeatureRequest, QgsGeometry, QgsPointXY, QgsRectangle, QgsVectorLayer, QgsWkbTypes

RD = "http://www.opengis.net/def/crs/EPSG/0/28992"


def layer_of(twin, name, more=""):
    layer = QgsVectorLayer(f"url='{twin.url}' typename='{name}' {more}", name, "OAPIF")
    assert layer.isValid(), layer.error().message()
    return layer


@pytest.mark.usefixtures("qgis_app")
def test_qgis_reads_all_collections(demo_twin):
    kinds = {
        "districts": QgsWkbTypes.Type.Polygon, "buildings": QgsWkbTypes.Type.Polygon,
        "streets": QgsWkbTypes.Type.LineString, "trees": QgsWkbTypes.Type.Point, "pilots": QgsWkbTypes.Type.Polygon,
        "water": QgsWkbTypes.Type.Polygon,
    }  # fmt: skip
    for name, kind in kinds.items():
        layer = layer_of(demo_twin, name)
        assert QgsWkbTypes.singleType(layer.wkbType()) == kind
        count = requests.get(f"{demo_twin.url}collections/{name}", timeout=10).json()["itemCount"]
        if name in ("districts", "trees"):
            assert sum(1 for _ in layer.getFeatures()) == count


@pytest.mark.usefixtures("qgis_app")
def test_qgis_reads_geometry_and_attributes_in_rd(demo_twin):
    layer = layer_of(demo_twin, "buildings", "srsname='EPSG:28992'")
    assert layer.crs().authid() == "EPSG:28992"
    around = QgsRectangle(91600, 435560, 91700, 435660)
    found = {f["name"]: f for f in layer.getFeatures(QgsFeatureRequest().setFilterRect(around))}
    euromast = found["Euromast"]
    url = f"{demo_twin.url}collections/buildings/items?name=Euromast&crs={RD}"
    wanted = requests.get(url, timeout=10).json()["features"][0]
    assert euromast["height"] == wanted["properties"]["height"] == 185
    got = json.loads(euromast.geometry().asJson(2))
    rings = got["coordinates"][0] if got["type"] == "MultiPolygon" else got["coordinates"]
    assert rings == wanted["geometry"]["coordinates"]


@pytest.mark.usefixtures("qgis_app")
def test_qgis_sees_that_items_can_be_added(demo_twin):
    """It may create; its updates and deletes send no If-Match, and the twin refuses them rather than lose an edit."""
    layer = layer_of(demo_twin, "trees")
    assert layer.dataProvider().capabilities() & layer.dataProvider().Capability.AddFeatures
    tree = QgsFeature(layer.fields())
    tree["species"], tree["condition"] = "linde", "good"
    tree.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(92600.5, 437200.25)))  # QGIS writes in storage CRS
    done, added = layer.dataProvider().addFeatures([tree])
    assert done and added[0]["id"]
    kept = requests.get(f"{demo_twin.url}collections/trees/items/{added[0]['id']}?crs={RD}", timeout=10).json()
    assert kept["properties"]["species"] == "linde"
    assert kept["geometry"]["coordinates"] == [92600.5, 437200.25]
    assert not layer.dataProvider().deleteFeatures([added[0].id()])
    assert requests.get(f"{demo_twin.url}collections/trees/items/{added[0]['id']}", timeout=10).ok
