"""The whole job in Dutch, as pictures: `CITYTWIN_LOCALE=nl make e2e`. Looks for words that were left in English."""

from __future__ import annotations

import contextlib
import os
import re
from collections import Counter
from collections.abc import Iterator

import pytest
from qgis.core import QgsApplication, QgsGeometry, QgsRectangle
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtWidgets import QAbstractButton, QAbstractItemView, QComboBox, QDialog, QLabel, QMenu, QWidget

from tests.e2e.desk import Changes, Form, Publishing, at_rest, change, editing, feature_of, layer_named
from tests.e2e.hands import Colleague, button, click, click_row, in_dialog, row_of
from tests.e2e.test_conflicts import HOUSE, Conflicts, edit

pytestmark = pytest.mark.skipif(os.environ.get("CITYTWIN_LOCALE") != "nl", reason="CITYTWIN_LOCALE is not nl")

# Words that Dutch has not.
ENGLISH = {
    "the", "and", "changes", "changed", "publish", "published", "check", "out", "your", "you", "what", "this", "pull",
    "both", "mine", "theirs", "deleted", "resolved", "conflicts", "close", "cancel", "save", "history", "by", "others",
}  # fmt: skip


def said(widget: QWidget) -> set[str]:
    """Every text that ``widget`` shows."""
    found = set()
    for one in [widget, *widget.findChildren(QWidget)]:
        if not one.isVisible():
            continue
        if isinstance(one, (QLabel, QAbstractButton)):
            found.add(one.text())
        if isinstance(one, QComboBox):
            found.update(one.itemText(at) for at in range(one.count()))
        if isinstance(one, QAbstractItemView) and one.model() is not None:
            columns = range(one.header().count() if hasattr(one, "header") else 0)
            found.update(str(one.model().headerData(at, Qt.Orientation.Horizontal) or "") for at in columns)
        if isinstance(one, QDialog):
            found.add(one.windowTitle())
        if one.toolTip():
            found.add(one.toolTip())
    return found


def ambiguous(window: QWidget) -> list[str]:
    """Letters that Alt means twice in ``window``."""
    texts = [one.text() for one in window.findChildren(QAbstractButton) if one.isVisible()]
    texts += [one.text() for one in window.findChildren(QLabel) if one.isVisible() and one.buddy() is not None]
    letters = Counter(found.lower() for text in texts for found in re.findall(r"&(\w)", text))
    return sorted(letter for letter, times in letters.items() if times > 1)


def english(texts: set[str]) -> list[str]:
    """Those that hold a word which Dutch has not."""
    return sorted(text for text in texts if ENGLISH & set(text.replace("&", "").lower().split()))


def test_the_tour(check_out, city_twin, catalogue, iface, screenshot, wait_until):
    assert QgsApplication.locale() == "nl"
    window = city_twin.window
    seen = said(window.dock)
    screenshot("nl-catalogue")

    def look(dialog) -> None:
        screenshot("nl-connection")
        seen.update(said(dialog))
        assert ambiguous(dialog) == []
        dialog.reject()

    in_dialog(lambda: click(catalogue.connections.edit_button), look)
    check_out("pilots", "buildings")
    layer = layer_named("Pilot Areas")
    with editing(iface, layer):
        form = Form.opened(iface, layer, "P-01")
        screenshot("nl-form")
        form.ok()
    change(iface, layer, "P-01", budget_eur=5.0)
    name = feature_of(layer, "P-01")["name"]
    changes = Changes(city_twin).show().wait_for(1)
    changes.choose(name)
    screenshot("nl-changes")
    seen |= said(window.dock)
    publishing = changes.publish()
    screenshot("nl-publish")
    seen |= said(publishing.dialog)
    publishing.say("Begroting bijgewerkt")
    publishing.go()
    screenshot("nl-report")
    seen |= said(publishing.dialog)
    publishing.close()
    changes.wait_for(0)
    screenshot("nl-nothing")
    seen |= said(window.dock)
    assert english(seen) == []


