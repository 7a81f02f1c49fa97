"""Where the sensors are expected to stand, and what is said of those whose latitude and longitude are swapped."""

from __future__ import annotations

from dataclasses import replace

from qgis.core import QgsFeature, QgsGeometry, QgsPointXY, QgsProject, QgsVectorLayer

from plugin.map import layers
from plugin.map.connections import Connection
from plugin.map.live.area import expected, project_area, stand_in
from plugin.twin.progress import SILENT
from tests.qgis.gui.edited_copies import field  # noqa: F401 - a fixture
from tests.qgis.live.conftest import filled
from tests.qgis.map.meanwhile import spin
from tests.unit.sensors.made import stream


def turned(*numbers):
    def change(entity):
        if not numbers or entity.get("@iot.id") in numbers:
            for place in entity.get("Thing", {}).get("Locations", ()):
                place["location"]["coordinates"] = place["location"]["coordinates"][1::-1]
        return entity

    return change


def test_a_sensor_that_is_swapped_is_said_and_stays_where_the_service_says(desk, service):
    stub = service(streams=12, change=turned(4))
    layer = desk.show(stub.url)
    filled(desk, layer, 6)
    desk.wait(lambda: any(one.startswith("Stream 4: Its latitude") for one in desk.feed.status.faults))
    place = next(layer.getFeatures("datastream = '4'")).geometry().asPoint()
    assert (place.x(), place.y()) == (51.9, 4.004)


def test_all_that_are_swapped_are_said_once_by_where_the_twin_is(desk, service, demo_twin):
    stub = service(streams=8, change=turned())
    layer = desk.show(stub.url, connection=Connection("Rotterdam", demo_twin.url))
    filled(desk, layer, 4)
    desk.wait(lambda: any("of all sensors" in one for one in desk.feed.status.faults))
    assert not any("Its latitude" in one for one in desk.feed.status.faults)


def test_what_is_known_without_a_twin(desk, service):
    url = service(streams=1).url
    layer = QgsVectorLayer("Point?crs=EPSG:4326", "Not of a twin", "memory")
    feature = QgsFeature()
    feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(-74, 40)))
    layer.dataProvider().addFeatures([feature])
    QgsProject.instance().addMapLayer(layer)
    assert project_area() is None
    assert expected(Connection("x", url), url, None, SILENT) is None
    assert expected(Connection("x", url), url, (4.0, 51.0, 5.0, 52.0), SILENT) == (4.0, 51.0, 5.0, 52.0)
    nobody = Connection("x", url.rsplit("/", 1)[0])  # a server, but no twin's
    assert expected(nobody, url, (4.0, 51.0, 5.0, 52.0), SILENT) == (4.0, 51.0, 5.0, 52.0)


def test_the_area_of_the_working_copies_in_the_project(desk, field):  # noqa: F811
    added = []
    layers.add_copy(field.copy, done=added.append)
    assert spin(lambda: added)
    west, south, east, north = project_area()
    assert 4.4 < west < east < 4.5 and 51.8 < south < north < 52  # a few streets of Rotterdam


def test_where_sensors_stand_is_told_without_the_swapped_ones():
    places = [(4.4, 51.9, None), (4.5, 51.95, 3.0), (4.45, 51.8, None), (51.9, 4.4, None), None]
    streams = [replace(stream(str(number)), position=place) for number, place in enumerate(places)]
    assert stand_in(streams) == (4.4, 51.8, 4.5, 51.95)
    assert stand_in(streams[-1:]) is None
