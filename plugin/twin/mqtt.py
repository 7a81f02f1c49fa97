"""A broker that pushes observations: one connection that stays, or comes back by itself and subscribes again.

MQTT 3.1.1 over TCP, TLS and WebSocket, quality of service 0: a message that is lost with a connection is caught up
over HTTP, which has it anyway.
"""

from __future__ import annotations

import random
import selectors
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from ..text import tr, trn
from .errors import TwinError, Unsupported
from .mqtt_faults import Fault, credentials_fault, fault_of, lost_fault
from .mqtt_reading import Reading
from .mqtt_topics import Topics
from .mqtt_url import BrokerAddress, broker_address

__all__ = ["Broker", "BrokerState", "Status"]

Status = Literal["connecting", "subscribing", "live", "waiting", "stopped"]

_CONNECT = 10.0  # seconds for a connection, and again for the broker's answer on it
_KEEPALIVE = 30  # seconds without a sign of life before we ask for one
_TICK = 0.5  # seconds between two looks at the clock
_BURST = 500  # messages read before anything else gets its turn
_LARGEST = 1 << 20  # bytes of a message: an observation has some hundred
_GOODBYE = 3.0  # seconds that `stop` waits for the thread


@dataclass(frozen=True)
class BrokerState:
    """How it stands with a broker. ``text`` is one sentence for the status line, ``detail`` is for the log."""

    status: Status
    text: str
    since: float  # seconds since 1970 UTC
    detail: str = ""
    wanted: int = 0  # topics asked for
    granted: int = 0  # topics that the broker sends
    refused: tuple[str, ...] = ()  # topics that it will not send
    retry_in: float | None = None  # seconds until the next attempt, while waiting


