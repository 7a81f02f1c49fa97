"""Fetching a twin's catalogue in the background, and what is worth knowing about its collections after that."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from qgis.PyQt.QtCore import QObject, pyqtSignal, pyqtSlot

from ..map import tasks
from ..map.connections import Connection
from ..map.log import log_error
from ..map.network import open_twin
from ..text import tr
from ..twin.client import Twin
from ..twin.crs import transform_extent
from ..twin.errors import CityTwinError, TwinError, Unreachable
from ..twin.model import Capabilities, Collection, Extent
from ..twin.progress import Progress, check

_LOOKED_INTO = 40  # collections that are described without being asked for; each costs a few requests


@dataclass(frozen=True)
class Catalogue:
    """What a twin told when it was asked."""

    connection: Connection
    capabilities: Capabilities
    collections: tuple[Collection, ...]


class CatalogueLoader(QObject):
    """``loaded`` comes as soon as the list is there, ``described`` for each collection that more is known about later.

    A new `load` forgets the former one: nothing of it is told any more. Main thread.
    """

    started = pyqtSignal(object)  # Connection
    loaded = pyqtSignal(object)  # Catalogue
    failed = pyqtSignal(object, object)  # Connection, CityTwinError
    described = pyqtSignal(object, object)  # Collection, Schema
    noted = pyqtSignal(str)  # a sentence while it takes longer: the twin asks us to wait

    _arrived = pyqtSignal(int, object)  # from the worker: Catalogue, or (Collection, Schema)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._turn = 0
        self._connection: Connection | None = None
        self._handles: list[tasks.TaskHandle] = []
        self._asked: set[str] = set()
        self._lock = threading.Lock()
        self._arrived.connect(self._tell)

    def load(self, connection: Connection) -> None:
        """Ask the twin of ``connection``; ends with ``loaded`` or ``failed``."""
        self.stop()
        self._connection = connection
        turn = self._turn

        def work(progress: Progress) -> Catalogue:
            twin = open_twin(connection, progress)
            found = Catalogue(connection, twin.capabilities(), twin.collections())
            self._arrived.emit(turn, found)
            for one in [c for c in found.collections if c.is_features][:_LOOKED_INTO]:
                if self._take(turn, one.id):
                    self._describe(turn, twin, one, progress)
            return found

        self.started.emit(connection)
        self._run(turn, work, tr("Reading the catalogue of {name}", name=connection.name))

    def describe(self, collection: Collection) -> None:
        """Learn what only costs requests: geometry type, count, what may be edited. Told by ``described``, once."""
        connection, turn = self._connection, self._turn
        if connection is None or not collection.is_features or not self._take(turn, collection.id):
            return

        def work(progress: Progress) -> None:
            self._describe(turn, open_twin(connection, progress), collection, progress)

        self._run(turn, work, tr("Reading about {title}", title=collection.title))

    def stop(self) -> None:
        """Cancel, and forget what was asked: nothing is told any more."""
        self._turn += 1
        self._connection = None
        for handle in self._handles:
            handle.cancel()
        self._handles.clear()
        with self._lock:
            self._asked.clear()

    @property
    def busy(self) -> bool:
        return any(handle.running for handle in self._handles)

    def _run(self, turn: int, work: object, description: str) -> None:
        def failed(error: CityTwinError) -> None:
            if turn == self._turn and self._connection is not None:
                self.failed.emit(self._connection, error)

        def note(text: str) -> None:
            if turn == self._turn:
                self.noted.emit(text)

        self._handles = [handle for handle in self._handles if handle.running]
        self._handles.append(
            tasks.run(description, work, done=lambda _result: None, failed=failed, note=note, parent=self)  # type: ignore[arg-type]
        )

    def _take(self, turn: int, identity: str) -> bool:
        """True for who asks first."""
        with self._lock:
            if turn != self._turn or identity in self._asked:
                return False
            self._asked.add(identity)
            return True

    def _describe(self, turn: int, twin: Twin, collection: Collection, progress: Progress) -> None:
        """In the worker. That one collection cannot be described does not spoil the catalogue."""
        check(progress)
        try:
            known, schema = twin.describe(collection)
            if known.count is None:
                known = replace(known, count=twin.count(known))
        except Unreachable:
            raise
        except TwinError as error:
            log_error(error)
            return
        self._arrived.emit(turn, (known, schema))

    @pyqtSlot(int, object)
    def _tell(self, turn: int, news: Any) -> None:
        if turn != self._turn:
            return
        if isinstance(news, Catalogue):
            self.loaded.emit(news)
        else:
            self.described.emit(*news)


def estimate(
    connection: Connection,
    capabilities: Capabilities,
    collections: Sequence[Collection],
    extent: Extent | None,
    srid: int,
    progress: Progress,
) -> int | None:
    """How many features of ``collections`` lie in ``extent`` (east/north, EPSG ``srid``); None where nobody says.

    In a worker. Raises any `CityTwinError`.
    """
    if extent is None and all(one.count is not None for one in collections):
        return sum(one.count or 0 for one in collections)
    twin = open_twin(connection, progress)
    found = 0
    for one in collections:
        check(progress)
        choice = twin.choice(one)
        box = transform_extent(extent, srid, choice.srid) if extent is not None else None
        count = twin.count(one, box, choice=choice)
        if count is None:
            return None
        found += count
    return found
