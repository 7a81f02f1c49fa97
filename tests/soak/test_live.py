"""Hours with difficult sensors: ``make soak-live MINUTES=60``.

A broker that is restarted every minute, terminated and killed in turn; sensors whose clocks are wrong, that repeat
themselves, send in disorder, send nonsense, correct what was before, pause and die; a service that answers 500 or
slowly now and then. The real feed and the real live layer, without a window, at low rates. Every minute, and in the
end, each row on the map says what its sensor said last.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import threading
import time
from pathlib import Path

import pytest
from qgis.core import QgsFeatureRequest
from qgis.PyQt.QtCore import QEventLoop, QTimer

from plugin.map.connections import Connection
from plugin.map.live import fields
from plugin.map.live.feeds import Feeds
from plugin.map.live.layers import LiveLayers
from plugin.map.live.source import LiveSource
from tests.mosquitto import Mosquitto
from tests.twin_server import ROOT, python

MINUTES = float(os.environ.get("SOAK_MINUTES", "2"))
SENSORS = int(os.environ.get("SOAK_SENSORS", "240"))
SEED = int(os.environ.get("SOAK_SEED", "4"))
_SETTLED = 45.0  # seconds after the broker is back by which all must be right


class City:
    """`tests.soak.city` in its process."""

    def __init__(self, folder: Path, port: int) -> None:
        command = [python(), "-m", "tests.soak.city", str(folder), str(port), "--sensors", str(SENSORS)]
        pipe = subprocess.PIPE
        with (folder / "city.log").open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [*command, "--seed", str(SEED)], cwd=ROOT, stdin=pipe, stdout=pipe, stderr=log, text=True
            )
        self._truth = folder / "truth.json"
        self.url = self._line()
        assert self.url.startswith("http"), (folder / "city.log").read_text("utf-8")

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self, command: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        assert self._line() == "done"

    def truth(self) -> dict[str, dict[str, object]]:
        self.tell(f"truth {self._truth}")
        return json.loads(self._truth.read_text("utf-8"))

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)


def pause(seconds: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()


def rows(layer):
    """Datastream id → phenomenon time in ms, value, freshness."""
    request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
    found = {}
    for feature in layer.getFeatures(request):
        told = feature[fields.TIME]
        at = told.toMSecsSinceEpoch() if hasattr(told, "toMSecsSinceEpoch") and told.isValid() else -1
        found[feature[fields.DATASTREAM]] = (at, feature[fields.RESULT], feature[fields.FRESHNESS])
    return found


def behind(truth, found):
    """The sensors whose row is older than what they said when ``truth`` was told, or says it wrongly."""
    wrong = []
    for id, sensor in truth.items():
        at, value, _ = found.get(id, (-1, None, ""))
        if at < sensor["time"] or (at == sensor["time"] and at > 0 and value != sensor["value"]):
            wrong.append((id, sensor, found.get(id)))
    return wrong


def resident() -> float:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


@pytest.mark.timeout(MINUTES * 60 + 300)
def test_the_last_value_is_right_for_every_sensor(qgis_app, tmp_path, capsys):
    broker = Mosquitto(tmp_path, ("allow_anonymous true", "max_queued_messages 100000")).start()
    city = City(tmp_path, broker.port)
    feeds = Feeds()
    layers = LiveLayers(feeds, None)
    layer = layers.add(LiveSource(city.url, "", "1", "Traffic speed"), Connection("Soak", city.url))
    rng = random.Random(SEED)
    memory: list[float] = []
    tasks: list[int] = []
    phases: set[str] = set()
    troubles: list[str] = []
    feeds.all()[0].status_changed.connect(lambda status: phases.add(status.phase))
    feeds.all()[0].failed.connect(lambda error: troubles.append(error.message))

    def said(text: str) -> None:
        with capsys.disabled():
            print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)

    def settle(patience: float):
        """Wait until every row is at least as new as its sensor is now; what was wrong to the last."""
        truth, until = city.truth(), time.monotonic() + patience
        while True:
            wrong = [one for one in behind(truth, rows(layer)) if not one[1]["held"]]
            if not wrong or time.monotonic() > until:
                return wrong
            pause(0.5)

    try:
        begin = time.monotonic()
        for minute in range(max(1, round(MINUTES))):
            pause(max(1.0, 60 * (minute + 1) - 18 - (time.monotonic() - begin)))
            # in a minute in which the service fails it may take until it is well again
            wrong = settle(_SETTLED)
            feed = layers.feed_of(layer)
            memory.append(resident())
            tasks.append(threads())
            counted = feed.live.counters()
            said(
                f"minute {minute + 1}: {feed.status.sentence} {counted.messages:,} messages, {counted.duplicates:,} "
                f"twice, {counted.late:,} late; {memory[-1]:.0f} MiB, {tasks[-1]} threads, {len(wrong)} behind"
            )
            assert not wrong, (feed.status, wrong[:5])
            if minute % 2:
                broker.kill()
            else:
                broker.stop()
            pause(rng.uniform(1, 12))
            broker.start()
        city.tell("calm")
        pause(5)
        city.tell("end")
        wrong = settle(90)
        feed = layers.feed_of(layer)
        until = time.monotonic() + 60
        while feed.status.kind != "good" and time.monotonic() < until:
            pause(0.5)
        truth, found = city.truth(), rows(layer)
        said(f"end: {feed.status.sentence} {len(wrong)} wrong; {resident():.0f} MiB, {threads()} threads")
        said(f"faults: {'; '.join(feed.status.faults)}")
        said(f"troubles told: {len(troubles)}; phases: {', '.join(sorted(phases))}")
        assert {id: found[id][:2] for id in truth} == {
            id: (one["time"], one["value"]) for id, one in truth.items() if one["time"] > 0
        }
        assert feed.status.kind == "good" and "127.0.0.1" in feed.status.sentence, feed.status
        assert feed.status.faults, "nonsense was published, and nobody said so"
        assert {"live", "catching up"} <= phases
        # who said little before it died has no rhythm by which it could be late
        dead = [id for id, one in truth.items() if one["count"] > 8 and one["quiet"] > 60 + 30 * one["period"]]
        fresh = [id for id in dead if found[id][2] == "live"]
        assert not fresh, [(id, truth[id]) for id in fresh]
        quarter = len(memory) // 4
        assert memory[-1] < memory[quarter] * 1.1 + 15, memory
        assert tasks[-1] <= max(tasks[: quarter + 1]) + 2, tasks
    finally:
        layers.stop()
        feeds.stop()
        city.close()
        broker.stop()
    pause(1)
    assert not [one.name for one in threading.enumerate() if one.name == "city-twin-broker"]
