"""The profile over a working copy: every layer, buildings, sensors, neighbours, and all that can be missing."""

from __future__ import annotations

import json
import math
import sqlite3
import sys
from dataclasses import replace

import numpy as np
import pytest

from plugin.pilots import shapes
from plugin.pilots.analysis import NoGeopandas
from plugin.pilots.buildings import span
from plugin.pilots.figures import Day, Sensor, as_json
from plugin.pilots.measure import Measure
from plugin.pilots.profile import outline_profile, profile
from plugin.pilots.reading import find_pilot, read_pilots
from plugin.pilots.roles import figures_of, role_of
from plugin.pilots.rows import features_inside
from plugin.twin.errors import Cancelled, CityTwinError
from plugin.twin.model import Item, Property, Schema
from plugin.twin.progress import Silent
from plugin.workcopy.connection import connect
from plugin.workcopy.geometry import wkb_of
from tests.copies import BUILDING, make_copy, make_source, square
from tests.unit.pilots import oracle
from tests.unit.pilots.hand_made import block, running, wkb


def layer_of(copy, table):
    """fid, WKB of every feature."""
    connection = sqlite3.connect(copy.path)
    try:
        return [wkb_of(blob) for (blob,) in connection.execute(f'SELECT geom FROM "{table}"')]
    finally:
        connection.close()


@pytest.mark.parametrize("key", ["P-02", "P-06", "P-10"])
def test_every_layer_of_the_city_against_gdals_geometry(city, today, key):
    copy = city.copy
    pilot = find_pilot(read_pilots(copy), key)
    found = profile(copy, pilot, today=today)
    assert {layer.table for layer in found.layers} == {"buildings", "districts", "trees", "streets", "water"}
    for layer in found.layers:
        expected = oracle.answer(layer_of(copy, layer.table), pilot.wkb)
        assert (layer.count, layer.whole) == (expected.count, expected.whole), layer.table
        assert (layer.length, layer.area) == pytest.approx((expected.length, expected.area), abs=1e-3), layer.table
        assert layer.total == len(layer_of(copy, layer.table))
        assert layer.share_of_layer == layer.count / layer.total
    assert sum(district.share_of_pilot for district in found.districts) <= 1 + 1e-9
    assert found.trees == next(layer.count for layer in found.layers if layer.table == "trees")
    assert found.area == pytest.approx(shapes.shape_of(pilot.wkb).Area())


def test_buildings(city, today):
    copy = city.copy
    pilot = find_pilot(read_pilots(copy), "P-02")
    found = profile(copy, pilot, today=today).buildings
    connection = sqlite3.connect(copy.path)
    rows = connection.execute("SELECT geom, height, year_built, storeys FROM buildings").fetchall()
    connection.close()
    inside = oracle.inside([wkb_of(row[0]) for row in rows], pilot.wkb)
    kept = [(row, area, share) for row, (_, area, share) in zip(rows, inside) if area >= 0.01]
    assert found.count == len(kept) and found.whole == sum(share > 1 - 1e-9 for _, _, share in kept)
    assert found.footprint == pytest.approx(sum(area for _, area, _ in kept))
    assert found.floor_area == pytest.approx(sum(row[3] * area for row, area, _ in kept if row[3] is not None))
    assert found.floor_area_from == "storeys" and found.height_from == "height"
    heights = [row[1] for row, _, _ in kept]
    assert (found.height.least, found.height.most) == (min(heights), max(heights))
    assert found.height.mean == pytest.approx(sum(heights) / len(heights))
    assert (
        sum(period.count for period in found.periods)
        == found.years.count
        == sum(row[2] is not None for row, _, _ in kept)
    )
    assert span(np.array([])) is None


