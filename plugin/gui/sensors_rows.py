"""Datastreams as the Sensors page keeps them: ready to be sought, sorted and counted. No Qt."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import attrgetter

from ..sensors.state import Latest
from ..twin.sensorthings import Datastream, ObservedProperty

# letters that Unicode does not take apart
_PLAIN = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"})

_NUMBER = re.compile(r"\d+")

by_order: Callable[[Row], tuple[str, str]] = attrgetter("order")


def fold(text: str) -> str:
    """``text`` without regard to case and accents: “Schie­dam-Óost” is found by “oost”, “NO₂” by “no2”."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join([letter for letter in apart if not unicodedata.combining(letter)]).translate(_PLAIN)


def in_order(text: str) -> str:
    """What to sort ``text`` by, as people do: station 9 before station 10."""
    return _NUMBER.sub(lambda found: found.group().zfill(9), fold(text))


class Row:
    """One datastream. ``shown`` tells whether the filter let it through when it was last asked."""

    __slots__ = ("latest", "order", "search", "shown", "stream")

    def __init__(self, stream: Datastream, latest: Latest | None = None) -> None:
        self.stream = stream
        self.latest = latest
        self.shown = False
        self.order = (in_order(f"{title(stream)}\n{stream.name}"), stream.id)
        observed = stream.observed_property
        self.search = fold(
            "\n".join(
                (
                    stream.name, stream.thing.name, stream.description, stream.thing.description, observed.name,
                    observed.description, observed.definition, stream.id,
                )
            )
        )  # fmt: skip


@dataclass(eq=False)
class Group:
    """An observed property with its datastreams; ``shown`` and the counts are of those that the filter lets through."""

    observed: ObservedProperty
    rows: list[Row]
    shown: list[Row]
    by_freshness: Counter[str]
    units: Counter[str]
    latest: float | None = None
    sorted: bool = True

    @property
    def id(self) -> str:
        return self.observed.id

    @property
    def order(self) -> tuple[str, str]:
        return in_order(self.name), self.id

    @property
    def name(self) -> str:
        return name_of(self.observed)


def group_of(observed: ObservedProperty) -> Group:
    return Group(observed, [], [], Counter(), Counter())


def name_of(observed: ObservedProperty) -> str:
    """What an observed property is called in a list."""
    return observed.name or observed.id or "–"


def title(stream: Datastream) -> str:
    """What a datastream is called in a list: most are named after their thing and what it observes, which is above."""
    return stream.thing.name or stream.name or stream.id


def beside(stream: Datastream) -> str:
    """Its own name, where that says more than `title`."""
    return stream.name if stream.name != title(stream) else ""


def unit(stream: Datastream) -> str:
    return (stream.unit.symbol or stream.unit.name) if stream.unit else ""


def rows_of(page: Iterable[Datastream], latest: Callable[[str], Latest | None]) -> list[Row]:
    """``page`` as rows, in order: sorted runs are merged fast."""
    return sorted((Row(stream, latest(stream.id)) for stream in page), key=by_order)


def newest(rows: Iterable[Row]) -> float | None:
    """The latest phenomenon time that can be believed, seconds since 1970 UTC."""
    return max(
        (
            row.latest.time
            for row in rows
            if row.latest is not None and row.latest.time is not None and not row.latest.ahead
        ),
        default=None,
    )
