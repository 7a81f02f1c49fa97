"""The lists of datastreams that a feed's layers show: read page by page in the background, one list at a time, read
again when they are due, and forgotten when nobody wants them any more."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from itertools import chain

from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...sensors.live import Live
from ...text import tr
from ...twin.errors import CityTwinError
from ...twin.progress import Progress
from ...twin.sensorthings import Datastream
from .. import garbage
from . import fields
from .area import project_area
from .asking import Asking
from .errands import Errands
from .link import Link
from .reading import Reading
from .ready import Ready, make
from .shown import Shown
from .source import LiveSource

_READERS = 1  # sources that are read at the same time


class Lists(QObject):
    """Main thread. ``changed(LiveSource)``: page by page while a list is read for the first time, and when it is
    another than before; ``failed(CityTwinError)``: once per trouble."""

    changed = pyqtSignal(object)
    failed = pyqtSignal(object)

    def __init__(
        self, link: Link, reading: Reading, asking: Asking, live: Live, errands: Errands, parent: QObject
    ) -> None:
        super().__init__(parent)
        self.shown: dict[LiveSource, Shown] = {}
        self.by_id: dict[str, Datastream] = {}  # of all of them
        self._link = link
        self._reading = reading
        self._asking = asking
        self._live = live
        self._errands = errands
        self._pages: deque[tuple[Shown, LiveSource, tuple[Datastream, ...], list[Ready]]] = deque()
        self._untidy = False

    # -- who wants what ----------------------------------------------------------------------------------------------

    def want(self, source: LiveSource) -> None:
        """One more shows ``source``."""
        shown = self.shown.get(source)
        if shown is not None:
            shown.count += 1
        else:
            self.shown[source] = Shown()

    def release(self, source: LiveSource) -> None:
        """One shows it no longer."""
        shown = self.shown.get(source)
        if shown is None:
            return
        shown.count -= 1
        if shown.count:
            return
        del self.shown[source]
        if shown.handle is not None:
            shown.handle.cancel()
        self._untidy = True

    def clear(self) -> None:
        """Nobody shows anything."""
        self.shown.clear()
        self.by_id.clear()
        self._pages.clear()
        self._untidy = False

    # -- questions ---------------------------------------------------------------------------------------------------

    @property
    def settled(self) -> bool:
        """Whether each list is read, or cannot be."""
        return all(shown.complete or shown.trouble for shown in self.shown.values())

    def datastreams(self, source: LiveSource) -> tuple[Datastream, ...]:
        """As far as they are read."""
        shown = self.shown.get(source)
        return tuple(shown.streams.values()) if shown is not None else ()

    def ready(self, source: LiveSource) -> Mapping[str, Ready]:
        """While ``changed`` is told: features of datastreams that were just read."""
        shown = self.shown.get(source)
        return shown.ready if shown is not None else {}

    def complete(self, source: LiveSource) -> bool:
        """Whether `datastreams` are all of them."""
        shown = self.shown.get(source)
        return shown is not None and shown.complete

    def troubles(self) -> list[str]:
        """Why lists could not be read, or are not believed."""
        return [why for shown in self.shown.values() for why in (shown.trouble, shown.doubt) if why]

    def remarks(self) -> list[str]:
        """About what is in them."""
        return [*chain.from_iterable(shown.remarks for shown in self.shown.values())]

    # -- several times a second --------------------------------------------------------------------------------------

    def take_pages(self) -> None:
        """Show what was read since."""
        news: dict[LiveSource, Shown] = {}
        while self._pages:
            shown, source, page, ready = self._pages.popleft()
            if self.shown.get(source) is not shown:
                continue
            if shown.take(page, ready):
                news[source] = shown
            self.by_id.update((stream.id, stream) for stream in page)
        for source, shown in news.items():
            self.changed.emit(source)
            shown.ready.clear()

    def read(self) -> None:
        """Begin with what is due."""
        now = time.monotonic()
        busy = sum(shown.handle is not None for shown in self.shown.values())
        for source, shown in self.shown.items():
            if busy >= _READERS:
                return
            if shown.handle is None and now >= shown.due:
                busy += 1
                self._read_one(source, shown)

    def tidy(self) -> None:
        """Forget the datastreams that nobody wants, once no reading brings any."""
        if not self._untidy or self._pages or any(shown.handle is not None for shown in self.shown.values()):
            return
        self._untidy = False
        wanted = set(chain.from_iterable(shown.streams for shown in self.shown.values()))
        self._live.remove(each for each in self._live.ids() if each not in wanted)
        gone = [self.by_id.pop(each) for each in list(self.by_id) if each not in wanted]
        self._link.unlisten(stream.topic for stream in gone)

    def soon(self) -> None:
        """The service was away: it may have other ones."""
        for shown in self.shown.values():
            shown.soon()

    def hurry(self) -> None:
        """All of them are due."""
        for shown in self.shown.values():
            shown.due = 0.0

    def _read_one(self, source: LiveSource, shown: Shown) -> None:
        service, covered, reading, pages = self._link.service, self._link.coverage, self._reading, self._pages
        resident = self._asking.resident
        if service is None or covered is None:
            return
        # what is read now is the state, too
        wanted = covered.next() if not covered.pushes and not self._asking.busy else None
        remarks: list[str] = []
        read: dict[str, Datastream] = {}
        live, columns, project = self._live, fields.fields(), project_area()
        shown.begin()

        def take(page: tuple[Datastream, ...]) -> None:
            pages.append((shown, source, page, [] if shown.complete else list(make(live, columns, page))))
            read.update((stream.id, stream) for stream in page)
            garbage.set_aside()

        def work(progress: Progress) -> bool:
            with garbage.light_collections():
                reading.streams(service, source, take, remarks.append, progress, project)
                resident.settle()
                return shown.is_news(read)

        def done(news: bool) -> None:
            self.take_pages()
            shown.handle = None
            if wanted is not None:
                covered.answered(wanted)
                live.mark()
            self._untidy = True
            if self.shown.get(source) is not shown:
                return
            believed = shown.end()
            for remark in remarks:
                shown.say(remark)
            if news and believed:
                self._asking.learn(shown.streams.values())
                self._link.listen(stream.topic for stream in shown.streams.values() if stream.topic)
                self.changed.emit(source)

        def failed(error: CityTwinError | None) -> None:
            shown.handle = None
            why = error.message if error is not None else ""
            if wanted is not None:
                covered.failed(wanted, why)
            if shown.fail(why) and error is not None and self.shown.get(source) is shown:
                self.failed.emit(error)

        name = f"read {id(shown)}"
        shown.handle = self._errands.run(name, tr("Reading sensors: {name}", name=source.title), work, done, failed)
