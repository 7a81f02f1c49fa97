"""What is asked of a service over HTTP for the live layers: in worker threads, into the one `Live` of the feed."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from ...sensors.coverage import Wanted
from ...sensors.live import Live
from ...sensors.recognise import rule
from ...sensors.series import Series, series
from ...text import tr, trn
from ...twin.errors import TwinError
from ...twin.model import Extent
from ...twin.progress import Progress, check
from ...twin.sensorthings import Datastream, Memory, Observation, Service, datastreams, latest, observations
from ...twin.session import Session
from ..connections import Connection
from .area import expected
from .push import Entrance, entrances
from .service import open_service, session_for
from .source import LiveSource

Say = Callable[[str], None]
T = TypeVar("T")
U = TypeVar("U")

_RETRIES = 1  # the feed tries again by itself, and says so meanwhile
_AT_ONCE = 4  # requests to one service at the same time
_FEW = 64  # datastreams that are caught up with between two looks at the clock
_AT_MOST = 20.0  # seconds for all of them after one answer
_PATIENCE = 60.0  # seconds for one of them
_HOPELESS = 8  # failures without a success after which the others are not tried
_NAMED = 5  # sensors that a sentence names
_FRESH = {"Cache-Control": "no-cache", "Pragma": "no-cache"}
_LEARN = 8  # observations from which a datastream's rhythm and trend are learnt


@dataclass(frozen=True)
class Opened:
    """A service that answers, with its brokers in the order in which they are tried."""

    service: Service
    brokers: tuple[Entrance, ...]


class Reading:
    """One for each feed. `state` and `learn` are for one thread at a time, the others for any."""

    def __init__(self, connection: Connection, url: str, live: Live) -> None:
        self._connection = connection
        self._url = url
        self._live = live
        self._memories: dict[str | None, Memory] = {}

    def open(self, progress: Progress) -> Opened:
        """The service; the clock of `Live` goes by the service's from then on. Raises `CityTwinError`."""
        session, service = open_service(self._connection, self._url, progress, retries=_RETRIES)
        self._synchronise(session, service)
        return Opened(service, entrances(service, self._connection, progress))

    def _synchronise(self, session: Session, service: Service) -> None:
        sent = self._live.clock()
        try:
            headers = session.request("GET", service.url, headers=_FRESH, retries=0).headers
        except TwinError:
            return
        parsed = email.utils.parsedate_tz(headers.get("Date", ""))
        if parsed is not None and not _is_kept(headers):
            self._live.synchronise(float(email.utils.mktime_tz(parsed)), sent, self._live.clock())

    def streams(
        self,
        service: Service,
        source: LiveSource,
        found: Callable[[tuple[Datastream, ...]], None],
        say: Say,
        progress: Progress,
        project: Extent | None = None,
    ) -> None:
        """Put the datastreams of ``source`` into `Live`, and tell ``found`` of them page by page.

        ``project``: where the project's working copies lie.
        """
        session = session_for(self._connection, service.url, progress)
        # of a page that is transferred while the one before it is read
        before = asked = self._live.clock()
        pages = datastreams(
            session,
            service,
            extent=source.extent,
            observed_property=source.observed_property or None,
            progress=progress,
            problems=say,
            area=lambda: expected(self._connection, service.url, project, progress),
        )
        for page in pages:
            chosen = tuple(stream for stream in page if source.shows(stream.id))
            if chosen:
                self._live.add(chosen, asked=before)
                found(chosen)
            before, asked = asked, self._live.clock()
            check(progress)

    def state(
        self,
        service: Service,
        streams: Mapping[str, Datastream],
        wanted: Wanted | None,
        say: Say,
        progress: Progress,
    ) -> list[str]:
        """Put the latest observations into `Live`, and where ``wanted`` says so what was missed before them.

        The datastreams of which nothing is missing now. Raises `CityTwinError`.
        """
        session = session_for(self._connection, service.url, progress, retries=_RETRIES)
        for key in _properties(streams):
            memory = self._memories.setdefault(key, Memory())
            before = asked = self._live.clock()
            for page in latest(session, service, observed_property=key, memory=memory, progress=progress, problems=say):
                self._live.state(dict(page), asked=before)
                before, asked = asked, self._live.clock()
                check(progress)
        if wanted is None or not wanted.history:
            return []
        return self._catch_up(session, service, streams, say, progress)

    def learn(self, service: Service, streams: Mapping[str, Datastream], progress: Progress) -> None:
        """The last few observations of each datastream, which tell its rhythm and its trend. Where the service cannot
        give several at once nothing is learnt."""
        session = session_for(self._connection, service.url, progress)
        for key in _properties(streams):
            asked = self._live.clock()
            pages = latest(
                session, service, observed_property=key, number=_LEARN, progress=progress, problems=_to_nobody
            )
            for page in pages:
                known = _by_datastream(page)
                if len(known) == len(page):
                    return
                for each, found in known.items():
                    self._live.catch_up(each, found, asked=asked)
                check(progress)

    # -- what was missed ---------------------------------------------------------------------------------------------

    def _catch_up(
        self, session: Session, service: Service, streams: Mapping[str, Datastream], say: Say, progress: Progress
    ) -> list[str]:
        marked = self._live.missed()
        gaps = [(streams[each], since) for each, since in self._live.gaps().items() if each in streams]
        waiting = {stream.id for stream, _ in gaps}
        done = [each for each in marked if each not in waiting]
        stop = time.monotonic() + _AT_MOST
        for begin in range(0, len(gaps), _FEW):
            if begin and time.monotonic() > stop:
                say(
                    tr(
                        "There was too much between two answers of the service to read it all: thresholds that were "
                        "crossed in between may be missing in the log."
                    )
                )
                break
            try:
                caught_up, failures = self._one_by_one(session, service, gaps[begin : begin + _FEW], progress)
            except TwinError as error:  # the latest values are there; the rest is tried again with the next state
                say(error.message)
                break
            done += caught_up
            if failures:
                say(failures[0][1].message)
        return done

    def _one_by_one(
        self, session: Session, service: Service, wanted: Sequence[tuple[Datastream, float | None]], progress: Progress
    ) -> tuple[list[str], list[tuple[tuple[Datastream, float | None], TwinError]]]:
        def read(entry: tuple[Datastream, float | None]) -> str:
            stream, since = entry
            stop = time.monotonic() + _PATIENCE
            asked = self._live.clock()
            for page in observations(session, service, stream, start=since, progress=_Mute(progress)):
                self._live.catch_up(stream.id, page, asked=asked)
                if time.monotonic() > stop:
                    break
            return stream.id

        return _each(read, wanted)

    # -- history -----------------------------------------------------------------------------------------------------

    def history(
        self,
        service: Service,
        streams: Sequence[Datastream],
        start: float | None,
        end: float | None,
        progress: Progress,
    ) -> dict[str, Series]:
        """The observations of ``streams`` between two times (seconds since 1970 UTC).

        Those that the service fails at are left out, which is noted. Raises `CityTwinError` where it fails at all.
        """
        session = session_for(self._connection, service.url, progress)
        counts = dict.fromkeys((stream.id for stream in streams), 0)

        def read(stream: Datastream) -> Series:
            found: list[Observation] = []
            for page in observations(session, service, stream, start=start, end=end, progress=_Mute(progress)):
                found += page
                counts[stream.id] = len(found)
                progress.report(sum(counts.values()), None, tr("Reading the history…"))
                check(progress)
            unit = (stream.unit.symbol or stream.unit.name) if stream.unit else ""
            return series(found, rule(stream), unit=unit, id=stream.id, name=stream.name)

        found, failures = _each(read, streams)
        if failures:
            names = ", ".join(stream.name or stream.id for stream, _ in failures[:_NAMED])
            sentence = trn(
                "The history of {n} sensor could not be read and is left out: {names}.",
                "The history of {n} sensors could not be read and is left out: {names}.",
                len(failures),
                names=names if len(failures) <= _NAMED else f"{names}, …",
            )
            progress.note(f"{sentence} {failures[0][1].message}")
        known = {one.id: one for one in found}
        return {stream.id: known[stream.id] for stream in streams if stream.id in known}


