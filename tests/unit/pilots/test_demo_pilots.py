"""The generated pilots: the four kinds that Rotterdam ran on its twin, every stage, histories that keep the rules."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plugin.demo.city import city as generated_city
from plugin.demo.city import pilots_for_data
from plugin.pilots import stages, vocabulary
from plugin.pilots.reading import find_pilot, read_pilots
from plugin.pilots.record import Pilot


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("P-06", "automated building permits"),
        ("P-07", "citizen participation by 3d planning visualisation"),
        ("P-08", "construction projects in augmented reality"),
        ("P-09", "insides of public buildings for emergencies"),
    ],
)
def test_the_four_kinds_are_there(city, key, words):
    assert words in find_pilot(read_pilots(city.copy), key).summary.lower()


def test_every_history_keeps_the_rules(city):
    for pilot in read_pilots(city.copy):
        replayed = Pilot(pilot.name, stage=pilot.history[0].new)
        assert replayed.stage == vocabulary.IDEA and pilot.history[0].old == ""
        for change in pilot.history[1:]:
            assert change.old == replayed.stage, pilot.label
            if change.is_change:
                replayed = stages.moved(replace(replayed), change.new, at=change.day, reason=change.reason)
        assert replayed.stage == pilot.stage and replayed.stop_reason == pilot.stop_reason


def test_criteria_and_bands_are_known_words(city):
    for pilot in read_pilots(city.copy):
        assert pilot.theme in vocabulary.THEMES and pilot.budget_band in ("", *vocabulary.BUDGET_BANDS)
        for condition in vocabulary.CONDITIONS:
            for one in pilot.condition(condition):
                assert one.criterion in vocabulary.CRITERIA[condition] and one.rating in vocabulary.RATINGS
                assert (one.on is None) == (one.rating == vocabulary.UNKNOWN)


def test_beside_real_data_there_are_those_of_delfshaven_too():
    collection, features = pilots_for_data()
    generated = next(list(found) for one, found in generated_city()[2] if one.id == "pilots")
    assert collection.id == "pilots" and len(list(features)) == len(generated) + 2
