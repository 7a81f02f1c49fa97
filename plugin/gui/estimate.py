"""How many features a checkout would bring: counted in the background once ticks and area have come to rest."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ..map import tasks
from ..text import tr
from ..twin.errors import CityTwinError
from ..twin.model import Collection, Extent
from ..twin.progress import Progress
from .catalogue_loader import Catalogue, estimate

_SETTLE = 300  # ms


class Estimate(QObject):
    """``told(features, working)``: features None where it is not known (yet). Only the newest question is answered."""

    told = pyqtSignal(object, bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._turn = 0
        self._handle: tasks.TaskHandle | None = None
        self._question: tuple[Catalogue, tuple[Collection, ...], tuple[Extent, int] | None] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SETTLE)
        self._timer.timeout.connect(self._ask)

    def ask(
        self, catalogue: Catalogue | None, collections: Sequence[Collection], area: tuple[Extent, int] | None
    ) -> None:
        """What do ``collections`` hold in ``area`` (east/north box and EPSG code; None: everywhere)?"""
        self.stop()
        if catalogue is None or not collections:
            self.told.emit(None, False)
            return
        if area is None and all(one.count is not None for one in collections):
            self.told.emit(sum(one.count or 0 for one in collections), False)
            return
        self._question = catalogue, tuple(collections), area
        self.told.emit(None, True)
        self._timer.start()

    def stop(self) -> None:
        self._turn += 1
        self._timer.stop()
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.cancel()

    def _ask(self) -> None:
        if self._question is None:
            return
        turn = self._turn
        catalogue, collections, area = self._question
        extent, srid = area if area is not None else (None, 4326)

        def work(progress: Progress) -> int | None:
            return estimate(catalogue.connection, catalogue.capabilities, collections, extent, srid, progress)

        def tell(features: int | None) -> None:
            if turn == self._turn:
                self.told.emit(features, False)

        def failed(_error: CityTwinError) -> None:
            tell(None)  # the log has it; the checkout itself will say it if it matters

        self._handle = tasks.run(tr("Counting features"), work, done=tell, failed=failed, parent=self)
