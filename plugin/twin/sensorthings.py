"""A twin's sensors over SensorThings 1.0 and 1.1: the door to what is in ``sta/``.

Nothing here needs a service to be complete: what it cannot do is done another way, and said.
"""

from __future__ import annotations

from .sta.asking import Memory
from .sta.entities import datastream_of_topic, observation_of_payload
from .sta.history import observations
from .sta.model import Datastream, Observation, ObservedProperty, Result, Service, Thing, Unit
from .sta.service import read_service
from .sta.state import latest
from .sta.streams import datastreams, observed_properties

__all__ = [
    "Datastream",
    "Memory",
    "Observation",
    "ObservedProperty",
    "Result",
    "Service",
    "Thing",
    "Unit",
    "datastream_of_topic",
    "datastreams",
    "latest",
    "observation_of_payload",
    "observations",
    "observed_properties",
    "read_service",
]
