"""Rings that reach their holes over a bridge."""

from __future__ import annotations

from plugin.demo.loaders.bridges import unbridged

SQUARE = [(0, 0, 5), (10, 0, 5), (10, 10, 5), (0, 10, 5)]
HOLE = [(4, 4, 5), (4, 6, 5), (6, 6, 5), (6, 4, 5)]
POINTS = [*SQUARE, *HOLE]


def test_a_bridge_becomes_a_hole() -> None:
    assert unbridged([0, 4, 5, 6, 7, 4, 0, 1, 2, 3], POINTS.__getitem__) == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_what_has_no_bridge_stays() -> None:
    assert unbridged([0, 1, 2, 3], POINTS.__getitem__) == [[0, 1, 2, 3]]


def test_what_is_no_hole_stays() -> None:
    other_way_round = [0, 4, 7, 6, 5, 4, 0, 1, 2, 3]
    assert unbridged(other_way_round, POINTS.__getitem__) == [other_way_round]


def test_a_wall_stands_upright() -> None:
    wall = [(x, 0, y) for x, y, _ in POINTS]
    assert len(unbridged([0, 4, 5, 6, 7, 4, 0, 1, 2, 3], wall.__getitem__)) == 2


def test_a_dead_end_stays() -> None:
    assert unbridged([0, 1, 2, 1], POINTS.__getitem__) == [[0, 1, 2, 1]]
