"""SensorThings is written to: deep inserts, observations one by one and in bulk, changes, deletes, and who may."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time

import pytest
import requests

from plugin.demo.app import Settings, create_app
from plugin.demo.negotiation import Credentials
from plugin.demo.sta.service import Sensors
from plugin.demo.sta.store import SensorStore, SensorStoreError
from tests.twin_server import ROOT, serve_app
from tests.unit.demo.sta_kit import datastream, thing


def test_a_deep_insert_is_whole_or_nothing(sta):
    before = sta.get("Things", count="true", top=0)["@iot.count"]
    for place, wrong in (
        ("Datastreams", [{"name": "no unit"}]),
        ("Locations", [{**thing("x", 0, 0)["Locations"][0], "location": {"type": "Point", "coordinates": "x"}}]),
        ("Datastreams", [{**datastream("x", "no2", []), "Sensor": {"@iot.id": 99}}]),
        ("Datastreams", "x"),
        ("Nonsense", 1),
        ("description", 5),
    ):  # fmt: skip
        status = 404 if "99" in str(wrong) else 400
        problem = sta.post("Things", {**thing("New", 4.4, 51.9, no2=[(0, 1)]), place: wrong}, status)
        assert problem["status"] == status
    assert sta.get("Things", count="true", top=0)["@iot.count"] == before == 3
    assert sta.get("Observations", count="true", top=0)["@iot.count"] == 9


def test_observations_name_their_datastream_or_are_posted_there(sta):
    here = sta.post("Datastreams(4)/Observations", {"result": 7.25, "phenomenonTime": "2026-08-21T14:00:00+02:00"})
    one = sta.get(here)
    assert one["result"] == 7.25 and one["phenomenonTime"] == "2026-08-21T12:00:00Z"
    assert sta.get(here + "/Datastream")["@iot.id"] == 4
    assert sta.get(here + "/FeatureOfInterest")["feature"] == {"type": "Point", "coordinates": [4.6, 51.99]}
    there = sta.post("Observations", {"result": "x", "Datastream": {"@iot.id": 4}, "resultQuality": {"ok": False},
                                      "phenomenonTime": "2026-08-21T12:00:00.5Z/2026-08-21T13:00:00Z",
                                      "resultTime": "2026-08-21T13:00:01Z", "parameters": {"a": [1]}})  # fmt: skip
    two = sta.get(there)
    assert two["phenomenonTime"] == "2026-08-21T12:00:00.500Z/2026-08-21T13:00:00Z"
    assert two["parameters"] == {"a": [1]} and two["resultQuality"] == {"ok": False}
    assert two["resultTime"] == "2026-08-21T13:00:01Z"
    own = {
        "name": "F",
        "description": "f",
        "encodingType": "application/geo+json",
        "feature": {"type": "Point", "coordinates": [4, 52]},
    }
    third = sta.post("Datastreams(4)/Observations", {"result": 10**30, "FeatureOfInterest": own})
    assert sta.get(third + "/FeatureOfInterest")["name"] == "F" and sta.get(third)["result"] == 1e30
    assert sta.get(third)["phenomenonTime"][:4] == time.strftime("%Y")


@pytest.mark.parametrize(
    ("body", "status"),
    [({"Datastream": {"@iot.id": 1}}, 400), ({"result": 1}, 400), ({"result": 1, "Datastream": {"@iot.id": 99}}, 404),
     ({"result": 1, "Datastream": {"@iot.id": "x"}}, 400), ({"result": 1, "Datastream": 1}, 400), ([], 400), (5, 400),
     ({"result": 1, "Datastream": {"@iot.id": 1}, "phenomenonTime": "yesterday"}, 400),
     ({"result": 1, "Datastream": {"@iot.id": 1}, "phenomenonTime": "2026-08-21T14:00:00Z/2026-08-21T13:00:00Z"}, 400),
     ({"result": 1, "Datastream": {"@iot.id": 1}, "phenomenonTime": 5}, 400),
     ({"result": "\ud800", "Datastream": {"@iot.id": 1}}, 400), ({"result": 1, "Datastream": {"@iot.id": True}}, 400),
     ({"result": 1, "Datastream": {"@iot.id": 10**30}}, 404)],
)  # fmt: skip
def test_what_is_no_observation(sta, body, status):
    assert sta.post("Observations", body, status)["status"] == status
    assert sta.get("Observations", count="true", top=0)["@iot.count"] == 9


def test_a_broken_body(sta):
    for content in (b"", b"{", b'{"result": NaN}', b"[" * 100_000, b"\xff"):
        answer = requests.post(
            sta.url("Observations"), content, headers={"Content-Type": "application/json"}, timeout=10
        )
        assert answer.status_code == 400 and answer.json()["detail"].startswith("The body is not JSON")
    assert requests.post(sta.url("Things"), b"{}", headers={"Content-Type": "text/xml"}, timeout=10).status_code == 415


def test_data_arrays(sta):
    made = sta.post("CreateObservations", [
        {"Datastream": {"@iot.id": 4}, "components": ["phenomenonTime", "result", "FeatureOfInterest/id"],
         "dataArray@iot.count": 3,
         "dataArray": [["2026-08-21T15:00:00Z", 1, 1], ["nonsense", 2, 1], ["2026-08-21T15:01:00Z", 3, 1], [1]]},
        {"Datastream": {"@iot.id": 2}, "components": ["result"], "dataArray": [[8]]},
    ])  # fmt: skip
    assert made[1].startswith("error: phenomenonTime") and made[3].startswith("error: a row")
    assert [sta.get(made[i])["result"] for i in (0, 2, 4)] == [1, 3, 8]
    assert sta.get(made[4] + "/Datastream")["@iot.id"] == 2
    for wrong in ({}, [{}], [{"Datastream": {"@iot.id": 1}, "components": ["nonsense", "result"], "dataArray": []}]):
        assert sta.post("CreateObservations", wrong, 400)["detail"]


def test_a_thing_moves(sta):
    place = {"name": "Elsewhere", "description": "", "encodingType": "application/geo+json",
             "location": {"type": "Feature", "geometry": {"type": "Point", "coordinates": [5, 52]}}}  # fmt: skip
    sta.post("Things(1)/Locations", place)
    assert sta.names("Things(1)/Locations") == ["Elsewhere"]
    assert len(sta.values("Things(1)/HistoricalLocations")) == 2
    observed = sta.post("Datastreams(1)/Observations", {"result": 1})
    assert sta.get(observed + "/FeatureOfInterest")["name"] == "Elsewhere"
    assert sta.names("Locations", filter="st_within(location, geography'POLYGON((4.9 51,5.1 51,5.1 53,4.9 51))')") == [
        "Elsewhere"
    ]
    assert len(sta.values("FeaturesOfInterest(1)/Observations")) == 4  # what was observed there before stays there


def test_changes_and_deletes(sta):
    url = sta.url("Datastreams(1)")
    unit = {"name": "part", "symbol": "ppb", "definition": None}
    assert requests.patch(url, json={"unitOfMeasurement": unit, "Thing": {"@iot.id": 2}}, timeout=10).status_code == 200
    assert sta.get("Datastreams(1)", expand="Thing")["unitOfMeasurement"] == unit
    assert sta.get("Datastreams(1)/Thing")["name"] == "Beta"
    assert requests.patch(url, json={"name": None}, timeout=10).status_code == 400
    assert (
        requests.patch(url, json={"phenomenonTime": "2026-08-21T14:00:00Z"}, timeout=10).status_code == 200
    )  # ignored
    assert requests.patch(sta.url("Observations(1)"), json={"result": True}, timeout=10).status_code == 200
    assert sta.get("Observations(1)")["result"] is True
    for path, gone in (
        ("Observations(1)", "Observations(1)"),
        ("Sensors(2)", "Datastreams(2)"),
        ("Things(2)", "Datastreams(1)"),
    ):
        assert requests.delete(sta.url(path), timeout=10).status_code == 200
        assert sta.get(path, 404) and sta.get(gone, 404)
    assert sta.results() == [] and sta.names("Datastreams") == ["Gamma no2"]
    assert sta.names("Locations(2)/Things") == []


def test_methods(sta):
    for path, allowed in (("Things", "GET, HEAD, OPTIONS, POST"), ("Things(1)", "GET, HEAD, OPTIONS, PATCH, DELETE"),
                          ("", "GET, HEAD, OPTIONS"), ("CreateObservations", "POST, OPTIONS")):  # fmt: skip
        assert requests.options(sta.url(path), timeout=10).headers["Allow"] == allowed
        answer = requests.put(sta.url(path), json={}, timeout=10)
        assert answer.status_code == 405 and answer.json()["status"] == 405
    head = requests.head(sta.url("Things"), timeout=10)
    assert head.status_code == 200 and int(head.headers["Content-Length"]) > 100


def test_read_only_and_credentials(store, sensors, sta):
    for settings, status in (
        (Settings(read_only=True), 405),
        (Settings(tier="r"), 405),
        (Settings(credentials=Credentials("ann", "pw")), 401),
    ):
        url, stop = serve_app(create_app(store, settings, Sensors(sensors)))
        try:
            for path in ("Observations", "CreateObservations", "Things"):
                assert requests.post(f"{url}sta/v1.1/{path}", json={}, timeout=10).status_code == status
            assert requests.get(f"{url}sta/v1.1/Things", timeout=10).status_code == (401 if status == 401 else 200)
            known = requests.get(f"{url}sta/v1.1/Things", auth=("ann", "pw"), timeout=10)
            assert known.status_code == 200
        finally:
            stop()


def test_without_sensors_there_is_nothing(call):
    assert call("GET", "/sta/v1.1/Things").status == 404


def test_a_file_that_is_no_store(tmp_path):
    (tmp_path / "x.sqlite").write_bytes(b"no database, but long enough to be looked at" * 50)
    with pytest.raises(SensorStoreError):
        SensorStore(tmp_path / "x.sqlite")
    sqlite3.connect(tmp_path / "y.sqlite").execute("CREATE TABLE other (x)").connection.close()
    with pytest.raises(SensorStoreError):
        SensorStore(tmp_path / "y.sqlite")


def test_old_observations_are_let_go(tmp_path):
    store = SensorStore(tmp_path / "s.sqlite", keep=100)
    for _ in range(3):
        with store.writing() as writer:
            writer.observe((1, None, t, t, None, t, 0, None, None, None) for t in range(50))
        store.prune()
    with store.reading() as db:
        assert db.execute("SELECT count(*), min(id) FROM observation").fetchone() == (100, 51)
    store.close()


KILLED = """
import sys
from plugin.demo.sta.store import SensorStore
from pathlib import Path
store, n = SensorStore(Path(sys.argv[1])), 0
while True:
    with store.writing() as writer:
        writer.observe((1, None, t, t, None, t, 0, None, None, None) for t in range(n, n + 20))
    n += 20
    print(n, flush=True)
"""


@pytest.mark.slow
def test_a_kill_loses_nothing_that_was_committed(tmp_path):
    path = tmp_path / "s.sqlite"
    command = [sys.executable, "-c", KILLED, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        lines = [process.stdout.readline() for _ in range(50)]
        process.kill()
        lines += process.stdout.readlines()
    told = int(lines[-1] if lines[-1].endswith("\n") else lines[-2])
    store = SensorStore(path)
    with store.reading() as db:
        kept = db.execute("SELECT count(*) FROM observation").fetchone()[0]
    store.close()
    assert kept >= told and kept % 20 == 0


def test_the_listeners_hear_what_was_committed_in_order(sta):
    heard: list[int] = []
    sta.store.listeners.append(lambda rows: heard.extend(row[0] for row in rows))
    for n in range(5):
        sta.post("Datastreams(1)/Observations", {"result": n})
    sta.post("CreateObservations", [{"Datastream": {"@iot.id": 1}, "components": ["result"], "dataArray": [[1], [2]]}])
    sta.post("Observations", {"result": 1}, 400)
    assert heard == list(range(10, 17))
