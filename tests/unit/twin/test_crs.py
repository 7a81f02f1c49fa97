"""Which CRS a collection is read in, and in which order its axes come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from plugin.twin.crs import (
    CrsChoice,
    bbox_params,
    crs_key,
    read_crs,
    same_place,
    storage_srid,
    swapped,
    transform_extent,
)
from plugin.twin.errors import Unsupported
from plugin.twin.model import CRS84, CRS84H, Capabilities, Collection

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"


@pytest.fixture
def part2() -> Capabilities:
    return Capabilities("u", "t", "", (), "R", "none", frozenset(), True, False, False, False, False, False, None)


@pytest.mark.parametrize(
    ("storage", "srid", "swap", "has_z", "geographic"),
    [
        (CRS84, 4326, False, False, True),
        (CRS84H, 4326, False, True, True),
        (EPSG + "4326", 4326, True, False, True),
        (EPSG + "4258", 4258, True, False, True),
        (EPSG + "4979", 4326, True, True, True),
        (EPSG + "28992", 28992, False, False, False),
        (EPSG + "7415", 28992, False, True, False),
        (EPSG + "3857", 3857, False, False, False),
        (EPSG + "3035", 3035, True, False, False),
        ("urn:ogc:def:crs:EPSG::31468", 31468, True, False, False),
    ],
)
def test_storage_crs_is_read_in_its_own_axis_order(
    storage: str,
    srid: int,
    swap: bool,
    has_z: bool,
    geographic: bool,
    part2: Capabilities,
    make_collection: Callable[..., Collection],
) -> None:
    collection = make_collection(storage_crs=storage)
    assert read_crs(part2, collection) == CrsChoice(storage, srid, swap, has_z, geographic)
    assert storage_srid(collection) == srid


@pytest.mark.parametrize("storage", [None, "", "https://example.org/crs/local", EPSG + "999999", "nonsense"])
def test_everything_else_is_crs84_without_a_word(
    storage: str | None, part2: Capabilities, make_collection: Callable[..., Collection]
) -> None:
    collection = make_collection(storage_crs=storage)
    assert read_crs(part2, collection) == CrsChoice(None, 4326)
    assert storage_srid(collection) == 4326


def test_without_part_2_storage_crs_is_only_a_remark(
    part2: Capabilities, make_collection: Callable[..., Collection]
) -> None:
    collection = make_collection(storage_crs=EPSG + "28992")
    assert read_crs(replace(part2, crs_supported=False), collection) == CrsChoice(None, 4326)


def test_an_extent_is_asked_for_in_the_twins_order() -> None:
    extent = (4.4, 51.9, 4.6, 52.1)
    assert bbox_params(CrsChoice(None, 4326), extent) == {"bbox": "4.4,51.9,4.6,52.1"}
    assert bbox_params(CrsChoice("u", 4326, True), extent) == {"bbox": "51.9,4.4,52.1,4.6", "bbox-crs": "u"}


def test_swapping_is_its_own_inverse_and_keeps_heights() -> None:
    ring = [[1, 2, 9], [3, 4, 9], [1, 2, 9]]
    geometry: dict[str, Any] = {
        "type": "GeometryCollection",
        "geometries": [
            {"type": "Point", "coordinates": [1.5, 2.5]},
            {"type": "MultiPolygon", "coordinates": [[ring]]},
            {"type": "MultiPoint", "coordinates": []},
        ],
    }
    turned = swapped(geometry)
    assert turned["geometries"][0]["coordinates"] == [2.5, 1.5]
    assert turned["geometries"][1]["coordinates"] == [[[[2, 1, 9], [4, 3, 9], [2, 1, 9]]]]
    assert swapped(turned) == geometry and geometry["geometries"][0]["coordinates"] == [1.5, 2.5]


def test_extents_are_transformed_with_room_for_curved_edges() -> None:
    # Amersfoort's tower, where RD begins, lies at 52.15517440 N, 5.38720621 E (Schreutelkamp & Strang van Hees, 2001).
    box = transform_extent((154990.0, 462990.0, 155010.0, 463010.0), 28992, 4326)
    assert box[0] < 5.38720621 < box[2] and box[1] < 52.1551744 < box[3]
    assert box[2] - box[0] < 0.0006
    # The northern edge of a wide box bulges: its corners alone would cut it off.
    wide = transform_extent((3.0, 51.0, 7.0, 53.0), 4326, 28992)
    corner = transform_extent((7.0, 53.0, 7.0, 53.0), 4326, 28992)
    middle = transform_extent((5.0, 51.0, 5.0, 51.0), 4326, 28992)
    assert wide[3] >= corner[3] - 1 and wide[1] <= middle[1] + 1
    assert transform_extent((1, 2, 3, 4), 28992, 28992) == (1, 2, 3, 4)
    with pytest.raises(Unsupported, match="cannot be expressed"):
        transform_extent((0, 0, 1, 1), 4326, 999999)


@pytest.mark.parametrize(
    "uri",
    [
        "http://www.opengis.net/def/crs/EPSG/0/28992",
        "https://www.opengis.net/def/crs/EPSG/9.9.1/28992",
        "urn:ogc:def:crs:EPSG::28992",
        "urn:ogc:def:crs:EPSG:9.9:28992",
        "EPSG:28992",
        "[EPSG:28992]",
        "http://www.opengis.net/gml/srs/epsg.xml#28992",
    ],
)
def test_one_crs_has_many_spellings(uri: str) -> None:
    assert crs_key(uri) == "EPSG:28992"
    assert same_place(uri, EPSG + "7415") and not same_place(uri, EPSG + "3857")


def test_crs84_is_not_epsg_4326() -> None:
    for uri in (CRS84, "urn:ogc:def:crs:OGC:1.3:CRS84", "OGC:CRS84", "https://www.opengis.net/def/crs/OGC/0/CRS84"):
        assert crs_key(uri) == "CRS84" and same_place(uri, CRS84H) and not same_place(uri, EPSG + "4326")
