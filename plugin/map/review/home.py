"""Packages come home into a working copy that the project may show: one after the other, and never under an edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from qgis.core import QgsVectorLayer
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...review.receive import Summary, receive
from ...text import tr
from ...twin.errors import CityTwinError
from ...twin.progress import SILENT, Progress
from ...workcopy.copy import WorkingCopy
from .. import layers as map_layers
from .. import tasks
from ..flush import flush
from ..held import Held
from ..pilots.combining import open_copy
from ..writers import Writers

Phase = Literal["ready", "waiting", "merging", "over"]
_LOOK = 250  # ms between two looks whether somebody still edits


def merge_review(copy: WorkingCopy, package: Path, progress: Progress = SILENT) -> Summary:
    """Merge the package at ``package`` into ``copy``. Any thread. Raises as `receive`."""
    return receive(copy, package, progress)


class Sessions(Protocol):
    """The edit sessions on a working copy."""

    problem: str

    def unsaved(self) -> list[QgsVectorLayer]:
        """The layers with edits that are not saved."""

    def drawn_in(self) -> QgsVectorLayer | None:
        """The layer in which something is being drawn."""

    def end(self) -> bool:
        """Save, and end them for a while."""

    def resume(self) -> None:
        """Begin them again."""


@dataclass(frozen=True)
class Editing:
    """What a merge waits for: what somebody else does with the file (a sentence), layers with unsaved edits, and one in
    which something is being drawn."""

    unsaved: tuple[str, ...] = ()
    drawing: str = ""
    others: str = ""

    def __bool__(self) -> bool:
        return bool(self.unsaved or self.drawing or self.others)


@dataclass(frozen=True)
class Came:
    """What became of one package: what it brought, or why nothing was taken."""

    path: Path
    summary: Summary | None = None
    error: CityTwinError | None = None


class HomeComing(QObject):
    """The packages ``paths`` come home to the working copy at ``copy``. Main thread.

    Nothing is written while another of ``writers`` is at work on the file, or one of its layers holds unsaved edits or
    is being drawn in: the phase is ``waiting`` then, and it goes on by itself once that is over (or by
    `save_and_go_on`). While it writes, no edit session can begin; sessions without unsaved edits are ended for the time
    of it. A package that cannot be taken does not hold up the others. ``over`` comes exactly once, unless `stop` came
    first.
    """

    changed = pyqtSignal()  # phase, or what it waits for
    progressed = pyqtSignal(int, object, str)
    came = pyqtSignal(object)  # Came, after each package
    over = pyqtSignal(bool)  # whether it was cancelled

    def __init__(
        self,
        copy: Path,
        paths: Sequence[Path],
        sessions: Sessions,
        writers: Writers,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.path = copy
        self.phase: Phase = "ready"
        self.editing = Editing()
        self.results: list[Came] = []
        self._todo = list(paths)
        self._sessions = sessions
        self._held = Held(copy)
        self._writers = writers
        self._turn = writers.turn(copy, tr("A field review is being merged into {file}.", file=copy.name))
        self._handle: tasks.TaskHandle | None = None
        self._touched: set[str] = set()
        self._copy: WorkingCopy | None = None
        self._look = QTimer(self)
        self._look.setInterval(_LOOK)
        self._look.timeout.connect(self._write_soon)

    @property
    def under_way(self) -> Path | None:
        """The package that is being merged, or waits for it."""
        return self._todo[0] if self._todo else None

    def start(self) -> None:
        """Begin."""
        self._write_soon()

    def cancel(self) -> None:
        """Stop. What came stays; of the package under way the next time brings the rest."""
        if self.phase in ("ready", "waiting"):
            self._end(cancelled=True)
        elif self._handle is not None:
            self._handle.cancel()

    def save_and_go_on(self) -> str:
        """Save the edits that it waits for. Returns why they could not be saved, "" where they were."""
        if self.phase == "waiting" and self._turn.begin():
            self._write(save=True)
            return self._sessions.problem
        return ""

    def stop(self) -> None:
        """The plugin is taken away: let the layers go, and say nothing more."""
        self._look.stop()
        if self._handle is not None:
            self._handle.cancel()
        if self.phase != "over":
            self.phase = "over"
            self._let_go()
            self._turn.end()

    # -- waiting -----------------------------------------------------------------------------------------------------

    def _write_soon(self) -> None:
        """Write now where nobody edits or writes, else look again later."""
        drawn = self._sessions.drawn_in()
        editing = Editing(
            tuple(layer.name() for layer in self._sessions.unsaved()),
            drawn.name() if drawn is not None else "",
            "" if self._turn.begin() else self._writers.doing(self.path),
        )
        if not editing:
            self._write()
            return
        if editing != self.editing or self.phase != "waiting":
            self.editing = editing
            self._go("waiting")
        if not self._look.isActive():
            self._look.start()

    def _write(self, save: bool = False) -> None:
        self._look.stop()
        if (save or not self._sessions.unsaved()) and self._sessions.end() and self._held.begin():
            self.editing = Editing()
            self._next()
            return
        self._let_go()  # edits that could not be saved, or an edit session that began just now
        self._look.start()

    # -- merging -----------------------------------------------------------------------------------------------------

    def _next(self) -> None:
        if not self._todo:
            self._show()
            return
        path, package = self.path, self._todo[0]

        def work(progress: Progress) -> tuple[WorkingCopy, Summary]:
            copy = open_copy(path)
            try:
                return copy, merge_review(copy, package, progress)
            finally:
                flush(path)

        self._handle = tasks.run(
            tr("Merging {file}", file=package.name),
            work,
            done=self._has_merged,
            failed=self._has_failed,
            cancelled=self._show_all,
            progress=self.progressed.emit,
            note=lambda text: self.progressed.emit(0, None, text),
            parent=self,
        )
        self._go("merging")

    def _has_merged(self, answer: tuple[WorkingCopy, Summary]) -> None:
        self._copy, summary = answer
        self._touched |= summary.touched
        self._tell(Came(self._todo[0], summary))

    def _has_failed(self, error: CityTwinError) -> None:
        self._tell(Came(self._todo[0], error=error))

    def _tell(self, came: Came) -> None:
        self._todo.pop(0)
        self.results.append(came)
        self.came.emit(came)
        if self.phase != "over":
            self._next()

    def _show(self) -> None:
        """The layers show what came; those of plain review items are no sources."""
        self._held.end()
        sources = self._copy.sources if self._copy is not None else ()
        wanted = [source for source in sources if source.table in self._touched]
        map_layers.reload_in_turns(self.path, wanted, (), self._end, plain=self._touched)

    def _show_all(self) -> None:
        """It was cancelled: part of a package may have come."""
        tables = {origin[1] for origin in map(map_layers.origin_of, map_layers.project_layers(self.path)) if origin}
        map_layers.reload_in_turns(self.path, (), (), lambda: self._end(cancelled=True), plain=tables)

    # -- ends --------------------------------------------------------------------------------------------------------

    def _let_go(self) -> None:
        self._held.end()
        self._sessions.resume()

    def _end(self, cancelled: bool = False) -> None:
        if self.phase == "over":
            return
        self._look.stop()
        self._let_go()
        self._turn.end()
        self._handle = None
        self._go("over")
        self.over.emit(cancelled)

    def _go(self, phase: Phase) -> None:
        self.phase = phase
        self.changed.emit()
