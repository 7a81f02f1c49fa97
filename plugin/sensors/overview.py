"""What a twin observes, property by property: how many datastreams, in which units, how fresh."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from . import recognise
from .state import Latest
from .values import DatastreamLike


@dataclass(frozen=True)
class Summary:
    """One observed property. ``units``: the symbols in use, most frequent first; ``quantity``: one of
    `recognise.QUANTITIES`, None where not all its datastreams measure the same known one; ``by_freshness``: datastreams
    by `freshness` word; ``latest``: the latest phenomenon time, seconds since 1970 UTC."""

    id: str
    name: str
    datastreams: int
    units: tuple[str, ...]
    quantity: str | None
    by_freshness: Mapping[str, int]
    latest: float | None


def summarise(known: Iterable[tuple[DatastreamLike, Latest | None]]) -> tuple[Summary, ...]:
    """By name. The latest value of a datastream is None while it is not known yet."""
    groups: dict[str, list[tuple[DatastreamLike, Latest | None]]] = {}
    for datastream, latest in known:
        groups.setdefault(datastream.observed_property.id, []).append((datastream, latest))
    found = [_summary(id, group) for id, group in groups.items()]
    return tuple(sorted(found, key=lambda each: (each.name.casefold(), each.id)))


def _summary(id: str, group: list[tuple[DatastreamLike, Latest | None]]) -> Summary:
    units = Counter(each.unit.symbol or each.unit.name for each, _ in group if each.unit)
    quantities = {recognise.quantity(each) for each, _ in group}
    times = [latest.time for _, latest in group if latest is not None and latest.time is not None and not latest.ahead]
    return Summary(
        id=id,
        name=group[0][0].observed_property.name,
        datastreams=len(group),
        units=tuple(unit for unit, _ in units.most_common() if unit),
        quantity=quantities.pop() if len(quantities) == 1 else None,
        by_freshness=dict(Counter(latest.freshness for _, latest in group if latest is not None)),
        latest=max(times, default=None),
    )
