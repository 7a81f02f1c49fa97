"""The table of one conflict: what it says, what keys and clicks do, and what its editors take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qgis.PyQt.QtCore import QDate, Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QComboBox, QLineEdit, QPlainTextEdit, QWidget

from plugin.gui import conflict_cells as cells
from plugin.gui import conflict_editor as editing
from plugin.gui.conflict_choices import UNDECIDED, Choice, Decision
from plugin.gui.conflict_shapes import compare
from plugin.gui.conflict_table import ConflictTable
from plugin.twin.model import Property
from plugin.workcopy.conflicts import Conflict
from plugin.workcopy.copy import WorkingCopy
from tests.qgis.gui.clashing_copies import clashing_city

KEY = Qt.Key


class Shown:
    """A table on the screen that decides as the presenter does."""

    def __init__(self, copy: WorkingCopy) -> None:
        self.copy = copy
        self.table = ConflictTable()
        self.cells = self.table.cells
        self.decision = UNDECIDED
        self.refused: list[str] = []
        self.table.delegate.refused.connect(self.refused.append)
        self.cells.picked.connect(lambda column, side: self.decide(column, Choice(side)))
        self.cells.written.connect(lambda column, value: self.decide(column, Choice("own", value)))
        self.table.unpicked.connect(lambda column: self.decide(column, None))
        self.table.resize(1000, 400)
        self.table.show()
        self.table.activateWindow()
        self.table.setFocus()

    def decide(self, column: str, choice: Choice | None) -> None:
        self.decision = self.decision.with_choice(column, choice)
        self.cells.decide(self.decision)

    def show(self, key: str, decision: Decision = UNDECIDED) -> Shown:
        conflict = next(one for one in self.copy.conflicts() if one.key == key)
        self.decision = decision
        self.cells.show(conflict, decision, self.copy.source(conflict.table))
        self.table.show_sides(conflict.base_there, conflict.mine_there, conflict.theirs_there)
        cell = conflict.cell("geom")
        if cell is not None:
            self.cells.measure(compare(cell, True))
        self.table.go_to_open()
        return self

    @property
    def conflict(self) -> Conflict:
        assert self.cells.conflict is not None
        return self.cells.conflict

    def row(self, column: str) -> list[str]:
        at = self.cells.row_of(column)
        return [str(self.cells.index(at, column).data()) for column in range(5)]

    def at(self, column: str, section: int) -> Any:
        return self.cells.index(self.cells.row_of(column), section)

    def click(self, column: str, section: int) -> None:
        place = self.table.visualRect(self.at(column, section)).center()
        QTest.mouseClick(self.table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)

    def press(self, key: Qt.Key) -> None:
        QTest.keyClick(self.table, key)

    def editor(self, kind: type[QWidget] = QLineEdit) -> Any:
        found = [one for one in self.table.findChildren(kind) if one.property("citytwin_column")]
        assert found, "no editor is open"
        return found[-1]

    def picks(self) -> dict[str, str]:
        return {column: choice.pick for column, choice in self.decision.choices.items()}


@pytest.fixture()
def shown(tmp_path: Path, qgis_app: Any) -> Iterator[Shown]:
    one = Shown(clashing_city(tmp_path / "city.gpkg"))
    yield one
    one.table.close()
    one.table.deleteLater()
    QApplication.processEvents()


def test_clashes_first_and_who_won_beside_what_was_merged(shown: Shown) -> None:
    shown.show("buildings/b1")
    assert [shown.cells.cell(row).column for row in range(shown.cells.rowCount())] == [
        "geom", "name", "height", "function", "storeys", "built",
    ]  # fmt: skip
    assert shown.row("height") == ["Height", "6", "12.5", "14.25", "Choose…"]
    assert shown.row("function") == ["Function", "office", "office", "shop", "shop"]
    assert shown.at("function", cells.RESULT).data(cells.TAG) == "theirs"
    assert shown.at("storeys", cells.RESULT).data(cells.TAG) == "mine"
    assert shown.at("built", cells.RESULT).data(cells.TAG) == "both alike"
    assert shown.row("geom")[2] == "area 100.0 → 120.0 m²" and "4 → 5 vertices" in shown.row("geom")[3]
    assert shown.cells.hidden == 3
    shown.cells.show_all(True)
    assert shown.cells.rowCount() == 9
    assert shown.at("measured", cells.RESULT).data(cells.TAG) == "kept by the twin"
    assert not shown.at("measured", cells.MINE).data(cells.PICKABLE)


def test_a_click_chooses(shown: Shown) -> None:
    shown.show("buildings/b1")
    shown.click("height", cells.THEIRS)
    shown.click("geom", cells.MINE)
    shown.click("name", cells.BASE)
    shown.click("function", cells.COLUMN)
    assert shown.picks() == {"height": "theirs", "geom": "mine", "name": "base"}
    assert shown.at("height", cells.THEIRS).data(cells.PICKED) == "theirs"
    assert shown.at("height", cells.MINE).data(cells.PICKED) == ""
    assert shown.row("height")[4] == "14.25" and shown.row("name")[4] == "House 1"
    assert shown.at("height", cells.RESULT).data(Qt.ItemDataRole.AccessibleTextRole) == "14.25, theirs"
    assert shown.at("height", cells.THEIRS).data(Qt.ItemDataRole.AccessibleTextRole) == "14.25, chosen"


def test_keys_choose_and_go_on(shown: Shown) -> None:
    shown.show("buildings/b1")
    assert shown.table.currentIndex().row() == 0
    shown.press(KEY.Key_T)
    assert shown.table.currentIndex().row() == 1
    shown.press(KEY.Key_M)
    shown.press(KEY.Key_B)
    assert shown.picks() == {"geom": "theirs", "name": "mine", "height": "base"}
    assert shown.table.currentIndex().row() == 2, "nothing is open any more, so it stays"
    shown.press(KEY.Key_Delete)
    assert shown.picks() == {"geom": "theirs", "name": "mine"}
    shown.table.setCurrentIndex(shown.at("height", cells.MINE))
    shown.press(KEY.Key_Space)
    assert shown.picks()["height"] == "mine"
    shown.press(KEY.Key_Up)
    assert shown.table.currentIndex().row() == 1


def test_a_value_of_ones_own(shown: Shown) -> None:
    shown.show("buildings/b1")
    shown.table.setCurrentIndex(shown.at("height", cells.MINE))
    shown.press(KEY.Key_Return)
    editor = shown.editor()
    assert editor.text() == "12.5", "an open row begins with mine"
    QTest.keyClicks(editor, "13,75")
    QTest.keyClick(editor, KEY.Key_Return)
    assert shown.decision.choices["height"] == Choice("own", 13.75)
    assert shown.row("height")[4] == "13.75"
    assert shown.at("height", cells.RESULT).data(cells.TAG) == "edited"


def test_what_the_twin_would_refuse_is_refused(shown: Shown) -> None:
    shown.show("buildings/b1")
    shown.table.edit_result(shown.cells.row_of("height"))
    editor = shown.editor()
    for text, reason in (("400", "above the maximum"), ("12 m", "no number"), ("1.234,5", "no number")):
        editor.setText(text)
        QTest.keyClick(editor, KEY.Key_Return)
        assert reason in shown.refused[-1]
        assert shown.editor() is editor, "the editor was closed"
    QTest.keyClick(editor, KEY.Key_Escape)
    assert not shown.decision.choices


def test_editors_by_kind(shown: Shown) -> None:
    shown.show("buildings/b1")
    shown.cells.show_all(True)
    shown.table.edit_result(shown.cells.row_of("function"))
    box = shown.editor(QComboBox)
    assert [box.itemText(at) for at in range(box.count())] == ["Residential", "Office", "Shop"]
    assert box.currentText() == "Shop"
    box.setCurrentIndex(0)
    QTest.keyClick(box, KEY.Key_Return)
    assert shown.decision.choices["function"] == Choice("own", "residential")
    shown.table.edit_result(shown.cells.row_of("monument"))
    box = shown.editor(QComboBox)
    assert [box.itemText(at) for at in range(box.count())] == ["yes", "no", "(none)"]
    box.setCurrentIndex(0)
    QTest.keyClick(box, KEY.Key_Return)
    assert shown.decision.choices["monument"] == Choice("own", 1)
    shown.table.edit_result(shown.cells.row_of("built"))
    from qgis.gui import QgsDateEdit

    day = shown.editor(QgsDateEdit)
    assert day.date() == QDate(1932, 4, 1)
    day.setDate(QDate(2001, 2, 3))
    QTest.keyClick(day, KEY.Key_Return)
    assert shown.decision.choices["built"] == Choice("own", "2001-02-03")
    shown.table.edit_result(shown.cells.row_of("measured"))
    assert not [one for one in shown.table.findChildren(QLineEdit) if one.property("citytwin_column") == "measured"]


def test_an_editor_that_is_only_looked_at_changes_nothing(shown: Shown) -> None:
    shown.show("buildings/b1", Decision("", {"height": Choice("theirs")}))
    shown.table.edit_result(shown.cells.row_of("height"))
    QTest.keyClick(shown.editor(), KEY.Key_Return)
    assert shown.decision.choices["height"] == Choice("theirs")


def test_a_text_of_several_lines_keeps_them(shown: Shown) -> None:
    shown.show("contacts/c1")
    shown.table.edit_result(0)
    editor = shown.editor(QPlainTextEdit)
    assert editor.toPlainText() == "Call first, before noon\nAsk for Els"
    assert editor.height() > 3 * editor.fontMetrics().lineSpacing()
    editor.setPlainText("Closed on Mondays\nAsk for Els")
    QTest.keyClick(editor, KEY.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert shown.decision.choices["remarks"].value == "Closed on Mondays\nAsk for Els"
    assert shown.row("remarks")[4] == "Closed on Mondays Ask for Els"


def test_nothing_to_choose_before_the_question(shown: Shown) -> None:
    shown.show("buildings/b2")
    assert shown.table.isColumnHidden(cells.THEIRS) and not shown.table.isColumnHidden(cells.BASE)
    shown.click("height", cells.MINE)
    shown.press(KEY.Key_M)
    assert not shown.decision.choices and shown.row("height")[4] == "Answer above first"
    shown.cells.decide(Decision("merged"))
    assert shown.row("height")[4] == "31" and shown.at("height", cells.RESULT).data(cells.TAG) == "mine"
    shown.cells.decide(Decision("deleted"))
    assert shown.row("height")[4] == "deleted"
    shown.show("buildings/n1", Decision("both"))
    assert shown.table.isColumnHidden(cells.BASE) and shown.row("name")[4] == "both stay"


def test_the_menu_says_what_the_keys_do(shown: Shown) -> None:
    shown.show("buildings/b1")
    menu = shown.table.menu(shown.at("height", cells.MINE))
    actions = {action.text(): action for action in menu.actions() if action.text()}
    assert list(actions) == ["Take Mine", "Take Theirs", "Take Base", "Edit Result…", "Choose Again"]
    assert not actions["Choose Again"].isEnabled()
    actions["Take Theirs"].trigger()
    assert shown.picks() == {"height": "theirs"}
    shown.show("buildings/b3", Decision("merged"))
    menu = shown.table.menu(shown.at("height", cells.THEIRS))
    assert [a.text() for a in menu.actions() if a.text().startswith("Take") and a.isEnabled()] == [
        "Take Theirs", "Take Base",
    ]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "stored"), [
    ("integer", "12", 12), ("integer", "", None), ("number", "-0,5", -0.5), ("number", "1e3", 1000.0),
    ("date-time", "2026-05-17 14:30", "2026-05-17T14:30:00.000Z"),
    ("date-time", "2026-05-17 14:30:05 UTC", "2026-05-17T14:30:05.000Z"),
    ("array", '["a", 1]', '["a",1]'), ("string", "", None), ("string", " as it is ", " as it is "),
])  # fmt: skip
def test_what_is_written_is_stored(qgis_app: Any, kind: str, text: str, stored: object) -> None:
    line = QLineEdit()
    line.setText(text)
    assert editing.read(line, Property("p", kind), kind) == stored  # type: ignore[arg-type]


@pytest.mark.parametrize(("known", "text", "words"), [
    (Property("p", "integer"), "1.5", "no whole number"), (Property("p", "array"), "[1", "JSON"),
    (Property("p", "date-time"), "tomorrow", "no date and time"),
    (Property("p", "string", required=True, nullable=False), "", "requires one"),
    (Property("p", "string", max_length=3), "four", "only 3"), (Property("p", "integer"), "9" * 20, "cannot store"),
])  # fmt: skip
def test_what_cannot_be_stored_says_why(qgis_app: Any, known: Property, text: str, words: str) -> None:
    line = QLineEdit()
    line.setText(text)
    with pytest.raises(editing.Refused, match=words):
        editing.read(line, known, known.type)


@pytest.mark.parametrize(("kind", "value"), [
    ("number", 0.1), ("number", 1 / 3), ("number", 1e300), ("integer", 2**62),
    ("date-time", "2026-05-17T14:30:05.120Z"),    ("array", '["a",{"b":1}]'), ("string", "x"), ("number", None),
])  # fmt: skip
def test_an_editor_gives_back_what_it_was_given(qgis_app: Any, kind: str, value: Any) -> None:
    known = Property("p", kind)  # type: ignore[arg-type]
    parent = QWidget()
    editor = editing.make_editor(parent, known, kind, value)
    editing.fill(editor, value, kind)
    assert editing.read(editor, known, kind) == value
