"""The tiles of web maps (EPSG:3857, 256 pixels): which of them an area needs, and where each lies."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ...review.manifest import Bounds

SIDE = 256  # pixels
WORLD = 20037508.342789244  # metres from the middle to the edge, of EPSG:3857
DEEPEST = 20
_NORTH = 85.0511287798


@dataclass(frozen=True)
class Block:
    """Columns and rows of one zoom level, both ends included, rows from the north."""

    zoom: int
    west: int
    north: int
    east: int
    south: int

    @property
    def count(self) -> int:
        return (self.east - self.west + 1) * (self.south - self.north + 1)

    def blocks(self, side: int) -> Iterator[Block]:
        """The block in pieces of at most ``side`` times ``side`` tiles."""
        for north in range(self.north, self.south + 1, side):
            for west in range(self.west, self.east + 1, side):
                yield Block(self.zoom, west, north, min(west + side - 1, self.east), min(north + side - 1, self.south))

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east, north in metres of EPSG:3857."""
        size = 2 * WORLD / (1 << self.zoom)
        return (
            self.west * size - WORLD,
            WORLD - (self.south + 1) * size,
            (self.east + 1) * size - WORLD,
            WORLD - self.north * size,
        )

    def rows_from_south(self) -> tuple[int, int]:
        """The rows as MBTiles counts them."""
        last = (1 << self.zoom) - 1
        return last - self.south, last - self.north


def block_of(bounds: Bounds, zoom: int) -> Block:
    """The tiles of ``zoom`` that cover ``bounds`` (degrees)."""
    west, south, east, north = bounds
    first, last = _at(west, north, zoom), _at(east, south, zoom)
    return Block(zoom, first[0], first[1], max(first[0], last[0]), max(first[1], last[1]))


def zooms_of(bounds: Bounds, deepest: int) -> range:
    """From the level at which the whole fits into two by two tiles down to ``deepest``."""
    deepest = max(0, min(deepest, DEEPEST))
    first = deepest
    while first > 0:
        block = block_of(bounds, first)
        if block.east - block.west <= 1 and block.south - block.north <= 1:
            break
        first -= 1
    return range(first, deepest + 1)


def _at(longitude: float, latitude: float, zoom: int) -> tuple[int, int]:
    count = 1 << zoom
    latitude = math.radians(max(-_NORTH, min(_NORTH, latitude)))
    column = (longitude + 180) / 360 * count
    row = (1 - math.asinh(math.tan(latitude)) / math.pi) / 2 * count
    return min(count - 1, max(0, math.floor(column))), min(count - 1, max(0, math.floor(row)))
