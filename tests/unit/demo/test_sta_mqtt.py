"""New observations over a real Mosquitto: who hears them, who may write, and that it ends with the twin."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from plugin.demo.sta.broker import find_mosquitto
from tests.twin_server import start_twin
from tests.unit.demo.test_sta_feeds import wait_for, write_data

paho = pytest.importorskip("paho.mqtt.client")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_mosquitto() is None, reason="Mosquitto is not installed"),
    pytest.mark.skipif(not hasattr(paho, "CallbackAPIVersion"), reason="paho-mqtt is older than 2"),
]
NAME = "http://www.opengis.net/spec/iot_sensing/1.1/req/receive-updates-via-mqtt/receive-updates"


class Listener:
    """Subscribes at an endpoint and keeps what comes."""

    def __init__(self, endpoint, topics, auth=None):
        parts = urlsplit(endpoint)
        transport = "websockets" if parts.scheme == "ws" else "tcp"
        self.got, self.codes, self.ready = [], [], threading.Event()
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, transport=transport)
        if transport == "websockets":
            self.client.ws_set_options(path=parts.path)
        if auth:
            self.client.username_pw_set(*auth)
        self.client.on_connect = lambda client, _data, _flags, code, _props: (
            self.codes.append(code), client.subscribe([(topic, 1) for topic in topics])
        )  # fmt: skip
        self.client.on_subscribe = lambda *_: self.ready.set()
        self.client.on_message = lambda _client, _data, message: self.got.append(
            (message.topic, json.loads(message.payload))
        )
        self.client.connect(parts.hostname, parts.port)
        self.client.loop_start()

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def twin(tmp_path):
    options = ["--replay-speed", "0.000001"]
    running = start_twin(write_data(tmp_path / "data"), store=tmp_path / "twin.sqlite", options=options)
    yield running
    running.kill()


def endpoints(twin, auth=None):
    told = requests.get(f"{twin.url}sta/v1.1", auth=auth, timeout=10).json()["serverSettings"]
    assert NAME in told["conformance"]
    return told[NAME]["endpoints"]


def is_open(endpoint):
    parts = urlsplit(endpoint)
    try:
        socket.create_connection((parts.hostname, parts.port), 1).close()
    except OSError:
        return False
    return True


def test_tcp_and_websocket_hear_the_same_in_order(twin):
    found = endpoints(twin)
    assert [urlsplit(one).scheme for one in found] == ["mqtt", "ws"]
    listeners = [
        Listener(one, ["v1.1/Datastreams(1)/Observations", "v1.1/Datastreams(2)/Observations"]) for one in found
    ]
    for listener in listeners:
        assert listener.ready.wait(5)
    root = f"{twin.url}sta/v1.1"
    with requests.Session() as session:
        for n in range(200):
            made = session.post(f"{root}/Datastreams({n % 3 + 1})/Observations", json={"result": n}, timeout=10)
    for listener in listeners:
        wait_for(lambda listener=listener: len(listener.got) >= 134)
        listener.close()
        mine = [(topic, one) for topic, one in listener.got if isinstance(one["result"], int)]
        assert [one["result"] for _, one in mine][-134:] == [n for n in range(200) if n % 3 < 2]
        topic, last = mine[-1]
        assert topic == "v1.1/Datastreams(2)/Observations" and last["result"] == 199
        assert requests.get(last["@iot.selfLink"], timeout=10).json() == last  # it is there already
        assert requests.get(last["Datastream@iot.navigationLink"], timeout=10).json()["@iot.id"] == 2
    assert made.status_code == 201


def test_only_the_twin_may_publish(twin):
    listener = Listener(endpoints(twin)[0], ["v1.1/Datastreams(1)/Observations"])
    assert listener.ready.wait(5)
    listener.client.publish("v1.1/Datastreams(1)/Observations", b'{"result": "forged"}', qos=1)
    requests.post(f"{twin.url}sta/v1.1/Datastreams(1)/Observations", json={"result": "true"}, timeout=10)
    wait_for(lambda: any(one["result"] == "true" for _, one in listener.got))
    listener.close()
    assert not any(one["result"] == "forged" for _, one in listener.got)


def test_the_twins_credentials_are_the_brokers(tmp_path):
    secret = {"CITYTWIN_DEMO_USER": "ann", "CITYTWIN_DEMO_PASSWORD": "s3cret $7$"}
    auth = tuple(secret.values())
    options = ["--require-auth", "--replay-speed", "0.000001"]
    twin = start_twin(write_data(tmp_path / "data"), store=tmp_path / "t.sqlite", env=secret, options=options)
    try:
        endpoint = endpoints(twin, auth)[0]
        for wrong in (None, ("ann", "wrong")):
            stranger = Listener(endpoint, ["#"], wrong)
            wait_for(lambda stranger=stranger: stranger.codes)
            stranger.close()
            assert stranger.codes[0].is_failure
        known = Listener(endpoint, ["v1.1/Datastreams(1)/Observations"], auth)
        assert known.ready.wait(5) and not known.codes[0].is_failure
        requests.post(f"{twin.url}sta/v1.1/Datastreams(1)/Observations", json={"result": 5}, auth=auth, timeout=10)
        wait_for(lambda: any(one["result"] == 5 for _, one in known.got))
        known.close()
    finally:
        twin.stop()


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_the_broker_ends_with_the_twin(twin, end):
    found = endpoints(twin)
    assert all(is_open(one) for one in found)
    getattr(twin, end)()
    wait_for(lambda: not any(is_open(one) for one in found), 5)


def test_a_broker_that_was_killed_is_not_told_of_until_it_is_back(twin):
    told = endpoints(twin)
    port = urlsplit(told[0]).port
    os.kill(_listening(port), 9)
    root = f"{twin.url}sta/v1.1"
    wait_for(lambda: NAME not in requests.get(root, timeout=10).json()["serverSettings"])
    assert requests.post(f"{root}/Datastreams(1)/Observations", json={"result": 5}, timeout=10).status_code == 201
    wait_for(lambda: NAME in requests.get(root, timeout=10).json()["serverSettings"] and is_open(told[0]))
    assert endpoints(twin) == told
    listener = Listener(told[0], ["v1.1/Datastreams(1)/Observations"])
    assert listener.ready.wait(5)

    def heard():
        requests.post(f"{root}/Datastreams(1)/Observations", json={"result": 6}, timeout=10)
        return any(one["result"] == 6 for _, one in listener.got)

    wait_for(heard)  # the twin has found it again too
    listener.close()


def test_killing_its_keeper_leaves_no_broker_behind(twin):
    told = endpoints(twin)
    broker = _listening(urlsplit(told[0]).port)
    keeper = int(Path(f"/proc/{broker}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[1])
    os.kill(keeper, 9)
    wait_for(lambda: not Path(f"/proc/{broker}").exists())
    wait_for(lambda: is_open(told[0]))
    assert endpoints(twin) == told
    assert twin.stop() == 0
    assert not any(is_open(one) for one in told)


def _listening(port):
    """The process that listens on a port of this machine, by what Linux tells."""
    table = Path("/proc/net/tcp")
    if not table.is_file():
        pytest.skip("needs /proc")
    lines = table.read_text(encoding="ascii").splitlines()
    inode = next(line.split()[9] for line in lines if f":{port:04X} 00000000:0000 0A" in line)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(one.readlink()) == f"socket:[{inode}]" for one in (process / "fd").iterdir()):
                return int(process.name)
        except OSError:
            continue
    raise AssertionError("nobody listens")


def test_without_a_broker_there_is_no_endpoint(tmp_path):
    twin = start_twin(write_data(tmp_path / "data"), store=tmp_path / "t.sqlite", options=["--no-mqtt"])
    try:
        settings = requests.get(f"{twin.url}sta/v1.1", timeout=10).json()["serverSettings"]
        assert NAME not in settings and NAME not in settings["conformance"]
    finally:
        assert twin.stop() == 0


def test_two_thousand_a_second_arrive(twin):
    """Each datastream's last one, and all of them, through bulk posts."""
    listener = Listener(endpoints(twin)[0], [f"v1.1/Datastreams({n})/Observations" for n in range(1, 5)])
    assert listener.ready.wait(5)
    rows = [[n] for n in range(1000)]
    body = [{"Datastream": {"@iot.id": n}, "components": ["result"], "dataArray": rows} for n in range(1, 5)]
    began = time.monotonic()
    assert requests.post(f"{twin.url}sta/v1.1/CreateObservations", json=body, timeout=10).status_code == 201
    wait_for(lambda: sum(one["result"] == 999 for _, one in listener.got) == 4)
    took = time.monotonic() - began
    listener.close()
    assert len(listener.got) >= 4000 and took < 10
