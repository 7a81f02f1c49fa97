"""The main job with clicks and keys: connect, find, check out, edit, see, publish; and what may go wrong on the way."""

from __future__ import annotations

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsLayerTreeGroup,
    QgsLayerTreeLayer,
    QgsPointXY,
    QgsProject,
    QgsRectangle,
)
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QDialogButtonBox

from tests.e2e.hands import LEFT, click, click_row, drag_map, in_dialog, left_in, row_of, rows, type_into
from tests.qgis.gui.window import html_site
from tests.twin_server import serve_app

RD = QgsCoordinateReferenceSystem("EPSG:28992")


# -- connect ---------------------------------------------------------------------------------------------------------


def test_a_connection_is_made_and_tested_in_its_dialog(
    city_twin, project, no_connections, twin, wait_until, screenshot
):
    city_twin.window.show_catalogue()
    page = city_twin.window.catalogue
    site, stop = serve_app(html_site)
    said: dict[str, str] = {}

    def test(dialog, name: str, address: str) -> None:
        type_into(dialog.url, address)
        click(dialog.test_button)
        wait_until(lambda: not dialog.busy.isVisible() and dialog.report.sentences)
        said[name] = " ".join(one.text for one in dialog.report.sentences)
        assert {one.kind for one in dialog.report.sentences} == {"good" if name == "twin" else "bad"}, said
        screenshot(f"connect-{name}")

    def fill_in(dialog) -> None:
        click(dialog.buttons.button(QDialogButtonBox.StandardButton.Ok))
        assert dialog.isVisible(), "a connection without a name was taken"
        type_into(dialog.name, "Rotterdam")
        test(dialog, "no-address", "our twin")
        test(dialog, "nobody", "http://127.0.0.1:9/")
        test(dialog, "no-twin", site)
        test(dialog, "twin", twin.url)
        click(dialog.buttons.button(QDialogButtonBox.StandardButton.Ok))

    try:
        in_dialog(lambda: click(page.connections.new_button), fill_in, 30)
    finally:
        stop()
    for words in said.values():
        assert words.endswith(".") and "Traceback" not in words and "Error" not in words
    assert "address" in said["no-address"]
    assert "127.0.0.1:9" in said["nobody"]
    assert "web" in said["no-twin"].lower() or "not" in said["no-twin"].lower()
    assert page.connections.current.url == twin.url
    wait_until(page.model.rowCount)
    shown = {index.data() for index in rows(page.list.view)}
    assert {"Buildings", "Districts", "Pilot Areas", "Trees", "Streets", "Water"} <= shown
    assert page.status.kind == "good"


# -- find ------------------------------------------------------------------------------------------------------------


def tick_box(view, index) -> QPoint:
    """Where the row's tick box is, as the list draws it."""
    from qgis.PyQt.QtWidgets import QStyleOptionViewItem

    view.scrollTo(index)
    option = QStyleOptionViewItem()
    option.rect = view.visualRect(index)
    option.widget = view
    return view.itemDelegate().tick_rect(option).center()


def tick(page, *titles: str) -> None:
    for title in titles:
        view = page.list.view
        QTest.mouseClick(view.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, tick_box(view, row_of(view, title)))


def test_typing_filters_and_clicks_tick(catalogue, wait_until, screenshot):
    every = len(rows(catalogue.list.view))
    type_into(catalogue.list.filter, "pilot")
    assert [index.data() for index in rows(catalogue.list.view)] == ["Pilot Areas"]
    type_into(catalogue.list.filter, "no such thing")
    assert catalogue.list.nothing.isVisible() and "no such thing" in catalogue.list.nothing.text
    screenshot("find-nothing")
    type_into(catalogue.list.filter, "")
    assert len(rows(catalogue.list.view)) == every
    assert not catalogue.panel.button.isEnabled()
    tick(catalogue, "Buildings", "Trees")
    assert {one.id for one in catalogue.model.ticked()} == {"buildings", "trees"}
    assert catalogue.panel.button.isEnabled() and "2" in catalogue.panel.button.text()
    wait_until(lambda: "15" in catalogue.panel.estimate.full_text, what="the number of features to come")
    tick(catalogue, "Trees")
    assert [one.id for one in catalogue.model.ticked()] == ["buildings"]
    click_row(catalogue.list.view, row_of(catalogue.list.view, "Pilot Areas"))
    assert catalogue.list.current.id == "pilots", "a click beside the box chooses"
    assert [one.id for one in catalogue.model.ticked()] == ["buildings"], "and ticks nothing"
    wait_until(lambda: "Technical conditions" in catalogue.list.details.toPlainText(), what="the pilots' columns")
    screenshot("find")


