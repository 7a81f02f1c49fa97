"""A coordinator's hands in the form of a pilot: every key and click goes to what is seen."""

from __future__ import annotations

from datetime import date
from typing import Any

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QPoint, Qt, QTimer
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QDateEdit,
    QMessageBox,
    QWidget,
)

from plugin.gui.pilots.assessment_model import EVIDENCE, RATING
from plugin.gui.pilots.dialog import PilotDialog
from plugin.gui.pilots.form_pages import PAGES
from plugin.map.pilots.links import LinkSource
from plugin.pilots.checks import Surroundings
from plugin.pilots.record import Pilot

TODAY = date(2026, 11, 23)
LEFT = Qt.MouseButton.LeftButton


def plain(text: str) -> str:
    return text.replace("&", "")


class Hands:
    """The form, open."""

    def __init__(self, qtbot, pilot: Pilot, around: Surroundings | None = None, **options: Any) -> None:
        QgsSettings().remove("Windows")
        self.qtbot = qtbot
        options.setdefault("links", LinkSource())
        self.dialog = PilotDialog(pilot, around or Surroundings(), TODAY, **options)
        qtbot.addWidget(self.dialog, before_close_func=_closing)
        self.dialog.show()
        qtbot.waitExposed(self.dialog)
        self.dialog.activateWindow()
        self.settle()

    @property
    def presenter(self):
        return self.dialog.presenter

    @property
    def pilot(self) -> Pilot:
        return self.dialog.pilot()

    def settle(self) -> None:
        """Until the outline was checked."""
        self.qtbot.waitUntil(lambda: not self.presenter.checking, timeout=5000)

    # -- widgets

    def named(self, name: str) -> Any:
        found = self.dialog.findChildren(QWidget, name)
        assert len(found) == 1, f"{len(found)} are called {name}"
        return found[0]

    def seen(self, name: str) -> Any:
        widget = self.named(name)
        assert widget.isVisible(), f"{name} is not to be seen"
        return widget

    def page(self, name: str) -> Any:
        """Go to a page with the mouse."""
        row = self.dialog.list.visualItemRect(self.dialog.list.item(PAGES.index(name)))
        QTest.mouseClick(self.dialog.list.viewport(), LEFT, pos=row.center())
        page = self.dialog.pages[name]
        assert page.isVisible()
        return page

    def button(self, words: str, within: QWidget | None = None) -> QAbstractButton:
        all_of_them = (within or self.dialog).findChildren(QAbstractButton)
        found = [one for one in all_of_them if one.isVisible() and plain(one.text()) == words]
        assert len(found) == 1, f"{len(found)} buttons say {words!r}"
        return found[0]

    def press(self, words: str, within: QWidget | None = None) -> None:
        button = self.button(words, within)
        assert button.isEnabled(), words
        QTest.mouseClick(button, LEFT)

    def write(self, column: str, text: str) -> None:
        """Type into a field of text, over what is there."""
        field = self.seen(f"CityTwinPilot_{column}")
        field.setFocus()
        field.selectAll()
        QTest.keyClick(field, Qt.Key.Key_Delete)
        QTest.keyClicks(field, text)

    def choose(self, column: str, word: str) -> None:
        """Choose with the arrows and Enter."""
        pick(self.seen(f"CityTwinPilot_{column}"), word)

    def day(self, column: str, text: str) -> None:
        """Type a date, figure by figure."""
        type_day(self.seen(f"CityTwinPilot_{column}"), text)

    # -- stages

    def go(self, stage: str, reason: str = "", role: str = "", day: str = "") -> None:
        """Press a stage, fill in what is asked, and go."""
        button = self.dialog.header.strip.buttons[stage]
        assert button.isEnabled(), stage
        QTest.mouseClick(button, LEFT)
        panel = self.dialog.header.panel
        assert panel.isVisible()
        QTest.keyClicks(panel.reason, reason)
        QTest.keyClicks(panel.role, role)
        if day:
            type_day(panel.day, day)
        QTest.mouseClick(panel.go_button, LEFT)

    # -- assessment

    def rate(self, condition: str, criterion: str, rating: str, evidence: str = "") -> None:
        """On its page: choose a rating, and type what shows it."""
        page = self.page(condition)
        row = page.model.row_of(criterion)
        pick(page.table.indexWidget(page.model.index(row, RATING)), rating)
        if evidence:
            self.cell(page.table, row, EVIDENCE, evidence)

    def cell(self, table: QAbstractItemView, row: int, column: int, text: str) -> None:
        """Double-click a cell, type over what is there, and leave it by Enter."""
        editor = self.open_cell(table, row, column)
        editor.selectAll()
        QTest.keyClicks(editor, text) if text else QTest.keyClick(editor, Qt.Key.Key_Delete)
        QTest.keyClick(editor, Qt.Key.Key_Return)
        QApplication.processEvents()

    def open_cell(self, table: QAbstractItemView, row: int, column: int) -> Any:
        """Double-click a cell; its editor."""
        index = table.model().index(row, column)
        table.scrollTo(index)
        place = table.visualRect(index).center()
        QTest.mouseClick(table.viewport(), LEFT, pos=place)
        if table.indexWidget(index) is None:
            QTest.mouseDClick(table.viewport(), LEFT, pos=place)
        return table.indexWidget(index)

    # -- problems

    def codes(self) -> list[str]:
        self.settle()
        return [problem.code for problem in self.dialog.problems.problems]

    def problem(self, code: str):
        self.settle()
        return next(problem for problem in self.dialog.problems.problems if problem.code == code)

    def click_problem(self, code: str) -> None:
        tree = self.dialog.problems.tree
        at = [problem.code for problem in self.dialog.problems.problems].index(code)
        item = tree.topLevelItem(at)
        tree.scrollToItem(item)
        QTest.mouseClick(tree.viewport(), LEFT, pos=tree.visualItemRect(item).center())

    # -- leaving

    def answer(self, words: str) -> list[str]:
        """Press ``words`` in the next question; what it asked comes into the list."""
        asked: list[str] = []

        def look() -> None:
            box = QApplication.activeModalWidget()
            assert isinstance(box, QMessageBox)
            asked.append(f"{box.text()} {box.informativeText()}")
            QTest.mouseClick(self.button(words, box), LEFT)

        QTimer.singleShot(0, look)
        return asked


