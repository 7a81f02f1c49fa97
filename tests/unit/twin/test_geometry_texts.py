"""A page is read without its coordinates, and nothing of it is lost or comes into another place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.twin.model import GeometryText
from plugin.twin.pagetext import features, with_geometry_texts

POINT = {"type": "Point", "coordinates": [4.5, 51.9]}
LINE = {"coordinates": [[1, 2], [3, 4]], "type": "LineString"}


def whole(node: Any) -> Any:
    if isinstance(node, GeometryText):
        return node.decoded()
    if isinstance(node, dict):
        return {name: whole(value) for name, value in node.items()}
    return [whole(value) for value in node] if isinstance(node, list) else node


def both(text: str) -> None:
    plain: dict[str, Any] = {}
    cut: dict[str, Any] = {}
    expected = list(features(text, plain))
    assert [whole(feature) for feature in with_geometry_texts(text, cut)] == expected
    assert cut == plain


JSON = st.recursive(
    st.one_of(st.none(), st.integers(), st.text(max_size=5), st.just(POINT), st.just(LINE)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["geometry", "coordinates", "type", "id", 'geometry"', "a"]), inner, max_size=3
        ),
    ),
    max_leaves=12,
)
FEATURES = st.lists(
    st.one_of(
        JSON,
        st.fixed_dictionaries({"type": st.just("Feature"), "geometry": JSON, "properties": JSON}),
        st.fixed_dictionaries({"properties": JSON, "geometry": st.sampled_from([POINT, LINE, None]), "x": JSON}),
    ),
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(before=JSON, found=FEATURES, after=JSON, indent=st.sampled_from([None, 1]))
def test_every_page_is_read_as_if_nothing_were_cut_out(before: Any, found: list[Any], after: Any, indent: Any) -> None:
    both(json.dumps({"before": before, "features": found, "after": after}, indent=indent))


@pytest.mark.parametrize(
    "feature",
    [
        {
            "geometry": POINT,
            "properties": {"geometry": LINE, "note": '"geometry":{"type":"Point","coordinates":[1,2]}'},
        },
        {"properties": {"geometry": LINE}, "geometry": POINT},
        {"properties": {"geometry": POINT}, "geometry": None},
        {"geometry": {"type": "GeometryCollection", "geometries": [POINT, LINE]}},
        {"geometry": {**POINT, "bbox": [1, 2, 3, 4]}},
        {"geometry": {"type": "Point", "coordinates": []}},
        {"geometry": {"type": "Point", "coordinates": [[[]]]}},
    ],
)
def test_geometries_in_odd_places(feature: dict[str, Any]) -> None:
    both(
        json.dumps({"geometry": LINE, "features": [feature, {"geometry": POINT}, feature], "last": {"geometry": LINE}})
    )


@pytest.mark.parametrize(
    ("geometry", "unread"),
    [(POINT, GeometryText("Point", "[4.5, 51.9]")), (LINE, GeometryText("LineString", "[[1, 2], [3, 4]]"))],
)
def test_a_feature_keeps_its_own_geometry_unread(geometry: dict[str, Any], unread: GeometryText) -> None:
    text = json.dumps({"features": [{"id": 1, "geometry": geometry}, {"id": 2, "geometry": geometry}]})
    assert [feature["geometry"] for feature in with_geometry_texts(text, {})] == [unread, unread]


def test_coordinates_that_are_no_json_are_no_coordinates() -> None:
    """They are told when they are stored; the other features are not lost with them."""
    text = '{"features":[{"geometry":{"type":"Point","coordinates":[1.2.3,4]}}]}'
    (feature,) = with_geometry_texts(text, {})
    assert feature["geometry"].decoded() == {"type": "Point", "coordinates": None}


def test_the_features_of_a_report_of_writes() -> None:
    """They lie one level deeper than those of a page; what is deeper still is decoded."""
    point = '{"type":"Point","coordinates":[1,2.50]}'
    plain = f'{{"index":0,"item":{{"type":"Feature","geometry":{point},"properties":{{}}}}}}'
    odd = f'{{"index":1,"item":{{"type":"Feature","geometry":{point},"properties":{{"a":{{"geometry":{point}}}}}}}}}'
    text = f'{{"summary":{{}},"results":[{plain},{odd},{{"index":2}}]}}'
    members: dict[str, Any] = {}
    first, second, third = with_geometry_texts(text, members, "results", "item")
    assert isinstance(first["item"]["geometry"], GeometryText) and first["item"]["geometry"].coordinates == "[1,2.50]"
    assert [second, third] == json.loads(text)["results"][1:]
    assert members == {"summary": {}, "results": 3}
