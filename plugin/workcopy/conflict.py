"""A conflict as a value: three sides of a feature, what the merge proposes, and what somebody decided."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..text import tr
from .columns import GEOMETRY, BadValue, Stored, from_stored, to_stored
from .errors import WorkingCopyError
from .geometry import BadGeometry, decode, encode
from .inside import Inside
from .merge import ConflictKind, Values, Verdict
from .source import Source

Side = Literal["mine", "theirs"]


class ConflictMoved(WorkingCopyError):
    """One side of a conflict changed, or it was resolved elsewhere, since it was shown."""


@dataclass(frozen=True)
class ConflictCell:
    """One column of a conflict: the three values as stored, the geometry as GeoPackage blobs."""

    column: str
    title: str
    kind: str  # the property's type, "geometry" for the geometry
    base: Stored
    mine: Stored
    theirs: Stored
    result: Stored  # what the merge proposes; of a clash: `if_mine`
    verdict: Verdict
    read_only: bool = False
    inside: Inside | None = None  # what came of looking into a column that both changed

    @property
    def if_mine(self) -> Stored:
        """What the column becomes where a clash is decided for our side: entries that do not clash stay merged."""
        return self.inside.mine if self.inside and self.verdict == "clash" else self.mine

    @property
    def if_theirs(self) -> Stored:
        """As `if_mine`, for their side."""
        return self.inside.theirs if self.inside and self.verdict == "clash" else self.theirs


@dataclass(frozen=True)
class Conflict:
    """One feature that both sides changed."""

    table: str
    twin_id: str
    fid: int | None  # of our row, where it is there
    kind: ConflictKind
    label: str  # what people call the feature
    cells: tuple[ConflictCell, ...]
    token: str | None  # of both sides as they are here: another one, once either has moved
    who: str | None
    changed: str | None  # RFC 3339
    found: str  # when we saw it
    words: str  # what to tell the user
    mine_there: bool
    theirs_there: bool
    base_there: bool
    outside: bool = False  # theirs came back from a field review, and is not the twin's

    @property
    def key(self) -> str:
        """As `Change.key`."""
        return f"{self.table}/{self.twin_id}"

    @property
    def clashes(self) -> tuple[ConflictCell, ...]:
        """The columns that somebody has to decide."""
        return tuple(cell for cell in self.cells if cell.verdict == "clash")

    def cell(self, column: str) -> ConflictCell | None:
        return next((cell for cell in self.cells if cell.column == column), None)

    @property
    def base(self) -> dict[str, Any] | None:
        """The common base as JSON values: column → value, the geometry as GeoJSON. None: there was none."""
        return {c.column: as_json_value(c.base, c.kind) for c in self.cells} if self.base_there else None

    @property
    def mine(self) -> dict[str, Any] | None:
        """Ours as JSON values; None: we deleted it."""
        return {c.column: as_json_value(c.mine, c.kind) for c in self.cells} if self.mine_there else None

    @property
    def theirs(self) -> dict[str, Any] | None:
        """Theirs as JSON values; None: they deleted it."""
        return {c.column: as_json_value(c.theirs, c.kind) for c in self.cells} if self.theirs_there else None


@dataclass(frozen=True)
class Resolution:
    """What somebody decided about one conflict.

    ``keep``: ``merged``, the feature stays, with ``values`` for at least every clashing column (others take what the
    merge proposes, or the value given); ``deleted``, it goes; ``both``, two features that were both created stay two.
    ``token`` is the conflict's: what was decided about an older state of either side is not applied to a newer one.
    """

    table: str
    twin_id: str
    token: str | None
    keep: Literal["merged", "deleted", "both"] = "merged"
    values: Mapping[str, Stored] = field(default_factory=dict)


def resolution_of(conflict: Conflict, side: Side) -> Resolution:
    """The decision for one side in everything that is open; what only one side changed stays merged, be it an entry of
    a column."""
    there = conflict.mine_there if side == "mine" else conflict.theirs_there
    if not there:
        return Resolution(conflict.table, conflict.twin_id, conflict.token, "deleted")
    values = {cell.column: cell.if_mine if side == "mine" else cell.if_theirs for cell in conflict.clashes}
    return Resolution(conflict.table, conflict.twin_id, conflict.token, "merged", values)


def words_of(kind: str) -> str:
    """What happened, in a sentence."""
    if kind == "update-delete":
        return tr("Somebody else deleted this feature, and you changed it. Nothing was sent; yours is kept.")
    if kind == "delete-update":
        return tr("Somebody else changed this feature, and you deleted it. Nothing was sent; yours is kept.")
    if kind == "create-create":
        return tr("Somebody else added a feature in the same place. Nothing was sent; yours is kept.")
    return tr("Somebody else changed this feature meanwhile. Nothing was overwritten; yours is kept.")


# -- sides as JSON ---------------------------------------------------------------------------------------------------


def as_json_value(value: Stored, kind: str) -> Any:
    """A stored value as JSON; the geometry as GeoJSON."""
    if kind == "geometry":
        try:
            return decode(value) if isinstance(value, bytes) else None
        except BadGeometry:
            return None
    return from_stored(value, kind)


def as_json(source: Source, values: Values | None) -> str | None:
    """A row as a JSON object: column → value, the geometry as GeoJSON."""
    if values is None:
        return None
    return json.dumps(
        {name: as_json_value(value, source.kind(name)) for name, value in values.items()}, ensure_ascii=False
    )


def from_json(source: Source, text: str | None) -> dict[str, Stored] | None:
    """What `as_json` wrote, as a row."""
    if text is None:
        return None
    out: dict[str, Stored] = {}
    for name, value in json.loads(text).items():
        try:
            out[name] = _geometry(source, value) if name == GEOMETRY else to_stored(value, source.kind(name))
        except (BadValue, BadGeometry):
            out[name] = None
    return out


def _geometry(source: Source, value: Any) -> bytes | None:
    return encode(value, source.srid, multi=source.geometry_type.startswith("Multi"), z=source.has_z or None)[0]
