"""What lies inside an area, against GDAL's geometry one by one: random shapes, and every odd kind."""

from __future__ import annotations

import math
import random
import struct
import sys

import numpy as np
import pytest
from osgeo import ogr

from plugin.pilots.analysis import NoGeopandas
from plugin.pilots.coordinates import read
from plugin.pilots.measure import Measure
from plugin.pilots.raster import INSIDE, OUTSIDE, Raster
from plugin.pilots.shapes import is_valid
from tests.unit.pilots import oracle

HEADER = b"GP\x00\x01" + struct.pack("<i", 28992)


def blob(shape):
    """A GeoPackage blob without envelope."""
    return HEADER + bytes(shape.ExportToIsoWkb(ogr.wkbNDR))


def star(dice, x, y, radius, corners):
    ring = ogr.Geometry(ogr.wkbLinearRing)
    points = []
    for k in range(corners):
        turn, reach = 2 * math.pi * k / corners, radius * dice.uniform(0.35, 1)
        points.append((x + reach * math.cos(turn), y + reach * math.sin(turn)))
    for point in (*points, points[0]):
        ring.AddPoint_2D(*point)
    out = ogr.Geometry(ogr.wkbPolygon)
    out.AddGeometry(ring)
    return out


def shapes_for(dice, count, spread=900):
    for _ in range(count):
        x, y = 92000 + dice.uniform(-spread, spread), 436000 + dice.uniform(-spread, spread)
        kind = dice.choice(["point", "points", "line", "lines", "polygon", "hole", "polygons"])
        size = dice.choice([1, 10, 60, 400])
        if kind.startswith("point"):
            out = ogr.Geometry(ogr.wkbPoint if kind == "point" else ogr.wkbMultiPoint)
            for _ in range(1 if kind == "point" else 3):
                one = ogr.Geometry(ogr.wkbPoint)
                one.AddPoint_2D(x + dice.uniform(-size, size), y + dice.uniform(-size, size))
                out = one if kind == "point" else (out.AddGeometry(one), out)[1]
        elif kind.startswith("line"):
            out = ogr.Geometry(ogr.wkbMultiLineString)
            for _ in range(2 if kind == "lines" else 1):
                one = ogr.Geometry(ogr.wkbLineString)
                for _ in range(dice.randint(2, 6)):
                    one.AddPoint_2D(x + dice.uniform(-size, size), y + dice.uniform(-size, size))
                out.AddGeometry(one)
        elif kind == "polygons":
            out = ogr.Geometry(ogr.wkbMultiPolygon)
            out.AddGeometry(star(dice, x, y, size, 9))
            out.AddGeometry(star(dice, x + 3 * size, y, size, 5))
        else:
            out = star(dice, x, y, size, 12)
            if kind == "hole":
                out = out.Difference(star(dice, x, y, size * 0.3, 6))
        yield out


@pytest.mark.parametrize("seed", range(8))
def test_random_shapes(seed):
    dice = random.Random(seed)
    pilot = star(dice, 92000, 436000, 700, dice.choice([3, 7, 40, 200]))
    pilot = pilot.Difference(star(dice, 92000, 436000, 120, 8))
    if seed % 2:
        pilot = pilot.Union(star(dice, 92900, 436000, 100, 9))
    shapes = list(shapes_for(dice, 300))
    measure = Measure(bytes(pilot.ExportToIsoWkb(ogr.wkbNDR)))
    found = measure.inside([blob(shape) for shape in shapes])
    expected = oracle.inside([bytes(shape.ExportToIsoWkb()) for shape in shapes], pilot.ExportToIsoWkb())
    assert found.kind.tolist() == [kind for kind, _, _ in expected]
    assert found.share == pytest.approx([share for _, _, share in expected], abs=1e-9)
    assert found.amount * (found.share > 0) == pytest.approx(
        [amount * (share > 0) for _, amount, share in expected], abs=1e-6
    )
    assert len({tuple(row) for row in np.round(found.share, 1)[:, None]}) > 2, "some lie on the outline"


def test_the_raster_is_never_wrong_only_undecided():
    """Boxes far smaller than a cell and just beside the outline."""
    dice = random.Random(5)
    pilot = star(dice, 0, 0, 500, 30)
    ring = np.array(pilot.GetGeometryRef(0).GetPoints())[:, :2]
    raster = Raster([ring], cells=64)
    boxes, truth = [], []
    for _ in range(3000):
        at = dice.randrange(len(ring) - 1)
        t = dice.random()
        x, y = ring[at] * t + ring[at + 1] * (1 - t) + np.array([dice.gauss(0, 8), dice.gauss(0, 8)])
        size = dice.choice([0.0, 0.01, 3.0])
        boxes.append((x, y, x + size, y + size))
        box = ogr.CreateGeometryFromWkt(f"POINT({x} {y})").Buffer(0.0)
        ring_of_box = ogr.CreateGeometryFromWkt(
            f"POLYGON(({x} {y},{x + size} {y},{x + size} {y + size},{x} {y + size},{x} {y}))"
        )
        box = ring_of_box if size else ogr.CreateGeometryFromWkt(f"POINT({x} {y})")
        truth.append((pilot.Contains(box), pilot.Disjoint(box)))
    states = raster.states(np.array(boxes))
    for state, (contains, disjoint) in zip(states, truth):
        assert state != INSIDE or contains
        assert state != OUTSIDE or disjoint
    assert (states == INSIDE).any() and (states == OUTSIDE).any()
    assert raster.states(np.array([[1e6, 1e6, 2e6, 2e6], [-1e9, -1e9, 1e9, 1e9]])).tolist() == [OUTSIDE, 2]


