"""The report in the window: as a layout of real items, and the dialog that makes, saves and opens it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pypdf
import pytest
from qgis.core import (
    Qgis,
    QgsFeature,
    QgsLayoutExporter,
    QgsLayoutItemLabel,
    QgsLayoutItemMap,
    QgsLayoutItemPicture,
    QgsLayoutItemScaleBar,
    QgsPrintLayout,
    QgsProject,
)
from qgis.PyQt.QtCore import QTimer

from plugin.gui.pilots.report_dialog import ReportDialog
from plugin.gui.pilots.report_presenter import ReportPresenter
from plugin.map import layers, tasks
from plugin.map.pilots import report_layout
from plugin.map.pilots.book import PilotBook
from plugin.map.pilots.report import Wanted
from plugin.map.pilots.report_parts import Words
from plugin.map.project import ProjectCopies
from plugin.pilots.mapping import OURS
from plugin.pilots.reading import pilots_source
from plugin.workcopy.copy import WorkingCopy
from tests.qgis.pilots.pilot_copies import TODAY, city, pilots_file
from tests.qgis.pilots.pilot_window import MainWindow
from tests.qgis.pilots.reports import make, text_of, whole, whole_file

__all__ = ["city", "pilots_file", "whole", "whole_file"]


@pytest.fixture
def project(whole, qgis_new_project) -> Iterator[QgsProject]:
    """The working copy's layers are in the project, pilots on top."""
    QgsProject.instance().addMapLayers(list(reversed(layers.make_layers(whole))))
    yield QgsProject.instance()
    QgsProject.instance().clear()


def laid_out(whole: WorkingCopy, key: str, qtbot, wanted: Wanted | None = None) -> tuple[QgsPrintLayout, float]:
    """The layout, and the longest that one step held up the window, s."""
    report, page = make(whole, key, wanted)
    source = pilots_source(whole)
    ready = report_layout.prepared(page, whole, source, OURS, report.pilot)
    done: list[QgsPrintLayout] = []
    report_layout.add(ready, whole.path, source, done.append)
    longest, last = 0.0, time.thread_time()

    def tick() -> None:
        nonlocal longest, last
        now = time.thread_time()  # what others do on this machine does not count
        longest, last = max(longest, now - last), now

    timer = QTimer()
    timer.timeout.connect(tick)
    timer.start(0)
    qtbot.waitUntil(lambda: bool(done), timeout=20_000)
    timer.stop()
    return done[0], longest


def looks(project: QgsProject) -> dict[str, tuple[int, str]]:
    """How many symbols each layer has, and its labels. As values: who keeps a renderer of ours in Python beyond its end
    writes into memory that is another's (its rules do not tell Python when they are gone)."""
    return {
        layer.id(): (len(layer.renderer().legendSymbolItems()), layer.labeling().settings().fieldName)
        for layer in project.mapLayers().values()
        if layer.labeling() is not None
    }


# -- the layout


def test_a_layout_of_real_items_that_says_what_the_page_says(whole, project, qtbot, tmp_path):
    styles = looks(project)
    layout, _ = laid_out(whole, "P-06", qtbot)
    assert layout in project.layoutManager().layouts() and layout.name() == "Digital Permits Kop van Zuid"
    size = layout.pageCollection().page(0).pageSize()
    assert (size.width(), size.height()) == (210, 297) and layout.pageCollection().pageCount() == 1
    labels = {item.text() for item in layout.items() if isinstance(item, QgsLayoutItemLabel)}
    _, page = make(whole, "P-06")
    assert {part.text for part in page.parts if isinstance(part, Words) and part.lines} <= labels
    (shown,) = (item for item in layout.items() if isinstance(item, QgsLayoutItemMap))
    assert shown.scale() == pytest.approx(page.map.scale, rel=0.01)
    assert shown.layers()[0].customProperty("citytwin/table") == "pilots" and len(shown.layers()) == 6
    assert shown.keepLayerStyles() and set(shown.layerStyleOverrides()) == {one.id() for one in shown.layers()}
    (bar,) = (item for item in layout.items() if isinstance(item, QgsLayoutItemScaleBar))
    assert bar.linkedMap() is shown
    pictures = [item for item in layout.items() if isinstance(item, QgsLayoutItemPicture)]
    assert len(pictures) > 5 and not any(item.isMissingImage() for item in pictures)
    assert all(item.picturePath().startswith("base64:") for item in pictures), "nothing lies outside of the project"
    assert looks(project) == styles, "untouched"
    exported = tmp_path / "layout.pdf"
    settings = QgsLayoutExporter.PdfExportSettings()
    settings.textRenderFormat = Qgis.TextRenderFormat.AlwaysText
    result = QgsLayoutExporter(layout).exportToPdf(str(exported), settings)
    assert result == QgsLayoutExporter.ExportResult.Success
    reader = pypdf.PdfReader(exported)
    text = text_of(reader)
    assert len(reader.pages) == 1 and "Bouw- en Woningtoezicht" in text and "Page 1 of 1" in text


