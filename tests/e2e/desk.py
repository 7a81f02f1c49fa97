"""The user's desk in QGIS: layers by name, the attribute form, the Changes page and its Publish window."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from qgis.core import QgsExpression, QgsFeature, QgsFeatureRequest, QgsProject, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QEvent, QModelIndex, Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QComboBox, QDialogButtonBox, QLineEdit, QWidget

from tests.e2e.hands import button, click, click_row, in_dialog, row_of, rows, type_into, wait_until

DEFERRED_DELETE = int(getattr(QEvent.Type.DeferredDelete, "value", QEvent.Type.DeferredDelete))


def layer_named(name: str) -> QgsVectorLayer:
    found = [layer for layer in QgsProject.instance().mapLayers().values() if layer.name() == name]
    assert len(found) == 1, f"{len(found)} layers are called {name}"
    return found[0]


def feature_of(layer: QgsVectorLayer, twin_id: str) -> QgsFeature:
    wanted = QgsExpression(f'"twin_id" = {QgsExpression.quotedString(twin_id)}')
    found = list(layer.getFeatures(QgsFeatureRequest(wanted)))
    assert len(found) == 1, f"{len(found)} features are {twin_id}"
    return found[0]


def at_rest(iface: Any) -> None:
    """Wait until the map is drawn.

    QGIS reopens a GeoPackage as editing starts and ends; while the map is drawn, a read at that instant can come back
    empty (seen with any GeoPackage and no plugin at all). A person is slower than that, a test is not.
    """
    wait_until(lambda: not iface.mapCanvas().isDrawing(), 60, "the map")


@contextlib.contextmanager
def editing(iface: Any, layer: QgsVectorLayer) -> Iterator[QgsVectorLayer]:
    """QGIS's edit session around the block: the pencil, Save Layer Edits, and the pencil again."""
    iface.setActiveLayer(layer)
    at_rest(iface)
    iface.actionToggleEditing().trigger()
    assert layer.isEditable()
    yield layer
    iface.setActiveLayer(layer)
    at_rest(iface)
    iface.actionSaveActiveLayerEdits().trigger()
    assert not layer.isModified(), layer.commitErrors()
    at_rest(iface)
    iface.actionToggleEditing().trigger()
    assert not layer.isEditable()


def change(iface: Any, layer: QgsVectorLayer, twin_id: str, **values: object) -> None:
    """Other values for some columns of one feature, in an edit session of its own."""
    with editing(iface, layer):
        feature = feature_of(layer, twin_id)
        for column, value in values.items():
            index = layer.fields().lookupField(column)
            assert layer.changeAttributeValue(feature.id(), index, value, feature[column])


# -- the attribute form ----------------------------------------------------------------------------------------------


class Form:
    """A feature form that is open. QGIS names a field's widget as the field."""

    def __init__(self, dialog: QWidget) -> None:
        self.dialog = dialog
        self.widgets = {
            widget.objectName(): widget
            for widget in dialog.findChildren(QWidget)
            if widget.property("EWV2Wrapper") is not None
        }

    @classmethod
    def opened(cls, iface: Any, layer: QgsVectorLayer, twin_id: str) -> Form:
        """The form of a feature, as a click with the Identify tool opens it."""
        assert iface.openFeatureForm(layer, feature_of(layer, twin_id), False, False)
        return cls(cls.shown())

    @staticmethod
    def any() -> list[QWidget]:
        """Every form that is open."""
        windows = QApplication.topLevelWidgets()
        return [one for one in windows if one.isVisible() and one.metaObject().className() == "QgsAttributeDialog"]

    @classmethod
    def shown(cls) -> QWidget:
        """The form that is open."""
        wait_until(cls.any, what="a form")
        (found,) = cls.any()
        return found

    def kind(self, column: str) -> str:
        """What Qt or QGIS calls the widget."""
        return str(self.widgets[column].metaObject().className())

    def type(self, column: str, text: str) -> None:
        widget = self.widgets[column]
        field = widget if isinstance(widget, QLineEdit) else widget.findChild(QLineEdit)
        type_into(field, text)
        QTest.keyClick(field, Qt.Key.Key_Tab)

    def choose(self, column: str, words: str) -> None:
        """By the keyboard, as everybody does who knows what the entry is called."""
        box = self.widgets[column]
        assert isinstance(box, QComboBox)
        assert box.findText(words) >= 0, [box.itemText(at) for at in range(box.count())]
        box.setFocus()
        QTest.keyClicks(box, words)
        assert box.currentText() == words

    def press(self, which: QDialogButtonBox.StandardButton) -> None:
        boxes = [box for box in self.dialog.findChildren(QDialogButtonBox) if box.isVisible()]
        click(boxes[-1].button(which))

    def ok(self) -> None:
        self.press(QDialogButtonBox.StandardButton.Ok)
        # QGIS raises a form that is closed, but not deleted yet, instead of opening another
        wait_until(lambda: sip.isdeleted(self.dialog) or not self.dialog.isVisible(), what="the form to close")
        QApplication.sendPostedEvents(None, DEFERRED_DELETE)


