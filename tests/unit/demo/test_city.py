"""The generated city: always the same, keeping its own schema, and looking like a city."""

from __future__ import annotations

import hashlib
import json
import time

import pytest
from osgeo import ogr

from plugin.demo.city import city, plane
from plugin.demo.city.places import DISTRICTS, ISLAND, LANDMARKS, WATERS
from plugin.demo.crs import CRS84, RD, transform
from plugin.demo.schema import Errors, check_geometry, check_properties

REVIEWS = ["reviews", "review_lines", "review_areas"]


@pytest.fixture(scope="module")
def found():
    started = time.process_time()
    collections = {collection.id: (collection, list(features)) for collection, features in city()[2]}
    assert time.process_time() - started < 3  # 0.6 s on a quiet machine
    return collections


def test_collections_and_counts(found):
    assert list(found) == ["districts", "buildings", "streets", "trees", "pilots", "water", *REVIEWS]
    counts = {name: len(features) for name, (_, features) in found.items()}
    assert 3000 < counts["buildings"] < 9000 and 3000 < counts["trees"] < 12_000 and counts["streets"] > 250
    assert counts["districts"] == len(DISTRICTS) and counts["pilots"] >= 5 and counts["water"] == len(WATERS)


def test_always_the_same(found):
    def digest(collections):
        seen = hashlib.sha256()
        for _, features in collections:
            for feature in features:
                seen.update(repr(feature).encode())
        return seen.hexdigest()

    assert digest(city()[2]) == digest(found.values())


def test_it_keeps_its_own_schema(found):
    for collection, features in found.values():
        assert len({feature.id for feature in features}) == len(features)
        for feature in features:
            errors = Errors()
            check_properties(collection.schema, json.loads(feature.properties), errors)
            check_geometry(collection.schema, json.loads(feature.geometry), RD, errors)
            assert not errors, (feature.id, errors.sentence())


def test_geometries_are_valid(found):
    for _, features in found.values():
        for feature in features:
            assert ogr.CreateGeometryFromJson(feature.geometry).IsValid(), feature.id


def test_every_property_is_there_for_clients_that_look_at_the_first_items(found):
    for collection, features in found.values():
        names = [prop.name for prop in collection.schema.properties]
        assert list(json.loads(features[0].properties)) == names


def test_no_building_stands_in_water_or_in_another(found):
    waters = [plane.Plot(water.ring) for water in WATERS]
    island = plane.Plot(ISLAND)
    cells = {}
    overlap = 0.0
    for feature in found["buildings"][1]:
        shape = ogr.CreateGeometryFromJson(feature.geometry)
        middle = shape.Centroid().GetPoint_2D()
        assert island.holds(middle) or not any(water.holds(middle) for water in waters), feature.id
        near = {(int(x // 100), int(y // 100)) for x in feature.box[::2] for y in feature.box[1::2]}
        for other in {o for cell in near for o in cells.get(cell, ())}:
            if shape.Intersects(other[1]):
                overlap += shape.Intersection(other[1]).Area()
        for cell in near:
            cells.setdefault(cell, []).append((feature.id, shape))
    total = sum(json.loads(f.properties)["area_m2"] for f in found["buildings"][1])
    assert overlap < total / 10_000


def test_tall_in_the_middle_low_outside(found):
    heights = {}
    for feature in found["buildings"][1]:
        values = json.loads(feature.properties)
        heights.setdefault(values.get("district"), []).append(values["height"])
    mean = {name: sum(values) / len(values) for name, values in heights.items()}
    assert mean["Kop van Zuid"] > 2 * mean["Afrikaanderwijk"] and mean["CS-kwartier"] > 2 * mean["Oude Westen"]


def test_landmarks_are_near_where_they_are():
    """Their longitude and latitude as any map gives them, to within 150 m."""
    known = {
        "Euromast": (4.4667, 51.9054), "Rotterdam Centraal": (4.4690, 51.9250), "Markthal": (4.4867, 51.9200),
        "De Rotterdam": (4.4882, 51.9065), "Laurenskerk": (4.4851, 51.9213), "Hotel New York": (4.4840, 51.9040),
        "Witte Huis": (4.4917, 51.9187), "Stadhuis": (4.4797, 51.9228), "Maastoren": (4.4938, 51.9081),
    }  # fmt: skip
    at = {landmark.name: landmark.at for landmark in LANDMARKS}
    for name, place in known.items():
        x, y = transform([place], CRS84, RD)[0]
        assert abs(at[name][0] - x) < 150 and abs(at[name][1] - y) < 150, (name, at[name], (x, y))


def test_the_centre_lies_in_the_real_centre(shared_data):
    """Our districts north of the river lie in the real ones."""
    real = json.loads((shared_data / "areas" / "rotterdam_neighbourhoods.geojson").read_text(encoding="utf-8"))
    shapes = {f["properties"]["name"]: ogr.CreateGeometryFromJson(json.dumps(f["geometry"])) for f in real["features"]}
    for district in DISTRICTS:
        wanted = "Rotterdam Centrum" if district.part == "Centrum" else district.part
        x, y = transform([plane.centre(district.ring)], RD, CRS84)[0]
        point = ogr.CreateGeometryFromWkt(f"POINT ({x} {y})")
        assert shapes[wanted].Contains(point), district.name
