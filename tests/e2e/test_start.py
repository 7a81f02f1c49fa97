"""QGIS starts with the plugin, in the language of its user, and nothing stands in the way."""

from __future__ import annotations

import os

from qgis.core import QgsApplication
from qgis.PyQt.QtWidgets import QApplication


def test_qgis_started_the_plugin(city_twin, iface, screenshot):
    assert type(city_twin).__name__ == "CityTwinPlugin"
    assert city_twin.iface is iface
    assert screenshot("start").stat().st_size > 10_000


def test_no_dialog_stands_in_the_way(iface):
    assert QApplication.activeModalWidget() is None
    assert iface.mainWindow().isVisible()


def test_the_language_is_the_one_asked_for(city_twin):
    assert QgsApplication.locale() == os.environ.get("CITYTWIN_LOCALE", "en")
