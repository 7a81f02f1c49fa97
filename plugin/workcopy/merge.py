"""Three-way merge of one feature: pure, total, and nothing decided silently.

Each side is a row (column → stored value) or None where the feature is not there. Column by column, and the geometry
as one column: what only one side changed is taken; what both changed the same way is taken; the rest is a clash, and
somebody is asked. A column that merges inside (`inside`) clashes only where an entry of it does. Delete against update
is always asked. Columns that the twin computes are never ours to change.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as member
from typing import Literal

from . import columns as cols
from . import geometry as geo
from .columns import Stored
from .inside import Inside, MergeInside

_SINGLE_DIGITS = 9  # that tell every single precision number from every other

Verdict = Literal["same", "mine", "theirs", "both", "merged", "clash"]
ConflictKind = Literal["", "update-update", "update-delete", "delete-update", "create-create"]
Values = Mapping[str, Stored]


@dataclass(frozen=True)
class Field:
    """One column as the merge needs to know it. ``kind`` is the property's type, or ``geometry``."""

    name: str
    kind: str
    read_only: bool = False  # the twin keeps it
    inside: MergeInside | None = member(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Cell:
    """One column of a merge. ``result`` of a clash is ours, until somebody decides. ``inside``: what came of looking
    into a column that both changed."""

    column: str
    base: Stored
    mine: Stored
    theirs: Stored
    result: Stored
    verdict: Verdict  # both: the same change on both sides; merged: the changes of both, which do not touch each other
    inside: Inside | None = None


@dataclass(frozen=True)
class Merge:
    """What comes of three sides. ``kind`` is empty where nobody needs to be asked; then ``result`` is the feature as it
    is to be, None for gone. Else ``result`` is a proposal with ours in the clashing columns."""

    kind: ConflictKind
    result: dict[str, Stored] | None
    cells: tuple[Cell, ...]
    to_publish: bool  # the result differs from theirs: something is still ours to send

    @property
    def clashes(self) -> tuple[str, ...]:
        return tuple(cell.column for cell in self.cells if cell.verdict == "clash")

    @property
    def takes_theirs(self) -> bool:
        """Whether anything of theirs came in that we did not have."""
        return any(cell.verdict in ("theirs", "merged") for cell in self.cells)

    @property
    def inside(self) -> tuple[str, ...]:
        """The columns that both sides changed and that were merged inside."""
        return tuple(cell.column for cell in self.cells if cell.inside is not None and cell.verdict != "clash")


def merge(
    base: Values | None, mine: Values | None, theirs: Values | None, fields: Sequence[Field], *, exact: bool = False
) -> Merge:
    """Merge one feature. ``base`` is the last state that both sides knew; an absent column counts as null.

    ``exact``: theirs comes from a copy of our own file, and not from a server that may have rounded it.
    """
    if mine is not None and theirs is not None:
        cells = tuple(_cell(field, base or {}, mine, theirs, exact) for field in fields)
        ours = any(cell.verdict in ("mine", "merged", "clash") for cell in cells)
        kind: ConflictKind = "update-update" if any(cell.verdict == "clash" for cell in cells) else ""
        if base is None and (ours or _differ(cells, fields)):
            kind = "create-create"  # whether two such features are the same thing is for somebody to say
        return Merge(kind, {cell.column: cell.result for cell in cells}, cells, ours)
    if base is None:
        # one side created it, or nobody has it: there is nothing to compare with
        only = mine if mine is not None else theirs
        return Merge("", None if only is None else _row(fields, only), (), mine is not None)
    if mine is not None:
        return _one_gone(base, mine, fields, "update-delete", exact)
    if theirs is not None:
        return _one_gone(base, theirs, fields, "delete-update", exact)
    return Merge("", None, (), False)


def alike(one: Stored, other: Stored, kind: str, *, told: Stored = None, rounded: bool = False) -> bool:
    """Whether two stored values mean the same.

    ``told`` is what came from the twin last: its digits show how precisely the twin keeps coordinates and numbers, and
    finer differences than that are its rounding, nobody's edit. ``rounded``: ``other`` may also be ``one`` rounded to
    fewer decimals; for finding out whether a write of ours arrived, not for telling edits apart.
    """
    if kind == "geometry":
        first, second = _blob(one), _blob(other)
        if geo.same(first, second):
            return True
        tolerance = geo.precision(_blob(told))
        return tolerance > 0 and geo.same(first, second, tolerance)
    if cols.same(one, other, kind):
        return True
    if kind != "number":
        return False
    if _single(one) is not None and _single(one) == _single(other) and (rounded or _shows_single(told)):
        return True
    return rounded and _is_rounded(one, other)


def differing(
    one: Values, other: Values, fields: Iterable[Field], *, told: bool = False, rounded: bool = False
) -> list[str]:
    """The columns, those that the twin keeps itself aside, in which two rows mean different things. ``told``: the
    second row is as the twin shows it, so differences below its precision do not count."""
    out = []
    for field in fields:
        if field.read_only:
            continue
        mine, value = one.get(field.name), other.get(field.name)
        if mine == value:  # nearly always
            continue
        if not alike(mine, value, field.kind, told=value if told else None, rounded=rounded):
            out.append(field.name)
    return out


def _cell(field: Field, base: Values, mine: Values, theirs: Values, exact: bool) -> Cell:
    name, kind = field.name, field.kind
    b, m, t = base.get(name), mine.get(name), theirs.get(name)
    told = None if exact else t
    verdict: Verdict
    inside = None
    if field.read_only:
        verdict = "same" if alike(m, t, kind) else "theirs"
    elif alike(b, t, kind, told=told):
        verdict = "same" if alike(b, m, kind) else "mine"
    elif alike(b, m, kind):
        verdict = "theirs"
    elif alike(m, t, kind, told=told):
        verdict = "both"
    else:
        verdict = "clash"
        inside = field.inside(name, b, m, t) if field.inside else None
        if inside is not None and not inside.clashes:
            verdict = _merged(inside.mine, m, t, kind)
    result = t if verdict in ("theirs", "both") else m
    if inside is not None and verdict in ("merged", "clash"):
        result = inside.mine
    return Cell(name, b, m, t, result, verdict, inside)


def _merged(result: Stored, mine: Stored, theirs: Stored, kind: str) -> Verdict:
    """Where one side has all that the other changed, its value stands as it is written there."""
    if alike(result, theirs, kind):
        return "theirs"
    return "mine" if alike(result, mine, kind) else "merged"


def _differ(cells: Iterable[Cell], fields: Iterable[Field]) -> bool:
    kept = {field.name for field in fields if field.read_only}
    return any(cell.verdict == "theirs" and cell.column not in kept for cell in cells)


def _one_gone(base: Values, left: Values, fields: Sequence[Field], kind: ConflictKind, exact: bool) -> Merge:
    """One side deleted it. Where the other did not touch it, it is gone; else somebody has to say."""
    mine_left = kind == "update-delete"
    cells = []
    for field in fields:
        b, now = base.get(field.name), left.get(field.name)
        told = None if mine_left or exact else now
        changed = not field.read_only and not alike(b, now, field.kind, told=told)
        verdict: Verdict = "clash" if changed else "same"
        cells.append(
            Cell(field.name, b, now if mine_left else None, None if mine_left else now, now, verdict),
        )
    if not any(cell.verdict == "clash" for cell in cells):
        return Merge("", None, (), not mine_left)
    return Merge(kind, _row(fields, left), tuple(cells), True)


def _row(fields: Iterable[Field], values: Values) -> dict[str, Stored]:
    return {field.name: values.get(field.name) for field in fields}


def _blob(value: Stored) -> bytes | None:
    return value if isinstance(value, bytes) else None


def _single(value: Stored) -> bytes | None:
    """A number as a server with single precision keeps it; None for what has no fraction, or no such form."""
    if not isinstance(value, float) or value.is_integer():
        return None
    try:
        return struct.pack("<f", value)
    except OverflowError:
        return None


def _shows_single(told: Stored) -> bool:
    """Whether a number can only have come out of single precision: 10.54 shown as 10.539999961853027. Seven digits that
    happen to fit prove nothing: the cents of a large sum are somebody's edit."""
    packed = _single(told)
    if packed is None or struct.unpack("<f", packed)[0] != told:
        return False
    return len(repr(told).replace(".", "").strip("-0")) > _SINGLE_DIGITS


def _is_rounded(exact: Stored, shown: Stored) -> bool:
    if not isinstance(exact, float) or not isinstance(shown, float):
        return False
    decimals = len(repr(shown).partition(".")[2])
    return "e" not in repr(shown) and abs(exact - shown) <= 0.5 * 10.0**-decimals * (1 + 1e-9)
