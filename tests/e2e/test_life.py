"""Loading and unloading the plugin leaves nothing behind."""

from __future__ import annotations

import gc
import os
from collections import Counter

import pytest
import qgis.utils
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QEvent, QObject
from qgis.PyQt.QtGui import QAction
from qgis.PyQt.QtWidgets import QApplication, QDockWidget, QToolBar

NAME = "city_twin_workbench"
DEFERRED_DELETE = int(getattr(QEvent.Type.DeferredDelete, "value", QEvent.Type.DeferredDelete))


def settled() -> None:
    for _ in range(5):
        QApplication.processEvents()
        QApplication.sendPostedEvents(None, DEFERRED_DELETE)
    gc.collect()


def inventory(iface) -> Counter:
    """What hangs on QGIS's window, and what is registered elsewhere."""
    settled()
    found: Counter = Counter()
    window = iface.mainWindow()
    for kind in (QDockWidget, QToolBar, QAction):
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
    return found


@pytest.fixture
def loaded_after():
    yield
    if NAME not in qgis.utils.plugins:
        qgis.utils.loadPlugin(NAME)
        qgis.utils.startPlugin(NAME)


def test_twice_loaded_and_unloaded_leaves_nothing(iface, city_twin, wait_until, loaded_after):
    qgis.utils.unloadPlugin(NAME)
    before = inventory(iface)
    assert QgsApplication.processingRegistry().providerById("citytwin") is None
    for _ in range(2):
        qgis.utils.loadPlugin(NAME)
        qgis.utils.startPlugin(NAME)
        window = qgis.utils.plugins[NAME].window
        dock = window.dock
        assert QgsApplication.processingRegistry().providerById("citytwin") is not None
        window.show_catalogue()
        window.start_demo()
        wait_until(window.catalogue.model.rowCount)
        process = window.demo._twin._process.processId()
        assert process > 0
        qgis.utils.unloadPlugin(NAME)
        settled()
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
        assert dock not in iface.mainWindow().findChildren(QDockWidget)
    wait_until(lambda: inventory(iface)["tasks"] <= before["tasks"])
    after = inventory(iface)
    assert after - before == Counter()


def test_the_window_has_its_actions_in_the_menu_and_the_tool_bar(iface):
    window = qgis.utils.plugins[NAME].window
    titles = [action.text() for action in window.toolbar.actions()]
    assert 0 < len(titles) <= 5
    assert window.menu.menuAction() in iface.pluginMenu().actions()
    assert [action.text() for action in window.menu.actions()] == titles
