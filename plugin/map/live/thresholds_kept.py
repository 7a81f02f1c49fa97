"""The thresholds of a project: kept in the QGIS project itself, so that whoever opens it watches the same."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from qgis.core import Qgis, QgsProject

from ...sensors.thresholds import Threshold, amount
from ...text import tr
from ...twin.errors import CityTwinError
from .. import connections
from ..log import log

SCOPE, KEY = "citytwin", "thresholds"
_FORMAT = 1
# of what somebody else's project may hold
_MOST, _LONGEST = 1000, 500


@dataclass(frozen=True)
class Kept:
    """A threshold with the service (landing page, without secrets) that its ids belong to.

    ``title`` is the observed property's name, for where the service is not connected; ``on``: it is watched.
    """

    threshold: Threshold
    service: str
    title: str = ""
    on: bool = True

    def condition(self) -> str:
        """ "above 200 µg/m³"."""
        level = amount(self.threshold.level, self.threshold.unit or "")
        return tr("above {level}", level=level) if self.threshold.above else tr("below {level}", level=level)


def new_id() -> str:
    """An id for a new threshold."""
    return uuid4().hex


def same_service(one: str, other: str) -> bool:
    """Whether two addresses are of the same service."""
    if one == other:
        return True
    try:
        return connections.normalised(one) == connections.normalised(other)
    except CityTwinError:
        return False


def load(project: QgsProject) -> tuple[Kept, ...]:
    """The project's thresholds. What cannot be one is left out, which the log says."""
    text, found = project.readEntry(SCOPE, KEY, "")
    if not found or not text:
        return ()
    kept, problems = read(text)
    for problem in problems:
        log(problem, Qgis.MessageLevel.Warning)
    return kept


def save(project: QgsProject, kept: Iterable[Kept]) -> None:
    """Keep exactly these; the project has something to save then."""
    entries = list(kept)
    if entries:
        project.writeEntry(SCOPE, KEY, written(entries))
    else:
        project.removeEntry(SCOPE, KEY)
    project.setDirty(True)


def written(kept: Iterable[Kept]) -> str:
    """The text that is kept."""
    return json.dumps({"format": _FORMAT, "thresholds": [_entry(one) for one in kept]}, ensure_ascii=False)


def _entry(kept: Kept) -> dict[str, Any]:
    threshold = kept.threshold
    chosen = threshold.datastreams
    return {
        "id": threshold.id,
        "name": threshold.name,
        "on": kept.on,
        "service": kept.service,
        "observed_property": threshold.observed_property,
        "title": kept.title,
        "direction": "above" if threshold.above else "below",
        "level": threshold.level,
        "hysteresis": threshold.hysteresis,
        "unit": threshold.unit,
        "datastreams": None if chosen is None else sorted(chosen),
    }


def read(text: str) -> tuple[tuple[Kept, ...], tuple[str, ...]]:
    """The thresholds of a kept text, and a sentence for each that cannot be read. Never raises."""
    try:
        entries = json.loads(text)["thresholds"]
    except (ValueError, TypeError, KeyError, RecursionError):
        entries = None
    if not isinstance(entries, list):
        return (), (tr("The project's thresholds cannot be read, so nothing is watched. Set them anew."),)
    kept: dict[str, Kept] = {}
    problems = []
    for number, entry in enumerate(entries[:_MOST], 1):
        try:
            one = _kept(entry)
        except (CityTwinError, TypeError, ValueError, KeyError, OverflowError) as error:
            reason = error.message if isinstance(error, CityTwinError) else type(error).__name__
            problems.append(
                tr(
                    "Threshold {number} of the project cannot be read and is left out ({reason}).",
                    number=number,
                    reason=reason,
                )
            )
            continue
        if one.threshold.id in kept:
            problems.append(
                tr("Threshold {number} of the project has the id of another one and is left out.", number=number)
            )
            continue
        kept[one.threshold.id] = one
    if len(entries) > _MOST:
        problems.append(tr("The project has more than {n} thresholds; the first of them are watched.", n=_MOST))
    return tuple(kept.values()), tuple(problems)


def _kept(entry: object) -> Kept:
    if not isinstance(entry, Mapping):
        raise TypeError("entry")
    chosen = entry.get("datastreams")
    if chosen is not None and not isinstance(chosen, list):
        raise TypeError("datastreams")
    if entry["direction"] not in ("above", "below"):
        raise ValueError("direction")
    threshold = Threshold(
        id=_text(entry["id"]) or new_id(),
        name=_text(entry["name"]),
        level=_number(entry["level"]),
        above=entry["direction"] == "above",
        hysteresis=_number(entry.get("hysteresis", 0.0)),
        observed_property=None if entry.get("observed_property") is None else _text(entry["observed_property"]),
        datastreams=None if chosen is None else frozenset(map(_text, chosen)),
        unit=None if entry.get("unit") is None else _text(entry["unit"]),
    )
    # an address with a password in it is not taken, whoever wrote it
    service = connections.checked(_text(entry["service"]))
    return Kept(threshold, service, _text(entry.get("title", "")), entry.get("on", True) is not False)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("text")
    return value[:_LONGEST]


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError("number")
    return float(value)
