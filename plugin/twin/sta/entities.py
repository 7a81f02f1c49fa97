"""From a service's JSON to values: forgiving where the standard is loose, never inventing anything."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ...text import tr
from .model import Datastream, Observation, ObservedProperty, Result, Thing, Unit
from .places import Position, position_of
from .times import instant, interval

_TOPIC = re.compile(r"Datastreams\((.+)\)/Observations\Z")
_NAME, _DESCRIPTION = 250, 2_000  # letters that a table has room for


def text_of(value: Any) -> str:
    """Text, and "" for null; numbers as they are written. Without the halves of characters that JSON can carry, but no
    file, no address and no column."""
    if value is None or isinstance(value, (dict, list)):
        return ""
    text = (value if isinstance(value, str) else str(value)).strip()
    return text if text.isascii() or _is_whole(text) else text.encode("utf-8", "replace").decode("utf-8")


def name_of(value: Any, longest: int = _NAME) -> str:
    """As `text_of`, of bounded length: it stands in every row of a table."""
    text = text_of(value)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _is_whole(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def id_of(entity: Mapping[str, Any]) -> tuple[str, str] | None:
    """(id as text, id as it stands in an address): (17, 17) or (abc, 'abc'). None where it has none that an address can
    hold."""
    raw = entity.get("@iot.id", entity.get("id"))
    if type(raw) is int:
        key = str(raw)
        return key, key
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str)) or raw == "":
        return None
    if isinstance(raw, str) and not _is_whole(raw):
        return None
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)
    return str(raw), quoted(raw) if isinstance(raw, str) else str(raw)


def quoted(text: str) -> str:
    """Text as OData writes it: in single quotes, those inside doubled."""
    return "'{}'".format(text.replace("'", "''"))


def unquoted(key: str) -> str:
    """The id of a key: 17 → 17, 'a''b' → a'b."""
    if len(key) >= 2 and key[0] == key[-1] == "'":
        return key[1:-1].replace("''", "'")
    return key


def datastream_of_topic(topic: str) -> str | None:
    """The id of the datastream that a topic (or a link) ``…/Datastreams(17)/Observations`` names."""
    match = _TOPIC.search(topic)
    return unquoted(match.group(1)) if match else None


def unit_of(value: Any) -> Unit | None:
    """None where nothing is said: a unit without a name, symbol and definition is none."""
    if not isinstance(value, dict):
        return None
    return _unit(name_of(value.get("name")), name_of(value.get("symbol")), name_of(value.get("definition")))


# Thousands of datastreams have the same unit and the same property: one of each is enough.
@lru_cache(maxsize=1024)
def _unit(name: str, symbol: str, definition: str) -> Unit | None:
    return Unit(name, symbol, definition) if name or symbol or definition else None


def result_of(value: Any) -> Result:
    """A result as it came; integers become floats, those beyond a float's range stay digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, (bool, str, dict, list)) else None


def observation_of(entity: Any) -> Observation | None:
    """None for what is no observation: no object, or without any time."""
    if not isinstance(entity, dict):
        return None
    result_time = instant(entity.get("resultTime"))
    when = interval(entity.get("phenomenonTime"))
    if when is None:
        if result_time is None:
            return None
        when = (result_time, result_time)
    identity = id_of(entity)
    return Observation(
        identity[0] if identity else None, when[1], when[0], result_of(entity.get("result")), result_time
    )


def observation_of_payload(payload: bytes) -> Observation | None:
    """The observation in an MQTT message; None for what cannot be read."""
    try:
        document = json.loads(payload, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return observation_of(document)


def _no_constant(_name: str) -> None:
    return None


def _description(entity: Mapping[str, Any]) -> str:
    return name_of(entity.get("description"), _DESCRIPTION)


def observed_property_of(entity: Any) -> ObservedProperty:
    one = entity if isinstance(entity, dict) else {}
    identity, key = id_of(one) or ("", "")
    return _observed(identity, name_of(one.get("name")), text_of(one.get("definition")), _description(one), key)


@lru_cache(maxsize=1024)
def _observed(id: str, name: str, definition: str, description: str, key: str) -> ObservedProperty:
    return ObservedProperty(id, name, definition, description, key)


def thing_of(entity: Any) -> Thing:
    one = entity if isinstance(entity, dict) else {}
    identity = id_of(one)
    return Thing(identity[0] if identity else "", name_of(one.get("name")), _description(one))


def location_of(entity: Any) -> tuple[Position | None, str]:
    """The position of a Thing's first usable Location, and what is wrong with the others where none is usable."""
    locations = entity.get("Locations") if isinstance(entity, dict) else None
    wrong = ""
    for one in locations if isinstance(locations, list) else []:
        position, problem = position_of(one.get("location") if isinstance(one, dict) else None)
        if position is not None:
            return position, problem
        wrong = wrong or problem
    return None, wrong


def datastream_of(
    entity: Any,
    version: str,
    *,
    thing: Mapping[str, Any] | None = None,
    observed: Mapping[str, Any] | None = None,
    service: str = "",
) -> Datastream | None:
    """A Datastream with what is expanded in it; ``thing`` and ``observed`` stand in for what is not, and ``service``,
    the service's address, for a link to itself.

    The position is the Thing's Location's; without one, that of the feature of interest or of the observed area. None
    for what has no id.
    """
    identity = id_of(entity) if isinstance(entity, dict) else None
    if identity is None:
        return None
    the_thing = entity.get("Thing") if isinstance(entity.get("Thing"), dict) else thing
    the_property = entity.get("ObservedProperty") if isinstance(entity.get("ObservedProperty"), dict) else observed
    position, wrong = location_of(the_thing)
    if position is None and not wrong:
        feature = entity.get("FeatureOfInterest")
        position, wrong = position_of(feature.get("feature") if isinstance(feature, dict) else None)
    if position is None and not wrong:
        position, wrong = position_of(entity.get("observedArea"))
    problems = [wrong] if wrong else []
    observations = entity.get("Observations")
    latest = None
    if isinstance(observations, list) and observations:
        read = [one for one in map(observation_of, observations) if one is not None]
        latest = max(read, key=lambda one: one.time, default=None)
        if latest is None:
            problems.append(tr("Its latest observation cannot be read."))
    return Datastream(
        id=identity[0],
        key=identity[1],
        name=name_of(entity.get("name")),
        description=_description(entity),
        unit=unit_of(entity.get("unitOfMeasurement")),
        observed_property=observed_property_of(the_property),
        thing=thing_of(the_thing),
        position=position,
        observation_type=text_of(entity.get("observationType")),
        topic=f"v{version}/Datastreams({identity[1]})/Observations",
        latest=latest,
        self_link=text_of(entity.get("@iot.selfLink")) or f"{service}/Datastreams({identity[1]})",
        problems=tuple(problems),
    )
