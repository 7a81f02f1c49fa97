"""The sensors of a twin as one thing: what they have told, and who may listen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable

from .store import SensorStore

_SPEC = "http://www.opengis.net/spec/iot_sensing/1.1/req/"
SETTINGS = tuple(
    _SPEC + name
    for name in (
        "datamodel/thing", "datamodel/location", "datamodel/historical-location", "datamodel/datastream",
        "datamodel/sensor", "datamodel/observed-property", "datamodel/observation", "datamodel/feature-of-interest",
        "datamodel/entity-control-information", "datamodel/common-control-information",
        "resource-path/resource-path-to-entities", "request-data/order", "request-data/expand", "request-data/select",
        "request-data/status-codes", "request-data/query-status-codes", "request-data/orderby", "request-data/top",
        "request-data/skip", "request-data/count", "request-data/filter", "request-data/pagination",
        "create-update-delete/create-entity", "create-update-delete/link-to-existing-entities",
        "create-update-delete/deep-insert", "create-update-delete/deep-insert-status-codes",
        "create-update-delete/update-entity", "create-update-delete/delete-entity", "data-array/data-array",
    )
)  # fmt: skip


def _nobody() -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class Sensors:
    """``endpoints``: the addresses of the broker that tells of new observations, as long as it runs."""

    store: SensorStore
    endpoints: Callable[[], Sequence[str]] = _nobody
