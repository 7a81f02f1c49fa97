"""Schemas as servers write them, schemas guessed from data, and what does not fit."""

from __future__ import annotations

import time
from typing import Any

import pytest

from plugin.twin.fit import GEOMETRY_TYPES
from plugin.twin.model import Item, Property, Schema
from plugin.twin.schema import check, enum_titles, infer, merge_inferred, parse


def one(spec: dict[str, Any], *, required: bool = False) -> Property:
    schema = parse({"properties": {"p": spec}, "required": ["p"] if required else []})
    assert len(schema.properties) == 1
    return schema.properties[0]


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        ({"type": "string"}, "string"),
        ({"type": ["string", "null"]}, "string"),
        ({"type": ["null", "integer"]}, "integer"),
        ({"type": ["integer", "number"]}, "number"),
        ({"type": ["string", "integer"]}, "string"),
        ({"type": "string", "format": "date"}, "date"),
        ({"type": ["string", "null"], "format": "date-time"}, "date-time"),
        ({"type": "string", "format": "uri"}, "string"),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, "object"),
        ({"type": "array", "items": {"type": "string"}}, "array"),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, "number"),
        ({"enum": [1, 2]}, "integer"),
        ({"const": "x"}, "string"),
        ({"oneOf": [{"const": "a", "title": "Ay"}, {"const": "b"}]}, "string"),
        ({"$ref": "#/$defs/len"}, "string"),
        ({}, "string"),
    ],
)
def test_types(spec: dict[str, Any], kind: str) -> None:
    assert one(spec).type == kind


def test_constraints_and_words() -> None:
    p = one(
        {"type": "number", "title": "Height", "description": "d", "minimum": 0, "exclusiveMaximum": 9.5,
         "x-ogc-unit": "m",
         "default": 3, "readOnly": True},
        required=True,
    )  # fmt: skip
    assert (p.title, p.description, p.minimum, p.maximum, p.unit, p.default) == ("Height", "d", 0, 9.5, "m", 3)
    assert p.required and p.read_only and not p.nullable
    text = one({"type": "string", "maxLength": 4, "pattern": "^a", "enum": ["a", None]})
    assert (text.max_length, text.pattern, text.enum, text.nullable) == (4, "^a", ("a",), True)


def test_enumerations_keep_their_titles() -> None:
    schema = parse({"properties": {"s": {"oneOf": [{"const": 1, "title": "Planned"}, {"const": 2}, {"type": "null"}]}}})
    assert schema.properties[0].enum == (1, 2) and schema.properties[0].type == "integer"
    assert enum_titles(schema, "s") == {1: "Planned"} and enum_titles(schema, "none") == {}


def test_order_roles_and_geometry() -> None:
    schema = parse(
        {
            "type": "object",
            "required": ["fid", "shape"],
            "properties": {
                "last": {"type": "string"},
                "fid": {"type": "integer", "x-ogc-role": "id"},
                "b": {"type": "string", "x-ogc-propertySeq": 2},
                "a": {"type": "string", "x-ogc-propertySeq": 1},
                "label_point": {"format": "geometry-point"},
                "shape": {"x-ogc-role": "primary-geometry", "format": "geometry-polygon", "x-citytwin-dimension": 3},
            },
        }
    )
    assert [p.name for p in schema.properties] == ["a", "b", "last"]
    assert (schema.geometry_type, schema.has_z, schema.geometry_required) == ("Polygon", True, True)


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        ({"format": "geometry-multipolygon"}, "MultiPolygon"),
        ({"format": "geometry-any"}, ""),
        ({"format": "geometry-polygon-or-multipolygon"}, "MultiPolygon"),
        ({"format": "geometry-point-or-polygon"}, ""),
        ({"$ref": "https://geojson.org/schema/LineString.json"}, "LineString"),
        ({"$ref": "https://geojson.org/schema/Geometry.json"}, ""),
        ({"$ref": "http://schemas.opengis.net/ogcapi/features/part1/1.0/openapi/schemas/geometryGeoJSON.yaml"}, ""),
        ({"oneOf": [{"$ref": "https://geojson.org/schema/Point.json"}, {"type": "null"}]}, "Point"),
        ({"x-ogc-role": "primary-geometry"}, ""),
        ({"type": "object", "properties": {"type": {"enum": ["Point"]}, "coordinates": {}}}, "Point"),
    ],
)
def test_geometry_as_servers_declare_it(spec: dict[str, Any], kind: str) -> None:
    schema = parse({"properties": {"geometry": spec, "n": {"type": "string"}}})
    assert schema.geometry_type == kind and [p.name for p in schema.properties] == ["n"]


