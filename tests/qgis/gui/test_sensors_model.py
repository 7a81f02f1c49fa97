"""The Sensors page's tree without a window: what is listed, counted, sought and told."""

from __future__ import annotations

import gc
import random

import pytest
from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QModelIndex, Qt

from plugin.gui.sensors_filter import Filter, words_of
from plugin.gui.sensors_model import Role, SensorModel
from plugin.gui.sensors_rows import fold, in_order
from tests.qgis.gui.sensor_rows import NO2, NOISE, latest, row
from tests.qgis.map.meanwhile import Heartbeat, spin


@pytest.fixture
def model(qgis_app: QgsApplication):
    model = SensorModel()
    model.set_clock(lambda: 1_010.0)
    yield model
    model.stop()


def titles(model: SensorModel, group: int) -> list[str]:
    parent = model.index(group, 0)
    return [model.index(at, 0, parent).data() for at in range(model.rowCount(parent))]


def settled(model: SensorModel) -> bool:
    return spin(lambda: not model.busy)


def test_properties_and_their_datastreams_are_sorted_as_people_do(model):
    model.add([row("a", "Station 10"), row("b", "Station 9"), row("c", "Weg", NOISE, freshness="silent")])
    model.add([row("d", "station 2")])
    assert settled(model)
    assert [one.name for one in model.groups] == ["Noise", "Stikstofdioxide (NO₂)"]
    assert titles(model, 1) == ["station 2", "Station 9", "Station 10"]
    assert model.index(0, 0).data(Role.GROUP).by_freshness == {"silent": 1}
    assert model.shown == len(model) == 4
    assert "3 live" in model.index(1, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "10 seconds ago" in model.index(0, 0, model.index(1, 0)).data(Qt.ItemDataRole.AccessibleTextRole)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("oost", {"Schiedam-Óost"}),
        ("ÓOST schiedam", {"Schiedam-Óost"}),
        ("no2", {"Schiedam-Óost", "Zuid"}),
        ("cars", {"Schiedam-Óost", "Zuid"}),
        ("lantern", {"Läntérn 5"}),
        ("lantern oost", set()),
        ("weg", {"Läntérn 5"}),
        ("", {"Schiedam-Óost", "Zuid", "Läntérn 5"}),
    ],
)
def test_words_are_found_in_name_place_and_property_whatever_their_case_and_accents(model, text, found):
    model.add([row("a", "Schiedam-Óost"), row("b", "Zuid"), row("c", "Weg", NOISE, thing="Läntérn 5")])
    model.set_filter(Filter(words_of(text)))
    assert settled(model)
    assert {title for at in range(model.rowCount()) for title in titles(model, at)} == found
    assert sum(model.groups[at].by_freshness["live"] for at in range(len(model.groups))) == len(found)


def test_letters_that_unicode_does_not_take_apart():
    assert fold("Sjælland Łódź ﬁets STRAẞE") == "sjaelland lodz fiets strasse"
    assert in_order("A9") < in_order("a10")


def test_freshness_filters_and_follows_what_time_does(model):
    model.add([row("a", "A"), row("b", "B", freshness="late"), row("c", "C", freshness="none")])
    model.set_filter(Filter(fresh=frozenset({"late"})))
    assert settled(model)
    assert titles(model, 0) == ["B"]
    model.tell([latest("a", "late"), latest("b", "silent")])
    assert settled(model)
    assert titles(model, 0) == ["A"]
    assert +model.groups[0].by_freshness == {"late": 1}
    model.set_filter(Filter())
    assert settled(model)
    assert +model.groups[0].by_freshness == {"late": 1, "silent": 1, "none": 1}


def test_counts_and_the_latest_time_go_with_the_values(model):
    model.add([row("a", "A"), row("b", "B")])
    assert settled(model)
    model.tell([latest("a", "silent", 900.0), latest("b", "live", 1_005.0), latest("nobody")])
    group = model.groups[0]
    assert +group.by_freshness == {"silent": 1, "live": 1}
    assert group.latest == 1_005.0
    assert model.row("a").latest.freshness == "silent"


def test_what_comes_and_goes_keeps_the_items_that_stay(model):
    model.add([row("a", "A"), row("b", "B", NOISE)])
    assert settled(model)
    noise = model.index_of_group(model.group("2"))
    model.set_filter(Filter(words=("a",), groups=frozenset({"1"})))
    assert settled(model)
    assert [one.id for one in model.groups] == ["1"]
    model.set_filter(Filter())
    assert settled(model)
    assert [one.id for one in model.groups] == ["2", "1"]
    assert noise.isValid()
    assert model.index_of(model.row("a")).parent() == model.index(1, 0)
    assert model.index_of(model.row("a")).data() == "A"
    model.add([row("a", "A again", NOISE)])  # it changed its property
    assert settled(model)
    assert [one.id for one in model.groups] == ["2"]
    assert titles(model, 0) == ["A again", "B"]


def test_ticks(model):
    told = []
    model.ticks_changed.connect(lambda: told.append([one.id for one in model.ticked()]))
    model.add([row("a", "A"), row("b", "B", NOISE)])
    assert settled(model)
    index = model.index_of_group(model.group("1"))
    assert model.setData(index, Qt.CheckState.Checked, Qt.ItemDataRole.CheckStateRole)
    assert index.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
    assert not model.setData(model.index(0, 0, index), Qt.CheckState.Checked, Qt.ItemDataRole.CheckStateRole)
    model.set_filter(Filter(words=("nothing",)))
    assert settled(model)
    assert [one.id for one in model.ticked()] == ["1"]  # hidden, not forgotten
    model.clear_all(ticks=False)
    assert model.ticked() == []
    model.add([row("a", "A")])
    assert [one.id for one in model.ticked()] == ["1"]
    model.clear_all()
    assert told == [["1"], []]


def test_a_row_that_is_asked_for_while_it_goes_is_none(model):
    model.add([row("a", "A"), row("b", "B")])
    assert settled(model)
    child = QModelIndex(model.index(1, 0, model.index(0, 0)))
    model.groups[0].shown.pop()
    assert child.data() is None


def test_twenty_thousand_are_listed_and_sought_in_small_turns(model):
    """The window's own work; what the machine does beside it is not counted."""
    chance = random.Random(5)
    properties = (NO2, NOISE)
    pages = [
        [row(f"{page}-{n}", f"Straat {chance.randrange(9999)}", properties[n % 2]) for n in range(500)]
        for page in range(40)
    ]
    gc.collect()
    gc.freeze()  # what a thousand tests before this one left is not looked at
    heart = Heartbeat()
    for page in pages:
        model.add(sorted(page, key=lambda one: one.order))
        spin(lambda: True)
    assert spin(lambda: not model.busy)
    assert model.shown == 20_000
    model.set_filter(Filter(words=("straat", "77")))
    assert settled(model)
    assert 0 < model.shown < 2_000
    model.set_filter(Filter())
    assert settled(model)
    away = heart.stop()
    gc.unfreeze()
    print(f"longest the main thread was away: {away:.0f} ms")
    assert away < 150  # 50 is the aim; the machine of the test may be busy
