"""Which datastreams the Sensors page lists: by words, freshness and area. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..sensors import freshness
from .sensors_rows import Row, fold

# A place in degrees of longitude and latitude → whether it lies in the area.
Holds = Callable[[float, float], bool]

WORDS = (freshness.LIVE, freshness.LATE, freshness.SILENT, freshness.NONE)


@dataclass(frozen=True)
class Filter:
    """``words``: each must be in the row's texts, whatever its case and accents; ``fresh``: the freshness words let
    through; ``area``: None for everywhere; ``groups``: ids of the observed properties let through, None for all."""

    words: tuple[str, ...] = ()
    fresh: frozenset[str] = frozenset(WORDS)
    area: Holds | None = None
    groups: frozenset[str] | None = None

    @property
    def by_freshness(self) -> bool:
        """Whether time alone may change what is let through."""
        return len(self.fresh) < len(WORDS)

    @property
    def empty(self) -> bool:
        """Whether all is let through."""
        return not self.words and not self.by_freshness and self.area is None and self.groups is None

    def lets(self, row: Row) -> bool:
        for word in self.words:
            if word not in row.search:
                return False
        if self.by_freshness and (row.latest.freshness if row.latest else freshness.NONE) not in self.fresh:
            return False
        if self.area is not None:
            place = row.stream.position
            return place is not None and self.area(place[0], place[1])
        return True


def words_of(text: str) -> tuple[str, ...]:
    """What is typed in the filter as words to seek."""
    return tuple(fold(text).split())
