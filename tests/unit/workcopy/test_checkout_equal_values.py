"""Every value that a twin serves is in the file: as GDAL reads the same pages, and as JSON means it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.equal import expect_equal
from tests.raw_pages import RawTwin, declared
from tests.shapes import COLLECTIONS, EMPTY, FLAT, HIGH, X, Y, ring, shapes
from tests.sound import expect_sound

from .checked import feature, take

VALUES: dict[str, list[Any]] = {
    "string": [
        "", " ", "a  b\t\r\n", "null", "0", "0012", "1e5", "true", "2020-01-01", "'\"\\`;--%", "\u00e9\u0301\u00df",
        "\u200b\u200f\ufeff\u2028\u0085", "\u0001\u0007\u001f\u007f", "\U0001f333\U0010ffff\U00020000",
        "\ud7ff\ue000\ufffd", "Rotterdam " * 20_000, "\U0001f3d9" * 5_000,
    ],
    "integer": [0, -1, 1, 2**31, -(2**31) - 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)],
    "number": [
        0, 0.1, -0.0, 1 / 3, 1e-300, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -1e300, 1e22, 2**53,
        12345678901234567,
    ],
    "boolean": [True, False],
    "date": ["2026-11-23", "2024-02-29", "1582-10-04", "0001-01-01", "9999-12-31", "1969-12-31"],
    "date-time": [
        "2026-11-23T06:32:27Z", "2026-11-23T06:32:27.5Z", "2026-11-23T06:32:27.123456Z", "2026-11-23T06:32:27.999Z",
        "2026-11-23T00:10:00+05:30", "2026-11-23T23:50:00.25-03:00", "2026-03-29T02:30:00+02:00",
        "1950-06-01T12:00:00+01:00", "2026-01-01T00:00:00+14:00", "2025-12-31T23:59:59.999-12:00",
        "2024-02-29T12:00:00+00:00", "0100-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
    ],
    "object": [
        {}, {"a": 1}, {"a": {"b": [1, 2.5, None, True, "\u00e9\U0001f333", {"c": {}}]}}, {"": "", "a b": "\u0001'\""},
    ],
    "array": [[], [1], [1, 2], ["a", "b"], [None], [[1, [2, []]], {"a": 9007199254740993}], [True, 1, 1.0, "1"]],
}  # fmt: skip


def every_value() -> list[dict[str, Any]]:
    """Each value of each type once; nulls, and properties that are not there, beside them."""
    found = []
    for name, values in VALUES.items():
        for number, value in enumerate(values):
            others = {other: VALUES[other][number % len(VALUES[other])] for other in VALUES if number % 3 == 0}
            found.append(feature(f"{name} {number}", None, **{**others, name: value}))
    return [*found, feature("nulls", None, **dict.fromkeys(VALUES)), feature("nothing", None)]


@pytest.mark.parametrize("geometry", ["none", "Point"])
def test_values_of_all_types(raw: RawTwin, tmp_path: Path, geometry: str) -> None:
    """As a schema declares them. GDAL itself vouches for every type."""
    schema = declared(geometry, **{name: name for name in VALUES})
    assert take(raw, tmp_path / "a.gpkg", every_value(), schema) == set(VALUES)


def test_values_without_a_schema(raw: RawTwin, tmp_path: Path) -> None:
    take(raw, tmp_path / "a.gpkg", every_value(), None)


def test_a_handful_that_is_mostly_plain(raw: RawTwin, tmp_path: Path) -> None:
    """Odd values, and odd geometries, among hundreds of ordinary ones, at every place of a handful."""
    schema = declared("Polygon", **{name: name for name in VALUES})
    plain = {name: values[0 if name != "string" else 3] for name, values in VALUES.items()}
    odd = [*shapes(HIGH), *shapes(FLAT), *COLLECTIONS, *EMPTY, None]
    features = [
        feature(f"p{n}", {"type": "Polygon", "coordinates": [ring(X + n, Y, 5 + n / 7)]}, **plain) for n in range(700)
    ]
    for place, one in zip(range(0, 700, 7), every_value()):
        features[place]["properties"] = {**plain, **one["properties"]}
    for place, one in zip(range(3, 700, 11), odd):
        features[place]["geometry"] = one
    raw.give(features, schema, size=333)
    raw.checkout(tmp_path / "a.gpkg")
    assert expect_equal(tmp_path / "a.gpkg", "things", features) == set(VALUES)
    expect_sound(tmp_path / "a.gpkg")


MISFITS: dict[str, list[Any]] = {
    "integer": [2**63, -(2**63) - 1, 10**400, 1.5, "7", True, [1], 1e300],
    "number": ["1.5", False, 10**400, {}],
    "boolean": [0, 1, "true", []],
    "date": ["2026-02-30", "23-11-2026", "soon", "", True],
    "date-time": [
        "2026-11-23T25:00:00Z",
        "soon",
        5,
        "",
        "T12:00:00Z",
        "0001-01-01T00:00:00+02:00",
        "9999-12-31T23:59:59-05:00",
    ],
}


def test_what_does_not_fit_is_empty_and_told(raw: RawTwin, tmp_path: Path) -> None:
    """Never another value, and each is counted."""
    features = [
        feature(f"{kind} {n}", None, **{kind: v}) for kind, values in MISFITS.items() for n, v in enumerate(values)
    ]
    raw.give(features, declared("none", **{kind: kind for kind in MISFITS}))
    report = raw.checkout(tmp_path / "a.gpkg")
    expect_equal(tmp_path / "a.gpkg", "things", features)
    for kind, values in MISFITS.items():
        assert any(text.startswith(f"{kind}: ") and f" {len(values)} " in text for text in report.layers[0].problems), (
            kind
        )


def test_text_of_what_is_none(raw: RawTwin, tmp_path: Path) -> None:
    """A column of text keeps numbers, truths, lists and objects as JSON writes them."""
    values = [1, -2.5, True, False, 2**70, [1, "a"], {"a": None}, 1e22, 5e-324]
    features = [feature(n, None, string=value) for n, value in enumerate(values)]
    take(raw, tmp_path / "a.gpkg", features, declared("none", string="string"))


NUMBERS = [
    "1E2", "1e2", "100.0", "-0", "-0.0", "0.1e1", "123456789012345678", "12345678901234567890123", "-1e-400", "1e19",
]  # fmt: skip


def test_numbers_as_they_can_be_written(raw: RawTwin, tmp_path: Path) -> None:
    """JSON has many ways to write a number; and a page may be spread out, escaped, and in any order."""
    # GDAL cuts whole coordinates to 64 bits, and of a whole zero the sign does not count
    east = ["5" if len(text) > 20 or text == "-0" else text for text in NUMBERS]
    texts = [
        f'{{ "properties" : {{"number":{text} , "integer" :{text},"string":"\\u00e9\\ud83c\\udf33\\/"}},\r\n\t'
        f'"geometry":{{"coordinates": [{east[n]}, 1e0], "type": "Point"}}, "id": {n}, "type": "Feature"}}'
        for n, text in enumerate(NUMBERS)
    ]
    raw.pages = [f"[{', '.join(texts)}]"]
    raw.schema = declared("Point", number="number", integer="integer", string="string")
    raw.checkout(tmp_path / "a.gpkg")
    expect_equal(tmp_path / "a.gpkg", "things", json.loads(raw.pages[0]))
    expect_sound(tmp_path / "a.gpkg")


IDS = [
    "a", "A", "a ", " a", "\u00e9", "e\u0301", "\U0001f333", "0", "00", 7, -7, 2**63, 2**53 + 1, 1.5, "x'y\"z", "%41",
    "a/b?c#d", "\u0001", "long" * 500, None, None, 12.0, "NULL",
]  # fmt: skip


def test_ids_of_all_kinds(raw: RawTwin, tmp_path: Path) -> None:
    features = [feature(one, None, n=n) for n, one in enumerate(IDS)]
    take(raw, tmp_path / "a.gpkg", features, declared("none", n="integer"))


UNTOLD = ["a\x00b", "\ud83c", "a\udf33b", "\udf33\ud83c", "\u00e9\ud800"]


def test_text_that_a_file_cannot_hold(raw: RawTwin, tmp_path: Path) -> None:
    """Zeros, at which most programs stop reading, and halves of characters. In lists and objects they are escaped."""
    padded = [feature("padded", None, t="Oak\x00\x00", o={"a": "Oak\x00"}), feature("zero", None, t="\x00")]
    odd = [feature(n, None, t=one, o={one: one, "\u00e9": [one]}) for n, one in enumerate(UNTOLD)]
    beside = [feature(f"b{n}", None, t="\U0001f333", o=n) for n in range(200)]
    raw.give([*padded, *odd, *beside], declared("none", t="string", o="object"), size=500)
    report = raw.checkout(tmp_path / "a.gpkg")
    assert any(f"t: {len(UNTOLD)} values" in text for text in report.layers[0].problems), report.layers
    for one in odd:
        one["properties"]["t"] = None
    padded[0]["properties"]["t"], padded[1]["properties"]["t"] = "Oak", ""
    expect_equal(tmp_path / "a.gpkg", "things", [*padded, *odd, *beside])


def test_names_that_a_file_cannot_hold(raw: RawTwin, tmp_path: Path) -> None:
    """Ids that nobody could ask for are none, versions none to lock with, and columns have names."""
    given = [feature("a\x00b", None, **{"n\ud83c": 1}), feature("\udf33", None, **{"n\ud83c": 2}), feature("c", None)]
    raw.give(given, None)
    report = raw.checkout(tmp_path / "a.gpkg")
    assert report.feature_count == 3 and any("2 features have no id" in text for text in report.problems)
    named = [{**one, "id": name} for one, name in zip(given, (None, None, "c"))]
    expect_equal(tmp_path / "a.gpkg", "things", named)