def test_names_are_free_and_expressions_stay_text(whole, project, qtbot):
    report, page = make(whole, "P-04", Wanted(picture=False, figures=False))
    odd = replace(page, title="[% 1 + 1 %]")
    words = next(part for part in page.parts if isinstance(part, Words) and part.name == "title")
    odd = replace(odd, parts=tuple(replace(part, lines=("[% 1 + 1 %]",)) if part is words else part
                                   for part in page.parts))  # fmt: skip
    source, done = pilots_source(whole), []
    for _ in range(2):
        ready = report_layout.prepared(odd, whole, source, OURS, report.pilot)
        report_layout.add(ready, whole.path, source, done.append)
    qtbot.waitUntil(lambda: len(done) == 2, timeout=20_000)
    assert sorted(layout.name() for layout in done) == ["[% 1 + 1 %]", "[% 1 + 1 %] (2)"]
    (title,) = (item for item in done[0].items() if isinstance(item, QgsLayoutItemLabel) and item.id() == "title")
    assert title.currentText() == "[ % 1 + 1 %]"


def test_it_survives_being_saved_and_a_project_closed_meanwhile(whole, project, qtbot, tmp_path):
    laid_out(whole, "P-07", qtbot, Wanted(figures=False))
    assert project.write(str(tmp_path / "p.qgz"))
    project.clear()
    assert project.read(str(tmp_path / "p.qgz"))
    (layout,) = project.layoutManager().printLayouts()
    assert layout.name() == "Plans in 3D Stationskwartier" and len(layout.items()) > 50
    report, page = make(whole, "P-07", Wanted(picture=False, figures=False))
    source, done = pilots_source(whole), []
    ready = report_layout.prepared(page, whole, source, OURS, report.pilot)
    report_layout.add(ready, whole.path, source, done.append)
    QTimer.singleShot(5, project.clear)
    qtbot.wait(300)
    assert not done and not project.layoutManager().layouts()


def test_the_window_is_hardly_held_up(whole, project, qtbot):
    few = Wanted(picture=False, figures=False)
    laid_out(whole, "P-06", qtbot, few)  # fonts are loaded once
    _, longest = laid_out(whole, "P-06", qtbot, few)
    assert longest < 0.12, "QGIS's own map item is the longest"


# -- the dialog


@pytest.fixture
def book(whole, project, qtbot) -> Iterator[PilotBook]:
    copies = ProjectCopies()
    found = PilotBook(copies, clock=lambda: TODAY)
    qtbot.waitUntil(lambda: found.known(str(whole.path)) and not found.busy, timeout=10_000)
    yield found
    found.stop()
    copies.stop()
    tasks.cancel_all()


def opened(book: PilotBook, whole: WorkingCopy, key: str, qtbot, wanted: Wanted | None = None) -> ReportDialog:
    window = MainWindow()
    dialog = ReportDialog(book, str(whole.path), key, window, None)
    if wanted is not None:
        dialog.presenter.choose(wanted)
    dialog.window_for_test = window  # type: ignore[attr-defined]  # its Python side must live
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: not dialog.presenter.busy, timeout=20_000)
    return dialog


