"""The stream over a real Mosquitto: after the state, without a gap, and again when it was away."""

from __future__ import annotations

import json
import time

import pytest
from qgis.core import QgsApplication, QgsAuthCertUtils, QgsProject
from qgis.PyQt.QtNetwork import QSslCertificate

from plugin.map.connections import Connection
from plugin.map.live import push
from plugin.map.live.push import entrances
from plugin.twin.progress import SILENT
from plugin.twin.sensorthings import Service
from tests.mosquitto import Mosquitto, free_port
from tests.qgis.live.publisher import Publisher
from tests.qgis.map.meanwhile import spin
from tests.twin_server import start_twin
from tests.unit.twin.test_mqtt import certificates


@pytest.fixture
def brisk(monkeypatch):
    """Attempts come after each other at once."""
    from plugin.map.live import push
    from plugin.twin.mqtt import Broker

    class Brisk(Broker):
        def __init__(self, url, **more):
            super().__init__(url, backoff=(0.1, 0.3), **more)

    monkeypatch.setattr(push, "Broker", Brisk)


def live(desk):
    desk.wait(lambda: desk.feed.status.phase == "live" and not desk.feed._asking.busy)


@pytest.fixture
def publisher(service, broker):
    made = []

    def make(stub):
        made.append(Publisher(stub, broker))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("way", ["url", "ws_url"])
def test_first_the_state_then_what_is_pushed(desk, service, broker, publisher, way):
    stub = service(streams=4, brokers=(getattr(broker, way),))
    writer = publisher(stub)
    writer.observe(0, time.time() - 1, 1)
    layer = desk.show(stub.url)
    live(desk)
    assert desk.cell(layer, "0", "result") == 1
    asked = len(stub.asked)
    began = time.monotonic()
    writer.push(0, time.time(), 2)
    desk.wait(lambda: desk.cell(layer, "0", "result") == 2)
    assert time.monotonic() - began < 2
    assert desk.cell(layer, "0", "freshness") == "live"
    assert desk.feed.status.kind == "good"
    assert getattr(broker, way) in desk.feed.status.sentence
    assert not any("Observations(" not in one and "Observations" in one for one in stub.asked[asked:])  # no polling


def test_a_broker_is_killed_and_what_it_missed_is_caught_up_with(desk, service, broker, publisher, brisk):
    stub = service(streams=2, brokers=(broker.url,))
    writer = publisher(stub)
    now = time.time()
    for n in range(10):
        writer.observe(0, now - 250 + 10 * n, 1)
    layer = desk.show(stub.url)
    live(desk)
    desk.feed.live.follow(["0"])
    broker.kill()
    writer.close()
    desk.wait(lambda: desk.feed.status.phase == "interrupted")
    assert desk.feed.status.kind == "bad"
    # what was in between, only the history knows
    for n, value in enumerate((1, 99, 1, 1)):
        writer.observe(0, now - 100 + 30 * n, value)
    broker.start()
    live(desk)
    desk.wait(lambda: desk.cell(layer, "0", "phenomenon_time").toMSecsSinceEpoch() == round((now - 10) * 1000))
    desk.wait(lambda: not desk.feed.live.missed())
    tail = desk.feed.live.tails()["0"]
    assert list(tail.values[-4:]) == [1, 99, 1, 1]
    writer.push(0, now, 5)
    desk.wait(lambda: desk.cell(layer, "0", "result") == 5)


def test_messages_that_come_before_the_state_are_not_lost(desk, service, broker, publisher, monkeypatch):
    """The answer that was asked for before them comes after them."""
    from plugin.map.live.reading import Reading

    stub = service(streams=2, brokers=(broker.url,))
    writer = publisher(stub)
    now = time.time()
    writer.observe(0, now - 5, 1)
    original = Reading.state

    def slow(self, *arguments):
        held = json.dumps(stub.of(0))
        writer.push(0, now, 2)
        time.sleep(0.3)
        newer, stub.history[0] = stub.history[0], json.loads(held)  # the service answers with what it had
        try:
            return original(self, *arguments)
        finally:
            stub.history[0] = newer

    monkeypatch.setattr(Reading, "state", slow)
    layer = desk.show(stub.url)
    live(desk)
    desk.wait(lambda: desk.cell(layer, "0", "result") == 2)
    assert not spin(lambda: desk.cell(layer, "0", "result") != 2, 0.6)


def test_after_the_broker_was_away_the_sensors_are_read_again(desk, service, broker, publisher, brisk, monkeypatch):
    from plugin.map.live import shown

    monkeypatch.setattr(shown, "_SOON", 0.2)
    monkeypatch.setattr(shown, "_OFTENEST", 30.0)
    stub = service(streams=4, brokers=(broker.url,))
    layer = desk.show(stub.url)
    live(desk)
    broker.kill()
    desk.wait(lambda: desk.feed.status.phase == "interrupted")
    stub.streams = 8
    broker.start()
    desk.wait(lambda: layer.featureCount() == 4)


