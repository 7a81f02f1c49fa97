"""What the connection dialog knows without being a window: whether the input is right, and what the twin says."""

from __future__ import annotations

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ..map import connections, tasks
from ..map.connections import Connection
from ..map.network import open_twin
from ..text import tr
from ..twin.errors import CityTwinError
from ..twin.model import Capabilities, Collection
from ..twin.progress import Progress
from ..twin.report import Sentence, sentences
from ..twin.trial import try_lock


def fault(connection: Connection, former: str = "") -> str:
    """What is wrong with the input, as a sentence; "" where nothing is. ``former``: the name that is being edited."""
    name = connection.name.strip()
    if not name:
        return tr("Give the connection a name, for example that of the city.")
    if not connection.url.strip():
        return tr("Give the address of the twin's landing page.")
    try:
        connections.checked(connection.url)
    except CityTwinError as error:
        return error.message
    known = connections.get(name)
    if known is not None and known.name != former:
        return tr("There is a connection named “{name}” already. Choose another name.", name=known.name)
    return ""


class ConnectionTest(QObject):
    """One test at a time; a new one cancels the former."""

    started = pyqtSignal()
    reported = pyqtSignal(str, object)  # the twin's title, list of Sentence
    cancelled = pyqtSignal()
    noted = pyqtSignal(str)  # a sentence while it takes longer: the twin asks us to wait

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._handle: tasks.TaskHandle | None = None
        self._turn = 0

    @property
    def running(self) -> bool:
        return self._handle is not None

    def start(self, connection: Connection) -> None:
        """Ask the twin at ``connection``; ends with ``reported`` (a failure too) or ``cancelled``."""
        try:
            url = connections.checked(connection.url)
        except CityTwinError as error:
            self.reported.emit("", [Sentence("bad", error.message)])
            return
        self._forget()
        turn = self._turn
        asked = Connection(connection.name.strip() or url, url, connection.authcfg)

        def work(progress: Progress) -> tuple[Capabilities, tuple[Collection, ...]]:
            twin = open_twin(asked, progress)
            return try_lock(twin), twin.collections()

        def done(answer: tuple[Capabilities, tuple[Collection, ...]]) -> None:
            if turn == self._turn:
                self._handle = None
                self.reported.emit(answer[0].title, sentences(*answer))

        def failed(error: CityTwinError) -> None:
            if turn == self._turn:
                self._handle = None
                self.reported.emit("", [Sentence("bad", error.message)])

        def note(text: str) -> None:
            if turn == self._turn:
                self.noted.emit(text)

        self.started.emit()
        words = tr("Testing the connection to {name}", name=asked.name)
        self._handle = tasks.run(words, work, done=done, failed=failed, note=note, parent=self)

    def cancel(self) -> None:
        """Give up at once; what still comes is not told."""
        if self._handle is not None:
            self._forget()
            self.cancelled.emit()

    def _forget(self) -> None:
        self._turn += 1
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.cancel()
