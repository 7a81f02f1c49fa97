"""The tree of observed properties and datastreams with its filter line."""

from __future__ import annotations

from collections.abc import Callable

from qgis.gui import QgsFilterLineEdit
from qgis.PyQt.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPoint,
    Qt,
    QTimer,
    pyqtSignal,
)
from qgis.PyQt.QtGui import QAction, QPaintEvent
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QStackedWidget,
    QStyleOptionViewItem,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from ..sensors import words
from ..text import tr
from .empty_state import EmptyState
from .icons import icon
from .sensors_delegate import SensorDelegate
from .sensors_filter import WORDS, Filter, Holds, words_of
from .sensors_model import Role, SensorModel
from .sensors_rows import Group, Row

_TYPING = 120  # ms without a key
_FEW = 40  # datastreams that are unfolded when words found them


class SensorsTree(QWidget):
    """``chosen_changed``: other rows are selected or ticked. ``activated``: double click or Enter on what is selected.
    ``menu_wanted``: the context menu, at a place on the screen."""

    chosen_changed = pyqtSignal()
    activated = pyqtSignal()
    menu_wanted = pyqtSignal(QPoint)
    area_reset_wanted = pyqtSignal()

    def __init__(self, model: SensorModel, now: Callable[[], float], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        self._area: Holds | None = None
        self._kept: tuple[list[str], list[str], str] = ([], [], "")
        self._open: set[str] = set()
        self.filter = QgsFilterLineEdit()
        self.filter.setShowSearchIcon(True)
        self.filter.setShowClearButton(True)
        self.filter.setPlaceholderText(tr("Filter by name, place or property"))
        self.filter.setAccessibleName(tr("Filter sensors"))
        self.fresh_button = QToolButton()
        self.fresh_button.setIcon(icon("mActionFilter2.svg"))
        self.fresh_button.setAutoRaise(True)
        self.fresh_button.setCheckable(True)
        self.fresh_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.fresh_button.setToolTip(tr("Filter by freshness and ticks"))
        self.fresh_button.setAccessibleName(tr("Filter by freshness and ticks"))
        self.fresh: dict[str, QAction] = {}
        self.only_ticked = QAction(tr("Only Ticked Properties"), self)
        self._menu = self._fresh_menu()
        self.fresh_button.setMenu(self._menu)
        self.view = _View()
        self.view.setModel(model)
        self._delegate = SensorDelegate(now, self.view)
        self.view.setItemDelegate(self._delegate)
        self.view.setUniformRowHeights(True)
        self.view.setHeaderHidden(True)
        self.view.setIndentation(18)
        self.view.setFrameShape(QFrame.Shape.NoFrame)
        self.view.setExpandsOnDoubleClick(False)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.setAccessibleName(tr("Observed properties and datastreams"))
        self.nothing = EmptyState(icon("search.svg"), tr("Nothing Found"), "")
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING)
        self._build()
        self._connect()

    def _fresh_menu(self) -> QMenu:
        menu = QMenu(self)
        for word in WORDS:
            action = self.fresh[word] = menu.addAction(_titled(words.how_fresh(word)))
            action.setCheckable(True)
            action.setChecked(True)
            action.toggled.connect(lambda _on: self._filter_now())
        menu.addSeparator()
        self.only_ticked.setCheckable(True)
        self.only_ticked.toggled.connect(lambda _on: self._filter_now())
        menu.addAction(self.only_ticked)
        return menu

    def _build(self) -> None:
        self._stack = QStackedWidget()
        self._stack.addWidget(self.view)
        self._stack.addWidget(self.nothing)
        self._top = QHBoxLayout()
        self._top.setContentsMargins(8, 0, 8, 6)
        self._top.setSpacing(4)
        self._top.addWidget(self.filter, 1)
        self._top.addWidget(self.fresh_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._top)
        layout.addWidget(self._stack, 1)

    def _connect(self) -> None:
        self._typing.timeout.connect(self._filter_now)
        self.filter.textChanged.connect(lambda _text: self._typing.start())
        self.filter.installEventFilter(self)
        self.view.viewport().installEventFilter(self)
        self.view.installEventFilter(self)
        self.view.doubleClicked.connect(lambda _index: self.activated.emit())
        self.view.customContextMenuRequested.connect(
            lambda at: self.menu_wanted.emit(self.view.viewport().mapToGlobal(at))
        )
        self.view.selectionModel().selectionChanged.connect(lambda _new, _old: self.chosen_changed.emit())
        self.model.sifting.connect(self._remember)
        self.model.sifted.connect(self._sifted)
        self.model.filtered.connect(self._say_nothing)
        self.view.expanded.connect(lambda index: self._fold(index, True))
        self.view.collapsed.connect(lambda index: self._fold(index, False))
        self.model.told.connect(self.view.viewport().update)
        self.model.ticks_changed.connect(self._ticked)

    # -- what is chosen

    def selected_groups(self) -> list[Group]:
        """The selected observed properties, as they are listed."""
        found = [index.data(Role.GROUP) for index in self.view.selectionModel().selectedRows()]
        return sorted((one for one in found if isinstance(one, Group)), key=lambda one: one.order)

    def selected_rows(self) -> list[Row]:
        """The selected datastreams."""
        return [
            row for index in self.view.selectionModel().selectedRows() if isinstance(row := index.data(Role.ROW), Row)
        ]

    def select(self, *, groups: tuple[Group, ...] = (), rows: tuple[Row, ...] = ()) -> None:
        """Select exactly these, as far as they are shown."""
        indexes = [self.model.index_of_group(one) for one in groups] + [self.model.index_of(one) for one in rows]
        chosen = QItemSelection()
        for index in indexes:
            if index.isValid():
                chosen.select(index, index)
        self.view.selectionModel().select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    # -- the filter

    def set_area(self, area: Holds | None) -> None:
        """Show only what stands there."""
        self._area = area
        self._filter_now()

    def reset(self) -> None:
        """Show all again; where is for the owner to choose (``area_reset_wanted``)."""
        self.filter.clear()
        for action in (*self.fresh.values(), self.only_ticked):
            action.blockSignals(True)
            action.setChecked(action is not self.only_ticked)
            action.blockSignals(False)
        self._filter_now()
        self.area_reset_wanted.emit()

    def focus(self) -> None:
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _filter_now(self) -> None:
        self._typing.stop()
        fresh = frozenset(word for word, action in self.fresh.items() if action.isChecked())
        groups = frozenset(one.id for one in self.model.ticked()) if self.only_ticked.isChecked() else None
        found = Filter(words_of(self.filter.text()), fresh, self._area, groups)
        self.fresh_button.setChecked(found.by_freshness or groups is not None)
        self.model.set_filter(found)

    def _ticked(self) -> None:
        if self.only_ticked.isChecked():
            self._filter_now()
        self.chosen_changed.emit()

    def _remember(self) -> None:
        """Rows will stand for others: what is chosen is known by its id."""
        current = self.view.currentIndex().data(Role.ROW) if self.view.currentIndex().isValid() else None
        self._kept = (
            [one.id for one in self.selected_groups()],
            [one.stream.id for one in self.selected_rows()],
            current.stream.id if isinstance(current, Row) else "",
        )

    def _sifted(self) -> None:
        groups, rows, current = self._kept
        if rows or current:
            known = [self.model.row(id) for id in rows]
            self.select(
                groups=tuple(one for one in map(self.model.group, groups) if one is not None),
                rows=tuple(one for one in known if one is not None),
            )
            row = self.model.row(current)
            index = self.model.index_of(row) if row is not None else None
            if index is not None and index.isValid():
                self.view.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
        if self.model.filter.words and self.model.shown <= _FEW:
            self.view.expandAll()
        for group in self.model.groups:
            index = self.model.index_of_group(group)
            if group.id in self._open and not self.view.isExpanded(index):
                self.view.expand(index)
        self.chosen_changed.emit()

    def _fold(self, index: QModelIndex, open: bool) -> None:
        """An observed property that goes and comes back is as the user left it."""
        group = index.data(Role.GROUP)
        if isinstance(group, Group):
            (self._open.add if open else self._open.discard)(group.id)

    def _say_nothing(self) -> None:
        empty = not self.model.shown and len(self.model) > 0
        if empty:
            typed = self.filter.text().strip()
            text = tr("No sensor matches the filter.")
            if typed and self.model.filter == Filter(words=self.model.filter.words):
                text = tr("No sensor has “{words}” in its name, place, property or description.", words=typed)
            self.nothing.tell(icon("search.svg"), tr("Nothing Found"), text)
            if not self.nothing.buttons:
                button = QPushButton(tr("Show &All Sensors"))
                button.clicked.connect(lambda _checked=False: self.reset())
                self.nothing.set_buttons([button])
        self._stack.setCurrentIndex(1 if empty else 0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter and the arrow go from the filter to what it found; Enter in the tree is a double click, one on a tick
        box is none."""
        if event.type() == QEvent.Type.MouseButtonDblClick and watched is self.view.viewport():
            return self._on_tick(event) or bool(super().eventFilter(watched, event))
        if event.type() == QEvent.Type.KeyPress:
            key = event.key()
            enter = key in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            if watched is self.filter and (enter or key == Qt.Key.Key_Down):
                if self._typing.isActive():
                    self._filter_now()
                if self.model.shown:
                    if not self.view.currentIndex().isValid():
                        self.view.setCurrentIndex(self.model.index(0, 0))
                    self.view.setFocus(Qt.FocusReason.TabFocusReason)
                    return True
            if watched is self.view and enter and self.view.selectionModel().hasSelection():
                self.activated.emit()
                return True
        return bool(super().eventFilter(watched, event))

    def _on_tick(self, event: QEvent) -> bool:
        at = event.position().toPoint() if hasattr(event, "position") else event.pos()
        index = self.view.indexAt(at)
        if not isinstance(index.data(Role.GROUP), Group):
            return False
        option = QStyleOptionViewItem()
        option.initFrom(self.view)
        option.rect, option.widget = self.view.visualRect(index), self.view
        return bool(self._delegate.tick_rect(option).contains(at))


def _titled(text: str) -> str:
    return text[:1].upper() + text[1:]


class _View(QTreeView):
    """Paints with Python's lock held all the time: while a worker reads, taking it anew for each row would make a
    paint wait some milliseconds a dozen times."""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
