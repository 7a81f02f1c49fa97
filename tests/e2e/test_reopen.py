"""What is not published survives a closed project, and is seen whatever program wrote it into the file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from qgis.core import QgsProject

from tests.e2e.desk import Changes, change, editing, feature_of, layer_named

SEEN_WITHIN = 3  # seconds


@pytest.fixture
def changes(city_twin) -> Changes:
    return Changes(city_twin)


def elsewhere(*command: object) -> None:
    """GDAL's own tool, in a process of its own."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def sql_elsewhere(path: Path, statement: str) -> None:
    elsewhere("ogrinfo", "-q", path, "-sql", statement)


def test_a_project_comes_back_with_its_changes(check_out, changes, iface, folder, wait_until, screenshot):
    check_out("pilots", "water")
    pilots, water = layer_named("Pilot Areas"), layer_named("Water")
    name = feature_of(pilots, "P-01")["name"]
    change(iface, pilots, "P-01", budget_eur=1.5)
    with editing(iface, pilots):
        pilots.deleteFeature(feature_of(pilots, "P-02").id())
    changes.show().wait_for(2)
    wait_until(lambda: changes.note(pilots, iface), what="the mark")
    before, marks = changes.shown(), changes.note(pilots, iface)
    assert not changes.note(water, iface)
    project = QgsProject.instance()
    assert project.write(str(folder / "rotterdam.qgz"))

    left: list[list[str]] = []
    tree = iface.layerTreeView().layerTreeModel()

    def look(*_: object) -> None:
        if not left:
            left.append(changes.note(pilots, iface))

    tree.rowsAboutToBeRemoved.connect(look)
    iface.newProject(False)
    tree.rowsAboutToBeRemoved.disconnect(look)
    assert left and left[0] == [], "a mark stayed in the view when its node went"
    wait_until(lambda: changes.shown() == [] and not changes.page.model.paths(), what="the page to empty")
    assert changes.page.empty.isVisible()
    screenshot("reopen-closed")

    iface.addProject(str(folder / "rotterdam.qgz"))
    changes.wait_for(2)
    assert changes.shown() == before
    wait_until(lambda: changes.note(layer_named("Pilot Areas"), iface) == marks, what="the mark to come back")
    assert not changes.note(layer_named("Water"), iface)
    changes.choose(name)
    assert set(changes.cells()) == {"Budget"}
    screenshot("reopened")


def test_what_another_program_writes_is_seen_without_a_click(check_out, changes, iface, wait_until, screenshot):
    path = check_out("pilots")
    layer = layer_named("Pilot Areas")
    name = feature_of(layer, "P-03")["name"]
    changes.show().wait_for(0)
    sql_elsewhere(path, "UPDATE pilots SET budget_eur = 99 WHERE twin_id = 'P-03'")
    changes.wait_for(1, SEEN_WITHIN)
    assert [entry[0] for entry in changes.shown()] == [name]
    wait_until(lambda: changes.note(layer, iface), SEEN_WITHIN, "the mark")
    sql_elsewhere(path, "DELETE FROM pilots WHERE twin_id = 'P-04'")
    changes.wait_for(2, SEEN_WITHIN)
    sql_elsewhere(path, "UPDATE pilots SET budget_eur = 100 WHERE twin_id = 'P-03'")
    changes.choose(name)
    wait_until(lambda: changes.cells()["Budget"][1] == "100", SEEN_WITHIN, "the new value")
    screenshot("written-elsewhere")
    changes.discard()
    changes.wait_for(1)
    layer.dataProvider().reloadData()
    assert feature_of(layer, "P-03")["budget_eur"] != 100


def test_a_copy_that_lost_its_triggers_is_reported(check_out, changes, iface, folder, wait_until, screenshot):
    path = check_out("pilots", "water")
    change(iface, layer_named("Water"), str(next(layer_named("Water").getFeatures())["twin_id"]), name="Changed")
    changes.show().wait_for(1)
    layer = layer_named("Pilot Areas")
    elsewhere("ogr2ogr", "-f", "GPKG", folder / "more.gpkg", path, "pilots")
    elsewhere("ogr2ogr", "-overwrite", path, folder / "more.gpkg", "pilots")
    wait_until(changes.page.model.broken, SEEN_WITHIN + 2, "the damage to be seen")
    (said,) = changes.page.model.broken()
    assert "no longer recorded" in said
    assert changes.page.status.kind == "bad" and changes.page.status.text == said
    wait_until(lambda: any("no longer recorded" in words for words in changes.note(layer, iface)), what="the mark")
    assert changes.row("Pilot Areas").siblingAtColumn(1).data() == "not recorded any more"
    assert len(changes.shown()) == 1, "the other layer's changes are still there"
    screenshot("triggers-gone")

    assert QgsProject.instance().write(str(folder / "broken.qgz"))
    iface.newProject(False)
    wait_until(lambda: not changes.page.model.paths())
    iface.addProject(str(folder / "broken.qgz"))
    wait_until(changes.page.model.broken, what="the damage to be seen again")
    changes.wait_for(1)
