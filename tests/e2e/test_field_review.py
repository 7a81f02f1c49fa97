"""Field review from beginning to end: a package goes out, the twin is away, a QGIS without the plugin and GDAL edit it,
the twin changes meanwhile, and it all comes together again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from qgis.core import QgsProject
from qgis.PyQt.QtGui import QDesktopServices

from tests.e2e.desk import Changes, feature_of
from tests.e2e.hands import Colleague, click
from tests.e2e.test_conflicts import HOUSE, Conflicts, layer_of, publish
from tests.pictures import picture
from tests.twin_server import python, start_twin
from tools.profile import QUIET

OUTSIDE = Path(__file__).with_name("outside.py")
OTHER = "LM-002"


def qgis_without_the_plugin(profiles: Path, folder: Path, shot: Path) -> dict[str, Any]:
    """Do what `outside` says in a fresh profile; what it saw."""
    settings = profiles / "profiles" / "default" / "QGIS" / "QGIS3.ini"
    settings.parent.mkdir(parents=True)
    settings.write_text(QUIET.format(package="nothing_of_ours", language="en"), encoding="utf-8")
    environment = {**os.environ, "REVIEW_FOLDER": str(folder), "REVIEW_HOUSE": HOUSE, "REVIEW_HEIGHT": "66.5"}
    environment["REVIEW_PICTURE"] = str(shot)
    for name in ("PYTHONPATH", "VIRTUAL_ENV"):
        environment.pop(name, None)
    program = environment.get("QGIS", "qgis")
    command = [program, "--nologo", "--noversioncheck", "--profiles-path", str(profiles), "--profile", "default"]
    with (profiles / "qgis.log").open("wb") as log:
        subprocess.run([*command, "--code", str(OUTSIDE)], env=environment, stderr=log, timeout=120, check=False)
    return json.loads(folder.with_name("outside.json").read_text(encoding="utf-8"))


def other_programs(folder: Path) -> None:
    """What GDAL does, as anybody may use it: ogr2ogr adds a building, an SQL statement edits another one."""
    extra, package = folder.with_name("extra.geojson"), str(folder / "review.gpkg")
    ring = [[4.4795, 51.917], [4.4798, 51.917], [4.4798, 51.9172], [4.4795, 51.917]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    said = {"name": "Shed by the water", "height": 3.5, "function": "other", "status": "in use"}
    shed = {"type": "Feature", "properties": said, "geometry": geometry}
    extra.write_text(json.dumps({"type": "FeatureCollection", "features": [shed]}), encoding="utf-8")
    into = ["-f", "GPKG", "-update", "-append", package, str(extra), "-nln", "buildings", "-t_srs", "EPSG:28992"]
    subprocess.run(["ogr2ogr", *into], check=True, timeout=60)
    code = "import sys; from osgeo import ogr; ogr.UseExceptions(); ogr.Open(sys.argv[1], 1).ExecuteSQL(sys.argv[2])"
    statement = f"UPDATE buildings SET storeys = 41 WHERE twin_id = '{OTHER}'"
    subprocess.run([python(), "-c", code, package, statement], check=True, timeout=60)


def authors(desk: Any, path: Path) -> set[str]:
    """Who noted the items of a working copy."""
    return {note.item.author for note in desk.book.notes(str(path))}


def test_out_without_a_network_and_home_again(
    check_out, city_twin, catalogue, twin, iface, screenshot, wait_until, tmp_path, monkeypatch
):
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _url: True)
    changes, colleague = Changes(city_twin), Colleague(twin.url)
    office = check_out("buildings", "reviews", name="office")
    window, desk = city_twin.window, city_twin.window.review
    wait_until(lambda: not desk.book.busy)

    window.actions["prepare_review"].trigger()
    dialog, made = desk.dialog, []
    dialog.made.connect(made.append)
    dialog.form.folder.setFilePath(str(tmp_path))
    dialog.form.area.combo.setCurrentIndex(1)
    wait_until(dialog.form.area.ready)
    dialog.go()
    wait_until(lambda: made, 90, "the package")

    # the twin is away
    port = int(twin.url.rsplit(":", 1)[1].strip("/"))
    twin.stop()
    folder = tmp_path / "tablet" / "package"
    shutil.copytree(made[0].folder, folder)
    (folder / "photos").mkdir(exist_ok=True)
    (folder / "photos" / "front.jpg").write_bytes(picture(640, 480))
    seen = qgis_without_the_plugin(tmp_path / "fresh", folder, screenshot("field-project"))
    assert "error" not in seen, seen["error"]
    assert not any("city_twin" in name for name in seen["plugins"])
    assert (seen["invalid"], seen["absolute"], seen["edited"], seen["noted"]) == ([], [], True, True)
    note = seen["note"]
    assert (note["kind"], note["status"], note["photo"]) == ("wrong", "open", "photos/front.jpg")
    assert len(note["key"].strip("{}")) == 36 and note["noted"] == f"{datetime.now(timezone.utc):%Y-%m-%d}"
    other_programs(folder)

    # and back, with other heights
    again = start_twin(store=twin.store, port=port)
    try:
        assert again.url == twin.url
        colleague.change("buildings", HOUSE, height=61.0)
        changes.show()
        click(changes.page.view.pull_button)
        wait_until(lambda: feature_of(layer_of(office), HOUSE)["height"] == 61.0, 60, "the pull")
        wait_until(changes.settled)

        window.actions["merge_review"].trigger()
        dialog = desk.dialog
        dialog.add([folder])
        dialog.merge_button.click()
        wait_until(lambda: "JvD" in authors(desk, office) and not dialog.presenter.running, 60, "the merge")
        screenshot("field-review-merged")
        dialog.reject()
        changes.show().wait_for(4)
        strip = changes.page.conflicts
        wait_until(strip.isVisible, 30, "the strip")
        click(strip.button)
        conflicts = Conflicts(changes)
        conflicts.drawn()
        screenshot("field-review-conflict")
        table = conflicts.table()
        assert table["Height"][1:3] == ["61", "66.5"]
        conflicts.click_cell("Height", 3)
        click(conflicts.window.apply_button)
        conflicts.ready()
        wait_until(conflicts.window.empty.isVisible, what="the good news")
        click(conflicts.window.close_button)
        wait_until(lambda: not changes.page.conflicts.isVisible(), what="the strip to go")
        window.show_review()
        wait_until(lambda: not desk.book.busy)
        screenshot("field-review-triage")
        changes.show().wait_for(4)
        assert set(publish(changes, "Seen outside").values()) == {"Published"}
        changes.wait_for(0)

        # somebody else checks out and sees all of it
        assert colleague.get("buildings", HOUSE).properties["height"] == 66.5
        QgsProject.instance().clear()
        window.show_catalogue()
        second = check_out("buildings", "reviews", name="second")
        buildings = layer_of(second)
        assert feature_of(buildings, HOUSE)["height"] == 66.5 and feature_of(buildings, OTHER)["storeys"] == 41
        assert [one["height"] for one in buildings.getFeatures() if one["name"] == "Shed by the water"] == [3.5]
        (reviews,) = [one for one in QgsProject.instance().mapLayers().values() if "layername=reviews" in one.source()]
        (found,) = [one for one in reviews.getFeatures() if one["author"] == "JvD"]
        assert found["photo"].startswith(again.url) and found["about_id"] == HOUSE
    finally:
        again.stop()
