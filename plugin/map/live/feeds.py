"""All feeds, one for each service and identity."""

from __future__ import annotations

from functools import partial

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...twin.errors import CityTwinError
from ..connections import Connection, normalised
from .feed import Feed

_GOODBYE = 1.0  # seconds that a broker's thread is waited for


class Feeds(QObject):
    """``opened(Feed)`` and ``closed(Feed)``; ``changed()``: after either. Main thread."""

    opened = pyqtSignal(object)
    closed = pyqtSignal(object)
    changed = pyqtSignal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._feeds: dict[tuple[str, str], Feed] = {}
        self._ending: list[Feed] = []

    def feed(self, service: str, connection: Connection) -> Feed:
        """The feed of the service at ``service`` with the credentials of ``connection``: the same one each time, also
        where one was opened by the address of the twin that links the service."""
        key = (_normalised(service), connection.authcfg)
        feed = self._feeds.get(key)
        if feed is None:
            feed = next((one for one in self._feeds.values() if _key(one) == key), None)
        if feed is None:
            feed = self._feeds[key] = Feed(service, connection, self)
            feed.stopped.connect(partial(self._close, key, feed))
            self.opened.emit(feed)
            self.changed.emit()
        return feed

    def all(self) -> list[Feed]:
        """In the order in which they were opened."""
        return list(self._feeds.values())

    def stop(self) -> None:
        """End all of them, and wait a moment for their threads."""
        for feed in self.all():
            feed.stop()
        # of those that were never wanted nothing runs
        self._feeds.clear()
        for feed in self._ending:
            feed.join(_GOODBYE)
        self._ending.clear()

    def _close(self, key: tuple[str, str], feed: Feed) -> None:
        if self._feeds.get(key) is feed:
            del self._feeds[key]
            # whoever still holds it may want it again
            feed.setParent(None)
            self._ending = [*(one for one in self._ending if not one.join(0.0)), feed]
            self.closed.emit(feed)
            self.changed.emit()


def _key(feed: Feed) -> tuple[str, str] | None:
    return (_normalised(feed.service.url), feed.connection.authcfg) if feed.service is not None else None


def _normalised(url: str) -> str:
    try:
        return normalised(url)
    except CityTwinError:
        return url.rstrip("/")
