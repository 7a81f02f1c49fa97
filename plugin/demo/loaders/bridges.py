"""Holes that a ring reaches over a bridge, made into rings of their own.

Some city models write a roof with a courtyard as one ring that walks to the courtyard, around it, and back over the
same edge. Drawn flat that looks right; cut into triangles for a 3D view it falls apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

Position = Sequence[float]
Ring = list[int]  # vertex numbers, not closed


def unbridged(ring: Ring, position: Callable[[int], Position]) -> list[Ring]:
    """``ring`` without its bridges: the outer ring, then its holes. ``[ring]`` where that is not what comes out."""
    edges = Counter(zip(ring, [*ring[1:], *ring[:1]]))
    back = Counter({(b, a): count for (a, b), count in edges.items()})
    if not edges & back:
        return [ring]
    loops = _loops(list((edges - back).elements()))
    if not loops:
        return [ring]
    normals = [_normal([position(vertex) for vertex in loop]) for loop in loops]
    sizes = [sum(part * part for part in normal) for normal in normals]
    outer = sizes.index(max(sizes))
    holes = [index for index in range(len(loops)) if index != outer]
    # holes run the other way round; anything else is a shape that we do not understand, and leave alone
    if any(sum(a * b for a, b in zip(normals[hole], normals[outer])) >= 0 for hole in holes):
        return [ring]
    return [loops[outer], *(loops[hole] for hole in holes)]


def _loops(edges: list[tuple[int, int]]) -> list[Ring]:
    """The simple loops that directed edges make; none at all where an edge leads nowhere."""
    onward: dict[int, list[int]] = {}
    for a, b in edges:
        onward.setdefault(a, []).append(b)
    loops = []
    while onward:
        path = [next(iter(onward))]
        while True:
            choices = onward.get(path[-1])
            if not choices:
                return []
            vertex = choices.pop()
            if not choices:
                del onward[path[-1]]
            if vertex in path:
                at = path.index(vertex)
                if len(path) - at >= 3:
                    loops.append(path[at:])
                path = path[: at + 1]
                if len(path) == 1:
                    break
            else:
                path.append(vertex)
    return loops


def _normal(points: list[Position]) -> tuple[float, float, float]:
    """Newell's normal: its direction says which way round, its length the area."""
    x = y = z = 0.0
    ox, oy, oz = points[0][:3]
    for a, b in zip(points, [*points[1:], points[0]]):
        ax, ay, az, bx, by, bz = a[0] - ox, a[1] - oy, a[2] - oz, b[0] - ox, b[1] - oy, b[2] - oz
        x += (ay - by) * (az + bz)
        y += (az - bz) * (ax + bx)
        z += (ax - bx) * (ay + by)
    return x, y, z
