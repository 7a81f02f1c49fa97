"""The Sensors page in a window, and what stands around it."""

from __future__ import annotations

from qgis.core import QgsMapLayer, QgsProject, QgsSettings
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QObject, pyqtSignal

from plugin.gui.demo_control import DemoControl
from plugin.gui.sensors_page import SensorsPage
from plugin.map import connections
from plugin.map.connections import Connection
from plugin.map.live.feeds import Feeds
from plugin.map.live.layers import LiveLayers
from tests.qgis.gui.window import Window
from tests.qgis.map.meanwhile import spin


class SensorsWindow(Window):
    """An ``iface`` that knows its active layer."""

    def __init__(self) -> None:
        super().__init__()
        self.active: QgsMapLayer | None = None

    def mapCanvases(self) -> list[QgsMapCanvas]:
        return [self.canvas]

    def activeLayer(self) -> QgsMapLayer | None:
        return self.active

    def setActiveLayer(self, layer: QgsMapLayer) -> bool:
        self.active = layer
        return True


class NoDemo(QObject):
    """The demo twin's process, standing still."""

    ready = pyqtSignal(str)
    failed = pyqtSignal(str)
    stopped = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.url = ""
        self.starts = 0

    def start(self, port: int = 0) -> None:
        self.starts += 1

    def stop(self) -> None:
        self.url = ""


class Stage:
    """As the plugin wires it."""

    def __init__(self, width: int = 320, height: int = 800) -> None:
        QgsSettings().remove("citytwin")
        self.window = SensorsWindow()
        self.process = NoDemo()
        self.root = QObject()
        self.feeds = Feeds(self.root)
        self.layers = LiveLayers(self.feeds, self.window, self.root)  # type: ignore[arg-type]
        self.page = SensorsPage(self.window, self.feeds, self.layers, DemoControl(self.process))  # type: ignore[arg-type]
        self.page.resize(width, height)
        self.page.show()

    def open(self, url: str, name: str = "Rotterdam") -> None:
        connections.save(Connection(name, url))
        self.page.connections.select(name)

    def listed(self, datastreams: int = 1) -> bool:
        page = self.page
        return not page.loader.busy and not page.model.busy and page.model.shown >= datastreams

    def read(self, url: str) -> None:
        self.open(url)
        if not spin(self.listed):
            raise AssertionError(self.page.status.text)

    def group(self, name: str):
        return next(one for one in self.page.model.groups if one.name == name)

    def buttons(self) -> list[str]:
        return [button.text().replace("&", "") for button in self.page.message.buttons]

    def press(self, text: str) -> None:
        next(b for b in self.page.message.buttons if b.text().replace("&", "") == text).click()

    def close(self) -> None:
        self.page.stop()
        self.layers.stop()
        self.feeds.stop()
        self.page.deleteLater()
        self.root.deleteLater()
        QgsProject.instance().clear()
        QgsSettings().remove("citytwin")