def test_neighbours_and_sensors(city, today):
    copy = city.copy
    pilot = find_pilot(read_pilots(copy), "P-06")
    day = Day("NO2", "µg/m³", 24, 3.0, 11.0, 40.0, 12.0, "2026-11-22T23:00:00Z")
    inside = Sensor("1", "Wilhelminaplein", 93620, 435740, 28992, (day,))
    degrees = Sensor("2", "By GPS", 4.4957, 51.9067)
    away = Sensor("3", "Schiphol", 4.76, 52.31)
    found = profile(copy, pilot, today=today, sensors=[inside, degrees, away], near=180)
    assert found.sensors == (inside, degrees)
    assert [(one.key, one.distance == 0) for one in found.neighbours] == [("P-08", True), ("P-03", False)]
    assert found.neighbours[0].overlap == pytest.approx(33932, abs=1) and found.neighbours[1].distance < 180
    assert profile(copy, pilot, today=today, near=0, tables=()).neighbours[0].key == "P-08"


def test_it_is_json(city, today):
    copy = city.copy
    found = profile(copy, find_pilot(read_pilots(copy), "P-01"), today=today)
    data = json.loads(json.dumps(as_json(found)))
    assert data["format"] == 1 and data["made"] == "2026-11-23" and data["pilot"] == "P-01"
    assert data["buildings"]["count"] == found.buildings.count and data["addresses"] is None
    assert data["area"] == round(found.area, 2)


def test_what_is_missing_is_said(city, today):
    copy = city.copy
    pilot = find_pilot(read_pilots(copy), "P-01")
    assert profile(copy, pilot, today=today).notes == ("No layer of addresses is checked out, so none are counted.",)
    found = profile(copy, pilot, today=today, tables=["buildings", "benches"])
    assert [layer.table for layer in found.layers] == ["buildings"] and found.trees is None
    assert found.notes == ("There is no layer benches in the working copy: it was left out.",)


def test_a_table_that_is_gone_and_an_index_that_is_gone(copied, today):
    pilot = find_pilot(read_pilots(copied), "P-02")
    before = profile(copied, pilot, today=today)
    connection = connect(copied.path, write=True)
    connection.execute("DROP TABLE trees")
    connection.execute("DROP TABLE rtree_buildings_geom")
    connection.close()
    after = profile(copied, pilot, today=today)
    assert "The layer Trees is gone from the file: it was left out." in after.notes and after.trees is None
    assert after.buildings == before.buildings


def test_a_pilot_without_an_area_and_one_that_crosses_itself(city, today):
    with pytest.raises(CityTwinError, match="Cool Roofs has no area"):
        profile(city.copy, running(wkb=None), today=today)
    bow = "POLYGON((92000 437000,92300 437300,92300 437000,92000 437300,92000 437000))"
    found = profile(city.copy, running(wkb=wkb(bow)), today=today)
    assert found.area == pytest.approx(45_000) and "mended" in found.notes[0]


def test_cancelling_and_progress(city, today):
    class Watcher(Silent):
        def __init__(self, after):
            self.texts, self.asked, self.after = [], 0, after

        def report(self, done, total, text):
            self.texts.append(text)

        def cancelled(self):
            self.asked += 1
            return self.asked > self.after

    pilot = find_pilot(read_pilots(city.copy), "P-01")
    patient = Watcher(10**6)
    profile(city.copy, pilot, today=today, progress=patient)
    assert "Looking at Buildings" in patient.texts and "Measuring Buildings" in patient.texts
    for after in range(0, patient.asked, 3):
        with pytest.raises(Cancelled):
            profile(city.copy, pilot, today=today, progress=Watcher(after))


def test_without_geopandas(city, today, monkeypatch):
    monkeypatch.setitem(sys.modules, "geopandas", None)
    with pytest.raises(NoGeopandas):
        profile(city.copy, find_pilot(read_pilots(city.copy), "P-01"), today=today)


def test_a_layer_in_a_reference_system_that_nobody_knows(tmp_path, today):
    copy = make_copy(tmp_path / "x.gpkg")
    broken = replace(copy.sources[0], srid=999_999)
    copy.sources = (broken,)
    found = profile(copy, running(wkb=wkb(block(92000, 435900, 300))), today=today)
    assert any("Buildings was left out: EPSG:999999" in note for note in found.notes) and found.layers == ()


