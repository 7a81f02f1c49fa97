"""A live layer in projects, copies and files: what is written of it, and what becomes of it there."""

from __future__ import annotations

import time

import pytest
from qgis.core import QgsLayerDefinition, QgsProject, QgsVectorFileWriter, QgsVectorLayer

from plugin.map import connections
from plugin.map.connections import Connection
from plugin.map.live.source import LiveSource, mark, source_of
from tests.mosquitto import free_port
from tests.qgis.live.conftest import filled
from tests.qgis.live.publisher import Publisher
from tests.qgis.map.meanwhile import spin
from tests.twin_server import start_twin


def test_a_project_is_opened_again(desk, service, tmp_path):
    stub = service(streams=4)
    layer = desk.show(stub.url)
    filled(desk, layer, 2)
    layer.setName("My own name")
    project, path = QgsProject.instance(), str(tmp_path / "live.qgz")
    assert project.write(path)
    project.clear()
    assert desk.feeds.all() == []
    assert project.read(path)
    (again,) = desk.layers.all()
    assert again.name() == "My own name"
    filled(desk, again, 2)
    assert again.readOnly()
    assert set(desk.rows(again)) == {"0", "2"}
    assert not project.isDirty()


def test_a_project_is_opened_without_its_service_and_connection(desk, service, tmp_path):
    layer = desk.show(service(streams=4).url)
    filled(desk, layer, 2)
    project, path = QgsProject.instance(), str(tmp_path / "live.qgz")
    gone = f"http://127.0.0.1:{free_port()}/v1.1"
    layer.setCustomProperty("citytwin/live", LiveSource(gone, "Gone", "0", "A layer").as_text())
    assert project.write(path)
    project.clear()
    assert project.read(path)
    (again,) = desk.layers.all()
    desk.wait(lambda: desk.feed.status.kind == "bad")
    assert again.featureCount() == 0
    assert "Trying again" in desk.feed.status.sentence
    assert any("“Gone” is not known here" in one for one in desk.feed.status.faults)
    assert len(desk.told) == 1


def test_a_connection_that_is_added_later_opens_the_service(desk, tmp_path, authcfg):
    secret = {"CITYTWIN_DEMO_USER": "anna", "CITYTWIN_DEMO_PASSWORD": "pa:ss wörd"}
    options = ["--require-auth", "--sensors", "5", "--no-mqtt"]
    twin = start_twin(store=tmp_path / "t.sqlite", env=secret, options=options)
    try:
        layer = QgsVectorLayer("Point?crs=EPSG:4326", "x", "memory")
        mark(layer, LiveSource(f"{twin.url}sta/v1.1", "Locked", "", "All"))
        QgsProject.instance().addMapLayer(layer)
        desk.wait(lambda: desk.told)
        asked = desk.feed
        assert asked.status.kind == "bad"
        assert "Trying again" not in asked.status.sentence
        assert not spin(layer.featureCount, 2)  # nor is it tried again and again
        connections.save(Connection("Locked", twin.url, authcfg))
        desk.wait(lambda: layer.featureCount() > 4)
        assert desk.feed is not asked
        assert not desk.feed.status.faults
        assert "pa:ss" not in layer.customProperty("citytwin/live")
    finally:
        connections.remove("Locked")
        twin.stop()


def test_a_copy_is_live_too(desk, service, tmp_path):
    stub = service(streams=2)
    publisher = Publisher(stub)
    layer = desk.show(stub.url)
    filled(desk, layer, 1)
    copy = layer.clone()
    QgsProject.instance().addMapLayer(copy)
    filled(desk, copy, 1)
    tree = QgsProject.instance().layerTreeRoot()
    path = str(tmp_path / "copied.qlr")
    assert QgsLayerDefinition.exportLayerDefinition(path, [tree.findLayer(layer.id())])[0]
    assert QgsLayerDefinition.loadLayerDefinition(path, QgsProject.instance(), tree)[0]
    (pasted,) = [one for one in desk.layers.all() if one not in (layer, copy)]
    filled(desk, pasted, 1)
    publisher.observe(0, time.time(), 7)
    desk.feed.retry()
    for one in (layer, copy, pasted):
        desk.wait(lambda one=one: desk.cell(one, "0", "result") == 7)
    assert len(desk.layers.all()) == 3


def test_a_layer_that_is_made_permanent_is_the_users(desk, service, tmp_path):
    stub = service(streams=2)
    layer = desk.show(stub.url)
    filled(desk, layer, 1)
    path = str(tmp_path / "mine.gpkg")
    options = QgsVectorFileWriter.SaveVectorOptions()
    QgsVectorFileWriter.writeAsVectorFormatV3(layer, path, QgsProject.instance().transformContext(), options)
    layer.setDataSource(path, "Mine", "ogr")
    assert desk.layers.all() == []
    assert desk.feeds.all() == []
    assert source_of(layer) is None
    assert layer.attributeAlias(layer.fields().lookupField("age")) == "Age when it was kept (s)"
    assert layer.startEditing()
    layer.rollBack()
    assert layer.featureCount() == 1


def test_a_layer_whose_note_is_damaged_is_an_ordinary_layer(desk):
    layer = QgsVectorLayer("Point", "x", "memory")
    layer.setCustomProperty("citytwin/live", '{"service": 5}')
    QgsProject.instance().addMapLayer(layer)
    assert desk.layers.all() == []


@pytest.mark.parametrize("text", ["", "x", "[]", '{"service": "no address"}', '{"service": "http://x", "extent": [1]}'])
def test_text_that_is_no_source(text):
    assert LiveSource.from_text(text) is None


def test_a_source_is_kept_whole_and_without_secrets():
    one = LiveSource("http://ann:secret@x.org/v1.1", "Rotterdam", "5", "Flüsse", (1.0, 2.0, 3.0, 4.0), ("a", "b'c"))
    again = LiveSource.from_text(one.as_text())
    assert "secret" not in one.as_text()
    assert again == LiveSource("http://x.org/v1.1", "Rotterdam", "5", "Flüsse", (1.0, 2.0, 3.0, 4.0), ("a", "b'c"))


def test_a_source_keeps_no_key_of_its_address():
    one = LiveSource("http://x.org/v1.1?token=secret&x=1#part", "", "5", "Flüsse")
    assert "secret" not in one.as_text()
    assert LiveSource.from_text(one.as_text()).service == "http://x.org/v1.1"
