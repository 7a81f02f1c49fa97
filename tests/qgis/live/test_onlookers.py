"""An open attribute table shows what the sensors say, and stays where it was; so does what a user did to a layer."""

from __future__ import annotations

import time

import pytest
from qgis.core import NULL, QgsProject, QgsVectorLayerCache
from qgis.gui import QgsAttributeTableModel, QgsDualView, QgsMapCanvas

from plugin.map.live import fields
from tests.qgis.live.publisher import Publisher
from tests.qgis.map.meanwhile import spin


def shown(desk, service, streams=6, **changes):
    stub = service(streams=streams, **changes)
    now = time.time()
    for n in range(0, streams, 2):
        Publisher(stub).observe(n, now - 20, 1.0)
    layer = desk.show(stub.url)
    desk.wait(lambda: layer.featureCount() == streams // 2 and not desk.layers._filler.isActive())
    return stub, layer


@pytest.fixture
def table(qgis_app):
    """A function that opens the table of a layer, as QGIS's window does."""
    opened = []

    def open_table(layer):
        canvas = QgsMapCanvas()
        view = QgsDualView()
        view.init(layer, canvas)
        view.resize(600, 200)
        view.show()
        opened.append((canvas, view))
        return view

    yield open_table
    for canvas, view in opened:
        view.deleteLater()
        canvas.deleteLater()
    spin(lambda: False, 0.05)


def cells(model, layer, name):
    """What a table shows in a column, by feature."""
    number = model.fieldCol(layer.fields().lookupField(name))
    return {model.rowToId(row): model.data(model.index(row, number), 0) for row in range(model.rowCount())}


def test_an_open_table_follows(desk, service):
    stub, layer = shown(desk, service)
    cache = QgsVectorLayerCache(layer, 100)
    cache.setFullCache(True)
    model = QgsAttributeTableModel(cache)
    model.loadLayer()
    fid = desk.layers.feature_id(layer, "2")
    layer.selectByIds([fid])
    reset = []
    model.modelReset.connect(lambda: reset.append(1))
    Publisher(stub).observe(2, time.time() - 1, 77.0)
    desk.feed._link.coverage.hurry()
    desk.wait(lambda: cells(model, layer, "result_text")[fid] == "77 µg/m³", 5)
    assert float(cells(model, layer, "result")[fid].replace(",", ".")) == 77
    assert int(cells(model, layer, "age")[fid]) < 15
    # it grows older by itself
    years = 11 * 365 * 86400
    desk.later(years)
    desk.wait(lambda: int(cells(model, layer, "age")[fid].replace(",", "")) >= years, 5)
    desk.wait(lambda: cells(model, layer, "freshness")[fid] != "live", 5)
    assert layer.selectedFeatureIds() == [fid]
    assert reset == []
    # one more and one less
    stub.streams = 8
    desk.feed.retry()
    desk.wait(lambda: model.rowCount() == 4)
    stub.streams = 6
    desk.feed.retry()
    desk.wait(lambda: model.rowCount() == 3)
    # a unit of another name: the same feature
    stub.change = lambda one: {**one, "unitOfMeasurement": {"symbol": "mg/m3"}}
    desk.feed.retry()
    desk.wait(lambda: cells(model, layer, "unit")[fid] == "mg/m3")
    assert layer.selectedFeatureIds() == [fid]
    # nothing comes any more
    desk.later(0)
    desk.layers.stop()
    assert set(cells(model, layer, "freshness").values()) <= {"silent", "none"}


def test_the_table_of_the_window_keeps_its_place(desk, service, table):
    stub, layer = shown(desk, service, streams=400, page=400)
    view = table(layer)
    desk.wait(lambda: set(cells(view.masterModel(), layer, "result_text").values()) == {"1 µg/m³"})
    layer.selectByIds([desk.layers.feature_id(layer, "4")])
    bar = view.tableView().verticalScrollBar()
    bar.setValue(100)
    assert bar.value() == 100
    writer = Publisher(stub)
    for n in range(0, 400, 2):
        writer.observe(n, time.time(), 5.0)
    desk.feed._link.coverage.hurry()
    desk.wait(lambda: set(cells(view.masterModel(), layer, "result_text").values()) == {"5 µg/m³"})
    assert bar.value() == 100
    assert layer.selectedFeatureIds() == [desk.layers.feature_id(layer, "4")]


def test_nobody_is_told_where_nobody_listens_and_in_slices_otherwise(desk, service):
    _stub, layer = shown(desk, service)
    onlookers = desk.layers._entries[layer.id()].rows.onlookers
    onlookers.note({1: {4: 1.0}})
    assert not onlookers._changes
    told = []

    def hear(fid, column, value):
        told.append((fid, column, value))
        time.sleep(0.002)

    layer.attributeValueChanged.connect(hear)
    desk.layers._teller.stop()
    onlookers.note({fid: {4: 1.0, 6: "a"} for fid in range(1, 51)})
    onlookers.note({3: {4: None}})
    began = time.perf_counter()
    assert onlookers.tell(0.002)
    assert time.perf_counter() - began < 0.02
    assert len(told) < 20
    for _ in range(500):
        onlookers.tell(0.002)
    assert not onlookers._changes
    # the last value only
    assert [value for fid, number, value in told if (fid, number) == (3, 4)] == [NULL]
    layer.attributeValueChanged.disconnect(hear)
    onlookers._changes[1] = {4: 1.0}
    assert not onlookers.tell(0.002)
    assert not onlookers._changes


def test_what_a_user_edited_is_written_over(desk, service):
    stub, layer = shown(desk, service)
    layer.setReadOnly(False)
    assert layer.startEditing()
    assert layer.deleteFeature(desk.layers.feature_id(layer, "0"))
    assert layer.changeAttributeValue(desk.layers.feature_id(layer, "2"), fields.index_of("result"), 999.0)
    assert layer.deleteAttribute(fields.index_of("unit"))
    assert layer.commitChanges()
    desk.wait(lambda: set(desk.rows(layer)) == {"0", "2", "4"})
    rows = desk.rows(layer)
    assert (rows["0"]["result"], rows["2"]["result"], rows["2"]["unit"]) == (1.0, 1.0, "µg/m³")
    Publisher(stub).observe(0, time.time(), 7)
    desk.feed._link.coverage.hurry()
    desk.wait(lambda: desk.cell(layer, "0", "result") == 7)


def test_the_age_is_worked_out_when_it_is_read(desk, service, tmp_path):
    stub, layer = shown(desk, service)
    Publisher(stub).observe(0, time.time() - 100, 1.0)
    assert 19 <= desk.cell(layer, "0", "age") <= 40
    assert layer.attributeAlias(layer.fields().lookupField("age")) == "Age (s)"
    assert layer.dataProvider().fields().lookupField("age") == -1
    copy = layer.clone()
    QgsProject.instance().addMapLayer(copy)
    desk.wait(lambda: desk.cell(copy, "0", "age") is not None)
    QgsProject.instance().removeMapLayer(copy.id())
    path = str(tmp_path / "live.qgz")
    assert QgsProject.instance().write(path)
    QgsProject.instance().clear()
    assert QgsProject.instance().read(path)
    (again,) = desk.layers.all()
    desk.wait(lambda: again.featureCount() == 3)
    assert [field.name() for field in again.fields()] == [*fields.NAMES, "age"]
    assert 19 <= desk.cell(again, "0", "age") <= 60
    assert not QgsProject.instance().isDirty()


def test_the_age_goes_by_the_twins_clock(desk, service):
    _stub, layer = shown(desk, service)
    live = desk.feed.live
    sent = live.clock()
    live.synchronise(sent + 1000, sent, live.clock())
    desk.wait(lambda: desk.cell(layer, "0", "age") > 1000)
    assert desk.cell(layer, "0", "age") < 1100