def test_floor_area_of_a_column_goes_before_storeys(tmp_path, today):
    schema = Schema(
        (Property("bouwjaar", "integer"), Property("gebruiksoppervlakte", "number"), Property("bouwlagen", "integer"),
         Property("b3_h_dak_max", "number"), Property("b3_h_maaiveld", "number")), "Polygon",
    )  # fmt: skip
    values = {
        "bouwjaar": 1005,
        "gebruiksoppervlakte": 300.0,
        "bouwlagen": 9,
        "b3_h_dak_max": 12.5,
        "b3_h_maaiveld": 0.5,
    }
    items = [
        Item("1", values, square(92000, 436000), "1"),
        Item(
            "2", {**values, "bouwjaar": 1931, "gebruiksoppervlakte": None, "bouwlagen": 2}, square(92095, 436000), "1"
        ),
        Item("3", {"bouwjaar": 1950}, square(92050, 436000), "1"),
        Item("4", values, None, "1"),
    ]
    copy = make_copy(tmp_path / "x.gpkg", {"x": items}, schema)
    assert role_of(copy.sources[0]) == "buildings"
    found = profile(copy, running(), today=today).buildings
    assert (found.count, found.whole, found.footprint) == (3, 2, pytest.approx(250))
    assert found.floor_area == pytest.approx(300 + 2 * 50) and found.floor_area_known == 2
    assert found.height.count == 2 and found.height.most == 12 and found.height_from == "b3_h_dak_max − b3_h_maaiveld"
    assert (found.years.least, found.years.most, found.years.count) == (1931, 1950, 2), "1005 means not known"


@pytest.mark.parametrize(
    ("collection", "title", "geometry", "role"),
    [
        ("trees", "", "Point", "trees"),
        ("x", "Gemeentelijke bomen", "Point", "trees"),
        ("dutch_addresses", "", "Point", "addresses"),
        ("verblijfsobjecten", "BAG", "Point", "addresses"),
        ("rotterdam_neighbourhoods", "", "MultiPolygon", "districts"),
        ("wijken", "", "Polygon", "districts"),
        ("bag_panden", "", "MultiPolygon", "buildings"),
        ("roofprints", "", "MultiPolygon", "buildings"),
        ("trees", "Tree crowns", "Polygon", "other"),
        ("streets", "Streets", "LineString", "other"),
        ("streetlights", "Street lights", "Point", "other"),
    ],
)
def test_roles(collection, title, geometry, role):
    source = make_source(collection, Schema((), geometry), title=title)
    assert role_of(source) == role


def test_a_city_model_is_known_by_its_columns():
    assert role_of(make_source("delfshaven", BUILDING)) == "buildings"
    assert role_of(make_source("delfshaven", Schema((Property("height", "number"),), "MultiPolygon"))) == "other"
    schema = Schema((Property("height", "number"), Property("ground_height", "number")), "MultiPolygon")
    assert role_of(make_source("delfshaven", schema)) == "buildings"
    assert figures_of(make_source("delfshaven", schema)).columns == ("height", "ground_height")


@pytest.mark.parametrize(
    ("wkt", "srid", "reason"),
    [
        ("POLYGON((4.47 51.91,4.48 51.91,4.48 51.92,4.47 51.91))", 28992, r"degrees.*“Read as Longitude and Latitude”"),
        ("POLYGON((51.91 4.47,51.91 4.48,51.92 4.48,51.91 4.47))", 28992, r"degrees.*“Read as Latitude and Longitude”"),
        ("POINT(92000 436000)", 28992, "a point or a line.*Buffer it"),
        ("LINESTRING(92000 436000,92100 436000)", 28992, "a point or a line"),
        ("POLYGON((13.3 52.5,13.4 52.5,13.4 52.6,13.3 52.5))", 4326, "outside the Netherlands"),
        ("POLYGON((92000 436000,92100 436000,92000 436000,92000 436000))", 28992, "has no area"),
        ("POLYGON((92000 436000,92100 436000,92100 436100,92000 436000))", 999999, "EPSG:999999 is not known"),
    ],
)
def test_where_nothing_can_lie_inside_a_sentence_says_why(city, today, wkt, srid, reason):
    pilot = running(wkb=wkb(wkt), srid=srid)
    for ask in (profile, outline_profile):
        with pytest.raises(CityTwinError, match=reason):
            ask(city.copy, pilot, today=today)


