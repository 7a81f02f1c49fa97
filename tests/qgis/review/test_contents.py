"""What else goes along: the sensors' last values, and reviews that the twin serves."""

from __future__ import annotations

import sqlite3
import time
from datetime import datetime, timezone

import pytest
from qgis.core import QgsFeature, QgsGeometry, QgsSingleSymbolRenderer, QgsVectorLayer, QgsVectorLayerFeatureSource
from qgis.PyQt.QtCore import QDateTime, Qt
from qgis.PyQt.QtGui import QColor

from plugin.demo.__main__ import fill
from plugin.demo.app import create_app
from plugin.demo.settings import Settings
from plugin.demo.store import Store
from plugin.map.live import fields
from plugin.map.live.snapshot import Snapshot
from plugin.map.symbols import dot
from plugin.review import manifest, plain, schema
from plugin.twin.client import Twin
from plugin.workcopy.checkout import checkout
from plugin.workcopy.copy import WorkingCopy
from tests.qgis.review.packages import EAST, NORTH, SOUTH, WEST, layer_of, made, opened
from tests.qgis.review.test_project import new_feature
from tests.twin_server import serve_app

KINDS = {fields.RESULT: "number", fields.TIME: "time", fields.CLASS: "integer", fields.EXCEEDED: "integer"}
OF_QGIS = {"number": "double", "time": "datetime", "integer": "integer", "text": "string"}


def snapshot(count: int = 3) -> Snapshot:
    """As a live layer of ``count`` sensors gives one."""
    columns = tuple((name, KINDS.get(name, "text")) for name in fields.NAMES)
    told = "&".join(f"field={name}:{OF_QGIS[kind]}" for name, kind in columns)
    layer = QgsVectorLayer(f"Point?crs=EPSG:4326&{told}", "NO2", "memory")
    features = []
    for number in range(count):
        feature = QgsFeature(layer.fields())
        feature.setGeometry(QgsGeometry.fromWkt(f"Point({WEST + 0.001 * number} {(SOUTH + NORTH) / 2})"))
        feature["datastream"], feature["name"], feature["result"] = f"d{number}", f"Station {number}", 20.5 + number
        feature["phenomenon_time"] = QDateTime.fromString("2026-11-23T08:00:00Z", Qt.DateFormat.ISODate)
        features.append(feature)
    layer.dataProvider().addFeatures(features)
    return Snapshot(
        "NO2",
        datetime(2026, 11, 23, 9, tzinfo=timezone.utc).timestamp(),
        "https://sensors.example.org/v1.1/",
        "NO2",
        QgsVectorLayerFeatureSource(layer),
        columns,
        QgsSingleSymbolRenderer(dot(QColor("#123456"))),
        {"d0": "https://sensors.example.org/v1.1/Datastreams('d0')"},
    )


def test_making_a_package_is_no_edit_of_it(city, tmp_path):
    packed = made(city, tmp_path / "walk")
    connection = sqlite3.connect(packed.folder / "review.gpkg")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    assert not WorkingCopy.open(packed.folder / "review.gpkg").has_changes()


def test_sensors_go_along_as_a_dated_layer_that_nobody_edits(city, tmp_path):
    packed = made(city, tmp_path / "walk", sensors=(snapshot(),))
    assert manifest.read(packed.folder).sensors_at == "2026-11-23T09:00:00Z"
    assert "2026-11-23T09:00:00Z" in (packed.folder / "README.txt").read_text(encoding="utf-8")
    project = opened(packed.folder)
    (layer,) = [layer for layer in project.mapLayers().values() if layer.name().startswith("NO2")]
    assert layer.isValid() and layer.readOnly() and layer.featureCount() == 3
    assert sorted(feature["result"] for feature in layer.getFeatures()) == [20.5, 21.5, 22.5]
    assert layer.renderer().symbol().color().name() == "#123456"
    assert "<img" not in layer.mapTipTemplate() and "phenomenon_time" in layer.mapTipTemplate()
    groups = [group.name() for group in project.layerTreeRoot().findGroups()]
    assert groups.index("Review") < groups.index("Sensors") < groups.index("Walk one")
    project.clear()
    # and the file is still a working copy in which nothing was edited
    copy = WorkingCopy.open(packed.folder / "review.gpkg")
    assert not copy.problems and not copy.has_changes()


@pytest.fixture
def with_reviews(tmp_path, qgis_app) -> WorkingCopy:
    """A working copy of a twin that serves reviews."""
    store = Store(tmp_path / "twin.sqlite")
    fill(store)
    url, stop = serve_app(create_app(store, Settings()))
    try:
        checkout(Twin(url), ["buildings", "reviews"], tmp_path / "city.gpkg", extent=(WEST, SOUTH, EAST, NORTH))
    finally:
        stop()
        store.close()
    return WorkingCopy.open(tmp_path / "city.gpkg")


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "Pacific/Apia"])
def test_reviews_that_are_checked_out_always_go_along_and_are_tracked(with_reviews, tmp_path, zone, monkeypatch):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    packed = made(with_reviews, tmp_path / "walk", tables=("buildings",), area=None)
    assert set(packed.package.tables) == {"buildings", "reviews"}
    project = opened(packed.folder)
    layer = layer_of(project, "reviews")
    assert layer.name() == "Review: points"
    layer.startEditing()
    feature = new_feature(layer, "Point(92900 436200)", text="A kiosk")
    assert (feature["status"], feature["kind"]) == ("open", "wrong")
    assert layer.addFeature(feature) and layer.commitChanges(), layer.commitErrors()
    for name in ("twin_id", "twin_version"):
        assert layer.editFormConfig().readOnly(layer.fields().lookupField(name))
    project.clear()
    monkeypatch.undo()
    time.tzset()
    copy = WorkingCopy.open(packed.folder / "review.gpkg")
    (item,) = [item for item in plain.read(copy.path).items if item.text == "A kiosk"]
    noted = datetime.fromisoformat(item.noted.replace("Z", "+00:00"))
    assert abs((datetime.now(timezone.utc) - noted).total_seconds()) < 60  # UTC wherever it is written
    (change,) = copy.changes("reviews")
    assert change.kind == "insert"
    assert {schema.LINES, schema.AREAS} & {source.table for source in copy.sources} == set()
