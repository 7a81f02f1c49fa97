"""Checks of many pilots: what is clearly apart is not compared, and what nothing has touched is not checked again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ...pilots import shapes
from ...pilots.checks import Surroundings, check
from ...pilots.fading import Fading, Rules, fading
from ...pilots.problems import Problem
from ...pilots.record import Pilot
from ...text import tr
from ...twin.progress import Progress
from ...twin.progress import check as look
from ...workcopy.geometry import Box

_MARGIN = 1.0  # units of the layer: what is nearer is worth comparing


@dataclass(frozen=True)
class Judged:
    """A pilot and what was found about it."""

    pilot: Pilot
    problems: tuple[Problem, ...]
    fading: tuple[Fading, ...]


@dataclass(frozen=True)
class Verdict:
    """All pilots of a working copy, and by what they were judged."""

    pilots: tuple[Judged, ...]
    municipality: bytes | None
    today: date
    rules: Rules


def judge(
    pilots: Sequence[Pilot],
    municipality: bytes | None,
    today: date,
    rules: Rules,
    progress: Progress,
    before: Verdict | None = None,
) -> Verdict:
    """Everything that is wrong with the ``pilots`` of one layer, and which fade. With the verdict ``before`` only what
    changed since then, and what lies around that, is checked. Any thread. Raises `Cancelled`."""
    boxes = [_box(pilot) for pilot in pilots]
    known: dict[str, Judged] = {}
    touched: list[Box] = []
    if before is not None and (before.municipality, before.today, before.rules) == (municipality, today, rules):
        known = {one.pilot.key: one for one in before.pilots}
        touched = _touched(pilots, boxes, known)
    out = []
    for place, (pilot, box) in enumerate(zip(pilots, boxes)):
        look(progress)
        former = known.get(pilot.key)
        if former is not None and former.pilot == pilot and not any(_meet(box, other) for other in touched):
            # the row may be another: what is not shown here is written back as it is
            out.append(Judged(pilot, former.problems, former.fading))
            continue
        progress.report(place, len(pilots), tr("Checking {label}", label=pilot.label))
        near = [other for other, reach in zip(pilots, boxes) if _meet(box, reach)]
        found = tuple(check(pilot, Surroundings(near, municipality), today))
        out.append(Judged(pilot, found, fading(pilot, today, rules)))
    return Verdict(tuple(out), municipality, today, rules)


def _touched(pilots: Sequence[Pilot], boxes: Sequence[Box | None], known: dict[str, Judged]) -> list[Box]:
    """Where pilots came, went or changed."""
    now = {pilot.key for pilot in pilots}
    found = [_box(one.pilot) for key, one in known.items() if key not in now]
    for pilot, box in zip(pilots, boxes):
        former = known.get(pilot.key)
        if former is None:
            found.append(box)
        elif former.pilot != pilot:
            found += [box, _box(former.pilot)]
    return [box for box in found if box is not None]


def _box(pilot: Pilot) -> Box | None:
    """In the units of the layer, as it was drawn; None for no area."""
    shape = shapes.shape_of(pilot.wkb)
    return shapes.box_of_shape(shape) if shape is not None else None


def _meet(one: Box | None, other: Box | None) -> bool:
    if one is None or other is None:
        return False
    return (
        one[0] <= other[2] + _MARGIN
        and other[0] <= one[2] + _MARGIN
        and one[1] <= other[3] + _MARGIN
        and other[1] <= one[3] + _MARGIN
    )
