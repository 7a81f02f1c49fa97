"""What QGIS executes for `tools.bench_live` (``qgis --code``): a live layer on the map, storms of messages, and
what the main thread felt of them.

Works with the plugin's own live layers where its window has them, else with some of its own. Writes one JSON document:
``{"storms": [Measured, …]}``, or ``{"failed": text}``.
"""

import json
import os
import subprocess
import sys
import time
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any

import qgis.utils
from qgis.core import NULL, QgsCoordinateTransform, QgsFeatureRequest, QgsProject
from qgis.PyQt.QtCore import QEventLoop, Qt, QTimer
from qgis.utils import iface

PLAN: dict[str, Any] = json.loads(os.environ["CITYTWIN_BENCH"])
sys.path[:0] = [PLAN["root"]]
from tools.bench_live_measures import BEAT, Collector, HeartBeat, Measured, Usage, percentile  # noqa: E402
from tools.publish_storm import result_of  # noqa: E402

PACKAGE = "city_twin_workbench"
WATCHED = 50  # features whose values are looked at all the time
LOOK = 20  # ms


def module(name: str) -> Any:
    return __import__(f"{PACKAGE}.{name}", fromlist=["_"])


def pause(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


class Bench:
    def __init__(self) -> None:
        window = qgis.utils.plugins[PACKAGE].window
        self.canvas = iface.mapCanvas()
        self.fields = module("map.live.fields")
        desk = getattr(window, "live", None)
        if desk is not None:
            self.layers: Any = desk.layers
        else:
            self.feeds = module("map.live.feeds").Feeds()
            self.layers = module("map.live.layers").LiveLayers(self.feeds, iface)
        self.result = self.fields.NAMES.index(self.fields.RESULT)
        self.time = self.fields.NAMES.index(self.fields.TIME)

    def fill(self) -> float:
        """Seconds until all rows have a value, and the layer is on the map."""
        count = PLAN["datastreams"]
        source = module("map.live.source").LiveSource(PLAN["url"], "", "1", "Traffic speed")
        self.beat = HeartBeat()
        beating = self.timer(round(BEAT * 1000), self.beat.beat)
        begin = time.perf_counter()
        self.layer = self.layers.add(source, module("map.connections").Connection("Bench", PLAN["url"]))
        while self.layer.featureCount() < count or len(self.values()) < count:
            pause(100)
            if time.perf_counter() - begin > 120:
                raise RuntimeError(f"{self.layer.featureCount()} of {count} rows after two minutes")
        filled = time.perf_counter() - begin
        beating.stop()
        project = QgsProject.instance()
        transform = QgsCoordinateTransform(self.layer.crs(), self.canvas.mapSettings().destinationCrs(), project)
        extent = transform.transformBoundingBox(self.layer.extent())
        extent.scale(1.05)
        self.canvas.setExtent(extent)
        self.canvas.refresh()
        feed = self.layers.feed_of(self.layer)
        begin = time.perf_counter()
        while feed.status.phase != "live":
            pause(100)
            if time.perf_counter() - begin > 60:
                raise RuntimeError(f"not live after a minute: {feed.status.sentence}")
        pause(1500)
        return filled

    def values(self) -> dict[str, float]:
        """Datastream id → its number on the map."""
        request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
        request.setSubsetOfAttributes([0, self.result])
        found = {}
        for feature in self.layer.getFeatures(request):
            value = feature.attribute(self.result)
            if value is not None and value != NULL:
                found[feature.attribute(0)] = value
        return found

    @staticmethod
    def timer(milliseconds: int, act: Any) -> QTimer:
        timer = QTimer()
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.setInterval(milliseconds)
        timer.timeout.connect(act)
        timer.start()
        return timer

    def look(self) -> None:
        """Which of the watched features have a new value, and how long it was on its way."""
        now = time.time()
        for feature in self.layer.getFeatures(self.watching):
            told = feature.attribute(self.time)
            if told != self.seen.get(feature.id()):
                if feature.id() in self.seen:
                    self.latencies.append(now - told.toMSecsSinceEpoch() / 1000)
                self.seen[feature.id()] = told

    def storm(self, number: int, rate: int, seconds: float, filled: float) -> Measured:
        live = self.layers.feed_of(self.layer).live
        before = live.counters().messages
        report = Path(PLAN["folder"]) / f"storm-{number}.json"
        ids = sorted(feature.id() for feature in self.layer.getFeatures())
        step = max(1, len(ids) // WATCHED)
        self.watching = QgsFeatureRequest().setFilterFids(ids[::step]).setFlags(QgsFeatureRequest.Flag.NoGeometry)
        self.watching.setSubsetOfAttributes([self.time])
        self.seen: dict[int, Any] = {}
        self.latencies: list[float] = []
        drawn: list[float] = []
        self.canvas.mapCanvasRefreshed.connect(lambda: drawn.append(time.perf_counter()))
        command = [*PLAN["storm"], "--rate", str(rate), "--seconds", str(seconds), "--first", str(number * 10_000_000)]
        with report.open("w", encoding="utf-8") as out:
            storm = subprocess.Popen(command, env=PLAN["environment"], cwd=PLAN["root"], stdout=out)
        pause(300)
        beat, usage, collector = HeartBeat(), Usage(), Collector()
        timers = [self.timer(round(BEAT * 1000), beat.beat), self.timer(LOOK, self.look), self.timer(1000, usage.look)]
        usage.begin()
        collector.begin()
        while storm.poll() is None:
            pause(100)
        ended = time.perf_counter()
        usage.end()
        pauses = collector.end()
        for timer in timers:
            timer.stop()
        self.canvas.mapCanvasRefreshed.disconnect()
        sent = json.loads(report.read_text(encoding="utf-8"))
        wanted = {str(n): float(result_of(last)) for n, last in enumerate(sent["last"], 1) if last >= 0}
        while True:
            rows = self.values()
            lost = sum(1 for id, value in wanted.items() if rows.get(id) != value)
            settled = time.perf_counter() - ended
            if not lost or settled > 15:
                break
            pause(100)
        return Measured(
            filled=filled, datastreams=len(rows), sent=sent["messages"], sending=sent["seconds"], behind=sent["behind"],
            received=live.counters().messages - before, lost=lost, latency=percentile(self.latencies), gaps=beat.gaps(),
            own=beat.own(), held=beat.held(), memory=usage.memory(), cpu=usage.cpu(), collector=pauses, settled=settled,
            repaints=len(drawn) / sent["seconds"],
        )  # fmt: skip

    def go(self) -> dict[str, Any]:
        filled = self.fill()
        found = {"filling": {"seconds": filled, "gaps": asdict(self.beat.gaps()), "own": asdict(self.beat.own())}}
        iface.mainWindow().grab().save(str(Path(PLAN["folder"]) / "live.png"))
        storms = []
        for number, (rate, seconds) in enumerate(PLAN["storms"]):
            storms.append(asdict(self.storm(number, rate, seconds, filled)))
            pause(1000)
        iface.mainWindow().grab().save(str(Path(PLAN["folder"]) / "storm.png"))
        return {**found, "storms": storms}


def run() -> None:
    try:
        iface.mainWindow().setGeometry(iface.mainWindow().screen().availableGeometry())
        found = Bench().go()
    except Exception:  # noqa: BLE001 - whatever it was, the outer process must hear of it
        found = {"failed": traceback.format_exc()}
    Path(PLAN["result"]).write_text(json.dumps(found), encoding="utf-8")
    os._exit(0)


iface.initializationCompleted.connect(lambda: QTimer.singleShot(500, run))
