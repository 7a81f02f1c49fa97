"""What a page of a report is made of, in millimetres from its upper left corner.

A painter draws these parts, and a layout makes items of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, Union

from ...pilots.coordinates import Floats

Align = Literal["left", "middle", "right"]


@dataclass(frozen=True)
class Face:
    """A flat shape: ``rings`` of shape (n, 2), the outer one first; ``closed`` False for a line. Widths in mm."""

    rings: tuple[Floats, ...]
    fill: str | None
    alpha: int = 255
    edge: str | None = None
    width: float = 0.0
    closed: bool = True


@dataclass(frozen=True)
class Drawing:
    """Shapes on a piece of the page, in mm from its corner, the lowest first."""

    x: float
    y: float
    w: float
    h: float
    faces: tuple[Face, ...]
    name: str = ""

    def at(self, x: float, y: float) -> Drawing:
        return replace(self, x=x, y=y)


@dataclass(frozen=True)
class Words:
    """Lines of text, already broken; ``size`` in points, ``leading`` from line to line in mm. The box is theirs alone:
    nothing else is written in it."""

    x: float
    y: float
    w: float
    h: float
    lines: tuple[str, ...]
    size: float
    ink: str
    leading: float
    bold: bool = False
    align: Align = "left"
    name: str = ""

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True)
class Block:
    """A rectangle."""

    x: float
    y: float
    w: float
    h: float
    fill: str | None
    edge: str | None = None
    width: float = 0.0
    radius: float = 0.0
    name: str = ""


@dataclass(frozen=True)
class MapFrame:
    """Where the map goes. ``extent``: west, south, east, north in EPSG:28992, of the frame's own shape."""

    x: float
    y: float
    w: float
    h: float
    extent: tuple[float, float, float, float]
    scale: float

    @property
    def metres(self) -> float:
        """On the ground, to a millimetre of paper."""
        return (self.extent[2] - self.extent[0]) / self.w


@dataclass(frozen=True)
class ScaleBar:
    """``metres`` in two parts, its left end at x; ``unit`` as it is written."""

    x: float
    y: float
    w: float
    metres: float
    label: str


@dataclass(frozen=True)
class North:
    """An arrow to the north in a box."""

    x: float
    y: float
    w: float
    h: float


Part = Union[Block, Drawing, Words, MapFrame, ScaleBar, North]
WIDTH, HEIGHT = 210.0, 297.0


@dataclass(frozen=True)
class Page:
    """One A4 page. ``language``: a code such as ``nl``; ``subject`` and ``keywords`` are for the file's properties."""

    parts: tuple[Part, ...]
    title: str
    language: str
    subject: str = ""
    keywords: str = ""

    @property
    def texts(self) -> Iterator[str]:
        """All that is written, in the order of drawing."""
        return (part.text for part in self.parts if isinstance(part, Words))

    @property
    def map(self) -> MapFrame | None:
        return next((part for part in self.parts if isinstance(part, MapFrame)), None)
