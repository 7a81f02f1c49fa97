"""From a clash on the Changes page to a publish: a project, a working copy, a running twin and a colleague."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from qgis.core import QgsCoordinateReferenceSystem, QgsProject, QgsSettings
from qgis.PyQt.QtWidgets import QApplication

from plugin.gui.changes_page import ChangesPage
from plugin.gui.conflicts_window import ConflictsWindow
from plugin.map import layers as map_layers
from plugin.map.project import ProjectCopies
from plugin.twin.client import Twin
from plugin.workcopy.publish import publish
from plugin.workcopy.pull import pull
from tests.qgis.gui.edited_copies import Field, box
from tests.qgis.gui.test_changes_page import Window, set_value
from tests.qgis.map.meanwhile import spin


@pytest.fixture()
def window(field: Field, qgis_iface: Any) -> Iterator[Window]:
    QgsSettings().remove("citytwin")
    QgsProject.instance().clear()
    qgis_iface.mapCanvas().setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:28992"))
    qgis_iface.mapCanvas().resize(600, 400)
    copies = ProjectCopies()
    page = ChangesPage(copies, qgis_iface)
    page.resize(400, 700)
    page.show()
    yield Window(page, copies, field)
    page.stop()
    copies.stop()
    page.close()
    page.deleteLater()
    QgsProject.instance().clear()
    QgsSettings().remove("citytwin")
    QApplication.processEvents()


def somebody_draws(field: Field, identity: str, geometry: dict[str, Any]) -> None:
    """A colleague gives a building another outline."""
    url = f"{field.twin.url}collections/buildings/items/{identity}"
    crs = "http://www.opengis.net/def/crs/EPSG/0/28992"
    token = requests.get(url, timeout=10).headers["ETag"]
    headers = {"Content-Type": "application/merge-patch+json", "If-Match": token, "Content-Crs": f"<{crs}>"}
    body = json.dumps({"type": "Feature", "geometry": geometry})
    requests.patch(url, data=body, headers=headers, timeout=10).raise_for_status()


def clash(field: Field) -> None:
    """Height and outline of b1, and the height of b2, on both sides."""
    field.another_program("UPDATE buildings SET height = 50 WHERE twin_id IN ('b1', 'b2')")
    x, y = 91040, 436000
    ours = f"POLYGON(({x} {y},{x + 15} {y},{x + 15} {y + 12},{x} {y + 12},{x} {y}))"
    field.another_program_draws("buildings", "b1", ours)
    for identity in ("b1", "b2"):
        field.somebody_sets("buildings", identity, height=60.0)
    somebody_draws(field, "b1", box(x, y, 14.0))
    report = pull(field.copy, Twin(field.twin.url))
    assert report.conflicts == 2


def opened(window: Window, key: str = "") -> ConflictsWindow:
    if key:
        window.choose(key)
    window.page.conflicts.button.click()
    (one,) = window.page.conflicts.desk.windows.values()
    assert spin(lambda: one.presenter.phase == "ready" and bool(one.presenter.conflicts))
    return one


def rest(window: Window, one: ConflictsWindow) -> None:
    assert spin(lambda: one.presenter.phase == "ready" and not one.presenter._reading)
    window.rest()


def test_a_strip_as_long_as_something_clashes(window: Window) -> None:
    window.open()
    strip = window.page.conflicts
    assert not strip.isVisible()
    clash(window.field)
    assert spin(strip.isVisible, 10)
    window.rest()
    assert strip.words.text() == "2 conflicts to resolve"
    one = opened(window, "buildings/b2")
    assert one.panel.key == "buildings/b2", "the chosen change's conflict is not shown"
    assert one.panel.sentence.text().startswith("You both changed it.")
    one.presenter.take("buildings/b2", "mine")
    assert strip.more.full_text == "1 decided, not applied yet"
    one.reject()
    assert strip.more.full_text == "1 decided, not applied yet" and not window.page.conflicts.desk.windows
    again = opened(window)
    assert again is not one and again.presenter.resolved_keys() == ["buildings/b2"]
    assert again.presenter.apply_resolved()
    rest(window, again)
    assert spin(lambda: strip.words.text() == "1 conflict to resolve", 10)
    again.presenter.take("buildings/b1", "theirs")
    assert again.presenter.apply()
    rest(window, again)
    assert spin(lambda: not strip.isVisible(), 10)


def test_layers_show_what_was_decided_and_it_publishes(window: Window) -> None:
    window.open()
    clash(window.field)
    map_layers.reload(window.field.path)
    assert spin(window.page.conflicts.isVisible, 10)
    window.rest()
    one = opened(window)
    presenter = one.presenter
    presenter.pick("buildings/b1", "geom", "mine")
    presenter.write("buildings/b1", "height", 55.5)
    presenter.take("buildings/b2", "theirs")
    assert presenter.apply()
    assert all(layer.readOnly() for layer in map_layers.project_layers(window.field.path)), "editing could begin"
    rest(window, one)
    layer = window.layer("buildings")
    assert not layer.readOnly()
    heights = {f["twin_id"]: f["height"] for f in layer.getFeatures()}
    assert (heights["b1"], heights["b2"]) == (55.5, 60.0)
    assert window.shows("buildings/b1")
    report = publish(window.field.copy, Twin(window.field.twin.url), "Resolved")
    assert (report.published, report.conflicts) == (1, 0)
    item = window.field.item("buildings", "b1")
    assert item["properties"]["height"] == 55.5


def test_edits_that_are_not_saved_are_asked_for(window: Window) -> None:
    window.open()
    clash(window.field)
    assert spin(window.page.conflicts.isVisible, 10)
    window.rest()
    one = opened(window)
    one.presenter.fill("theirs")
    layer = window.layer("buildings")
    set_value(layer, "b3", "height", 99.0)
    said = window.answer("Cancel")
    assert not one.presenter.apply()
    assert "not saved" in said[0] and len(window.field.copy.conflicts()) == 2
    assert one.panel.notice.isVisible() and layer.isModified() and not layer.readOnly()
    window.answer("Save")
    assert one.presenter.apply()
    rest(window, one)
    assert window.field.copy.conflicts() == []
    assert layer.isEditable() and not layer.isModified(), "the edit session did not go on"
    layer.rollBack()
    assert window.shows("buildings/b3")


def test_a_colleague_changes_it_again_before_apply(window: Window) -> None:
    window.open()
    clash(window.field)
    assert spin(window.page.conflicts.isVisible, 10)
    window.rest()
    one = opened(window)
    one.presenter.fill("mine")
    window.field.somebody_sets("buildings", "b2", height=61.0)
    pull(window.field.copy, Twin(window.field.twin.url))
    assert spin(lambda: one.presenter.open_keys() == ["buildings/b2"], 10), "the window did not look again"
    assert not one.apply_button.isEnabled()
    assert "b2" not in one.presenter.decision("buildings/b1").choices
    assert one.presenter.decision("buildings/b1").choices["height"].pick == "mine"


def test_the_working_copy_leaves_the_project(window: Window) -> None:
    window.open()
    clash(window.field)
    assert spin(window.page.conflicts.isVisible, 10)
    window.rest()
    one = opened(window)
    assert one.isVisible()
    QgsProject.instance().clear()
    assert spin(lambda: not window.page.conflicts.desk.windows, 10)
    assert not window.page.conflicts.isVisible()


def test_zoom_shows_it_on_the_main_map(window: Window, qgis_iface: Any) -> None:
    window.open()
    clash(window.field)
    assert spin(window.page.conflicts.isVisible, 10)
    window.rest()
    one = opened(window, "buildings/b2")
    one.panel.zoom_button.click()
    centre = qgis_iface.mapCanvas().extent().center()
    assert abs(centre.x() - 91086) < 5 and abs(centre.y() - 436006) < 5


def test_several_working_copies_are_named(qgis_app: Any) -> None:
    from plugin.gui.conflict_strip import ConflictStrip

    strip = ConflictStrip()
    wanted: list[str] = []
    strip.resolve.connect(wanted.append)
    strip.tell({"/a": ("anna", 2), "/b": ("bram", 1), "/c": ("clara", 0)}, 0)
    assert not strip.isHidden() and strip.words.text() == "3 conflicts to resolve"
    menu = strip.button.menu()
    assert [action.text() for action in menu.actions()] == ["anna (2)", "bram (1)"]
    menu.actions()[1].trigger()
    assert wanted == ["/b"]
    strip.tell({"/a": ("anna", 1)}, 1)
    assert strip.button.menu() is None and strip.more.full_text == "1 decided, not applied yet"
    strip.button.click()
    assert wanted == ["/b", ""]
    strip.tell({"/a": ("anna", 0)}, 0)
    assert strip.isHidden()
