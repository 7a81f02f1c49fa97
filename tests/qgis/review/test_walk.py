"""The walk through a package: tasks one after the other, confirmed with one key, and notes about features."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from qgis.core import QgsGeometry, QgsProject
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest

from plugin.gui.review.desk import ReviewDesk
from plugin.map import tasks as running
from plugin.map.project import ProjectCopies
from plugin.review import plain, tasks
from plugin.review.tasks import Task
from plugin.workcopy.connection import opened
from tests.qgis.pilots.pilot_window import MainWindow
from tests.qgis.review.packages import EAST, NORTH, SOUTH, WEST, made, point
from tests.qgis.review.review_copies import photo


@pytest.fixture
def walk(city, tmp_path, qtbot, qgis_app) -> Iterator[ReviewDesk]:
    with opened(city.path) as connection:
        sql = "SELECT twin_id FROM buildings ORDER BY fid LIMIT 200"
        ids = [str(row[0]) for row in connection.execute(sql)]
    middle = point((WEST + EAST) / 2, (SOUTH + NORTH) / 2)
    tasks_ = (
        Task("First house", "Is it as high?", "buildings", ids[0], geometry=middle),
        Task("A corner", "Anything new?", geometry=middle),
        Task("Last house", "", "buildings", ids[1], geometry=middle),
    )
    packed = made(city, tmp_path / "walk", tasks=tasks_, area=None, tables=("buildings", "trees"))
    project = QgsProject.instance()
    assert project.read(str(packed.folder / "review.qgz"))
    copies = ProjectCopies()
    window = MainWindow()
    window.canvas.setDestinationCrs(project.crs())
    desk = ReviewDesk(window, copies)
    desk.folder, desk.window_, desk.ids = packed.folder, window, ids
    qtbot.addWidget(desk.page)
    desk.page.resize(336, 700)
    desk.page.show()
    qtbot.waitUntil(lambda: desk.page.walk.isVisible() and not desk.book.busy, timeout=8000)
    yield desk
    desk.stop()
    desk.page.stop()
    copies.stop()
    running.cancel_all()
    project.clear()
    window.close()


def file_of(desk: ReviewDesk):
    return desk.folder / "review.gpkg"


def test_a_package_begins_with_its_first_task(walk):
    panel = walk.page.walk
    assert (panel.title.text(), panel.label.text(), panel.why.text()) == ("Walk one", "First house", "Is it as high?")
    assert panel.where.text() == "Buildings" and "Team West" in panel.about.text()
    assert panel.count.full_text == "0 of 3 tasks looked at" and walk.page.status.text == "0 notes so far"


def test_one_key_confirms_and_goes_on(walk, qtbot):
    panel = walk.page.walk
    panel.focus()
    QTest.keyClick(panel.confirm_button, Qt.Key.Key_C)
    qtbot.waitUntil(lambda: panel.presenter.done == 1)
    assert panel.label.text() == "A corner"
    first, second, _third = tasks.read(file_of(walk))
    assert first.done and first.done_by == "Team West" and first.done_at.endswith("Z") and not second.done
    (item,) = plain.read(file_of(walk)).items
    assert (item.kind, item.about, item.about_id, item.author) == ("confirmed", "buildings", walk.ids[0], "Team West")
    assert item.geometry and item.key and item.status == "open"
    layer = walk.book.layer(str(file_of(walk)), "review_tasks")
    assert layer.renderer().type() == "categorizedSymbol"
    assert [bool(feature["done"]) for feature in layer.getFeatures()] == [True, False, False]
    QTest.keyClick(panel.confirm_button, Qt.Key.Key_C)
    qtbot.waitUntil(lambda: panel.presenter.done == 2)
    assert len(plain.read(file_of(walk)).items) == 1, "a mere place is confirmed by its tick"


def test_a_task_can_be_opened_again(walk, qtbot):
    panel = walk.page.walk
    panel.tick_button.click()
    qtbot.waitUntil(lambda: panel.presenter.done == 1)
    panel.back_button.click()
    assert panel.label.text() == "First house" and "looked at" in panel.state.text()
    panel.tick_button.click()
    qtbot.waitUntil(lambda: panel.presenter.done == 0)
    assert not tasks.read(file_of(walk))[0].done_at


def test_a_note_is_attached_to_the_feature_with_its_photo(walk, qtbot, tmp_path):
    panel = walk.page.walk
    panel.note_button.click()
    form = panel.form
    assert form.about.currentText() == "First house" and not form.save_button.isEnabled()
    form.words.setPlainText("It has one storey more")
    form.add_photos([photo(tmp_path / "in" / "A photo.jpg", 3000, 2000)])
    form.save_button.click()
    qtbot.waitUntil(lambda: bool(plain.read(file_of(walk)).items))
    (item,) = plain.read(file_of(walk)).items
    assert (item.kind, item.text, item.about_id) == ("wrong", "It has one storey more", walk.ids[0])
    assert item.photos == ("photos/A_photo.jpg",) and (walk.folder / item.photos[0]).is_file()
    qtbot.waitUntil(lambda: panel.presenter.done == 1)
    assert panel.list_button.isVisible()
    panel.list_button.click()
    assert walk.page.list.isVisible() and not walk.page.strip.isVisible(), "nobody decides outside"
    walk.page.walk_button.click()
    assert panel.isVisible()


def test_a_note_about_what_is_selected_or_a_place(walk, qtbot):
    presenter = walk.page.walk.presenter
    layer = walk.book.layer(presenter.path, "trees")
    tree = next(layer.getFeatures())
    layer.selectByIds([tree.id()])
    subjects = presenter.subjects(QgsGeometry.fromWkt("Point(92900 436200)"), QgsProject.instance().crs())
    assert [subject.table for subject in subjects] == ["buildings", "trees", ""]
    presenter.note(subjects[1], "missing", "Felled")
    presenter.note(subjects[2], "new", "A kiosk")
    found = {item.kind: item for item in plain.read(file_of(walk)).items}
    assert found["missing"].about_id == str(tree["twin_id"]) and not found["new"].about
