"""What can be done with a pilot of the board: its context menu."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QObject, QPoint
from qgis.PyQt.QtWidgets import QMenu

from ...pilots import vocabulary as words
from ...pilots.portfolio import Entry
from ...text import tr
from ..icons import icon
from . import board_words as said
from .board_presenter import Filter

if TYPE_CHECKING:
    from .board_window import BoardWindow


class BoardMenu(QObject):
    """Opens at a place of the screen."""

    def __init__(self, window: BoardWindow) -> None:
        super().__init__(window)
        self._window = window

    def ask(self, key: str, place: QPoint) -> None:
        """The menu of a pilot; beside all of them, that of the board."""
        entry = self._window.presenter.entry(key)
        if entry is not None:
            self._window.presenter.choose(key)
        menu = self.made(entry)
        menu.exec(place)
        menu.deleteLater()

    def made(self, entry: Entry | None) -> QMenu:
        """The menu, not yet opened."""
        window, presenter = self._window, self._window.presenter
        menu = QMenu(window)
        if entry is not None:
            pilot, path = entry.pilot, presenter.path
            self._add(menu, "mActionZoomTo.svg", tr("Zoom to Pilot"), lambda: window.zoom.emit(path, pilot.key))
            self._add(menu, "mActionToggleEditing.svg", tr("Open Pilot…"), lambda: window.opened.emit(path, pilot.key))
            self._add(menu, "mActionCalendar.svg", tr("Plan a Meeting…"), lambda: self.meet(entry))
            self._add(menu, "mActionEditCopy.svg", tr("Copy as Text"), lambda: self._copy(entry))
            menu.addSeparator()
            if pilot.theme:
                theme = words.theme_title(pilot.theme)
                wanted = replace(presenter.filter, themes=(pilot.theme,))
                self._add(menu, "", tr("Only Theme “{name}”", name=_plain(theme)), self._filter(wanted))
            if pilot.lead:
                wanted = replace(presenter.filter, leads=(pilot.lead,))
                self._add(menu, "", tr("Only Led by “{name}”", name=_plain(pilot.lead)), self._filter(wanted))
        if presenter.filter != Filter():
            self._add(menu, "mActionRemoveFilter.svg", tr("Show All"), self._filter(Filter()))
        if menu.isEmpty():
            self._add(menu, "mActionOptions.svg", tr("Rules of Fading…"), window.edit_rules)
        return menu

    def meet(self, entry: Entry) -> None:
        """The agenda of a meeting about it."""
        from .meeting_window import MeetingWindow

        MeetingWindow(entry.pilot, self._window.presenter.today, self._window).show()

    def _filter(self, wanted: Filter) -> Callable[[], None]:
        return lambda: self._window.presenter.let_through(wanted)

    def _copy(self, entry: Entry) -> None:
        QgsApplication.clipboard().setText(said.told(entry, self._window.presenter.today))

    def _add(self, menu: QMenu, picture: str, text: str, call: Callable[[], object]) -> None:
        action = menu.addAction(icon(picture), text) if picture else menu.addAction(text)
        action.triggered.connect(lambda _checked=False: call())


def _plain(name: str) -> str:
    """A name in a menu, where & marks a key."""
    return (name if len(name) <= 40 else f"{name[:39]}…").replace("&", "&&")
