"""Pilots of thousands of corners: cut piece by piece, to the same as all at once."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest
from osgeo import ogr

from plugin.pilots.measure import Measure
from plugin.pilots.pieces import parted
from plugin.twin.errors import Cancelled
from plugin.twin.progress import Silent
from tests.unit.pilots import oracle
from tests.unit.pilots.test_measure import blob, shapes_for


def streets(dice, count=24, reach=900, east=92000, north=436000):
    """A network of buffered streets around a place: holes, crossings and thousands of corners."""
    lines = ogr.Geometry(ogr.wkbMultiLineString)
    for k in range(count):
        line = ogr.Geometry(ogr.wkbLineString)
        across = -reach + 2 * reach * (k // 2) / (count // 2)
        for step in range(41):
            along = -reach + 2 * reach * step / 40
            x, y = (along, across) if k % 2 else (across, along)
            line.AddPoint_2D(east + x + dice.uniform(-9, 9), north + y + dice.uniform(-9, 9))
        lines.AddGeometry(line)
    return lines.Buffer(12, 4)


@pytest.mark.parametrize("seed", range(2))
def test_the_same_as_by_gdals_geometry(seed):
    dice = random.Random(seed)
    pilot = streets(dice)
    shapes = list(shapes_for(dice, 1500, spread=1000))
    found = Measure(bytes(pilot.ExportToIsoWkb())).inside([blob(shape) for shape in shapes])
    expected = oracle.inside([bytes(shape.ExportToIsoWkb()) for shape in shapes], pilot.ExportToIsoWkb())
    assert found.kind.tolist() == [kind for kind, _, _ in expected]
    assert found.share == pytest.approx([share for _, _, share in expected], abs=1e-9)
    assert found.amount * (found.share > 0) == pytest.approx(
        [amount * (share > 0) for _, amount, share in expected], abs=1e-6
    )
    assert (found.share == 1).any() and (found.share == 0).any() and ((found.share > 0) & (found.share < 1)).any()


def small_boxes(dice, count):
    low = np.array([(92000 + dice.uniform(-950, 950), 436000 + dice.uniform(-950, 950)) for _ in range(count)])
    return np.hstack([low, low + 4.0])


def test_pieces_are_small_and_no_feature_is_lost():
    from shapely import wkb
    from shapely.geometry import box

    dice = random.Random(7)
    area = wkb.loads(bytes(streets(dice).ExportToIsoWkb()))
    boxes = small_boxes(dice, 4000)
    found = parted(area, boxes, np.arange(len(boxes)))
    inside = set(np.concatenate(found.inside).tolist())
    cut = [index for indices, _ in found.cut for index in indices]
    assert len(cut) == len(set(cut)) and not inside & set(cut)
    for index in range(0, len(boxes), 5):
        here = box(*boxes[index])
        if index in inside:
            assert area.contains(here)
        elif index not in set(cut):
            assert area.disjoint(here)
    for indices, piece in found.cut[::10]:
        for index in indices[::5]:
            here = box(*boxes[index])
            assert here.intersection(piece).area == pytest.approx(here.intersection(area).area, abs=1e-6)
    assert len(inside) > 300 and len(cut) < 3000, "a grid decided many"


def test_cancelled_between_pieces():
    """However many corners: asked so often that nobody waits."""

    class Watch(Silent):
        def __init__(self, after):
            self.after, self.asked, self.gap, self.last = after, 0, 0.0, time.thread_time()

        def cancelled(self):
            now = time.thread_time()
            self.gap, self.last = max(self.gap, now - self.last), now
            self.asked += 1
            return self.asked > self.after

    dice = random.Random(3)
    measure = Measure(bytes(streets(dice).ExportToIsoWkb()))
    blobs = [blob(shape) for shape in shapes_for(dice, 1000, spread=1000)]
    patient = Watch(10**6)
    measure.inside(blobs, progress=patient)
    assert patient.asked > 10 and patient.gap < 0.4
    with pytest.raises(Cancelled):
        measure.inside(blobs, progress=Watch(patient.asked // 2))
