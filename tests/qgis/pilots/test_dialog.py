"""The form of a pilot, with keys and mouse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QDialog, QLabel

from plugin.gui.pilots.assessment_model import DATE, EVIDENCE, RATING
from plugin.gui.pilots.form_pages import DATA, GENERAL, HISTORY, PLATFORM
from plugin.gui.pilots.links_model import ADDRESS, KIND, TITLE
from plugin.pilots import schema as cols
from plugin.pilots import stages
from plugin.pilots import vocabulary as words
from plugin.pilots.checks import Surroundings
from plugin.pilots.reading import find_pilot, read_municipality, read_pilots
from plugin.pilots.record import Pilot, read_pilot, written
from plugin.text import use_language
from plugin.workcopy.copy import WorkingCopy
from tests.qgis.pilots.dialog_hands import LEFT, TODAY, Hands, editors, pick, type_day
from tests.unit.pilots.hand_made import block, running, wkb
from tools.package import compile_catalogues
from tools.paths import ROOT

DAY = TODAY.isoformat()


@pytest.fixture
def copy(pilots_file) -> WorkingCopy:
    """Read only."""
    return WorkingCopy.open(pilots_file)


def row_of(**values: object) -> dict[str, object]:
    """A row as a working copy has it: every column, those not named null."""
    return {**{one.name: None for one in cols.schema().properties}, "fid": 1, "twin_id": "P-1", **values}


# -- filling it in


def test_a_pilot_from_nothing_to_running(qtbot, qgis_app):
    hands = Hands(qtbot, Pilot(wkb=wkb(block())))
    assert hands.codes() == ["missing"] and hands.dialog.windowTitle() == "Pilot: New Pilot"
    QTest.keyClicks(qgis_app.focusWidget(), "Cool Roofs")  # the form begins in the title
    hands.write(cols.SUMMARY, "Roofs that stay cool in summer.")
    hands.choose(cols.THEME, "energy")
    hands.write(cols.LEAD, "Stadsbeheer")
    hands.go("proposed", "The council wants it.", "alderman")
    hands.day(cols.START, "2026-11-01")
    hands.day(cols.END, "2027-10-31")
    partner = hands.seen("CityTwinPilot_partner")
    QTest.keyClicks(partner, "TNO; Havensteder ;TNO")
    QTest.keyClick(partner, Qt.Key.Key_Return)
    hands.write(cols.CONTACT, "programme manager")
    hands.choose(cols.BAND, "50k to 250k")
    hands.write(cols.BUDGET, "185000.5")
    hands.page(DATA)
    used = hands.dialog.pages[DATA].used
    hands.press("Add by Hand", used)
    (editor,) = editors(used.table)
    QTest.keyClicks(editor, "Buildings")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    hands.cell(used.table, 0, ADDRESS, "https://twin.example.org/collections/buildings")
    pick(hands.open_cell(used.table, 0, KIND), "collection")
    hands.rate(words.TECHNICAL, "reuse", "partly met", "Two districts asked for it.")
    hands.rate(words.HUMAN, "skills", "met")
    hands.page(PLATFORM)
    hands.write(cols.INTEGRATION, "Sensors and buildings on one map.")
    hands.write(cols.COLLABORATION, "One table for two departments.")
    hands.go("running", "Funded.")
    assert hands.codes() == []
    hands.press("OK")
    assert hands.dialog.result() == QDialog.DialogCode.Accepted
    history = [
        {"at": DAY, "to": "idea"},
        {"at": DAY, "from": "idea", "to": "proposed", "reason": "The council wants it.", "by": "alderman"},
        {"at": DAY, "from": "proposed", "to": "running", "reason": "Funded."},
    ]
    got = written(hands.pilot)
    assert {name: json.loads(got.pop(name)) for name in cols.STRUCTURED if name in got} == {
        cols.HISTORY: history,
        cols.DATA_USED: [{"title": "Buildings", "href": "https://twin.example.org/collections/buildings",
                          "kind": "collection"}],
        "technical": [{"criterion": "reuse", "rating": "partly met", "evidence": "Two districts asked for it.",
                       "date": DAY}],
        "human": [{"criterion": "skills", "rating": "met", "date": DAY}],
    }  # fmt: skip
    assert got == {
        "name": "Cool Roofs", "summary": "Roofs that stay cool in summer.", "theme": "energy", "stage": "running",
        "lead": "Stadsbeheer", "partners": "TNO; Havensteder", "contact_role": "programme manager",
        "start_date": "2026-11-01", "end_date": "2027-10-31", "budget_band": "50k to 250k", "budget_eur": 185000.5,
        "integration": "Sensors and buildings on one map.", "collaboration": "One table for two departments.",
    }  # fmt: skip


def test_a_form_that_is_only_looked_at_changes_nothing(qtbot, qgis_app, copy):
    pilots = read_pilots(copy)
    around = Surroundings(pilots, read_municipality(copy))
    for pilot in pilots[:4]:
        hands = Hands(qtbot, pilot, around)
        for name in hands.dialog.pages:
            hands.page(name)
        assert written(hands.pilot) == {} and hands.pilot == pilot and not hands.presenter.dirty
        hands.press("OK")
        assert hands.pilot == pilot


def test_what_the_present_stage_needs_has_a_star(qtbot, qgis_app):
    hands = Hands(qtbot, running(stage="idea"))
    titles = {column: cols.title(column) for column in stages.asked_by("scaling")}

    def starred() -> set[str]:
        texts = {label.text() for label in hands.dialog.findChildren(QLabel)}
        return {column for column, title in titles.items() if f"{title}\u2009*" in texts}

    assert starred() == {cols.NAME}
    for stage in ("proposed", "running", "evaluated", "scaling"):
        hands.go(stage)
        assert starred() == set(stages.asked_by(stage))
    assert "Scaling" in hands.named("CityTwinPilot_lead").accessibleDescription()


def test_a_date_by_keyboard_alone_and_emptied_again(qtbot, qgis_app):
    hands = Hands(qtbot, Pilot(name="Cool Roofs"))
    start = hands.seen("CityTwinPilot_start_date")
    for typed in ("20240229", date.today().strftime("%Y%m%d")):
        hands.seen("CityTwinPilot_theme").setFocus()
        QTest.keyClick(qgis_app.focusWidget(), Qt.Key.Key_Tab)
        assert start.hasFocus()
        QTest.keyClicks(start, typed)
        assert hands.pilot.start.strftime("%Y%m%d") == typed, "today as well"
        start.clear()
        assert hands.pilot.start is None
    QTest.keyClick(start, Qt.Key.Key_Tab)
    assert hands.pilot.start is None and start.text() == "not known", "passing by is no choice"


# -- stages


@pytest.mark.parametrize("stage", words.STAGES)
def test_every_move_of_every_stage(qtbot, qgis_app, stage):
    history = () if stage == "idea" else running().history[:1]
    pilot = replace(running(), stage=stage, stop_reason="No money." if stage == "stopped" else "", history=history)
    wanted = {move.stage: move for move in stages.moves(pilot)}
    hands = Hands(qtbot, pilot)
    buttons = hands.dialog.header.strip.buttons
    assert {name for name, button in buttons.items() if button.isEnabled()} == set(wanted)
    for target, move in wanted.items():
        hands.go(target, "", "adviser")
        panel = hands.dialog.header.panel
        if move.needs_reason:
            assert panel.isVisible() and hands.pilot.stage == stage, "refused"
            assert "reason" in panel.notice.text
            QTest.keyClicks(panel.reason, "Because.")
            assert not panel.notice.text
            QTest.mouseClick(panel.go_button, LEFT)
        assert not panel.isVisible() and hands.pilot.stage == target
        last = hands.pilot.history[-1]
        reason = "Because." if move.needs_reason else ""
        assert (last.new, last.old, last.at, last.reason, last.by) == (target, stage, DAY, reason, "adviser")
        assert hands.pilot.stop_reason == (reason if target == "stopped" else "")
        assert "history" not in [problem.code for problem in hands.presenter.problems()]
        hands.press("Take Back")
        assert hands.pilot == pilot and not hands.presenter.dirty


def test_a_move_tells_what_it_needs_and_escape_leaves_it(qtbot, qgis_app):
    hands = Hands(qtbot, running(stage="proposed", contact="", start=None, history=()))
    hands.dialog.header.strip.buttons["running"].setFocus()
    QTest.keyClick(hands.dialog.header.strip.buttons["running"], Qt.Key.Key_Space)
    panel = hands.dialog.header.panel
    assert "Starts on, Contact role" in panel.about.text() and panel.day.day() == TODAY
    QTest.keyClick(panel.reason, Qt.Key.Key_Escape)
    assert not panel.isVisible() and hands.dialog.isVisible() and hands.pilot.stage == "proposed"


def test_a_change_after_one_with_a_time_keeps_the_order(qtbot, qgis_app):
    late = replace(running().history[-1], at=f"{DAY}T22:59:00Z", old="proposed")
    hands = Hands(qtbot, running(history=(*running().history[:2], late)))
    hands.go("evaluated")
    assert hands.pilot.history[-1].new == "evaluated" and hands.pilot.history[-1].at > late.at
    assert "history" not in hands.codes()


def test_a_stage_of_somebody_else_can_be_set_right(qtbot, qgis_app):
    hands = Hands(qtbot, read_pilot(row_of(name="Old", stage="dormant")))
    assert "stage" in hands.codes() and hands.dialog.header.strip.buttons["idea"].isEnabled()
    hands.go("running")
    assert hands.pilot.stage == "running" and "stage" not in hands.codes()


def test_the_date_of_a_move_is_neither_before_the_last_nor_to_come(qtbot, qgis_app):
    hands = Hands(qtbot, running())
    hands.go("evaluated", day="2026-11-10")
    assert hands.pilot.history[-1].at == "2026-11-10"
    hands.press("Take Back")
    for typed in ("2026-01-05", "2027-05-01"):
        hands.go("evaluated", day=typed)
        assert date(2026, 10, 1) <= hands.pilot.history[-1].day <= TODAY
        hands.press("Take Back")


# -- problems


def test_personal_data_is_named_and_taken_out(qtbot, qgis_app):
    hands = Hands(qtbot, running())
    assert hands.codes() == []
    hands.write(cols.CONTACT, "jan.jansen@rotterdam.nl")
    assert hands.codes() == ["personal"]
    assert "jan.jansen@rotterdam.nl" in hands.problem("personal").sentence
    hands.page(HISTORY)
    hands.click_problem("personal")
    assert hands.dialog.stack.currentIndex() == 0 and hands.seen("CityTwinPilot_contact_role").hasFocus()
    QTest.mouseClick(hands.dialog.problems.fix_button(hands.problem("personal")), LEFT)
    qtbot.waitUntil(lambda: hands.codes() == [])
    assert "@" not in hands.seen("CityTwinPilot_contact_role").text() and "@" not in hands.pilot.contact


def test_each_page_shows_that_something_is_wrong_on_it(qtbot, qgis_app):
    hands = Hands(qtbot, running(stage="scaling", technical=(), data_used=(), integration="", summary="", wkb=None))
    marked = {
        hands.dialog.list.item(row).text()
        for row in range(hands.dialog.list.count())
        if hands.dialog.list.item(row).toolTip()
    }
    assert marked == {"General", "Data", "Technical", "Platform", "History"}
    for problem in hands.dialog.problems.problems:
        if problem.column not in ("geom", ""):
            hands.dialog.lead_to(problem)
            assert hands.dialog.isAncestorOf(qgis_app.focusWidget()), problem.code
    errors = [problem.column for problem in hands.dialog.problems.problems if problem.severity == "error"]
    assert set(errors) == {"geom", "summary", "technical", "data_used", "integration"}
    assert "5 errors" in hands.dialog.status.full_text and "publishing will complain" in hands.dialog.status.full_text
    with qtbot.waitSignal(hands.dialog.located) as told:
        hands.click_problem("no-area")
    assert told.args[0].code == "no-area"
    hands.press("OK")
    assert hands.dialog.result() == QDialog.DialogCode.Accepted, "no edit is lost for what is wrong"


def test_an_overlap_is_found_beside_the_typing(qtbot, qgis_app):
    other = running(name="Neighbour", twin_id="P-2", wkb=wkb(block(92050)))
    hands = Hands(qtbot, running(), Surroundings([other]))
    assert hands.problem("overlap").severity == "warning"
    hands.day(cols.START, "2030-01-01")
    hands.day(cols.END, "2031-01-01")
    assert hands.problem("overlap").severity == "notice", "never at the same time"
    QTest.mouseClick(hands.dialog.problems.fix_button(hands.problem("overlap")), LEFT)
    qtbot.waitUntil(lambda: "overlap" not in hands.codes())
    assert hands.pilot.wkb != running().wkb and hands.presenter.dirty
    assert "once you press OK" in hands.dialog.notice.text


def test_too_long_a_text_is_told_and_not_cut(qtbot, qgis_app):
    hands = Hands(qtbot, running(name="x" * 118))
    QTest.keyClicks(hands.seen("CityTwinPilot_name"), "yyyy")
    assert hands.codes() == ["too-long"] and len(hands.pilot.name) == 122
    assert "122 characters, and the twin takes 120" in hands.problem("too-long").sentence
    assert hands.dialog.pages[PLATFORM].field(cols.INTEGRATION).counter.text() == "8 of 1,000 characters"


def test_a_sum_that_is_none_is_not_thrown_away(qtbot, qgis_app):
    hands = Hands(qtbot, running(budget=5000.0))
    hands.write(cols.BUDGET, "12k")
    assert hands.codes() == ["not-kept"] and hands.pilot.budget == 5000 and hands.presenter.dirty
    hands.write(cols.BUDGET, "12500")
    assert hands.codes() == [] and hands.pilot.budget == 12500
    hands.write(cols.BUDGET, "")
    assert hands.pilot.budget is None
    hands.write(cols.BUDGET, "-3")
    assert hands.codes() == ["below-zero"]


# -- what cannot be read, and what is not ours


def test_text_that_cannot_be_read_is_shown_and_kept(qtbot, qgis_app):
    row = row_of(name="Old", stage="idea", technical="good, mostly", start_date="soon", data_used="{broken")
    hands = Hands(qtbot, read_pilot(row))
    assert hands.codes().count("unreadable") == 3
    shown = hands.page(words.TECHNICAL).unreadable
    assert shown.isVisible() and "good, mostly" in shown.text
    assert written(hands.pilot) == {}
    hands.rate(words.TECHNICAL, "reuse", "met")
    assert hands.codes().count("unreadable") == 2
    assert json.loads(written(hands.pilot)["technical"]) == [
        {"criterion": "reuse", "rating": "met", "date": DAY},
        {"unreadable": "good, mostly"},
    ]
    hands.rate(words.TECHNICAL, "reuse", "unknown")
    assert written(hands.pilot) == {} and hands.codes().count("unreadable") == 3
    hands.page(GENERAL)
    hands.day(cols.START, "2026-12-01")
    assert written(hands.pilot) == {"start_date": "2026-12-01"} and hands.codes().count("unreadable") == 2


def test_members_and_entries_that_are_not_ours_stay(qtbot, qgis_app):
    entries = [
        {"criterion": "reuse", "rating": "so so", "weight": 3},
        {"criterion": "smell", "rating": "met", "date": "2026-01-01", "who": {"role": "nose"}},
        "a note",
        {"criterion": "reuse", "rating": "met"},
    ]
    hands = Hands(qtbot, read_pilot(row_of(name="Old", stage="idea", technical=json.dumps(entries), theme="smells")))
    page = hands.page(words.TECHNICAL)
    box = page.table.indexWidget(page.model.index(page.model.row_of("reuse"), RATING))
    assert box.currentText() == "so so", "a word of somebody else's is shown as it is"
    hands.cell(page.table, page.model.row_of("smell"), EVIDENCE, "It smells better.")
    assert json.loads(written(hands.pilot)["technical"]) == [
        entries[0], {**entries[1], "evidence": "It smells better."}, entries[3], "a note",
    ]  # fmt: skip
    hands.page(GENERAL)
    assert hands.seen("CityTwinPilot_theme").currentText() == "Smells"
    assert list(written(hands.pilot)) == ["technical"]


# -- conditions, data, history


def test_ratings_by_keyboard_own_criteria_and_dates(qtbot, qgis_app):
    hands = Hands(qtbot, running(human=(), technical=(), institutional=()))
    page = hands.page(words.HUMAN)
    model, table = page.model, page.table
    assert [model.at(row).criterion for row in range(model.rowCount())] == list(words.CRITERIA["human"])
    assert "meeting" in page.about.text()
    tip = model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "Who could run this without the people who are here today?" in tip
    hands.rate(words.HUMAN, "time", "not met", "No evening left.")
    assert hands.pilot.human[0].on == TODAY and len(hands.pilot.human) == 1
    row = model.row_of("time")
    index = model.index(row, DATE)
    table.setCurrentIndex(index)
    table.edit(index)
    (editor,) = editors(table)
    type_day(editor, "2026-09-01")
    assert hands.pilot.human[0].on == date(2026, 9, 1)
    hands.rate(words.HUMAN, "time", "partly met")
    assert hands.pilot.human[0].on == TODAY, "judged now"
    line = hands.seen("CityTwinCriterion_human")
    QTest.keyClicks(line, "Skills")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert "in the list already" in page.notice.text and model.rowCount() == 5 and hands.dialog.isVisible()
    line.clear()
    QTest.keyClicks(line, "Voorbeelden")
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert [one.criterion for one in hands.pilot.human] == ["time", "Voorbeelden"]
    QTest.keyClick(table, Qt.Key.Key_Delete)
    assert [one.criterion for one in hands.pilot.human] == ["time"] and model.rowCount() == 5
    table.setCurrentIndex(model.index(0, 0))
    assert not page.remove_button.isEnabled(), "the vocabulary's own stay"


def test_every_rating_has_a_sign_of_its_own_shape(qgis_app):
    from plugin.gui.pilots.assessment_look import rating_icon

    def shape(rating: str) -> bytes:
        image = rating_icon(rating).pixmap(16, 16).toImage()
        return bytes(image.pixelColor(x, y).alpha() > 100 for x in range(16) for y in range(16))

    assert len({shape(rating) for rating in words.RATINGS}) == len(words.RATINGS), "without any colour"


def test_links_typed_by_hand_and_removed(qtbot, qgis_app):
    hands = Hands(qtbot, running())
    produced = hands.page(DATA).produced
    hands.press("Add by Hand", produced)
    (editor,) = editors(produced.table)
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    assert hands.pilot.data_produced == () and hands.dialog.isVisible(), "an empty row is nothing"
    hands.cell(produced.table, 0, TITLE, "Zoning plan")
    assert [link.as_json() for link in hands.pilot.data_produced] == [{"title": "Zoning plan"}]
    QTest.keyClick(produced.table, Qt.Key.Key_Delete)
    assert hands.pilot.data_produced == () and produced.model.rowCount() == 0


def test_a_sign_of_life(qtbot, qgis_app):
    hands = Hands(qtbot, running())
    page = hands.page(HISTORY)
    hands.press("Add a Sign of Life…")
    hands.press("Add Note")
    assert "nothing to note" in page.note.notice.text
    QTest.keyClicks(page.note.text, "The tenth roof is done.")
    QTest.keyClicks(page.note.role, "adviser")
    hands.press("Add Note")
    last = hands.pilot.history[-1]
    assert (last.at, last.new, last.old, last.reason, last.by) == (
        DAY, "running", "running", "The tenth roof is done.", "adviser",
    )  # fmt: skip
    assert page.model.index(0, 2).data() == "The tenth roof is done." and page.model.rowCount() == 5
    assert not page.model.flags(page.model.index(1, 2)) & Qt.ItemFlag.ItemIsEditable, "what is past stays"
    hands.press("Take Back")
    assert hands.pilot == running()


# -- leaving


def test_cancel_asks_where_something_would_be_lost(qtbot, qgis_app):
    hands = Hands(qtbot, running())
    hands.write(cols.LEAD, "Somebody else")
    asked = hands.answer("Go On Editing")
    hands.press("Cancel")
    assert "Cool Roofs" in asked[0] and hands.dialog.isVisible() and hands.pilot.lead == "Somebody else"
    asked = hands.answer("Discard")
    QTest.keyClick(hands.dialog, Qt.Key.Key_Escape)
    assert asked and not hands.dialog.isVisible() and hands.dialog.result() == QDialog.DialogCode.Rejected


def test_cancel_asks_nothing_where_nothing_is_lost(qtbot, qgis_app):
    hands = Hands(qtbot, running())
    hands.write(cols.LEAD, "x")
    hands.write(cols.LEAD, running().lead)
    hands.press("Cancel")
    assert not hands.dialog.isVisible()
    empty = Hands(qtbot, Pilot())
    empty.dialog.close()
    assert not empty.dialog.isVisible()
    drawn = Hands(qtbot, Pilot(wkb=wkb(block())))
    asked = drawn.answer("Discard")
    drawn.dialog.close()
    assert "area" in asked[0] and not drawn.dialog.isVisible()


def test_what_is_still_being_typed_is_kept_by_ok(qtbot, qgis_app):
    hands = Hands(qtbot, running(human=()))
    QTest.keyClicks(hands.seen("CityTwinPilot_partner"), "TNO")
    page = hands.page(words.HUMAN)
    table = page.table
    table.setCurrentIndex(page.model.index(0, EVIDENCE))
    table.edit(page.model.index(0, EVIDENCE))
    (editor,) = editors(table)
    QTest.keyClicks(editor, "Half a sentence")
    QTest.keyClick(editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert hands.pilot.human[0].evidence == "Half a sentence"
    QTest.keyClick(hands.dialog.list, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert not hands.dialog.isVisible() and hands.pilot.partners == ("TNO",)


def test_half_a_move_or_note_is_not_lost_by_ok(qtbot, qgis_app):
    hands = Hands(qtbot, running())
    page = hands.page(HISTORY)
    hands.press("Add a Sign of Life…")
    QTest.keyClicks(page.note.text, "Well.")
    hands.press("OK")
    assert hands.dialog.isVisible() and "not in the history yet" in hands.dialog.notice.text
    hands.press("Add Note")
    QTest.mouseClick(hands.dialog.header.strip.buttons["stopped"], LEFT)
    QTest.keyClicks(hands.dialog.header.panel.reason, "No money.")
    hands.press("OK")
    assert hands.dialog.isVisible() and "Press “Stop the Pilot”" in hands.dialog.notice.text
    hands.press("Stop the Pilot")
    hands.press("OK")
    assert not hands.dialog.isVisible() and hands.pilot.stop_reason == "No money."
    assert hands.pilot.history[-2].reason == "Well."


def test_a_form_that_can_only_be_read(qtbot, qgis_app, copy):
    pilot = find_pilot(read_pilots(copy), "P-05")
    hands = Hands(qtbot, pilot, read_only="The twin takes no changes.")
    assert hands.dialog.header.why_not.text == "The twin takes no changes."
    assert not any(button.isEnabled() for button in hands.dialog.header.strip.buttons.values())
    QTest.keyClicks(hands.seen("CityTwinPilot_name"), "x")
    page = hands.page(words.TECHNICAL)
    assert page.table.indexWidget(page.model.index(0, RATING)) is None
    assert page.model.index(0, RATING).data() == "Met" and not page.line.isVisible()
    assert not hands.page(DATA).used.add_button.isVisible()
    assert hands.pilot == pilot
    hands.press("Close")
    assert not hands.dialog.isVisible()


def test_columns_that_the_twin_has_not_cannot_be_filled(qtbot, qgis_app):
    hands = Hands(qtbot, Pilot(), columns={cols.NAME, cols.STAGE})
    hands.write(cols.NAME, "Roofs")
    QTest.keyClicks(hands.seen("CityTwinPilot_lead"), "x")
    assert hands.pilot.lead == "" and "no place" in hands.named("CityTwinPilot_lead").accessibleDescription()
    assert not hands.seen("CityTwinPilot_theme").isEnabled()


def test_shown_again_after_saving_failed_it_has_all(qtbot, qgis_app):
    hands = Hands(qtbot, running())
    hands.write(cols.LEAD, "Somebody else")
    hands.press("OK")
    hands.dialog.show()
    assert hands.seen("CityTwinPilot_lead").text() == "Somebody else" and hands.presenter.dirty
    hands.write(cols.CONTACT, "jan.jansen@rotterdam.nl")
    assert hands.codes() == ["personal"]


def test_a_change_of_somebody_else_is_told_while_the_form_is_open(qtbot, qgis_app):
    row = row_of(name="Cool Roofs", stage="idea", lead="A")
    hands = Hands(qtbot, read_pilot(row))
    hands.write(cols.LEAD, "mine")
    hands.dialog.renew(read_pilot({**row, "summary": "theirs"}))
    assert "with your edits" in hands.dialog.notice.text
    assert not hands.dialog.pages[words.TECHNICAL].unreadable.text
    hands.dialog.renew(read_pilot({**row, "summary": "theirs", "technical": "{"}))
    assert hands.page(words.TECHNICAL).unreadable.isVisible()
    hands.page(GENERAL)
    assert hands.seen("CityTwinPilot_summary").toPlainText() == "theirs"
    hands.dialog.renew(read_pilot({**row, "summary": "theirs", "lead": "theirs"}))
    assert "replaces theirs in: Lead" in hands.dialog.notice.text
    assert hands.seen("CityTwinPilot_lead").text() == "mine" and written(hands.pilot) == {"lead": "mine"}


def test_it_fits_a_small_screen(qtbot, qgis_app):
    hands = Hands(qtbot, running())
    assert hands.dialog.minimumSizeHint().width() <= 900 and hands.dialog.minimumSizeHint().height() <= 620
    assert hands.dialog.width() <= 1280 and hands.dialog.height() <= 690
    hands.dialog.header.strip.wanted.emit("evaluated")
    qtbot.wait(1)
    assert hands.dialog.height() <= 690


@pytest.fixture
def dutch(tmp_path) -> Iterator[None]:
    compile_catalogues(ROOT / "i18n", tmp_path)
    assert use_language("nl", tmp_path)
    yield
    use_language("en", tmp_path)


def test_in_dutch_it_fits_and_stores_the_same_words(qtbot, qgis_app, dutch):
    hands = Hands(qtbot, running(stage="idea", technical=(), theme=""))
    strip = hands.dialog.header.strip
    assert [button.text() for button in strip.buttons.values()] == [words.stage_title(one) for one in words.STAGES]
    assert strip.buttons["proposed"].text() == "Voorgesteld"
    assert hands.dialog.minimumSizeHint().width() <= 1000 and hands.dialog.height() <= 690
    for button in strip.buttons.values():
        assert button.width() >= button.minimumSizeHint().width(), button.text()
    hands.choose(cols.THEME, "climate adaptation")
    hands.go("proposed", role="adviseur")
    hands.rate(words.TECHNICAL, "reuse", "partly met")
    got = hands.pilot
    assert (got.theme, got.stage, got.technical[0].rating) == ("climate adaptation", "proposed", "partly met")
    assert json.loads(written(got)[cols.HISTORY])[-1]["to"] == "proposed"
