"""A city of difficult sensors, as a process of its own: what it observes it keeps behind a SensorThings service, and
publishes at a broker that comes and goes.

    python -m tests.soak.city FOLDER BROKER_PORT --sensors N

Prints the service's address. Then it takes commands, one a line: ``truth FILE`` writes what each datastream said last
(its phenomenon time in ms, its value, whether it is silent now), ``calm`` ends the service's bad moments, ``end`` ends
the sensors; it answers each with a line. It ends when standard input closes.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from plugin.demo.app import Settings, create_app
from plugin.demo.server import TwinServer
from plugin.demo.sta.model import NUMBER
from plugin.demo.sta.seed import made_up, plant
from plugin.demo.sta.service import Sensors
from plugin.demo.sta.store import SensorStore
from plugin.demo.store import Store
from tools.publish_storm import Publisher, publish_packet

# What sensors and their gateways send when something is wrong; all of it is to be counted and nothing of it shown.
MALFORMED = (
    b"", b"nonsense", b"[]", b"{}", b'"a text"', b"\xff\xfe\x00", b'{"result": 1}',
    b'{"phenomenonTime": "yesterday", "result": 1}', b'{"phenomenonTime": "2026-01-01T00:00:00Z"}',
    b'{"result": ' + b"9" * 300_000 + b"}", b"[" * 5000,
)  # fmt: skip


@dataclass
class Sensor:
    """``skew``: what its clock is ahead, in seconds; ``habit``: how it misbehaves."""

    id: int
    period: float
    skew: float
    habit: str
    due: float
    silent_until: float = 0.0
    last: tuple[int, float] = (-1, 0.0)  # phenomenon time in ms, value
    count: int = 0
    held: list[bytes] = field(default_factory=list)


class City:
    def __init__(self, store: SensorStore, port: int, count: int, seed: int) -> None:
        self.lock, self.over, self.calm = threading.Lock(), threading.Event(), threading.Event()
        self._store, self._port, self._rng = store, port, random.Random(seed)
        self._publisher: Publisher | None = None
        self._retry, self._number = 0.0, 0
        now = time.time()
        habits = ("plain",) * 6 + ("duplicates", "disorder", "malformed", "pauses", "dies", "corrects")
        # a clock that is 20 s ahead is not from the future yet; one that is an hour behind is not silent
        skews = (0.0,) * 8 + (20.0, -30.0, -900.0, -3600.0)
        self.sensors = [
            Sensor(n + 1, self._rng.uniform(1, 8), self._rng.choice(skews), habits[n % len(habits)], now + n % 5)
            for n in range(count)
        ]

    def live(self) -> None:
        while not self.over.is_set():
            with self.lock:
                now = time.time()
                self._round(now, [sensor for sensor in self.sensors if sensor.due <= now])
            time.sleep(0.05)

    def _round(self, now: float, due: Iterable[Sensor]) -> None:
        rows, packets = [], []
        for sensor in due:
            sensor.due = now + sensor.period * self._rng.uniform(0.9, 1.1)
            if now < sensor.silent_until:
                continue
            if sensor.habit == "pauses" and self._rng.random() < 0.02:
                sensor.silent_until = now + self._rng.uniform(30, 120)
            elif sensor.habit == "dies" and self._rng.random() < 0.003:
                sensor.silent_until = now + 1e9
            packets += self._observe(sensor, now, rows)
        if rows:
            with self._store.writing() as writer:
                writer.observe(((n, writer.feature_of(n), *row) for n, *row in rows), tell=False)
        self._publish(b"".join(packets))

    def _observe(self, sensor: Sensor, now: float, rows: list[tuple[Any, ...]]) -> list[bytes]:
        self._number += 1
        at, value = int((now + sensor.skew) * 1000), round(self._number % 1200 / 10, 1)
        at = max(at, sensor.last[0] + 1)
        rows.append((sensor.id, at * 1000, at * 1000, at * 1000, value, NUMBER, None, None, None))
        sensor.last = (at, value)
        sensor.count += 1
        message = self._message(sensor, at, value)
        chance = self._rng.random()
        if sensor.habit == "duplicates" and chance < 0.5:
            return [message] * self._rng.choice((2, 3))
        if sensor.habit == "malformed" and chance < 0.5:
            return [self._packet(sensor, self._rng.choice(MALFORMED)), message]
        if sensor.habit == "corrects" and chance < 0.3:
            # what was before comes once more, with another value: an older one never wins
            late = at - self._rng.randrange(1, 500_000)
            rows.append((sensor.id, late * 1000, late * 1000, at * 1000, -5.0, NUMBER, None, None, None))
            return [message, self._message(sensor, late, -5.0)]
        if sensor.habit == "disorder":
            sensor.held.append(message)
            if len(sensor.held) < 4:
                return []
            self._rng.shuffle(sensor.held)
            held, sensor.held = sensor.held, []
            return held
        return [message]

    def _message(self, sensor: Sensor, at: int, value: float) -> bytes:
        moment = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(at // 1000))}.{at % 1000:03}Z"
        return self._packet(
            sensor, json.dumps({"phenomenonTime": moment, "resultTime": moment, "result": value}).encode()
        )

    def _packet(self, sensor: Sensor, payload: bytes) -> bytes:
        return publish_packet(f"v1.1/Datastreams({sensor.id})/Observations".encode(), payload)

    def _publish(self, packets: bytes) -> None:
        """Lost where the broker is away, as it is with sensors."""
        if self._publisher is None and time.monotonic() >= self._retry:
            try:
                self._publisher = Publisher(self._port)
            except (OSError, SystemExit):
                self._retry = time.monotonic() + 0.5
        if self._publisher is not None and packets:
            try:
                self._publisher.send(packets)
            except OSError:
                self._publisher = None

    def finish(self) -> None:
        """No more observations; what was held back in disorder still comes."""
        self.over.set()
        with self.lock:
            self._publish(b"".join(message for sensor in self.sensors for message in sensor.held))

    def truth(self) -> dict[str, Any]:
        with self.lock:
            now = time.time()
            return {
                str(sensor.id): {
                    "time": sensor.last[0], "value": sensor.last[1],
                    "quiet": now + sensor.skew - sensor.last[0] / 1000 if sensor.last[0] > 0 else None,
                    "period": sensor.period, "count": sensor.count, "habit": sensor.habit, "held": bool(sensor.held),
                }
                for sensor in self.sensors
            }  # fmt: skip


def troubled(app: Any, city: City) -> Any:
    """The service with its bad moments: for ten seconds of each 97 it answers 500, for six of each 61 it is slow."""

    def answer(environ: Any, start: Any) -> Any:
        now = time.time()
        if not city.calm.is_set() and environ.get("PATH_INFO", "").startswith("/sta"):
            if now % 97 < 10:
                body = b"<html><h1>500</h1>out of connections</html>"
                start("500 Internal Server Error", [("Content-Type", "text/html"), ("Content-Length", str(len(body)))])
                return [body]
            if now % 61 < 6:
                time.sleep(1.5)
        return app(environ, start)

    return answer


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--sensors", type=int, default=240)
    parser.add_argument("--seed", type=int, default=4)
    options = parser.parse_args(arguments)
    store = SensorStore(options.folder / "sensors.sqlite")
    plant(store, [replace(station, quantities=("speed",)) for station in made_up(options.sensors)])
    city = City(store, options.port, options.sensors, options.seed)
    sensors = Sensors(store, lambda: (f"mqtt://127.0.0.1:{options.port}",))
    app = troubled(create_app(Store(options.folder / "twin.sqlite"), Settings(), sensors), city)
    with TwinServer(app) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        threading.Thread(target=city.live, daemon=True).start()
        print(f"{server.url}sta/v1.1", flush=True)
        for line in sys.stdin:
            word, _, rest = line.strip().partition(" ")
            if word == "truth":
                Path(rest).write_text(json.dumps(city.truth()), encoding="utf-8")
            elif word == "calm":
                city.calm.set()
            elif word == "end":
                city.finish()
            print("done", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
