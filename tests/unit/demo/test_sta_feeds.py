"""Where observations come from: made-up rhythms, and recordings that are played back."""

from __future__ import annotations

import gzip
import json
import time

import pytest
import requests

from plugin.demo.__main__ import main
from plugin.demo.sta import rhythm
from plugin.demo.sta.feed import Replay, Rhythm
from plugin.demo.sta.replay import Recording, Slot, read_recording
from plugin.demo.sta.running import Plan, Running, wanted
from plugin.demo.sta.seed import made_up, plant, streams, traffic_stations

CSV = """station,phenomenon_time,flow_veh_h,speed_kmh
a,2026-08-21T14:00:00Z,65535,85
b,2026-08-21T14:00:00Z,1200,
a,2026-08-21T14:05:00Z,60,50.5
nobody,2026-08-21T14:05:00Z,1,1
b,2026-08-21T14:15:00Z,120,70
"""
MONDAY = 1_787_529_600  # 2026-08-24T00:00:00Z


def write_data(folder):
    folder.mkdir(exist_ok=True)
    points = [("a", 4.4), ("b", 4.5)]
    features = [
        {"type": "Feature", "properties": {"station": key, "name": f"N{key}", "lanes": 2},
         "geometry": {"type": "Point", "coordinates": [lon, 51.9]}}
        for key, lon in points
    ]  # fmt: skip
    (folder / "ndw_stations.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    (folder / "ndw_observations.csv.gz").write_bytes(gzip.compress(CSV.encode()))
    return folder


def wait_for(what, seconds=10.0):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def test_a_recording_keeps_what_the_source_wrote(tmp_path):
    found = read_recording(write_data(tmp_path) / "ndw_observations.csv.gz")
    assert found.quantities == ("flow", "speed") and found.step == 600 and found.length == 1500
    assert found.slots[0].values == (("a", "flow", 65535), ("a", "speed", 85), ("b", "flow", 1200))
    assert [slot.offset for slot in found.slots] == [0, 300, 900]


@pytest.mark.parametrize("text", ["", "a,b\n", "s,t,x\na,yesterday,1\n", "s,t,x\na\n", "s,t,x\n"])
def test_what_is_no_recording(tmp_path, text):
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"x\.csv"):
        read_recording(path)


def test_the_real_traffic(shared_data):
    folder = shared_data / "sensors"
    found = read_recording(folder / "ndw_observations_2h.csv.gz")
    values = [told for slot in found.slots for told in slot.values]
    stations = traffic_stations(folder / "ndw_stations.geojson", found.quantities)
    assert len(stations) == 610 and found.step == 300
    assert {key for key, _, _ in values} <= {station.key for station in stations}
    assert sum(1 for _, key, told in values if key == "flow" and told == 65535) == 58


def test_it_is_played_back_from_now_on_and_again(sta, tmp_path):
    folder = write_data(tmp_path)
    recording = read_recording(folder / "ndw_observations.csv.gz")
    plant(sta.store, traffic_stations(folder / "ndw_stations.geojson", recording.quantities))
    flow = streams(sta.store)["a", "flow"]
    feed = Replay(sta.store, recording, speed=1500 / 0.5)  # half a second
    feed.remember()
    path = f"Datastreams({flow})/Observations"
    before = sta.results(path=path, orderby="phenomenonTime", top=1000)
    assert before == [65535, 60] * 5  # two hours at the speed that it had
    heard: list[int] = []
    sta.store.listeners.append(lambda rows: heard.extend(row[1] for row in rows))
    began = time.time()
    feed.start()
    wait_for(lambda: len(heard) > 14)  # seven each time
    feed.stop()
    after = sta.results(path=path, orderby="phenomenonTime", top=1000)
    assert len(after) > len(before) and after == [after[n % 2] for n in range(len(after))]
    newest = sta.values(path, orderby="phenomenonTime desc", top=1, filter=f"phenomenonTime gt {stamp(began - 1)}")
    assert newest and newest[0]["phenomenonTime"] <= stamp(time.time())
    assert sta.get(f"Datastreams({flow})/Thing")["name"] == "Na"
    assert sta.get(f"Datastreams({flow})")["unitOfMeasurement"]["symbol"] == "veh/h"


def test_a_recordings_gap_is_not_now(sta, tmp_path):
    folder = write_data(tmp_path)
    slots = [Slot(60.0 * minute, (("a", "flow", minute),)) for minute in range(60) if not 20 <= minute < 30]
    plant(sta.store, traffic_stations(folder / "ndw_stations.geojson", ("flow",)))
    feed = Replay(sta.store, Recording(tuple(slots), 60.0, ("flow",)), speed=1)
    feed.remember()
    now, flow = time.time(), streams(sta.store)["a", "flow"]
    with sta.store.reading() as db:
        rows = db.execute(
            "SELECT t1 / 1e6, result FROM observation WHERE datastream = ? ORDER BY t1", (flow,)
        ).fetchall()
    assert now - rows[-1][0] < 121
    gaps = [now - before[0] for before, after in zip(rows, rows[1:]) if after[0] - before[0] > 300]
    assert gaps == [pytest.approx(23 * 60, abs=121), pytest.approx(83 * 60, abs=121)][::-1]
    after = [value for _, value in rows[-60:]]
    assert all(later == (earlier + 1) % 60 or earlier == 19 for earlier, later in zip(after, after[1:]))


