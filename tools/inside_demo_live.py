"""The tour's live part: the Sensors page, Rotterdam's traffic on the map, a station's chart, columns in 3D, and played
back. Called by `inside_demo`, in QGIS."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from qgis.core import QgsCoordinateTransform, QgsFeatureRequest, QgsPointXY, QgsProject, QgsRectangle
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QDockWidget
from qgis.utils import iface

WANTED = "speed"  # of the observed properties, the one that has this word in its name
HIDDEN = re.compile(r"\b(trees?|bins?)\b", re.IGNORECASE)  # what would lie below the sensors, as thick as they are
NUMBER = re.compile(r"\d{3}")
FLAT = re.compile(r"\b(pilots?)\b", re.IGNORECASE)  # whose symbols would lie on the ground in 3D


class LiveTour:
    """``tour``: the tour that it is a part of; ``say``, ``pause``, ``until`` and ``picture`` are its ways."""

    def __init__(
        self, tour: Any, say: Callable[..., None], pause: Callable[..., None], until: Callable[..., None],
        picture: Callable[..., None],
    ) -> None:  # fmt: skip
        self.tour, self.say, self.pause, self.until, self.picture = tour, say, pause, until, picture
        self.live = tour.window.live
        self.page = self.live.page
        self.canvas = tour.canvas
        self.fields = tour.module("map.live.fields")

    # -- the Sensors page, and the layer on the map

    def add_layer(self, connection: str) -> None:
        self.tour.window.show_sensors()
        page = self.page
        page.connections.select(connection)
        self.until(lambda: len(page.model) > 0 and not page.loader.busy and not page.model.busy, "the list of sensors")
        self.say(f"The Sensors page lists {len(page.model):,} datastreams of {len(page.model.groups)} properties")
        group = next((one for one in page.model.groups if WANTED in one.name.lower()), page.model.groups[0])
        page.model.tick([group.id])
        self.until(page.foot.add_button.isEnabled, "the Add Live Layer button")
        page.foot.add_button.click()
        self.until(self.live.layers.all, "the live layer")
        self.layer = self.live.layers.all()[0]
        self.feed = self.live.layers.feed_of(self.layer)
        self.until(lambda: self.values() and self.feed.status.phase in ("live", "polling"), "the sensors' values")

    def values(self) -> dict[str, float]:
        """Datastream id → its number, of those that say one now."""
        request = QgsFeatureRequest().setFlags(QgsFeatureRequest.Flag.NoGeometry)
        names = (self.fields.DATASTREAM, self.fields.RESULT, self.fields.FRESHNESS)
        rows = [[feature[name] for name in names] for feature in self.layer.getFeatures(request)]
        return {id: float(value) for id, value, fresh in rows if isinstance(value, (int, float)) and fresh == "live"}

    def show_traffic(self) -> None:
        self.hide(HIDDEN)
        extent = self.to_map(self.layer.extent())
        extent.scale(1.06)
        self.canvas.setExtent(extent)
        if self.feed.status.phase == "live":
            # not the state alone: what comes by push, too
            self.until(lambda: self.feed.status.rate > 0, "messages of the broker", 90)
        self.page.model.tick([])
        iface.mainWindow().resizeDocks([self.layers_dock], [370], Qt.Orientation.Horizontal)
        QgsProject.instance().layerTreeRoot().findLayer(self.layer.id()).setExpanded(True)  # the legend
        self.tour.settle()
        iface.messageBar().clearWidgets()
        said = self.values()
        self.say(f"{self.layer.name()} on the map: {self.layer.featureCount()} sensors, {len(said)} of them live")
        self.say(self.feed.status.sentence)
        self.picture("traffic")

    @property
    def layers_dock(self) -> QDockWidget:
        return iface.mainWindow().findChild(QDockWidget, "Layers")

    @staticmethod
    def hide(names: re.Pattern[str]) -> None:
        """Hide the layers of these names."""
        tree = QgsProject.instance().layerTreeRoot()
        for layer in QgsProject.instance().mapLayers().values():
            if names.search(layer.name()):
                tree.findLayer(layer.id()).setItemVisibilityChecked(False)

    def to_map(self, extent: QgsRectangle) -> QgsRectangle:
        destination = self.canvas.mapSettings().destinationCrs()
        transform = QgsCoordinateTransform(self.layer.crs(), destination, QgsProject.instance())
        return transform.transformBoundingBox(extent)

    # -- one station's chart

    def show_chart(self) -> None:
        """Speed and flow of the slowest station that has both, as a user asks for it: by selecting them in the list."""
        page = self.page
        stations: dict[Any, list[Any]] = {}
        for row in page.model.rows():
            stations.setdefault(row.stream.thing, []).append(row)
        busy = [rows for rows in stations.values() if self.is_busy(rows)] or list(stations.values())
        # one that has a name, and not a number only
        rows = min(busy, key=lambda rows: (bool(NUMBER.search(rows[0].stream.thing.name)), self.slowest(rows)))[:2]
        page.tree.select(rows=tuple(rows))
        self.until(page.foot.chart_button.isEnabled, "the Show Chart button")
        page.foot.chart_button.click()
        chart = self.live.chart
        self.until(lambda: chart.presenter.sensors and not chart.loading.isVisible(), "the chart's sensors", 60)
        now = self.feed.live.now()
        chart.presenter.set_custom(now - 2 * 3600, now)
        self.until(lambda: chart.isVisible() and not chart.presenter.message(), "the chart", 30)
        self.until(lambda: not chart.loading.isVisible(), "the history", 60)
        iface.mainWindow().resizeDocks([chart], [330], Qt.Orientation.Vertical)
        self.pause(700)
        self.tour.settle()
        self.say(f"The chart of {rows[0].stream.thing.name}: {', '.join(map(self.observed, rows))}")
        self.picture("chart")

    @staticmethod
    def observed(row: Any) -> str:
        return str(row.stream.observed_property.name).lower()

    @staticmethod
    def number(row: Any) -> float:
        value = row.latest.value if row.latest is not None else None
        return float(value) if isinstance(value, (int, float)) else float("inf")

    def slowest(self, rows: list[Any]) -> float:
        return min([self.number(row) for row in rows if WANTED in self.observed(row)], default=float("inf"))

    def is_busy(self, rows: list[Any]) -> bool:
        """Whether many pass, so that a low speed is a jam and no side street."""
        return len(rows) > 1 and any(1500 < self.number(row) < 20_000 for row in rows if "flow" in self.observed(row))

    # -- columns in 3D

    def show_3d(self, *, close: bool) -> None:
        self.live.chart.setUserVisible(False)
        self.pause(300)
        if close:
            self.hide(FLAT)
        extent = self.to_map(self.layer.extent())
        # the buildings, and the stations around them
        buildings = self.tour.in_map(self.tour.buildings)
        buildings.scale(3)
        self.canvas.setExtent(buildings.intersect(extent) if buildings.intersects(extent) else extent)
        self.tour.settle()
        seen = self.canvas.extent()
        centre = QgsPointXY(seen.center().x(), seen.center().y() + seen.height() / 5)
        view = iface.createNewMapCanvas3D("Rotterdam's traffic")
        if view is None:
            raise RuntimeError("QGIS has no 3D here")
        view.mapSettings().setMapTileResolution(1024)
        self.tour.raise_3d(view, "Rotterdam's traffic", centre, seen.height() * 0.8, pitch=64)
        self.say("New 3D Map View: each sensor a column in the colour of its class")
        self.picture("traffic-3d")
        if close:
            self.tour.window_of("Rotterdam's traffic").close()
            self.pause(500)

    # -- played back

    def play_back(self) -> None:
        self.canvas.setExtent(self.to_map(self.layer.extent()))
        self.live.play_back(self.layer)
        dialog = self.live.dialog
        self.until(dialog.load_button.isEnabled, "how much there is to play back", 60)
        said = dialog.says.text()
        dialog.load_button.click()
        self.until(lambda: self.live.dialog is None, "the history of all sensors", 120)
        controller = self.canvas.temporalController()
        self.until(lambda: controller.totalFrameCount() > 1, "the Temporal Controller")
        controller.setCurrentFrameNumber(controller.totalFrameCount() * 3 // 4)
        for dock in iface.mainWindow().findChildren(QDockWidget):
            if dock.objectName() == "Temporal Controller":
                self.until(dock.isVisible, "the Temporal Controller's panel")
                iface.mainWindow().resizeDocks([dock], [110], Qt.Orientation.Vertical)
        self.pause(500)
        self.tour.settle()
        iface.messageBar().clearWidgets()
        self.say(f"Play Back: {said}")
        self.picture("playback")
