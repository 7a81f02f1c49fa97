"""A page's part in the life of the demo twin: it starts it, says how that goes, and reads it when it is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QWidget

from ..map.connections import Connection
from ..text import tr
from .connection_bar import ConnectionBar
from .demo_control import DemoControl


class Loader(Protocol):
    """What reads the chosen twin for the page."""

    @property
    def busy(self) -> bool: ...

    def stop(self) -> None: ...


class DemoFollower(QObject):
    """``starting`` and ``failed`` tell sentences for the page to show in place of its list, and ``wanted()`` asks it to
    read the chosen twin. ``say(text, kind)`` is its status line's.

    A page that is not seen reads nothing: what it missed it does when `seen`.
    """

    starting = pyqtSignal(str)
    failed = pyqtSignal(str)
    wanted = pyqtSignal()

    def __init__(
        self, demo: DemoControl, connections: ConnectionBar, loader: Loader, say: Callable[..., None], page: QWidget
    ) -> None:
        super().__init__(page)
        self._demo = demo
        self._connections = connections
        self._loader = loader
        self._say = say
        self._page = page
        self._waits = False  # the page said that it starts
        self._awoken = ""  # its connection, once it is ready and as long as the page was not seen
        demo.starting.connect(self._starts)
        demo.ready.connect(self._is_ready)
        demo.failed.connect(self._has_failed)

    def start(self) -> None:
        """Start it, or tell again that it is ready."""
        self._demo.start()

    def asleep(self, connection: Connection) -> bool:
        """Whether ``connection`` is the demo twin's, which does not run."""
        return self._demo.is_demo(connection.name) and not self._demo.running

    def say_asleep(self) -> None:
        self._say(tr("The demo twin does not run"))

    def seen(self) -> None:
        """The page is seen again: the connection may have been chosen on another page since, or have woken up."""
        if not self._page.isVisible():
            return
        name, self._awoken = self._awoken, ""
        if name and self._waits:
            self._waits = False
            self._connections.select(name)
        else:
            self._connections.start()
        current = self._connections.current
        if name and current is not None and current.name == name and not self._loader.busy:
            self.wanted.emit()

    def stop(self) -> None:
        """At unload: listen to nobody."""
        self._demo.starting.disconnect(self._starts)
        self._demo.ready.disconnect(self._is_ready)
        self._demo.failed.disconnect(self._has_failed)

    def _starts(self) -> None:
        self._waits = self._page.isVisible()  # else it was asked for on another page
        self._awoken = ""
        if self._waits:
            text = tr("Starting the demo twin. The first time it builds its city, which takes some seconds.")
            self._say(text, "busy")
            self._loader.stop()
            self.starting.emit(text)

    def _is_ready(self, name: str) -> None:
        current = self._connections.current
        if self._page.isVisible():
            self._waits = False
            self._connections.select(name)
            if not self._loader.busy:  # the same connection as before, to a twin that is awake now
                self.wanted.emit()
        elif self._waits or (current is not None and current.name == name):
            self._awoken = name

    def _has_failed(self, sentence: str) -> None:
        if self._waits or self._page.isVisible():
            self._say(tr("The demo twin does not run"), "bad")
            self.failed.emit(sentence)
        self._waits = False
