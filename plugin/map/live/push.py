"""The stream of new observations: of the brokers that a service names, the one that works."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ...sensors.coverage import Coverage
from ...sensors.live import Live
from ...text import tr
from ...twin.errors import CityTwinError
from ...twin.mqtt import Broker, BrokerState
from ...twin.progress import Progress
from ...twin.sensorthings import Service
from .. import credentials
from ..connections import Connection
from .service import same_origin

# attempts on a broker that never answered, before the next one is tried; a lasting fault makes it wait for longer
_ATTEMPTS, _LASTING = 2, 20.0
# attempts after which the service may have another broker by now
_HOPELESS = 3


@dataclass(frozen=True)
class Entrance:
    """One of a service's brokers, and what opens it."""

    url: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    @property
    def secure(self) -> bool:
        return self.url.startswith(("mqtts:", "wss:"))


def entrances(service: Service, connection: Connection, progress: Progress) -> tuple[Entrance, ...]:
    """The service's brokers in the order in which they are tried. Worker thread: QGIS may ask for a password.

    Credentials are those of ``connection``, where the service is of its origin (another could name a broker to have
    them sent to), for brokers on its own host only, and without TLS only where the twin itself is asked without.
    Certificates that QGIS trusts are trusted here.
    """
    https = service.url.startswith("https:")
    order = ("mqtts", "wss", "mqtt", "ws") if https else ("mqtt", "ws", "mqtts", "wss")
    brokers = sorted(service.brokers, key=lambda url: order.index(urlsplit(url).scheme))
    home = connection.authcfg and same_origin(connection.url, service.url)
    user: tuple[str, str] | None = None
    tls: ssl.SSLContext | None = None
    found = []
    for url in brokers:
        entrance = Entrance(url)
        if entrance.secure and tls is None:
            tls = _trusting(credentials.trusted_certificates(progress.cancelled))
        own = home and _host(url) == _host(connection.url)
        if own and (entrance.secure or not connection.url.lower().startswith("https:")):
            user = user or credentials.basic(connection.authcfg, progress.cancelled)
            if user is not None:
                entrance = Entrance(url, *user)
        found.append(Entrance(entrance.url, entrance.username, entrance.password, tls if entrance.secure else None))
    return tuple(found)


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def _trusting(certificates: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if certificates:
        try:
            context.load_verify_locations(cadata=certificates)
        except ssl.SSLError:  # one that OpenSSL cannot read: the system's are there all the same
            return context
    return context


class Push:
    """One broker at a time, in its own thread; all methods are for the main thread.

    What it receives goes into ``live`` and what becomes of it into ``coverage``, in the broker's thread: so nothing is
    lost to a main thread that is busy.
    """

    def __init__(self, brokers: Sequence[Entrance], live: Live, coverage: Coverage) -> None:
        self._brokers = brokers
        self._live = live
        self._coverage = coverage
        self._topics: dict[str, None] = {}
        self._current = -1
        self._broker: Broker | None = None
        self._hear: _Ear | None = None
        self._ending: list[Broker] = []
        self.refusals: dict[str, str] = {}  # broker → why it was given up

    @property
    def url(self) -> str:
        """The broker that is listened to or tried, as a user may see it."""
        return self._broker.url if self._broker is not None else ""

    @property
    def refused(self) -> bool:
        """Whether the broker is there, but does not send everything."""
        state = self._broker.state if self._broker is not None else None
        return state is not None and state.status == "live" and bool(state.refused)

    @property
    def brokers(self) -> tuple[Entrance, ...]:
        """As they were given."""
        return tuple(self._brokers)

    @property
    def failing(self) -> bool:
        """Whether attempt after attempt comes to nothing."""
        return not self._brokers or (self._hear is not None and self._hear.attempts >= _HOPELESS)

    def start(self) -> None:
        """Try the first broker."""
        if self._broker is None and self._brokers:
            self._next()

    def subscribe(self, topics: Iterable[str]) -> None:
        """Topics to listen to, beside those that are listened to already."""
        new = [topic for topic in topics if topic not in self._topics]
        self._topics.update(dict.fromkeys(new))
        if self._broker is not None and new:
            self._broker.subscribe(new)

    def unsubscribe(self, topics: Iterable[str]) -> None:
        """Topics that nobody wants any more."""
        gone = [topic for topic in topics if topic in self._topics]
        for topic in gone:
            del self._topics[topic]
        if self._broker is not None and gone:
            self._broker.unsubscribe(gone)

    def look(self) -> None:
        """Now and then: give up a broker that does not come, if there is another."""
        hear = self._hear
        if hear is None or len(self._brokers) < 2 or hear.lived or hear.last is None:
            return
        if hear.attempts >= _ATTEMPTS or (hear.last.retry_in or 0.0) > _LASTING:
            self.refusals[self.url] = hear.last.text
            self._next()

    def retry(self) -> None:
        """Try again at once."""
        if self._broker is not None:
            self._broker.retry()

    def stop(self) -> None:
        """End the connection. Its thread ends by itself; `join` waits for it."""
        self._leave()
        self._topics.clear()

    def join(self, seconds: float) -> bool:
        """Wait for the threads that are ending, at most ``seconds`` for each; whether they have."""
        ended = [broker.join(seconds) for broker in self._ending]
        return all(ended)

    def _leave(self) -> None:
        if self._hear is not None:
            self._hear.deaf = True
        if self._broker is not None:
            self._broker.stop(wait=0.0)
            self._ending = [one for one in self._ending if not one.join(0.0)]
            self._ending.append(self._broker)
        self._broker = self._hear = None

    def _next(self) -> None:
        self._leave()
        for _ in self._brokers:
            self._current = (self._current + 1) % len(self._brokers)
            entrance = self._brokers[self._current]
            hear = _Ear(self._live, self._coverage)
            try:
                self._broker = Broker(
                    entrance.url, topics=tuple(self._topics), on_message=hear.message, on_state=hear.state,
                    username=entrance.username, password=entrance.password, tls=entrance.tls,
                )  # fmt: skip
            except CityTwinError as error:
                self.refusals[entrance.url] = error.message
                continue
            self._hear = hear
            self._broker.start()
            return
        why = next(reversed(self.refusals.values()), tr("There is no broker to listen to."))
        self._coverage.without_push(why)


class _Ear:
    """What one broker says, in its thread."""

    def __init__(self, live: Live, coverage: Coverage) -> None:
        self._coverage = coverage
        self._live = live
        self.message: Callable[[str, bytes, float, bool], None] = live.receive
        self.deaf = False
        self.lived = False
        self.attempts = 0
        self.last: BrokerState | None = None
        self._wanted = 0
        self._whole = False

    def state(self, state: BrokerState) -> None:
        if self.deaf:
            return
        self.last = state
        if state.status == "live":
            # an empty list of topics is no stream
            if state.wanted and (not self._whole or state.wanted > self._wanted):
                self._coverage.subscribed()
                self._whole = True
            self._wanted = state.wanted
            self.lived = self.lived or bool(state.wanted)
            self.attempts = 0
        elif state.status == "subscribing":
            self._whole = False
        elif state.status in ("waiting", "stopped"):
            if self._whole or self.lived:
                self._live.mark()
            self._whole = False
            self.attempts += 1
            self._coverage.lost(state.text)
