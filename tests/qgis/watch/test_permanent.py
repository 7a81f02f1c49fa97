"""QGIS's own Make Permanent: what was live is a moment that is over, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from qgis.core import QgsProject, QgsVectorFileWriter, QgsVectorLayer

from tests.qgis.watch.conftest import turn


def made_permanent(layer: QgsVectorLayer, path: Path, driver: str) -> None:
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = driver
    QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(path), QgsProject.instance().transformContext(), options)
    layer.setDataSource(str(path), "Mine", "ogr")


def test_its_sensors_are_silent_and_nothing_of_it_is_ours(desk, tmp_path: Path):
    layer = desk.show("NO2")
    before = {row["datastream"]: row["result"] for row in layer.getFeatures()}
    assert {row["freshness"] for row in layer.getFeatures()} & {"live", "late"}
    made_permanent(layer, tmp_path / "mine.gpkg", "GPKG")
    turn(lambda: not {row["freshness"] for row in layer.getFeatures()} & {"live", "late"})
    assert {row["datastream"]: row["result"] for row in layer.getFeatures()} == before
    assert not [name for name in layer.customPropertyKeys() if name.startswith("citytwin")]
    assert layer.customProperty("skipMemoryLayersCheck") is None, "QGIS asks about it as about any layer"
    assert "citytwin_age" not in layer.mapTipTemplate() and "phenomenon_time" in layer.mapTipTemplate()
    assert layer.renderer().type() == "categorizedSymbol" and not layer.readOnly()


def test_a_map_tip_of_the_users_own_stays(desk, tmp_path: Path):
    layer = desk.show("NO2")
    layer.setMapTipTemplate("mine")
    made_permanent(layer, tmp_path / "mine.gpkg", "GPKG")
    assert layer.mapTipTemplate() == "mine"


@pytest.mark.parametrize("driver", ["ESRI Shapefile"])
def test_a_format_that_cuts_names_ends_nothing(desk, tmp_path: Path, driver):
    layer = desk.show("NO2")
    made_permanent(layer, tmp_path / "mine.shp", driver)
    turn(lambda: not layer.readOnly())
    assert desk.layers.all() == [] and layer.featureCount() > 0