def editors(table: QAbstractItemView) -> list[QWidget]:
    """The editors that stand open, but for the boxes of ratings."""
    found = [one for one in table.viewport().children() if isinstance(one, QWidget) and one.isVisible()]
    return [one for one in found if not isinstance(one, QComboBox)]


def pick(box: QComboBox, word: str) -> None:
    """Open a box with the keyboard and go to ``word`` by its list."""
    assert box.isVisible() and box.isEnabled()
    at = box.findData(word)
    assert at >= 0, word
    box.setFocus()
    box.showPopup()
    view = box.view()
    view.setCurrentIndex(box.model().index(0, 0))
    for _ in range(at):
        QTest.keyClick(view, Qt.Key.Key_Down)
    QTest.keyClick(view, Qt.Key.Key_Return)


def type_day(field: QDateEdit, text: str) -> None:
    """A click into the date, then figures."""
    line = field.findChild(QWidget, "qt_spinbox_lineedit")
    QTest.mouseClick(line, LEFT, pos=QPoint(6, line.height() // 2))
    field.setFocus()
    field.setSelectedSection(QDateEdit.Section.YearSection)
    QTest.keyClicks(field, text.replace("-", ""))
    QTest.keyClick(field, Qt.Key.Key_Tab)


def _closing(dialog: PilotDialog) -> None:
    dialog.presenter.read_only = "over"  # nobody is asked at the end of a test
