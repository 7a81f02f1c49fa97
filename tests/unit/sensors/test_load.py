"""A city's worth of sensors: nothing is lost, and the thread that draws is not held up."""

from __future__ import annotations

import json
import random
import threading
import time

import pytest

from plugin.sensors.live import Live
from plugin.twin.sta.times import written
from tests.unit.sensors.made import stream

DATASTREAMS = 10_000
MESSAGES = 100_000


@pytest.mark.slow
def test_ten_thousand_datastreams_under_a_storm_of_messages() -> None:
    now = time.time()
    live = Live()
    live.add(stream(str(id), property="Traffic flow", unit="veh/h") for id in range(DATASTREAMS))
    rng = random.Random(7)
    storm = []
    expected: dict[str, float] = {}
    newest: dict[str, float] = {}
    for number in range(MESSAGES):
        id, at = str(rng.randrange(DATASTREAMS)), float(int(now) - 5000 + number // 20 - rng.randrange(600))
        if at == newest.get(id):
            continue
        if at > newest.get(id, 0.0):
            newest[id], expected[id] = at, float(number % 5000)
        body = {"@iot.id": number, "phenomenonTime": written(at), "resultTime": None, "result": number % 5000}
        storm.append((f"v1.1/Datastreams({id})/Observations", json.dumps(body).encode()))
    used: list[float] = []

    def receive() -> None:
        begin = time.thread_time()
        for topic, payload in storm:
            live.receive(topic, payload, now)
        used.append(time.thread_time() - begin)

    thread = threading.Thread(target=receive)
    thread.start()
    seen: dict[str, object] = {}
    drained, cost, running = 0, 0.0, True
    while running:
        running = thread.is_alive()
        begin = time.thread_time()
        changes = live.drain()
        cost += time.thread_time() - begin
        drained += len(changes.latest)
        seen.update({each.id: each.value for each in changes.latest})
        running = running or bool(changes.waiting)
        time.sleep(0.02)
    assert {id: value for id, value in seen.items() if id in expected} == expected
    assert live.counters().messages == len(storm)
    # in CPU time, so that a busy machine does not matter: 20,000 messages a second are the moonshot
    assert len(storm) / used[0] > 20_000
    assert cost / drained < 50e-6
