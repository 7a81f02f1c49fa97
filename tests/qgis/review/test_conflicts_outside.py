"""What a field review brought and clashes, in the Conflicts window: it is called what it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qgis.core import QgsProject
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import Qt

from plugin.gui import conflict_cells as cells
from plugin.gui.conflict_words import kind_words, who_words
from plugin.gui.conflicts_presenter import ConflictsPresenter
from plugin.gui.conflicts_window import ConflictsWindow
from plugin.workcopy.connection import connect
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.excerpt import excerpt
from plugin.workcopy.handback import hand_back
from plugin.workcopy.package import Package
from tests.qgis.gui.clashing_copies import mine, small_city, theirs
from tests.qgis.map.meanwhile import spin


def run(path: Path, statement: str) -> None:
    connection = connect(path, write=True)
    connection.execute(statement)
    connection.close()


@pytest.fixture
def window(tmp_path: Path, qgis_app: Any) -> Iterator[ConflictsWindow]:
    """b1 clashes on its height with Jan outside; b2 he deleted; b3 we deleted; b4 clashes with the twin."""
    QgsProject.instance().clear()
    copy = small_city(tmp_path / "city.gpkg")
    package = tmp_path / "review.gpkg"
    excerpt(copy, package, ["buildings"], None, Package("p-1", "2026-11-20T08:00:00Z", "office", "Delfshaven", "Jan"))
    run(package, "UPDATE buildings SET height = 7, storeys = 9 WHERE twin_id IN ('b1', 'b3')")
    run(package, "DELETE FROM buildings WHERE twin_id = 'b2'")
    mine(copy, "buildings", "b1", height=8.0)
    mine(copy, "buildings", "b2", height=8.0)
    mine(copy, "buildings", "b3")
    mine(copy, "buildings", "b4", height=20.0)
    theirs(copy, "buildings", "b4", height=21.0)
    assert hand_back(WorkingCopy.open(copy.path), package).conflicts == 3
    canvas = QgsMapCanvas()
    presenter = ConflictsPresenter(WorkingCopy.open(copy.path))
    made = ConflictsWindow(presenter, canvas)
    made.resize(1180, 720)
    made.show()
    presenter.load()
    assert spin(lambda: presenter.phase == "ready" and len(presenter.conflicts) == 4)
    yield made
    made.close()
    made.deleteLater()
    canvas.deleteLater()


def header(window: ConflictsWindow) -> str:
    return str(window.panel.table.cells.headerData(cells.THEIRS, Qt.Orientation.Horizontal))


def test_it_is_called_a_field_review(window: ConflictsWindow) -> None:
    window.show_key("buildings/b1")
    panel = window.panel
    assert panel.key == "buildings/b1" and header(window) == "Field review"
    assert panel.all_theirs.text() == "All &Field Review" and panel.maps.theirs.choose.text() == "Use Field Re&view"
    assert "Jan changed it outside. It is back since " in panel.sentence.text() and "twin" not in panel.sentence.text()
    model = panel.table.cells
    row = model.row_of("height")
    assert model.pick(model.index(row, cells.THEIRS))
    assert model.index(row, cells.RESULT).data(cells.TAG) == "field review"
    menu = panel.table.menu(model.index(row, cells.RESULT))
    assert [action.text() for action in menu.actions()][1] == "Take Field Review"
    window.show_key("buildings/b4")
    assert header(window) == "Theirs" and panel.all_theirs.text() == "All &Theirs"
    assert panel.maps.theirs.choose.text() == "Use T&heirs" and "on the twin" in panel.sentence.text()


def test_the_question_says_nothing_of_the_twin(window: ConflictsWindow) -> None:
    found = {conflict.twin_id: conflict for conflict in window.presenter.conflicts}
    assert kind_words(found["b2"]) == "A field review deleted it, you changed it"
    assert who_words(found["b2"]).startswith("Jan deleted it outside")
    assert kind_words(found["b3"]) == "It was deleted, a field review changed it"
    for key in ("b2", "b3"):
        window.show_key(f"buildings/{key}")
        question = window.panel.question
        assert "field review" in question.sentence.text()
        assert not any("twin" in button.sentence or "publish" in button.sentence for button in question.buttons)


def test_it_is_resolved_and_the_next_one_is_asked(window: ConflictsWindow) -> None:
    presenter = window.presenter
    presenter.take("buildings/b1", "theirs")
    presenter.keep("buildings/b2", "deleted")
    assert presenter.apply_resolved()
    assert spin(lambda: presenter.phase == "ready" and len(presenter.conflicts) == 2)
    kinds = {change.twin_id: change.kind for change in WorkingCopy.open(presenter.copy.path).changes()}
    assert kinds["b1"] == "update" and kinds["b2"] == "delete"


def test_no_mnemonic_is_there_twice(window: ConflictsWindow) -> None:
    window.show_key("buildings/b1")
    panel = window.panel
    texts = [panel.all_mine.text(), panel.all_theirs.text(), panel.zoom_button.text(), panel.unchanged.text(),
             panel.maps.mine.choose.text(), panel.maps.theirs.choose.text()]  # fmt: skip
    keys = [text[text.index("&") + 1].lower() for text in texts if "&" in text]
    assert len(keys) == len(set(keys)), texts
