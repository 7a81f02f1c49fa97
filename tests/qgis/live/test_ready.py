"""Features that the reading thread makes beforehand."""

from __future__ import annotations

import threading

import pytest
from qgis.core import QgsVectorLayer

from plugin.map.live import fields
from plugin.map.live.ready import make
from plugin.map.live.rows import Rows
from plugin.sensors.live import Live
from plugin.twin.sensorthings import Datastream, Observation, ObservedProperty, Thing, Unit

AT = 1_700_000_000.0


def stream(number: int, *, placed: bool = True) -> Datastream:
    return Datastream(
        str(number), str(number), f"Station {number}", "", Unit("kilometre per hour", "km/h", "km/h"),
        ObservedProperty("1", "Traffic speed", "", ""), Thing(str(number), "", ""),
        (4.0 + number / 1000, 52.0, None) if placed else None, "", f"v1.1/Datastreams({number})/Observations",
        Observation(None, AT, AT, float(number), None), "",
    )  # fmt: skip


@pytest.fixture
def layer(qgis_app):
    found = QgsVectorLayer("Point?crs=EPSG:4326", "live", "memory")
    found.dataProvider().addAttributes(fields.fields().toList())
    found.updateFields()
    return found


def results(layer: QgsVectorLayer) -> dict[str, float]:
    return {one[fields.DATASTREAM]: one[fields.RESULT] for one in layer.getFeatures()}


def test_ready_features_are_written_and_found_by_their_ids(layer):
    live, streams = Live(clock=lambda: AT + 60), [stream(number) for number in range(120)]
    live.add(streams)
    made: list[object] = []
    thread = threading.Thread(target=lambda: made.extend(make(live, fields.fields(), streams)))
    thread.start()
    thread.join()
    rows = Rows(layer, live)
    rows.show(streams, all_of_them=True, ready={one.stream.id: one for one in made})
    while rows.fill(0.0):
        pass
    assert results(layer) == {str(number): float(number) for number in range(120)}
    for number in (0, 49, 50, 119):
        row = rows.row(str(number))
        found = layer.getFeature(row.fid)
        assert rows.row_of(row.fid) is row and found[fields.DATASTREAM] == str(number)
        assert found.geometry().asPoint().x() == pytest.approx(4.0 + number / 1000)


def test_what_came_after_a_feature_was_made_is_what_is_written(layer):
    live, streams = Live(clock=lambda: AT + 60), [stream(number) for number in range(3)]
    live.add(streams)
    ready = {one.stream.id: one for one in make(live, fields.fields(), streams)}
    live.put("1", Observation(None, AT + 30, AT + 30, 77.0, None))
    while live.drain().waiting:  # told before the row is there: nobody tells it again
        pass
    rows = Rows(layer, live)
    rows.show(streams, all_of_them=True, ready=ready)
    assert not rows.fill(1.0)
    assert results(layer) == {"0": 0.0, "1": 77.0, "2": 2.0}


def test_a_sensor_without_a_place_has_no_feature(layer):
    live, streams = Live(clock=lambda: AT + 60), [stream(1), stream(2, placed=False)]
    live.add(streams)
    assert [one.stream.id for one in make(live, fields.fields(), streams)] == ["1"]
