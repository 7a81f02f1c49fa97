"""The city that `tools.bench_live` measures on: the embedded twin with a datastream at each of N stations, and the
broker that the demo twin itself starts, with nobody publishing.

    python -m tools.bench_live_city FOLDER --datastreams N [--past K]

prints one line of JSON: ``url`` of the SensorThings service, ``port``, ``user`` and ``secret`` of the broker. It ends
when standard input closes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from plugin.demo.app import Settings, create_app
from plugin.demo.server import TwinServer
from plugin.demo.sta.broker import Broker, find_mosquitto, start_broker
from plugin.demo.sta.model import NUMBER
from plugin.demo.sta.seed import made_up, plant
from plugin.demo.sta.service import Sensors
from plugin.demo.sta.store import SensorStore
from plugin.demo.store import Store

from .paths import ROOT


@dataclass(frozen=True)
class City:
    """``url`` of the service; ``process`` of the twin; where and as whom to publish."""

    url: str
    process: int
    port: int
    user: str
    secret: str

    @property
    def environment(self) -> dict[str, str]:
        """For `tools.publish_storm`."""
        return {**os.environ, "STORM_USER": self.user, "STORM_SECRET": self.secret}


@contextlib.contextmanager
def running_city(folder: Path, datastreams: int, past: int = 1) -> Iterator[City]:
    """The city in a process of its own. ``past``: observations that each datastream has already."""
    command = [sys.executable, "-m", "tools.bench_live_city", str(folder)]
    command += ["--datastreams", str(datastreams), "--past", str(past)]
    pipe = subprocess.PIPE
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "city.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=log, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise SystemExit((folder / "city.log").read_text(encoding="utf-8") or "the city did not start")
        yield City(**json.loads(line))
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def fill(store: SensorStore, datastreams: int, past: int) -> None:
    """One property, one datastream a station, ``past`` observations of each, a minute apart."""
    plant(store, [replace(station, quantities=("speed",)) for station in made_up(datastreams)])
    now = int(time.time())
    for back in range(past, 0, -1):
        at = (now - 60 * back) * 1_000_000
        with store.writing() as writer:
            rows = ((n, writer.feature_of(n), at, at, at, n % 120) for n in range(1, datastreams + 1))
            writer.observe([(*row, NUMBER, None, None, None) for row in rows], tell=False)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench_live_city")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--datastreams", type=int, default=10_000)
    parser.add_argument("--past", type=int, default=1)
    options = parser.parse_args(arguments)
    program = find_mosquitto()
    broker: Broker | None = start_broker(program, None) if program else None
    if broker is None:
        print("Mosquitto is not here, or does not start: `make setup` installs it on Debian.", file=sys.stderr)
        return 1
    sensors = SensorStore(options.folder / "sensors.sqlite")
    fill(sensors, options.datastreams, options.past)
    app = create_app(Store(options.folder / "twin.sqlite"), Settings(), Sensors(sensors, broker.endpoints))
    with TwinServer(app) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"{server.url}sta/v1.1"
        city = City(url, os.getpid(), broker.port, broker.writer.user, broker.writer.secret)
        print(json.dumps(asdict(city)), flush=True)
        sys.stdin.read()
    broker.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
