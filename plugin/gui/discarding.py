"""Taking changes back: asked first, then done in the background while nobody else writes the file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import Qgis
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QWidget

from ..map import tasks
from ..map.log import push, push_error
from ..map.writers import Writers
from ..text import tr, trn
from ..twin.errors import CityTwinError
from ..workcopy.changes import Change
from ..workcopy.copy import WorkingCopy
from .discard_question import may_discard
from .edit_sessions import EditSessions

if TYPE_CHECKING:
    from qgis.gui import QgisInterface


class Discarding(QObject):
    """One at a time. ``changed``: `busy` says something else. ``written`` is called once the file was written, while
    the edit sessions that were ended for it wait to be resumed. Main thread."""

    changed = pyqtSignal()

    def __init__(
        self,
        iface: QgisInterface,
        written: Callable[[Path, EditSessions], None],
        writers: Writers,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._iface, self._written, self._writers, self._window = iface, written, writers, window
        self.busy = ""  # what goes on, for the status line; "" where nothing does

    def start(self, copy: WorkingCopy, changes: Sequence[Change]) -> None:
        """Take ``changes`` of ``copy`` back, after a question that names what is lost."""
        if self.busy or not may_discard(self._window, copy, changes):
            return
        turn = self._writers.turn(copy.path, tr("Changes of {file} are being discarded.", file=copy.path.name))
        sessions = EditSessions(copy.path, self._window)
        if not turn.begin():
            push(self._iface, self._writers.try_later(copy.path), Qgis.MessageLevel.Info)
            return
        if not sessions.end():
            turn.end()
            if sessions.problem:
                push(self._iface, sessions.problem, Qgis.MessageLevel.Warning)
            return
        self._say(trn("Discarding {n} change…", "Discarding {n} changes…", len(changes)))

        def over() -> None:
            self._say("")
            self._written(copy.path, sessions)
            turn.end()

        def done(count: int) -> None:
            over()
            words = trn("{n} change was discarded.", "{n} changes were discarded.", count)
            push(self._iface, words, Qgis.MessageLevel.Success)

        def failed(error: CityTwinError) -> None:
            over()
            push_error(self._iface, error)

        tasks.run(self.busy, lambda _p: copy.discard(changes), done=done, failed=failed, cancelled=over, parent=self)

    def _say(self, words: str) -> None:
        self.busy = words
        self.changed.emit()
