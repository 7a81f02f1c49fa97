"""Thousands of review items: what the main thread does about them is counted, for times depend on the machine."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from qgis.core import QgsProject

from plugin.gui.review import prepare_tasks
from plugin.gui.review.deciding import AT_ONCE
from plugin.gui.review.desk import ReviewDesk
from plugin.gui.review.items_delegate import ItemDelegate
from plugin.gui.review.items_list import ItemList
from plugin.gui.review.items_model import ItemModel
from plugin.map import layers
from plugin.map.review.book_reading import Note
from plugin.review import plain, tasks
from plugin.review import vocabulary as words
from plugin.review.item import Item
from tests.qgis.map.meanwhile import spin
from tests.qgis.review.review_copies import ITEMS, Office
from tests.qgis.review.test_page import FormWindow

MANY = 3000


class Counted(ItemModel):
    """How often views ask for what."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        super().__init__()

    def index(self, *args):
        self.asked["index"] += 1
        return super().index(*args)

    def parent(self, *args):
        self.asked["parent"] += 1
        return super().parent(*args)

    def rowCount(self, *args):
        self.asked["rowCount"] += 1
        return super().rowCount(*args)

    def flags(self, index):
        self.asked["flags"] += 1
        return super().flags(index)

    def data(self, index, role=0):
        self.asked["data"] += 1
        return super().data(index, role)


def notes(status: str = words.OPEN) -> tuple[Note, ...]:
    return tuple(
        Note("/p", Item(text=f"Note {n}", key=str(n), status=status, noted=f"2026-11-20T08:{n // 60:02}:{n % 60:02}Z"))
        for n in range(MANY)
    )


@pytest.fixture
def listed(qtbot, monkeypatch) -> ItemList:
    model = Counted()
    made = ItemList(model)
    made.sized = 0

    def sized(self, option, index, real=ItemDelegate.sizeHint):
        made.sized += 1
        return real(self, option, index)

    monkeypatch.setattr(ItemDelegate, "sizeHint", sized)
    qtbot.addWidget(made)
    made.resize(330, 400)
    made.show()
    return made


def test_listing_thousands_asks_each_row_as_little_as_can_be(listed):
    listed.model.set_notes(notes())
    assert spin(lambda: listed.view.verticalScrollBar().maximum() > 0)
    asked = listed.model.asked
    assert asked["index"] < 2 * MANY and asked["flags"] < 3 * MANY
    assert asked["rowCount"] < MANY / 10 and asked["parent"] < MANY / 10 and asked["data"] < MANY / 10
    assert listed.sized < MANY / 10


def test_what_did_not_change_is_not_listed_anew(listed):
    same = notes()
    listed.model.set_notes(same)
    listed.model.asked.clear()
    listed.model.set_notes(same)
    assert not listed.model.asked


def test_choosing_one_or_all_of_thousands(listed):
    listed.model.set_notes(notes())
    assert spin(lambda: listed.view.verticalScrollBar().maximum() > 0)
    asked = listed.model.asked
    asked.clear()
    assert listed.choose("1500") and listed.one.key == "1500"
    assert sum(asked.values()) < MANY / 10, asked
    asked.clear()
    assert listed.choose(*(str(n) for n in range(MANY)))
    assert [note.key for note in listed.chosen] == [str(n) for n in reversed(range(MANY))]
    assert asked["parent"] < MANY / 10 and asked["data"] < MANY / 10, asked
    listed.choose(*(str(n) for n in range(0, MANY, 3)))
    assert [note.key for note in listed.chosen] == [str(n) for n in reversed(range(0, MANY, 3))]


# -- through the desk


@pytest.fixture
def office(city_file, tmp_path, qtbot, qgis_app) -> Iterator[Office]:
    made = Office(city_file, tmp_path / "office", qtbot)
    first = replace(ITEMS[1], geometry=made.items()["b"].geometry)
    plain.write(Path(made.path), [replace(first, key=f"k{n}", text=f"Note {n}") for n in range(5 * AT_ONCE)])
    yield made
    made.stop()


@pytest.fixture
def desk(office, qtbot) -> Iterator[ReviewDesk]:
    window = FormWindow()
    made = ReviewDesk(window, office.copies)
    qtbot.addWidget(made.page)
    made.page.show()
    office.until(lambda: len(made.page.model.notes) > 5 * AT_ONCE and not made.book.busy)
    yield made
    made.stop()
    made.page.stop()
    window.close()


def test_many_are_decided_in_the_background(desk, office):
    keys = [f"k{n}" for n in range(5 * AT_ONCE)]
    desk.page.list.choose(*keys)
    desk.page.actions.actions["reject"].trigger()
    desk.dialog.write("As it should be", "GIS")
    desk.dialog.accept()
    assert office.copies.writers.doing(office.path) == "Decisions are being written into office.gpkg."
    assert desk.page.status.kind == "busy" and not desk.page.actions.actions["done"].isEnabled()
    office.until(lambda: {office.items()[key].status for key in keys} == {"rejected"})
    item = office.items()["k7"]
    assert (item.answer, item.answered_by, item.text) == ("As it should be", "GIS", "Note 7")
    assert office.items()["a"].status == "open"
    office.until(lambda: desk.dialog is None and not office.copies.writers.doing(office.path))
    layer = desk.book.layer(office.path, "reviews")
    assert sum(feature["status"] == "rejected" for feature in layer.getFeatures()) == len(keys), "the layer shows it"


def test_what_was_written_as_reason_stays_where_it_could_not_be_written(desk, office):
    desk.page.list.choose(*(f"k{n}" for n in range(5 * AT_ONCE)))
    desk.page.actions.actions["reject"].trigger()
    desk.dialog.write("As it should be", "GIS")
    turn = office.copies.writers.turn(office.path, "Somebody writes.")
    assert turn.begin()
    desk.dialog.accept()
    assert desk.dialog.isVisible() and desk.dialog.answer == "As it should be"
    assert office.items()["k0"].status == "open"
    turn.end()
    desk.dialog.reject()


def test_all_features_become_tasks_in_the_background(desk, office, tmp_path, monkeypatch):
    monkeypatch.setattr("plugin.gui.review.prepare_dialog.QDesktopServices.openUrl", lambda _url: True)
    read: list[int] = []

    def reading(self, progress, out, real=prepare_tasks._View.read):
        read.append(threading.get_ident())
        real(self, progress, out)

    monkeypatch.setattr(prepare_tasks._View, "read", reading)
    QgsProject.instance().addMapLayers(layers.make_layers(office.copy, ["districts", "trees"]))
    desk.prepare(office.path)
    dialog = desk.dialog
    dialog.form.folder.setFilePath(str(tmp_path))
    dialog.form.under.setCurrentIndex(0)
    dialog.form.todo.setCurrentIndex(dialog.form.todo.findData("trees"))
    dialog.go()
    office.until(lambda: dialog.status.kind == "bad")
    assert dialog.status.text.startswith("That would be 5000 tasks or more")
    dialog.form.todo.setCurrentIndex(dialog.form.todo.findData("districts"))
    came = []
    dialog.made.connect(came.append)
    dialog.go()
    office.until(lambda: came, timeout=20_000)
    districts = {
        str(f["twin_id"]): f["name"] for f in layers.project_layers(Path(office.path), "districts")[0].getFeatures()
    }
    found = tasks.read(came[0].folder / "review.gpkg")
    assert {task.feature: task.label for task in found} == districts and all(task.geometry for task in found)
    assert len(read) == 2 and threading.get_ident() not in read
