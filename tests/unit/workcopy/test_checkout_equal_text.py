"""However a page is written: spaces, numbers, the order of members, geometries elsewhere, and text that looks so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from plugin.twin.errors import BadResponse
from plugin.workcopy.connection import opened
from tests.equal import expect_equal
from tests.raw_pages import RawTwin, declared
from tests.shapes import X, Y, ring
from tests.sound import expect_sound

from .checked import feature

SPACE = st.sampled_from(["", "", "", " ", "\n", "\t ", "\r\n    "])
PLACE = (
    st.floats(-1e7, 1e7, allow_subnormal=False)
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
)


@st.composite
def number(draw: st.DrawFn) -> str:
    """A number of JSON, in one of the ways to write it."""
    value = draw(PLACE)
    if isinstance(value, int):
        return str(value)
    ways = [repr(value), f"{value:.17e}", f"{value:.17E}".replace("E+", "E")]
    if abs(value) < 1e18:
        ways.append(f"{value:.20g}")
    return draw(st.sampled_from(ways))


@st.composite
def listed(draw: st.DrawFn, parts: Any, least: int = 0, most: int = 4, close: bool = False) -> str:
    texts = draw(st.lists(parts, min_size=least, max_size=most))
    if close and texts:
        texts.append(texts[0])
    inner = (draw(SPACE) + "," + draw(SPACE)).join(texts)
    return f"[{draw(SPACE)}{inner}{draw(SPACE)}]"


@st.composite
def geometry(draw: st.DrawFn, depth: int = 0) -> str:
    """A geometry as text: any kind, flat or with heights or mixed, parts or none."""
    kinds = ["Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"]
    kind = draw(st.sampled_from(kinds if depth < 2 else kinds[:6]))
    sizes = draw(st.sampled_from([(2, 2), (2, 2), (3, 3), (2, 3)]))
    position = listed(number(), *sizes)
    line = listed(position, 2)
    polygon = listed(listed(position, 3, close=True), 1, 3)
    coordinates = {
        "Point": position, "LineString": line, "Polygon": polygon, "MultiPoint": listed(position),
        "MultiLineString": listed(line), "MultiPolygon": listed(polygon),
    }.get(kind)  # fmt: skip
    rest = listed(geometry(depth + 1)) if coordinates is None else coordinates
    members = [("type", f'"{kind}"'), ("geometries" if coordinates is None else "coordinates", draw(rest))]
    members += draw(st.lists(st.sampled_from(MORE), max_size=1))
    return draw(written(draw(st.permutations(members))))


MORE = [("bbox", "[0, 0, 1, 1]"), ("crs", "null"), ("x", '{"coordinates":[9,9]}')]


@st.composite
def written(draw: st.DrawFn, members: list[tuple[str, str]]) -> str:
    inner = f"{draw(SPACE)},{draw(SPACE)}".join(f'"{n}"{draw(SPACE)}:{draw(SPACE)}{text}' for n, text in members)
    return f"{{{draw(SPACE)}{inner}{draw(SPACE)}}}"


LOOKS = [
    '"geometry":{"type":"Point","coordinates":[1,2]}', '{"type":"Feature"', "geometry", '\\"geometry\\":', "]}",
    '"features":[',
    '","geometry":{"type":"Point","coordinates":[3,4]},"x":"',
]  # fmt: skip
LINKS = ("links", '[{"rel": "self", "geometry":{"type":"Point","coordinates":[7,8]}}]')


@st.composite
def item(draw: st.DrawFn) -> str:
    """A feature without an id: a geometry in its place, others and their likes in its properties."""
    text = st.sampled_from(LOOKS) | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
    values = {
        "t": text.map(json.dumps),
        "geometry": geometry() | st.just("null") | text.map(json.dumps),
        "o": geometry().map(lambda g: f'{{"geometry": {g}, "more": [{{"geometry":{g}}}]}}'),
        "features": st.just('[{"type":"Feature","geometry":{"type":"Point","coordinates":[5,6]}}]'),
    }
    names = draw(st.lists(st.sampled_from(list(values)), unique=True))
    properties = draw(written([(name, draw(values[name])) for name in names]))
    members = [("type", '"Feature"'), ("properties", properties)]
    members.append(("geometry", draw(geometry() | st.just("null"))))
    members += draw(st.lists(st.just(LINKS), max_size=1))
    return draw(written(draw(st.permutations(members))))


SCHEMA = declared("", t="string", o="object", features="array")
SCHEMA["properties"]["geometry_of"] = SCHEMA["properties"].pop("geometry")


@settings(
    max_examples=25,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(item(), max_size=6), st.booleans())
def test_any_writing(raw: RawTwin, tmp_path: Path, items: list[str], schema: bool) -> None:
    """Pages in which geometries stand where they belong, and elsewhere."""
    named = [f'{{"id": {number}, {text[1:]}' for number, text in enumerate(items)]
    raw.pages = [f"[{', '.join(named[at : at + 4])}]" for at in range(0, len(named), 4)] or ["[]"]
    raw.schema = SCHEMA if schema else None
    raw.checkout(tmp_path / "a.gpkg")
    expect_equal(tmp_path / "a.gpkg", "things", [one for page in raw.pages for one in json.loads(page)])
    expect_sound(tmp_path / "a.gpkg")


BROKEN = [
    "[1 2, 3]", "[1[2, 3]]", "[1, 2]3", f"[{'9' * 5000}, 1]", "[1, 2, ]", "[, 2]",
    "[1,, 2]", "[1.2.3, 4]", "[1, 2e]", "[--1, 2]", "[1-2, 3]", "[1, 2", "[1, 2]]", "[[1, 2]", "[1, 2]]]]",
    "[e, E]", "[1, -]",
]  # fmt: skip
UNFIT = [
    "[]", "[1]", "[[1, 2]]", "[[[1, 2]]]", "[[1, 2], 3]", "[1, [2]]", "[[], [1, 2]]", "[1e999, 2]", "[null, 1]", "null",
    "{}", '"1,2"', '["1", "2"]', "1", "[[1, 2], null]", "[" * 60 + "]" * 60,
]  # fmt: skip


FITTING = {("[[1, 2]]", "LineString"), ("[[[1, 2]]]", "Polygon")}
FITS: dict[str, Any] = {"Point": [X, Y], "LineString": [[X, Y], [X + 1, Y]], "Polygon": [ring(X, Y)]}


def bad(identity: str, kind: str, coordinates: str) -> str:
    geometry = f'{{"type": "{kind}", "coordinates": {coordinates}}}'
    return f'{{"type": "Feature", "id": "{identity}", "geometry": {geometry}, "properties": {{}}}}'


@pytest.mark.parametrize("kind", FITS)
@pytest.mark.parametrize("multi", ["", "Multi"])
def test_what_is_no_geometry_of_its_type(raw: RawTwin, tmp_path: Path, kind: str, multi: str) -> None:
    """Is empty and told; all others are right."""
    path = tmp_path / "a.gpkg"
    others = [feature(n, {"type": kind, "coordinates": FITS[kind]}) for n in range(400)]
    parts = [json.dumps(other) for other in others]
    unfit = [text for text in UNFIT if (text, kind) not in FITTING and text != "[]"]
    for number, text in enumerate(unfit):
        parts.insert(number * 23, bad(f"bad {number}", kind, text))
    raw.pages, raw.schema = [f"[{','.join(parts)}]"], declared(f"{multi}{kind}")
    report = raw.checkout(path)
    assert any(text.startswith(f"Geometry: {len(unfit)} ") for text in report.layers[0].problems), report.problems
    with opened(path, write=True) as connection:
        stored = "SELECT geom FROM things WHERE twin_id GLOB 'bad*'"
        assert connection.execute(stored).fetchall() == [(None,)] * len(unfit)
        connection.execute("DELETE FROM things WHERE twin_id GLOB 'bad*'")
    expect_equal(path, "things", others)
    expect_sound(path)


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_no_json_has_no_place(raw: RawTwin, tmp_path: Path, text: str) -> None:
    """A page with broken coordinates is refused, or that geometry is empty and told. It is nowhere else."""
    parts = [json.dumps(feature(n, {"type": "Point", "coordinates": [X, Y]})) for n in range(9)]
    raw.pages, raw.schema = [f"[{','.join([*parts[:5], bad('bad', 'Point', text), *parts[5:]])}]"], declared("Point")
    try:
        report = raw.checkout(tmp_path / "a.gpkg")
    except BadResponse:
        return
    assert any(text.startswith("Geometry: 1 ") for text in report.layers[0].problems)
    with opened(tmp_path / "a.gpkg") as connection:
        assert connection.execute("SELECT twin_id FROM things WHERE geom IS NULL").fetchall() == [("bad",)]
