"""What the tests inside the real QGIS application share."""

from __future__ import annotations

import os
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtWidgets import QApplication

from tests.e2e import hands
from tests.twin_server import RunningTwin, start_twin

SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"
MISHAP = "did not foresee"  # the plugin's own sentence for an exception that nobody thought of


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests read English; in another language only those run that are made for it."""
    if os.environ.get("CITYTWIN_LOCALE", "en") == "en":
        return
    for item in items:
        if item.path.name not in ("test_start.py", "test_dutch.py"):
            item.add_marker(pytest.mark.skip(reason="reads English"))


@pytest.fixture(scope="session")
def iface() -> Any:
    """The running QGIS application's interface."""
    from qgis.utils import iface

    return iface


@pytest.fixture
def city_twin() -> Any:
    """The plugin as QGIS has it now, all of it made: a test may have loaded it anew."""
    import qgis.utils

    plugin = qgis.utils.plugins["city_twin_workbench"]
    plugin.window.warm_up.finish()
    return plugin


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., None]:
    """``wait_until(condition, seconds=20)``: let QGIS go on with its work until ``condition()`` is true."""
    return hands.wait_until


@pytest.fixture(scope="session")
def screenshot() -> Callable[[str], Path]:
    """``screenshot("name")``: keep what the whole screen shows, dialogs and menus included, below build/screenshots."""

    def take(name: str) -> Path:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        QCoreApplication.processEvents()
        path = SCREENSHOTS / f"{name}.png"
        QApplication.primaryScreen().grabWindow(0).save(str(path))
        return path

    return take


@pytest.fixture(autouse=True)
def nothing_unforeseen() -> Iterator[None]:
    """A traceback in QGIS, or in the plugin's log, fails the test during which it came."""
    seen: list[str] = []

    def hook(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        seen.append("".join(traceback.format_exception(kind, error, trace)))

    def logged(message: str, _tab: str, _level: object) -> None:
        if MISHAP in message:
            seen.append(message)

    former, sys.excepthook = sys.excepthook, hook
    log = QgsApplication.messageLog()
    log.messageReceived.connect(logged)
    yield
    QCoreApplication.processEvents()
    log.messageReceived.disconnect(logged)
    sys.excepthook = former
    if seen:
        pytest.fail("\n".join(seen))


# -- a twin, and a QGIS that is connected to it ----------------------------------------------------------------------


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a twin with the generated city: made once, copied for each test."""
    store = tmp_path_factory.mktemp("city") / "city.sqlite"
    start_twin(store=store).stop()
    return store


@pytest.fixture
def twin(city: Path, tmp_path: Path) -> Iterator[RunningTwin]:
    """A running twin with the generated city, for this test alone."""
    folder = tmp_path / "twin"
    folder.mkdir()
    store = Path(shutil.copy(city, folder / "twin.sqlite"))
    running = start_twin(store=store)
    yield running
    running.stop()


@pytest.fixture
def project(iface: Any) -> Iterator[QgsProject]:
    """A new project; what the test leaves in it is thrown away, edits too."""

    def fresh() -> None:
        hands.close_down_to(None)
        instance = QgsProject.instance()
        for layer in instance.mapLayers().values():
            if hasattr(layer, "isEditable") and layer.isEditable():
                layer.rollBack()
        iface.newProject(False)
        iface.messageBar().clearWidgets()
        iface.actionPan().trigger()

    fresh()
    yield QgsProject.instance()
    canvas = iface.mapCanvas()
    canvas.stopRendering()
    fresh()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the test keeps its working copies."""
    made = tmp_path / "copies"
    made.mkdir()
    return made


@pytest.fixture
def no_connections(city_twin: Any) -> Iterator[Any]:
    """QGIS as somebody has it who never connected to a twin, before and after the test."""
    from city_twin_workbench.map import connections

    def forget() -> None:
        for one in connections.all():
            connections.remove(one.name)

    forget()
    yield connections
    forget()


@pytest.fixture
def catalogue(city_twin: Any, project: QgsProject, twin: RunningTwin, no_connections: Any) -> Any:
    """The Catalogue page, showing what the twin of this test has."""
    saved = no_connections.save(no_connections.Connection("Rotterdam", twin.url))
    city_twin.window.show_catalogue()
    page = city_twin.window.catalogue
    page.connections.select(saved.name)
    hands.wait_until(lambda: page.model.rowCount() > 0 and not page.loader.busy, what="the catalogue")
    page.list.filter.clear()
    page.panel.extent.combo.setCurrentIndex(0)
    return page


@pytest.fixture
def check_out(catalogue: Any, folder: Path, iface: Any) -> Callable[..., Path]:
    """``check_out("buildings", "trees")``: the working copy, with its layers in the project and its changes read."""

    def do(*collections: str, name: str = "rotterdam") -> Path:
        path = folder / f"{name}.gpkg"
        before = len(QgsProject.instance().mapLayers())
        catalogue.model.tick(collections)
        hands.type_into(catalogue.panel.file.lineEdit(), str(path))
        hands.click(catalogue.panel.button)
        hands.wait_until(lambda: not catalogue.run.running, 60, "the checkout")
        hands.wait_until(lambda: len(QgsProject.instance().mapLayers()) == before + len(collections), what="the layers")
        canvas, layers = iface.mapCanvas(), QgsProject.instance().mapLayers().values()
        for _turn in range(20):  # the zoom comes some turns of the event loop after the last layer
            QCoreApplication.processEvents()
        hands.wait_until(lambda: all(canvas.extent().intersects(one.extent()) for one in layers), what="the zoom")
        hands.wait_until(lambda: not canvas.isDrawing(), 60, "the map")
        return path

    return do
