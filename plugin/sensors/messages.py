"""A message of a SensorThings broker: the observation in its payload, the datastream in its topic."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from . import faults, times
from .values import BadMessage

LARGEST = 256 * 1024
_TOPIC = re.compile(r"(?:^|/)Datastreams\((.+?)\)(?:/Observations)?$")
_LINK = re.compile(r"/Datastreams\((.+?)\)(?:[/?#]|$)")


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


def plain_id(key: str) -> str:
    """The id as text of a key as it stands in an address: ``17`` of ``17``, ``it's`` of ``'it''s'``."""
    if len(key) > 1 and key[0] == key[-1] == "'":
        return key[1:-1].replace("''", "'")
    return key


def datastream_of(topic: str) -> str | None:
    """The id of the datastream in a topic ``v1.1/Datastreams(17)/Observations``; None for any other topic."""
    match = _TOPIC.search(topic)
    return plain_id(match.group(1)) if match else None


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
    result_time = _moment(entity.get("resultTime"))
    written = entity.get("phenomenonTime")
    if isinstance(written, str):
        try:
            begin, end = times.phenomenon(written)
        except ValueError as error:
            raise BadMessage(faults.NO_TIME, str(error)) from error
    elif written is None and result_time is not None:
        begin = end = result_time
    else:
        raise BadMessage(faults.NO_TIME, repr(written)[:80])
    return Observed(end, begin, entity["result"], result_time, _named(entity))


def _moment(written: object) -> float | None:
    if not isinstance(written, str):
        return None
    try:
        return times.phenomenon(written)[1]
    except ValueError:
        return None


def _named(entity: Mapping[str, Any]) -> str | None:
    inline = entity.get("Datastream")
    if isinstance(inline, Mapping) and isinstance(inline.get("@iot.id"), (int, str)):
        return str(inline["@iot.id"])
    link = entity.get("Datastream@iot.navigationLink")
    match = _LINK.search(link) if isinstance(link, str) else None
    return plain_id(match.group(1)) if match else None
