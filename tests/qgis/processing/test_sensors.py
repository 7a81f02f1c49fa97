"""The algorithms over sensors: against the embedded twin's own SensorThings, and a real service's recorded answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from qgis.core import QgsProcessingContext, QgsProcessingException, QgsProcessingFeedback, QgsVectorLayer
from qgis.PyQt.QtCore import Qt

from plugin.demo.app import Settings, create_app
from plugin.demo.sta.service import Sensors
from plugin.demo.sta.store import SensorStore
from plugin.demo.store import Store
from plugin.processing.latestobservations import LatestObservations
from plugin.processing.observationhistory import ObservationHistory
from tests.twin_server import serve_app
from tests.unit.demo.sta_kit import CITY, Api
from tests.unit.twin.faults_server import FaultyServer, as_json


@pytest.fixture
def city(tmp_path):
    """A twin with the four sensors of ``CITY``: its landing page's URL."""
    store, sensors = Store(tmp_path / "twin.sqlite"), SensorStore(tmp_path / "sensors.sqlite")
    url, stop = serve_app(create_app(store, Settings(), Sensors(sensors)))
    api = Api(f"{url}sta/v1.1", sensors, requests.Session())
    for thing in CITY:
        api.post("Things", thing)
    yield url
    stop()
    api.session.close()
    sensors.close()
    store.close()


@pytest.fixture
def server():
    server = FaultyServer()
    yield server
    server.close()


class Kept(QgsProcessingFeedback):
    """Remembers what is told, and cancels when told to."""

    def __init__(self, cancel_at: str = "") -> None:
        super().__init__(False)
        self.said: list[str] = []
        self._cancel_at = cancel_at

    def pushInfo(self, text: str) -> None:
        self.said.append(text)

    def setProgressText(self, text: str) -> None:
        if self._cancel_at and self._cancel_at in text:
            self.cancel()


def run(kind: type, feedback: Kept | None = None, **parameters: Any) -> tuple[QgsVectorLayer | None, list[str]]:
    """The output in memory, and what was told; the layer is None where the run was cancelled."""
    feedback, context, algorithm = feedback or Kept(), QgsProcessingContext(), kind()
    algorithm.initAlgorithm({})
    parameters = {"OUTPUT": "memory:", **parameters}
    assert algorithm.checkParameterValues(parameters, context) == (True, "")
    # not `run`, which says of every error only that there was one
    prepared = algorithm.create()
    assert prepared.prepare(parameters, context, feedback)
    results = prepared.processAlgorithm(parameters, context, feedback)
    if not results:
        return None, feedback.said
    return context.takeResultLayer(results["OUTPUT"]), feedback.said


def rows(layer: QgsVectorLayer | None) -> list[dict[str, Any]]:
    assert layer is not None
    return [
        {**{k: None if v is None or str(v) == "NULL" else v for k, v in one.attributeMap().items()},
         "at": None if one.geometry().isNull() else one.geometry().asPoint()}
        for one in layer.getFeatures()
    ]  # fmt: skip


def test_a_point_for_each_datastream_also_without_an_observation(qgis_app, city):
    layer, said = run(LatestObservations, SENSORTHINGS=f"{city}sta/v1.1")
    found = {one["datastream"]: one for one in rows(layer)}
    assert layer.crs().authid() == "EPSG:4326" and set(found) == {"A'1 no2", "A'1 flow", "Beta no2", "Gamma no2"}
    one = found["A'1 no2"]
    assert (one["thing"], one["observed_property"], one["result"], one["result_text"], one["unit"], one["kind"]) == (
        "A'1", "no2", 15.0, "15", "µ", "number",
    )  # fmt: skip
    assert one["phenomenon_time"].toUTC().toString(Qt.DateFormat.ISODate) == "2026-08-21T14:10:00Z"
    assert (round(one["at"].x(), 6), round(one["at"].y(), 6)) == (4.47, 51.91)
    assert found["Gamma no2"]["result"] is found["Gamma no2"]["phenomenon_time"] is None
    assert found["Gamma no2"]["kind"] == "none" and found["Gamma no2"]["at"].x() == pytest.approx(4.6)
    # an object is no number, and is there as text
    assert found["Beta no2"]["result"] is None and json.loads(found["Beta no2"]["result_text"]) == {"v": [1, 2]}
    assert "4 datastreams" in said and any("no observation yet" in sentence for sentence in said)


def test_a_twins_landing_page_leads_to_its_sensors_and_they_can_be_chosen(qgis_app, city):
    here = "4.4,4.5,51.9,52 [EPSG:4326]"
    layer, _ = run(LatestObservations, SENSORTHINGS=city, EXTENT=here)
    assert {one["datastream"] for one in rows(layer)} == {"A'1 no2", "A'1 flow", "Beta no2"}
    layer, _ = run(LatestObservations, SENSORTHINGS=city, OBSERVED_PROPERTY="FLOW", EXTENT=here)
    assert {one["datastream"] for one in rows(layer)} == {"A'1 flow"}
    layer, _ = run(LatestObservations, SENSORTHINGS=city, EXTENT="98000,101500,433000,437000 [EPSG:28992]")
    assert len(rows(layer)) == 0
    with pytest.raises(QgsProcessingException, match="EPSG:28992"):
        run(LatestObservations, SENSORTHINGS=city, EXTENT="92500,93000,436500,437000")


