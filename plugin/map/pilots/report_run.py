"""Making a report from beginning to end: gathered and worded in its own language, told about in the user's.

Any thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ...pilots.fading import RULES, Rules
from ...pilots.figures import Sensor
from ...pilots.mapping import OURS, PilotMapping
from ...pilots.record import Pilot
from ...text import in_language, tr
from ...twin.progress import SILENT, Progress
from ...workcopy.copy import WorkingCopy
from .report import Report, Wanted, gather
from .report_page import compose
from .report_parts import Page


@dataclass(frozen=True)
class Order:
    """A report to be made. ``others``: the other pilots, None for those in the file; ``sensors``: None where nobody
    said where they are; ``unsaved``: whether ``pilot`` holds edits that are not in the file yet."""

    copy: WorkingCopy
    pilot: Pilot
    wanted: Wanted
    today: date
    mapping: PilotMapping = OURS
    others: Sequence[Pilot] | None = None
    sensors: Sequence[Sensor] | None = None
    unsaved: bool = False
    rules: Rules = RULES


def make(order: Order, progress: Progress = SILENT) -> tuple[Report, Page]:
    """What is told, and the page that tells it. Raises `NoPilots`, `Cancelled`, `CityTwinError`."""
    steps = (tr("Working out the figures"), tr("Laying out the page"))
    unknown = tr("There are no texts in the language {language} here: the report is in English.",
                 language=order.wanted.language)  # fmt: skip
    with in_language(order.wanted.language) as known:
        if not known:
            progress.note(unknown)
        report = gather(
            order.copy,
            order.pilot,
            order.wanted,
            today=order.today,
            mapping=order.mapping,
            others=order.others,
            sensors=order.sensors,
            unsaved=order.unsaved,
            rules=order.rules,
            progress=_Told(progress, steps[0]),
        )
        return report, compose(report, _Told(progress, steps[1]))


class _Told:
    """A `Progress` that says one sentence, whatever is reported: what is reported is in the report's language."""

    def __init__(self, progress: Progress, text: str) -> None:
        self._progress = progress
        self._text = text
        progress.report(0, None, text)

    def cancelled(self) -> bool:
        return self._progress.cancelled()

    def report(self, done: int, total: int | None, text: str) -> None:
        self._progress.report(done, total, self._text)

    def note(self, text: str) -> None:
        self._progress.note(text)
