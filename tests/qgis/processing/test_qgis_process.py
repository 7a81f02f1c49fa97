"""The whole job without a window: ``qgis_process`` and GDAL alone, in processes of their own, as cron would do it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests
from osgeo import ogr

from tests.twin_server import RunningTwin, start_twin
from tools.package import lay_out
from tools.profile import make_profile

RD = "http://www.opengis.net/def/crs/EPSG/0/28992"

pytestmark = pytest.mark.skipif(shutil.which("qgis_process") is None, reason="qgis_process is not installed here")


class Headless:
    """``qgis_process`` with a profile of its own."""

    def __init__(self, folder: Path) -> None:
        lay_out(folder / "stage")
        profile = make_profile(folder, folder / "stage")
        self.environment = {
            **os.environ,
            "QGIS_CUSTOM_CONFIG_PATH": str(profile.parents[1]),
            "QT_QPA_PLATFORM": "offscreen",
        }

    def run(self, algorithm: str, **parameters: Any) -> dict[str, Any]:
        """The results of a run that must go well."""
        done = self._call(algorithm, parameters)
        assert done.returncode == 0, done.stderr + done.stdout
        results: dict[str, Any] = json.loads(done.stdout)["results"]
        return results

    def fail(self, algorithm: str, **parameters: Any) -> str:
        """What a run says that must not go well."""
        done = self._call(algorithm, parameters)
        assert done.returncode != 0, done.stdout
        assert "Traceback" not in done.stderr + done.stdout
        return done.stderr + done.stdout

    def _call(self, algorithm: str, parameters: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["qgis_process", "run", f"citytwin:{algorithm}", "-"],
            input=json.dumps({"inputs": parameters}),
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )


@pytest.fixture(scope="module")
def headless(tmp_path_factory: pytest.TempPathFactory) -> Headless:
    return Headless(tmp_path_factory.mktemp("headless"))


def test_checkout_edit_by_gdal_changes_publish_and_a_second_checkout_shows_it(
    headless: Headless, fresh_twin: RunningTwin, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    headless.run("capabilities", TWIN=fresh_twin.url, OUTPUT=str(report))
    assert json.loads(report.read_text(encoding="utf-8"))["tier"] == "W2"

    first = tmp_path / "first.gpkg"
    got = headless.run("checkout", TWIN=fresh_twin.url, COLLECTIONS="buildings, districts", WORKING_COPY=str(first))
    source = ogr.Open(str(first), update=1)
    layer = source.GetLayerByName("buildings")
    assert got["FEATURE_COUNT"] == layer.GetFeatureCount() + source.GetLayerByName("districts").GetFeatureCount()
    assert layer.GetGeometryColumn() == "geom" and got["WORKING_COPY"] == str(first)

    feature = layer.GetNextFeature()
    changed, height = feature["twin_id"], feature["height"] + 10
    feature["height"] = height
    layer.SetFeature(feature)
    gone = layer.GetNextFeature()
    deleted = gone["twin_id"]
    layer.DeleteFeature(gone.GetFID())
    fresh = ogr.Feature(layer.GetLayerDefn())
    fresh.SetFrom(feature)
    fresh.SetFID(-1)
    fresh["name"] = "Gemaakt met GDAL"
    layer.CreateFeature(fresh)
    del feature, gone, fresh, layer, source

    listed = tmp_path / "changes.json"
    counts = headless.run("changes", WORKING_COPY=str(first), OUTPUT=str(listed))
    assert {k: counts[k] for k in ("INSERTED", "UPDATED", "DELETED", "CONFLICTS")} == {
        "INSERTED": 1,
        "UPDATED": 1,
        "DELETED": 1,
        "CONFLICTS": 0,
    }
    update = next(c for c in json.loads(listed.read_text(encoding="utf-8"))["changes"] if c["kind"] == "update")
    assert update["id"] == changed and update["columns"]["height"]["new"] == height

    sent = headless.run("publish", WORKING_COPY=str(first), MESSAGE="Nacht – cron")
    assert (sent["PUBLISHED"], sent["FAILED"], sent["CONFLICTS"]) == (3, 0, 0)
    assert headless.run("changes", WORKING_COPY=str(first))["UPDATED"] == 0

    second = tmp_path / "second.gpkg"
    headless.run("checkout", TWIN=fresh_twin.url, COLLECTIONS="buildings", WORKING_COPY=str(second))
    source = ogr.Open(str(second))
    layer = source.GetLayerByName("buildings")
    rows = {f["twin_id"]: (f["name"], f["height"]) for f in layer}
    assert rows[changed][1] == height and deleted not in rows
    assert any(name == "Gemaakt met GDAL" for name, _ in rows.values())
    del layer, source


def test_an_extent_limits_what_comes(headless: Headless, demo_twin: RunningTwin, tmp_path: Path) -> None:
    inside = requests.get(
        f"{demo_twin.url}collections/buildings/items",
        params={"bbox": "92500,436500,93000,437000", "bbox-crs": RD, "limit": "1"},
        timeout=10,
    ).json()["numberMatched"]
    got = headless.run(
        "checkout",
        TWIN=demo_twin.url,
        COLLECTIONS="buildings",
        EXTENT="92500,93000,436500,437000 [EPSG:28992]",
        WORKING_COPY=str(tmp_path / "part.gpkg"),
    )
    assert got["FEATURE_COUNT"] == inside > 0
    said = headless.fail(
        "checkout",
        TWIN=demo_twin.url,
        COLLECTIONS="buildings",
        EXTENT="92500,93000,436500,437000",
        WORKING_COPY=str(tmp_path / "unsaid.gpkg"),
    )
    assert "EPSG:28992" in said


def test_bad_input_is_a_sentence(headless: Headless, demo_twin: RunningTwin, tmp_path: Path) -> None:
    path = str(tmp_path / "x.gpkg")
    assert "no connection named" in headless.fail("capabilities", TWIN="nonsense", OUTPUT=str(tmp_path / "x.json"))
    said = headless.fail("checkout", TWIN="http://127.0.0.1:9/", COLLECTIONS="buildings", WORKING_COPY=path)
    assert "127.0.0.1" in said
    assert "nonsense" in headless.fail("checkout", TWIN=demo_twin.url, COLLECTIONS="nonsense", WORKING_COPY=path)
    assert not Path(path).exists()
    assert "no file" in headless.fail("changes", WORKING_COPY=path)


def test_credentials_come_from_the_authentication_database(tmp_path: Path) -> None:
    """AUTH is an authcfg; the master password comes from QGIS_AUTH_PASSWORD_FILE, and nothing of either is written."""
    user = {"CITYTWIN_DEMO_USER": "planner", "CITYTWIN_DEMO_PASSWORD": "tulp"}
    running = start_twin(store=tmp_path / "locked.sqlite", env=user, options=["--require-auth"])
    try:
        headless = Headless(tmp_path)
        word = tmp_path / "master"
        word.write_text("hoofdwoord", encoding="utf-8")
        headless.environment["QGIS_AUTH_PASSWORD_FILE"] = str(word)
        make = (
            "import sys\n"
            "from qgis.core import QgsApplication, QgsAuthMethodConfig\n"
            "app = QgsApplication([], False); app.initQgis()\n"
            "manager = QgsApplication.authManager()\n"
            "manager.setMasterPassword('hoofdwoord', True)\n"
            "config = QgsAuthMethodConfig('Basic'); config.setName('Twin'); config.setId('citytwn')\n"
            "config.setConfig('username', 'planner'); config.setConfig('password', sys.argv[1])\n"
            "print(manager.storeAuthenticationConfig(config))\n"
        )
        database = {"QGIS_AUTH_DB_DIR_PATH": str(tmp_path / "auth")}
        (tmp_path / "auth").mkdir()
        headless.environment.update(database)
        done = subprocess.run(
            ["/usr/bin/python3", "-c", make, "tulp"],
            env=headless.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "True" in done.stdout, done.stderr
        path = tmp_path / "work.gpkg"
        said = headless.fail("checkout", TWIN=running.url, COLLECTIONS="pilots", WORKING_COPY=str(path))
        assert "credentials" in said
        got = headless.run("checkout", TWIN=running.url, COLLECTIONS="pilots", AUTH="citytwn", WORKING_COPY=str(path))
        assert got["FEATURE_COUNT"] > 0
        assert b"tulp" not in path.read_bytes() and b"citytwn" not in path.read_bytes()
    finally:
        running.stop()


def test_two_working_copies_pull_clash_resolve_and_publish(
    headless: Headless, fresh_twin: RunningTwin, tmp_path: Path
) -> None:
    """As two departments' nightly jobs would do it."""
    ours, theirs = str(tmp_path / "ours.gpkg"), str(tmp_path / "theirs.gpkg")
    headless.run("checkout", TWIN=fresh_twin.url, COLLECTIONS="buildings,trees", WORKING_COPY=ours)
    shutil.copy(ours, theirs)
    ids = _set(theirs, [{"height": 50.0}, {"name": "Theirs"}, {"height": 51.0}])
    assert headless.run("publish", WORKING_COPY=theirs, MESSAGE="Theirs")["PUBLISHED"] == 3

    assert _set(ours, [{"height": 60.0}, {"height": 61.0}, {}]) == ids
    got = headless.run("pull", WORKING_COPY=ours)
    assert {k: got[k] for k in ("CREATED", "UPDATED", "DELETED", "MERGED", "LEFT", "CONFLICTS")} == {
        "CREATED": 0, "UPDATED": 1, "DELETED": 0, "MERGED": 1, "LEFT": 0, "CONFLICTS": 1,
    }  # fmt: skip
    got = headless.run("pull", WORKING_COPY=ours)
    assert (got["UPDATED"], got["MERGED"], got["CONFLICTS"]) == (0, 0, 0)

    stopped = headless.run("publish", WORKING_COPY=ours, MESSAGE="Ours", ON_CONFLICT="stop")
    assert (stopped["PUBLISHED"], stopped["CONFLICTS"], stopped["UNSENT"]) == (0, 1, 1)
    skipped = headless.run("publish", WORKING_COPY=ours, MESSAGE="Ours", ON_CONFLICT="skip")
    assert (skipped["PUBLISHED"], skipped["CONFLICTS"], skipped["UNSENT"]) == (1, 1, 0)

    assert "nonsense" in headless.fail("resolve", WORKING_COPY=ours, STRATEGY="mine", LAYER="nonsense")
    got = headless.run("resolve", WORKING_COPY=ours, STRATEGY="mine", LAYER="trees")
    assert (got["RESOLVED"], got["REMAINING"]) == (0, 1)
    got = headless.run("resolve", WORKING_COPY=ours, STRATEGY="mine", LAYER="Buildings")
    assert (got["RESOLVED"], got["REMAINING"]) == (1, 0)
    assert headless.run("publish", WORKING_COPY=ours, MESSAGE="Ours")["PUBLISHED"] == 1
    items = [requests.get(f"{fresh_twin.url}collections/buildings/items/{one}", timeout=10).json() for one in ids]
    assert [items[0]["properties"]["height"], items[1]["properties"]["height"]] == [60.0, 61.0]
    assert items[1]["properties"]["name"] == "Theirs" and items[2]["properties"]["height"] == 51.0
    assert headless.run("pull", WORKING_COPY=theirs)["UPDATED"] == 2


