"""The window that brings packages home: chosen, dropped, merged, and what each says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsProject, QgsSettings
from qgis.PyQt.QtCore import QMimeData, QPointF, Qt, QUrl
from qgis.PyQt.QtGui import QDropEvent
from qgis.PyQt.QtWidgets import QLabel

from plugin.gui.moments import moment
from plugin.gui.review.merge_dialog import MergeDialog
from plugin.gui.review.merge_presenter import BROUGHT, PACKAGE
from plugin.map import layers as map_layers
from plugin.map.pilots.combining import open_copy
from plugin.map.project import ProjectCopies
from plugin.review import bundle, plain, tasks
from plugin.review.item import Item
from plugin.workcopy.connection import connect
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.excerpt import excerpt
from plugin.workcopy.geometry import encode
from plugin.workcopy.package import Package
from tests.qgis.gui.clashing_copies import mine, small_city
from tests.qgis.map.meanwhile import spin


class Stage:
    """A working copy in the project, and two packages of it."""

    def __init__(self, folder: Path) -> None:
        (folder / "office").mkdir()
        self.path = small_city(folder / "office" / "city.gpkg").path
        added: list[Any] = []
        map_layers.add_copy(WorkingCopy.open(self.path), tables=["buildings"], done=added.append)
        assert spin(lambda: bool(added))
        (self.layer,) = added[0]
        self.first = self.package(folder / "delfshaven", "Delfshaven", 71)
        self.second = bundle.pack(self.package(folder / "two", "Overschie", 72), folder / "overschie.zip")
        self.copies = ProjectCopies()
        assert spin(lambda: bool(self.copies.copies()))
        self.dialog = MergeDialog(self.copies)
        self.written: list[tuple[str, bool]] = []
        self.dialog.written.connect(lambda path: self.written.append((path, self.dialog.presenter.running)))
        self.dialog.open()
        assert not self.dialog.isModal(), "an edit can be finished, and conflicts be resolved meanwhile"

    def package(self, folder: Path, title: str, height: float) -> Path:
        folder.mkdir()
        gpkg = folder / "review.gpkg"
        made = Package(f"id-{title}", "2026-01-02T08:00:00Z", "office", title, "Jan")
        excerpt(WorkingCopy.open(self.path), gpkg, ["buildings"], None, made)
        plain.create(gpkg, 28992)
        blob = encode({"type": "Point", "coordinates": [92000.0, 437000.0]}, 28992)[0]
        plain.write(gpkg, [Item(text="<b>Gone</b>", key=title, geometry=blob, noted="2026-01-03T08:00:00Z")])
        connection = connect(gpkg, write=True)
        connection.execute("UPDATE buildings SET height = ? WHERE twin_id = 'b1'", (height,))
        connection.close()
        return folder

    @property
    def rows(self) -> list[tuple[str, str]]:
        model = self.dialog.presenter.packages
        return [
            (str(model.index(row, PACKAGE).data()), str(model.index(row, BROUGHT).data()))
            for row in range(model.rowCount())
        ]

    def merge(self) -> None:
        over: list[bool] = []
        self.dialog.presenter.over.connect(lambda: over.append(True))
        self.dialog.merge_button.click()
        assert spin(lambda: bool(over))

    def close(self) -> None:
        self.dialog.done(0)
        self.dialog.deleteLater()
        self.copies.stop()


@pytest.fixture
def stage(tmp_path: Path, qgis_app: Any) -> Iterator[Stage]:
    QgsSettings().remove("citytwin")
    QgsProject.instance().clear()
    found = Stage(tmp_path)
    yield found
    found.close()
    if found.layer in QgsProject.instance().mapLayers().values() and found.layer.isEditable():
        found.layer.rollBack()
    QgsProject.instance().clear()


def test_each_says_what_it_brought(stage: Stage, tmp_path: Path) -> None:
    dialog = stage.dialog
    assert not dialog.merge_button.isEnabled() and dialog.copy.currentText() == "city.gpkg"
    dialog.add([stage.first, stage.second, stage.first])
    assert stage.rows == [("delfshaven", "not merged yet"), ("overschie.zip", "not merged yet")]
    (tmp_path / "text.zip").write_text("no package")
    dialog.add([tmp_path / "text.zip"])
    dialog.list.clearSelection()
    resolved: list[str] = []
    dialog.resolve_wanted.connect(resolved.append)
    stage.merge()
    brought = [words for _, words in stage.rows]
    assert brought[0] == "1 changed · 1 review item"
    assert brought[1] == "1 review item · 1 conflict to resolve" and "no zip file" in brought[2]
    said = "2 packages merged · 1 refused · 1 edit · 2 review items · 1 conflict to resolve"
    assert dialog.status.text == said and dialog.status.kind == "limit"
    assert [index.row() for index in dialog.list.selectionModel().selectedRows()] == [1], "what asks is shown"
    assert any("1 conflict" in one.text for one in dialog.report.sentences)
    assert dialog.resolve_button.isVisible()
    dialog.resolve_button.click()
    assert resolved == [str(stage.path)] and len(open_copy(stage.path).conflicts()) == 1
    assert stage.written == [(str(stage.path), False)], "once, when nothing more is written"
    # only what failed is tried again
    assert dialog.presenter.packages.todo == [tmp_path / "text.zip"]


def test_the_same_once_more_brings_nothing(stage: Stage) -> None:
    stage.dialog.add([stage.first])
    stage.merge()
    assert stage.dialog.status.kind == "good" and not stage.dialog.merge_button.isEnabled()
    stage.dialog.list.selectAll()
    stage.dialog.remove()
    assert stage.rows == []
    stage.dialog.add([stage.first])
    stage.merge()
    assert stage.rows == [("delfshaven", "Nothing new")]
    assert stage.dialog.status.text == "1 package merged · nothing new"


def test_who_looked_at_what_is_told(stage: Stage) -> None:
    gpkg = stage.first / "review.gpkg"
    tasks.create(gpkg, 28992, [tasks.Task("Building <1>"), tasks.Task("Building 2"), tasks.Task("Building 3")])
    tasks.mark(gpkg, 1, by="Jan", at=datetime(2026, 1, 3, 12, tzinfo=timezone.utc))
    tasks.mark(gpkg, 2, at=datetime(2026, 1, 3, 12, tzinfo=timezone.utc))
    stage.dialog.add([stage.first])
    stage.merge()
    assert stage.rows == [("delfshaven", "1 changed · 1 review item · 2 tasks looked at")]
    assert "1 edit · 1 review item · 2 tasks looked at" in stage.dialog.status.text
    when = moment("2026-01-03T12:00:00Z")
    said = [one.text for one in stage.dialog.report.sentences]
    at = said.index("2 of 3 tasks were looked at")
    assert said[at + 1 : at + 3] == [
        f"Building <1>: looked at by Jan ({when})",
        f"Building 2: looked at by somebody ({when})",
    ]
    stage.dialog.resize(760, 560)
    labels = [label for label in stage.dialog.report.widget().findChildren(QLabel) if label.text()]
    assert spin(lambda: all(one.height() <= one.heightForWidth(one.width()) + 1 for one in labels)), "no gaps"
    tasks.mark(gpkg, 1, done=False)
    stage.dialog.list.selectAll()
    stage.dialog.remove()
    stage.dialog.add([stage.first])
    stage.merge()
    assert "Building <1>: not looked at after all" in [one.text for one in stage.dialog.report.sentences]


def test_it_waits_for_edits_and_goes_on(stage: Stage) -> None:
    layer, dialog = stage.layer, stage.dialog
    dialog.add([stage.first])
    assert layer.startEditing()
    feature = next(f for f in layer.getFeatures() if f["twin_id"] == "b2")
    assert layer.changeAttributeValue(feature.id(), layer.fields().indexOf("height"), 5.0)
    dialog.merge_button.click()
    assert "waiting until you finish editing" in dialog.notice.text and dialog.save_button.isVisible()
    assert dialog.close_button.text() == "Cancel" and not dialog.add_button.isEnabled()
    dialog.close_button.click()
    assert dialog.isVisible() and dialog.close_button.text() == "Close" and dialog.notice.text == ""
    assert stage.rows == [("delfshaven", "not merged yet")] and layer.isModified()
    over: list[bool] = []
    dialog.presenter.over.connect(lambda: over.append(True))
    dialog.merge_button.click()
    dialog.save_button.click()
    assert spin(lambda: bool(over))
    heights = {f["twin_id"]: f["height"] for f in layer.getFeatures()}
    assert (heights["b1"], heights["b2"]) == (71, 5) and layer.isEditable() and not layer.isModified()


def test_packages_are_dropped(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "letter.pdf").write_text("no")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in (stage.first, tmp_path / "letter.pdf", stage.second)])
    event = QDropEvent(
        QPointF(10, 10), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    stage.dialog.dropEvent(event)
    assert [name for name, _ in stage.rows] == ["delfshaven", "overschie.zip"]


def test_closed_while_it_merges(stage: Stage) -> None:
    stage.dialog.add([stage.first, stage.second])
    stage.dialog.merge_button.click()
    assert stage.dialog.presenter.running
    stage.dialog.done(0)
    assert not stage.layer.readOnly() and not stage.dialog.presenter.running
    assert open_copy(stage.path).problems == {}


def test_without_a_working_copy(qgis_app: Any, tmp_path: Path) -> None:
    QgsProject.instance().clear()
    copies = ProjectCopies()
    dialog = MergeDialog(copies)
    dialog.add([tmp_path])
    assert not dialog.merge_button.isEnabled() and "Open the working copy" in dialog.status.text
    dialog.done(0)
    dialog.deleteLater()
    copies.stop()


def test_who_edited_the_same_is_asked(stage: Stage) -> None:
    mine(WorkingCopy.open(stage.path), "buildings", "b1", height=8.0)
    stage.dialog.add([stage.first])
    stage.merge()
    assert stage.rows == [("delfshaven", "1 review item · 1 conflict to resolve")]
