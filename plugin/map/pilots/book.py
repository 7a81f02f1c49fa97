"""The pilots of the project's working copies, as they are now: read, checked, and told when they are others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...pilots import reading
from ...pilots.checks import Surroundings
from ...pilots.fading import Fading
from ...pilots.mapping import OURS, PilotMapping
from ...pilots.problems import Problem
from ...pilots.record import Pilot
from ...text import tr
from ...twin.errors import CityTwinError
from ...workcopy.copy import WorkingCopy
from ...workcopy.source import Source
from .. import layers, tasks
from ..project import ProjectCopies
from . import mappings, rules
from .judging import Verdict, judge
from .session import SessionWatch, Unsaved, over, unsaved

_SOON = 120  # ms: what one drag or one command changes is read once
_MANY = 100  # pilots: so many are shown before they are checked
_QUIET = 350  # ms after a session: QGIS is still closing and reopening the file


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


@dataclass
class _Shelf:
    """What is known of one working copy."""

    source: Source
    mapping: PilotMapping
    records: tuple[Record, ...] = ()
    verdict: Verdict | None = None
    read: bool = False
    error: CityTwinError | None = None
    task: tasks.TaskHandle | None = None
    again: bool = False
    timer: QTimer | None = None
    watches: list[SessionWatch] = field(default_factory=list)


class PilotBook(QObject):
    """One for the plugin's life. Main thread; reading and checking happen in a task. Paths travel as text.

    ``changed()``: records, layers or working copies may be others now. ``failed(path, CityTwinError)``: they could not
    be read; the last ones stay. ``clock`` says what day it is.
    """

    changed = pyqtSignal()
    failed = pyqtSignal(str, object)

    def __init__(
        self, copies: ProjectCopies, parent: QObject | None = None, clock: Callable[[], date] = date.today
    ) -> None:
        super().__init__(parent)
        self._copies = copies
        self._clock = clock
        self._shelves: dict[str, _Shelf] = {}
        self._stopped = False
        copies.copiesChanged.connect(self._scan)
        copies.changed.connect(self._written)
        copies.counted.connect(self._counted)
        project = QgsProject.instance()
        project.layersAdded.connect(self._scan_soon)
        project.layersRemoved.connect(self._scan_soon)
        mappings.signals.changed.connect(self._mapped)
        self._rules = rules.keeper()
        self._rules.changed.connect(self._judge_anew)
        self._due = False
        self._scan_soon()

    def stop(self) -> None:
        """Let every layer go; what is being read is dropped. Ending twice does no harm."""
        if self._stopped:
            return
        self._stopped = True
        self._copies.copiesChanged.disconnect(self._scan)
        self._copies.changed.disconnect(self._written)
        self._copies.counted.disconnect(self._counted)
        project = QgsProject.instance()
        for signal in (project.layersAdded, project.layersRemoved):
            signal.disconnect(self._scan_soon)
        mappings.signals.changed.disconnect(self._mapped)
        if not sip.isdeleted(self._rules):
            self._rules.changed.disconnect(self._judge_anew)
        for shelf in self._shelves.values():
            _close(shelf)
        self._shelves.clear()

    # -- questions

    @property
    def busy(self) -> bool:
        """Whether anything is being read, or about to be."""
        return any(shelf.task is not None or shelf.timer is not None for shelf in self._shelves.values())

    def today(self) -> date:
        """The day against which pilots are judged."""
        return self._clock()

    def paths(self) -> tuple[str, ...]:
        """The project's working copies that have a layer of pilots, in order."""
        return tuple(self._shelves)

    def records(self, path: str = "") -> tuple[Record, ...]:
        """The pilots of one working copy, or of all of them; none while the first reading is under way."""
        if path:
            shelf = self._shelves.get(path)
            return shelf.records if shelf else ()
        return tuple(record for shelf in self._shelves.values() for record in shelf.records)

    def record(self, path: str, key: str) -> Record | None:
        """One pilot; None where it is no more."""
        return next((record for record in self.records(path) if record.key == key), None) if path else None

    def known(self, path: str) -> bool:
        """Whether the pilots of a working copy were read at least once; they may still be checked."""
        shelf = self._shelves.get(path)
        return shelf is not None and shelf.read

    def checked(self, path: str) -> bool:
        """Whether they were checked at least once: until then nobody knows what is wrong and what fades."""
        shelf = self._shelves.get(path)
        return shelf is not None and shelf.verdict is not None

    def trouble(self, path: str) -> CityTwinError | None:
        """Why the pilots could not be read the last time; None where they could."""
        shelf = self._shelves.get(path)
        return shelf.error if shelf else None

    def copy(self, path: str) -> WorkingCopy | None:
        """The working copy itself, as it was last opened."""
        return next((copy for copy in self._copies.copies() if str(copy.path) == path), None)

    def source(self, path: str) -> Source | None:
        """Where the pilots of a working copy come from; None where it has none."""
        shelf = self._shelves.get(path)
        return shelf.source if shelf else None

    def mapping(self, path: str) -> PilotMapping:
        """How the twin calls its pilots' columns."""
        shelf = self._shelves.get(path)
        return shelf.mapping if shelf else OURS

    def layer(self, path: str) -> QgsVectorLayer | None:
        """The project's layer of pilots, the one in an edit session first; None where it was removed."""
        shelf = self._shelves.get(path)
        found = layers.project_layers(Path(path), shelf.source.table) if shelf else []
        return next((layer for layer in found if layer.isEditable()), found[0] if found else None)

    def surroundings(self, path: str, without: str = "") -> Surroundings:
        """What a pilot of ``path`` is checked against: the other pilots (all but that with key ``without``) and the
        municipality, where the working copy has all its districts."""
        shelf = self._shelves.get(path)
        others = [record.pilot for record in self.records(path) if record.key != without] if path else []
        verdict = shelf.verdict if shelf else None
        return Surroundings(others, verdict.municipality if verdict else None)

    # -- what is on the shelves

    def refresh(self, path: str = "") -> None:
        """Read and check anew, now: one working copy, or all. Mappings of connections are looked at again, too."""
        self._scan()
        for key in [path] if path else list(self._shelves):
            self._read(key)

    def _judge_anew(self) -> None:
        self.refresh()

    def _mapped(self, _connection: str) -> None:
        self._scan_soon()

    def _scan_soon(self, *_: object) -> None:
        if not self._due:
            self._due = True
            QTimer.singleShot(0, self._scan)

    def _scan(self) -> None:
        self._due = False
        if self._stopped or sip.isdeleted(self):
            return
        found: dict[str, tuple[Source, PilotMapping]] = {}
        for copy in self._copies.copies():
            for source in copy.sources:
                mapping = mappings.of_source(source)
                if mapping is not None and str(copy.path) not in found:
                    found[str(copy.path)] = (source, mapping)
        for gone in [key for key in self._shelves if key not in found]:
            _close(self._shelves.pop(gone))
        shelves: dict[str, _Shelf] = {}
        for key, (source, mapping) in found.items():
            shelf = self._shelves.get(key)
            fresh = shelf is None or shelf.mapping != mapping or shelf.source.table != source.table
            shelf = shelves[key] = shelf or _Shelf(source, mapping)
            shelf.source, shelf.mapping = source, mapping
            if self._watch(key, shelf) or fresh:
                self._read_soon(key, shelf)
        self._shelves = shelves
        self.changed.emit()

    def _watch(self, key: str, shelf: _Shelf) -> bool:
        """Listen to the layers of pilots that are there now; whether one with edits came or went."""
        now = {layer.id(): layer for layer in layers.project_layers(Path(key), shelf.source.table)}
        before, edited = shelf.watches, False
        shelf.watches = []
        for watch in before:
            if watch.layer is not None and not sip.isdeleted(watch.layer) and watch.layer.id() in now:
                now.pop(watch.layer.id())
                shelf.watches.append(watch)
            else:
                watch.stop()
                edited = True  # its unsaved edits went with it
        for layer in now.values():
            shelf.watches.append(
                SessionWatch(layer, lambda: self._edited(key, _SOON), lambda: self._edited(key, _QUIET), self)
            )
            edited = edited or layer.isModified()
        return edited

    # -- reading

    def _written(self, path: str) -> None:
        if path in self._shelves:
            self._read(path)

    def _counted(self, path: str, _counts: object) -> None:
        """The working copy was opened anew: its sources may be others."""
        shelf, copy = self._shelves.get(path), self.copy(path)
        if copy is not None and (shelf is None or shelf.source not in copy.sources):
            self._scan_soon()

    def _edited(self, path: str, wait: int) -> None:
        shelf = self._shelves.get(path)
        if shelf is not None:
            self._read_soon(path, shelf, wait)

    def _read_soon(self, path: str, shelf: _Shelf, wait: int = 0) -> None:
        if shelf.timer is None:
            shelf.timer = QTimer(self)
            shelf.timer.setSingleShot(True)
            shelf.timer.timeout.connect(lambda: self._read(path))
        shelf.timer.start(max(wait, shelf.timer.remainingTime()))

    def _read(self, path: str) -> None:
        shelf = self._shelves.get(path)
        if self._stopped or shelf is None:
            return
        if shelf.timer is not None:
            shelf.timer.stop()
            shelf.timer.deleteLater()
            shelf.timer = None
        if shelf.task is not None:
            shelf.again = True
            return
        copy = self.copy(path)
        if copy is None:
            return
        shelf.again = False
        layer, source, mapping = self.layer(path), shelf.source, shelf.mapping
        edits = unsaved(layer, source) if layer is not None else Unsaved()
        shelf.task = tasks.run(
            tr("Reading the pilots of {file}", file=Path(path).name),
            lambda _progress: _pilots(copy, source, mapping, edits),
            done=lambda found: self._came(path, shelf, *found),
            failed=lambda error: self._failed(path, shelf, error),
            cancelled=lambda: self._failed(path, shelf, None),
            parent=self,
            hidden=True,
        )

    def _came(self, path: str, shelf: _Shelf, pilots: list[Pilot], municipality: bytes | None) -> None:
        """Read; what is wrong with them is still to be found out."""
        shelf.task = None
        if self._shelves.get(path) is not shelf:
            return
        if shelf.verdict is None and len(pilots) > _MANY:
            shelf.records = tuple(Record(path, pilot) for pilot in pilots)
            shelf.read, shelf.error = True, None
        today, fades, before = self.today(), rules.current(), shelf.verdict
        shelf.task = tasks.run(
            tr("Checking the pilots of {file}", file=Path(path).name),
            lambda progress: judge(pilots, municipality, today, fades, progress, before),
            done=lambda verdict: self._done(path, shelf, verdict),
            failed=lambda error: self._failed(path, shelf, error),
            cancelled=lambda: self._failed(path, shelf, None),
            parent=self,
            hidden=True,
        )
        if not shelf.verdict and shelf.read:
            self.changed.emit()

    def _done(self, path: str, shelf: _Shelf, verdict: Verdict) -> None:
        shelf.task = None
        if self._shelves.get(path) is not shelf:
            return
        shelf.records = tuple(Record(path, one.pilot, one.problems, one.fading) for one in verdict.pilots)
        shelf.verdict, shelf.read, shelf.error = verdict, True, None
        if shelf.again:
            self._read(path)
        self.changed.emit()

    def _failed(self, path: str, shelf: _Shelf, error: CityTwinError | None) -> None:
        shelf.task = None
        if self._shelves.get(path) is not shelf:
            return
        if shelf.again:
            self._read(path)
        elif error is not None:
            shelf.error = error
            self.failed.emit(path, error)
            self.changed.emit()


def _pilots(
    copy: WorkingCopy, source: Source, mapping: PilotMapping, edits: Unsaved
) -> tuple[list[Pilot], bytes | None]:
    """Any thread. Raises `CityTwinError`."""
    pilots = over(reading.read_pilots(copy, mapping), edits, mapping, source.srid)
    return pilots, reading.read_municipality(copy)


def _close(shelf: _Shelf) -> None:
    for watch in shelf.watches:
        if not sip.isdeleted(watch):
            watch.stop()
    shelf.watches.clear()
    if shelf.timer is not None:
        shelf.timer.stop()
        shelf.timer = None
    if shelf.task is not None:
        shelf.task.cancel()
