"""Drawing a pilot's area with the mouse: live checks, fixes, taking, adding and cutting, and nothing left behind."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from osgeo import ogr
from qgis.core import (
    Qgis,
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsPointXY,
    QgsProject,
    QgsSnappingConfig,
    QgsVectorLayer,
)
from qgis.gui import QgsMapToolPan, QgsRubberBand
from qgis.PyQt.QtCore import QPoint, Qt
from qgis.PyQt.QtTest import QTest

from plugin.gui.pilots.draw_area import How, combined
from plugin.gui.pilots.draw_bands import AREA
from plugin.gui.pilots.draw_draft import Draft
from plugin.map import layers
from plugin.map.pilots import writing
from plugin.pilots.checks import Surroundings, area_of
from plugin.pilots.record import Pilot
from tests.qgis.map.meanwhile import Heartbeat, spin
from tests.qgis.pilots.drawing import Stage, check_out, square, staged

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
# inside the city, on nobody's ground
FREE = square(93300, 435950, 100)


@pytest.fixture(scope="module")
def checked_out(tmp_path_factory) -> Path:
    return check_out(tmp_path_factory.mktemp("draw"))


@pytest.fixture
def stage(checked_out, tmp_path, qgis_app, qgis_new_project) -> Iterator[Stage]:
    for one in staged(checked_out, tmp_path):
        one.look_at(93000, 435600, 800)
        one.view.snap.setChecked(False)
        yield one


def area(wkb: bytes | None) -> float:
    found = ogr.CreateGeometryFromWkb(wkb)
    assert found.IsValid()
    return float(found.GetArea())


def bands(stage: Stage) -> list[QgsRubberBand]:
    """All of them, whoever drew them, that hold anything."""
    items = [item for item in stage.canvas.scene().items() if isinstance(item, QgsRubberBand)]
    return [item for item in items if item.numberOfVertices()]


def nothing_left(stage: Stage) -> bool:
    stage.canvas.scene().update()
    return not bands(stage) and stage.panel.pen.tool is None and not stage.panel.pen.snapping.on


# -- drawing


def test_an_area_is_drawn_with_the_mouse_and_handed_on(stage):
    panel, view = stage.panel, stage.view
    pan = QgsMapToolPan(stage.canvas)
    stage.canvas.setMapTool(pan)
    panel.start(stage.path, None)
    assert stage.codes() == ["no-area"] and view.size.text() == "No area yet"
    assert view.guide.text == "Draw the outline on the map, or take it from selected features."
    assert not view.continue_button.isEnabled() and view.hindrance == "There is no area yet."
    assert not [row for row in view.problems.rows if row.isVisible()], "no news"

    view.draw_button.click()
    assert view.guide.text == "Click the first corner on the map." and view.draw_button.isChecked()
    stage.click(*FREE[0])
    assert view.guide.text == "Click the next corner. Backspace takes one back, Esc drops the outline."
    for corner in FREE[1:3]:
        stage.click(*corner)
    assert "right click or Enter" in view.guide.text and stage.codes() == []
    assert view.size.text().startswith("5,0"), "half of it, live"
    stage.click(*FREE[3])
    assert stage.codes() == [] and view.hindrance == "Finish the outline first."
    stage.click(*FREE[3], button=RIGHT)
    assert stage.codes() == [] and view.guide.text == "The area is fine. Continue, or go on changing it."
    assert stage.canvas.mapTool() is pan, "the mouse is given back"

    assert view.continue_button.isEnabled() and view.hindrance == ""
    view.continue_button.click()
    ((path, pilot),) = stage.finished
    assert path == stage.path and pilot.srid == 28992 and pilot.fid is None
    found = ogr.CreateGeometryFromWkb(pilot.wkb)
    assert found.GetGeometryName() == "MULTIPOLYGON" and found.GetArea() == pytest.approx(10_000, rel=0.03)
    assert view.size.text() == f"{found.GetArea():,.0f} m², {found.Boundary().Length():,.0f} m around"
    assert nothing_left(stage) and not panel.running


def test_what_is_drawn_can_be_saved(stage):
    stage.panel.start(stage.path, None)
    stage.draw(FREE)
    assert stage.checked()
    stage.view.continue_button.click()
    pilot = replace(stage.finished[0][1], name="Green Quay")
    source = stage.book.source(stage.path)
    writing.save(stage.book.layer(stage.path), stage.book.mapping(stage.path), pilot, source)
    assert spin(lambda: any(one.pilot.name == "Green Quay" for one in stage.book.records(stage.path)))
    (record,) = [one for one in stage.book.records(stage.path) if one.pilot.name == "Green Quay"]
    assert area(record.pilot.wkb) == pytest.approx(area(pilot.wkb))


def test_keys_take_back_finish_and_drop(stage):
    panel, view = stage.panel, stage.view
    panel.start(stage.path, None)
    stage.draw(FREE, finish=False)
    stage.key(Qt.Key.Key_Backspace)
    assert panel.pen.corners == 3
    for _ in range(2):
        stage.key(Qt.Key.Key_Delete)
    assert panel.pen.corners == 1
    stage.key(Qt.Key.Key_Backspace)
    assert panel.pen.corners == 0 and panel.pen.active, "even the first"
    stage.draw(FREE[:2])
    assert view.notice.text == "An area needs three corners at least. Click on." and panel.pen.corners == 2
    stage.key(Qt.Key.Key_Enter)
    assert panel.pen.corners == 2, "nothing is lost"
    stage.click(*FREE[2])
    assert view.notice.text == ""
    stage.key(Qt.Key.Key_Return)
    assert stage.codes() == [] and not panel.pen.active and area(stage.draft.verdict.pilot.wkb) > 4000
    stage.draw(FREE[:3], finish=False)
    stage.key(Qt.Key.Key_Escape)
    assert panel.pen.corners == 0 and panel.pen.active
    assert stage.codes() == [] and area(stage.draft.verdict.pilot.wkb) > 4000, "the area from before"
    stage.key(Qt.Key.Key_Escape)
    assert not panel.pen.active and panel.running


def test_an_outline_waits_while_another_tool_is_used(stage):
    stage.panel.start(stage.path, None)
    stage.draw(FREE[:3], finish=False)
    stage.canvas.setMapTool(QgsMapToolPan(stage.canvas))
    assert stage.view.guide.text == "The outline waits: press Draw on the Map to go on with it."
    assert not stage.view.draw_button.isChecked()
    stage.draw(FREE[3:])
    assert stage.codes() == [] and area(stage.draft.verdict.pilot.wkb) == pytest.approx(10_000, rel=0.03)


def test_streaming_adds_corners_as_the_mouse_moves(stage):
    stage.panel.start(stage.path, None)
    stage.view.draw_button.click()
    tool = stage.panel.pen.tool
    assert not tool.supportsTechnique(Qgis.CaptureTechnique.CircularString)
    tool.setCurrentCaptureTechnique(Qgis.CaptureTechnique.Streaming)
    stage.click(93300, 435950)
    for x, y in ((93350, 435950), (93400, 435950), (93400, 436000), (93400, 436050)):
        QTest.mouseMove(stage.canvas.viewport(), stage.pixel(x, y))
    assert spin(lambda: stage.panel.pen.corners >= 4), "without a click"
    assert stage.checked() and stage.draft.verdict.area > 1000, "and checked live"


def test_the_map_may_be_in_another_system_and_change_it_meanwhile(stage):
    mercator = QgsCoordinateReferenceSystem("EPSG:3857")
    stage.panel.start(stage.path, None)
    stage.draw(FREE[:3], finish=False)
    stage.canvas.setDestinationCrs(mercator)
    assert stage.panel.pen.corners == 3
    stage.key(Qt.Key.Key_Enter)
    assert stage.codes() == [] and area(stage.draft.verdict.pilot.wkb) == pytest.approx(5_000, rel=0.03)
    stage.canvas.setExtent(QgsGeometry.fromWkt("POINT (498600 6783200)").buffer(400, 4).boundingBox())
    stage.draw(square(498500, 6783100, 200))
    assert stage.checked()
    found = ogr.CreateGeometryFromWkb(stage.draft.verdict.pilot.wkb)
    scale = math.cos(math.radians(51.9))
    assert found.GetArea() == pytest.approx((200 * scale) ** 2, rel=0.05)
    box = stage.panel.bands.bands[0].asGeometry().boundingBox()
    assert box.width() == pytest.approx(200, rel=0.05), "drawn in the map's system"


# -- checks


def overlapping(stage: Stage) -> float:
    """Draw over P-06; how many m² of it."""
    other = stage.pilot("P-06")
    box = ogr.CreateGeometryFromWkb(other.wkb).GetEnvelope()
    stage.look_at(box[0] - 200, box[2] - 200, 900)
    stage.draw(square(box[0] - 50, box[3] - 150, 200))
    mine = ogr.CreateGeometryFromWkb(stage.draft.unfinished())
    return float(mine.Intersection(ogr.CreateGeometryFromWkb(other.wkb)).GetArea())


def test_an_overlap_is_told_with_whom_and_how_much_drawn_and_cut_off(stage):
    stage.panel.start(stage.path, None)
    shared = overlapping(stage)
    assert shared > 1000 and "overlap" in stage.codes()
    problem = next(one for one in stage.draft.verdict.problems if one.other == "P-06")
    assert f"Overlaps Digital Permits Kop van Zuid ({shared:,.0f} m²" in problem.sentence
    spots = [band for band in stage.panel.bands.bands if band.strokeColor() != AREA]
    assert any(abs(band.asGeometry().area() - shared) < 1 for band in spots)
    assert stage.view.continue_button.isEnabled(), "a warning is for the coordinator to judge"
    assert stage.view.guide.text == "Look at the warnings below, then continue."

    row = next(row for row in stage.view.problems.rows if row.problem is problem)
    assert row.button.text() == "Cut the Overlap Off"
    before = area_of(stage.draft.verdict.pilot)
    row.button.click()
    assert stage.checked() and "P-06" not in [one.other for one in stage.draft.verdict.problems]
    assert area_of(stage.draft.verdict.pilot) == pytest.approx(before - shared, abs=1)
    stage.view.undo_button.click()
    assert stage.checked() and area_of(stage.draft.verdict.pilot) == pytest.approx(before)
    stage.view.redo_button.click()
    assert stage.checked() and area_of(stage.draft.verdict.pilot) == pytest.approx(before - shared, abs=1)


def test_overlaps_are_avoided_live_and_come_back(stage):
    stage.view.avoid.setChecked(True)
    stage.panel.start(stage.path, None)
    overlapping(stage)
    assert not [code for code in stage.codes() if code == "overlap"]
    whole = area(stage.draft.unfinished())
    free = ogr.CreateGeometryFromWkb(stage.draft.unfinished())
    for one in stage.book.records(stage.path):
        if one.pilot.stage != "stopped":
            free = free.Difference(ogr.CreateGeometryFromWkb(one.pilot.wkb))
    assert area_of(stage.draft.verdict.pilot) == pytest.approx(free.GetArea(), abs=0.5)
    assert stage.draft.verdict.avoided == pytest.approx(whole - free.GetArea(), abs=0.5)
    seen = [band.asGeometry().area() for band in stage.panel.bands.bands if band.strokeColor() == AREA]
    assert seen == pytest.approx([whole, free.GetArea()], abs=0.5), "what was drawn is seen, too"
    stage.view.avoid.setChecked(False)
    assert "overlap" in stage.codes() and area_of(stage.draft.verdict.pilot) == pytest.approx(whole)
    stage.view.avoid.setChecked(True)
    assert stage.checked()
    stage.view.continue_button.click()
    assert area_of(stage.finished[0][1]) == pytest.approx(free.GetArea(), abs=0.5)


def test_all_on_others_ground_keeps_the_area_and_says_so(stage):
    stage.view.avoid.setChecked(True)
    stage.panel.start(stage.path, None)
    assert stage.checked()
    stage.draft.put(stage.pilot("P-06").wkb)
    assert "overlap" in stage.codes()
    assert stage.draft.notes == ("All of the area belongs to other pilots, so that nothing was cut off.",)


def test_an_outline_that_crosses_itself_must_be_mended_first(stage):
    stage.panel.start(stage.path, None)
    a, b, c, d = FREE
    stage.draw([a, c, b, d])
    assert stage.codes()[0] == "invalid"
    assert stage.view.hindrance == "1 error has to be solved first." and not stage.view.continue_button.isEnabled()
    assert stage.view.guide.text == "Solve the errors below, or draw the area anew."
    assert any(band.asGeometry().type() == Qgis.GeometryType.Point for band in stage.panel.bands.bands), "its place"
    stage.view.problems.rows[0].button.click()
    assert "invalid" not in stage.codes() and stage.view.continue_button.isEnabled()
    assert area(stage.draft.verdict.pilot.wkb) == pytest.approx(5_000, rel=0.03)


def test_outside_the_city_and_partly(stage):
    stage.panel.start(stage.path, None)
    edge = ogr.CreateGeometryFromWkb(stage.book.surroundings(stage.path).municipality).GetEnvelope()
    stage.look_at(edge[1] + 2000, edge[3] + 2000, 800)
    stage.draw(square(edge[1] + 2200, edge[3] + 2200, 200))
    assert stage.codes() == ["outside"] and not stage.view.continue_button.isEnabled()
    district = next(stage.layer("districts").getFeatures()).geometry()
    big = ogr.CreateGeometryFromWkb(bytes(district.buffer(1500, 4).asWkb()))
    stage.draft.put(big.ExportToIsoWkb())
    assert "partly-outside" in stage.codes()
    problem = next(one for one in stage.draft.verdict.problems if one.code == "partly-outside")
    stage.draft.fix(problem)
    assert "partly-outside" not in stage.codes() and area_of(stage.draft.verdict.pilot) < big.GetArea()


CURVE = "MULTISURFACE (CURVEPOLYGON (CIRCULARSTRING (93300 435950, 93400 435950, 93300 435950)))"
DEGREES = "MULTIPOLYGON (((4.487 51.905, 4.488 51.905, 4.488 51.906, 4.487 51.905)))"
SLIVER = (
    "MULTIPOLYGON (((93300 435950, 93400 435950, 93400 436050, 93300 435950)), "
    "((93300 436060, 93400 436060, 93400 436060.2, 93300 436060)))"
)


@pytest.mark.parametrize(("wkt", "code"), [(CURVE, "curved"), (DEGREES, "degrees"), (SLIVER, "sliver")])
def test_bad_areas_that_came_from_elsewhere_are_told_and_mended(stage, wkt, code):
    pilot = replace(stage.pilot("P-06"), wkb=bytes(QgsGeometry.fromWkt(wkt).asWkb()))
    stage.panel.start(stage.path, pilot)
    assert code in stage.codes()
    row = next(row for row in stage.view.problems.rows if row.problem.code == code)
    assert row.isVisible() and row.button.isVisible()
    row.button.click()
    assert code not in stage.codes() and stage.draft.verdict.area > 2000
    stage.view.continue_button.click()
    found = ogr.CreateGeometryFromWkb(stage.finished[0][1].wkb)
    assert found.GetGeometryName() == "MULTIPOLYGON" and found.IsValid()


def test_far_apart_parts_are_fine(stage):
    far = QgsGeometry.fromWkt("MULTIPOLYGON (((93300 435950, 93400 435950, 93400 436050, 93300 435950)), "
                              "((60000 444000, 60100 444000, 60100 444100, 60000 444000)))")  # fmt: skip
    stage.panel.start(stage.path, None)
    stage.draft.put(bytes(far.asWkb()))
    assert stage.codes() == ["partly-outside", "multi-part"]
    assert stage.draft.verdict.area == pytest.approx(10_000)


def test_a_problem_is_zoomed_to_by_click_and_by_key(stage):
    stage.panel.start(stage.path, None)
    overlapping(stage)
    assert "overlap" in stage.codes()
    row = next(row for row in stage.view.problems.rows if row.problem.other == "P-06")
    west, south, east, north = row.problem.box
    for ask in (lambda: QTest.mouseClick(row, LEFT, Qt.KeyboardModifier.NoModifier, QPoint(40, 8)),
                lambda: QTest.keyClick(row, Qt.Key.Key_Return)):  # fmt: skip
        stage.look_at(80000, 430000, 500)
        ask()
        shown = stage.canvas.extent()
        assert shown.xMinimum() < west and shown.xMaximum() > east and shown.yMinimum() < south
        assert shown.yMaximum() > north and shown.width() < 20 * (east - west + 60)


# -- pieces


def test_pieces_are_added_and_cut_out_and_holes_are_filled(stage):
    stage.panel.start(stage.path, None)
    assert not stage.view.hows.buttons()[0].isVisible(), "nothing is there to replace"
    stage.draft.put(bytes(QgsGeometry.fromWkt("POLYGON ((93300 435950, 93400 435950, 93400 436050, 93300 436050, "
                                              "93300 435950))").asWkb()))  # fmt: skip
    assert stage.codes() == []
    replace_, add, cut = stage.view.hows.buttons()
    assert replace_.isVisible() and replace_.isChecked()
    add.click()
    stage.draw(square(93380, 435980, 60), finish=False)
    assert stage.codes() == [] and 11_500 < stage.draft.verdict.area < 12_800, "live, together with what is there"
    stage.key(Qt.Key.Key_Enter)
    assert stage.codes() == []
    grown = stage.draft.verdict.area
    cut.click()
    assert "cut out" in _after(stage.view.draw_button.click, stage)
    stage.draw(square(93320, 435970, 40))
    assert stage.codes() == ["holes"]
    assert stage.draft.verdict.area == pytest.approx(grown - 1600, abs=150)
    stage.view.problems.rows[0].button.click()
    assert stage.codes() == [] and stage.draft.verdict.area == pytest.approx(grown, abs=1)
    replace_.click()
    stage.draw(FREE[:3])
    assert stage.codes() == [] and stage.draft.verdict.area == pytest.approx(5_000, rel=0.05)
    for _ in range(4):
        stage.view.undo_button.click()
    assert stage.checked() and stage.draft.verdict.area == pytest.approx(10_000)
    stage.view.undo_button.click()
    assert stage.codes() == ["no-area"] and not stage.view.undo_button.isEnabled()


def _after(act, stage: Stage) -> str:
    act()
    return stage.view.guide.text


def test_an_area_is_taken_from_features_that_are_selected_on_the_map(stage):
    districts, streets = stage.layer("districts"), stage.layer("streets")
    stage.panel.start(stage.path, None)
    stage.view.take_button.click()
    box = stage.view.take
    assert stage.view.guide.text == "Select features on the map: the area is made of them."
    asked = []
    stage.window.select.triggered.connect(lambda _on: asked.append(1))
    box.select_button.click()
    assert asked and not box.take_button.isVisible()
    districts.selectByIds([1, 2])
    assert [one.count for one in box.chosen] == [2] and not box.distance.isVisible(), "areas need no distance"
    streets.selectByIds([1])
    assert len(box.chosen) == 2 and box.distance.isVisible() and box.take_button.text() == "Take 3 Features"
    item = next(box.list.item(row) for row in range(2) if "treet" in box.list.item(row).text())
    item.setCheckState(Qt.CheckState.Unchecked)
    assert box.layers == [districts.id()] and not box.distance.isVisible()
    box.take_button.click()
    assert "being taken" in stage.view.guide.text and box.take_button.text() == "Stop"
    assert spin(lambda: stage.draft.has_area) and stage.checked()
    expected = [ogr.CreateGeometryFromWkb(bytes(one.geometry().asWkb())) for one in districts.selectedFeatures()]
    assert area_of(stage.draft.verdict.pilot) == pytest.approx(expected[0].Union(expected[1]).GetArea())
    assert not stage.view.take_button.isChecked() and not box.isVisible()

    districts.removeSelection()
    stage.view.take_button.click()
    item = box.list.item(0)
    item.setCheckState(Qt.CheckState.Checked)
    box.distance.setValue(25)
    stage.view.hows.buttons()[1].click()
    before = area_of(stage.draft.verdict.pilot)
    box.take_button.click()
    assert spin(lambda: stage.view.undo_button.isEnabled() and not box.isVisible()) and stage.checked()
    assert area_of(stage.draft.verdict.pilot) >= before


def test_taking_what_has_no_place_is_a_sentence_and_the_area_stays(stage):
    lost = QgsVectorLayer("Polygon?field=id:integer", "Lost", "memory")
    lost.setCrs(QgsCoordinateReferenceSystem())
    feature = QgsFeature(lost.fields())
    feature.setGeometry(QgsGeometry.fromWkt("POLYGON ((0 0, 1 0, 1 1, 0 0))"))
    lost.dataProvider().addFeatures([feature])
    lost.selectAll()
    QgsProject.instance().addMapLayer(lost)
    stage.panel.start(stage.path, stage.pilot("P-06"))
    stage.view.take_button.click()
    stage.view.take.take_button.click()
    assert "Lost does not say its coordinate reference system" in stage.view.notice.text
    assert stage.checked() and stage.draft.outcome() is stage.pilot("P-06") and stage.view.continue_button.isEnabled()


def test_an_outline_on_the_other_side_of_the_earth_is_a_sentence(stage):
    stage.panel.start(stage.path, stage.pilot("P-06"))
    stage.canvas.setDestinationCrs(QgsCoordinateReferenceSystem("EPSG:4326"))
    for west, south in ((170.0, -40.0), (-20.0, 5.0), (2.0, 48.0)):
        stage.look_at(west, south, 2)
        stage.draw(square(west + 0.5, south + 0.5, 1))
        assert stage.codes() == ["off-the-map"] or "has coordinates" in stage.view.notice.text
        if stage.view.notice.text:
            assert stage.draft.outcome() is stage.pilot("P-06")


# -- without a window


def test_a_draft_alone(stage):
    failed: list[str] = []
    draft, around = Draft(), stage.book.surroundings(stage.path)
    draft.failed.connect(lambda error: failed.append(error.message))
    draft.begin(Pilot(), around)
    assert draft.hindrance() == "The area is being checked." and spin(lambda: not draft.checking)
    assert draft.hindrance() == "There is no area yet." and draft.unfinished() is None
    block = wkb("POLYGON ((93300 435950, 93400 435950, 93400 436050, 93300 436050, 93300 435950))")
    draft.sketch(block)
    assert draft.hindrance() == "Finish the outline first." and draft.unfinished() == block
    draft.put(block, ("Taken.",))
    draft.set_how(How.CUT)
    draft.put(wkb("POLYGON ((93350 435900, 93450 435900, 93450 436100, 93350 436100, 93350 435900))"))
    draft.set_how(How.ADD)
    draft.put(wkb("POLYGON ((93340 435950, 93360 435950, 93360 436050, 93340 436050, 93340 435950))"))
    assert spin(lambda: not draft.checking) and draft.verdict.area == pytest.approx(6000), "three, in a row"
    assert draft.hindrance() == "" and area(draft.outcome().wkb) == pytest.approx(6000)
    for size in (5000, 10_000):
        draft.undo()
        assert spin(lambda: not draft.checking) and draft.verdict.area == pytest.approx(size)
    assert draft.notes == ("Taken.",)
    draft.put(wkb("POLYGON ((93300 435950, 93400 435950, 93400 436050, 93300 435950))"))
    assert not draft.can_redo
    draft.set_how(How.CUT)
    draft.put(block)
    assert spin(lambda: not draft.checking) and not draft.has_area, "nothing is left"
    assert draft.hindrance() == "There is no area yet." and not failed
    draft.end()
    assert not draft.can_undo and draft.verdict.pilot.wkb is None


def test_no_dust_is_left_where_outlines_nearly_agree():
    one = wkb("POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))")
    other = wkb("POLYGON ((50 -10, 200 -10, 200 100.0000000001, 50 99.9999999999, 50 -10))")
    left = ogr.CreateGeometryFromWkb(combined(one, other, How.CUT))
    assert left.GetGeometryCount() == 1 and left.GetArea() == pytest.approx(5000)
    assert combined(one, one, How.CUT) is None
    both = ogr.CreateGeometryFromWkb(combined(one, wkb("POLYGON ((100 0, 150 0, 150 100, 100 100, 100 0))"), How.ADD))
    assert both.GetGeometryCount() == 1 and both.GetArea() == 15_000


def test_what_avoiding_brought_about_is_not_mended_away(stage):
    inside = stage.pilot("P-06")
    around = Surroundings([inside])
    draft, failed = Draft(), []
    draft.failed.connect(lambda error: failed.append(error.message))
    draft.set_avoid(True)
    box = ogr.CreateGeometryFromWkb(inside.wkb).GetEnvelope()
    draft.begin(Pilot(), around)
    draft.put(wkb(QgsGeometry.fromWkt(f"LINESTRING ({box[0]} {box[2]}, {box[1]} {box[3]})").boundingBox()
                  .buffered(100).asWktPolygon()))  # fmt: skip
    assert spin(lambda: not draft.checking)
    (hole,) = [problem for problem in draft.verdict.problems if problem.code == "holes"]
    draft.fix(hole)
    assert spin(lambda: bool(failed)) and "Switch Avoid Overlaps off" in failed[0] and not draft.checking


def wkb(wkt: str) -> bytes:
    return bytes(QgsGeometry.fromWkt(wkt).asWkb())


# -- pilots that are there


def test_a_pilot_is_edited_from_its_own_area(stage):
    pilot = stage.pilot("P-09")
    stage.look_at(80000, 430000, 500)
    stage.panel.start(stage.path, pilot)
    assert stage.view.title.full_text == "Area of Inside Public Buildings Dijkzigt"
    assert stage.canvas.extent().contains(QgsGeometry.fromWkt(ogr.CreateGeometryFromWkb(pilot.wkb).ExportToWkt())
                                          .boundingBox()), "and is seen"  # fmt: skip
    assert stage.checked() and stage.draft.verdict.area == pytest.approx(area_of(pilot))
    assert "P-09" not in [one.other for one in stage.draft.verdict.problems], "not with itself"
    stage.view.continue_button.click()
    assert stage.finished[0][1] is pilot, "nothing was changed"
    stage.panel.start(stage.path, pilot)
    stage.look_at(93000, 435600, 800)
    stage.draw(FREE)
    assert stage.checked()
    stage.view.continue_button.click()
    found = stage.finished[1][1]
    assert replace(found, wkb=None) == replace(pilot, wkb=None) and area(found.wkb) < area(pilot.wkb)


def test_a_new_pilot_whose_form_was_left_is_drawn_on(stage):
    stage.panel.start(stage.path, Pilot(name="Half", wkb=stage.pilot("P-09").wkb))
    assert stage.view.title.full_text == "New Pilot Area" and stage.checked()
    assert stage.draft.verdict.area == pytest.approx(area_of(stage.pilot("P-09")))
    stage.view.continue_button.click()
    assert stage.finished[0][1].name == "Half"


def test_other_pilots_that_come_meanwhile_are_checked_against(stage):
    stage.panel.start(stage.path, None)
    stage.draw(FREE)
    assert stage.codes() == []
    other = Pilot(name="Sudden", wkb=stage.draft.outcome().wkb, stage="idea")
    source = stage.book.source(stage.path)
    writing.save(stage.book.layer(stage.path), stage.book.mapping(stage.path), other, source)
    assert spin(lambda: "overlap" in [one.code for one in stage.draft.verdict.problems])
    assert "Sudden" in stage.draft.verdict.problems[0].sentence


# -- snapping


def edge_corner(stage: Stage) -> tuple[float, float]:
    """A corner of P-06 on the map."""
    found = QgsGeometry()
    found.fromWkb(stage.pilot("P-06").wkb)
    x, y = found.vertexAt(0).x(), found.vertexAt(0).y()
    stage.look_at(x - 400, y - 400, 800)
    return x, y


def test_corners_snap_to_pilots_and_districts_only_while_drawing(stage):
    utils = stage.canvas.snappingUtils()
    mine = QgsSnappingConfig(utils.config())
    mine.setEnabled(False)
    mine.setTolerance(33)
    utils.setConfig(mine)
    stage.view.snap.setChecked(True)
    stage.panel.start(stage.path, None)
    x, y = edge_corner(stage)
    assert utils.config() == mine, "not before the mouse draws"
    assert "Pilot" in stage.view.snap.toolTip() and "treet" not in stage.view.snap.toolTip()
    stage.view.draw_button.click()
    assert spin(lambda: utils.snapToMap(QgsPointXY(x, y)).isValid()), "QGIS indexes in the background"
    stage.draw([(x + 12, y + 9), (x + 200, y + 200), (x - 200, y + 200)], finish=False)
    assert utils.config().enabled()
    (first, *_) = stage.panel.pen.tool.pointsZM()
    assert (first.x(), first.y()) == (x, y), "to the digit"
    stage.canvas.setMapTool(QgsMapToolPan(stage.canvas))
    assert utils.config() == mine
    stage.view.draw_button.click()
    assert utils.config().enabled()
    stage.view.snap.setChecked(False)
    assert utils.config() == mine
    stage.view.snap.setChecked(True)
    stage.view.cancel_button.click()
    assert utils.config() == mine and stage.cancelled == 1


def test_ones_own_snapping_comes_back_whatever_happens(stage):
    utils, project = stage.canvas.snappingUtils(), QgsProject.instance()
    streets = stage.layer("streets")
    mine = QgsSnappingConfig(project)
    mine.setEnabled(True)
    mine.setMode(Qgis.SnappingMode.AdvancedConfiguration)
    mine.setIndividualLayerSettings(
        streets,
        QgsSnappingConfig.IndividualLayerSettings(True, Qgis.SnappingType.Vertex, 5, Qgis.MapToolUnit.Pixels, 0, 0),
    )
    utils.setConfig(mine)
    stage.view.snap.setChecked(True)
    stage.panel.start(stage.path, None)
    stage.draw(FREE[:2], finish=False)
    assert streets not in utils.config().individualLayerSettings()
    other = QgsSnappingConfig(mine)
    other.setTolerance(77)
    utils.setConfig(other)  # as QGIS does when the user turns a knob meanwhile
    assert streets not in utils.config().individualLayerSettings() and utils.config().enabled()
    project.removeMapLayer(streets.id())
    project.removeMapLayer(stage.layer("districts").id())
    assert len(utils.config().individualLayerSettings()) == 1, "no layer is named that is gone"
    stage.panel.stop()
    assert utils.config().tolerance() == 77 and not [
        one for one, settings in utils.config().individualLayerSettings().items() if settings.enabled()
    ]


def test_without_layers_to_snap_to_the_switch_says_so(stage):
    stage.canvas.setLayers([stage.layer("streets")])
    stage.panel.start(stage.path, None)
    assert not stage.view.snap.isEnabled() and "no districts, parcels or pilots" in stage.view.snap.toolTip()
    parcels = QgsVectorLayer("Polygon?crs=EPSG:28992", "Kadastrale percelen", "memory")
    QgsProject.instance().addMapLayer(parcels)
    stage.canvas.setLayers([stage.layer("streets"), parcels])
    assert stage.view.snap.isEnabled() and "Kadastrale percelen" in stage.view.snap.toolTip()


# -- the end


def test_cancel_leaves_nothing(stage):
    stage.panel.start(stage.path, None)
    stage.draw(FREE, finish=False)
    assert stage.checked() and bands(stage)
    stage.view.cancel_button.click()
    assert stage.cancelled == 1 and nothing_left(stage) and not stage.finished


@pytest.mark.parametrize("how", ["layer", "project"])
def test_the_layer_or_the_project_goes_and_what_was_drawn_stays(stage, how):
    stage.panel.start(stage.path, None)
    stage.draw(FREE, finish=False)
    assert stage.checked()
    if how == "layer":
        QgsProject.instance().removeMapLayer(stage.layer("pilots").id())
    else:
        QgsProject.instance().clear()
    assert stage.cancelled == 1 and nothing_left(stage)
    assert "What was drawn is there again when you go on." in stage.window.said()[-1]
    stage.panel.start(stage.path, None)
    assert stage.cancelled == 2 and any("is not in the project" in text for text in stage.window.said())
    QgsProject.instance().addMapLayers(layers.make_layers(stage.copy, ["pilots"]))
    assert spin(lambda: stage.book.known(stage.path))
    stage.panel.start(stage.path, None)
    assert stage.checked() and area(stage.draft.verdict.pilot.wkb) == pytest.approx(10_000, rel=0.03)
    assert stage.draft.notes == ("This is the area that you had begun before.",)
    stage.view.undo_button.click()
    assert stage.codes() == ["no-area"]


def test_stop_while_something_is_being_taken(stage):
    stage.layer("districts").selectAll()
    stage.panel.start(stage.path, None)
    stage.view.take_button.click()
    stage.view.take.take_button.click()
    stage.panel.stop()
    assert nothing_left(stage)
    assert not spin(lambda: stage.draft.has_area, 0.4)


# -- how quick


def test_hundreds_of_pilots_and_a_large_outline_hold_nobody_up(stage):
    around = stage.book.surroundings(stage.path)
    base = stage.pilot("P-06")
    many = [
        replace(base, twin_id=f"X-{n}", wkb=bytes(_moved(base.wkb, 30 * (n % 20), 30 * (n // 20)))) for n in range(300)
    ]
    stage.panel.start(stage.path, None)
    stage.book.blockSignals(True)  # its own pilots would take the place of these
    stage.draft.set_around(Surroundings(many, around.municipality))
    assert stage.checked()
    heart, slowest = Heartbeat(), 0.0
    for n in range(2):
        outline = QgsGeometry.fromWkt("POINT (93500 435800)").buffer(500 + n, 600)
        stage.draft.sketch(bytes(outline.asWkb()))
        assert stage.checked() and sum(one.code == "overlap" for one in stage.draft.verdict.problems) > 200
        slowest = max(slowest, stage.draft.verdict.seconds)
    assert heart.stop() / 1000 < max(0.05, slowest / 2), "in a task"
    assert len([row for row in stage.view.problems.rows if row.isVisible()]) < 20


def _moved(wkb: bytes, x: float, y: float) -> bytes:
    found = QgsGeometry()
    found.fromWkb(wkb)
    found.translate(x, y)
    return bytes(found.asWkb())
