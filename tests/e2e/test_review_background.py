"""A background that is drawn and the sensors' last values go along: chosen in the dialog, seen without the plugin."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from osgeo import gdal, osr
from qgis.core import QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtGui import QDesktopServices

from plugin.review import manifest
from tests.e2e.hands import click, type_into
from tests.e2e.test_live import add_layer
from tests.twin_server import python

UNPLUGGED = Path(__file__).with_name("unplugged.py")
GREEN = (40, 160, 90)


def aerial(path: Path) -> QgsRasterLayer:
    """A picture of the city's middle, green all over, in metres of the national grid."""
    image = gdal.GetDriverByName("GTiff").Create(str(path), 200, 200, 3)
    image.SetGeoTransform((88_000, 50, 0, 442_000, 0, -50))
    grid = osr.SpatialReference()
    grid.ImportFromEPSG(28992)
    image.SetProjection(grid.ExportToWkt())
    for band, value in enumerate(GREEN, 1):
        image.GetRasterBand(band).Fill(value)
    del image
    return QgsRasterLayer(str(path), "Aerial photo")


def without_the_plugin(folder: Path, shot: Path) -> dict[str, Any]:
    """What QGIS's libraries see of the package, in a process of their own."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "HOME": str(folder.parent / "nobody")}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path.endswith(("dist-packages", "python")))
    command = [python(), str(UNPLUGGED), str(folder), str(shot)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return seen


def tiles(file: Path) -> dict[int, list[bytes]]:
    """Zoom → its tiles."""
    found: dict[int, list[bytes]] = {}
    connection = sqlite3.connect(file)
    for zoom, data in connection.execute("SELECT zoom_level, tile_data FROM tiles"):
        found.setdefault(zoom, []).append(data)
    connection.close()
    return found


def pixel(tile: bytes) -> tuple[int, ...]:
    """The middle of a tile."""
    gdal.FileFromMemBuffer("/vsimem/tile.jpg", tile)
    image = gdal.Open("/vsimem/tile.jpg")
    found = tuple(int(image.GetRasterBand(band).ReadAsArray(128, 128, 1, 1)[0][0]) for band in (1, 2, 3))
    gdal.Unlink("/vsimem/tile.jpg")
    return found


def said(live: QgsVectorLayer) -> dict[str, Any]:
    """Datastream → the value that a live layer shows now."""
    return {str(row["datastream"]): row["result"] for row in live.getFeatures()}


def near(found: Any, wanted: Any) -> bool:
    """The same colour, as far as JPEG keeps it."""
    return all(abs(one - other) < 12 for one, other in zip(found, wanted))


def test_the_background_and_the_sensors_go_along(
    check_out, city_twin, iface, screenshot, wait_until, tmp_path, monkeypatch
):
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _url: True)
    office = check_out("pilots", "districts")
    from city_twin_workbench.map.layers import project_layers

    window, desk = city_twin.window, city_twin.window.review
    QgsProject.instance().addMapLayer(aerial(tmp_path / "aerial.tif"), False)
    (photo,) = [one for one in QgsProject.instance().mapLayers().values() if isinstance(one, QgsRasterLayer)]
    QgsProject.instance().layerTreeRoot().addLayer(photo)
    window.show_sensors()
    page = window.live.page
    wait_until(lambda: len(page.model) > 100 and not page.loader.busy, 30, "the sensors")
    live = add_layer(city_twin, page, "Traffic speed")
    window.show_review()
    wait_until(lambda: not desk.book.busy)

    window.actions["prepare_review"].trigger()
    dialog, made = desk.dialog, []
    dialog.made.connect(made.append)
    form = dialog.form
    assert "Aerial photo" in form.under.currentText() and form.sensors.isEnabled() and form.sensors.isChecked()
    type_into(form.name, "Walk with a map")
    form.folder.setFilePath(str(tmp_path))
    (pilots,) = project_layers(office, "pilots")
    form.area.choose(pilots, next(pilots.getFeatures()).id())
    wait_until(form.area.ready)
    form.zoom.setValue(17)
    wait_until(lambda: dialog.presenter.expected is not None, what="the estimate")
    expected = dialog.presenter.expected
    assert expected.label in form.size.text()
    screenshot("review-prepare-background")
    before = said(live)
    click(dialog.go_button)
    after = said(live)
    wait_until(lambda: made, 60, "the package")
    wait_until(lambda: desk.dialog is None)
    packed = made[0]
    assert 0 < packed.background.tiles <= expected.tiles
    told = manifest.read(packed.folder)
    moment = datetime.fromisoformat(told.sensors_at.replace("Z", "+00:00"))
    assert told.background == "background.mbtiles" and abs(datetime.now(timezone.utc) - moment) < timedelta(minutes=2)

    # every zoom has tiles, and they show the picture
    by_zoom = tiles(packed.folder / told.background)
    assert max(by_zoom) == 17 and sorted(by_zoom) == list(range(min(by_zoom), 18))
    assert all(near(pixel(found[len(found) // 2]), GREEN) for found in by_zoom.values())

    shot = screenshot("review-outside-background")
    seen = without_the_plugin(packed.folder, shot)
    assert seen["modules"] == [] and seen["invalid"] == []
    assert seen["lowest"] and seen["shown"] == [True, True] and min(seen["size"]) > 256
    assert near(seen["ground"], GREEN)
    assert seen["taken"] == [told.sensors_at] and seen["units"] == ["km/h"] and seen["read_only"]
    assert seen["points"] == live.featureCount() == 42
    # one or the other is silent now and then
    told_throughout = {
        stream for stream in before if isinstance(before[stream], float) and after[stream] == before[stream]
    }
    assert len(told_throughout) > 30 and told_throughout <= seen["values"].keys()
    assert len(set(seen["values"].values())) > 10
    assert all(value in (before[stream], after[stream]) for stream, value in seen["values"].items())
    assert seen["drawn_by"] == live.renderer().type() != "singleSymbol"
    assert seen["snapshot"].startswith("Traffic speed: snapshot of ")
