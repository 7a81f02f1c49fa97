"""QGIS starts with the plugin, in the language of its user, and nothing stands in the way."""

from __future__ import annotations

import os
import sys
import time

import pytest
import qgis.utils
from qgis.core import QgsApplication
from qgis.PyQt import sip
from qgis.PyQt.QtWidgets import QApplication

from tests.e2e.desk import DEFERRED_DELETE

NAME = "city_twin_workbench"
MODULES = 40  # of ours, of the six hundred
SECONDS = 0.5  # a tenth of a second is meant; other programs may have the processor


def ours():
    """The modules of ours that are loaded."""
    return [name for name in sys.modules if name.startswith(f"{NAME}.")]


@pytest.fixture
def started_anew(city_twin, project):
    """What a start takes: seconds, and the modules of ours that it loaded."""
    qgis.utils.unloadPlugin(NAME)
    assert not [one for one in ours() if not hasattr(sys.modules[one], "__path__")], "not forgotten at unload"
    began = time.thread_time()
    qgis.utils.loadPlugin(NAME)
    qgis.utils.startPlugin(NAME)
    return time.thread_time() - began, ours()


def test_qgis_started_the_plugin(city_twin, iface, screenshot):
    assert type(city_twin).__name__ == "CityTwinPlugin"
    assert city_twin.iface is iface
    assert screenshot("start").stat().st_size > 10_000


def test_no_dialog_stands_in_the_way(iface):
    assert QApplication.activeModalWidget() is None
    assert iface.mainWindow().isVisible()


def test_the_language_is_the_one_asked_for(city_twin):
    assert QgsApplication.locale() == os.environ.get("CITYTWIN_LOCALE", "en")


def test_the_start_is_short(started_anew):
    seconds, modules = started_anew
    assert seconds < SECONDS
    assert len(modules) < MODULES, modules
    # what brings the network, SQLite and the pages, with all that those need
    heavy = {f"{NAME}.{one}" for one in ("twin.session", "workcopy.sql", "processing.algorithm", "gui.live_desk")}
    assert not heavy & set(modules)


def test_the_rest_comes_by_itself_in_small_steps(started_anew, wait_until):
    window = qgis.utils.plugins[NAME].window
    provider = QgsApplication.processingRegistry().providerById("citytwin")
    assert provider.algorithms() == []
    turns, step = [], window.warm_up._step

    def counted():
        before = len(sys.modules)
        step()
        turns.append(len(sys.modules) - before)

    window.warm_up._step = counted
    wait_until(lambda: window.warm_up.done, 60, "all that is loaded after the start")
    assert len(provider.algorithms()) > 10
    assert max(turns) < 40, "a step that loads much holds up the window: make its imports late, or its parts smaller"
    assert all(window.dock.page(page).parent() is not None for page in ("catalogue", "changes", "sensors", "pilots"))


def test_what_is_asked_for_before_is_there_at_once(started_anew, iface):
    window = qgis.utils.plugins[NAME].window
    assert not window.warm_up.done
    window.show_pilots()
    assert window.dock.current == "pilots"
    assert window.dock.page("pilots") is window.pilots.page
    sensors = window.live.page
    qgis.utils.unloadPlugin(NAME)  # in the middle of it
    QApplication.sendPostedEvents(None, DEFERRED_DELETE)
    assert sip.isdeleted(sensors)
    qgis.utils.loadPlugin(NAME)
    qgis.utils.startPlugin(NAME)
    assert QgsApplication.processingRegistry().providerById("citytwin") is not None
