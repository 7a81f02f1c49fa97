"""The Review page over a real working copy: what it lists and finds, what is decided, and what the file has then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from qgis.core import QgsProject
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QLabel

from plugin.gui.review.desk import ReviewDesk
from plugin.gui.review.items_rows import Filter
from plugin.map.review import list_pdf, thumbnails
from plugin.map.review.packaging import Request, package_review
from plugin.review import plain
from plugin.review import vocabulary as words
from plugin.review.item import Item
from tests.qgis.pilots.pilot_window import MainWindow
from tests.qgis.review.review_copies import Office, photo


class FormWindow(MainWindow):
    """A window that remembers which form it was asked to open."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[tuple] = []

    def setActiveLayer(self, layer) -> None:
        self.active = layer

    def openFeatureForm(self, layer, feature, *_more) -> None:
        self.opened.append((layer, feature.id()))


@pytest.fixture
def office(city_file, tmp_path, qtbot, qgis_app, request) -> Iterator[Office]:
    made = Office(city_file, tmp_path / "office", qtbot, shown=getattr(request, "param", True))
    yield made
    made.stop()


@pytest.fixture
def desk(office, qtbot) -> Iterator[ReviewDesk]:
    window = FormWindow()
    window.canvas.setDestinationCrs(office.buildings.crs())
    window.canvas.resize(600, 400)
    made = ReviewDesk(window, office.copies)
    made.window_ = window
    qtbot.addWidget(made.page)
    made.page.resize(336, 700)
    made.page.show()
    office.until(lambda: made.page.model.notes and not made.book.busy)
    yield made
    made.stop()
    made.page.stop()
    window.close()


def shown(desk: ReviewDesk) -> dict[str, list[str]]:
    return {group.status: [note.key for note in group.rows] for group in desk.page.model.groups}


def said(widget) -> str:
    return " ".join(label.text() for label in widget.findChildren(QLabel))


def test_items_are_listed_by_what_became_of_them_the_newest_first(desk):
    assert shown(desk) == {"open": ["c", "b", "a"], "accepted": ["d"], "done": ["e"]}
    assert desk.page.status.text == "5 review items · 3 open · 1 accepted"


def test_filters_by_words_status_kind_and_person(desk):
    filter_ = desk.page.filter
    filter_.text.setText("COOLSINGEL gable")
    QTest.keyClick(filter_.text, Qt.Key.Key_Return)
    assert shown(desk) == {"open": ["a"]}
    filter_.reset()
    filter_.statuses.setCurrentIndex(filter_.statuses.findData("accepted"))
    assert shown(desk) == {"accepted": ["d"]}
    filter_.reset()
    filter_.kinds.setCurrentIndex(filter_.kinds.findData("new"))
    assert shown(desk) == {"open": ["c"]}
    filter_.reset()
    filter_.sources.setCurrentIndex(filter_.sources.findText("By Team West"))
    assert shown(desk) == {"open": ["b", "a"]}
    filter_.text.setText("bench")
    QTest.keyClick(filter_.text, Qt.Key.Key_Return)
    assert desk.page.list.nothing.isVisible()
    desk.page.list.nothing.buttons[0].click()
    assert desk.page.model.shown == 5 and filter_.filter == Filter()


def test_details_show_what_was_seen_as_it_was_written_and_real_photos_only(desk, office):
    desk.page.list.choose("c")
    assert "A new bench <b>here</b>" in said(desk.page.details.widget())
    desk.page.list.choose("a")
    assert "Coolsingel 40 (Buildings)" in said(desk.page.details.widget())
    strip = desk.page.details.photos
    office.until(lambda: strip.ready)
    real, liar = strip.buttons
    assert real.isEnabled() and real.iconSize().width() == 104
    assert not liar.isEnabled() and liar.text() == "No photo"


@pytest.mark.parametrize("office", [True, False], indirect=True, ids=["through the layer", "into the file"])
def test_a_decision_is_written_and_the_next_item_is_chosen(desk, office):
    desk.page.list.choose("c")
    desk.page.actions.actions["accept"].trigger()
    office.until(lambda: office.items()["c"].status == "accepted")
    item = office.items()["c"]
    assert item.answered.endswith("Z") and item.text == "A new bench <b>here</b>" and item.kind == "new"
    office.until(lambda: desk.book.note(office.path, "c").item.status == "accepted")
    assert [note.key for note in desk.page.list.chosen] == ["b"]


def test_several_are_decided_together_and_a_rejection_says_why(desk, office):
    desk.page.list.choose("a", "b")
    desk.page.actions.actions["reject"].trigger()
    assert not desk.dialog.go_button.isEnabled(), "a reason is asked for"
    desk.dialog.write("It is as it should be", "GIS")
    desk.dialog.accept()
    for item in (office.items()[key] for key in "ab"):
        assert (item.status, item.answer, item.answered_by) == ("rejected", "It is as it should be", "GIS")
    office.until(lambda: shown(desk).get("rejected") == ["b", "a"])
    desk.page.list.choose("a")
    desk.page.actions.actions["reopen"].trigger()
    assert office.items()["a"].status == "open" and office.items()["b"].status == "rejected"


