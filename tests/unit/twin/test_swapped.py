"""Latitudes and longitudes that are swapped are told by where the others stand, and by where the city is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.twin.sensorthings import datastreams, read_service
from plugin.twin.sta.swapped import sentences, swapped
from tests.unit.twin.sta_stub import Stub, connect, stubs

CITY = (4.2, 51.8, 4.7, 52.0)
ROTTERDAM = {"a": (4.48, 51.92), "b": (4.51, 51.90), "c": (4.40, 51.95), "d": (4.31, 51.88)}


def turned(places: dict[str, tuple[float, float]], *keys: str) -> dict[str, tuple[float, float]]:
    return {key: place[::-1] if key in keys else place for key, place in places.items()}


@pytest.mark.parametrize(
    ("keys", "area", "expected"),
    [
        ("", None, ""),
        ("", CITY, ""),
        ("b", None, "b"),
        ("b", CITY, "b"),
        ("abc", CITY, "abc"),  # by what is known, not by what most are
        ("abcd", CITY, "abcd"),
        ("abcd", None, ""),  # nothing tells
        ("ab", (-1.0, 50.0, 0.0, 51.0), ""),  # half of them, and the area is another one
    ],
)
def test_who_is_swapped(keys: str, area: tuple[float, float, float, float] | None, expected: str) -> None:
    assert swapped(turned(ROTTERDAM, *keys), area) == frozenset(expected)


def test_who_is_far_away_is_not_swapped_for_that() -> None:
    for far in ((2.35, 48.86), (-51.92, 4.48), (51.92, -4.48), (0.1, 0.1), (139.7, 35.7)):
        assert not swapped({**ROTTERDAM, "far": far}, CITY)
        assert not swapped({**ROTTERDAM, "far": far})


def test_sensors_all_over_the_world_and_those_where_both_are_alike_tell_nothing() -> None:
    world = {"a": (4.4, 51.9), "b": (-74.0, 40.7), "c": (139.7, 35.7), "d": (51.9, 4.4), "e": (18.4, -33.9)}
    assert not swapped(world)
    assert not swapped(world, (-180.0, -90.0, 180.0, 90.0))
    assert not swapped({"a": (30.1, 30.3), "b": (30.0, 30.4), "c": (30.3, 30.1)}, (30.0, 30.0, 30.4, 30.4))


def test_many_streams_at_one_place_do_not_outvote_the_others() -> None:
    crowd = {f"x{n}": (51.92, 4.48) for n in range(50)}
    assert swapped({**ROTTERDAM, **crowd}) == frozenset(crowd)


@given(
    st.lists(st.tuples(st.floats(3.4, 7.2), st.floats(50.7, 53.6)), min_size=5, max_size=40, unique=True),
    st.integers(0, 4),
)
def test_of_a_country_exactly_those_that_were_turned(right: list[tuple[float, float]], which: int) -> None:
    places = {str(number): place for number, place in enumerate(right)}
    assert swapped(places, (3.3, 50.6, 7.3, 53.7)) == frozenset()
    assert swapped(turned(places, str(which)), (3.3, 50.6, 7.3, 53.7)) == {str(which)}


def test_each_is_named_and_all_are_said_once() -> None:
    names = {"a": "Statenweg", "b": ""}
    (said,) = sentences(names, turned(ROTTERDAM, "a"), CITY)
    assert said.startswith("Statenweg: Its latitude and longitude seem to be swapped")
    assert next(sentences(names, turned(ROTTERDAM, "b"))).startswith("b: ")
    (said,) = sentences(names, turned(ROTTERDAM, *"abcd"), CITY)
    assert "of all sensors" in said
    assert list(sentences({}, {}, CITY)) == []
    right = {f"r{n}": (4.4 + n / 1000, 51.9) for n in range(60)}
    wrong = {f"w{n}": (51.9, 4.4 + n / 1000) for n in range(25)}
    said_of_many = list(sentences({}, {**right, **wrong}))
    assert len(said_of_many) == 21 and "of 5 more sensors" in said_of_many[-1]


def test_it_is_said_of_a_service_and_they_stay_where_it_says() -> None:
    def swap(entity: dict) -> dict:
        if entity.get("@iot.id") in (1, 3):
            for place in entity["Thing"]["Locations"]:
                place["location"]["coordinates"] = place["location"]["coordinates"][1::-1]
        return entity

    with stubs() as start:
        stub: Stub = start(streams=8, change=swap)
        session = connect(stub)
        said: list[str] = []
        asked: list[bool] = []

        def area() -> None:
            asked.append(True)

        found = [
            stream
            for page in datastreams(session, read_service(session), problems=said.append, area=area)
            for stream in page
        ]
    assert [one.split(":")[0] for one in said] == ["Stream 1", "Stream 3"]
    assert {stream.id: stream.position[:2] for stream in found if stream.position}["1"] == (51.9, 4.001)
    assert asked == [True]
