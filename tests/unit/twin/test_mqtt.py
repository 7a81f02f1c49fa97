"""The broker's client against a real Mosquitto: every way in, every way out, and what it must never do."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest

from plugin.twin.errors import TwinError, Unsupported
from plugin.twin.mqtt import Broker, BrokerState
from plugin.twin.mqtt_reading import Reading
from plugin.twin.mqtt_topics import Topics
from tests.mosquitto import Mosquitto, free_port

TOPICS = [f"v1.1/Datastreams({n})/Observations" for n in range(5)]


class Listener:
    """A broker's client, and all that it tells."""

    def __init__(self, url: str, topics: list[str] = TOPICS, **options: Any) -> None:
        self.messages: list[tuple[str, bytes]] = []
        self.states: list[BrokerState] = []
        self.retained: list[bytes] = []
        self.threads: set[int] = set()
        self._news = threading.Condition()
        options = {"backoff": (0.05, 0.4), **options}
        self.broker = Broker(url, topics=topics, on_message=self._message, on_state=self._state, **options)

    def _message(self, topic: str, payload: bytes, _time: float, retained: bool) -> None:
        with self._news:
            if retained:
                self.retained.append(payload)
            self.threads.add(threading.get_ident())
            self.messages.append((topic, payload))
            self._news.notify_all()

    def _state(self, state: BrokerState) -> None:
        with self._news:
            self.states.append(state)
            self._news.notify_all()

    def until(self, condition: Callable[[], Any], seconds: float = 15) -> Any:
        with self._news:
            assert self._news.wait_for(condition, seconds), (self.states[-3:], self.messages[-3:])
            return condition()

    def live(self) -> BrokerState:
        return self.until(lambda: self.states and self.states[-1].status == "live" and self.states[-1])

    def waiting(self) -> BrokerState:
        return self.until(lambda: next((s for s in self.states if s.status == "waiting"), None))

    def __enter__(self) -> Listener:
        self.broker.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.broker.stop()


