"""From a publisher's hand to the live state, over a real broker: nothing is lost, whatever the rate of a city."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from plugin.sensors.live import Live
from plugin.twin.mqtt import Broker
from tests.mosquitto import Mosquitto
from tests.twin_server import ROOT, python
from tests.unit.sensors.made import stream
from tools.publish_storm import result_of, topics_of

pytest.importorskip("paho.mqtt.client")
DATASTREAMS, RATE, SECONDS = 1_000, 2_000, 3


@pytest.mark.slow
def test_two_thousand_messages_a_second_lose_nothing(tmp_path: Path) -> None:
    server = Mosquitto(tmp_path, ("allow_anonymous true", "max_queued_messages 100000")).start()
    live = Live()
    live.add(stream(str(n), property="Traffic speed", unit="km/h") for n in range(1, DATASTREAMS + 1))
    topics = [topic.decode() for topic in topics_of(DATASTREAMS)]
    broker = Broker(server.url, topics=topics, on_message=live.receive, on_state=lambda _state: None)
    try:
        broker.start()
        until = time.monotonic() + 10
        while broker.state is None or broker.state.status != "live":
            assert time.monotonic() < until, broker.state
            time.sleep(0.02)
        command = [python(), "-m", "tools.publish_storm", str(server.port), "--datastreams", str(DATASTREAMS)]
        storm = subprocess.Popen(
            [*command, "--rate", str(RATE), "--seconds", str(SECONDS)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        seen: dict[str, object] = {}
        while storm.poll() is None:
            seen.update({each.id: each.value for each in live.drain().latest})
            time.sleep(0.1)
        assert storm.stdout is not None
        sent = json.loads(storm.stdout.read())
        until = time.monotonic() + 10
        while broker.received < sent["messages"] and time.monotonic() < until:
            time.sleep(0.02)
        seen.update({each.id: each.value for each in live.drain(10).latest})
    finally:
        broker.stop()
        server.stop()
    assert sent["messages"] == RATE * SECONDS
    assert (broker.received, broker.failed) == (sent["messages"], 0)
    counted = live.counters()
    assert (counted.messages, counted.used, counted.duplicates, counted.late) == (6000, 6000, 0, 0)
    assert {id: seen[id] for id in map(str, range(1, DATASTREAMS + 1))} == {
        str(n): float(result_of(last)) for n, last in enumerate(sent["last"], 1)
    }
