"""A large outline in pieces: what lies beside it is cut with the piece near by, not with all of it.

A pilot may be a network of buffered streets, or a whole city: tens of thousands of corners, beside all of which a
building may lie. The features are parted by place until few are left together; each time the area is clipped to them,
and drawn onto a finer grid, which decides most of them without GEOS.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..twin.progress import SILENT, Progress, check
from .coordinates import Floats, Ints
from .raster import INSIDE, UNDECIDED, Raster

_MARGIN = 2.0  # metres between the features and where the area is clipped
_FEW = 48  # features that are not parted any further
_SMALL = 96  # corners of a piece that GEOS cuts with as fast as with fewer
_WORTH = 400  # features for which a grid of their own is drawn
_CELLS = 160


@dataclass(frozen=True)
class Parted:
    """Indices of features wholly ``inside``, and those to be cut with the piece of the area that they lie at."""

    inside: list[Ints] = field(default_factory=list)
    cut: list[tuple[Ints, Any]] = field(default_factory=list)


def parted(area: Any, boxes: Floats, which: Ints, progress: Progress = SILENT) -> Parted:
    """The features ``which``, by where they lie. ``area``: a shapely (multi)polygon in metres; ``boxes``: of all
    features, shape (n, 4). Those wholly outside are in neither list. Raises `Cancelled`."""
    out = Parted()
    waiting: list[tuple[Ints, Any]] = [(which, area)] if len(which) else []
    while waiting:
        check(progress)
        indices, piece = waiting.pop()
        box = _around(boxes[indices])
        piece = _clipped(piece, box)
        if piece is None:
            continue
        corners = _corners(piece)
        if len(indices) <= _FEW or corners <= _SMALL:
            out.cut.append((indices, piece))
            continue
        if len(indices) >= _WORTH:
            states = Raster(list(rings(piece)), _CELLS).states(boxes[indices])
            if (states == INSIDE).any():
                out.inside.append(indices[states == INSIDE])
            kept = indices[states == UNDECIDED]
            if len(kept) < len(indices) * 0.7:
                waiting += [(kept, piece)] if len(kept) else []
                continue
            indices = kept
        waiting += [(half, piece) for half in _halves(boxes, indices)]
    return out


def rings(area: Any) -> Iterator[Floats]:
    """The closed rings of a shapely (multi)polygon, each of shape (n, 2)."""
    for part in getattr(area, "geoms", [area]):
        for ring in (part.exterior, *part.interiors):
            yield np.asarray(ring.coords)[:, :2]


def _around(boxes: Floats) -> tuple[float, float, float, float]:
    low, high = boxes[:, :2].min(axis=0) - _MARGIN, boxes[:, 2:].max(axis=0) + _MARGIN
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _clipped(area: Any, box: tuple[float, float, float, float]) -> Any | None:
    """What of ``area`` is in ``box``, as (multi)polygon; None where nothing is."""
    from shapely.geometry import MultiPolygon
    from shapely.geometry import box as rectangle

    west, south, east, north = area.bounds
    if box[0] <= west and box[1] <= south and box[2] >= east and box[3] >= north:
        return area
    found = area.intersection(rectangle(*box))
    parts = [part for part in getattr(found, "geoms", [found]) if part.geom_type == "Polygon" and not part.is_empty]
    return MultiPolygon(parts) if parts else None


def _corners(area: Any) -> int:
    return sum(len(ring.coords) for part in getattr(area, "geoms", [area]) for ring in (part.exterior, *part.interiors))


def _halves(boxes: Floats, indices: Ints) -> tuple[Ints, Ints]:
    """By place along the longer way, as many on either side."""
    middles = boxes[indices, :2] + boxes[indices, 2:]
    axis = int(np.argmax(np.ptp(middles, axis=0)))
    order = np.argsort(middles[:, axis], kind="stable")
    half = len(order) // 2
    return indices[order[:half]], indices[order[half:]]
