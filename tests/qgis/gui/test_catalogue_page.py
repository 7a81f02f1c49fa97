"""The Catalogue page against real twins: what it shows, checks out and says when something is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from qgis.core import QgsCoordinateReferenceSystem, QgsProject, QgsRectangle, QgsSettings
from qgis.PyQt.QtCore import QLocale, QObject, Qt, pyqtSignal
from qgis.PyQt.QtTest import QTest

from plugin.gui.catalogue_page import CataloguePage
from plugin.gui.demo_control import DemoControl
from plugin.gui.extent_choice import Area
from plugin.map import connections, layers
from plugin.map.connections import Connection
from plugin.workcopy.copy import WorkingCopy
from tests.qgis.gui.window import Window, empty_twin, html_site
from tests.qgis.map.meanwhile import Heartbeat, spin
from tests.twin_server import RunningTwin, serve_app


class NoDemo(QObject):
    """The demo twin's process, standing still."""

    ready = pyqtSignal(str)
    failed = pyqtSignal(str)
    stopped = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.url = ""
        self.ports: list[int] = []

    def start(self, port: int = 0) -> None:
        self.ports.append(port)

    def stop(self) -> None:
        self.url = ""


class Stage:
    """The page in a window, and what stands around it."""

    def __init__(self) -> None:
        self.window = Window()
        self.process = NoDemo()
        self.demo = DemoControl(self.process)
        self.page = CataloguePage(self.window, self.demo)
        self.page.resize(400, 800)
        self.page.show()

    def open(self, url: str, name: str = "Rotterdam") -> None:
        connections.save(Connection(name, url))
        self.page.connections.select(name)

    def listed(self) -> bool:
        return self.page.model.rowCount() > 0 and self.page._stack.currentIndex() == 1

    def buttons(self) -> list[str]:
        return [button.text().replace("&", "") for button in self.page.message.buttons]

    def press(self, text: str) -> None:
        next(b for b in self.page.message.buttons if b.text().replace("&", "") == text).click()


@pytest.fixture
def stage(qgis_app, qgis_new_project) -> Iterator[Stage]:
    QLocale.setDefault(QLocale("en"))
    QgsSettings().remove("citytwin")
    stage = Stage()
    yield stage
    stage.page.stop()
    stage.page.deleteLater()
    QgsProject.instance().clear()
    QgsSettings().remove("citytwin")


def test_without_a_connection_it_says_what_to_do_first(stage):
    assert stage.page.message.title == "Connect to Your City's Twin"
    assert stage.buttons() == ["New Connection…", "Start Demo Twin"]
    assert not stage.page.connections.edit_button.isEnabled()


def test_the_catalogue_is_read_and_looked_into(stage, demo_twin):
    stage.open(demo_twin.url)
    assert stage.page.status.kind == "busy"
    assert spin(stage.listed)
    assert {one.id for one in stage.page.model.collections} >= {"buildings", "streets", "trees"}
    assert all(one.count for one in stage.page.model.collections)
    assert "Editable, all or nothing" in stage.page.status.text
    assert QgsSettings().value("citytwin/connection") == "Rotterdam"


@pytest.mark.parametrize(
    ("app", "title"), [(html_site, "Rotterdam Cannot Be Read"), (empty_twin, "Nothing to Check Out")]
)
def test_what_is_no_twin_and_a_twin_without_anything(stage, app, title):
    url, stop = serve_app(app)
    try:
        stage.open(url)
        assert spin(lambda: stage.page.message.title == title), stage.page.message.title
    finally:
        stop()


def test_a_twin_that_does_not_answer_can_be_tried_again(stage, fresh_twin):
    fresh_twin.stop()
    stage.open(fresh_twin.url)
    assert spin(lambda: stage.page.status.kind == "bad")
    assert stage.page.message.title == "Rotterdam Cannot Be Read"
    assert "does not accept connections" in stage.page.message.text
    assert stage.buttons() == ["Try Again", "Edit Connection…"]
    stage.press("Try Again")
    assert stage.page.status.kind == "busy"
    assert spin(lambda: stage.page.status.kind == "bad")


def test_another_connection_leaves_nothing_of_the_former(stage, demo_twin):
    stage.open(demo_twin.url)
    assert spin(stage.listed)
    stage.page.model.tick(["buildings"])
    stage.page.list.filter.setText("build")
    stage.open("http://127.0.0.1:9/", "Elsewhere")
    assert stage.page.model.rowCount() == 0
    assert stage.page.list.filter.text() == ""
    assert spin(lambda: stage.page.message.title == "Elsewhere Cannot Be Read")
    connections.remove("Elsewhere")
    assert spin(stage.listed)
    assert stage.page.model.ticked() == []


