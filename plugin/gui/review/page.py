"""The Review page: what was noted outside, to be decided; and, in a project that is a package, the walk through it."""

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

from ...map.project import ProjectCopies
from ...map.review.book import ReviewBook
from ...map.review.book_reading import Note
from ...review import vocabulary as words
from ...text import tr
from ..empty_state import EmptyState
from ..icons import icon
from ..pilots.page_empty import Empty
from ..status_line import StatusLine
from . import items_details as details_words
from . import items_rows as rows
from . import page_empty
from .items_actions import ActionStrip, ItemActions
from .items_details import ItemDetails
from .items_filter import ItemFilter
from .items_list import ItemList
from .items_model import ItemModel
from .on_map import ItemsOnMap
from .walk_panel import WalkPanel

if TYPE_CHECKING:
    from qgis.gui import QgisInterface


class ReviewPage(QWidget):
    """Shows and asks; the desk does. Signals name a working copy by its path and items by their keys.

    ``decide_wanted``: path, keys, status.
    """

    catalogue_wanted = pyqtSignal()
    open_wanted = pyqtSignal()
    prepare_wanted = pyqtSignal(str)
    merge_wanted = pyqtSignal(str)
    decide_wanted = pyqtSignal(str, object, str)
    edit_wanted = pyqtSignal(str, str)
    show_wanted = pyqtSignal(str)
    export_wanted = pyqtSignal(str, object)

    def __init__(
        self, iface: QgisInterface, copies: ProjectCopies, book: ReviewBook, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._copies, self._book = copies, book
        self._path = ""
        self._shown: tuple[str, ...] = ()
        self._soon: tuple[str, str] | None = None  # the item to choose once it is read
        self._listing = False  # in a package: the list instead of the walk
        self._hidden = False  # whether a layer with items is not in the project
        self._following = False  # what is listed becomes other: it is shown once all of it is known
        self.map = ItemsOnMap(iface, book, self)
        self.model = ItemModel(self)
        self.list = ItemList(self.model)
        self.filter = ItemFilter()
        self.details = ItemDetails()
        self.walk = WalkPanel(iface, book, self.map)
        self.actions = ItemActions(
            {
                "accept": lambda: self._decide(words.ACCEPTED),
                "reject": lambda: self._decide(words.REJECTED),
                "done": lambda: self._decide(words.DONE),
                "reopen": lambda: self._decide(words.OPEN),
                "edit": self._edit,
                "zoom": self.zoom,
                "show": lambda: self.show_wanted.emit(self._path),
            },
            self,
        )
        for name in ("accept", "edit", "reject", "done", "zoom"):
            self.list.view.addAction(self.actions.actions[name])
        self.strip = ActionStrip(self.actions)
        self.empty = EmptyState(icon("review"), "", "")
        self.status = StatusLine()
        self.export_button = _tool("review-list", tr("Save the List as PDF…"))
        self.show_button = _tool("mActionShowAllLayers.svg", tr("Add Review Layers to the Map"))
        self.again_button = _tool("mActionRefresh.svg", tr("Read the Review Items Again"))
        self.prepare_button = QPushButton(icon("review-prepare"), tr("&Prepare…"))
        self.prepare_button.setToolTip(tr("Prepare a field review: a package to take outside"))
        self.merge_button = QPushButton(icon("review-merge"), tr("&Merge…"))
        self.merge_button.setToolTip(tr("Merge a field review: bring home what was noted and edited outside"))
        self.walk_button = QPushButton(icon("review-walk"), tr("&Back to the Walk"))
        self._build()
        self._connect()
        self._book_changed()

    def _build(self) -> None:
        for button in (self.show_button, self.export_button, self.again_button):
            self.filter.side.addWidget(button)
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
        foot.addWidget(self.walk_button)
        foot.addStretch(1)
        foot.addWidget(self.prepare_button)
        foot.addWidget(self.merge_button)
        self._items = QWidget()
        column = QVBoxLayout(self._items)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.filter)
        column.addWidget(self.splitter, 1)
        column.addLayout(foot)
        self._stack = QStackedWidget()
        for widget in (self.empty, self._items, self.walk):
            self._stack.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self.status)

    def _connect(self) -> None:
        self._book.changed.connect(self._book_changed)
        self._copies.copiesChanged.connect(self._book_changed)
        self._copies.writers.changed.connect(self._writers_changed)
        self.filter.changed.connect(lambda: self.model.set_filter(self.filter.filter))
        self.filter.copy_chosen.connect(self.show_copy)
        self.filter.down.connect(self.list.focus)
        self.list.chosen_changed.connect(self._chosen)
        self.list.activated.connect(self.zoom)
        self.list.menu_wanted.connect(self._menu)
        self.list.reset_wanted.connect(self.filter.reset)
        self.map.selected.connect(self.list.choose)
        self.walk.list_wanted.connect(lambda: self._show_list(True))
        self.walk_button.clicked.connect(lambda _checked=False: self._show_list(False))
        self.again_button.clicked.connect(lambda _checked=False: self._book.refresh(self._path))
        self.prepare_button.clicked.connect(lambda _checked=False: self.prepare_wanted.emit(self._path))
        self.merge_button.clicked.connect(lambda _checked=False: self.merge_wanted.emit(self._path))
        self.show_button.clicked.connect(lambda _checked=False: self.show_wanted.emit(self._path))
        self.export_button.clicked.connect(lambda _checked=False: self._export())

    # -- what others may ask of it

    @property
    def path(self) -> str:
        """The working copy whose items are shown; "" where there is none."""
        return self._path

    def focus(self) -> None:
        """Put the cursor where the next step begins."""
        current = self._stack.currentWidget()
        if current is self._items:
            self.filter.focus()
        elif current is self.walk:
            self.walk.focus()
        elif self.empty.buttons:
            self.empty.buttons[0].setFocus()

    def show_copy(self, path: str) -> None:
        """Show the items of another working copy."""
        if path in self._book.paths() and path != self._path:
            self._path = path
            self._listing = False
            self._book_changed()

    def show_item(self, path: str, key: str) -> None:
        """Choose an item, as soon as it is known; a filter that hides it is taken away."""
        self.show_copy(path)
        self._soon = (path, key)
        self._choose_soon()

    def zoom(self) -> None:
        """Show the chosen items on the map."""
        chosen = self.list.chosen
        if chosen and self.map.zoom(chosen):
            self.map.flash(chosen)

    def stop(self) -> None:
        """At unload: listen to nobody."""
        self.map.let_go()
        self.walk.stop()
        self._book.changed.disconnect(self._book_changed)
        self._copies.writers.changed.disconnect(self._writers_changed)
        self._copies.copiesChanged.disconnect(self._book_changed)

    # -- what is shown

    def _book_changed(self) -> None:
        paths = self._book.paths()
        if self._path not in paths:
            self._path = paths[0] if paths else ""
            self._listing = False
        names = [Path(path).stem for path in paths]
        titles = {p: Path(p).stem if names.count(Path(p).stem) == 1 else p for p in paths}
        self.filter.show_copies(titles, self._path)
        self.map.look_at(self._path)
        contents = self._book.contents(self._path)
        self.filter.show_sources(contents)
        self.walk.look_at(self._path if contents.this is not None else "")
        tables = {note.item.table for note in contents.notes}
        self._hidden = any(self._book.layer(self._path, table) is None for table in tables)
        self._following = True
        self.model.set_filter(self.filter.filter)
        self.model.set_notes(contents.notes)
        self._choose_soon()
        self._following = False
        self._chosen()

    def _writers_changed(self, path: str) -> None:
        if path == self._path:
            self._chosen()

    def _choose_soon(self) -> None:
        if self._soon is None or self._book.note(*self._soon) is None:
            return
        (_path, key), self._soon = self._soon, None
        if not self.list.choose(key):
            self.filter.reset()
            self.list.choose(key)

    def _show_list(self, listing: bool) -> None:
        self._listing = listing
        self._say()

    @property
    def _outside(self) -> bool:
        """Whether what is shown is a package: there nobody decides."""
        return bool(self._path) and self._book.contents(self._path).this is not None

    @property
    def _busy(self) -> str:
        """What goes on in the file, so that nobody decides just now; "" for nothing."""
        return self._copies.writers.doing(self._path) if self._path else ""

    def _say(self) -> None:
        """The empty state, the walk or the items, the buttons, and the status line."""
        path, notes = self._path, self.model.notes
        error = self._book.trouble(path) if path else None
        reading = bool(path) and not self._book.known(path) and error is None
        state = self._state(reading)
        if self._outside and error is None and not (self._listing and notes):
            self._stack.setCurrentWidget(self.walk)
        elif state is not None:
            self._show_empty(state)
            self._stack.setCurrentWidget(self.empty)
        else:
            self._stack.setCurrentWidget(self._items)
        self.walk_button.setVisible(self._outside)
        self.prepare_button.setVisible(not self._outside)
        self.merge_button.setVisible(not self._outside)
        self.strip.setVisible(not self._outside)
        self.again_button.setVisible(error is not None)
        self.show_button.setVisible(self._hidden)
        self.export_button.setEnabled(bool(self.model.shown))
        if error is not None:
            self.status.say(error.message, "bad")
        elif self._busy:
            self.status.say(self._busy, "busy")
        elif reading:
            self.status.say(tr("Reading review items…"), "busy")
        elif self._stack.currentWidget() is self.walk:
            self.status.say(self.walk.summary())
        elif not notes:
            self.status.say(tr("No review items"))
        else:
            self.status.say(rows.summary(notes, self.model.shown))

    def _state(self, reading: bool) -> Empty | None:
        if not self._path:
            return page_empty.no_copy()
        if reading:
            return page_empty.still_reading()
        if self.model.notes:
            return None
        error = self._book.trouble(self._path)
        if error is not None:
            return page_empty.unreadable(error.message)
        return page_empty.no_items(len(self._book.contents(self._path).packages))

    def _show_empty(self, state: Empty) -> None:
        if (self.empty.title, self.empty.text) == (state.title, state.text):
            return
        calls = {
            "catalogue": self.catalogue_wanted.emit,
            "open": self.open_wanted.emit,
            "prepare": lambda: self.prepare_wanted.emit(self._path),
            "merge": lambda: self.merge_wanted.emit(self._path),
            "again": lambda: self._book.refresh(self._path),
        }
        self.empty.tell(icon(state.icon), state.title, state.text)
        buttons = []
        for choice in state.choices:
            button = QPushButton(icon(choice.icon), choice.text)
            button.clicked.connect(lambda _checked=False, call=calls[choice.name]: call())
            buttons.append(button)
        self.empty.set_buttons(buttons)

    # -- the chosen items

    def _chosen(self) -> None:
        if self._following:
            return
        chosen = self.list.chosen
        one = chosen[0] if len(chosen) == 1 else None
        hint = details_words.counted(len(chosen)) if len(chosen) > 1 else tr("Choose an item to read all of it.")
        self.details.show_note(one, self._about(one), rows.newness(one, self._tracked(one)) if one else "", hint)
        self.actions.say(chosen, not self._outside and not self._busy, self._hidden)
        now = tuple(note.key for note in chosen)
        if now != self._shown and chosen:
            self.map.select(chosen)
        self._shown = now
        self._say()

    def _about(self, note: Note | None) -> str:
        """What the layer is called that an item is about."""
        if note is None or not note.item.about:
            return ""
        copy = self._book.copy(note.path)
        found = [source.title for source in copy.sources if source.table == note.item.about] if copy else []
        return found[0] if found and found[0] else note.item.about

    def _tracked(self, note: Note | None) -> bool:
        copy = self._book.copy(note.path) if note is not None else None
        return copy is not None and note is not None and any(one.table == note.item.table for one in copy.sources)

    def _decide(self, status: str) -> None:
        keys = tuple(note.key for note in self.list.chosen if status in note.item.moves)
        if keys and not self._outside:
            self.decide_wanted.emit(self._path, keys, status)

    def _edit(self) -> None:
        one = self.list.one
        if one is not None:
            self.edit_wanted.emit(one.path, one.key)

    def _export(self) -> None:
        """What is shown, or what is chosen where that is several."""
        chosen = self.list.chosen
        listed = chosen if len(chosen) > 1 else [note for group in self.model.groups for note in group.rows]
        self.export_wanted.emit(self._path, tuple(note.key for note in listed))

    def _menu(self, at: QPoint) -> None:
        if self.list.chosen:
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
