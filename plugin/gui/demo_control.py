"""The demo twin as a user meets it: one button, and then a connection of that name."""

from __future__ import annotations

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QObject, QUrl, pyqtSignal
from qgis.PyQt.QtNetwork import QHostAddress, QTcpServer

from ..map import connections
from ..map.connections import Connection
from ..map.processes import DemoTwin
from ..text import tr

_NAME = "citytwin/demo/connection"
_PORT = "citytwin/demo/port"


class DemoControl(QObject):
    """Starts and stops the demo twin, and keeps its connection's address right."""

    starting = pyqtSignal()
    ready = pyqtSignal(str)  # the connection's name
    failed = pyqtSignal(str)  # a sentence

    def __init__(self, twin: DemoTwin, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._twin = twin
        twin.ready.connect(self._listens)
        twin.failed.connect(self.failed)

    @property
    def running(self) -> bool:
        return bool(self._twin.url)

    def start(self) -> None:
        """Start it, or tell again that it is ready."""
        if not self._twin.url:
            self.starting.emit()
        port = int(QgsSettings().value(_PORT, 0, type=int))
        self._twin.start(port=port if _is_free(port) else 0)

    def stop(self) -> None:
        self._twin.stop()

    def is_demo(self, name: str) -> bool:
        """Whether the connection of that name is the demo twin's."""
        return bool(name) and name == QgsSettings().value(_NAME, "", type=str)

    def _listens(self, url: str) -> None:
        name = str(QgsSettings().value(_NAME, "", type=str)) or tr("Demo Twin")
        known = connections.get(name)
        QgsSettings().setValue(_NAME, name)
        if known is None or known.url != url:
            connections.save(Connection(name, url))
        # Working copies know their twin by its address: it should be the same next time.
        QgsSettings().setValue(_PORT, QUrl(url).port(0))
        self.ready.emit(name)


def _is_free(port: int) -> bool:
    """Whether nobody on this computer listens on ``port``."""
    server = QTcpServer()
    try:
        return bool(port and server.listen(QHostAddress(QHostAddress.SpecialAddress.LocalHost), port))
    finally:
        server.close()
