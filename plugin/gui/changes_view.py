"""The tree of changes with its filter, its buttons and the details below it; it knows no files and no map."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from qgis.gui import QgsFilterLineEdit
from qgis.PyQt.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QAction, QKeySequence, QResizeEvent
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QPushButton,
    QSplitter,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from ..text import tr, trn
from ..workcopy.changes import Change
from .change_details import ChangeDetails
from .changes_model import ChangesFilter, ChangesModel
from .dim import Dim, MiddleElided
from .icons import icon
from .narrow_button import NarrowButton

_UNFOLD = 300  # a layer with more changes than this stays folded until it is asked for
_KEPT = 500  # chosen rows that are chosen again after a change
_TYPING = 200  # ms
_NAMES = 0.55  # of the width


class ChangesView(QWidget):
    """Signals say what the user wants; indexes that it hands out are the model's, never the filter's."""

    selection_changed = pyqtSignal()
    zoom = pyqtSignal()
    flash = pyqtSignal()
    discard = pyqtSignal()
    publish = pyqtSignal()
    pull = pyqtSignal()
    cancel_pull = pyqtSignal()
    resolve = pyqtSignal()
    history = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = ChangesModel(self)
        self.filter = ChangesFilter(self)
        self.filter.setSourceModel(self.model)
        self._lost: list[tuple[str, str]] = []
        self._folded: set[tuple[str, str]] = set()  # path and table (or nothing) of what the user folded
        self.search = QgsFilterLineEdit()
        self.search.setShowSearchIcon(True)
        self.search.setPlaceholderText(tr("Filter by name, id or column"))
        self.kinds = QComboBox()
        for name, text, value in (
            ("", tr("All changes"), ""),
            ("change-insert", tr("New"), "insert"),
            ("change-update", tr("Changed"), "update"),
            ("change-delete", tr("Deleted"), "delete"),
            ("change-conflict", tr("Conflicts"), "conflict"),
            ("change-problem", tr("With problems"), "problem"),
        ):
            if name:
                self.kinds.addItem(icon(name), text, value)
            else:
                self.kinds.addItem(text, value)
        self.kinds.setAccessibleName(tr("Kind of change"))
        self.tree = self._make_tree()
        self.details = ChangeDetails()
        self.details.zoom.connect(self.zoom)
        self.details.flash.connect(self.flash)

        self.discard_button = NarrowButton(icon("discard"), tr("Discard…"))
        self.discard_button.setToolTip(tr("Take the chosen changes back to what the twin has"))
        self.discard_button.setAutoDefault(False)
        self.pull_button = QPushButton(icon("pull"), tr("Pull"))
        self.pull_button.setAutoDefault(False)
        self.publish_button = QPushButton(icon("publish"), tr("Publish…"))
        font = self.publish_button.font()
        font.setBold(True)
        self.publish_button.setFont(font)
        self.more_button = QToolButton()
        self.more_button.setIcon(icon("more"))
        self.more_button.setAutoRaise(True)
        self.more_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more_button.setToolTip(tr("More"))
        self.more_button.setAccessibleName(tr("More"))
        self.more_menu = QMenu(self.more_button)
        self.resolve_action = self._more("conflicts", tr("Resolve Conflicts…"), self.resolve)
        self.history_action = self._more("history", tr("Publish History…"), self.history)
        self.more_button.setMenu(self.more_menu)

        self._lay_out()
        self._connect()
        self.set_chosen(0)

    def _more(self, name: str, text: str, signal: Any) -> QAction:
        action = self.more_menu.addAction(icon(name), text)
        action.triggered.connect(lambda _checked=False: signal.emit())
        return action

    def _make_tree(self) -> QTreeView:
        tree = QTreeView()
        tree.setModel(self.filter)
        tree.setHeaderHidden(True)
        tree.setUniformRowHeights(True)
        tree.setFrameShape(QFrame.Shape.NoFrame)
        tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        tree.setAccessibleName(tr("Changes"))
        tree.setTextElideMode(Qt.TextElideMode.ElideRight)
        tree.setIndentation(14)
        header = tree.header()
        header.setStretchLastSection(True)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        tree.setItemDelegateForColumn(0, MiddleElided(tree))
        tree.setItemDelegateForColumn(1, Dim(tree))
        return tree

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(8, 6, 8, 6)
        top.addWidget(self.search, 1)
        top.addWidget(self.kinds)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.addWidget(self.tree)
        self.splitter.addWidget(self.details)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        self.splitter.setSizes([360, 240])
        self.foot = QWidget()  # the page shows it below its empty states, too
        foot = QHBoxLayout(self.foot)
        foot.setContentsMargins(8, 6, 8, 8)
        foot.addWidget(self.discard_button)
        foot.addStretch(1)
        for widget in (self.pull_button, self.publish_button, self.more_button):
            foot.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.splitter, 1)

    def _connect(self) -> None:
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING)
        self._typing.timeout.connect(self.apply_filter)
        self.search.textChanged.connect(lambda _text: self._typing.start())
        self.kinds.currentIndexChanged.connect(lambda _index: self.apply_filter())
        self.tree.selectionModel().selectionChanged.connect(lambda *_: self._selection_changed())
        self.tree.collapsed.connect(lambda index: self._folded.add(self._place(index)))
        self.tree.expanded.connect(self._unfolded)
        self.tree.doubleClicked.connect(lambda index: self.zoom.emit() if self._is_change(index) else None)
        self.tree.customContextMenuRequested.connect(self._menu)
        self.discard_button.clicked.connect(lambda _checked=False: self.discard.emit())
        self.publish_button.clicked.connect(lambda _checked=False: self.publish.emit())
        self.pull_button.clicked.connect(
            lambda _checked=False: self.cancel_pull.emit() if self._pulling else self.pull.emit()
        )
        delete = QAction(self.tree)
        delete.setShortcut(QKeySequence(Qt.Key.Key_Delete))
        delete.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        delete.triggered.connect(lambda _checked=False: self.discard.emit())
        self.tree.addAction(delete)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Names get a little more than half, until the user divides it otherwise."""
        super().resizeEvent(event)
        if self.tree.columnWidth(0) == self._divided or not self._divided:
            self._divided = int(self.width() * _NAMES)
            self.tree.setColumnWidth(0, self._divided)

    _divided = 0

    # -- selection ---------------------------------------------------------------------------------------------------

    def chosen(self) -> dict[str, list[Change]]:
        """The changes at and below the chosen rows, each once: path → changes. Quick for ten thousand."""
        found: dict[str, dict[str, Change]] = {}
        for part in self.tree.selectionModel().selection():
            if part.left() != 0:
                continue
            above = self.filter.mapToSource(part.parent())
            if self.model.kind(above) == "layer" and not self.filter.active:
                path, changes = self.model.changes_between(above, part.top(), part.bottom())
                more = {path: changes}
            else:
                rows = (self.filter.index(row, 0, part.parent()) for row in range(part.top(), part.bottom() + 1))
                more = self.model.changes_in(self.filter.mapToSource(row) for row in rows)
            for path, changes in more.items():
                found.setdefault(path, {}).update((change.key, change) for change in changes)
        return {path: list(changes.values()) for path, changes in found.items() if changes}

    def single(self) -> QModelIndex | None:
        """The row that is chosen, if it is one alone."""
        parts = [part for part in self.tree.selectionModel().selection() if part.left() == 0]
        if len(parts) != 1 or parts[0].height() != 1:
            return None
        return self.filter.mapToSource(self.filter.index(parts[0].top(), 0, parts[0].parent()))

    def current(self) -> QModelIndex:
        """The row that the keyboard is at."""
        return self.filter.mapToSource(self.tree.currentIndex().siblingAtColumn(0))

    def select(self, path: str, key: str) -> bool:
        """Choose one change. False where it is not listed."""
        index = self.filter.mapFromSource(self.model.index_of(path, key))
        if not index.isValid():
            return False
        self._select(index)
        return True

    def select_layer(self, path: str, table: str) -> None:
        """Choose a layer, and show its changes."""
        for row in range(self.filter.rowCount()):
            copy = self.filter.index(row, 0)
            for at in range(self.filter.rowCount(copy)):
                index = self.filter.index(at, 0, copy)
                source = self.filter.mapToSource(index)
                layer = self.model.layer_of(source)
                if self.model.path(source) == path and layer is not None and layer[0] == table:
                    self.tree.expand(index)
                    self._select(index)

    def _select(self, index: QModelIndex) -> None:
        flags = QItemSelectionModel.SelectionFlag
        self.tree.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.tree.scrollTo(index)

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Around a change of the model: what was chosen is chosen again by `restore` where its row was made anew."""
        self._lost = [(path, change.key) for path, changes in self.chosen().items() for change in changes[:_KEPT]]
        yield

    def restore(self) -> None:
        """The model is filled: unfold what is new, and choose again what was chosen."""
        self._unfold()
        chosen, self._lost = self._lost, []
        if chosen and not self.tree.selectionModel().hasSelection():
            for path, key in chosen:
                index = self.filter.mapFromSource(self.model.index_of(path, key))
                flags = QItemSelectionModel.SelectionFlag
                self.tree.selectionModel().select(index, flags.Select | flags.Rows)

    def _unfold(self) -> None:
        """Unfold what is not too long, unless the user folded it: rows that a filter took out come back folded."""
        for row in range(self.filter.rowCount()):
            copy = self.filter.index(row, 0)
            layers = [self.filter.index(at, 0, copy) for at in range(self.filter.rowCount(copy))]
            for index in (copy, *(layer for layer in layers if self.filter.rowCount(layer) <= _UNFOLD)):
                if self._place(index) not in self._folded and not self.tree.isExpanded(index):
                    self.tree.expand(index)

    def _unfolded(self, index: QModelIndex) -> None:
        if self._folded:  # Expand All tells of every single row
            self._folded.discard(self._place(index))

    def _place(self, index: QModelIndex) -> tuple[str, str]:
        source = self.filter.mapToSource(index)
        layer = self.model.layer_of(source)
        return self.model.path(source), layer[0] if layer else ""

    def _selection_changed(self) -> None:
        if not self.model.busy:
            self.selection_changed.emit()

    def _is_change(self, index: QModelIndex) -> bool:
        return self.model.kind(self.filter.mapToSource(index)) == "change"

    # -- filter ------------------------------------------------------------------------------------------------------

    def apply_filter(self) -> None:
        """Filter by what is typed and chosen, and unfold what is found."""
        self._typing.stop()
        self.filter.choose(self.search.value(), str(self.kinds.currentData() or ""))
        self._unfold()
        self.selection_changed.emit()

    @property
    def filtered(self) -> bool:
        return self.filter.active

    def listed(self) -> int:
        """How many changes the filter leaves."""
        total = 0
        for row in range(self.filter.rowCount()):
            copy = self.filter.index(row, 0)
            layers = [self.filter.index(at, 0, copy) for at in range(self.filter.rowCount(copy))]
            total += sum(self._changes_in(layer) for layer in layers)
        return total

    def _changes_in(self, layer: QModelIndex) -> int:
        rows = self.filter.rowCount(layer)
        return rows - 1 if rows and not self._is_change(self.filter.index(rows - 1, 0, layer)) else rows

    # -- actions -----------------------------------------------------------------------------------------------------

    def set_chosen(self, count: int) -> None:
        """How many changes are chosen."""
        self._chosen = count
        self._enable()
        words = tr("Take the chosen changes back to what the twin has")
        if count:
            words = trn(
                "Take {n} change back to what the twin has", "Take {n} changes back to what the twin has", count
            )
        self.discard_button.setToolTip(words)

    def set_able(
        self, publish: bool, busy: bool, *, pulling: bool = False, why: str = "", since: str = "", conflicts: int = 0
    ) -> None:
        """Whether there is something to publish, whether something is being written, whether that is a pull, and
        ``why`` one has to wait where it is somebody else's work.

        ``since``: when the twin was last asked for everything, in words. ``conflicts``: how many wait for a decision.
        """
        self._publishable, self._busy, self._pulling = publish, busy, pulling
        self.pull_button.setText(tr("Cancel") if pulling else tr("Pull"))
        words = tr("Bring what others changed into your working copy")
        if since:
            words = tr("Bring what others changed since {time} into your working copy", time=since)
        self.pull_button.setToolTip(tr("Stop; nothing is left half done") if pulling else why or words)
        self.publish_button.setToolTip(why or tr("Send your changes to the twin"))
        self.resolve_action.setEnabled(bool(conflicts) and not busy)
        self._enable()

    _chosen = 0
    _publishable = False
    _busy = False
    _pulling = False

    def _enable(self) -> None:
        self.discard_button.setEnabled(bool(self._chosen) and not self._busy)
        self.publish_button.setEnabled(self._publishable and not self._busy)
        self.pull_button.setEnabled(self._pulling or not self._busy)

    def menu(self) -> QMenu:
        """What can be done with what is chosen; harmful things last, and apart."""
        menu = QMenu(self)
        count = self._chosen
        discard = trn("Discard {n} Change…", "Discard {n} Changes…", count) if count else tr("Discard…")
        wanted: tuple[tuple[str, str, Any, bool], ...] = (
            ("mActionZoomTo.svg", tr("Zoom To"), self.zoom, bool(self._chosen)),
            ("mActionHighlightFeature.svg", tr("Flash"), self.flash, bool(self._chosen)),
            ("", "", None, True),
            ("pull", tr("Pull"), self.pull, not self._busy),
            ("publish", tr("Publish…"), self.publish, self._publishable and not self._busy),
            ("conflicts", tr("Resolve Conflicts…"), self.resolve, self.resolve_action.isEnabled()),
            ("history", tr("Publish History…"), self.history, True),
            ("", "", None, True),
            ("discard", discard, self.discard, self.discard_button.isEnabled()),
        )
        for name, text, signal, enabled in wanted:
            if signal is None:
                menu.addSeparator()
                continue
            action = menu.addAction(icon(name), text)
            action.setEnabled(enabled)
            action.triggered.connect(lambda _checked=False, signal=signal: signal.emit())
        return menu

    def _menu(self, where: QPoint) -> None:
        menu = self.menu()
        menu.exec(self.tree.viewport().mapToGlobal(where))
        menu.deleteLater()