def test_a_curved_pilot_is_measured_in_straight_pieces(city, today):
    circle = "CURVEPOLYGON(CIRCULARSTRING(92000 437000,92100 437100,92200 437000,92100 436900,92000 437000))"
    found = profile(city.copy, running(wkb=wkb(circle)), today=today)
    assert found.area == pytest.approx(math.pi * 100**2, rel=1e-3)
    assert found.notes[0] == "The outline has curves; they were measured as short straight pieces."


def test_what_needs_no_geopandas_is_the_same_without(city, today, monkeypatch):
    copy = city.copy
    pilot = find_pilot(read_pilots(copy), "P-06")
    whole = profile(copy, pilot, today=today)
    monkeypatch.setitem(sys.modules, "geopandas", None)
    found = outline_profile(copy, pilot, today=today)
    assert (found.area, found.perimeter, found.neighbours) == (whole.area, whole.perimeter, whole.neighbours)
    assert found.buildings is None and found.trees is None and found.layers == () and found.neighbours


def test_one_neighbour_that_cannot_be_measured_spoils_nothing(city, today):
    copy = city.copy
    pilots = read_pilots(copy)
    pilot = find_pilot(pilots, "P-06")
    wrong = running(name="Broken", wkb=wkb(block()), srid=999_999, twin_id="P-99")
    found = profile(copy, pilot, today=today, others=[*pilots, wrong])
    assert found.neighbours == profile(copy, pilot, today=today).neighbours
    assert any("How near Broken is, is not known" in note for note in found.notes)


def test_the_features_inside_are_those_that_the_profile_counts(city, today):
    copy = city.copy
    pilot = find_pilot(read_pilots(copy), "P-06")
    for layer in profile(copy, pilot, today=today).layers:
        found = features_inside(copy, copy.source(layer.table), pilot)
        assert len(found) == len(set(found)) == layer.count, layer.table
    connection = sqlite3.connect(copy.path)
    rows = connection.execute("SELECT fid, geom FROM trees").fetchall()
    connection.close()
    inside = oracle.inside([wkb_of(blob) for _, blob in rows], pilot.wkb)
    expected = {fid for (fid, _), (_, _, share) in zip(rows, inside) if share}
    assert set(features_inside(copy, copy.source("trees"), pilot)) == expected != set()


def test_data_that_end_before_the_pilot_begins_are_no_zero(tmp_path, today):
    schema = Schema((Property("height", "number"), Property("year_built", "integer")), "Polygon")
    items = [Item("1", {"height": 5.0, "year_built": 1990}, square(92000, 436000), "1")]
    copy = make_copy(tmp_path / "x.gpkg", {"buildings": items}, schema)
    near, away = (running(wkb=wkb(block(x, 436000))) for x in (92000, 93000))
    found = profile(copy, away, today=today)
    assert found.buildings is None and not found.layers[0].known
    assert "“Buildings”: the data end before this pilot begins, so what of it is here is not known." in found.notes
    found = profile(copy, near, today=today)
    assert found.buildings.count == 1 and found.layers[0].known


def test_a_layer_that_was_checked_out_for_a_part_of_the_pilot_says_so(city, today):
    copy = city.copy
    pilot = find_pilot(read_pilots(copy), "P-06")
    west, _, east, _ = Measure(pilot.wkb).bounds
    copy.sources = tuple(
        replace(source, extent=(80000, 430000, (west + east) / 2, 440000)) if source.table == "trees" else source
        for source in copy.sources
    )
    notes = profile(copy, pilot, today=today).notes
    assert [note for note in notes if note.startswith("“Trees”: checked out for an area that does not hold all")]
    copy.sources = tuple(
        replace(source, extent=(80000, 430000, 99000, 440000)) if source.extent else source for source in copy.sources
    )
    assert not any("checked out for an area" in note for note in profile(copy, pilot, today=today).notes)
