"""From SensorThings JSON to values: real responses, and what services in the field write instead of the standard."""

from __future__ import annotations

import json
import math

import pytest

from plugin.twin.sensorthings import datastream_of_topic, observation_of_payload
from plugin.twin.sta.entities import datastream_of, id_of, observation_of
from plugin.twin.sta.places import position_of
from plugin.twin.sta.times import instant, interval, written

T = 1787320800.0  # 2026-08-21T14:00:00Z


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-08-21T14:00:00Z", T),
        ("2026-08-21T14:00:00.250Z", T + 0.25),
        ("2026-08-21T14:00:00.123456789Z", T + 0.123456789),
        ("2026-08-21T16:00:00+02:00", T),
        ("2026-08-21T16:00:00+0200", T),
        ("2026-08-21T09:30:00-0430", T),
        ("2026-08-21T16+02", T),
        ("2026-08-21 14:00:00", T),
        ("20260821T140000Z", T),
        ("2026-08-21T14:00Z", T),
        ("2026-08-21", T - 14 * 3600),
        ("2016-12-31T23:59:60Z", 1483228799.0),
        ("1969-12-31T23:59:59Z", -1.0),
        ("2026-13-01T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (17, None),
    ],
)
def test_instants(text, seconds):
    assert instant(text) == (None if seconds is None else pytest.approx(seconds, abs=1e-6))


def test_intervals():
    assert interval("2026-08-21T14:00:00Z/2026-08-21T14:05:00Z") == (T, T + 300)
    assert interval("2026-08-21T14:05:00Z/2026-08-21T14:00:00Z") == (T, T + 300)
    assert interval("2026-08-21T14:00:00Z/..") == (T, T)
    assert interval("2026-08-21T14:00:00Z") == (T, T)
    assert interval("../..") is None


@pytest.mark.parametrize("seconds", [T, T + 0.25, -1.0, 0.0, -62135596800.0])
def test_times_are_written_as_they_are_read(seconds):
    assert instant(written(seconds)) == pytest.approx(seconds, abs=1e-3)


SQUARE = [[[4.0, 51.0], [4.2, 51.0], [4.2, 51.2], [4.0, 51.2], [4.0, 51.0]]]


@pytest.mark.parametrize(
    ("value", "position"),
    [
        ({"type": "Point", "coordinates": [4.48, 51.92]}, (4.48, 51.92, None)),
        ({"type": "Point", "coordinates": [4.48, 51.92, 3]}, (4.48, 51.92, 3.0)),
        ({"type": "Point", "coordinates": ["4.48", "51.92"]}, (4.48, 51.92, None)),
        ({"type": "Feature", "geometry": {"type": "Point", "coordinates": [4.48, 51.92]}}, (4.48, 51.92, None)),
        ({"type": "Polygon", "coordinates": SQUARE}, (4.1, 51.1, None)),
        ({"type": "MultiPolygon", "coordinates": [SQUARE]}, (4.1, 51.1, None)),
        ({"type": "Polygon", "coordinates": [[[4.0, 51.0], [4.2, 51.0], [4.0, 51.0]]]}, (4.1, 51.0, None)),
        ({"type": "LineString", "coordinates": [[4, 51], [5, 52], [6, 53]]}, (5, 52, None)),
        ({"type": "MultiPoint", "coordinates": [[4, 51], [5, 52]]}, (4, 51, None)),
        ({"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [4, 51]}]}, (4, 51, None)),
        (
            {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": None},
             {"type": "Feature", "geometry": {"type": "Point", "coordinates": [4, 51]}}]},
            (4, 51, None),
        ),
    ],
)  # fmt: skip
def test_positions(value, position):
    found, wrong = position_of(value)
    assert found == pytest.approx(position) if position[2] is not None else found[:2] == pytest.approx(position[:2])
    assert wrong == ""


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ({"type": "Point", "coordinates": [0, 0]}, "0, 0"),
        ({"type": "Point", "coordinates": [93000, 437000]}, "no longitude"),
        ({"type": "Point", "coordinates": [math.nan, 51]}, "cannot be read"),
        ({"type": "Point", "coordinates": [4.48]}, "cannot be read"),
        ({"type": "Point"}, "cannot be read"),
        ({"type": "Polygon", "coordinates": [[]]}, "cannot be read"),
        ("Rotterdam", "cannot be read"),
    ],
)
def test_positions_that_are_none(value, word):
    found, wrong = position_of(value)
    assert found is None
    assert word in wrong


def test_the_equator_is_kept_and_named():
    found, wrong = position_of({"type": "Point", "coordinates": [4.48, 0]})
    assert found == (4.48, 0.0, None)
    assert "equator" in wrong


def test_no_location_is_no_mistake():
    assert position_of(None) == (None, "")


