"""The publish window with more than anybody reads."""

from __future__ import annotations

import time
from pathlib import Path

from plugin.gui.publish_dialog import PublishDialog
from plugin.gui.publish_presenter import PublishPresenter
from plugin.workcopy.changes import Change
from plugin.workcopy.publish import Outcome, PublishReport
from plugin.workcopy.validate import Problem
from tests.hand_made import houses, make


def test_ten_thousand_results(qgis_app, tmp_path: Path) -> None:
    copy = make(tmp_path / "houses.gpkg", {"buildings": houses(1)})
    presenter = PublishPresenter(copy)
    dialog = PublishDialog(presenter)
    changes = [Change("buildings", "update", n, f"b{n}", None, (), f"House {n}") for n in range(10_000)]
    outcomes = [Outcome(change, "clash" if change.fid == 9_999 else "published", "words") for change in changes]
    presenter.report = PublishReport(tuple(outcomes))
    presenter.phase = "report"
    begin = time.process_time()
    presenter.changed.emit()
    spent = time.process_time() - begin
    table = dialog.report.table
    assert table.topLevelItemCount() == 1001
    assert table.topLevelItem(0).text(3) == "Conflict"
    assert table.topLevelItem(1000).text(0) == "and 9000 more"
    assert dialog.report.words.text() == "words"
    assert len(presenter.as_table()) == 10_001
    print(f"{spent * 1000:.0f} ms")
    assert spent < 0.15
    dialog.deleteLater()


def test_a_thousand_problems_and_more(qgis_app, tmp_path: Path) -> None:
    copy = make(tmp_path / "houses.gpkg", {"buildings": houses(1)})
    presenter = PublishPresenter(copy)
    dialog = PublishDialog(presenter)
    found = [Problem("buildings", n, f"b{n}", f"House {n}", None, "words", (1.0, 2.0), f"k{n}") for n in range(1500)]
    presenter.problems = tuple(found)
    presenter.phase = "ready"
    zoomed: list[object] = []
    dialog.zoom.connect(lambda table, at: zoomed.append((table, at)))
    presenter.changed.emit()
    assert dialog.problems.topLevelItemCount() == 1001
    dialog.zoom_button.click()
    assert zoomed == [("buildings", (1.0, 2.0))]
    dialog.problems.setCurrentItem(dialog.problems.topLevelItem(1000))
    dialog.zoom_button.click()
    assert len(zoomed) == 1
    dialog.deleteLater()
