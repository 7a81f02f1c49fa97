"""The log panel and the message bar."""

from __future__ import annotations

import pytest
from qgis.core import Qgis, QgsApplication
from qgis.gui import QgsMessageBar
from qgis.PyQt.QtWidgets import QPushButton, QTextBrowser

from plugin.map.log import log, log_error, push, push_error
from plugin.twin.errors import CityTwinError


@pytest.fixture()
def lines(qgis_app):
    found = []
    hear = lambda text, tab, level: found.append((tab, text, level))  # noqa: E731
    QgsApplication.messageLog().messageReceived.connect(hear)
    yield found
    QgsApplication.messageLog().messageReceived.disconnect(hear)


class Window:
    """As much of QgisInterface as is used."""

    def __init__(self) -> None:
        self.bar = QgsMessageBar()
        self.opened = 0

    def messageBar(self):
        return self.bar

    def openMessageLog(self):
        self.opened += 1


def test_lines_go_to_our_tab(lines):
    log("hello")
    log_error(CityTwinError("What happened.", detail="line 1\nline 2"))
    assert lines == [
        ("City Twin", "hello", Qgis.MessageLevel.Info),
        ("City Twin", "What happened.\nline 1\nline 2", Qgis.MessageLevel.Critical),
    ]


def test_the_users_sentence_with_a_way_to_the_details(lines):
    window = Window()
    push_error(window, CityTwinError("The twin is away.", detail="connection refused"))
    item = window.bar.currentItem()
    assert item.text() == "The twin is away." and item.level() == Qgis.MessageLevel.Critical and item.duration() == 0
    assert "connection refused" not in item.text()
    assert lines[0][1] == "The twin is away.\nconnection refused"
    (button,) = [b for b in item.findChildren(QPushButton) if b.text() == "Details"]
    button.click()
    assert window.opened == 1


def test_good_news_goes_by_itself_and_has_no_details(lines):
    window = Window()
    push(window, "3 changes were published.", Qgis.MessageLevel.Success)
    item = window.bar.currentItem()
    assert item.duration() > 0 and not [b for b in item.findChildren(QPushButton) if b.text() == "Details"]
    assert "City Twin" not in [tab for tab, _, _ in lines]  # the bar itself keeps a history of its messages


def test_without_a_window_it_is_logged(lines):
    push(None, "Nobody looks.", Qgis.MessageLevel.Warning)
    assert lines == [("City Twin", "Nobody looks.", Qgis.MessageLevel.Warning)]


def test_names_from_outside_are_shown_as_they_are_written(lines):
    """QGIS takes a message for HTML: a picture in a sensor's name would be fetched from wherever it says."""
    window = Window()
    push(window, 'Read <img src="http://example.org/x.png"> & <b>more</b>')
    (item,) = window.bar.items()
    browser = item.findChild(QTextBrowser)
    assert 'Read <img src="http://example.org/x.png"> & <b>more</b>' in browser.toPlainText()


def test_buttons_stand_behind_the_text(qgis_app):
    window = Window()
    push(window, "What happened.", Qgis.MessageLevel.Warning, detail="why")
    item = window.bar.currentItem()
    widgets = [item.layout().itemAt(at).widget() for at in range(item.layout().count())]
    kinds = [type(one) for one in widgets]
    assert kinds.index(QTextBrowser) < kinds.index(QPushButton)