# -- the Changes page ------------------------------------------------------------------------------------------------


class Changes:
    """The Changes page, reached by its button on the rail."""

    def __init__(self, city_twin: Any) -> None:
        self.window = city_twin.window
        self.page = self.window.changes
        self.tree = self.page.view.tree

    def show(self) -> Changes:
        self.window.dock.setUserVisible(True)
        click(self.window.dock.rail.button("changes"))
        assert self.page.isVisible()
        return self

    def shown(self) -> list[tuple[str, str]]:
        """Name and summary of each change that the tree lists."""
        return [
            (index.data(), index.siblingAtColumn(1).data())
            for index in rows(self.tree)
            if self.page.model.kind(self.page.view.filter.mapToSource(index)) == "change"
        ]

    def settled(self) -> bool:
        return not (self.page.reader.busy or self.page.model.busy)

    def wait_for(self, count: int, seconds: float = 20) -> Changes:
        wait_until(
            lambda: self.settled() and len(self.shown()) == count, seconds, f"{count} changes; shown: {self.shown()}"
        )
        return self

    def row(self, name: str) -> QModelIndex:
        return row_of(self.tree, name)

    def choose(self, name: str) -> None:
        click_row(self.tree, self.row(name))
        wait_until(self.page.view.details.cells.rows, what="the columns of the change")

    def cells(self) -> dict[str, tuple[str, str]]:
        """Title → old and new, as the table shows them."""
        model = self.page.view.details.table.model()
        return {
            model.index(row, 0).data(): (model.index(row, 1).data(), model.index(row, 2).data())
            for row in range(model.rowCount())
        }

    def zoom(self) -> None:
        (found,) = [
            one for one in self.page.view.details.findChildren(QWidget) if one.toolTip() == "Zoom to This Change"
        ]
        click(found)

    def discard(self, answer: str = "Discard") -> str:
        """Press Discard, and ``answer`` the question; what it asked."""
        asked: list[str] = []

        def reply(box: Any) -> None:
            asked.append(f"{box.text()} {box.informativeText()}")
            click(button(box, answer))

        in_dialog(lambda: click(self.page.view.discard_button), reply)
        return asked[0]

    def publish(self) -> Publishing:
        click(self.page.view.publish_button)
        wait_until(lambda: self.page.dialog is not None, what="the Publish window")
        dialog = self.page.dialog
        wait_until(lambda: dialog.presenter.phase == "ready", what="the checks")
        return Publishing(dialog)

    def note(self, layer: QgsVectorLayer, iface: Any) -> list[str]:
        """What our marks at the layer in the layer tree say; QGIS has some of its own there."""
        node = QgsProject.instance().layerTreeRoot().findLayer(layer.id())
        return [
            one.toolTip() for one in iface.layerTreeView().indicators(node) if one.parent() is self.window.indicators
        ]


class Publishing:
    """The Publish window."""

    def __init__(self, dialog: Any) -> None:
        self.dialog = dialog

    def say(self, text: str) -> None:
        self.dialog.message.setFocus()
        QTest.keyClicks(self.dialog.message, text)

    def go(self) -> None:
        click(self.dialog.publish_button)
        wait_until(lambda: self.dialog.presenter.phase == "report", 60, "the report")

    def problems(self) -> list[str]:
        table = self.dialog.problems
        return (
            [table.topLevelItem(row).text(2) for row in range(table.topLevelItemCount())] if table.isVisible() else []
        )

    def report(self) -> dict[str, str]:
        """Feature → what became of it, as the table shows it."""
        table = self.dialog.report.table
        items = [table.topLevelItem(row) for row in range(table.topLevelItemCount())]
        return {item.text(0): item.text(3) for item in items}

    def words(self, name: str) -> str:
        """The sentence for one feature of the report."""
        table = self.dialog.report.table
        index = row_of(table, name)
        click_row(table, index)
        return str(self.dialog.report.words.text())

    def close(self) -> None:
        click(self.dialog.cancel_button)
        wait_until(lambda: not self.dialog.isVisible(), what="the Publish window to close")
