"""Pull, Publish and the history on the Changes page, in a real project with a running twin."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsPointXY, QgsRectangle
from qgis.PyQt.QtWidgets import QFileDialog, QPushButton

from plugin.gui.pull_view import PullReportDialog
from tests.qgis.gui.test_changes_page import Window, set_value, window
from tests.qgis.map.meanwhile import spin

__all__ = ["window"]


def said(window: Window) -> list[str]:
    return [item.text() for item in window.page._iface.messageBar().items()]


def press(window: Window, words: str) -> None:
    """A button in the message bar."""
    found = [
        button
        for item in window.page._iface.messageBar().items()
        for button in item.findChildren(QPushButton)
        if button.text() == words
    ]
    assert found, said(window)
    found[-1].click()


def pulled(window: Window) -> None:
    window.page._iface.messageBar().clearWidgets()
    window.page.view.pull_button.click()
    assert spin(lambda: window.page.pulls.presenter is None)
    window.rest()


def test_pull_where_nothing_is_changed_and_nothing_is_new(window: Window) -> None:
    page = window.page
    window.rest()
    assert not page.view.foot.isVisible(), "there is nothing to pull into"
    window.open()
    assert page.empty.isVisible() and page.view.foot.isVisible()
    assert "since" in page.view.pull_button.toolTip()
    page._iface.messageBar().clearWidgets()
    page.view.pull_button.click()
    assert page.view.pull_button.text() == "Cancel"
    assert page.status.kind == "busy" and not page.view.publish_button.isEnabled()
    assert spin(lambda: page.pulls.presenter is None)
    assert said(window)[0].startswith("Nothing new on the twin since ")
    assert page.view.pull_button.text() == "Pull" and page.view.pull_button.isEnabled()


def test_what_came_is_said_with_what_to_do_next(window: Window) -> None:
    window.open()
    page, field = window.page, window.field
    field.another_program("UPDATE buildings SET height = 50 WHERE twin_id = 'b1'")
    assert window.shows("buildings/b1")
    field.somebody_sets("buildings", "b1", height=77.0)
    field.somebody_sets("buildings", "b2", name="Theirs")
    pulled(window)
    (text,) = said(window)
    assert text == "1 changed by others · 1 conflict to resolve"
    assert spin(lambda: page.model.all_changes()[0].conflict)
    wanted: list[str] = []
    page.resolve_wanted.connect(wanted.append)
    press(window, "Resolve…")
    assert wanted == [str(field.path)]
    canvas = page._iface.mapCanvas()
    canvas.setExtent(QgsRectangle(0, 0, 1000, 1000))
    press(window, "Zoom To")
    assert canvas.extent().contains(QgsPointXY(91080, 436000)) and canvas.extent().width() < 1000
    assert page.view.resolve_action.isEnabled()
    field.somebody_sets("trees", "t1", species="Quercus robur")
    field.somebody_sets("buildings", "b2", name="Theirs again")
    pulled(window)
    press(window, "Details…")
    assert isinstance(page.pulls.dialog, PullReportDialog)
    lines = [sentence.text for sentence in page.pulls.dialog.report.sentences]
    assert lines == ["Buildings: 1 changed by others", "Trees: 1 changed by others"]
    page.pulls.dialog.reject()
    assert page.pulls.dialog is None


def test_it_waits_for_unsaved_edits(window: Window) -> None:
    window.open()
    page, layer = window.page, window.layer("buildings")
    set_value(layer, "b1", "name", "Mine")
    window.field.somebody_sets("buildings", "b1", height=77.0)
    page._iface.messageBar().clearWidgets()
    page.view.pull_button.click()
    assert spin(lambda: bool(said(window)))
    assert said(window) == ["Pull is waiting until you finish editing Buildings."]
    assert page.status.text == "Pull is waiting until you finish editing Buildings."
    press(window, "Save and Go On")
    assert spin(lambda: page.pulls.presenter is None)
    window.rest()
    assert said(window) == ["merged into 1 of your edits"]
    assert layer.isEditable() and not layer.isModified()
    assert window.shows("buildings/b1")


def test_a_waiting_pull_can_be_cancelled_and_leaves_the_edits(window: Window) -> None:
    window.open()
    page, layer = window.page, window.layer("buildings")
    set_value(layer, "b1", "name", "Mine")
    window.field.somebody_sets("buildings", "b1", height=77.0)
    page._iface.messageBar().clearWidgets()
    page.view.pull_button.click()
    assert spin(lambda: bool(said(window)))
    press(window, "Cancel Pull")
    assert page.pulls.presenter is None and layer.isModified()
    assert said(window) == ["The pull was cancelled. Nothing was changed."]


def test_the_page_goes_away_in_the_middle(window: Window) -> None:
    window.open()
    page, layer = window.page, window.layer("buildings")
    set_value(layer, "b1", "name", "Mine")
    window.field.somebody_sets("buildings", "b1", height=77.0)
    page._iface.messageBar().clearWidgets()
    page.view.pull_button.click()
    assert spin(lambda: bool(said(window)))
    page.stop()
    assert said(window) == [] and layer.isModified() and not layer.readOnly()


# -- publishing and its history --------------------------------------------------------------------------------------


def test_the_publish_window_says_what_to_expect(window: Window) -> None:
    window.open()
    page, field = window.page, window.field
    field.another_program("UPDATE buildings SET height = 50 WHERE twin_id IN ('b1', 'b2', 'b3')")
    assert window.shows("buildings/b1", "buildings/b2", "buildings/b3")
    field.somebody_sets("buildings", "b1", height=77.0)
    pulled(window)
    page.publish()
    dialog = page.dialog
    assert dialog is not None
    presenter = dialog.presenter
    assert spin(lambda: presenter.phase == "ready" and presenter.expectation is not None)
    assert dialog.prospects.text == "Fully protected: your changes are sent in sets of at most 1,000. Each set lands " \
        "whole or not at all."  # fmt: skip
    assert dialog.prospects.conflicts.text == "1 change waits in the conflicts for your decision and will not be sent."
    dialog.message.setPlainText("Heights")
    assert dialog.publish_button.text() == "Publish the Other Changes" and dialog.publish_button.isEnabled()
    at_clash = dialog.prospects.at_clash
    at_clash.setCurrentIndex(at_clash.findData("stop"))
    at_clash.activated.emit(at_clash.currentIndex())
    assert not dialog.publish_button.isEnabled()
    assert dialog.why.text() == "Resolve the conflicts first, or choose to publish the rest without them."
    at_clash.setCurrentIndex(at_clash.findData("skip"))
    at_clash.activated.emit(at_clash.currentIndex())
    dialog.publish_button.click()
    assert spin(lambda: presenter.phase == "report")
    assert dialog.report.protected.text() == "What was sent went as one set: all of it or nothing."
    assert presenter.counted() == {"clash": 1, "published": 2}
    wanted: list[str] = []
    page.resolve_wanted.connect(wanted.append)
    dialog.report.resolve_button.click()
    assert page.dialog is None and wanted == [str(field.path)]


def test_what_was_stopped_is_called_not_sent(window: Window) -> None:
    window.open()
    page, field = window.page, window.field
    field.another_program("UPDATE buildings SET height = 50 WHERE twin_id IN ('b1', 'b2', 'b3')")
    assert window.shows("buildings/b1", "buildings/b2", "buildings/b3")
    field.somebody_sets("buildings", "b1", height=77.0)
    page.publish()
    presenter = page.dialog.presenter
    assert spin(lambda: presenter.phase == "ready")
    presenter.choose_on_conflict("stop")
    presenter.say("All or nothing")
    assert presenter.publish()
    assert spin(lambda: presenter.phase == "report")
    assert presenter.counted() == {"clash": 1, "unsent": 2}
    assert page.dialog.report.table.topLevelItem(1).text(3) == "Not sent"
    assert presenter.headline.startswith("Nothing was published.")
    page.dialog.reject()
    presenter.choose_on_conflict("skip")


def test_the_history(window: Window, tmp_path: Path, monkeypatch) -> None:
    window.open()
    page, field = window.page, window.field
    page.view.history_action.trigger()
    (history,) = page.publishing.histories.values()
    assert spin(lambda: not history.presenter.loading)
    assert history.empty.title == "Nothing Published Yet" and not history.save_button.isVisible()
    for n, message in enumerate(("Heights of the Coolhaven survey", "=Names")):
        field.another_program(f"UPDATE buildings SET height = {50 + n} WHERE twin_id IN ('b1', 'b2')")
        assert window.shows("buildings/b1", "buildings/b2")
        if n:
            field.somebody_sets("buildings", "b1", height=77.0)
        page.publish()
        presenter = page.dialog.presenter
        assert spin(lambda presenter=presenter: presenter.phase == "ready")
        presenter.say(message)
        assert presenter.publish()
        assert spin(lambda presenter=presenter: presenter.phase == "report")
        page.dialog.reject()
        window.rest()
    assert spin(lambda: len(history.presenter.lines) == 2 and len(history.presenter.features) == 2)
    rows = [[history.table.topLevelItem(row).text(column) for column in range(1, 5)] for row in range(2)]
    assert rows == [
        ["=Names", "1 published, 1 conflict", rows[0][2], "All or nothing"],
        ["Heights of the Coolhaven survey", "2 published", rows[0][2], "All or nothing"],
    ]
    features = history.features
    shown = [[features.topLevelItem(row).text(column) for column in range(4)] for row in range(2)]
    assert shown == [
        ["Schiedamseweg 1", "Buildings", "Changed", "Conflict"],
        ["Mathenesserlaan 2", "Buildings", "Changed", "Published"],
    ]
    assert history.table.currentItem() is history.table.topLevelItem(0)
    assert "Somebody else changed this feature" in history.words.text()
    history.table.setCurrentItem(history.table.topLevelItem(1))
    assert spin(lambda: history.presenter.features and history.presenter.features[0].state == "published")
    assert history.story.text().startswith("“Heights of the Coolhaven survey”")
    target = tmp_path / "history.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target.with_suffix("")), ""))
    history.save(False)
    assert spin(lambda: history.said.text() == "The history is in history.csv.")
    lines = target.read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 5 and "'=Names" in lines[1], "a spreadsheet must not run it"
    history.said.setText("")
    history.save(True)
    assert spin(lambda: bool(history.said.text()))
    assert len(target.read_text(encoding="utf-8-sig").splitlines()) == 3
    history.reject()
    assert page.publishing.histories == {}
