"""The meeting about a pilot: planned in the window, on paper, as text; people are never scored."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, time

import pytest
from qgis.core import QgsApplication
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QDate, QSizeF, Qt, QTime
from qgis.PyQt.QtGui import QColor, QImage, QPainter
from qgis.PyQt.QtPrintSupport import QPrinter
from qgis.PyQt.QtTest import QTest

from plugin.demo.city.pilots import PILOTS
from plugin.gui.pilots.meeting_page import A4, MeetingPages, print_pages
from plugin.gui.pilots.meeting_window import MeetingWindow
from plugin.pilots.meeting import agenda, planned
from plugin.pilots.parts import Assessment
from plugin.pilots.record import read_pilot
from tests.qgis.pilots.pilot_copies import TODAY

NOISE = read_pilot({**PILOTS[4], "twin_id": "P-05"})
TICKED, UNTICKED = Qt.CheckState.Checked, Qt.CheckState.Unchecked


@pytest.fixture
def window(qtbot):
    made = MeetingWindow(NOISE, TODAY)
    made.resize(1100, 760)
    made.show()
    qtbot.waitExposed(made)
    yield made
    if not sip.isdeleted(made):
        made.close()


def text(window) -> str:
    window.show_pages()
    return window.view.pages.document.toPlainText()


def image_of(pages: MeetingPages, page: int = 0) -> QImage:
    image = QImage(round(A4.width()), round(A4.height()), QImage.Format.Format_RGB32)
    image.fill(QColor("#303030"))
    painter = QPainter(image)
    pages.paint(painter, page)
    painter.end()
    return image


# -- planning


def test_the_agenda_is_on_paper_open_matters_first(window):
    found = text(window)
    order = [found.index(title) for title in ("Where We Stand", "Ownership", "Time to take part", "Leadership")]
    assert order == sorted(order) and "Nobody keeps the sensors after the pilot." in found
    assert "DCMR Milieudienst Rijnmond (noise adviser)" in found and "80 minutes" in found
    assert found.count("until when") == 4, "an open matter ends in who does what"
    assert window.view.accessibleDescription() == found


def test_when_where_and_the_hours_of_each_topic(window):
    form = window.form
    assert form.agenda().day is None and form.agenda().begins is None and form.total.text() == "80 minutes"
    form.day.setDate(QDate(2026, 12, 3))
    form.begins.setTime(QTime(14, 0))
    form.place.setText("Wijkhub")
    found = text(window)
    assert "3 Dec 2026, 14:00–15:20" in found and "Wijkhub" in found and "14:10–14:25  ·  15 min" in found
    assert form.total.text() == "80 minutes, from 14:00 to 15:20"
    form.day.clear()
    form.begins.clear()
    assert form.agenda().when() == "" and "14:10" not in text(window)


def test_topics_are_unticked_and_their_minutes_changed(window, qtbot):
    form = window.form
    titles = [form.topics.topLevelItem(at).text(0) for at in range(form.topics.topLevelItemCount())]
    assert titles == [topic.title for topic in agenda(NOISE, TODAY).topics]
    form.topics.topLevelItem(3).setCheckState(0, UNTICKED)
    assert not form._spins[3].isEnabled()
    form._spins[1].setValue(40)
    qtbot.waitUntil(lambda: "40 min" in window.view.pages.document.toPlainText())
    assert "Who stands up for this" not in text(window) and form.agenda().minutes == 90
    for at in range(len(titles)):
        form.topics.topLevelItem(at).setCheckState(0, UNTICKED)
    window.show_pages()
    assert not window.print_button.isEnabled() and window.status.text == "Tick at least one topic."
    form.topics.topLevelItem(0).setCheckState(0, TICKED)
    window.show_pages()
    assert window.print_button.isEnabled()


def test_people_are_added_and_left_out(window):
    form = window.form
    form.person.setText("  A council   member ")
    QTest.keyClick(form.person, Qt.Key.Key_Return)
    assert window.isVisible() and form.person.text() == ""
    form.people.item(1).setCheckState(UNTICKED)
    people = form.agenda().people
    assert people[-1] == "A council member" and "Bewonersorganisatie Noordereiland" not in people
    assert "A council member" in text(window)


def test_what_was_known_and_the_lines_can_be_left_out(window):
    form, before = window.form, window.view.pages.pages
    form.known.setChecked(False)
    assert "Nobody keeps the sensors" not in text(window) and "until when" in text(window)
    form.room.setChecked(False)
    assert "until when" not in text(window) and "Whose is this" in text(window)
    assert window.view.pages.pages < before


def test_people_are_never_scored(window):
    """Of the human conditions, only what was found before and when is told, in words."""
    pilot = replace(NOISE, human=tuple(Assessment(one.criterion, "not met", "", None) for one in NOISE.human))
    pages = MeetingPages(agenda(pilot, TODAY), window.font())
    body = pages.document.toPlainText()
    people = body[body.index("Skills") :]
    assert "%" not in people and not re.search(r"\d+ (of|van|out of) \d+", people)


def test_names_are_plain_text(window):
    odd = replace(NOISE, name="<b>Noise</b> & <img src=x>", lead="<i>City</i>", summary="1 < 2 & <script>")
    found = MeetingPages(agenda(odd, TODAY), window.font()).document.toPlainText()
    for words in ("<b>Noise</b> & <img src=x>", "<i>City</i>", "1 < 2 & <script>"):
        assert words in found


# -- paper


def test_a_topic_is_not_torn_apart(qgis_app):
    for minutes in (15, 60):
        found = planned(
            agenda(NOISE, TODAY), day=None, begins=None, place="", people=["x"] * 3,
            minutes=dict.fromkeys(range(7), minutes),
        )  # fmt: skip
        pages = MeetingPages(found, QgsApplication.font())
        document, layout, high = pages.document, pages.document.documentLayout(), pages.document.pageSize().height()
        at: dict[str, set[int]] = {}
        topic, block = "", document.begin()
        while block.isValid():
            words = block.text()
            title = next((one.title for one in found.topics if re.match(rf"\d  {re.escape(one.title)}\t", words)), "")
            topic = title or topic
            if topic and words.strip():
                at.setdefault(topic, set()).add(int(layout.blockBoundingRect(block).top() // high))
            block = block.next()
        assert len(at) == 7 and all(len(on) == 1 for on in at.values()), at
        assert pages.pages > 1


@pytest.mark.parametrize("pilot", PILOTS[:9], ids=lambda one: one["name"])
def test_every_line_is_really_drawn(qgis_app, pilot):
    found = agenda(read_pilot(pilot), TODAY)
    pages = MeetingPages(found, QgsApplication.font())
    layout, high = pages.document.documentLayout(), pages.document.pageSize().height()
    images = [image_of(pages, page) for page in range(pages.pages)]
    block, seen = pages.document.begin(), 0
    while block.isValid():
        rect = layout.blockBoundingRect(block)
        if block.text().strip("\xa0 \t"):
            page = int(rect.top() // high)
            y = rect.center().y() - page * high + 60
            row = range(72 + int(rect.left()), 72 + int(rect.left() + max(rect.width(), 120)))
            dark = [images[page].pixelColor(x, int(y + dy)).lightness() < 200 for x in row for dy in (-4, -2, 0, 2, 4)]
            assert any(dark), block.text()
            seen += 1
        block = block.next()
    assert seen > 30


def test_paper_is_white_whatever_the_theme(window):
    palette = window.palette()
    palette.setColor(palette.ColorRole.Base, QColor("#202020"))
    palette.setColor(palette.ColorRole.Text, QColor("#f0f0f0"))
    palette.setColor(palette.ColorRole.Window, QColor("#202020"))
    window.setPalette(palette)
    image = image_of(window.view.pages)
    assert image.pixelColor(3, 3).name() == "#ffffff"
    inks = [image.pixelColor(x, y).lightness() for x in range(72, 600, 3) for y in range(60, 110, 2)]
    assert min(inks) < 60 and inks.count(255) > len(inks) / 2, "dark on white"


def test_a_pdf_has_every_page_in_letters(window, tmp_path):
    assert window.write_pdf(tmp_path / "agenda.pdf")
    data = (tmp_path / "agenda.pdf").read_bytes()
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", data)
    assert len(boxes) == window.view.pages.pages > 1
    assert all(594 < float(w) < 596 and 841 < float(h) < 843 for w, h in boxes)
    assert b"/FontFile" in data and "agenda.pdf" in window.status.text
    assert [path.name for path in tmp_path.iterdir()] == ["agenda.pdf"]
    assert not window.write_pdf(tmp_path / "no folder" / "agenda.pdf")
    assert "could not be written" in window.status.text


def test_a_printer_with_other_paper_gets_pages_of_its_size(window, tmp_path):
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setOutputFileName(str(tmp_path / "printed.pdf"))
    printer.setFullPage(True)
    from qgis.PyQt.QtGui import QPageSize

    printer.setPageSize(QPageSize(QPageSize.PageSizeId.A5))
    assert print_pages(window.form.agenda(), window.font(), printer, known=True, room=True)
    data = (tmp_path / "printed.pdf").read_bytes()
    small = MeetingPages(window.form.agenda(), window.font(), QSizeF(148 / 25.4 * 96, 210 / 25.4 * 96))
    assert len(re.findall(rb"/MediaBox", data)) == small.pages > window.view.pages.pages


# -- text, and the end


def test_the_text_is_copied(window):
    window.form.place.setText("Wijkhub")
    window.copy_button.click()
    words = QgsApplication.clipboard().text()
    assert words.startswith("# Meeting about Noise Map Noordereiland") and "Where: Wijkhub" in words
    assert words == window.form.agenda().text()


def test_closed_it_is_gone(window, qtbot):
    window.form.place.setText("typed")
    window.close_button.click()
    qtbot.waitUntil(lambda: sip.isdeleted(window))


def test_a_pilot_without_anything_has_its_meeting(qgis_app):
    empty = read_pilot({"name": None, "fid": 3})
    found = agenda(empty, date(2026, 1, 1))
    pages = MeetingPages(replace(found, begins=time(9, 30)), QgsApplication.font())
    assert "Meeting about fid:3" in pages.document.toPlainText() and pages.pages >= 1
