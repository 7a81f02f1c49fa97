"""Datastreams made by hand, in the shape that the SensorThings client gives them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Unit:
    name: str = ""
    symbol: str = ""
    definition: str = ""


@dataclass(frozen=True)
class ObservedProperty:
    id: str = "1"
    name: str = ""
    definition: str = ""
    description: str = ""


@dataclass(frozen=True)
class Observation:
    time: float
    result: object
    begin: float = 0.0
    result_time: float | None = None
    id: str | None = None


@dataclass(frozen=True)
class Datastream:
    id: str = "1"
    name: str = ""
    unit: Unit | None = None
    observed_property: ObservedProperty = field(default_factory=ObservedProperty)
    observation_type: str = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
    topic: str = ""
    latest: Observation | None = None


def observed(
    time: float, result: object, *, begin: float | None = None, result_time: float | None = None
) -> Observation:
    return Observation(time, result, time if begin is None else begin, result_time)


def stream(
    id: str = "1",
    *,
    name: str = "",
    property: str = "",
    definition: str = "",
    unit: str | None = None,
    kind: str = "OM_Measurement",
    latest: Observation | None = None,
) -> Datastream:
    return Datastream(
        id=id,
        name=name,
        unit=None if unit is None else Unit(symbol=unit),
        observed_property=ObservedProperty(name=property, definition=definition),
        observation_type=f"http://www.opengis.net/def/observationType/OGC-OM/2.0/{kind}",
        topic=f"v1.1/Datastreams({id})/Observations",
        latest=latest,
    )
