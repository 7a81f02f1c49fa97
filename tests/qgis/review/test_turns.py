"""A merge, a pull, a publish and decisions on one working copy, with a running twin: who comes second waits or says
why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from qgis.core import QgsProject, QgsSettings

from plugin.gui.changes_page import ChangesPage
from plugin.gui.review.desk import ReviewDesk
from plugin.gui.review.merge_dialog import MergeDialog
from plugin.map import layers as map_layers
from plugin.map import tasks
from plugin.map.project import ProjectCopies
from plugin.review import plain
from plugin.review.item import Item
from plugin.twin.client import Twin
from plugin.workcopy.connection import connect
from plugin.workcopy.excerpt import excerpt
from plugin.workcopy.geometry import encode
from plugin.workcopy.package import Package
from plugin.workcopy.pull import pull
from tests.qgis.gui.edited_copies import Field, field
from tests.qgis.map.meanwhile import spin
from tests.qgis.pilots.pilot_window import MainWindow

__all__ = ["field"]


class Stage:
    """The Changes page, the Review page and its window of merges over one working copy and its twin."""

    def __init__(self, field: Field, folder: Path) -> None:
        self.field, self.path = field, str(field.path)
        blob = encode({"type": "Point", "coordinates": [91040.0, 436000.0]}, 28992)[0]
        self.noted = Item("wrong", "The door is red", key="door", geometry=blob, noted="2026-11-20T08:00:00Z")
        plain.create(field.path, 28992)
        plain.write(field.path, [self.noted])
        self.package = folder / "walk"
        self.package.mkdir()
        gpkg = self.package / "review.gpkg"
        made = Package("id-walk", "2026-11-20T08:00:00Z", "office", "Walk", "Jan")
        excerpt(field.copy, gpkg, ["buildings"], None, made)
        plain.create(gpkg, 28992)
        plain.write(gpkg, [replace(self.noted, key="gate", text="The gate is gone")])
        connection = connect(gpkg, write=True)
        connection.execute("UPDATE buildings SET height = 71 WHERE twin_id = 'b1'")
        connection.close()
        self.window = MainWindow()
        self.copies = ProjectCopies()
        self.changes = ChangesPage(self.copies, self.window)  # type: ignore[arg-type]
        self.review = ReviewDesk(self.window, self.copies)  # type: ignore[arg-type]
        added: list[object] = []
        map_layers.add_copy(field.copy, done=added.append)
        assert spin(lambda: bool(added) and self.review.book.known(self.path) and self.is_idle())
        for page in (self.changes, self.review.page):
            page.resize(360, 700)
            page.show()
        self.over: list[bool] = []

    def is_idle(self) -> bool:
        page = self.changes
        busy = page.reader.busy or page.model.busy or page._working or self.review.book.busy
        return not busy and not self.copies.writers.doing(self.path)

    def rest(self) -> None:
        assert spin(self.is_idle)

    def merging(self) -> MergeDialog:
        """The window of merges with the package in it, its button pressed."""
        self.review.merge(self.path)
        dialog = self.review.dialog
        assert isinstance(dialog, MergeDialog)
        dialog.add([self.package])
        dialog.presenter.over.connect(lambda: self.over.append(True))
        dialog.merge_button.click()
        return dialog

    def edited(self, identity: str = "b3") -> None:
        """An edit of the office, which can be published."""
        self.field.another_program(f"UPDATE buildings SET height = 33 WHERE twin_id = '{identity}'")
        assert spin(lambda: bool(self.changes.model.all_changes()))
        self.rest()

    def heights(self) -> dict[str, float]:
        layer = map_layers.project_layers(self.field.path, "buildings")[0]
        return {feature["twin_id"]: feature["height"] for feature in layer.getFeatures()}

    @property
    def said(self) -> list[str]:
        return [item.text() for item in self.window.messageBar().items()]

    def close(self) -> None:
        self.review.stop()
        self.review.page.stop()
        self.changes.stop()
        self.copies.stop()
        tasks.cancel_all()
        for page in (self.changes, self.review.page):
            page.close()
            page.deleteLater()
        QgsProject.instance().clear()
        self.window.close()


@pytest.fixture
def stage(field: Field, tmp_path: Path) -> Iterator[Stage]:
    QgsSettings().remove("citytwin")
    QgsProject.instance().clear()
    found = Stage(field, tmp_path)
    yield found
    found.close()


def test_while_a_merge_works_the_others_say_so_and_do_nothing(stage: Stage) -> None:
    stage.edited()
    page, words = stage.changes, "A field review is being merged into delfshaven.gpkg."
    stage.field.somebody_sets("buildings", "b2", name="Theirs")
    stage.merging()
    view = page.view
    assert not (view.pull_button.isEnabled() or view.publish_button.isEnabled() or view.discard_button.isEnabled())
    assert view.pull_button.toolTip() == words and view.publish_button.toolTip() == words
    assert page.status.text == words and stage.review.page.status.text == words
    for act in (page.pull, page.publish):  # as the menu and the tool bar do
        stage.window.messageBar().clearWidgets()
        act()
        assert stage.said == [f"{words} Try again once that is over."]
    assert page.pulls.presenter is None and page.dialog is None
    assert not stage.review.page.actions.actions["accept"].isEnabled()
    stage.review.decide(stage.path, ["door"], "accepted")  # by a shortcut, say
    assert stage.said[-1].startswith(words)
    assert spin(lambda: bool(stage.over)) and stage.heights()["b1"] == 71
    stage.rest()
    assert {item.key: item.status for item in plain.read(stage.field.path).items} == {"door": "open", "gate": "open"}
    assert view.pull_button.isEnabled() and view.publish_button.isEnabled()
    assert "Bring what others changed" in view.pull_button.toolTip()
    view.pull_button.click()
    assert spin(lambda: page.pulls.presenter is None)
    stage.rest()
    names = {f["twin_id"]: f["name"] for f in map_layers.project_layers(stage.field.path, "buildings")[0].getFeatures()}
    assert names["b2"] == "Theirs"


def test_a_merge_waits_for_a_pull(stage: Stage) -> None:
    stage.field.somebody_sets("buildings", "b2", height=44.0)
    stage.changes.view.pull_button.click()
    dialog = stage.merging()
    assert dialog.notice.text == (
        "Changes of others are being pulled into delfshaven.gpkg. The merge goes on once that is over."
    )
    assert dialog.presenter.home is not None and dialog.presenter.home.phase == "waiting"
    assert not dialog.save_button.isVisible() and dialog.close_button.text() == "Cancel"
    assert spin(lambda: bool(stage.over)) and dialog.notice.text == ""
    assert (stage.heights()["b1"], stage.heights()["b2"]) == (71, 44)
    stage.rest()


def test_a_merge_waits_until_the_publish_window_is_closed(stage: Stage) -> None:
    stage.edited()
    page = stage.changes
    page.publish()
    publishing = page.dialog
    assert publishing is not None and spin(lambda: publishing.presenter.phase == "ready")
    dialog = stage.merging()
    assert "its Publish window is open" in dialog.notice.text and not page.view.pull_button.isEnabled()
    assert not spin(lambda: dialog.presenter.home is None or dialog.presenter.home.phase != "waiting", 0.6)
    dialog.close_button.click()  # cancels what waits
    assert stage.over == [True] and stage.heights()["b1"] != 71
    dialog.merge_button.click()
    publishing.presenter.say("Heights of the Coolhaven")
    assert publishing.presenter.publish()
    assert spin(lambda: publishing.presenter.phase == "report", 30)
    assert stage.over == [True], "not before the window is closed"
    publishing.reject()
    assert spin(lambda: len(stage.over) == 2)
    stage.rest()
    assert (stage.heights()["b1"], stage.heights()["b3"]) == (71, 33)
    assert stage.field.item("buildings", "b3")["properties"]["height"] == 33


def test_decisions_on_conflicts_and_a_merge(stage: Stage) -> None:
    stage.edited("b2")
    stage.field.somebody_sets("buildings", "b2", height=60.0)
    assert pull(stage.field.copy, Twin(stage.field.twin.url)).conflicts == 1
    page = stage.changes
    assert spin(page.conflicts.isVisible, 10)
    stage.rest()
    page.conflicts.open(stage.path)
    (conflicts,) = page.conflicts.desk.windows.values()
    assert spin(lambda: conflicts.presenter.phase == "ready" and bool(conflicts.presenter.conflicts))
    conflicts.presenter.fill("theirs")
    said: list[str] = []
    conflicts.presenter.said.connect(lambda words, _kind: said.append(words))
    dialog = stage.merging()
    assert not conflicts.presenter.apply() and said[-1].startswith("A field review is being merged")
    assert spin(lambda: bool(stage.over)) and spin(lambda: conflicts.presenter.phase == "ready")
    stage.rest()
    assert spin(lambda: not conflicts.presenter.obstacle) and conflicts.presenter.apply()
    dialog.remove()
    dialog.list.selectAll()
    dialog.remove()
    dialog.add([stage.package])
    dialog.merge_button.click()
    assert dialog.notice.text.startswith("Decisions are being written into delfshaven.gpkg.")
    assert spin(lambda: len(stage.over) == 2)
    stage.rest()
    assert (stage.heights()["b1"], stage.heights()["b2"]) == (71, 60)


def test_preparing_waits_its_turn_too(stage: Stage, tmp_path: Path) -> None:
    stage.review.prepare(stage.path)
    dialog = stage.review.dialog
    assert dialog is not None
    turn = stage.copies.writers.turn(stage.path, "Somebody writes.")
    assert turn.begin()
    dialog.go()
    assert dialog.status.text == "Somebody writes. Try again once that is over."
    turn.end()
    dialog.form.folder.setFilePath(str(tmp_path))
    dialog.go()
    assert stage.copies.writers.doing(stage.path) == "A field review of delfshaven.gpkg is being prepared."
    dialog.reject()
    assert spin(lambda: not stage.copies.writers.doing(stage.path))
