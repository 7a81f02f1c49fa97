"""Two working copies of one twin in the real QGIS: what one publishes the other pulls, edit sessions or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsGeometry, QgsProject, QgsVectorLayer
from qgis.PyQt.QtWidgets import QPushButton

from tests.e2e.desk import Changes, at_rest, change, editing, feature_of
from tests.e2e.hands import Colleague, button, click, wait_until


class Pulling(Changes):
    """The Changes page, and what a pull says in the message bar."""

    def __init__(self, city_twin: Any, iface: Any) -> None:
        super().__init__(city_twin)
        self.iface = iface

    def said(self) -> list[str]:
        return [item.text() for item in self.iface.messageBar().items()]

    def begin(self, path: Path) -> None:
        """Choose the working copy, as somebody with two of them has to, and press Pull."""
        self.iface.messageBar().clearWidgets()
        self.choose_copy(path)
        click(self.page.view.pull_button)

    def choose_copy(self, path: Path) -> None:
        if not self.page.view.isVisible():
            return
        tree, view = self.tree, self.page.view
        for row in range(view.filter.rowCount()):
            index = view.filter.index(row, 0)
            if view.model.path(view.filter.mapToSource(index)) == str(path):
                tree.setCurrentIndex(index)

    def over(self) -> None:
        wait_until(lambda: self.page.pulls.presenter is None and self.settled(), 60, "the pull")

    def pull(self, path: Path) -> str:
        """Pull; what it says."""
        self.begin(path)
        self.over()
        return " | ".join(self.said())

    def press(self, words: str) -> None:
        """A button of the message bar."""
        click(button(self.iface.messageBar().currentItem(), words))


@pytest.fixture
def pulling(city_twin: Any, iface: Any) -> Pulling:
    return Pulling(city_twin, iface)


@pytest.fixture
def colleague(twin: Any) -> Colleague:
    return Colleague(twin.url)


def layer_in(path: Path, name: str) -> QgsVectorLayer:
    """A layer by its working copy: two copies have layers of the same name."""
    found = [
        layer
        for layer in QgsProject.instance().mapLayers().values()
        if layer.name() == name and str(path) in layer.source()
    ]
    assert len(found) == 1
    return found[0]


def test_two_working_copies_of_one_twin(check_out, pulling, iface, screenshot):
    ours, theirs = check_out("buildings", "trees", name="ours"), check_out("buildings", name="theirs")
    mine, hers = layer_in(ours, "Buildings"), layer_in(theirs, "Buildings")
    style = mine.renderer().dump()
    count = mine.featureCount()
    change(iface, hers, "LM-001", height=61.5)
    change(iface, hers, "LM-002", name="Renamed by her")
    with editing(iface, hers):
        hers.deleteFeature(feature_of(hers, "LM-003").id())
        moved = QgsGeometry(feature_of(hers, "LM-004").geometry())
        moved.translate(3, 2)
        hers.changeGeometry(feature_of(hers, "LM-004").id(), moved)
    change(iface, mine, "LM-001", storeys=14)
    change(iface, mine, "LM-002", name="Renamed by me")
    pulling.show().wait_for(6)
    pulling.choose_copy(theirs)
    window = pulling.publish()
    wait_until(lambda: "in sets of at most" in window.dialog.prospects.text, what="how the twin protects")
    window.say("Her survey")
    screenshot("publish-protected")
    window.go()
    assert set(window.report().values()) == {"Published"}
    screenshot("publish-report-protected")
    window.close()
    pulling.wait_for(2)

    said = pulling.pull(ours)
    assert "1 changed, 1 deleted by others · merged into 1 of your edits · 1 conflict to resolve" in said
    screenshot("pulled")
    pulling.wait_for(2)
    at_rest(iface)
    assert mine.featureCount() == count - 1
    merged = feature_of(mine, "LM-001")
    assert (merged["height"], merged["storeys"]) == (61.5, 14)
    assert feature_of(mine, "LM-004").geometry().equals(moved)
    assert feature_of(mine, "LM-002")["name"] == "Renamed by me"
    assert mine.renderer().dump() == style and not mine.readOnly()
    assert [name for name, words in pulling.shown() if "Renamed by me" in name + words]
    assert "Nothing new on the twin since" in pulling.pull(ours)

    pulling.page.show_history()
    (history,) = pulling.page.publishing.histories.values()
    history.reject()


def test_a_pull_waits_while_somebody_edits(check_out, pulling, colleague, iface, wait_until, screenshot):
    path = check_out("buildings")
    layer = layer_in(path, "Buildings")
    pulling.show()
    iface.setActiveLayer(layer)
    at_rest(iface)
    iface.actionToggleEditing().trigger()
    feature = feature_of(layer, "LM-001")
    storeys = layer.fields().lookupField("storeys")
    assert layer.changeAttributeValue(feature.id(), storeys, 14, feature["storeys"])
    colleague.change("buildings", "LM-001", height=61.5)
    before = path.stat().st_mtime_ns
    pulling.begin(path)
    wait_until(lambda: pulling.page.pulls.presenter and pulling.page.pulls.presenter.phase == "waiting", what="waiting")
    assert pulling.said() == ["Pull is waiting until you finish editing Buildings."]
    screenshot("pull-waits")
    assert path.stat().st_mtime_ns == before, "nothing is written under an edit session"
    assert layer.isModified()
    pulling.press("Save and Go On")
    pulling.over()
    assert pulling.said() == ["merged into 1 of your edits"]
    assert layer.isEditable() and not layer.isModified(), "the session goes on"
    at_rest(iface)
    merged = feature_of(layer, "LM-001")
    assert (merged["height"], merged["storeys"]) == (61.5, 14)
    at_rest(iface)
    iface.setActiveLayer(layer)
    iface.actionToggleEditing().trigger()
    assert not layer.isEditable()
    pulling.wait_for(1)


def test_saving_by_oneself_lets_the_pull_go_on(check_out, pulling, colleague, iface, wait_until):
    path = check_out("buildings")
    layer = layer_in(path, "Buildings")
    pulling.show()
    iface.setActiveLayer(layer)
    at_rest(iface)
    iface.actionToggleEditing().trigger()
    feature = feature_of(layer, "LM-001")
    assert layer.changeAttributeValue(feature.id(), layer.fields().lookupField("storeys"), 14, feature["storeys"])
    colleague.change("buildings", "LM-002", height=61.5)
    pulling.begin(path)
    wait_until(lambda: pulling.page.pulls.presenter and pulling.page.pulls.presenter.phase == "waiting", what="waiting")
    iface.actionSaveActiveLayerEdits().trigger()
    assert not layer.isModified()
    pulling.over()
    assert pulling.said() == ["1 changed by others"]
    at_rest(iface)
    assert feature_of(layer, "LM-002")["height"] == 61.5
    iface.setActiveLayer(layer)
    at_rest(iface)
    iface.actionToggleEditing().trigger()


def test_what_is_being_drawn_is_not_lost(check_out, pulling, colleague, iface, wait_until):
    """A pull waits for a polygon of which two corners are set."""
    from qgis.core import QgsPointXY

    from tests.e2e.hands import RIGHT, click_map

    path = check_out("buildings")
    layer = layer_in(path, "Buildings")
    pulling.show()
    iface.setActiveLayer(layer)
    at_rest(iface)
    iface.actionToggleEditing().trigger()
    iface.actionAddFeature().trigger()
    canvas = iface.mapCanvas()
    at = canvas.extent().center()
    for dx, dy in ((0, 0), (40, 0)):
        click_map(canvas, QgsPointXY(at.x() + dx, at.y() + dy))
    colleague.change("buildings", "LM-002", height=61.5)
    pulling.begin(path)
    wait_until(lambda: pulling.page.pulls.presenter and pulling.page.pulls.presenter.phase == "waiting", what="waiting")
    assert pulling.said() == ["Pull is waiting until you finish drawing in Buildings."]
    assert not [one for one in iface.messageBar().currentItem().findChildren(QPushButton) if "Save" in one.text()]
    tool = canvas.mapTool()
    tool.clean()  # as Escape does
    pulling.over()
    assert pulling.said() == ["1 changed by others"]
    assert layer.isEditable() and canvas.mapTool() is tool, "the pencil is still in the hand"
    click_map(canvas, QgsPointXY(at.x(), at.y()), RIGHT)
    layer.rollBack()
