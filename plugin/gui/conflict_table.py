"""The table of one conflict, under mouse and keyboard."""

from __future__ import annotations

from qgis.PyQt.QtCore import QModelIndex, QPoint, Qt, pyqtSignal
from qgis.PyQt.QtGui import QKeyEvent, QKeySequence, QResizeEvent
from qgis.PyQt.QtWidgets import QAbstractItemView, QApplication, QFrame, QHeaderView, QMenu, QTableView, QWidget

from ..text import tr
from . import conflict_cells as cells
from .conflict_cells import ConflictCells
from .conflict_choices import Pick
from .conflict_delegate import CellDelegate

_KEYS: dict[int, Pick] = {Qt.Key.Key_M: "mine", Qt.Key.Key_T: "theirs", Qt.Key.Key_B: "base"}
# Shares of the width. A result also says where it comes from.
_SHARES = {cells.COLUMN: 1.1, cells.BASE: 1.0, cells.MINE: 1.15, cells.THEIRS: 1.15, cells.RESULT: 1.5}


class ConflictTable(QTableView):
    """A click on a value chooses it; M, T and B choose for the row and go on to the next open one; Enter edits."""

    unpicked = pyqtSignal(str)  # column

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cells = ConflictCells(self)
        self.setModel(self.cells)
        self.delegate = CellDelegate(self)
        self.setItemDelegate(self.delegate)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)  # Tab leaves the table, arrows walk in it
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)  # the current cell has a frame
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(triggers.DoubleClicked | triggers.EditKeyPressed)
        self.setAccessibleName(tr("Columns of the conflict"))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 12)
        self.setMinimumHeight(4 * (self.fontMetrics().height() + 12))  # the heads and three rows
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(60)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        header.sectionResized.connect(self._resized)
        self.clicked.connect(self._clicked)
        self.entered.connect(self._entered)

    def show_sides(self, base: bool, mine: bool, theirs: bool) -> None:
        """Hide the sides that do not have the feature."""
        for column, there in ((cells.BASE, base), (cells.MINE, mine), (cells.THEIRS, theirs)):
            self._sharing = True
            self.setColumnHidden(column, not there)
        self._share()

    def go_to_open(self, after: int = -1) -> None:
        """Put the keyboard on the next row that waits for a choice; else on the first."""
        row = self.cells.next_open(after)
        current = self.currentIndex()
        if row < 0 and current.isValid():
            return
        column = current.column() if current.isValid() else cells.RESULT
        self.setCurrentIndex(self.cells.index(max(0, row), column))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share()

    def _share(self) -> None:
        """Divide the width, until the user divides it otherwise."""
        if self._divided:
            return
        shown = {at: share for at, share in _SHARES.items() if not self.isColumnHidden(at)}
        self._sharing = True
        for at, share in shown.items():
            if at != cells.RESULT:
                self.setColumnWidth(at, int(self.viewport().width() * share / sum(shown.values())))
        self._sharing = False

    def _resized(self, section: int, before: int, _now: int) -> None:
        if not self._sharing and section != cells.RESULT and before and self.isVisible():
            self._divided = True

    _divided = _sharing = False

    # -- mouse and keys ----------------------------------------------------------------------------------------------

    def _clicked(self, index: QModelIndex) -> None:
        if index.column() == cells.RESULT and index.data(cells.OPEN):
            self.edit_result(index.row())
        else:
            self.cells.pick(index)

    def _entered(self, index: QModelIndex) -> None:
        able = bool(index.data(cells.PICKABLE)) or bool(index.flags() & Qt.ItemFlag.ItemIsEditable)
        shape = Qt.CursorShape.PointingHandCursor if able else Qt.CursorShape.ArrowCursor
        self.viewport().setCursor(shape)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier & ~Qt.KeyboardModifier.ShiftModifier
        if event.matches(QKeySequence.StandardKey.Copy) and index.isValid():
            QApplication.clipboard().setText(str(index.data() or ""))
        elif plain and index.isValid() and self._key(event.key(), index):
            pass
        else:
            super().keyPressEvent(event)

    def _key(self, key: int, index: QModelIndex) -> bool:
        """What a key means on a row; False for what is Qt's."""
        if key in _KEYS:
            if self.cells.pick(index, _KEYS[key]):
                self.go_to_open(index.row())
            return True
        if key == Qt.Key.Key_Space:
            self.cells.pick(index)
            return True
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2):
            self.edit_result(index.row())
            return True
        if key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.unpicked.emit(self.cells.cell(index.row()).column)
            return True
        return False

    def edit_result(self, row: int) -> None:
        """Open the editor of a row's result, where it has one."""
        index = self.cells.index(row, cells.RESULT)
        open_already = self.state() == QAbstractItemView.State.EditingState
        if index.flags() & Qt.ItemFlag.ItemIsEditable and not open_already:
            self.setCurrentIndex(index)
            self.edit(index)

    def menu(self, index: QModelIndex) -> QMenu:
        """What can be done with a row; the keys stand beside it."""
        menu = QMenu(self)
        row, conflict = index.row(), self.cells.conflict
        outside = conflict is not None and conflict.outside
        words: tuple[tuple[Pick, str, str], ...] = (
            ("mine", tr("Take Mine"), "M"),
            ("theirs", tr("Take Field Review") if outside else tr("Take Theirs"), "T"),
            ("base", tr("Take Base"), "B"),
        )
        able = any(self.cells.index(row, at).data(cells.PICKABLE) for at in cells.SIDES)
        for pick, text, key in words:
            action = menu.addAction(text)
            action.setShortcut(QKeySequence(key))
            action.setEnabled(able and self.cells.is_there(pick))
            action.triggered.connect(lambda _checked=False, pick=pick: self.cells.pick(index, pick))
        menu.addSeparator()
        edit = menu.addAction(tr("Edit Result…"))
        edit.setEnabled(bool(self.cells.index(row, cells.RESULT).flags() & Qt.ItemFlag.ItemIsEditable))
        edit.triggered.connect(lambda _checked=False: self.edit_result(row))
        column = self.cells.cell(row).column
        back = menu.addAction(tr("Choose Again"))
        back.setEnabled(column in self.cells.decision.choices)
        back.triggered.connect(lambda _checked=False: self.unpicked.emit(column))
        return menu

    def _menu(self, where: QPoint) -> None:
        index = self.indexAt(where)
        if index.isValid():
            menu = self.menu(index)
            menu.exec(self.viewport().mapToGlobal(where))
            menu.deleteLater()
