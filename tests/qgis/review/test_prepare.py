"""Preparing a field review: what is asked, what hinders it, and the package that comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from qgis.core import QgsProject, QgsRasterLayer, QgsSettings
from qgis.PyQt.QtCore import QDate

from plugin.gui.extent_choice import Area as Where
from plugin.gui.review.desk import ReviewDesk
from plugin.gui.review.prepare_dialog import PrepareDialog
from plugin.gui.review.prepare_presenter import file_name
from plugin.map import layers
from plugin.review import manifest, tasks
from plugin.twin.progress import SILENT
from tests.qgis.pilots.pilot_window import MainWindow
from tests.qgis.review.packages import opened
from tests.qgis.review.review_copies import Office


@pytest.fixture
def office(city_file, tmp_path, qtbot, qgis_app) -> Iterator[Office]:
    QgsSettings().remove("citytwin")
    made = Office(city_file, tmp_path / "office", qtbot)
    QgsProject.instance().addMapLayers(layers.make_layers(made.copy, ["pilots", "districts"]))
    yield made
    made.stop()


@pytest.fixture
def desk(office, qtbot, monkeypatch) -> Iterator[ReviewDesk]:
    monkeypatch.setattr("plugin.gui.review.prepare_dialog.QDesktopServices.openUrl", lambda _url: True)
    window = MainWindow()
    window.canvas.setDestinationCrs(office.buildings.crs())
    window.canvas.resize(600, 400)
    made = ReviewDesk(window, office.copies)
    made.window_ = window
    qtbot.addWidget(made.page)
    office.until(lambda: made.book.known(office.path) and not made.book.busy)
    yield made
    made.stop()
    made.page.stop()
    window.close()


@pytest.fixture
def dialog(desk, office, tmp_path) -> PrepareDialog:
    desk.prepare(office.path)
    found = desk.dialog
    found.form.folder.setFilePath(str(tmp_path))
    return found


def pick(dialog: PrepareDialog, *tables: str) -> None:
    from qgis.PyQt.QtCore import Qt

    for at in range(dialog.form.layers.count()):
        row = dialog.form.layers.item(at)
        checked = row.data(Qt.ItemDataRole.UserRole) in tables
        row.setCheckState(Qt.CheckState.Checked if checked else Qt.CheckState.Unchecked)


def made(dialog: PrepareDialog, office: Office, tmp_path: Path) -> Path:
    came = []
    dialog.made.connect(came.append)
    dialog.go()
    office.until(lambda: came, timeout=20_000)
    assert came[0].zip.is_file() and came[0].folder.parent == tmp_path
    return came[0].folder


def test_what_hinders_is_said_in_a_sentence(dialog, tmp_path):
    assert dialog.go_button.isEnabled() and dialog.status.text.startswith("The package will be Field review of office")
    pick(dialog)
    assert not dialog.go_button.isEnabled() and "at least one layer" in dialog.status.text
    pick(dialog, "trees")
    dialog.form.name.setText("  ")
    assert not dialog.go_button.isEnabled() and "title" in dialog.status.text
    dialog.form.name.setText("Walk: a/b?")
    dialog.form.folder.setFilePath(str(tmp_path / "nowhere"))
    assert not dialog.go_button.isEnabled() and "is not there" in dialog.status.text
    dialog.form.folder.setFilePath(str(tmp_path))
    assert dialog.go_button.isEnabled() and dialog.presenter.target == tmp_path / "Walk a b"
    (tmp_path / "Walk a b").mkdir()
    assert dialog.presenter.target == tmp_path / "Walk a b 2"


def test_the_package_of_a_pilot_with_all_its_buildings_as_tasks(dialog, office, tmp_path):
    pilots = layers.project_layers(Path(office.path), "pilots")[0]
    pilot = next(pilots.getFeatures())
    dialog.form.area.choose(pilots, pilot.id())
    office.until(dialog.form.area.ready)
    pick(dialog, "buildings", "pilots")
    dialog.form.todo.setCurrentIndex(dialog.form.todo.findData("buildings"))
    dialog.form.name.setText("Walk")
    dialog.form.whom.setText("Team West")
    dialog.form.due.setDate(QDate(2026, 12, 1))
    folder = made(dialog, office, tmp_path)
    told = manifest.read(folder)
    assert (told.title, told.for_whom, told.due) == ("Walk", "Team West", "2026-12-01")
    assert set(told.tables) == {"buildings", "pilots"} and told.area["type"] == "MultiPolygon"
    todo = tasks.read(folder / "review.gpkg")
    project = opened(folder)
    houses = next(layer for layer in project.mapLayers().values() if layer.name() == "Buildings")
    assert 0 < len(todo) <= houses.featureCount()
    assert {task.feature for task in todo} <= {str(house["twin_id"]) for house in houses.getFeatures()}
    project.clear()


def test_accepted_items_are_the_next_tasks(dialog, office, tmp_path):
    assert dialog.form.todo.currentData() == "items"
    pick(dialog, "trees")
    folder = made(dialog, office, tmp_path)
    (task,) = tasks.read(folder / "review.gpkg")
    assert task.label == "Who owns this?" and task.geometry


def test_selected_features_are_tasks(desk, office, tmp_path):
    ids = [feature.id() for feature in office.buildings.getFeatures()][:3]
    office.buildings.selectByIds(ids)
    desk.prepare(office.path)
    dialog = desk.dialog
    assert dialog.form.todo.currentData() == "selected"
    found = dialog.presenter.tasks(28992)(SILENT)
    names = {str(office.buildings.getFeature(id)["twin_id"]) for id in ids}
    assert {task.feature for task in found} == names and {task.collection for task in found} == {"buildings"}


def test_unsaved_edits_are_saved_first_or_nothing_is_made(dialog, office, monkeypatch, tmp_path):
    office.buildings.startEditing()
    feature = next(office.buildings.getFeatures())
    office.buildings.changeAttributeValue(feature.id(), office.buildings.fields().lookupField("height"), 77.7)
    monkeypatch.setattr(dialog._sessions, "_ask", lambda _layers: False)
    dialog.go()
    assert dialog.isVisible() and office.buildings.isModified() and [p.name for p in tmp_path.iterdir()] == ["office"]
    monkeypatch.setattr(dialog._sessions, "_ask", lambda _layers: True)
    pick(dialog, "buildings")
    folder = made(dialog, office, tmp_path)
    assert office.buildings.isEditable() and not office.buildings.isModified()
    office.buildings.rollBack()
    project = opened(folder)
    houses = next(layer for layer in project.mapLayers().values() if layer.name() == "Buildings")
    assert 77.7 in {house["height"] for house in houses.getFeatures()}
    project.clear()


def test_cancel_stops_the_work_and_keeps_what_was_chosen(dialog, office, tmp_path):
    dialog.form.name.setText("Walk")
    dialog.go()
    dialog.reject()
    office.until(lambda: dialog.status.text.startswith("Cancelled"))
    assert dialog.isVisible() and dialog.form.name.text() == "Walk" and dialog.go_button.isEnabled()
    assert [path.name for path in tmp_path.iterdir()] == ["office"]
    dialog.reject()
    assert not dialog.isVisible()


def test_the_background_is_measured_and_bounded(desk, office, tmp_path):
    from osgeo import gdal, osr

    image = gdal.GetDriverByName("GTiff").Create(str(tmp_path / "photo.tif"), 64, 64, 3)
    image.SetGeoTransform((92000, 50, 0, 438000, 0, -50))
    crs = osr.SpatialReference()
    crs.ImportFromEPSG(28992)
    image.SetProjection(crs.ExportToWkt())
    del image
    layer = QgsRasterLayer(str(tmp_path / "photo.tif"), "Aerial photo")
    QgsProject.instance().addMapLayer(layer)
    desk.prepare(office.path)
    dialog = desk.dialog
    dialog.form.folder.setFilePath(str(tmp_path))
    assert dialog.form.under.currentData() == "visible" and "Aerial photo" in dialog.form.under.currentText()
    office.until(lambda: dialog.presenter.expected is not None)
    before = dialog.presenter.expected
    assert before.label in dialog.form.size.text()
    dialog.form.zoom.setValue(14)
    office.until(lambda: dialog.presenter.expected is not None)
    assert dialog.presenter.expected.tiles < before.tiles and dialog.go_button.isEnabled()


def test_a_drawn_area_is_asked_for(dialog):
    dialog.form.area.extent.choose(Where.DRAWN)
    assert not dialog.go_button.isEnabled() and "area" in dialog.status.text.lower()
    dialog.form.area.extent.choose(Where.WHOLE)
    assert dialog.go_button.isEnabled()


def test_names_of_folders_are_fit_for_any_system():
    assert file_name('  a<b>:"/\\|?*\x01c.. ') == "a b c" and file_name("???") == "Field review"