def test_bad_messages_stop_no_others(desk, service, broker, publisher):
    stub = service(streams=4, brokers=(broker.url,))
    writer = publisher(stub)
    layer = desk.show(stub.url)
    live(desk)
    now = time.time()
    topic = "v1.1/Datastreams(0)/Observations"
    for payload in (
        b"{", b"\xff\xfe", b"[1]", b'{"result": 1}', b'{"phenomenonTime": "2026-01-01T00:00:00Z"}',
        b'{"result": 5, "phenomenonTime": "yesterday"}', b'{"result": "' + b"x" * 400_000 + b'"}', b"[" * 100_000,
    ):  # fmt: skip
        writer.send(topic, payload)
    writer.push(0, now + 10 * 86400, 666)  # from the future
    writer.push(2, now, 2)
    writer.push(0, now, 3)
    desk.wait(lambda: desk.cell(layer, "2", "result") == 2)
    desk.wait(lambda: desk.cell(layer, "0", "result") == 3)
    assert spin(lambda: len(desk.feed.status.faults) >= 4, 5)
    assert any("not JSON" in one for one in desk.feed.status.faults)


def test_a_password(desk, service, broker, tmp_path, authcfg, brisk):
    (tmp_path / "locked").mkdir()
    import base64
    import hashlib

    salt = b"0123456789ab"
    key = hashlib.pbkdf2_hmac("sha512", "pa:ss wörd".encode(), salt, 101)
    told = f"anna:$7$101${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}\n"
    (tmp_path / "locked" / "passwords").write_text(told)
    (tmp_path / "locked" / "passwords").chmod(0o600)
    lines = ("allow_anonymous false", f"password_file {tmp_path / 'locked' / 'passwords'}")
    locked = Mosquitto(tmp_path / "locked", lines).start()
    try:
        stub = service(streams=2, brokers=(locked.url,))
        # without credentials: a sentence, and the state is polled meanwhile
        layer = desk.show(stub.url)
        desk.wait(lambda: "wants a user name and a password" in desk.feed.status.sentence)
        assert layer.featureCount() == 1
        QgsProject.instance().removeMapLayer(layer.id())
        desk.show(stub.url, connection=Connection("mine", stub.url, authcfg))
        live(desk)
    finally:
        locked.stop()


def test_the_wrong_password(desk, service, tmp_path, authcfg, brisk):
    (tmp_path / "locked").mkdir()
    (tmp_path / "locked" / "passwords").write_text("")
    lines = ("allow_anonymous false", f"password_file {tmp_path / 'locked' / 'passwords'}")
    locked = Mosquitto(tmp_path / "locked", lines).start()
    try:
        stub = service(streams=2, brokers=(locked.url,))
        desk.show(stub.url, connection=Connection("mine", stub.url, authcfg))
        desk.wait(lambda: "does not accept the user name and the password" in desk.feed.status.sentence)
        assert "pa:ss" not in repr(desk.feed.status)
    finally:
        locked.stop()


def test_the_password_goes_to_the_connections_own_host_only(authcfg):
    def users(service, connection):
        found = entrances(
            Service(service, "1.1", ("mqtt://twin.example.org", "mqtts://twin.example.org", "ws://elsewhere.org"), ()),
            Connection("x", connection, authcfg),
            SILENT,
        )
        return {one.url: one.username for one in found}

    assert users("http://twin.example.org/v1.1", "http://twin.example.org/twin") == {
        "mqtt://twin.example.org": "anna", "ws://elsewhere.org": None, "mqtts://twin.example.org": "anna",
    }  # fmt: skip
    # what goes to the twin over TLS does not go to its broker without
    found = users("https://twin.example.org/v1.1", "https://twin.example.org/twin")
    assert found == {
        "mqtts://twin.example.org": "anna", "mqtt://twin.example.org": None, "ws://elsewhere.org": None,
    }  # fmt: skip
    assert next(iter(found)).startswith("mqtts")
    assert set(users("http://elsewhere.org/v1.1", "http://other.org").values()) == {None}
    # nor to a broker of its host, or what says to be one, that another service names
    assert set(users("http://elsewhere.org/v1.1", "http://twin.example.org/twin").values()) == {None}
    assert set(users("http://twin.example.org:8080/v1.1", "http://twin.example.org/twin").values()) == {None}


def test_of_several_brokers_the_one_that_works(desk, service, broker, publisher, brisk):
    dead = f"mqtt://127.0.0.1:{free_port()}"
    stub = service(streams=2, brokers=(dead, broker.ws_url))
    desk.show(stub.url)
    live(desk)
    assert broker.ws_url in desk.feed.status.sentence
    assert any(dead in one for one in desk.feed.status.faults)