def test_what_others_changed(check_out, city_twin, twin, iface, screenshot, wait_until):
    """Pull, conflicts, and a publish and its history."""
    changes, colleague = Changes(city_twin), Colleague(twin.url)
    check_out("pilots", "buildings")
    buildings, pilots = layer_named("Buildings"), layer_named("Pilot Areas")
    seen: set[str] = set()
    edit(iface, buildings, 64.5, 2, (0.0, 12.0))
    change(iface, buildings, "LM-002", storeys=44)
    change(iface, buildings, "LM-003", storeys=45)
    change(iface, pilots, "P-01", budget_eur=5.0)
    with editing(iface, pilots):
        assert pilots.deleteFeature(feature_of(pilots, "P-02").id())
    changes.show().wait_for(5)
    colleague.change("buildings", HOUSE, height=61.0)
    colleague.change("buildings", "LM-002", height=190.0)
    token = colleague.get("buildings", "LM-003").token
    assert colleague._ask("DELETE", "collections/buildings/items/LM-003", None, token).status in (200, 204)
    colleague.change("pilots", "P-02", budget_eur=1.0)

    seen |= said(changes.page)
    click(changes.page.view.pull_button)
    strip = changes.page.conflicts
    wait_until(strip.isVisible, 60, "the strip")
    wait_until(lambda: changes.page.pulls.presenter is None and changes.settled(), 60, "the pull")
    screenshot("nl-pulled")
    seen |= said(changes.page) | said(iface.messageBar())
    click(button(iface.messageBar().currentItem(), "Details"))
    wait_until(lambda: changes.page.pulls.dialog is not None, what="the report of the pull")
    screenshot("nl-pull-report")
    seen |= said(changes.page.pulls.dialog)
    changes.page.pulls.dialog.reject()
    with opened(changes.page.view.more_button.menu(), changes.page.view.more_button) as menu:
        screenshot("nl-more")
        seen |= {action.text() for action in menu.actions()}

    publishing = changes.publish()
    wait_until(lambda: "sets" in publishing.dialog.prospects.text, what="how the twin protects")
    screenshot("nl-publish-waiting")
    seen |= said(publishing.dialog)
    publishing.close()

    click(strip.button)
    conflicts = Conflicts(changes)
    one = conflicts.window
    one.show_key(f"buildings/{HOUSE}")
    conflicts.drawn()
    screenshot("nl-conflicts")
    seen |= said(one)
    with opened(one.panel.all_mine.menu(), one.panel.all_mine) as menu:
        screenshot("nl-conflicts-menu")
        seen |= {action.text() for action in menu.actions()}
    row = row_of(one.panel.table, "Height")
    with opened(one.panel.table.menu(row), one.panel.table) as menu:
        screenshot("nl-conflicts-row")
        seen |= {action.text() for action in menu.actions()}
    one.show_key("buildings/LM-003")
    conflicts.drawn()
    screenshot("nl-conflicts-deleted")
    seen |= said(one)
    click(one.panel.question.buttons[0])
    one.show_key("pilots/P-02")
    conflicts.drawn()
    screenshot("nl-conflicts-partly")
    seen |= said(one)
    assert ambiguous(one) == []
    click(one.panel.question.buttons[1])
    one.show_key(f"buildings/{HOUSE}")
    click(one.panel.all_mine)
    conflicts.drawn()
    screenshot("nl-conflicts-decided")
    seen |= said(one)
    assert ambiguous(one) == []
    one.resize(one.minimumSize())
    conflicts.drawn()
    screenshot("nl-conflicts-small")
    click(one.apply_button)
    conflicts.ready()
    wait_until(one.empty.isVisible, what="the good news")
    screenshot("nl-conflicts-resolved")
    seen |= said(one)
    click(one.close_button)

    colleague.change("pilots", "P-01", budget_eur=7.0)
    wait_until(changes.settled, what="the changes")
    publishing = Publishing(changes.publish().dialog)
    publishing.say("Hoogten ingemeten")
    publishing.go()
    screenshot("nl-report-conflict")
    seen |= said(publishing.dialog)
    publishing.close()
    changes.page.show_history()
    (history,) = changes.page.publishing.histories.values()
    wait_until(lambda: history.features.topLevelItemCount() > 0, what="the history")
    click_row(history.features, history.features.model().index(0, 0))
    screenshot("nl-history")
    seen |= said(history)
    with opened(history.save_button.menu(), history.save_button) as menu:
        screenshot("nl-history-save")
        seen |= {action.text() for action in menu.actions()}
    history.reject()

    iface.messageBar().clearWidgets()
    iface.setActiveLayer(buildings)
    at_rest(iface)
    iface.actionToggleEditing().trigger()
    feature = feature_of(buildings, "LM-004")
    assert buildings.changeAttributeValue(feature.id(), buildings.fields().lookupField("storeys"), 3)
    click(changes.page.view.pull_button)
    wait_until(
        lambda: changes.page.pulls.presenter and changes.page.pulls.presenter.phase == "waiting",
        what="the pull to wait",
    )
    screenshot("nl-pull-waits")
    seen |= said(changes.page) | said(iface.messageBar())
    changes.page.pulls.presenter.cancel()
    wait_until(lambda: changes.page.pulls.presenter is None and changes.settled(), 60, "the pull")
    screenshot("nl-pull-cancelled")
    seen |= said(iface.messageBar())
    buildings.rollBack()
    assert english(seen) == []


