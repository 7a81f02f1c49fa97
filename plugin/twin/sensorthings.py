"""A twin's sensors over SensorThings 1.0 and 1.1: the door to what is in ``sta/``.

Nothing here needs a service to be complete: what it cannot do is done another way, and said.
"""

from __future__ import annotations

from .sta.entities import datastream_of_topic, observation_of_payload
from .sta.model import Datastream, Observation, ObservedProperty, Result, Service, Thing, Unit

__all__ = [
    "Datastream",
    "Observation",
    "ObservedProperty",
    "Result",
    "Service",
    "Thing",
    "Unit",
    "datastream_of_topic",
    "observation_of_payload",
]
