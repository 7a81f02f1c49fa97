"""The Changes page over a real project, a real working copy and a running twin."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsLayerTreeModel,
    QgsProject,
    QgsSettings,
    QgsVectorLayer,
)
from qgis.gui import QgsLayerTreeView
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QApplication, QMessageBox

from plugin.gui.changes_page import ChangesPage
from plugin.gui.indicators import ChangeIndicators
from plugin.map import layers as map_layers
from plugin.map.project import ProjectCopies
from plugin.workcopy.changes import Change
from tests.qgis.gui.edited_copies import Field
from tests.qgis.map.meanwhile import spin

BOWTIE = "POLYGON((91200 436200,91220 436220,91220 436200,91200 436220,91200 436200))"


@dataclass
class Window:
    page: ChangesPage
    copies: ProjectCopies
    field: Field

    def open(self) -> None:
        """Add the working copy to the project, and wait until the page knows it."""
        added: list[Any] = []
        map_layers.add_copy(self.field.copy, done=added.append)
        assert spin(lambda: bool(added) and bool(self.copies.copies()))
        self.rest()

    def rest(self) -> None:
        """Wait until nothing is going on, and nothing is about to: a write that was not noticed yet, or noticed and
        waited for to be over, would have the page read again later."""

        def is_over() -> bool:
            if self.is_idle():
                QApplication.processEvents()  # what followed from the last step
                return self.is_idle()
            return False

        assert spin(is_over), (self.page.reader._running, self.page._working, self.copies._entries)

    def is_idle(self) -> bool:
        self.copies._look()  # else up to a second later
        pending = self.copies._due or any(
            entry.due or entry.counting or entry.again for entry in self.copies._entries.values()
        )
        return not (pending or self.page.reader.busy or self.page.model.busy or self.page._working)

    def shows(self, *keys: str) -> bool:
        """Whether the page comes to show exactly these changes."""
        found = spin(lambda: sorted(c.key for c in self.page.model.all_changes()) == sorted(keys), 10)
        self.rest()
        return found

    def layer(self, table: str) -> QgsVectorLayer:
        return map_layers.project_layers(self.field.path, table)[0]

    def choose(self, key: str) -> Change:
        assert self.page.view.select(str(self.field.path), key), f"{key} is not listed"
        return next(c for c in self.page.model.all_changes() if c.key == key)

    def answer(self, button: str) -> list[str]:
        """Press ``button`` in the next question; its texts are in the list then."""
        said: list[str] = []

        def press() -> None:
            box = QApplication.activeModalWidget()
            if not isinstance(box, QMessageBox):
                QTimer.singleShot(20, press)
                return
            said.append(f"{box.text()} {box.informativeText()}")
            next(b for b in box.buttons() if b.text().replace("&", "") == button).click()

        QTimer.singleShot(20, press)
        return said


@pytest.fixture()
def window(field: Field, qgis_iface: Any) -> Iterator[Window]:
    QgsSettings().remove("citytwin")
    QgsProject.instance().clear()
    qgis_iface.mapCanvas().setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:28992"))
    qgis_iface.mapCanvas().resize(600, 400)
    copies = ProjectCopies()
    page = ChangesPage(copies, qgis_iface)
    page.resize(360, 700)
    page.show()
    yield Window(page, copies, field)
    copies.stop()
    page.close()
    page.deleteLater()
    QgsProject.instance().clear()
    QgsSettings().remove("citytwin")
    QApplication.processEvents()


def set_value(layer: QgsVectorLayer, identity: str, column: str, value: Any) -> None:
    """Edit as a user does, without saving."""
    feature = next(f for f in layer.getFeatures() if f["twin_id"] == identity)
    assert layer.isEditable() or layer.startEditing()
    assert layer.changeAttributeValue(feature.id(), layer.fields().indexOf(column), value)


def test_says_what_to_do_first(window: Window) -> None:
    page = window.page
    window.rest()
    assert page.empty.title == "No Working Copy in This Project"
    wanted: list[bool] = []
    page.catalogue_wanted.connect(lambda: wanted.append(True))
    page.empty.buttons[0].click()
    assert wanted == [True]
    window.open()
    assert page.empty.isVisible() and page.empty.title == "Nothing to Publish"
    assert not page.view.publish_button.isEnabled()
    assert page.status.text == "Nothing to publish"


def test_edits_in_qgis_and_in_another_program(window: Window) -> None:
    window.open()
    layer = window.layer("buildings")
    set_value(layer, "b1", "height", 77.0)
    assert window.page.model.all_changes() == []  # not saved yet
    assert layer.commitChanges()
    assert window.shows("buildings/b1")
    assert window.page.view.isVisible()
    window.field.another_program(
        "UPDATE buildings SET name = 'Laurenskerk' WHERE twin_id = 'b2'", "DELETE FROM trees WHERE twin_id = 't1'"
    )
    assert window.shows("buildings/b1", "buildings/b2", "trees/t1")
    assert window.page.status.text == "2 changed, 1 deleted"
    window.choose("buildings/b2")
    rows = window.page.view.details.cells.rows()
    assert [(row.title, row.old, row.new) for row in rows] == [("name", "Mathenesserlaan 2", "Laurenskerk")]


def test_selection_stays_while_others_edit(window: Window) -> None:
    window.field.another_program("UPDATE buildings SET height = 1 WHERE twin_id IN ('b1', 'b2', 'b3')")
    window.open()
    window.choose("buildings/b2")
    window.field.another_program(
        "UPDATE buildings SET height = 2 WHERE twin_id = 'b2'", "DELETE FROM buildings WHERE twin_id = 'b9'"
    )
    assert window.shows("buildings/b1", "buildings/b2", "buildings/b3", "buildings/b9")
    index = window.page.view.single()
    assert index is not None
    change = window.page.model.change(index)
    assert change is not None and change.key == "buildings/b2"
    assert window.page.view.details.cells.rows()[0].new == "2"


def test_geometry_on_the_map_while_chosen(window: Window) -> None:
    window.open()
    layer = window.layer("buildings")
    feature = next(f for f in layer.getFeatures() if f["twin_id"] == "b4")
    moved = QgsGeometry(feature.geometry())
    moved.translate(5, 0)
    layer.startEditing()
    layer.changeGeometry(feature.id(), moved)
    assert layer.commitChanges()
    assert window.shows("buildings/b4")
    assert window.page.preview.bands == ()
    window.choose("buildings/b4")
    old, new = window.page.preview.bands
    assert old.asGeometry().boundingBox().xMinimum() == pytest.approx(feature.geometry().boundingBox().xMinimum())
    assert new.asGeometry().boundingBox().xMinimum() == pytest.approx(moved.boundingBox().xMinimum())
    (row,) = window.page.view.details.cells.rows()
    assert row.new == "moved 5 m"
    canvas = window.page._iface.mapCanvas()
    window.page.zoom()
    assert spin(lambda: canvas.extent().intersects(moved.boundingBox()) and canvas.extent().width() < 400)
    window.page.hide()
    assert window.page.preview.bands == ()
    window.page.show()
    assert len(window.page.preview.bands) == 2


def test_discard_one_a_layer_and_all(window: Window) -> None:
    window.field.another_program(
        "UPDATE buildings SET height = 1 WHERE twin_id IN ('b1', 'b2')",
        "DELETE FROM buildings WHERE twin_id = 'b3'",
        "UPDATE trees SET species = 'Ulmus' WHERE twin_id IN ('t1', 't2')",
    )
    window.open()
    page = window.page
    window.choose("buildings/b1")
    said = window.answer("Cancel")
    page.discard()
    assert said == [
        "Discard the change to “Schiedamseweg 1” in Buildings? "
        "1 changed feature goes back to what the twin has.\nThis cannot be undone."
    ]
    assert len(window.field.copy.changes()) == 5  # nothing happened
    window.answer("Discard")
    page.discard()
    assert window.shows("buildings/b2", "buildings/b3", "trees/t1", "trees/t2")
    heights = {f["twin_id"]: f["height"] for f in window.layer("buildings").getFeatures()}
    assert heights["b1"] == 9  # the layer shows it at once
    page.view.select_layer(str(window.field.path), "trees")
    said = window.answer("Discard")
    page.discard()
    assert said[0].startswith("Discard 2 changes in Trees? 2 changed features go back")
    assert window.shows("buildings/b2", "buildings/b3")
    page.view.tree.selectAll()
    window.answer("Discard")
    page.discard()
    assert window.shows()
    assert page.empty.title == "Nothing to Publish"
    assert not window.field.copy.has_changes()


def test_unsaved_edits_are_asked_for_before_a_write(window: Window) -> None:
    window.field.another_program("UPDATE buildings SET height = 1 WHERE twin_id = 'b1'")
    window.open()
    layer = window.layer("buildings")
    set_value(layer, "b5", "height", 50.0)
    window.choose("buildings/b1")
    window.answer("Discard")
    QTimer.singleShot(300, lambda: said.extend(window.answer("Cancel")))
    said: list[str] = []
    window.page.discard()
    assert layer.isModified()
    assert len(window.field.copy.changes()) == 1  # nothing was written under the edit session
    window.answer("Discard")
    QTimer.singleShot(300, lambda: window.answer("Save"))
    window.page.discard()
    assert window.shows("buildings/b5")
    assert layer.isEditable() and not layer.isModified()  # the session goes on
    layer.rollBack()


def test_publish_with_a_clash_and_a_problem(window: Window) -> None:
    field = window.field
    field.another_program(
        "UPDATE buildings SET height = 50 WHERE twin_id = 'b1'", "UPDATE buildings SET height = 60 WHERE twin_id = 'b2'"
    )
    field.another_program_draws("buildings", "b3", BOWTIE)
    field.somebody_sets("buildings", "b1", height=7.5)
    window.open()
    page = window.page
    page.view.publish_button.click()
    dialog = page.dialog
    assert dialog is not None
    assert spin(lambda: dialog.presenter.phase == "ready")
    assert dialog.publish_button.text().replace("&", "") == "Publish the Other Changes"
    assert not dialog.publish_button.isEnabled()
    assert dialog.problems.topLevelItemCount() == 1
    dialog.zoom_button.click()
    canvas = page._iface.mapCanvas()
    assert spin(
        lambda: canvas.extent().width() < 400 and canvas.extent().xMinimum() < 91210 < canvas.extent().xMaximum()
    )
    dialog.message.setPlainText("Heights")
    assert dialog.publish_button.isEnabled()
    dialog.publish_button.click()
    assert spin(lambda: dialog.presenter.phase == "report"), dialog.presenter.error
    table = dialog.report.table
    results = sorted(table.topLevelItem(at).text(3) for at in range(table.topLevelItemCount()))
    assert results == ["Conflict", "Not published", "Published"]
    assert "Somebody else changed this feature meanwhile" in dialog.report.words.text()
    dialog.report.filter.setCurrentIndex(dialog.report.filter.findData("published"))
    dialog.report.filter.activated.emit(dialog.report.filter.currentIndex())
    assert dialog.report.table.topLevelItemCount() == 1
    dialog.reject()
    assert page.dialog is None
    assert window.shows("buildings/b1", "buildings/b3")
    assert field.item("buildings", "b1")["properties"]["height"] == 7.5
    assert field.item("buildings", "b2")["properties"]["height"] == 60
    window.choose("buildings/b1")
    details = page.view.details
    assert "Somebody else changed this feature meanwhile" in details.notice.text
    (row,) = details.cells.rows()
    assert (row.old, row.new, row.theirs) == ("9", "50", "7.5")
    assert not details.table.isColumnHidden(3)
    window.choose("buildings/b3")
    assert "The outline crosses itself." in details.notice.text
    assert details.table.isColumnHidden(3)


def test_nothing_is_sent_when_the_dialog_is_closed(window: Window) -> None:
    window.field.another_program("UPDATE buildings SET height = 50 WHERE twin_id = 'b1'")
    window.open()
    layer = window.layer("buildings")
    layer.startEditing()
    window.page.publish()
    assert not layer.isEditable()  # while the window is open nobody edits under it
    assert window.page.dialog is not None
    window.page.dialog.reject()
    window.rest()
    assert layer.isEditable()
    assert window.shows("buildings/b1")
    layer.rollBack()


def test_broken_tracking(window: Window) -> None:
    window.open()
    connection = sqlite3.connect(window.field.path)
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'trees'"
    ).fetchall()
    for (name,) in names:
        if name.startswith("twin"):
            connection.execute(f'DROP TRIGGER "{name}"')
    connection.commit()
    connection.close()
    page = window.page
    assert spin(lambda: bool(page.model.broken()))
    window.rest()
    assert page.view.isVisible()  # never "Nothing to Publish"
    assert page.status.kind == "bad"
    assert "no longer recorded" in page.status.text
    page.view.select_layer(str(window.field.path), "trees")
    assert "no longer recorded" in page.view.details._hint.text()


def test_copies_leave_with_their_layers(window: Window) -> None:
    window.field.another_program("UPDATE buildings SET height = 50 WHERE twin_id = 'b1'")
    window.open()
    assert window.shows("buildings/b1")
    window.choose("buildings/b1")
    QgsProject.instance().removeAllMapLayers()
    assert spin(lambda: window.page.empty.title == "No Working Copy in This Project")
    assert window.page.preview.bands == ()


def test_indicators(window: Window) -> None:
    view = QgsLayerTreeView()
    model = QgsLayerTreeModel(QgsProject.instance().layerTreeRoot())
    view.setModel(model)
    clicked: list[str] = []
    marks = ChangeIndicators(view, window.copies, lambda layer: clicked.append(layer.name()))
    window.open()
    buildings, trees = window.layer("buildings"), window.layer("trees")
    assert marks.marks() == {}
    tree = buildings.clone()  # another layer of the same table
    QgsProject.instance().addMapLayer(tree)
    feature = QgsFeature(trees.fields())
    trees.startEditing()
    feature.setGeometry(QgsGeometry.fromWkt("POINT(91000 436000)"))
    trees.addFeature(feature)
    assert trees.commitChanges()
    window.field.another_program("UPDATE buildings SET height = 50 WHERE twin_id IN ('b1', 'b2')")
    assert spin(lambda: len(marks.marks()) == 3)
    assert marks.marks()[trees.id()].words == "1 new, not published. Click to see them."
    assert marks.marks()[buildings.id()] == marks.marks()[tree.id()]
    node = QgsProject.instance().layerTreeRoot().findLayer(trees.id())
    (indicator,) = view.indicators(node)
    assert indicator.toolTip().startswith("1 new")
    indicator.clicked.emit(view.node2index(node))
    assert clicked == ["Trees"]
    QgsProject.instance().removeMapLayer(tree.id())
    copy = window.field.copy
    copy.discard(copy.changes())
    assert spin(lambda: marks.marks() == {})
    assert view.indicators(node) == []
    marks.stop()
    view.deleteLater()
