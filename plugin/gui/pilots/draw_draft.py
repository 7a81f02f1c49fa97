"""The area that is being drawn, without a window: its states, what the checks say of it live, and what comes next."""

from __future__ import annotations

from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...map import tasks
from ...pilots import checks
from ...pilots.checks import Surroundings
from ...pilots.problems import Problem
from ...pilots.record import Pilot
from ...text import tr, trn
from ...twin.errors import CityTwinError
from .draw_area import How, Step, Verdict, judge, multi, same

_WAIT = 40  # ms: corners that come faster are checked together
_QUICK = 0.020  # seconds that a check may take in the main thread


class Draft(QObject):
    """Main thread. ``changed()``: what there is to show may be another. ``failed(CityTwinError)``: something was not
    done, and the area is as it was.

    A check runs in the main thread only where the last one took less than 20 ms for an area not much simpler.
    """

    changed = pyqtSignal()
    failed = pyqtSignal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._given = Pilot()
        self._around = Surroundings()
        self._steps: list[Step] = [Step()]
        self._at = 0
        self._sketch: bytes | None = None
        self._avoid = False
        self.how = How.REPLACE
        self.verdict = Verdict(Pilot(), None)
        self._question = 0  # the newest that was asked
        self._answered = 0
        self._mending = False
        self._task: tasks.TaskHandle | None = None
        self._measured = (0, 0.0)  # bytes of the area that was last checked, and the seconds it took
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WAIT)
        self._timer.timeout.connect(self._check)

    # -- questions

    @property
    def has_area(self) -> bool:
        """Whether there is an area, a sketch not counted."""
        return self._step.base is not None or self._step.piece is not None

    @property
    def checking(self) -> bool:
        """Whether the verdict is of what was before, or the area is being mended."""
        return self._answered < self._question or self._mending

    @property
    def can_undo(self) -> bool:
        return self._at > 0

    @property
    def can_redo(self) -> bool:
        return self._at + 1 < len(self._steps)

    @property
    def avoid(self) -> bool:
        return self._avoid

    @property
    def notes(self) -> tuple[str, ...]:
        """What came with the area: of what it was taken, what was left out, what could not be avoided."""
        return (*self._step.notes, *((self.verdict.note,) if self.verdict.note else ()))

    def hindrance(self) -> str:
        """Why one cannot go on; "" where one can."""
        if self._sketch is not None:
            return tr("Finish the outline first.")
        if self.checking:
            return tr("The area is being checked.")
        if self.verdict.pilot.wkb is None:
            return tr("There is no area yet.")
        if self.verdict.errors:
            return trn("{n} error has to be solved first.", "{n} errors have to be solved first.", self.verdict.errors)
        return ""

    def outcome(self) -> Pilot:
        """The pilot with its area as it is now; as it was given where nothing was changed."""
        found = self.verdict.pilot
        if found.wkb == self._given.wkb:
            return self._given
        return checks.with_outline(self._given, multi(found.wkb), self._given.srid)

    def unfinished(self) -> bytes | None:
        """The area as it is now, a sketch included, unchecked; None where it is as it was given."""
        area = self._asked().area()
        return area if area != self._given.wkb else None

    # -- what one does

    def begin(self, pilot: Pilot, around: Surroundings, left: bytes | None = None) -> None:
        """Draw the area of ``pilot``. ``left``: an area that was left unfinished before, to go on with."""
        self.end()
        self._given, self._around = pilot, around
        self._measured = (0, 0.0)
        self._steps = [Step(pilot.wkb)]
        self.how = How.REPLACE
        self.verdict = Verdict(pilot, pilot.wkb)
        if left is not None and left != pilot.wkb:
            self._steps.append(Step(left, notes=(tr("This is the area that you had begun before."),)))
        self._at = len(self._steps) - 1
        self._ask()

    def end(self) -> None:
        """Forget it all; nothing is told any more."""
        self._timer.stop()
        if self._task is not None:
            self._task.cancel()
        self._question += 1
        self._answered = self._question
        self._mending = False
        self._given, self._around = Pilot(), Surroundings()
        self._steps, self._at, self._sketch = [Step()], 0, None
        self.verdict = Verdict(Pilot(), None)
        self.changed.emit()

    def set_around(self, around: Surroundings) -> None:
        """Other pilots than before."""
        if around != self._around:
            self._around = around
            self._measured = (0, 0.0)
            self._ask()

    def set_avoid(self, avoid: bool) -> None:
        """Leave their ground to the other pilots, or not."""
        if avoid != self._avoid:
            self._avoid = avoid
            self._ask()

    def set_how(self, how: How) -> None:
        """What the next piece does to the area."""
        self.how = how
        self._ask() if self._sketch is not None else self.changed.emit()

    def sketch(self, wkb: bytes | None) -> None:
        """The outline that is being drawn, as far as it has come; None without."""
        if wkb != self._sketch:
            self._sketch = wkb
            self._ask()

    def put(self, wkb: bytes, notes: tuple[str, ...] = ()) -> None:
        """A finished piece: it replaces the area, is added to it or cut out of it, as `how` says."""
        self._sketch = None
        how = self.how if self.has_area else How.REPLACE
        self._push(Step(None if how is How.REPLACE else self._base(), wkb, how, notes))

    def fix(self, problem: Problem) -> None:
        """Mend the area as the problem's own fix does."""
        if self.checking or problem not in self.verdict.problems:
            return
        before = self.verdict
        if before.seconds < _QUICK:
            try:
                pilot = checks.mended(before.pilot, problem)
            except CityTwinError as error:
                self.failed.emit(error)
                return
            self._fixed(before, pilot)
            return
        self._mending = True
        tasks.run(
            tr("Mending the outline"),
            lambda _progress: checks.mended(before.pilot, problem),
            done=lambda pilot: self._fixed(before, pilot),
            failed=lambda error: self._not_fixed(before, error),
            parent=self,
        )
        self.changed.emit()

    def undo(self) -> None:
        """The area before the last change."""
        if self.can_undo:
            self._at -= 1
            self._ask()

    def redo(self) -> None:
        """What was undone last."""
        if self.can_redo:
            self._at += 1
            self._ask()

    # -- inside

    @property
    def _step(self) -> Step:
        return self._steps[self._at]

    def _asked(self) -> Step:
        """What there is to be checked."""
        if self._sketch is None:
            return self._step
        how = self.how if self.has_area else How.REPLACE
        return Step(None if how is How.REPLACE else self._base(), self._sketch, how)

    def _base(self) -> bytes | None:
        """The area without the sketch; put together now where no verdict came meanwhile."""
        area = self._step.area()
        self._settle(self._step, area)
        return area

    def _settle(self, step: Step, area: bytes | None) -> None:
        """What a step comes to is worked out once."""
        if self._step is step and not step.plain:
            self._steps[self._at] = Step(area, notes=step.notes)

    def _push(self, step: Step) -> None:
        self._steps[self._at + 1 :] = [step]
        self._at += 1
        self._ask()

    def _fixed(self, before: Verdict, pilot: Pilot) -> None:
        if self.verdict is not before:
            return
        self._mending = False
        if same(multi(pilot.wkb), multi(before.whole)):
            why = tr("This comes from avoiding overlaps. Switch Avoid Overlaps off to change it.")
            self._not_fixed(before, CityTwinError(why))
            return
        self._push(Step(multi(pilot.wkb)))

    def _not_fixed(self, before: Verdict, error: CityTwinError) -> None:
        if self.verdict is before:
            self._mending = False
            self.failed.emit(error)
            self.changed.emit()

    def _ask(self) -> None:
        self._question += 1
        if not self._timer.isActive():
            self._timer.start()
        self.changed.emit()

    def _check(self) -> None:
        if self._task is not None and self._task.running:
            return  # its end asks anew
        step, question = self._asked(), self._question
        given, around, avoid = self._given, self._around, self._avoid
        weight = len(step.base or b"") + len(step.piece or b"")
        if self._is_quick(weight):
            self._answer(question, step, weight, judge(given, step, around, avoid))
            return
        self._task = tasks.run(
            tr("Checking the area"),
            lambda _progress: judge(given, step, around, avoid),
            done=lambda verdict: self._answer(question, step, weight, verdict),
            failed=self._unforeseen,
            cancelled=self._again,
            parent=self,
            hidden=True,
        )

    def _is_quick(self, weight: int) -> bool:
        """Whether an area of so many bytes is surely checked in a moment, by what the last one took."""
        before, seconds = self._measured
        return 2 * before >= weight and seconds * max(1.0, weight / before if before else 1.0) < _QUICK

    def _answer(self, question: int, step: Step, weight: int, verdict: Verdict) -> None:
        self._task = None
        if question > self._answered:
            self._answered = question
            self._measured = (weight, verdict.seconds)
            self._settle(step, verdict.whole)
            self.verdict, self._mending = verdict, False
        if question < self._question:
            self._again()
        self.changed.emit()

    def _again(self) -> None:
        self._task = None
        if self.checking and not self._timer.isActive():
            self._timer.start()

    def _unforeseen(self, error: CityTwinError) -> None:
        self._task = None
        self.failed.emit(error)
