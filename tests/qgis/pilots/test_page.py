"""The Pilots page over a real working copy: what it lists, finds, follows and says while there is nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from qgis.core import (
    Qgis,
    QgsGeometry,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
    QgsVectorLayerUtils,
)
from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtGui import QColor, QImage
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QAbstractButton, QLabel
from qgis.PyQt.QtXml import QDomDocument

from plugin.gui.pilots import page_rows as rows
from plugin.gui.pilots.page import PilotsPage
from plugin.gui.pilots.page_days import day
from plugin.gui.pilots.page_model import Role
from plugin.gui.pilots.page_rows import Filter
from plugin.map import layers
from plugin.map.pilots.book import PilotBook
from plugin.pilots import vocabulary as words
from tests.identity_scenarios import sql_elsewhere
from tests.qgis.pilots.pilot_copies import Desk
from tests.qgis.pilots.pilot_window import MainWindow


@pytest.fixture
def page(city, qtbot) -> Iterator[PilotsPage]:
    window = MainWindow()
    window.canvas.setDestinationCrs(city.layer.crs())
    window.canvas.resize(600, 400)
    made = PilotsPage(window, city.copies, city.book)
    qtbot.addWidget(made)
    made.window_ = window
    made.resize(336, 700)
    made.show()
    yield made
    made.stop()


def shown(page: PilotsPage) -> dict[str, list[str]]:
    return {group.stage: [record.key for record in group.rows] for group in page.model.groups}


def words_in(widget) -> str:
    return " ".join(label.text() for label in widget.findChildren(QLabel))


def test_pilots_are_listed_by_stage_in_the_order_of_the_path(page):
    assert list(shown(page)) == [stage for stage in words.STAGES if stage in shown(page)]
    assert sum(map(len, shown(page).values())) == 10 and shown(page)[words.STOPPED] == ["P-10"]
    assert page.status.text.startswith("10 pilots") and "fading" in page.status.text
    names = [record.pilot.name for group in page.model.groups for record in group.rows if group.stage == words.RUNNING]
    assert names == sorted(names) and len(names) == 3


def test_filters_by_words_stage_fading_and_problems(page, city):
    page.filter.text.setText("rotterdam MOBILITEIT")
    QTest.keyClick(page.filter.text, Qt.Key.Key_Return)
    assert shown(page) == {words.SCALING: ["P-02"]}
    page.filter.reset()
    page.filter.stages.setCurrentIndex(page.filter.stages.findData(words.PROPOSED))
    assert set(shown(page)) == {words.PROPOSED}
    page.filter.reset()
    page.filter.fading.setChecked(True)
    fading = {record.key for record in city.book.records() if record.fading}
    assert {key for keys in shown(page).values() for key in keys} == fading and 0 < len(fading) < 10
    assert str(len(fading)) in page.filter.fading.text()
    page.filter.fading.setChecked(False)
    page.filter.problems.setChecked(True)
    wrong = {record.key for record in city.book.records() if any(p.severity != "notice" for p in record.problems)}
    assert {key for keys in shown(page).values() for key in keys} == wrong and wrong


def test_a_filter_that_hides_all_says_so_and_can_be_taken_away(page):
    page.filter.text.setText("no such thing")
    QTest.keyClick(page.filter.text, Qt.Key.Key_Return)
    assert page.model.shown == 0 and page.list.nothing.isVisible()
    page.list.nothing.buttons[0].click()
    assert page.model.shown == 10 and not page.list.nothing.isVisible() and page.filter.filter == Filter()


def test_the_details_tell_why_a_pilot_fades_and_what_is_wrong(page, city):
    record = next(one for one in city.book.records() if one.fading and one.problems)
    page.list.choose(city.path, record.key)
    said = words_in(page.details.widget())
    assert record.pilot.name in said and record.pilot.lead in said and day(record.pilot.start) in said
    assert all(reason.sentence in said for reason in record.fading)
    assert all(problem.sentence in said for problem in record.problems)


def test_a_problem_is_shown_on_the_map_and_its_fix_is_asked_for(page, city, qtbot):
    record = next(one for one in city.book.records() if any(p.code == "overlap" for p in one.problems))
    problem = next(one for one in record.problems if one.code == "overlap")
    page.list.choose(city.path, record.key)
    row = page.details.findChild(object, "CityTwinProblem_overlap")
    buttons = {button.text() or button.accessibleName(): button for button in row.findChildren(QAbstractButton)}
    canvas = page.window_.canvas
    buttons["Show This Place on the Map"].click()
    box = canvas.extent()
    assert box.xMinimum() < problem.box[0] < problem.box[2] < box.xMaximum() and box.width() < 3000
    with qtbot.waitSignal(page.fix_wanted) as asked:
        buttons[problem.fix.label].click()
    assert asked.args == [city.path, record.key, problem]


def test_list_and_map_select_the_same_pilot(page, city):
    city.layer.selectByIds([city.pilot("P-07").fid])
    assert page.chosen.key == "P-07"
    page.list.choose(city.path, "P-03")
    assert city.layer.selectedFeatureIds() == [city.pilot("P-03").fid]
    box = page.window_.canvas.extent()
    assert box.contains(city.layer.getFeature(city.pilot("P-03").fid).geometry().boundingBox())
    city.layer.removeSelection()
    assert page.chosen.key == "P-03", "no selection on the map is no choice"


def test_a_chosen_pilot_is_seen_on_the_map_and_so_is_the_city_below_it(page, city):
    plain = rendered(city.layer, "P-05")
    page.list.choose(city.path, "P-05")
    chosen = rendered(city.layer, "P-05")
    middle = [QColor(image.pixel(200, 200)) for image in (plain, chosen)]
    assert all(abs(a - b) < 60 for a, b in zip(*(colour.getRgb()[:3] for colour in middle))), "a patch hides the city"
    changed = sum(plain.pixel(x, y) != chosen.pixel(x, y) for x in range(0, 400, 2) for y in range(0, 400, 2))
    assert changed > 1000
    kept = QgsVectorLayer(city.layer.source(), "again", "ogr")
    assert kept.selectionProperties().selectionRenderingMode() == Qgis.SelectionRenderingMode.Default
    document = QDomDocument()
    city.layer.exportNamedStyle(document)
    kept.importNamedStyle(document)
    assert kept.selectionProperties().selectionRenderingMode() == Qgis.SelectionRenderingMode.CustomSymbol


def rendered(layer: QgsVectorLayer, key: str) -> QImage:
    """A pilot in the middle of a picture of 400 × 400 pixels."""
    feature = next(one for one in layer.getFeatures() if one["twin_id"] == key)
    box = feature.geometry().boundingBox()
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    settings.setOutputSize(QSize(400, 400))
    settings.setExtent(QgsRectangle.fromCenterAndSize(box.center(), 1.2 * box.width(), 1.2 * box.width()))
    settings.setFlag(Qgis.MapSettingsFlag.DrawLabeling, False)
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    return job.renderedImage()


def test_enter_and_double_click_ask_for_the_form(page, city, qtbot):
    page.list.choose(city.path, "P-03")
    with qtbot.waitSignal(page.edit_wanted) as asked:
        QTest.keyClick(page.list.view, Qt.Key.Key_Return)
    assert asked.args == [city.path, "P-03"]
    with qtbot.waitSignal(page.edit_wanted):
        page.list.view.doubleClicked.emit(page.list.view.currentIndex())
    heading = page.model.index(0, 0)
    with qtbot.assertNotEmitted(page.edit_wanted):
        page.list.view.doubleClicked.emit(heading)


def test_what_is_edited_elsewhere_is_followed_with_choice_and_folds_kept(page, city):
    page.list.choose(city.path, "P-03")
    page.list.view.collapse(page.model.index(0, 0))
    sql_elsewhere(Path(city.path), "UPDATE pilots SET name = 'Renamed quay' WHERE twin_id = 'P-03'")
    city.until(lambda: page.chosen is not None and page.chosen.pilot.name == "Renamed quay")
    assert "Renamed quay" in words_in(page.details.widget())
    assert not page.list.view.isExpanded(page.model.index(0, 0)) and page.list.view.isExpanded(page.model.index(1, 0))


def test_a_new_pilot_stays_chosen_when_it_is_saved(page, city):
    city.layer.startEditing()
    from dataclasses import replace

    fid = city.save(replace(city.pilot("P-03"), name="Twin of the quay", fid=None, twin_id=None, row={}))
    page.show_pilot(city.path, f"fid:{fid}")
    city.until(lambda: page.chosen is not None and page.chosen.key == f"fid:{fid}")
    assert "not saved yet" in words_in(page.details.widget())
    assert city.layer.commitChanges()
    city.until(lambda: page.chosen is not None and page.chosen.pilot.fid > 0)
    assert page.chosen.pilot.name == "Twin of the quay" and "not published yet" in words_in(page.details.widget())


def test_without_its_layer_the_page_offers_it_again(page, city):
    QgsProject.instance().removeMapLayer(city.layer.id())
    city.until(page.empty.isVisible)
    assert "city.gpkg" in page.empty.text and not page.new_button.isVisible()
    page.empty.buttons[0].click()
    city.until(lambda: city.book.layer(city.path) is not None and not page.empty.isVisible())
    page.list.choose(city.path, "P-01")
    assert city.book.layer(city.path).selectedFeatureIds() == [city.pilot("P-01").fid]


def test_a_closed_project_leaves_the_first_steps(page, city, qtbot):
    page.list.choose(city.path, "P-01")
    QgsProject.instance().clear()
    city.until(lambda: page.path == "" and not city.copies.copies())
    assert page.empty.isVisible() and "No Working Copy" in page.empty.title
    with qtbot.waitSignal(page.catalogue_wanted):
        page.empty.buttons[0].click()
    assert page.status.text == "No pilots" and page.chosen is None


def test_a_working_copy_without_pilots_says_what_to_check_out(page, city):
    QgsProject.instance().removeMapLayer(city.layer.id())
    sql_elsewhere(Path(city.path), "DELETE FROM twin_source WHERE table_name = 'pilots'")
    city.copies.renew(city.path)
    city.until(lambda: city.book.paths() == ())
    assert page.empty.isVisible() and "“pilots”" in page.empty.text and "city.gpkg" in page.empty.text


def test_a_twin_without_pilots_asks_for_the_first(page, city, qtbot):
    sql_elsewhere(Path(city.path), "DELETE FROM pilots")
    city.until(page.empty.isVisible)
    assert page.empty.title == "No Pilots Yet"
    with qtbot.waitSignal(page.new_wanted) as asked:
        page.empty.buttons[0].click()
    assert asked.args == [city.path]


def test_a_file_that_cannot_be_read_is_told_while_the_last_pilots_stay(page, city):
    sql_elsewhere(Path(city.path), "ALTER TABLE pilots RENAME TO something")
    city.until(lambda: page.status.kind == "bad")
    assert page.model.shown == 10 and page.again_button.isVisible()
    sql_elsewhere(Path(city.path), "ALTER TABLE something RENAME TO pilots")
    page.again_button.click()
    city.until(lambda: page.status.kind == "idle" and not page.again_button.isVisible())


def test_of_several_working_copies_one_is_chosen(page, city, tmp_path):
    shutil.copyfile(city.path, tmp_path / "other.gpkg")
    from plugin.workcopy.copy import WorkingCopy

    other = layers.make_layers(WorkingCopy.open(tmp_path / "other.gpkg"), ["pilots"])[0]
    assert not page.filter.copies.isVisible()
    QgsProject.instance().addMapLayer(other)
    path = str(tmp_path / "other.gpkg")
    city.until(lambda: city.book.known(path) and page.filter.copies.isVisible())
    assert page.filter.copies.currentText() == "city"
    page.filter.copies.setCurrentIndex(1)
    page.filter.copies.activated.emit(1)
    assert page.path == path and {record.path for record in page.model.records} == {path}
    other.selectByIds([1])
    assert page.chosen.path == path


def test_a_thousand_pilots_are_laid_out_without_holding_up_the_window(page, city):
    import time
    from dataclasses import replace

    one = city.book.records()[0]
    many = [replace(one, pilot=replace(one.pilot, name=f"Pilot {n}", fid=n, twin_id=f"x{n}")) for n in range(1000)]
    begun = time.perf_counter()
    page.model.set_records(many)
    page.list.choose(one.path, "x700")
    page.grab()
    took = time.perf_counter() - begun
    assert page.model.shown == 1000 and took < 0.25, took


def test_many_pilots_are_listed_before_they_are_checked(city, qtbot):
    shape = city.layer.getFeature(1).geometry()
    city.layer.startEditing()
    for n in range(120):
        one = QgsGeometry(shape)
        one.translate(700 * (n % 11 - 5), 700 * (n // 11 - 5))
        city.layer.addFeature(QgsVectorLayerUtils.createFeature(city.layer, one, {1: f"Pilot {n}", 4: "idea"}))
    assert city.layer.commitChanges()
    city.until(lambda: len(city.book.records()) == 130 and not city.book.busy, 20000)
    book = PilotBook(city.copies)
    page = PilotsPage(MainWindow(), city.copies, book)
    qtbot.addWidget(page)
    city.until(lambda: page.model.shown == 130)
    assert not book.checked(city.path) and page.status.text == "Checking pilots…" and page.status.kind == "busy"
    city.until(lambda: book.checked(city.path), 20000)
    assert page.status.text.startswith("130 pilots") and any(record.problems for record in page.model.records)
    page.stop()
    book.stop()


def test_a_row_tells_all_of_itself_to_who_cannot_see_it(page, city):
    record = next(one for one in city.book.records() if one.fading and one.problems)
    index = page.model.index_of(city.path, record.key)
    said = index.data(Qt.ItemDataRole.AccessibleTextRole)
    assert record.pilot.name in said and "Fading" in said and "warning" in said
    assert index.data(Role.RECORD) is record and rows.badge(record).severity == "warning"


def test_hostile_words_are_shown_as_they_are(page, city):
    sql_elsewhere(Path(city.path), "UPDATE pilots SET name = '<b>bold</b> <img src=x>' WHERE twin_id = 'P-03'")
    city.until(lambda: city.pilot("P-03").name.startswith("<b>"))
    page.list.choose(city.path, "P-03")
    labels = [label for label in page.details.findChildren(QLabel) if "<b>" in label.text()]
    assert labels and all(label.textFormat() == Qt.TextFormat.PlainText for label in labels)
    assert "&lt;b&gt;" in page.model.index_of(city.path, "P-03").data(Qt.ItemDataRole.ToolTipRole)


def test_stopping_lets_go(city: Desk, qtbot):
    made = PilotsPage(MainWindow(), city.copies, city.book)
    qtbot.addWidget(made)
    made.stop()
    city.layer.selectByIds([1])
    assert made.chosen is None