def test_nothing_found_is_said(stage, demo_twin):
    stage.open(demo_twin.url)
    assert spin(stage.listed)
    stage.page.list.filter.setText("zebra")
    assert stage.page.list.nothing.isVisible()
    assert "zebra" in stage.page.list.nothing.text
    stage.page.list.filter.setText("")
    assert not stage.page.list.nothing.isVisible()


def test_keyboard_from_the_filter_to_a_tick(stage, demo_twin):
    stage.open(demo_twin.url)
    assert spin(stage.listed)
    stage.page.list.filter.setFocus()
    QTest.keyClicks(stage.page.list.filter, "street")
    QTest.keyClick(stage.page.list.filter, Qt.Key.Key_Return)
    assert stage.page.list.current.id == "streets"
    QTest.keyClick(stage.page.list.view, Qt.Key.Key_Space)
    assert [one.id for one in stage.page.model.ticked()] == ["streets"]
    QTest.keyClick(stage.page.list.view, Qt.Key.Key_Space)
    assert stage.page.model.ticked() == []


def test_a_click_on_the_box_ticks_and_one_beside_it_only_chooses(stage, demo_twin):
    stage.open(demo_twin.url)
    assert spin(stage.listed)
    view = stage.page.list.view
    row = view.visualRect(stage.page.list.proxy.index(0, 0))
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=row.center())
    assert stage.page.list.details.isVisible()
    assert stage.page.model.ticked() == []
    box = row.topLeft()
    box.setX(box.x() + 12)
    box.setY(row.center().y())
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=box)
    assert [one.id for one in stage.page.model.ticked()] == ["buildings"]


def test_all_that_is_shown_can_be_ticked(stage, demo_twin):
    stage.open(demo_twin.url)
    assert spin(stage.listed)
    stage.page.model.tick(["water"])
    stage.page.list.filter.setText("trees")
    shown = {stage.page.list.proxy.index(row, 0).data() for row in range(stage.page.list.shown)}
    stage.page.list.tick_shown(True)
    assert {one.title for one in stage.page.model.ticked()} == shown | {"Water"}
    stage.page.list.tick_shown(False)
    assert [one.id for one in stage.page.model.ticked()] == ["water"]


def checked_out(stage: Stage, path: Path, *ids: str) -> WorkingCopy:
    stage.page.model.tick(ids)
    stage.page.panel.file.setFilePath(str(path))
    assert stage.page.panel.button.isEnabled()
    stage.page.panel.button.click()
    assert stage.page.run.running
    assert spin(lambda: not stage.page.run.running, 60)
    return WorkingCopy.open(path)


def test_a_checkout_brings_layers_and_holds_nobody_up(stage, demo_twin, tmp_path):
    stage.open(demo_twin.url)
    assert spin(stage.listed)
    heart = Heartbeat()
    copy = checked_out(stage, tmp_path / "city.gpkg", "districts", "streets", "trees")
    away = heart.stop()
    assert [source.table for source in copy.sources] == ["districts", "streets", "trees"]
    assert spin(lambda: len(layers.project_layers(copy.path)) == 3)
    assert QgsProject.instance().crs().authid() == "EPSG:28992"
    assert any(text.startswith("Checked out ") for text in stage.window.said())
    assert stage.page.model.ticked() == []
    assert spin(lambda: stage.window.canvas.extent().width() < 10_000)
    print(f"longest the main thread was away: {away:.0f} ms")
    assert away < 200  # 50 is the aim; the machine of the test may be busy


def test_an_extent_limits_what_comes_and_what_is_expected(stage, demo_twin, tmp_path):
    stage.open(demo_twin.url)
    assert spin(stage.listed)
    stage.window.canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:28992"))
    stage.page.model.tick(["buildings"])
    assert stage.page.panel.estimate.full_text.startswith("About ")
    whole = stage.page.panel.estimate.full_text
    stage.page.panel.extent.choose(Area.DRAWN)
    assert not stage.page.panel.button.isEnabled()  # nothing is drawn yet
    stage.page.panel.extent._drawn._drawn(QgsRectangle(92000, 436800, 92600, 437400))
    assert spin(lambda: stage.page.panel.estimate.full_text not in ("", whole, "Counting…"))
    expected = stage.page.panel.estimate.full_text
    copy = checked_out(stage, tmp_path / "part.gpkg", "buildings")
    count = copy.sources[0].feature_count
    assert 0 < count < 3000
    assert expected == f"About {count:,} features"