def test_a_service_that_comes_back_with_another_broker(desk, service, broker, publisher, brisk, tmp_path, monkeypatch):
    from plugin.map.live import link

    monkeypatch.setattr(link, "_SOON", 0.2)
    stub = service(streams=2, brokers=(broker.url,))
    layer = desk.show(stub.url)
    live(desk)
    broker.kill()
    (tmp_path / "other").mkdir()
    other = Mosquitto(tmp_path / "other").start()
    try:
        stub.settings[next(iter(stub.settings))]["endpoints"] = [other.url]
        desk.wait(lambda: other.url in desk.feed.status.sentence and desk.feed.status.phase == "live")
        writer = Publisher(stub, other)
        writer.push(0, time.time(), 8)
        desk.wait(lambda: desk.cell(layer, "0", "result") == 8)
        writer.close()
    finally:
        other.stop()


def test_certificates_that_qgis_trusts_are_trusted(monkeypatch, qgis_app):
    assert push._trusting("no certificate at all") is not None
    pem = push.credentials.trusted_certificates(lambda: False)
    assert pem.count("BEGIN CERTIFICATE") > 10
    assert len(push._trusting(pem).get_ca_certs()) > 10


@pytest.fixture
def locked_broker(tmp_path):
    """A broker with TLS, and the authority behind its certificate as PEM."""
    files = certificates(tmp_path)
    lines = (f"certfile {files['cert']}", f"keyfile {files['key']}")
    (tmp_path / "tls").mkdir()
    one = Mosquitto(tmp_path / "tls", tls=lines).start()
    yield one, files["cert"].read_bytes()
    one.stop()


@pytest.fixture
def trust(authcfg):
    """A function that has QGIS trust an authority, as its options do."""
    manager, trusted = QgsApplication.authManager(), []

    def add(pem):
        authority = QSslCertificate(pem)
        assert manager.storeCertAuthority(authority)
        assert manager.storeCertTrustPolicy(authority, QgsAuthCertUtils.CertTrustPolicy.Trusted)
        assert manager.rebuildCaCertsCache()
        assert manager.rebuildTrustedCaCertsCache()
        trusted.append(authority)

    yield add
    for authority in trusted:
        manager.removeCertAuthority(authority)
        manager.removeCertTrustPolicy(authority)
    manager.rebuildCaCertsCache()
    manager.rebuildTrustedCaCertsCache()


def test_a_broker_whose_certificate_qgis_trusts(desk, service, locked_broker, trust, brisk):
    broker, authority = locked_broker
    trust(authority)
    stub = service(streams=2, brokers=(broker.tls_url,))
    layer = desk.show(stub.url)
    live(desk)
    assert broker.tls_url in desk.feed.status.sentence
    writer = Publisher(stub, broker)
    writer.push(0, time.time(), 8)
    writer.close()
    desk.wait(lambda: desk.cell(layer, "0", "result") == 8)


def test_a_broker_whose_certificate_nobody_trusts_is_said_and_the_service_polled(desk, service, locked_broker, brisk):
    broker, _authority = locked_broker
    stub = service(streams=2, brokers=(broker.tls_url,))
    layer = desk.show(stub.url)
    desk.wait(lambda: "certificate" in desk.feed.status.sentence)
    assert desk.feed.status.phase == "polling"
    Publisher(stub).observe(0, time.time(), 9)
    desk.feed.retry()
    desk.wait(lambda: desk.cell(layer, "0", "result") == 9)


def test_the_embedded_twin_killed_and_back(desk, tmp_path, brisk, monkeypatch):
    from plugin.map.live import link

    monkeypatch.setattr(link, "_SOON", 0.5)
    options = ["--sensors", "12", "--sensor-interval", "0.5"]
    store = tmp_path / "twin.sqlite"
    twin = start_twin(store=store, options=options)
    port = int(twin.url.rstrip("/").rpartition(":")[2])
    try:
        layer = desk.show(f"{twin.url}sta/v1.1", "")
        desk.wait(lambda: desk.feed.status.phase == "live" and layer.featureCount() > 10)
        received = desk.feed.live.counters().messages
        desk.wait(lambda: desk.feed.live.counters().messages > received + 20)
        twin.kill()
        desk.wait(lambda: desk.feed.status.kind == "bad")
        desk.later(4 * 86400)
        desk.wait(lambda: {row["freshness"] for row in desk.rows(layer).values()} <= {"silent", "none"})
        desk.later(0)
        twin = start_twin(store=store, options=options, port=port)
        desk.feed.retry()
        desk.wait(lambda: desk.feed.status.phase in ("live", "polling") and desk.feed.status.kind != "bad", 20)
        desk.wait(lambda: "live" in {row["freshness"] for row in desk.rows(layer).values()})
    finally:
        twin.stop()
