"""Every case of a three-way merge, with what must come of it. Written by hand; nothing here asks the plugin.

Values of a column are grouped by what they mean: two spellings of one date are the same value twice.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from plugin.workcopy.geometry import encode

TYPES = ("string", "integer", "number", "boolean", "date", "date-time", "object", "array", "geometry")


def polygon(x: float, y: float = 436000.0, size: float = 10.0) -> dict[str, Any]:
    ring = [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]
    return {"type": "Polygon", "coordinates": [ring]}


def _blob(geometry: dict[str, Any], srid: int = 28992) -> bytes:
    found = encode(geometry, srid)[0]
    assert found is not None
    return found


_A, _B, _C = polygon(92000.25), polygon(92000.5), polygon(92001.0)
_MULTI_A = {"type": "MultiPolygon", "coordinates": [_A["coordinates"]]}
_HOLE = {"type": "Polygon", "coordinates": [*_A["coordinates"], [[92002.0, 436002.0], [92004.0, 436002.0],
                                            [92004.0, 436004.0], [92002.0, 436002.0]]]}  # fmt: skip

# each group is one value, in the spellings in which it may be met
VALUES: dict[str, tuple[tuple[Any, ...], ...]] = {
    "string": ((None,), ("brick",), ("Brick",), ("",), ("été",)),
    "integer": ((None,), (5, 5.0), (0,), (-(2**63),), (2**53,), (2**53 + 1,)),
    "number": ((None,), (1.5,), (2, 2.0), (0, 0.0, -0.0), (1e300,)),
    "boolean": ((None,), (0, False), (1, True)),
    "date": ((None,), ("2026-03-01", "2026-03-01T00:00:00Z"), ("2026-03-02",), ("not a date",)),
    "date-time": (
        (None,),
        ("2026-03-01T08:00:00Z", "2026-03-01T08:00:00.000Z", "2026-03-01T09:00:00+01:00", "2026-03-01 08:00:00Z"),
        ("2026-03-01T08:00:00.250Z",),
        ("2026-03-01T09:00:00Z",),
    ),
    "object": (
        (None,),
        ('{"a":1,"b":[2]}', '{ "b": [2], "a": 1 }', '{"a":1.0,"b":[2]}'),
        ('{"a":1}',),
        ('{"a":true,"b":[2]}',),  # true is not 1
        ("{}",),
    ),
    "array": ((None,), ('["a","b"]', '["a", "b"]'), ('["b","a"]',), ("[]",), ("[1]", "[1.0]"), ("[true]",)),
    "geometry": ((None,), (_blob(_A), _blob(_MULTI_A)), (_blob(_B),), (_blob(_C),), (_blob(_HOLE),)),
}

# what both sides did to one value → verdict, whose value stands
#   (mine is base, theirs is base, mine is theirs)
CELL = {
    (True, True, True): ("same", "base"),
    (False, True, False): ("mine", "mine"),
    (True, False, False): ("theirs", "theirs"),
    (False, False, True): ("both", "theirs"),
    (False, False, False): ("clash", "mine"),  # a proposal only: somebody is asked
}
PATTERNS = {
    "same": "nobody changed it",
    "mine": "I changed it",
    "theirs": "they changed it",
    "both": "both, the same",
    "clash": "both, differently",
}


@dataclass(frozen=True)
class CellCase:
    """One column: three values, and the verdict."""

    type: str
    base: Any
    mine: Any
    theirs: Any
    verdict: str
    stands: str  # whose value: "base", "mine", "theirs"

    @property
    def name(self) -> str:
        return f"{self.type}: {_short(self.base)} | {_short(self.mine)} | {_short(self.theirs)}"


def _short(value: Any) -> str:
    return f"<{len(value)} bytes …{value[-20:].hex()[:12]}>" if isinstance(value, bytes) else repr(value)


def cell_cases() -> Iterator[CellCase]:
    """Every triple of values of every type, in every spelling."""
    for kind in TYPES:
        spelled = [(group, value) for group, values in enumerate(VALUES[kind]) for value in values]
        for base_group, base in spelled:
            for mine_group, mine in spelled:
                for their_group, theirs in spelled:
                    verdict, stands = CELL[
                        (mine_group == base_group, their_group == base_group, mine_group == their_group)
                    ]
                    yield CellCase(kind, base, mine, theirs, verdict, stands)


def _f32(value: float) -> float:
    return float(struct.unpack("<f", struct.pack("<f", value))[0])


_FINE = polygon(92000.123456, 436000.654321)
_SERVED = polygon(92000.123, 436000.654)  # as a server with millimetres gives it back
_SERVED["coordinates"] = [[[round(x, 3), round(y, 3)] for x, y in _FINE["coordinates"][0]]]
_OTHER = {"type": "Polygon", "coordinates": [[[round(x + 0.01, 3), round(y, 3)] for x, y in _FINE["coordinates"][0]]]}

# what a server's rounding must and must not be taken for: type, base, mine, theirs, verdict
ROUNDED: tuple[tuple[str, str, Any, Any, Any, str], ...] = (
    ("number kept in single precision", "number", 0.1, 0.1, _f32(0.1), "same"),
    ("… while I changed it", "number", 0.1, 0.7, _f32(0.1), "mine"),
    ("… of the change that both made", "number", 5.5, 0.1, _f32(0.1), "both"),
    ("a real change in single precision", "number", 0.1, 0.1, _f32(0.2), "theirs"),
    ("a change smaller than rounding would make", "number", 10.0, 10.0, 10.01, "theirs"),
    ("coordinates cut to millimetres", "geometry", _blob(_FINE), _blob(_FINE), _blob(_SERVED), "same"),
    ("… while I moved it", "geometry", _blob(_FINE), _blob(_C), _blob(_SERVED), "mine"),
    ("… of the move that both made", "geometry", _blob(_C), _blob(_FINE), _blob(_SERVED), "both"),
    ("moved by a centimetre", "geometry", _blob(_FINE), _blob(_FINE), _blob(_OTHER), "theirs"),
    ("moved by a centimetre, and I moved it", "geometry", _blob(_FINE), _blob(_C), _blob(_OTHER), "clash"),
    ("snapped to whole metres", "geometry", _blob(polygon(92000.3)), _blob(polygon(92000.3)),
     _blob(polygon(92000.0)), "theirs"),
    ("snapped to decimetres", "geometry", _blob(polygon(92000.34)), _blob(polygon(92000.34)),
     _blob(polygon(92000.3)), "theirs"),
)  # fmt: skip


@dataclass(frozen=True)
class RowCase:
    """A whole feature. A side is None where it is not there, else the values of the columns name and height."""

    name: str
    base: dict[str, Any] | None
    mine: dict[str, Any] | None
    theirs: dict[str, Any] | None
    kind: str  # of the conflict, "" where nobody is asked
    result: dict[str, Any] | None
    to_publish: bool


_0, _1, _2 = {"name": "a", "height": 1.0}, {"name": "b", "height": 1.0}, {"name": "a", "height": 2.0}
_12, _3 = {"name": "b", "height": 2.0}, {"name": "c", "height": 1.0}

# every doing of mine against every doing of theirs
ROWS = (
    RowCase("nothing / nothing", _0, _0, _0, "", _0, False),
    RowCase("nothing / update", _0, _0, _1, "", _1, False),
    RowCase("nothing / delete", _0, _0, None, "", None, False),
    RowCase("nothing / insert", None, None, _1, "", _1, False),
    RowCase("update / nothing", _0, _1, _0, "", _1, True),
    RowCase("update / the same update", _0, _1, _1, "", _1, False),
    RowCase("update / update of another column", _0, _1, _2, "", _12, True),
    RowCase("update / another update", _0, _1, _3, "update-update", _1, True),
    RowCase("update / another update and more", _0, _1, {"name": "c", "height": 2.0}, "update-update", _12, True),
    RowCase("update / delete", _0, _1, None, "update-delete", _1, True),
    RowCase("update and back / update", _0, _0, _1, "", _1, False),
    RowCase("update and back / delete", _0, _0, None, "", None, False),
    RowCase("delete / nothing", _0, None, _0, "", None, True),
    RowCase("delete / update", _0, None, _1, "delete-update", _1, True),
    RowCase("delete / delete", _0, None, None, "", None, False),
    RowCase("insert / nothing", None, _1, None, "", _1, True),
    RowCase("insert / the same insert", None, _1, _1, "", _1, False),
    RowCase("insert / another insert", None, _1, _3, "create-create", _1, True),
    # whether two features that are nearly the same are one thing is for somebody to say
    RowCase("insert / insert with a value more", None, {"name": "b", "height": None}, _1, "create-create", _1, False),
    RowCase("insert / insert with a value less", None, _1, {"name": "b", "height": None}, "create-create", _1, True),
    RowCase("nobody / nobody", None, None, None, "", None, False),
)
# "update / delete" and "delete / update": what the kept proposal holds is the side that is there, and it is asked
