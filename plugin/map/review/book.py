"""The reviews of the project's working copies, as they are now: read, and told when they are others."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...text import tr
from ...twin.errors import CityTwinError
from ...workcopy.copy import WorkingCopy
from .. import layers, tasks
from ..pilots.session import SessionWatch
from ..project import ProjectCopies
from .book_reading import TABLES, Contents, Edits, Note, read, unsaved

__all__ = ["Note", "ReviewBook"]

SOON = 120  # ms: what one command changes is read once
QUIET = 350  # ms after a session: QGIS is still closing and reopening the file


class ReviewBook(QObject):
    """One for the plugin's life. Main thread; reading happens in tasks. Paths travel as text.

    ``changed()``: items, tasks, layers or working copies may be others now. ``failed(path, CityTwinError)``: they could
    not be read; the last ones stay.
    """

    changed = pyqtSignal()
    failed = pyqtSignal(str, object)

    def __init__(self, copies: ProjectCopies, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._copies = copies
        self._shelves: dict[str, _Shelf] = {}
        self._stopped = self._due = False
        copies.copiesChanged.connect(self._scan)
        copies.changed.connect(self._written)
        project = QgsProject.instance()
        project.layersAdded.connect(self._scan_soon)
        project.layersRemoved.connect(self._scan_soon)
        self._scan_soon()

    def stop(self) -> None:
        """Let every layer go; what is being read is dropped. Ending twice does no harm."""
        if self._stopped:
            return
        self._stopped = True
        self._copies.copiesChanged.disconnect(self._scan)
        self._copies.changed.disconnect(self._written)
        project = QgsProject.instance()
        project.layersAdded.disconnect(self._scan_soon)
        project.layersRemoved.disconnect(self._scan_soon)
        for shelf in self._shelves.values():
            shelf.close()
        self._shelves.clear()

    # -- questions

    @property
    def busy(self) -> bool:
        """Whether anything is being read, or about to be."""
        return self._due or any(shelf.busy for shelf in self._shelves.values())

    def paths(self) -> tuple[str, ...]:
        """The project's working copies, in order: packages of a field review, too."""
        return tuple(self._shelves)

    def contents(self, path: str) -> Contents:
        """What the file has; nothing while the first reading is under way."""
        shelf = self._shelves.get(path)
        return shelf.contents if shelf else Contents()

    def notes(self, path: str) -> tuple[Note, ...]:
        """The review items of one working copy."""
        return self.contents(path).notes

    def note(self, path: str, key: str) -> Note | None:
        """One of them; None where it is no more."""
        return next((note for note in self.notes(path) if note.key == key), None)

    def known(self, path: str) -> bool:
        """Whether it was read at least once."""
        shelf = self._shelves.get(path)
        return shelf is not None and shelf.known

    def trouble(self, path: str) -> CityTwinError | None:
        """Why it could not be read the last time; None where it could."""
        shelf = self._shelves.get(path)
        return shelf.error if shelf else None

    def copy(self, path: str) -> WorkingCopy | None:
        """The working copy itself, as it was last opened."""
        return next((copy for copy in self._copies.copies() if str(copy.path) == path), None)

    def layer(self, path: str, table: str) -> QgsVectorLayer | None:
        """The project's layer of a table, one in an edit session first; None where it is not shown."""
        return _layer(path, table)

    def refresh(self, path: str = "") -> None:
        """Read anew, now: one working copy, or all."""
        for key, shelf in self._shelves.items():
            if path in ("", key):
                shelf.read()

    # -- what is on the shelves

    def _scan_soon(self, *_: object) -> None:
        if not self._due:
            self._due = True
            QTimer.singleShot(0, self._scan)

    def _scan(self) -> None:
        self._due = False
        if self._stopped or sip.isdeleted(self):
            return
        now = [str(copy.path) for copy in self._copies.copies()]
        for gone in [path for path in self._shelves if path not in now]:
            self._shelves.pop(gone).close()
        self._shelves = {path: self._shelves.get(path) or self._made(path) for path in now}
        for shelf in self._shelves.values():
            shelf.look()
        self.changed.emit()

    def _made(self, path: str) -> _Shelf:
        shelf = _Shelf(path, self)
        shelf.changed.connect(self.changed)
        shelf.failed.connect(lambda error: self.failed.emit(path, error))
        return shelf

    def _written(self, path: str) -> None:
        if path in self._shelves:
            self._shelves[path].read()


class _Shelf(QObject):
    """The review of one working copy."""

    changed = pyqtSignal()
    failed = pyqtSignal(object)

    def __init__(self, path: str, parent: QObject) -> None:
        super().__init__(parent)
        self.path = path
        self.contents = Contents()
        self.known = self._again = self._closed = False
        self.error: CityTwinError | None = None
        self._task: tasks.TaskHandle | None = None
        self._watches: list[SessionWatch] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.read)

    @property
    def busy(self) -> bool:
        return self._task is not None or self._timer.isActive()

    def close(self) -> None:
        self._closed = True
        for watch in self._watches:
            if not sip.isdeleted(watch):
                watch.stop()
        self._watches.clear()
        self._timer.stop()
        if self._task is not None:
            self._task.cancel()
        self.deleteLater()

    def look(self) -> None:
        """Listen to the review layers that are there now."""
        now = {layer.id(): layer for table in TABLES for layer in layers.project_layers(Path(self.path), table)}
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
        if edited or not (self.known or self.busy or self.error):
            self.read_soon()

    def read_soon(self, wait: int = 0) -> None:
        self._timer.start(max(wait, self._timer.remainingTime()))

    def read(self) -> None:
        """Read anew, now; once more afterwards where that is under way already."""
        self._timer.stop()
        if self._task is not None:
            self._again = True
            return
        if self._closed:
            return
        self._again = False
        edits, known = self._edits(), self.contents

        def work(_progress: object) -> Contents:
            found = read(Path(self.path), edits)
            return known if found == known else found  # comparing thousands is no work for the main thread

        self._task = tasks.run(
            tr("Reading the review items of {file}", file=Path(self.path).name),
            work,
            done=self._came,
            failed=self._failed,
            cancelled=self._failed,
            parent=self,
            hidden=True,
        )

    def _edits(self) -> dict[str, Edits]:
        out = {}
        for table in TABLES:
            layer = _layer(self.path, table)
            if layer is not None and layer.isEditable():
                code = layer.crs().authid().partition(":")[2]
                out[table] = unsaved(layer, int(code) if code.isdigit() else 4326)
        return out

    def _came(self, contents: Contents) -> None:
        self._task = None
        if self._closed:
            return
        self.contents, self.known, self.error = contents, True, None
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


def _layer(path: str, table: str) -> QgsVectorLayer | None:
    found = layers.project_layers(Path(path), table)
    return next((layer for layer in found if layer.isEditable()), found[0] if found else None)
