"""Two people judge one pilot: their lists merge inside, in the algorithms and in the window; a criterion that both
judged otherwise is asked in words."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsProcessingContext, QgsProcessingFeedback, QgsProject, QgsSettings
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import Qt

from plugin.demo.app import create_app
from plugin.demo.city import pilots_for_data
from plugin.demo.settings import Settings
from plugin.demo.store import Store
from plugin.gui import conflict_cells as cells
from plugin.gui.conflict_entries import EntryCell
from plugin.gui.conflicts_presenter import ConflictsPresenter
from plugin.gui.conflicts_window import ConflictsWindow
from plugin.map.pilots.combining import inside_of, open_copy
from plugin.pilots import stages
from plugin.pilots.parts import Assessment
from plugin.pilots.reading import as_columns, find_pilot, pilots_source, read_pilots
from plugin.pilots.record import Pilot, written
from plugin.processing.publish import Publish
from plugin.processing.pull import Pull
from plugin.processing.resolve import Resolve
from plugin.twin.client import Twin
from plugin.workcopy.checkout import checkout
from plugin.workcopy.connection import opened
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.publish import publish
from tests.qgis.map.meanwhile import spin
from tests.twin_server import serve_app

ROOT = Path(__file__).resolve().parents[3]
TODAY = date(2026, 11, 23)


class Two:
    """A twin with pilots, and what two people have checked out of it."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "twin.sqlite")
        self.store.load("Pilots", "", [pilots_for_data()])
        self.url, self._stop = serve_app(create_app(self.store, Settings()))
        self.paths = [folder / name for name in ("mine.gpkg", "theirs.gpkg")]
        checkout(Twin(self.url), ["pilots"], self.paths[0])
        shutil.copyfile(*self.paths)
        self.mine, self.theirs = (open_copy(path) for path in self.paths)

    def stop(self) -> None:
        self._stop()
        self.store.close()

    def pilot(self, key: str, copy: WorkingCopy | None = None) -> Pilot:
        return find_pilot(read_pilots(copy or self.mine), key)

    def save(self, copy: WorkingCopy, pilot: Pilot) -> None:
        values = as_columns(pilots_source(copy), written(pilot))
        assert values
        with opened(copy.path, write=True) as connection:
            for name, value in values.items():
                connection.execute(f'UPDATE pilots SET "{name}" = ? WHERE fid = ?', (value, pilot.fid))

    def they(self, pilot: Pilot) -> None:
        """They edit and publish."""
        self.save(self.theirs, pilot)
        assert publish(self.theirs, Twin(self.url), "m").published == 1

    def there(self, key: str) -> Pilot:
        """The pilot as the twin has it."""
        again = self.paths[0].with_name("again.gpkg")
        again.unlink(missing_ok=True)
        checkout(Twin(self.url), ["pilots"], again)
        return find_pilot(read_pilots(WorkingCopy.open(again)), key)


@pytest.fixture
def two(tmp_path: Path, qgis_app: Any) -> Iterator[Two]:
    QgsSettings().remove("citytwin")
    found = Two(tmp_path)
    yield found
    found.stop()


class Told(QgsProcessingFeedback):
    def __init__(self) -> None:
        super().__init__(False)
        self.said: list[str] = []

    def pushInfo(self, text: str) -> None:
        self.said.append(text)


def run(kind: type, path: Path, **parameters: Any) -> tuple[dict[str, Any], list[str]]:
    told, context, algorithm = Told(), QgsProcessingContext(), kind()
    context.setProject(QgsProject.instance())
    results, good = algorithm.create().run({"WORKING_COPY": str(path), **parameters}, context, told)
    assert good, told.said
    return results, told.said


def judged(pilot: Pilot, **ratings: str) -> Pilot:
    """With other ratings of technical criteria; data standards are ``data_standards``."""
    wanted = {name.replace("_", " "): rating for name, rating in ratings.items()}
    kept = [one for one in pilot.technical if one.criterion not in wanted]
    new = [Assessment(name, rating, f"Seen by the one who says {rating}", TODAY) for name, rating in wanted.items()]
    return replace(pilot, technical=(*kept, *new))


def ratings(pilot: Pilot) -> dict[str, str]:
    return {one.criterion: one.rating for one in pilot.technical}