def _set(path: str, values: list[dict[str, Any]]) -> list[str]:
    """Give the first buildings (by id) other values; their ids."""
    source = ogr.Open(path, update=1)
    layer = source.GetLayerByName("buildings")
    ids = sorted(feature["twin_id"] for feature in layer)[: len(values)]
    for one, wanted in zip(ids, values):
        layer.SetAttributeFilter(f"twin_id = '{one}'")
        feature = layer.GetNextFeature()
        for name, value in wanted.items():
            feature[name] = value
        layer.SetFeature(feature)
        del feature
    del layer, source
    return ids


def test_sensors_now_and_before(headless: Headless, demo_twin: RunningTwin, tmp_path: Path) -> None:
    now, before = str(tmp_path / "now.gpkg"), str(tmp_path / "before.gpkg")
    headless.run("latestobservations", SENSORTHINGS=demo_twin.url, OBSERVED_PROPERTY="NO2", OUTPUT=now)
    source = ogr.Open(now)
    one = next(f for f in source.GetLayer(0) if f["phenomenon_time"])
    stream, unit = one["datastream_id"], one["unit"]
    assert unit == "µg/m³" and one.GetGeometryRef().GetGeometryName() == "POINT"
    del one, source
    headless.run("observationhistory", SENSORTHINGS=demo_twin.url, DATASTREAMS=stream, OUTPUT=before)
    source = ogr.Open(before)
    found = [(f["datastream_id"], f["phenomenon_time"]) for f in source.GetLayer(0)]
    assert found and {name for name, _ in found} == {stream} and found == sorted(found)
    del source
    said = headless.fail("observationhistory", SENSORTHINGS=demo_twin.url, OUTPUT=before)
    assert "whose history" in said
