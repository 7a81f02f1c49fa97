"""What else goes along: the sensors' last values, and reviews that the twin serves."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import replace
from datetime import datetime, timezone

import pytest
from qgis.core import (
    QgsFeature,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProject,
    QgsSingleSymbolRenderer,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
)
from qgis.PyQt.QtCore import QDateTime, Qt
from qgis.PyQt.QtGui import QColor

from plugin.demo.__main__ import fill
from plugin.demo.app import create_app
from plugin.demo.settings import Settings
from plugin.demo.store import Store
from plugin.map.layers import make_layers
from plugin.map.live import fields
from plugin.map.live.snapshot import Snapshot
from plugin.map.symbols import dot
from plugin.processing.packagereview import PackageReview
from plugin.review import manifest, plain, schema
from plugin.review import vocabulary as words
from plugin.review.item import Item
from plugin.review.receive import receive
from plugin.twin.client import Twin
from plugin.workcopy.checkout import checkout
from plugin.workcopy.copy import WorkingCopy
from tests.qgis.review.packages import EAST, NORTH, SOUTH, WEST, layer_of, made, opened, point
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


def test_reviews_of_the_area_go_along_whatever_is_chosen_or_filtered(with_reviews, tmp_path):
    """All that was noted there, decided or not: outside it is seen what became of it."""
    office = with_reviews.path
    srid = plain.read(office).srids["reviews"]
    here, away = ((WEST + EAST) / 2, (SOUTH + NORTH) / 2), (EAST + 0.002, NORTH + 0.002)
    notes = [
        Item(text=f"{status} {where}", status=status, key=f"{status}-{where}", geometry=point(*place))
        for status in words.STATUSES
        for where, place in (("here", here), ("away", away))
    ]
    plain.write(office, notes, 4326)
    copy = WorkingCopy.open(office)
    (layer,) = make_layers(copy, ["reviews"])
    QgsProject.instance().addMapLayer(layer)
    assert layer.setSubsetString("\"status\" = 'open'") and 0 < layer.featureCount() < len(plain.read(office).items)
    names = {"WORKING_COPY": str(office), "LAYERS": "buildings", "OUTPUT": str(tmp_path / "walk")}
    # a little more than the middle, where the notes are
    names["EXTENT"] = f"{here[0] - 0.001},{here[0] + 0.001},{here[1] - 0.001},{here[1] + 0.001} [EPSG:4326]"
    out, ok = PackageReview().run(names, QgsProcessingContext(), QgsProcessingFeedback())
    assert ok and out["FEATURE_COUNT"]
    gpkg = tmp_path / "walk" / "review.gpkg"
    found = {item.key: item for item in plain.read(gpkg).items}
    assert {f"{status}-here" for status in words.STATUSES} <= set(found)
    assert not [key for key in found if key.endswith("-away")]
    assert not WorkingCopy.open(gpkg).has_changes() and WorkingCopy.open(gpkg).source("reviews").feature_count == len(
        found
    )
    # home again: nothing is missed that stayed here, and of what went along what was changed outside
    plain.write(gpkg, [replace(found["open-here"], text="Seen again")], srid)
    before = {item.key: item for item in plain.read(office).items}
    came = receive(copy, tmp_path / "walk")
    assert (came.items_new, came.items_changed, came.conflicts, came.edits) == (0, 1, 0, 0), came
    after = {item.key: item for item in plain.read(office).items}
    assert set(after) == set(before) and {key for key in after if after[key].text != before[key].text} == {"open-here"}
    assert after["open-here"].text == "Seen again" and after["open-here"].fid == before["open-here"].fid
    QgsProject.instance().clear()


def test_reviews_alone_can_be_packed(with_reviews, tmp_path):
    packed = made(with_reviews, tmp_path / "walk", tables=("reviews",), area=None)
    assert packed.package.tables == ("reviews",) and packed.counts["reviews"] == len(
        plain.read(with_reviews.path).items
    )
    project = opened(packed.folder)
    assert all(layer.isValid() for layer in project.mapLayers().values())
    assert {layer.name() for layer in project.mapLayers().values()} >= {"Review: points", "Review tasks"}
    project.clear()


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
