"""The Changes page: what is not published yet, per working copy, layer and feature."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qgis.core import Qgis, QgsVectorLayer
from qgis.PyQt.QtCore import QModelIndex, pyqtSignal
from qgis.PyQt.QtWidgets import QFileDialog, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from ..map import layers as map_layers
from ..map.log import push, push_error
from ..map.pilots import combining
from ..map.project import ProjectCopies
from ..text import tr
from ..twin.errors import CityTwinError
from ..workcopy.changes import Change
from .change_reader import ChangeReader, Reading
from .change_words import counted, tally
from .changes_empty import nothing_changed, nothing_here, still_reading, unreadable
from .changes_on_map import ChangesOnMap
from .changes_view import ChangesView
from .conflict_entrance import ConflictEntrance
from .discarding import Discarding
from .edit_sessions import EditSessions
from .empty_state import EmptyState
from .icons import icon
from .moments import moment
from .publish_desk import PublishDesk
from .publish_dialog import PublishDialog
from .pulls import Pulls
from .status_line import StatusLine

if TYPE_CHECKING:
    from qgis.gui import QgisInterface


class ChangesPage(QWidget):
    """Shows the changes of every working copy in the project, takes them back, and publishes them."""

    catalogue_wanted = pyqtSignal()  # the user has nothing checked out yet
    resolve_wanted = pyqtSignal(str)  # the conflicts of this working copy
    pilot_wanted = pyqtSignal(str, str)  # path, the pilot's key: it is to be chosen on the Pilots page

    def __init__(self, copies: ProjectCopies, iface: QgisInterface, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._copies, self._iface = copies, iface
        self._read: dict[str, Reading] = {}
        self._failed: dict[str, CityTwinError] = {}
        self._working = ""  # what is being written now
        self.map = ChangesOnMap(iface, self._read, self)
        self.preview = self.map.preview
        self.view = ChangesView()
        self.model = self.view.model
        self.empty = EmptyState(icon("changes"), "", "")
        self.status = StatusLine()
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.view)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.conflicts = ConflictEntrance(iface, self._written, copies.writers)
        layout.addWidget(self.conflicts)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self.view.foot)
        layout.addWidget(self.status)

        self.reader = ChangeReader(self)
        self.reader.done.connect(self._show)
        self.reader.failed.connect(self._show_failure)
        copies.copiesChanged.connect(self._copies_changed)
        copies.changed.connect(self._file_changed)
        copies.writers.changed.connect(lambda _path: self._say())
        self.view.selection_changed.connect(self._selected)
        self.view.zoom.connect(self.zoom)
        self.view.flash.connect(self.flash)
        self.view.discard.connect(self.discard)
        self.view.publish.connect(self.publish)
        self.view.pull.connect(self.pull)
        self.view.resolve.connect(self.resolve)
        self.view.history.connect(self.show_history)
        self.publishing = PublishDesk(iface, self._written, copies.writers, self)
        self.publishing.zoom.connect(self.map.zoom_to)
        self.publishing.problems.connect(self.model.set_problems)
        self.publishing.resolve.connect(self.resolve_wanted)
        self.publishing.pilot_wanted.connect(self.pilot_wanted)
        self.discarding = Discarding(iface, self._written, copies.writers, self)
        self.discarding.changed.connect(self._goes_on)
        self.pulls = Pulls(iface, self, copies.writers)
        self.view.cancel_pull.connect(self.pulls.cancel)
        self.pulls.changed.connect(self._goes_on)
        self.pulls.written.connect(self._pulled)
        self.pulls.resolve_wanted.connect(self.resolve_wanted)
        self.pulls.zoom_wanted.connect(self.map.zoom_to_box)
        self.conflicts.resolve.connect(lambda path: self.resolve_wanted.emit(path) if path else self.resolve())
        self.conflicts.publish.connect(self.publish)
        self.resolve_wanted.connect(lambda path: self.conflicts.open(path, self._chosen_conflict(path)))
        self.model.filled.connect(self._filled)
        self._copies_changed()

    @property
    def dialog(self) -> PublishDialog | None:
        """The Publish window that is open."""
        return self.publishing.dialog

    # -- what is shown -----------------------------------------------------------------------------------------------

    def _copies_changed(self) -> None:
        copies = {str(copy.path): copy for copy in self._copies.copies()}
        for path in [path for path in self._read if path not in copies]:
            self._read.pop(path)
            self.reader.forget(path)
        self._failed = {path: error for path, error in self._failed.items() if path in copies}
        names = [copy.path.stem for copy in copies.values()]
        self.model.set_copies(
            {p: c.path.stem if names.count(c.path.stem) == 1 else str(c.path) for p, c in copies.items()}
        )
        for path, copy in copies.items():
            if path not in self._read:
                self.reader.read_soon(copy.path)
        self._say()

    def _file_changed(self, path: str) -> None:
        self.conflicts.look_again(str(path))
        if any(str(copy.path) == str(path) for copy in self._copies.copies()):
            self.reader.read_soon(Path(path))
            self._say()

    def _show(self, path: str, reading: Reading) -> None:
        if path not in self.model.paths():
            return
        self._read[path] = reading
        self._failed.pop(path, None)
        with self.view.kept():
            self.model.set_layers(path, reading.layers)
        self._say()

    def _show_failure(self, path: str, error: CityTwinError) -> None:
        self._failed[path] = error
        self._say()

    def _filled(self) -> None:
        self.view.restore()
        self._selected()

    def _say(self) -> None:
        """The empty state or the tree, the buttons, and the status line."""
        self.conflicts.follow(self._read)
        changes = self.model.all_changes()
        broken = self.model.broken()
        waiting = self.reader.busy and not self._read
        others = self._others()
        self._stack.setCurrentWidget(self.view if changes or broken else self.empty)
        self.view.foot.setVisible(bool(self.model.paths()))
        self.view.set_able(
            publish=bool(changes) and not self._working,
            busy=bool(self._working or others),
            why=others,
            pulling=bool(self.pulls.busy),
            since=self._since(),
            conflicts=sum(len(reading.conflicts) for reading in self._read.values()),
        )
        failed = next(iter(self._failed.values()), None)
        if not (changes or broken):
            self._say_empty(waiting, failed)
        if self._working:
            self.status.say(self._working, "busy")
        elif others and self.dialog is None:
            self.status.say(others, "busy")
        elif failed is not None:
            self.status.say(failed.message, "bad")
        elif self.reader.busy or self.model.busy:
            self.status.say(tr("Reading changes…"), "busy")
        elif broken:
            self.status.say(broken[0], "bad")
        elif not self.model.paths():
            self.status.say(tr("No working copy"))
        else:
            shown, total = self.view.listed(), len(changes)
            words = counted(tally(changes)) if changes else tr("Nothing to publish")
            filtered = tr("{shown} of {total} shown", shown=shown, total=total)
            self.status.say(f"{words} · {filtered}" if self.view.filtered and changes else words)

    def _others(self) -> str:
        """What goes on in the working copy that is chosen, in any where none is; empty where all are free."""
        found = map(self._copies.writers.doing, [self._chosen_path()] if self._chosen_path() else self.model.paths())
        return next(filter(None, found), "")

    def _is_free(self) -> bool:
        """Whether nobody writes what is chosen; else that is said."""
        others = self._others()
        if others:
            push(self._iface, tr("{what} Try again once that is over.", what=others), Qgis.MessageLevel.Info)
        return not others

    def _say_empty(self, waiting: bool, failed: CityTwinError | None) -> None:
        calls = {"catalogue": self.catalogue_wanted.emit, "open": self.open_copy, "again": self.read_again}
        if not self.model.paths():
            state = nothing_here()
        elif failed is not None:
            state = unreadable(failed.message)
        else:
            state = still_reading() if waiting else nothing_changed()
        if (self.empty.title, self.empty.text) == (state.title, state.text):
            return
        self.empty.tell(icon(state.icon), state.title, state.text)
        buttons = []
        for choice in state.choices:
            button = QPushButton(icon(choice.icon), choice.text)
            button.clicked.connect(lambda _checked=False, call=calls[choice.name]: call())
            buttons.append(button)
        self.empty.set_buttons(buttons)

    def read_again(self) -> None:
        """Read every working copy anew."""
        self._failed.clear()
        for copy in self._copies.copies():
            self.reader.read_soon(copy.path)
        self._say()

    def open_copy(self) -> None:
        """Add a working copy that the user chooses to the project."""
        path, _ = QFileDialog.getOpenFileName(self, tr("Open Working Copy"), "", tr("Working copies (*.gpkg)"))
        if not path:
            return
        try:
            map_layers.add_copy(combining.open_copy(Path(path)))
        except CityTwinError as error:
            push_error(self._iface, error)

    # -- one change --------------------------------------------------------------------------------------------------

    def _selected(self) -> None:
        chosen, single = self._chosen(), self.view.single()
        if single is not None and self.model.change(single) is not None and chosen:
            path, change = chosen[0]
            reading = self._read[path]
            source = reading.copy.source(change.table)
            crs = self.map.crs_of(source.srid)
            metres = not crs.isGeographic() and crs.mapUnits() == Qgis.DistanceUnit.Meters
            conflict = reading.conflicts.get(change.key)
            self.view.details.show_change(change, source, metres, conflict, self.model.problems(single))
        else:
            self.view.details.hint(self._hint(single, chosen))
        self.view.set_chosen(len(chosen))
        self._draw()
        self._say()

    def _hint(self, single: QModelIndex | None, chosen: Sequence[tuple[str, Change]]) -> str:
        layer = self.model.layer_of(single) if single is not None else None
        if layer is not None and layer[2]:
            return " ".join(layer[2])
        if self.view.filtered and not self.view.listed():
            return tr("No change matches the filter.")
        if not chosen:
            return tr("Choose a change to see what the twin has beside what you have.")
        title = f"{layer[1]}: " if layer is not None else ""
        return title + counted(tally(change for _, change in chosen))

    def _draw(self) -> None:
        single = self.view.single()
        whole = single is not None and self.model.change(single) is None  # a layer, a working copy
        self.map.draw([] if whole or not self.isVisible() else self._chosen())

    def showEvent(self, event: Any) -> None:
        """Draw the chosen changes again."""
        super().showEvent(event)
        self._draw()

    def hideEvent(self, event: Any) -> None:
        """Another page was chosen: leave nothing on the map."""
        super().hideEvent(event)
        self.map.clear()

    def zoom(self) -> None:
        """Show the chosen changes on the map."""
        self.map.zoom(self._chosen())

    def flash(self) -> None:
        """Flash the chosen changes."""
        self.map.flash(self._chosen())

    # -- taking back -------------------------------------------------------------------------------------------------

    def discard(self) -> None:
        """Take the chosen changes back, after a question that names what is lost."""
        by_path = self.view.chosen()
        if not by_path or self._working or not self._is_free():
            return
        if len(by_path) > 1:
            push(self._iface, tr("Choose changes of one working copy at a time."), Qgis.MessageLevel.Warning)
            return
        path, changes = next(iter(by_path.items()))
        self.discarding.start(self._read[path].copy, changes)

    def _written(self, path: Path, sessions: EditSessions) -> None:
        """The file is another than it was: layers, counts and this page have to look again."""
        map_layers.reload(path)
        sessions.resume()
        self._copies.refresh(path)
        self.reader.read_soon(path)
        self._say()

    # -- pulling -----------------------------------------------------------------------------------------------------

    def pull(self) -> None:
        """Bring what others changed into the working copy that is chosen; into all of them where none is."""
        if self._working or not self._is_free():
            return
        copies = self._copies.copies()
        chosen = self._chosen_path()
        self.pulls.start([c for c in copies if str(c.path) == chosen] or copies, several=len(copies) > 1)

    def _goes_on(self) -> None:
        self._working = self.discarding.busy or self.pulls.busy
        self._say()

    def _pulled(self, path: str) -> None:
        self._copies.renew(path)
        self.reader.read_soon(Path(path))

    def _since(self) -> str:
        chosen = self._chosen_path()
        readings = [self._read[chosen]] if chosen in self._read else list(self._read.values())
        return moment(min((s.pulled or s.checked_out for r in readings for s in r.copy.sources), default=""))

    def resolve(self) -> None:
        """Ask for the conflicts of the working copy that is chosen, else of the first that has some."""
        chosen = self._chosen_path()
        found = [path for path in [chosen, *self._read] if path in self._read and self._read[path].conflicts]
        if found:
            self.resolve_wanted.emit(found[0])

    def _chosen_conflict(self, path: str) -> str:
        """The conflict that the chosen change is part of; empty for none."""
        found = (self._read[at].conflicts.get(change.key) for at, change in self._chosen() if at == path)
        return next((conflict.key for conflict in found if conflict is not None), "")

    def _chosen_path(self) -> str:
        current = self.view.current()
        return self.model.path(current) if current.isValid() else ""

    # -- publishing --------------------------------------------------------------------------------------------------

    def publish(self) -> None:
        """Open the publish window for the working copy that is chosen, else for the first with changes."""
        path = self._to_publish()
        if not path or self._working or self.dialog is not None or not self._is_free():
            return
        self.publishing.open(self._read[path].copy)

    def show_history(self) -> None:
        """What was published from the working copy that is chosen, else from the first."""
        copies = {str(copy.path): copy for copy in self._copies.copies()}
        copy = copies.get(self._chosen_path()) or next(iter(copies.values()), None)
        if copy is not None:
            self.publishing.show_history(copy)

    def _to_publish(self) -> str:
        candidates = [self._chosen_path(), *self.model.paths()]
        return next((path for path in candidates if path and self.model.all_changes(path)), "")

    def stop(self) -> None:
        """The plugin is taken away: close what is open, and leave nothing on the map."""
        self.pulls.stop()
        self.publishing.stop()
        self.conflicts.stop()
        self.map.clear()

    # -- small things ------------------------------------------------------------------------------------------------

    def show_layer(self, layer: QgsVectorLayer) -> None:
        """Select the layer's changes in the tree: what a click on its indicator asks for."""
        origin = map_layers.origin_of(layer)
        if origin is not None:
            self.view.select_layer(str(origin[0]), origin[1])

    def _chosen(self) -> list[tuple[str, Change]]:
        return [(path, change) for path, changes in self.view.chosen().items() for change in changes]
