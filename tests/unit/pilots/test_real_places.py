"""The profile on real Rotterdam, against PostGIS and against GDAL's geometry; and how long it takes over 200,000."""

from __future__ import annotations

import random
import sqlite3
import time
import zipfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from plugin.demo.__main__ import fill
from plugin.demo.app import create_app
from plugin.demo.settings import Settings
from plugin.demo.store import Store
from plugin.pilots.figures import Sensor
from plugin.pilots.ground import ground_of, neighbours_of
from plugin.pilots.measure import Measure
from plugin.pilots.profile import profile, sensors_inside
from plugin.pilots.record import Pilot
from plugin.pilots.surroundings import overlaps
from plugin.twin.client import Twin
from plugin.twin.model import Property, Schema
from plugin.workcopy.checkout import checkout
from plugin.workcopy.copy import WorkingCopy
from plugin.workcopy.geometry import wkb_of
from tests.copies import make_source
from tests.servers.postgis import start_cluster
from tests.servers.process import NoServer
from tests.twin_server import serve_app
from tests.unit.pilots import oracle
from tests.unit.pilots.hand_made import block, running, wkb
from tests.unit.pilots.test_pieces import streets

pytestmark = pytest.mark.slow

TODAY = date(2026, 11, 23)
FILES = (
    "areas/rotterdam_neighbourhoods.geojson",
    "areas/rotterdam_trees_centre.geojson",
    "buildings/rotterdam_delfshaven.city.json",
)
PILOTS = {
    # a hand-drawn outline with a hole, across walls, districts' borders and trees
    "delfshaven": "POLYGON((90600 435600,91100 435560,91350 435700,91250 436050,90900 436150,90650 435950,"
    "90600 435600),(90900 435750,91000 435750,91000 435850,90900 435850,90900 435750))",
    "centre": "MULTIPOLYGON(((92000 436600,92900 436500,93100 437300,92400 437800,91900 437200,92000 436600)),"
    "((93200 437000,93600 436950,93500 437400,93200 437000)))",
    "all": block(80000, 425000, 30000),
    # buffered streets across Delfshaven and the centre: thousands of corners, and holes between them
    "streets": streets(random.Random(1), 40, 1900, 91400, 436300).ExportToWkt(),
}

# across the borders of three districts
ACROSS = "POLYGON((90900 436000,92600 435900,92400 437300,91000 437200,90900 436000))"


@dataclass
class Real:
    copy: WorkingCopy

    def wkbs(self, table: str) -> list[bytes]:
        connection = sqlite3.connect(self.copy.path)
        try:
            return [wkb_of(blob) for (blob,) in connection.execute(f'SELECT geom FROM "{table}"')]
        finally:
            connection.close()


