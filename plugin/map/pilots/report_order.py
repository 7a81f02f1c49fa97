"""In which order things that stand on the ground are drawn, so that what is near covers what is far.

The picture is cut into upright columns. In each, the footprints that it meets follow each other from far to near, and
that is the order in which they must be drawn; the columns together give one order for all.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from ...pilots.coordinates import Floats

_COLUMNS = 420
_NARROW = 0.25  # m: no column is narrower


def far_first(plans: Sequence[Sequence[Floats]]) -> list[int]:
    """The order in which things with these footprints (right, away) are drawn."""
    if not plans:
        return []
    ends = [np.concatenate([np.hstack([ring[:-1], ring[1:]]) for ring in rings]) for rings in plans]
    owner = np.repeat(np.arange(len(plans)), [len(one) for one in ends])
    edges = np.concatenate(ends)
    depth = np.array([float(np.concatenate(list(rings))[:, 1].mean()) for rings in plans])
    low, high = edges[:, [0, 2]].min(axis=1), edges[:, [0, 2]].max(axis=1)
    wide = max(float(high.max() - low.min()) / _COLUMNS, _NARROW)
    first, last = np.ceil(low / wide).astype(int), np.floor(high / wide).astype(int)
    times = np.maximum(0, last - first + 1)
    edge = np.repeat(np.arange(len(edges)), times)
    column = np.repeat(first, times) + np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    run = edges[edge, 2] - edges[edge, 0]
    part = np.clip((column * wide - edges[edge, 0]) / np.where(run == 0, 1.0, run), 0, 1)
    away = edges[edge, 1] + part * (edges[edge, 3] - edges[edge, 1])
    spans: dict[tuple[int, int], tuple[float, float]] = {}
    for key, value in zip(zip(column.tolist(), owner[edge].tolist()), away.tolist()):
        least, most = spans.get(key, (value, value))
        spans[key] = (min(least, value), max(most, value))
    columns: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for (place, thing), (least, most) in spans.items():
        columns[place].append((-(least + most), thing))
    after: dict[int, set[int]] = defaultdict(set)
    waits = [0] * len(plans)
    for found in columns.values():
        found.sort()
        for (_, far), (_, near) in zip(found, found[1:]):
            if near not in after[far]:
                after[far].add(near)
                waits[near] += 1
    return _sorted(depth, after, waits)


def _sorted(depth: Floats, after: dict[int, set[int]], waits: list[int]) -> list[int]:
    """A topological order, the farthest first; things that stand around each other are cut where they are farthest."""
    ready = [(-float(depth[n]), n) for n, count in enumerate(waits) if not count]
    heapq.heapify(ready)
    left = sorted(range(len(waits)), key=lambda n: float(depth[n]))
    done: set[int] = set()
    order: list[int] = []
    while len(order) < len(waits):
        while not ready:
            far = left.pop()
            if far not in done:
                ready.append((0.0, far))
        _, thing = heapq.heappop(ready)
        if thing in done:
            continue
        done.add(thing)
        order.append(thing)
        for near in after[thing]:
            waits[near] -= 1
            if waits[near] == 0:
                heapq.heappush(ready, (-float(depth[near]), near))
    return order
