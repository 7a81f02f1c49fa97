"""Publishing without a window: which twin, the message, what stands in the way, the run itself and its report."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..map import connections, network, tasks
from ..map.connections import Connection
from ..text import tr, trn
from ..twin.client import Twin
from ..twin.errors import AccessDenied, CityTwinError
from ..twin.progress import Progress
from ..workcopy.changes import Change, Counts
from ..workcopy.copy import WorkingCopy
from ..workcopy.publish import PublishReport, publish
from ..workcopy.validate import Problem, validate
from .change_words import kind_word, name_of, state_word, tally

Phase = Literal["checking", "ready", "publishing", "report"]
_HISTORY = "citytwin/publish/messages"
_REMEMBERED = 12
_DENIED = (401, 403, 407)


@dataclass(frozen=True)
class Target:
    """One twin that a working copy holds changes for."""

    url: str
    title: str
    connection: Connection
    saved: bool  # False: nobody saved a connection to it, so it is asked without credentials
    tables: tuple[str, ...]
    counts: Counts


@dataclass(frozen=True)
class ReportRow:
    """What became of one change, in words."""

    change: Change
    layer: str
    state: str  # published, clash, failed, held
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
        self.targets: tuple[Target, ...] = ()
        self.target: Target | None = None
        self.message = ""
        self.problems: tuple[Problem, ...] = ()
        self.report: PublishReport | None = None
        self.error = ""
        self._changes: tuple[Change, ...] = ()
        self._found: tuple[Problem, ...] = ()
        self._before, self._after, self._open_twin = before_writing, after_writing, open_twin
        self._handle: tasks.TaskHandle | None = None

    # -- before ------------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Read the changes and look for problems, in a task."""
        self.phase, self.error, self.report = "checking", "", None
        copy = self.copy

        def work(progress: Progress) -> tuple[list[Change], list[Problem]]:
            changes = [
                change
                for source in copy.sources
                if source.table not in copy.problems
                for change in copy.changes(source.table)
            ]
            return changes, validate(copy, changes, progress)

        self._start(tr("Checking changes"), work, self._checked)
        self.changed.emit()

    def _checked(self, found: tuple[list[Change], list[Problem]]) -> None:
        self._changes, self._found = tuple(found[0]), tuple(found[1])
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
    def sendable(self) -> int:
        """How many changes have none."""
        return self.target.counts.total - self.blocked if self.target else 0

    @property
    def obstacle(self) -> str:
        """Why publishing cannot begin now, for the user; empty where it can."""
        if self.phase == "checking":
            return tr("The changes are being checked.")
        if self.target is None:
            return tr("There are no changes to publish.")
        if self.sendable == 0:
            return tr("Every change has a problem. Mend them first, then publish again.")
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
        self.phase, self.error = "publishing", ""
        message, copy, open_twin = self.message.strip(), self.copy, self._open_twin

        def work(progress: Progress) -> PublishReport:
            return publish(copy, open_twin(target.connection, progress), message, progress=progress)

        self._start(tr("Publishing to {twin}", twin=target.title), work, self._published)
        self.changed.emit()
        return True

    def cancel(self) -> None:
        """Stop after the change that is on its way. What was published stays so."""
        if self._handle is not None:
            self._handle.cancel()

    @property
    def busy(self) -> bool:
        return self.phase in ("checking", "publishing")

    def _published(self, report: PublishReport) -> None:
        self.report, self.phase = report, "report"
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
        self.error = error.message
        if isinstance(error, AccessDenied):
            self.error = f"{error.message} {self._no_credentials()}".strip()
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

    def _no_credentials(self) -> str:
        if self.target is None or self.target.saved:
            return ""
        return tr(
            "There is no saved connection to {url}, so the twin was asked without credentials. Save one with your "
            "authentication configuration, then publish again.",
            url=self.target.url,
        )

    # -- the report --------------------------------------------------------------------------------------------------

    def rows(self, state: str = "") -> list[ReportRow]:
        """The report's lines (of one state), what needs attention first."""
        order = {"clash": 0, "held": 1, "failed": 2, "published": 3}
        titles = {source.table: source.title or source.table for source in self.copy.sources}
        outcomes = self.report.outcomes if self.report else ()
        rows = [
            ReportRow(
                outcome.change,
                titles.get(outcome.change.table, outcome.change.table),
                outcome.state,
                kind_word(outcome.change.kind),
                outcome.message,
            )
            for outcome in outcomes
            if not state or outcome.state == state
        ]
        return sorted(rows, key=lambda row: order[row.state])

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
        top = [self.headline, *([self.stopped] if self.stopped else [])]
        return "\n".join([*top, "", *("\t".join(" ".join(cell.split()) for cell in row) for row in self.as_table())])

    def save_csv(self, path: Path) -> None:
        """Write the report as CSV (UTF-8 with a mark, so that spreadsheets read it). Raises `CityTwinError`."""
        buffer = io.StringIO(newline="")
        csv.writer(buffer).writerows([_harmless(cell) for cell in row] for row in self.as_table())
        try:
            with path.open("w", encoding="utf-8-sig", newline="") as stream:
                stream.write(buffer.getvalue())
        except OSError as error:
            raise CityTwinError(
                tr("{file} could not be written: {reason}.", file=path.name, reason=error.strerror or str(error))
            ) from error


def _harmless(cell: str) -> str:
    # a spreadsheet would run a feature's name that begins so as a formula
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def targets_of(copy: WorkingCopy, changes: Sequence[Change]) -> tuple[Target, ...]:
    """The twins that ``changes`` go to, the one with the most changes first."""
    by_url: dict[str, list[Change]] = {}
    url_of = {source.table: source.url for source in copy.sources}
    for change in changes:
        by_url.setdefault(url_of[change.table], []).append(change)
    targets = []
    for url, mine in by_url.items():
        sources = [source for source in copy.sources if source.url == url]
        known = connections.find_by_url(url)
        told = str(sources[0].capabilities.get("title") or "")
        title = known.name if known else told or url
        connection = known or Connection(told or url, url)
        tables = tuple(source.table for source in sources)
        targets.append(Target(url, title, connection, known is not None, tables, tally(mine)))
    return tuple(sorted(targets, key=lambda target: -target.counts.total))


def remembered() -> list[str]:
    """Earlier messages, the newest first."""
    found = QgsSettings().value(_HISTORY, [])
    found = [found] if isinstance(found, str) else found or []
    return [text for text in found if isinstance(text, str) and text]


def remember(message: str) -> None:
    """Keep a message for the next time."""
    message = message.strip()
    if message:
        QgsSettings().setValue(_HISTORY, [message, *(m for m in remembered() if m != message)][:_REMEMBERED])
