"""The windows about pilots that are open: profiles, reports, meetings, and the portfolio board."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QWidget

from ...map.pilots.book import PilotBook

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from ...map.live.layers import LiveLayers


class PilotWindows(QObject):
    """One of each kind for each pilot. ``zoom`` and ``opened``: path and key of one that was chosen on the board."""

    zoom = pyqtSignal(str, str)
    opened = pyqtSignal(str, str)

    def __init__(self, iface: QgisInterface, book: PilotBook, live: LiveLayers | None, parent: QObject) -> None:
        super().__init__(parent)
        self._iface, self._book, self._live = iface, book, live
        self._windows: dict[tuple[str, str, str], QWidget] = {}

    # Late imports: what draws charts and pages is loaded once somebody asks for it.

    def profile(self, path: str, key: str) -> None:
        """What lies inside a pilot."""
        from .profile_window import ProfileWindow

        def made() -> QWidget:
            window = ProfileWindow(self._book, path, key, self._iface, self._main, self._live)
            window.report_wanted.connect(self.report)
            window.profile_wanted.connect(self.profile)
            return window

        self._show("profile", path, key, made)

    def report(self, path: str, key: str) -> None:
        """One page about a pilot, to print."""
        from .report_dialog import ReportDialog

        def made() -> QWidget:
            return ReportDialog(self._book, path, key, self._iface, self._main, self._live)

        self._show("report", path, key, made)

    def meet(self, path: str, key: str) -> None:
        """The agenda of a meeting about a pilot."""
        from .meeting_window import MeetingWindow

        record = self._book.record(path, key)
        if record is not None:
            pilot = record.pilot
            self._show("meeting", path, key, lambda: MeetingWindow(pilot, self._book.today(), self._main))

    def board(self) -> None:
        """All pilots by stage and time."""
        from .board_window import BoardWindow

        def made() -> QWidget:
            window = BoardWindow(self._book, self._main)
            window.zoom.connect(self.zoom)
            window.opened.connect(self.opened)
            return window

        self._show("board", "", "", made)

    def open(self) -> list[QWidget]:
        """Those that are open."""
        return [one for one in self._windows.values() if not sip.isdeleted(one) and one.isVisible()]

    def stop(self) -> None:
        """Close all of them."""
        windows, self._windows = list(self._windows.values()), {}
        for window in windows:
            _end(window)

    @property
    def _main(self) -> QWidget:
        window: QWidget = self._iface.mainWindow()
        return window

    def _show(self, kind: str, path: str, key: str, make: Callable[[], QWidget]) -> None:
        """In front of all else; one that was closed is made anew."""
        window = self._windows.pop((kind, path, key), None)
        if window is not None and not sip.isdeleted(window) and not window.isVisible():
            _end(window)
            window = None
        if window is None or sip.isdeleted(window):
            window = make()
        self._windows[kind, path, key] = window
        window.show()
        window.raise_()
        window.activateWindow()


def _end(window: QWidget) -> None:
    if not sip.isdeleted(window):
        stop = getattr(window, "stop", None)
        if stop is not None:
            stop()
        window.close()
        window.deleteLater()
