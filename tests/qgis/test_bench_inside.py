"""The heart-beat that the benchmark in the window measures with."""

from __future__ import annotations

import time

from tests.qgis.map.meanwhile import spin
from tools.bench_inside_beat import LONG, Beat


def hold_up(seconds: float) -> None:
    until = time.thread_time() + seconds  # whatever others take of the processor
    while time.thread_time() < until:
        pass


def test_what_holds_up_the_event_loop_is_told_with_its_place(qgis_app):
    beat = Beat()
    spin(lambda: len(beat.gaps) > 5)
    hold_up(4 * LONG)
    spin(lambda: False, 0.05)
    beat.stop()
    worst = beat.long()[0]
    assert beat.longest == worst.seconds and beat.blocked > LONG and worst.own > LONG
    assert "hold_up" in worst.where[0]
    assert beat.told()["long"] >= 1


def test_an_event_loop_at_rest_is_not_held_up_by_us(qgis_app):
    beat = Beat()
    spin(lambda: len(beat.gaps) > 20)
    beat.stop()
    assert beat.busiest < LONG and len(beat.gaps) > 20
