"""Datastreams and observations made by hand, of the SensorThings client's own classes."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from plugin.twin.sensorthings import Datastream, Observation, ObservedProperty, Result, Thing, Unit

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
