"""A pilot while it is described: the draft, what is wrong with it, where it can go, and what of it is not saved yet.

No window. Nothing is written: who opened the form takes `pilot` and saves it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from typing import Any

from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...map import tasks
from ...pilots import checks, stages
from ...pilots import schema as cols
from ...pilots.checks import Surroundings
from ...pilots.described import described_problems
from ...pilots.mapping import OURS, PilotMapping
from ...pilots.parts import StageChange
from ...pilots.problems import SEVERITIES, Problem
from ...pilots.record import Pilot
from ...pilots.stages import Move
from ...text import tr
from ...twin.errors import CityTwinError
from .form_columns import attribute
from .form_limits import limit_problems
from .form_renew import renewed

_PAUSE = 150  # ms without a change before the outline is looked at again


@dataclass(frozen=True)
class _Step:
    """A change of stage or a note that is not saved yet, and the stage as it was before."""

    entry: StageChange
    stage: str
    stop_reason: str


class DialogPresenter(QObject):
    """One pilot being described. Main thread; the outline is checked in a task.

    ``changed(column)``: a value is another now, "" for any of them. ``problems_changed()``: `problems` are known anew.
    """

    changed = pyqtSignal(str)
    problems_changed = pyqtSignal()

    def __init__(
        self,
        pilot: Pilot,
        around: Surroundings,
        today: date,
        *,
        mapping: PilotMapping = OURS,
        columns: Collection[str] | None = None,
        read_only: str = "",
        parent: QObject | None = None,
    ) -> None:
        """``columns``: those of ours that the layer has, None for those of the pilot's row. ``read_only``: a sentence
        why nothing can be changed."""
        super().__init__(parent)
        self.today = today
        self.read_only = read_only
        self.is_new = pilot.fid is None and pilot.twin_id is None
        self._opened = pilot
        self._around = around
        self._mapping = mapping
        self._columns = columns if columns is not None else _columns_of(pilot, mapping)
        self._pilot = pilot if read_only or not self.is_new else stages.begun(pilot, at=today)
        self._first = self._pilot
        self._steps: list[_Step] = []
        self._troubles: dict[str, Problem] = {}
        self._outline: list[Problem] = []
        self._seen: object = None  # what of the pilot the outline's problems were worked out from
        self._checking: tasks.TaskHandle | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE)
        self._timer.timeout.connect(self._check_outline)
        self.start()

    def start(self) -> None:
        """Check, where that was not done or was stopped."""
        if self._seen != self._key():
            self._timer.start(0)

    def stop(self) -> None:
        """Check no more."""
        self._timer.stop()
        if self._checking is not None:
            self._checking.cancel()

    # -- the draft

    @property
    def pilot(self) -> Pilot:
        """As it is described now."""
        return self._pilot

    @property
    def dirty(self) -> bool:
        """Whether something would be lost. A new pilot that was drawn is something."""
        return self._pilot != self._first or bool(self._troubles) or (self.is_new and self._opened.wkb is not None)

    def value(self, column: str) -> Any:
        """What the draft holds in one of our columns."""
        return getattr(self._pilot, attribute(column))

    def set(self, column: str, value: Any) -> None:
        """Another value in one of our columns: text, a word, a date or None, a number or None, or a tuple of parts."""
        value = value.strip() if isinstance(value, str) else value
        if value == self.value(column) or not self.can_edit(column):
            return
        changes: dict[str, Any] = {attribute(column): value}
        self._put(replace(self._pilot, **changes), column)

    def can_edit(self, column: str) -> bool:
        """Whether the layer takes other values of a column."""
        return not self.read_only and self.has(column)

    def has(self, column: str) -> bool:
        """Whether the twin has a place for a column."""
        return self._columns is None or column in self._columns

    def renew(self, now: Pilot, around: Surroundings | None = None) -> tuple[str, ...] | None:
        """Somebody else changed the pilot, to ``now``: go on from there. The columns that both changed otherwise, where
        the draft's stay; None where it was not changed."""
        if around is not None:
            self._around, self._seen = around, None
        if self.is_new or (now == self._opened and now.row == self._opened.row):
            self.start()
            return None
        told = now != self._opened  # and not only what nobody sees, such as the twin's token
        draft, clashes = renewed(self._opened, self._pilot, now)
        self._opened = self._first = now
        self._put(draft)
        self.start()
        return clashes if told else None

    def required(self, column: str) -> bool:
        """Whether the present stage asks for a column."""
        if column == cols.BUDGET:
            return False  # the band can be told where the sum may not
        return column in stages.asked_by(self._pilot.stage)

    def is_unreadable(self, column: str) -> bool:
        """Whether a column held text that cannot be read before anybody filled it in here."""
        return column in self._opened.unreadable

    def raw(self, column: str) -> str:
        """The text of a column that cannot be read; "" where it can, or was replaced. It is kept."""
        if not self.is_unreadable(column):
            return ""
        found = self._opened.row.get(self._mapping.column(column))
        return found if isinstance(found, str) else "" if found is None else repr(found)

    # -- stage and history

    def moves(self) -> tuple[Move, ...]:
        """Where it can go."""
        return () if not self.can_edit(cols.STAGE) else stages.moves(self._pilot)

    def move(self, stage: str, day: date, reason: str = "", by: str = "") -> None:
        """Go to another stage; it is kept in the history. Raises `StageRefused`."""
        before = self._pilot
        self._step(before, stages.moved(before, stage, at=self._moment(day), reason=reason, by=by))

    def note(self, text: str, day: date, by: str = "") -> None:
        """A sign of life. Raises `StageRefused`."""
        before = self._pilot
        self._step(before, stages.noted(before, text, at=self._moment(day), by=by))

    @property
    def last_step(self) -> StageChange | None:
        """The latest of the changes and notes that are not saved yet."""
        return self._steps[-1].entry if self._steps else None

    def unsaved(self, entry: StageChange) -> bool:
        """Whether an entry of the history was made in this form."""
        return entry not in self._opened.history

    def take_back(self) -> None:
        """Undo `last_step`; what else was filled in since stays."""
        if not self._steps:
            return
        step = self._steps.pop()
        history = list(self._pilot.history)
        # its texts may have been mended since
        made = (step.entry.at, step.entry.new, step.entry.old)
        found = [one for one in history if (one.at, one.new, one.old) == made]
        if found:
            history.remove(found[-1])
        self._put(replace(self._pilot, stage=step.stage, stop_reason=step.stop_reason, history=tuple(history)))

    def earliest_day(self) -> date:
        """Changes are kept in their order: no new one comes before the last."""
        days = [change.day for change in self._pilot.history if change.day is not None and change.day <= self.today]
        return max(days, default=date(1990, 1, 1))

    def _step(self, before: Pilot, after: Pilot) -> None:
        new, old = after.history, before.history
        added = next(one for one in reversed(new) if new.count(one) > old.count(one))
        self._steps.append(_Step(added, before.stage, before.stop_reason))
        self._put(after)

    def _moment(self, day: date) -> date | datetime:
        """The day; behind a change of that day which has a time, a time, too."""
        last = max((change.at for change in self._pilot.history if change.day == day), default="")
        if "T" not in last:
            return day
        now = datetime.now(timezone.utc).replace(microsecond=0)
        try:
            after = datetime.fromisoformat(last.replace("Z", "+00:00")).astimezone(timezone.utc) + timedelta(seconds=1)
        except ValueError:
            return now if now.date() == day else day
        return now if now.date() == day and now > after else after

    # -- problems

    def problems(self) -> list[Problem]:
        """What is wrong as far as it is known, the gravest first."""
        found = [*self._outline, *self._troubles.values(), *limit_problems(self._pilot)]
        found += described_problems(self._pilot, self.today)
        return sorted(found, key=lambda one: SEVERITIES.index(one.severity))

    @property
    def checking(self) -> bool:
        """Whether the outline's problems are those of the draft as it was."""
        return self._timer.isActive() or (self._checking is not None and self._checking.running)

    def fix(self, problem: Problem) -> None:
        """Mend it. Raises `CityTwinError` where that can no longer be done."""
        mended = checks.mended(self._pilot, problem)
        if mended == self._pilot:
            raise CityTwinError(tr("There was nothing left to mend."))
        self._put(mended)

    def trouble(self, column: str, sentence: str) -> None:
        """What somebody typed that cannot be kept in a column; "" when it is over."""
        if not sentence and self._troubles.pop(column, None) is None:
            return
        if sentence:
            self._troubles[column] = Problem("not-kept", "error", column, sentence, pilot=self._pilot.key)
        self.problems_changed.emit()

    def _put(self, pilot: Pilot, column: str = "") -> None:
        gone = [name for name in self._opened.unreadable if _answered(pilot, self._opened, name)]
        still = tuple(name for name in self._opened.unreadable if name not in gone)
        self._pilot = replace(pilot, unreadable=still)
        self.changed.emit(column)
        self.problems_changed.emit()
        if self._key() != self._seen:
            self._timer.start(_PAUSE)

    def _key(self) -> object:
        """All that the problems of an outline depend on."""
        one = self._pilot
        return one.wkb, one.srid, one.stage, one.start, one.end

    def _check_outline(self) -> None:
        if self._checking is not None and self._checking.running:
            self._timer.start(_PAUSE)
            return
        pilot, around, key = self._pilot, self._around, self._key()

        def done(found: list[Problem]) -> None:
            self._outline, self._seen = found, key
            self.problems_changed.emit()
            if self._key() != key:
                self._timer.start(_PAUSE)

        def failed(error: CityTwinError) -> None:
            done([Problem("not-checked", "error", "geom", str(error), pilot=pilot.key)])

        self._checking = tasks.run(
            tr("Checking {label}", label=pilot.label),
            lambda _progress: checks.check_outline(pilot, around),
            done=done,
            failed=failed,
            parent=self,
            hidden=True,
        )


def _answered(pilot: Pilot, before: Pilot, column: str) -> bool:
    """Whether a column that could not be read has something in its place."""
    name = attribute(column)
    if column in (cols.START, cols.END):
        return bool(getattr(pilot, name))
    return bool(getattr(pilot, name)) and getattr(pilot, name) != getattr(before, name)


def _columns_of(pilot: Pilot, mapping: PilotMapping) -> Collection[str] | None:
    """Our columns that the row of a pilot has; None, for all, where it was not read from a row."""
    if not pilot.row:
        return None
    return {one.name for one in cols.schema().properties if mapping.column(one.name) in pilot.row}
