"""Thresholds for thousands of datastreams: in the background, and the last that was asked for holds."""

from __future__ import annotations

import pytest
from qgis.PyQt.QtCore import QObject

from plugin.map.live.errands import Errands
from plugin.map.live.watching import Watching
from plugin.sensors.live import Live
from plugin.sensors.thresholds import Threshold
from tests.qgis.live.test_ready import AT, stream
from tests.qgis.map.meanwhile import spin


@pytest.fixture
def live(qgis_app):
    found = Live(clock=lambda: AT + 60)
    found.add(stream(number) for number in range(3000))
    return found


def crossed(live: Live) -> dict[str, int]:
    """How many datastreams are beyond each threshold."""
    found: dict[str, int] = {}
    for each in live.ids():
        for threshold in live.crossed(each):
            found[threshold.id] = found.get(threshold.id, 0) + 1
    return found


def test_thousands_are_looked_at_in_the_background_and_the_last_wish_holds(live):
    owner = QObject()
    watching = Watching(live, Errands(owner))
    watching.watch([Threshold("high", "High", 1000)])
    assert crossed(live) == {}, "nobody waited for it"
    watching.watch([Threshold("low", "Low", 100, above=False)])
    watching.watch([Threshold("high", "High", 2000), Threshold("low", "Low", 50, above=False)])
    assert spin(lambda: crossed(live) == {"high": 999, "low": 50}, 10)


def test_a_few_are_looked_at_without_delay(live):
    live.remove([each for each in live.ids() if int(each) > 99])
    watching = Watching(live, Errands(QObject()))
    watching.watch([Threshold("high", "High", 50)])
    assert crossed(live) == {"high": 49}


def test_what_is_stopped_is_not_begun_again(live):
    errands = Errands(QObject())
    watching = Watching(live, errands)
    watching.watch([Threshold("high", "High", 1000)])
    watching.watch([Threshold("low", "Low", 100, above=False)])
    errands.end()
    assert not spin(lambda: "low" in crossed(live), 0.5)
