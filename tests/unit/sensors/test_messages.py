"""Messages of a broker: observations, and everything else that comes."""

from __future__ import annotations

import json
import math
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.sensors import faults
from plugin.sensors.messages import LARGEST, parse
from plugin.sensors.values import SENTINELS, BadMessage, Rule, understand
from plugin.twin.sta import times
from tests.unit.sensors.made import patient

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc).timestamp()


def test_an_interval_counts_by_its_end() -> None:
    observed = parse(
        b'{"result": 3, "phenomenonTime": "2026-03-01T11:00:00Z/2026-03-01T12:00:00Z", "resultTime": null}'
    )
    assert (observed.begin, observed.time, observed.result_time) == (NOON - 3600, NOON, None)


def test_without_a_phenomenon_time_the_result_time_stands_in() -> None:
    assert parse(b'{"result": 3, "resultTime": "2026-03-01T12:00:00Z"}').time == NOON


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b"", faults.NOT_JSON),
        (b"\xff\xfe{}", faults.NOT_JSON),
        (b'{"result": 1', faults.NOT_JSON),
        (b"[" * 100_000, faults.NOT_JSON),
        (b"9" * 10_000, faults.NOT_JSON),
        (b"[1, 2]", faults.NO_OBJECT),
        (b"7", faults.NO_OBJECT),
        (b'{"phenomenonTime": "2026-03-01T12:00:00Z"}', faults.NO_RESULT),
        (b'{"result": 1}', faults.NO_TIME),
        (b'{"result": 1, "phenomenonTime": 1772366400}', faults.NO_TIME),
        (b'{"result": 1, "phenomenonTime": "soon"}', faults.NO_TIME),
        (b'"' + b"x" * LARGEST + b'"', faults.TOO_LARGE),
    ],
)
def test_what_cannot_be_used_says_why(payload: bytes, kind: str) -> None:
    with pytest.raises(BadMessage) as caught:
        parse(payload)
    assert caught.value.kind == kind and caught.value.detail


@patient
@given(st.binary(max_size=200))
def test_no_payload_does_more_harm_than_that(payload: bytes) -> None:
    try:
        parse(payload)
    except BadMessage as error:
        assert error.kind in faults.KINDS


@settings(patient, max_examples=50)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text("-1.9eNa é"), st.lists))
def test_any_result_is_understood(result: object) -> None:
    for rule in (Rule(), Rule(numeric=True)):
        kind, value, number = understand(result, rule)
        assert math.isnan(number) == (kind != "number")
        assert kind == "number" or not isinstance(value, float)


@pytest.mark.parametrize(
    ("result", "rule", "expected"),
    [
        (12, Rule(), ("number", 12.0)),
        (True, Rule(), ("boolean", True)),
        (None, Rule(), ("null", None)),
        (-9999, Rule(), ("sentinel", None)),
        (65535, Rule(), ("number", 65535.0)),
        (65535, Rule(clamped=frozenset({65535.0})), ("clamped", None)),
        (float("nan"), Rule(), ("null", None)),
        (10**400, Rule(), ("sentinel", None)),
        ("12.5", Rule(), ("text", "12.5")),
        ("12.5", Rule(numeric=True), ("number", 12.5)),
        ("-9999", Rule(numeric=True), ("sentinel", None)),
        ("NaN", Rule(numeric=True), ("null", None)),
        ("closed", Rule(numeric=True), ("text", "closed")),
        ("a\ud800b", Rule(), ("text", "a?b")),
        ({"a": [1, "é"]}, Rule(), ("object", '{"a":[1,"é"]}')),
    ],
)
def test_results_are_what_they_are(result: object, rule: Rule, expected: tuple[str, object]) -> None:
    assert understand(result, rule)[:2] == expected


@pytest.mark.parametrize("sentinel", sorted(SENTINELS))
def test_no_sentinel_is_a_measurement(sentinel: float) -> None:
    assert understand(json.loads(json.dumps(sentinel)), Rule())[0] == "sentinel"


def test_a_payload_may_name_its_datastream() -> None:
    body = '{{"result": 1, "phenomenonTime": "2026-03-01T12:00:00Z", {0}}}'
    link = '"Datastream@iot.navigationLink": "https://example.org/v1.1/Datastreams(5)"'
    useless = '"Datastream@iot.navigationLink": "https://example.org/v1.1/Observations(5)/Datastream"'
    assert parse(body.format(link).encode()).datastream == "5"
    assert parse(body.format('"Datastream": {"@iot.id": 5}').encode()).datastream == "5"
    assert parse(body.format(useless).encode()).datastream is None


def test_the_real_observations_are_read(shared_data: Path) -> None:
    folder = shared_data / "sensors" / "sta_bgs_uk"
    for entity in json.loads((folder / "observations_list.json").read_text(encoding="utf-8"))["value"]:
        observed = parse(json.dumps(entity).encode())
        assert times.written(observed.time) == entity["phenomenonTime"].replace(".000Z", "Z")


def test_faults_are_counted_and_described() -> None:
    counter = faults.Faults()
    for number in range(3):
        counter.count(faults.NOT_JSON, source="v1.1/Datastreams(1)/Observations", example=f"{number}" * 500, at=number)
    counter.count(faults.NO_TIME)
    worst, other = counter.list()
    assert (worst.count, worst.last, len(worst.example), other.count) == (3, 2, 200, 1)
    assert "3 messages were not JSON" in worst.sentence()
    assert counter.total() == 4
    for kind in faults.KINDS:
        counter.count(kind)
    assert len({fault.sentence() for fault in counter.list()}) == len(faults.KINDS)
