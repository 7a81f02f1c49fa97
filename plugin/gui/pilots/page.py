"""The Pilots page: the pilots of a working copy by stage, how the chosen one stands, and what can be done with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qgis.PyQt.QtCore import QPoint, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...map import layers as map_layers
from ...map.pilots.book import PilotBook, Record
from ...map.project import ProjectCopies
from ...pilots.problems import Problem
from ...text import tr
from ..empty_state import EmptyState
from ..icons import icon
from ..status_line import StatusLine
from . import page_empty
from . import page_rows as rows
from .page_actions import ActionStrip, PilotActions
from .page_details import PilotDetails
from .page_empty import Empty
from .page_filter import PilotFilter
from .page_list import PilotList
from .page_map import PilotsOnMap
from .page_model import PilotModel

if TYPE_CHECKING:
    from qgis.gui import QgisInterface


class PilotsPage(QWidget):
    """Shows and asks; the desk does. Signals name a working copy by its path and a pilot by its key.

    ``fix_wanted``: path, key and the Problem to mend. While a panel is shown (`show_panel`) the pilots are behind it.
    """

    catalogue_wanted = pyqtSignal()
    open_wanted = pyqtSignal()
    board_wanted = pyqtSignal()
    new_wanted = pyqtSignal(str)
    edit_wanted = pyqtSignal(str, str)
    redraw_wanted = pyqtSignal(str, str)
    profile_wanted = pyqtSignal(str, str)
    report_wanted = pyqtSignal(str, str)
    meet_wanted = pyqtSignal(str, str)
    stop_wanted = pyqtSignal(str, str)
    delete_wanted = pyqtSignal(str, str)
    fix_wanted = pyqtSignal(str, str, object)

    def __init__(
        self, iface: QgisInterface, copies: ProjectCopies, book: PilotBook, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._copies, self._book = copies, book
        self._path = ""
        self._shown: tuple[str, str] | None = None  # the pilot that was chosen last
        self._last: Record | None = None
        self._soon: tuple[str, str] | None = None  # the pilot to choose once it is read
        self.map = PilotsOnMap(iface, book, self)
        self.model = PilotModel(self)
        self.list = PilotList(self.model)
        self.filter = PilotFilter()
        self.details = PilotDetails()
        self.actions = PilotActions(
            {
                "edit": lambda: self._ask(self.edit_wanted),
                "redraw": lambda: self._ask(self.redraw_wanted),
                "zoom": self.zoom,
                "profile": lambda: self._ask(self.profile_wanted),
                "report": lambda: self._ask(self.report_wanted),
                "meet": lambda: self._ask(self.meet_wanted),
                "stop": lambda: self._ask(self.stop_wanted),
                "delete": lambda: self._ask(self.delete_wanted),
            },
            self,
        )
        self.list.view.addAction(self.actions.actions["delete"])
        self.strip = ActionStrip(self.actions)
        self.empty = EmptyState(icon("pilots"), "", "")
        self.status = StatusLine()
        self.again_button = _tool("mActionRefresh.svg", tr("Read the Pilots Again"))
        self.board_button = QPushButton(icon("pilot-board"), tr("&Portfolio…"))
        self.board_button.setToolTip(tr("All pilots by stage and time, and what they lack"))
        self.new_button = QPushButton(icon("pilot-new"), tr("&New Pilot…"))
        self.new_button.setToolTip(tr("Draw the area of a new pilot, then describe it"))
        self._panel: QWidget | None = None
        self._build()
        self._connect()
        self._book_changed()

    def _build(self) -> None:
        self.filter.side.addWidget(self.again_button)
        below = QWidget()
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.details, 1)
        column.addWidget(self.strip)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.list)
        self.splitter.addWidget(below)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(8, 4, 8, 6)
        foot.addWidget(self.board_button)
        foot.addStretch(1)
        foot.addWidget(self.new_button)
        chosen = QWidget()
        column = QVBoxLayout(chosen)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.filter)
        column.addWidget(self.splitter, 1)
        column.addLayout(foot)
        self._pilots = chosen
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(chosen)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self.status)

    def _connect(self) -> None:
        self._book.changed.connect(self._book_changed)
        self._copies.copiesChanged.connect(self._book_changed)
        self.filter.changed.connect(lambda: self.model.set_filter(self.filter.filter))
        self.filter.copy_chosen.connect(self.show_copy)
        self.filter.down.connect(self.list.focus)
        self.list.chosen_changed.connect(self._chosen)
        self.list.activated.connect(self._activate)
        self.list.menu_wanted.connect(self._menu)
        self.list.reset_wanted.connect(self.filter.reset)
        self.details.zoom_wanted.connect(self._show_problem)
        self.details.fix_wanted.connect(self._fix)
        self.map.selected.connect(self._selected_on_map)
        self.again_button.clicked.connect(lambda _checked=False: self._book.refresh(self._path))
        self.board_button.clicked.connect(lambda _checked=False: self.board_wanted.emit())
        self.new_button.clicked.connect(lambda _checked=False: self.new_wanted.emit(self._path))

    # -- what others may ask of it

    @property
    def path(self) -> str:
        """The working copy whose pilots are shown; "" where none has pilots."""
        return self._path

    @property
    def chosen(self) -> Record | None:
        """The chosen pilot."""
        return self.list.chosen

    def focus(self) -> None:
        """Put the cursor where the next step begins."""
        if self._stack.currentWidget() is self._pilots:
            self.filter.focus()
        elif self.empty.buttons and self._panel is None:
            self.empty.buttons[0].setFocus()

    def show_copy(self, path: str) -> None:
        """Show the pilots of another working copy."""
        if path in self._book.paths() and path != self._path:
            self._path = path
            self._book_changed()

    def show_pilot(self, path: str, key: str) -> None:
        """Choose a pilot, as soon as it is known; a filter that hides it is taken away."""
        self.show_copy(path)
        self._soon = (path, key)
        self._choose_soon()

    def show_panel(self, panel: QWidget | None) -> None:
        """Show ``panel`` in place of the pilots; None: the pilots again."""
        self._panel = panel
        if panel is not None and self._stack.indexOf(panel) < 0:
            self._stack.addWidget(panel)
        self._say()

    def zoom(self) -> None:
        """Show the chosen pilot on the map."""
        chosen = self.chosen
        if chosen is not None and self.map.zoom(chosen.pilot):
            self.map.flash(chosen.pilot)

    def stop(self) -> None:
        """At unload: listen to nobody."""
        self.map.let_go()
        self._book.changed.disconnect(self._book_changed)
        self._copies.copiesChanged.disconnect(self._book_changed)

    # -- what is shown

    def _book_changed(self) -> None:
        paths = self._book.paths()
        if self._path not in paths:
            self._path = paths[0] if paths else ""
        names = [Path(path).stem for path in paths]
        titles = {p: Path(p).stem if names.count(Path(p).stem) == 1 else p for p in paths}
        self.filter.show_copies(titles, self._path)
        self.map.look_at(self._path)
        records = self._book.records(self._path) if self._path else ()
        self.filter.count(records)
        self._follow(records)
        self.model.set_records(records)
        self._choose_soon()
        self._chosen()

    def _follow(self, records: tuple[Record, ...]) -> None:
        """The chosen pilot may have another key: it was saved, or published."""
        last = self._last
        if last is None or self._soon is not None or any(one.key == last.key for one in records):
            return
        same = [one for one in records if one.pilot.fid == last.pilot.fid]
        same = same or [one for one in records if (one.pilot.name, one.pilot.wkb) == (last.pilot.name, last.pilot.wkb)]
        if len(same) == 1 and last.path == self._path:
            self._soon = (self._path, same[0].key)

    def _choose_soon(self) -> None:
        if self._soon is None or self._book.record(*self._soon) is None:
            return
        wanted, self._soon = self._soon, None
        if not self.list.choose(*wanted):
            self.filter.reset()
            self.list.choose(*wanted)

    def _say(self) -> None:
        """The empty state or the pilots, the buttons, and the status line."""
        path, records = self._path, self.model.records
        error = self._book.trouble(path) if path else None
        reading = bool(path) and not self._book.known(path) and error is None
        layer = self._book.layer(path) if path else None
        state = self._state(reading)
        if state is not None:
            self._show_empty(state)
        self._stack.setCurrentWidget(self._panel or (self._pilots if state is None else self.empty))
        self.new_button.setEnabled(self._takes("POST") and layer is not None)
        self.again_button.setVisible(error is not None)
        if error is not None:
            self.status.say(error.message, "bad")
        elif reading:
            self.status.say(tr("Reading pilots…"), "busy")
        elif state is None and not self._book.checked(path):
            self.status.say(tr("Checking pilots…"), "busy")
        elif state is not None and not (path and self._book.known(path)):
            self.status.say(tr("No pilots"))
        else:
            self.status.say(rows.summary(records, self.model.shown))

    def _state(self, reading: bool) -> Empty | None:
        """What stands in place of the pilots; None where there are some."""
        files = [copy.path.name for copy in self._copies.copies()]
        if not self._path:
            return page_empty.no_layer(", ".join(files)) if files else page_empty.no_copy()
        error = self._book.trouble(self._path)
        if self._book.layer(self._path) is None:
            return page_empty.not_shown(Path(self._path).name)
        if reading:
            return page_empty.still_reading()
        if self.model.records:
            return None
        return page_empty.unreadable(error.message) if error is not None else page_empty.no_pilots(self._takes("POST"))

    def _show_empty(self, state: Empty) -> None:
        if (self.empty.title, self.empty.text) == (state.title, state.text):
            return
        calls = {
            "catalogue": self.catalogue_wanted.emit,
            "open": self.open_wanted.emit,
            "add": self._add_layer,
            "new": lambda: self.new_wanted.emit(self._path),
            "again": lambda: self._book.refresh(self._path),
        }
        self.empty.tell(icon(state.icon), state.title, state.text)
        buttons = []
        for choice in state.choices:
            button = QPushButton(icon(choice.icon), choice.text)
            button.clicked.connect(lambda _checked=False, call=calls[choice.name]: call())
            buttons.append(button)
        self.empty.set_buttons(buttons)

    def _takes(self, *methods: str) -> bool:
        """Whether the twin takes changes of these kinds."""
        source = self._book.source(self._path) if self._path else None
        return source is not None and any(method in source.methods for method in methods)

    def _add_layer(self) -> None:
        copy, source = self._book.copy(self._path), self._book.source(self._path)
        if copy is not None and source is not None:
            map_layers.add_copy(copy, tables=[source.table])

    # -- the chosen pilot

    def _chosen(self) -> None:
        record = self.chosen
        shown = bool(self._path) and self._book.layer(self._path) is not None
        able = self._takes("PUT", "PATCH")
        self.details.show_record(record, able and shown, tr("Choose a pilot to see how it stands."))
        self.actions.say(record, able, shown)
        now = (record.path, record.key) if record is not None else None
        if record is not None:
            self._last = record
            if now != self._shown:
                self.map.select(record)
        self._shown = now
        self._say()

    def _selected_on_map(self, path: str, key: str) -> None:
        if path == self._path:
            self.list.choose(path, key)

    def _activate(self) -> None:
        chosen = self.chosen
        if chosen is not None:
            self.map.zoom(chosen.pilot)
            if self.actions.actions["edit"].isEnabled():
                self.edit_wanted.emit(chosen.path, chosen.key)

    def _ask(self, wanted: pyqtSignal) -> None:
        chosen = self.chosen
        if chosen is not None:
            wanted.emit(chosen.path, chosen.key)

    def _show_problem(self, problem: Problem) -> None:
        chosen = self.chosen
        if chosen is not None:
            self.map.show_problem(chosen.pilot, problem)

    def _fix(self, problem: Problem) -> None:
        chosen = self.chosen
        if chosen is not None:
            self.fix_wanted.emit(chosen.path, chosen.key, problem)

    def _menu(self, at: QPoint) -> None:
        if self.chosen is None:
            return
        menu = self.actions.menu(self)
        menu.exec(at)
        menu.deleteLater()


def _tool(picture: str, text: str) -> QToolButton:
    button = QToolButton()
    button.setIcon(icon(picture))
    button.setAutoRaise(True)
    button.setToolTip(text)
    button.setAccessibleName(text)
    return button
