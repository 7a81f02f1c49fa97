"""The Conflicts window under mouse and keyboard: list, question, maps, buttons."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsCoordinateReferenceSystem, QgsProject, QgsRectangle, QgsSettings
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import QPoint, QSize, Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QWidget

from plugin.gui import conflict_cells as cells
from plugin.gui.conflict_list import BELOW, STATE
from plugin.gui.conflicts_presenter import ConflictsPresenter, Drafts
from plugin.gui.conflicts_window import ConflictsWindow
from plugin.map import layers as map_layers
from plugin.workcopy.copy import WorkingCopy
from tests.qgis.gui.clashing_copies import clashing_city, theirs
from tests.qgis.map.meanwhile import spin

KEY = Qt.Key
LEFT = Qt.MouseButton.LeftButton


class Desk:
    """A window over a clashing city, with the map that QGIS would have."""

    def __init__(self, copy: WorkingCopy) -> None:
        self.copy = copy
        self.main = QgsMapCanvas()
        self.main.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:28992"))
        made = map_layers.make_layers(copy)
        QgsProject.instance().addMapLayers(made)
        self.main.setLayers([layer for layer in made if layer.isSpatial()])
        self.drafts: Drafts = {}
        self.windows: list[ConflictsWindow] = []
        self.open()

    def open(self) -> None:
        self.presenter = ConflictsPresenter(self.copy, drafts=self.drafts)
        self.window = ConflictsWindow(self.presenter, self.main)
        self.windows.append(self.window)
        self.window.show()
        self.window.activateWindow()
        self.presenter.load()
        self.rest()

    def rest(self) -> None:
        assert spin(lambda: self.presenter.phase == "ready" and not self.presenter._reading)
        QApplication.processEvents()

    @property
    def table(self) -> Any:
        return self.window.panel.table

    @property
    def maps(self) -> Any:
        return self.window.panel.maps

    def choose(self, key: str) -> None:
        """By a click in the list."""
        tree = self.window.list
        index = tree.conflicts.index_of(key)
        tree.scrollTo(index)
        QTest.mouseClick(tree.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, tree.visualRect(index).center())
        assert self.window.panel.key == key

    def press(self, widget: QWidget, key: Qt.Key, modifier: Any = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(widget, key, modifier)
        QApplication.processEvents()

    def click(self, button: QWidget) -> None:
        assert button.isVisible() and button.isEnabled()
        at = QPoint(12, button.height() // 2)  # a radio button takes clicks on its mark and words only
        QTest.mouseClick(button, LEFT, Qt.KeyboardModifier.NoModifier, at)
        QApplication.processEvents()

    def click_cell(self, column: str, section: int) -> None:
        index = self.table.cells.index(self.table.cells.row_of(column), section)
        QTest.mouseClick(
            self.table.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, self.table.visualRect(index).center()
        )
        QApplication.processEvents()

    def said(self, key: str) -> tuple[str, str, str]:
        index = self.window.list.conflicts.index_of(key)
        return index.data(), index.data(BELOW), index.data(STATE)


@pytest.fixture()
def desk(tmp_path: Path, qgis_app: Any) -> Iterator[Desk]:
    QgsSettings().remove("citytwin")
    QgsProject.instance().clear()
    QgsProject.instance().setCrs(QgsCoordinateReferenceSystem("EPSG:28992"))
    one = Desk(clashing_city(tmp_path / "city.gpkg"))
    yield one
    for window in one.windows:
        window.close()
        window.deleteLater()
    one.main.deleteLater()
    QApplication.processEvents()
    QgsProject.instance().clear()
    QgsSettings().remove("citytwin")


def test_the_list_by_layer(desk: Desk) -> None:
    model = desk.window.list.conflicts
    layers = [(model.item(row).text(), model.item(row).data(STATE)) for row in range(model.rowCount())]
    assert layers == [
        ("Buildings", "5 of 5 open"), ("Trees", "1 of 1 open"), ("Streets", "1 of 1 open"), ("Contacts", "1 of 1 open"),
    ]  # fmt: skip
    assert desk.said("buildings/b1") == ("Laurenskerk", "You both changed it", "3 open")
    assert desk.said("buildings/b2") == ("Witte Huis", "They deleted it, you changed it", "open")
    assert desk.said("buildings/b3") == ("House 3", "You deleted it, they changed it", "open")
    assert desk.said("buildings/n1") == ("New pavilion", "You both added it", "open")
    panel = desk.window.panel
    assert panel.key == "buildings/b1" and panel.name.full_text == "Laurenskerk"
    assert panel.where.full_text == "Buildings · b1"
    assert panel.sentence.text().startswith("You both changed it. p.jansen changed it on the twin, ")
    assert not desk.window.apply_button.isEnabled() and not desk.window.partly_button.isVisible()
    assert desk.window.status.text.startswith("8 of 8 conflicts are open.")


def test_with_the_mouse_from_the_first_to_the_last(desk: Desk) -> None:
    window = desk.window
    desk.click(desk.maps.mine.choose)
    desk.click_cell("name", cells.THEIRS)
    desk.click_cell("height", cells.MINE)
    assert desk.said("buildings/b1")[2] == "resolved"
    assert window.partly_button.text() == "Apply 1 &Resolved" and window.partly_button.isVisible()
    desk.choose("buildings/b2")
    assert window.panel.question.isVisible() and not desk.maps.mine.choose.isVisible()
    desk.click(window.panel.question.buttons[1])
    assert desk.said("buildings/b2")[2] == "resolved" and window.panel.question.buttons[1].isChecked()
    desk.click(window.panel.question.buttons[1])
    assert window.panel.question.buttons[1].isChecked(), "pressing it again took it back"
    desk.choose("buildings/b3")
    desk.click(window.panel.question.buttons[0])
    desk.choose("buildings/b4")
    assert not window.panel.question.isVisible()
    desk.click(window.panel.all_theirs)
    desk.choose("buildings/n1")
    desk.click(window.panel.question.buttons[0])
    assert desk.said("buildings/n1")[2] == "3 open"
    desk.click(window.panel.all_mine)
    for key in ("trees/t1", "streets/s1"):
        desk.choose(key)
        desk.click(desk.maps.theirs.choose)
    desk.choose("contacts/c1")
    assert not desk.maps.isVisible(), "a table without geometry has no map"
    assert not window.apply_button.isEnabled()
    desk.click_cell("remarks", cells.MINE)
    assert window.apply_button.isEnabled() and not window.partly_button.isVisible()
    assert window.status.kind == "good"
    desk.click(window.apply_button)
    desk.rest()
    assert desk.copy.conflicts() == []
    assert window.empty.isVisible() and window.empty.title == "All Conflicts Are Resolved"
    assert window.status.text == "8 conflicts are resolved."
    wanted: list[bool] = []
    window.publish.connect(lambda: wanted.append(True))
    desk.click(window.empty.buttons[0])
    assert wanted and not window.isVisible()
    sent = {change.key: {cell.column: cell.new for cell in change.cells} for change in desk.copy.changes()}
    assert set(sent["buildings/b1"]) == {"geom", "height", "storeys"} and sent["buildings/b1"]["height"] == 12.5
    assert "buildings/b2" not in sent and "buildings/b3" not in sent and "buildings/b4" not in sent


def test_with_the_keyboard_alone(desk: Desk) -> None:
    window = desk.window
    assert window.list.hasFocus()
    desk.press(window.list, KEY.Key_Down)
    assert window.panel.key == "buildings/b2"
    desk.press(window.list, KEY.Key_Up)
    desk.press(window.list, KEY.Key_Return)
    assert desk.table.hasFocus()
    for key in (KEY.Key_M, KEY.Key_T, KEY.Key_T):
        desk.press(desk.table, key)
    assert desk.said("buildings/b1")[2] == "resolved"
    desk.press(desk.table, KEY.Key_F6)
    assert window.panel.key == "buildings/b2"
    desk.press(window.panel.question.buttons[0], KEY.Key_Space)
    assert desk.said("buildings/b2")[2] == "resolved"
    desk.press(window, KEY.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    assert window.panel.key == "contacts/c1", "b1 is resolved, so it goes around the end"
    desk.press(desk.table, KEY.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.panel.key == "buildings/b2" and desk.said("buildings/b2")[2] == "open", "what changed is not shown"
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    again = window.redo_action.shortcut().toString()  # Qt asks the desktop
    desk.press(window, KEY.Key_Y if again == "Ctrl+Y" else KEY.Key_Z, control if again == "Ctrl+Y" else control | shift)
    assert desk.said("buildings/b2")[2] == "resolved"
    desk.press(window, KEY.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert len(desk.copy.conflicts()) == 8, "applied although others are open"
    desk.presenter.fill("theirs")
    desk.press(window, KEY.Key_Return, Qt.KeyboardModifier.ControlModifier)
    desk.rest()
    assert desk.copy.conflicts() == []


def test_tab_reaches_everything_and_leaves_the_table(desk: Desk) -> None:
    desk.table.setFocus()
    seen: list[QWidget] = []
    for _ in range(40):
        desk.press(QApplication.focusWidget(), KEY.Key_Tab)
        seen.append(QApplication.focusWidget())
    window = desk.window
    for widget in (window.list, desk.table, desk.maps.mine.choose, desk.maps.theirs.choose, window.close_button,
                   window.panel.zoom_button, window.next_button, window.panel.unchanged):  # fmt: skip
        assert widget in seen, f"{widget.accessibleName() or widget} cannot be reached"


def test_for_all_of_a_kind(desk: Desk) -> None:
    desk.click_cell("name", cells.THEIRS)
    menu = desk.window.panel.all_mine.menu()
    menu.aboutToShow.emit()
    words = [action.text() for action in menu.actions() if action.text()]
    assert words == ["This Conflict", "All Open Conflicts of Buildings (5)", "All Open Conflicts (8)"]
    next(action for action in menu.actions() if "of Buildings" in action.text()).trigger()
    assert [key for key in desk.presenter.open_keys() if key.startswith("buildings")] == []
    assert desk.presenter.decision("buildings/b1").choices["name"].pick == "theirs", "a choice was overturned"
    menu.aboutToShow.emit()
    assert not next(action for action in menu.actions() if "of Buildings" in action.text()).isEnabled()
    desk.click(desk.window.undo_button)
    assert len(desk.presenter.open_keys()) == 8


def test_both_maps_move_together(desk: Desk) -> None:
    one, other = desk.maps.mine.map, desk.maps.theirs.map
    for changed, follows in ((one, other), (other, one)):
        changed.setExtent(QgsRectangle(92000, 436990, 92030, 437020) if changed is one
                          else QgsRectangle(92010, 436980, 92090, 437060))  # fmt: skip
        assert follows.extent().center().distance(changed.extent().center()) < 0.1
        assert follows.scale() == pytest.approx(changed.scale(), rel=0.02)
    one.setLayers([])
    assert set(other.layers()) == set(desk.main.layers())
    one.xyCoordinates.emit(other.center())
    assert other._cross.isVisible()
    one.left.emit()
    assert not other._cross.isVisible()


def test_what_the_maps_draw_and_say(desk: Desk) -> None:
    maps = desk.maps
    mine, other = maps.mine.map, maps.theirs.map
    assert [band.numberOfVertices() for band in mine.bands] == [5, 5, 2, 2]  # base, mine, taken out, differing
    assert [band.numberOfVertices() for band in other.bands] == [5, 6, 1]
    assert maps.legend.words() == [
        "Base", "Mine", "Theirs", "Vertex that differs", "Vertex taken out",
    ]  # fmt: skip
    desk.choose("buildings/b2")
    assert len(other.bands) == 1 and other._note.text() == "They deleted it"
    desk.choose("buildings/b3")
    assert mine._note.text() == "You deleted it" and not other._note.isVisible()
    desk.choose("buildings/b4")
    assert maps.mine.isVisible() and not maps.theirs.isVisible() and not maps.mine.choose.isVisible()
    assert "same on all sides" in maps.mine.words.full_text and maps.legend.words() == []
    desk.choose("trees/t1")
    assert maps.mine.words.full_text == "moved 1.41 m" and maps.theirs.words.full_text == "moved 3.61 m"
    assert "Vertex that differs" not in maps.legend.words()
    assert len(mine.bands) == 2
    desk.choose("streets/s1")
    assert maps.mine.words.full_text == "height differs at 1 vertex"
    assert "Vertex taken out" not in maps.legend.words()
    desk.choose("buildings/n1")
    assert maps.legend.words() == ["Mine", "Theirs", "Vertex that differs"]


def test_another_crs_than_the_projects(desk: Desk) -> None:
    desk.main.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:4326"))
    desk.choose("trees/t1")
    desk.choose("buildings/b1")
    box = desk.maps.mine.map.extent()
    assert 4 < box.center().x() < 5 and 51 < box.center().y() < 53
    assert desk.maps.mine.map.bands[1].asGeometry().boundingBox().intersects(box)


def test_closing_loses_nothing(desk: Desk) -> None:
    desk.click_cell("name", cells.THEIRS)
    desk.window.resize(950, 780)
    desk.press(desk.window, KEY.Key_Escape)
    assert not desk.window.isVisible() and not desk.maps.mine.map.bands
    desk.open()
    assert desk.presenter.decision("buildings/b1").choices["name"].pick == "theirs"
    assert desk.window.size() == QSize(950, 780)
    assert desk.said("buildings/b1")[2] == "2 open"


def test_what_moved_is_said_where_it_is_seen(desk: Desk) -> None:
    desk.presenter.fill("mine")
    theirs(desk.copy, "buildings", "b1", token='"v10"', name="St. Laurens", height=99.0)
    desk.click(desk.window.apply_button)
    desk.rest()
    assert desk.window.panel.notice.isVisible() and "once more" in desk.window.panel.notice.text
    assert desk.table.cells.index(desk.table.cells.row_of("height"), cells.THEIRS).data() == "99"
    desk.click_cell("height", cells.THEIRS)
    assert not desk.window.panel.notice.isVisible()


def test_looking_again_leaves_map_and_keyboard_where_they_are(desk: Desk) -> None:
    desk.choose("buildings/b1")
    desk.table.setFocus()
    desk.press(desk.table, KEY.Key_Down)
    before, row = desk.maps.mine.map.extent(), desk.table.currentIndex().row()
    desk.maps.mine.map.zoomByFactor(0.5)
    zoomed = desk.maps.mine.map.extent()
    desk.presenter.load()
    desk.rest()
    assert desk.maps.mine.map.extent() == zoomed != before
    assert desk.table.currentIndex().row() == row


def test_a_refused_value_is_told_below_the_name(desk: Desk) -> None:
    desk.table.edit_result(desk.table.cells.row_of("height"))
    from qgis.PyQt.QtWidgets import QLineEdit

    (editor,) = [one for one in desk.table.findChildren(QLineEdit) if one.property("citytwin_column")]
    editor.setText("999")
    QTest.keyClick(editor, KEY.Key_Return)
    assert "above the maximum" in desk.window.panel.notice.text


def test_nothing_clashes(desk: Desk) -> None:
    from plugin.workcopy.conflicts import resolve_all

    desk.window.close()
    resolve_all(desk.copy, "mine")
    desk.open()
    assert desk.window.empty.isVisible() and desk.window.empty.title == "No Conflicts"
    assert not desk.window.apply_button.isVisible() and not desk.window.next_button.isVisible()


def test_many_conflicts_keep_the_window_quick(tmp_path: Path, qgis_app: Any) -> None:
    import time

    from plugin.workcopy.connection import opened, transaction
    from tests.hand_made import houses, make

    copy = make(tmp_path / "many.gpkg", {"buildings": houses(1500)})
    with opened(copy.path, write=True) as connection, transaction(connection):
        connection.execute("UPDATE buildings SET height = height + 1")
    from plugin.workcopy import conflicts, settle
    from plugin.workcopy.merge import merge

    source = copy.source("buildings")
    with opened(copy.path, write=True) as connection, transaction(connection):
        for number in range(1, 1501):
            base = settle.base_of(connection, source, f"b{number}")
            row = settle.row_by_id(connection, source, f"b{number}")
            assert base is not None and row is not None
            now = {**base.values, "height": 200.0}
            merged = merge(base.values, row.values, now, source.fields)
            sides = (base.values, row.values, now)
            conflicts.keep(connection, source, merged, f"b{number}", row.fid, sides, '"v9"', None, None, "x")
    presenter = ConflictsPresenter(copy)
    window = ConflictsWindow(presenter, QgsMapCanvas())
    window.show()
    presenter.load()
    longest, last = 0.0, time.perf_counter()

    def ready() -> bool:
        nonlocal longest, last
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
        return bool(presenter.phase == "ready" and presenter.conflicts)

    assert spin(ready, 60)
    assert len(window.list.conflicts.keys()) == 1500
    begin = time.process_time()
    presenter.fill("mine")
    spent = time.process_time() - begin
    begin = time.process_time()
    presenter.pick("buildings/b1", "height", "theirs")
    once = time.process_time() - begin
    print(f"longest turn {longest * 1000:.0f} ms, all mine {spent * 1000:.0f} ms, one choice {once * 1000:.0f} ms")
    assert once < 0.06 and spent < 1.0
    window.close()
    window.deleteLater()
