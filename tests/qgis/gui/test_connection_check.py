"""The connection dialog: what it refuses, and what it says about real answers."""

from __future__ import annotations

import pytest
from qgis.core import QgsSettings
from qgis.PyQt.QtWidgets import QDialog

from plugin.gui.connection_check import ConnectionTest, fault
from plugin.gui.connection_dialog import ConnectionDialog
from plugin.map import connections
from plugin.map.connections import Connection
from tests.qgis.gui.window import html_site
from tests.qgis.map.meanwhile import spin
from tests.twin_server import serve_app


@pytest.fixture(autouse=True)
def _own_settings(qgis_app):
    QgsSettings().remove("citytwin")
    yield
    QgsSettings().remove("citytwin")


def kinds(report: list) -> set[str]:
    return {sentence.kind for sentence in report}


def test_the_report_of_the_demo_twin_is_good_news(demo_twin):
    test, heard = ConnectionTest(), []
    test.reported.connect(lambda title, report: heard.append((title, report)))
    test.start(Connection("", demo_twin.url))
    assert test.running
    assert spin(lambda: heard)
    title, report = heard[0]
    assert title.startswith("Rotterdam")
    assert kinds(report) == {"good"}
    assert not test.running


@pytest.mark.parametrize(("url", "word"), [("nonsense", "address"), ("http://127.0.0.1:9/", "does not accept")])
def test_a_wrong_address_is_a_sentence(url, word):
    test, heard = ConnectionTest(), []
    test.reported.connect(lambda _title, report: heard.append(report))
    test.start(Connection("x", url))
    assert spin(lambda: heard)
    assert kinds(heard[0]) == {"bad"}
    assert word in heard[0][0].text


def test_a_web_site_is_no_twin():
    url, stop = serve_app(html_site)
    try:
        test, heard = ConnectionTest(), []
        test.reported.connect(lambda _title, report: heard.append(report))
        test.start(Connection("x", url))
        assert spin(lambda: heard)
    finally:
        stop()
    assert kinds(heard[0]) == {"bad"}
    assert "Traceback" not in heard[0][0].text


def test_cancel_is_at_once_and_nothing_comes_after_it(demo_twin):
    test, heard, ended = ConnectionTest(), [], []
    test.reported.connect(lambda *_: heard.append(1))
    test.cancelled.connect(lambda: ended.append(1))
    test.start(Connection("x", demo_twin.url))
    test.cancel()
    assert ended == [1]
    assert not test.running
    assert not spin(lambda: heard, 1)


def test_faults():
    connections.save(Connection("Delft", "https://example.org/twin"))
    good = "https://example.org/other"
    assert "name" in fault(Connection("  ", good))
    assert "address" in fault(Connection("x", ""))
    assert "https://" in fault(Connection("x", "example.org"))
    assert "authentication" in fault(Connection("x", "https://me:you@example.org/"))  # pragma: allowlist secret
    assert "already" in fault(Connection("Delft", good))
    assert fault(Connection("Delft", good), "Delft") == ""
    assert fault(Connection("x", good)) == ""


def test_the_dialog_saves_renames_and_refuses(qtbot):
    dialog = ConnectionDialog()
    qtbot.addWidget(dialog)
    dialog.accept()
    assert dialog.bar.currentItem() is not None
    assert dialog.result() != QDialog.DialogCode.Accepted
    dialog.name.setText("Delft ")
    dialog.url.setText(" https://example.org/twin")
    dialog.accept()
    assert connections.all() == [Connection("Delft", "https://example.org/twin")]

    again = ConnectionDialog(connections.get("Delft"))
    qtbot.addWidget(again)
    again.name.setText("Den Haag")
    again.accept()
    assert [one.name for one in connections.all()] == ["Den Haag"]
    assert again.connection is not None
    assert again.connection.name == "Den Haag"


def test_the_dialog_shows_that_it_is_busy_and_then_the_report(qtbot, demo_twin):
    dialog = ConnectionDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.url.setText(demo_twin.url)
    dialog.test_button.click()
    assert dialog.busy.isVisible()
    assert "Cancel" in dialog.test_button.text()
    assert spin(lambda: dialog.report.sentences)
    assert not dialog.busy.isVisible()
    assert "Cancel" not in dialog.test_button.text()