def test_who_judged_other_criteria_never_clashes(two: Two) -> None:
    """By the algorithms, as a night's job runs them: pull, publish."""
    pilot = two.pilot("P-06")
    two.they(stages.noted(judged(pilot, reuse="met"), "Twenty rules", at=date(2026, 11, 20)))
    two.save(two.mine, stages.noted(judged(pilot, maintenance="not met"), "It goes on", at=date(2026, 11, 22)))
    results, said = run(Pull, two.paths[0])
    assert (results["MERGED"], results["CONFLICTS"], results["UPDATED"]) == (1, 0, 0)
    (sentence,) = [line for line in said if "merged inside" in line]
    assert sentence.startswith(f"{pilot.name}: ") and "Stage history, Technical conditions" in sentence
    results, _ = run(Publish, two.paths[0], MESSAGE="m")
    assert (results["PUBLISHED"], results["CONFLICTS"]) == (1, 0)
    found = two.there("P-06")
    assert ratings(found) == {**ratings(pilot), "reuse": "met", "maintenance": "not met"}
    assert [one.reason for one in found.history][-2:] == ["Twenty rules", "It goes on"]
    assert two.mine.changes() == []


def test_a_publish_merges_likewise(two: Two) -> None:
    pilot = two.pilot("P-06")
    two.they(judged(pilot, reuse="met"))
    two.save(two.mine, judged(pilot, maintenance="not met"))
    results, _ = run(Publish, two.paths[0], MESSAGE="m")
    assert (results["PUBLISHED"], results["CONFLICTS"]) == (1, 0)
    assert ratings(two.there("P-06")) == {**ratings(pilot), "reuse": "met", "maintenance": "not met"}


@pytest.mark.parametrize("side", ["mine", "theirs"])
def test_only_the_criterion_that_both_judged_is_decided(two: Two, side: str) -> None:
    pilot = two.pilot("P-06")
    two.they(judged(pilot, reuse="met", interoperability="met"))
    two.save(two.mine, judged(pilot, reuse="not met", maintenance="not met"))
    results, _ = run(Pull, two.paths[0])
    assert results["CONFLICTS"] == 1
    results, _ = run(Resolve, two.paths[0], STRATEGY=side)
    assert (results["RESOLVED"], results["REMAINING"]) == (1, 0)
    want = {"reuse": "not met" if side == "mine" else "met", "interoperability": "met", "maintenance": "not met"}
    assert ratings(two.pilot("P-06")) == {**ratings(pilot), **want}, "what did not clash is there either way"


# -- the window


class Window:
    def __init__(self, two: Two) -> None:
        self.canvas = QgsMapCanvas()
        self.presenter = ConflictsPresenter(two.mine)
        self.window = ConflictsWindow(self.presenter, self.canvas)
        self.window.resize(1180, 720)
        self.window.show()
        self.presenter.load()
        assert spin(lambda: self.presenter.phase == "ready" and bool(self.presenter.conflicts))
        self.model = self.window.panel.table.cells

    def texts(self, row: int) -> list[str]:
        return [str(self.model.index(row, column).data()) for column in range(5)]

    def rows(self) -> list[list[str]]:
        return [self.texts(row) for row in range(self.model.rowCount())]

    def close(self) -> None:
        self.window.close()
        self.window.deleteLater()
        self.canvas.deleteLater()


@pytest.fixture
def window(two: Two) -> Iterator[Window]:
    """Reuse and data standards judged by both; interoperability by them, maintenance by me; both wrote the summary, and
    each a line of the history."""
    pilot = two.pilot("P-06")
    theirs = judged(pilot, reuse="met", data_standards="not met", interoperability="met")
    two.they(stages.noted(replace(theirs, summary="Theirs"), "Twenty rules", at=date(2026, 11, 20)))
    mine = judged(pilot, reuse="not met", data_standards="met", maintenance="not met")
    two.save(two.mine, stages.noted(replace(mine, summary="Mine"), "It goes on", at=date(2026, 11, 22)))
    run(Pull, two.paths[0])
    found = Window(two)
    yield found
    found.close()