def test_the_page_is_shown_and_saved(book, whole, qtbot, tmp_path):
    dialog = opened(book, whole, "P-04", qtbot)
    presenter = dialog.presenter
    assert dialog.windowTitle() == "Pilot Report: Cool Squares Afrikaanderwijk" and presenter.error is None
    assert presenter.made and presenter.made.picture.width() > 900 and dialog.save_button.isEnabled()
    with qtbot.waitSignal(presenter.saved, timeout=20_000):
        presenter.save(tmp_path / "p.pdf")
        assert presenter.busy and not dialog.save_button.isEnabled()
    assert "Cool Squares Afrikaanderwijk" in text_of(pypdf.PdfReader(tmp_path / "p.pdf"))
    assert "p.pdf" in dialog.status.text
    with qtbot.waitSignal(presenter.failed, timeout=20_000):
        presenter.save(tmp_path / "no" / "p.pdf")
    assert "could not be written" in dialog.status.text and presenter.error is None
    assert presenter.file_name == "Cool Squares Afrikaanderwijk"
    dialog.close()
    assert not presenter.busy


def test_choices_make_another_page(book, whole, qtbot):
    dialog = opened(book, whole, "P-04", qtbot, Wanted(history=False))
    presenter = dialog.presenter
    before = presenter.made
    for name in ("map", "picture", "figures"):
        dialog.boxes[name].click()
    qtbot.waitUntil(lambda: presenter.made is not before and not presenter.busy, timeout=20_000)
    assert presenter.made.page.map is None and "What Lies Inside" not in presenter.made.page.texts
    dialog.language.setCurrentIndex(dialog.language.findData("nl"))
    assert presenter.wanted.language == "nl" and presenter.busy
    qtbot.waitUntil(lambda: not presenter.busy, timeout=20_000)


def test_it_follows_unsaved_edits_and_says_what_it_cannot_know(book, whole, qtbot):
    dialog = opened(book, whole, "P-04", qtbot, Wanted(picture=False, figures=False))
    presenter = dialog.presenter
    layer = book.layer(str(whole.path))
    layer.startEditing()
    row = presenter.record.pilot.fid
    layer.changeAttributeValue(row, layer.fields().lookupField("name"), "Warm Squares")
    qtbot.waitUntil(lambda: presenter.made.page.title == "Warm Squares" and not presenter.busy, timeout=20_000)
    assert "unpublished edits included" in " ".join(presenter.made.page.texts)
    assert dialog.windowTitle() == "Pilot Report: Warm Squares"
    (trees,) = layers.project_layers(whole.path, "trees")
    trees.startEditing()
    trees.addFeature(QgsFeature(trees.fields()))
    presenter.changed.emit()
    assert "Trees has edits that are not saved" in dialog.notice.text
    trees.rollBack()
    layer.deleteFeature(row)
    qtbot.waitUntil(lambda: presenter.error is not None and not presenter.busy, timeout=20_000)
    assert "not in the working copy any more" in dialog.notice.text and not dialog.save_button.isEnabled()
    layer.rollBack()


def test_cancelled_and_begun_again(book, whole, qtbot):
    presenter = ReportPresenter(book, str(whole.path), "P-02")
    presenter.start()
    presenter.cancel()
    qtbot.waitUntil(lambda: not presenter.busy, timeout=20_000)
    assert presenter.cancelled and presenter.made is None and presenter.error is None
    presenter.choose(Wanted(map=False, picture=False, figures=False))
    qtbot.waitUntil(lambda: presenter.made is not None and not presenter.busy, timeout=20_000)
    assert not presenter.cancelled
    presenter.stop()
    presenter.stop()


def test_opened_as_a_layout(book, whole, project, qtbot):
    dialog = opened(book, whole, "P-04", qtbot, Wanted(picture=False, figures=False))
    asked: list[str] = []
    dialog.window_for_test.openLayoutDesigner = lambda layout: asked.append(layout.name())
    with qtbot.waitSignal(dialog.presenter.opened, timeout=20_000):
        dialog.layout_button.click()
    assert asked == ["Cool Squares Afrikaanderwijk"] == [one.name() for one in project.layoutManager().layouts()]
    assert "is in the project" in dialog.status.text and not dialog.presenter.busy


def test_a_pilot_that_is_not_there(city, qtbot):
    dialog = ReportDialog(city.book, city.path, "nobody", None)
    qtbot.addWidget(dialog)
    assert "nothing to report about" in dialog.notice.text and not dialog.presenter.busy
    assert not dialog.save_button.isEnabled()
    dialog.close()