class Publisher:
    def __init__(self, broker: Mosquitto, **login: str) -> None:
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        if login:
            self._client.username_pw_set(login["user"], login["word"])
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()

    def send(self, topic: str, payload: bytes | str, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(10)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    running: list[Mosquitto] = []

    def start(*lines: str, **options: Any) -> Mosquitto:
        one = Mosquitto(tmp_path, lines or ("allow_anonymous true",), **options)
        running.append(one)
        return one.start()

    yield start
    for one in running:
        one.stop()


@pytest.mark.parametrize("way", ["url", "ws_url"])
def test_every_message_arrives_once_and_in_one_thread(run, way):
    mosquitto = run()
    with Listener(getattr(mosquitto, way)) as listener:
        state = listener.live()
        assert (state.wanted, state.granted, state.refused) == (5, 5, ())
        publisher = Publisher(mosquitto)
        for n in range(20):
            publisher.send(TOPICS[n % 5], f'{{"result": {n}}}')
        publisher.send("v1.1/Datastreams(99)/Observations", "not asked for")
        publisher.close()
        listener.until(lambda: len(listener.messages) >= 20)
        assert listener.messages == [(TOPICS[n % 5], f'{{"result": {n}}}'.encode()) for n in range(20)]
        assert len(listener.threads) == 1
        assert threading.get_ident() not in listener.threads
        assert listener.broker.received == 20
    assert [s.status for s in listener.states][:2] == ["connecting", "subscribing"]
    assert listener.states[-1].status == "stopped"


def test_a_message_that_the_broker_kept_is_told_from_one_that_just_came(run):
    mosquitto = run()
    publisher = Publisher(mosquitto)
    publisher.send(TOPICS[0], "old", retain=True)
    with Listener(mosquitto.url) as listener:
        listener.live()
        publisher.send(TOPICS[0], "new", retain=True)
        publisher.close()
        listener.until(lambda: len(listener.messages) == 2)
        assert listener.retained == [b"old"]


def test_topics_come_and_go(run):
    mosquitto = run()
    publisher = Publisher(mosquitto)
    with Listener(mosquitto.url, TOPICS[:2]) as listener:
        listener.live()
        listener.broker.subscribe(TOPICS[2:4])
        listener.until(lambda: listener.states[-1].granted == 4)
        listener.broker.unsubscribe([TOPICS[0], TOPICS[2]])
        listener.until(lambda: listener.states[-1].wanted == 2)
        listener.broker.subscribe([TOPICS[2]])
        listener.until(lambda: listener.states[-1].granted == 3)
        for topic in TOPICS:
            publisher.send(topic, "x")
        listener.until(lambda: len(listener.messages) == 3)
        assert [topic for topic, _ in listener.messages] == TOPICS[1:4]
    publisher.close()


def test_what_is_no_topic_is_refused_and_harms_no_other(run):
    mosquitto = run()
    bad = ["", "v1.1/Datastreams('a#b')/Observations", "v1.1/#", "x" * 70_000, "a\0b"]
    with Listener(mosquitto.url, [*bad, *TOPICS]) as listener:
        state = listener.live()
        assert state.granted == 5
        assert set(state.refused) == set(bad)
        assert "5 sensors" in state.text


def with_password(run: Callable[..., Mosquitto], tmp_path: Path) -> Mosquitto:
    tool = shutil.which("mosquitto_passwd")
    if tool is None:
        pytest.skip("mosquitto_passwd is not installed")
    subprocess.run([tool, "-b", "-c", str(tmp_path / "users"), "ann", "a secret"], check=True, capture_output=True)
    return run("allow_anonymous false", f"password_file {tmp_path / 'users'}")


def test_passwords(run, tmp_path, caplog):
    caplog.set_level(0)
    mosquitto = with_password(run, tmp_path)
    with Listener(mosquitto.url, username="ann", password="a secret") as listener:
        assert listener.live().granted == 5
    with Listener(mosquitto.ws_url.replace("//", "//ann:a%20secret@")) as listener:
        assert listener.live().granted == 5
    shown = f"{listener.states} {vars(listener.broker)['_address']!r} {listener.broker.url} {caplog.text}"
    assert "secret" not in shown

    with Listener(mosquitto.url, username="ann", password="wr0ng") as listener:
        state = listener.waiting()
        assert "user name and the password" in state.text
        assert "wr0ng" not in f"{listener.states}"
    with Listener(mosquitto.url) as listener:
        assert "wants a user name" in listener.waiting().text


def test_nobody_there():
    with Listener(f"mqtt://127.0.0.1:{free_port()}") as listener:
        assert "does not accept connections" in listener.waiting().text
        listener.until(lambda: sum(s.status == "waiting" for s in listener.states) >= 5)
        waits = [s.retry_in for s in listener.states if s.status == "waiting"]
        assert all(0.05 <= wait <= 0.4 for wait in waits)
        assert len(set(waits)) == len(waits)  # not in step with all the other clients
        assert max(waits[2:]) > 0.2
    assert listener.states[-1].status == "stopped"


def test_an_unknown_host():
    with Listener("mqtt://no-such-host.invalid") as listener:
        assert "was not found" in listener.waiting().text


@pytest.mark.parametrize("scheme", ["mqtt", "ws", "mqtts"])
def test_a_server_of_something_else(scheme, server, monkeypatch):
    monkeypatch.setattr("plugin.twin.mqtt._CONNECT", 0.5)
    with Listener(server.url.replace("http", scheme)) as listener:
        assert listener.waiting().text
        assert not any(s.status == "live" for s in listener.states)


def test_a_server_that_says_nothing(monkeypatch):
    monkeypatch.setattr("plugin.twin.mqtt._CONNECT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for scheme in ("mqtt", "ws"):
            with Listener(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}") as listener:
                assert "did not answer in time" in listener.waiting().text


def test_stopping_while_it_waits_is_quick():
    listener = Listener(f"mqtt://127.0.0.1:{free_port()}", backoff=(60, 60))
    listener.broker.start()
    listener.waiting()
    began = time.monotonic()
    listener.broker.stop()
    assert time.monotonic() - began < 1
    assert listener.states[-1].status == "stopped"
    assert not [t for t in threading.enumerate() if t.name == "city-twin-broker"]


def test_stopping_without_waiting(run):
    with Listener(run().url, ["a/1"]) as listener:
        listener.live()
        listener.broker.stop(wait=0.0)
        assert listener.broker.join(3)
        assert listener.broker.join(0)


def test_trying_again_at_once(run):
    port = free_port()
    with Listener(f"mqtt://127.0.0.1:{port}", backoff=(60, 60)) as listener:
        listener.broker.retry()  # too early: nothing is waited for yet
        listener.waiting()
        run(port=port)
        listener.broker.retry()
        listener.live()


def test_a_broker_that_never_started_stops():
    listener = Listener("mqtt://127.0.0.1:1")
    listener.broker.stop()
    listener.broker.start()
    assert listener.states == []


@pytest.mark.parametrize("url", ["http://example.org", "mqtt://", "mqtt://host:port", "example.org"])
def test_addresses_that_are_none(url):
    with pytest.raises(Unsupported, match="no address of a broker"):
        Listener(url)


def test_callbacks_that_fail_stop_nothing(run):
    mosquitto = run()
    listener = Listener(mosquitto.url)
    got = []

    def failing(topic, payload, _time, _retained):
        got.append(payload)
        raise RuntimeError("a bad sensor")

    listener.broker._on_message = failing
    with listener:
        listener.live()
        publisher = Publisher(mosquitto)
        for n in range(3):
            publisher.send(TOPICS[0], str(n))
        publisher.send(TOPICS[0], b"x" * 2_000_000)
        publisher.send(TOPICS[0], "last")
        publisher.close()
        listener.until(lambda: True)
        deadline = time.monotonic() + 10
        while got[-1:] != [b"last"] and time.monotonic() < deadline:
            time.sleep(0.01)
        assert got == [b"0", b"1", b"2", b"last"]
        assert listener.broker.failed == 5


def certificates(folder: Path) -> dict[str, Path]:
    tool = shutil.which("openssl")
    if tool is None:
        pytest.skip("openssl is not installed")
    files = {name: folder / f"{name}.pem" for name in ("key", "cert")}
    subprocess.run(
        [tool, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", str(files["key"]), "-out", str(files["cert"])],
        check=True, capture_output=True,
    )  # fmt: skip
    return files


def test_tls(run, tmp_path):
    files = certificates(tmp_path)
    port, pair = free_port(), (f"certfile {files['cert']}", f"keyfile {files['key']}")
    mosquitto = run(tls=(*pair, f"listener {port} 127.0.0.1", "protocol websockets", *pair))
    with Listener(mosquitto.tls_url, ca_file=str(files["cert"])) as listener:
        listener.live()
        publisher = Publisher(mosquitto)
        for n in range(200):
            publisher.send(TOPICS[n % 5], str(n))
        publisher.close()
        listener.until(lambda: len(listener.messages) == 200)
    wss = f"wss://localhost:{port}/mqtt"
    with Listener(wss, ca_file=str(files["cert"])) as listener:
        listener.live()
    # Not trusted, and not the host that the certificate is for.
    with Listener(mosquitto.tls_url) as listener:
        assert "certificate" in listener.waiting().text
    with Listener(mosquitto.tls_url.replace("localhost", "127.0.0.1"), ca_file=str(files["cert"])) as listener:
        assert "certificate" in listener.waiting().text
    with pytest.raises(TwinError, match="cannot be read"):
        Listener(mosquitto.tls_url, ca_file=str(tmp_path / "absent.pem"))


def test_a_restart_is_survived(run):
    mosquitto = run()
    with Listener(mosquitto.url) as listener:
        listener.live()
        mosquitto.stop()
        assert "broke" in listener.waiting().text
        mosquitto.start()
        listener.until(lambda: listener.states[-1].status == "live")
        publisher = Publisher(mosquitto)
        publisher.send(TOPICS[3], "again")
        publisher.close()
        listener.until(lambda: listener.messages == [(TOPICS[3], b"again")])


class Grudging:
    """A broker that grants every second topic, and hangs up on requests for more than ``most``."""

    def __init__(self, most: int) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"mqtt://127.0.0.1:{self._socket.getsockname()[1]}"
        self.sizes: list[int] = []
        self._most = most
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                while self._packet(connection, stream):
                    pass

    def _packet(self, connection: socket.socket, stream: Any) -> bool:
        kind = stream.read(1)
        if not kind:
            return False
        length = shift = 0
        while True:
            byte = stream.read(1)[0]
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        body = stream.read(length)
        if kind[0] >> 4 == 1:
            connection.sendall(b"\x20\x02\x00\x00")
        elif kind[0] >> 4 == 8:
            at, topics = 2, 0
            while at < len(body):
                at += 3 + int.from_bytes(body[at : at + 2], "big")
                topics += 1
            self.sizes.append(topics)
            if topics > self._most:
                return False
            codes = bytes(0 if n % 2 else 0x80 for n in range(topics))
            connection.sendall(bytes([0x90, 2 + topics]) + body[:2] + codes)
        return True

    def close(self) -> None:
        self._socket.close()


def test_a_broker_that_refuses_topics_and_hangs_up_on_many():
    grudging = Grudging(most=8)
    with Listener(grudging.url, [f"t{n}" for n in range(30)]) as listener:
        state = listener.live()
        assert (state.wanted, state.granted, len(state.refused)) == (30, 10, 20)
        assert "20 sensors" in state.text
    grudging.close()
    # 200 at once are too many, then 50, then 12.
    assert grudging.sizes == [30, 30, 12, *[3] * 10]


# -- topics -------------------------------------------------------------------------------------------------------


def asked(topics: Topics, number: int = 0) -> list[int]:
    sizes: list[int] = []
    for batch in topics.to_ask():
        topics.asked(number + len(sizes), batch)
        sizes.append(len(batch))
    return sizes


def test_topics_are_asked_for_in_batches_and_not_all_at_once():
    topics = Topics(f"t{n}" for n in range(1500))
    topics.connected()
    assert asked(topics) == [200] * 4
    topics.answered(0, [True] * 199 + [False])
    assert asked(topics, 4) == [200]
    assert topics.counts() == (1500, 199, ("t199",))


def test_a_broker_that_hangs_up_on_a_batch_is_asked_for_fewer():
    topics = Topics(f"t{n}" for n in range(1500))
    for expected in (200, 50, 12, 3, 1, 1):
        topics.connected()
        assert asked(topics)[0] == expected
        topics.disconnected()


def test_a_topic_that_is_left_while_it_is_asked_for():
    topics = Topics(["a", "b"])
    topics.connected()
    assert asked(topics) == [2]
    topics.remove(["a"])
    assert list(topics.to_leave()) == []
    topics.answered(0, [True, True])
    assert list(topics.to_leave()) == [["a"]]
    assert topics.counts() == (1, 1, ())


# -- by force -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("way", ["url", "ws_url"])
def test_killed_in_mid_stream_again_and_again(run, way):
    mosquitto = run()
    with Listener(getattr(mosquitto, way), [f"v1.1/Datastreams({n})/Observations" for n in range(1000)]) as listener:
        for turn in range(5):
            listener.until(lambda: listener.states[-1].status == "live")
            assert listener.states[-1].granted == 1000
            publisher = Publisher(mosquitto)
            for n in range(200):
                publisher._client.publish(f"v1.1/Datastreams({n})/Observations", f"{turn}")
            publisher.send("v1.1/Datastreams(999)/Observations", f"last {turn}")
            wanted = ("v1.1/Datastreams(999)/Observations", f"last {turn}".encode())
            listener.until(lambda wanted=wanted: wanted in listener.messages)
            mosquitto.kill()
            publisher.close()
            listener.until(lambda: listener.states[-1].status != "live")
            mosquitto.start()
        listener.until(lambda: listener.states[-1].status == "live")
        assert [m for m in listener.messages if b"last" in m[1]] == [
            ("v1.1/Datastreams(999)/Observations", f"last {turn}".encode()) for turn in range(5)
        ]


@pytest.mark.slow
def test_ten_thousand_subscriptions(run):
    mosquitto = run()
    began = time.monotonic()
    with Listener(mosquitto.url, [f"v1.1/Datastreams({n})/Observations" for n in range(10_000)]) as listener:
        assert listener.live().granted == 10_000
        seconds = time.monotonic() - began
        print(f"10,000 subscriptions: {seconds:.2f} s")
        assert seconds < 10


def test_what_is_read_in_large_pieces_is_handed_out_in_the_parts_asked_for():
    pieces = [b"abcdef", b"g", b""]
    asked: list[int] = []

    def receive(size: int) -> bytes:
        asked.append(size)
        if not pieces:
            raise BlockingIOError
        return pieces.pop(0)

    reading = Reading(receive)
    assert (reading(1), reading.waiting, reading(3), reading(9), reading.waiting) == (b"a", 5, b"bcd", b"ef", 0)
    assert reading(2) == b"g" and reading(1) == b"" and asked == [1 << 11] * 3
    with pytest.raises(BlockingIOError):
        reading(1)
