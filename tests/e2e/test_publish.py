"""Edit with QGIS's own means, see what changed, take it back, publish it; with clicks and keys."""

from __future__ import annotations

import pytest
from qgis.core import Qgis, QgsGeometry, QgsPointXY, QgsRectangle
from qgis.PyQt.QtCore import QDate

from tests.e2e.desk import Changes, Form, change, editing, feature_of, layer_named
from tests.e2e.hands import RIGHT, Colleague, click, click_map, click_row

PILOTS = 10  # of the generated city


@pytest.fixture
def changes(city_twin) -> Changes:
    return Changes(city_twin)


@pytest.fixture
def colleague(twin) -> Colleague:
    return Colleague(twin.url)


def test_the_form_follows_the_schema(check_out, iface, screenshot):
    check_out("buildings")
    layer = layer_named("Buildings")
    with editing(iface, layer):
        form = Form.opened(iface, layer, "LM-001")
        assert not {"fid", "twin_id", "twin_version"} & set(form.widgets)
        assert form.kind("function") == form.kind("status") == "QComboBox"
        choices = form.widgets["status"]
        assert "Under construction" in [choices.itemText(at) for at in range(choices.count())]
        assert form.kind("storeys") in ("QgsSpinBox", "QgsDoubleSpinBox")
        assert (form.widgets["storeys"].maximum(), form.widgets["year_built"].maximum()) == (120, 2050)
        assert form.kind("inspected") == "QgsDateTimeEdit"
        assert form.kind("monument") == "QCheckBox"
        assert not form.widgets["area_m2"].isEnabled() or form.widgets["area_m2"].isReadOnly()
        screenshot("form")
        form.type("height", "200000")
        form.type("name", "Too high")
        screenshot("form-out-of-range")
        form.ok()
        layer.undoStack().undo()
        Form.opened(iface, layer, "LM-001").ok()
        assert not layer.isModified() or not layer.editBuffer().changedAttributeValues(), "OK alone changes nothing"


def test_edit_see_zoom_discard(check_out, changes, iface, wait_until, screenshot):
    check_out("pilots", "buildings")
    buildings, pilots = layer_named("Buildings"), layer_named("Pilot Areas")
    was = feature_of(buildings, "LM-001")
    with editing(iface, buildings):
        form = Form.opened(iface, buildings, "LM-001")
        form.type("height", "61.5")
        form.type("storeys", "14")
        form.choose("status", "Vacant")
        form.widgets["inspected"].setDate(QDate(2026, 5, 17))
        screenshot("form-filled")
        form.ok()
    with editing(iface, pilots):
        geometry = QgsGeometry(feature_of(pilots, "P-01").geometry())
        geometry.translate(30, 40)
        pilots.changeGeometry(feature_of(pilots, "P-01").id(), geometry)
        pilots.deleteFeature(feature_of(pilots, "P-02").id())
    changes.show().wait_for(3)
    screenshot("changes")
    assert {"geometry", "deleted"} < {words for _, words in changes.shown()}
    changes.choose(was["name"])
    cells = changes.cells()
    assert set(cells) == {"Height", "Storeys", "Status", "Inspected on"}
    assert cells["Status"] == (was["status"], "vacant")
    assert cells["Storeys"] == (str(was["storeys"]), "14")
    assert cells["Height"][1].startswith("61.5") and cells["Inspected on"][1] == "2026-05-17"
    for layer in (buildings, pilots):
        wait_until(
            lambda one=layer: "not published" in " ".join(changes.note(one, iface)), what=f"{layer.name()}'s mark"
        )

    canvas = iface.mapCanvas()
    canvas.setExtent(QgsRectangle(0, 0, 1000, 1000))
    changes.zoom()
    centre = was.geometry().centroid().asPoint()
    wait_until(lambda: canvas.extent().contains(centre), what="the map to show the change")
    assert canvas.extent().width() < 5000
    screenshot("changes-zoomed")

    assert was["name"] in changes.discard("Cancel")
    changes.wait_for(3)
    changes.discard()
    changes.wait_for(2)
    assert was["name"] not in [name for name, _ in changes.shown()]
    now = feature_of(buildings, "LM-001")
    assert now.attributes()[1:] == was.attributes()[1:]
    wait_until(lambda: not changes.note(buildings, iface) and changes.note(pilots, iface), what="the mark to go")


