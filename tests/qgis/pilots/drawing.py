"""What the tests of drawing need: a city with pilots in the project, a window around it, and a mouse."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from qgis.core import QgsCoordinateReferenceSystem, QgsPointXY, QgsProject, QgsRectangle, QgsSettings, QgsVectorLayer
from qgis.gui import QgsAdvancedDigitizingDockWidget
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QPoint, Qt
from qgis.PyQt.QtGui import QAction
from qgis.PyQt.QtTest import QTest

from plugin.demo.__main__ import fill
from plugin.demo.app import create_app
from plugin.demo.settings import Settings
from plugin.demo.store import Store
from plugin.gui.pilots.draw import DrawPanel
from plugin.map import layers
from plugin.map.pilots.book import PilotBook
from plugin.map.project import ProjectCopies
from plugin.pilots.record import Pilot
from plugin.twin.client import Twin
from plugin.workcopy.checkout import checkout
from plugin.workcopy.copy import WorkingCopy
from tests.qgis.gui.window import Window
from tests.qgis.map.meanwhile import spin
from tests.twin_server import serve_app

TODAY = date(2026, 11, 23)
TABLES = ["pilots", "districts", "streets"]


def check_out(folder: Path, tables: list[str] = TABLES) -> Path:
    """A working copy of the embedded twin."""
    store = Store(folder / "twin.sqlite")
    fill(store)
    url, stop = serve_app(create_app(store, Settings()))
    checkout(Twin(url), tables, folder / "city.gpkg")
    stop()
    store.close()
    return folder / "city.gpkg"


class DrawWindow(Window):
    """An ``iface`` with QGIS's advanced digitizing, and its tool that selects."""

    def __init__(self) -> None:
        super().__init__()
        self.digitizing = QgsAdvancedDigitizingDockWidget(self.canvas)
        self.select = QAction()

    def cadDockWidget(self) -> QgsAdvancedDigitizingDockWidget:
        return self.digitizing

    def actionSelect(self) -> QAction:
        return self.select


class Stage:
    """A city on the map, its book of pilots, and the panel, as the plugin wires them."""

    def __init__(self, copy: WorkingCopy, tables: list[str] | None = None, crs: str = "EPSG:28992") -> None:
        QgsSettings().remove("citytwin/pilots")
        self.copy, self.path = copy, str(copy.path)
        self.window = DrawWindow()
        self.canvas = self.window.canvas
        self.canvas.resize(400, 400)
        self.canvas.show()
        self.layers = {
            layer.name(): layer for layer in layers.make_layers(copy, tables or ["pilots", "districts", "streets"])
        }
        QgsProject.instance().addMapLayers(list(self.layers.values()))
        self.canvas.setDestinationCrs(QgsCoordinateReferenceSystem(crs))
        self.canvas.setLayers(list(self.layers.values()))
        self.root = QObject()
        self.copies = ProjectCopies(self.root)
        self.book = PilotBook(self.copies, self.root, clock=lambda: TODAY)
        self.panel = DrawPanel(self.canvas, self.book, self.window)  # type: ignore[arg-type]
        self.panel.resize(380, 760)
        self.panel.show()
        self.view, self.draft = self.panel.view, self.panel.draft
        self.finished: list[tuple[str, Pilot]] = []
        self.cancelled = 0
        self.panel.finished.connect(lambda path, pilot: self.finished.append((path, pilot)))
        self.panel.cancelled.connect(self._cancelled)
        if not spin(lambda: self.book.known(self.path)):
            raise RuntimeError("the pilots were not read")

    def _cancelled(self) -> None:
        self.cancelled += 1

    def stop(self) -> None:
        self.panel.stop()
        self.book.stop()
        self.copies.stop()
        # in this order: the dock uses the canvas in its last moment
        for thing in (self.panel, self.root, self.window.digitizing, self.canvas):
            sip.delete(thing)

    # -- the project

    def layer(self, table: str) -> QgsVectorLayer:
        return next(layer for layer in self.layers.values() if layer.source().endswith(f"layername={table}"))

    def pilot(self, key: str) -> Pilot:
        record = self.book.record(self.path, key)
        if record is None:
            raise KeyError(key)
        return record.pilot

    # -- mouse and keys

    def look_at(self, west: float, south: float, size: float) -> None:
        """The map shows a square: 400 pixels."""
        self.canvas.setExtent(QgsRectangle(west, south, west + size, south + size))
        self.canvas.refresh()

    def pixel(self, x: float, y: float) -> QPoint:
        at = self.canvas.getCoordinateTransform().transform(QgsPointXY(x, y))
        return QPoint(round(at.x()), round(at.y()))

    def click(self, x: float, y: float, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        """On the map, at a place in its CRS."""
        at, port = self.pixel(x, y), self.canvas.viewport()
        QTest.mouseMove(port, at)
        QTest.mouseClick(port, button, Qt.KeyboardModifier.NoModifier, at)

    def key(self, key: Qt.Key) -> None:
        QTest.keyClick(self.canvas, key)

    def draw(self, corners: list[tuple[float, float]], *, finish: bool = True) -> None:
        """Press Draw, click the corners, and finish with the right button."""
        if not self.panel.pen.active:
            self.view.draw_button.click()
        for x, y in corners:
            self.click(x, y)
        if finish:
            self.click(*corners[-1], button=Qt.MouseButton.RightButton)

    def checked(self) -> bool:
        """Wait until the verdict is of what there is."""
        return spin(lambda: not self.draft.checking, 30)

    def codes(self) -> list[str]:
        if not self.checked():
            raise RuntimeError("never checked")
        return [problem.code for problem in self.draft.verdict.problems]


def square(west: float, south: float, size: float) -> list[tuple[float, float]]:
    return [(west, south), (west + size, south), (west + size, south + size), (west, south + size)]


def staged(checked_out: Path, tmp_path: Path, tables: list[str] | None = None) -> Iterator[Stage]:
    """A stage on a copy of a working copy; ended afterwards."""
    shutil.copyfile(checked_out, tmp_path / "city.gpkg")
    stage = Stage(WorkingCopy.open(tmp_path / "city.gpkg"), tables)
    yield stage
    stage.stop()
    QgsProject.instance().clear()
