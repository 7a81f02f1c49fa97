"""QGIS's own SensorThings provider reads the embedded twin's sensors."""

from __future__ import annotations

import pytest
import requests
from qgis.core import QgsFeatureRequest, QgsRectangle, QgsVectorLayer

from plugin.demo.app import Settings, create_app
from plugin.demo.sta.service import Sensors
from plugin.demo.sta.store import SensorStore
from plugin.demo.store import Store
from tests.twin_server import serve_app
from tests.unit.demo.sta_kit import CITY, Api


@pytest.fixture
def root(tmp_path):
    store, sensors = Store(tmp_path / "twin.sqlite"), SensorStore(tmp_path / "sensors.sqlite")
    url, stop = serve_app(create_app(store, Settings(), Sensors(sensors)))
    api = Api(f"{url}sta/v1.1", sensors, requests.Session())
    for thing in CITY:
        api.post("Things", thing)
    yield api.root
    stop()
    api.session.close()
    sensors.close()
    store.close()


def read(root, what):
    layer = QgsVectorLayer(f"url='{root}' {what}", "sensors", "sensorthings")
    assert layer.isValid(), layer.error().message()
    return layer, list(layer.getFeatures())


def test_every_kind_of_entity_is_read(qgis_app, root):
    counts = {"Thing": 3, "Location": 3, "Datastream": 4, "Sensor": 4, "ObservedProperty": 4, "Observation": 9,
              "HistoricalLocation": 3, "FeatureOfInterest": 2}  # fmt: skip
    for kind, count in counts.items():
        shape = "type=PointZ" if kind in ("Location", "FeatureOfInterest") else ""
        assert len(read(root, f"entity='{kind}' {shape}")[1]) == count, kind


def test_locations_by_extent_with_the_latest_observations(qgis_app, root):
    chain = "Thing:limit=100;Datastream:limit=100;Observation:orderby=phenomenonTime,desc:limit=1"
    layer, found = read(root, f"entity='Location' type=PointZ pageSize='2' expandTo='{chain}'")
    results = {one["Thing_Datastream_name"]: one["Thing_Datastream_Observation_result"] for one in found}
    assert results["A'1 no2"] == "15" and results["A'1 flow"] == "65535"
    here = QgsFeatureRequest(QgsRectangle(4.45, 51.9, 4.48, 51.92))
    assert {one["name"] for one in layer.getFeatures(here)} == {"At A'1"}
    assert found[0].geometry().asPoint().x() == pytest.approx(4.47)
