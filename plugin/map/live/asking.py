"""When the state of a feed's datastreams is asked for, and what becomes of the answer."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...sensors import coverage
from ...sensors.coverage import Wanted
from ...sensors.live import Live
from ...text import tr
from ...twin.errors import CityTwinError
from ...twin.progress import Progress
from ...twin.sensorthings import Datastream
from .. import garbage
from .errands import Errands
from .link import Link
from .reading import Reading

_ASIDE = 30.0  # seconds between two polls for what the broker does not send
_REMARKS = 20


class Asking(QObject):
    """Main thread. ``remarks``: what could not be had, as sentences; ``failed(CityTwinError)``: once per trouble."""

    failed = pyqtSignal(object)

    def __init__(self, link: Link, reading: Reading, live: Live, parent: QObject) -> None:
        super().__init__(parent)
        self.remarks: dict[str, None] = {}
        self.resident = garbage.Resident()
        self._link = link
        self._reading = reading
        self._live = live
        self._errands = Errands(self)
        self._troubled = False
        self._aside = 0.0
        self._curious: dict[str, Datastream] = {}
        self._learnt: set[str] = set()

    @property
    def busy(self) -> bool:
        """Whether the state is under way."""
        return "state" in self._errands

    def look(self, streams: Mapping[str, Datastream]) -> None:
        """Several times a second, once the datastreams are known: ask for what `Coverage` wants to know."""
        if self._link.coverage is None or not streams or self.busy:
            return
        wanted = self._link.coverage.next()
        if wanted is not None or self._is_due_aside():
            self._ask(wanted, dict(streams))
        elif self._curious and "learn" not in self._errands:
            self._learn()

    def learn(self, streams: Iterable[Datastream]) -> None:
        """Ask once for the last few observations of these: else a sensor that reports hourly would be called late for
        hours."""
        self._curious.update((one.id, one) for one in streams if one.id not in self._learnt)

    def stop(self) -> None:
        """Hear of nothing any more. It may begin anew."""
        self._errands.end()
        self.resident.leave()
        self.resident = garbage.Resident()
        self.remarks.clear()
        self._learnt.clear()
        self._curious.clear()
        self._troubled = False

    def _is_due_aside(self) -> bool:
        """What the broker refuses to send is polled beside the stream."""
        push, now = self._link.push, time.monotonic()
        if push is None or not push.refused or now < self._aside:
            return False
        self._aside = now + _ASIDE
        return True

    def _ask(self, wanted: Wanted | None, streams: Mapping[str, Datastream]) -> None:
        service, covered, reading = self._link.service, self._link.coverage, self._reading
        if service is None or covered is None:
            return
        remarks: list[str] = []

        def work(progress: Progress) -> list[str]:
            return reading.state(service, streams, wanted, remarks.append, progress)

        def done(caught_up: list[str]) -> None:
            self._troubled = False
            for sentence in remarks:
                if len(self.remarks) < _REMARKS:
                    self.remarks[sentence] = None
            if wanted is not None and covered.answered(wanted):
                self._live.unmark(caught_up)
            if covered.status().phase == coverage.POLLING:
                self._live.mark()

        def failed(error: CityTwinError | None) -> None:
            if wanted is not None:
                covered.failed(wanted, error.message if error is not None else "")
            if error is not None and not self._troubled:
                self._troubled = True
                self.failed.emit(error)

        self._errands.run("state", tr("Reading what the sensors say"), work, done, failed)

    def _learn(self) -> None:
        service, reading, new, resident = self._link.service, self._reading, self._curious, self.resident
        if service is None:
            return
        self._curious = {}
        self._learnt.update(new)

        def work(progress: Progress) -> None:
            reading.learn(service, new, progress)
            resident.settle()

        text = tr("Reading what the sensors said before")
        self._errands.run("learn", text, work, lambda _none: None, lambda _error: None)
