"""A real twin with sensors of our own making, and a chart dock over its live layers."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import requests
from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QMainWindow

from plugin.gui.chart_dock import ChartDock
from plugin.gui.chart_entrances import ChartEntrances
from plugin.map.connections import Connection
from plugin.map.live.feed import Feed
from plugin.map.live.feeds import Feeds
from plugin.map.live.layers import LiveLayers
from plugin.map.live.source import LiveSource
from plugin.twin.sensorthings import Datastream
from tests.qgis.gui.window import Window
from tests.qgis.map.meanwhile import spin

HOURS = 6
# minutes before now in which nothing was observed, and in which nothing could be measured
PAUSE, SILENCE = (120, 180), (240, 270)
PEAK, TROUGH = 987.0, -45.0
OM = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class City:
    """``streams``: ids by name. Flow and NO2 have a history of six hours, a minute apart; Level and Empty have none."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)
    streams: dict[str, str] = field(default_factory=dict)
    start: float = 0.0

    @property
    def sensors(self) -> str:
        return f"{self.url}sta/v1.1"

    def build(self) -> None:
        now = time.time()
        self.start = now - HOURS * 3600
        for index, (name, observed, unit) in enumerate(
            (
                ("Flow", "Traffic flow", "veh/h"),
                ("NO2", "NO2", "µg/m³"),
                ("Level", "Water level", "m"),
                ("Empty", "Rain", "mm"),
            )
        ):
            body = _thing(name, observed, unit, 4.47 + index / 100)
            self._post("Things", body)
            found = self._get(f"Datastreams?$filter=name eq '{name}'")
            self.streams[name] = str(found[0]["@iot.id"])
        self.history("Flow", [(at, value) for at, value in self._flow(now)])
        self.history("NO2", [(now - 60 * minute, 20 + minute % 30) for minute in range(HOURS * 60)])

    def _flow(self, now: float) -> list[tuple[float, float | None]]:
        found: list[tuple[float, float | None]] = []
        for minute in range(HOURS * 60, 0, -1):
            if PAUSE[0] < minute < PAUSE[1]:
                continue
            value: float | None = 300.0 + minute % 40
            if SILENCE[0] < minute < SILENCE[1]:
                value = None
            if minute == 75:
                value = PEAK
            if minute == 60:
                value = TROUGH
            found.append((now - 60 * minute, value))
        return found

    def history(self, name: str, rows: list[tuple[float, Any]]) -> None:
        """Put observations into the twin, many at once."""
        key = self.streams[name]
        for begin in range(0, len(rows), 2000):
            block = [[iso(at), value] for at, value in rows[begin : begin + 2000]]
            body = {"Datastream": {"@iot.id": int(key)}, "components": ["phenomenonTime", "result"], "dataArray": block}
            self._post("CreateObservations", [body])

    def say(self, name: str, value: Any, at: float | None = None) -> float:
        """One observation, now; its time."""
        moment = time.time() if at is None else at
        path = f"Datastreams({self.streams[name]})/Observations"
        self._post(path, {"phenomenonTime": iso(moment), "result": value})
        return moment

    def _post(self, path: str, body: Any) -> None:
        answer = self.session.post(f"{self.sensors}/{path}", json=body, timeout=20)
        assert answer.status_code in (200, 201), answer.text[:500]

    def _get(self, path: str) -> list[dict[str, Any]]:
        answer = self.session.get(f"{self.sensors}/{path}", timeout=20)
        assert answer.ok, answer.text[:500]
        found: list[dict[str, Any]] = answer.json()["value"]
        return found


def _thing(name: str, observed: str, unit: str, lon: float) -> dict[str, Any]:
    return {
        "name": f"Thing of {name}",
        "description": "A sensor",
        "Locations": [
            {
                "name": name,
                "description": "A place",
                "encodingType": "application/geo+json",
                "location": {"type": "Point", "coordinates": [lon, 51.92]},
            }
        ],
        "Datastreams": [
            {
                "name": name,
                "description": name,
                "observationType": OM,
                "unitOfMeasurement": {"name": unit, "symbol": unit, "definition": ""},
                "Sensor": {"name": "S", "description": "S", "encodingType": "text/plain", "metadata": "S"},
                "ObservedProperty": {"name": observed, "definition": f"urn:{name}", "description": observed},
            }
        ],
    }


class Desk:
    """The dock as the plugin has it, with all of the city's sensors in one live layer."""

    def __init__(self, city: City, *, layer: bool = True) -> None:
        self.city = city
        self.window = Window()
        self.feeds = Feeds()
        self.layers = LiveLayers(self.feeds, None)
        self.main = QMainWindow()
        self.main.resize(1000, 420)
        self.dock = ChartDock(self.window, self.layers, self.main)  # type: ignore[arg-type]
        self.main.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.dock)
        self.entrances = ChartEntrances(self.window, self.layers, self.dock)  # type: ignore[arg-type]
        self.main.show()
        self.layer: QgsVectorLayer | None = self.open() if layer else None

    def open(self) -> QgsVectorLayer:
        source = LiveSource(self.city.sensors, "", "", "Sensors", None, tuple(self.city.streams.values()))
        layer = self.layers.add(source, Connection("city", self.city.url))
        assert spin(lambda: layer.featureCount() == len(self.city.streams))
        return layer

    @property
    def feed(self) -> Feed:
        assert self.layer is not None
        feed = self.layers.feed_of(self.layer)
        assert feed is not None
        return feed

    def stream(self, name: str) -> Datastream:
        found = self.feed.datastream(self.city.streams[name])
        assert found is not None
        return found

    def show(self, *names: str) -> None:
        """Chart these, and wait until they are read."""
        self.dock.show_datastreams([(self.feed, self.stream(name)) for name in names])
        assert self.rest()

    def rest(self) -> bool:
        presenter = self.dock.presenter
        return spin(
            lambda: not presenter.loader.running and not any(one.joining for one in presenter.sensors), seconds=20
        )

    def close(self) -> None:
        self.entrances.stop()
        self.dock.stop()
        self.layers.stop()
        self.feeds.stop()
        QgsProject.instance().clear()
        self.main.close()
        self.main.deleteLater()
