"""Publishing without a window, to a real twin over QGIS's network."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from qgis.core import QgsSettings
from qgis.PyQt.QtWidgets import QMessageBox

from plugin.gui.publish_presenter import PublishPresenter
from plugin.gui.publish_report import PublishReportView
from plugin.gui.publish_targets import remember, remembered
from plugin.map import connections
from plugin.map.connections import Connection
from plugin.twin.errors import CityTwinError
from plugin.workcopy import journal
from plugin.workcopy.connection import opened, transaction
from plugin.workcopy.journal import Entry
from tests.qgis.gui.edited_copies import Field
from tests.qgis.map.meanwhile import spin

BOWTIE = "POLYGON((91200 436200,91220 436220,91220 436200,91200 436220,91200 436200))"


@pytest.fixture(autouse=True)
def _own_settings(qgis_app):
    QgsSettings().remove("citytwin")
    yield
    QgsSettings().remove("citytwin")


def checked(field: Field, **options) -> PublishPresenter:
    presenter = PublishPresenter(field.copy, **options)
    presenter.check()
    assert presenter.phase == "checking"
    assert spin(lambda: presenter.phase == "ready")
    return presenter


def published(presenter: PublishPresenter, message: str = "Heights") -> PublishPresenter:
    presenter.say(message)
    assert presenter.publish(), presenter.obstacle
    assert spin(lambda: not presenter.busy)
    print(presenter.error, presenter.report)
    return presenter


def test_nothing_to_publish(field: Field) -> None:
    presenter = checked(field)
    assert presenter.targets == ()
    assert presenter.obstacle == "There are no changes to publish."
    presenter.say("why")
    assert not presenter.publish()


def test_a_message_is_required(field: Field) -> None:
    field.another_program("UPDATE buildings SET height = 50 WHERE twin_id = 'b1'")
    presenter = checked(field)
    presenter.say("  \n ")
    assert "Write a message" in presenter.obstacle
    assert not presenter.publish()
    presenter.say("Measured")
    assert presenter.obstacle == ""


def test_publish(field: Field) -> None:
    field.another_program(
        "UPDATE buildings SET height = 50 WHERE twin_id = 'b1'",
        "DELETE FROM trees WHERE twin_id = 't2'",
        "INSERT INTO trees (species, geom) VALUES ('Quercus robur', (SELECT geom FROM trees WHERE twin_id = 't1'))",
    )
    written: list[bool] = []
    presenter = checked(field, after_writing=lambda: written.append(True))
    assert presenter.target is not None
    assert (presenter.target.url, presenter.target.saved) == (field.twin.url, False)
    assert (presenter.target.counts.inserted, presenter.target.counts.updated, presenter.target.counts.deleted) == (
        1,
        1,
        1,
    )
    published(presenter)
    assert presenter.phase == "report"
    assert presenter.headline == "All 3 changes were published."
    assert written == [True]
    assert field.item("buildings", "b1")["properties"]["height"] == 50
    assert sorted(item["properties"]["species"] for item in field.items("trees")) == [
        "Quercus robur", "Tilia europaea", "Tilia europaea", "Tilia europaea",
    ]  # fmt: skip
    assert not field.copy.has_changes()
    assert remembered() == ["Heights"]


def test_a_saved_connection_is_used(field: Field) -> None:
    connections.save(Connection("Rotterdam", field.twin.url.rstrip("/"), "abc1234"))
    field.another_program("UPDATE buildings SET height = 50 WHERE twin_id = 'b1'")
    presenter = checked(field)
    assert presenter.target is not None
    assert (presenter.target.title, presenter.target.saved) == ("Rotterdam", True)
    assert presenter.target.connection.authcfg == "abc1234"


def test_a_clash_is_not_overwritten(field: Field) -> None:
    field.another_program(
        "UPDATE buildings SET height = 50 WHERE twin_id = 'b1'",
        "UPDATE buildings SET height = 60 WHERE twin_id = 'b2'",
    )
    field.somebody_sets("buildings", "b1", height=7.5)
    presenter = published(checked(field))
    assert presenter.counted() == {"clash": 1, "published": 1}
    assert [(row.change.twin_id, row.state, row.layer, row.what) for row in presenter.rows()] == [
        ("b1", "clash", "Buildings", "Changed"),
        ("b2", "published", "Buildings", "Changed"),
    ]
    (clash,) = presenter.rows("clash")
    assert presenter.rows(most=1) == presenter.rows()[:1]
    assert clash.words.startswith("Somebody else changed this feature meanwhile.")
    assert "yours is kept" in clash.words
    assert presenter.headline == "1 change was published. 1 change stays in the working copy."
    assert field.item("buildings", "b1")["properties"]["height"] == 7.5
    (left,) = field.copy.changes()
    assert left.conflict and left.twin_id == "b1"
    cell = left.cell("height")
    assert cell is not None and cell.new == 50


def test_problems_are_told_and_the_others_sent(field: Field) -> None:
    field.another_program_draws("buildings", "b1", BOWTIE)
    field.another_program("UPDATE buildings SET height = 60 WHERE twin_id = 'b2'")
    presenter = checked(field)
    (problem,) = presenter.problems
    assert (problem.twin_id, problem.message) == ("b1", "The outline crosses itself.")
    assert problem.at == pytest.approx((91210, 436210))
    assert (presenter.blocked, presenter.sendable) == (1, 1)
    published(presenter)
    assert presenter.counted() == {"failed": 1, "published": 1}
    assert presenter.problems_by_key() == {"buildings/b1": ["The outline crosses itself."]}
    assert field.item("buildings", "b2")["properties"]["height"] == 60
    assert [change.twin_id for change in field.copy.changes()] == ["b1"]
    only = checked(field)
    only.say("again")
    assert "Every change has a problem" in only.obstacle


def test_the_twin_is_away(field: Field) -> None:
    field.another_program("UPDATE buildings SET height = 60 WHERE twin_id = 'b2'")
    presenter = checked(field)
    field.twin.stop()
    published(presenter)
    assert presenter.phase == "ready"
    assert "does not accept connections" in presenter.error
    assert field.copy.has_changes()
    assert presenter.message == "Heights"  # nothing has to be typed again


def test_without_credentials(tmp_path: Path, field: Field) -> None:
    from plugin.twin.errors import AccessDenied

    def denied(_connection, _progress):
        raise AccessDenied("The twin does not let you in.", status=401)

    field.another_program("UPDATE buildings SET height = 60 WHERE twin_id = 'b2'")
    presenter = published(checked(field, open_twin=denied))
    assert presenter.error.startswith("The twin does not let you in. There is no saved connection to http://127.0.0.1:")
    connections.save(Connection("Rotterdam", field.twin.url))
    presenter = published(checked(field, open_twin=denied))
    assert presenter.error == "The twin does not let you in."


def test_open_edits_prevent_it(field: Field) -> None:
    field.another_program("UPDATE buildings SET height = 60 WHERE twin_id = 'b2'")
    presenter = checked(field, before_writing=lambda: False)
    presenter.say("Heights")
    assert not presenter.publish()
    assert presenter.phase == "ready"
    assert field.item("buildings", "b2")["properties"]["height"] != 60


def test_cancel_keeps_what_was_not_sent(field: Field) -> None:
    field.another_program("UPDATE buildings SET height = height + 30")
    presenter = checked(field)
    presenter.say("All of them")
    steps: list[int] = []

    def stop_soon(done: int, total: object, words: str) -> None:
        if presenter.phase == "publishing":
            steps.append(done)
            presenter.cancel()

    presenter.progressed.connect(stop_soon)
    assert presenter.publish()
    presenter.cancel()
    assert spin(lambda: not presenter.busy)
    changed = sum(item["properties"]["height"] > 38 for item in field.items("buildings"))
    assert changed + len(field.copy.changes()) == 12
    assert len(field.copy.changes()) > 0
    said = presenter.stopped if presenter.report else presenter.error
    assert said.startswith("Cancelled.")


def test_report_for_others(field: Field, tmp_path: Path) -> None:
    field.another_program(
        "UPDATE buildings SET height = 50, name = '=HYPERLINK(1)' WHERE twin_id = 'b1'",
        "UPDATE buildings SET height = 60 WHERE twin_id = 'b2'",
    )
    field.somebody_sets("buildings", "b2", height=7.5)
    presenter = published(checked(field))
    presenter.save_csv(tmp_path / "report.csv")
    with (tmp_path / "report.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["Result", "Layer", "Feature", "Id", "Change", "Explanation"]
    assert rows[1][0] == "Conflict" and rows[1][3] == "b2" and rows[1][5]
    assert rows[2][:3] == ["Published", "Buildings", "'=HYPERLINK(1)"]  # a spreadsheet must not run it
    text = presenter.as_text().splitlines()
    assert text[0] == presenter.headline
    assert text[1] == presenter.protected != ""
    assert next(line for line in text if line.startswith("Conflict\t")).startswith("Conflict\tBuildings\t")
    with pytest.raises(CityTwinError, match="could not be written"):
        presenter.save_csv(tmp_path / "nowhere" / "report.csv")


def test_messages_are_remembered_once(qgis_app) -> None:
    for n in range(20):
        remember(f"message {n}")
    remember("message 15")
    remember("   ")
    assert remembered()[:3] == ["message 15", "message 19", "message 18"]
    assert len(remembered()) == 12


def test_a_create_that_is_held_back_goes_when_the_user_says_so(field: Field, qgis_app, monkeypatch) -> None:
    field.another_program("INSERT INTO buildings (name) VALUES ('Without an outline')")
    (change,) = field.copy.changes()
    with opened(field.copy.path, write=True) as connection, transaction(connection):
        sent = {"name": "Without an outline"}  # as it stands after a create whose answer never came
        entry = Entry(0, "earlier", "m", change.table, "insert", change.fid, None, None, None, sent, label=change.label)
        journal.settle(connection, journal.write_ahead(connection, entry), "held")
    presenter = published(checked(field))
    (row,) = presenter.rows("held")
    assert "Send Again" in row.words and presenter.may_release(row)
    view = PublishReportView(presenter)
    view.show_report()
    assert view.again_button.isVisibleTo(view) and view.again_button.isEnabled()
    asked: list[str] = []

    def answer(box: QMessageBox) -> None:
        asked.append(box.text())
        box.buttons()[0].click() if len(asked) > 1 else box.buttons()[1].click()

    monkeypatch.setattr(QMessageBox, "exec", answer)
    view.send_again()
    assert presenter.may_release(row), "a no is a no"
    view.send_again()
    assert asked and spin(lambda: not presenter.may_release(row))
    view.show_report()
    assert not view.again_button.isVisibleTo(view) and presenter.rows("held")[0].words.startswith("It is sent")
    before = len(field.items("buildings"))
    assert published(checked(field)).counted() == {"published": 1}
    assert len(field.items("buildings")) == before + 1
