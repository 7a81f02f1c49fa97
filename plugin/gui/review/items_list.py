"""The triage list, with what is chosen in it: one item, or several to be decided together."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPoint,
    Qt,
    pyqtSignal,
)
from qgis.PyQt.QtWidgets import QAbstractItemView, QFrame, QPushButton, QStackedWidget, QTreeView, QVBoxLayout, QWidget

from ...map.review.book_reading import Note
from ...review import vocabulary as words
from ...text import tr
from ..empty_state import EmptyState
from ..icons import icon
from .items_delegate import ItemDelegate
from .items_model import ItemModel, Role, Rows
from .items_rows import Group


class ItemList(QWidget):
    """``chosen_changed()``: other items, or the same as they are now. ``activated()``: double click or Enter.
    ``menu_wanted``: the context menu, at a place on the screen. ``reset_wanted()``: let the filter show all."""

    chosen_changed = pyqtSignal()
    activated = pyqtSignal()
    menu_wanted = pyqtSignal(QPoint)
    reset_wanted = pyqtSignal()

    def __init__(self, model: ItemModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        self._keys: tuple[str, ...] = ()
        self._next = ""  # what follows the chosen ones: chosen in their place once they are decided and out of sight
        self._folded = {words.REJECTED, words.DONE}
        self._laying_out = False
        self._scrolled = 0
        self._were: dict[str, str] = {}  # the status of each item as it was last laid out
        self.view = QTreeView()
        self.view.setModel(model)
        self.view.setItemDelegate(ItemDelegate(self.view))
        self.view.setHeaderHidden(True)
        self.view.setIndentation(14)
        self.view.setFrameShape(QFrame.Shape.NoFrame)
        self.view.setExpandsOnDoubleClick(False)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.view.setUniformRowHeights(True)  # else it asks for the height of each of thousands, again and again
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.setAccessibleName(tr("Review items by status"))
        button = QPushButton(tr("Show &All Items"))
        button.clicked.connect(lambda _checked=False: self.reset_wanted.emit())
        self.nothing = EmptyState(
            icon("search.svg"), tr("Nothing Found"), tr("No review item matches the filter."), [button]
        )
        self._stack = QStackedWidget()
        self._stack.addWidget(self.view)
        self._stack.addWidget(self.nothing)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)
        self.view.installEventFilter(self)
        self.view.doubleClicked.connect(lambda index: self.model.note(index) and self.activated.emit())
        self.view.customContextMenuRequested.connect(
            lambda at: self.menu_wanted.emit(self.view.viewport().mapToGlobal(at))
        )
        self.view.selectionModel().selectionChanged.connect(lambda _new, _old: self._selected())
        self.view.expanded.connect(lambda index: self._fold(index.data(Role.GROUP), False))
        self.view.collapsed.connect(lambda index: self._fold(index.data(Role.GROUP), True))
        model.modelAboutToBeReset.connect(self._before)
        model.modelReset.connect(self._after)

    # -- what is chosen

    @property
    def chosen(self) -> tuple[Note, ...]:
        """The chosen items as they are now, from the top."""
        ranges = self.view.selectionModel().selection()  # Qt takes its time to tell the rows one by one
        return self.model.notes_in(
            sorted(Rows(one.parent().row(), one.top(), one.bottom()) for one in ranges if one.parent().isValid())
        )

    @property
    def one(self) -> Note | None:
        """The chosen item where it is one only."""
        chosen = self.chosen
        return chosen[0] if len(chosen) == 1 else None

    def choose(self, *keys: str) -> bool:
        """Choose items and bring them in sight; False where none is shown."""
        found = self.model.find(keys)
        if found:
            self.view.expand(self.model.index(found[0].heading, 0))
            self._select(found)
            self.view.scrollTo(self._index(found[0].heading, found[0].first))
        return bool(found)

    def focus(self) -> None:
        """Bring the keys into the list, onto its first item where none is chosen."""
        if not self.chosen and self.model.groups:
            heading = self.model.index(0, 0)
            self.view.expand(heading)
            self.view.setCurrentIndex(self.model.index(0, 0, heading))
        self.view.setFocus(Qt.FocusReason.TabFocusReason)

    def _index(self, heading: int, row: int) -> QModelIndex:
        return self.model.index(row, 0, self.model.index(heading, 0))

    def _select(self, found: Sequence[Rows]) -> None:
        chosen = QItemSelection()
        for one in found:
            chosen.select(self._index(one.heading, one.first), self._index(one.heading, one.last))
        selection = self.view.selectionModel()
        first = self._index(found[0].heading, found[0].first)
        selection.setCurrentIndex(first, QItemSelectionModel.SelectionFlag.NoUpdate)
        selection.select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def _selected(self) -> None:
        if not self._laying_out:
            self._remember()
            self.chosen_changed.emit()

    def _remember(self) -> None:
        chosen = self.chosen
        self._keys = tuple(note.key for note in chosen)
        self._next = ""
        if chosen:
            last = chosen[-1]
            groups = [group for group in self.model.groups if group.status == last.item.status]
            keys = [note.key for group in groups for note in group.rows]
            after = keys.index(last.key) + 1
            self._next = keys[after] if after < len(keys) else ""

    # -- what is shown

    def _before(self) -> None:
        self._laying_out = True
        self._scrolled = self.view.verticalScrollBar().value()

    def _after(self) -> None:
        """Headings are folded, the list scrolled and the items chosen as before; of what was just decided the next."""
        for place, group in enumerate(self.model.groups):
            self.view.setExpanded(self.model.index(place, 0), group.status not in self._folded)
        found = self.model.find(self._keys)
        decided = bool(found) and self._next and all(map(self._moved, self.model.notes_in(found)))
        if self._next and (decided or (self._keys and not found)):
            found = self.model.find([self._next]) or found
        if found:
            self._select(found)
        self.view.verticalScrollBar().setValue(self._scrolled)
        self._were = {note.key: note.item.status for note in self.model.notes}
        self._laying_out = False
        if found:
            self._remember()
        empty = not self.model.shown and bool(self.model.notes)
        self._stack.setCurrentIndex(1 if empty else 0)
        self.chosen_changed.emit()

    def _moved(self, note: Note) -> bool:
        """Whether an item was open and is no longer."""
        return self._were.get(note.key) == words.OPEN != note.item.status

    def _fold(self, group: object, folded: bool) -> None:
        if isinstance(group, Group) and not self._laying_out:
            (self._folded.add if folded else self._folded.discard)(group.status)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter is a double click."""
        pressed = watched is self.view and event.type() == QEvent.Type.KeyPress
        if pressed and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.chosen:
            self.activated.emit()
            return True
        return bool(super().eventFilter(watched, event))
