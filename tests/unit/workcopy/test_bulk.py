"""Many features at once give what one after the other gives."""

from __future__ import annotations

import json
import math
import sqlite3
import struct
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.twin.items import parse_item
from plugin.twin.model import GeometryText, Item
from plugin.twin.pagetext import with_geometry_texts
from plugin.workcopy import bulk
from plugin.workcopy.bulk import GeometryEncoder, columnar
from plugin.workcopy.columns import Column, reader_of
from plugin.workcopy.geometry import BadGeometry, encode

FLAT = st.tuples(st.floats(-1e7, 1e7), st.floats(-1e7, 1e7)).map(list)
HIGH = st.tuples(st.floats(-1e7, 1e7), st.floats(-1e7, 1e7), st.floats(-100, 900)).map(list)
ODD = st.one_of(
    FLAT,
    HIGH,
    st.just([1]),
    st.just([]),
    st.just([1, 2, 3, 4]),
    st.just([1, None]),
    st.just(["1", "2"]),
    st.just([1e308, -1e308]),
)


def lists(of: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[Any]:
    return st.lists(of, min_size=least, max_size=4)


def geometries(position: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    shapes = {
        "Point": position,
        "MultiPoint": lists(position, least),
        "LineString": lists(position, least),
        "MultiLineString": lists(lists(position, least), least),
        "Polygon": lists(lists(position, least), least),
        "MultiPolygon": lists(lists(lists(position, least), least), least),
    }
    plain = st.one_of(
        *(st.builds(lambda kind, c: {"type": kind, "coordinates": c}, st.just(k), c) for k, c in shapes.items())
    )
    collection = st.builds(lambda parts: {"type": "GeometryCollection", "geometries": parts}, lists(plain))
    # a type that its brackets do not fit
    wrong = st.builds(
        lambda kind, one: {"type": kind, "coordinates": one.get("coordinates")},
        st.sampled_from([*shapes, "Foo"]),
        plain,
    )
    return st.one_of(plain, plain, plain, collection, wrong)


def page_of(shapes: Sequence[Any], **how: Any) -> str:
    features = [{"type": "Feature", "id": n, "geometry": s, "properties": {}} for n, s in enumerate(shapes)]
    return json.dumps({"type": "FeatureCollection", "features": features, "links": []}, **how)


def items_of(page: str) -> list[Item]:
    return [parse_item(feature, item_etags=False) for feature in with_geometry_texts(page, {})]


@settings(max_examples=150, deadline=None)
@given(
    shapes=st.one_of(
        lists(st.one_of(st.none(), geometries(FLAT, 1))),
        lists(st.one_of(st.none(), geometries(HIGH, 1))),
        lists(st.one_of(st.none(), geometries(ODD))),
    ),
    swap=st.booleans(),
    multi=st.booleans(),
    z=st.sampled_from([None, True, False]),
    indent=st.sampled_from([None, 1]),
)
def test_geometries_are_encoded_as_one_by_one(
    shapes: list[Any], swap: bool, multi: bool, z: bool | None, indent: int | None
) -> None:
    items = items_of(page_of(shapes, indent=indent))
    found = GeometryEncoder(28992, swap=swap, multi=multi, z=z).encode([item.shape for item in items])
    boxes: dict[int, tuple[float, ...]] = {}
    heights = False
    for position, shape in enumerate(shapes):
        try:
            blob, box = encode(shape, 28992, swap=swap, multi=multi, z=z)
        except BadGeometry:
            assert position in found.bad and found.blobs[position] is None
            continue
        made = found.blobs[position]
        at = 40 if box is not None else 8  # the envelope is compared below: zero may be -0.0 there
        if made is None or blob is None:
            assert made is blob
            continue
        assert (made[:8], made[at:]) == (blob[:8], blob[at:]), shape
        assert box is None or struct.unpack("<4d", made[8:40]) == (box[0], box[2], box[1], box[3])
        if box is not None:
            boxes[position] = box
        heights = heights or (blob is not None and blob[(40 if box is not None else 8) + 2] >= 3)
    numbers = list(found.boxes)
    assert {p: tuple(numbers[4 * n : 4 * n + 4]) for n, p in enumerate(found.placed)} == boxes
    assert found.heights == heights


def test_plain_geometries_take_the_fast_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else all of this would be for nothing, and nobody would notice."""

    def slow(*_args: Any, **_how: Any) -> Any:
        raise RuntimeError("one by one")

    monkeypatch.setattr(bulk, "encode", slow)
    ring = [[0, 0], [1, 0], [1, 1], [0, 0]]
    shapes = [
        {"type": "Point", "coordinates": [1, 2.5]},
        {"type": "LineString", "coordinates": ring},
        {"type": "MultiPoint", "coordinates": ring},
        {"type": "Polygon", "coordinates": [ring, ring]},
        {"type": "MultiLineString", "coordinates": [ring, ring]},
        {"type": "MultiPolygon", "coordinates": [[ring, ring], [ring]]},
    ]
    for indent in (None, 2):
        items = items_of(page_of(shapes, indent=indent))
        assert all(isinstance(item.shape, GeometryText) for item in items)
        found = GeometryEncoder(4326, swap=False, multi=False, z=None).encode([item.shape for item in items])
        assert None not in found.blobs and len(found.placed) == len(shapes)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=40))
def test_numbers_are_read_to_the_last_bit(numbers: list[float]) -> None:
    texts = [repr(number) for number in numbers]
    assert bulk._numbers(",".join(texts).encode(), len(texts)).tolist() == [float(text) for text in texts]  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["1,,2", "1.2.3,4", "1 2,3", "", "1,2-3", "e,1", "1,2,"])
def test_what_is_no_list_of_numbers_is_seen(text: str) -> None:
    counted = text.count(",") + 1
    assert bulk._numbers(text.encode(), counted) is None


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**65), 2**65),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["2024-02-29", "2024-02-29T10:00:00Z", "2024-02-30", "1e999", 1e308, 2**53 + 1]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)
KINDS = ("string", "integer", "number", "boolean", "date", "date-time", "object", "array")
COLUMNS = tuple(Column(kind, kind, kind) for kind in KINDS)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(KINDS), VALUES), max_size=6))
def test_values_are_read_as_one_by_one(properties: list[dict[str, Any]]) -> None:
    columns, misfits = columnar(COLUMNS)(properties)
    read = reader_of(COLUMNS)
    each = [read(one) for one in properties]

    def told(value: Any) -> Any:
        # as SQLite keeps it: a boolean is a whole number there
        return sqlite3.connect(":memory:").execute("SELECT ?", (value,)).fetchone()[0]

    rows = list(zip(*columns)) if properties else []
    assert [[told(v) for v in row] for row in rows] == [[told(v) for v in values] for values, _ in each]
    assert sorted((m.column.name, m.words) for m in misfits) == sorted((c.name, w) for _, ms in each for c, w in ms)
    assert not any(isinstance(v, float) and not math.isfinite(v) for row in rows for v in row)
