"""Publishing without a window: which twin, the message, what stands in the way, the run itself and its report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..map import network, protection, tasks
from ..map.connections import Connection
from ..map.flush import flush
from ..map.pilots.findings import Finding, findings
from ..review.publishing import PhotosSent, publish_with_photos
from ..text import tr, trn
from ..twin.client import Twin
from ..twin.errors import AccessDenied, CityTwinError
from ..twin.progress import Progress
from ..workcopy.changes import Change
from ..workcopy.copy import WorkingCopy
from ..workcopy.publish import PublishReport
from ..workcopy.recovery import release
from ..workcopy.validate import Problem, validate
from . import csv_file
from .change_words import kind_word, name_of, state_word
from .publish_gate import PilotGate
from .publish_targets import OnConflict, Target, on_conflict, remember, remember_on_conflict, targets_of

Phase = Literal["checking", "ready", "publishing", "report"]
_DENIED = (401, 403, 407)


@dataclass(frozen=True)
class ReportRow:
    """What became of one change, in words."""

    change: Change
    layer: str
    state: str  # published, clash, failed, held, unsent
    what: str  # New, Changed, Deleted
    words: str


class PublishPresenter(QObject):
    """One publish of one working copy. ``before_writing`` is asked right before anything is sent: False prevents it.

    ``after_writing`` is called once the file was written. Phases: checking → ready → publishing → report; a failure
    that prevents publishing altogether leads back to ready, with ``error``.
    """

    changed = pyqtSignal()  # something else is to be shown
    progressed = pyqtSignal(int, object, str)  # done, total or None, sentence

    def __init__(
        self,
        copy: WorkingCopy,
        *,
        before_writing: Callable[[], bool] = lambda: True,
        after_writing: Callable[[], None] = lambda: None,
        open_twin: Callable[[Connection, Progress], Twin] = network.open_twin,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.copy = copy
        self.phase: Phase = "checking"
        self._released: set[str] = set()
        self.targets: tuple[Target, ...] = ()
        self.target: Target | None = None
        self.message = ""
        self.problems: tuple[Problem, ...] = ()
        self.report: PublishReport | None = None
        self.error = ""
        self.photos = ""  # what became of the photos of review items, where something is to be told
        self.on_conflict: OnConflict = on_conflict()
        self.expectation: tuple[str, str] | None = None  # how the twin protects: a sentence and its kind
        self._asked: dict[str, tuple[str, str]] = {}  # the same by the twin's address
        self._asking: tasks.TaskHandle | None = None
        self._changes: tuple[Change, ...] = ()
        self._found: tuple[Problem, ...] = ()
        self.gate = PilotGate()
        self._pilots: tuple[Finding, ...] = ()
        self._before, self._after, self._open_twin = before_writing, after_writing, open_twin
        self._handle: tasks.TaskHandle | None = None

    # -- before ------------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Read the changes and look for problems, in a task."""
        self.phase, self.error, self.report = "checking", "", None
        copy = self.copy

        def work(progress: Progress) -> tuple[list[Change], list[Problem], tuple[Finding, ...]]:
            changes = [
                change
                for source in copy.sources
                if source.table not in copy.problems
                for change in copy.changes(source.table)
            ]
            return changes, validate(copy, changes, progress), findings(copy, changes, date.today(), progress)

        self._start(tr("Checking changes"), work, self._checked)
        self.changed.emit()

    def _checked(self, found: tuple[list[Change], list[Problem], tuple[Finding, ...]]) -> None:
        self._changes, self._found, self._pilots = tuple(found[0]), tuple(found[1]), found[2]
        self.targets = targets_of(self.copy, self._changes)
        self.phase = "ready"
        before = self.target.url if self.target else ""
        same = next((target for target in self.targets if target.url == before), None)
        self._choose(same or (self.targets[0] if self.targets else None))

    def choose(self, url: str) -> None:
        """Publish to the twin at ``url``, one of the targets."""
        self._choose(next((target for target in self.targets if target.url == url), self.target))

    def _choose(self, target: Target | None) -> None:
        self.target = target
        self.problems = tuple(p for p in self._found if target is not None and p.table in target.tables)
        self.gate.show(self._pilots, target.tables if target else (), {problem.key for problem in self.problems})
        self._ask_protection()
        self.changed.emit()

    def _ask_protection(self) -> None:
        """Ask the twin how it protects, unless it was asked before."""
        target, open_twin = self.target, self._open_twin
        self.expectation = self._asked.get(target.url) if target else None
        if target is None or self.expectation is not None:
            return

        def tell(words: tuple[str, str]) -> None:
            self._asked[target.url] = words
            if self.target is not None and self.target.url == target.url:
                self.expectation = words
                self.changed.emit()

        self._asking = tasks.run(
            tr("Asking {twin}", twin=target.title),
            lambda progress: open_twin(target.connection, progress).capabilities(),
            done=lambda capabilities: tell(protection.will_be(capabilities)),
            failed=lambda error: tell((self._explained(error), "bad")),
            parent=self,
        )

    def choose_on_conflict(self, choice: OnConflict) -> None:
        """What happens to the rest where a change clashes."""
        self.on_conflict = choice
        remember_on_conflict(choice)

    def accept_errors(self, yes: bool) -> None:
        """Publish pilots with errors nevertheless, or rather not."""
        self.gate.accept(yes)
        self.changed.emit()

    def say(self, message: str) -> None:
        """The message that goes with the publish."""
        before = self.obstacle
        self.message = message
        if self.obstacle != before:
            self.changed.emit()

    @property
    def blocked(self) -> int:
        """How many changes have a problem."""
        return len({problem.key for problem in self.problems})

    def problems_by_key(self) -> dict[str, list[str]]:
        """What is wrong with which change of the working copy, for who marks them."""
        found: dict[str, list[str]] = {}
        for problem in self.report.problems if self.report else self._found:
            found.setdefault(problem.key, []).append(problem.message)
        return found

    @property
    def unresolved(self) -> int:
        """How many changes wait in the conflicts for a decision."""
        return self.target.counts.conflicts if self.target else 0

    @property
    def sendable(self) -> int:
        """How many changes have neither."""
        if self.target is None:
            return 0
        clashing = {c.key for c in self._changes if c.conflict and c.table in self.target.tables}
        return self.target.counts.total - len(clashing | {problem.key for problem in self.problems})

    @property
    def obstacle(self) -> str:
        """Why publishing cannot begin now, for the user; empty where it can."""
        if self.phase == "checking":
            return tr("The changes are being checked.")
        if self.target is None:
            return tr("There are no changes to publish.")
        if self.sendable == 0 and self.unresolved:
            return tr("Nothing can be sent before the conflicts are resolved.")
        if self.unresolved and self.on_conflict == "stop":
            return tr("Resolve the conflicts first, or choose to publish the rest without them.")
        if self.sendable == 0:
            return tr("Every change has a problem. Mend them first, then publish again.")
        if self.gate.obstacle:
            return self.gate.obstacle
        if not self.message.strip():
            return tr("Write a message that tells others what you changed and why.")
        return ""

    # -- publishing --------------------------------------------------------------------------------------------------

    def publish(self) -> bool:
        """Send what has no problem. Returns False where it cannot begin."""
        target = self.target
        if self.phase != "ready" or self.obstacle or target is None or not self._before():
            return False
        remember(self.message)
        self.phase, self.error, self.photos = "publishing", "", ""
        if self._asking is not None:
            self._asking.cancel()
        message, copy, open_twin, choice = self.message.strip(), self.copy, self._open_twin, self.on_conflict

        def work(progress: Progress) -> tuple[PublishReport, PhotosSent]:
            twin = open_twin(target.connection, progress)
            done = publish_with_photos(copy, twin, message, progress=progress, on_conflict=choice)
            flush(copy.path)
            return done

        self._start(tr("Publishing to {twin}", twin=target.title), work, self._published)
        self.changed.emit()
        return True

    def cancel(self) -> None:
        """Stop after the change that is on its way. What was published stays so."""
        for handle in (self._handle, self._asking):
            if handle is not None:
                handle.cancel()

    @property
    def busy(self) -> bool:
        return self.phase in ("checking", "publishing")

    def _published(self, done: tuple[PublishReport, PhotosSent]) -> None:
        self.report, photos = done
        self.photos = " ".join(filter(None, (photos.stopped, *photos.notes)))
        self.phase = "report"
        self._after()
        self.changed.emit()

    def _start(self, words: str, work: Callable[[Progress], object], done: Callable[..., None]) -> None:
        self._handle = tasks.run(
            words,
            work,
            done=done,
            failed=self._failed,
            cancelled=self._cancelled,
            progress=self.progressed.emit,
            note=lambda text: self.progressed.emit(0, None, text),
            parent=self,
        )

    def _failed(self, error: CityTwinError) -> None:
        publishing = self.phase == "publishing"
        self.phase = "ready"
        self.error = self._explained(error)
        if publishing:
            self._after()
        self.changed.emit()

    def _cancelled(self) -> None:
        publishing = self.phase == "publishing"
        self.phase = "ready"
        if publishing:
            self.error = tr("Cancelled. Nothing was sent.")
            self._after()
        self.changed.emit()

    def _explained(self, error: CityTwinError) -> str:
        return f"{error.message} {self._no_credentials()}".strip() if isinstance(error, AccessDenied) else error.message

    def _no_credentials(self) -> str:
        if self.target is None or self.target.saved:
            return ""
        return tr(
            "There is no saved connection to {url}, so the twin was asked without credentials. Save one with your "
            "authentication configuration, then publish again.",
            url=self.target.url,
        )

    # -- creates that are held back ----------------------------------------------------------------------------------

    def may_release(self, row: ReportRow) -> bool:
        """Whether a line is a create that may have arrived, so that only the user can say whether to send it again."""
        return row.state == "held" and row.change.twin_id is None and row.change.key not in self._released

    def release(self, changes: Sequence[Change]) -> None:
        """The user looked, and they are not on the twin: the next publish sends them."""
        copy = self.copy

        def done(_count: int) -> None:
            self._released.update(change.key for change in changes)
            self.changed.emit()

        self._start(tr("Noting what to send again"), lambda _progress: release(copy, changes), done)

    # -- the report --------------------------------------------------------------------------------------------------

    def rows(self, state: str = "", most: int | None = None) -> list[ReportRow]:
        """The report's lines (of one state; the first ``most``), what needs attention first."""
        order = {"clash": 0, "held": 1, "failed": 2, "unsent": 3, "published": 4}
        titles = {source.table: source.title or source.table for source in self.copy.sources}
        kinds = {kind: kind_word(kind) for kind in ("insert", "update", "delete")}
        released = released_words()
        outcomes = [one for one in (self.report.outcomes if self.report else ()) if not state or one.state == state]
        outcomes.sort(key=lambda outcome: order[outcome.state])
        return [
            ReportRow(
                outcome.change,
                titles.get(outcome.change.table, outcome.change.table),
                outcome.state,
                kinds[outcome.change.kind],
                released if outcome.change.key in self._released else outcome.message,
            )
            for outcome in outcomes[:most]
        ]

    def counted(self) -> dict[str, int]:
        """How many changes ended in each state."""
        return dict(Counter(outcome.state for outcome in self.report.outcomes)) if self.report else {}

    @property
    def headline(self) -> str:
        """The report in one sentence."""
        if self.report is None:
            return ""
        done, left = self.report.published, len(self.report.outcomes) - self.report.published + self.report.remaining
        if not done and not left:
            return tr("There was nothing left to publish.")
        if not left:
            return trn("Your change was published.", "All {n} changes were published.", done)
        if not done:
            return trn(
                "Nothing was published. {n} change stays in the working copy.",
                "Nothing was published. {n} changes stay in the working copy.",
                left,
            )
        first = trn("{n} change was published.", "{n} changes were published.", done)
        rest = trn("{n} change stays in the working copy.", "{n} changes stay in the working copy.", left)
        return f"{first} {rest}"

    @property
    def stopped(self) -> str:
        """Why it ended before the last change, with what to do about it; empty where it did not."""
        if self.report is None or not self.report.stopped:
            return ""
        denied = any(outcome.status in _DENIED for outcome in self.report.outcomes)
        return f"{self.report.stopped} {self._no_credentials() if denied else ''}".strip()

    @property
    def protected(self) -> str:
        """How it was protected; empty where nothing went out."""
        return protection.was(self.report) if self.report is not None and self.report.published else ""

    def as_table(self) -> list[list[str]]:
        """The report as rows of texts, headings first."""
        head = [tr("Result"), tr("Layer"), tr("Feature"), tr("Id"), tr("Change"), tr("Explanation")]
        return [
            head,
            *(
                [state_word(row.state), row.layer, name_of(row.change), row.change.twin_id or "", row.what, row.words]
                for row in self.rows()
            ),
        ]

    def as_text(self) -> str:
        """The report for the clipboard: the headline, then tab-separated rows."""
        top = [text for text in (self.headline, self.stopped, self.protected) if text]
        return "\n".join([*top, "", *("\t".join(" ".join(cell.split()) for cell in row) for row in self.as_table())])

    def save_csv(self, path: Path) -> None:
        """Write the report as CSV (UTF-8 with a mark, so that spreadsheets read it). Raises `CityTwinError`."""
        csv_file.write(path, self.as_table())


def released_words() -> str:
    return tr("It is sent with the next publish.")
