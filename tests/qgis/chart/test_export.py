"""The files and layers that a chart becomes, read back by others."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtGui import QImage
from qgis.PyQt.QtWidgets import QApplication, QFileDialog

from plugin.gui.chart_layer_dialog import ChartLayerDialog
from tests.qgis.chart.field import PEAK, TROUGH, Desk
from tests.qgis.map.meanwhile import spin


@pytest.fixture
def charted(desk: Desk) -> Desk:
    desk.show("Flow", "NO2")
    desk.dock.presenter.set_custom(desk.city.start + 1800, desk.city.start + 5.9 * 3600)
    desk.rest()
    return desk


def ask(monkeypatch: pytest.MonkeyPatch, path: Path) -> list[tuple[str, ...]]:
    asked: list[tuple[str, ...]] = []

    def answer(_parent: object, title: str, start: str, kinds: str) -> tuple[str, str]:
        asked.append((title, start, kinds))
        return str(path.with_suffix("")), kinds

    monkeypatch.setattr(QFileDialog, "getSaveFileName", staticmethod(answer))
    return asked


def said(desk: Desk) -> list[str]:
    return desk.window.said()


def test_csv_has_every_observation_in_view(charted: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ask(monkeypatch, tmp_path / "out.csv")
    charted.dock.bar.actions_[1].trigger()
    assert spin(lambda: (tmp_path / "out.csv").exists() and bool(said(charted)))
    assert asked[0][1].endswith("Traffic flow, NO2.csv")
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    flow = [row for row in rows if row["name"] == "Flow"]
    presenter = charted.dock.presenter
    series = presenter.sensors[0].trace.series.between(presenter.start, presenter.end)
    assert len(flow) == len(series) and {row["unit"] for row in flow} == {"veh/h"}
    results = [float(row["result"]) for row in flow if row["result"]]
    assert (min(results), max(results)) == (TROUGH, PEAK) and [row["result"] for row in flow].count("") == 29
    assert f"{len(rows)} observations are in out.csv." in said(charted)
    assert len(rows) > len(flow) > 100


def test_a_picture_has_title_legend_source_and_time(
    charted: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from plugin.gui import chart_export
    from plugin.map import plot

    made = []
    paint = plot.paint
    monkeypatch.setattr(plot, "paint", lambda painter, rect, shown: made.append(shown) or paint(painter, rect, shown))
    ask(monkeypatch, tmp_path / "out.png")
    charted.dock.bar.actions_[0].trigger()
    assert spin(lambda: (tmp_path / "out.png").exists() and bool(said(charted)))
    image = QImage(str(tmp_path / "out.png"))
    assert image.width() >= 1520 and image.height() >= 760
    shown = next(one for one in made if one.title)
    assert shown.title == "Traffic flow, NO2" and shown.legend and not shown.ink.dark
    assert charted.city.sensors in shown.footer and "exported" in shown.footer
    colours = {image.pixelColor(x, y).name() for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)}
    assert {shown.ink.line(0).name(), shown.ink.line(1).name(), "#ffffff"} <= colours
    assert chart_export.content(charted.dock.presenter, ()).count == sum(len(one.trace) for one in shown.curves)


def test_a_temporary_table_that_the_temporal_controller_plays(charted: Desk) -> None:
    def press() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, ChartLayerDialog) and dialog.temporary.isChecked()
        dialog.accept()

    QTimer.singleShot(100, press)
    charted.dock.make_layer()
    project = QgsProject.instance()
    assert spin(lambda: len(project.mapLayers()) == 2 and bool(said(charted)))
    layer = next(one for one in project.mapLayers().values() if one is not charted.layer)
    check_table(charted, layer)
    assert layer.providerType() == "memory"


def test_tables_in_one_geopackage_beside_each_other(charted: Desk, tmp_path: Path) -> None:
    path = tmp_path / "history.gpkg"

    def press() -> None:
        dialog = QApplication.activeModalWidget()
        dialog.lasting.setChecked(True)
        assert not dialog.buttons.buttons()[0].isEnabled() or dialog.file.filePath()
        dialog.file.setFilePath(str(tmp_path / "history"))
        dialog.accept()

    for count in (2, 3):
        QTimer.singleShot(100, press)
        charted.dock.make_layer()
        assert spin(lambda count=count: len(QgsProject.instance().mapLayers()) == count)
    layers = [one for one in QgsProject.instance().mapLayers().values() if one is not charted.layer]
    for layer in layers:
        check_table(charted, layer)
    assert {layer.source().split("|layername=")[1] for layer in layers} == {"traffic_flow_no2", "traffic_flow_no2_2"}
    assert all(QgsVectorLayer(f"{path}|layername={name}", "", "ogr").isValid() for name in ("traffic_flow_no2",))


def check_table(desk: Desk, layer: QgsVectorLayer) -> None:
    presenter = desk.dock.presenter
    expected = sum(len(one.trace.series.between(presenter.start, presenter.end)) for one in presenter.sensors)
    assert layer.isValid() and layer.featureCount() == expected
    assert layer.thread() is QApplication.instance().thread()
    properties = layer.temporalProperties()
    assert properties.isActive() and properties.startField() == "phenomenon_time"
    rows = [f for f in layer.getFeatures() if f["name"] == "Flow"]
    results = [float(f["result"]) for f in rows if f["result"] is not None and str(f["result"]) != "NULL"]
    assert (min(results), max(results)) == (TROUGH, PEAK) and len(rows) - len(results) == 29
    one = rows[0]
    assert (one["thing"], one["observed_property"], one["unit"]) == ("Thing of Flow", "Traffic flow", "veh/h")
    first = presenter.sensors[0].trace.series.between(presenter.start, presenter.end).times[0]
    assert one["phenomenon_time"].timeSpec() == Qt.TimeSpec.UTC
    assert abs(one["phenomenon_time"].toMSecsSinceEpoch() / 1000 - first) < 0.01


def test_a_place_that_cannot_be_written_is_a_sentence(
    charted: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(monkeypatch, tmp_path / "nowhere" / "out.csv")
    for index in (0, 1):
        charted.dock.said.say("")
        charted.dock.bar.actions_[index].trigger()
        assert spin(lambda: charted.dock.said.text != "")
        assert "could not be written" in charted.dock.said.text
    charted.dock.said.button.click()
    assert charted.dock.said.isHidden()
