"""The pilots of the project's working copies, as they are now: read, checked, and told when they are others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...pilots.checks import Surroundings
from ...pilots.mapping import OURS, PilotMapping
from ...twin.errors import CityTwinError
from ...workcopy.copy import WorkingCopy
from ...workcopy.source import Source
from ..project import ProjectCopies
from . import mappings, rules
from .shelf import Record, Shelf

__all__ = ["PilotBook", "Record"]


class PilotBook(QObject):
    """One for the plugin's life. Main thread; reading and checking happen in tasks. Paths travel as text.

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
        self._shelves: dict[str, Shelf] = {}
        self._stopped = self._due = False
        copies.copiesChanged.connect(self._scan)
        copies.changed.connect(self._written)
        copies.counted.connect(self._counted)
        copies.broken.connect(self._broken)
        project = QgsProject.instance()
        project.layersAdded.connect(self._scan_soon)
        project.layersRemoved.connect(self._scan_soon)
        mappings.signals.changed.connect(self._scan_soon)
        self._rules = rules.keeper()
        self._rules.changed.connect(self._judge_anew)
        self._scan_soon()

    def stop(self) -> None:
        """Let every layer go; what is being read is dropped. Ending twice does no harm."""
        if self._stopped:
            return
        self._stopped = True
        self._copies.copiesChanged.disconnect(self._scan)
        self._copies.changed.disconnect(self._written)
        self._copies.counted.disconnect(self._counted)
        self._copies.broken.disconnect(self._broken)
        project = QgsProject.instance()
        for signal in (project.layersAdded, project.layersRemoved, mappings.signals.changed):
            signal.disconnect(self._scan_soon)
        if not sip.isdeleted(self._rules):
            self._rules.changed.disconnect(self._judge_anew)
        for shelf in self._shelves.values():
            shelf.close()
        self._shelves.clear()

    # -- questions

    @property
    def busy(self) -> bool:
        """Whether anything is being read or checked, or about to be."""
        return any(shelf.busy for shelf in self._shelves.values())

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
        return shelf is not None and shelf.known

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
        """The project's layer of pilots, one in an edit session first; None where it was removed."""
        shelf = self._shelves.get(path)
        return shelf.layer() if shelf else None

    def surroundings(self, path: str, without: str = "") -> Surroundings:
        """What a pilot of ``path`` is checked against: the other pilots (all but that with key ``without``) and the
        municipality, where the working copy has all its districts."""
        shelf = self._shelves.get(path)
        others = [record.pilot for record in self.records(path) if record.key != without] if path else []
        return Surroundings(others, shelf.verdict.municipality if shelf and shelf.verdict else None)

    # -- what is on the shelves

    def refresh(self, path: str = "") -> None:
        """Read and check anew, now: one working copy, or all. Mappings of connections are looked at again, too."""
        self._scan()
        for key, shelf in self._shelves.items():
            if key == path or not path:
                shelf.read()

    def _judge_anew(self) -> None:
        self.refresh()

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
            self._shelves.pop(gone).close()
        self._shelves = {key: self._shelves.get(key) or self._made(key, *by) for key, by in found.items()}
        for key, shelf in self._shelves.items():
            shelf.look(*found[key])
        self.changed.emit()

    def _made(self, path: str, source: Source, mapping: PilotMapping) -> Shelf:
        copies = self._copies
        shelf = Shelf(path, source, mapping, lambda: self.copy(path), lambda: copies.counts(path), self.today, self)
        shelf.changed.connect(self.changed)
        shelf.failed.connect(lambda error: self.failed.emit(path, error))
        return shelf

    def _written(self, path: str) -> None:
        if path in self._shelves:
            self._shelves[path].read()

    def _broken(self, path: str, _sentences: object) -> None:
        """The file went, or came back: whether the pilots can still be read is found out by reading them."""
        if path in self._shelves:
            self._shelves[path].read_soon()

    def _counted(self, path: str, _counts: object) -> None:
        """The working copy was opened anew: its sources may be others."""
        shelf, copy = self._shelves.get(path), self.copy(path)
        if copy is not None and (shelf is None or shelf.source not in copy.sources):
            self._scan_soon()
        elif shelf is not None:
            shelf.recount()
