"""What QGIS executes for `tools.demo` (``qgis --code``): the tour of a user, through the plugin's own window.

Everything goes through the widgets that a user has: the catalogue's ticks, the Check Out button, QGIS's edit session,
the Changes page and its Publish window, the Sensors page and its chart, the dialogs of a field review. Each step says
what it did; the first that fails ends the tour.
"""

import faulthandler
import importlib
import json
import os
import re
import sys
import time
import traceback
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import qgis.utils
from qgis.core import QgsCoordinateTransform, QgsPointXY, QgsProject, QgsRectangle, QgsVector3D
from qgis.PyQt.QtCore import QEventLoop, Qt, QTimer
from qgis.PyQt.QtWidgets import QApplication, QDockWidget, QWidget
from qgis.utils import iface

sys.path.insert(0, os.environ["CITYTWIN_ROOT"])
from tools.inside_demo_live import LiveTour
from tools.inside_demo_pilots import PilotTour
from tools.inside_demo_review import ReviewTour

URL = os.environ["CITYTWIN_URL"]
FOLDER = Path(os.environ["CITYTWIN_FOLDER"])
UNATTENDED = bool(os.environ["CITYTWIN_UNATTENDED"])
PACKAGE = "city_twin_workbench"
ERRORS: list[BaseException] = []
KINDS = (
    ("district", "neighbourhood"),
    ("water",),
    ("street",),
    ("delfshaven", "buildings"),
    ("tree",),
    ("pilot",),
    ("review",),
)


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def pause(milliseconds: int) -> None:
    """Let QGIS go on with its work for that long."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def until(condition: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Wait for ``condition()``; RuntimeError, naming ``what``, when it does not come true."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"waited {seconds:.0f} s for {what}")
        pause(50)


def picture(name: str, widget: QWidget | None = None) -> None:
    """Keep what the screen shows, or the part of it that ``widget`` takes."""
    QApplication.processEvents()
    pixmap = QApplication.primaryScreen().grabWindow(0)
    if widget is not None:
        corner = widget.mapToGlobal(widget.rect().topLeft())
        pixmap = pixmap.copy(corner.x(), corner.y(), widget.width(), widget.height())
    path = FOLDER / f"{name}.png"
    if not pixmap.save(str(path)):
        raise RuntimeError(f"{path} could not be written")
    say(f"Picture: {path.parent.name}/{path.name}")


class Tour:
    """One user's way through the plugin."""

    def __init__(self) -> None:
        self.plugin = qgis.utils.plugins[PACKAGE]
        self.window = self.plugin.window
        self.canvas = iface.mapCanvas()

    def module(self, name: str) -> Any:
        return importlib.import_module(f"{PACKAGE}.{name}")

    def go(self) -> None:
        iface.mainWindow().showMaximized()
        if UNATTENDED:
            iface.mainWindow().setGeometry(QApplication.primaryScreen().availableGeometry())
        for dock in iface.mainWindow().findChildren(QDockWidget):
            if dock.objectName() in ("Browser", "Browser2"):
                dock.close()
        iface.mainWindow().resizeDocks(
            [self.window.dock, iface.mainWindow().findChild(QDockWidget, "Layers")],
            [400, 270],
            Qt.Orientation.Horizontal,
        )
        until(lambda: self.window.warm_up.done, "the plugin to be there in full")
        say(f"QGIS {qgis.core.Qgis.version()} with City Twin Workbench")
        self.connect()
        self.check_out()
        self.show_map()
        if UNATTENDED:
            self.show_3d()
            self.edit()
            self.see_changes()
            self.publish()
            pilots = PilotTour(self, FOLDER, say, pause, until, picture)
            pilots.go()
        live = LiveTour(self, say, pause, until, picture)
        live.add_layer(self.connection)
        live.show_traffic()
        live.show_chart()
        live.show_3d(close=UNATTENDED)
        if UNATTENDED:
            live.play_back()
            ReviewTour(self, live.layer, pilots.record, FOLDER, say, pause, until, picture).go()

    def connect(self) -> None:
        connections = self.module("map.connections")
        saved = connections.save(connections.Connection("Rotterdam", URL))
        self.connection = saved.name
        self.window.show_catalogue()
        self.catalogue = self.window.catalogue
        self.catalogue.connections.select(saved.name)
        until(lambda: self.catalogue.model.rowCount() > 0, "the catalogue")
        say(f"Connected; the catalogue has {self.catalogue.model.rowCount()} collections")

    def check_out(self) -> None:
        model, panel = self.catalogue.model, self.catalogue.panel
        role = self.module("gui.catalogue_model").Role.COLLECTION
        found = [model.data(model.index(row, 0), role) for row in range(model.rowCount())]
        names = [f"{collection.id} {collection.title}".lower() for collection in found]
        wanted = set()
        for kind in KINDS:
            rows = [row for word in kind for row, name in enumerate(names) if re.search(rf"\b{word}", name)]
            wanted.update(rows[:1])
        for row in wanted:
            model.setData(model.index(row, 0), Qt.CheckState.Checked, Qt.ItemDataRole.CheckStateRole)
        panel.file.setFilePath(str(FOLDER / "Rotterdam.gpkg"))
        until(panel.button.isEnabled, "the Check Out button")
        started = time.monotonic()
        panel.button.click()
        until(lambda: len(QgsProject.instance().mapLayers()) >= len(wanted), "the layers", 180)
        until(lambda: not self.catalogue.run.running, "the end of the checkout")
        self.settle()
        self.layers = {layer.name(): layer for layer in QgsProject.instance().mapLayers().values()}
        total = sum(layer.featureCount() for layer in self.layers.values())
        say(f"Checked out {len(self.layers)} layers, {total:,} features, in {time.monotonic() - started:.1f} s")

    def settle(self) -> None:
        """Wait until the map is drawn."""
        pause(800)
        until(lambda: not self.canvas.isDrawing(), "the map", 90)
        pause(300)

    @property
    def buildings(self) -> Any:
        origin_of = self.module("map.layers").origin_of
        for layer in self.layers.values():
            origin = origin_of(layer)
            if origin and any(word in origin[1] for word in ("delfshaven", "building")):
                return layer
        raise RuntimeError("no buildings were checked out")

    def in_map(self, layer: Any) -> QgsRectangle:
        """The extent of a layer in the map's CRS."""
        project = QgsProject.instance()
        return QgsCoordinateTransform(layer.crs(), project.crs(), project).transformBoundingBox(layer.extent())

    def show_map(self) -> None:
        extent = self.in_map(self.buildings)
        extent.scale(1.02)
        self.canvas.setExtent(extent)
        self.canvas.refresh()
        self.settle()
        iface.messageBar().clearWidgets()
        picture("map")

    def show_3d(self) -> None:
        extent = self.canvas.extent()
        view = iface.createNewMapCanvas3D("Rotterdam")
        if view is None:
            raise RuntimeError("QGIS has no 3D here")
        self.raise_3d(view, "Rotterdam", extent.center(), min(extent.width(), extent.height()) * 0.75)
        say("New 3D Map View: the buildings stand up")
        picture("3d")
        self.window_of("Rotterdam").close()
        pause(500)

    def raise_3d(self, view: Any, title: str, centre: QgsPointXY, distance: float, *, pitch: float = 55) -> None:
        """Look at ``centre`` from ``distance`` metres, and wait until all is there."""
        until(lambda: view.scene() is not None, "the 3D scene")
        window = self.window_of(title)
        if UNATTENDED:
            corner = self.canvas.mapToGlobal(self.canvas.rect().topLeft())
            window.setGeometry(corner.x(), corner.y(), self.canvas.width(), self.canvas.height())
            window.raise_()
            pause(300)
        self.place(view, view.cameraController(), centre, distance, pitch)
        for milliseconds in (1500, 500):  # what comes closer is drawn finer
            self.until_drawn(view)
            pause(milliseconds)
        self.until_drawn(view)

    @staticmethod
    def until_drawn(view: Any, seconds: float = 120) -> None:
        """Wait until a 3D view has said for a while that it has all that it shows."""
        scene, end, quiet = view.scene(), time.monotonic() + seconds, 0
        while quiet < 10:
            if time.monotonic() > end:
                raise RuntimeError(f"waited {seconds:.0f} s for the 3D view: {scene.totalPendingJobsCount()} to come")
            pause(40)
            is_ready = not scene.totalPendingJobsCount() and scene.sceneState() == scene.SceneState.Ready
            quiet = quiet + 1 if is_ready else 0

    @staticmethod
    def window_of(title: str) -> QWidget:
        """The window of its own that QGIS gives a 3D view."""
        return next(
            window
            for window in QApplication.topLevelWidgets()
            if title in window.windowTitle() and window is not iface.mainWindow()
        )

    @staticmethod
    def place(view: Any, camera: Any, centre: QgsPointXY, distance: float, pitch: float) -> None:
        origin = view.mapSettings().origin()
        x, y = centre.x() - origin.x(), centre.y() - origin.y()
        camera.setLookingAtPoint(QgsVector3D(x, 0, -y), distance, pitch, 25.0)

    def edit(self) -> None:
        """As an analyst does: an attribute and an outline, in QGIS's own edit session, saved."""
        layer = self.buildings
        middle = layer.extent().center()
        height = layer.fields().lookupField("height")
        if height < 0:
            height = next(i for i, field in enumerate(layer.fields()) if field.isNumeric() and field.name() != "fid")
        features = list(layer.getFeatures())
        if layer.fields().lookupField("name") >= 0:
            features = [feature for feature in features if feature["name"]] or features
        feature = min(features, key=lambda f: f.geometry().centroid().asPoint().distance(middle))
        self.column = layer.fields()[height].name()
        self.before = feature[height]
        self.after = round((self.before or 10) + 12.5, 2)
        self.edited = feature["twin_id"]
        geometry = feature.geometry()
        geometry.translate(6, 4)
        layer.startEditing()
        layer.changeAttributeValue(feature.id(), height, self.after)
        layer.changeGeometry(feature.id(), geometry)
        if not layer.commitChanges():
            raise RuntimeError("; ".join(layer.commitErrors()))
        say(f"Edited {layer.name()} {self.edited}: {self.column} {self.before} → {self.after}, and moved its outline")

    def see_changes(self) -> None:
        self.window.dock.setUserVisible(True)
        self.window.dock.show_page("changes")
        self.page = self.window.dock.page("changes")
        model = self.page.model
        until(lambda: any(model.all_changes(path) for path in model.paths()), "the changes")
        path = next(path for path in model.paths() if model.all_changes(path))
        (change,) = model.all_changes(path)
        self.page.view.select(path, change.key)
        self.page.zoom()
        self.settle()
        self.canvas.zoomByFactor(2.2)
        self.settle()
        say(f"The Changes page shows it: {change.kind} of {change.label}, {len(change.cells)} columns")
        picture("changes")

    def publish(self) -> None:
        self.page.publish()
        until(lambda: self.page.dialog is not None, "the Publish window")
        dialog = self.page.dialog
        until(lambda: dialog.presenter.phase == "ready", "the checks")
        dialog.message.setPlainText("Survey of the demo: one building corrected")
        until(dialog.publish_button.isEnabled, "the Publish button")
        dialog.publish_button.click()
        until(lambda: dialog.presenter.phase == "report", "the report")
        pause(300)
        picture("publish")
        report = dialog.presenter.report
        say(f"Published {report.published}, failed {report.failed}, clashes {report.conflicts}")
        dialog.reject()
        if (report.published, report.failed, report.conflicts) != (1, 0, 0):
            raise RuntimeError("the edit was not published")
        _, table = self.module("map.layers").origin_of(self.buildings)
        address = f"{URL}collections/{table}/items/{quote(self.edited)}?f=json"
        with urllib.request.urlopen(address, timeout=10) as answer:
            now = json.load(answer)["properties"][self.column]
        if now != self.after:
            raise RuntimeError(f"the twin says {self.column} = {now}")
        say(f"The twin has it: {self.column} = {now}")


def note(kind: Any, error: BaseException, trace: Any) -> None:
    """In place of QGIS's window, which would wait for somebody to close it: what goes wrong fails the tour."""
    traceback.print_exception(kind, error, trace, file=sys.stdout)
    ERRORS.append(error)


def run() -> None:
    code = 1
    if UNATTENDED:
        sys.excepthook = note
    crashes = (FOLDER / "crash.log").open("w")  # stays open: it is written to when nothing else works any more
    faulthandler.enable(crashes)
    try:
        tour = Tour()
        tour.go()
        if ERRORS:
            raise RuntimeError(f"{len(ERRORS)} errors on the way, see above")
        code = 0
        say(
            "Done."
            if UNATTENDED
            else "Ready: change a building, look at Changes, publish; watch the traffic. Close QGIS to end the demo."
        )
    except Exception:  # noqa: BLE001 - whatever it was, the outer process must hear of it
        traceback.print_exc(file=sys.stdout)
        say("The demo failed at this step.")
        if UNATTENDED:
            picture("failed")
    if UNATTENDED:
        (FOLDER / "exit-code").write_text(str(code), encoding="utf-8")
        sys.stdout.flush()
        os._exit(code)


iface.initializationCompleted.connect(lambda: QTimer.singleShot(500, run))
