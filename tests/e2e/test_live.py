"""Live sensors in the real QGIS: chosen, seen, looked back at, watched, kept, reopened, and gone at unload."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import qgis.utils
from osgeo import ogr
from qgis.core import Qgis, QgsFeature, QgsPointXY, QgsProject, QgsVectorLayer
from qgis.gui import QgsGui, QgsMapCanvas, QgsMapLayerActionContext
from qgis.PyQt.QtCore import QCoreApplication, QPoint, Qt, QTimer
from qgis.PyQt.QtGui import QCursor
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QWidget

from tests.e2e.desk import Changes, layer_named
from tests.e2e.hands import button, click, in_dialog, type_into, wait_until

NAME = "city_twin_workbench"


@pytest.fixture
def sensors(city_twin: Any, project: QgsProject, twin: Any, no_connections: Any) -> Any:
    """The Sensors page, showing what the twin of this test observes."""
    saved = no_connections.save(no_connections.Connection("Rotterdam", twin.url))
    city_twin.window.show_sensors()
    page = city_twin.window.live.page
    page.connections.select(saved.name)
    wait_until(lambda: len(page.model) > 100 and not page.loader.busy, 30, "the sensors")
    page.tree.filter.clear()
    return page


def add_layer(city_twin: Any, page: Any, title: str) -> QgsVectorLayer:
    """Tick one property and press the button; the layer once every sensor of it says something."""
    (group,) = [one for one in page.model.groups if one.observed.name == title]
    page.model.tick({group.id})
    click(page.foot.add_button)
    wait_until(lambda: [one for one in city_twin.window.live.layers.all() if one.name() == title], what="the layer")
    layer = layer_named(title)
    wait_until(lambda: layer.featureCount() > 1 and "none" not in values(layer, "freshness"), 20, "its values")
    return layer


def values(layer: QgsVectorLayer, column: str) -> list[Any]:
    return [feature[column] for feature in layer.getFeatures()]


def said(iface: Any) -> str:
    return " | ".join(item.text() for item in iface.messageBar().items())


def test_traffic_is_live_on_the_map(city_twin, sensors, iface, screenshot):
    """By push; what was ticked is a layer at the top, its values move, and the page says how."""
    layer = add_layer(city_twin, sensors, "Traffic speed")
    group = QgsProject.instance().layerTreeRoot().children()[0]
    assert group.name() == "Live Sensors" and [node.name() for node in group.children()] == ["Traffic speed"]
    assert layer.featureCount() == 42 and layer.crs().authid() == "EPSG:4326" and layer.readOnly()
    assert set(values(layer, "freshness")) <= {"live", "late", "silent"} and set(values(layer, "unit")) == {"km/h"}
    before = {feature["datastream"]: feature["phenomenon_time"] for feature in layer.getFeatures()}
    clean = QgsProject.instance().isDirty()

    def newer() -> int:
        return sum(feature["phenomenon_time"] > before[feature["datastream"]] for feature in layer.getFeatures())

    wait_until(lambda: newer() >= 10, 30, "ten newer values")
    assert QgsProject.instance().isDirty() == clean
    wait_until(lambda: "Push since" in sensors.status.text and "messages/s" in sensors.status.text, what="the words")
    # nothing else is on the map: it shows them without being asked
    wait_until(lambda: iface.mapCanvas().extent().contains(shown_at(iface.mapCanvas(), layer)), 5, "the zoom")
    drawn: list[int] = []
    iface.mapCanvas().mapCanvasRefreshed.connect(lambda: drawn.append(1))
    wait_until(lambda: len(drawn) > 1, 30, "the map to be drawn, and again with newer values")
    screenshot("live-map")
    # ticked again, it is the layer that is there
    click(sensors.foot.add_button)
    wait_until(lambda: "already" in said(iface), what="the message")
    assert len(city_twin.window.live.layers.all()) == 1


def test_a_sensor_is_charted_from_the_map(city_twin, sensors, screenshot):
    """QGIS's identify results offer it; the chart has the day before, and goes on by itself."""
    layer = add_layer(city_twin, sensors, "NO2")
    feature = next(one for one in layer.getFeatures() if one["freshness"] == "live")
    actions = QgsGui.mapLayerActionRegistry().mapLayerActions(
        layer, Qgis.MapLayerActionTarget.SingleFeature, QgsMapLayerActionContext()
    )
    (action,) = [one for one in actions if one.text() == "Show Chart"]
    action.triggerForFeature(layer, QgsFeature(feature), QgsMapLayerActionContext())
    chart = city_twin.window.live.chart
    wait_until(chart.isVisible, what="the dock")
    presenter = chart.presenter

    def points() -> int:
        return sum(len(one.trace) for one in presenter.sensors)

    wait_until(lambda: points() > 50, 20, "the history")
    before = points()
    wait_until(lambda: points() > before, 30, "the live tail")
    screenshot("live-chart")
    chart.hide()


