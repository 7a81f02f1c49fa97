"""Thresholds on live layers: what crosses them is told once, logged, shown, and watched again in a project reopened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtWidgets import QApplication, QDialogButtonBox

from plugin.gui.crossings_dock import CrossingsDock
from plugin.gui.crossings_model import TIME, csv_rows
from plugin.gui.threshold_dialog import ThresholdsDialog
from plugin.gui.threshold_editor import ThresholdEditor
from plugin.map.live.thresholds import Target
from plugin.map.live.thresholds_kept import Kept
from plugin.sensors.thresholds import Threshold
from plugin.twin.sensorthings import ObservedProperty
from tests.qgis.watch.conftest import Desk, turn


def target(desk: Desk) -> Target:
    (found,) = desk.thresholds.targets()
    return found


def kept(desk: Desk, level: float = -1.0, **more) -> Kept:
    """A threshold that is crossed by all that is above ``level``."""
    on = target(desk)
    values = {"id": "t", "name": "Busy", "level": level, "observed_property": on.observed_property, "unit": on.unit}
    return Kept(Threshold(**{**values, **more}), on.service, on.title)


def exceeded(layer: QgsVectorLayer) -> int:
    return sum((row["exceeded"] or 0) > 0 for row in layer.getFeatures())


def numbers(layer: QgsVectorLayer) -> dict[str, float]:
    return {row["datastream"]: row["result"] for row in layer.getFeatures() if row["kind"] == "number"}


def test_all_sensors_at_once_are_one_message_and_a_mark_on_each(desk):
    layer = desk.show()
    desk.thresholds.set([kept(desk)])
    turn(desk.window.said)
    turn(lambda: exceeded(layer) == len(numbers(layer)) > 5)
    (text,) = desk.window.said()
    assert text.startswith(f"Busy: {len(numbers(layer))} sensors are above -1 ")
    assert len(desk.thresholds.log()) == len(numbers(layer))
    # the two furthest, the furthest first, by the thing's name: the threshold says what is measured
    most = sorted(numbers(layer).values(), reverse=True)[:2]
    assert len(text) <= 110 and "Traffic flow" not in text
    assert [text.index(f"({value:,.0f} ") for value in most] == sorted(text.index(f"({v:,.0f} ") for v in most)

    desk.thresholds.alarm.show_wanted.emit(desk.thresholds.log())
    assert layer.selectedFeatureCount() == len(numbers(layer))

    desk.thresholds.set([])
    turn(lambda: exceeded(layer) == 0)
    assert desk.window.said() == []


def test_back_and_beyond_again_are_logged_with_their_own_times(desk):
    layer = desk.show()
    level = max(numbers(layer).values()) + 1000
    sensor = next(iter(numbers(layer)))
    desk.thresholds.set([kept(desk, level, hysteresis=100.0)])
    for value, count in ((level + 5, 1), (level - 50, 1), (level - 200, 2)):
        desk.observe(sensor, value)
        turn(lambda value=value: numbers(layer)[sensor] == value)
        turn(lambda count=count: len(desk.thresholds.log()) == count)
    assert [(entry.crossing.entered, entry.crossing.value) for entry in desk.thresholds.log()] == [
        (True, level + 5),
        (False, level - 200),
    ]
    assert exceeded(layer) == 0


def test_a_project_is_watched_again_as_soon_as_it_is_open(desk, tmp_path: Path):
    desk.show()
    desk.thresholds.set([kept(desk), replace(kept(desk, id="off"), on=False)])
    project = QgsProject.instance()
    assert project.write(str(tmp_path / "watched.qgz"))
    project.clear()
    assert desk.thresholds.all() == ()
    assert desk.thresholds.log() == ()
    assert desk.window.said() == []
    assert project.read(str(tmp_path / "watched.qgz"))
    assert [one.on for one in desk.thresholds.all()] == [True, False]
    turn(desk.window.said)
    (layer,) = desk.layers.all()
    turn(lambda: exceeded(layer) > 5)
    assert not project.isDirty()


def test_a_new_threshold_begins_with_the_property_that_was_chosen(desk):
    desk.show("NO2")
    desk.show("Traffic speed")
    titles = [one.title for one in desk.thresholds.targets()]
    assert len(titles) > 1
    for one in desk.thresholds.targets():
        observed = ObservedProperty(one.observed_property, one.title, "", "")
        dialog = ThresholdsDialog(desk.thresholds, observed=observed)
        begun = []

        def look(begun=begun) -> None:
            editor = QApplication.activeModalWidget()
            begun.append(editor.chosen().title)
            editor.reject()

        QTimer.singleShot(0, look)
        dialog.add()
        assert begun == [one.title]
        dialog.reject()
    gone = ThresholdEditor(desk.thresholds, observed=ObservedProperty("-5", "Rain", "", ""))
    assert gone.chosen().title == titles[0]


def test_only_the_sensors_that_were_chosen(desk):
    layer = desk.show()
    chosen = sorted(numbers(layer))[:2]
    layer.selectByIds([desk.layers.feature_id(layer, one) for one in chosen])
    assert sorted(desk.thresholds.selected(target(desk))) == chosen
    desk.thresholds.set([kept(desk, datastreams=frozenset(chosen))])
    turn(lambda: exceeded(layer) == 2)
    assert {entry.crossing.datastream for entry in desk.thresholds.log()} == set(chosen)


def test_what_is_of_another_unit_or_service_or_off_is_not_watched(desk):
    layer = desk.show()
    other = replace(kept(desk, id="o"), service="https://other.example/sta")
    desk.thresholds.set([kept(desk, unit="parsec"), other, replace(kept(desk, id="off"), on=False)])
    assert exceeded(layer) == 0
    assert desk.thresholds.log() == ()
    counts = []
    desk.thresholds.count([(one.service, one.threshold) for one in desk.thresholds.all()], counts.append)
    turn(lambda: counts)
    assert counts[0][0].beyond == counts[0][0].reporting == 0
    assert counts[0][1] is None
    assert counts[0][2].beyond == len(numbers(layer)) > 5


# -- windows


@pytest.fixture
def editor(desk) -> ThresholdEditor:
    desk.show("NO2")
    dialog = ThresholdEditor(desk.thresholds)
    yield dialog
    dialog.reject()


def test_the_editor_begins_with_a_norm_and_counts(desk, editor):
    assert editor.norm.currentText() == "EU 2024/2881, mean of an hour: 200 µg/m³"
    assert editor.level.text() == "200"
    assert editor.name.text().startswith("NO2")
    editor.level.setValue(0.25)
    assert editor.norm.currentIndex() == 0
    assert editor.name.text() == "NO2 too high"
    assert editor.level.text() == "0.25"
    turn(lambda: "are beyond this now" in editor.now.text())
    editor.direction.setCurrentIndex(1)
    assert editor.name.text() == "NO2 too low"
    editor.name.setText("")
    editor.name.textEdited.emit("")
    assert not editor.buttons.button(QDialogButtonBox.StandardButton.Ok).isEnabled()
    editor.name.setText("Mine")
    editor.accept()
    threshold = editor.kept.threshold
    assert (threshold.name, threshold.level, threshold.above, threshold.unit) == ("Mine", 0.25, False, "µg/m³")
    assert editor.kept.service == desk.base


def test_editing_keeps_what_is_not_touched(desk):
    desk.show("NO2")
    before = kept(desk, 31.5, hysteresis=0.0, datastreams=frozenset({"1", "2"}))
    dialog = ThresholdEditor(desk.thresholds, before)
    dialog.accept()
    assert dialog.kept == before


def test_one_whose_service_is_not_connected_can_be_edited(desk):
    gone = Kept(Threshold("g", "Gone", 5.0, observed_property="9", unit="dB"), "https://other.example/sta", "Noise")
    dialog = ThresholdEditor(desk.thresholds, gone)
    dialog.level.setValue(6)
    dialog.accept()
    assert dialog.kept == replace(gone, threshold=replace(gone.threshold, level=6.0))


def test_the_list_changes_nothing_before_it_is_accepted(desk):
    desk.show()
    desk.thresholds.set([kept(desk, 1e9)])
    dialog = ThresholdsDialog(desk.thresholds)
    dialog.model.setData(dialog.model.index(0, 0), Qt.CheckState.Unchecked, Qt.ItemDataRole.CheckStateRole)
    turn(lambda: dialog.model.index(0, 3).data().startswith("0 of "))
    dialog.reject()
    assert desk.thresholds.all()[0].on
    dialog = ThresholdsDialog(desk.thresholds)
    dialog.view.selectAll()
    dialog.remove()
    assert dialog._stack.currentIndex() == 1
    dialog.accept()
    assert desk.thresholds.all() == ()


def test_the_log_lists_filters_and_exports(desk, tmp_path: Path):
    layer = desk.show()
    dock = CrossingsDock(desk.window, desk.thresholds, lambda: None)
    assert dock._stack.currentIndex() == 1
    high = kept(desk, max(numbers(layer).values()) - 0.5, id="h", name="Highest")
    desk.thresholds.set([kept(desk), high])
    total = len(numbers(layer)) + 1
    turn(lambda: dock.model.rowCount() == total)
    times = [dock.shown.index(row, TIME).data(Qt.ItemDataRole.UserRole).crossing.time for row in range(total)]
    assert times == sorted(times, reverse=True)
    dock.names.setCurrentIndex(dock.names.findData("Highest"))
    (only,) = dock.shown.entries()
    dock.filter.setText("no such sensor")
    assert dock.shown.entries() == []
    dock.filter.setText(only.crossing.name.split()[0].upper())
    assert dock.shown.entries() == [only]
    heading, row = csv_rows([only])
    cells = dict(zip(heading, row))
    assert cells["crossing"] == "entered"
    assert float(cells["result"]) == max(numbers(layer).values())
    assert cells["datastream"] == only.crossing.datastream
    dock.view.selectAll()
    dock.zoom()
    assert [row["datastream"] for row in layer.selectedFeatures()] == [only.crossing.datastream]
    desk.thresholds.clear_log()
    assert dock.model.rowCount() == 0
    dock.stop()