@contextlib.contextmanager
def opened(menu: QMenu, below: QWidget) -> Iterator[QMenu]:
    """A menu as long as the block runs."""
    menu.popup(below.mapToGlobal(QPoint(0, below.height())))
    try:
        yield menu
    finally:
        menu.hide()


def test_pilots(check_out, city_twin, iface, screenshot, wait_until):
    """The page, drawing, the form page by page, and the windows about a pilot."""
    check_out("pilots", "districts", "buildings", "trees")
    window, desk, page = city_twin.window, city_twin.window.pilots, city_twin.window.pilots.page
    window.show_pilots()
    wait_until(lambda: page.model.shown == 10 and not desk.book.busy)
    page.show_pilot(page.path, "P-08")
    seen = said(window.dock)
    screenshot("nl-pilots")
    desk.new_pilot(page.path)
    square = QgsGeometry.fromRect(QgsRectangle(93300, 435500, 93600, 435800))
    desk.drawing.draft.put(bytes(square.asWkb()))
    wait_until(lambda: not desk.drawing.draft.hindrance())
    seen |= said(window.dock)
    screenshot("nl-pilots-draw")
    click(desk.drawing.view.continue_button)
    wait_until(lambda: desk.dialog is not None)
    try:
        for at in range(desk.dialog.list.count()):
            desk.dialog.list.setCurrentRow(at)
            screenshot(f"nl-pilots-form-{at}")
            seen |= said(desk.dialog)
        assert ambiguous(desk.dialog) == []
    finally:
        desk.dialog.done(0)  # `reject` would ask
    desk.stop_pilot(page.path, "P-08")
    seen |= said(desk.dialog)
    desk.dialog.reject()
    for name in ("profile", "report", "meet", "board"):
        getattr(desk, name)(*(() if name == "board" else (page.path, "P-08")))
        (shown,) = desk.windows.open()
        presenter = getattr(shown, "presenter", None)
        wait_until(lambda one=presenter: not getattr(one, "busy", False), 60)
        screenshot(f"nl-pilots-{name}")
        seen |= said(shown)
        assert ambiguous(shown) == [], name
        shown.close()
        wait_until(lambda: not desk.windows.open())
    assert english(seen) == [] and ambiguous(page) == []