def test_in_an_edit_session_a_decision_is_one_step_that_can_be_undone(desk, office):
    layer = desk.book.layer(office.path, "reviews")
    layer.startEditing()
    desk.page.list.choose("a", "b", "c")
    desk.page.actions.actions["done"].trigger()
    assert layer.undoStack().count() == 1 and office.items()["a"].status == "open"
    office.until(lambda: set(shown(desk).get("done", ())) == {"a", "b", "c", "e"})
    desk.page.list.choose("a")
    assert "not saved yet" in said(desk.page.details.widget())
    layer.undoStack().undo()
    office.until(lambda: shown(desk)["done"] == ["e"])
    layer.rollBack()


def test_edit_accepts_and_opens_the_form_of_what_it_is_about(desk, office):
    desk.page.list.choose("b")
    assert not desk.page.actions.actions["edit"].isEnabled(), "it is about no feature"
    desk.page.list.choose("a")
    desk.page.actions.actions["edit"].trigger()
    ((layer, fid),) = desk.window_.opened
    assert layer is office.buildings and layer.isEditable()
    assert str(layer.getFeature(fid)["twin_id"]) == office.building
    assert layer.selectedFeatureIds() == [fid] and office.items()["a"].status == words.ACCEPTED
    layer.rollBack()


def test_list_and_map_choose_the_same_item(desk, office):
    layer = desk.book.layer(office.path, "reviews")
    desk.page.list.choose("b")
    (fid,) = layer.selectedFeatureIds()
    assert layer.getFeature(fid)["key"] == "b"
    other = next(feature.id() for feature in layer.getFeatures() if feature["key"] == "c")
    layer.selectByIds([other])
    assert [note.key for note in desk.page.list.chosen] == ["c"]
    desk.page.zoom()
    assert desk.window_.canvas.extent().contains(layer.getFeature(other).geometry().boundingBox())


@pytest.mark.parametrize("office", [False], indirect=True)
def test_layers_that_are_not_shown_are_added_on_demand(desk, office):
    assert desk.page.show_button.isVisible()
    desk.page.show_button.click()
    layer = desk.book.layer(office.path, "reviews")
    assert layer.renderer().type() == "categorizedSymbol" and layer.featureCount() == 5
    office.until(lambda: not desk.page.show_button.isVisible())


def test_the_list_is_saved_as_pdf(desk, office, tmp_path, monkeypatch):
    monkeypatch.setattr("plugin.gui.review.desk.QDesktopServices.openUrl", lambda _url: True)
    keys = [note.key for group in desk.page.model.groups for note in group.rows]
    desk.export(office.path, keys, tmp_path / "list.pdf")
    office.until((tmp_path / "list.pdf").is_file)
    raw = (tmp_path / "list.pdf").read_bytes()
    assert raw.startswith(b"%PDF") and b"/Image" in raw
    many = desk.book.notes(office.path) * 30
    assert list_pdf.write(tmp_path / "many.pdf", many, "T", {}, "today") > 5
    assert not list(tmp_path.glob("*.part"))


def test_a_thumbnail_is_small_and_no_drawing(tmp_path):
    made = photo(tmp_path / "photos" / "x.jpg", 3000, 1500)
    image = thumbnails.thumbnail(made, 200, 200)
    assert (image.width(), image.height()) == (200, 100)
    (tmp_path / "x.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>")
    assert thumbnails.thumbnail(tmp_path / "x.svg", 9, 9) is None


def test_without_a_working_copy_the_page_says_where_to_begin(desk, office):
    QgsProject.instance().clear()
    office.until(lambda: desk.page.path == "")
    assert desk.page.empty.isVisible() and desk.page.empty.title == "No Working Copy in This Project"


def test_a_package_that_comes_home_is_listed(desk, office, tmp_path):
    packed = package_review(
        office.copy, Request(tmp_path / "walk", ("buildings",), title="Walk", for_whom="Team North")
    )
    item = Item("new", "A fountain", author="Team North", key="fountain", noted="2026-11-23T08:00:00Z")
    place = office.items()["a"].geometry
    plain.write(packed.folder / "review.gpkg", [replace(item, geometry=place)], 28992)
    desk.merge(office.path)
    dialog = desk.dialog
    dialog.add([packed.folder])
    dialog.merge_button.click()
    office.until(lambda: "fountain" in shown(desk).get("open", ()), timeout=15_000)
    assert shown(desk)["open"] == ["fountain", "c", "b", "a"]
    filter_ = desk.page.filter
    filter_.sources.setCurrentIndex(filter_.sources.findText("Walk"))
    assert shown(desk) == {"open": ["fountain"]}
    office.until(lambda: not dialog.presenter.running)
    dialog.reject()
    assert desk.dialog is None