def test_a_recording_fills_what_it_missed_and_stations_have_moments_of_their_own(sta, tmp_path):
    folder = write_data(tmp_path)
    recording = read_recording(folder / "ndw_observations.csv.gz")
    plant(sta.store, traffic_stations(folder / "ndw_stations.geojson", recording.quantities))
    feed = Replay(sta.store, recording, speed=5)
    since = time.time() - 400
    feed.remember(since)
    with sta.store.reading() as db:
        observed = db.execute("SELECT datastream, t1 / 1e6 FROM observation ORDER BY t1").fetchall()
    flow = streams(sta.store)
    rows = [one for one in observed if one[0] in flow.values()]
    assert rows and all(since < at <= time.time() for _, at in rows)
    moments = {station: sorted({at for stream, at in rows if stream == flow[station, "flow"]}) for station in "ab"}
    assert len(moments["a"]) >= 2 and not set(moments["a"]) & set(moments["b"])
    assert moments["a"][1] - moments["a"][0] in (pytest.approx(60, abs=0.1), pytest.approx(240, abs=0.1))
    feed.remember(sta.store.newest())
    with sta.store.reading() as db:  # it has not gone on meanwhile
        assert db.execute("SELECT count(*) FROM observation").fetchone()[0] - len(observed) < 3


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds + 1))


def test_the_rhythm_of_a_city():
    stations = {station.name.split()[0]: station for station in reversed(made_up(30)) if station.key != "failing"}
    traffic, air = stations["Traffic"], stations["Air"]
    hours = [MONDAY + 3600 * hour for hour in range(24)]
    flow = [rhythm.value(traffic, "flow", at) for at in hours]
    assert max(flow) == max(flow[5:9] + flow[14:18]) and flow[1] < max(flow) / 3  # rush hours, in UTC
    speed = [rhythm.value(traffic, "speed", at) for at in hours]
    assert min(speed) >= 4 and max(speed) <= 120
    no2 = [rhythm.value(air, "no2", MONDAY + 60 * minute) for minute in range(1440)]
    assert max(no2) > 1.5 * sorted(no2)[720] and min(no2) > 0  # an episode
    water = [rhythm.value(stations["Water"], "water", MONDAY + 60 * minute) for minute in range(1440)]
    assert min(water) < 0 < 80 < max(water)
    assert rhythm.value(air, "no2", MONDAY + 0.25) == rhythm.value(air, "no2", MONDAY + 0.25)


def test_the_failing_sensor_fails_in_every_way():
    failing = next(station for station in made_up(5) if station.key == "failing")
    said: list[object] = []
    for minute in range(60):
        try:
            said.append(rhythm.value(failing, "flow", MONDAY + 60 * minute))
        except rhythm.Silent:
            said.append("silent")
    assert said[30] == 65535 and said[40] is None and said[50] == "silent" and isinstance(said[5], int)


def test_made_up_sensors_have_a_past_and_go_on(sta):
    stations = made_up(12)
    plant(sta.store, stations)
    feed = Rhythm(sta.store, stations, 0.1)
    feed.remember()
    known = streams(sta.store)
    past = sta.get(f"Datastreams({known['traffic-1', 'flow']})/Observations", count="true", top=0)["@iot.count"]
    assert past == 144
    heard: set[int] = set()
    sta.store.listeners.append(lambda rows: heard.update(row[1] for row in rows))
    feed.start()
    wait_for(lambda: len(heard) >= len(known) - 2)  # but for the failing one
    feed.stop()
    here = sta.names(
        "Locations", filter="st_within(location, geography'POLYGON((4.4 51.8,4.6 51.8,4.6 52,4.4 52,4.4 51.8))')"
    )
    assert len(here) >= 12


def test_what_runs(tmp_path):
    data = write_data(tmp_path / "data")
    (tmp_path / "none").mkdir()
    assert wanted(Plan()) and wanted(Plan(data=data)) and wanted(Plan(data=tmp_path / "none", count=3))
    assert not wanted(Plan(data=tmp_path / "none")) and not wanted(Plan(data=data, count=0))
    for again in (False, True):
        running = Running(Plan(data=data, speed=1e-6, mqtt=False), tmp_path / "s.sqlite", None)
        running.start("http://localhost/")
        with running.store.reading() as db:
            counts = [db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("thing", "datastream")]
            observed = db.execute("SELECT count(*) FROM observation").fetchone()[0]
        running.close()
        assert counts == [2, 4] and observed >= 7, again
        assert running.sensors.endpoints() == ()


@pytest.mark.parametrize(
    ("options", "words"),
    [(["--replay", "missing.csv"], "no file"), (["--replay-speed", "0"], "more than 0"),
     (["--sensor-interval", "0"], "0.1 or more"), (["--sensors", "-1"], "whole number")],
)  # fmt: skip
def test_wrong_options_are_said(capsys, options, words):
    assert main(options) == 2
    assert words in capsys.readouterr().err


def test_a_recording_without_stations_is_said(tmp_path, capsys):
    path = tmp_path / "x.csv"
    path.write_text(CSV)
    assert main(["--replay", str(path)]) == 2
    assert "stations.geojson" in capsys.readouterr().err


def test_the_twin_is_asked_by_a_plain_client(sta):
    """What the plugin asks for on its first overlay, on a twin with made-up sensors."""
    plant(sta.store, made_up(6))
    expand = "Observations($orderby=phenomenonTime desc;$top=1),ObservedProperty,Thing/Locations"
    found = requests.get(f"{sta.root}/Datastreams?$top=1000&$expand={expand}", timeout=10).json()["value"]
    assert len(found) == 4 + 11
    assert len(sta.values("HistoricalLocations")) == 3 + 6
    assert all(one["Thing"]["Locations"][0]["location"]["type"] == "Point" for one in found)
