"""Each native tool in the real application, through its own menu actions: what is told is exactly what it did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from qgis.core import QgsPointXY, QgsProject
from qgis.PyQt.QtCore import QCoreApplication, QEvent, Qt
from qgis.PyQt.QtGui import QAction
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QLineEdit, QTableView

from tests import identity_scenarios as scenarios
from tests.e2e.desk import at_rest, editing
from tests.e2e.hands import RIGHT, click_map, wait_until


@pytest.fixture
def bench(iface, project, tmp_path: Path) -> Iterator[scenarios.Bench]:
    canvas = iface.mapCanvas()
    canvas.setRenderFlag(False)
    canvas.stopRendering()
    QCoreApplication.processEvents()  # what was to be drawn already is drawn now, with no layers
    at_rest(iface)
    made = scenarios.Bench(tmp_path, iface)
    yield made
    made.close()
    QgsProject.instance().clear()
    canvas.setRenderFlag(True)


@pytest.mark.parametrize("scenario", scenarios.IN_QGIS, ids=lambda s: s.__name__)
def test_told_exactly(scenario, bench):
    scenario(bench)


def test_split_features_by_hand(bench, iface, screenshot):
    """The tool of the toolbar, a line of two clicks, and the right button."""
    canvas = iface.mapCanvas()
    box = bench.feature("b2").geometry().boundingBox()
    with editing(iface, bench.layer):
        canvas.setRenderFlag(True)
        canvas.setExtent(box.buffered(20))
        canvas.refresh()
        wait_until(lambda: not canvas.isDrawing())
        iface.mainWindow().findChild(QAction, "mActionSplitFeatures").trigger()
        x = box.xMinimum() + 3
        for y in (box.yMinimum() - 2, box.yMaximum() + 2):
            click_map(canvas, QgsPointXY(x, y))
        click_map(canvas, QgsPointXY(x, box.yMaximum() + 2), RIGHT)
        wait_until(lambda: bench.layer.featureCount() == 6, what="the split")
        screenshot("split")
    bench.expect(("insert", None), ("update", "b2", "geom"))


def test_the_attribute_table_leaves_the_identity_alone(bench, iface, screenshot):
    """Its cells take no keys, and the token is not shown at all."""
    with editing(iface, bench.layer):
        dialog = iface.showAttributeTable(bench.layer)
        table = next(view for view in dialog.findChildren(QTableView) if view.isVisible())
        model = table.model()
        wait_until(lambda: model.rowCount() == 5, what="the rows")
        heads = [
            str(model.headerData(column, Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole))
            for column in range(model.columnCount())
        ]
        assert "twin_id" in heads and "twin_version" not in heads
        screenshot("attribute-table")
        for head, takes_keys in (("twin_id", False), ("Name", True)):
            index = model.index(0, heads.index(head))
            table.scrollTo(index)
            at = table.visualRect(index).center()
            QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
            QTest.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
            field = table.viewport().findChild(QLineEdit)
            assert (field is not None and field.isEnabled() and not field.isReadOnly()) == takes_keys, head
        field.selectAll()
        QTest.keyClicks(field, "Typed")
        QTest.keyClick(field, Qt.Key.Key_Return)
        wait_until(bench.layer.isModified, what="what was typed")
        dialog.close()
        QApplication.sendPostedEvents(None, int(getattr(QEvent.Type.DeferredDelete, "value", 52)))
    (told,) = bench.told()
    assert told[0] == "update" and told[2] == "name"


def test_a_dropped_field_is_back_at_once_with_a_message(bench, iface, city_twin, wait_until, screenshot):
    """The plugin's own guard, which it sets on every layer of a working copy."""
    wait_until(city_twin.window.copies.copies, what="the plugin to know the working copy")
    with editing(iface, bench.layer) as layer:
        bench.set("b1", "name", "Changed")
        layer.deleteAttribute(bench.index("height"))
        wait_until(lambda: layer.fields().lookupField("height") >= 0, what="the column")
        wait_until(lambda: iface.messageBar().items(), what="a message")
        assert "Height" in iface.messageBar().items()[0].text()
        screenshot("dropped-field")
    bench.expect(("update", "b1", "name"))


def test_undo_and_redo_by_their_keys(bench, iface):
    with editing(iface, bench.layer) as layer:
        bench.set("b1", "name", "Changed")
        layer.deleteFeature(bench.feature("b2").id())
        undo, redo = (iface.mainWindow().findChild(QAction, name) for name in ("mActionUndo", "mActionRedo"))
        for action in (undo, undo, redo):
            wait_until(action.isEnabled)
            action.trigger()
    bench.expect(("update", "b1", "name"))
