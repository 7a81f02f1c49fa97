"""Tool tips: what comes from outside is text in them."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtCore import QAbstractItemModel, QModelIndex, Qt
from qgis.PyQt.QtGui import QTextDocument

from plugin.gui.crossings_model import CrossingsModel
from plugin.gui.sensors_model import SensorModel
from plugin.gui.threshold_model import ThresholdModel
from plugin.gui.tool_tip import tool_tip
from plugin.map.live.thresholds_kept import Kept
from plugin.map.live.thresholds_words import Entry
from plugin.sensors.thresholds import Crossing, Threshold
from plugin.twin.sensorthings import ObservedProperty
from tests.qgis.gui.sensor_rows import row
from tests.qgis.map.meanwhile import spin

EVIL = '<img src="http://example.org/x.png"><b>bold</b>'


def seen(tip: str) -> str:
    """As Qt shows it: HTML where it takes it for that."""
    document = QTextDocument()
    rich = tip.lstrip().startswith("<p>")
    document.setHtml(tip) if rich else document.setPlainText(tip)
    assert rich or ("<" not in tip and "&lt;" not in tip), "Qt decides by these"
    return document.toPlainText()


@pytest.mark.parametrize("text", ["plain", "two\nlines", "a & b", EVIL, "&lt;b>", f"first\n{EVIL}", "1 < 2", ""])
def test_it_shows_what_is_written(qgis_app, text):
    assert seen(tool_tip(text)) == text


def tips(model: QAbstractItemModel, parent: QModelIndex) -> list[str]:
    found = []
    for at in range(model.rowCount(parent)):
        for column in range(model.columnCount(parent)):
            index = model.index(at, column, parent)
            found.append(index.data(Qt.ItemDataRole.ToolTipRole) or "")
            if not column:
                found += tips(model, index)
    return found


def test_models_tell_names_as_text(qgis_app):
    threshold = Threshold("t", EVIL, 5.0)
    sensors = SensorModel()
    sensors.add([row("a", EVIL, ObservedProperty("1", EVIL, "", EVIL, "1"))])
    assert spin(lambda: not sensors.busy)
    crossings = CrossingsModel([Entry("http://x", Crossing(1e9, "1", EVIL, threshold, True, 7.0, EVIL))])
    thresholds = ThresholdModel((Kept(threshold, "http://x", EVIL),))
    for model in (sensors, crossings, thresholds):
        evil = [tip for tip in tips(model, QModelIndex()) if "example.org" in tip]
        assert evil and all(EVIL in seen(tip) for tip in evil), model
    sensors.stop()
