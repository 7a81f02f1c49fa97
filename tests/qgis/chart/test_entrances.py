"""From a sensor on the map to its chart."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from qgis.core import Qgis, QgsVectorLayer
from qgis.gui import QgsGui, QgsMapLayerActionContext
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices

from plugin.gui.chart_entrances import parse
from plugin.map.live import tips
from tests.qgis.chart.field import Desk
from tests.qgis.map.meanwhile import spin


def actions(layer: QgsVectorLayer) -> list[str]:
    target = Qgis.MapLayerActionTarget.SingleFeature
    return [action.text() for action in QgsGui.mapLayerActionRegistry().mapLayerActions(layer, target)]


def names(desk: Desk) -> list[str]:
    return [sensor.name for sensor in desk.dock.presenter.sensors]


def test_identify_offers_it_for_live_layers_only_and_it_opens(desk: Desk) -> None:
    assert actions(desk.layer) == ["Show Chart"]
    assert actions(QgsVectorLayer("Point", "other", "memory")) == []
    desk.dock.hide()
    feature = desk.layer.getFeature(desk.layers.feature_id(desk.layer, desk.city.streams["NO2"]))
    desk.entrances.action.triggerForFeature(desk.layer, feature, QgsMapLayerActionContext())
    assert names(desk) == ["NO2"] and desk.dock.isVisible()
    desk.entrances.action.triggerForFeatures(desk.layer, list(desk.layer.getFeatures()), QgsMapLayerActionContext())
    assert sorted(names(desk)) == ["Empty", "Flow", "Level", "NO2"]


def test_the_link_of_a_map_tip_opens_it(desk: Desk) -> None:
    link = tips.link(desk.feed.live, desk.layer.id(), desk.city.streams["Flow"])
    assert QDesktopServices.openUrl(QUrl(link))
    assert names(desk) == ["Flow"]
    assert QDesktopServices.openUrl(QUrl(f"citytwin-chart:{desk.layer.id()}/nothing"))
    assert names(desk) == ["Flow"] and "not on the map any more" in desk.window.said()[-1]


@pytest.mark.parametrize("layer", ["Sensors_1f2e", "with/slash %2F ü"])
@pytest.mark.parametrize("datastream", ["12", "'a/b c'", "urn:x?y#z%25", "ü"])
def test_any_id_survives_the_link(layer: str, datastream: str) -> None:
    text = f"citytwin-chart:{quote(layer, safe='')}/{quote(datastream, safe='')}"
    assert parse(QUrl(text)) == (layer, datastream)
    assert parse(QUrl.fromEncoded(text.encode())) == (layer, datastream)


def test_other_links_are_none_of_ours() -> None:
    assert parse(QUrl("https://example.org/a/b")) == ("", "") == parse(QUrl("citytwin-chart:a"))


def test_what_is_selected_on_the_map_can_be_added(desk: Desk) -> None:
    dock = desk.dock
    assert not dock.bar.add.isEnabled() and not dock.add_button.isVisible()
    ids = [desk.layers.feature_id(desk.layer, desk.city.streams[name]) for name in ("Flow", "Level")]
    desk.layer.selectByIds(ids)
    assert spin(dock.bar.add.isEnabled, 3) and dock.add_button.isVisible()
    dock.add_button.click()
    assert sorted(names(desk)) == ["Flow", "Level"]
    desk.layer.selectByIds([desk.layers.feature_id(desk.layer, desk.city.streams["NO2"])])
    assert spin(lambda: dock.selection.count == 1, 3)
    dock.bar.add.click()
    assert len(names(desk)) == 3
    desk.layer.removeSelection()
    assert spin(lambda: not dock.bar.add.isEnabled(), 3)
    # and taken off again
    dock.list.setCurrentItem(dock.list.topLevelItem(2))
    dock.bar.remove.click()
    assert sorted(names(desk)) == ["Flow", "Level"]


def test_stopped_nothing_of_it_is_left(desk: Desk) -> None:
    desk.entrances.stop()
    desk.entrances.stop()
    assert actions(desk.layer) == []
    count = len(desk.window.said())
    QDesktopServices.openUrl(QUrl(f"citytwin-chart:{desk.layer.id()}/1"))
    assert names(desk) == [] and len(desk.window.said()) == count
