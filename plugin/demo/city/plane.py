"""Plane geometry for laying out the city, in metres. Plain arithmetic, so that it comes out the same everywhere."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

Point = tuple[float, float]
Ring = list[Point]  # not closed, counter-clockwise


def area(ring: Sequence[Point]) -> float:
    """Signed; positive where counter-clockwise."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, [*ring[1:], ring[0]])) / 2


def centre(ring: Sequence[Point]) -> Point:
    """The mean of the corners: good enough for blocks."""
    return sum(p[0] for p in ring) / len(ring), sum(p[1] for p in ring) / len(ring)


def counter_clockwise(ring: Iterable[Point]) -> Ring:
    found = list(ring)
    return found if area(found) > 0 else found[::-1]


def tidy(ring: Sequence[Point], short: float = 0.5) -> Ring:
    """Without corners that are too close together or lie on a straight line."""
    found: Ring = []
    for p in ring:
        if not found or math.dist(p, found[-1]) > short:
            found.append(p)
    while len(found) > 1 and math.dist(found[0], found[-1]) <= short:
        found.pop()
    kept = []
    for i, p in enumerate(found):
        a, b = found[i - 1], found[(i + 1) % len(found)]
        if abs((p[0] - a[0]) * (b[1] - p[1]) - (p[1] - a[1]) * (b[0] - p[0])) > 0.01 * math.dist(a, b) + 0.01:
            kept.append(p)
    return kept


def is_convex(ring: Sequence[Point]) -> bool:
    """Of a counter-clockwise ring."""
    n = len(ring)
    for i in range(n):
        a, b, c = ring[i - 1], ring[i], ring[(i + 1) % n]
        if (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0]) < -1e-6:
            return False
    return n >= 3


def cut(ring: Sequence[Point], a: Point, b: Point) -> Ring:
    """What of the ring lies left of the line from ``a`` to ``b`` (Sutherland and Hodgman)."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    side = [dx * (p[1] - a[1]) - dy * (p[0] - a[0]) for p in ring]
    found: Ring = []
    for i, p in enumerate(ring):
        q, s, t = ring[i - 1], side[i - 1], side[i]
        if (s < 0) != (t < 0):
            r = s / (s - t)
            found.append((q[0] + (p[0] - q[0]) * r, q[1] + (p[1] - q[1]) * r))
        if t >= 0:
            found.append(p)
    return found


def clip(ring: Sequence[Point], convex: Sequence[Point]) -> Ring:
    """The ring inside a convex, counter-clockwise ring."""
    found = list(ring)
    for a, b in zip(convex, [*convex[1:], convex[0]]):
        found = cut(found, a, b)
        if len(found) < 3:
            return []
    return found


def offset(ring: Sequence[Point], inward: Sequence[float]) -> Ring | None:
    """The ring with edge ``i`` (from corner ``i``) moved inward; None where nothing is left of it."""
    n = len(ring)
    lines = []
    for i in range(n):
        a, b = ring[i], ring[(i + 1) % n]
        size = math.dist(a, b)
        nx, ny = -(b[1] - a[1]) / size, (b[0] - a[0]) / size
        lines.append((a[0] + nx * inward[i], a[1] + ny * inward[i], (b[0] - a[0]) / size, (b[1] - a[1]) / size))
    found: Ring = []
    for i in range(n):
        px, py, ux, uy = lines[i - 1]
        qx, qy, vx, vy = lines[i]
        cross = ux * vy - uy * vx
        if abs(cross) < 1e-6:
            found.append((qx, qy))
            continue
        t = ((qx - px) * vy - (qy - py) * vx) / cross
        found.append((px + ux * t, py + uy * t))
    for i in range(n):  # an edge that turned round has been passed over
        a, b = found[i], found[(i + 1) % n]
        if (b[0] - a[0]) * lines[i][2] + (b[1] - a[1]) * lines[i][3] <= 0:
            return None
    return found


def shrink(ring: Sequence[Point], by: float) -> Ring | None:
    return offset(ring, [by] * len(ring))


def inside(p: Point, ring: Sequence[Point]) -> bool:
    found = False
    j = len(ring) - 1
    for i in range(len(ring)):
        a, b = ring[i], ring[j]
        if (a[1] > p[1]) != (b[1] > p[1]) and p[0] < (b[0] - a[0]) * (p[1] - a[1]) / (b[1] - a[1]) + a[0]:
            found = not found
        j = i
    return found


def distance(p: Point, a: Point, b: Point) -> float:
    """From a point to a segment."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    t = ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (dx * dx + dy * dy)
    t = min(1.0, max(0.0, t))
    return math.hypot(p[0] - a[0] - dx * t, p[1] - a[1] - dy * t)


