"""Which quantity a datastream measures, and the classes that belong to it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.sensors import norms, recognise
from plugin.sensors.values import understand
from plugin.twin.sensorthings import Datastream, Unit
from tests.unit.sensors.made import patient, stream

EIONET = "http://dd.eionet.europa.eu/vocabulary/aq/pollutant/"
CF = "http://vocab.nerc.ac.uk/standard_name/"


@pytest.mark.parametrize(
    ("datastream", "expected"),
    [
        (stream(definition=EIONET + "8", unit="ug.m-3"), recognise.NO2),
        (stream(definition=EIONET + "5", unit="µg/m³"), recognise.PM10),
        (stream(definition=EIONET + "6001", unit="μg/m3"), recognise.PM25),
        (stream(definition=EIONET + "38", unit="µg/m³"), None),  # NO
        (stream(definition=CF + "mass_concentration_of_nitrogen_dioxide_in_air/"), recognise.NO2),
        (stream(definition=CF + "mass_concentration_of_pm2p5_ambient_aerosol_in_air/"), recognise.PM25),
        (stream(property="NO₂", unit="µg/m3"), recognise.NO2),
        (stream(property="NO2"), recognise.NO2),
        (stream(property="NO", unit="µg/m3"), None),
        (stream(property="NO2 inlet temperature", unit="°C"), None),
        (stream(property="Stikstofdioxide", unit="ug/m3"), recognise.NO2),
        (stream(property="PM2.5", unit="µg/m³"), recognise.PM25),
        (stream(property="Fijnstof (PM2,5)", unit="µg/m³"), recognise.PM25),
        (stream(property="Fijnstof PM10", unit="µg/m³"), recognise.PM10),
        (stream(property="PM 10", unit="µg/m³"), recognise.PM10),
        (stream(property="PM100", unit="µg/m³"), None),
        (stream(name="Schiedamsevest: PM_10", unit="µg/m³"), recognise.PM10),
        (stream(property="Geluidsniveau", unit="dB(A)"), recognise.NOISE),
        (stream(property="Geluidssnelheid", unit="m/s"), None),
        (stream(property="LAeq, 15 min", unit="dB"), recognise.NOISE),
        (stream(property="Signal-to-noise ratio", unit="dB"), None),
        (stream(property="X", unit="dB(A)"), recognise.NOISE),
        (stream(property="Waterstand", unit="cm NAP"), recognise.WATER_LEVEL),
        (stream(property="Water level", unit="m"), recognise.WATER_LEVEL),
        (stream(property="Waterhoogte t.o.v. NAP", unit="cm"), recognise.WATER_LEVEL),
        (stream(property="Grondwaterpeil", unit="m"), None),
        (stream(property="Snelheid van het verkeer", unit="km/u"), recognise.SPEED),
        (stream(property="Traffic speed", unit="km/h"), recognise.SPEED),
        (stream(property="Traffic speed", unit="°"), None),
        (stream(property="Wind speed", unit="km/h"), None),
        (stream(property="Windsnelheid", unit="m/s"), None),
        (stream(property="Verkeersintensiteit", unit="vtg/u"), recognise.FLOW),
        (stream(property="Traffic flow", unit="veh/h"), recognise.FLOW),
        (stream(name="Aantal voertuigen per uur"), recognise.FLOW),
        (stream(property="Intensiteit", unit="mvt/u"), recognise.FLOW),
        (stream(definition="urn:example:property:traffic-speed", unit="km/h"), recognise.SPEED),
        (stream(definition="urn:example:property:traffic-flow", unit="veh/h"), recognise.FLOW),
        (stream(property="Speed", name="A13, traffic northbound", unit="km/h"), recognise.SPEED),
        (stream(property="Intensiteit", name="A13: verkeer richting Delft"), recognise.FLOW),
        (stream(property="Snelheid", name="Buis 7", unit="m/s"), None),
        (stream(property="Ozone", name="Station no 2", unit="µg/m³"), None),
        (stream(property="Temperature", unit="°C"), None),
        (stream(), None),
    ],
)
def test_quantities(datastream: Datastream, expected: str | None) -> None:
    assert recognise.quantity(datastream) == expected


def test_the_name_of_a_unit_is_enough() -> None:
    unit = Unit("Vehicles per hour", "", "http://example.org/units/vehicles-per-hour")
    datastream = stream(property="Traffic flow", unit=unit)
    assert recognise.quantity(datastream) == recognise.FLOW and recognise.factor(recognise.FLOW, unit) == 1


@pytest.mark.parametrize(
    ("quantity", "symbol", "expected"),
    [
        (recognise.NO2, "mg/m3", 1000.0),
        (recognise.NO2, "ppb", 1.9125),
        (recognise.PM10, "ppb", None),
        (recognise.SPEED, "m/s", 3.6),
        (recognise.WATER_LEVEL, "cm", 0.01),
        (recognise.WATER_LEVEL, "feet", None),
        (recognise.FLOW, "", None),
    ],
)
def test_factors(quantity: str, symbol: str, expected: float | None) -> None:
    assert recognise.factor(quantity, Unit("", symbol, "")) == expected


def test_what_the_end_of_16_bits_means_depends_on_the_quantity() -> None:
    flow = recognise.rule(stream(property="Traffic flow", unit="veh/h"))
    speed = recognise.rule(stream(property="Traffic speed", unit="km/h"))
    level = recognise.rule(stream(property="Water level", unit="m"))
    assert understand(65535, flow)[0] == "clamped" and understand(65535, speed)[0] == "number"
    assert understand(-1, speed)[0] == "sentinel" and understand(-1, level)[0] == "number"
    assert recognise.rule(stream(kind="OM_TruthObservation")).numeric is False


def test_ground_water_of_the_real_server_is_not_taken_for_nap(shared_data: Path) -> None:
    path = shared_data / "sensors" / "sta_bgs_uk" / "datastreams_expand_foi.json"
    for entity in json.loads(path.read_text(encoding="utf-8"))["value"]:
        unit = Unit(**{key: str(entity["unitOfMeasurement"][key]) for key in ("name", "symbol", "definition")})
        datastream = stream(name=entity["name"], property=entity["name"], unit=unit)
        assert norms.fit(datastream) is None


@pytest.mark.parametrize("quantity", recognise.QUANTITIES)
def test_classes_ascend_and_name_their_source(quantity: str) -> None:
    classes = norms.classes(quantity)
    assert list(classes.breaks) == sorted(set(classes.breaks)) and classes.source and classes.unit
    assert all(norm.sentence() for norm in classes.norms)
    assert classes.of(math.nan) is None
    assert classes.of(-1e9) == 0 and classes.of(1e9) == len(classes.breaks)


@patient
@given(st.sampled_from(recognise.QUANTITIES), st.floats(-1e4, 1e5), st.floats(-1e4, 1e5))
def test_a_higher_value_has_no_lower_class(quantity: str, one: float, other: float) -> None:
    classes = norms.classes(quantity)
    low, high = classes.of(min(one, other)), classes.of(max(one, other))
    assert low is not None and high is not None and low <= high


def test_a_limit_may_be_reached_and_slow_is_below_fifty() -> None:
    no2, speed = norms.classes(recognise.NO2), norms.classes(recognise.SPEED)
    reached, exceeded = no2.of(200), no2.of(200.1)
    assert exceeded == len(no2.breaks) and reached == exceeded - 1
    assert speed.of(24.9) == 0 and speed.of(25) == 1 and speed.of(50) == 2
    assert {norm.source for norm in no2.norms_at(200)} == {norms.EU_2008, norms.EU_2024}
    assert "WHO" in no2.norms_at(25)[0].sentence()


def test_the_classes_of_a_datastream_in_another_unit() -> None:
    fit = norms.fit(stream(property="NO2", unit="mg/m3"))
    assert fit is not None and fit.classes.of(0.03, fit.factor) == norms.classes(recognise.NO2).of(30)
    assert norms.fit(stream(property="NO2")) is None  # without a unit there is no comparing
    assert norms.fit(stream(property="Water level", unit="m")) is None
    assert norms.fit(stream(property="Water level", unit="m", description="Height of the water above NAP"))
    nap = norms.fit(stream(property="Waterstand", unit="cm NAP"))
    assert nap is not None and nap.classes.of(120, nap.factor) == nap.classes.of(1.2)


@patient
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), max_size=30), st.integers(0, 9))
def test_even_classes_lie_within_the_values(values: list[float], count: int) -> None:
    breaks = norms.even_classes(values, count)
    known = [value for value in values if math.isfinite(value)]
    assert len(breaks) <= count and list(breaks) == sorted(set(breaks))
    assert not breaks or (min(known) < breaks[0] and breaks[-1] < max(known))


def test_even_classes_are_round() -> None:
    assert norms.even_classes([0, 100]) == (20, 40, 60, 80)
    assert norms.even_classes([3.1, 3.9], 4) == (3.2, 3.4, 3.6, 3.8)
    assert norms.even_classes([5, 5]) == ()
