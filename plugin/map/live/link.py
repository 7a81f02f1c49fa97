"""The way to one service: found, its broker listened to, and found anew when the broker is lost for good."""

from __future__ import annotations

import time
from collections.abc import Iterable

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...sensors.coverage import Coverage
from ...sensors.live import Live
from ...text import tr
from ...twin.errors import AccessDenied, CityTwinError
from ...twin.sensorthings import Service
from .errands import Errands
from .push import Push
from .reading import Opened, Reading

_RETRY, _LONGEST = 2.0, 60.0  # seconds until a service that does not answer is tried again
_LOCKED = 600.0  # and one that does not let us in
_AGAIN, _SOON = 900.0, 20.0  # seconds until the service is asked again which brokers it has


class Link(QObject):
    """Main thread. ``service``, ``coverage`` and ``push`` are None until the service has answered.

    ``found()``: it has, for the first time; ``failed(CityTwinError)``: it does not, once until it does.
    """

    found = pyqtSignal()
    failed = pyqtSignal(object)

    def __init__(self, reading: Reading, live: Live, parent: QObject) -> None:
        super().__init__(parent)
        self.service: Service | None = None
        self.coverage: Coverage | None = None
        self.push: Push | None = None
        self.trouble = ""
        self.locked = False  # it does not let us in
        self._reading = reading
        self._live = live
        self._errands = Errands(self)
        self._topics: dict[str, None] = {}
        self._ended: list[Push] = []
        self._attempts = 0
        self._due = 0.0  # by time.monotonic()
        self._asked = 0.0

    def look(self) -> None:
        """Several times a second: do what is due."""
        now = time.monotonic()
        if "open" in self._errands:
            return
        if self.service is None:
            if now >= self._due:
                self._open()
        elif self.push is not None:
            self.push.look()
            # a service that was started anew may have another broker, or one at last
            hopeless = self.push.failing and bool(self.push.brokers)
            if now >= self._asked + (_SOON if hopeless else _AGAIN):
                self._open()

    def listen(self, topics: Iterable[str]) -> None:
        """Topics that are wanted too."""
        new = dict.fromkeys(topics)
        self._topics.update(new)
        if self.push is not None:
            self.push.subscribe(new)

    def unlisten(self, topics: Iterable[str]) -> None:
        """Topics that are wanted no longer."""
        gone = list(topics)
        for topic in gone:
            self._topics.pop(topic, None)
        if self.push is not None:
            self.push.unsubscribe(gone)

    def retry(self) -> None:
        """Wait for nothing."""
        self._due = 0.0
        if self.push is not None:
            self.push.retry()
        if self.coverage is not None:
            self.coverage.hurry()

    def stop(self) -> None:
        """End the connection. It may begin anew."""
        self._errands.end()
        self._leave()
        self._topics.clear()
        self.service = self.coverage = None
        self.trouble, self.locked, self._attempts, self._due = "", False, 0, 0.0

    def join(self, seconds: float) -> bool:
        """After `stop`: wait for the brokers' threads, at most ``seconds`` for each; whether they have ended."""
        return all(push.join(seconds) for push in self._ended)

    def _open(self) -> None:
        self._asked = time.monotonic()
        self._errands.run("open", tr("Connecting to sensors"), self._reading.open, self._opened, self._not_opened)

    def _opened(self, opened: Opened) -> None:
        first, push = self.service is None, self.push
        self.service = opened.service
        self.trouble, self._attempts = "", 0
        if push is None or [one.url for one in push.brokers] != [one.url for one in opened.brokers]:
            if not first:
                self._live.mark()
            self._leave()
            self.coverage = Coverage(push=bool(opened.brokers), known=not first)
            self.push = Push(opened.brokers, self._live, self.coverage)
            self.push.subscribe(self._topics)
            self.push.start()
        if first:
            self.found.emit()

    def _not_opened(self, error: CityTwinError | None) -> None:
        if self.service is not None or error is None:
            return
        self._attempts += 1
        pause = min(_LONGEST, _RETRY * 2.0 ** min(self._attempts - 1, 10))
        # a password that is wrong stays wrong, and some lock out who goes on trying
        self.locked = isinstance(error, AccessDenied)
        self._due = time.monotonic() + (_LOCKED if self.locked else pause)
        news, self.trouble = not self.trouble, error.message
        if news:
            self.failed.emit(error)

    def _leave(self) -> None:
        push, self.push = self.push, None
        if push is not None:
            push.stop()
            self._ended = [one for one in self._ended if not one.join(0.0)]
            self._ended.append(push)