def test_a_schema_of_whole_features_is_unwrapped_and_one_without_geometry_has_none() -> None:
    whole = parse(
        {
            "properties": {
                "type": {"const": "Feature"},
                "geometry": {"$ref": "https://geojson.org/schema/Point.json"},
                "properties": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}},
            }
        }
    )
    assert whole.geometry_type == "Point" and [(p.name, p.required) for p in whole.properties] == [("n", True)]
    assert parse({"properties": {"n": {"type": "string"}}}).geometry_type == "none"


@pytest.mark.parametrize("document", [{}, {"properties": []}, {"properties": {"a": 7, "b": None}}, {"required": "x"}])
def test_nonsense_is_no_crash(document: dict[str, Any]) -> None:
    assert isinstance(parse(document), Schema)


def test_a_schema_that_refers_to_itself_ends() -> None:
    assert parse({"properties": {"a": {"$ref": "#/properties/a"}}}).properties[0].type == "string"


def item(geometry: Any = None, **properties: Any) -> Item:
    return Item("x", properties, geometry, None)


def test_types_are_inferred_and_widen() -> None:
    polygon = {"type": "Polygon", "coordinates": [[[0, 0, 1]]]}
    seen = infer(
        [item(n=1, t="2026-01-01", u=None), item({**polygon, "type": "MultiPolygon"}, n=1.5, t="soon"), item(polygon)]
    )
    assert {p.name: p.type for p in seen.properties} == {"n": "number", "t": "string", "u": "string"}
    assert seen.geometry_type == "MultiPolygon" and seen.has_z and not seen.declared
    later = merge_inferred(seen, infer([item({"type": "Point", "coordinates": [1, 2]}, u=3, n=2, new=True)]))
    assert {p.name: p.type for p in later.properties} == {
        "n": "number",
        "t": "string",
        "u": "integer",
        "new": "boolean",
    }
    assert later.geometry_type == ""
    assert check({"n": "text"}, None, later) == []


def test_declared_properties_stay_as_declared() -> None:
    declared = parse({"properties": {"n": {"type": "integer"}, "geometry": {"format": "geometry-point"}}})
    merged = merge_inferred(declared, infer([item({"type": "Polygon", "coordinates": []}, n="text", more=1)]))
    assert {p.name: p.type for p in merged.properties} == {"n": "integer", "more": "integer"}
    assert merged.geometry_type == "Point" and merged.declared


SCHEMA = parse(
    {
        "required": ["name", "geometry"],
        "properties": {
            "geometry": {"format": "geometry-polygon"},
            "name": {"type": "string", "maxLength": 5, "pattern": "^[A-Z]"},
            "stage": {"type": "string", "enum": ["idea", "pilot"]},
            "floors": {"type": "integer", "minimum": 1, "maximum": 9},
            "share": {"type": "number"},
            "open": {"type": "boolean"},
            "day": {"type": "string", "format": "date"},
            "at": {"type": "string", "format": "date-time"},
            "extra": {"type": "object"},
            "list": {"type": "array"},
            "area": {"type": "number", "readOnly": True},
        },
    }
)
SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
GOOD = {"name": "Abc", "stage": "idea", "floors": 3, "share": 1, "open": False, "day": "2024-02-29",
        "at": "2026-01-01T10:00:00.5+02:00", "extra": {}, "list": [], "area": 2.0}  # fmt: skip


