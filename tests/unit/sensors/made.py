"""Datastreams, observations and messages made by hand, of the SensorThings client's own classes."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, settings

from plugin.sensors.live import Live
from plugin.sensors.state import Latest
from plugin.twin.sensorthings import Datastream, Observation, ObservedProperty, Result, Thing, Unit
from plugin.twin.sta.times import written

START = 1_770_000_000.0

# a busy machine is no fault
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def observed(
    time: float, result: Result, *, begin: float | None = None, result_time: float | None = None
) -> Observation:
    return Observation(None, time, time if begin is None else begin, result, result_time)


def stream(
    id: str = "1",
    *,
    name: str = "",
    property: str = "",
    definition: str = "",
    description: str = "",
    unit: str | Unit | None = None,
    kind: str = "OM_Measurement",
    latest: Observation | None = None,
) -> Datastream:
    return Datastream(
        id=id,
        key=id,
        name=name,
        description="",
        unit=Unit("", unit, "") if isinstance(unit, str) else unit,
        observed_property=ObservedProperty("1", property, definition, description),
        thing=Thing("1", "", ""),
        position=(4.48, 51.92, None),
        observation_type=f"http://www.opengis.net/def/observationType/OGC-OM/2.0/{kind}",
        topic=f"v1.1/Datastreams({id})/Observations",
        latest=latest,
        self_link="",
    )


class Clock:
    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def payload(time: float, result: object) -> bytes:
    return json.dumps({"result": result, "phenomenonTime": written(time)}).encode()


def topic(id: str) -> str:
    return f"v1.1/Datastreams({id})/Observations"


def latest(live: Live, id: str = "1") -> Latest:
    found = live.latest(id)
    assert found is not None
    return found
