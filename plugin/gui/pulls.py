"""The pulls that the window runs: one working copy after the other, with what is said meanwhile and afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qgis.core import Qgis
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QWidget

from ..map.log import log, push
from ..map.writers import Turn, Writers
from ..text import tr
from ..workcopy.copy import WorkingCopy
from ..workcopy.geometry import Box
from . import pull_words
from .edit_sessions import EditSessions
from .pull_presenter import PullPresenter, PullResult
from .pull_view import Button, PullMessages, PullReportDialog

if TYPE_CHECKING:
    from qgis.gui import QgisInterface


class Pulls(QObject):
    """``changed``: `busy` says something else. ``written``: a pull of that file is over. Main thread."""

    changed = pyqtSignal()
    written = pyqtSignal(str)
    resolve_wanted = pyqtSignal(str)
    zoom_wanted = pyqtSignal(object, int)  # (min x, min y, max x, max y), in this EPSG code

    def __init__(self, iface: QgisInterface, window: QWidget, writers: Writers) -> None:
        super().__init__(window)
        self._iface, self._window, self._writers = iface, window, writers
        self._todo: list[WorkingCopy] = []
        self._turns: dict[str, Turn] = {}
        self._several = False
        self._text = ""
        self.messages = PullMessages(iface)
        self.presenter: PullPresenter | None = None
        self.dialog: PullReportDialog | None = None

    @property
    def busy(self) -> str:
        """What goes on, for the status line; "" where nothing does."""
        return self._text if self.presenter is not None else ""

    def start(self, copies: Sequence[WorkingCopy], several: bool = False) -> None:
        """Pull ``copies``, one after the other, but those that somebody is at work on. Nothing happens while others are
        being pulled. ``several``: the project has more than one, so each result names its own."""
        if self.presenter is None:
            self._todo, self._several = [copy for copy in copies if self._begin(copy)], several
            self._next()

    def cancel(self) -> None:
        """Stop the one that runs, and begin no other."""
        self._drop()
        if self.presenter is not None:
            self.presenter.cancel()

    def stop(self) -> None:
        """The plugin is taken away."""
        self._drop()
        presenter, self.presenter = self.presenter, None
        if presenter is not None:
            presenter.stop()
            self._end(presenter.copy)
        self.messages.end_waiting()
        if self.dialog is not None:
            self.dialog.close()

    def _begin(self, copy: WorkingCopy) -> bool:
        turn = self._writers.turn(copy.path, tr("Changes of others are being pulled into {file}.", file=copy.path.name))
        if turn.begin():
            self._turns[str(copy.path)] = turn
            return True
        return False

    def _end(self, copy: WorkingCopy) -> None:
        turn = self._turns.pop(str(copy.path), None)
        if turn is not None:
            turn.end()

    def _drop(self) -> None:
        """Those that did not begin do not."""
        todo, self._todo = self._todo, []
        for copy in todo:
            self._end(copy)

    def _next(self) -> None:
        if not self._todo:
            self.changed.emit()
            return
        copy = self._todo.pop(0)
        sessions = EditSessions(
            copy.path, self._window, ask=lambda _unsaved: True, canvas=self._iface.mapCanvas()
        )  # by then the user was asked in the message bar
        presenter = self.presenter = PullPresenter(copy, sessions, parent=self)
        presenter.changed.connect(self._has_changed)
        presenter.progressed.connect(lambda _done, _total, words: self._say(words))
        presenter.over.connect(self._is_over)
        presenter.start()

    def _has_changed(self) -> None:
        presenter = self.presenter
        if presenter is None:
            return
        if presenter.phase == "waiting":
            self.messages.say_waiting(presenter.editing, self._go_on, presenter.cancel)
            self._say(pull_words.waiting(presenter.editing))
            return
        self.messages.end_waiting()
        if presenter.phase == "applying":
            self._say(tr("Merging into {file}…", file=presenter.path.name))
        elif presenter.phase == "fetching":
            self._say(tr("Pulling from {twin}…", twin=presenter.twin))

    def _go_on(self) -> None:
        problem = self.presenter.save_and_go_on() if self.presenter is not None else ""
        if problem:
            push(self._iface, problem, Qgis.MessageLevel.Warning)

    def _say(self, words: str) -> None:
        self._text = words
        self.changed.emit()

    def _is_over(self, result: PullResult) -> None:
        presenter, self.presenter = self.presenter, None
        if presenter is not None:
            presenter.deleteLater()
        self._tell(result)
        self.written.emit(str(result.copy.path))
        self._end(result.copy)
        self._next()

    def _tell(self, result: PullResult) -> None:
        text = pull_words.headline(result)
        if self._several:
            text = tr("{file}: {what}", file=result.copy.path.stem, what=text)
        layers = [layer for report in result.reports for layer in report.layers]
        buttons: list[Button] = []
        if sum(layer.conflicts for layer in layers):
            path = str(result.copy.path)
            buttons.append((tr("Resolve…"), lambda: self.resolve_wanted.emit(path)))
        found_at = _place(result)
        if found_at is not None:
            box, srid = found_at
            buttons.append((tr("Zoom To"), lambda: self.zoom_wanted.emit(box, srid)))
        found = pull_words.sentences(result)
        if len(found) > 1 or result.failures:
            buttons.append((tr("Details…"), lambda: self._show(result)))
        for sentence in found:
            log(sentence.text, Qgis.MessageLevel.Info if sentence.kind == "good" else Qgis.MessageLevel.Warning)
        self.messages.say_result(text, result, buttons)

    def _show(self, result: PullResult) -> None:
        dialog = self.dialog = PullReportDialog(result, self._window.window())
        dialog.finished.connect(self._closed)
        dialog.open()

    def _closed(self, _result: int = 0) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            dialog.deleteLater()


def _place(result: PullResult) -> tuple[Box, int] | None:
    """Around what came; where layers differ in their CRS, around what came in that of the first."""
    srids = {source.table: source.srid for source in result.copy.sources}
    found = [(layer.box, srids[layer.table]) for report in result.reports for layer in report.layers if layer.box]
    if not found:
        return None
    srid = found[0][1]
    west, south, east, north = zip(*(box for box, other in found if other == srid))
    return (min(west), min(south), max(east), max(north)), srid