@pytest.fixture(scope="module")
def real(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("real")
    data = folder / "data"
    data.mkdir()
    for name in FILES:
        (data / Path(name).name).symlink_to(shared_data / name)
    store = Store(folder / "twin.sqlite")
    fill(store, data)
    url, stop = serve_app(create_app(store, Settings()))
    path = folder / "real.gpkg"
    twin = Twin(url)
    checkout(twin, [one.id for one in twin.collections()], path)
    stop()
    store.close()
    return Real(WorkingCopy.open(path))


@pytest.fixture(scope="module")
def postgis(real):
    try:
        cluster = start_cluster()
    except NoServer as missing:
        pytest.skip(str(missing))
    for source in real.copy.sources:
        cluster.run(f'CREATE TABLE "{source.table}" (geom geometry)')
        connection = cluster.connect()
        with connection.cursor() as cursor:
            cursor.executemany(
                f'INSERT INTO "{source.table}" VALUES (ST_Transform(ST_SetSRID(ST_GeomFromWKB(%s), %s), 28992))',
                [(one, 28992 if source.srid == 7415 else source.srid) for one in real.wkbs(source.table)],
            )
        connection.close()
    yield cluster
    cluster.stop()


# the faces of a solid as the ground they cover; walls have no area from above
GROUND = """
    SELECT CASE WHEN ST_NDims(geom) > 2 AND ST_NumGeometries(geom) > 1
      THEN (SELECT ST_Union(ST_Buffer(face.geom, 0)) FROM ST_Dump(ST_Force2D(t.geom)) face
            WHERE ST_Area(face.geom) > 1e-6)
      WHEN ST_IsValid(geom) THEN ST_Force2D(geom)
      ELSE ST_MakeValid(ST_Force2D(geom)) END AS geom
    FROM "{table}" t WHERE t.geom && ST_GeomFromText('{pilot}', 28992)
"""
INSIDE = """
    SELECT count(*) FILTER (WHERE part > 0.01 OR (dim = 0 AND met)), coalesce(sum(part) FILTER (WHERE part > 0.01), 0)
    FROM (SELECT ST_Dimension(g.geom) AS dim, ST_Intersects(g.geom, p.geom) AS met,
      CASE ST_Dimension(g.geom) WHEN 2 THEN ST_Area(ST_Intersection(g.geom, p.geom))
      WHEN 1 THEN ST_Length(ST_Intersection(g.geom, p.geom)) ELSE 0 END AS part
      FROM (""" + GROUND + """) g, (SELECT ST_GeomFromText('{pilot}', 28992) AS geom) p) found
"""  # fmt: skip


@pytest.mark.parametrize("name", list(PILOTS))
def test_against_postgis(real, postgis, name):
    found = profile(real.copy, running(wkb=wkb(PILOTS[name])), today=TODAY)
    assert len(found.layers) == 3 and not [note for note in found.notes if "cannot be read" in note]
    for layer in found.layers:
        ((count, size),) = postgis.run(INSIDE.format(table=layer.table, pilot=PILOTS[name]))
        assert layer.count == count, layer.table
        # PostGIS snaps overlays to nothing either: what remains is two builds of PROJ and GEOS
        assert layer.area == pytest.approx(size, rel=1e-7, abs=0.01), layer.table


@pytest.mark.parametrize("name", [name for name in PILOTS if name != "streets"])
def test_against_gdals_geometry(real, name):
    found = profile(real.copy, running(wkb=wkb(PILOTS[name])), today=TODAY)
    for layer in found.layers:
        source = real.copy.source(layer.table)
        expected = oracle.answer(real.wkbs(layer.table), wkb(PILOTS[name]), source.srid)
        assert (layer.count, layer.whole) == (expected.count, expected.whole), layer.table
        assert layer.area == pytest.approx(expected.area, rel=1e-7, abs=0.01), layer.table


@pytest.mark.parametrize("srid", [28992, 4326, 3857])
@pytest.mark.parametrize("name", list(PILOTS))
def test_the_outline_itself_against_postgis(postgis, name, srid):
    """Area and perimeter, also of one that is stored in another reference system."""
    ((stored, size, around),) = postgis.run(
        "WITH one AS (SELECT ST_Transform(ST_GeomFromText(%s, 28992), %s) AS geom) SELECT ST_AsBinary(geom), "
        "ST_Area(ST_Transform(geom, 28992)), ST_Perimeter(ST_Transform(geom, 28992)) FROM one",
        (PILOTS[name], srid),
    )
    shape, remarks = ground_of(running(wkb=bytes(stored), srid=srid))
    assert (shape.GetArea(), shape.Boundary().Length()) == pytest.approx((size, around), rel=1e-7) and not remarks


@pytest.mark.parametrize("name", ["delfshaven", "centre", "streets"])
def test_each_district_against_postgis(real, postgis, name):
    found = profile(real.copy, running(wkb=wkb(PILOTS[name])), today=TODAY)
    table = next(layer.table for layer in found.layers if layer.role == "districts")
    rows = postgis.run(
        "SELECT ST_Area(ST_Intersection(d.geom, p.geom)), ST_Area(d.geom) FROM (SELECT ST_MakeValid(geom) AS geom "
        f'FROM "{table}") d, (SELECT ST_GeomFromText(%s, 28992) AS geom) p WHERE ST_Intersects(d.geom, p.geom) '
        "ORDER BY 1 DESC",
        (PILOTS[name],),
    )
    expected = [(part, part / found.area, part / whole) for part, whole in rows if part > 0.01]
    mine = [(one.area, one.share_of_pilot, one.share_of_district) for one in found.districts]
    assert len(mine) == len(expected) > 0
    for one, other in zip(mine, expected):
        assert one == pytest.approx(other, rel=1e-6, abs=1e-6)


def test_neighbours_and_overlaps_against_postgis(real, postgis):
    """Real districts as pilots: how far each is from a hand-drawn one, and how much ground they share."""
    source = next(one for one in real.copy.sources if "neighbourhoods" in one.table)
    others = [
        running(name=f"D-{n}", twin_id=f"D-{n}", wkb=one, srid=source.srid)
        for n, one in enumerate(real.wkbs(source.table))
    ]
    one = running(wkb=wkb(ACROSS))
    rows = postgis.run(
        "SELECT ST_Distance(d.geom, p.geom), ST_Area(ST_Intersection(d.geom, p.geom)), ST_Area(d.geom) FROM (SELECT "
        f'ST_MakeValid(geom) AS geom FROM "{source.table}") d, (SELECT ST_GeomFromText(%s, 28992) AS geom) p',
        (ACROSS,),
    )
    shape, notes = ground_of(one)
    found = neighbours_of(one, shape, others, 3000, notes)
    near = sorted((row for row in rows if row[0] <= 3000), key=lambda row: (row[0], -row[1]))
    assert len(found) == len(near) > 3 and not notes
    for each, (distance, shared, _) in zip(found, near):
        assert (each.distance, each.overlap) == pytest.approx((distance, shared), rel=1e-6, abs=1e-3)
    sharing = sorted((row for row in near if row[1] > 1), key=lambda row: -row[1])
    shares = overlaps(one, others)
    assert len(shares) == len(sharing) > 0
    for each, (_, shared, whole) in zip(shares, sharing):
        assert (each.area, each.share, each.share_of_other) == pytest.approx(
            (shared, shared / shape.GetArea(), shared / whole), rel=1e-6
        )


def test_sensors_inside_against_postgis(postgis):
    dice = random.Random(4)
    sensors = [Sensor(str(n), "", dice.uniform(4.44, 4.49), dice.uniform(51.90, 51.93)) for n in range(800)]
    for name in ("delfshaven", "centre"):
        rows = postgis.run(
            "SELECT n FROM unnest(%s::float[], %s::float[]) WITH ORDINALITY AS at(x, y, n) WHERE ST_Intersects("
            "ST_GeomFromText(%s, 28992), ST_Transform(ST_SetSRID(ST_MakePoint(x, y), 4326), 28992))",
            ([one.x for one in sensors], [one.y for one in sensors], PILOTS[name]),
        )
        found = sensors_inside(Measure(wkb(PILOTS[name])), sensors)
        assert {one.key for one in found} == {str(n - 1) for (n,) in rows} and len(found) > 5


def test_heights_of_real_buildings_are_those_that_touch(real):
    found = profile(real.copy, running(wkb=wkb(PILOTS["delfshaven"])), today=TODAY)
    table = next(layer.table for layer in found.layers if layer.role == "buildings")
    source = real.copy.source(table)
    connection = sqlite3.connect(real.copy.path)
    rows = connection.execute(f'SELECT geom, "{found.buildings.height_from}" FROM "{table}"').fetchall()
    connection.close()
    inside = oracle.inside([wkb_of(blob) for blob, _ in rows], wkb(PILOTS["delfshaven"]), source.srid)
    heights = [height for (_, height), (_, area, _) in zip(rows, inside) if area >= 0.01 and height]
    span = found.buildings.height
    assert span.count == len(heights) > 100
    assert (span.least, span.most, span.mean) == pytest.approx(
        (min(heights), max(heights), sum(heights) / len(heights))
    )


def test_what_the_profile_says_of_real_places(real):
    found = profile(real.copy, running(wkb=wkb(PILOTS["delfshaven"])), today=TODAY)
    assert found.buildings and 100 < found.buildings.count < 853 and found.buildings.height
    assert 3 < found.buildings.height.median < 25 and found.buildings.footprint < found.area
    assert found.districts[0].name == "Delfshaven"
    centre = profile(real.copy, running(wkb=wkb(PILOTS["centre"])), today=TODAY)
    assert centre.trees and centre.trees > 500 and centre.districts[0].name == "Rotterdam Centrum"


@pytest.fixture(scope="module")
def roofs(shared_data, tmp_path_factory):
    """216,000 real roof prints in a file that is read like a working copy."""
    archive = shared_data / "perf" / "rotterdam_roofprints_216k.gpkg.zip"
    folder = tmp_path_factory.mktemp("roofs")
    with zipfile.ZipFile(archive) as packed:
        (name,) = [one for one in packed.namelist() if one.endswith(".gpkg")]
        packed.extract(name, folder)
    schema = Schema(
        (Property("h_eave_m", "number"), Property("h_ridge_m", "number"), Property("n_roof_faces", "integer")),
        "MultiPolygon",
    )
    return WorkingCopy(folder / name, (make_source("roofprints", schema),), {})


def test_a_profile_over_200_000_buildings(roofs):
    everything = Pilot("all", wkb=wkb(block(82000, 428000, 21000)), twin_id="x")
    profile(roofs, Pilot("warm", wkb=wkb(block(92000, 436000)), twin_id="x"), today=TODAY)  # geopandas is loaded
    clock, work = time.perf_counter(), time.process_time()
    found = profile(roofs, everything, today=TODAY)
    clock, work = time.perf_counter() - clock, time.process_time() - work
    print(f"\n216k roof prints: {clock:.2f} s, {work:.2f} s of them computing")
    assert found.buildings and found.buildings.count == 215_765
    assert work < 2.0  # on a machine that does nothing else this is the time on the wall


def test_half_the_city_against_gdals_geometry(roofs):
    """Where thousands of outlines are cut; the oracle looks at those near the circle only, the rest by their boxes."""
    circle = oracle.ogr.CreateGeometryFromWkt("POINT(93000 436500)").Buffer(4000, 64)
    pilot = Pilot("circle", wkb=bytes(circle.ExportToIsoWkb()), twin_id="x")
    clock = time.process_time()
    found = profile(roofs, pilot, today=TODAY).layers[0]
    print(f"\na circle of 8 km: {time.process_time() - clock:.2f} s of computing, {found.count:,} roof prints")
    connection = sqlite3.connect(roofs.path)
    count = whole = 0
    area = 0.0
    for (blob,) in connection.execute("SELECT geom FROM roofprints"):
        shape = oracle.ogr.CreateGeometryFromWkb(wkb_of(blob))
        west, east, south, north = shape.GetEnvelope()
        if east < 88900 or west > 97100 or north < 432400 or south > 440600:
            continue
        x, y = (west + east) / 2 - 93000, (south + north) / 2 - 436500
        reach = (x * x + y * y) ** 0.5
        if reach < 3700:
            count, whole, area = count + 1, whole + 1, area + shape.GetArea()
        elif reach < 4300:
            answer = oracle.answer([wkb_of(blob)], pilot.wkb)
            count, whole, area = count + answer.count, whole + answer.whole, area + answer.area
    connection.close()
    assert (found.count, found.whole) == (count, whole)
    assert found.area == pytest.approx(area, rel=1e-9)
