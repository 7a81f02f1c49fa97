"""What a pilot can be linked to: tables at hand, sensors of live layers, and the twin's catalogue."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from qgis.core import QgsFeature, QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication

from plugin.gui.pilots.form_pages import DATA
from plugin.gui.pilots.links_picker import LinksPicker
from plugin.map.live import fields
from plugin.map.live.source import LiveSource, mark
from plugin.map.pilots import links
from plugin.map.pilots.links import LinkSource
from plugin.workcopy.copy import WorkingCopy
from tests.identity_scenarios import sql_elsewhere
from tests.qgis.pilots.dialog_hands import LEFT, Hands
from tests.twin_server import RunningTwin
from tests.unit.pilots.hand_made import running


@pytest.fixture
def copy(pilots_file, tmp_path) -> WorkingCopy:
    """Its twin does not answer any more."""
    shutil.copyfile(pilots_file, tmp_path / "city.gpkg")
    return WorkingCopy.open(tmp_path / "city.gpkg")


@pytest.fixture
def answering(copy, demo_twin) -> WorkingCopy:
    """The working copy of a twin that answers."""
    old, new = copy.source("pilots").url.rstrip("/"), demo_twin.url.rstrip("/")
    sql_elsewhere(copy.path, f"UPDATE twin_source SET url = '{new}', items_url = replace(items_url, '{old}', '{new}')")
    return WorkingCopy.open(copy.path)


@pytest.fixture
def sensors(qgis_app, qgis_new_project) -> Iterator[QgsVectorLayer]:
    """A live layer of three datastreams, one of them without a name."""
    layer = QgsVectorLayer("Point?crs=EPSG:4326", "Noise", "memory")
    layer.dataProvider().addAttributes(fields.fields().toList())
    layer.updateFields()
    mark(layer, LiveSource("https://me:secret@sta.example.org/v1.1/?key=abc", "", "", "Noise"))
    rows = [("17", "Noise at the bridge", "Bridge"), ("it's", "", "Square"), ("", "Nobody", "")]
    features = []
    for key, name, thing in rows:
        feature = QgsFeature(layer.fields())
        for column, value in ((fields.DATASTREAM, key), (fields.NAME, name), (fields.THING, thing)):
            feature[column] = value
        features.append(feature)
    layer.dataProvider().addFeatures(features)
    QgsProject.instance().addMapLayer(layer)
    yield layer
    QgsProject.instance().clear()


def test_tables_and_sensors_are_at_hand_without_a_network(copy, sensors):
    found = LinkSource(copy).at_hand()
    told = {one.link.href: (one.link.title, one.link.kind, one.origin) for one in found}
    base = copy.source("pilots").url.rstrip("/")
    assert told[f"{base}/collections/districts"][:2] == (copy.source("districts").title, "collection")
    assert told["https://sta.example.org/v1.1/Datastreams(17)"] == ("Noise at the bridge", "datastream", "Noise")
    assert told["https://sta.example.org/v1.1/Datastreams('it''s')"] == ("Square", "datastream", "Noise")
    assert len(found) == 4, "one without an id leads nowhere"
    assert not any("secret" in href or "abc" in href for href in told)


@pytest.mark.parametrize(
    ("items", "wanted"),
    [
        ("https://x.example/collections/trees/items", "https://x.example/collections/trees"),
        ("https://u:p@x.example/c/trees/items/?f=json&token=1", "https://x.example/c/trees"),
        ("https://x.example/items", "https://x.example"),
        ("https://[broken", "https://[broken"),
    ],
)
def test_a_collections_own_address(items, wanted):
    assert links.collection_url(items) == wanted


def test_the_catalogue_arrives_and_is_picked_from(qtbot, qgis_app, answering, demo_twin: RunningTwin):
    picker = LinksPicker(LinkSource(answering), [f"{demo_twin.url.rstrip('/')}/collections/trees"])
    qtbot.addWidget(picker)
    picker.show()
    assert picker.busy and picker.stop_button.isVisible() and picker.model.rowCount() == 2, "at hand at once"
    qtbot.waitUntil(lambda: not picker.busy)
    titles = [picker.model.index(row, 0).data() for row in range(picker.model.rowCount())]
    assert any(title.startswith("Buildings") for title in titles) and not picker.stop_button.isVisible()
    assert len(titles) == len(set(titles)) and not picker.notice.isVisible()
    QTest.keyClicks(picker.filter, "trees")
    (shown,) = [picker.view.model().index(row, 0) for row in range(picker.view.model().rowCount())]
    assert "linked already" in shown.data() and not shown.flags() & Qt.ItemFlag.ItemIsUserCheckable
    picker.filter.clear()
    QTest.keyClicks(picker.filter, "building")
    picker.view.setFocus()
    picker.view.setCurrentIndex(picker.view.model().index(0, 0))
    assert not picker.buttons.buttons()[0].isEnabled()
    QTest.keyClick(picker.view, Qt.Key.Key_Space)
    (link,) = picker.links
    assert link.kind == "collection" and link.href.startswith(demo_twin.url) and link.title.startswith("Building")
    QTest.mouseClick(picker.buttons.buttons()[0], LEFT)
    assert not picker.isVisible()


def test_offline_it_says_so_and_offers_what_is_at_hand(qtbot, qgis_app, copy):
    picker = LinksPicker(LinkSource(copy), [])
    qtbot.addWidget(picker)
    picker.show()
    qtbot.waitUntil(lambda: not picker.busy, timeout=20000)
    assert picker.notice.isVisible() and picker.notice.text and "Traceback" not in picker.notice.text
    assert picker.model.rowCount() == 2 and picker.again_button.isVisible()


def test_reading_can_be_stopped(qtbot, qgis_app, copy):
    picker = LinksPicker(LinkSource(copy), [])
    qtbot.addWidget(picker)
    picker.show()
    QTest.mouseClick(picker.stop_button, LEFT)
    qtbot.waitUntil(lambda: not picker.busy, timeout=20000)
    assert not picker.stop_button.isVisible() and picker.model.rowCount() == 2


def test_without_anything_addresses_can_still_be_typed(qtbot, qgis_app, qgis_new_project):
    picker = LinksPicker(LinkSource(), [])
    qtbot.addWidget(picker)
    assert not picker.busy and "typed by hand" in picker.status.text


def test_the_form_adds_what_was_picked(qtbot, qgis_app, sensors, copy: WorkingCopy):
    hands = Hands(qtbot, running(), links=LinkSource(copy))
    box = hands.page(DATA).produced

    def choose() -> None:
        picker = QApplication.activeModalWidget()
        assert isinstance(picker, LinksPicker)
        QTest.keyClicks(picker.filter, "bridge")
        index = picker.view.model().index(0, 0)
        QTest.mouseClick(picker.view.viewport(), LEFT, pos=picker.view.visualRect(index).center())
        QTest.mouseDClick(picker.view.viewport(), LEFT, pos=picker.view.visualRect(index).center())

    QTimer.singleShot(0, choose)
    hands.press("Add from Catalogue…", box)
    assert [link.as_json() for link in hands.pilot.data_produced] == [
        {
            "title": "Noise at the bridge",
            "href": "https://sta.example.org/v1.1/Datastreams(17)",
            "kind": "datastream",
        }
    ]
    assert box.model.rowCount() == 1
