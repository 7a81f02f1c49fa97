"""What a SensorThings service tells, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union

# A number is a float; an object and an array are as they came.
Result = Union[float, str, bool, None, Mapping[str, Any], Sequence[Any]]


@dataclass(frozen=True)
class Unit:
    name: str
    symbol: str
    definition: str  # a URI or a UCUM code, "" where unsaid


@dataclass(frozen=True)
class ObservedProperty:
    id: str
    name: str
    definition: str
    description: str
    key: str = ""  # as it stands in an address: 17 or 'abc'


@dataclass(frozen=True)
class Thing:
    id: str
    name: str
    description: str


@dataclass(frozen=True)
class Observation:
    """One observation. Times are seconds since 1970-01-01 UTC."""

    id: str | None
    time: float  # phenomenon time; of an interval its end
    begin: float  # the start of an interval, else == time
    result: Result
    result_time: float | None


@dataclass(frozen=True)
class Datastream:
    """One series of observations: a thing, what is observed of it, in which unit."""

    id: str  # as text
    key: str  # as it stands in an address: 17 or 'abc'
    name: str
    description: str
    unit: Unit | None
    observed_property: ObservedProperty
    thing: Thing
    position: tuple[float, float, float | None] | None  # lon, lat (CRS84, degrees), height in m
    observation_type: str
    topic: str  # v1.1/Datastreams(17)/Observations
    latest: Observation | None
    self_link: str
    problems: tuple[str, ...] = ()  # what is wrong with it, in the user's words


@dataclass(frozen=True)
class Service:
    """A SensorThings service, as its landing page tells."""

    url: str  # of the landing page, without a slash at its end and without secrets
    version: str  # "1.0" or "1.1"
    brokers: tuple[str, ...]  # mqtt://host:1883, mqtts://…, ws://…/mqtt, wss://…
    problems: tuple[str, ...]