@pytest.mark.parametrize(
    ("result", "read"),
    [
        (7, 7.0),
        (7.5, 7.5),
        ("7.5", "7.5"),
        (True, True),
        (None, None),
        ({"a": 1}, {"a": 1}),
        ([1, 2], [1, 2]),
        (10**400, str(10**400)),
    ],
)
def test_results_of_every_kind(result, read):
    observation = observation_of({"@iot.id": 1, "phenomenonTime": "2026-08-21T14:00:00Z", "result": result})
    assert observation.result == read
    assert type(observation.result) is type(read)


def test_observation_times():
    one = observation_of(
        {"phenomenonTime": "2026-08-21T14:00:00Z/2026-08-21T14:05:00Z", "result": 1, "resultTime": None}
    )
    assert (one.begin, one.time, one.result_time, one.id) == (T, T + 300, None, None)
    assert observation_of({"resultTime": "2026-08-21T14:00:00Z", "result": 1}).time == T
    assert observation_of({"result": 1}) is None
    assert observation_of("nonsense") is None


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"result": NaN}'])
def test_payloads_that_are_no_observation(payload):
    assert observation_of_payload(payload) is None


def test_a_payload():
    observation = observation_of_payload(b'{"phenomenonTime":"2026-08-21T14:00:00Z","result":NaN,"@iot.id":"x"}')
    assert (observation.id, observation.result, observation.time) == ("x", None, T)


@pytest.mark.parametrize(
    ("raw", "identity"),
    [(17, ("17", "17")), ("abc", ("abc", "'abc'")), ("a'b", ("a'b", "'a''b'")), (None, None), (True, None), ("", None)],
)
def test_ids(raw, identity):
    assert id_of({"@iot.id": raw}) == identity
    if identity:
        assert datastream_of_topic(f"v1.1/Datastreams({identity[1]})/Observations") == identity[0]


def test_no_datastream_in_other_topics():
    assert datastream_of_topic("v1.1/Things(1)") is None


def test_a_bare_datastream():
    one = datastream_of({"@iot.id": "abc", "unitOfMeasurement": {"name": None, "symbol": None}}, "1.0")
    assert one.unit is None
    assert one.topic == "v1.0/Datastreams('abc')/Observations"
    assert (one.thing.id, one.observed_property.name, one.position, one.latest) == ("", "", None, None)
    assert datastream_of({"name": "no id"}, "1.1") is None


def test_a_datastream_whose_latest_cannot_be_read_is_still_one():
    one = datastream_of({"@iot.id": 1, "Observations": [{"result": 1}]}, "1.1")
    assert one.latest is None
    assert "cannot be read" in one.problems[0]


def test_real_datastreams(shared_data):
    document = json.loads((shared_data / "sensors/sta_bgs_uk/datastreams_expand_foi.json").read_text("utf-8"))
    read = [datastream_of(entity, "1.1") for entity in document["value"]]
    assert len(read) == 102
    assert all(one.position for one in read)
    first = read[0]
    assert (first.id, first.unit.symbol, first.topic) == ("92", "m", "v1.1/Datastreams(92)/Observations")
    assert first.position[:2] == pytest.approx((-4.2001633, 55.8394151))
    assert not any(one.problems for one in read)


def test_real_observations(shared_data):
    document = json.loads((shared_data / "sensors/sta_bgs_uk/observations_list.json").read_text("utf-8"))
    read = [observation_of(entity) for entity in document["value"]]
    assert len(read) == 101
    assert all(isinstance(one.result, float) and one.time == one.begin for one in read)
    assert read[0].time == instant("2023-03-28T12:15:00Z")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1e12, "0001-01-01T00:00:00Z"), (1e15, "9999-12-31T23:59:59Z"), (-62135596920.0, "0001-01-01T00:00:00Z")],
)
def test_a_time_beyond_the_calendar_is_written_as_its_end(seconds: float, text: str) -> None:
    assert written(seconds) == text and instant(text) is not None


def test_names_are_bounded_and_hold_whole_characters() -> None:
    long = {"name": "x" * 100_000, "description": "y" * 100_000, "symbol": "z" * 100_000}
    broken = {"name": "half \ud800", "description": "half \udfff", "symbol": "\ud800"}
    for one in (long, broken):
        entity = {"@iot.id": 1, **one, "Thing": one, "ObservedProperty": one, "unitOfMeasurement": one}
        read = datastream_of(entity, "1.1")
        names = (read.name, read.thing.name, read.observed_property.name, read.unit.name, read.unit.symbol)
        assert max(map(len, names)) <= 250 and len(read.description + read.thing.description) <= 4_000
        for name in (*names, read.description):
            assert name.encode("utf-8") and name.endswith("…") == (one is long)
    assert id_of({"@iot.id": "half \ud800"}) is None  # no address can hold it