class Broker:
    """One connection to one broker, in a thread of its own from `start` to `stop`.

    ``on_message(topic, payload, time, retained)`` gets every message with the time it arrived (seconds since 1970 UTC)
    and whether the broker had kept it for who comes, so that nothing tells how old it is; ``on_state`` gets every
    change of state. Both are called in that thread and must be cheap. What a callback raises is counted in `failed` and
    stops nothing.

    ``url`` is mqtt://, mqtts://, ws:// or wss://; a user part in it is used as credentials where no others are given.
    Credentials are sent to this broker only and appear in no text. ``ca_file`` names the certificates (PEM) to trust in
    place of the system's, ``cert_file`` and ``key_file`` are our own; ``tls`` is a whole context instead. ``backoff``
    is the shortest and the longest wait in seconds between two attempts.

    Raises `Unsupported` for an address that is none, and `TwinError` for certificates that cannot be read.
    """

    def __init__(
        self,
        url: str,
        *,
        topics: Iterable[str] = (),
        on_message: Callable[[str, bytes, float, bool], None],
        on_state: Callable[[BrokerState], None],
        username: str | None = None,
        password: str | None = None,
        ca_file: str | None = None,
        cert_file: str | None = None,
        key_file: str | None = None,
        tls: ssl.SSLContext | None = None,
        backoff: tuple[float, float] = (1.0, 60.0),
    ) -> None:
        self._address: BrokerAddress = broker_address(url)
        self.url = self._address.shown
        self._username = self._address.username if username is None else username
        self._password = self._address.password if username is None else password
        self._tls = (tls or _context(self.url, ca_file, cert_file, key_file)) if self._address.secure else None
        self._on_message = on_message
        self._on_state = on_state
        self._backoff = backoff
        self._topics = Topics(topics)
        self._stopping = threading.Event()
        self._silent = False
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._mqtt = _paho()
        self._incoming = Reading(lambda _size: b"")
        self._fault: Fault | None = None
        self._accepted = False
        self._lived = False  # whether this connection got as far as being subscribed
        self._packets = 0
        self._last: BrokerState | None = None
        self.received = 0  # messages since the start
        self.failed = 0  # messages that were too large or that a callback could not take

    # -- from any thread ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to connect; returns at once."""
        if self._thread is None and not self._stopping.is_set():
            self._thread = threading.Thread(target=self._run, name="city-twin-broker", daemon=True)
            self._thread.start()

    def subscribe(self, topics: Iterable[str]) -> None:
        """Ask for these topics too, now or as soon as there is a connection."""
        self._topics.add(topics)
        self._wake()

    def unsubscribe(self, topics: Iterable[str]) -> None:
        """Ask for these topics no longer."""
        self._topics.remove(topics)
        self._wake()

    def retry(self) -> None:
        """Do not wait any longer for the next attempt; nothing while there is a connection."""
        self._woken.set()

    def stop(self, wait: float = _GOODBYE) -> None:
        """End the connection and the thread, for which at most ``wait`` seconds are waited. No callback is called after
        this, but by a call from a callback."""
        self._stopping.set()
        self._woken.set()
        self._wake()
        thread = self._thread
        if thread is None:
            self._close()
        elif thread is not threading.current_thread():
            thread.join(wait)
            self._silent = thread.is_alive()  # it waits for a server, and ends when that answers or does not

    def join(self, seconds: float) -> bool:
        """Wait for the thread to end after `stop`, at most ``seconds``; whether it has."""
        thread = self._thread
        if thread is None or thread is threading.current_thread():
            return True
        thread.join(seconds)
        return not thread.is_alive()

    @property
    def state(self) -> BrokerState | None:
        """The last state that was told."""
        return self._last

    def _wake(self) -> None:
        try:
            self._wake_out.send(b"x")
        except (BlockingIOError, OSError):
            return  # it is awake already, or has ended

    # -- in the thread --------------------------------------------------------------------------------------------

    def _run(self) -> None:
        attempt = 0
        try:
            while not self._stopping.is_set():
                self._fault, self._accepted, self._lived = None, False, False
                self._tell("connecting", tr("Connecting to the broker {url}…", url=self.url))
                self._connection()
                if self._stopping.is_set():
                    break
                attempt = 0 if self._lived else attempt + 1
                self._wait(self._fault or lost_fault(self.url), attempt)
        finally:
            self._stopping.set()
            self._tell("stopped", tr("Not connected to the broker {url}.", url=self.url), last=True)
            self._close()

    def _close(self) -> None:
        self._wake_in.close()
        self._wake_out.close()

    def _connection(self) -> None:
        """One connection from its first byte to its last."""
        client = self._client()
        try:
            client.connect(self._address.host, self._address.port, _KEEPALIVE)
            self._serve(client)
        except (OSError, ValueError) as error:
            self._fault = self._fault or fault_of(error, self._address)
        finally:
            self._topics.disconnected()
            client.on_disconnect = None
            client.disconnect()
            if client.socket() is not None:
                client.loop_write()
                client.socket().close()

    def _client(self) -> Any:
        mqtt = self._mqtt
        client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2,
            client_id=f"citytwin-{uuid.uuid4().hex[:14]}",  # 23 characters: some brokers take no more
            protocol=mqtt.MQTTv311,
            transport="websockets" if self._address.websocket else "tcp",
            reconnect_on_failure=False,
        )
        client.connect_timeout = _CONNECT
        if self._username is not None:
            client.username_pw_set(self._username, self._password)
        if self._tls is not None:
            client.tls_set_context(self._tls)
        if self._address.websocket:
            client.ws_set_options(path=self._address.path)
        # in place of paho's own way to ask the socket
        self._incoming = client._sock_recv = Reading(client._sock_recv)
        client.on_connect = self._connected
        client.on_message = self._message
        client.on_subscribe = self._subscribed
        return client

    def _serve(self, client: Any) -> None:
        """Read, write and keep alive until the connection is lost or nobody wants it any more."""
        began = time.monotonic()
        with selectors.DefaultSelector() as selector:
            connection = selector.register(client.socket(), selectors.EVENT_READ)
            wake = selector.register(self._wake_in, selectors.EVENT_READ)
            while not self._stopping.is_set():
                events = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.want_write() else 0)
                if connection.events != events:
                    connection = selector.modify(connection.fileobj, events)
                waiting = self._incoming.waiting or _pending(client.socket())
                ready = dict(selector.select(0 if waiting else _TICK))
                if wake in ready:
                    self._wake_in.recv(4096)
                    self._ask(client)
                readable = waiting or ready.get(connection, 0) & selectors.EVENT_READ
                if readable and not self._read(client):
                    return
                if ready.get(connection, 0) & selectors.EVENT_WRITE and client.loop_write() != 0:
                    return
                if client.loop_misc() != 0 or client.socket() is None:
                    return
                if not self._accepted and time.monotonic() - began > _CONNECT:
                    raise TimeoutError("no CONNACK")

    def _read(self, client: Any) -> bool:
        """Read what is there, up to a burst; False where the connection is lost."""
        for _ in range(_BURST):
            before = self._packets
            if client.loop_read() != 0:
                return False
            if self._packets == before or self._stopping.is_set():
                break
        return True

    def _connected(self, client: Any, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._packets += 1
        if reason.is_failure:
            self._fault = credentials_fault(self._address, str(reason), self._username is not None)
            return
        self._accepted = True
        self._topics.connected()
        self._ask(client)

    def _ask(self, client: Any) -> None:
        """Send what is to be subscribed to and what no longer."""
        if not self._accepted:
            return
        for topics in self._topics.to_leave():
            client.unsubscribe(topics)
        for topics in self._topics.to_ask():
            result, number = client.subscribe([(topic, 0) for topic in topics])
            if result == 0:
                self._topics.asked(number, topics)
        self._tell_topics()

    def _subscribed(self, client: Any, _userdata: Any, number: int, reasons: Any, _properties: Any) -> None:
        self._packets += 1
        self._topics.answered(number, [not reason.is_failure for reason in reasons])
        self._ask(client)

    def _message(self, _client: Any, _userdata: Any, message: Any) -> None:
        self._packets += 1
        self.received += 1
        payload = message.payload
        if len(payload) > _LARGEST or self._silent:
            self.failed += 1
            return
        try:
            self._on_message(message.topic, payload, time.time(), bool(message.retain))
        except Exception:  # noqa: BLE001 - one message that cannot be taken stops no others
            self.failed += 1

    # -- the state ------------------------------------------------------------------------------------------------

    def _tell_topics(self) -> None:
        wanted, granted, refused = self._topics.counts()
        if granted + len(refused) < wanted:
            text = trn("Subscribing to {n} sensor…", "Subscribing to {n} sensors…", wanted)
            self._tell("subscribing", text)
            return
        self._lived = True
        text = tr("Live from the broker {url}.", url=self.url)
        if refused:
            more = trn(
                "It does not send what {n} sensor measures.", "It does not send what {n} sensors measure.", len(refused)
            )
            text = f"{text} {more}"
        self._tell("live", text)

    def _wait(self, fault: Fault, attempt: int) -> None:
        shortest, longest = self._backoff
        seconds = longest if fault.lasting else min(longest, shortest * 2 ** min(attempt, 16))
        # Else all the clients that a broker lost would come back in the same moment.
        seconds *= random.uniform(0.5, 1.0)  # nosec B311 - spreads attempts, no secret
        n = max(1, round(seconds))
        again = trn("The next attempt is in {n} second.", "The next attempt is in {n} seconds.", n)
        self._tell("waiting", f"{fault.text} {again}", detail=fault.detail, retry_in=seconds)
        self._woken.clear()  # an older wish to try again is fulfilled
        if not self._stopping.is_set():
            self._woken.wait(seconds)

    def _tell(
        self, status: Status, text: str, *, detail: str = "", retry_in: float | None = None, last: bool = False
    ) -> None:
        if self._silent or (self._stopping.is_set() and not last):
            return
        wanted, granted, refused = self._topics.counts()
        before = self._last
        same = before is not None and before.status == status
        news = before is None or (before.text, before.granted, before.refused) != (text, granted, refused)
        if same and status in ("live", "subscribing") and not news:
            return
        since = before.since if before is not None and same else time.time()
        self._last = BrokerState(status, text, since, detail, wanted, granted, refused, retry_in)
        try:
            self._on_state(self._last)
        except Exception:  # noqa: BLE001 - as with messages
            self.failed += 1


def _pending(sock: Any) -> int:
    """Bytes that TLS has decrypted already, which no select tells of."""
    return int(sock.pending()) if hasattr(sock, "pending") else 0


def _paho() -> Any:
    from ..vendored import mqtt_client

    try:
        return mqtt_client()
    except ImportError as error:
        raise Unsupported(
            tr("This installation cannot listen to brokers: paho-mqtt 2 is missing. Sensors are polled instead."),
            detail=str(error),
        ) from error


def _context(shown: str, ca_file: str | None, cert_file: str | None, key_file: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
        if cert_file is not None:
            context.load_cert_chain(cert_file, key_file)
    except (OSError, ValueError) as error:
        raise TwinError(
            tr("The certificates for the broker {url} cannot be read. Check the files in its settings.", url=shown),
            detail=f"{type(error).__name__}: {error}",
        ) from error
    return context
