"""What is wrong with the pilots that are about to be published: the changed ones, checked among all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ...pilots.checks import Surroundings, check
from ...pilots.problems import SEVERITIES, Problem
from ...pilots.reading import pilots_source, read_municipality, read_pilots
from ...pilots.shapes import box_of_shape, shape_of
from ...text import tr
from ...twin.errors import CityTwinError
from ...twin.progress import SILENT, Progress
from ...twin.progress import check as look
from ...workcopy.changes import Change
from ...workcopy.copy import WorkingCopy
from ...workcopy.geometry import Box
from . import mappings


@dataclass(frozen=True)
class Finding:
    """One problem of one changed pilot. ``change`` is the key of its change, ``pilot`` its own."""

    table: str
    change: str
    pilot: str
    label: str
    problem: Problem

    @property
    def is_error(self) -> bool:
        return self.problem.severity == "error"


def findings(
    copy: WorkingCopy, changes: Sequence[Change], today: date, progress: Progress = SILENT
) -> tuple[Finding, ...]:
    """Errors and warnings of the pilots among ``changes``, the pilots with the gravest first. Any thread.

    A deleted pilot has none, nor has one that waits in the conflicts. Nothing is read where no pilot changed. What
    stands in the way of the border or of a whole layer is no reason not to publish. Raises `Cancelled`.
    """
    found: list[list[Finding]] = []
    border: list[bytes | None] = []
    for source in copy.sources:
        wanted = {
            change.twin_id or f"fid:{change.fid}": change
            for change in changes
            if change.table == source.table and change.kind != "delete" and not change.conflict
        }
        mapping = mappings.of_source(source) if wanted else None
        if mapping is None or pilots_source(copy, mapping).table != source.table:
            continue
        try:
            pilots = read_pilots(copy, mapping)
        except CityTwinError:
            continue  # the publish itself says what is wrong with the layer
        border = border or [_border(copy)]
        boxes = {pilot.key: box_of_shape(shape_of(pilot.wkb)) for pilot in pilots}
        todo = [pilot for pilot in pilots if pilot.key in wanted]
        for index, pilot in enumerate(todo):
            look(progress)
            progress.report(index, len(todo), tr("Checking {label}", label=pilot.label))
            near = [other for other in pilots if _meet(boxes[pilot.key], boxes[other.key])]
            around = Surroundings(near, border[0])
            told = [
                Finding(source.table, wanted[pilot.key].key, pilot.key, pilot.label, problem)
                for problem in check(pilot, around, today)
                if problem.severity != "notice"
            ]
            found.extend([told] if told else [])
    found.sort(key=lambda told: SEVERITIES.index(told[0].problem.severity))
    return tuple(one for told in found for one in told)


def _meet(one: Box | None, other: Box | None) -> bool:
    """Boxes of one layer: what is far away need not be cut with each other."""
    if one is None or other is None:
        return False
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def _border(copy: WorkingCopy) -> bytes | None:
    try:
        return read_municipality(copy)
    except CityTwinError:
        return None