def test_what_fits_has_no_violations() -> None:
    assert check(GOOD, SQUARE, SCHEMA) == []
    assert check({"name": "A", "stage": None, "floors": 2.0}, SQUARE, SCHEMA) == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("name", None, "no value"),
        ("name", 5, "must be text"),
        ("name", "Abcdef", "only 5"),
        ("name", "abc", "not of the form"),
        ("stage", "done", "none of the allowed values: idea, pilot"),
        ("floors", 0, "below the minimum 1"),
        ("floors", 10, "above the maximum 9"),
        ("floors", 1.5, "a whole number"),
        ("floors", True, "a whole number"),
        ("floors", "3", "a whole number"),
        ("share", float("nan"), "a number"),
        ("open", 1, "true or false"),
        ("day", "2023-02-29", "a date such as"),
        ("day", "2026-1-1", "a date such as"),
        ("at", "2026-01-01T25:00:00Z", "a date and time"),
        ("at", "yesterday", "a date and time"),
        ("extra", [], "a JSON object"),
        ("list", "[]", "a JSON array"),
        ("area", "x", "a number"),
    ],
)
def test_what_does_not_fit_names_the_property(name: str, value: Any, words: str) -> None:
    found = check({**GOOD, name: value}, SQUARE, SCHEMA)
    assert [v.property for v in found] == [name] and words in found[0].message


def test_true_is_not_one() -> None:
    schema = parse({"properties": {"p": {"enum": [1, "x"], "type": "integer"}, "q": {"enum": [True]}}})
    assert check({"p": 1, "q": True}, None, schema) == []
    assert schema.get("q") is not None and schema.get("q").type == "boolean"  # type: ignore[union-attr]
    loose = Schema((Property("p", "number", enum=(1,)), Property("q", "boolean", enum=(1,))))
    assert [v.property for v in check({"p": 1.0, "q": True}, None, loose)] == ["q"]


def test_read_only_properties_are_not_asked_for_when_publishing() -> None:
    assert check({**GOOD, "area": "x"}, SQUARE, SCHEMA, publishing=True) == []


def test_geometries() -> None:
    multi = {"type": "MultiPolygon", "coordinates": [SQUARE["coordinates"]]}
    two = {"type": "MultiPolygon", "coordinates": [SQUARE["coordinates"], SQUARE["coordinates"]]}
    assert check(GOOD, multi, SCHEMA) == check(GOOD, two, SCHEMA) == check(GOOD, multi, SCHEMA, publishing=True) == []

    def told(geometry: Any, schema: Schema = SCHEMA, **more: Any) -> str:
        found = check(GOOD if schema is SCHEMA else {}, geometry, schema, **more)
        assert len(found) == 1 and found[0].property == ""
        return found[0].message

    assert "has 2 parts" in told(two, publishing=True)
    assert "no geometry" in told(None)
    assert "is a Point, but this collection holds Polygon" in told({"type": "Point", "coordinates": [1, 2]})
    assert "GeoJSON does not have" in told({"type": "Solid", "coordinates": []})
    assert "no coordinates" in told({"type": "Polygon"})
    flat = parse({"properties": {"n": {}}})
    assert "this collection has none" in told(SQUARE, flat)
    anything = parse({"properties": {"geometry": {"format": "geometry-any"}}})
    for kind in GEOMETRY_TYPES[:6]:
        assert check({}, {"type": kind, "coordinates": []}, anything) == []


@pytest.mark.parametrize("pattern", ["(", r"\p{L}+", "(?<n>a)", "x" * 501])
def test_a_pattern_that_python_cannot_read_constrains_nothing(pattern: str) -> None:
    assert check({"p": "abc"}, None, parse({"properties": {"p": {"type": "string", "pattern": pattern}}})) == []


def test_a_pattern_cannot_hang_us() -> None:
    schema = parse({"properties": {"p": {"type": "string", "pattern": "^(a+)+$"}}})
    began = time.monotonic()
    check({"p": "a" * 40 + "!"}, None, schema)
    assert time.monotonic() - began < 0.5


@pytest.mark.parametrize(("code", "sign"), [("m2", "m²"), ("Cel", "°C"), ("m", "m"), ("furlong", "furlong")])
def test_units_as_people_write_them(code: str, sign: str) -> None:
    (found,) = parse({"properties": {"size": {"type": "number", "x-ogc-unit": code}}}).properties
    assert found.unit == sign
