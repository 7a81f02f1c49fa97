"""Live layers in a real project, over real services and brokers, with a look at what is left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsProject, QgsVectorLayer

from plugin.map import tasks
from plugin.map.connections import Connection
from plugin.map.live.feed import Feed
from plugin.map.live.feeds import Feeds
from plugin.map.live.layers import LiveLayers
from plugin.map.live.source import LiveSource
from plugin.twin.errors import CityTwinError
from tests.mosquitto import Mosquitto
from tests.qgis.map.conftest import authcfg  # noqa: F401 - a fixture
from tests.qgis.map.meanwhile import spin
from tests.unit.twin.sta_stub import Stub, stubs

UPDATES = "http://www.opengis.net/spec/iot_sensing/1.1/req/receive-updates-via-mqtt/receive-updates"


def threads() -> list[str]:
    """Those that live sensors began, by name."""
    return sorted(one.name for one in threading.enumerate() if one.name.startswith("city-twin"))


def filled(desk: Desk, layer: QgsVectorLayer, number: int) -> None:
    """Wait until ``layer`` shows that many sensors."""
    desk.wait(lambda: layer.featureCount() == number)


@dataclass
class Desk:
    """What the plugin has of live sensors while it runs."""

    feeds: Feeds = field(default_factory=Feeds)
    told: list[str] = field(default_factory=list)  # the sentences of failures
    layers: LiveLayers = field(init=False)

    def __post_init__(self) -> None:
        self.feeds.opened.connect(lambda feed: feed.failed.connect(self._hear))
        self.layers = LiveLayers(self.feeds, None)

    def _hear(self, error: CityTwinError) -> None:
        self.told.append(error.message)

    def show(self, service: str, observed: str = "0", *, connection: Connection | None = None, **more: Any):
        source = LiveSource(service, connection.name if connection else "", observed, "A layer", **more)
        return self.layers.add(source, connection or Connection("a twin", service))

    @property
    def feed(self) -> Feed:
        (one,) = self.feeds.all()
        return one

    def wait(self, until: Callable[[], Any], seconds: float = 15) -> None:
        assert spin(until, seconds), f"waited in vain: {[feed.status for feed in self.feeds.all()]} {self.told}"

    def rows(self, layer: QgsVectorLayer) -> dict[str, dict[str, Any]]:
        return {one["datastream"]: one.attributeMap() for one in layer.getFeatures()}

    def cell(self, layer: QgsVectorLayer, datastream: str, column: str) -> Any:
        row = self.rows(layer).get(datastream)
        return row[column] if row is not None else None

    def later(self, seconds: float) -> None:
        """Let time go by, as the feeds know it."""
        for feed in self.feeds.all():
            feed.live._clock = lambda: time.time() + seconds

    def end(self) -> None:
        self.layers.stop()
        self.feeds.stop()


@pytest.fixture
def desk(qgis_app: Any) -> Iterator[Desk]:
    QgsProject.instance().clear()
    one = Desk()
    yield one
    one.end()
    QgsProject.instance().clear()
    assert tasks.cancel_all(10)
    assert spin(lambda: not threads(), 12), threads()


@pytest.fixture
def service(qgis_app: Any) -> Iterator[Callable[..., Stub]]:
    """A function that starts a service; ``broker`` or ``brokers`` are named on its landing page."""
    with stubs() as start:

        def one(*, brokers: tuple[str, ...] = (), **changes: Any) -> Stub:
            settings = {UPDATES: {"endpoints": list(brokers)}} if brokers else {}
            return start(**{"settings": settings, "etags": True, **changes})

        yield one


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    one = Mosquitto(tmp_path).start()
    yield one
    one.stop()
