"""From what is chosen on the Sensors page to live layers, and which place counts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.gui import QgsMapCanvas

from plugin.gui.extent_choice import Area
from plugin.gui.sensors_area import SensorsArea, place_of
from plugin.gui.sensors_choice import choose, same, sources
from plugin.gui.sensors_filter import Filter
from plugin.gui.sensors_rows import Group, Row, group_of
from plugin.map.live.source import LiveSource
from tests.qgis.gui.sensor_rows import NO2, NOISE, row
from tests.qgis.map.meanwhile import spin

RD = QgsCoordinateReferenceSystem("EPSG:28992")
DEGREES = QgsCoordinateReferenceSystem("EPSG:4326")
# The box without its upper right quarter, in metres around Rotterdam's centre.
L_SHAPE = "Polygon ((92000 436000, 94000 436000, 94000 437000, 93000 437000, 93000 438000, 92000 438000, 92000 436000))"


def degrees(x: float, y: float) -> tuple[float, float]:
    found = QgsCoordinateTransform(RD, DEGREES, QgsProject.instance()).transform(QgsPointXY(x, y))
    return found.x(), found.y()


def group(observed, *rows: Row) -> Group:
    found = group_of(observed)
    found.rows = list(rows)
    found.shown = list(rows)
    return found


def only(choice, filter=Filter(), place=None) -> LiveSource:  # noqa: B008 - frozen
    (found,) = sources(choice, filter, place, "http://h/v1.1", "Rotterdam")
    return found


def test_ticks_count_before_what_is_selected():
    air, noise = group(NO2, row("a", "A"), row("b", "B")), group(NOISE, row("c", "C", NOISE))
    assert choose([air], [noise], [noise.rows[0]]).properties == ("1",)
    chosen = choose([], [noise], [air.rows[1], noise.rows[0]])
    assert [one.stream.id for one in chosen.rows] == ["b"]  # the other is in its property
    assert chosen.layers == 2
    assert chosen.sentence() == "Noise (1), 1 datastream"
    assert choose([], [], []).sentence() == "Tick or select what you need."


def test_a_property_is_a_layer_and_datastreams_of_one_property_are_one():
    air = group(NO2, row("a", "A"), row("b", "B"))
    source = only(choose([air], [], []))
    assert source == LiveSource("http://h/v1.1", "Rotterdam", "1", NO2.name, None, None)
    source = only(choose([], [], [air.rows[1], air.rows[0]]))
    assert source.datastreams == ("a", "b")
    assert source.observed_property == "1"


def test_what_the_filter_hides_is_not_in_the_layer():
    air = group(NO2, row("a", "A"), row("b", "B"))
    air.shown = air.rows[:1]
    assert only(choose([air], [], []), Filter(words=("a",))).datastreams == ("a",)
    assert only(choose([air], [], []), Filter(fresh=frozenset({"live"}))).datastreams == ("a",)
    air.shown = []
    assert choose([air], [], []).layers == 0


def test_a_box_is_an_extent_and_a_polygon_names_its_sensors(qgis_app):
    inside, corner, outside = (row(id, id, place=degrees(*at)) for id, at in (
        ("in", (92500, 437500)), ("corner", (93500, 437500)), ("out", (96000, 437500))
    ))  # fmt: skip
    air = group(NO2, inside, corner, outside)
    box = place_of([QgsGeometry.fromRect(QgsRectangle(92000, 436000, 94000, 438000))], RD)
    air.shown = [one for one in air.rows if Filter(area=box.holds).lets(one)]
    assert [one.stream.id for one in air.shown] == ["in", "corner"]
    source = only(choose([air], [], []), Filter(area=box.holds), box)
    assert source.datastreams is None
    assert source.extent[0] < degrees(92000, 437000)[0] < degrees(94000, 437000)[0] < source.extent[2]
    shape = place_of([QgsGeometry.fromWkt(L_SHAPE)], RD)
    air.shown = [one for one in air.rows if Filter(area=shape.holds).lets(one)]
    assert [one.stream.id for one in air.shown] == ["in"]
    assert only(choose([air], [], []), Filter(area=shape.holds), shape).datastreams == ("in",)
    assert not Filter(area=box.holds).lets(row("x", "nowhere", place=None))
    assert place_of([QgsGeometry()], RD) is None


def test_two_that_show_the_same_are_the_same():
    one = LiveSource("http://h/v1.1/", "Rotterdam", "1", "NO2", None, ("a", "b"))
    assert same(one, LiveSource("http://h/v1.1", "", "1", "Air", None, ("b", "a")))
    assert not same(one, LiveSource("http://h/v1.1", "Rotterdam", "1", "NO2", None, None))
    assert not same(one, LiveSource("http://h/v1.1", "Rotterdam", "2", "NO2", None, ("a", "b")))


@pytest.fixture
def canvas(qgis_app, qgis_new_project) -> Iterator[QgsMapCanvas]:
    canvas = QgsMapCanvas()
    canvas.setDestinationCrs(RD)
    canvas.setExtent(QgsRectangle(92000, 436000, 94000, 438000))
    yield canvas
    QgsProject.instance().clear()
    canvas.deleteLater()


def polygons(*texts: str) -> QgsVectorLayer:
    layer = QgsVectorLayer("Polygon?crs=EPSG:28992", "Pilots", "memory")
    features = []
    for text in texts:
        feature = QgsFeature()
        feature.setGeometry(QgsGeometry.fromWkt(text))
        features.append(feature)
    layer.dataProvider().addFeatures(features)
    QgsProject.instance().addMapLayer(layer)
    return layer


def test_the_map_is_followed(canvas):
    area = SensorsArea(canvas)
    told = []
    area.changed.connect(lambda: told.append(area.place()))
    assert area.place() is None
    area.choose(Area.MAP)
    middle = degrees(93000, 437000)
    assert area.place().holds(*middle)
    told.clear()
    canvas.setExtent(QgsRectangle(95000, 436000, 97000, 438000))
    assert spin(lambda: told)
    assert not told[-1].holds(*middle)
    area.stop()


def test_a_pilots_area_clips_by_its_outline_and_its_selection(canvas):
    area = SensorsArea(canvas)
    area.choose(Area.LAYER)
    assert area.place() is None
    assert area._size.full_text == "The project has no polygon layer."
    layer = polygons(L_SHAPE, "Polygon ((95000 436000, 96000 436000, 96000 437000, 95000 436000))")
    assert spin(lambda: area.place() is not None)
    notch, first, second = degrees(93500, 437500), degrees(92500, 437500), degrees(95800, 436400)
    assert [area.place().holds(*at) for at in (notch, first, second)] == [False, True, True]
    told = []
    area.changed.connect(lambda: told.append(1))
    layer.selectByIds([2])
    assert spin(lambda: told)
    assert area._size.full_text == "Inside the selected polygon"
    assert [area.place().holds(*at) for at in (notch, first, second)] == [False, False, True]
    QgsProject.instance().removeMapLayer(layer)
    assert area.place() is None
    area.stop()
