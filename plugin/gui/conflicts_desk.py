"""The Conflicts windows that are open, and what was decided in those that were closed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import Qgis, QgsCoordinateReferenceSystem
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QWidget

from ..map.held import Held
from ..map.log import push
from ..map.writers import Turn, Writers
from ..text import tr
from ..workcopy.copy import WorkingCopy
from ..workcopy.geometry import box_of
from .canvas_preview import CanvasPreview
from .conflict_choices import is_open
from .conflict_shapes import Shapes
from .conflicts_presenter import ConflictsPresenter, Drafts
from .conflicts_window import ConflictsWindow
from .edit_sessions import EditSessions

if TYPE_CHECKING:
    from qgis.gui import QgisInterface


class ConflictsDesk(QObject):
    """One window for a working copy at most. ``written`` is called after its file was written, while the edit sessions
    that were ended for it wait to be resumed; nothing is written while another of ``writers`` is at work on it."""

    publish = pyqtSignal(str)  # path
    decided = pyqtSignal()

    def __init__(
        self,
        iface: QgisInterface,
        written: Callable[[Path, EditSessions], None],
        writers: Writers,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._iface, self._parent = iface, parent
        self._written, self._writers = written, writers
        self.windows: dict[str, ConflictsWindow] = {}
        self._drafts: dict[str, Drafts] = {}
        self._shown: dict[str, bool] = {}
        self._held: dict[str, tuple[Held, EditSessions, Turn]] = {}

    def open(self, copy: WorkingCopy, key: str = "") -> ConflictsWindow:
        """Show the window of a working copy, at the conflict ``key`` if it has one."""
        path = str(copy.path)
        window = self.windows.get(path)
        if window is None:
            window = self.windows[path] = self._make(copy)
            window.presenter.load()
        window.show_key(key)
        window.show()
        self._shown[path] = True
        window.raise_()
        window.activateWindow()
        return window

    def _make(self, copy: WorkingCopy) -> ConflictsWindow:
        canvas = self._iface.mapCanvas()
        path = str(copy.path)
        presenter = ConflictsPresenter(
            copy,
            drafts=self._drafts.setdefault(path, {}),
            hindrance=lambda: self._hindrance(path),
            before_writing=lambda: self._may_write(path),
            after_writing=lambda: self._has_written(path),
        )
        window = ConflictsWindow(presenter, canvas, self._parent.window())
        presenter.setParent(window)
        turn = self._writers.turn(path, tr("Decisions are being written into {file}.", file=copy.path.name))
        self._held[path] = (Held(copy.path), EditSessions(copy.path, window, canvas=canvas), turn)
        presenter.decided.connect(lambda _keys: self.decided.emit())
        presenter.changed.connect(self.decided)
        presenter.changed.connect(lambda: self._closed(path))
        window.zoom.connect(self._zoom)
        window.publish.connect(lambda: self.publish.emit(path))
        window.finished.connect(lambda _result: self._closed(path))
        return window

    def _hindrance(self, path: str) -> str:
        """Why nothing can be written just now; empty where it can."""
        return self._writers.try_later(path)

    def _may_write(self, path: str) -> bool:
        held, sessions, turn = self._held[path]
        if sessions.drawn_in() is not None or not turn.begin():
            return False
        if sessions.end() and held.begin():
            return True
        sessions.resume()
        turn.end()
        if sessions.problem:
            push(self._iface, sessions.problem, Qgis.MessageLevel.Warning)
        return False

    def _has_written(self, path: str) -> None:
        held, sessions, turn = self._held[path]
        held.end()
        self._written(Path(path), sessions)
        turn.end()

    def _closed(self, path: str) -> None:
        """Let a window go that was closed, once nothing is being written for it."""
        window = self.windows.get(path)
        if window is not None and self._shown.get(path) and not window.isVisible() and not window.presenter.busy:
            del self.windows[path], self._shown[path]
            window.deleteLater()

    def look_again(self, path: str) -> None:
        """Somebody wrote the file."""
        if path in self.windows:
            self.windows[path].presenter.load()

    def keep_only(self, paths: Collection[str]) -> None:
        """Close the windows of working copies that left the project."""
        for path in [path for path in self.windows if path not in paths]:
            self.windows[path].reject()

    def waiting(self, path: str, keys: Collection[str]) -> int:
        """How many of the conflicts ``keys`` are decided, but not applied."""
        drafts = self._drafts.get(path, {})
        return sum(key in drafts and not is_open(*drafts[key]) for key in keys)

    def stop(self) -> None:
        """The plugin is taken away: close the windows, and let the layers go."""
        for window in list(self.windows.values()):
            window.reject()
            window.deleteLater()
        self.windows, self._shown = {}, {}
        for held, sessions, turn in self._held.values():
            held.end()
            sessions.resume()
            turn.end()
        self._held = {}

    def _zoom(self, shapes: Shapes | None, crs: QgsCoordinateReferenceSystem) -> None:
        blobs = [shapes.side(side).blob for side in ("base", "mine", "theirs")] if shapes else []
        boxes = [box for box in map(box_of, blobs) if box]
        if boxes:
            columns = list(zip(*boxes))
            box = (min(columns[0]), min(columns[1]), max(columns[2]), max(columns[3]))
            CanvasPreview(self._iface.mapCanvas()).zoom(box, crs)
