"""What is done with pilots in the window: described, mended, stopped, deleted, drawn; and nothing lost."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from qgis.core import QgsGeometry, QgsProject, QgsRectangle
from qgis.gui import QgsGui, QgsMapLayerActionContext
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QDialog, QMessageBox

from plugin.gui.pilots.desk import PilotsDesk
from plugin.gui.pilots.draw_area import How
from plugin.gui.pilots.stop_dialog import StopDialog
from plugin.pilots import vocabulary as words
from plugin.pilots.reading import find_pilot, read_pilots
from plugin.pilots.record import Pilot
from tests.identity_scenarios import sql_elsewhere
from tests.qgis.pilots.pilot_window import MainWindow


class Room:
    """The desk in a window, over the working copy ``city``."""

    def __init__(self, city, qtbot) -> None:
        self.city, self.path = city, city.path
        self.window = MainWindow()
        self.window.canvas.setDestinationCrs(city.layer.crs())
        self.window.canvas.setLayers([city.layer])
        self.window.canvas.setExtent(city.layer.extent())
        self.desk = PilotsDesk(self.window, city.copies)
        qtbot.addWidget(self.desk.page)
        self.desk.page.resize(336, 700)
        self.desk.page.show()
        city.until(lambda: self.desk.book.known(city.path) and not self.desk.book.busy)

    def stored(self, key: str) -> Pilot:
        return find_pilot(read_pilots(self.city.copy), key)

    def pilot(self, key: str) -> Pilot | None:
        record = self.desk.book.record(self.path, key)
        return record.pilot if record is not None else None

    def problem(self, code: str):
        return next((r, p) for r in self.desk.book.records(self.path) for p in r.problems if p.code == code)

    def until(self, done: Callable[[], object]) -> None:
        self.city.until(lambda: bool(done()))


@pytest.fixture
def room(city, qtbot) -> Iterator[Room]:
    made = Room(city, qtbot)
    yield made
    made.desk.stop()
    made.desk.page.stop()
    sip.delete(made.desk.page)
    made.window.close()


def fill_in(dialog, title: str) -> None:
    dialog.header.title.selectAll()
    QTest.keyClicks(dialog.header.title, title)


def go_on(room: Room) -> None:
    room.until(lambda: not room.desk.drawing.draft.hindrance())
    room.desk.drawing.view.continue_button.click()


def answering(words_on_button: str) -> list[str]:
    """Press that button of the message box that opens next; what it said comes into the list."""
    said: list[str] = []

    def look() -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox):
            timer.start(20)
            return
        said.append(f"{box.text()} {box.informativeText()}")
        next(one for one in box.buttons() if one.text().replace("&", "") == words_on_button).click()

    timer = QTimer(QApplication.instance())
    timer.setSingleShot(True)
    timer.timeout.connect(look)
    timer.start(20)
    return said


def test_the_form_writes_what_was_filled_in(room):
    room.desk.edit(room.path, "P-03")
    dialog = room.desk.dialog
    assert dialog.isVisible() and dialog.pilot().key == "P-03"
    fill_in(dialog, "Smarter Quay")
    dialog.accept()
    assert room.desk.dialog is None and room.stored("P-03").name == "Smarter Quay"
    room.until(lambda: room.pilot("P-03").name == "Smarter Quay")
    assert room.desk.page.chosen.key == "P-03" and "Changes page" in room.window.said()[-1]
    assert not room.city.layer.isEditable()


def test_a_form_that_was_only_looked_at_writes_nothing_and_says_nothing(room):
    room.desk.edit(room.path, "P-03")
    room.desk.dialog.accept()
    assert room.window.said() == [] and room.city.copy.counts("pilots")["pilots"].total == 0


def test_one_form_at_a_time(room):
    room.desk.edit(room.path, "P-03")
    first = room.desk.dialog
    room.desk.edit(room.path, "P-04")
    room.desk.stop_pilot(room.path, "P-04")
    assert room.desk.dialog is first
    first.reject()
    assert room.desk.dialog is None


def test_in_an_edit_session_the_form_writes_into_it(room):
    room.city.layer.startEditing()
    room.desk.edit(room.path, "P-03")
    fill_in(room.desk.dialog, "Smarter Quay")
    room.desk.dialog.accept()
    assert room.city.layer.isEditable() and room.stored("P-03").name != "Smarter Quay"
    assert "edit session" in room.window.said()[-1]
    room.until(lambda: room.pilot("P-03").name == "Smarter Quay")
    room.city.layer.undoStack().undo()
    room.until(lambda: room.pilot("P-03").name != "Smarter Quay")


def test_while_another_program_writes_the_form_stays_with_all_that_is_in_it(room):
    room.desk.edit(room.path, "P-03")
    dialog = room.desk.dialog
    fill_in(dialog, "Smarter Quay")
    other = sqlite3.connect(room.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    said = answering("Back to the Form")
    dialog.accept()
    assert "Another program is writing" in said[0] and "still there" in said[0]
    assert room.desk.dialog is dialog and dialog.isVisible() and dialog.header.title.text() == "Smarter Quay"
    other.execute("ROLLBACK")
    other.close()
    dialog.accept()
    assert room.desk.dialog is None and room.stored("P-03").name == "Smarter Quay"


def test_what_somebody_else_changes_meanwhile_comes_into_the_form(room):
    room.desk.edit(room.path, "P-03")
    dialog = room.desk.dialog
    fill_in(dialog, "Smarter Quay")
    sql_elsewhere(Path(room.path), "UPDATE pilots SET lead = 'Somebody else' WHERE twin_id = 'P-03'")
    room.until(lambda: dialog.pilot().lead == "Somebody else")
    assert "Somebody else changed this pilot" in dialog.notice.text and dialog.pilot().name == "Smarter Quay"
    dialog.accept()
    assert (room.stored("P-03").name, room.stored("P-03").lead) == ("Smarter Quay", "Somebody else")


def test_without_the_layer_the_form_stays_until_it_is_there_again(room):
    room.desk.edit(room.path, "P-03")
    dialog = room.desk.dialog
    fill_in(dialog, "Smarter Quay")
    QgsProject.instance().removeMapLayer(room.city.layer.id())
    said = answering("Back to the Form")
    dialog.accept()
    assert "no longer in the project" in said[0] and dialog.isVisible()
    room.city.add()
    room.until(lambda: room.desk.book.layer(room.path) is not None)
    dialog.accept()
    assert room.stored("P-03").name == "Smarter Quay"


def test_a_twin_that_takes_no_changes_shows_the_form_to_read(room):
    sql_elsewhere(Path(room.path), "UPDATE twin_source SET methods = '[]' WHERE table_name = 'pilots'")
    room.city.copies.renew(room.path)
    room.until(lambda: not room.desk.book.source(room.path).methods)
    room.desk.edit(room.path, "P-03")
    assert "takes no changes" in room.desk.dialog.presenter.read_only
    page = room.desk.page
    assert not page.new_button.isEnabled() and not page.actions.actions["redraw"].isEnabled()
    assert page.actions.actions["edit"].isEnabled() and not page.actions.actions["delete"].isEnabled()


def test_an_overlap_is_cut_off_and_gone(room):
    record, problem = room.problem("overlap")
    room.desk.fix(room.path, record.key, problem)
    room.until(lambda: not any(p.code == "overlap" and p.other == problem.other for p in _problems(room, record.key)))
    before, after = (QgsGeometry() for _ in "12")
    before.fromWkb(record.pilot.wkb)
    after.fromWkb(room.stored(record.key).wkb)
    assert 0 < after.area() < before.area()


def test_a_fix_in_an_edit_session_is_one_step_back(room):
    record, problem = room.problem("overlap")
    room.city.layer.startEditing()
    room.desk.fix(room.path, record.key, problem)
    assert room.city.layer.undoStack().count() == 1
    room.until(lambda: room.pilot(record.key).wkb != record.pilot.wkb)
    room.city.layer.undoStack().undo()
    room.until(lambda: room.pilot(record.key).wkb == record.pilot.wkb)


def test_a_pilot_is_stopped_with_its_reason(room):
    before = room.stored("P-01")
    room.desk.stop_pilot(room.path, "P-01")
    dialog = room.desk.dialog
    assert isinstance(dialog, StopDialog) and not dialog.go_button.isEnabled()
    dialog.write("The subsidy ended.", "alderman")
    assert dialog.go_button.isEnabled()
    dialog.go_button.click()
    after = room.stored("P-01")
    assert after.stage == words.STOPPED and after.stop_reason == "The subsidy ended."
    assert after.history[:-1] == before.history
    assert (after.history[-1].old, after.history[-1].reason, after.history[-1].by) == (
        before.stage, "The subsidy ended.", "alderman",
    )  # fmt: skip
    room.until(lambda: room.desk.page.chosen is not None and room.desk.page.chosen.pilot.stage == words.STOPPED)
    assert not room.desk.page.actions.actions["stop"].isEnabled()


def test_stopping_on_a_day_that_has_a_time_already_comes_behind_it(room):
    late = '[{"at": "2026-11-23T00:00:01Z", "from": "proposed", "to": "running"}]'
    sql_elsewhere(Path(room.path), f"UPDATE pilots SET stage_history = '{late}' WHERE twin_id = 'P-01'")
    room.until(lambda: len(room.pilot("P-01").history) == 1)
    room.desk.book._clock = lambda: room.pilot("P-01").history[0].day
    room.desk.stop_pilot(room.path, "P-01")
    room.desk.dialog.write("Enough.")
    room.desk.dialog.go_button.click()
    assert [change.new for change in room.stored("P-01").history] == [words.RUNNING, words.STOPPED]


def test_deleting_asks_and_says_that_a_pilot_that_ended_is_stopped(room):
    said = answering("Cancel")
    room.desk.delete(room.path, "P-01")
    assert "stopped, with its reason" in said[0] and room.stored("P-01")
    answering("Stop It Instead…")
    room.desk.delete(room.path, "P-01")
    assert isinstance(room.desk.dialog, StopDialog) and room.stored("P-01")
    room.desk.dialog.reject()
    answering("Delete")
    room.desk.delete(room.path, "P-01")
    assert "P-01" not in {one.key for one in read_pilots(room.city.copy)}
    room.until(lambda: room.pilot("P-01") is None)


def test_a_new_pilot_is_drawn_described_and_chosen(room):
    room.desk.new_pilot(room.path)
    assert room.desk.drawing.isVisible() and room.desk.drawing.running
    square = QgsGeometry.fromRect(QgsRectangle(92000, 435000, 92200, 435200))
    room.desk.drawing.draft.put(bytes(square.asWkb()))
    go_on(room)
    assert not room.desk.drawing.isVisible()
    dialog = room.desk.dialog
    assert dialog.presenter.is_new
    fill_in(dialog, "Brand New")
    dialog.accept()
    room.until(lambda: room.desk.page.chosen is not None and room.desk.page.chosen.pilot.name == "Brand New")
    found = room.stored(room.desk.page.chosen.key)
    assert found.stage == words.IDEA and len(found.history) == 1 and found.twin_id is None
    assert QgsGeometry.fromWkt("POINT (92100 435100)").within(_shape(found))


def test_a_redrawn_area_that_cannot_be_written_is_still_on_the_map(room):
    room.desk.redraw(room.path, "P-03")
    square = QgsGeometry.fromRect(QgsRectangle(92000, 435000, 92200, 435200))
    room.desk.drawing.draft.set_how(How.REPLACE)
    room.desk.drawing.draft.put(bytes(square.asWkb()))
    room.until(lambda: not room.desk.drawing.draft.hindrance())
    drawn = room.desk.drawing.draft.outcome().wkb
    other = sqlite3.connect(room.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    go_on(room)
    assert room.desk.drawing.running
    room.until(lambda: not room.desk.drawing.draft.hindrance())
    assert room.desk.drawing.draft.outcome().wkb == drawn
    other.execute("ROLLBACK")
    other.close()
    go_on(room)
    assert not room.desk.drawing.running
    assert _shape(room.stored("P-03")).symDifference(_wkb(drawn)).area() < 0.01


def test_the_action_of_the_map_opens_the_form_and_goes_at_the_end(room):
    registry = QgsGui.mapLayerActionRegistry()
    mine = [one for one in registry.mapLayerActions(room.city.layer) if one.text() == "Edit Pilot…"]
    assert len(mine) == 1
    assert not [one for one in registry.mapLayerActions(room.city.districts) if one.text() == "Edit Pilot…"]
    feature = room.city.layer.getFeature(room.pilot("P-05").fid)
    mine[0].triggerForFeature(room.city.layer, feature, QgsMapLayerActionContext())
    assert room.desk.dialog.pilot().key == "P-05"
    room.desk.action.stop()
    assert not [one for one in registry.mapLayerActions(room.city.layer) if one.text() == "Edit Pilot…"]


def test_unloading_with_a_form_and_a_drawing_open_leaves_nothing(room):
    room.desk.edit(room.path, "P-03")
    dialog: QDialog = room.desk.dialog
    fill_in(dialog, "Never kept")
    room.desk.stop()
    assert not dialog.isVisible() and room.desk.dialog is None
    assert room.stored("P-03").name != "Never kept"
    assert room.desk.book.paths() == ()


@pytest.mark.parametrize("kind", ["profile", "report", "meet", "board"])
def test_windows_about_pilots_open_once_and_go_with_the_plugin(room, kind):
    def show() -> None:
        getattr(room.desk, kind)(*(() if kind == "board" else (room.path, "P-01")))

    show()
    (window,) = room.desk.windows.open()
    assert window.isVisible()
    show()
    assert room.desk.windows.open() == [window]
    window.close()
    room.until(lambda: not room.desk.windows.open())
    show()
    (window,) = room.desk.windows.open()
    room.desk.stop()
    assert sip.isdeleted(window) or not window.isVisible()


def test_unloading_in_the_middle_of_drawing_takes_it_off_the_map(room):
    room.window.cadDockWidget()  # which has an item of its own on the map
    items = len(room.window.canvas.scene().items())
    room.desk.new_pilot(room.path)
    room.desk.drawing.view.draw_button.click()
    square = QgsGeometry.fromRect(QgsRectangle(92000, 435000, 92200, 435200))
    room.desk.drawing.draft.put(bytes(square.asWkb()))
    room.until(lambda: not room.desk.drawing.draft.hindrance())
    tool = room.window.canvas.mapTool()
    room.desk.stop()
    assert not room.desk.drawing.running and room.window.canvas.mapTool() is not tool
    assert len(room.window.canvas.scene().items()) <= items


def _problems(room: Room, key: str):
    record = room.desk.book.record(room.path, key)
    return record.problems if record is not None else ()


def _shape(pilot: Pilot) -> QgsGeometry:
    return _wkb(pilot.wkb)


def _wkb(wkb: bytes) -> QgsGeometry:
    found = QgsGeometry()
    found.fromWkb(wkb)
    return found
