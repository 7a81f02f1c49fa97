"""The plugin's life: what it puts into QGIS's window, and that unloading leaves nothing behind."""

from __future__ import annotations

import gc
import os
import threading
from collections import Counter
from pathlib import Path

import pytest
import qgis.utils
from qgis.core import QgsApplication, QgsProject
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QThread, QTimer
from qgis.PyQt.QtGui import QAction
from qgis.PyQt.QtWidgets import QApplication, QDockWidget, QToolBar

from tests.e2e.desk import DEFERRED_DELETE, Changes, change, layer_named
from tests.e2e.hands import button, click, type_into

NAME = "city_twin_workbench"


def settled() -> None:
    for _ in range(5):
        QApplication.processEvents()
        QApplication.sendPostedEvents(None, DEFERRED_DELETE)
    gc.collect()


def children() -> set[int]:
    """The processes that QGIS has started and that still run."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it ended just now
        if int(fields[1]) == os.getpid() and fields[0] != "Z":
            found.add(int(entry.parent.name))
    return found


def ours() -> Counter:
    """The plugin's objects that are alive, by type; but for what belongs to a module: PyQt never frees a class."""
    found: Counter = Counter()
    for one in gc.get_objects():
        kind = type(one)
        module = getattr(kind, "__module__", "")
        if not isinstance(module, str) or not module.startswith(NAME) or not issubclass(kind, QObject):
            continue
        if not sip.isdeleted(one) and kind.__name__ != "Signals":
            found[f"ours: {module}.{kind.__name__}"] += 1
    return found


def inventory(iface) -> Counter:
    """What hangs on QGIS's window, and what is registered or running elsewhere."""
    settled()
    found = ours()
    window = iface.mainWindow()
    for kind in (QDockWidget, QToolBar, QAction, QTimer, QThread):
        found[kind.__name__] = len(window.findChildren(kind))
    found["plugin menus"] = len(iface.pluginMenu().actions())
    for action in window.findChildren(QAction):
        if not action.isSeparator():
            found[f"action {action.text()!r}"] += 1
    for widget in QApplication.topLevelWidgets():
        found[f"top-level {type(widget).__name__} {widget.objectName()!r} {widget.windowTitle()!r}"] += 1
    found["providers"] = len(QgsApplication.processingRegistry().providers())
    found["map canvas children"] = len(iface.mapCanvas().children())
    found["map items"] = len(iface.mapCanvas().scene().items())
    found["tasks"] = len(QgsApplication.taskManager().tasks())
    found["layer tree children"] = len(iface.layerTreeView().findChildren(QObject))
    found["processes"] = len(children())
    for thread in threading.enumerate():
        if thread.name.startswith("Dummy-"):
            continue  # Python's record of a thread of QGIS's own pool that once was in our code
        found[f"thread {thread.name if 'city' in thread.name else ''}"] += 1
    return found


@pytest.fixture
def loaded_after():
    yield
    if NAME not in qgis.utils.plugins:
        qgis.utils.loadPlugin(NAME)
        qgis.utils.startPlugin(NAME)


def action(iface, words: str) -> QAction:
    """The entry of the plugin's menu that says ``words``."""
    (menu,) = [entry.menu() for entry in iface.pluginMenu().actions() if entry.menu() and entry.text() == "City Twin"]
    return next(entry for entry in menu.actions() if entry.text() == words)


def test_twice_loaded_and_unloaded_leaves_nothing(iface, project, no_connections, wait_until, loaded_after):
    qgis.utils.unloadPlugin(NAME)
    before = inventory(iface)
    assert QgsApplication.processingRegistry().providerById("citytwin") is None
    for _ in range(2):
        qgis.utils.loadPlugin(NAME)
        qgis.utils.startPlugin(NAME)
        window = qgis.utils.plugins[NAME].window
        dock = window.dock
        assert QgsApplication.processingRegistry().providerById("citytwin") is not None
        former = children()
        action(iface, "Start Demo Twin").trigger()
        wait_until(window.catalogue.model.rowCount, 30, "the demo twin's catalogue")
        (process,) = children() - former
        assert process == window.demo._twin.pid
        qgis.utils.unloadPlugin(NAME)
        settled()
        assert process not in children()
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
        assert sip.isdeleted(dock)
        del window, dock
    wait_until(lambda: inventory(iface)["tasks"] <= before["tasks"])
    assert inventory(iface) - before == Counter()


def test_unloaded_in_the_middle_of_work(check_out, city_twin, iface, folder, wait_until, loaded_after):
    """A checkout runs, changes are listed, marks are set, a rectangle is drawn: all of it goes, and no layer does."""
    check_out("pilots")
    change(iface, layer_named("Pilot Areas"), "P-01", budget_eur=1.0)
    Changes(city_twin).show().wait_for(1)
    wait_until(lambda: Changes(city_twin).note(layer_named("Pilot Areas"), iface))
    page = city_twin.window.catalogue
    city_twin.window.show_catalogue()
    page.model.tick(["buildings", "trees", "streets"])
    type_into(page.panel.file.lineEdit(), str(folder / "second.gpkg"))
    click(page.panel.button)
    wait_until(lambda: list(folder.glob("second*")), what="something is being written")
    qgis.utils.unloadPlugin(NAME)
    del page
    settled()
    wait_until(lambda: not list(folder.glob("second*")), what="the half-written file to go")
    assert ours() == Counter()
    layer = layer_named("Pilot Areas")
    node = QgsProject.instance().layerTreeRoot().findLayer(layer.id())
    assert not [one for one in iface.layerTreeView().indicators(node) if "published" in one.toolTip()]
    assert not [thread for thread in threading.enumerate() if "city" in thread.name]


def test_the_window_has_its_actions_in_the_menu_and_the_tool_bar(iface):
    window = qgis.utils.plugins[NAME].window
    titles = [action.text() for action in window.toolbar.actions()]
    assert 0 < len(titles) <= 5
    assert window.menu.menuAction() in iface.pluginMenu().actions()
    in_menu = [action.text() for action in window.menu.actions() if not action.isSeparator()]
    assert [title for title in in_menu if title in titles] == titles and "Live Sensors…" in titles
    assert set(in_menu) - set(titles) == {
        "Resolve Conflicts…", "Publish History…", "Sensor Chart", "Thresholds…", "Threshold Log", "Keep a Snapshot…",
        "Play Back…", "Pilots", "New Pilot Area…", "Pilot Portfolio…", "Start Demo Twin",
        "Field Review", "Prepare Field Review…", "Merge Field Review…",
    }  # fmt: skip


def test_a_new_user_starts_the_demo_twin(city_twin, project, no_connections, wait_until, screenshot):
    city_twin.window.show_catalogue()
    page = city_twin.window.catalogue
    wait_until(lambda: page.message.isVisible() and page.message.buttons)
    screenshot("first-steps")
    click(button(page.message, "Start Demo Twin"))
    wait_until(lambda: page.model.rowCount() >= 6 and not page.loader.busy, 30, "the demo twin's catalogue")
    assert city_twin.window.demo.running
    screenshot("demo-twin")
    city_twin.window.demo.stop()
