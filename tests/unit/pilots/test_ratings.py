"""Ratings that a server calls otherwise: read in our words, written back in theirs, and nothing touched in passing."""

from __future__ import annotations

import json
from dataclasses import replace

from plugin.pilots.mapping import PilotMapping, from_data
from plugin.pilots.parts import Assessment
from plugin.pilots.record import read_pilot, written

MAPPING = PilotMapping(
    "proeven", {"technical": "techniek"}, {"rating": {"goed": "met", "prima": "met", "slecht": "not met"}}
)
ROW = {
    "techniek": json.dumps(
        [
            {"criterion": "reuse", "rating": "prima", "note": 1},
            {"criterion": "maintenance", "rating": "goed"},
            {"criterion": "integration", "rating": "?"},
        ]
    )
}


def ratings(text):
    return {one["criterion"]: one["rating"] for one in json.loads(text)}


def test_they_are_read_in_our_words():
    pilot = read_pilot(ROW, mapping=MAPPING)
    assert [one.rating for one in pilot.technical] == ["met", "met", "?"]
    assert written(pilot, MAPPING) == {}
    assert from_data(MAPPING.as_data()) == MAPPING


def test_what_nobody_touched_keeps_its_word():
    pilot = read_pilot(ROW, mapping=MAPPING)
    changed = (*pilot.technical[:1], replace(pilot.technical[1], rating="not met"), *pilot.technical[2:])
    out = written(replace(pilot, technical=(*changed, Assessment("security and privacy", "met"))), MAPPING)
    assert ratings(out["techniek"]) == {
        "reuse": "prima", "maintenance": "slecht", "integration": "?", "security and privacy": "goed",
    }  # fmt: skip
    assert json.loads(out["techniek"])[0]["note"] == 1
    again = read_pilot({**ROW, **out}, mapping=MAPPING)
    assert [one.rating for one in again.technical] == ["met", "not met", "?", "met"]


def test_without_such_words_nothing_is_other_than_before():
    plain = PilotMapping("proeven", {"technical": "techniek"})
    pilot = read_pilot(ROW, mapping=plain)
    assert [one.rating for one in pilot.technical] == ["prima", "goed", "?"]
    out = written(replace(pilot, technical=pilot.technical[:1]), plain)
    assert ratings(out["techniek"]) == {"reuse": "prima"}
