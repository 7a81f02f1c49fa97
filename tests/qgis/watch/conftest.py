"""A live layer of a real twin, in a real project, as the plugin has it while it runs."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QCoreApplication, QEventLoop

from plugin.map import tasks
from plugin.map.connections import Connection
from plugin.map.live.feed import Feed
from plugin.map.live.feeds import Feeds
from plugin.map.live.layers import LiveLayers
from plugin.map.live.source import LiveSource
from plugin.map.live.thresholds import Thresholds
from tests.qgis.gui.window import Window
from tests.twin_server import RunningTwin, start_twin

STATIONS = 12


def turn(until: Callable[[], object], seconds: float = 15) -> None:
    """Let Qt go on until it is so."""
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "waited in vain"
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)


@dataclass
class Desk:
    """``base``: the address of the twin's sensors."""

    base: str
    window: Window = field(default_factory=Window)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.feeds = Feeds()
        self.layers = LiveLayers(self.feeds, None)
        self.thresholds = Thresholds(self.layers, self.feeds, self.window)
        self.thresholds.alarm._gather = 50

    def end(self) -> None:
        self.thresholds.stop()
        self.layers.stop()
        self.feeds.stop()

    def ask(self, path: str) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.base}/{path}") as answer:
            return json.load(answer)["value"]

    def show(self, named: str = "Traffic flow") -> QgsVectorLayer:
        """A filled live layer of the observed property of that name."""
        (found,) = [one for one in self.ask("ObservedProperties") if one["name"] == named]
        source = LiveSource(self.base, "", str(found["@iot.id"]), named)
        layer = self.layers.add(source, Connection("twin", self.base))
        feed = self.feed(layer)
        turn(lambda: feed.complete(source) and layer.featureCount() == len(feed.datastreams(source)) > 0)
        turn(lambda: all(row["kind"] != "none" for row in layer.getFeatures()))
        turn(lambda: self.layers.settled and layer.renderer().type() == "categorizedSymbol")
        return layer

    def feed(self, layer: QgsVectorLayer) -> Feed:
        found = self.layers.feed_of(layer)
        assert found is not None
        return found

    def streams(self, layer: QgsVectorLayer) -> tuple[Any, ...]:
        source = self.layers.source_of(layer)
        assert source is not None
        return self.feed(layer).datastreams(source)

    def observe(self, datastream: str, result: float) -> None:
        """The sensor says something new."""
        body = {"result": result, "phenomenonTime": datetime.now(timezone.utc).isoformat()}
        request = urllib.request.Request(
            f"{self.base}/Datastreams({datastream})/Observations",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request).close()


@pytest.fixture(scope="session")
def sensors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningTwin]:
    """A twin whose sensors say nothing by themselves while the tests run."""
    store: Path = tmp_path_factory.mktemp("watched") / "twin.sqlite"
    running = start_twin(store=store, options=["--sensors", str(STATIONS), "--sensor-interval", "600"])
    yield running
    running.stop()


@pytest.fixture
def desk(qgis_app: Any, sensors: RunningTwin) -> Iterator[Desk]:
    QgsProject.instance().clear()
    one = Desk(f"{sensors.url}sta/v1.1")
    yield one
    one.end()
    QgsProject.instance().clear()
    assert tasks.cancel_all(10)
