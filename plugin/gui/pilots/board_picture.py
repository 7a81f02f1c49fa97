"""What all parts of the board are: pictures that arrange themselves in a width, on a screen or on paper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from qgis.PyQt.QtCore import QPointF, QRectF, QSizeF
from qgis.PyQt.QtGui import QPainter

from .board_ink import Ink
from .board_type import Type


class Spot(NamedTuple):
    """A part of a picture that can be chosen: ``key`` says what, ``text`` says it in words, as tool tip and aloud. Only
    when asked: there may be hundreds."""

    key: str
    rect: QRectF
    say: Callable[[], str]

    @property
    def text(self) -> str:
        return self.say()


@dataclass(frozen=True)
class Look:
    """What is chosen, and below the mouse. ``lit``: keys to bring out among others; empty for all. ``part``: where
    alone anything has to be painted; None for everywhere."""

    current: str = ""
    hovered: str = ""
    lit: frozenset[str] = frozenset()
    focused: bool = False
    part: QRectF | None = None

    def needed(self, rect: QRectF) -> QRectF:
        """What of ``rect`` has to be painted."""
        return rect if self.part is None else rect.intersected(self.part)

    def shade(self, key: str) -> float:
        """How strongly a part is painted, 0 to 1."""
        return 1.0 if not self.lit or key in self.lit else 0.28


PLAIN = Look()


class Picture:
    """``size`` and ``spots`` are known once `arrange` was called. What stands in the first ``head`` units of height and
    ``side`` units of width stays in view when the rest is scrolled. ``room`` is the height of the view, 0 where any
    is right."""

    def __init__(self, kind: Type) -> None:
        self.type = kind
        self.size = QSizeF()
        self.room = 0.0
        self.head = 0.0
        self.side = 0.0
        self.spots: list[Spot] = []

    def arrange(self, width: float) -> QSizeF:
        """Find room for everything in ``width``; the picture may turn out wider. Returns its size."""
        raise NotImplementedError

    def paint(self, painter: QPainter, seen: QRectF, ink: Ink, look: Look = PLAIN) -> None:
        """Paint what is in ``seen``, a part of the picture; head and side at its edges."""
        raise NotImplementedError

    def at(self, place: QPointF, seen: QRectF) -> Spot | None:
        """What is at a place of the picture, of which ``seen`` is shown."""
        if place.y() < seen.top() + self.head:
            return next((one for one in self.heads(seen) if one.rect.contains(place)), None)
        return next((one for one in self.spots if one.rect.contains(place)), None)

    def heads(self, seen: QRectF) -> list[Spot]:
        """What of the head can be chosen, where it is now."""
        return []

    def spot(self, key: str) -> Spot | None:
        return next((one for one in self.spots if one.key == key), None)

    def breaks(self, top: float, room: float) -> float:
        """How far a page goes that begins at ``top`` and has ``room`` below the head: at an edge between parts."""
        limit, end = top + room, top
        for one in self.spots:
            bottom = one.rect.bottom()
            if bottom > limit:
                break
            end = max(end, bottom)
        return end if end > top else limit


def beside(spots: list[Spot], key: str, way: QPointF) -> Spot | None:
    """The part that an arrow key leads to from ``key``: the nearest one in that direction; None at the edge."""
    here = next((one for one in spots if one.key == key), None)
    if here is None:
        return spots[0] if spots else None
    middle = here.rect.center()
    best: tuple[float, Spot] | None = None
    for one in spots:
        step = one.rect.center() - middle
        if way.x():
            along = way.x() * step.x()
            if along <= here.rect.width() / 2:
                continue
            # the next column, at this height
            aside = max(0.0, one.rect.top() - middle.y(), middle.y() - one.rect.bottom())
            far = along * 4 + aside
        else:
            along = way.y() * step.y()
            if along <= 0 or abs(step.x()) > here.rect.width() / 2 + one.rect.width() / 2:
                continue
            far = along + 4 * abs(step.x())
        if best is None or far < best[0]:
            best = (far, one)
    return best[1] if best else None
