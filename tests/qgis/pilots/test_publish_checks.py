"""Pilots are checked before they are published: errors ask for a tick, warnings are told, both lead to the pilot."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProject, QgsSettings
from qgis.PyQt.QtWidgets import QWidget

from plugin.demo.__main__ import fill
from plugin.demo.app import create_app
from plugin.demo.settings import Settings
from plugin.demo.store import Store
from plugin.gui.publish_desk import PublishDesk
from plugin.gui.publish_dialog import PublishDialog
from plugin.map.pilots.combining import open_copy
from plugin.map.pilots.findings import findings
from plugin.map.writers import Writers
from plugin.pilots.checks import check_all
from plugin.pilots.reading import read_municipality, read_pilots
from plugin.processing.publish import Publish
from plugin.twin.client import Twin
from plugin.twin.errors import Cancelled
from plugin.workcopy.checkout import checkout
from plugin.workcopy.connection import opened
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.geometry import encode
from tests.qgis.gui.window import Window
from tests.qgis.map.meanwhile import spin
from tests.twin_server import serve_app

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("served")
    store = Store(folder / "twin.sqlite")
    fill(store)
    url, stop = serve_app(create_app(store, Settings()))
    checkout(Twin(url), ["pilots", "districts", "trees"], folder / "city.gpkg")
    yield url, folder / "city.gpkg"
    stop()
    store.close()


@pytest.fixture
def copy(served: tuple[str, Path], tmp_path: Path, qgis_app: Any) -> Iterator[WorkingCopy]:
    QgsSettings().remove("citytwin")
    shutil.copyfile(served[1], tmp_path / "city.gpkg")
    yield open_copy(tmp_path / "city.gpkg")
    QgsSettings().remove("citytwin")


def run(copy: WorkingCopy, statement: str, *values: Any) -> None:
    with opened(copy.path, write=True) as connection:
        connection.execute(statement, values)


def square(x: float, y: float, size: float = 120.0) -> bytes | None:
    ring = [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]
    return encode({"type": "MultiPolygon", "coordinates": [[ring]]}, 28992)[0]


def found(copy: WorkingCopy) -> Any:
    return findings(copy, copy.changes(), TODAY)


# -- what is found


def test_only_changed_pilots_are_told_of_and_checked_among_all(copy: WorkingCopy) -> None:
    assert found(copy) == (), "nothing changed"
    run(copy, "UPDATE trees SET species = 'Tilia' WHERE fid = 1")
    assert found(copy) == (), "no pilot changed"
    ring = read_pilots(copy)[0]
    run(copy, "UPDATE pilots SET lead = NULL, summary = 'Call 06 12345678' WHERE twin_id = 'P-05'")
    run(copy, "INSERT INTO pilots (name, stage, geom) SELECT 'Copy', 'idea', geom FROM pilots WHERE fid = ?", ring.fid)
    told = found(copy)
    new = next(pilot for pilot in read_pilots(copy) if pilot.name == "Copy")
    wanted = [
        (one.pilot, one.code, one.severity)
        for one in check_all(read_pilots(copy), TODAY, read_municipality(copy))
        if one.pilot in ("P-05", new.key) and one.severity != "notice"
    ]
    assert sorted((one.pilot, one.problem.code, one.problem.severity) for one in told) == sorted(wanted)
    assert {("P-05", "missing"), ("P-05", "personal"), (new.key, "overlap")} <= {(p, code) for p, code, _ in wanted}
    assert told[0].is_error and told[0].pilot == "P-05", "the gravest first"
    assert {one.change for one in told} == {"pilots/P-05", f"pilots/new-{new.fid}"}
    run(copy, "DELETE FROM pilots WHERE twin_id = 'P-05'")
    assert {one.pilot for one in found(copy)} == {new.key}, "what is deleted is right"


def test_three_hundred_pilots(copy: WorkingCopy) -> None:
    """The check of a publish takes no time that anybody notices, and all of them some seconds in a task."""
    chance = random.Random(1)
    for number in range(290):
        at = square(chance.uniform(91000, 94000), chance.uniform(435000, 438000))
        run(copy, "INSERT INTO pilots (name, stage, geom) VALUES (?, 'running', ?)", f"Pilot {number}", at)
    changes = copy.changes()
    begin = time.process_time()
    everything = findings(copy, changes, TODAY)
    spent = time.process_time() - begin
    begin = time.process_time()
    one = findings(copy, changes[:1], TODAY)
    quick = time.process_time() - begin
    print(f"{len(changes)} changed: {spent:.2f} s, {len(everything)} findings; one changed: {quick * 1000:.0f} ms")
    assert len(changes) == 290 and spent < 6 and quick < 0.3
    assert [f for f in everything if f.pilot == one[0].pilot] == list(one)

    class Impatient:
        def report(self, done: int, total: Any, text: str) -> None:
            self.done = done

        def cancelled(self) -> bool:
            return getattr(self, "done", 0) > 5

    with pytest.raises(Cancelled):
        findings(copy, changes, TODAY, Impatient())  # type: ignore[arg-type]


def test_a_layer_that_cannot_be_read_stops_no_publish(copy: WorkingCopy) -> None:
    run(copy, "UPDATE pilots SET lead = NULL WHERE twin_id = 'P-05'")
    changes = copy.changes()
    run(copy, "ALTER TABLE districts RENAME TO gone")
    assert findings(copy, changes, TODAY), "without a border the rest is checked"
    run(copy, "DROP TABLE pilots")
    assert findings(copy, changes, TODAY) == ()


# -- the window


class Desk:
    def __init__(self, copy: WorkingCopy) -> None:
        self.copy = copy
        self.window = Window()
        self.parent = QWidget()
        self.wanted: list[tuple[str, str]] = []
        self.desk = PublishDesk(self.window, lambda _path, _sessions: None, Writers(self.parent), self.parent)  # type: ignore[arg-type]
        self.desk.pilot_wanted.connect(lambda path, key: self.wanted.append((path, key)))

    def open(self) -> PublishDialog:
        self.desk.open(self.copy)
        dialog = self.desk.dialog
        assert dialog is not None
        assert spin(lambda: dialog.presenter.phase == "ready" and dialog.presenter.expectation is not None)
        return dialog

    def rows(self) -> list[tuple[str, str]]:
        dialog = self.desk.dialog
        assert dialog is not None
        table = dialog.pilots.table
        return [
            (table.topLevelItem(at).text(0), table.topLevelItem(at).text(1)) for at in range(table.topLevelItemCount())
        ]

    def stop(self) -> None:
        self.desk.stop()
        self.parent.deleteLater()


@pytest.fixture
def desk(copy: WorkingCopy) -> Iterator[Desk]:
    found = Desk(copy)
    yield found
    found.stop()


def test_an_error_asks_for_a_tick(desk: Desk, served: tuple[str, Path]) -> None:
    run(desk.copy, "UPDATE pilots SET lead = NULL, summary = 'Call 06 12345678' WHERE twin_id = 'P-05'")
    run(desk.copy, "UPDATE pilots SET name = 'Another name' WHERE twin_id = 'P-02'")
    dialog = desk.open()
    pilots = dialog.pilots
    assert pilots.isVisible() and pilots.head.text() == "1 pilot to be published has errors."
    rows = desk.rows()
    name = next(one.name for one in read_pilots(desk.copy) if one.twin_id == "P-05")
    assert rows[0][0] == name and "Lead" in rows[0][1] and any("telephone" in what for _, what in rows)
    dialog.message.setPlainText("Why")
    assert not dialog.publish_button.isEnabled()
    assert dialog.why.text() == "Mend the errors of the pilots, or choose to publish nevertheless."
    assert not dialog.presenter.publish()
    assert pilots.tick.isVisible() and pilots.tick.text() == "Publish 1 pilot with errors nevertheless"
    pilots.tick.click()
    assert dialog.publish_button.isEnabled() and dialog.why.text() == ""
    pilots.tick.click()
    assert not dialog.publish_button.isEnabled()
    pilots.tick.click()
    dialog.publish_button.click()
    assert spin(lambda: dialog.presenter.phase == "report"), dialog.presenter.error
    assert dialog.presenter.report is not None and dialog.presenter.report.published == 2


def test_a_tick_does_not_hold_for_other_errors(desk: Desk) -> None:
    run(desk.copy, "UPDATE pilots SET lead = NULL WHERE twin_id = 'P-06'")
    dialog = desk.open()
    dialog.pilots.tick.click()
    dialog.presenter.check()
    assert spin(lambda: dialog.presenter.phase == "ready") and dialog.pilots.tick.isChecked(), "the same error"
    run(desk.copy, "UPDATE pilots SET summary = NULL WHERE twin_id = 'P-06'")
    dialog.presenter.check()
    assert spin(lambda: dialog.presenter.phase == "ready") and not dialog.pilots.tick.isChecked()
    dialog.reject()


def test_warnings_are_only_told(desk: Desk) -> None:
    run(desk.copy, "UPDATE pilots SET summary = 'Call 06 12345678' WHERE twin_id = 'P-07'")
    dialog = desk.open()
    assert dialog.pilots.isVisible() and not dialog.pilots.tick.isVisible()
    assert dialog.pilots.head.text() == "1 pilot to be published has warnings."
    dialog.message.setPlainText("Why")
    assert dialog.publish_button.isEnabled()
    dialog.reject()


def test_show_leads_to_the_pilot(desk: Desk) -> None:
    run(desk.copy, "UPDATE pilots SET lead = NULL, theme = NULL WHERE twin_id IN ('P-06', 'P-05')")
    dialog = desk.open()
    table, closed = dialog.pilots.table, []
    dialog.finished.connect(closed.append)
    last = table.topLevelItem(table.topLevelItemCount() - 1)
    table.setCurrentItem(last)
    dialog.pilots.button.click()
    assert closed and desk.desk.dialog is None
    ((path, key),) = desk.wanted
    assert path == str(desk.copy.path) and key in ("P-05", "P-06")


def test_nothing_of_it_without_pilots(desk: Desk) -> None:
    run(desk.copy, "UPDATE trees SET species = 'Tilia' WHERE fid = 1")
    dialog = desk.open()
    assert not dialog.pilots.isVisible()
    dialog.reject()


def test_what_is_not_sent_asks_for_nothing(desk: Desk) -> None:
    """A change that the twin would not take stays here anyway."""
    run(desk.copy, "UPDATE pilots SET name = NULL WHERE twin_id = 'P-08'")
    dialog = desk.open()
    assert dialog.presenter.blocked == 1 and not dialog.pilots.isVisible()
    dialog.reject()


# -- the algorithm


class Told(QgsProcessingFeedback):
    def __init__(self) -> None:
        super().__init__(False)
        self.warned: list[str] = []

    def pushWarning(self, text: str) -> None:
        self.warned.append(text)


def test_the_algorithm_names_each_error(copy: WorkingCopy) -> None:
    run(copy, "UPDATE pilots SET lead = NULL, summary = 'Call 06 12345678' WHERE twin_id = 'P-09'")
    told, context = Told(), QgsProcessingContext()
    context.setProject(QgsProject.instance())
    parameters = {"WORKING_COPY": str(copy.path), "MESSAGE": "m"}
    results, good = Publish().create().run(parameters, context, told)
    assert good and results["PUBLISHED"] == 1
    name = next(one.name for one in read_pilots(copy) if one.twin_id == "P-09")
    errors = [line for line in told.warned if line.startswith(f"Pilot {name} has an error: ")]
    assert errors and not any("telephone" in line for line in told.warned), "warnings are no errors"