def test_the_history_of_some_in_a_period(qgis_app, city):
    now, _ = run(LatestObservations, SENSORTHINGS=city)
    ids = {one["datastream"]: one["datastream_id"] for one in rows(now)}
    layer, said = run(
        ObservationHistory,
        SENSORTHINGS=city,
        DATASTREAMS=f"{ids['Beta no2']}, {ids['A' + chr(39) + '1 no2']},999",
        START="2026-08-21T14:05:00Z",
        END="2026-08-21T14:10:00Z",
    )
    found = [(one["datastream"], one["result"], one["result_text"]) for one in rows(layer)]
    assert found == [
        ("Beta no2", None, None), ("Beta no2", None, "broken"), ("A'1 no2", 20.5, "20.5"), ("A'1 no2", 15.0, "15"),
    ]  # fmt: skip
    assert any("999" in sentence for sentence in said) and "4 observations" in said
    layer, _ = run(ObservationHistory, SENSORTHINGS=city, OBSERVED_PROPERTY="flow")
    assert [(one["result"], one["result_text"], one["kind"]) for one in rows(layer)] == [(65535.0, "65535", "number")]


def test_a_layer_that_will_be_loaded_gets_its_times(qgis_app, city):
    from qgis.core import QgsProcessingOutputLayerDefinition, QgsProject

    project, context, feedback = QgsProject(), QgsProcessingContext(), Kept()
    context.setProject(project)
    algorithm = ObservationHistory()
    algorithm.initAlgorithm({})
    output = QgsProcessingOutputLayerDefinition("memory:", project)
    parameters = {"SENSORTHINGS": city, "OBSERVED_PROPERTY": "no2", "OUTPUT": output}
    prepared = algorithm.create()
    assert prepared.prepare(parameters, context, feedback)
    place = prepared.processAlgorithm(parameters, context, feedback)["OUTPUT"]
    processor = context.layerToLoadOnCompletionDetails(place).postProcessor()
    layer = context.takeResultLayer(place)
    processor.postProcessLayer(layer, context, feedback)
    assert layer.temporalProperties().isActive() and layer.temporalProperties().startField() == "phenomenon_time"


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, "whose history"),
        ({"DATASTREAMS": "999,998"}, "999, 998"),
        ({"DATASTREAMS": "1", "START": "2026-08-21T14:05:00Z", "END": "2026-08-21T14:00:00Z"}, "before the start"),
        ({"OBSERVED_PROPERTY": "nonsense"}, "nonsense"),
        ({"SENSORTHINGS": "nonsense"}, "no connection named"),
        ({"SENSORTHINGS": "http://127.0.0.1:9/"}, "127.0.0.1"),
    ],
)
def test_bad_input_is_a_sentence(qgis_app, city, parameters, words):
    if parameters.get("SENSORTHINGS"):
        parameters = {"DATASTREAMS": "1", **parameters}
    with pytest.raises(QgsProcessingException, match=words):
        run(ObservationHistory, **{"SENSORTHINGS": city, **parameters})


def test_cancelled_on_the_way_there_is_no_layer(qgis_app, city):
    for algorithm in (LatestObservations, ObservationHistory):
        layer, said = run(algorithm, Kept("sensor"), SENSORTHINGS=city, OBSERVED_PROPERTY="no2")
        assert layer is None and any("Cancelled" in sentence for sentence in said)


def test_a_real_service_as_recorded_and_one_bad_sensor_stops_no_other(qgis_app, server, shared_data):
    folder, base = shared_data / "sensors/sta_bgs_uk", "/FROST-Server/v1.1"

    def recorded(name: str) -> Any:
        text = (folder / f"{name}.json").read_text("utf-8")
        return json.loads(text.replace("https://sensors.bgs.ac.uk", server.url))

    second = recorded("observations_list")
    second.pop("@iot.nextLink", None)
    streams = recorded("datastreams_expand_foi")
    server.routes[base] = as_json({"value": [{"name": "Datastreams", "url": f"{server.url}{base}/Datastreams"}]})
    server.routes[f"{base}/Datastreams"] = as_json(streams)
    good, bad = (one["@iot.id"] for one in streams["value"][:2])
    server.routes[f"{base}/Datastreams({good})/Observations"] = as_json(second)
    layer, said = run(LatestObservations, SENSORTHINGS=f"{server.url}{base}")
    found = {one["datastream_id"]: one for one in rows(layer)}
    assert len(found) == len({one["@iot.id"] for one in streams["value"]})
    assert found[str(good)]["result"] is not None and found[str(bad)]["result"] is None
    assert all(one["at"] and one["unit"] for one in found.values())

    layer, said = run(ObservationHistory, SENSORTHINGS=f"{server.url}{base}", DATASTREAMS=f"{bad},{good}")
    assert len(rows(layer)) == len({one["@iot.id"] for one in second["value"]})
    assert any("could not be read" in sentence for sentence in said)
