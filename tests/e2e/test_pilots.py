"""A coordinator's day with pilots: draw one with the mouse, describe it, be warned, mend it, publish it, and see it in
another working copy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from qgis.core import QgsPointXY, QgsRectangle
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QAbstractButton, QDialogButtonBox, QLabel

from tests.e2e.desk import Changes, at_rest, feature_of, layer_named
from tests.e2e.hands import RIGHT, Colleague, button, click, click_map, click_row, in_dialog, row_of, type_into

NEIGHBOUR = "P-03"  # Smart Quay Wilhelminapier: proposed, for 2027 to 2029


class Pilots:
    """The Pilots page, reached by its button on the rail."""

    def __init__(self, city_twin: Any, wait_until: Any) -> None:
        self.window = city_twin.window
        self.desk = self.window.pilots
        self.page = self.desk.page
        self._wait = wait_until

    def show(self) -> Pilots:
        self.window.dock.setUserVisible(True)
        click(self.window.dock.rail.button("pilots"))
        assert self.page.isVisible()
        self._wait(lambda: self.page.model.shown and not self.desk.book.busy, what="the pilots")
        return self

    def choose(self, name: str) -> None:
        click_row(self.page.list.view, row_of(self.page.list.view, name))
        self.wait_for(name)

    def wait_for(self, name: str) -> None:
        """Until the pilot of that title is chosen."""
        self._wait(lambda: self.page.chosen is not None and self.page.chosen.pilot.name == name, what=name)

    def codes(self) -> set[str]:
        """What is wrong with the chosen pilot."""
        return {problem.code for problem in self.page.chosen.problems}

    def row(self, code: str) -> Any:
        """The problem as the details show it."""
        return self.page.details.findChild(object, f"CityTwinProblem_{code}")

    def fix(self, code: str) -> None:
        found = [one for one in self.row(code).findChildren(QAbstractButton) if one.text()]
        assert len(found) == 1
        self.page.details.ensureWidgetVisible(found[0])
        click(found[0])

    def draw(self, canvas: Any, corners: list[QgsPointXY]) -> None:
        """With the left button corner by corner, the right one to end."""
        drawing = self.desk.drawing
        click(drawing.view.draw_button)
        for corner in corners:
            click_map(canvas, corner)
        click_map(canvas, corners[-1], RIGHT)
        self._wait(lambda: drawing.draft.verdict.pilot.wkb is not None and not drawing.draft.checking, what="the area")


@pytest.fixture
def pilots(city_twin, project, wait_until) -> Iterator[Pilots]:
    made = Pilots(city_twin, wait_until)
    yield made
    if made.desk.dialog is not None:
        made.desk.dialog.done(0)  # a form that is rejected asks what becomes of what was typed


def square(box: QgsRectangle) -> list[QgsPointXY]:
    return [
        QgsPointXY(box.xMinimum(), box.yMinimum()), QgsPointXY(box.xMaximum(), box.yMinimum()),
        QgsPointXY(box.xMaximum(), box.yMaximum()), QgsPointXY(box.xMinimum(), box.yMaximum()),
    ]  # fmt: skip


def test_a_pilot_is_drawn_described_mended_published_and_seen_elsewhere(
    check_out, pilots, city_twin, twin, iface, wait_until, screenshot
):
    check_out("pilots", "districts", "buildings")
    layer = layer_named("Pilot Areas")
    pilots.show()
    screenshot("pilots-page")
    assert "10 pilots" in pilots.page.status.text

    # draw: half of it on a neighbour
    canvas = iface.mapCanvas()
    there = feature_of(layer, NEIGHBOUR).geometry().boundingBox()
    middle, wide = there.center(), there.width()
    canvas.setExtent(QgsRectangle(middle.x() - 2 * wide, middle.y() - wide, middle.x() + wide, middle.y() + wide))
    canvas.refresh()
    at_rest(iface)
    click(pilots.page.new_button)
    assert pilots.desk.drawing.isVisible()
    outline = QgsRectangle(middle.x() - 0.8 * wide, middle.y() - 60, middle.x(), middle.y() + 60)
    pilots.draw(canvas, square(outline))
    at_rest(iface)
    screenshot("pilots-drawn")
    warned = [problem.code for problem in pilots.desk.drawing.draft.verdict.problems]
    assert "overlap" in warned
    click(pilots.desk.drawing.view.continue_button)

    # describe
    wait_until(lambda: pilots.desk.dialog is not None and pilots.desk.dialog.isVisible(), what="the form")
    form = pilots.desk.dialog
    type_into(form.header.title, "Shared Bikes at the Quay")
    wait_until(lambda: any(one.code == "overlap" for one in form.presenter.problems()), what="the warning in the form")
    screenshot("pilots-form")
    click(form.buttons.button(QDialogButtonBox.StandardButton.Ok))
    wait_until(lambda: pilots.desk.dialog is None, what="the form to close")

    # be told, and mend it
    pilots.wait_for("Shared Bikes at the Quay")
    assert pilots.page.model.shown == 11 and "overlap" in pilots.codes()
    said = " ".join(label.text() for label in pilots.row("overlap").findChildren(QLabel))
    assert "Smart Quay Wilhelminapier" in said and "m²" in said
    before = layer.getFeature(pilots.page.chosen.pilot.fid).geometry()
    at_rest(iface)
    screenshot("pilots-overlap")
    pilots.fix("overlap")
    wait_until(lambda: "overlap" not in pilots.codes(), what="the overlap to go")
    after = layer.getFeature(pilots.page.chosen.pilot.fid).geometry()
    assert 0 < after.area() < before.area() and not layer.isEditable()
    assert after.intersection(feature_of(layer, NEIGHBOUR).geometry()).area() < 1

    # publish
    changes = Changes(city_twin).show().wait_for(1)
    assert changes.shown()[0][0] == "Shared Bikes at the Quay"
    publishing = changes.publish()
    assert not [text for text in publishing.problems() if "overlap" in text.lower()]
    publishing.say("A pilot with shared bikes")
    publishing.go()
    screenshot("pilots-published")
    publishing.close()
    changes.wait_for(0)

    # see it from a second working copy
    city_twin.window.show_catalogue()
    other = check_out("pilots", name="colleague")
    pilots.show()
    wait_until(lambda: pilots.desk.book.known(str(other)), what="the second working copy")
    assert pilots.page.filter.copies.isVisible()
    box = pilots.page.filter.copies
    box.setFocus()
    QTest.keyClicks(box, "colleague")
    QTest.keyClick(box, Qt.Key.Key_Return)
    pilots.page.show_copy(str(other))
    wait_until(lambda: pilots.page.path == str(other) and pilots.page.model.shown == 11, what="the pilots over there")
    pilots.choose("Shared Bikes at the Quay")
    assert pilots.page.chosen.pilot.twin_id and "overlap" not in pilots.codes()
    at_rest(iface)
    screenshot("pilots-elsewhere")
    item = pilots.page.chosen.pilot.twin_id
    served = Colleague(twin.url).get("pilots", item)
    assert served.properties["name"] == "Shared Bikes at the Quay" and served.properties["stage"] == "idea"
    assert [entry["to"] for entry in served.properties["stage_history"]] == ["idea"]


def test_a_form_whose_file_is_held_by_another_program_keeps_what_was_typed(
    check_out, pilots, iface, wait_until, screenshot
):
    """A pilot that is selected on the map is chosen on the page; while another program holds the file, nothing that was
    typed into its form is lost."""
    path = check_out("pilots")
    layer = layer_named("Pilot Areas")
    pilots.show()
    layer.selectByIds([feature_of(layer, "P-07").id()])
    wait_until(lambda: pilots.page.chosen is not None and pilots.page.chosen.key == "P-07", what="the choice")
    row = row_of(pilots.page.list.view, "Plans in 3D Stationskwartier")
    click_row(pilots.page.list.view, row, double=True)
    wait_until(lambda: pilots.desk.dialog is not None, what="the form")
    form = pilots.desk.dialog
    type_into(form.header.title, "Plans in 3D")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    def told(box: Any) -> None:
        assert "Another program is writing rotterdam.gpkg" in box.text()
        screenshot("pilots-held")
        click(button(box, "Back to the Form"))

    in_dialog(lambda: click(form.buttons.button(QDialogButtonBox.StandardButton.Ok)), told)
    other.execute("ROLLBACK")
    other.close()
    assert form.isVisible() and form.header.title.text() == "Plans in 3D"
    click(form.buttons.button(QDialogButtonBox.StandardButton.Ok))
    wait_until(lambda: pilots.desk.dialog is None, what="the form to close")
    wait_until(
        lambda: pilots.page.chosen is not None and pilots.page.chosen.pilot.name == "Plans in 3D", what="the page"
    )
    assert feature_of(layer, "P-07")["name"] == "Plans in 3D"


def test_every_window_about_a_pilot_opens_from_the_page(check_out, pilots, iface, wait_until, screenshot):
    check_out("pilots", "districts", "buildings", "trees")
    pilots.show()
    pilots.choose("Rooftop Water Storage Oude Westen")
    windows = pilots.desk.windows
    for name in ("profile", "report", "meet"):
        click(pilots.page.strip.buttons[name])
        wait_until(lambda: len(windows.open()) == 1, what=name)
        (window,) = windows.open()
        presenter = getattr(window, "presenter", None)
        wait_until(lambda busy=presenter: not getattr(busy, "busy", False), 60, what=f"the {name} to be made")
        screenshot(f"pilots-{name}")
        window.close()
        wait_until(lambda: not windows.open(), what=f"the {name} to close")
    click(pilots.page.board_button)
    wait_until(lambda: len(windows.open()) == 1, what="the board")
    (board,) = windows.open()
    wait_until(board.isVisible)
    screenshot("pilots-board")
    board.zoom.emit(pilots.page.path, "P-05")
    assert pilots.page.chosen.key == "P-05"
    board.close()


def test_a_split_pilot_is_two_and_can_be_taken_back(check_out, pilots, iface, wait_until, screenshot):
    """With QGIS's own tool, in an edit session: the page follows each step."""
    check_out("pilots", "districts")
    layer = layer_named("Pilot Areas")
    pilots.show()
    pilots.choose("Noise Map Noordereiland")
    box = layer.getFeature(pilots.page.chosen.pilot.fid).geometry().boundingBox()
    canvas = iface.mapCanvas()
    canvas.setExtent(QgsRectangle.fromCenterAndSize(box.center(), 2 * box.width(), 2 * box.width()))
    canvas.refresh()
    iface.setActiveLayer(layer)
    at_rest(iface)
    iface.actionToggleEditing().trigger()
    iface.actionSplitFeatures().trigger()
    x = box.center().x()
    click_map(canvas, QgsPointXY(x, box.yMinimum() - 100))
    click_map(canvas, QgsPointXY(x, box.yMaximum() + 100))
    click_map(canvas, QgsPointXY(x, box.yMaximum() + 100), RIGHT)
    wait_until(lambda: pilots.page.model.shown == 11, what="the second half")
    names = [record.pilot.name for record in pilots.page.model.records]
    assert names.count("Noise Map Noordereiland") == 2
    screenshot("pilots-split")
    layer.undoStack().undo()
    wait_until(lambda: pilots.page.model.shown == 10, what="the half to go again")
    iface.actionPan().trigger()
    layer.rollBack()
