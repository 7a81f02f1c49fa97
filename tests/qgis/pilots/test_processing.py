"""The algorithms over pilots, on the embedded twin's own: in this process, and as ``qgis_process`` runs them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from osgeo import ogr
from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProject,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QDateTime, Qt

from plugin.demo.__main__ import fill
from plugin.demo.app import create_app
from plugin.demo.settings import Settings
from plugin.demo.store import Store
from plugin.map import layers
from plugin.map.pilots.sensors import sensors_of
from plugin.pilots.checks import check_all
from plugin.pilots.reading import read_municipality, read_pilots
from plugin.processing.checkpilots import CheckPilots
from plugin.processing.pilotprofile import PilotProfile
from plugin.twin.client import Twin
from plugin.twin.errors import CityTwinError
from plugin.workcopy.checkout import checkout
from plugin.workcopy.copy import WorkingCopy
from tests.identity_scenarios import sql_elsewhere
from tests.twin_server import serve_app
from tools.package import lay_out
from tools.profile import make_profile

LAYERS = ["pilots", "buildings", "districts", "trees", "streets", "water"]


@pytest.fixture(scope="module")
def checked_out(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pilots")
    store = Store(folder / "twin.sqlite")
    fill(store)
    url, stop = serve_app(create_app(store, Settings()))
    checkout(Twin(url), LAYERS, folder / "city.gpkg")
    checkout(Twin(url), ["buildings"], folder / "other.gpkg")
    stop()
    store.close()
    return folder / "city.gpkg"


@pytest.fixture
def city(checked_out, tmp_path) -> WorkingCopy:
    shutil.copyfile(checked_out, tmp_path / "city.gpkg")
    return WorkingCopy.open(tmp_path / "city.gpkg")


class Kept(QgsProcessingFeedback):
    """Remembers what is told, and cancels when told to."""

    def __init__(self, cancel_at: str = "") -> None:
        super().__init__(False)
        self.said: list[str] = []
        self.warned: list[str] = []
        self._cancel_at = cancel_at

    def pushInfo(self, text: str) -> None:
        self.said.append(text)

    def pushWarning(self, text: str) -> None:
        self.warned.append(text)

    def setProgressText(self, text: str) -> None:
        if self._cancel_at and self._cancel_at in text:
            self.cancel()


def run(kind: type, feedback: Kept | None = None, **parameters: Any) -> tuple[dict[str, Any], Any, Kept]:
    """The results, the layer that OUTPUT is where it is one, and what was told."""
    feedback, context, algorithm = feedback or Kept(), QgsProcessingContext(), kind()
    context.setProject(QgsProject.instance())
    algorithm.initAlgorithm({})
    assert algorithm.checkParameterValues(parameters, context) == (True, "")
    # not `run`, which says of every error only that there was one
    prepared = algorithm.create()
    assert prepared.prepare(parameters, context, feedback)
    results = prepared.processAlgorithm(parameters, context, feedback)
    layer = context.takeResultLayer(results["OUTPUT"]) if results and parameters["OUTPUT"] == "memory:" else None
    return results, layer, feedback


def check(copy: WorkingCopy, feedback: Kept | None = None) -> tuple[dict[str, Any], list[dict[str, Any]], Kept]:
    """The results, and the rows with their geometry in "at"."""
    results, layer, feedback = run(CheckPilots, feedback, WORKING_COPY=str(copy.path), OUTPUT="memory:")
    if layer is None:
        return results, [], feedback
    assert layer.crs().authid() == "EPSG:28992" and layer.wkbType() == Qgis.WkbType.MultiPolygon
    return results, [{**one.attributeMap(), "at": QgsGeometry(one.geometry())} for one in layer.getFeatures()], feedback


# -- checkpilots


def test_every_problem_is_a_row(city):
    results, rows, feedback = check(city)
    wanted = check_all(read_pilots(city), date.today(), read_municipality(city))
    assert Counter((row["pilot"], row["code"], row["severity"], row["column"], row["sentence"]) for row in rows) == (
        Counter((one.pilot, one.code, one.severity, one.column, one.sentence) for one in wanted)
    )
    assert results["ERRORS"] == sum(one.severity == "error" for one in wanted)
    assert {row["title"] for row in rows} <= {pilot.name for pilot in read_pilots(city)}
    assert "10 pilots checked" in feedback.said
    assert sum(one.severity != "notice" for one in wanted) == len(feedback.warned)


def test_an_overlap_lies_where_the_pilots_share_ground(city):
    _, rows, _ = check(city)
    source = ogr.Open(str(city.path))
    shapes = {one["twin_id"]: one.GetGeometryRef().Clone() for one in source.GetLayerByName("pilots")}
    found = [row for row in rows if row["code"] == "overlap"]
    assert found
    for row in found:
        shared = shapes[row["pilot"]].Intersection(shapes[row["other"]]).GetArea()
        assert row["at"].area() == pytest.approx(shared, rel=1e-9) and shared > 100


def test_faults_of_every_kind(city):
    sql_elsewhere(city.path, "UPDATE pilots SET lead = NULL WHERE twin_id = 'P-01'")
    sql_elsewhere(city.path, "UPDATE pilots SET contact_role = 'j.jansen@example.org' WHERE twin_id = 'P-02'")
    sql_elsewhere(city.path, "UPDATE pilots SET start_date = '2027-01-01', end_date = '2026-01-01' WHERE fid = 3")
    sql_elsewhere(city.path, "UPDATE pilots SET technical = 'no JSON' WHERE twin_id = 'P-04'")
    source = ogr.Open(str(city.path), update=1)
    layer = source.GetLayerByName("pilots")
    for name, wkt in {
        "P-05": "MULTIPOLYGON (((93900 436300, 94100 436500, 94100 436300, 93900 436500, 93900 436300)))",
        "P-06": "MULTIPOLYGON (((4.47 51.91, 4.48 51.91, 4.48 51.92, 4.47 51.91)))",
        "P-07": "MULTIPOLYGON (((20000 400000, 20200 400000, 20200 400200, 20000 400000)))",
    }.items():
        layer.SetAttributeFilter(f"twin_id = '{name}'")
        feature = layer.GetNextFeature()
        feature.SetGeometry(ogr.CreateGeometryFromWkt(wkt))
        layer.SetFeature(feature)
    del feature, layer, source
    results, rows, feedback = check(city)
    by = {(row["pilot"], row["code"]): row for row in rows}
    missing = by["P-01", "missing"]
    assert (missing["column"], missing["severity"], missing["advice"]) == ("lead", "error", "Fill it in the form.")
    assert missing["at"].isNull()
    assert by["P-02", "personal"]["severity"] == "warning"
    assert by["P-03", "dates"]["advice"] == "Swap the Dates", "what mends it is said"
    assert by["P-04", "unreadable"]["column"] == "technical"
    crossing = by["P-05", "invalid"]["at"]
    assert crossing.area() == pytest.approx(12.5, rel=0.03), "a point becomes an area that can be seen"
    assert crossing.centroid().distance(QgsGeometry.fromPointXY(QgsPointXY(94000, 436400))) < 0.01
    assert by["P-06", "degrees"]["at"].boundingBox().xMaximum() < 5
    assert by["P-07", "outside"]["severity"] == "error"
    assert results["ERRORS"] == sum(row["severity"] == "error" for row in rows) >= 6
    assert any("P-05" not in text and "Noise Map" in text for text in feedback.warned), "by their titles"


def test_unsaved_edits_are_told_and_bad_input_is_a_sentence(city, checked_out, qgis_app, qgis_new_project):
    (layer,) = layers.make_layers(city, ["pilots"])
    QgsProject.instance().addMapLayer(layer)
    layer.startEditing()
    assert check(city)[2].warned[0:1] != ["Pilot Areas has edits that are not saved; they are not looked at."]
    layer.deleteFeature(1)
    assert check(city)[2].warned[0] == "Pilot Areas has edits that are not saved; they are not looked at."
    layer.rollBack()
    QgsProject.instance().clear()
    for kind, more in ((CheckPilots, {}), (PilotProfile, {"PILOT": "P-01"})):
        with pytest.raises(QgsProcessingException, match="holds no pilots"):
            run(kind, WORKING_COPY=str(checked_out.with_name("other.gpkg")), OUTPUT="memory:", **more)
        with pytest.raises(QgsProcessingException, match="no file"):
            run(kind, WORKING_COPY="/nowhere/x.gpkg", OUTPUT="memory:", **more)


def test_without_all_districts_the_border_is_not_checked_and_that_is_said(city):
    sql_elsewhere(city.path, "UPDATE twin_source SET extent = '[91000, 435000, 92000, 436000]' "
                             "WHERE table_name = 'districts'")  # fmt: skip
    assert any("was not checked" in text for text in check(WorkingCopy.open(city.path))[2].said)


@pytest.mark.parametrize("kind", [CheckPilots, PilotProfile])
def test_cancelled(city, tmp_path, kind):
    at = "Checking" if kind is CheckPilots else "Looking at"
    out = "memory:" if kind is CheckPilots else str(tmp_path / "p.json")
    more = {} if kind is CheckPilots else {"PILOT": "P-01"}
    results, _, feedback = run(kind, Kept(at), WORKING_COPY=str(city.path), OUTPUT=out, **more)
    assert results == {} and any("Cancelled" in text for text in feedback.said)
    assert not (tmp_path / "p.json").exists()


# -- pilotprofile


def profile(copy: WorkingCopy, path: Path, pilot: str, **more: Any) -> tuple[dict[str, Any], dict[str, Any], Kept]:
    results, _, feedback = run(PilotProfile, WORKING_COPY=str(copy.path), PILOT=pilot, OUTPUT=str(path), **more)
    return results, json.loads(path.read_text(encoding="utf-8")), feedback


def test_a_profile_by_id_row_and_title(city, tmp_path):
    results, found, feedback = profile(city, tmp_path / "p.json", "P-06")
    assert found["pilot"] == "P-06" and found["format"] == 1
    source = ogr.Open(str(city.path))
    layer = source.GetLayerByName("pilots")
    layer.SetAttributeFilter("twin_id = 'P-06'")
    pilot = layer.GetNextFeature()
    shape = pilot.GetGeometryRef().Clone()
    counts = {}
    for name in ("buildings", "trees"):
        layer = source.GetLayerByName(name)
        layer.SetSpatialFilter(shape)
        counts[name] = sum(one.GetGeometryRef().Intersects(shape) for one in layer)
    assert results["AREA"] == pytest.approx(shape.GetArea(), rel=1e-9)
    assert (results["BUILDING_COUNT"], results["TREE_COUNT"]) == (counts["buildings"], counts["trees"]) > (5, 5)
    assert results["BUILDING_COUNT"] == found["buildings"]["count"] and results["FLOOR_AREA"] > results["AREA"] / 10
    assert results["ADDRESS_COUNT"] is None and results["SENSOR_COUNT"] is None, "not known is not none"
    assert results["NEIGHBOUR_COUNT"] == len(found["neighbours"]) > 0
    assert f"{counts['buildings']} buildings" in feedback.said
    for wanted in ("6", found["name"].upper()):
        assert profile(city, tmp_path / "q.json", wanted)[1] == found


@pytest.mark.parametrize("wanted", ["P-99", "Nowhere", "Twice"])
def test_a_pilot_that_is_not_there_or_there_twice(city, tmp_path, wanted):
    sql_elsewhere(city.path, "UPDATE pilots SET name = 'Twice' WHERE fid < 3")
    with pytest.raises(QgsProcessingException, match=f"no pilot {wanted}|2 pilots are called Twice"):
        profile(city, tmp_path / "p.json", wanted)
    assert not (tmp_path / "p.json").exists()


def observations(*rows: tuple[str, str, float | None, int, tuple[float, float] | None]) -> QgsVectorLayer:
    """As the algorithms make them: thing, datastream, result, seconds since 1970, place in EPSG:28992."""
    columns = ("datastream_id:string", "datastream:string", "thing:string", "observed_property:string",
               "result:double", "unit:string", "phenomenon_time:datetime")  # fmt: skip
    fields = "&".join(f"field={column}" for column in columns)
    layer = QgsVectorLayer(f"Point?crs=EPSG:28992&{fields}", "observations", "memory")
    for thing, stream, result, seconds, place in rows:
        feature = QgsFeature(layer.fields())
        time = QDateTime.fromMSecsSinceEpoch(seconds * 1000, Qt.TimeSpec.UTC)
        feature.setAttributes([stream, f"{stream} of {thing}", thing, "NO2", result, "µg/m³", time])
        if place:
            feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(*place)))
        assert layer.dataProvider().addFeatures([feature])[0]
    return layer


def test_sensors_inside_with_their_last_day(city, tmp_path, qgis_new_project):
    now = int(datetime(2026, 11, 20, 12, tzinfo=timezone.utc).timestamp())
    inside, outside = (93620.0, 435740.0), (91000.0, 436000.0)
    layer = observations(
        ("Pole", "1", 10.0, now - 90_000, inside),
        ("Pole", "1", 20.0, now - 80_000, inside),
        ("Pole", "1", None, now - 10, inside),
        ("Pole", "1", 40.0, now, inside),
        ("Pole", "2", 7.0, now, inside),
        ("Far", "3", 7.0, now, outside),
        ("Nowhere", "4", 7.0, now, None),
    )
    QgsProject.instance().addMapLayer(layer)
    results, found, _ = profile(city, tmp_path / "p.json", "P-06", SENSORS=layer.id())
    assert results["SENSOR_COUNT"] == 1
    (sensor,) = found["sensors"]
    assert sensor["name"] == "Pole" and len(sensor["days"]) == 2
    assert sensor["days"][0] == {
        "observed": "NO2", "unit": "µg/m³", "count": 2, "least": 20.0, "mean": 30.0, "most": 40.0, "latest": 40.0,
        "at": "2026-11-20T12:00:00Z",
    }  # fmt: skip


def test_any_points_are_places(qgis_app):
    layer = QgsVectorLayer("Point?crs=EPSG:28992&field=name:string", "poles", "memory")
    for x in (92000, 92000, 93000):
        feature = QgsFeature(layer.fields())
        feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(x, 437000)))
        layer.dataProvider().addFeatures([feature])
    found = sensors_of(layer, QgsProject.instance().transformContext())
    assert len(found) == 3 and not any(one.days for one in found)
    assert 4.4 < found[0].x < 4.6 and 51.9 < found[0].y < 52 and found[0].srid == 4326
    layer.setCrs(QgsCoordinateReferenceSystem())
    with pytest.raises(CityTwinError, match="coordinate reference system"):
        sensors_of(layer, QgsProject.instance().transformContext())


# -- as cron runs them


@pytest.mark.skipif(shutil.which("qgis_process") is None, reason="qgis_process is not installed here")
def test_in_qgis_process(city, tmp_path):
    lay_out(tmp_path / "stage")
    home = make_profile(tmp_path, tmp_path / "stage").parents[1]
    environment = {**os.environ, "QGIS_CUSTOM_CONFIG_PATH": str(home), "QT_QPA_PLATFORM": "offscreen"}

    def call(name: str, **inputs: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["qgis_process", "run", f"citytwin:{name}", "-"],
            input=json.dumps({"inputs": {"WORKING_COPY": str(city.path), **inputs}}),
            env=environment,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    done = call("checkpilots", OUTPUT=str(tmp_path / "problems.gpkg"))
    assert done.returncode == 0, done.stderr + done.stdout
    source = ogr.Open(str(tmp_path / "problems.gpkg"))
    rows = [(one["pilot"], one["severity"]) for one in source.GetLayer(0)]
    assert rows and json.loads(done.stdout)["results"]["ERRORS"] == sum(word == "error" for _, word in rows)
    del source
    done = call("pilotprofile", PILOT="P-01", OUTPUT=str(tmp_path / "p.json"))
    assert done.returncode == 0, done.stderr + done.stdout
    told = json.loads((tmp_path / "p.json").read_text(encoding="utf-8"))
    assert json.loads(done.stdout)["results"]["BUILDING_COUNT"] == told["buildings"]["count"] > 0
    done = call("pilotprofile", PILOT="nobody", OUTPUT=str(tmp_path / "q.json"))
    assert done.returncode != 0 and "There is no pilot nobody" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
