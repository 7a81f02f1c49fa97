"""What QGIS executes for `tools.bench_inside` (``qgis --code``): a city's layer checked out, edited, published and
pulled through the plugin's own window, and what the main thread felt of each. Writes JSON: name → what `Beat.told`
tells; with ``failed`` and a text where it came to a halt."""

import contextlib
import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import qgis.utils
from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QEventLoop, QPoint, QTimer
from qgis.PyQt.QtGui import QCursor
from qgis.utils import iface

PLAN: dict[str, Any] = json.loads(os.environ["CITYTWIN_BENCH"])
sys.path.insert(0, PLAN["root"])
from tools.bench_inside_beat import Beat  # noqa: E402

PACKAGE = "city_twin_workbench"
FOLDER = Path(PLAN["folder"])
FOUND: dict[str, Any] = {}


def pause(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def until(condition: Callable[[], object], what: str, seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"waited {seconds:.0f} s for {what}")
        pause(20)


def drawn() -> None:
    pause(200)
    until(lambda: not iface.mapCanvas().isDrawing(), "the map")


@contextlib.contextmanager
def watched(name: str) -> Iterator[None]:
    """Keep what the main thread felt of the block, in a window in which somebody works: else it tidies up."""
    iface.mainWindow().activateWindow()
    QCursor.setPos(QCursor.pos() + QPoint(1 if len(FOUND) % 2 else -1, 0))
    pause(100)
    beat, began = Beat(), time.perf_counter()
    try:
        yield
    finally:
        seconds = time.perf_counter() - began
        beat.stop()
        FOUND[name] = {**beat.told(), "seconds": seconds, "load": os.getloadavg()[0]}


class Day:
    """One user's day with the layer."""

    def __init__(self) -> None:
        self.window = qgis.utils.plugins[PACKAGE].window
        self.page = self.window.changes
        self.path = FOLDER / "city.gpkg"

    def go(self) -> None:
        if "snapshots" in PLAN:
            self.connect("Snapshots", PLAN["snapshots"], FOLDER / "snapshot.gpkg")
            self.check_out("checkout of a snapshot")
            until(self.layers, "the layer")
            QgsProject.instance().removeAllMapLayers()
        self.connect("Bench", PLAN["url"], self.path)
        self.check_out("checkout")
        with watched("layers opened and drawn"):
            until(self.layers, "the layer")
            drawn()
        (self.layer,) = self.layers()
        self.table = self.layer.source().partition("layername=")[2].partition("|")[0]
        subprocess.run(["cp", str(self.path), str(FOLDER / "colleague.gpkg")], check=True)  # in a process: locks stay
        self.show_changes()
        with watched("changes counted and listed"):
            self.other("edit", self.path, "h_ridge_m", "fid % 21 = 0")
            until(self.page.view.publish_button.isEnabled, "the changes")
            until(self.settled, "the list of changes")
        FOUND["edits"] = len(self.page.model.all_changes())
        with watched("publish"):
            self.publish()
        until(self.settled, "the list of changes")
        self.other("publish", FOLDER / "colleague.gpkg", "h_eave_m", "fid % 23 = 0")
        drawn()
        with watched("pull"):
            self.page.pull()
            until(lambda: not self.page.pulls.busy, "the pull")
        with watched("after the pull: reloaded and drawn"):
            until(self.settled, "the list of changes")
            drawn()
        self.plain()

    def check_out(self, name: str) -> None:
        with watched(name):
            self.catalogue.check_out()
            until(lambda: not self.catalogue.run.running, "the checkout")

    def connect(self, name: str, url: str, path: Path) -> None:
        connections = sys.modules[f"{PACKAGE}.map.connections"]
        saved = connections.save(connections.Connection(name, url))
        self.window.show_catalogue()
        self.catalogue = self.window.catalogue
        self.catalogue.connections.select(saved.name)
        until(lambda: self.catalogue.model.rowCount() and not self.catalogue.loader.busy, "the catalogue")
        self.catalogue.model.tick([one.id for one in self.catalogue.model.collections])
        self.catalogue.panel.file.setFilePath(str(path))
        drawn()

    def show_changes(self) -> None:
        self.window.dock.show_page("changes")
        until(lambda: self.page.model.paths() and self.settled(), "the Changes page")
        drawn()

    def publish(self) -> None:
        self.page.publish()
        until(lambda: self.page.dialog is not None and self.page.dialog.presenter.phase == "ready", "the checks")
        dialog = self.page.dialog
        dialog.message.setPlainText("Bench") if hasattr(dialog.message, "setPlainText") else dialog.message.setText(
            "Bench"
        )
        dialog.publish_button.click()
        until(lambda: dialog.presenter.phase == "report", "the publish", 600)
        FOUND["published"] = getattr(dialog.presenter.report, "published", None)
        dialog.reject()
        until(lambda: self.page.dialog is None, "the window to close")

    def other(self, what: str, path: Path, column: str, where: str) -> None:
        """Another program changes a copy, and publishes it."""
        command = [*PLAN["other"], what, str(path), self.table, column, where]
        with subprocess.Popen(command, cwd=PLAN["root"], env=PLAN["environment"]) as other:
            until(lambda: other.poll() is not None, what, 600)
        if other.returncode:
            raise RuntimeError(f"{what} failed")

    def plain(self) -> None:
        """QGIS itself with the same features, and nothing of ours."""
        path = FOLDER / "plain.gpkg"
        command = ["ogr2ogr", "-q", str(path), str(FOLDER / "colleague.gpkg"), self.table]
        with subprocess.Popen(command) as other:
            until(lambda: other.poll() is not None, "ogr2ogr")
        QgsProject.instance().removeAllMapLayers()
        pause(500)
        with watched("QGIS itself: adding the layer and drawing it"):
            layer = QgsVectorLayer(f"{path}|layername={self.table}", "plain", "ogr")
            QgsProject.instance().addMapLayer(layer)
            iface.mapCanvas().setExtent(layer.extent())
            drawn()
        with watched("QGIS itself: opening an edit session"):
            layer.startEditing()
            drawn()
        with watched("QGIS itself: ending it"):
            layer.rollBack()
            drawn()

    def layers(self) -> list[Any]:
        return list(QgsProject.instance().mapLayers().values())

    def settled(self) -> bool:
        return not (self.page.reader.busy or self.page.model.busy)


def run() -> None:
    try:
        iface.mainWindow().setGeometry(iface.mainWindow().screen().availableGeometry())
        qgis.utils.plugins[PACKAGE].window.warm_up.finish()
        iface.newProject(False)
        pause(1000)
        Day().go()
    except Exception:  # noqa: BLE001 - whatever it was, the outer process must hear of it
        FOUND["failed"] = traceback.format_exc()
    iface.mainWindow().grab().save(str(FOLDER / "window.png"))
    Path(PLAN["result"]).write_text(json.dumps(FOUND), encoding="utf-8")
    os._exit(0)


iface.initializationCompleted.connect(lambda: QTimer.singleShot(500, run))
