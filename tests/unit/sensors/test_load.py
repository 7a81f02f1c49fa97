"""A city's worth of sensors: nothing is lost, and the thread that draws is not held up."""

from __future__ import annotations

import json
import random
import threading
import time

import pytest

from plugin.sensors.live import Live
from plugin.twin.sensorthings import Observation
from plugin.twin.sta.times import written
from tests.unit.sensors.made import observed, stream

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


@pytest.mark.slow
def test_an_hour_with_a_broker_that_restarts_every_minute() -> None:
    """In simulated time: skewed clocks, duplicates, messages out of order and lost ones, and history that mends it."""
    rng = random.Random(11)
    moment = 1_770_000_000.0
    start = moment
    live = Live(clock=lambda: moment)
    streams = [stream(str(id)) for id in range(100)]
    skew = {each.id: rng.choice([0.0, 0.0, 30.0, -900.0]) for each in streams}
    live.add(streams)
    published: dict[str, list[Observation]] = {each.id: [] for each in streams}
    changed = 0
    for minute in range(60):
        on_the_way: list[tuple[str, Observation]] = []
        for second in range(0, 60, 5):
            moment = start + minute * 60 + second
            for each in streams:
                observation = observed(moment + skew[each.id] - rng.random(), round(rng.random(), 6))
                published[each.id].append(observation)
                if second < 40 and rng.random() < 0.95:  # then the broker is down
                    on_the_way += [(each.id, observation)] * rng.choice([1, 1, 1, 2])
            rng.shuffle(on_the_way)
            for _ in range(rng.randrange(len(on_the_way) + 1)):
                id, observation = on_the_way.pop()
                live.put(id, observation)
            changed += len(live.drain(60).latest)
        live.mark()
        for id, begin in live.missed().items():
            live.catch_up(id, [each for each in published[id][-100:] if begin is None or each.time >= begin])
        live.unmark(published)
        assert not live.missed()
        for id, observation in on_the_way:
            live.put(id, observation)
        live.drain(60)
        for id, observations in published.items():
            found = live.latest(id)
            true = max(observations, key=lambda each: each.time)
            assert found is not None and (found.time, found.value) == (true.time, true.result), id
    assert changed and live.counters().duplicates > 1000 and live.counters().late > 1000
    assert {each.freshness for each in map(live.latest, published) if each} <= {"live", "late"}