def test_the_map_tip_leads_to_the_chart(city_twin, sensors, iface, screenshot):
    """With the mouse: rest on a sensor, read the tip, follow its link."""
    layer = add_layer(city_twin, sensors, "NO2")
    canvas, chart = iface.mapCanvas(), city_twin.window.live.chart
    # degrees are no map of a city, and have no 3D
    wait_until(lambda: QgsProject.instance().crs().authid() == "EPSG:3857", 10, "the map's CRS")
    wait_until(lambda: canvas.extent().contains(shown_at(canvas, layer)), 10, "the zoom")
    wait_until(lambda: not canvas.isDrawing(), 10, "the map")
    iface.setActiveLayer(layer)
    chart.hide()
    iface.actionMapTips().setChecked(True)
    place = canvas.getCoordinateTransform().transform(shown_at(canvas, layer))
    spot = QPoint(int(place.x()), int(place.y()))
    QCursor.setPos(canvas.viewport().mapToGlobal(spot + QPoint(40, 40)))
    QCursor.setPos(canvas.viewport().mapToGlobal(spot))
    QTest.mouseMove(canvas.viewport(), spot)
    wait_until(lambda: tips(canvas), 15, "the map tip")
    wait_until(lambda: tips(canvas)[0].height() > 100, 10, "its picture")
    screenshot("live-tip")
    (tip,) = tips(canvas)
    for y in range(tip.height() - 4, 4, -5):  # the link is the last line
        if tip.isVisible() and not chart.isVisible():
            QTest.mouseClick(tip, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(14, y))
            QCoreApplication.processEvents()
    iface.actionMapTips().setChecked(False)
    wait_until(chart.isVisible, 5, "the chart")
    assert [sensor.stream.observed_property.name for sensor in chart.presenter.sensors] == ["NO2"]
    chart.hide()


def shown_at(canvas: QgsMapCanvas, layer: QgsVectorLayer) -> QgsPointXY:
    """Where the first sensor is on the map."""
    return canvas.mapSettings().layerToMapCoordinates(layer, next(layer.getFeatures()).geometry().asPoint())


def tips(canvas: QgsMapCanvas) -> list[QWidget]:
    kinds = ("QgsWebView", "QTextBrowser")
    return [one for one in canvas.findChildren(QWidget) if one.isVisible() and one.metaObject().className() in kinds]


def test_a_threshold_is_told_and_logged(city_twin, sensors, iface, screenshot):
    layer = add_layer(city_twin, sensors, "Traffic speed")
    live = city_twin.window.live
    iface.messageBar().clearWidgets()
    live.edit_thresholds()
    dialog = live.dialog
    in_dialog(lambda: click(button(dialog, "Add…")), lambda editor: fill_threshold(editor, "Slow", "150", screenshot))
    screenshot("live-thresholds")
    click(button(dialog, "OK"))
    wait_until(lambda: live.dialog is None, what="the dialog to close")
    wait_until(lambda: "Slow" in said(iface), 20, "the message")
    wait_until(lambda: any(values(layer, "exceeded")), 10, "the highlight")
    live.show_log()
    wait_until(lambda: live.log.isVisible() and live.log.model.rowCount() >= 1, what="the log")
    screenshot("live-log")
    live.log.hide()


def fill_threshold(editor: Any, name: str, level: str, screenshot: Any) -> None:
    type_into(editor.name, name)
    type_into(editor.level.lineEdit(), level)
    screenshot("live-threshold")
    click(button(editor, "OK"))


def test_a_snapshot_is_kept_in_the_working_copy(city_twin, check_out, iface, screenshot):
    """It is a table of its own, and nothing to publish."""
    path = check_out("trees")
    city_twin.window.show_sensors()
    page = city_twin.window.live.page
    wait_until(lambda: len(page.model) > 100 and not page.loader.busy, 30, "the sensors")
    layer = add_layer(city_twin, page, "Noise")
    live = city_twin.window.live
    live.keep_snapshot(layer)
    screenshot("live-snapshot")
    click(live.dialog.buttons.button(live.dialog.buttons.StandardButton.Ok))
    wait_until(lambda: any("Noise" in one.name() and one is not layer for one in layers()), 20, "the snapshot")
    source = ogr.Open(str(path))
    tables = [source.GetLayer(at).GetName() for at in range(source.GetLayerCount())]
    (kept,) = [name for name in tables if "noise" in name.lower()]
    rows = source.GetLayerByName(kept)
    assert rows.GetFeatureCount() == layer.featureCount() == 5
    assert {row["datastream"] for row in rows} == set(values(layer, "datastream"))
    changes = Changes(city_twin).show()
    wait_until(changes.settled, 20, "the changes")
    assert changes.page.model.all_changes() == []


def layers() -> list[QgsVectorLayer]:
    return list(QgsProject.instance().mapLayers().values())


def test_live_layers_come_back_with_the_project(city_twin, sensors, iface, folder: Path):
    """Refilled and connected, and nobody is asked what to do with temporary layers."""
    add_layer(city_twin, sensors, "Traffic flow")
    path = str(folder / "live.qgz")
    assert QgsProject.instance().write(path)
    asked: list[Any] = []

    def look() -> None:
        if QApplication.activeModalWidget() is not None:
            asked.append(QApplication.activeModalWidget())
            QApplication.activeModalWidget().reject()

    guard = QTimer()
    guard.setInterval(50)
    guard.timeout.connect(look)
    guard.start()
    iface.newProject(True)  # as the menu does: asks what is to be saved, if anything is
    wait_until(lambda: not layers(), 10, "the new project")
    assert not asked and not city_twin.window.live.layers.all()
    iface.addProject(path)
    guard.stop()
    assert not asked
    layer = layer_named("Traffic flow")
    wait_until(lambda: layer.featureCount() == 42 and "live" in values(layer, "freshness"), 30, "its values")
    assert city_twin.window.live.layers.feed_of(layer).status.phase


def test_unloading_ends_the_broker_and_leaves_the_layer_silent(city_twin, sensors, no_connections):
    layer = add_layer(city_twin, sensors, "PM2.5")
    wait_until(lambda: "Push since" in sensors.status.text, 20, "the broker")
    assert [thread for thread in threading.enumerate() if "city-twin-broker" in thread.name]
    qgis.utils.unloadPlugin(NAME)
    try:
        wait_until(lambda: not [one for one in threading.enumerate() if "city" in one.name], 5, "the threads to end")
        assert set(values(layer, "freshness")) == {"silent"}
    finally:
        assert qgis.utils.loadPlugin(NAME) and qgis.utils.startPlugin(NAME)
