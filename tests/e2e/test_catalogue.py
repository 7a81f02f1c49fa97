"""From an empty QGIS to layers on the map, with clicks, as a new user does it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from qgis.core import QgsProject
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QDialog

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def page(city_twin):
    QgsProject.instance().clear()
    city_twin.window.show_catalogue()
    return city_twin.window.catalogue


def city_twin_connections():
    from city_twin_workbench.map import connections

    return connections


def click(widget) -> None:
    QTest.mouseClick(widget, LEFT)


def test_a_new_user_starts_the_demo_twin(page, city_twin, wait_until, screenshot):
    wait_until(lambda: page.message.buttons)
    for one in city_twin_connections().all():
        city_twin_connections().remove(one.name)
    wait_until(lambda: not page.loader.busy)
    screenshot("catalogue-first-steps")
    click(page.message.buttons[-1])
    wait_until(lambda: page.model.rowCount() >= 6)
    wait_until(lambda: not page.loader.busy)
    assert city_twin.window.demo.running
    screenshot("catalogue")


def test_finding_nothing_and_finding_something(page, wait_until, screenshot):
    wait_until(page.model.rowCount)
    QTest.keyClicks(page.list.filter, "zebra")
    assert page.list.nothing.isVisible()
    screenshot("catalogue-nothing-found")
    page.list.filter.clear()
    QTest.keyClicks(page.list.filter, "build")
    QTest.keyClick(page.list.filter, Qt.Key.Key_Return)
    assert page.list.current.id == "buildings"
    screenshot("catalogue-details")
    page.list.filter.clear()


def test_the_connection_dialog_reports(page, wait_until, screenshot):
    seen = []

    def in_dialog() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QDialog)
        click(dialog.test_button)
        wait_until(lambda: dialog.report.sentences)
        screenshot("connection-good")
        seen.append({one.kind for one in dialog.report.sentences})
        dialog.url.setText("http://127.0.0.1:9/")
        click(dialog.test_button)
        wait_until(lambda: {one.kind for one in dialog.report.sentences} == {"bad"})
        screenshot("connection-refused")
        dialog.reject()

    QTimer.singleShot(200, in_dialog)
    click(page.connections.edit_button)
    assert seen == [{"good"}]


def test_a_checkout_puts_the_city_on_the_map(page, iface, wait_until, screenshot, tmp_path: Path):
    wait_until(page.model.rowCount)
    beats = [time.monotonic()]
    gaps: list[float] = []

    def beat() -> None:
        now = time.monotonic()
        gaps.append(now - beats[-1])
        beats.append(now)

    page.model.tick(["districts", "buildings", "water"])
    page.panel.file.setFilePath(str(tmp_path / "rotterdam.gpkg"))
    timer = QTimer()
    timer.setInterval(5)
    timer.timeout.connect(beat)
    timer.start()
    click(page.panel.button)
    wait_until(lambda: not page.run.running, 60)
    during = max(gaps)
    timer.stop()
    wait_until(lambda: len(QgsProject.instance().mapLayers()) == 3)
    wait_until(lambda: not iface.mapCanvas().isDrawing())
    screenshot("checked-out")
    assert QgsProject.instance().crs().authid() == "EPSG:28992"
    assert page.status.kind == "good"
    print(f"the window was away for at most {during * 1000:.0f} ms during the checkout")
    assert during < 0.25
    QgsProject.instance().clear()