def test_publish_and_the_twin_has_it(check_out, changes, colleague, iface, wait_until, screenshot):
    check_out("pilots")
    layer = layer_named("Pilot Areas")
    change(iface, layer, "P-01", budget_eur=1234567.0, stage="scaling")
    name = feature_of(layer, "P-01")["name"]
    changes.show().wait_for(1)
    window = changes.publish()
    assert not window.dialog.publish_button.isEnabled(), "a message is asked for"
    window.say("Budget of the second phase")
    screenshot("publish")
    window.go()
    screenshot("published")
    assert window.report() == {name: "Published"}
    window.close()
    changes.wait_for(0)
    found = colleague.get("pilots", "P-01")
    assert (found.properties["budget_eur"], found.properties["stage"]) == (1234567.0, "scaling")
    wait_until(lambda: changes.note(layer, iface) == [])
    assert feature_of(layer, "P-01")["twin_version"] == found.token.strip() or found.token
    change(iface, layer, "P-01", budget_eur=7.0)
    changes.wait_for(1)
    second = changes.publish()
    second.say("And again, on the new version")
    second.go()
    assert second.report() == {name: "Published"}
    second.close()
    assert colleague.get("pilots", "P-01").properties["budget_eur"] == 7.0


def test_somebody_elses_change_is_not_overwritten(check_out, changes, colleague, iface, wait_until, screenshot):
    check_out("pilots")
    layer = layer_named("Pilot Areas")
    names = {key: feature_of(layer, key)["name"] for key in ("P-01", "P-02")}
    change(iface, layer, "P-01", budget_eur=1.0)
    change(iface, layer, "P-02", budget_eur=2.0)
    theirs = colleague.change("pilots", "P-01", budget_eur=9.0)
    changes.show().wait_for(2)
    window = changes.publish()
    window.say("Two budgets")
    window.go()
    screenshot("clash")
    assert window.report() == {names["P-01"]: "Conflict", names["P-02"]: "Published"}
    assert "else" in window.words(names["P-01"])
    window.close()
    now = colleague.get("pilots", "P-01")
    assert (now.token, now.properties) == (theirs.token, theirs.properties), "the twin's was overwritten"
    assert colleague.get("pilots", "P-02").properties["budget_eur"] == 2.0
    changes.wait_for(1)
    assert feature_of(layer, "P-01")["budget_eur"] == 1.0, "the edit is gone"
    changes.choose(names["P-01"])
    assert changes.page.view.details.notice.isVisible()
    wait_until(
        lambda: any("somebody else" in words for words in changes.note(layer, iface)), what="the mark of a clash"
    )
    screenshot("clash-kept")


def test_a_bow_tie_is_listed_and_found(check_out, changes, colleague, iface, wait_until, screenshot):
    check_out("pilots")
    layer, canvas = layer_named("Pilot Areas"), iface.mapCanvas()
    canvas.setExtent(QgsRectangle(90000, 437000, 90400, 437250))
    canvas.refresh()
    wait_until(lambda: not canvas.isDrawing())
    with editing(iface, layer):
        iface.actionAddFeature().trigger()
        for x, y in ((90100, 437050), (90200, 437150), (90200, 437050), (90100, 437150)):
            click_map(canvas, QgsPointXY(x, y))
        screenshot("bow-tie-drawn")
        click_map(canvas, QgsPointXY(90100, 437150), RIGHT)
        form = Form(Form.shown())
        form.type("name", "Bow tie")
        form.choose("stage", "Idea")
        form.choose("theme", "Health")
        screenshot("bow-tie-form")
        form.ok()
        assert layer.featureCount() == PILOTS + 1
    change(iface, layer, "P-01", budget_eur=1.0)
    changes.show().wait_for(2)
    window = changes.publish()
    (problem,) = window.problems()
    assert "cross" in problem.lower() or "intersect" in problem.lower()
    screenshot("bow-tie-problem")
    canvas.setExtent(QgsRectangle(0, 0, 1000, 1000))
    click_row(window.dialog.problems, window.dialog.problems.model().index(0, 0))
    click(window.dialog.zoom_button)
    crossing = QgsPointXY(90150, 437100)
    wait_until(lambda: canvas.extent().contains(crossing), what="the map to show the crossing")
    assert canvas.extent().center().distance(crossing) < 1
    window.say("All but the bow tie")
    window.go()
    assert window.report()["Bow tie"] == "Not published"
    window.close()
    changes.wait_for(1)
    assert colleague.get("pilots", "P-01").properties["budget_eur"] == 1.0
    assert len(colleague.items("pilots", 100)) == PILOTS
    assert layer.geometryType() == Qgis.GeometryType.Polygon and layer.featureCount() == PILOTS + 1