# -- check out -------------------------------------------------------------------------------------------------------


def test_everything_checked_out_is_a_group_of_styled_layers(catalogue, folder, iface, wait_until, screenshot):
    path = folder / "rotterdam.gpkg"
    tick(catalogue, "Buildings", "Districts", "Pilot Areas", "Water")
    type_into(catalogue.panel.file.lineEdit(), str(path))
    click(catalogue.panel.button)
    wait_until(lambda: not catalogue.run.running, 60)
    wait_until(lambda: len(QgsProject.instance().mapLayers()) == 4)
    (group,) = QgsProject.instance().layerTreeRoot().children()
    assert isinstance(group, QgsLayerTreeGroup) and group.name() == "rotterdam"
    names = [node.name() for node in group.children() if isinstance(node, QgsLayerTreeLayer)]
    assert set(names) == {"Buildings", "Districts", "Pilot Areas", "Water"}
    assert names.index("Buildings") < names.index("Water")
    layers = {node.name(): node.layer() for node in group.children()}
    assert layers["Buildings"].renderer3D() is not None
    assert layers["Districts"].labelsEnabled()
    colours = {layer.renderer().dump() for layer in layers.values()}
    assert len(colours) == 4, "layers look alike"
    assert all(layer.featureCount() > 0 for layer in layers.values())
    assert QgsProject.instance().crs() == RD
    assert catalogue.status.kind == "good" and "rotterdam.gpkg" in catalogue.status.text
    wait_until(lambda: not iface.mapCanvas().isDrawing(), 60)
    assert layers["Buildings"].extent().intersects(iface.mapCanvas().extent())
    screenshot("checked-out-everything")
    assert left_in(folder, but=["rotterdam.gpkg"]) == []


def test_a_cancelled_checkout_leaves_nothing_behind(catalogue, folder, wait_until, screenshot):
    tick(catalogue, "Buildings", "Trees", "Streets", "Water", "Districts")
    type_into(catalogue.panel.file.lineEdit(), str(folder / "half.gpkg"))
    click(catalogue.panel.button)
    wait_until(lambda: left_in(folder), what="something is being written")
    wait_until(catalogue.panel.cancel_button.isVisible)
    screenshot("checkout-runs")
    click(catalogue.panel.cancel_button)
    wait_until(lambda: not catalogue.run.running)
    wait_until(catalogue.panel.button.isVisible)
    assert "ancelled" in catalogue.status.text
    assert left_in(folder) == []
    assert QgsProject.instance().mapLayers() == {}
    assert catalogue.panel.button.isEnabled(), "the next try needs no new ticks"


def test_a_drawn_rectangle_is_checked_out(catalogue, folder, iface, wait_until, screenshot):
    canvas = iface.mapCanvas()
    QgsProject.instance().setCrs(RD)
    canvas.setExtent(QgsRectangle(90000, 435000, 95000, 438500))
    wait_until(lambda: not canvas.isDrawing())
    tick(catalogue, "Trees", "Streets")
    box = catalogue.panel.extent.combo
    former = canvas.mapTool()
    box.setFocus()
    while catalogue.panel.extent.area.value != "drawn":
        QTest.keyClick(box, Qt.Key.Key_Down)
    assert not catalogue.panel.button.isEnabled(), "nothing is drawn yet"
    drag_map(canvas, QgsPointXY(91500, 436000), QgsPointXY(92500, 436800))
    found, crs = catalogue.panel.extent.rectangle()
    assert crs == RD
    assert found.contains(QgsRectangle(91520, 436020, 92480, 436780))
    assert canvas.mapTool() is former, "the mouse was not given back"
    screenshot("extent-drawn")
    type_into(catalogue.panel.file.lineEdit(), str(folder / "part.gpkg"))
    click(catalogue.panel.button)
    wait_until(lambda: len(QgsProject.instance().mapLayers()) == 2, 60)
    trees = next(layer for layer in QgsProject.instance().mapLayers().values() if layer.name() == "Trees")
    assert 0 < trees.featureCount() < 8000
    around = QgsRectangle(found)
    around.grow(1)
    assert all(around.contains(tree.geometry().asPoint()) for tree in trees.getFeatures())
    wait_until(lambda: not canvas.isDrawing(), 60)
    screenshot("extent-checked-out")
