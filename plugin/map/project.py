"""The working copies in the project: who they are, what changed in them, and telling so when anybody writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from qgis.core import Qgis, QgsProject, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ..text import tr
from ..twin.errors import CityTwinError
from ..twin.progress import Progress
from ..workcopy.changes import Counts
from ..workcopy.copy import Watch, WorkingCopy
from . import layers, tasks
from .guard import ColumnGuard
from .log import log_error, push
from .pilots.combining import open_copy
from .writers import Writers

_LOOK = 1000  # ms between two questions whether a file was written
# ms that a file is left in peace after it was written: QGIS is still closing and reopening it around an edit session,
# and reads that come in between can come back empty
_QUIET = 300
# while one of us writes, counts are old as soon as they are there, and counting takes the interpreter from who writes
_BUSY = 5000


@dataclass
class _Entry:
    copy: WorkingCopy
    watch: Watch | None = None
    counts: dict[str, Counts] | None = None
    broken: tuple[str, ...] = ()
    counting: bool = False
    again: bool = False  # written while counting
    due: object | None = None  # a count comes when the file has been quiet for a while: this one
    written: bool = False  # and then `changed` is to be told
    guards: dict[str, ColumnGuard] = field(default_factory=dict)  # by layer id


class ProjectCopies(QObject):
    """One for the plugin's life. Main thread; counting happens in a task. Paths travel as text.

    ``copiesChanged()``: other working copies than before. ``changed(path)``: somebody wrote the file, counts follow.
    ``counted(path, dict[table, Counts])``: healthy tables only. ``broken(path, tuple of sentences)``: what is wrong
    with the file or its tracking, empty when it is well again. ``writers``: who of us is at work on which of them.
    """

    copiesChanged = pyqtSignal()
    changed = pyqtSignal(str)
    counted = pyqtSignal(str, object)
    broken = pyqtSignal(str, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.writers = Writers(self)
        self.writers.changed.connect(self._turn_changed)
        self._entries: dict[str, _Entry] = {}
        self._due = False
        project = QgsProject.instance()
        project.layersAdded.connect(self._scan_soon)
        project.layersRemoved.connect(self._scan_soon)
        project.readProject.connect(self._scan_soon)
        project.cleared.connect(self._scan_soon)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK)
        self._timer.timeout.connect(self._look)
        self._timer.start()
        self._scan_soon()

    def stop(self) -> None:
        """Let every file and layer go. Ending twice does no harm."""
        if not self._timer.isActive():
            return
        self._timer.stop()
        project = QgsProject.instance()
        for signal in (project.layersAdded, project.layersRemoved, project.readProject, project.cleared):
            signal.disconnect(self._scan_soon)
        for entry in self._entries.values():
            _close(entry)
        self._entries.clear()

    # -- questions

    def copies(self) -> list[WorkingCopy]:
        """The working copies that the project's layers show, in the order in which they came."""
        return [entry.copy for entry in self._entries.values()]

    def counts(self, path: str | Path) -> Mapping[str, Counts] | None:
        """The last counts of a copy by table; None where they are not known yet."""
        entry = self._entries.get(str(path))
        return entry.counts if entry else None

    def sentences(self, path: str | Path) -> tuple[str, ...]:
        """What is wrong with a copy, as last seen."""
        entry = self._entries.get(str(path))
        return entry.broken if entry else ()

    def refresh(self, path: str | Path) -> None:
        """Count anew, now. One count at a time per copy: asked again meanwhile, it follows."""
        entry = self._entries.get(str(path))
        if entry is None:
            return
        if entry.counting:
            entry.again = True
            return
        entry.counting, entry.again = True, False
        key = str(path)
        tasks.run(
            tr("Counting changes in {file}", file=Path(path).name),
            lambda _progress: _count(entry.copy.path, _progress),
            done=lambda result: self._counted(key, *result),
            failed=lambda error: self._failed(key, error),
            cancelled=lambda: self._failed(key, None),
            parent=self,
        )

    def renew(self, path: str | Path) -> None:
        """After the file's sources changed, as a pull may do: look at it anew, its columns included, and count."""
        entry = self._entries.get(str(path))
        if entry is None:
            return
        for guard in entry.guards.values():
            guard.stop()
        entry.guards.clear()
        try:
            entry.copy = open_copy(Path(path))
        except CityTwinError as error:
            self._tell_broken(str(path), (error.message,))
        self._scan_soon()
        self.refresh(path)

    # -- the project's layers

    def _scan_soon(self, *_: object) -> None:
        if not self._due:
            self._due = True
            QTimer.singleShot(0, self._scan)

    def _scan(self) -> None:
        self._due = False
        if sip.isdeleted(self) or not self._timer.isActive():
            return
        shown: dict[str, list[tuple[QgsVectorLayer, str]]] = {}
        for layer in QgsProject.instance().mapLayers().values():
            origin = layers.origin_of(layer)
            if origin is not None:
                shown.setdefault(str(origin[0]), []).append((layer, origin[1]))
        before = list(self._entries)
        for key in [key for key in self._entries if key not in shown]:
            _close(self._entries.pop(key))
        for key, found in shown.items():
            entry = self._entries.get(key) or self._opened(key)
            if entry is not None:
                self._guard(entry, found)
        if list(self._entries) != before:
            self.copiesChanged.emit()
        for key in self._entries:
            if key not in before:
                self._refresh_soon(key)

    def _opened(self, key: str) -> _Entry | None:
        try:
            entry = _Entry(open_copy(Path(key)), Watch(Path(key)))
        except CityTwinError as error:
            log_error(error, Qgis.MessageLevel.Warning)
            self.broken.emit(key, (error.message,))
            return None
        self._entries[key] = entry
        return entry

    def _guard(self, entry: _Entry, found: list[tuple[QgsVectorLayer, str]]) -> None:
        here = {layer.id() for layer, _table in found}
        for gone in [name for name in entry.guards if name not in here]:
            entry.guards.pop(gone).stop()
        known = {source.table: source for source in entry.copy.sources}
        for layer, table in found:
            if layer.id() not in entry.guards and table in known:
                entry.guards[layer.id()] = ColumnGuard(layer, known[table], _say)
                # the watch would tell within a second; this is at once
                layer.afterCommitChanges.connect(self._look)

    # -- writes

    def _look(self) -> None:
        for key, entry in list(self._entries.items()):
            if entry.watch is None:
                continue
            try:
                written = entry.watch.changed()
            except CityTwinError as error:
                self._tell_broken(key, (error.message,))
                continue
            if written:
                self._refresh_soon(key, written=True)

    def _refresh_soon(self, key: str, *, written: bool = False) -> None:
        entry = self._entries[key]
        entry.written = entry.written or written
        if entry.due is None:
            due = entry.due = object()
            wait = _BUSY if self.writers.doing(key) else _QUIET
            QTimer.singleShot(wait, lambda: self._refresh_now(key, entry, due))

    def _turn_changed(self, path: str) -> None:
        """Who was at work may be done: what waits for that need not wait longer than for anybody else."""
        entry = self._entries.get(path)
        if entry is not None and entry.due is not None and not self.writers.doing(path):
            entry.due = None
            self._refresh_soon(path)

    def _refresh_now(self, key: str, entry: _Entry, due: object) -> None:
        if sip.isdeleted(self) or self._entries.get(key) is not entry or entry.due is not due:
            return
        entry.due = None
        if entry.written:
            entry.written = False
            self.changed.emit(key)
        self.refresh(key)

    def _counted(self, key: str, copy: WorkingCopy, counts: dict[str, Counts]) -> None:
        entry = self._entries.get(key)
        if entry is None:
            return
        entry.counting = False
        entry.copy, entry.counts = copy, counts
        self._tell_broken(key, tuple(sentence for found in copy.problems.values() for sentence in found))
        self.counted.emit(key, counts)
        if entry.again:
            self.refresh(key)

    def _failed(self, key: str, error: CityTwinError | None) -> None:
        entry = self._entries.get(key)
        if entry is None:
            return
        entry.counting = False
        if error is not None:
            self._tell_broken(key, (error.message,))
        if entry.again:
            self.refresh(key)

    def _tell_broken(self, key: str, sentences: tuple[str, ...]) -> None:
        entry = self._entries[key]
        if entry.broken != sentences:
            entry.broken = sentences
            self.broken.emit(key, sentences)


def _count(path: Path, _progress: Progress) -> tuple[WorkingCopy, dict[str, Counts]]:
    copy = open_copy(path)
    counts: dict[str, Counts] = {}
    for source in copy.sources:
        if source.table not in copy.problems:
            counts.update(copy.counts(source.table))
    return copy, counts


def _close(entry: _Entry) -> None:
    for guard in entry.guards.values():
        if not sip.isdeleted(guard):
            guard.stop()
    entry.guards.clear()
    if entry.watch is not None:
        entry.watch.close()
        entry.watch = None


def _say(sentence: str) -> None:
    from qgis.utils import iface

    push(iface, sentence, Qgis.MessageLevel.Warning)
