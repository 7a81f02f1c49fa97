"""The live desk: what is read for a chart of the page alone is read as long as somebody looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtGui import QAction
from qgis.PyQt.QtWidgets import QMainWindow

from plugin.gui.demo_control import DemoControl
from plugin.gui.live_desk import LiveDesk
from plugin.map import tasks
from plugin.map.connections import Connection
from plugin.twin.sensorthings import ObservedProperty
from tests.qgis.gui.sensor_rows import row
from tests.qgis.gui.sensors_stage import NoDemo, SensorsWindow
from tests.qgis.map.meanwhile import spin
from tests.unit.twin.sta_stub import stubs


class Copies(QObject):
    changed = pyqtSignal()

    def copies(self) -> list:
        return []


class Iface(SensorsWindow):
    def __init__(self) -> None:
        super().__init__()
        self.window = QMainWindow()
        self.window.setCentralWidget(self.canvas)
        self.window.show()
        self.identify = QAction()

    def mainWindow(self) -> QMainWindow:
        return self.window

    def addDockWidget(self, area, dock) -> None:
        self.window.addDockWidget(area, dock)

    def removeDockWidget(self, dock) -> None:
        self.window.removeDockWidget(dock)

    def layerTreeView(self) -> None:
        return None

    def actionIdentify(self) -> QAction:
        return self.identify


@pytest.fixture
def charted(qgis_app, qgis_new_project) -> Iterator[LiveDesk]:
    """Two datastreams in the chart, of no layer."""
    iface, root = Iface(), QObject()
    desk = LiveDesk(iface, Copies(), DemoControl(NoDemo()), root)
    with stubs() as start:
        stub = start(streams=4)
        found = SimpleNamespace(service=SimpleNamespace(url=stub.url), connection=Connection("a twin", stub.url))
        desk.page.desk.look_at(found)
        observed = ObservedProperty("0", "NO2", "", "", "0")
        desk.page.desk.chart([row("0", "a", observed), row("2", "b", observed)])
        assert spin(lambda: len(desk.chart.presenter.sensors) == 2)
        assert len(desk.feeds.all()) == 1
        yield desk
        desk.page.stop()  # as the dock does that it is in
        desk.stop()
        desk.page.deleteLater()
        tasks.cancel_all(3)
    QgsProject.instance().clear()


def test_a_new_project_ends_it(charted):
    QgsProject.instance().clear()
    assert spin(lambda: not charted.feeds.all())
    charted.chart.setUserVisible(False)
    charted.chart.setUserVisible(True)
    assert not spin(charted.feeds.all, 0.3), "nothing comes back"


def test_it_ends_with_the_last_sensor_of_the_chart(charted):
    presenter = charted.chart.presenter
    presenter.remove([presenter.sensors[0].key])
    assert not spin(lambda: not charted.feeds.all(), 0.2)
    presenter.remove([presenter.sensors[0].key])
    assert spin(lambda: not charted.feeds.all())


def test_a_closed_chart_reads_nothing_and_goes_on_when_it_is_open_again(charted):
    charted.chart.close()
    assert spin(lambda: not charted.feeds.all())
    presenter = charted.chart.presenter
    assert len(presenter.sensors) == 2 and not any(sensor.connected for sensor in presenter.sensors)
    charted.chart.setUserVisible(True)
    assert spin(lambda: all(sensor.connected for sensor in presenter.sensors))
    assert len(presenter.sensors) == 2 and len(charted.feeds.all()) == 1
    assert all(sensor.feed is charted.feeds.all()[0] for sensor in presenter.sensors)
