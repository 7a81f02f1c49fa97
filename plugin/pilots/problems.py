"""What can be wrong with a pilot, as values: a sentence, a place on the map, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from ..workcopy.geometry import Box
from .record import Pilot

# an error should not be published; a warning is for the coordinator to judge; a notice is worth knowing
Severity = Literal["error", "warning", "notice"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "notice")


@dataclass(frozen=True)
class Fix:
    """What mends a problem by itself. ``apply`` takes the pilot as it is then and gives the mended one.

    It raises `CityTwinError` where it can no longer be done. ``geometry``: it changes the outline, not the columns.
    """

    label: str
    apply: Callable[[Pilot], Pilot] = field(compare=False)
    geometry: bool = False


@dataclass(frozen=True)
class Problem:
    """One thing about one pilot. ``code`` is stable, for styles and tests; ``column`` is our name, ``geom`` for the
    outline and "" for the pilot as a whole.

    ``place`` is the spot as WKB in EPSG:``srid``, ``box`` around it; both None where it is nowhere in particular.
    ``advice`` says what to do where nothing mends it by itself.
    """

    code: str
    severity: Severity
    column: str
    sentence: str
    advice: str = ""
    fix: Fix | None = None
    box: Box | None = None
    place: bytes | None = field(default=None, repr=False)
    srid: int = 28992
    pilot: str = ""  # its key
    other: str = ""  # the key of the other pilot, of an overlap


def worst(problems: list[Problem]) -> Severity | None:
    """The gravest severity; None where there is no problem."""
    return next((one for one in SEVERITIES if any(problem.severity == one for problem in problems)), None)
