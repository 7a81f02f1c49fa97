"""Checking again only what changed comes to the same as checking everything."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from osgeo import ogr

from plugin.map.pilots.judging import judge
from plugin.pilots.checks import Surroundings, check
from plugin.pilots.fading import RULES, Rules, fading
from plugin.pilots.record import Pilot
from plugin.pilots.shapes import wkb_of_shape
from plugin.twin.errors import Cancelled
from plugin.twin.progress import SILENT

TODAY = date(2026, 11, 23)
CITY = "POLYGON ((90000 434000, 96000 434000, 96000 440000, 90000 440000, 90000 434000))"


def area(random_: random.Random) -> bytes | None:
    kind = random_.random()
    if kind < 0.05:
        return None
    x, y, size = random_.uniform(89700, 92500), random_.uniform(433700, 436500), random_.uniform(50, 700)
    wkt = f"POLYGON (({x} {y}, {x + size} {y}, {x + size} {y + size}, {x} {y + size}, {x} {y}))"
    if kind < 0.15:  # a bow tie
        wkt = f"POLYGON (({x} {y}, {x + size} {y + size}, {x + size} {y}, {x} {y + size}, {x} {y}))"
    if kind > 0.97:
        wkt = "POLYGON ((4.47 51.91, 4.48 51.91, 4.48 51.92, 4.47 51.91))"
    return wkb_of_shape(ogr.CreateGeometryFromWkt(wkt))


def pilot(random_: random.Random, number: int) -> Pilot:
    start = TODAY + timedelta(days=random_.randint(-900, 400))
    return Pilot(
        name=f"Pilot {number}",
        stage=random_.choice(["idea", "running", "stopped", "evaluated"]),
        lead=random_.choice(["", "A", "B"]),
        start=random_.choice([None, start]),
        end=start + timedelta(days=random_.randint(-10, 600)),
        wkb=area(random_),
        fid=number,
        twin_id=f"x{number}",
    )


def everything(pilots: list[Pilot], municipality: bytes) -> list:
    around = Surroundings(pilots, municipality)
    return [(one, tuple(check(one, around, TODAY)), fading(one, TODAY)) for one in pilots]


def found(verdict) -> list:
    return [(one.pilot, one.problems, one.fading) for one in verdict.pilots]


@pytest.mark.parametrize("seed", range(3))
def test_step_by_step_comes_to_the_same(seed):
    random_ = random.Random(seed)
    city = wkb_of_shape(ogr.CreateGeometryFromWkt(CITY))
    pilots = [pilot(random_, number) for number in range(25)]
    verdict = judge(pilots, city, TODAY, RULES, SILENT)
    assert found(verdict) == everything(pilots, city)
    assert any(problem.code == "overlap" for one in verdict.pilots for problem in one.problems)
    for step in range(15):
        place = random_.randrange(len(pilots))
        match = random_.randrange(5)
        if match == 0:
            pilots.append(pilot(random_, 100 + step))
        elif match == 1:
            pilots.pop(place)
        elif match == 2:
            pilots[place] = replace(pilots[place], wkb=area(random_))
        elif match == 3:
            pilots[place] = replace(pilots[place], end=TODAY, name=f"Renamed {step}", lead="C")
        else:
            pilots[place] = replace(pilots[place], stage=random_.choice(["stopped", "running"]))
        verdict = judge(pilots, city, TODAY, RULES, SILENT, verdict)
        assert found(verdict) == everything(pilots, city), (step, match)


def test_another_day_border_or_rule_is_judged_anew():
    random_ = random.Random(7)
    city = wkb_of_shape(ogr.CreateGeometryFromWkt(CITY))
    pilots = [pilot(random_, number) for number in range(40)]
    verdict = judge(pilots, city, TODAY, RULES, SILENT)
    later = judge(pilots, city, TODAY + timedelta(days=2000), RULES, SILENT, verdict)
    assert [one.fading for one in later.pilots] != [one.fading for one in verdict.pilots]
    mild = judge(pilots, city, TODAY, Rules(after_end=3650), SILENT, verdict)
    assert [one.fading for one in mild.pilots] != [one.fading for one in verdict.pilots]
    assert "partly-outside" in codes(verdict) and "partly-outside" not in codes(
        judge(pilots, None, TODAY, RULES, SILENT, verdict)
    )


def codes(verdict) -> set[str]:
    return {problem.code for one in verdict.pilots for problem in one.problems}


def test_it_can_be_cancelled():
    class Stop:
        def cancelled(self) -> bool:
            return True

        def report(self, *_: object) -> None: ...

        def note(self, _text: str) -> None: ...

    with pytest.raises(Cancelled):
        judge([pilot(random.Random(1), 1)], None, TODAY, RULES, Stop())