ODD = [
    "CURVEPOLYGON(CIRCULARSTRING(10 10,20 20,30 10,20 0,10 10))",
    "COMPOUNDCURVE((0 50,10 50),CIRCULARSTRING(10 50,15 55,20 50))",
    "GEOMETRYCOLLECTION(POINT(5 5),POLYGON((90 90,110 90,110 110,90 110,90 90)))",
    "POLYGON Z((10 10 1,20 10 2,20 20 3,10 10 1))",
    "MULTIPOLYGON Z(((10 10 0,20 10 0,20 20 0,10 20 0,10 10 0)),((10 10 9,20 10 9,20 20 9,10 20 9,10 10 9)),"
    "((10 10 0,20 10 0,20 10 9,10 10 9,10 10 0)))",
    "MULTIPOLYGON Z(((95 10 0,105 10 0,105 20 0,95 20 0,95 10 0)),((95 10 9,105 10 9,105 20 9,95 20 9,95 10 9)))",
    "POINT ZM(5 5 1 2)",
    "LINESTRING M(-10 50 1,50 50 2)",
    "MULTIPOINT(5 5,500 500)",
    "POLYGON((10 10,30 30,30 10,10 30,10 10))",
    "POLYGON((90 40,120 60,120 40,90 60,90 40))",
    "POLYGON EMPTY",
    "POINT EMPTY",
    "MULTIPOLYGON EMPTY",
]


@pytest.mark.parametrize("wkt", ODD)
def test_odd_shapes(wkt):
    pilot = ogr.CreateGeometryFromWkt("POLYGON((0 0,100 0,100 100,0 100,0 0))")
    shape = ogr.CreateGeometryFromWkt(wkt)
    found = Measure(bytes(pilot.ExportToIsoWkb())).inside([None, blob(shape)])
    ((kind, amount, share),) = oracle.inside([bytes(shape.ExportToIsoWkb())], pilot.ExportToIsoWkb())
    assert found.kind.tolist() == [-1, kind]
    assert (found.share[0], found.share[1]) == pytest.approx((0, share))
    if share and is_valid(bytes(shape.ExportToIsoWkb())):
        assert found.amount[1] == pytest.approx(amount)


def test_a_bow_tie_on_the_outline_is_mended_and_told():
    pilot = ogr.CreateGeometryFromWkt("POLYGON((0 0,100 0,100 100,0 100,0 0))")
    bow = ogr.CreateGeometryFromWkt("POLYGON((90 40,110 60,110 40,90 60,90 40))")
    found = Measure(bytes(pilot.ExportToIsoWkb())).inside([blob(bow)])
    assert found.mended == 1 and found.amount[0] == pytest.approx(100) and found.share[0] == pytest.approx(0.5)


@pytest.mark.parametrize(
    "bad", [b"GP\x00\x01\x00\x00\x00\x00", HEADER + b"\x01\x03\x00\x00\x00\x01\x00\x00\x00\x09", HEADER]
)
def test_a_damaged_blob_is_told_and_the_rest_counted(bad):
    pilot = ogr.CreateGeometryFromWkt("POLYGON((0 0,100 0,100 100,0 100,0 0))")
    good = ogr.CreateGeometryFromWkt("POLYGON((10 10,20 10,20 20,10 10))")
    found = Measure(bytes(pilot.ExportToIsoWkb())).inside([bad, blob(good)])
    assert found.unreadable == 1 and found.touched.tolist() == [False, True]


def test_big_endian_and_open_rings_go_the_other_way():
    shape = ogr.CreateGeometryFromWkt("POLYGON((10 10,20 10,20 20,10 20,10 10))")
    outlines = read([HEADER + bytes(shape.ExportToIsoWkb(ogr.wkbXDR)), blob(shape)])
    assert outlines.odd == (0,) and outlines.areas().tolist() == [0, 100]
    pilot = ogr.CreateGeometryFromWkt("POLYGON((0 0,100 0,100 100,0 100,0 0))")
    found = Measure(bytes(pilot.ExportToIsoWkb())).inside([HEADER + bytes(shape.ExportToIsoWkb(ogr.wkbXDR))])
    assert found.amount.tolist() == [100] and found.share.tolist() == [1]


@pytest.mark.parametrize("srid", [4326, 3857, 25831])
def test_other_reference_systems(srid):
    dice = random.Random(srid)
    pilot = star(dice, 92000, 436000, 700, 20)
    shapes = list(shapes_for(dice, 120))
    way = oracle.osr.CoordinateTransformation(oracle._reference(28992), oracle._reference(srid))
    for shape in shapes:
        shape.Transform(way)
    found = Measure(bytes(pilot.ExportToIsoWkb(ogr.wkbNDR))).inside([blob(shape) for shape in shapes], srid)
    expected = oracle.inside([bytes(shape.ExportToIsoWkb()) for shape in shapes], pilot.ExportToIsoWkb(), srid)
    # two routes through PROJ agree to a fraction of a millimetre
    assert found.share == pytest.approx([share for _, _, share in expected], abs=1e-3)
    sums = [sum(amount for kind, amount, share in expected if kind == k and share) for k in (1, 2)]
    mine = [float(found.amount[(found.kind == k) & (found.share > 0)].sum()) for k in (1, 2)]
    assert mine == pytest.approx(sums, rel=1e-6)


def test_without_geopandas_a_clear_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "geopandas", None)
    pilot = ogr.CreateGeometryFromWkt("POLYGON((0 0,100 0,100 100,0 100,0 0))")
    with pytest.raises(NoGeopandas, match=r"needs the Python package geopandas.*Nothing was computed.*Install it"):
        Measure(bytes(pilot.ExportToIsoWkb()))
