"""The list of pilots by stage, with what is chosen in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from qgis.PyQt.QtCore import QEvent, QItemSelectionModel, QObject, QPoint, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QAbstractItemView, QFrame, QPushButton, QStackedWidget, QTreeView, QVBoxLayout, QWidget

from ...map.pilots.book import Record
from ...text import tr
from ..empty_state import EmptyState
from ..icons import icon
from .page_delegate import PilotDelegate
from .page_model import PilotModel, Role
from .page_rows import Filter, Group


class PilotList(QWidget):
    """``chosen_changed()``: another pilot, or the same one as it is now. ``activated()``: double click or Enter.
    ``menu_wanted``: the context menu, at a place on the screen. ``reset_wanted()``: let the filter show all."""

    chosen_changed = pyqtSignal()
    activated = pyqtSignal()
    menu_wanted = pyqtSignal(QPoint)
    reset_wanted = pyqtSignal()

    def __init__(self, model: PilotModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        self._chosen: tuple[str, str] | None = None
        self._folded: set[str] = set()
        self._laying_out = False
        self.view = QTreeView()
        self.view.setModel(model)
        self.view.setItemDelegate(PilotDelegate(self.view))
        self.view.setHeaderHidden(True)
        self.view.setIndentation(14)
        self.view.setFrameShape(QFrame.Shape.NoFrame)
        self.view.setExpandsOnDoubleClick(False)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.setAccessibleName(tr("Pilots by stage"))
        self.nothing = EmptyState(icon("search.svg"), tr("Nothing Found"), "")
        self._stack = QStackedWidget()
        self._stack.addWidget(self.view)
        self._stack.addWidget(self.nothing)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)
        self._connect()

    def _connect(self) -> None:
        self.view.installEventFilter(self)
        self.view.doubleClicked.connect(lambda index: self.model.record(index) and self.activated.emit())
        self.view.customContextMenuRequested.connect(
            lambda at: self.menu_wanted.emit(self.view.viewport().mapToGlobal(at))
        )
        self.view.selectionModel().selectionChanged.connect(lambda _new, _old: self._selected())
        self.view.expanded.connect(lambda index: self._fold(index.data(Role.GROUP), False))
        self.view.collapsed.connect(lambda index: self._fold(index.data(Role.GROUP), True))
        self.model.modelAboutToBeReset.connect(self._before)
        self.model.modelReset.connect(self._after)

    # -- what is chosen

    @property
    def chosen(self) -> Record | None:
        """The chosen pilot as it is now; None where none is chosen or the filter hides it."""
        found = self.view.selectionModel().selectedRows()
        return self.model.record(found[0]) if found else None

    def choose(self, path: str, key: str) -> bool:
        """Choose a pilot and bring it in sight; False where it is not shown."""
        index = self.model.index_of(path, key)
        if not index.isValid():
            return False
        self.view.expand(index.parent())
        self.view.setCurrentIndex(index)
        self.view.scrollTo(index)
        return True

    def choose_none(self) -> None:
        """Choose nothing."""
        self.view.selectionModel().clear()
        self._chosen = None

    def focus(self) -> None:
        """Bring the keys into the list, onto its first pilot where none is chosen."""
        if self.chosen is None and self.model.groups:
            first = self.model.index(0, 0, self.model.index(0, 0))
            self.view.setCurrentIndex(first)
        self.view.setFocus(Qt.FocusReason.TabFocusReason)

    def _selected(self) -> None:
        if not self._laying_out:
            chosen = self.chosen
            self._chosen = (chosen.path, chosen.key) if chosen is not None else None
            self.chosen_changed.emit()

    # -- what is shown

    @contextmanager
    def _kept(self) -> Iterator[None]:
        self._laying_out = True
        yield
        self._laying_out = False

    def _before(self) -> None:
        self._laying_out = True
        self._scrolled = self.view.verticalScrollBar().value()

    def _after(self) -> None:
        """Stages are folded, the list scrolled and the pilot chosen as before."""
        with self._kept():
            for place, group in enumerate(self.model.groups):
                self.view.setExpanded(self.model.index(place, 0), group.stage not in self._folded)
            if self._chosen is not None:
                index = self.model.index_of(*self._chosen)
                if index.isValid():
                    flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
                    self.view.selectionModel().setCurrentIndex(index, flag)
            self.view.verticalScrollBar().setValue(self._scrolled)
        self._say_nothing()
        self.chosen_changed.emit()

    def _fold(self, group: object, folded: bool) -> None:
        if isinstance(group, Group) and not self._laying_out:
            (self._folded.add if folded else self._folded.discard)(group.stage)

    def _say_nothing(self) -> None:
        empty = not self.model.shown and bool(self.model.records)
        if empty:
            self.nothing.tell(icon("search.svg"), tr("Nothing Found"), _why(self.model.filter))
            if not self.nothing.buttons:
                button = QPushButton(tr("Show &All Pilots"))
                button.clicked.connect(lambda _checked=False: self.reset_wanted.emit())
                self.nothing.set_buttons([button])
        self._stack.setCurrentIndex(1 if empty else 0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter is a double click."""
        pressed = watched is self.view and event.type() == QEvent.Type.KeyPress
        if pressed and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.chosen is not None:
            self.activated.emit()
            return True
        return bool(super().eventFilter(watched, event))


def _why(sifter: Filter) -> str:
    if sifter == Filter(fading=True):
        return tr("No pilot fades: each has somebody who sees to it.")
    if sifter == Filter(problems=True):
        return tr("No pilot has errors or warnings.")
    return tr("No pilot matches the filter.")
