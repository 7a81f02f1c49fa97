"""The windows of publishing that are open: one Publish window at most, and a history for each working copy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import Qgis
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QWidget

from ..map import layers as map_layers
from ..map.held import Held
from ..map.log import push
from ..map.writers import Writers
from ..text import tr
from ..workcopy.copy import WorkingCopy
from .edit_sessions import EditSessions
from .history_presenter import HistoryPresenter
from .history_window import HistoryWindow
from .publish_dialog import PublishDialog
from .publish_presenter import PublishPresenter

if TYPE_CHECKING:
    from qgis.gui import QgisInterface


class PublishDesk(QObject):
    """``written`` is called once a Publish window has closed, while the edit sessions that were ended for it wait to be
    resumed."""

    zoom = pyqtSignal(str, str, object)  # path, table, (x, y) in its CRS
    resolve = pyqtSignal(str)  # path
    pilot_wanted = pyqtSignal(str, str)  # path, the pilot's key: it is to be chosen on the Pilots page
    problems = pyqtSignal(str, object)  # path, change key → what is wrong with it

    def __init__(
        self,
        iface: QgisInterface,
        written: Callable[[Path, EditSessions], None],
        writers: Writers,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._iface, self._parent, self._written, self._writers = iface, parent, written, writers
        self.dialog: PublishDialog | None = None
        self.histories: dict[str, HistoryWindow] = {}

    def open(self, copy: WorkingCopy) -> None:
        """Open the Publish window, once unsaved edits are saved. Until it is closed nobody else writes the file."""
        if self.dialog is not None:
            return
        path = str(copy.path)
        turn = self._writers.turn(path, tr("{file} is being published: its Publish window is open.",
                                           file=copy.path.name))  # fmt: skip
        if not turn.begin():
            push(self._iface, self._writers.try_later(path), Qgis.MessageLevel.Info)
            return
        sessions, held = EditSessions(copy.path, self._parent, canvas=self._iface.mapCanvas()), Held(copy.path)
        if not sessions.end():
            turn.end()
            if sessions.problem:
                push(self._iface, sessions.problem, Qgis.MessageLevel.Warning)
            return

        def after() -> None:
            held.end()
            map_layers.reload(copy.path)

        presenter = PublishPresenter(copy, before_writing=lambda: sessions.end() and held.begin(), after_writing=after)
        dialog = self.dialog = PublishDialog(presenter, self._parent.window())
        presenter.setParent(dialog)

        def closed(_result: int = 0) -> None:
            self.dialog = None
            held.end()
            self.problems.emit(path, presenter.problems_by_key())
            self._written(copy.path, sessions)
            turn.end()
            self.look_again(path)
            dialog.deleteLater()

        dialog.zoom.connect(lambda table, at: self.zoom.emit(path, table, at))
        dialog.finished.connect(closed)
        dialog.resolve.connect(lambda: self.resolve.emit(path))
        dialog.pilot.connect(lambda key: self.pilot_wanted.emit(path, key))
        dialog.open()
        presenter.check()

    def show_history(self, copy: WorkingCopy) -> None:
        """The history of a working copy, in front of all else."""
        path = str(copy.path)
        window = self.histories.get(path)
        if window is None:
            presenter = HistoryPresenter(copy)
            window = self.histories[path] = HistoryWindow(presenter, self._parent.window())
            presenter.setParent(window)
            window.finished.connect(lambda _result: self._history_closed(path))
        window.presenter.load()
        window.show()
        window.raise_()
        window.activateWindow()

    def _history_closed(self, path: str) -> None:
        window = self.histories.pop(path, None)
        if window is not None:
            window.deleteLater()

    def look_again(self, path: str) -> None:
        """Something was published."""
        if path in self.histories:
            self.histories[path].presenter.load()

    def stop(self) -> None:
        """The plugin is taken away: close all of it."""
        for window in list(self.histories.values()):
            window.reject()
        if self.dialog is not None:
            self.dialog.presenter.cancel()
            self.dialog.close()
