"""Which boxes lie wholly inside an area, which wholly outside, and which must be looked at exactly.

The area is drawn onto a grid. A cell that its outline may touch is undecided; every other one is wholly inside or
wholly outside. A box over cells of one kind is decided, whatever lies in it: only what is near the outline is left for
GEOS.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .coordinates import Floats, Ints

OUTSIDE, INSIDE, UNDECIDED = 0, 1, 2
_CELLS = 384  # each way
_SLACK = 1e-6  # metres: more than rounding can move anything


class Raster:
    """An area on a grid. ``rings``: its closed rings, outer and holes alike, each of shape (n, 2), in metres."""

    def __init__(self, rings: Sequence[Floats], cells: int = _CELLS) -> None:
        tails = np.vstack([ring[:-1] for ring in rings])
        heads = np.vstack([ring[1:] for ring in rings])
        self._low = tails.min(axis=0) - 1.0
        self._step = (tails.max(axis=0) + 1.0 - self._low) / cells
        self._cells = cells
        touched = self._touched(tails, heads)
        inside = self._inside(tails, heads)
        state = np.where(touched, UNDECIDED, np.where(inside, INSIDE, OUTSIDE))
        state = np.pad(state, 1)  # all around is outside
        self._not_inside = _summed(state != INSIDE)
        self._not_outside = _summed(state != OUTSIDE)

    def states(self, boxes: Floats) -> Ints:
        """OUTSIDE, INSIDE or UNDECIDED for each box (shape (n, 4): min x, min y, max x, max y)."""
        low = self._cell(boxes[:, :2] - _SLACK)
        high = self._cell(boxes[:, 2:] + _SLACK) + 1
        inside = _within(self._not_inside, low, high) == 0
        outside = _within(self._not_outside, low, high) == 0
        return np.asarray(np.where(inside, INSIDE, np.where(outside, OUTSIDE, UNDECIDED)), np.int64)

    def _cell(self, xy: Floats) -> Ints:
        """The padded cell of each position; 0 and the last for all that is beside the grid."""
        found = np.floor((xy - self._low) / self._step)
        return np.asarray(np.clip(found, -1, self._cells) + 1, np.int64)

    def _touched(self, tails: Floats, heads: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Every cell that a piece of outline may lie in. Pieces are no longer than a cell, so each is in 2 × 2."""
        span = np.abs(heads - tails) / self._step
        pieces = np.maximum(1, np.ceil(span.max(axis=1)).astype(np.int64))
        edge = np.repeat(np.arange(len(tails)), pieces)
        place = np.arange(len(edge)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        many = pieces[edge]
        begin = tails[edge] + (heads - tails)[edge] * (place / many)[:, None]
        end = tails[edge] + (heads - tails)[edge] * ((place + 1) / many)[:, None]
        low = self._cell(np.minimum(begin, end) - _SLACK) - 1
        high = self._cell(np.maximum(begin, end) + _SLACK) - 1
        out = np.zeros((self._cells, self._cells), np.bool_)
        for i in (0, 1, 2):
            for j in (0, 1, 2):
                out[np.minimum(low[:, 0] + i, high[:, 0]), np.minimum(low[:, 1] + j, high[:, 1])] = True
        return out

    def _inside(self, tails: Floats, heads: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Whether each cell's centre is inside, by the number of outlines to the left of it."""
        out = np.zeros((self._cells, self._cells), np.bool_)
        middles = self._low + (np.arange(self._cells)[:, None] + 0.5) * self._step
        for row, y in enumerate(middles[:, 1]):
            crossing = (tails[:, 1] <= y) != (heads[:, 1] <= y)
            a, b = tails[crossing], heads[crossing]
            at = np.sort(a[:, 0] + (y - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0]))
            out[:, row] = np.searchsorted(at, middles[:, 0]) % 2 == 1
        return out


def _summed(cells: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Ints:
    """Summed-area table with a leading row and column of zeros."""
    return np.pad(cells.astype(np.int64).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))


def _within(table: Ints, low: Ints, high: Ints) -> Ints:
    a, b, c, d = low[:, 0], low[:, 1], high[:, 0], high[:, 1]
    found: Ints = table[c, d] - table[a, d] - table[c, b] + table[a, b]
    return found
