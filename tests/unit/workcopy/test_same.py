"""Which stored values mean the same."""

from __future__ import annotations

import pytest

from plugin.workcopy.columns import Stored, same


@pytest.mark.parametrize(
    ("one", "other", "kind", "expected"),
    [
        (5, 5.0, "integer", True),
        (2**53, 2**53 + 1, "integer", False),  # equal as floating point; the ids of addresses are that long
        (599100000012345001, 599100000012345002, "integer", False),
        ('{"a":1}', '{ "a": 1.0 }', "object", True),
        ('{"a":1}', '{"a":true}', "object", False),  # equal to Python
        ("[0]", "[false]", "array", False),
        ("[" * 5000, "[" * 5001, "array", False),
        ("2026-03-01T08:00:00Z", "2026-03-01T09:00:00+01:00", "date-time", True),
        ("", None, "string", False),
    ],
)
def test_same(one: Stored, other: Stored, kind: str, expected: bool) -> None:
    assert same(one, other, kind) is expected and same(other, one, kind) is expected
