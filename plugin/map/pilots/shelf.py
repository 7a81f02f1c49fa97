"""The pilots of one working copy, as they are now: read from its file and from open edit sessions, and judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from qgis.core import QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...pilots import reading, roles
from ...pilots.fading import Fading
from ...pilots.mapping import PilotMapping
from ...pilots.problems import Problem
from ...pilots.record import Pilot
from ...text import tr
from ...twin.errors import CityTwinError
from ...workcopy.changes import Counts
from ...workcopy.copy import WorkingCopy
from ...workcopy.source import Source
from .. import layers, tasks
from . import rules
from .judging import Verdict, judge
from .session import SessionWatch, Unsaved, over, unsaved

SOON = 120  # ms: what one drag or one command changes is read once
QUIET = 350  # ms after a session: QGIS is still closing and reopening the file
_MANY = 100  # pilots: so many are shown before they are checked


@dataclass(frozen=True)
class Record:
    """One pilot of one working copy, as it is now: unsaved edits of an open edit session included."""

    path: str
    pilot: Pilot
    problems: tuple[Problem, ...] = ()
    fading: tuple[Fading, ...] = ()

    @property
    def key(self) -> str:
        return self.pilot.key


class Shelf(QObject):
    """``changed()``: `records` or `error` may be others. ``failed(CityTwinError)``: the last records stay. Main
    thread; reading and checking happen in tasks. ``copy`` gives the working copy as it was last opened, ``counts`` how
    many features of its tables were changed."""

    changed = pyqtSignal()
    failed = pyqtSignal(object)

    def __init__(
        self,
        path: str,
        source: Source,
        mapping: PilotMapping,
        copy: Callable[[], WorkingCopy | None],
        counts: Callable[[], Mapping[str, Counts] | None],
        today: Callable[[], date],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self.path, self.source, self.mapping = path, source, mapping
        self.records: tuple[Record, ...] = ()
        self.verdict: Verdict | None = None
        self.known = False
        self.error: CityTwinError | None = None
        self._copy, self._counts, self._today = copy, counts, today
        self._border: _Border | None = None
        self._task: tasks.TaskHandle | None = None
        self._again = self._closed = False
        self._watches: list[SessionWatch] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.read)

    @property
    def busy(self) -> bool:
        """Whether anything is being read or checked, or about to be."""
        return self._task is not None or self._timer.isActive()

    def layer(self) -> QgsVectorLayer | None:
        """The project's layer of pilots, one in an edit session first."""
        found = layers.project_layers(Path(self.path), self.source.table)
        return next((layer for layer in found if layer.isEditable()), found[0] if found else None)

    def look(self, source: Source, mapping: PilotMapping) -> None:
        """What it is to be read by may be something else now, and other layers may show it."""
        other = mapping != self.mapping or source.table != self.source.table
        self.source, self.mapping = source, mapping
        if self._watch() or other or not (self.known or self.busy or self.error):
            self.read_soon()

    def recount(self) -> None:
        """Changes were counted: where districts are among them, so is the border."""
        copy = self._copy()
        if copy is not None and self._border is not None and _state(copy, self._counts()) != self._border.state:
            self.read_soon()

    def close(self) -> None:
        """Let every layer go; what is being read is dropped."""
        self._closed = True
        for watch in self._watches:
            if not sip.isdeleted(watch):
                watch.stop()
        self._watches.clear()
        self._timer.stop()
        if self._task is not None:
            self._task.cancel()
        self.deleteLater()

    # -- the layers

    def _watch(self) -> bool:
        """Listen to the layers of pilots that are there now; whether one with edits came or went."""
        now = {layer.id(): layer for layer in layers.project_layers(Path(self.path), self.source.table)}
        before, edited = self._watches, False
        self._watches = []
        for watch in before:
            if watch.layer is not None and not sip.isdeleted(watch.layer) and watch.layer.id() in now:
                now.pop(watch.layer.id())
                self._watches.append(watch)
            else:
                watch.stop()
                edited = True  # its unsaved edits went with it
        for layer in now.values():
            soon, later = lambda: self.read_soon(SOON), lambda: self.read_soon(QUIET)
            self._watches.append(SessionWatch(layer, soon, later, self))
            edited = edited or layer.isModified()
        return edited

    # -- reading

    def read_soon(self, wait: int = 0) -> None:
        """Read in ``wait`` ms, or later where somebody asked for that."""
        self._timer.start(max(wait, self._timer.remainingTime()))

    def read(self) -> None:
        """Read and check anew, now; once more afterwards where that is under way already."""
        self._timer.stop()
        if self._task is not None:
            self._again = True
            return
        copy = self._copy()
        if copy is None or self._closed:
            return
        self._again = False
        layer, source, mapping = self.layer(), self.source, self.mapping
        edits = unsaved(layer, source) if layer is not None else Unsaved()
        state, border = _state(copy, self._counts()), self._border
        self._task = tasks.run(
            tr("Reading the pilots of {file}", file=Path(self.path).name),
            lambda _progress: (_pilots(copy, source, mapping, edits), _border(copy, state, border)),
            done=lambda found: self._came(*found),
            failed=self._failed,
            cancelled=self._failed,
            parent=self,
            hidden=True,
        )

    def _came(self, pilots: list[Pilot], border: _Border) -> None:
        """Read; what is wrong with them is still to be found out."""
        self._task = None
        if self._closed:
            return
        self._border, municipality = border, border.municipality
        today, fades, before = self._today(), rules.current(), self.verdict
        self._task = tasks.run(
            tr("Checking the pilots of {file}", file=Path(self.path).name),
            lambda progress: judge(pilots, municipality, today, fades, progress, before),
            done=self._judged,
            failed=self._failed,
            cancelled=self._failed,
            parent=self,
            hidden=True,
        )
        if before is None and len(pilots) > _MANY:
            self.records = tuple(Record(self.path, pilot) for pilot in pilots)
            self.known, self.error = True, None
            self.changed.emit()

    def _judged(self, verdict: Verdict) -> None:
        self._task = None
        if self._closed:
            return
        self.records = tuple(Record(self.path, one.pilot, one.problems, one.fading) for one in verdict.pilots)
        self.verdict, self.known, self.error = verdict, True, None
        if self._again:
            self.read()
        self.changed.emit()

    def _failed(self, error: CityTwinError | None = None) -> None:
        self._task = None
        if self._closed:
            return
        if self._again:
            self.read()
        elif error is not None:
            self.error = error
            self.failed.emit(error)
            self.changed.emit()


@dataclass(frozen=True)
class _Border:
    """The municipality's ground, and the state of the districts that it was made of; None: not known."""

    state: object
    municipality: bytes | None


def _state(copy: WorkingCopy, counts: Mapping[str, Counts] | None) -> object:
    """Another value where the districts may be others: pulled anew, or more or fewer of them changed here."""
    if counts is None:
        return None
    found = [source for source in copy.sources if roles.role_of(source) == roles.DISTRICTS]
    return tuple((source.table, source.pulled, source.extent, counts.get(source.table)) for source in found)


def _border(copy: WorkingCopy, state: object, before: _Border | None) -> _Border:
    """Joining the districts of a whole city takes a second, which is not to be spent on every edit. Any thread. Raises
    `CityTwinError`."""
    if before is not None and state is not None and before.state == state:
        return before
    return _Border(state, reading.read_municipality(copy))


def _pilots(copy: WorkingCopy, source: Source, mapping: PilotMapping, edits: Unsaved) -> list[Pilot]:
    """Any thread. Raises `CityTwinError`."""
    return over(reading.read_pilots(copy, mapping), edits, mapping, source.srid)
