"""The Conflicts window: the list, and what is chosen in it. A view of `ConflictsPresenter`."""

from __future__ import annotations

from collections.abc import Callable

from qgis.core import QgsSettings
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QByteArray, Qt, pyqtSignal
from qgis.PyQt.QtGui import QAction, QCloseEvent, QKeySequence, QShowEvent
from qgis.PyQt.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..text import tr, trn
from .conflict_choices import Side
from .conflict_list import ConflictList
from .conflict_panel import ConflictPanel
from .conflicts_presenter import ConflictsPresenter
from .empty_state import EmptyState
from .icons import icon
from .status_line import StatusLine
from .tool_tip import tool_tip

_SETTING = "citytwin/conflicts"
_NARROWEST = 800


class ConflictsWindow(QDialog):
    """Not modal, so that the map can be looked at meanwhile. Closing it loses nothing: what was decided and not
    applied is there again when it is opened next."""

    zoom = pyqtSignal(object, object)  # Shapes, CRS
    publish = pyqtSignal()

    def __init__(self, presenter: ConflictsPresenter, main: QgsMapCanvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.presenter = presenter
        self._wanted = ""  # the conflict to choose once it was read
        self.setWindowTitle(tr("Resolve Conflicts: {file}", file=presenter.copy.path.stem))
        self.setWindowIcon(icon("conflicts"))
        self.setWindowFlags(Qt.WindowType.Window | Qt.WindowType.WindowCloseButtonHint
                            | Qt.WindowType.WindowMinMaxButtonsHint)  # fmt: skip
        self.setMinimumWidth(_NARROWEST)
        self.list = ConflictList(presenter)
        self.panel = ConflictPanel(presenter, main)
        self.empty = EmptyState(icon("conflicts"), tr("Reading Conflicts…"), "")
        self.status = StatusLine()
        self._lay_out()
        self._make_actions()
        presenter.changed.connect(self._show)
        presenter.decided.connect(self._decided)
        presenter.said.connect(self._say)
        self.list.chosen.connect(self.panel.show_conflict)
        self.list.entered_one.connect(self.panel.table.setFocus)
        self.panel.bulk.connect(self._bulk)
        self.panel.zoom.connect(self.zoom)
        self._restore()
        self._show()

    # -- the window --------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.addWidget(self.list)
        self.splitter.addWidget(self.panel)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([290, 850])
        self._stack = QStackedWidget()
        nothing = QWidget()
        middle = QHBoxLayout(nothing)
        middle.addStretch(1)
        middle.addWidget(self.empty, 2)
        middle.addStretch(1)
        self._stack.addWidget(nothing)
        self._stack.addWidget(self.splitter)
        self.undo_button, self.redo_button = QToolButton(), QToolButton()
        self.next_button = QPushButton(tr("Next &Open Conflict"))
        self.partly_button = QPushButton()
        self.apply_button = QPushButton(icon("conflict-resolved"), tr("&Apply"))
        self.close_button = QPushButton(tr("&Close"))
        font = self.apply_button.font()
        font.setBold(True)
        self.apply_button.setFont(font)
        foot = QHBoxLayout()
        foot.setContentsMargins(8, 6, 8, 8)
        foot.setSpacing(6)
        for button in (self.undo_button, self.redo_button, self.next_button):
            foot.addWidget(button)
        foot.addStretch(1)
        for button in (self.partly_button, self.apply_button, self.close_button):
            foot.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._stack, 1)
        layout.addLayout(foot)
        layout.addWidget(self.status)

    def _make_actions(self) -> None:
        keys = QKeySequence.StandardKey
        self.undo_action = self._action(tr("Undo"), self._undo, keys.Undo)
        self.redo_action = self._action(tr("Redo"), self._redo, keys.Redo)
        self.undo_action.setIcon(icon("mActionUndo.svg"))
        self.redo_action.setIcon(icon("mActionRedo.svg"))
        self.undo_button.setDefaultAction(self.undo_action)
        self.redo_button.setDefaultAction(self.redo_action)
        for button in (self.undo_button, self.redo_button):
            button.setAutoRaise(True)
        self._action(tr("Next Open Conflict"), self.go_on, "F6")
        self._action(tr("Previous Open Conflict"), lambda: self.go_on(-1), "Shift+F6")
        self._action(tr("Apply"), self.presenter.apply, "Ctrl+Return")
        self.next_button.setToolTip(tr("Go to the next open conflict (F6)"))
        self.apply_button.setToolTip(tr("Write all decisions into the working copy (Ctrl+Enter)"))
        self.partly_button.setToolTip(tr("Write what is resolved; the rest stays in this list"))
        calls: tuple[tuple[QPushButton, Callable[[], object]], ...] = (
            (self.next_button, self.go_on),
            (self.partly_button, self.presenter.apply_resolved),
            (self.apply_button, self.presenter.apply),
            (self.close_button, self.reject),
        )
        for button, call in calls:
            button.setAutoDefault(False)  # Enter belongs to the table
            button.clicked.connect(lambda _checked=False, call=call: call())

    def _action(self, text: str, call: Callable[[], object], keys: object) -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda _checked=False: call())
        self.addAction(action)
        return action

    def _restore(self) -> None:
        settings = QgsSettings()
        self.resize(1160, 820)
        geometry = settings.value(f"{_SETTING}/geometry", QByteArray(), type=QByteArray)
        if not geometry.isEmpty():
            self.restoreGeometry(geometry)
        for name, splitter in (("columns", self.splitter), ("rows", self.panel.splitter)):
            state = settings.value(f"{_SETTING}/{name}", QByteArray(), type=QByteArray)
            if not state.isEmpty():
                splitter.restoreState(state)

    def _remember(self) -> None:
        settings = QgsSettings()
        settings.setValue(f"{_SETTING}/geometry", self.saveGeometry())
        for name, splitter in (("columns", self.splitter), ("rows", self.panel.splitter)):
            settings.setValue(f"{_SETTING}/{name}", splitter.saveState())

    def showEvent(self, event: QShowEvent) -> None:
        """Shown again, the maps are drawn again."""
        super().showEvent(event)
        if not event.spontaneous() and self.panel.key:
            self.panel.show_conflict(self.panel.key, anew=True)

    def done(self, result: int) -> None:
        """Closed, by whatever button or key."""
        self._remember()
        self.panel.maps.clear()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        """The window's own cross does as the Close button does."""
        self.reject()
        event.accept()

    # -- following the presenter -------------------------------------------------------------------------------------

    def _show(self) -> None:
        presenter = self.presenter
        some = bool(presenter.conflicts)
        first = some and self._stack.currentIndex() == 0
        self._stack.setCurrentIndex(1 if some else 0)
        key = self.panel.key
        self.list.refresh()
        if first:
            self.list.setFocus()
        if self._wanted:
            self.show_key(self._wanted)
        if some and self.list.key() == key:
            self.panel.show_conflict(key)  # it may have moved
        if not some:
            self._show_empty()
        self._tell()

    def _show_empty(self) -> None:
        presenter = self.presenter
        self.panel.show_conflict("")
        if presenter.phase == "loading":
            self.empty.tell(icon("conflicts"), tr("Reading Conflicts…"), "")
            buttons = []
        elif presenter.error:
            self.empty.tell(icon("change-problem"), tr("The Conflicts Cannot Be Read"), presenter.error)
            buttons = [self._empty_button(tr("Try Again"), "mActionRefresh.svg", presenter.load)]
        elif presenter.applied:
            words = tr("Your decisions are in the working copy. What is still yours is sent when you publish.")
            self.empty.tell(icon("conflict-resolved"), tr("All Conflicts Are Resolved"), words)
            buttons = [self._empty_button(tr("Publish…"), "publish", self._go_publish)]
        else:
            words = tr("Nobody changed the same thing as you. Conflicts that a pull or a publish finds appear here.")
            self.empty.tell(icon("conflict-resolved"), tr("No Conflicts"), words)
            buttons = []
        self.empty.set_buttons(buttons)

    def _empty_button(self, text: str, picture: str, call: Callable[[], object]) -> QPushButton:
        button = QPushButton(icon(picture), text)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _checked=False: call())
        return button

    def _go_publish(self) -> None:
        self.reject()
        self.publish.emit()

    def _decided(self, keys: tuple[str, ...]) -> None:
        self.list.conflicts.decided(keys)
        if self.panel.key in keys:
            self.panel.notice.say("")
            self.panel.decided()
        self._tell()

    def _tell(self) -> None:
        """The buttons, and how far it is."""
        presenter = self.presenter
        total, left = len(presenter.conflicts), len(presenter.open_keys())
        resolved = total - left
        ready = presenter.phase == "ready"
        self.apply_button.setEnabled(not presenter.obstacle)
        self.apply_button.setVisible(total > 0)
        self.next_button.setVisible(total > 0)
        self.next_button.setEnabled(ready and left > 0)
        self.partly_button.setText(trn("Apply {n} &Resolved", "Apply {n} &Resolved", resolved))
        self.partly_button.setVisible(bool(resolved and left))
        self.partly_button.setEnabled(ready)
        undo, redo = presenter.steps.undo_text, presenter.steps.redo_text
        for action, words, text in (
            (self.undo_action, tr("Undo"), undo),
            (self.redo_action, tr("Redo"), redo),
        ):
            action.setEnabled(ready and bool(text))
            action.setToolTip(tool_tip(tr("{action}: {what}", action=words, what=text) if text else words))
        for button in (self.undo_button, self.redo_button):
            button.setVisible(total > 0)
        if presenter.phase == "applying":
            self.status.say(tr("Applying your decisions…"), "busy")
        elif presenter.phase == "loading":
            self.status.say(tr("Reading conflicts…"), "busy")
        elif not total:
            self.status.say(_resolved(presenter.applied) if presenter.applied else "", "good")
        elif left:
            words = trn("{n} of {total} conflicts is open.", "{n} of {total} conflicts are open.", left, total=total)
            kept = tr("Your choices stay when you close this window.")
            self.status.say(f"{presenter.obstacle if total == 1 else words} {kept}", "idle")
        else:
            self.status.say(tr("Everything is decided. Apply writes it into the working copy."), "good")

    def _say(self, words: str, kind: str) -> None:
        if self.presenter.conflicts:
            self.panel.notice.say(words, "bad" if kind == "bad" else "good" if kind == "good" else "limit")
        else:
            self.status.say(words, "good" if kind == "good" else "bad")

    # -- what the user does ------------------------------------------------------------------------------------------

    def show_key(self, key: str) -> None:
        """Choose a conflict, once it is listed."""
        self._wanted = key
        if self.list.select(key):
            self._wanted = ""

    def go_on(self, step: int = 1) -> None:
        """To the next conflict that is open (the previous one, with -1), the keyboard at its first open row."""
        key = self.list.next(self.presenter.is_open, step)
        if key:
            self.list.select(key)
            self.panel.table.setFocus()
            self.panel.table.go_to_open()

    def _bulk(self, side: Side, table: str) -> None:
        self.presenter.fill(side, None if table == "*" else table)

    def _undo(self) -> None:
        self._go_where(self.presenter.undo())

    def _redo(self) -> None:
        self._go_where(self.presenter.redo())

    def _go_where(self, key: str) -> None:
        if key and key != self.list.key():
            self.list.select(key)  # what changed is to be seen


def _resolved(count: int) -> str:
    return trn("{n} conflict is resolved.", "{n} conflicts are resolved.", count)
