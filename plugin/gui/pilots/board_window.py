"""The portfolio board: all pilots of a working copy in one picture. A view of `BoardPresenter`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QByteArray, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtGui import QCloseEvent, QKeyEvent, QPalette
from qgis.PyQt.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ...map.pilots.book import PilotBook
from ...text import tr
from ..empty_state import EmptyState
from ..icons import icon
from ..status_line import StatusLine
from .board_bar import BoardBar
from .board_cards import LARGE, Cards
from .board_conditions import Conditions
from .board_headline import Headline
from .board_hints import hint, tell_why_empty
from .board_legend import Legend
from .board_lists import FadingList, LackList
from .board_menu import BoardMenu
from .board_presenter import BoardPresenter
from .board_rules_dialog import RulesDialog
from .board_saving import BoardSaving
from .board_sheet import BOARD, CONDITIONS, TIMELINE, Content
from .board_timeline import Timeline
from .board_type import Type
from .board_view import PictureView

_SETTING = "citytwin/board"
_TABS = (BOARD, TIMELINE, CONDITIONS)


class BoardWindow(QDialog):
    """Not modal: the map is looked at meanwhile. ``zoom``: a pilot was chosen; ``opened``: one is to be seen in full.

    Closing it leaves nothing behind; it is made anew when it is opened next.
    """

    zoom = pyqtSignal(str, str)  # path of the working copy, key of the pilot
    opened = pyqtSignal(str, str)

    def __init__(self, book: PilotBook, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Pilot Portfolio"))
        self.setWindowIcon(icon("pilots"))
        self.setWindowFlags(Qt.WindowType.Window | Qt.WindowType.WindowCloseButtonHint
                            | Qt.WindowType.WindowMinMaxButtonsHint)  # fmt: skip
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.presenter = BoardPresenter(book, self)
        self._due: dict[str, Callable[[], None]] = {}  # parts that are to be made when they come to the front
        self.headline = PictureView(tr("Portfolio in numbers"), whole=True)
        self.bar = BoardBar(self.presenter)
        self.cards, self.timeline, self.conditions = (
            PictureView(name) for name in (tr("Board"), tr("Timeline"), tr("Conditions"))
        )
        self.fading, self.lacks = PictureView(tr("Fading")), PictureView(tr("What Most of Them Lack"))
        self.legend = PictureView(tr("Legend"), whole=True)
        self.legend.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.empty = EmptyState(icon("pilots"), "", "")
        self.status = StatusLine()
        self.menu = BoardMenu(self)
        self.saving = BoardSaving(self)
        self._lay_out()
        self._connect()
        self._restore()
        self._show()
        # the keyboard begins where the pilots are
        self.cards.setFocus()

    # -- the window --------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for view, words in (
            (self.cards, tr("&Board")),
            (self.timeline, tr("&Timeline")),
            (self.conditions, tr("&Conditions")),
        ):
            self.tabs.addTab(_framed(view), words)
        self.beside = QSplitter(Qt.Orientation.Vertical)
        self.beside.addWidget(self.fading)
        self.beside.addWidget(self.lacks)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.addWidget(self.tabs)
        self.splitter.addWidget(self.beside)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setSizes([950, 300])
        for splitter in (self.beside, self.splitter):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(12)
        self.beside.setMinimumWidth(200)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.splitter, 1)
        column.addWidget(self.legend)
        self._stack = QStackedWidget()
        nothing = QWidget()
        middle = QHBoxLayout(nothing)
        middle.addStretch(1)
        middle.addWidget(self.empty, 2)
        middle.addStretch(1)
        middle.addStretch(1)
        self._stack.addWidget(nothing)
        self._stack.addWidget(body)
        inside = QWidget()
        rows = QVBoxLayout(inside)
        rows.setContentsMargins(12, 8, 12, 6)
        rows.setSpacing(8)
        for widget, stretch in ((self.headline, 0), (self.bar, 0), (self._stack, 1)):
            rows.addWidget(widget, stretch)
        # one ground for all of it, as on paper
        inside.setBackgroundRole(QPalette.ColorRole.Base)
        inside.setAutoFillBackground(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(inside, 1)
        layout.addWidget(self.status)

    def _connect(self) -> None:
        presenter = self.presenter
        presenter.changed.connect(self._show)
        presenter.marked.connect(self._mark)
        presenter.book.failed.connect(lambda _path, error: self.status.say(error.message, "bad"))
        self.headline.chosen.connect(self._figure)
        self.headline.entered.connect(self._figure)
        self.headline.moved.connect(self.headline.mark)
        for view in (self.cards, self.timeline, self.conditions, self.fading):
            view.chosen.connect(self._choose)
            view.moved.connect(presenter.choose)
            view.entered.connect(self._open)
            view.asked.connect(self.menu.ask)
        self.lacks.chosen.connect(self._bring_out)
        self.lacks.entered.connect(self._bring_out)
        self.lacks.moved.connect(self.lacks.mark)
        self.bar.filters.wanted.connect(presenter.let_through)
        self.bar.rules_wanted.connect(self.edit_rules)
        self.bar.copy_wanted.connect(self.saving.copy)
        self.bar.save_wanted.connect(self.saving.save)
        self.tabs.currentChanged.connect(lambda _at: self._show_part())

    def _restore(self) -> None:
        settings = QgsSettings()
        self.resize(1240, 760)
        geometry = settings.value(f"{_SETTING}/geometry", QByteArray(), type=QByteArray)
        if not geometry.isEmpty():
            self.restoreGeometry(geometry)
        for name, splitter in (("columns", self.splitter), ("rows", self.beside)):
            state = settings.value(f"{_SETTING}/{name}", QByteArray(), type=QByteArray)
            if not state.isEmpty():
                splitter.restoreState(state)

    def done(self, result: int) -> None:
        """Closed, by whatever button or key."""
        settings = QgsSettings()
        settings.setValue(f"{_SETTING}/geometry", self.saveGeometry())
        for name, splitter in (("columns", self.splitter), ("rows", self.beside)):
            settings.setValue(f"{_SETTING}/{name}", splitter.saveState())
        self.presenter.stop()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        """The window's own cross does as Esc does."""
        self.reject()
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc first lets go of what is brought out; Enter belongs to the pictures."""
        if event.key() == Qt.Key.Key_Escape and self.presenter.lit:
            self.presenter.bring_out("", frozenset())
        elif event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)

    # -- following the presenter -------------------------------------------------------------------------------------

    def _show(self) -> None:
        presenter, board = self.presenter, self.presenter.shown
        kind = Type(self.font())
        any_pilot = bool(presenter.all.entries)
        self.headline.setVisible(any_pilot)
        self.bar.tell(any_pilot)
        self._stack.setCurrentIndex(1 if board.entries else 0)
        self.headline.show_picture(Headline(board, len(presenter.all.entries), kind, presenter.on()))
        before = self.timeline.picture
        zoom = before.zoom if isinstance(before, Timeline) else 1.0
        self._due = {
            BOARD: lambda: self.cards.show_picture(Cards(board, kind)),
            TIMELINE: lambda: self.timeline.show_picture(Timeline(board, kind, zoom)),
            CONDITIONS: lambda: self.conditions.show_picture(Conditions(board, kind)),
        }
        self._show_part()
        self.fading.show_picture(FadingList(board, kind, presenter.rules))
        self.lacks.show_picture(LackList(board, kind))
        if not board.entries:
            tell_why_empty(self.empty, presenter)
        self._mark()
        self._tell()

    def _show_part(self) -> None:
        """The part in front, once it is: there may be hundreds of pilots."""
        make = self._due.pop(self.what(), None)
        if make is not None:
            make()
            self._mark()
        self._show_legend()
        self._tell()

    def _show_legend(self) -> None:
        what = self.what()
        cards = self.cards.picture
        small = isinstance(cards, Cards) and cards.density != LARGE and what == BOARD
        kind = Type(self.font())
        self.legend.show_picture(
            Legend(kind, bars=what != TIMELINE, times=what == TIMELINE, stages=what == TIMELINE, cards=small)
        )

    def _mark(self) -> None:
        presenter = self.presenter
        for view in (self.cards, self.timeline, self.conditions, self.fading):
            view.mark(presenter.current, presenter.lit)
        self.lacks.mark(presenter.lack or (self.lacks.current if self.lacks.hasFocus() else ""))
        self._tell()

    def _tell(self) -> None:
        self.status.say(hint(self.presenter, self.what() == TIMELINE))

    # -- what the user does ------------------------------------------------------------------------------------------

    def what(self) -> str:
        """Which part is in front: board, timeline or conditions."""
        return _TABS[self.tabs.currentIndex()]

    def content(self) -> Content:
        """What is shown, to be told elsewhere."""
        presenter = self.presenter
        name = Path(presenter.path).stem if presenter.path else ""
        return Content(presenter.shown, len(presenter.all.entries), name, presenter.filter.in_words(), presenter.rules)

    def edit_rules(self) -> None:
        """When a pilot counts as fading."""
        dialog = RulesDialog(self.presenter.rules, self)
        if dialog.exec():
            self.presenter.agree(dialog.rules())
        dialog.deleteLater()

    def _figure(self, key: str) -> None:
        if key:
            # a picture is not replaced while it is being asked
            QTimer.singleShot(0, lambda: self.presenter.toggle(key))

    def _choose(self, key: str) -> None:
        self.presenter.choose(key)
        if key:
            self.zoom.emit(self.presenter.path, key)

    def _open(self, key: str) -> None:
        self.presenter.choose(key)
        self.opened.emit(self.presenter.path, key)

    def _bring_out(self, key: str) -> None:
        picture = self.lacks.picture
        keys = picture.keys(key) if key and isinstance(picture, LackList) else frozenset()
        self.presenter.bring_out(key, keys)


def _framed(view: PictureView) -> QWidget:
    """With some room below the tabs."""
    frame = QFrame()
    layout = QVBoxLayout(frame)
    layout.setContentsMargins(0, 8, 0, 0)
    layout.addWidget(view)
    return frame