def away(p: Point, line: Sequence[Point]) -> float:
    """From a point to a line of several segments."""
    return min(distance(p, a, b) for a, b in zip(line, line[1:]))


class Plot:
    """A ring on which nothing else may stand, with the box around it for quick answers."""

    def __init__(self, ring: Sequence[Point], gap: float = 0.0) -> None:
        self.ring, self.closed, self.gap = list(ring), [*ring, ring[0]], gap
        xs, ys = [p[0] for p in ring], [p[1] for p in ring]
        self.low_x, self.high_x = min(xs) - gap, max(xs) + gap
        self.low_y, self.high_y = min(ys) - gap, max(ys) + gap

    def near(self, low_x: float, low_y: float, high_x: float, high_y: float) -> bool:
        return not (high_x < self.low_x or low_x > self.high_x or high_y < self.low_y or low_y > self.high_y)

    def holds(self, p: Point) -> bool:
        """Whether a point is in it or within its gap."""
        if not (self.low_x <= p[0] <= self.high_x and self.low_y <= p[1] <= self.high_y):
            return False
        return inside(p, self.ring) or (self.gap > 0 and away(p, self.closed) < self.gap)

    def meets(self, ring: Sequence[Point]) -> bool:
        """Whether another ring touches it; seen at corners and every 8 m between them."""
        return any(self.holds(p) for p in walk([*ring, ring[0]], 8.0)) or any(inside(p, ring) for p in self.ring)


def clear_of(ring: Sequence[Point], plots: Iterable[Plot]) -> bool:
    """Whether a ring keeps away from all plots."""
    xs, ys = [p[0] for p in ring], [p[1] for p in ring]
    low_x, low_y, high_x, high_y = min(xs), min(ys), max(xs), max(ys)
    return not any(plot.near(low_x, low_y, high_x, high_y) and plot.meets(ring) for plot in plots)


def walk(line: Sequence[Point], step: float, start: float = 0.0) -> Iterable[Point]:
    """Points along a line every ``step`` metres, and its corners."""
    for a, b in zip(line, line[1:]):
        size = math.dist(a, b)
        if size == 0:
            continue
        at = start
        while at < size:
            yield a[0] + (b[0] - a[0]) * at / size, a[1] + (b[1] - a[1]) * at / size
            at += step


def band(line: Sequence[Point], half_width: float) -> Ring:
    """A line as a strip, its joints mitred."""
    left, right = [], []
    for i, p in enumerate(line):
        a, b = line[max(0, i - 1)], line[min(len(line) - 1, i + 1)]
        size = math.dist(a, b)
        nx, ny = -(b[1] - a[1]) / size * half_width, (b[0] - a[0]) / size * half_width
        left.append((p[0] + nx, p[1] + ny))
        right.append((p[0] - nx, p[1] - ny))
    return counter_clockwise([*left, *right[::-1]])


def inside_parts(a: Point, b: Point, ring: Sequence[Point]) -> list[tuple[Point, Point]]:
    """The parts of a segment inside a ring."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    marks = [0.0, 1.0]
    for i in range(len(ring)):
        p, q = ring[i - 1], ring[i]
        ex, ey = q[0] - p[0], q[1] - p[1]
        cross = dx * ey - dy * ex
        if abs(cross) < 1e-9:
            continue
        t = ((p[0] - a[0]) * ey - (p[1] - a[1]) * ex) / cross
        u = ((p[0] - a[0]) * dy - (p[1] - a[1]) * dx) / cross
        if 0 < t < 1 and 0 <= u <= 1:
            marks.append(t)
    marks.sort()
    found = []
    for s, t in zip(marks, marks[1:]):
        middle = (s + t) / 2
        if t - s > 1e-6 and inside((a[0] + dx * middle, a[1] + dy * middle), ring):
            found.append(((a[0] + dx * s, a[1] + dy * s), (a[0] + dx * t, a[1] + dy * t)))
    return found