def test_each_criterion_that_clashes_is_a_line_in_words(window: Window) -> None:
    titles = [row[0] for row in window.rows()]
    assert set(titles[:3]) == {
        "Summary",
        "Data standards · Technical conditions",
        "Reuse elsewhere · Technical conditions",
    }
    assert set(titles[3:]) == {"Stage history", "Technical conditions: all else"}
    row = window.texts(titles.index("Reuse elsewhere · Technical conditions"))
    assert row[2].startswith("Not met · ") and row[2].endswith(" · Seen by the one who says not met")
    assert row[3].startswith("Met · ") and row[4] == "Choose…"
    history = window.texts(titles.index("Stage history"))
    assert "It goes on" in history[2] and "Twenty rules" in history[3]
    assert "It goes on" in history[4] and "Twenty rules" in history[4]
    rest = window.texts(titles.index("Technical conditions: all else"))
    assert "Interoperability: Met" in rest[3] and "Interoperability: Met" in rest[4] and "Maintenance" in rest[4]
    assert not any("{" in text for row in window.rows() for text in row), "no JSON is shown"
    tip = window.model.index(titles.index("Stage history"), cells.RESULT).data(Qt.ItemDataRole.ToolTipRole)
    assert "Twenty rules" in tip and "{" not in tip
    (conflict,) = window.presenter.conflicts
    assert window.window.list.conflicts.index_of(conflict.key).data(cells._USER + 3) == "3 open"


def test_each_criterion_is_decided_by_itself(two: Two, window: Window) -> None:
    before = ratings(two.pilot("P-06"))
    (conflict,) = window.presenter.conflicts
    for row in range(window.model.rowCount()):
        cell = window.model.cell(row)
        editable = bool(window.model.flags(window.model.index(row, cells.RESULT)) & Qt.ItemFlag.ItemIsEditable)
        assert editable == (cell.column == "summary"), "a list is nothing to write by hand"
        pickable = bool(window.model.index(row, cells.MINE).data(cells.PICKABLE))
        assert pickable == (not isinstance(cell, EntryCell) or bool(cell.name))
    assert not window.presenter.apply()
    for title, column in (("reuse", cells.MINE), ("data standards", cells.THEIRS)):
        row = window.model.row_of(f"technical\n{title}")
        assert window.model.pick(window.model.index(row, column))
    assert window.model.pick(window.model.index(window.model.row_of("summary"), cells.THEIRS))
    assert [row[4].split(" · ")[0] for row in window.rows()[:3]].count("Not met") == 2
    assert window.presenter.apply()
    assert spin(lambda: window.presenter.phase == "ready" and not window.presenter.conflicts)
    found = two.pilot("P-06")
    want = {"reuse": "not met", "data standards": "not met", "interoperability": "met", "maintenance": "not met"}
    assert ratings(found) == {**before, **want} and found.summary == "Theirs"
    assert [one.reason for one in found.history][-2:] == ["Twenty rules", "It goes on"]
    assert open_copy(two.paths[0]).conflicts() == [] and conflict.key


def test_neither_of_both(two: Two, window: Window) -> None:
    """Back to what it was: the base can be chosen for one criterion alone."""
    was = json.loads(next(c for c in window.presenter.conflicts[0].cells if c.column == "technical\nreuse").base)
    (key,) = [conflict.key for conflict in window.presenter.conflicts]
    window.presenter.take(key, "mine")
    window.presenter.pick(key, "technical\nreuse", "base")
    assert window.presenter.apply()
    assert spin(lambda: window.presenter.phase == "ready" and not window.presenter.conflicts)
    found = ratings(two.pilot("P-06"))
    assert found["reuse"] == was["rating"] and found["data standards"] == "met" and found["interoperability"] == "met"


# -- that nobody forgets it


def test_only_pilots_have_it(two: Two) -> None:
    (source,) = two.mine.sources
    look = inside_of(source)
    assert look is not None and source.inside is not None
    assert look("technical", "[]", '[{"criterion":"a"}]', '[{"criterion":"b"}]') is not None
    assert look("name", "a", "b", "c") is None and look("geom", None, b"1", b"2") is None
    other = replace(source, collection="areas")
    found = inside_of(other)
    assert found is None or found("technical", "[]", '[{"criterion":"a"}]', '[{"criterion":"b"}]') is None
    assert inside_of(replace(source, geometry_type="Point")) is None


def test_every_working_copy_of_the_window_is_opened_with_it() -> None:
    """Whoever opens one otherwise asks people about what the others merge."""
    place = re.compile(r"\bWorkingCopy\.open\(")
    found = [
        str(path.relative_to(ROOT))
        for folder in ("map", "gui", "processing")
        for path in sorted((ROOT / "plugin" / folder).rglob("*.py"))
        if place.search(path.read_text(encoding="utf-8"))
    ]
    assert found == ["plugin/map/pilots/combining.py"]
