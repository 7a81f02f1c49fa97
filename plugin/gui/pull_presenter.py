"""Pulling one working copy without a window: ask its twins, wait until nobody edits, write, show the layers anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ..map import layers as map_layers
from ..map import network, tasks
from ..map.connections import Connection
from ..map.flush import flush
from ..map.held import Held
from ..map.pilots.combining import open_copy
from ..map.twins import Origin, origins_of
from ..text import tr
from ..twin.client import Twin
from ..twin.errors import AccessDenied, Cancelled, CityTwinError
from ..twin.progress import Progress
from ..workcopy.copy import WorkingCopy
from ..workcopy.pull import Fetched, LayerPull, PullReport, Stale, apply, fetch
from .edit_sessions import EditSessions

Phase = Literal["ready", "fetching", "waiting", "applying", "over"]
OpenTwin = Callable[[Connection, Progress], Twin]

_LOOK = 250  # ms between two looks whether somebody still edits
_TRIES = 3  # times that a twin is asked again because the file was published or pulled in between


@dataclass(frozen=True)
class Failure:
    """A twin that could not be pulled from; its layers are as they were."""

    origin: Origin
    error: CityTwinError


@dataclass(frozen=True)
class PullResult:
    """What became of a pull. ``since``: when the twins were last asked for everything before it, UTC."""

    copy: WorkingCopy
    reports: tuple[PullReport, ...]
    failures: tuple[Failure, ...]
    since: str
    cancelled: bool = False


@dataclass(frozen=True)
class Editing:
    """What a pull waits for: layers with unsaved edits, and one in which something is being drawn."""

    unsaved: tuple[str, ...]
    drawing: str = ""

    def __bool__(self) -> bool:
        return bool(self.unsaved or self.drawing)


class PullPresenter(QObject):
    """One pull of one working copy, from all the twins that it came from, one after the other. Main thread.

    Nothing is written while one of the file's layers holds unsaved edits or is being drawn in: the phase is
    ``waiting`` then, and it goes on by itself once they are saved (or by `save_and_go_on`). While it writes, no edit
    session can begin; sessions without unsaved edits are ended for the time of it. ``over`` comes exactly once,
    unless `stop` came first.
    """

    changed = pyqtSignal()  # phase, or what it waits for
    progressed = pyqtSignal(int, object, str)
    over = pyqtSignal(object)  # PullResult

    def __init__(
        self,
        copy: WorkingCopy,
        sessions: EditSessions,
        *,
        open_twin: OpenTwin = network.open_twin,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.copy = copy
        self.phase: Phase = "ready"
        self.editing = Editing(())
        self._sessions = sessions
        self._open_twin = open_twin
        self._held = Held(copy.path)
        self._handle: tasks.TaskHandle | None = None
        self._todo = list(origins_of(copy))
        self._tries = 0
        self._fetched: Fetched | None = None
        self._since = min((s.pulled or s.checked_out for s in copy.sources), default="")
        self._reports: list[PullReport] = []
        self._failures: list[Failure] = []
        self._look = QTimer(self)
        self._look.setInterval(_LOOK)
        self._look.timeout.connect(self._write_soon)

    @property
    def path(self) -> Path:
        return self.copy.path

    @property
    def twin(self) -> str:
        """What the twin is called that is pulled from just now."""
        return self._todo[0].title if self._todo else ""

    def start(self) -> None:
        """Begin."""
        self._tries = 0
        self._next()

    def cancel(self) -> None:
        """Stop. What was written from one twin stays, of the one under way nothing is."""
        if self.phase == "waiting":
            self._end(cancelled=True)
        elif self._handle is not None:
            self._handle.cancel()

    def save_and_go_on(self) -> str:
        """Save the edits that it waits for. Returns why they could not be saved, "" where they were."""
        if self.phase != "waiting":
            return ""
        self._write(save=True)
        return self._sessions.problem

    def stop(self) -> None:
        """The plugin is taken away: let the layers go, and say nothing more."""
        self._look.stop()
        if self._handle is not None:
            self._handle.cancel()
        if self.phase != "over":
            self.phase = "over"
            self._held.end()
            self._sessions.resume()

    # -- asking ------------------------------------------------------------------------------------------------------

    def _next(self) -> None:
        if not self._todo:
            self._end()
            return
        origin, path, open_twin = self._todo[0], self.path, self._open_twin

        def work(progress: Progress) -> tuple[WorkingCopy, Fetched]:
            copy = open_copy(path)
            return copy, fetch(copy, open_twin(origin.connection, progress), progress=progress)

        self._run(tr("Pulling from {twin}", twin=origin.title), work, self._has_fetched)
        self._go("fetching")

    def _has_fetched(self, answer: tuple[WorkingCopy, Fetched]) -> None:
        self.copy, self._fetched = answer
        self._write_soon()

    # -- writing -----------------------------------------------------------------------------------------------------

    def _write_soon(self) -> None:
        """Write now where nobody edits, else look again later."""
        unsaved = tuple(layer.name() for layer in self._sessions.unsaved())
        drawn = self._sessions.drawn_in()
        editing = Editing(unsaved, drawn.name() if drawn is not None else "")
        if not editing:
            self._write()
            return
        if self._fetched is not None and not _brings_anything(self._fetched):
            self._has_applied(_nothing(self._fetched))  # nobody needs to stop editing for that
            return
        if editing != self.editing or self.phase != "waiting":
            self.editing = editing
            self._go("waiting")
        if not self._look.isActive():
            self._look.start()

    def _write(self, save: bool = False) -> None:
        self._look.stop()
        fetched, copy = self._fetched, self.copy
        if fetched is None:
            return
        if (save or not self._sessions.unsaved()) and self._sessions.end() and self._held.begin():
            self.editing = Editing(())

            def work(progress: Progress) -> PullReport:
                report = apply(copy, fetched, progress)
                flush(copy.path)
                return report

            self._run(tr("Merging into {file}", file=self.path.name), work, self._has_applied)
            self._go("applying")
            return
        self._let_go()  # edits that could not be saved, or an edit session that began just now
        self._look.start()

    def _has_applied(self, report: PullReport) -> None:
        self._fetched = None
        self._reports.append(report)
        self._todo.pop(0)
        self._tries = 0
        self._held.end()
        wanted = report.touched | report.reshaped
        sources = [source for source in self.copy.sources if source.table in wanted]
        map_layers.reload_in_turns(self.path, sources, report.reshaped, self._shown)

    def _shown(self) -> None:
        """The layers show what came."""
        if self.phase != "over":
            self._sessions.resume()
            self._next()

    def _let_go(self) -> None:
        self._held.end()
        self._sessions.resume()

    # -- ends --------------------------------------------------------------------------------------------------------

    def _run(self, words: str, work: Callable[[Progress], object], done: Callable[..., None]) -> None:
        self._handle = tasks.run(
            words,
            work,
            done=done,
            failed=self._has_failed,
            cancelled=lambda: self._end(cancelled=True),
            progress=self.progressed.emit,
            note=lambda text: self.progressed.emit(0, None, text),
            parent=self,
        )

    def _has_failed(self, error: CityTwinError) -> None:
        self._fetched = None
        self._let_go()
        if isinstance(error, Stale) and self._tries < _TRIES:
            self._tries += 1
            self._next()
            return
        origin = self._todo.pop(0)
        self._tries = 0
        self._failures.append(Failure(origin, _with_advice(origin, error)))
        self._next()

    def _end(self, cancelled: bool = False) -> None:
        self._look.stop()
        self._let_go()
        self._handle = None
        if self.phase != "over":
            self._go("over")
            self.over.emit(PullResult(self.copy, tuple(self._reports), tuple(self._failures), self._since, cancelled))

    def _go(self, phase: Phase) -> None:
        self.phase = phase
        self.changed.emit()


def _brings_anything(fetched: Fetched) -> bool:
    return any(layer.changed or layer.tokens or layer.shape for layer in fetched.layers)


def _nothing(fetched: Fetched) -> PullReport:
    layers = (
        LayerPull(layer.source.table, layer.source.title, notes=layer.notes, failed=layer.failed)
        for layer in fetched.layers
    )
    return PullReport(tuple(layers), fetched.at)


def _with_advice(origin: Origin, error: CityTwinError) -> CityTwinError:
    """A refused pull from a twin that nobody saved a connection to: say what to do about it."""
    if origin.saved or isinstance(error, Cancelled) or not isinstance(error, AccessDenied):
        return error
    advice = tr(
        "There is no saved connection to {url}, so the twin was asked without credentials. Save one with your "
        "authentication configuration, then try again.",
        url=origin.url,
    )
    return CityTwinError(f"{error.message} {advice}", detail=error.detail)
