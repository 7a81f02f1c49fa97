"""What each server can do, and what it cannot: the tests hold both, and the capability report has to say the second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

UNPROTECTED = "only an edit made in that very moment could be overwritten"
PROTECTED = "no edit of yours can overwrite somebody else's"
ALL_OR_NOTHING = "changes lands or none of it"
NO_REPEAT = "you may be asked whether it arrived"
ROUNDED = "Coordinates come as longitude and latitude only"
GUESSED = "Their types are guessed from the data"
READ_ONLY = "but not publish"
UNDECLARED = "offers edits in its API description, but does not declare them"
SENT_WHOLE = "A changed feature is always sent whole"
NO_EMPTYING = "cannot be emptied"
NO_GEOMETRY = "a feature without a geometry cannot be published"
NO_COMPUTED = "a value in a column that the database computes"
NO_OUTLINES = "no outline can be changed"


@dataclass(frozen=True)
class Expect:
    """One server. Distances in metres."""

    tier: str
    srid: int  # the CRS in which it is checked out
    says: tuple[str, ...]  # parts of the capability report's sentences, one for each degradation
    not_says: tuple[str, ...] = ()
    slack: float = 1e-6  # how far coordinates may be off after a way there or back
    writes: bool = True
    # an edit by somebody else between our look and our write
    race: Literal["refused", "overwrites"] = "refused"
    # a set of changes of which the server refuses one
    bad_set: Literal["none of it", "the others"] = "the others"
    bad: tuple[str, Any] = ("height", -1.0)  # what it refuses
    words: str = ""  # of its refusal, as the outcome tells them
    empties: bool = True  # whether a value can be emptied
    refuses_shapes: bool = True  # whether it refuses a geometry of another type than its layer's
    takes_computed: bool = True  # whether a new feature may carry a value for a column that the database computes
    slashes: bool = True  # whether an item can be addressed whose id has a slash
    writes_bare: bool = True  # whether a feature without an outline can be written
    moves_degrees: bool = True  # whether an outline that is stored in EPSG:4326 can be changed
    # a create whose answer never came
    lost_create: Literal["recognised", "held"] = "held"
    protection: Literal["atomic", "locked", "unprotected", ""] = "unprotected"
    dates: bool = True  # whether it tells dates and times from text
    whole_numbers: bool = True  # whether it tells whole numbers from others
    others: tuple[str, ...] = ()  # properties that it adds to the table's own
    computed: bool = True  # whether it serves the column that the database computes


_EMBEDDED: dict[str, Any] = {"srid": 28992, "bad": ("floors", "many"), "words": "floors", "computed": False}

ON_FILE = "QGIS (gpkg)"
EXPECT: dict[str, Expect] = {
    "twin W0": Expect(tier="W0", says=(UNPROTECTED,), not_says=(PROTECTED,), race="overwrites", **_EMBEDDED),
    "twin W1": Expect(
        tier="W1",
        says=(PROTECTED,),
        not_says=(UNPROTECTED, NO_REPEAT),
        lost_create="recognised",
        protection="locked",
        **_EMBEDDED,
    ),
    "twin W2": Expect(
        tier="W2",
        says=(ALL_OR_NOTHING,),
        not_says=(UNPROTECTED, NO_REPEAT),
        lost_create="recognised",
        protection="atomic",
        bad_set="none of it",
        **_EMBEDDED,
    ),
    "pygeoapi": Expect(
        tier="W0",
        srid=28992,
        says=(UNPROTECTED, NO_REPEAT, SENT_WHOLE, NO_GEOMETRY, NO_COMPUTED),
        not_says=(ROUNDED,),
        race="overwrites",
        words="Internal Server Error",
        takes_computed=False,
        writes_bare=False,
    ),
    "QGIS Server": Expect(
        tier="W0",
        srid=4326,
        says=(UNPROTECTED, NO_REPEAT, ROUNDED, GUESSED, UNDECLARED, NO_EMPTYING, NO_OUTLINES),
        slack=0.08,  # 6 decimals of a degree
        race="overwrites",
        words="Error patching feature",
        empties=False,
        moves_degrees=False,
        slashes=False,
        others=("fid",),
    ),
    ON_FILE: Expect(
        tier="W0",
        srid=4326,
        says=(UNPROTECTED, NO_REPEAT, ROUNDED, GUESSED, UNDECLARED, NO_EMPTYING, NO_OUTLINES),
        slack=0.08,
        race="overwrites",
        words="Error patching feature",
        empties=False,
        moves_degrees=False,
        others=("fid",),
        computed=False,
        refuses_shapes=False,
        bad=("floors", "many"),
    ),
    "tipg": Expect(
        tier="R",
        srid=4326,
        says=(READ_ONLY, ROUNDED, GUESSED),
        not_says=(UNPROTECTED,),
        slack=1e-3,  # 9 decimals of a degree
        writes=False,
        protection="",
        dates=False,
        whole_numbers=False,
        others=("fid",),
    ),
}
WRITABLE = tuple(name for name, expect in EXPECT.items() if expect.writes)
"""Servers in the order of the matrix."""
RECORDED = "PDOK (recorded)"
