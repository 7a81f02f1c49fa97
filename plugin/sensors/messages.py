"""A message of a SensorThings broker: the observation in its payload, the datastream in its topic."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from ..twin.sta import times
from ..twin.sta.entities import result_of, text_of, unquoted
from . import faults
from .values import BadMessage

LARGEST = 256 * 1024
_LINK = re.compile(r"/Datastreams\(([^/]+)\)/?\Z")

# The observations of one moment come by the hundred, with the same text.
_interval = lru_cache(maxsize=4096)(times.interval)


def _no_constant(_name: str) -> None:
    """``NaN`` and ``Infinity``, which JSON does not have, are no value."""
    return None


_decode = json.JSONDecoder(parse_constant=_no_constant).decode


class Observed(NamedTuple):
    """An observation of a message; ``datastream`` is the id that the payload itself names, mostly None."""

    time: float
    begin: float
    result: object
    result_time: float | None
    datastream: str | None = None


def parse(payload: bytes) -> Observed:
    """The observation in ``payload``. Raises `BadMessage`.

    Without a phenomenon time (a subscription with ``$select``) the result time stands in for it.
    """
    if len(payload) > LARGEST:
        raise BadMessage(faults.TOO_LARGE, f"{len(payload)} bytes")
    try:
        entity: Any = _decode(payload.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadMessage(faults.NOT_JSON, f"{type(error).__name__}: {error}") from error
    if not isinstance(entity, dict):
        raise BadMessage(faults.NO_OBJECT, type(entity).__name__)
    if "result" not in entity:
        raise BadMessage(faults.NO_RESULT, ", ".join(map(str, list(entity)[:8])))
    result_time = times.instant(entity.get("resultTime"))
    written = entity.get("phenomenonTime")
    when = _interval(written) if isinstance(written, str) else None
    if when is None:
        if written is not None or result_time is None:
            raise BadMessage(faults.NO_TIME, repr(written)[:80])
        when = (result_time, result_time)
    return Observed(when[1], when[0], result_of(entity["result"]), result_time, _named(entity))


def _named(entity: Mapping[str, Any]) -> str | None:
    inline = entity.get("Datastream")
    if isinstance(inline, Mapping):
        return text_of(inline.get("@iot.id")) or None
    link = entity.get("Datastream@iot.navigationLink")
    match = _LINK.search(link) if isinstance(link, str) else None
    return unquoted(match.group(1)) if match else None