def test_cancel_leaves_nothing(stage, demo_twin, tmp_path):
    stage.open(demo_twin.url)
    assert spin(stage.listed)
    stage.page.model.tick(["buildings", "trees"])
    path = tmp_path / "never.gpkg"
    stage.page.panel.file.setFilePath(str(path))
    stage.page.panel.button.click()
    stage.page.panel.cancel_button.click()
    assert spin(lambda: not stage.page.run.running)
    assert list(tmp_path.glob("never*")) == []
    assert "Nothing was left half done" in stage.page.status.text
    assert [one.id for one in stage.page.model.ticked()] == ["buildings", "trees"]


def test_a_file_in_use_or_a_folder_that_is_not_there_is_refused(stage, demo_twin, tmp_path):
    stage.open(demo_twin.url)
    assert spin(stage.listed)
    path = tmp_path / "city.gpkg"
    checked_out(stage, path, "districts")
    assert spin(lambda: layers.project_layers(path))
    assert stage.page.panel.path != path  # another is proposed
    for wrong, word in ((path, "open in this project"), (tmp_path / "no" / "x.gpkg", "does not exist")):
        stage.page.model.tick(["districts"])
        stage.page.panel.file.setFilePath(str(wrong))
        stage.page.check_out()
        assert not stage.page.run.running
        assert word in stage.page.status.text


def test_the_demo_twin_becomes_a_connection_and_keeps_its_port(stage, demo_twin: RunningTwin):
    stage.press("Start Demo Twin")
    assert stage.process.ports == [0]
    assert stage.page.status.kind == "busy"
    stage.process.url = demo_twin.url
    stage.process.ready.emit(demo_twin.url)
    assert connections.all() == [Connection("Demo Twin", demo_twin.url)]
    assert spin(stage.listed)
    # As after a restart of QGIS: the connection is there, the process is not.
    stage.process.url = ""
    stage.page.read_again()
    assert stage.page.message.title == "The Demo Twin Is Asleep"
    assert stage.buttons() == ["Start Demo Twin"]
    stage.press("Start Demo Twin")
    assert stage.process.ports == [0, 0]  # its port is taken: by the twin of this test
    stage.process.failed.emit("It did not start.")
    assert stage.page.message.text == "It did not start."


def test_a_demo_twin_that_is_ready_while_another_page_is_seen_is_read_when_this_one_is(stage, demo_twin: RunningTwin):
    stage.press("Start Demo Twin")
    connections.save(Connection("Another", "http://127.0.0.1:9/"))
    stage.page.hide()
    stage.process.failed.emit("It did not start.")
    stage.page.show()
    assert stage.page.message.text == "It did not start."
    stage.press("Start Demo Twin")
    stage.page.hide()
    stage.process.url = demo_twin.url
    stage.process.ready.emit(demo_twin.url)
    assert not stage.page.loader.busy
    stage.page.show()
    assert spin(stage.listed)
    assert stage.page.connections.current == Connection("Demo Twin", demo_twin.url)


def test_another_page_that_starts_the_demo_twin_leaves_this_one_as_it_is(stage, demo_twin: RunningTwin):
    stage.open(demo_twin.url)
    assert spin(stage.listed)
    stage.page.hide()
    stage.demo.start()
    stage.process.failed.emit("It did not start.")
    stage.page.show()
    assert spin(lambda: not stage.page.loader.busy) and stage.listed()
    assert stage.page.status.kind == "good"


def test_a_busy_twin_is_waited_for_and_it_is_said(stage):
    """429 with Retry-After: the page says that it waits, and shows the catalogue once the twin has time."""
    asked = []

    def busy_at_first(environ, start_response):
        asked.append(environ["PATH_INFO"])
        if len(asked) == 1:
            start_response("429 Too Many Requests", [("Retry-After", "1"), ("Content-Length", "0")])
            return [b""]
        return empty_twin(environ, start_response)

    said = []
    stage.page.loader.noted.connect(said.append)
    url, stop = serve_app(busy_at_first)
    try:
        stage.open(url)
        assert spin(lambda: said)
        assert stage.page.status.text == said[0] and "wait 1 second" in said[0]
        assert spin(lambda: not stage.page.loader.busy)
        assert stage.page.message.title == "Nothing to Check Out"
    finally:
        stop()
