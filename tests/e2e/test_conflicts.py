"""Two working copies of the same neighbourhood clash on a building's height and outline; both get to the twin."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import qgis.utils
from qgis.core import QgsGeometry, QgsPointXY, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtTest import QTest

from tests.e2e.desk import Changes, Publishing, change, editing, feature_of, layer_named
from tests.e2e.hands import LEFT, Colleague, button, click, click_row, rows, wait_until
from tests.e2e.test_life import NAME, loaded_after, ours, settled

__all__ = ["loaded_after"]  # a fixture
HOUSE = "LM-001"
KEY = f"buildings/{HOUSE}"


def layer_of(path: Path) -> QgsVectorLayer:
    """The buildings of one working copy; both have layers of the same name."""
    (found,) = [
        one
        for one in QgsProject.instance().mapLayers().values()
        if one.source().startswith(f"{path}|layername=buildings")
    ]
    return found


def corners(layer: QgsVectorLayer) -> list[QgsPointXY]:
    geometry = feature_of(layer, HOUSE).geometry()
    return list((geometry.asMultiPolygon()[0] if geometry.isMultipart() else geometry.asPolygon())[0])


def edit(iface: Any, layer: QgsVectorLayer, height: float, corner: int, by: tuple[float, float]) -> None:
    """Another height, and one corner moved."""
    with editing(iface, layer):
        feature = feature_of(layer, HOUSE)
        assert layer.changeAttributeValue(feature.id(), layer.fields().lookupField("height"), height)
        geometry = QgsGeometry(feature.geometry())
        at = corners(layer)[corner]
        geometry.moveVertex(at.x() + by[0], at.y() + by[1], corner)
        assert layer.changeGeometry(feature.id(), geometry)


def publish(changes: Changes, message: str) -> dict[str, str]:
    window = changes.publish()
    window.say(message)
    window.go()
    report = window.report()
    window.close()
    return report


class Conflicts:
    """The Conflicts window."""

    def __init__(self, changes: Changes) -> None:
        desk = changes.page.conflicts.desk
        wait_until(lambda: any(one.isVisible() for one in desk.windows.values()), what="the Conflicts window")
        (self.window,) = desk.windows.values()
        self.ready()

    def ready(self) -> None:
        presenter = self.window.presenter
        wait_until(lambda: presenter.phase == "ready" and not presenter._reading, what="the conflicts")

    def drawn(self) -> None:
        maps = self.window.panel.maps
        for _ in range(3):
            wait_until(lambda: not maps.mine.map.isDrawing() and not maps.theirs.map.isDrawing(), 60, "the maps")
            QTest.qWait(150)

    def table(self) -> dict[str, list[str]]:
        """Column → base, mine, theirs, result."""
        table = self.window.panel.table
        return {index.data(): [str(index.siblingAtColumn(at).data()) for at in range(1, 5)] for index in rows(table)}

    def click_cell(self, title: str, column: int) -> None:
        table = self.window.panel.table
        (index,) = [index.siblingAtColumn(column) for index in rows(table) if index.data() == title]
        place = table.visualRect(index).center()
        QTest.mouseClick(table.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, place)

    def use(self, side: str) -> None:
        """The button over a map."""
        choose = getattr(self.window.panel.maps, side).choose
        QTest.mouseClick(choose, LEFT, Qt.KeyboardModifier.NoModifier, QPoint(10, choose.height() // 2))


def test_two_working_copies_clash_and_both_publish(check_out, city_twin, twin, iface, screenshot):
    changes, colleague = Changes(city_twin), Colleague(twin.url)
    anna, bram = check_out("buildings", name="anna"), check_out("buildings", name="bram")
    name = feature_of(layer_of(anna), HOUSE)["name"]
    before = corners(layer_of(anna))
    box = QgsGeometry.fromPolygonXY([before]).boundingBox()
    iface.mapCanvas().setExtent(box.buffered(60))

    edit(iface, layer_of(anna), 61.0, 1, (9.0, 0.0))
    changes.show().wait_for(1)
    assert publish(changes, "Anna measured") == {name: "Published"}
    changes.wait_for(0)

    edit(iface, layer_of(bram), 64.5, 2, (0.0, 12.0))
    changes.wait_for(1)
    window = changes.publish()
    window.say("Bram measured, too")
    window.go()
    assert window.report() == {name: "Conflict"}
    screenshot("conflicts-report")
    click(button(window.dialog, "Resolve Conflicts"))

    conflicts = Conflicts(changes)
    one = conflicts.window
    conflicts.drawn()
    screenshot("conflicts-open")
    assert not one.apply_button.isEnabled() and one.panel.key == KEY
    found = conflicts.table()
    assert found["Height"][1:] == ["64.5", "61", "Choose…"]
    assert {"Geometry", "Height"} <= set(found) and found["Geometry"][3] == "Choose…"
    assert len(one.panel.maps.mine.map.bands) >= 3, "nothing is drawn or marked"

    conflicts.click_cell("Height", 3)
    assert not one.apply_button.isEnabled(), "the outline is still open"
    conflicts.use("mine")
    assert conflicts.table()["Height"][3] == "61"
    conflicts.drawn()
    screenshot("conflicts")
    one.grab().save(str(screenshot("conflicts").with_name("conflicts-window.png")))
    click(one.apply_button)
    conflicts.ready()
    wait_until(one.empty.isVisible, what="the good news")
    screenshot("conflicts-resolved")
    wait_until(lambda: not changes.page.conflicts.isVisible(), what="the strip to go")
    layer = layer_of(bram)
    assert feature_of(layer, HOUSE)["height"] == 61.0 and not layer.readOnly()

    changes.wait_for(1)
    click(one.empty.buttons[0])
    wait_until(lambda: changes.page.dialog is not None, what="the Publish window")
    again = Publishing(changes.page.dialog)
    wait_until(lambda: again.dialog.presenter.phase == "ready", what="the checks")
    again.say("Bram's outline, Anna's height")
    again.go()
    assert again.report() == {name: "Published"}
    again.close()
    changes.wait_for(0)

    now = colleague.get("buildings", HOUSE)
    assert now.properties["height"] == 61.0
    wanted = [(round(p.x(), 2), round(p.y(), 2)) for p in corners(layer)]
    assert (round(before[2].x(), 2), round(before[2].y() + 12, 2)) in wanted, "Bram's corner is not on the map"
    assert (round(before[1].x(), 2), round(before[1].y(), 2)) in wanted, "Anna's corner is"
    version = feature_of(layer, HOUSE)["twin_version"]
    assert version == now.token


def test_deleted_there_changed_here(check_out, city_twin, twin, iface, screenshot):
    """A question of two buttons, after a pull; from the strip on the Changes page."""
    import urllib.request

    changes, colleague = Changes(city_twin), Colleague(twin.url)
    path = check_out("buildings")
    layer = layer_of(path)
    name = feature_of(layer, HOUSE)["name"]
    with editing(iface, layer):
        feature = feature_of(layer, HOUSE)
        assert layer.changeAttributeValue(feature.id(), layer.fields().lookupField("height"), 70.0)
    changes.show().wait_for(1)
    token = colleague.get("buildings", HOUSE).token
    request = urllib.request.Request(
        f"{twin.url}collections/buildings/items/{HOUSE}", headers={"If-Match": token}, method="DELETE"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status in (200, 204)
    click(changes.page.view.pull_button)
    strip = changes.page.conflicts
    wait_until(strip.isVisible, 60, "the strip")
    screenshot("conflicts-strip")
    changes.wait_for(1)
    click_row(changes.tree, changes.row(name))
    click(strip.button)
    conflicts = Conflicts(changes)
    one = conflicts.window
    conflicts.drawn()
    screenshot("conflicts-deleted")
    assert not one.apply_button.isEnabled()
    click(one.panel.question.buttons[0])
    screenshot("conflicts-kept")
    click(one.apply_button)
    conflicts.ready()
    wait_until(one.empty.isVisible, what="the good news")
    click(one.close_button)
    changes.wait_for(1)
    assert publish(changes, "It is still there") == {name: "Published"}
    found = [one["twin_id"] for one in layer.getFeatures() if one["name"] == name]
    assert len(found) == 1 and found != [HOUSE]
    assert colleague.get("buildings", found[0]).properties["height"] == 70.0
    assert colleague.get("buildings", HOUSE).status == 404, "it came back under its old id"


def test_a_morning_of_conflicts(check_out, city_twin, twin, iface, screenshot):
    """Several layers and kinds at once, after a pull: what the documentation shows."""
    changes, colleague = Changes(city_twin), Colleague(twin.url)
    path = check_out("buildings", "trees", "pilots")
    layer = layer_of(path)
    names = {key: feature_of(layer, key)["name"] for key in (HOUSE, "LM-002", "LM-003")}
    edit(iface, layer, 64.5, 2, (0.0, 12.0))
    with editing(iface, layer):
        index = layer.fields().lookupField
        for key, column, value in (
            (HOUSE, "status", "under construction"), ("LM-002", "height", 187.0), ("LM-003", "storeys", 44),
        ):  # fmt: skip
            assert layer.changeAttributeValue(feature_of(layer, key).id(), index(column), value)
    pilots = layer_named("Pilot Areas")
    with editing(iface, pilots):
        assert pilots.deleteFeature(feature_of(pilots, "P-02").id())
    changes.show().wait_for(4)
    now = colleague.get("buildings", HOUSE)
    shape = json.loads(json.dumps(now.feature["geometry"]))
    ring = shape["coordinates"][0][0] if shape["type"] == "MultiPolygon" else shape["coordinates"][0]
    ring.insert(2, [(ring[1][0] + ring[2][0]) / 2 + 0.0002, (ring[1][1] + ring[2][1]) / 2, *ring[1][2:]])
    body = {
        "type": "Feature", "id": HOUSE, "geometry": shape,
        "properties": {**now.properties, "height": 61.0, "storeys": 9, "remarks": "Measured from the roof"},
    }  # fmt: skip
    assert colleague._ask("PUT", f"collections/buildings/items/{HOUSE}", body, now.token).status in (200, 204)
    colleague.change("buildings", "LM-002", height=190.0)
    assert colleague._ask("DELETE", "collections/buildings/items/LM-003", None,
                          colleague.get("buildings", "LM-003").token).status in (200, 204)  # fmt: skip
    colleague.change("pilots", "P-02", budget_eur=1.0)
    click(changes.page.view.pull_button)
    strip = changes.page.conflicts
    wait_until(lambda: strip.words.text() == "4 conflicts to resolve", 60, "the strip")
    changes.wait_for(4)
    click(strip.button)
    conflicts = Conflicts(changes)
    one = conflicts.window
    one.show_key("buildings/LM-003")
    click(one.panel.question.buttons[0])
    one.show_key(KEY)
    conflicts.use("mine")
    conflicts.drawn()
    assert conflicts.table()["Status"][3] == "under construction" and conflicts.table()["Storeys"][3] == "9"
    assert [one.list.conflicts.item(row).text() for row in range(2)] == ["Buildings", "Pilot Areas"]
    assert one.status.text.startswith("3 of 4 conflicts are open.")
    one.grab().save(str(screenshot("conflicts-morning").with_name("conflicts-docs.png")))
    click(one.panel.all_theirs)
    one.show_key("buildings/LM-002")
    click(one.panel.all_mine)
    assert one.partly_button.text() == "Apply 3 &Resolved"
    click(one.partly_button)
    conflicts.ready()
    wait_until(lambda: strip.words.text() == "1 conflict to resolve", what="the rest")
    assert one.panel.key == "pilots/P-02"
    click(one.panel.question.buttons[1])
    click(one.apply_button)
    conflicts.ready()
    wait_until(one.empty.isVisible, what="the good news")
    click(one.close_button)
    changes.wait_for(4)
    assert set(publish(changes, "All four").values()) == {"Published"}
    assert colleague.get("buildings", "LM-002").properties["height"] == 187.0
    assert colleague.get("buildings", HOUSE).properties["height"] == 61.0
    assert colleague.get("buildings", "LM-003").status == 404
    assert colleague.get("pilots", "P-02").status == 404
    assert names[HOUSE] == feature_of(layer, HOUSE)["name"]


def test_windows_leave_nothing_behind(check_out, city_twin, twin, iface, loaded_after):
    """Opened and closed several times, then unloaded while it is open and writes."""
    changes, colleague = Changes(city_twin), Colleague(twin.url)
    path = check_out("buildings")
    change(iface, layer_of(path), HOUSE, height=64.5)
    colleague.change("buildings", HOUSE, height=61.0)
    changes.show().wait_for(1)
    click(changes.page.view.pull_button)
    strip = changes.page.conflicts
    wait_until(strip.isVisible, 60, "the strip")
    changes.wait_for(1)

    def once(changes: Changes = changes) -> None:
        click(changes.page.conflicts.button)
        window = Conflicts(changes)
        window.drawn()
        click(window.window.close_button)

    once()
    settled()
    before, items = ours(), len(iface.mapCanvas().scene().items())
    for _ in range(3):
        once()
    settled()
    assert ours() - before == Counter() and len(iface.mapCanvas().scene().items()) == items
    click(strip.button)
    last = Conflicts(changes)
    click(last.window.panel.all_theirs)
    click(last.window.apply_button)
    assert all(layer.readOnly() for layer in QgsProject.instance().mapLayers().values())
    qgis.utils.unloadPlugin(NAME)
    del changes, strip, last, once
    settled()
    assert ours() == Counter()
    assert not any(layer.readOnly() for layer in QgsProject.instance().mapLayers().values()), "layers stay locked"
