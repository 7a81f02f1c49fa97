"""What is wrong with a pilot is said, with a place, and what mends it mends it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from osgeo import ogr

from plugin.pilots import checks, shapes
from plugin.pilots.checks import Surroundings, check, check_all, mended, with_outline
from plugin.pilots.parts import Assessment, DataLink, StageChange
from plugin.pilots.problems import worst
from plugin.pilots.reading import read_municipality, read_pilots
from plugin.pilots.surroundings import municipality_of, overlaps, together
from plugin.twin.errors import Cancelled, CityTwinError
from plugin.twin.progress import Silent
from tests.unit.pilots.hand_made import block, running, wkb

TODAY = date(2026, 11, 23)
ALONE = Surroundings()
HOLE = "(92040 436040,92050 436040,92050 436050,92040 436050,92040 436040)"


def found(pilot, around=ALONE):
    return {problem.code: problem for problem in check(pilot, around, TODAY)}


def drawn(wkt, srid=28992):
    return with_outline(running(), wkb(wkt), srid)


def test_nothing_wrong():
    assert check(running(), ALONE, TODAY) == []


BAD = [
    # code, wkt, srid, whether something mends it, area afterwards
    ("invalid", "POLYGON((92000 436000,92100 436100,92100 436000,92000 436100,92000 436000))", 28992, 5000),
    ("invalid", f"MULTIPOLYGON((({block()[9:-2]})),(({block(92050)[9:-2]})))", 28992, 15000),
    ("holes", f"POLYGON({block()[8:-1]},{HOLE})", 28992, 10000),
    ("sliver", f"MULTIPOLYGON((({block()[9:-2]})),((92200 436000,92200.2 436000,92200.2 436500,92200 436000)))", 28992,
     10000),
    ("curved", "CURVEPOLYGON(CIRCULARSTRING(92000 436000,92050 436050,92100 436000,92050 435950,92000 436000))", 28992,
     7854),
    ("degrees", "POLYGON((4.47 51.91,4.48 51.91,4.48 51.92,4.47 51.92,4.47 51.91))", 28992, 765_000),
    ("degrees", "POLYGON((51.91 4.47,51.91 4.48,51.92 4.48,51.92 4.47,51.91 4.47))", 28992, 765_000),
]  # fmt: skip


@pytest.mark.parametrize(("code", "wkt", "srid", "area"), BAD)
def test_a_bad_outline_is_found_shown_and_mended(code, wkt, srid, area):
    pilot = drawn(wkt, srid)
    problem = found(pilot)[code]
    assert problem.column == "geom" and problem.place and problem.box and problem.pilot == "P-1"
    assert problem.fix and problem.fix.geometry
    after = mended(pilot, problem)
    assert code not in found(after)
    assert checks.area_of(after) == pytest.approx(area, rel=0.01)
    assert replace(after, wkb=pilot.wkb) == pilot, "nothing else is changed"


def test_a_crossing_is_shown_where_it_is():
    problem = found(drawn(BAD[0][1]))["invalid"]
    at = shapes.shape_of(problem.place)
    assert (at.GetX(), at.GetY()) == pytest.approx((92050, 436050)) and problem.severity == "error"


@pytest.mark.parametrize(
    ("code", "wkt", "srid"),
    [
        ("no-area", "POLYGON EMPTY", 28992),
        ("not-an-area", "POINT(92000 436000)", 28992),
        ("not-an-area", "LINESTRING(92000 436000,92100 436100)", 28992),
        ("off-the-map", "POLYGON((5000000 5000000,5000100 5000000,5000100 5000100,5000000 5000000))", 28992),
        ("off-the-map", "POLYGON((104.47 51.91,104.48 51.91,104.48 51.92,104.47 51.91))", 4326),
        ("too-small", block(size=5), 28992),
        ("too-large", block(80000, 420000, 20000), 28992),
        ("not-checked", block(), 999999),
    ],
)
def test_what_only_a_person_mends(code, wkt, srid):
    problem = found(drawn(wkt, srid))[code]
    assert problem.fix is None and problem.sentence
    assert problem.advice or code == "not-checked"
    with pytest.raises(CityTwinError):
        mended(running(), problem)


@pytest.mark.parametrize("blob", [None, b"", b"\x01", b"\x01\x03\x00\x00\x00\xff\xff\xff\xff", b"hello"])
def test_no_geometry_or_none_that_can_be_read(blob):
    assert "no-area" in found(replace(running(), wkb=blob))


def test_several_parts_are_a_notice_and_heights_do_not_matter():
    two = drawn(f"MULTIPOLYGON((({block()[9:-2]})),(({block(92500)[9:-2]})))")
    assert found(two)["multi-part"].severity == "notice" and worst(check(two, ALONE, TODAY)) == "notice"
    high = drawn("POLYGON Z((92000 436000 1,92100 436000 2,92100 436100 3,92000 436000 1))")
    assert found(high) == {}


def test_in_degrees_on_purpose():
    pilot = drawn("POLYGON((4.47 51.91,4.471 51.91,4.471 51.911,4.47 51.91))", 4326)
    assert found(pilot) == {} and checks.area_of(pilot) == pytest.approx(3826, rel=0.01)


def test_overlaps_say_with_whom_how_much_and_when():
    other = running(name="Hub", twin_id="P-2", lead="PostNL", wkb=wkb(block(92075)), start=date(2026, 6, 1),
                    end=date(2028, 1, 1))  # fmt: skip
    far = running(name="Far", twin_id="P-3", wkb=wkb(block(93000)))
    touching = running(name="Next door", twin_id="P-4", wkb=wkb(block(91900)))
    gone = running(name="Gone", twin_id="P-5", stage="stopped")
    (overlap,) = overlaps(running(), [running(), other, far, touching, gone])
    assert (overlap.area, overlap.share, overlap.share_of_other) == pytest.approx((2500, 0.25, 0.25))
    assert overlap.period == (date(2026, 6, 1), date(2027, 1, 1))
    problem = found(running(), Surroundings([other, far]))["overlap"]
    assert problem.severity == "warning" and problem.other == "P-2" and "PostNL" in problem.advice
    for words in ("Hub", "2,500 m²", "25 %", "2026-06-01", "2027-01-01"):
        assert words in problem.sentence
    assert problem.box == pytest.approx((92075, 436000, 92100, 436100))
    after = mended(running(), problem)
    assert checks.area_of(after) == pytest.approx(7500) and "overlap" not in found(after, Surroundings([other]))


def test_overlaps_at_other_times_or_no_known_time():
    later = running(twin_id="P-2", start=date(2028, 1, 1), end=date(2029, 1, 1))
    assert found(running(), Surroundings([later]))["overlap"].severity == "notice"
    undated = running(twin_id="P-2", start=None, end=None)
    problem = found(running(), Surroundings([undated]))["overlap"]
    assert problem.severity == "warning" and "not known" in problem.sentence
    assert together(running(), undated) is None


def test_one_day_in_common_is_at_the_same_time():
    last = date(2027, 1, 1)
    assert together(running(), running(twin_id="P-2", start=last, end=date(2028, 1, 1))) == (last, last)


@pytest.mark.parametrize(("width", "sliver"), [(0.8, True), (1.2, False), (1.8, False)])
def test_how_wide_a_sliver_is(width, sliver):
    strip = f"((92200 436000,{92200 + width} 436000,{92200 + width} 436500,92200 436500,92200 436000))"
    codes = found(drawn(f"MULTIPOLYGON((({block()[9:-2]})),{strip})"))
    assert ("sliver" in codes) == sliver and ("multi-part" in codes) != sliver


def test_what_happened_today_has_come():
    skills = Assessment("skills", "met", "", TODAY)
    now = StageChange("2026-11-23T23:59:59Z", "running", "running", "today")
    assert "future" not in found(running(human=(skills,), history=(*running().history, now)))


def test_an_overlap_across_reference_systems():
    other = running(twin_id="P-2", srid=4326, wkb=shapes.wkb_of_shape(
        shapes.moved_to(ogr.CreateGeometryFromWkt(block(92050)), 28992, 4326)))  # fmt: skip
    (overlap,) = overlaps(running(), [other])
    assert overlap.area == pytest.approx(5000, abs=1)


def test_cutting_off_everything_is_refused():
    problem = found(running(), Surroundings([running(twin_id="P-2")]))["overlap"]
    with pytest.raises(CityTwinError, match="Nothing worth mentioning"):
        mended(running(), problem)


def test_the_municipality():
    city = municipality_of([wkb(block(92000, 436000, 500)), wkb(block(92900, 436000, 500))], 28992)
    inside = Surroundings(municipality=city)
    assert found(running(), inside) == {}
    between = replace(running(), wkb=wkb(block(92600, 436100)))
    assert found(between, inside) == {}, "the river between two districts is the city too"
    half = replace(running(), wkb=wkb(block(91950)))
    problem = found(half, inside)["partly-outside"]
    assert "5,000 m²" in problem.sentence and problem.box == pytest.approx((91950, 436000, 92000, 436100))
    assert checks.area_of(mended(half, problem)) == pytest.approx(5000)
    away = found(replace(running(), wkb=wkb(block(100000))), inside)["outside"]
    assert away.severity == "error" and away.fix is None
    assert municipality_of([], 28992) is None and municipality_of([b"x"], 28992) is None


@pytest.mark.parametrize(
    ("code", "column", "changes"),
    [
        ("missing", "theme", {"theme": ""}),
        ("missing", "end_date", {"end": None}),
        ("missing", "name", {"name": ""}),
        ("missing", "technical", {"stage": "evaluated", "technical": (Assessment("reuse"),)}),
        ("stage", "stage", {"stage": "fase 3"}),
        ("stage", "stage", {"stage": ""}),
        ("dates", "end_date", {"start": date(2027, 2, 1)}),
        ("long", "end_date", {"start": date(2026, 1, 1), "end": date(2056, 1, 1)}),
        ("far-date", "start_date", {"start": date(202, 1, 1), "end": date(203, 1, 1)}),
        ("not-started", "start_date", {"start": date(2026, 12, 1)}),
        ("past-end", "end_date", {"end": date(2026, 11, 1)}),
        ("future", "human", {"human": (Assessment("skills", "met", "", date(2027, 1, 1)),)}),
        ("future", "stage_history", {"history": (StageChange("2027-01-01", "running", "proposed"),)}),
        ("history", "stage_history", {"history": ()}),
        ("unreadable", "technical", {"unreadable": ("technical",)}),
        ("unreadable", "start_date", {"unreadable": ("start_date",)}),
        ("personal", "summary", {"summary": "bel 06-12345678"}),
        ("personal", "human", {"human": (Assessment("skills", "met", "contact: Jan Jansen"),)}),
        ("personal", "stage_history", {"history": (StageChange("2026-01-01", "running", "", "by j.jansen@x.nl"),)}),
        ("personal", "partners", {"partners": ("TNO", "dhr. Jansen")}),
        ("personal", "contact_role", {"contact": "mw. A. Bakker"}),
        ("personal", "data_used", {"data_used": (DataLink("BSN 123456782"),)}),
    ],
)
def test_what_is_written(code, column, changes):
    pilot = running(**changes)
    problem = next(one for one in check(pilot, ALONE, TODAY) if one.code == code and one.column == column)
    assert problem.sentence.endswith((".", "m²", *"0123456789lsnr")) and problem.box is None
    if problem.fix:
        after = mended(pilot, problem)
        assert not [one for one in check(after, ALONE, TODAY) if (one.code, one.column) == (code, column)]


def test_errors_come_first_and_all_pilots_are_checked():
    pilots = [running(theme="", end=date(2026, 11, 1)), running(twin_id="P-2", wkb=wkb(block(92090)))]
    problems = check_all(pilots, TODAY)
    assert [problem.severity for problem in problems if problem.pilot == "P-1"] == ["error", "warning", "warning"]
    assert {problem.pilot for problem in problems} == {"P-1", "P-2"}

    class Stopped(Silent):
        def cancelled(self):
            return True

    with pytest.raises(Cancelled):
        check_all(pilots, TODAY, progress=Stopped())


def test_the_demo_city(city):
    """Its pilots can be published as they are; what is warned of is what the demonstration shows."""
    problems = check_all(read_pilots(city.copy), TODAY, read_municipality(city.copy))
    assert {(one.pilot, one.code, one.severity) for one in problems} == {
        ("P-06", "overlap", "warning"),
        ("P-08", "overlap", "warning"),
        ("P-08", "past-end", "warning"),
    }
