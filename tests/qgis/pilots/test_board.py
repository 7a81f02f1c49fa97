"""The portfolio board in the window: what it shows, what mouse and keys do, filters and rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from qgis.core import QgsApplication, QgsProject, QgsSettings
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QEvent, QPoint, QPointF, Qt
from qgis.PyQt.QtGui import QHelpEvent, QWheelEvent
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QToolTip

from plugin.gui.pilots.board_presenter import Filter
from plugin.gui.pilots.board_rules_dialog import RulesDialog
from plugin.gui.pilots.board_window import BoardWindow
from plugin.gui.pilots.meeting_window import MeetingWindow
from plugin.map.pilots import rules
from plugin.map.pilots.fading import fading_expression
from plugin.pilots.fading import RULES, Rules
from plugin.pilots.stages import moved
from tests.identity_scenarios import sql_elsewhere
from tests.qgis.pilots.pilot_copies import TODAY

LEFT, NONE, CONTROL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def window(city, qtbot):
    QgsSettings().remove("citytwin/board")
    made = BoardWindow(city.book)
    made.resize(1280, 720)
    made.show()
    qtbot.waitExposed(made)
    yield made
    if not sip.isdeleted(made):
        made.close()
    rules.stop()


def place(view, key: str) -> QPoint:
    """Where something of a picture is in its view."""
    spot = view.picture.spot(key)
    return (QPointF(spot.rect.left() + 20, spot.rect.top() + 12) - view.seen().topLeft()).toPoint()


def click(view, key: str) -> None:
    view._reveal(view.picture.spot(key))
    QTest.mouseClick(view.viewport(), LEFT, NONE, place(view, key))


def keys(view) -> set[str]:
    return {spot.key for spot in view.picture.spots}


def figures(window) -> list[str]:
    return [spot.text for spot in window.headline.picture.spots]


def told(window, signal) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    signal.connect(lambda path, key: found.append((path, key)))
    return found


# -- what it shows


def test_the_headline_counts_and_every_pilot_has_a_card(city, window):
    assert figures(window) == ["10 pilots", "3 running", "4 are fading", "1 embedded", "1 stopped"]
    assert keys(window.cards) == {f"P-{n:02}" for n in range(1, 11)}
    assert [row.key for row in window.fading.picture.rows] == ["P-09", "P-05", "P-08", "P-01"]
    first = window.lacks.picture.rows[0]
    assert " ".join(first.title) == "Rules and procurement" and first.beside == "3 not met"


def test_the_other_parts_are_made_when_they_come_to_the_front(window):
    assert window.timeline.picture is None and window.conditions.picture is None
    for at, view in ((1, window.timeline), (2, window.conditions)):
        window.tabs.setCurrentIndex(at)
        assert len(keys(view)) == 10
    assert [part.split(":")[0] for part in window.conditions.picture.spot("P-05").text.splitlines()][:2] == [
        "Noise Map Noordereiland",
        "Technical conditions",
    ]


def test_it_follows_the_book(city, window):
    city.save(moved(city.pilot("P-02"), "embedded", at=TODAY))
    city.until(lambda: "2 embedded" in figures(window))
    sql_elsewhere(city.copy.path, "DELETE FROM pilots WHERE twin_id = 'P-10'")
    city.until(lambda: "0 stopped" in figures(window) and "P-10" not in keys(window.cards))


def test_people_are_named_not_counted(window):
    window.tabs.setCurrentIndex(2)
    topics = window.conditions.picture._topics
    assert " ".join(topics["P-05"]) == "Ownership, Time to take part, Leadership" and topics["P-07"] == (
        "Nothing is open",
    )
    assert not any(letter.isdigit() or letter == "%" for lines in topics.values() for letter in "".join(lines))
    people = [row for row in window.lacks.picture.rows if row.lack.condition == "human"]
    assert people and all(row.beside.startswith("in ") for row in people), "in how many pilots to talk, nothing else"


def test_without_pilots_it_says_what_to_do_first(city, window):
    sql_elsewhere(city.copy.path, "DELETE FROM pilots")
    city.until(lambda: not city.book.records())
    assert window.empty.title == "No Pilots Yet" and window.headline.isHidden()
    assert not window.bar.export.isEnabled() and not window.bar.filters.isEnabled()
    QgsProject.instance().clear()
    city.until(lambda: window.empty.title == "No Layer of Pilots")


def test_a_second_working_copy_is_chosen_from_a_list(city, window, pilots_file, tmp_path):
    assert window.bar.filters.copies.isHidden()
    other = tmp_path / "other.gpkg"
    other.write_bytes(pilots_file.read_bytes())
    sql_elsewhere(other, "DELETE FROM pilots WHERE twin_id > 'P-03'")
    from plugin.map import layers
    from plugin.workcopy.copy import WorkingCopy

    QgsProject.instance().addMapLayers(layers.make_layers(WorkingCopy.open(other), ["pilots"]))
    city.until(lambda: len(city.book.paths()) == 2 and not city.book.busy)
    copies = window.bar.filters.copies
    assert copies.isVisibleTo(window) and [copies.itemText(at) for at in (0, 1)] == ["city", "other"]
    copies.setCurrentIndex(1)
    copies.activated.emit(1)
    assert figures(window)[0] == "3 pilots" and window.content().name == "other"


# -- mouse and keys


def test_a_click_selects_everywhere_and_zooms_the_map(city, window):
    zoomed = told(window, window.zoom)
    click(window.cards, "P-05")
    assert zoomed == [(city.path, "P-05")]
    assert window.cards.current == window.fading.current == "P-05"
    assert "399 days ago" in window.cards.accessibleDescription()
    click(window.fading, "P-09")
    assert zoomed[-1] == (city.path, "P-09") and window.cards.current == "P-09"
    assert "Inside Public Buildings" in window.status.text


def test_a_double_click_opens(city, window):
    opened = told(window, window.opened)
    QTest.mouseDClick(window.cards.viewport(), LEFT, NONE, place(window.cards, "P-02"))
    assert opened == [(city.path, "P-02")]


def test_the_keyboard_does_all_of_it(city, window):
    zoomed, opened = told(window, window.zoom), told(window, window.opened)
    view = window.cards
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Right)
    first = view.current
    assert first == view.picture.spots[0].key and zoomed == []
    QTest.keyClick(view, Qt.Key.Key_Right)
    stage = window.presenter.entry(view.current).pilot.stage
    assert stage == "proposed"
    QTest.keyClick(view, Qt.Key.Key_Down)
    assert window.presenter.entry(view.current).pilot.stage == stage and view.current != first
    QTest.keyClick(view, Qt.Key.Key_End)
    assert view.current == "P-10"
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert window.presenter.entry(view.current).pilot.stage == "embedded"
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert zoomed == [(city.path, "P-07")]
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert opened == [(city.path, "P-07")] and window.isVisible()


def test_arrows_bring_what_is_chosen_into_view(window):
    window.resize(1280, 480)
    view = window.cards
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Home)
    seen_all = []
    for _ in range(4):
        QTest.keyClick(view, Qt.Key.Key_Right)
        for _ in range(4):
            QTest.keyClick(view, Qt.Key.Key_Down)
            rect, seen = view.picture.spot(view.current).rect, view.seen()
            seen_all.append(seen.top() + view.picture.head <= rect.top() + 1 and rect.top() < seen.bottom() - 20)
    assert all(seen_all) and view.verticalScrollBar().maximum() > 0


def test_what_is_lacking_brings_out_where_and_esc_lets_go(city, window):
    key = "institutional/funding beyond the pilot"
    click(window.lacks, key)
    assert window.presenter.lit == {"P-01", "P-05", "P-08"} and window.status.text.startswith("3 pilots lack this")
    QTest.keyClick(window.cards, Qt.Key.Key_Escape)
    assert window.presenter.lit == frozenset() and window.isVisible()
    click(window.lacks, key)
    click(window.lacks, key)
    assert window.presenter.lit == frozenset(), "again: all alike"


def test_tool_tips_say_it_in_words(window):
    at = place(window.cards, "P-08")
    event = QHelpEvent(QEvent.Type.ToolTip, at, window.cards.viewport().mapToGlobal(at))
    QgsApplication.sendEvent(window.cards.viewport(), event)
    assert "It ended 268 days ago" in QToolTip.text() and "Planned from 1 Mar 2024 to 28 Feb 2026" in QToolTip.text()
    QToolTip.hideText()


def test_the_menu_of_a_pilot(city, window):
    zoomed, opened = told(window, window.zoom), told(window, window.opened)
    entry = window.presenter.entry("P-01")
    actions = {action.text(): action for action in window.menu.made(entry).actions()}
    actions["Zoom to Pilot"].trigger()
    actions["Open Pilot…"].trigger()
    assert zoomed == opened == [(city.path, "P-01")]
    actions["Copy as Text"].trigger()
    assert QgsApplication.clipboard().text().startswith("Rooftop Water Storage Oude Westen\nRunning for 632 days")
    actions["Plan a Meeting…"].trigger()
    (meeting,) = window.findChildren(MeetingWindow)
    assert meeting.windowTitle() == "Meeting about Rooftop Water Storage Oude Westen"
    meeting.close()
    actions["Only Theme “Climate adaptation”"].trigger()
    assert keys(window.cards) == {"P-01", "P-04"}
    actions = {action.text(): action for action in window.menu.made(None).actions()}
    actions["Show All"].trigger()
    assert len(keys(window.cards)) == 10


def test_the_timeline_is_zoomed_around_the_mouse(window):
    window.tabs.setCurrentIndex(1)
    view, picture = window.timeline, window.timeline.picture

    def at(x: float) -> float:
        return (x + view.horizontalScrollBar().value() - picture.span.left) / picture.span.width

    x = picture.span.x(date(2025, 1, 1)) - view.horizontalScrollBar().value()
    before = at(x)
    for _ in range(5):
        where = QPointF(x, 200)
        event = QWheelEvent(where, QPointF(view.viewport().mapToGlobal(where.toPoint())), QPoint(), QPoint(0, 120),
                            Qt.MouseButton.NoButton, CONTROL, Qt.ScrollPhase.NoScrollPhase, False)  # fmt: skip
        QgsApplication.sendEvent(view.viewport(), event)
    assert picture.zoom == pytest.approx(1.25**5) and view.horizontalScrollBar().maximum() > 1000
    assert at(x) == pytest.approx(before, abs=0.01)
    QTest.keyClick(view, Qt.Key.Key_0, CONTROL)
    assert picture.zoom == 1.0 and view.horizontalScrollBar().maximum() == 0
    QTest.keyClick(view, Qt.Key.Key_Plus, CONTROL)
    window.presenter.changed.emit()
    assert window.timeline.picture.zoom == pytest.approx(1.25), "it stays when pilots change"


def test_the_part_in_front_is_copied_as_a_picture(window, qtbot):
    sizes = []
    for at in (0, 1):
        window.tabs.setCurrentIndex(at)
        QgsApplication.clipboard().clear()
        window.bar.copy_action.trigger()
        qtbot.waitUntil(lambda: window.status.text == "The picture is on the clipboard.", timeout=10000)
        image = QgsApplication.clipboard().image()
        assert image.width() == 3175 and image.pixelColor(5, 5).name() == "#ffffff"
        sizes.append(image.height())
    assert sizes[0] == 2245 and sizes[1] < sizes[0]


# -- filters and rules


def test_filters_hold_for_all_of_it(window):
    bar = window.bar.filters
    bar.fading.setChecked(True)
    assert keys(window.cards) == {"P-01", "P-05", "P-08", "P-09"} and figures(window)[0] == "4 of 10 pilots"
    bar.text.setText("NOISE")
    assert keys(window.cards) == {"P-05"} == keys(window.fading)
    assert window.content().filtered == "fading only · with “NOISE”"
    bar.text.setText("nobody")
    assert window.empty.title == "No Pilot Passes the Filters"
    window.empty.buttons[0].click()
    assert window.presenter.filter == Filter() and not bar.fading.isChecked() and bar.text.text() == ""
    bar.stage.toggleItemCheckState(bar.stage.findData("running"))
    assert keys(window.cards) == {"P-01", "P-06", "P-08"}
    bar.theme.toggleItemCheckState(bar.theme.findData("governance"))
    assert keys(window.cards) == {"P-06"} and window.content().filtered == "Running · Governance"


def test_a_figure_of_the_headline_filters_and_lets_go(window, qtbot):
    click(window.headline, "fading")
    qtbot.waitUntil(lambda: len(keys(window.cards)) == 4)
    assert window.bar.filters.fading.isChecked() and window.presenter.on() == {"fading"}
    click(window.headline, "running")
    qtbot.waitUntil(lambda: keys(window.cards) == {"P-01", "P-08"})
    click(window.headline, "all")
    qtbot.waitUntil(lambda: len(keys(window.cards)) == 10)


def test_a_filter_that_nothing_has_any_more_is_let_go(city, window):
    window.presenter.let_through(Filter(themes=("safety",)))
    assert keys(window.cards) == {"P-09"}
    city.save(replace(city.pilot("P-09"), theme="health"))
    city.until(lambda: len(keys(window.cards)) == 10)
    assert window.presenter.filter == Filter()


def test_rules_are_agreed_for_the_project_and_its_map(city, window):
    dialog = RulesDialog(window.presenter.rules, window)
    assert dialog.rules() == RULES
    dialog.quiet.setValue(20)
    dialog.lined["institutional"].setChecked(False)
    wanted = Rules(quiet=20, lined=("technical",))
    assert dialog.rules() == wanted
    window.presenter.agree(dialog.rules())
    assert rules.current() == wanted
    assert {entry.pilot.key for entry in window.presenter.all.fading} == {
        entry.pilot.key for entry in window.presenter.all.entries
        if any(why.why != "conditions" for why in entry.fading)
    }  # fmt: skip
    assert figures(window)[2] != "4 are fading"
    assert "quiet for 20 days" in " ".join(line for _, line in window.fading.picture._notes)
    test = fading_expression(city.book.source(city.path), city.book.mapping(city.path), wanted)
    assert test in [rule.filterExpression() for rule in city.layer.renderer().rootRule().descendants()]
    dialog.show_rules(RULES)
    window.presenter.agree(dialog.rules())
    assert figures(window)[2] == "4 are fading"


def test_closed_it_hears_nothing_more(city, window, qtbot):
    city.book.changed.connect(lambda: None)
    window.close()
    qtbot.waitUntil(lambda: sip.isdeleted(window))
    city.book.changed.emit()
    rules.keep(Rules(quiet=10))
    again = BoardWindow(city.book)
    assert again.presenter.rules.quiet == 10 and again.size().width() == 1280
    again.close()
