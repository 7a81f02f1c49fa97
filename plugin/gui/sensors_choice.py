"""From what is chosen on the Sensors page to live layers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..map.live.source import LiveSource
from ..text import number, tr, trn
from ..twin.model import Extent
from . import sensors_words as words
from .sensors_area import Place
from .sensors_filter import Filter
from .sensors_rows import Group, Row, name_of

_DIGITS = 6  # of a degree: a decimetre


@dataclass(frozen=True)
class Choice:
    """Observed properties, and single datastreams that belong to none of them. ``ticked``: they are ticked, not only
    selected."""

    groups: tuple[Group, ...] = ()
    rows: tuple[Row, ...] = ()
    ticked: bool = False

    @property
    def layers(self) -> int:
        """How many live layers that makes."""
        return len(self.groups) + len({row.stream.observed_property.id for row in self.rows})

    @property
    def properties(self) -> tuple[str, ...]:
        """The ids of the observed properties, those of single datastreams too."""
        found = [group.id for group in self.groups] + [row.stream.observed_property.id for row in self.rows]
        return tuple(dict.fromkeys(found))

    def sentence(self) -> str:
        """What is chosen, in words."""
        if not self.layers:
            return tr("Tick or select what you need.")
        parts = []
        if self.groups:
            count = len(self.groups)
            name = self.groups[0].name if count == 1 else trn("{n} property", "{n} properties", count)
            parts.append(f"{name} ({number(sum(len(group.shown) for group in self.groups))})")
        if self.rows:
            parts.append(words.datastreams(len(self.rows)))
        return ", ".join(parts)


def choose(ticked: Sequence[Group], selected: Sequence[Group], rows: Sequence[Row]) -> Choice:
    """What is ticked, else what is selected; observed properties of which the filter hides all are passed over."""
    groups = tuple(group for group in (ticked or selected) if group.shown)
    if ticked:
        return Choice(groups, (), True)
    inside = {group.id for group in groups}
    return Choice(groups, tuple(row for row in rows if row.stream.observed_property.id not in inside))


def sources(
    choice: Choice, filter: Filter, place: Place | None, service: str, connection: str
) -> tuple[LiveSource, ...]:
    """One live layer for each observed property: of all its datastreams where nothing is filtered, else of those that
    are shown. ``place`` is what ``filter`` has as its area."""
    found = []
    for group in choice.groups:
        extent = _rounded(place.extent) if place is not None else None
        found.append(LiveSource(service, connection, group.id, group.name, extent, _chosen(group, filter, extent)))
    by_property: dict[str, list[Row]] = {}
    for row in choice.rows:
        by_property.setdefault(row.stream.observed_property.id, []).append(row)
    for id, rows in by_property.items():
        ids = tuple(sorted(row.stream.id for row in rows))
        title = name_of(rows[0].stream.observed_property)
        found.append(LiveSource(service, connection, id, title, None, ids))
    return tuple(found)


def _chosen(group: Group, filter: Filter, extent: Extent | None) -> tuple[str, ...] | None:
    """The ids of the datastreams that are shown; None where the property and the extent say the same."""
    if not filter.words and not filter.by_freshness:
        if extent is None:
            return None
        if len(group.shown) == sum(_within(row, extent) for row in group.rows):
            return None
    return tuple(sorted(row.stream.id for row in group.shown))


def _within(row: Row, extent: Extent) -> bool:
    place = row.stream.position
    west, south, east, north = extent
    return place is not None and west <= place[0] <= east and south <= place[1] <= north


def _rounded(extent: Extent) -> Extent:
    west, south, east, north = (round(part, _DIGITS) for part in extent)
    return west, south, east, north


def same(one: LiveSource, other: LiveSource) -> bool:
    """Whether both show the same sensors, whatever their title."""
    ids = [None if source.datastreams is None else frozenset(source.datastreams) for source in (one, other)]
    return (one.service.rstrip("/"), one.observed_property, one.extent, ids[0]) == (
        other.service.rstrip("/"), other.observed_property, other.extent, ids[1],
    )  # fmt: skip


def properties_of(known: Iterable[LiveSource | None], service: str) -> frozenset[str]:
    """The observed properties of ``service`` that are on the map."""
    wanted = service.rstrip("/")
    return frozenset(one.observed_property for one in known if one is not None and one.service.rstrip("/") == wanted)
