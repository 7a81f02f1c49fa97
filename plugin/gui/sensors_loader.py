"""Reading which sensors a twin has, in the background, and putting what they say where it is kept."""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import mktime_tz, parsedate_tz
from typing import Any

from qgis.PyQt.QtCore import QObject, pyqtSignal, pyqtSlot

from ..map import garbage, tasks
from ..map.connections import Connection
from ..map.live.area import expected, project_area
from ..map.live.service import open_service
from ..map.network import open_twin
from ..sensors.live import Live
from ..text import tr
from ..twin.errors import BadResponse, Cancelled, CityTwinError, NotATwin, NotFound, TwinError
from ..twin.progress import Progress, check
from ..twin.sensorthings import Service, datastreams
from ..twin.session import Session
from .sensors_rows import rows_of

_PIECE = 500  # datastreams that are handed over at once


class NoSensors(CityTwinError):
    """It is a twin, but it links no SensorThings service."""


@dataclass(frozen=True)
class Found:
    """A connection's service."""

    connection: Connection
    service: Service


class SensorsLoader(QObject):
    """``started``, then ``found`` as soon as it is known where the sensors are, ``read`` for datastreams in pieces, and
    ``finished`` or ``failed``. A new `load` forgets the former one: nothing of it is told any more. Main thread.
    """

    started = pyqtSignal(object)  # Connection
    found = pyqtSignal(object)  # Found
    read = pyqtSignal(object)  # list[Row], sorted
    finished = pyqtSignal()
    failed = pyqtSignal(object, object)  # Connection, CityTwinError
    noted = pyqtSignal(str)  # what the user should know that is no error

    _arrived = pyqtSignal(int, object)  # from the worker: Found, or list[Row]

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._turn = 0
        self._handle: tasks.TaskHandle | None = None
        self._arrived.connect(self._tell)

    @property
    def busy(self) -> bool:
        return self._handle is not None and self._handle.running

    def load(self, connection: Connection, live: Live) -> None:
        """Ask for the sensors of ``connection``. What they say now goes into ``live`` before they are told."""
        self.stop()
        turn, project = self._turn, project_area()

        def work(progress: Progress) -> None:
            session, service = _service(connection, progress)
            self._arrived.emit(turn, Found(connection, service))
            for problem in service.problems:
                progress.note(problem)
            _set_clock(live, session, service)
            # of a page that is transferred while the one before it is read
            before = asked = time.time()
            pages = datastreams(
                session,
                service,
                progress=progress,
                area=lambda: expected(connection, service.url, project, progress),
            )
            for page in pages:
                for start in range(0, len(page), _PIECE):
                    check(progress)
                    some = page[start : start + _PIECE]
                    live.add(some, asked=before)
                    self._arrived.emit(turn, rows_of(some, live.latest))
                before, asked = asked, time.time()
                garbage.set_aside()

        def done(_nothing: object) -> None:
            if turn == self._turn:
                self.finished.emit()

        def failed(error: CityTwinError) -> None:
            if turn == self._turn:
                self.failed.emit(connection, error)

        def note(text: str) -> None:
            if turn == self._turn:
                self.noted.emit(text)

        self.started.emit(connection)
        text = tr("Reading the sensors of {name}", name=connection.name)
        self._handle = tasks.run(text, work, done=done, failed=failed, note=note, parent=self)

    def stop(self) -> None:
        """Cancel; nothing is told any more."""
        self._turn += 1
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.cancel()

    @pyqtSlot(int, object)
    def _tell(self, turn: int, news: Any) -> None:
        if turn != self._turn:
            return
        if isinstance(news, Found):
            self.found.emit(news)
        else:
            self.read.emit(news)


def _service(connection: Connection, progress: Progress) -> tuple[Session, Service]:
    try:
        return open_service(connection, progress=progress)
    except (NotATwin, NotFound) as error:
        try:
            capabilities = open_twin(connection, progress).capabilities()
        except (NotATwin, NotFound, BadResponse):
            raise error from None
        if capabilities.sensorthings:
            raise
        raise NoSensors(
            tr(
                "{name} offers maps, but it links no SensorThings service. If the city's sensors have an address of "
                "their own, make a connection to that.",
                name=connection.name,
            ),
            detail=error.detail,
        ) from error


def _set_clock(live: Live, session: Session, service: Service) -> None:
    """Ages are told by the service's clock where this computer's is off."""
    sent = time.time()
    try:
        date = session.request("GET", service.url, retries=0).headers.get("Date", "")
    except Cancelled:
        raise
    except TwinError:
        return
    parsed = parsedate_tz(date)
    if parsed is not None:
        live.synchronise(float(mktime_tz(parsed)), sent, time.time())
