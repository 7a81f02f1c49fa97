"""The structured parts of a pilot: stage history, assessed criteria and data links, each an object in a JSON list.

Members that are none of ours stay in ``more`` and are written back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Callable, TypeVar, Union

from . import vocabulary as words
from .values import as_date, as_text


@dataclass(frozen=True)
class StageChange:
    """One entry of the history. ``old`` equal to ``new`` is a sign of life: a note that the pilot goes on.

    ``at`` is an ISO 8601 date, or a date and time in UTC; ``by`` who made the change, as a role, if known.
    """

    at: str
    new: str
    old: str = ""
    reason: str = ""
    by: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def day(self) -> date | None:
        return as_date(self.at)

    @property
    def is_change(self) -> bool:
        return self.old != self.new

    def as_json(self) -> dict[str, Any]:
        values = {"at": self.at, "from": self.old, "to": self.new, "reason": self.reason, "by": self.by}
        return {**self.more, **{name: value for name, value in values.items() if value}}


@dataclass(frozen=True)
class Assessment:
    """How one criterion of a condition stands. ``on`` is the date of the judgement."""

    criterion: str
    rating: str = words.UNKNOWN
    evidence: str = ""
    on: date | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_rated(self) -> bool:
        return self.rating in words.RATED

    def as_json(self) -> dict[str, Any]:
        values: dict[str, Any] = {"criterion": self.criterion}
        if self.rating != words.UNKNOWN or "rating" not in self.more:
            values["rating"] = self.rating
        if self.evidence:
            values["evidence"] = self.evidence
        if self.on is not None:
            values["date"] = self.on.isoformat()
        return {**self.more, **values}


@dataclass(frozen=True)
class DataLink:
    """Data that a pilot uses or produces: a catalogue collection or a datastream by its address, or a title alone.

    ``kind`` is ``collection``, ``datastream`` or "" for anything else.
    """

    title: str
    href: str = ""
    kind: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        values = {"title": self.title, "href": self.href, "kind": self.kind}
        return {**self.more, **{name: value for name, value in values.items() if value}}


Part = TypeVar("Part", StageChange, Assessment, DataLink)
AnyPart = Union[StageChange, Assessment, DataLink]
Reader = Callable[[Any], Any]


def stage_change(raw: Any) -> StageChange | None:
    """An entry of the history; None for what is none."""
    if not isinstance(raw, dict) or not as_text(raw.get("to")) or not as_text(raw.get("at")):
        return None
    return StageChange(
        as_text(raw["at"]),
        as_text(raw["to"]),
        as_text(raw.get("from")),
        as_text(raw.get("reason")),
        as_text(raw.get("by")),
        _more(raw, ("at", "from", "to", "reason", "by")),
    )


def assessment(raw: Any) -> Assessment | None:
    """An assessed criterion; None for what is none."""
    if not isinstance(raw, dict) or not as_text(raw.get("criterion")):
        return None
    on = as_date(raw.get("date"))
    names = ("criterion", "rating", "evidence") + (("date",) if on or raw.get("date") is None else ())
    rating = as_text(raw.get("rating")) or words.UNKNOWN
    return Assessment(as_text(raw["criterion"]), rating, as_text(raw.get("evidence")), on, _more(raw, names))


def data_link(raw: Any) -> DataLink | None:
    """A link; a mere text is its title, or its address. None for what is none."""
    if isinstance(raw, str) and raw.strip():
        return DataLink("", raw.strip()) if raw.strip().startswith(("http:", "https:")) else DataLink(raw.strip())
    if not isinstance(raw, dict):
        return None
    name, href = as_text(raw.get("title")), as_text(raw.get("href"))
    if not name and not href:
        return None
    return DataLink(name, href, as_text(raw.get("kind")), _more(raw, ("title", "href", "kind")))


def _more(raw: Mapping[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    """What is not ours, and what is called like ours but is no text."""
    return {name: value for name, value in raw.items() if name not in known or isinstance(value, (dict, list, bool))}