class _Mute:
    """A progress that only passes on the wish to stop."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def cancelled(self) -> bool:
        return self._progress.cancelled()

    def report(self, done: int, total: int | None, text: str) -> None:
        """Told to nobody."""

    def note(self, text: str) -> None:
        """Told to nobody."""


def _to_nobody(_sentence: str) -> None:
    return


def _is_kept(headers: Mapping[str, str]) -> bool:
    """Whether a cache on the way gave the answer, so that its date is of long ago; though it was asked not to."""
    return headers.get("Age", "0").strip() not in ("", "0") or "hit" in headers.get("X-Cache", "").lower()


def _each(work: Callable[[T], U], items: Sequence[T]) -> tuple[list[U], list[tuple[T, TwinError]]]:
    """``work`` of each, a few at the same time: what came of it, and those that the service failed at.

    Raises the first failure where it fails at all, or at the first few: then it is not them.
    """
    found: list[U] = []
    failures: list[tuple[T, TwinError]] = []

    def one(item: T) -> None:
        if not found and len(failures) >= _HOPELESS:
            failures.append((item, failures[0][1]))
            return
        try:
            found.append(work(item))
        except TwinError as error:
            failures.append((item, error))

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="city-twin-live") as pool:
        for _ in pool.map(one, items):
            pass
    if failures and not found:
        raise failures[0][1]
    return found, failures


def _properties(streams: Mapping[str, Datastream]) -> list[str | None]:
    """The keys of what is observed; None for all at once, where one of them has no key."""
    keys = dict.fromkeys(stream.observed_property.key for stream in streams.values())
    return [None] if "" in keys else list(keys)


def _by_datastream(page: Iterable[tuple[str, Observation]]) -> dict[str, list[Observation]]:
    found: dict[str, list[Observation]] = {}
    for each, observation in page:
        found.setdefault(each, []).append(observation)
    return found
